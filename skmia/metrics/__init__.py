"""Metrics: functions of arrays, each with its confidence interval where one is defined.

Most take ``membership`` (1 member, 0 non-member) and ``scores`` or ``risk``, higher for records
more likely to be members; those of fairness take ``y_true``, predictions and
``sensitive_features``. None knows of attacks or models.
"""

from skmia._result import Estimate
from skmia.metrics._calls import (
    membership_advantage,
    membership_balanced_accuracy,
    membership_precision_recall,
)
from skmia.metrics._epsilon import (
    epsilon_from_counts,
    epsilon_lower_bound,
    one_run_epsilon,
    one_run_epsilon_from_counts,
)
from skmia.metrics._fairness import (
    demographic_parity_difference,
    individual_fairness_deviation,
    predictive_fairness_difference,
)
from skmia.metrics._indistinguishability import mia_indistinguishability_deviation
from skmia.metrics._report import MembershipReport, membership_report
from skmia.metrics._risk import RiskReliability, risk_reliability
from skmia.metrics._roc import membership_roc_auc, membership_roc_curve, tpr_at_fpr

__all__ = [
    "Estimate",
    "MembershipReport",
    "RiskReliability",
    "demographic_parity_difference",
    "epsilon_from_counts",
    "epsilon_lower_bound",
    "individual_fairness_deviation",
    "membership_advantage",
    "membership_balanced_accuracy",
    "membership_precision_recall",
    "membership_report",
    "membership_roc_auc",
    "membership_roc_curve",
    "mia_indistinguishability_deviation",
    "one_run_epsilon",
    "one_run_epsilon_from_counts",
    "predictive_fairness_difference",
    "risk_reliability",
    "tpr_at_fpr",
]
