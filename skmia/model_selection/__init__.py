"""Scorers of privacy and fairness, and model selection under a privacy budget.

Importing `skmia` makes the scorers known by name, so that ``scoring="neg_mia_balanced_accuracy"``
works wherever scikit-learn takes a scorer.
"""

from skmia.model_selection._budget import best_under_budget, pareto_front
from skmia.model_selection._fairness_scorer import make_fairness_scorer
from skmia.model_selection._member_recorder import MemberRecorder
from skmia.model_selection._membership_scorer import make_membership_scorer
from skmia.model_selection._names import (
    get_scorer_names,
    neg_demographic_parity_difference,
    neg_individual_fairness_deviation,
    neg_mia_advantage,
    neg_mia_balanced_accuracy,
    neg_mia_roc_auc,
    neg_mia_tpr_at_fpr,
    neg_predictive_fairness_difference,
)

__all__ = [
    "MemberRecorder",
    "best_under_budget",
    "get_scorer_names",
    "make_fairness_scorer",
    "make_membership_scorer",
    "neg_demographic_parity_difference",
    "neg_individual_fairness_deviation",
    "neg_mia_advantage",
    "neg_mia_balanced_accuracy",
    "neg_mia_roc_auc",
    "neg_mia_tpr_at_fpr",
    "neg_predictive_fairness_difference",
    "pareto_front",
]
