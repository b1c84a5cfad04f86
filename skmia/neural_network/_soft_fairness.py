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

    Parameters
    ----------
    proba : torch.Tensor of shape (n_records, n_classes)
        Probabilities.
    groups : ndarray of int, shape (n_records,)
        Each record's group, from 0 on. Groups without records are left out.
    n_groups : int
        Number of groups.

    Returns
    -------
    torch.Tensor
        One number, 0 if there are fewer than two groups.
    """
    n_classes = proba.shape[1]
    cells = groups[:, None] * n_classes + np.arange(n_classes)
    return _largest_gap(proba, cells, (n_groups, n_classes))


def equal_opportunity(proba, y, groups, n_groups):
    """Return the same of the records of each true class, of which the class's own probability.

    Parameters
    ----------
    proba : torch.Tensor of shape (n_records, n_classes)
        Probabilities.
    y : torch.Tensor of int, shape (n_records,)
        True classes, from 0 on. A class that a group has no records of has no rate there.
    groups : ndarray of int, shape (n_records,)
        Each record's group, from 0 on.
    n_groups : int
        Number of groups.

    Returns
    -------
    torch.Tensor
        One number, 0 if no two groups have a class in common.
    """
    n_classes = proba.shape[1]
    own = proba.gather(1, y[:, None])
    cells = groups * n_classes + y.numpy(force=True)
    return _largest_gap(own, cells[:, None], (n_groups, n_classes))


def individual_fairness(proba, shares, order):
    """Return how far distances of probabilities are from distances of shares, in the mean.

    Parameters
    ----------
    proba : torch.Tensor of shape (n_records, n_classes)
        Probabilities.
    shares : ndarray of shape (n_records,)
        The share of all records that is in the group of each record.
    order : ndarray of int, shape (n_records,)
        All records in any order; each is paired with the one before, and the first with the last.

    Returns
    -------
    torch.Tensor
        One number, 0 if there are no pairs.
    """
    values = proba.numpy(force=True)
    before = order[np.arange(len(order)) - 1]
    differences = values[order] - values[before]
    distances = np.abs(shares[order] - shares[before])
    signs = np.sign(np.abs(differences).mean(axis=1) - distances) / max(len(order), 1)
    terms = signs[:, None] * np.sign(differences) / values.shape[1]
    slopes = np.zeros(values.shape)
    slopes[order] = terms
    slopes[before] -= terms
    return _sum(slopes, proba) - float(signs @ distances)


def _largest_gap(numbers, cells, shape):
    """Return the largest mean difference of two rows of the means of numbers by cell."""
    n_cells = shape[0] * shape[1]
    sizes = np.bincount(cells.ravel(), minlength=n_cells)
    sums = np.bincount(cells.ravel(), numbers.numpy(force=True).ravel(), minlength=n_cells)
    means = sums / np.maximum(sizes, 1)
    slopes = _slopes(means.reshape(shape), sizes.reshape(shape)).ravel()
    return _sum(slopes[cells], numbers)


def _slopes(means, sizes):
    """Return how the largest mean difference of two rows changes with each number of a cell."""
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
