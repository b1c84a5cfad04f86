"""Estimators of divergence and mutual information of two laws, from samples and resamples."""

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from scipy.spatial import cKDTree

from skmia.leakage._bounds import entropy_of

_TINY = np.finfo(np.float64).eps
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(64)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# From here on the two laws do not overlap, to nine digits.
_FAR = 12.0
_GRID = np.linspace(0, _FAR, 4001)
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

    def residuals(self):
        return np.where(self.mask[..., None], self.statistics - self.moments().mean, 0)


class Resamples:
    """Weights of models in bootstrap resamples, the same ones in each pass over them.

    Models of one group, numbered from 0, are drawn together.
    """

    def __init__(self, groups, n_resamples, seed):
        self.groups = groups
        self.n_resamples = n_resamples
        self.seed = seed

    def __iter__(self):
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


def pooled_covariance(first, second, shrinkage, *, is_population=False):
    """Return the covariance within the sides, (..., n_records, n_dimensions, n_dimensions).

    `shrinkage` is each record's weight of the multiple of the identity. Samples that are a
    population lose no degrees of freedom.
    """
    degrees = first.count + second.count - (0 if is_population else 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (first.scatter + second.scatter) / degrees[..., None, None]
    n_dimensions = covariance.shape[-1]
    # shrunk toward the mean variance in all directions, as by Ledoit and Wolf
    mean_variance = np.trace(covariance, axis1=-2, axis2=-1)[..., None, None] / n_dimensions
    share = shrinkage[:, None, None]
    return (1 - share) * covariance + share * mean_variance * np.eye(n_dimensions)


def corrected_kl(squared_distance, first, second, shrinkage, excess=1.0):
    """Return half a squared distance without its bias, so possibly negative.

    `excess` is how much larger the squared error of the difference of means is than that of
    independent models, see `excess_of_pairs`.
    """
    n_dimensions = first.mean.shape[-1]
    degrees = first.count + second.count - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        # The inverse of an estimated covariance is too large by degrees / (degrees - d - 1), and
        # the means' own errors add d (1 / n + 1 / m) to any distance.
        noise = excess * n_dimensions * (1 / first.count + 1 / second.count)
        corrected = squared_distance * (degrees - n_dimensions - 1) / degrees - noise
    # of a shrunk covariance the bias is not known
    return np.where(shrinkage > 0, squared_distance, corrected) / 2


def excess_of_pairs(sides, groups):
    """Return by how much groups of models raise the squared error of the difference of means."""
    # Of shadows of which one is trained on what the other is not, whatever moves one moves the
    # other the opposite way, so that the factor is up to 2.
    # It is measured by the spread of the parts u_g of groups g of G in the error of the difference:
    # tr(Σ⁻¹ G / (G - 1) Σ_g u_g u_gᵀ) / (d (1 / n + 1 / m)), and 1 where this cannot be told.
    moments = [side.moments() for side in sides]
    parts = [side.residuals() / side.mask.sum(axis=0)[:, None] for side in sides]
    of_group = np.arange(groups.max() + 1)[:, None] == groups
    errors = np.tensordot(of_group.astype(np.float64), parts[0] - parts[1], 1)
    covariance = pooled_covariance(*moments, np.zeros(errors.shape[1]))
    n_groups, _, n_dimensions = errors.shape
    squared = squared_distance(errors, covariance).sum(axis=0) * n_groups / (n_groups - 1)
    usual = n_dimensions * (1 / moments[0].count + 1 / moments[1].count)
    return np.where(np.isfinite(squared) & (squared > 0), squared / usual, 1.0)


def gaussian_kl(first, second, *, is_population=False):
    """Return the divergence of the Gaussian of one side from that of the other.

    It is infinite where either side does not vary in some direction, NaN where it has too few
    models. Samples that are a population lose no degrees of freedom.
    """
    difference = first.mean - second.mean
    with np.errstate(invalid="ignore"):  # a resample may have one model on a side
        first, second = (
            side.scatter / (side.count - (0 if is_population else 1))[..., None, None]
            for side in (first, second)
        )
    n_dimensions = difference.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_first, log_second = (np.linalg.slogdet(part)[1] for part in (first, second))
    # a law that does not vary in some direction has no density there
    is_flat = ~(np.isfinite(log_first) & np.isfinite(log_second))
    usable = np.where(is_flat[..., None, None], np.eye(n_dimensions), second)
    trace = np.trace(np.linalg.solve(usable, first), axis1=-2, axis2=-1)
    distance = squared_distance(difference, usable)
    with np.errstate(invalid="ignore"):
        kl = (trace + distance - n_dimensions + log_second - log_first) / 2
    # two constants that are equal do not differ, though neither has a density
    is_same = ~(difference.any(axis=-1) | first.any(axis=(-2, -1)) | second.any(axis=(-2, -1)))
    is_missing = np.isnan(first).any(axis=(-2, -1)) | np.isnan(second).any(axis=(-2, -1))
    return np.where(is_flat, np.where(is_missing, np.nan, np.where(is_same, 0.0, np.inf)), kl)


def squared_distance(difference, covariance):
    """Return the squared Mahalanobis distance, infinite along what does not vary, NaN with NaN."""
    n_dimensions = difference.shape[-1]
    # one dimension needs no directions, and its variance is 0 exactly where nothing varies
    if n_dimensions == 1:
        variances = covariance[..., 0]
        parts = difference
        floor = 0.0
    else:
        is_finite = np.isfinite(covariance).all(axis=(-2, -1))
        usable = np.where(is_finite[..., None, None], covariance, np.nan_to_num(covariance, nan=1))
        variances, directions = np.linalg.eigh(usable)
        parts = np.einsum("...i,...ij->...j", difference, directions)
        floor = variances[..., -1:] * n_dimensions * _TINY  # the eigenvalues' rounding error
    length = np.linalg.norm(difference, axis=-1, keepdims=True)
    is_flat = variances <= floor
    # what rounding of the directions leaves of a difference that has no part there
    is_none = np.abs(parts) <= (0 if n_dimensions == 1 else 1e-8 * length)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(is_flat, np.where(is_none, 0, np.inf), parts**2 / variances)
    return np.where(np.isnan(parts).any(axis=-1), np.nan, terms.sum(axis=-1))


def ledoit_wolf_weight(sides):
    """Return the weight of the identity, in [0, 1], in Ledoit's and Wolf's pooled covariance."""
    moments = [side.moments() for side in sides]
    n_models = moments[0].count + moments[1].count
    # Ledoit's and Wolf's weight: the estimate's squared error over its distance from the identity
    fourth = sum(((side.residuals() ** 2).sum(axis=-1) ** 2).sum(axis=0) for side in sides)
    covariance = (moments[0].scatter + moments[1].scatter) / n_models[:, None, None]
    squares = (covariance**2).sum(axis=(-2, -1))
    distance = squares - np.trace(covariance, axis1=-2, axis2=-1) ** 2 / covariance.shape[-1]
    noise = np.minimum((fourth / n_models - squares) / n_models, distance)
    return np.divide(noise, distance, out=np.zeros_like(noise), where=noise > 0)


def neighbors_kl(sides, n_neighbors):
    """Return the nearest-neighbor estimate of Wang, Kulkarni and Verdú, possibly negative.

    Each side is a pair of statistics within the unit cube and a mask, the first with more than
    `n_neighbors` models, the second with as many.
    """
    (own, records), (other, _) = (_apart(*side) for side in sides)
    near = cKDTree(own).query(own, [n_neighbors + 1])[0]  # the nearest of all is the point itself
    far = cKDTree(other).query(own, [n_neighbors])[0]
    n, m = (mask.sum(axis=0) for _, mask in sides)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.bincount(records, np.log(far / near)[:, 0], minlength=len(n))
    # equation 5 of Wang, Kulkarni and Verdú; equal statistics have distances of 0, which is NaN
    kl = sides[0][0].shape[-1] * sums / n + np.log(m / (n - 1))
    return np.where(np.isnan(sums), 0, kl)


def _apart(statistics, mask):
    """Return the points of all records, so far apart that none is another's neighbor."""
    models, records = np.nonzero(mask)
    points = statistics[models, records]
    # one tree for all records: points in the unit cube are nearer than 4 d to each other
    return np.column_stack([points, 4.0 * points.shape[1] * records]), records


def within_unit_cube(statistics, masks, rng):
    """Return the statistics of both sides without ties, each record's in units of its spread."""
    used = [mask[..., None] for mask in masks]
    pairs = list(zip(statistics, used, strict=True))
    low = np.minimum(*(side.min(axis=0, initial=np.inf, where=mask) for side, mask in pairs))
    high = np.maximum(*(side.max(axis=0, initial=-np.inf, where=mask) for side, mask in pairs))
    spread = high - low
    # one unit for all dimensions: neighbors shall stay neighbors
    unit = spread.max(axis=-1, keepdims=True)
    unit = np.where(unit > 0, unit, 1)
    # ties would have a distance of 0, whose logarithm is infinite
    jitter = [1e-10 * spread * rng.uniform(-1, 1, size=side.shape) for side in statistics]
    moved = zip(statistics, jitter, strict=True)
    return [(side - low + noise) / unit for side, noise in moved]


def pooled_information(kl, prior):
    """Return the information at a divergence of Gaussians with a common covariance.

    A negative divergence gives the opposite, so that errors around 0 cancel in averages.
    """
    return np.sign(kl) * gaussian_information(np.sqrt(2 * np.abs(kl)), prior)


def information_bound(kl, reverse_kl, prior):
    # J is the sum of both divergences; a divergence is convex in its second law, so that from the
    # mixture it is at most the other law's weight times that from the other law
    return np.minimum(prior * (1 - prior) * (kl + reverse_kl), entropy_of(prior))


def gaussian_information(distance, prior):
    """Return the information at a distance, in standard deviations, of two equal Gaussians."""
    # Of Gaussians with equal covariances in more dimensions only the discriminant matters, which
    # has one.
    return np.interp(distance, _GRID, _table(prior), right=entropy_of(prior))


@lru_cache(maxsize=8)
def _table(prior):
    """Return the information on a grid so fine that what lies between is right to six digits."""
    log_odds = np.log(prior / (1 - prior))
    # h(π) - π E_1[ln(1 / q)] - (1 - π) E_0[ln(1 / (1 - q))] with the posterior q. The expectations
    # are by Gauss-Hermite quadrature: the log likelihood ratio has the mean d² / 2 and the variance
    # d² under the first law.
    evidence = _GRID[:, None] * _POINTS + _GRID[:, None] ** 2 / 2
    left = prior * (np.logaddexp(0, -(evidence + log_odds)) @ _WEIGHTS)
    left += (1 - prior) * (np.logaddexp(0, -(evidence - log_odds)) @ _WEIGHTS)
    information = np.clip(entropy_of(prior) - left, 0, None)
    # it grows with the distance, except for rounding in the quadrature
    return np.maximum.accumulate(np.minimum(information, entropy_of(prior)))
