"""The distributions of one record's signals that LiRA compares the target's signal with."""

import numpy as np
from scipy.special import gammaln, log_ndtr, stdtr

LEAST_DEVIATION = 1e-6  # of logarithmic odds; signals that differ by less count as equal
_HALF_LOG_2PI = np.log(2 * np.pi) / 2


class _Normal:
    """A normal distribution for each record."""

    def __init__(self, location, deviation):
        self.location = location
        self.deviation = np.maximum(deviation, LEAST_DEVIATION)

    def log_density(self, signal):
        z = (signal - self.location) / self.deviation
        return -(z**2) / 2 - np.log(self.deviation) - _HALF_LOG_2PI

    def log_above(self, signal):
        # P(Z > φ) = P(Z < −φ), without the loss of digits of 1 − P
        return log_ndtr((self.location - signal) / self.deviation)


class _Student:
    """A Student distribution for each record."""

    def __init__(self, freedom, location, scale):
        self.freedom = freedom
        self.location = location
        self.scale = np.maximum(scale, LEAST_DEVIATION)
        half = freedom / 2
        self.log_constant = gammaln(half + 0.5) - gammaln(half) - np.log(np.pi * freedom) / 2

    def log_density(self, signal):
        z = (signal - self.location) / self.scale
        kernel = (self.freedom + 1) / 2 * np.log1p(z**2 / self.freedom)
        return self.log_constant - kernel - np.log(self.scale)

    def log_above(self, signal):
        z = (signal - self.location) / self.scale
        above = stdtr(self.freedom, -z)
        far = above < 1e-290  # the logarithm would soon be infinite
        logs = np.log(np.where(far, 1.0, above))
        logs[far] = self._log_far_above(z[far], far)
        return logs

    def _log_far_above(self, z, far):
        """Return the logarithm of the tail beyond what a float holds."""
        # the density over its rate of decay h, corrected by 1 / (1 + h' / h²), which is exact for
        # powers, and for the normal distribution up to O(z⁻⁴)
        freedom = np.broadcast_to(self.freedom, far.shape)[far]
        constant = np.broadcast_to(self.log_constant, far.shape)[far]
        power = freedom + 1
        rate = power * z / (freedom + z**2)
        bend = (freedom - z**2) / (power * z**2)  # h' / h²
        log_density = constant - power / 2 * np.log1p(z**2 / freedom)
        return log_density - np.log(rate) - np.log1p(bend)


# Each takes a `Side`, and the mean, variance, α and β of the prior on this side.


def _located(moments, mean):
    return np.where(moments.count > 0, moments.center, mean)


def _per_record(moments, mean, variance, *_):
    own = np.sqrt(moments.squares / np.maximum(moments.count, 1))
    # a single signal has no spread
    return _Normal(_located(moments, mean), np.where(moments.count > 1, own, np.sqrt(variance)))


def _global(moments, mean, variance, *_):
    return _Normal(_located(moments, mean), np.sqrt(variance))


def _bayesian(moments, mean, _, alpha, beta):
    """Return the posterior predictive distribution under a normal inverse gamma prior."""
    count = moments.count
    own = np.where(count > 0, moments.mean, mean)
    # the prior mean weighs as much as one signal, the 1 below
    location = (mean + count * own) / (1 + count)
    alpha = alpha + count / 2
    beta = beta + moments.squares / 2 + count * (own - mean) ** 2 / (2 * (1 + count))
    scale = np.sqrt(beta * (count + 2) / (alpha * (count + 1)))
    return _Student(2 * alpha, location, scale)


LAWS = {"per_record": _per_record, "global": _global, "bayesian": _bayesian}
