"""What an attack model learns from: answers of shadows to records that they saw and did not see."""

import numpy as np
from sklearn.utils import Bunch

from skmia._records import ranks_within
from skmia._response import expand, label_index
from skmia.signals import evaluate
from skmia.utils._sklearn import _safe_indexing

__all__ = ["FEATURES", "attack_features", "draw_attack_set", "with_class"]

_FLOOR = 1e-3  # of probabilities under a logarithm: forests answer 0, which must not be an outlier
_SIGNALS = ("confidence", "correctness", "margin", "entropy", "loss", "modified_entropy")


def draw_attack_set(shadows, X, y, classes, *, response_method, subsample, rng):
    """Ask shadows for records of both sides, of each class as many of one as of the other.

    Returns at most `subsample` rows, unless that is less than two of each shadow: `proba`
    (n_rows, n_classes), `y_index`, `membership` and `half` (n_rows,). Each half has the sides of
    each class in balance, and its answers tell nothing of those in the other.
    """
    in_mask, out_mask, found = _both_sides(shadows, X, y)
    y_index = label_index(y, classes)
    membership, shadow, row = _draw((in_mask, out_mask), subsample, rng)
    half = _halves(shadows, found, shadow, row)
    # of each class in each half
    kept = _balanced(2 * y_index[row] + half, membership, rng)
    if np.unique(half[kept]).size < 2:
        raise ValueError(
            "An attack model compares answers to records of one class that were trained on and "
            f"held out, in two halves, but only {len(kept)} answers can be compared. Give fit more "
            "records of each class, or raise subsample."
        )
    # in the order of the shadows, as their answers come
    kept = kept[np.argsort(shadow[kept], kind="stable")]
    proba = _answers(shadows, X, y, shadow[kept], row[kept], response_method)
    return Bunch(
        proba=expand(proba, shadows.classes_, classes),
        y_index=y_index[row[kept]],
        membership=membership[kept],
        half=half[kept],
    )


def _both_sides(shadows, X, y):
    """Return what the shadows know of the records, if they saw some of them and not all."""
    known = shadows.lookup(X, y)
    if not known.in_mask.any() or not known.out_mask.any():
        raise ValueError(
            "An attack model learns from records that the shadows were trained on and from "
            "records that were held out, but those given to fit are all of one kind. Give fit the "
            "records that the shadows were fitted on, or let the attack train its own: shadows=16."
        )
    return known


def _draw(masks, subsample, rng):
    """Return the side, the shadow and the row of each answer to ask for."""
    # as many of each shadow, whatever its size, and of each side
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


def _halves(shadows, found, shadow, row):
    """Return the half of each drawn answer: that of its shadow, or else of its record."""
    folds = shadows.folds(2)
    if folds is not None:
        return folds[shadow]
    # by content, so that twins are in one half
    content = np.where(found < 0, np.arange(len(found)), found)
    return content[row] % 2


def _answers(shadows, X, y, shadow, row, response_method):
    """Return what each shadow answers to its rows, one shadow after the other."""
    rows_of = [row[shadow == i] for i in range(len(shadows.estimators_))]
    return np.concatenate(
        [
            shadows.answers(i, _safe_indexing(X, rows), y[rows], response_method=response_method)
            for i, rows in enumerate(rows_of)
            if len(rows)
        ]
    )


def _balanced(groups, membership, rng):
    """Return rows with as many members as non-members of each group that has both."""
    codes = 2 * groups + membership
    sizes = np.bincount(codes, minlength=2 * (groups.max() + 1))
    # the lesser side of each group bounds both
    quota = sizes.reshape(-1, 2).min(axis=1).repeat(2)
    return np.flatnonzero(ranks_within(codes, rng.random_sample(len(codes))) < quota[codes])


def attack_features(features, proba, y_index, top_k):
    """Return what an attack model sees of each answer, a matrix with one row per answer."""
    if not callable(features):
        return FEATURES[features](proba, y_index, top_k)
    values = np.asarray(features(proba, y_index))
    if values.ndim != 2 or len(values) != len(proba) or not np.isfinite(values).all():
        raise ValueError(
            f"features={features!r} must return a matrix of finite numbers with one row per "
            f"record: expected shape ({len(proba)}, n_features), got {values.shape}."
        )
    return values


def with_class(values, y_index, n_classes):
    """Return features with an indicator of the true label, for one model of all classes."""
    # a label that is unknown, -1, has none
    return np.hstack([values, (y_index[:, None] == np.arange(n_classes)).astype(values.dtype)])


def _probabilities(proba, _, __):
    return proba


def _top_k(proba, _, k):
    return np.sort(proba, axis=1)[:, ::-1][:, :k]


def _log_signals(proba, y_index, _):
    """Return log-probabilities, and signals, with logarithms of those that span many decades."""
    signals = dict(zip(_SIGNALS, evaluate(proba, y_index, _SIGNALS), strict=True))
    for name in ("loss", "modified_entropy"):  # negated, and unbounded
        signals[name] = np.log(np.maximum(-signals[name], _FLOOR))
    return np.column_stack([np.log(np.maximum(proba, _FLOOR)), *signals.values()])


FEATURES = {"log_signals": _log_signals, "probabilities": _probabilities, "top_k": _top_k}
