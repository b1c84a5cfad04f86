"""A multilayer perceptron whose chance comes from a generator of its own."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils import skip_init

ACTIVATIONS = {"identity": nn.Identity, "logistic": nn.Sigmoid, "relu": nn.ReLU, "tanh": nn.Tanh}


class MLP(nn.Sequential):
    """Linear layers with activations, and dropout after each hidden layer; it returns logits."""

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
        layers = []
        width = n_features
        for size in hidden_layer_sizes:
            layers += [_linear(width, size, dtype, generator), ACTIVATIONS[activation]()]
            layers += [Dropout(dropout, generator)] if dropout else []
            width = size
        super().__init__(*layers, _linear(width, n_classes, dtype, generator))


class Dropout(nn.Module):
    """Leave units out by chance, drawn on the CPU by a generator of its own."""

    def __init__(self, share, generator):
        super().__init__()
        self.share = share
        self.generator = generator

    def forward(self, hidden):
        """Return the activations; training sets some to 0 and enlarges the others."""
        if not self.training:
            return hidden
        # drawn on the CPU, so that equal seeds leave the same units out on every device
        kept = torch.empty(hidden.shape, dtype=hidden.dtype, device="cpu")
        kept.bernoulli_(1 - self.share, generator=self.generator)
        return hidden * kept.to(hidden.device) / (1 - self.share)


def layer_sizes(name, sizes, *, least=0):
    """Return sizes of layers as a tuple of integers; refuse others than at least 1, and too few."""
    # tolist turns NumPy's integers into Python's, and a single number into no list
    values = np.asarray(sizes).tolist()
    wrong = not isinstance(values, list) or len(values) < least
    if wrong or not all(isinstance(value, int) and value > 0 for value in values):
        raise ValueError(
            f"{name} must hold integers of at least 1, one for each layer, got {sizes!r}."
        )
    return tuple(values)


def _linear(n_inputs, n_outputs, dtype, generator):
    """Return a layer with the initial weights of torch's own, drawn by the generator."""
    # torch's own initialization would draw from the global generator
    layer = skip_init(nn.Linear, n_inputs, n_outputs, dtype=dtype)
    bound = n_inputs**-0.5  # what torch's Kaiming bound with a = sqrt(5) comes to
    for parameter in (layer.weight, layer.bias):
        nn.init.uniform_(parameter, -bound, bound, generator=generator)
    return layer
