"""Metrics: functions of arrays, each with its confidence interval where one is defined.

All take ``membership`` (1 member, 0 non-member) and ``scores`` or ``risk``, higher for records more
likely to be members, and know nothing of attacks or models.
"""

from skmia.metrics._advantage import membership_advantage, membership_balanced_accuracy
from skmia.metrics._epsilon import epsilon_from_counts, epsilon_lower_bound
from skmia.metrics._estimate import Estimate
from skmia.metrics._one_run_epsilon import one_run_epsilon, one_run_epsilon_from_counts
from skmia.metrics._precision_recall import membership_precision_recall
from skmia.metrics._report import membership_report
from skmia.metrics._risk import risk_reliability
from skmia.metrics._roc import membership_roc_auc, membership_roc_curve, tpr_at_fpr

__all__ = [
    "Estimate",
    "epsilon_from_counts",
    "epsilon_lower_bound",
    "membership_advantage",
    "membership_balanced_accuracy",
    "membership_precision_recall",
    "membership_report",
    "membership_roc_auc",
    "membership_roc_curve",
    "one_run_epsilon",
    "one_run_epsilon_from_counts",
    "risk_reliability",
    "tpr_at_fpr",
]
