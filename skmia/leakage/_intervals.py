"""Intervals of divergences from bootstrap resamples of the models."""

from typing import NamedTuple

import numpy as np
from scipy.stats import chi2

from skmia.leakage._estimators import pooled_covariance, squared_distance


class Reached(NamedTuple):
    r"""Squared distances of resamples, as functions of the distance in the population.

    With a distance :math:`\rho` in the direction in which the sides of the sample differ, resample
    b reaches the squared distance :math:`T_b(\rho) = a_b \rho^2 + 2 b_b \rho + c_b`. The
    coefficients are of shape (n_resamples, n_records), NaN where a resample has no invertible
    covariance.
    """

    square: np.ndarray
    product: np.ndarray
    constant: np.ndarray

    def at(self, distance):
        """Return the squared distances of resamples from a population with this distance."""
        return self.square * distance**2 + 2 * self.product * distance + self.constant


def reached_distances(here, drawn, shrinkage):
    """Return the distance in the population that resamples are drawn from, and what they reach.

    The sample is that population; `drawn` are the moments of its resamples.
    """
    difference = here[0].mean - here[1].mean
    covariance = pooled_covariance(*here, shrinkage, is_population=True)
    distance = np.sqrt(squared_distance(difference, covariance))
    is_usable = (distance > 0) & np.isfinite(distance)
    direction = difference / np.where(is_usable, distance, 1)[:, None]
    # what a resample adds to the sample's difference: its error, whatever the distance
    error = drawn[0].mean - drawn[1].mean - difference
    inverse = _inverse(pooled_covariance(*drawn, shrinkage))
    along, across = ((inverse @ side[..., None])[..., 0] for side in (direction, error))
    pairs = (direction, along), (error, along), (error, across)
    return distance, Reached(*((left * right).sum(axis=-1) for left, right in pairs))


def _inverse(covariance):
    """Invert what can be inverted; the others are NaN."""
    if covariance.shape[-1] == 1:
        with np.errstate(divide="ignore"):
            return np.where(covariance > 0, 1 / covariance, np.nan)
    is_regular = np.isfinite(covariance).all(axis=(-2, -1))
    usable = np.where(is_regular[..., None, None], covariance, np.eye(covariance.shape[-1]))
    # one singular matrix would make the inverses of the whole stack fail
    is_regular &= np.linalg.slogdet(usable)[0] > 0
    usable = np.where(is_regular[..., None, None], usable, np.eye(covariance.shape[-1]))
    return np.where(is_regular[..., None, None], np.linalg.inv(usable), np.nan)


def pooled_interval(squared, reached, confidence_level):
    """Return the ends of the interval of a divergence, by inverting a bootstrap test.

    `squared` is the squared distance of the sample, uncorrected.
    """
    # Each resample tells which distance of the population would have led, with its error, to the
    # distance of the sample: the larger root of T_b(ρ) = T. Of these the quantiles are taken.
    over = reached.constant - squared
    with np.errstate(invalid="ignore"):
        root = np.sqrt(np.maximum(reached.product**2 - reached.square * over, 0))
        distance = np.maximum((root - reached.product) / reached.square, 0)
        is_none = reached.product**2 < reached.square * over
    high = quantiles(np.where(is_none, 0, distance), confidence_level)[1]
    # a resample whose error alone is larger than T counts as 0 for the lower end
    low = quantiles(np.where(over > 0, 0, distance), confidence_level)[0]
    # sides that do not vary but differ: only that they differ is known
    is_infinite = np.isinf(squared)
    return np.where(is_infinite, 0, low**2 / 2), np.where(is_infinite, np.inf, high**2 / 2)


def basic_interval(kl, population, resampled, counts, n_dimensions, confidence_level):
    """Return the ends of the basic bootstrap interval of the divergence of two Gaussians.

    `kl` is that of the sample, `population` that from which resamples are drawn, and `counts` the
    models on each side.
    """
    # on the scale of the root of 2 K, whose error depends little on K
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(2 * np.maximum(resampled, 0)) - np.sqrt(2 * np.maximum(population, 0))
        ends = np.sqrt(2 * np.maximum(kl, 0)) - quantiles(errors, confidence_level)[::-1]
    low, high = np.maximum(ends, 0) ** 2 / 2
    # The lower end is 0 where the divergence is no larger than that of samples of one Gaussian may
    # be, by Wilks' theorem: of d means and d (d + 1) / 2 covariances.
    n_parameters = n_dimensions * (n_dimensions + 3) / 2
    noise = chi2.isf((1 - confidence_level) / 2, n_parameters)
    is_noise = 2 * kl <= noise * (1 / counts[0] + 1 / counts[1])
    is_infinite = np.isinf(kl)
    return np.where(is_infinite | is_noise, 0, low), np.where(is_infinite, np.inf, high)


def quantiles(values, confidence_level):
    """Return the two quantiles between which so much of the first axis lies, NaN left out."""
    alpha = (1 - confidence_level) / 2
    is_missing = np.isnan(values)
    if not is_missing.any():
        return np.quantile(values, [alpha, 1 - alpha], axis=0)
    usable = np.where(is_missing.all(axis=0), 0, values)  # without any resample there is no error
    return np.nanquantile(usable, [alpha, 1 - alpha], axis=0)
