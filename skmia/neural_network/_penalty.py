"""What a penalty is, those of the parameters' size, and the base of those of a property."""

import math
from abc import ABC, abstractmethod
from collections import deque
from contextlib import contextmanager
from functools import reduce
from numbers import Integral, Real
from typing import ClassVar

import torch
from sklearn.base import BaseEstimator

from skmia.utils._docstrings import SharesDocstring
from skmia.utils._sklearn import Interval, StrOptions


class Penalty(SharesDocstring, BaseEstimator, ABC):
    """Base of all penalties.

    Subclass it, write `value`, and give it a parameter `weight`; with a weight of 0, the network
    does not ask for `value`. The network clones its penalties before it is trained, so they may
    keep what they need as attributes, and drops the clones afterwards. All methods get the network
    `net`, a :class:`RegularizedNet` whose `training` holds the records.

    Attributes
    ----------
    needs_probabilities : bool
        True if `value` takes the softmax of the logits for probabilities. The network then refuses
        another criterion than the cross entropy. Set it in the class; False by default.
    needs_rows : bool
        True if `value` asks for the batches of an epoch and the rows of each,
        ``net.training.batches``. The network then refuses batches that do not tell their rows. Set
        it in the class; False by default.
    """

    _shared_docstring = r"""
    Parameters
    ----------
    weight : float
        The factor :math:`\lambda`, at least 0. With 0 the property is only measured.
    penalize_bias : bool
        Whether :math:`\theta` includes biases.
    """
    _parameter_constraints: ClassVar[dict] = {}
    needs_probabilities = False
    needs_rows = False

    def begin(self, net):  # numpydoc ignore=PR01
        """Prepare for training."""

    @abstractmethod
    def value(self, net, logits, y):
        """Return what the weight multiplies.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module returned for the records of a batch, before the softmax.
        y : torch.Tensor of shape (n_records,)
            Their labels, from 0 on.

        Returns
        -------
        torch.Tensor
            One number, with gradients.
        """

    def end_epoch(self, net):  # numpydoc ignore=PR01,RT01
        """Return the number that the history should hold of the epoch, None for nothing."""


def penalized_parameters(net, penalize_bias):
    """Return the trainable parameters to penalize, with biases or without."""
    parameters = (p for p in net.module_.parameters() if p.requires_grad)
    return [p for p in parameters if penalize_bias or p.ndim > 1]  # biases have one dimension


def size_of(parameters, power):
    """Return the sum of the parameters' absolute values (power 1) or squares (power 2)."""
    if not parameters:
        raise ValueError(
            "The module has no trainable parameters of two dimensions or more to penalize; "
            "penalize_bias=True takes those of one, too."
        )
    # term by term, since the parameters have different shapes
    terms = (p.abs().sum() if power == 1 else p.square().sum() for p in parameters)
    return reduce(torch.add, terms)


class PropertyPenalty(Penalty):
    """Base of the penalties of Tonni et al.: Algorithm 1 for any property r of the classifier.

    A subclass writes `hard_property`, which is measured, and `soft_property`, which has gradients.
    By `penalty_form` it is the sum of the parameters' absolute values times e to the power of r,
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
        self.parameters_ = penalized_parameters(net, self.penalize_bias)
        self.generator_ = net.training.new_generator()
        self._measurements = deque(maxlen=self.n_measurements)
        self._n_steps = 0
        self._batch = None

    def value(self, net, logits, y):
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


class L1(Penalty):
    r"""Penalize the sum of the parameters' absolute values.

    .. math:: \lambda \sum_j |\theta_j|

    where :math:`\theta` are the parameters.

    Parameters
    ----------
    weight : float, default=0.0001
        The factor :math:`\lambda`, at least 0.

    References
    ----------
    .. [1] S. M. Tonni et al., "Data and model dependencies of membership inference attack", 2020,
       arXiv:2002.06856, where it is one of the defenses.

    Examples
    --------
    >>> from skmia.neural_network import L1, RegularizedMLPClassifier
    >>> net = RegularizedMLPClassifier(penalties=[L1()]).set_params(penalties__l1__weight=0.001)
    >>> net.penalties
    [L1(weight=0.001)]
    """

    _parameter_constraints: ClassVar[dict] = {
        "weight": [Interval(Real, 0, None, closed="left")],
        "penalize_bias": ["boolean"],
    }

    def __init__(self, weight=1e-4, *, penalize_bias=False):
        self.weight = weight
        self.penalize_bias = penalize_bias

    def begin(self, net):
        """Take the parameters."""
        self.parameters_ = penalized_parameters(net, self.penalize_bias)

    def value(self, net, logits, y):
        """Return the sum of the absolute values."""
        return size_of(self.parameters_, 1)


class L2(L1):
    r"""Penalize the sum of the parameters' squares.

    .. math:: \lambda \sum_j \theta_j^2

    where :math:`\theta` are the parameters. The `weight_decay` of torch's optimizers is half of
    this sum, biases included.

    Parameters
    ----------
    weight : float, default=0.0001
        The factor :math:`\lambda`, at least 0.

    Examples
    --------
    >>> from skmia.neural_network import L2, RegularizedMLPClassifier
    >>> net = RegularizedMLPClassifier(penalties=[L2()]).set_params(penalties__l2__weight=0.01)
    >>> net.penalties
    [L2(weight=0.01)]
    """

    def value(self, net, logits, y):
        """Return the sum of the squares."""
        return size_of(self.parameters_, 2)
