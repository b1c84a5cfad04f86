"""Rows of a network's training and held-out records that leakage is measured on."""

from typing import NamedTuple

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.dataset import unpack_data
from skorch.utils import to_numpy
from torch.utils.data import Subset

from skmia._records import (
    draw_per_class,
    fingerprint,
    fingerprint_both,
    matched_classes,
    ranks_within,
)
from skmia.neural_network._batches import whole_and_rows

__all__ = ["MeasuredRows", "draw_rows"]


class MeasuredRows(NamedTuple):
    """As many members as non-members of each label: rows, not records.

    Attributes
    ----------
    rows : tuple of list
        Rows of the members, counted in the records trained on, and rows of the non-members,
        counted in those held out.
    labels : ndarray of int, shape (2 * n_rows,)
        Their labels, members first.
    half : ndarray of bool, shape (2 * n_rows,)
        The half of each; both halves hold as many members as non-members of each label.
    """

    rows: tuple
    labels: np.ndarray
    half: np.ndarray

    @property
    def membership(self):
        """Return 1 for each member and 0 for each non-member.

        Returns
        -------
        ndarray of int, shape (2 * n_rows,)
            The membership.
        """
        return np.repeat([1, 0], len(self.labels) // 2)

    def answers(self, net, datasets):
        """Return what the network reveals of the rows.

        Parameters
        ----------
        net : skorch.NeuralNetClassifier
            The network.
        datasets : tuple of torch Dataset
            What is trained on, and what is held out.

        Returns
        -------
        ndarray of shape (2 * n_rows, n_classes)
            Probabilities, members first.
        """
        parts = [Subset(dataset, rows) for dataset, rows in zip(datasets, self.rows, strict=True)]
        return np.concatenate([net.predict_proba(part) for part in parts])


def draw_rows(net, datasets, n_records, rng):
    """Draw the rows to measure on.

    Parameters
    ----------
    net : skorch.NeuralNetClassifier
        The network, which knows how to read the records.
    datasets : tuple of torch Dataset
        What is trained on, and what is held out.
    n_records : int
        Members at most, and non-members at most.
    rng : RandomState
        What draws them.

    Returns
    -------
    MeasuredRows
        The rows.

    Raises
    ------
    ValueError
        If there are not two of each side.
    """
    kept = [np.flatnonzero(~twin) for twin in _twins(datasets)]
    labels = [_labels(net, data)[rows] for data, rows in zip(datasets, kept, strict=True)]
    codes, quota = matched_classes(*labels)
    quota = _at_most(n_records, quota)
    if quota.sum() < 2:
        raise ValueError(
            "Leakage is measured on at least two members and two non-members of the same labels, "
            f"but {len(kept[0])} records that are trained on and {len(kept[1])} that are held out, "
            f"those with a twin on the other side left out, have {quota.sum()} in common. Hold out "
            "more: a larger validation_fraction, or another train_split."
        )
    drawn, places = zip(*(_draw(side, quota, rng) for side in codes), strict=True)
    return MeasuredRows(
        tuple(rows[d].tolist() for rows, d in zip(kept, drawn, strict=True)),
        np.concatenate([y[d] for y, d in zip(labels, drawn, strict=True)]).astype(np.intp),
        np.concatenate(places) % 2 == 1,
    )


def _draw(codes, quota, rng):
    """Return rows in their order, `quota` of each code, with their places in the order of codes."""
    rows, ranks = draw_per_class(codes, quota, rng)
    # alternate places are alternate halves, on both sides alike
    return rows, (np.cumsum(quota) - quota)[codes[rows]] + ranks


def _at_most(total, quota):
    """Lower the quota of each class in proportion, by the method of Sainte-Laguë."""
    codes = np.repeat(np.arange(len(quota)), quota)
    turn = (ranks_within(codes, np.arange(len(codes))) + 0.5) / quota[codes]
    first = np.argsort(turn, kind="stable")[:total]
    return np.bincount(codes[first], minlength=len(quota))


def _labels(net, dataset):
    batches = net.get_iterator(dataset, training=False)
    return np.concatenate([np.asarray(to_numpy(unpack_data(batch)[1])) for batch in batches])


def _twins(datasets):
    """Tell which records have a twin on the other side, None of those that are no tables."""
    wholes, rows = zip(*map(whole_and_rows, datasets), strict=True)
    tables = [_table(whole) for whole in wholes]
    if any(table is None for table in tables):
        return [np.zeros(len(dataset), dtype=bool) for dataset in datasets]
    if wholes[0] is wholes[1]:
        prints = [fingerprint(*tables[0])] * 2
    else:
        prints = fingerprint_both(*tables[0], *tables[1])
    prints = [p if r is None else p[r] for p, r in zip(prints, rows, strict=True)]
    return np.isin(prints[0], prints[1]), np.isin(prints[1], prints[0])


def _table(dataset):
    """Return records and labels, None where the data set does not hold them as arrays."""
    X, y = getattr(dataset, "X", None), getattr(dataset, "y", None)
    if y is None or not (issparse(X) or isinstance(X, np.ndarray | torch.Tensor)):
        return None
    return X if issparse(X) else to_numpy(X), to_numpy(y)
