"""Small networks and data for the tests of this folder."""

import numpy as np
import torch
from sklearn.datasets import load_breast_cancer
from sklearn.preprocessing import scale

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)
X32 = X.astype(np.float32)


class Linear(torch.nn.Module):
    """A layer and dropout, with torch's global generator."""

    def __init__(self, n_classes=2, dropout=0.0):
        super().__init__()
        self.layer = torch.nn.Linear(30, n_classes)
        self.dropout = torch.nn.Dropout(dropout)

    def forward(self, X):
        return self.layer(self.dropout(X))


def parameters_of(net):
    """Return all parameters of a fitted network in one vector."""
    module = getattr(net, "net_", net).module_
    return torch.cat([parameter.detach().ravel() for parameter in module.parameters()])
