"""Penalties of the size of the parameters."""

from numbers import Real
from typing import ClassVar

from skmia.neural_network._penalty import Penalty, penalized_parameters, size_of
from skmia.utils._sklearn import Interval


class L1(Penalty):
    r"""Penalize the sum of the parameters' absolute values.

    .. math:: \lambda \sum_j |\theta_j|

    where :math:`\theta` are the parameters.

    Parameters
    ----------
    weight : float, default=0.0001
        The factor :math:`\lambda`, at least 0.

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

    __init__ = L1.__init__  # named here, so that the docstring takes its parameters

    def value(self, net, logits, y):
        """Return the sum of the squares."""
        return size_of(self.parameters_, 2)
