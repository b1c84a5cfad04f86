"""Shadows in the target's place, judged by the others: the one hold-out rule of the library."""

from typing import NamedTuple

import numpy as np

__all__ = ["Lookup", "StandIn", "draw_stand_ins", "folds_of", "groups_of"]


class Lookup(NamedTuple):
    """What shadow models know of records.

    The masks of shape (n_shadows, n_records) say from which records each shadow learned and which
    were held out from it; `rows` where each record stands in the pool, −1 if it does not.
    """

    in_mask: np.ndarray
    out_mask: np.ndarray
    rows: np.ndarray


class StandIn(NamedTuple):
    """A shadow in the target's place.

    It is judged on the records `rows`, of which those with `membership` 1 trained it, by the
    shadows `rest`: all that are not of its `group`.
    """

    number: int
    group: int
    rows: np.ndarray
    membership: np.ndarray
    rest: np.ndarray


def groups_of(n_shadows, splitter):
    """Return the number of each shadow's group: what is to be held out together.

    The two shadows of a pair are each other's opposite, so that with one of them alone in hand the
    other could be told.
    """
    return np.arange(n_shadows) // _group_size(splitter)


def _group_size(splitter):
    return 2 if splitter == "halves" else 1


def folds_of(n_shadows, splitter, n_types, n_folds):
    """Return the fold of each shadow, None where there are too few shadows for whole groups.

    Groups stay together, and the types of estimators are spread over all folds.
    """
    n_together = np.lcm(_group_size(splitter), n_types)
    if splitter == "custom" or n_shadows < n_folds * n_together:
        return None
    return np.arange(n_shadows) // n_together % n_folds


def draw_stand_ins(groups, found, rng, *, n_scores, n_least, n_most):
    """Return shadows in the target's place, one by one, whole groups in random order.

    Groups are added as long as they make up at most `n_scores` scores. Shadows whose records are
    all of one side do not stand in.
    """
    # those that nobody was trained on too: without them, who is unknown to others were a member
    is_judged = (found.rows >= 0) & (found.in_mask | found.out_mask).any(axis=0)
    rows = rng.permutation(np.flatnonzero(is_judged))[:n_scores]
    order = rng.permutation(groups.max() + 1)
    in_mask = found.in_mask[:, rows]
    judged = in_mask | found.out_mask[:, rows]
    n_in, n_judged = in_mask.sum(axis=1), judged.sum(axis=1)
    has_sides = (n_in > 0) & (n_in < n_judged)
    sizes = np.bincount(groups, weights=np.where(has_sides, n_judged, 0))
    order = order[sizes[order] > 0]
    n_groups = max(np.searchsorted(np.cumsum(sizes[order]), n_scores, side="right"), n_least)
    n_groups = n_groups if n_most is None else min(n_groups, n_most)
    return (
        StandIn(
            number=int(i),
            group=int(group),
            rows=rows[judged[i]],
            membership=in_mask[i, judged[i]].astype(int),
            rest=np.flatnonzero(groups != group),
        )
        for group in order[:n_groups]
        for i in np.flatnonzero((groups == group) & has_sides)
    )
