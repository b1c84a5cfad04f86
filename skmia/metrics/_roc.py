"""Membership ROC curve, its area, and the true positive rate at a small false positive rate."""

import warnings
from math import ceil, isclose, isnan

import numpy as np
from scipy.special import betainc, expit, logit, ndtri
from scipy.stats import binom

from skmia._result import Estimate
from skmia.exceptions import ResolutionWarning
from skmia.metrics._curve import Curve
from skmia.metrics._parameters import metric


@metric()
def membership_roc_curve(membership, scores):
    r"""Return the ROC curve of scores that tell members from non-members.

    .. math:: \mathrm{TPR}(t) = P(s \ge t \mid \text{member}), \qquad
              \mathrm{FPR}(t) = P(s \ge t \mid \text{non-member})

    where :math:`s` is the score of a record and :math:`t` the threshold. On the diagonal (TPR =
    FPR) scores know nothing, through (0, 1) they separate perfectly. Records with equal scores
    enter together, and no point of the curve is dropped.

    Returns
    -------
    fpr : ndarray of shape (n_thresholds,)
        Fraction of non-members with a score of at least the threshold, ascending from 0 to 1.
    tpr : ndarray of shape (n_thresholds,)
        Fraction of members with a score of at least the threshold, ascending from 0 to 1.
    thresholds : ndarray of shape (n_thresholds,)
        Infinity and then the distinct scores in descending order.

    References
    ----------
    .. [1] N. Carlini et al., "Membership Inference Attacks From First Principles", IEEE
       Symposium on Security and Privacy, 2022, section III.

    Examples
    --------
    >>> from skmia.metrics import membership_roc_curve
    >>> fpr, tpr, thresholds = membership_roc_curve([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])
    >>> thresholds
    array([inf, 0.9, 0.4, 0.1])
    """
    curve = Curve.from_scores(membership, scores)
    return curve.fpr, curve.tpr, curve.thresholds


@metric()
def membership_roc_auc(membership, scores, *, confidence_level=0.95):
    r"""Return the area under the membership ROC curve.

    .. math:: \mathrm{AUC} = P(s_1 > s_0) + \tfrac{1}{2} P(s_1 = s_0)

    where :math:`s_1` is the score of a member and :math:`s_0` that of a non-member. 0.5 means that
    scores tell nothing, 1 that every member scores above every non-member, 0 that every one scores
    below: such scores have the wrong sign.

    The interval is DeLong's, symmetric on the logit scale; that of Clopper and Pearson on disjoint
    pairs where scores separate perfectly or are all tied; and that of Markov's inequality for a
    single member or non-member. ``method`` says which it is.

    Returns
    -------
    Estimate
        The area and its confidence interval, in [0, 1].

    References
    ----------
    .. [1] E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, "Comparing the Areas under Two or
       More Correlated Receiver Operating Characteristic Curves: A Nonparametric Approach",
       Biometrics 44, 1988, equations 3 to 5.
    .. [2] X. Sun and W. Xu, "Fast Implementation of DeLong's Algorithm for Comparing the Areas
       Under Correlated Receiver Operating Characteristic Curves", IEEE Signal Processing Letters
       21, 2014, section III.

    Examples
    --------
    >>> from skmia.metrics import membership_roc_auc
    >>> print(membership_roc_auc([1, 1, 1, 0, 0, 0], [0.9, 0.8, 0.4, 0.5, 0.3, 0.1]))
    0.889 [0.261, 0.995]
    """
    return roc_auc_of(Curve.from_scores(membership, scores), confidence_level)


@metric()
def tpr_at_fpr(membership, scores, *, false_positive_rate=0.01, confidence_level=0.95):
    r"""Return the true positive rate at a small false positive rate.

    The value is the TPR at the last point of the ROC curve with FPR strictly below :math:`\alpha`.
    Scores that know nothing reach :math:`\alpha` itself; 1 means that all members are found.

    The interval holds for the TPR at a *true* FPR of :math:`\alpha`, so for an uncertain threshold
    as well as for few members. Its ends are quantiles of

    .. math:: F(x) = \sum_j \mathrm{Bin}(j; n_0, \alpha)
              I_x(T_j + \tfrac{1}{2}, n_1 - T_j + \tfrac{1}{2})

    where :math:`j` is the number of the :math:`n_0` non-members that score above the true
    threshold, :math:`T_j` of the :math:`n_1` members do (the middle of what :math:`j` allows), and
    :math:`I_x` is the distribution function of Jeffreys' Beta posterior. For the lower end, all of
    its mass is at 0 where :math:`T_j = 0`; for the upper end, at 1 where :math:`T_j = n_1`.

    Parameters
    ----------
    false_positive_rate : float or sequence of float, default=0.01
        False positive rate allowed, in (0, 1).

    Returns
    -------
    Estimate or list of Estimate
        The true positive rate and its interval, in [0, 1], one for each rate of a sequence. NaN
        where there are fewer than 1 / false_positive_rate non-members.

    Warns
    -----
    ResolutionWarning
        If there are fewer than 1 / false_positive_rate non-members.

    References
    ----------
    .. [1] N. Carlini et al., "Membership Inference Attacks From First Principles", IEEE
       Symposium on Security and Privacy, 2022, section III.
    .. [2] L. D. Brown, T. T. Cai and A. DasGupta, "Interval Estimation for a Binomial
       Proportion", Statistical Science 16, 2001, section 4.1.2.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.metrics import tpr_at_fpr
    >>> membership = np.repeat([1, 0], 100)
    >>> scores = np.concatenate([np.arange(100) + 30, np.arange(100)])
    >>> print(tpr_at_fpr(membership, scores, false_positive_rate=0.1))
    0.390 [0.288, 0.510]
    """
    rates = np.atleast_1d(false_positive_rate).tolist()
    curve = Curve.from_scores(membership, scores)
    estimates = [tpr_at_fpr_of(curve, rate, confidence_level) for rate in rates]
    for rate, estimate in zip(rates, estimates, strict=True):
        if isnan(estimate):
            message = f"TPR at FPR {rate:g} is {estimate.method}; a larger rate needs fewer."
            warnings.warn(message, ResolutionWarning, stacklevel=3)
    return estimates if np.ndim(false_positive_rate) else estimates[0]


def roc_auc_of(curve, confidence_level):
    members, nonmembers = curve.blocks()
    n_members, n_nonmembers = curve.sizes
    # DeLong's structural components, the same for all members (non-members) of a tie block.
    beaten = (n_nonmembers - curve.false_positives[1:] + nonmembers / 2) / n_nonmembers
    lost = (curve.true_positives[:-1] + members / 2) / n_members
    value = float(members @ beaten / n_members)
    alpha = 1 - confidence_level
    n_pairs = min(curve.sizes)
    if n_pairs == 1:
        method = "Markov's inequality, as one member or one non-member leaves the variance unknown"
        return Estimate(value, value * alpha / 2, 1 - (1 - value) * alpha / 2, method)
    variance = _variance_of_mean(members, beaten, value)
    variance += _variance_of_mean(nonmembers, lost, value)
    if variance == 0:
        return _auc_of_pairs(value, n_pairs, alpha)
    half = -ndtri(alpha / 2) * np.sqrt(variance) / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-half, half])).tolist()
    return Estimate(value, low, high, "DeLong, logit scale")


def _variance_of_mean(counts, values, mean):
    n = counts.sum()
    return float(counts @ (values - mean) ** 2 / (n - 1) / n)


def _auc_of_pairs(value, n_pairs, alpha):
    """Return the interval from disjoint pairs that all came out alike: won, lost or tied."""
    unseen = 1 - (alpha / 2) ** (1 / n_pairs)
    method = "Clopper-Pearson on disjoint pairs, as "
    if value == 0.5:
        method += "all scores are tied"
        return Estimate(value, 0.5 - unseen / 2, 0.5 + unseen / 2, method)
    low, high = (0.0, unseen) if value == 0 else (1 - unseen, 1.0)
    return Estimate(value, low, high, f"{method}the scores separate perfectly")


def tpr_at_fpr_of(curve, fpr, confidence_level):
    """Return the true positive rate of a curve, NaN where the rate is not resolved."""
    expected = _rounded(fpr * curve.n_nonmembers)
    if expected < 1:
        needed = f"unresolvable: it needs at least {ceil(_rounded(1 / fpr))} non-members"
        return Estimate(np.nan, method=f"{needed}, got {curve.n_nonmembers}")
    value = float(_true_positives_within(curve, ceil(expected) - 1) / curve.n_members)
    low, high = _tpr_limits(curve, fpr, 1 - confidence_level)
    method = "Beta mixture over the uncertain threshold"
    return Estimate(value, min(low, value), max(high, value), method)


def _rounded(product):
    """Undo the rounding error of a product that should be whole, as 0.07 * 100."""
    return round(product) if isclose(product, round(product), rel_tol=1e-12) else product


def _true_positives_within(curve, n_false):
    """Return the true positives at the last point with at most n_false false positives."""
    points = np.searchsorted(curve.false_positives, n_false, side="right") - 1
    return curve.true_positives[np.maximum(points, 0)]


def _tpr_limits(curve, fpr, alpha):
    n_above = binom(curve.n_nonmembers, fpr)
    above = np.arange(n_above.ppf(1e-6), n_above.isf(1e-6) + 1)
    weights = n_above.pmf(above)
    hits = (_true_positives_within(curve, above - 1) + _true_positives_within(curve, above)) / 2
    distribution = hits + 0.5, curve.n_members - hits + 0.5
    goals = np.array([[alpha / 2], [1 - alpha / 2]]) * weights.sum()
    low, high = np.zeros((2, 1)), np.ones((2, 1))
    for _ in range(50):
        middle = (low + high) / 2
        below = betainc(*distribution, middle)
        # No or all members found: the limit on that side is 0 or 1, as Brown et al. advise.
        below[0, hits == 0] = 1
        below[1, hits == curve.n_members] = 0
        too_low = (below @ weights)[:, None] < goals
        low, high = np.where(too_low, middle, low), np.where(too_low, high, middle)
    return float(low[0, 0]), float(high[1, 0])
