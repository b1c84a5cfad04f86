"""What an attack model learns from: the answers of shadows to records they saw and did not see."""

import numpy as np
from sklearn.utils import Bunch

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
        `proba` (n_rows, n_classes), `y_index`, `membership` and `shadow` (n_rows,).

    Raises
    ------
    ValueError
        If no shadow was trained on any of the records, or none was held out from any.
    """
    masks = shadows._masks(X, y)
    if not all(mask.any() for mask in masks):
        raise ValueError(
            "An attack model learns from records that the shadows were trained on and from "
            "records that were held out, but those given to fit are all of one kind. Give fit the "
            "records that the shadows were fitted on, or let the attack train its own: shadows=16."
        )
    y_index = label_index(y, classes)
    membership, shadow, row = _draw(masks, y_index, subsample, rng)
    if not len(row):
        raise ValueError(
            "An attack model compares records of one class that were trained on and held out, but "
            "no class has both. Give fit more records of each class, or train more shadows."
        )
    proba = [
        record_response(model, _safe_indexing(X, row[shadow == i]), classes, method=response_method)
        for i, model in enumerate(shadows.estimators_)
        if (shadow == i).any()
    ]
    return Bunch(
        proba=np.concatenate(proba), y_index=y_index[row], membership=membership, shadow=shadow
    )


def _draw(masks, y_index, subsample, rng):
    """Draw sides, shadows and rows, sorted by shadow, with the sides balanced in each class."""
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
    kept = _balanced(y_index[row], membership, rng)
    kept = kept[np.argsort(shadow[kept], kind="stable")]
    return membership[kept], shadow[kept], row[kept]


def _balanced(y_index, membership, rng):
    """Return rows with as many members as non-members of each class that has both."""
    codes = 2 * y_index + membership
    sizes = np.bincount(codes, minlength=2 * (y_index.max() + 1))
    quota = sizes.reshape(-1, 2).min(axis=1).repeat(2)
    order = np.lexsort((rng.random_sample(len(codes)), codes))
    rank = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(order[rank < quota[codes[order]]])
