"""Networks whose training resists membership inference, through torch and skorch.

They need the extra ``nets``: ``pip install skmia[nets]``.
"""

import importlib.util

if missing := [name for name in ("torch", "skorch") if importlib.util.find_spec(name) is None]:
    raise ImportError(
        f"skmia.neural_network needs {' and '.join(missing)}: `pip install skmia[nets]`."
    )

from skmia.neural_network._adversarial_regularization import AdversarialRegularization
from skmia.neural_network._defense import Defense
from skmia.neural_network._dp_sgd import DPSGD
from skmia.neural_network._fairness_penalties import (
    GroupFairness,
    IndividualFairness,
    PredictiveFairness,
)
from skmia.neural_network._hamp import HAMP
from skmia.neural_network._membership_scoring import MembershipScoring
from skmia.neural_network._mixup import MixupMMD
from skmia.neural_network._mlp_classifier import RegularizedMLPClassifier
from skmia.neural_network._mutual_information import MutualInformation
from skmia.neural_network._net import RegularizedNet
from skmia.neural_network._penalty import L1, L2, Penalty
from skmia.neural_network._soft_labels import ConfidencePenalty, LabelSmoothing, RelaxLoss

__all__ = [
    "DPSGD",
    "HAMP",
    "L1",
    "L2",
    "AdversarialRegularization",
    "ConfidencePenalty",
    "Defense",
    "GroupFairness",
    "IndividualFairness",
    "LabelSmoothing",
    "MembershipScoring",
    "MixupMMD",
    "MutualInformation",
    "Penalty",
    "PredictiveFairness",
    "RegularizedMLPClassifier",
    "RegularizedNet",
    "RelaxLoss",
]
