"""What an attack model learns from: the answers of shadows to records they saw and did not see."""

import numpy as np
from sklearn.utils import Bunch

from skmia._records import ranks_within
from skmia._response import expand, label_index
from skmia.utils._sklearn import _safe_indexing

__all__ = ["draw_attack_set"]


def draw_attack_set(shadows, X, y, classes, *, response_method, subsample, rng):
    """Ask shadows for records of both sides, of each class as many of one as of the other.

    Parameters
    ----------
    shadows : ShadowModels
        Fitted shadow models.
    X : array-like of shape (n_records, ...)
        Records, some of which the shadows were trained on.
    y : ndarray of shape (n_records,)
        Their labels.
    classes : ndarray of shape (n_classes,)
        Sorted classes, a superset of the shadows'.
    response_method : str
        How the shadows are asked.
    subsample : int
        The most rows to draw.
    rng : RandomState
        Draws them.

    Returns
    -------
    Bunch
        `proba` (n_rows, n_classes), `y_index`, `membership` and `half` (n_rows,). Each half has the
        sides of each class in balance, and its answers tell nothing of those in the other.

    Raises
    ------
    ValueError
        If no shadow was trained on any of the records, or none was held out from any, or there are
        too few of a class.
    """
    in_mask, out_mask, found = shadows.lookup(X, y)
    if not in_mask.any() or not out_mask.any():
        raise ValueError(
            "An attack model learns from records that the shadows were trained on and from "
            "records that were held out, but those given to fit are all of one kind. Give fit the "
            "records that the shadows were fitted on, or let the attack train its own: shadows=16."
        )
    y_index = label_index(y, classes)
    membership, shadow, row = _draw((in_mask, out_mask), subsample, rng)
    # by records where there are too few shadows for two folds of them
    folds, content = shadows.folds(2), np.where(found < 0, np.arange(len(found)), found)
    half = content[row] % 2 if folds is None else folds[shadow]
    kept = _balanced(2 * y_index[row] + half, membership, rng)
    if np.unique(half[kept]).size < 2:
        raise ValueError(
            "An attack model compares answers to records of one class that were trained on and "
            f"held out, in two halves, but only {len(kept)} answers can be compared. Give fit more "
            "records of each class, or raise subsample."
        )
    kept = kept[np.argsort(shadow[kept], kind="stable")]
    membership, shadow, row, half = membership[kept], shadow[kept], row[kept], half[kept]
    rows_of = [row[shadow == i] for i in range(len(shadows.estimators_))]
    proba = [
        shadows.answers(i, _safe_indexing(X, rows), y[rows], response_method=response_method)
        for i, rows in enumerate(rows_of)
        if len(rows)
    ]
    proba = expand(np.concatenate(proba), shadows.classes_, classes)
    return Bunch(proba=proba, y_index=y_index[row], membership=membership, half=half)


def _draw(masks, subsample, rng):
    """Draw sides, shadows and rows."""
    n_most = max(subsample // (2 * len(masks[0])), 1)
    drawn = [
        (side, i, rng.permutation(np.flatnonzero(mask))[:n_most])
        for side, side_masks in zip((1, 0), masks, strict=True)
        for i, mask in enumerate(side_masks)
    ]
    row = np.concatenate([rows for _, _, rows in drawn])
    n_rows = [len(rows) for _, _, rows in drawn]
    membership = np.repeat([side for side, _, _ in drawn], n_rows)
    shadow = np.repeat([i for _, i, _ in drawn], n_rows)
    return membership, shadow, row


def _balanced(groups, membership, rng):
    """Return rows with as many members as non-members of each group that has both."""
    codes = 2 * groups + membership
    sizes = np.bincount(codes, minlength=2 * (groups.max() + 1))
    quota = sizes.reshape(-1, 2).min(axis=1).repeat(2)
    return np.flatnonzero(ranks_within(codes, rng.random_sample(len(codes))) < quota[codes])
