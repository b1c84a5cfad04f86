"""What an attack model learns from: the answers of shadows to records they saw and did not see."""

import numpy as np
from sklearn.utils import Bunch

from skmia._records import ranks_within
from skmia._response import label_index, record_response
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
    half = _halves(shadow, np.where(found < 0, np.arange(len(found)), found)[row], shadows)
    kept = _balanced(2 * y_index[row] + half, membership, rng)
    if np.unique(half[kept]).size < 2:
        raise ValueError(
            "An attack model compares answers to records of one class that were trained on and "
            f"held out, in two halves, but only {len(kept)} answers can be compared. Give fit more "
            "records of each class, or raise subsample."
        )
    kept = kept[np.argsort(shadow[kept], kind="stable")]
    membership, shadow, row, half = membership[kept], shadow[kept], row[kept], half[kept]
    proba = [
        record_response(model, _safe_indexing(X, row[shadow == i]), classes, method=response_method)
        for i, model in enumerate(shadows.estimators_)
        if (shadow == i).any()
    ]
    return Bunch(
        proba=np.concatenate(proba), y_index=y_index[row], membership=membership, half=half
    )


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


def _halves(shadow, content, shadows):
    """Cut the answers in two: by shadows, or by records where there are too few shadows.

    The two shadows of a pair stay together. What one of them was trained on was held out from the
    other, so that apart they would make each other's mistakes with the opposite sign. Types of
    estimators are spread over both halves.
    """
    folds = shadows.folds(2)
    return content % 2 if folds is None else folds[shadow]


def _balanced(groups, membership, rng):
    """Return rows with as many members as non-members of each group that has both."""
    codes = 2 * groups + membership
    sizes = np.bincount(codes, minlength=2 * (groups.max() + 1))
    quota = sizes.reshape(-1, 2).min(axis=1).repeat(2)
    return np.flatnonzero(ranks_within(codes, rng.random_sample(len(codes))) < quota[codes])
