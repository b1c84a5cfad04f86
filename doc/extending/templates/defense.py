"""A defense at training time: a step is taken only where the batch's loss is above a floor."""

from numbers import Real
from typing import ClassVar

from skmia.neural_network import Defense
from skmia.utils._sklearn import Interval


class LossFloor(Defense):
    """Keep the loss of training records from falling below a floor (Ishida et al. 2020)."""

    _parameter_constraints: ClassVar[dict] = {"floor": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, floor=0.1):
        self.floor = floor

    def loss(self, net, logits, y):
        """Return the distance of the loss from the floor, plus the floor."""
        return (super().loss(net, logits, y) - self.floor).abs() + self.floor
