"""Precision and recall of calling records members."""

import numpy as np

from skmia._result import Estimate
from skmia.metrics._curve import Curve
from skmia.metrics._intervals import clopper_pearson, ratio, wilson
from skmia.metrics._parameters import metric


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

    The interval of precision is that of the ratio FPR / TPR by MOVER with Wilson limits, the one of
    recall is Clopper and Pearson's. Both take the threshold as fixed beforehand: they do not pay
    for a choice on the same records.

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
    >>> import numpy as np
    >>> from skmia.metrics import membership_precision_recall
    >>> membership = np.repeat([1, 1, 0, 0], [60, 40, 20, 80])
    >>> scores = np.repeat([1.0, 0.0, 1.0, 0.0], [60, 40, 20, 80])
    >>> precision, recall = membership_precision_recall(membership, scores, threshold=0.5)
    >>> print(precision)
    0.750 [0.666, 0.821]
    >>> print(recall)
    0.600 [0.497, 0.697]
    """
    curve = Curve.from_scores(membership, scores)
    return precision_recall_of(curve, threshold, prior, confidence_level)


def precision_recall_of(curve, threshold, prior, confidence_level):
    """Return precision and recall at one point of a curve."""
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
