"""Metrics: functions of arrays, each with its confidence interval where one is defined.

Most take ``membership`` (1 member, 0 non-member) and ``scores`` or ``risk``, higher for records
more likely to be members; those of fairness take ``y_true``, predictions and
``sensitive_features``. None knows of attacks or models.
"""

from skmia._result import Estimate
from skmia.metrics._advantage import membership_advantage, membership_balanced_accuracy
from skmia.metrics._data_properties import class_balance, dataset_entropy
from skmia.metrics._dataset_report import DatasetReport, dataset_report
from skmia.metrics._epsilon import epsilon_from_counts, epsilon_lower_bound
from skmia.metrics._fairness import (
    demographic_parity_difference,
    equal_opportunity_difference,
    individual_fairness_deviation,
)
from skmia.metrics._feature_balance import feature_balance
from skmia.metrics._gaussian_noise import (
    GaussianNoiseLeakage,
    gaussian_noise_leakage,
    gaussian_noise_scale,
)
from skmia.metrics._generalization_gap import generalization_gap
from skmia.metrics._indistinguishability import mia_indistinguishability_deviation
from skmia.metrics._influence_leakage import influence_leakage
from skmia.metrics._informative_features import most_informative_features
from skmia.metrics._leakage import kl_leakage, mutual_information_leakage
from skmia.metrics._leakage_bounds import (
    fano_error_bound,
    membership_success_bound,
    total_variation_bound,
    tpr_bound,
)
from skmia.metrics._one_run_epsilon import one_run_epsilon, one_run_epsilon_from_counts
from skmia.metrics._precision_recall import membership_precision_recall
from skmia.metrics._record_parameter_mi import record_parameter_mi
from skmia.metrics._report import MembershipReport, membership_report
from skmia.metrics._risk import RiskReliability, risk_reliability
from skmia.metrics._roc import membership_roc_auc, membership_roc_curve, tpr_at_fpr

__all__ = [
    "DatasetReport",
    "Estimate",
    "GaussianNoiseLeakage",
    "MembershipReport",
    "RiskReliability",
    "class_balance",
    "dataset_entropy",
    "dataset_report",
    "demographic_parity_difference",
    "epsilon_from_counts",
    "epsilon_lower_bound",
    "equal_opportunity_difference",
    "fano_error_bound",
    "feature_balance",
    "gaussian_noise_leakage",
    "gaussian_noise_scale",
    "generalization_gap",
    "individual_fairness_deviation",
    "influence_leakage",
    "kl_leakage",
    "membership_advantage",
    "membership_balanced_accuracy",
    "membership_precision_recall",
    "membership_report",
    "membership_roc_auc",
    "membership_roc_curve",
    "membership_success_bound",
    "mia_indistinguishability_deviation",
    "most_informative_features",
    "mutual_information_leakage",
    "one_run_epsilon",
    "one_run_epsilon_from_counts",
    "record_parameter_mi",
    "risk_reliability",
    "total_variation_bound",
    "tpr_at_fpr",
    "tpr_bound",
]
