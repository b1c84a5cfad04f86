"""One evaluation of an attack on a classifier with known members."""

import numpy as np
from sklearn.utils import Bunch, check_random_state, indexable

from skmia._records import concatenate, draw_per_class, matched_classes
from skmia._response import Answered, all_classes
from skmia.attacks._measure import measure
from skmia.utils._sklearn import _safe_indexing

__all__ = ["evaluate_attack"]


def evaluate_attack(attack, sides, random_state):
    """Attack equally many members and non-members of each class.

    With as many members as non-members of each class a blind guess is right in half of the cases,
    and the labels alone tell nothing: what is found is what the classifier's answers give away.
    Half of the records calibrate the attack that is measured on the other half.
    """
    rng = check_random_state(random_state)
    rows, half = _matched(sides, rng)
    y = np.concatenate([labels[r] for labels, r in zip(sides.y, rows, strict=True)])
    membership = np.repeat([1, 0], len(rows[0]))
    parts = [_safe_indexing(X, r) for X, r in zip(sides.X, rows, strict=True)]
    (X,) = indexable(concatenate(*parts))
    classes = all_classes(sides.target, X, y, method=attack.response_method)
    answered = Answered(sides.target, X, classes)
    seed = rng.randint(np.iinfo(np.int32).max)
    measured = measure(attack, answered, y, membership, half, seed=seed)
    return Bunch(
        membership=membership,
        scores=measured.scores,
        called=measured.called,
        target=sides.target,
        parts=parts,
    )


def _matched(sides, rng):
    """Draw the rows of each side, as many of each class, and cut them into two halves alike."""
    kept = [labels[rows] for labels, rows in zip(sides.y, sides.rows, strict=True)]
    codes, quota = matched_classes(*kept)
    _check_enough(quota, kept)
    drawn, ranks = zip(*(draw_per_class(c, quota, rng) for c in codes), strict=True)
    rows = [side[d] for side, d in zip(sides.rows, drawn, strict=True)]
    # ranks alternate within each class, so both halves hold as many members as non-members of it
    return rows, np.concatenate(ranks) % 2 == 1


def _check_enough(quota, kept):
    n_members, n_nonmembers = map(len, kept)
    if not n_members or not n_nonmembers:
        lacking = "members" if not n_members else "non-members"
        raise ValueError(
            f"There are no {lacking} to measure leakage on: every record "
            f"{'that was trained on' if not n_members else 'of the evaluation fold'} has a twin on "
            "the other side. Use a splitter that keeps duplicates together, such as GroupKFold."
        )
    if np.count_nonzero(quota) == 1:
        shared = np.unique(kept[1]).tolist()
        raise ValueError(
            f"Members and non-members share one class only; the evaluation fold holds {shared}. "
            "Leakage of a classifier needs records of at least two classes: use a stratified "
            "splitter, such as StratifiedKFold(shuffle=True)."
        )
    if quota.max(initial=0) < 2:
        raise ValueError(
            "Leakage is measured on one half of the records and calibrated on the other: it needs "
            "at least two members and two non-members of one class, but there are "
            f"{n_members} members and {n_nonmembers} non-members. Use larger folds."
        )
