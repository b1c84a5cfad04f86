"""Penalties of the parameters that grow with a property of the classifier."""

import math
from abc import abstractmethod
from collections import deque
from contextlib import contextmanager
from numbers import Integral, Real
from typing import ClassVar

import torch

from skmia.neural_network._penalty import Penalty, penalized_parameters, size_of
from skmia.utils._sklearn import Interval, StrOptions


class PropertyPenalty(Penalty):
    """Base of the penalties of Tonni et al.: Algorithm 1 for any property r of the classifier.

    A subclass writes `hard_property`, which is measured, and `soft_property`, which has gradients.
    By `form` the penalty is the sum of the parameters' absolute values times e to the power of r,
    the sum of their squares times r, or r itself. In the first two, `detach` makes r a constant.
    """

    _shared_docstring = r"""
    Parameters
    ----------
    penalty_form : {"absolute", "squared", "direct"}
        The penalty: "absolute" is the one above, Algorithm 1 of the paper; "squared" is its variant
        :math:`\lambda r \sum_j \theta_j^2`, which vanishes for r = 0; "direct" is
        :math:`\lambda r` itself, with gradients. Where r is at most 1, "direct" needs a weight of
        about 0.1 to 10.
    detach : bool
        Whether r is a constant in the first two forms, measured without gradients as in the paper.
        If False, r comes from each batch, with gradients, so that the penalty lowers it too.
    n_measurements : int
        How often a constant r is measured in an epoch, at evenly spaced steps. The penalty uses the
        largest of that many last values.
    n_records : int
        Training records drawn for a measurement, at least 2; all if there are fewer.
    """
    needs_rows = True
    _parameter_constraints: ClassVar[dict] = {
        "weight": [Interval(Real, 0, None, closed="left")],
        "penalty_form": [StrOptions({"absolute", "squared", "direct"})],
        "detach": ["boolean"],
        "n_measurements": [Interval(Integral, 1, None, closed="left")],
        "n_records": [Interval(Integral, 2, None, closed="left")],
        "penalize_bias": ["boolean"],
    }

    def __init__(
        self,
        weight=1e-3,
        *,
        penalty_form="absolute",
        detach=True,
        n_measurements=5,
        n_records=1000,
        penalize_bias=False,
    ):
        self.weight = weight
        self.penalty_form = penalty_form
        self.detach = detach
        self.n_measurements = n_measurements
        self.n_records = n_records
        self.penalize_bias = penalize_bias

    @abstractmethod
    def hard_property(self, net, rows):
        """Return the property as it is measured on some rows; the module is in evaluation mode."""

    @abstractmethod
    def soft_property(self, net, logits, y):
        """Return the property of the present batch, with gradients."""

    def begin(self, net):
        """Take the parameters, and forget earlier measurements."""
        self.parameters_ = penalized_parameters(net, self.penalize_bias)
        self.generator_ = net.training.new_generator()
        self._measurements = deque(maxlen=self.n_measurements)
        self._n_steps = 0
        self._batch = None

    def value(self, net, logits, y):
        """Return the penalty of a batch."""
        r = self._measured(net) if self._is_constant else self.soft_property(net, logits, y)
        if self.penalty_form == "direct":
            return r
        if self.penalty_form == "squared":
            return r * size_of(self.parameters_, 2)
        # the paper's lambda e^r lies between lambda and lambda e, for r in [0, 1]
        growth = math.exp(r) if self._is_constant else r.exp()
        return growth * size_of(self.parameters_, 1)

    def end_epoch(self, net):
        """Return the property in use or, where it has gradients, one measurement."""
        if not self._is_constant:
            return self._measure(net)
        if not self._n_steps:  # no step asked for it, since the weight is 0
            self._measurements.extend(self._measure(net) for _ in range(self.n_measurements))
        self._n_steps = 0
        return max(self._measurements)

    @property
    def _is_constant(self):
        return self.detach and self.penalty_form != "direct"

    def _measured(self, net):
        """Return the largest of the last measurements, after a new one where it is due."""
        batches = net.training.batches
        if batches.rows is not self._batch:  # an optimizer may ask more than once in a step
            self._batch = batches.rows
            # true in as many steps of an epoch as there are measurements, evenly spaced
            if self._n_steps * self.n_measurements % len(batches) < self.n_measurements:
                self._measurements.append(self._measure(net))
            self._n_steps += 1
        # Algorithm 1 takes the largest of its l measurements
        return max(self._measurements)

    def _measure(self, net):
        with torch.no_grad(), _evaluation_mode(net.module_):
            return float(self.hard_property(net, self._draw(net.training.rows)))

    def _draw(self, rows):
        if len(rows) <= self.n_records:
            return rows
        return rows[torch.randperm(len(rows), generator=self.generator_)[: self.n_records].numpy()]


@contextmanager
def _evaluation_mode(module):
    """Set a module and all its parts to evaluation, and back to what each was."""
    # part by part: a user may have frozen some, which train() would set to training
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode
