"""Samplers that select training records, with imbalanced-learn's API.

They give a data set a property that leakage may depend on, or drop the records that an attack
finds. All of them select rows and never make any.
"""

from skmia.sampling._class_balance import ClassBalanceSampler
from skmia.sampling._entropy import EntropySampler
from skmia.sampling._feature_balance import FeatureBalanceSampler
from skmia.sampling._group_balance import GroupBalanceSampler
from skmia.sampling._vulnerable import VulnerableUnderSampler

__all__ = [
    "ClassBalanceSampler",
    "EntropySampler",
    "FeatureBalanceSampler",
    "GroupBalanceSampler",
    "VulnerableUnderSampler",
]
