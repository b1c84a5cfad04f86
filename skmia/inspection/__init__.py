"""Displays: what an attack finds, and what a search trades for privacy, as figures.

As in scikit-learn, the class methods ``from_...`` compute and draw, the display stores what was
computed, and ``plot`` draws it again. Only drawing needs matplotlib: ``pip install "skmia[plot]"``.
"""

from skmia.inspection._exposure import ExposureReport, explain_exposure
from skmia.inspection._exposure_display import ExposureDisplay
from skmia.inspection._membership_roc import MembershipRocDisplay
from skmia.inspection._score_distribution import ScoreDistributionDisplay
from skmia.inspection._tradeoff_display import TradeoffDisplay
from skmia.inspection._training_history import TrainingHistoryDisplay

__all__ = [
    "ExposureDisplay",
    "ExposureReport",
    "MembershipRocDisplay",
    "ScoreDistributionDisplay",
    "TradeoffDisplay",
    "TrainingHistoryDisplay",
    "explain_exposure",
]
