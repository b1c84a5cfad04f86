"""Random records that look like those of a table, column by column."""

import torch

from skmia.neural_network._table import row_batches, take

__all__ = ["random_records"]


def random_records(net, n_records, generator):
    """Draw records within the ranges of the columns that a network is trained on.

    A number is uniform between the least and the largest of its column; in a column of two values,
    it is one of them. Columns are independent.

    Parameters
    ----------
    net : RegularizedNet
        The network, whose `training` tells the records.
    n_records : int
        Records to draw.
    generator : torch.Generator
        What draws them.

    Returns
    -------
    torch.Tensor of shape (n_records, ...)
        The records.
    """
    low, high, binary = _ranges(net)
    share = torch.rand((n_records, *low.shape), generator=generator, dtype=torch.float64)
    share = share.to(low.device)
    share, dtype = torch.where(binary, share.round(), share), low.dtype
    if low.is_floating_point():
        return torch.lerp(low, high, share.to(low))
    low, high = low.double(), high.double()
    return torch.minimum(low + torch.floor(share * (high - low + 1)), high).to(dtype)


def _ranges(net):
    """Return least and largest values of the columns, and which columns hold no others."""
    low = high = None
    for rows in row_batches(net, net.training.rows):
        X, _ = take(net, rows)
        least, largest = X.amin(dim=0), X.amax(dim=0)
        low = least if low is None else torch.minimum(low, least)
        high = largest if high is None else torch.maximum(high, largest)
    binary = torch.ones_like(low, dtype=torch.bool)
    for rows in row_batches(net, net.training.rows):
        X, _ = take(net, rows)
        binary &= (low.eq(X) | high.eq(X)).all(dim=0)
    return low, high, binary
