"""L1 and L2: sums over the parameters, and the slope of one step."""

import numpy as np
import pytest
import torch
from networks import X, Y
from torch import nn

from skmia.neural_network import L1, L2, RegularizedNet

SIZES = {L1: np.abs, L2: np.square}
SLOPES = {L1: np.sign, L2: lambda values: 2 * values}


def after_one_step(module, penalties):
    """Return the parameters after a step of plain gradient descent on all records."""
    net = RegularizedNet(
        module, penalties=penalties, lr=1.0, max_epochs=1, batch_size=-1, verbose=0
    ).fit(X, Y)
    return net, [parameter.detach().numpy() for parameter in net.module_.parameters()]


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("penalty", [L1, L2])
def test_value_and_slope(penalty, penalize_bias):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(30, 3), nn.Tanh(), nn.Linear(3, 2)).double()
    module[0].weight.data[0, 0] = 0  # where the absolute value has no slope
    plain, without = after_one_step(module, None)
    net, found = after_one_step(module, [penalty(0.3, penalize_bias=penalize_bias)])
    size = 0.0
    for parameter, old, new in zip(module.parameters(), without, found, strict=True):
        values = parameter.detach().numpy()
        counts = values.ndim > 1 or penalize_bias
        size += counts * sum(SIZES[penalty](value) for value in values.ravel())
        slope = 0.3 * SLOPES[penalty](values) * counts
        np.testing.assert_allclose(old - new, slope, atol=1e-12)
    losses = [trained.history[0, "train_loss"] for trained in (plain, net)]
    assert losses[1] - losses[0] == pytest.approx(0.3 * size)
