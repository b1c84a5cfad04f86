"""A penalty: the mean size of the logits, which confident answers need."""

from numbers import Real
from typing import ClassVar

from skmia.neural_network import Penalty
from skmia.utils._sklearn import Interval


class LogitSize(Penalty):
    """Penalize the mean square of the logits."""

    _parameter_constraints: ClassVar[dict] = {"weight": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, weight=0.01):
        self.weight = weight

    def value(self, net, logits, y):
        """Return the mean square."""
        return (logits**2).mean()
