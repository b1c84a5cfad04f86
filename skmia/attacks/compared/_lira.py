"""The likelihood ratio attack of Carlini et al. (2022)."""

from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.special import gammaln, log_ndtr, stdtr
from sklearn.utils import check_array

from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._sides import (
    best_smoothing,
    block_moments,
    blocks_of,
    check_signals,
    moments_of,
    rule_of_shadows,
    smoothed,
)
from skmia.utils._constraints import Names
from skmia.utils._sklearn import Interval, StrOptions

_MANY_SHADOWS = 64  # 32 on each side are enough for a variance of each record
_MOST_TIED = 0.01  # share of records whose shadows all answer alike
_LEAST_DEVIATION = 1e-6  # of logarithmic odds; signals that differ by less count as equal
_HALF_LOG_2PI = np.log(2 * np.pi) / 2
_LARGEST_ALPHA = 1e6  # where all records have the same variance


class LiRAPrior(NamedTuple):
    """What shadow signals are like over all records: of the out and of the in side, (2,) each."""

    mean: np.ndarray  # of the records' mean signals
    variance: np.ndarray  # of the signals of one record, pooled over all records
    alpha: np.ndarray  # shape of the inverse gamma distribution of the records' variances
    beta: np.ndarray  # its scale


_NO_PRIOR = LiRAPrior(*np.ones((4, 2)))  # where each record has enough signals of its own


@rule_of_shadows()
def lira_prior(shadow_signals, in_mask):
    """Learn from all records together what LiRA cannot learn from the few signals of one.

    The variances of the records count as draws from an inverse gamma distribution of shape
    α = 2 + E² / V and scale β = (α − 1) E. Here E is the mean of the records' sample variances s²,
    and V their variance less what sampling adds to it, the mean of 2 s⁴ / (n + 1) for samples of n.

    Parameters
    ----------
    shadow_signals : array-like of shape (n_shadows, n_records)
        Signals of the shadows, in logarithmic units.

    Returns
    -------
    LiRAPrior
        The `mean` of the records' mean signals, the pooled `variance` of one record's signals,
        `alpha` and `beta`: two values each, of the out side and of the in side. A side without a
        shadow has the values of the other. If no record has two shadows on a side, the variance is
        that between records.

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
    own = np.zeros((np.shape(shadow_signals) or (0,))[-1])
    _, shadow_signals, in_mask = check_signals(own, shadow_signals, in_mask)
    return _prior_of(moments_of(shadow_signals, in_mask))


def _prior_of(sides):
    """Return the prior by the moments of both sides; one without shadows is like the other."""
    known = [side if side.count.any() else other for side, other in (sides, sides[::-1])]
    return LiRAPrior(*np.array([_pooled(side) for side in known]).T)


def _pooled(side):
    """Return mean, variance, α and β of one side."""
    mean = side.mean[side.count > 0]
    several = side.count > 1
    freedom = side.count[several] - 1
    if not several.any():  # records stand in for shadows
        # never 0, so that densities are finite
        variance = max(mean.var(), _LEAST_DEVIATION**2)
        return mean.mean(), variance, 2.0, variance
    variances = side.squares[several] / freedom
    expected = max(variances.mean(), _LEAST_DEVIATION**2)
    # what sampling adds to the variance of the s²: its unbiased estimate, for normal signals
    spread = variances.var() - np.mean(2 * variances**2 / (freedom + 2))
    alpha = _LARGEST_ALPHA
    if spread * _LARGEST_ALPHA > expected**2:
        alpha = 2 + expected**2 / spread
    pooled = max(side.squares[several].sum() / freedom.sum(), _LEAST_DEVIATION**2)
    return mean.mean(), pooled, alpha, (alpha - 1) * expected


class _Normal:
    """A normal distribution for each record."""

    def __init__(self, location, deviation):
        self.location = location
        self.deviation = np.maximum(deviation, _LEAST_DEVIATION)

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


def _global(moments, mean, variance, *_):
    return _Normal(np.where(moments.count > 0, moments.center, mean), np.sqrt(variance))


def _per_record(moments, mean, variance, *_):
    own = moments.squares / np.maximum(moments.count, 1)
    # a single signal has no spread
    return _global(moments, mean, np.where(moments.count > 1, own, variance))


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


_LAWS = {"per_record": _per_record, "global": _global, "bayesian": _bayesian}


@rule_of_shadows(
    variance=[Names("per_record", "global", "bayesian")],
    center=[Names("mean", "median")],
    alternative=[Names("greater", "two-sided")],
    signal_prior=[LiRAPrior, None],
)
def lira_scores(
    signal,
    shadow_signals,
    in_mask,
    *,
    online=True,
    variance="per_record",
    center="mean",
    alternative="greater",
    signal_prior=None,
):
    """Return LiRA's likelihood ratio of each record: how far its answer speaks for membership.

    Online, the score is log N(φ; μ_in, σ_in) − log N(φ; μ_out, σ_out), where φ is the target's
    signal of the record. μ and σ are mean and standard deviation of the signals of the shadows that
    saw the record, and of those that did not. A σ below 1e-6 counts as 1e-6. Above 0, «member» is
    the likelier.

    Offline, it is −log P(Z > φ) for Z from N(μ_out, σ_out), or −log N(φ; μ_out, σ_out) with
    `alternative="two-sided"`. A record that no shadow saw always has the offline score.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target, near to normally distributed, such as `logit_confidence`.
    variance : {"per_record", "global", "bayesian"}, default="per_record"
        Where σ comes from:

        - "per_record": from the signals of the record on one side, where there are at least two;
        - "global": from the deviations of all records on one side, each from its own mean;
        - "bayesian": mean and variance of each record have the conjugate prior, normal and inverse
          gamma, that `signal_prior` describes. The predictive Student distribution then replaces N.
    center : {"mean", "median"}, default="mean"
        What μ is; the paper has the mean, the authors' code the median. Not for "bayesian".
    alternative : {"greater", "two-sided"}, default="greater"
        Offline, whether only signals above those of the shadows count, as in the paper, or all that
        are far from them, as in the authors' code.
    signal_prior : LiRAPrior, default=None
        From `lira_prior`. By default it is learned from these very records. A score then depends on
        all of them, unless `variance="per_record"` and each record has two shadows on each side.

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
    if signal_prior is not None:
        signal_prior = check_array(signal_prior, dtype=np.float64, input_name="signal_prior")
    elif variance == "per_record" and _have_several(in_mask):
        signal_prior = _NO_PRIOR
    else:
        signal_prior = _prior_of(moments_of(shadow_signals, in_mask))
    scores = np.empty(len(signal))
    for block in blocks_of(in_mask.shape):
        sides = block_moments(shadow_signals[:, block], in_mask[:, block], center)
        out, seen = (_LAWS[variance](*given) for given in zip(sides, *signal_prior, strict=True))
        own = signal[block].astype(np.float64)
        scores[block] = -(out.log_above if alternative == "greater" else out.log_density)(own)
        if online:
            # a record that no shadow saw keeps its offline score
            ratio = seen.log_density(own) - out.log_density(own)
            scores[block] = np.where(sides[1].count > 0, ratio, scores[block])
    return scores


def _have_several(in_mask):
    """Return whether each record has two shadows or more on each side, or none that saw it."""
    # one signal has no spread of its own, for which the prior's is taken
    n_in = np.count_nonzero(in_mask, axis=0)
    return ((n_in != 1) & (n_in < len(in_mask) - 1)).all()


class LiRA(RecordAttack):
    """Likelihood ratio attack: tell answers of models that saw a record from those of others.

    For each record, the attack compares the target's confidence, on the logarithmic scale, with two
    distributions: the answers of shadow models that were trained on the record, and of those that
    were not. The score is the logarithm of the ratio of the two densities. For a record that no
    shadow was trained on, it says how far above the second distribution the answer is.

    The attacker knows the record with its label and sees the target's answer. They have records
    from the target's distribution, and know or guess the type of the target and its parameters.
    Online, the records in question are among those given to `fit`. They need not know any member.

    Parameters
    ----------
    variance : {"auto", "per_record", "global", "bayesian"}, default="auto"
        Where the spread of a record's signals comes from, see :func:`lira_scores`. "auto" is
        "per_record" with 64 shadows or more, unless the shadows all give the same answer to more
        than 1 % of the records; else "bayesian".
    center : {"mean", "median"}, default="mean"
        The center of a record's signals; not for "bayesian".
    alternative : {"greater", "two-sided"}, default="greater"
        Offline, which signals count, see :func:`lira_scores`.
    smoothing : "auto" or float, default="auto"
        Added to each probability before its odds are taken, in [0, 0.5]. "auto" is 0, unless
        shadows answer exactly 0 or 1. Then it is half a vote, which is half of the smallest other
        distance to 0 or 1, or a larger one of 0.01, 0.02, 0.05 and 0.1, whichever has the best AUC
        on shadows in the target's place.
    augmentations : list of callable, default=None
        Functions that take records and return perturbed copies of them, in the same order. The
        score is the mean over the record and its copies. A function must treat each record alone,
        so that scores do not depend on the other records.

    Attributes
    ----------
    variance_ : str
        The variance in use.
    smoothing_ : float
        The smoothing in use.

    Notes
    -----
    Without membership, thresholds and risks are learned from shadows in the target's place, each
    with its counterpart held out. If there are too few for that, or fitted shadows do not know the
    records in `fit`, one more shadow is trained. In the latter case all records are attacked
    offline.

    With shadows of another type than the target, whose answers are on another scale, `RMIA` and
    `ReferenceAttack` find more. So does `RMIA` with few shadows that saw none of the records.

    References
    ----------
    .. [1] N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis and F. Tramèr, "Membership inference
       attacks from first principles", IEEE S&P 2022.
    .. [2] R. Brännvall, "BaVarIA", 2026, arXiv:2603.11799. The Bayesian variance.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import LiRA
    >>> X, y = (part[:1000] for part in load_digits(return_X_y=True))
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[::2], y[::2])
    >>> attack = LiRA(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, [1, 0] * 500), 2)
    0.82
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "online": ["boolean"],
        "variance": [StrOptions({"auto", "per_record", "global", "bayesian"})],
        "center": [StrOptions({"mean", "median"})],
        "alternative": [StrOptions({"greater", "two-sided"})],
        "smoothing": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="both")],
        "augmentations": [list, tuple, None],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        online=True,
        variance="auto",
        center="mean",
        alternative="greater",
        smoothing="auto",
        augmentations=None,
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.shadows = shadows
        self.online = online
        self.variance = variance
        self.center = center
        self.alternative = alternative
        self.smoothing = smoothing
        self.augmentations = augmentations
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _prepare(self, evidence, stand_ins):
        self.smoothing_ = self.smoothing
        if self.smoothing == "auto":
            self.smoothing_ = best_smoothing(self._bayesian_scores, evidence, stand_ins)
        self.variance_ = self.variance
        if self.variance == "auto":
            has_many = len(evidence.in_mask) >= _MANY_SHADOWS
            per_record = has_many and not self._are_tied(evidence.signals[0], evidence.in_mask)
            self.variance_ = "per_record" if per_record else "bayesian"

    def _bayesian_scores(self, own, shadow_signals, in_mask):
        # the variance does not stand yet, since ties depend on the smoothing that is tried here
        form = {"online": self.online, "alternative": self.alternative}
        return lira_scores(own, shadow_signals, in_mask, variance="bayesian", **form)

    def _are_tied(self, shadow_signals, in_mask):
        sides = moments_of(smoothed(shadow_signals, self.smoothing_), in_mask)
        # logarithmic odds that differ by less than 1e-6 count as equal
        tied = [side.squares[side.count > 1] < 1e-12 for side in sides]
        return max(side.mean() for side in tied if side.size) > _MOST_TIED

    def _learn(self, evidence, nonmember):
        # in `fit`, so that a score does not depend on the records scored with it
        return lira_prior(smoothed(evidence.signals[0], self.smoothing_), evidence.in_mask)

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        given = *(smoothed(signals, self.smoothing_) for signals in (own, shadow_signals)), in_mask
        form = {"variance": self.variance_, "center": self.center, "alternative": self.alternative}
        return lira_scores(*given, online=online, signal_prior=learned, **form)
