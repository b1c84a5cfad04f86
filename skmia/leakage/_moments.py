"""Counts, means and scatters of many groups of models in one pass, and of their resamples."""

from functools import partial
from typing import NamedTuple

import numpy as np

_ENTRIES = 2**21  # of a chunk of weights: 16 MB


class Moments(NamedTuple):
    """First moments of the statistics of one side, for each record and each resample."""

    count: np.ndarray  # (..., n_records), models on this side
    mean: np.ndarray  # (..., n_records, n_dimensions)
    scatter: np.ndarray  # (..., n_records, n_dimensions, n_dimensions), of deviations from the mean


class Side:
    """Statistics, (n_models, n_records, n_dimensions), and who is on one side of each record."""

    def __init__(self, statistics, mask):
        self.statistics = statistics
        self.mask = mask
        # deviations from one of the values: those of constant statistics are exactly 0
        self.origin = statistics[mask.argmax(axis=0), np.arange(mask.shape[1])]
        self.deviations = np.where(mask[..., None], statistics - self.origin, 0)
        self._products = self.deviations[..., :, None] * self.deviations[..., None, :]

    def moments(self, weights=None):
        """Return the moments, or those of resamples by how often each resample holds each model."""
        weigh = partial(np.sum, axis=0)
        if weights is not None:
            weigh = partial(np.tensordot, weights, axes=1)
        count = weigh(self.mask.astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):  # a resample without this side is NaN
            shift = weigh(self.deviations) / count[..., None]
        scatter = weigh(self._products)
        # the products are of deviations from the origin: what the mean's shift adds is taken away
        scatter -= count[..., None, None] * shift[..., :, None] * shift[..., None, :]
        return Moments(count, self.origin + shift, scatter)

    def residuals(self, moments):
        """Return the deviations from the mean, 0 for models that are not on this side."""
        return np.where(self.mask[..., None], self.statistics - moments.mean, 0)


class Resamples:
    """Weights of models in bootstrap resamples, the same ones in each pass over them.

    Models of one group, numbered from 0, are drawn together.
    """

    def __init__(self, groups, n_resamples, seed):
        self.groups = groups
        self.n_resamples = n_resamples
        self.seed = seed

    def __iter__(self):
        """Yield how often each resample holds each model, shape (n_in_chunk, n_models)."""
        # anew for each pass, so that all batches of records see the same resamples
        rng = np.random.RandomState(self.seed)
        n_groups = self.groups.max() + 1
        n_rows = max(1, _ENTRIES // len(self.groups))
        for start in range(0, self.n_resamples, n_rows):
            shape = min(n_rows, self.n_resamples - start), n_groups
            # the rows' draws are counted at once: each row has its own range of numbers
            draws = rng.randint(n_groups, size=shape) + n_groups * np.arange(shape[0])[:, None]
            counts = np.bincount(draws.ravel(), minlength=shape[0] * n_groups).reshape(shape)
            yield counts[:, self.groups].astype(np.float64)

    def moments(self, side):
        """Return the moments of a side in all resamples, which are the first axis."""
        parts = [side.moments(weights) for weights in self]
        return type(parts[0])(*(np.concatenate(values) for values in zip(*parts, strict=True)))
