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

    `rows` is a pair: the members', counted in the records trained on, and the non-members', counted
    in those held out. `labels` has the members' first; `half` marks a half of both sides that holds
    as many members as non-members of each label, and so does the rest.
    """

    rows: tuple
    labels: np.ndarray
    half: np.ndarray

    @property
    def membership(self):
        """Return 1 for each member and 0 for each non-member, members first."""
        return np.repeat([1, 0], len(self.labels) // 2)

    def answers(self, net, datasets):
        """Return what the network reveals of the rows, members first."""
        parts = [Subset(dataset, rows) for dataset, rows in zip(datasets, self.rows, strict=True)]
        return np.concatenate([net.predict_proba(part) for part in parts])


def draw_rows(net, datasets, n_records, rng):
    """Draw at most `n_records` members and as many non-members to measure on.

    `datasets` are what is trained on and what is held out. Fewer than two of each side are refused.
    """
    # a record on both sides is a member and a non-member, so that neither answer would be right
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
    # record k of a class, from 0 on, has its turn at (k + 1/2) / quota; the first turns are taken
    turn = (ranks_within(codes, np.arange(len(codes))) + 0.5) / quota[codes]
    first = np.argsort(turn, kind="stable")[:total]
    return np.bincount(codes[first], minlength=len(quota))


def _labels(net, dataset):
    # through the network's own batches, for a data set may be one that only they can read
    batches = net.get_iterator(dataset, training=False)
    return np.concatenate([np.asarray(to_numpy(unpack_data(batch)[1])) for batch in batches])


def _twins(datasets):
    """Tell which records have a twin on the other side, None of those that are no tables."""
    wholes, rows = zip(*map(whole_and_rows, datasets), strict=True)
    tables = [_table(whole) for whole in wholes]
    if any(table is None for table in tables):
        return [np.zeros(len(dataset), dtype=bool) for dataset in datasets]
    # two parts of one table: each record's print is taken once
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
