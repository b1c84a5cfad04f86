"""Counts, means and scatters of many groups of models in one pass, also of resampled ones."""

from typing import NamedTuple

import numpy as np


class Moments(NamedTuple):
    """First moments of the statistics of one side, for each record and each resample."""

    count: np.ndarray  # (..., n_records), models on this side
    mean: np.ndarray  # (..., n_records, n_dimensions)
    scatter: np.ndarray  # (..., n_records, n_dimensions, n_dimensions), of deviations from the mean


class Sample(NamedTuple):
    """The statistics of models, and which of them are on one side of each record."""

    statistics: np.ndarray  # (n_models, n_records, n_dimensions)
    mask: np.ndarray  # of bool, (n_models, n_records)


class Side:
    """The statistics of the models on one side of each record.

    Parameters
    ----------
    statistics : ndarray of shape (n_models, n_records, n_dimensions)
        One statistic of each model and record.
    mask : ndarray of bool, shape (n_models, n_records)
        Which models are on this side.
    """

    def __init__(self, statistics, mask):
        self.statistics, self.mask = statistics, mask
        # deviations from one of the values: those of constant statistics are exactly 0
        self.origin = statistics[mask.argmax(axis=0), np.arange(mask.shape[1])]
        self.deviations = np.where(mask[..., None], statistics - self.origin, 0)
        self._products = self.deviations[..., :, None] * self.deviations[..., None, :]

    def moments(self, weights=None):
        """Return the moments, also of resamples.

        Parameters
        ----------
        weights : ndarray of shape (n_resamples, n_models), default=None
            How often each resample holds each model; None is the sample itself.

        Returns
        -------
        Moments
            With the resamples in the first axis, if there are any.
        """
        weigh = _total if weights is None else lambda values: np.tensordot(weights, values, 1)
        count = weigh(self.mask.astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample without this side is NaN
            shift = weigh(self.deviations) / count[..., None]
        scatter = weigh(self._products)
        scatter -= count[..., None, None] * shift[..., :, None] * shift[..., None, :]
        return Moments(count, self.origin + shift, scatter)

    def residuals(self, moments):
        """Return the deviations from the mean, 0 for models that are not on this side.

        Parameters
        ----------
        moments : Moments
            Of the sample.

        Returns
        -------
        ndarray of shape (n_models, n_records, n_dimensions)
            The deviations.
        """
        return np.where(self.mask[..., None], self.statistics - moments.mean, 0)


def _total(values):
    return values.sum(axis=0)
