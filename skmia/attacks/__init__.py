"""Membership inference attacks as estimators, and their scoring rules as functions of arrays."""

from skmia.attacks._base import BaseAttack
from skmia.attacks._metric import MetricAttack
from skmia.attacks._risk_score import privacy_risk_scores
from skmia.attacks._shadow_model import ShadowModelAttack
from skmia.attacks._thresholds import best_threshold, class_thresholds

__all__ = [
    "BaseAttack",
    "MetricAttack",
    "ShadowModelAttack",
    "best_threshold",
    "class_thresholds",
    "privacy_risk_scores",
]
