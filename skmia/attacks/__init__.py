"""Membership inference attacks as estimators, and their scoring rules as functions of arrays."""

from skmia.attacks._base import BaseAttack, ResponseAttack
from skmia.attacks._risk_score import privacy_risk_scores
from skmia.attacks._thresholds import best_threshold, class_thresholds
from skmia.attacks.compared._combined import CombinedAttack
from skmia.attacks.compared._gmia import GMIA, GMIAReport
from skmia.attacks.compared._gmia_indirect import IndirectInference, gmia_indirect
from skmia.attacks.compared._gmia_selection import VulnerableRecords, vulnerable_records
from skmia.attacks.compared._lira import LiRA, lira_prior, lira_scores
from skmia.attacks.compared._p_values import combine_p_values, gmia_p_values
from skmia.attacks.compared._reference import ReferenceAttack, reference_scores
from skmia.attacks.compared._rmia import BASE, RMIA, base_scores, rmia_scores
from skmia.attacks.direct._label_only import LabelOnlyAttack, label_only_scores
from skmia.attacks.direct._metric import MetricAttack
from skmia.attacks.direct._population import PopulationAttack, population_scores
from skmia.attacks.direct._quantile import QuantileAttack, quantile_scores
from skmia.attacks.learned._shadow_model import ShadowModelAttack

__all__ = [
    "BASE",
    "GMIA",
    "RMIA",
    "BaseAttack",
    "CombinedAttack",
    "GMIAReport",
    "IndirectInference",
    "LabelOnlyAttack",
    "LiRA",
    "MetricAttack",
    "PopulationAttack",
    "QuantileAttack",
    "ReferenceAttack",
    "ResponseAttack",
    "ShadowModelAttack",
    "VulnerableRecords",
    "base_scores",
    "best_threshold",
    "class_thresholds",
    "combine_p_values",
    "gmia_indirect",
    "gmia_p_values",
    "label_only_scores",
    "lira_prior",
    "lira_scores",
    "population_scores",
    "privacy_risk_scores",
    "quantile_scores",
    "reference_scores",
    "rmia_scores",
    "vulnerable_records",
]
