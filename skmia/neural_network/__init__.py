"""Networks whose training resists membership inference, through torch and skorch.

They need the extra ``nets``: ``pip install skmia[nets]``.
"""

from skmia.neural_network._defense import Defense
from skmia.neural_network._mlp_classifier import RegularizedMLPClassifier
from skmia.neural_network._net import RegularizedNet
from skmia.neural_network._norm_penalties import L1, L2
from skmia.neural_network._penalty import Penalty

__all__ = [
    "L1",
    "L2",
    "Defense",
    "Penalty",
    "RegularizedMLPClassifier",
    "RegularizedNet",
]
