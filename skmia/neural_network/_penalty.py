"""What a penalty is: a term of the loss with a weight of its own."""

from abc import ABC, abstractmethod
from functools import reduce
from typing import ClassVar

import torch
from sklearn.base import BaseEstimator

from skmia.utils._docstrings import SharesDocstring


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
