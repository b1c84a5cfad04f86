"""All membership metrics of one vector of scores, from one sort."""

from dataclasses import dataclass

import numpy as np

from skmia._result import Estimate, Result
from skmia.metrics._calls import advantage_of, balanced_accuracy_of, precision_recall_of
from skmia.metrics._curve import Curve
from skmia.metrics._epsilon import epsilon_of
from skmia.metrics._parameters import metric
from skmia.metrics._roc import roc_auc_of, tpr_at_fpr_of


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

    Examples
    --------
    >>> from skmia.metrics import MembershipReport, membership_report
    >>> report = membership_report([1, 1, 0, 0], [3, 2, 2, 1], random_state=0)
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


@metric()
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
    r"""Return all membership metrics of scores, each with its confidence interval.

    Advantage, balanced accuracy, precision and recall are those of the threshold with the largest
    :math:`\mathrm{TPR} - \mathrm{FPR}` on these records: :func:`membership_advantage` tells how
    optimistic. Only precision depends on the prior. Rates too small to resolve give no warning.

    Parameters
    ----------
    false_positive_rate : sequence of float, default=(0.1, 0.01, 0.001)
        False positive rates at which the true positive rate is reported, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws the resamples and the half of the records on which epsilon's threshold is chosen.

    Returns
    -------
    MembershipReport
        With all metrics; `print` it.

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
    >>> print(report.tpr_at_fpr[0.001])
    unresolvable: it needs at least 1000 non-members, got 100
    """
    curve = Curve.from_scores(membership, scores)
    advantage = advantage_of(curve, None, confidence_level, n_resamples, random_state)
    precision, recall = precision_recall_of(curve, None, prior, confidence_level)
    return MembershipReport(
        *curve.sizes,
        majority_baseline=max(curve.sizes) / sum(curve.sizes),
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
