"""The scoring rule of LiRA, and what it learns from all records together."""

from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, log_ndtr, stdtr
from sklearn.utils import check_array

from skmia.attacks.compared._sides import block_moments, blocks_of, check_signals, moments_of
from skmia.utils._constraints import ARRAY, BOOLEAN, Names, validate_params

__all__ = ["LiRAPrior", "lira_prior", "lira_scores", "prior_of"]

_LEAST_DEVIATION = 1e-6  # of logarithmic odds; signals that differ by less count as equal
_LARGEST_ALPHA = 1e6  # where all records have the same variance
_HALF_LOG_2PI = np.log(2 * np.pi) / 2


class LiRAPrior(NamedTuple):
    """What shadow signals are like over all records; each field holds the out and the in side.

    Attributes
    ----------
    mean : ndarray of shape (2,)
        Mean of the records' mean signals.
    variance : ndarray of shape (2,)
        Variance of the signals of one record, pooled over all records.
    alpha, beta : ndarray of shape (2,)
        Shape and scale of the inverse gamma distribution of the records' variances.
    """

    mean: np.ndarray
    variance: np.ndarray
    alpha: np.ndarray
    beta: np.ndarray


_NO_PRIOR = LiRAPrior(*np.ones((4, 2)))  # where each record has enough signals of its own


@validate_params(shadow_signals=ARRAY, in_mask=ARRAY)
def lira_prior(shadow_signals, in_mask):
    """Learn from all records together what LiRA cannot learn from the few signals of one.

    The variances of the records are taken for draws from an inverse gamma distribution of shape
    α = 2 + E² / V and scale β = (α − 1) E, where E is the mean and V the variance of the records'
    sample variances s², V less what sampling adds to it, the mean of 2 s⁴ / (n + 1) for
    samples of n.

    Parameters
    ----------
    shadow_signals : array-like of shape (n_shadows, n_records)
        Signals of the shadows, in logarithmic units.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.

    Returns
    -------
    LiRAPrior
        A named tuple with the `mean` of the records' mean signals, the pooled `variance` of one
        record's signals, `alpha` and `beta`; of each the value of the out side and of the in side.
        A side without a shadow has the values of the other. Where no two shadows on a side
        answered one record, the variance is that between records.

    Raises
    ------
    ValueError
        If shapes do not fit or a signal is not finite.

    References
    ----------
    .. [1] R. Brännvall, "BaVarIA", 2026, arXiv:2603.11799. The idea; the moments that set the
       parameters are ours.

    Examples
    --------
    >>> from skmia.attacks import lira_prior
    >>> in_mask = [[False], [False], [True], [True]]
    >>> lira_prior([[0.0], [1.0], [2.0], [4.0]], in_mask).mean
    array([0.5, 3. ])
    """
    shadow_signals = np.asarray(shadow_signals)
    n_records = shadow_signals.shape[-1] if shadow_signals.ndim else 0
    _, shadow_signals, in_mask = check_signals(np.zeros(n_records), shadow_signals, in_mask)
    return prior_of(moments_of(shadow_signals, in_mask))


def prior_of(sides):
    """Return the prior by the moments of both sides, see `lira_prior`.

    Parameters
    ----------
    sides : tuple of Side
        Of the shadows that did not see each record, and of those that did.

    Returns
    -------
    LiRAPrior
        The prior.
    """
    known = [side if side.count.any() else other for side, other in (sides, sides[::-1])]
    return LiRAPrior(*np.array([_pooled(side) for side in known]).T)


def _pooled(side):
    """Return mean, variance, α and β of one side."""
    mean = side.mean[side.count > 0]
    several = side.count > 1
    freedom = side.count[several] - 1
    if not several.any():
        variance = max(mean.var(), _LEAST_DEVIATION**2)
        return mean.mean(), variance, 2.0, variance
    variances = side.squares[several] / freedom
    expected = max(variances.mean(), _LEAST_DEVIATION**2)
    spread = variances.var() - np.mean(2 * variances**2 / (freedom + 2))
    alpha = _LARGEST_ALPHA
    if spread * _LARGEST_ALPHA > expected**2:
        alpha = 2 + expected**2 / spread
    pooled = max(side.squares[several].sum() / freedom.sum(), _LEAST_DEVIATION**2)
    return mean.mean(), pooled, alpha, (alpha - 1) * expected


@validate_params(
    signal=ARRAY,
    shadow_signals=ARRAY,
    in_mask=ARRAY,
    online=BOOLEAN,
    variance=[Names("per_record", "global", "bayesian")],
    center=[Names("mean", "median")],
    side=[Names("one", "two")],
    prior=[LiRAPrior, None],
)
def lira_scores(
    signal,
    shadow_signals,
    in_mask,
    *,
    online=True,
    variance="per_record",
    center="mean",
    side="one",
    prior=None,
):
    """Return LiRA's likelihood ratio of each record: how far its answer speaks for membership.

    Online, log N(φ; μ_in, σ_in) − log N(φ; μ_out, σ_out), where φ is the target's signal of the
    record and μ, σ are mean and standard deviation of the signals of the shadows that saw the
    record, and of those that did not. Above 0 «member» is the likelier.

    Offline, −log P(Z > φ) for Z from N(μ_out, σ_out); a record that no shadow saw has this score
    in any case. With `side="two"`, −log N(φ; μ_out, σ_out).

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target, near to normally distributed, such as `logit_confidence`.
    shadow_signals : array-like of shape (n_shadows, n_records)
        Signals of the shadows.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    online : bool, default=True
        Whether the shadows that saw a record count.
    variance : {"per_record", "global", "bayesian"}, default="per_record"
        Where σ comes from:

        - "per_record": from the signals of the record on one side, where there are two at least;
        - "global": from the deviations of all records on one side, each from its own mean;
        - "bayesian": mean and variance of each record have the conjugate prior, normal and inverse
          gamma, that `prior` describes; its predictive Student distribution takes the place of N.
    center : {"mean", "median"}, default="mean"
        What μ is; the authors' paper has the mean, their code the median. Not for "bayesian".
    side : {"one", "two"}, default="one"
        Offline, whether signals above those of the shadows alone count, as in the paper, or any
        that are far from them, as in the authors' code.
    prior : LiRAPrior, default=None
        From `lira_prior`. By default it is learned from these very records, so that a score then
        depends on all of them, unless `variance="per_record"` and each record has two shadows at
        least on each side.

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like.

    Raises
    ------
    ValueError
        If shapes do not fit, a signal is not finite, or an option is unknown.

    See Also
    --------
    LiRA : The attack.

    Notes
    -----
    A standard deviation below 1e-6 counts as 1e-6.

    References
    ----------
    .. [1] N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis and F. Tramèr, "Membership inference
       attacks from first principles", IEEE S&P 2022. Algorithm 1 and section V.
    .. [2] R. Brännvall, "BaVarIA", 2026, arXiv:2603.11799. The Student distribution.

    Examples
    --------
    >>> from scipy.special import logit
    >>> from skmia.attacks import lira_scores
    >>> shadows = logit([[0.9], [0.95], [0.97], [0.99], [0.3], [0.5], [0.4], [0.6]])
    >>> in_mask = [[True]] * 4 + [[False]] * 4
    >>> lira_scores(logit([0.93]), shadows, in_mask)
    array([17.09567308])
    """
    signal, shadow_signals, in_mask = check_signals(signal, shadow_signals, in_mask)
    if prior is None:
        prior = _NO_PRIOR
        if variance != "per_record" or not _have_several(in_mask):
            prior = prior_of(moments_of(shadow_signals, in_mask))
    else:
        prior = LiRAPrior(*check_array(prior, dtype=np.float64, input_name="prior"))
    scores = np.empty(len(signal))
    for block in blocks_of(in_mask.shape):
        sides = block_moments(shadow_signals[:, block], in_mask[:, block], center)
        laws = [_LAWS[variance](*given) for given in zip(sides, *prior, strict=True)]
        own = signal[block].astype(np.float64)
        scores[block] = _offline(laws[0], own, side)
        if online:
            ratio = laws[1].log_density(own) - laws[0].log_density(own)
            scores[block] = np.where(sides[1].count > 0, ratio, scores[block])
    return scores


def _have_several(in_mask):
    """Return whether each record has two shadows at least on each side, or none that saw it."""
    n_in = np.count_nonzero(in_mask, axis=0)
    return ((n_in != 1) & (n_in < len(in_mask) - 1)).all()


def _offline(law, signal, side):
    return -law.log_above(signal) if side == "one" else -law.log_density(signal)


class _Normal:
    """A normal distribution for each record."""

    def __init__(self, location, deviation):
        self.location, self.deviation = location, np.maximum(deviation, _LEAST_DEVIATION)

    def log_density(self, signal):
        z = (signal - self.location) / self.deviation
        return -(z**2) / 2 - np.log(self.deviation) - _HALF_LOG_2PI

    def log_above(self, signal):
        return log_ndtr((self.location - signal) / self.deviation)


class _Student:
    """A Student distribution for each record."""

    def __init__(self, freedom, location, scale):
        self.freedom, self.location = freedom, location
        self.scale = np.maximum(scale, _LEAST_DEVIATION)
        half = freedom / 2
        self.log_constant = gammaln(half + 0.5) - gammaln(half) - np.log(np.pi * freedom) / 2

    def log_density(self, signal):
        z = (signal - self.location) / self.scale
        kernel = (self.freedom + 1) / 2 * np.log1p(z**2 / self.freedom)
        return self.log_constant - kernel - np.log(self.scale)

    def log_above(self, signal):
        z = (signal - self.location) / self.scale
        above = stdtr(self.freedom, -z)
        far = above < 1e-290
        logs = np.log(np.where(far, 1.0, above))
        logs[far] = self._log_far_above(z[far], far)
        return logs

    def _log_far_above(self, z, far):
        """Return the tail beyond what a float holds: the density over its rate of decay h.

        Corrected by 1 / (1 + h' / h²), which is exact for powers and for the normal distribution
        up to O(z⁻⁴).
        """
        freedom = np.broadcast_to(self.freedom, far.shape)[far]
        constant = np.broadcast_to(self.log_constant, far.shape)[far]
        power, sum_of = freedom + 1, freedom + z**2
        rate = power * z / sum_of
        bend = (freedom - z**2) / (power * z**2)
        log_density = constant - power / 2 * np.log1p(z**2 / freedom)
        return log_density - np.log(rate) - np.log1p(bend)


def _located(moments, mean):
    return np.where(moments.count > 0, moments.center, mean)


def _per_record(moments, mean, variance, *_):
    own = np.sqrt(moments.squares / np.maximum(moments.count, 1))
    return _Normal(_located(moments, mean), np.where(moments.count > 1, own, np.sqrt(variance)))


def _global(moments, mean, variance, *_):
    return _Normal(_located(moments, mean), np.sqrt(variance))


def _bayesian(moments, mean, _, alpha, beta):
    """Return the posterior predictive distribution; the prior weighs as much as one signal."""
    count = moments.count
    own = np.where(count > 0, moments.mean, mean)
    location = (mean + count * own) / (1 + count)
    alpha = alpha + count / 2
    beta = beta + moments.squares / 2 + count * (own - mean) ** 2 / (2 * (1 + count))
    scale = np.sqrt(beta * (count + 2) / (alpha * (count + 1)))
    return _Student(2 * alpha, location, scale)


_LAWS = {"per_record": _per_record, "global": _global, "bayesian": _bayesian}
