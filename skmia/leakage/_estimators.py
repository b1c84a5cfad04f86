"""Estimators of the Kullback-Leibler divergence of two laws from samples of them."""

import numpy as np
from scipy.spatial import cKDTree

_TINY = np.finfo(np.float64).eps


def pooled_covariance(first, second, shrinkage, *, is_population=False):
    """Return the covariance within the sides.

    Parameters
    ----------
    first, second : Moments
        Of both sides.
    shrinkage : ndarray of shape (n_records,)
        Weight of the multiple of the identity.
    is_population : bool, default=False
        Whether the samples are a population, so that no degrees of freedom are lost.

    Returns
    -------
    ndarray of shape (..., n_records, n_dimensions, n_dimensions)
        The covariance.
    """
    degrees = first.count + second.count - (0 if is_population else 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        covariance = (first.scatter + second.scatter) / degrees[..., None, None]
    n_dimensions = covariance.shape[-1]
    mean_variance = np.trace(covariance, axis1=-2, axis2=-1)[..., None, None] / n_dimensions
    share = shrinkage[:, None, None]
    return (1 - share) * covariance + share * mean_variance * np.eye(n_dimensions)


def corrected_kl(squared_distance, first, second, shrinkage, excess=1.0):
    """Return half a squared distance without its bias, so possibly negative.

    Parameters
    ----------
    squared_distance : ndarray of shape (..., n_records)
        Squared Mahalanobis distance with the pooled covariance.
    first, second : Moments
        Of both sides.
    shrinkage : ndarray of shape (n_records,)
        Weight of the multiple of the identity; above 0 the bias is not known, and stays.
    excess : float or ndarray of shape (n_records,), default=1.0
        How much larger the squared error of the difference of means is than that of independent
        models, see `excess_of_pairs`.

    Returns
    -------
    ndarray of shape (..., n_records)
        The divergence.
    """
    n_dimensions = first.mean.shape[-1]
    degrees = first.count + second.count - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = excess * n_dimensions * (1 / first.count + 1 / second.count)
        corrected = squared_distance * (degrees - n_dimensions - 1) / degrees - noise
    return np.where(shrinkage > 0, squared_distance, corrected) / 2


def excess_of_pairs(sides, groups):
    r"""Return how much the squared error of the difference of means exceeds independent models'.

    .. math:: \frac{1}{d} \left(\frac{1}{n} + \frac{1}{m}\right)^{-1}
              \mathrm{tr}\left(\Sigma^{-1} \frac{G}{G - 1} \sum_g u_g u_g^\top\right)

    where :math:`u_g` is the part of group g of G in the error of the difference. Of shadows of
    which one is trained on what the other is not, whatever moves one moves the other the opposite
    way, so that this is up to 2.

    Parameters
    ----------
    sides : pair of Side
        The same models with and without the record.
    groups : ndarray of int, shape (n_models,)
        Models of one group, 0 to n_groups - 1, depend on each other.

    Returns
    -------
    ndarray of shape (n_records,)
        The factor; 1 where it cannot be told.
    """
    moments = [side.moments() for side in sides]
    parts = [
        side.residuals(part) / part.count[:, None]
        for side, part in zip(sides, moments, strict=True)
    ]
    of_group = np.arange(groups.max() + 1)[:, None] == groups
    errors = np.tensordot(of_group.astype(np.float64), parts[0] - parts[1], 1)
    covariance = pooled_covariance(*moments, np.zeros(errors.shape[1]))
    n_groups, _, n_dimensions = errors.shape
    squared = squared_distance(errors, covariance).sum(axis=0) * n_groups / (n_groups - 1)
    usual = n_dimensions * (1 / moments[0].count + 1 / moments[1].count)
    return np.where(np.isfinite(squared) & (squared > 0), squared / usual, 1.0)


def gaussian_kl(first, second):
    """Return the divergence of the Gaussian of one side from that of the other.

    Parameters
    ----------
    first, second : Moments
        Of both sides.

    Returns
    -------
    ndarray of shape (..., n_records)
        The divergence, infinite where either side does not vary in some direction; NaN where it has
        too few models.
    """
    with np.errstate(invalid="ignore"):  # a resample may have one model on a side
        covariances = [side.scatter / (side.count - 1)[..., None, None] for side in (first, second)]
    return _two_gaussians(first.mean - second.mean, *covariances)


def population_gaussian_kl(first, second):
    """Return what `gaussian_kl` of resamples tends to: the samples are the population.

    Parameters
    ----------
    first, second : Moments
        Of both sides.

    Returns
    -------
    ndarray of shape (..., n_records)
        The divergence.
    """
    covariances = [side.scatter / side.count[..., None, None] for side in (first, second)]
    return _two_gaussians(first.mean - second.mean, *covariances)


def _two_gaussians(difference, first, second):
    n_dimensions = difference.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        log_first, log_second = (np.linalg.slogdet(part)[1] for part in (first, second))
    is_flat = ~(np.isfinite(log_first) & np.isfinite(log_second))
    usable = np.where(is_flat[..., None, None], np.eye(n_dimensions), second)
    trace = np.trace(np.linalg.solve(usable, first), axis1=-2, axis2=-1)
    distance = squared_distance(difference, usable)
    with np.errstate(invalid="ignore"):
        kl = (trace + distance - n_dimensions + log_second - log_first) / 2
    is_same = ~(difference.any(axis=-1) | first.any(axis=(-2, -1)) | second.any(axis=(-2, -1)))
    is_missing = np.isnan(first).any(axis=(-2, -1)) | np.isnan(second).any(axis=(-2, -1))
    return np.where(is_flat, np.where(is_missing, np.nan, np.where(is_same, 0.0, np.inf)), kl)


def squared_distance(difference, covariance):
    """Return the squared Mahalanobis distance; infinite along what does not vary.

    Parameters
    ----------
    difference : ndarray of shape (..., n_dimensions)
        Difference of two means.
    covariance : ndarray of shape (..., n_dimensions, n_dimensions)
        Positive semidefinite; where it is not finite, the distance is NaN.

    Returns
    -------
    ndarray of shape (...)
        The squared distance.
    """
    n_dimensions = difference.shape[-1]
    if n_dimensions == 1:
        variances, parts = covariance[..., 0], difference
        floor = 0.0
    else:
        is_finite = np.isfinite(covariance).all(axis=(-2, -1))
        usable = np.where(is_finite[..., None, None], covariance, np.nan_to_num(covariance, nan=1))
        variances, directions = np.linalg.eigh(usable)
        parts = np.einsum("...i,...ij->...j", difference, directions)
        floor = variances[..., -1:] * n_dimensions * _TINY
    length = np.linalg.norm(difference, axis=-1, keepdims=True)
    is_flat = variances <= floor
    is_none = np.abs(parts) <= (0 if n_dimensions == 1 else 1e-8 * length)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(is_flat, np.where(is_none, 0, np.inf), parts**2 / variances)
    return np.where(np.isnan(parts).any(axis=-1), np.nan, terms.sum(axis=-1))


def ledoit_wolf_weight(sides):
    """Return the weight of the identity in the Ledoit-Wolf estimate of the pooled covariance.

    Parameters
    ----------
    sides : pair of Side
        The statistics of both sides.

    Returns
    -------
    ndarray of shape (n_records,)
        In [0, 1].
    """
    moments = [side.moments() for side in sides]
    n_models = moments[0].count + moments[1].count
    fourth = sum(
        ((side.residuals(part) ** 2).sum(axis=-1) ** 2).sum(axis=0)
        for side, part in zip(sides, moments, strict=True)
    )
    covariance = (moments[0].scatter + moments[1].scatter) / n_models[:, None, None]
    squares = (covariance**2).sum(axis=(-2, -1))
    distance = squares - np.trace(covariance, axis1=-2, axis2=-1) ** 2 / covariance.shape[-1]
    noise = np.minimum((fourth / n_models - squares) / n_models, distance)
    return np.divide(noise, distance, out=np.zeros_like(noise), where=noise > 0)


def neighbors_kl(sides, n_neighbors):
    """Return the nearest-neighbor estimate of Wang, Kulkarni and Verdú, possibly negative.

    Parameters
    ----------
    sides : pair of Sample
        Samples of the law whose divergence is estimated, and of that it diverges from, within the
        unit cube; the first with more than `n_neighbors` models, the second with as many.
    n_neighbors : int
        Which neighbor's distance is taken.

    Returns
    -------
    ndarray of shape (n_records,)
        The divergence; 0 where all models of a record have the same statistic.
    """
    (own, records), (other, _) = (_apart(side) for side in sides)
    near = cKDTree(own).query(own, [n_neighbors + 1])[0]  # the nearest of all is the point itself
    far = cKDTree(other).query(own, [n_neighbors])[0]
    n, m = (side.mask.sum(axis=0) for side in sides)
    with np.errstate(divide="ignore", invalid="ignore"):
        sums = np.bincount(records, np.log(far / near)[:, 0], minlength=len(n))
    kl = sides[0].statistics.shape[-1] * sums / n + np.log(m / (n - 1))
    return np.where(np.isnan(sums), 0, kl)


def _apart(side):
    """Return the points of all records, so far apart that none is another's neighbor."""
    models, records = np.nonzero(side.mask)
    points = side.statistics[models, records]
    return np.column_stack([points, 4.0 * points.shape[1] * records]), records


def within_unit_cube(statistics, masks, rng):
    """Return the statistics of both sides, scaled alike and without ties.

    Parameters
    ----------
    statistics : pair of ndarray of shape (n_models, n_records, n_dimensions)
        Of the models on each side.
    masks : pair of ndarray of bool, shape (n_models, n_records)
        Which of them count.
    rng : RandomState
        Draws the jitter that breaks ties.

    Returns
    -------
    list of ndarray of shape (n_models, n_records, n_dimensions)
        The same in units of the largest spread of each record.
    """
    used = [mask[..., None] for mask in masks]
    pairs = list(zip(statistics, used, strict=True))
    low = np.minimum(*(side.min(axis=0, initial=np.inf, where=mask) for side, mask in pairs))
    high = np.maximum(*(side.max(axis=0, initial=-np.inf, where=mask) for side, mask in pairs))
    spread = high - low
    unit = spread.max(axis=-1, keepdims=True)
    unit = np.where(unit > 0, unit, 1)
    jitter = [1e-10 * spread * rng.uniform(-1, 1, size=side.shape) for side in statistics]
    moved = zip(statistics, jitter, strict=True)
    return [(side - low + noise) / unit for side, noise in moved]
