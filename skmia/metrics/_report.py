"""All membership metrics of one vector of scores, from one sort."""

from dataclasses import dataclass

import numpy as np

from skmia._result import Estimate, Result
from skmia.metrics._advantage import advantage_of, balanced_accuracy_of
from skmia.metrics._curve import Curve
from skmia.metrics._epsilon import epsilon_of
from skmia.metrics._precision_recall import precision_recall_of
from skmia.metrics._roc import roc_auc_of, tpr_at_fpr_of
from skmia.utils._constraints import (
    ARRAY,
    CONFIDENCE_LEVEL,
    COUNT,
    DELTA,
    FPR_OR_FPRS,
    PRIOR,
    RANDOM_STATE,
    validate_params,
)


@dataclass(frozen=True, repr=False, eq=False)
class MembershipReport(Result):
    """All membership metrics of one vector of scores. `print` it, or take it in another form.

    Attributes
    ----------
    n_members, n_nonmembers : int
        Records of each side.
    majority_baseline : float
        Accuracy of giving all records the commoner membership.
    roc_auc : Estimate
        Area under the ROC curve; 0.5 is a blind guess.
    balanced_accuracy, advantage : Estimate
        At the best threshold on these records.
    precision, recall : Estimate
        Of the records called members at the same threshold.
    tpr_at_fpr : dict of float to Estimate
        True positive rate at each false positive rate.
    epsilon_lower_bound : Estimate
        Lower bound on the epsilon of differential privacy; `high` is infinity.

    See Also
    --------
    membership_report : Makes the report.

    Examples
    --------
    >>> from skmia.metrics import MembershipReport, membership_report
    >>> options = {"false_positive_rate": [0.5], "random_state": 0}
    >>> report = membership_report([1, 1, 0, 0], [3, 2, 2, 1], **options)
    >>> print(report.roc_auc)
    0.875 [0.228, 0.994]
    >>> MembershipReport.from_json(report.to_json()) == report
    True
    """

    n_members: int
    n_nonmembers: int
    majority_baseline: float
    roc_auc: Estimate
    balanced_accuracy: Estimate
    advantage: Estimate
    precision: Estimate
    recall: Estimate
    tpr_at_fpr: dict
    epsilon_lower_bound: Estimate


@validate_params(
    membership=ARRAY,
    scores=ARRAY,
    false_positive_rate=FPR_OR_FPRS,
    prior=PRIOR,
    delta=DELTA,
    confidence_level=CONFIDENCE_LEVEL,
    n_resamples=COUNT,
    random_state=RANDOM_STATE,
)
def membership_report(
    membership,
    scores,
    *,
    false_positive_rate=(0.1, 0.01, 0.001),
    prior=0.5,
    delta=0.0,
    confidence_level=0.95,
    n_resamples=1000,
    random_state=None,
):
    """Return all membership metrics of scores, each with its confidence interval.

    Advantage, balanced accuracy, precision and recall are those of the best threshold on these
    records, see :func:`membership_advantage` for the optimism in this. A false positive rate that
    the non-members cannot resolve is reported as such, without a warning.

    Parameters
    ----------
    membership : array-like of shape (n_records,)
        1 for a member, 0 for a non-member.
    scores : array-like of shape (n_records,)
        Attack scores, higher for records more likely to be members.
    false_positive_rate : sequence of float, default=(0.1, 0.01, 0.001)
        False positive rates at which the true positive rate is reported, in (0, 1).
    prior : float, default=0.5
        Probability that a record is a member where the attack is used, in (0, 1). Only precision
        depends on it.
    delta : float, default=0.0
        The delta of the bound on epsilon, in [0, 1).
    confidence_level : float, default=0.95
        Coverage of each interval and of the bound on epsilon, in (0, 1).
    n_resamples : int, default=1000
        Bootstrap resamples for the optimism of the best threshold, at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the resamples and the half of the records on which epsilon's threshold is chosen.

    Returns
    -------
    MembershipReport
        With all metrics; `print` it.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, scores are not finite real numbers, the two
        differ in length, or an option is out of its range.

    See Also
    --------
    membership_roc_auc : Area under the ROC curve.
    membership_advantage : Advantage, and balanced accuracy.
    tpr_at_fpr : True positive rate at small false positive rates.
    membership_precision_recall : Precision and recall.
    epsilon_lower_bound : Bound on epsilon.

    References
    ----------
    .. [1] N. Carlini et al., "Membership Inference Attacks From First Principles", IEEE
       Symposium on Security and Privacy, 2022, section III.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.metrics import membership_report
    >>> membership = np.repeat([1, 0], 100)
    >>> scores = np.concatenate([np.arange(100) + 30, np.arange(100)])
    >>> report = membership_report(membership, scores, random_state=0)
    >>> print(report.roc_auc)
    0.755 [0.684, 0.814]
    >>> print(report.tpr_at_fpr[0.001])
    unresolvable: it needs at least 1000 non-members, got 100
    """
    curve = Curve.from_scores(membership, scores)
    advantage = advantage_of(curve, None, confidence_level, n_resamples, random_state)
    precision, recall = precision_recall_of(curve, None, prior, confidence_level)
    n_members = curve.n_members
    n_nonmembers = curve.n_nonmembers
    return MembershipReport(
        n_members=n_members,
        n_nonmembers=n_nonmembers,
        majority_baseline=max(n_members, n_nonmembers) / (n_members + n_nonmembers),
        roc_auc=roc_auc_of(curve, confidence_level),
        balanced_accuracy=balanced_accuracy_of(advantage),
        advantage=advantage,
        tpr_at_fpr={
            rate: tpr_at_fpr_of(curve, rate, confidence_level)
            for rate in np.atleast_1d(false_positive_rate).tolist()
        },
        precision=precision,
        recall=recall,
        epsilon_lower_bound=epsilon_of(curve, delta, None, confidence_level, random_state),
    )
