"""What a penalty is: a term of the loss with a weight of its own."""

from abc import ABC, abstractmethod
from functools import reduce
from typing import ClassVar

import torch
from sklearn.base import BaseEstimator

__all__ = ["Penalty", "penalized_parameters", "size_of"]


class Penalty(BaseEstimator, ABC):
    """Base of all penalties.

    A network clones its penalties before it is trained, so that they may keep what they need as
    attributes, and drops the clones afterwards. An author writes `value`. Each penalty has a
    parameter `weight`; with a weight of 0, `value` is not asked for.

    Attributes
    ----------
    needs_probabilities : bool
        True if `value` takes the softmax of the logits for probabilities. The network then refuses
        another criterion than the cross entropy. An author sets it in the class; False by default.
    needs_rows : bool
        True if `value` asks for the batches of an epoch and the rows of each,
        ``net.training.batches``. The network then refuses batches that do not tell their rows. An
        author sets it in the class; False by default.
    """

    _parameter_constraints: ClassVar[dict] = {}
    needs_probabilities = False
    needs_rows = False

    def begin(self, net):
        """Prepare for training.

        Parameters
        ----------
        net : RegularizedNet
            The network, whose `training` tells the records.
        """

    @abstractmethod
    def value(self, net, logits, y):
        """Return what the weight multiplies.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module says of the records of a batch, before the softmax.
        y : torch.Tensor of shape (n_records,)
            Their labels, from 0 on.

        Returns
        -------
        torch.Tensor
            One number, with gradients.
        """

    def end_epoch(self, net):
        """Return what the history should hold of the epoch, None for nothing.

        Parameters
        ----------
        net : RegularizedNet
            The network.

        Returns
        -------
        float or None
            The quantity that the penalty is about.
        """


def penalized_parameters(net, penalize_bias):
    """Return the parameters of the module that are penalized.

    Parameters
    ----------
    net : RegularizedNet
        The network.
    penalize_bias : bool
        Whether biases are, too: parameters of one dimension.

    Returns
    -------
    list of torch.nn.Parameter
        The parameters.
    """
    parameters = (p for p in net.module_.parameters() if p.requires_grad)
    return [p for p in parameters if penalize_bias or p.ndim > 1]


def size_of(parameters, power):
    """Return the sum of the absolute values or of the squares of parameters.

    Parameters
    ----------
    parameters : list of torch.nn.Parameter
        The parameters.
    power : {1, 2}
        1 for absolute values, 2 for squares.

    Returns
    -------
    torch.Tensor
        One number, with gradients.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not parameters:
        raise ValueError(
            "The module has no trainable parameters of two dimensions or more to penalize; "
            "penalize_bias=True takes those of one, too."
        )
    terms = (p.abs().sum() if power == 1 else p.square().sum() for p in parameters)
    return reduce(torch.add, terms)
