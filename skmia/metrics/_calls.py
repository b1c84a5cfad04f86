"""Metrics of calls at a fixed or at the best threshold: advantage, accuracy, precision, recall."""

import numpy as np
from sklearn.utils import check_random_state

from skmia._result import Estimate
from skmia.metrics._curve import Curve
from skmia.metrics._intervals import clopper_pearson, difference, ratio, wilson
from skmia.metrics._parameters import metric

N_BLOCKS = 1000
N_AT_ONCE = 100
# The maximum of a smooth curve plus noise of variance v is too large by c * v ** (2 / 3).
# Resampling doubles v, so in it the maximum grows by 2 ** (2 / 3) - 1 times its optimism.
OPTIMISM = 1 / (2 ** (2 / 3) - 1)


@metric()
def membership_advantage(
    membership,
    scores,
    *,
    threshold=None,
    confidence_level=0.95,
    n_resamples=1000,
    random_state=None,
):
    r"""Return the membership advantage, true minus false positive rate.

    .. math:: \mathrm{Adv}(t) = \mathrm{TPR}(t) - \mathrm{FPR}(t), \qquad
              \mathrm{Adv} = \max_t \mathrm{Adv}(t)

    where :math:`t` is the threshold. 0 means that members and non-members are called members
    equally often, 1 that all members and nobody else are; at a fixed threshold it may be negative.

    At a threshold fixed beforehand the interval is Newcombe's, of two Wilson intervals. Without
    one, the value is the maximum over all thresholds. **That maximum is optimistic**: it is above 0
    even for scores that know nothing, so prefer a threshold chosen on other records. The interval
    is that of the best threshold, with the lower end lowered by the optimism, which a stratified
    bootstrap estimates, and set to 0 unless Smirnov's one-sided test tells the two samples apart.

    Returns
    -------
    Estimate
        The advantage and its confidence interval, in [-1, 1], and in [0, 1] for the maximum.

    References
    ----------
    .. [1] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy Risk in Machine Learning:
       Analyzing the Connection to Overfitting", IEEE Computer Security Foundations Symposium,
       2018, definition 4.
    .. [2] R. G. Newcombe, "Interval Estimation for the Difference between Independent
       Proportions: Comparison of Eleven Methods", Statistics in Medicine 17, 1998, method 10.
    .. [3] J. Kim and D. Pollard, "Cube Root Asymptotics", Annals of Statistics 18, 1990, theorem
       1.1 (the scale of the optimism).

    Examples
    --------
    >>> from skmia.metrics import membership_advantage
    >>> print(membership_advantage([1, 1, 1, 0, 0, 0], [9, 8, 4, 5, 3, 1], threshold=4))
    0.667 [-0.059, 0.939]
    """
    curve = Curve.from_scores(membership, scores)
    return advantage_of(curve, threshold, confidence_level, n_resamples, random_state)


@metric()
def membership_balanced_accuracy(
    membership,
    scores,
    *,
    threshold=None,
    confidence_level=0.95,
    n_resamples=1000,
    random_state=None,
):
    r"""Return the balanced accuracy of telling members from non-members.

    .. math:: \tfrac{1}{2} (\mathrm{TPR} + \mathrm{TNR}) = \tfrac{1}{2} (1 + \mathrm{Adv})

    where :math:`\mathrm{Adv}` is the :func:`membership_advantage`, with its interval and warning:
    without a ``threshold`` the maximum is optimistic. 0.5 is a blind guess, 1 means no mistake.

    Returns
    -------
    Estimate
        The balanced accuracy and its interval, in [0, 1], and in [0.5, 1] for the maximum.

    References
    ----------
    .. [1] N. Carlini et al., "Membership Inference Attacks From First Principles", IEEE
       Symposium on Security and Privacy, 2022, section III.

    Examples
    --------
    >>> from skmia.metrics import membership_balanced_accuracy
    >>> print(membership_balanced_accuracy([1, 1, 1, 0, 0, 0], [9, 8, 4, 5, 3, 1], threshold=4))
    0.833 [0.471, 0.969]
    """
    curve = Curve.from_scores(membership, scores)
    return balanced_accuracy_of(
        advantage_of(curve, threshold, confidence_level, n_resamples, random_state)
    )


@metric()
def membership_precision_recall(
    membership, scores, *, threshold=None, prior=0.5, confidence_level=0.95
):
    r"""Return precision and recall of calling a record a member.

    .. math:: \mathrm{precision} = \frac{\pi\,\mathrm{TPR}}
              {\pi\,\mathrm{TPR} + (1 - \pi)\,\mathrm{FPR}}, \qquad
              \mathrm{recall} = \mathrm{TPR}

    where :math:`\pi` is the prior, not the share of members among the records given. A precision
    of :math:`\pi` means that the call tells nothing, 1 that whoever is called a member is one. A
    recall of 1 means that all members are called, 0 that none is.

    The interval of precision is that of FPR / TPR by MOVER with Wilson limits, the one of recall is
    Clopper and Pearson's. Neither pays for a threshold chosen on the same records.

    Returns
    -------
    precision : Estimate
        Probability that a record called a member is one; NaN if no record is called.
    recall : Estimate
        Fraction of members that are called.

    References
    ----------
    .. [1] B. Jayaraman et al., "Revisiting Membership Inference Under Realistic Assumptions",
       Proceedings on Privacy Enhancing Technologies, 2021, section 3.2.
    .. [2] A. Donner and G. Y. Zou, "Closed-form confidence intervals for functions of the normal
       mean and standard deviation", Statistical Methods in Medical Research 21, 2012, section 2.

    Examples
    --------
    >>> from skmia.metrics import membership_precision_recall
    >>> precision, recall = membership_precision_recall([1, 1, 0, 0], [9, 4, 5, 1], threshold=4)
    >>> round(precision, 3), round(recall, 3)
    (0.667, 1.0)
    """
    curve = Curve.from_scores(membership, scores)
    return precision_recall_of(curve, threshold, prior, confidence_level)


def balanced_accuracy_of(advantage):
    low, high = (1 + advantage.low) / 2, (1 + advantage.high) / 2
    return Estimate((1 + advantage) / 2, low, high, advantage.method)


def advantage_of(curve, threshold, confidence_level, n_resamples, random_state):
    """Return the advantage of a curve, at its best threshold if none is given."""
    fixed = _advantage_at(curve, curve.at(threshold), 1 - confidence_level)
    if threshold is not None:
        return fixed
    growth = _growth(curve.coarsened(N_BLOCKS), n_resamples, check_random_state(random_state))
    low = max(0.0, fixed.low - max(0.0, growth) * OPTIMISM)
    # Smirnov's one-sided test at large samples: P(maximum >= x) = exp(-2 x^2 n1 n0 / (n1 + n0)).
    size = 1 / (1 / curve.n_members + 1 / curve.n_nonmembers)
    if np.exp(-2 * size * fixed**2) > (1 - confidence_level) / 2:
        low = 0.0
    return Estimate(fixed, low, fixed.high, "Newcombe at the best threshold, less its optimism")


def precision_recall_of(curve, threshold, prior, confidence_level):
    true_positives, false_positives = curve.counts(curve.at(threshold))
    alpha = 1 - confidence_level
    low, high = clopper_pearson(true_positives, curve.n_members, alpha)
    tpr, fpr = true_positives / curve.n_members, false_positives / curve.n_nonmembers
    recall = Estimate(tpr, float(low), float(high), "Clopper-Pearson")
    if tpr == fpr == 0:
        undefined = Estimate(np.nan, np.nan, np.nan, "undefined: no record is called a member")
        return undefined, recall
    odds = (1 - prior) / prior
    low, high = ratio(
        (fpr, *wilson(false_positives, curve.n_nonmembers, alpha)),
        (tpr, *wilson(true_positives, curve.n_members, alpha)),
    )
    value = tpr / (tpr + odds * fpr)
    low, high = 1 / (1 + odds * high), 1 / (1 + odds * low)
    return Estimate(value, float(low), float(high), "MOVER of FPR / TPR, Wilson limits"), recall


def _advantage_at(curve, point, alpha):
    true_positives, false_positives = curve.counts(point)
    tpr, fpr = true_positives / curve.n_members, false_positives / curve.n_nonmembers
    low, high = difference(
        (tpr, *wilson(true_positives, curve.n_members, alpha)),
        (fpr, *wilson(false_positives, curve.n_nonmembers, alpha)),
    )
    return Estimate(tpr - fpr, float(low), float(high), "Newcombe, Wilson limits")


def _growth(curve, n_resamples, rng):
    """Return by how much the mean maximum of resamples exceeds that of the records."""
    members, nonmembers = (counts / counts.sum() for counts in curve.blocks())
    largest = 0.0
    for start in range(0, n_resamples, N_AT_ONCE):
        size = min(N_AT_ONCE, n_resamples - start)
        gains = rng.multinomial(curve.n_members, members, size=size) / curve.n_members
        gains -= rng.multinomial(curve.n_nonmembers, nonmembers, size=size) / curve.n_nonmembers
        largest += np.cumsum(gains, axis=1).max(axis=1).clip(min=0).sum()
    return float(largest / n_resamples - (curve.tpr - curve.fpr).max())
