"""Membership inference attacks as estimators, and their scoring rules as functions of arrays."""

from skmia.attacks._base import BaseAttack
from skmia.attacks._combined import CombinedAttack
from skmia.attacks._lira import LiRA
from skmia.attacks._lira_rule import lira_prior, lira_scores
from skmia.attacks._metric import MetricAttack
from skmia.attacks._reference import ReferenceAttack
from skmia.attacks._reference_rule import reference_scores
from skmia.attacks._risk_score import privacy_risk_scores
from skmia.attacks._rmia import BASE, RMIA
from skmia.attacks._rmia_rule import base_scores, rmia_scores
from skmia.attacks._shadow_model import ShadowModelAttack
from skmia.attacks._thresholds import best_threshold, class_thresholds

__all__ = [
    "BASE",
    "RMIA",
    "BaseAttack",
    "CombinedAttack",
    "LiRA",
    "MetricAttack",
    "ReferenceAttack",
    "ShadowModelAttack",
    "base_scores",
    "best_threshold",
    "class_thresholds",
    "gmia_indirect",
    "lira_prior",
    "lira_scores",
    "privacy_risk_scores",
    "reference_scores",
    "rmia_scores",
]
