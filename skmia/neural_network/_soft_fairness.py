"""Fairness between groups as functions of probabilities, with gradients.

Of the one-hot vectors of predicted labels they are the metrics of :mod:`skmia.metrics`. Each is
linear in the probabilities while no sign changes and the same two groups differ most. Its slopes
are found without gradients, by NumPy, which is several times as fast for arrays of this size.
"""

import numpy as np
import torch

__all__ = ["demographic_parity", "equal_opportunity", "individual_fairness"]


def demographic_parity(proba, groups, n_groups):
    """Return the largest mean difference between the mean probabilities of two groups.

    Groups without records are left out; with fewer than two others it is 0.
    """
    n_classes = proba.shape[1]
    # a cell is a group and a label; each record counts in all cells of its group
    cells = groups[:, None] * n_classes + np.arange(n_classes)
    return _largest_gap(proba, cells, (n_groups, n_classes))


def equal_opportunity(proba, y, groups, n_groups):
    """Return the same of the records of each true class, of which the class's own probability.

    A class that a group has no records of has no rate there; it is 0 if no two groups share one.
    """
    n_classes = proba.shape[1]
    own = proba.gather(1, y[:, None])
    # here each record counts in one cell, that of its group and true class
    cells = groups * n_classes + y.numpy(force=True)
    return _largest_gap(own, cells[:, None], (n_groups, n_classes))


def individual_fairness(proba, shares, order):
    """Return how far distances of probabilities are from distances of shares, in the mean.

    Each record is paired with the one before it in `order`, and the first with the last; `shares`
    are those of the groups that the records are in. Without pairs it is 0.
    """
    values = proba.numpy(force=True)
    before = order[np.arange(len(order)) - 1]
    differences = values[order] - values[before]
    distances = np.abs(shares[order] - shares[before])
    # of |mean |p - p'| - d| the slope is the sign outside times each sign inside
    signs = np.sign(np.abs(differences).mean(axis=1) - distances) / max(len(order), 1)
    terms = signs[:, None] * np.sign(differences) / values.shape[1]
    slopes = np.zeros(values.shape)
    # each record is once the later of a pair and once the earlier
    slopes[order] = terms
    slopes[before] -= terms
    return _sum(slopes, proba) - float(signs @ distances)


def _largest_gap(numbers, cells, shape):
    """Return the largest mean difference of two rows of the means of numbers by cell."""
    n_cells = shape[0] * shape[1]
    sizes = np.bincount(cells.ravel(), minlength=n_cells)
    sums = np.bincount(cells.ravel(), numbers.numpy(force=True).ravel(), minlength=n_cells)
    means = sums / np.maximum(sizes, 1)  # of an empty cell any number, which `_slopes` leaves out
    slopes = _slopes(means.reshape(shape), sizes.reshape(shape)).ravel()
    return _sum(slopes[cells], numbers)


def _slopes(means, sizes):
    """Return how the largest mean difference of two rows changes with each number of a cell."""
    # labels that both rows have records of; all others have no rate to compare
    both = (sizes[:, None] > 0) & (sizes > 0)
    n_both = np.maximum(both.sum(axis=2), 1)
    differences = (means[:, None] - means) * both
    i, j = divmod(int((np.abs(differences).sum(axis=2) / n_both).argmax()), len(means))
    terms = np.sign(differences[i, j]) / n_both[i, j]
    slopes = np.zeros(means.shape)
    slopes[i] = terms / np.maximum(sizes[i], 1)
    slopes[j] = -terms / np.maximum(sizes[j], 1)
    return slopes


def _sum(slopes, numbers):
    return (torch.from_numpy(slopes).to(numbers) * numbers).sum()
