"""Confidence limits of one proportion and of what is made of two."""

import numpy as np
from scipy.special import betaincinv, ndtri


def clopper_pearson_upper(n_hits, n, alpha):
    """Return the exact upper limit with error alpha: 1 where every trial is a hit."""
    n_hits, n = np.broadcast_arrays(n_hits, n)
    some = n_hits < n
    limit = betaincinv(np.where(some, n_hits + 1, 1), np.where(some, n - n_hits, 1), 1 - alpha)
    return np.where(some, limit, 1.0)


def clopper_pearson(n_hits, n, alpha):
    """Return the exact two-sided limits, alpha / 2 on each side."""
    n_hits = np.asarray(n_hits)
    n = np.asarray(n)
    upper = clopper_pearson_upper(n_hits, n, alpha / 2)
    return 1 - clopper_pearson_upper(n - n_hits, n, alpha / 2), upper


def wilson(n_hits, n, alpha):
    """Return Wilson's two-sided score limits."""
    z = -ndtri(alpha / 2)
    rate = n_hits / n
    scale = 1 + z**2 / n
    center = (rate + z**2 / (2 * n)) / scale
    half = z * np.sqrt(rate * (1 - rate) / n + (z / (2 * n)) ** 2) / scale
    return np.where(n_hits == 0, 0.0, center - half), np.where(n_hits == n, 1.0, center + half)


def difference(first, second):
    """Return the limits of a difference of two rates, each (rate, low, high): Newcombe 1998."""
    (rate_1, low_1, high_1), (rate_2, low_2, high_2) = first, second
    value = rate_1 - rate_2
    below = np.hypot(rate_1 - low_1, high_2 - rate_2)
    return value - below, value + np.hypot(high_1 - rate_1, rate_2 - low_2)


def ratio(first, second):
    """Return the limits of a ratio of two rates, each (rate, low, high): Donner & Zou 2012."""
    # their lower limit is multiplied by its conjugate, so that it exists for a rate of 0 too
    (rate_1, low_1, high_1), (rate_2, low_2, high_2) = first, second
    product = rate_1 * rate_2
    above = high_2 * (2 * rate_2 - high_2)
    numerator = low_1 * (2 * rate_1 - low_1)
    root = np.sqrt(product**2 - numerator * above)
    low = numerator / (product + root) if numerator > 0 else 0.0
    below = low_2 * (2 * rate_2 - low_2)
    if below <= 0:
        return low, np.inf
    root = np.sqrt(product**2 - high_1 * (2 * rate_1 - high_1) * below)
    return low, (product + root) / below
