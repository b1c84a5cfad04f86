"""Estimators of the Kullback-Leibler divergence of two laws from samples of them."""

import numpy as np
from scipy.spatial import cKDTree
from sklearn.covariance import ledoit_wolf_shrinkage

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


def corrected_kl(squared_distance, first, second, shrinkage):
    """Return half a squared distance without its bias, so possibly negative.

    Parameters
    ----------
    squared_distance : ndarray of shape (..., n_records)
        Squared Mahalanobis distance with the pooled covariance.
    first, second : Moments
        Of both sides.
    shrinkage : ndarray of shape (n_records,)
        Weight of the multiple of the identity; above 0 the bias is not known, and stays.

    Returns
    -------
    ndarray of shape (..., n_records)
        The divergence.
    """
    n_dimensions = first.mean.shape[-1]
    degrees = first.count + second.count - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = n_dimensions * (1 / first.count + 1 / second.count)
        corrected = squared_distance * (degrees - n_dimensions - 1) / degrees - noise
    return np.where(shrinkage > 0, squared_distance, corrected) / 2


def gaussian_kl(first, second):
    """Return the divergence of the Gaussian of one side from that of the other.

    Parameters
    ----------
    first, second : Moments
        Of both sides.

    Returns
    -------
    ndarray of shape (..., n_records)
        The divergence, infinite where either side does not vary in some direction.
    """
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
    return np.where(is_flat, np.where(is_same, 0.0, np.inf), kl)


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


def ledoit_wolf_weight(first, second):
    """Return the weight of the identity in the Ledoit-Wolf estimate of the pooled covariance.

    Parameters
    ----------
    first, second : ndarray of shape (n_models, n_dimensions)
        The statistics of both sides.

    Returns
    -------
    float
        In [0, 1].
    """
    residuals = np.concatenate([side - side.mean(axis=0) for side in (first, second)])
    return float(ledoit_wolf_shrinkage(residuals, assume_centered=True)) if residuals.any() else 0.0


def neighbors_kl(first, second, n_neighbors, rng):
    """Return the nearest-neighbor estimate of Wang, Kulkarni and Verdú, possibly negative.

    Parameters
    ----------
    first : ndarray of shape (n, n_dimensions)
        Sample of the law whose divergence is estimated.
    second : ndarray of shape (m, n_dimensions)
        Sample of the law that it diverges from.
    n_neighbors : int
        Which neighbor's distance is taken, below n and at most m.
    rng : RandomState
        Draws the jitter that breaks ties.

    Returns
    -------
    float
        The divergence.
    """
    values = np.concatenate([first, second])
    values = values - values.mean(axis=0)
    spread = np.ptp(values, axis=0)
    if not spread.any():
        return 0.0
    values = values + 1e-10 * spread * rng.uniform(-1, 1, size=values.shape)
    own, other = values[: len(first)], values[len(first) :]
    near = cKDTree(own).query(own, [n_neighbors + 1])[0]  # the nearest of all is the point itself
    far = cKDTree(other).query(own, [n_neighbors])[0]
    log_ratio = np.log(far / near).mean()
    return float(own.shape[1] * log_ratio + np.log(len(other) / (len(own) - 1)))
