"""A multilayer perceptron whose chance comes from a generator of its own."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import skip_init

__all__ = ["ACTIVATIONS", "MLP", "layer_sizes"]

ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}


class MLP(nn.Sequential):
    """Linear layers with activations, and dropout after each hidden layer.

    Parameters
    ----------
    n_features : int
        Numbers in a record.
    n_classes : int
        Logits returned.
    hidden_layer_sizes : tuple of int, default=(100,)
        Units of each hidden layer.
    activation : {"identity", "logistic", "relu", "tanh"}, default="relu"
        The activation of hidden units.
    dropout : float, default=0.0
        Share of the hidden units left out in each step of training, in [0, 1).
    dtype : torch.dtype, default=torch.float32
        The type of the parameters.
    generator : torch.Generator, default=None
        What draws initial weights and dropout, on the CPU; by default torch's global one.
    """

    def __init__(
        self,
        n_features,
        n_classes,
        hidden_layer_sizes=(100,),
        activation="relu",
        dropout=0.0,
        dtype=torch.float32,
        generator=None,
    ):
        layers, width = [], n_features
        for size in hidden_layer_sizes:
            layers += [_linear(width, size, dtype, generator), ACTIVATIONS[activation]()]
            layers += [Dropout(dropout, generator)] if dropout else []
            width = size
        super().__init__(*layers, _linear(width, n_classes, dtype, generator))


class Dropout(nn.Module):
    """Leave units out by chance, with a generator of its own.

    Parameters
    ----------
    share : float
        Share of the units left out.
    generator : torch.Generator or None
        What draws them, on the CPU whatever the device of the activations.
    """

    def __init__(self, share, generator):
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, hidden):
        """Return the activations, in training with some set to 0 and the others enlarged.

        Parameters
        ----------
        hidden : torch.Tensor
            Activations.

        Returns
        -------
        torch.Tensor
            The same in the mean.
        """
        if not self.training:
            return hidden
        kept = torch.empty(hidden.shape, dtype=hidden.dtype, device="cpu")
        kept.bernoulli_(1 - self.share, generator=self.generator)
        return hidden * kept.to(hidden.device) / (1 - self.share)


def layer_sizes(name, sizes, *, least=0):
    """Check the sizes of layers.

    Parameters
    ----------
    name : str
        The parameter, for the message.
    sizes : array-like of int
        Units of each layer.
    least : int, default=0
        Layers at least.

    Returns
    -------
    tuple of int
        The sizes.

    Raises
    ------
    ValueError
        If they are no integers of at least 1, or too few.
    """
    values = np.asarray(sizes).tolist()
    wrong = not isinstance(values, list) or len(values) < least
    if wrong or not all(isinstance(value, int) and value > 0 for value in values):
        raise ValueError(
            f"{name} must hold integers of at least 1, one for each layer, got {sizes!r}."
        )
    return tuple(values)


def _linear(n_inputs, n_outputs, dtype, generator):
    """Return a layer with the initial weights of torch's own, drawn by the generator."""
    layer = skip_init(nn.Linear, n_inputs, n_outputs, dtype=dtype)
    bound = n_inputs**-0.5
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return layer
