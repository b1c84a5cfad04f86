"""The threshold rule of metric attacks: one threshold for all records, or one per class."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmia.utils._checks import MOST_CLASSES, check_membership, check_signal, check_y_index
from skmia.utils._constraints import ARRAY, Number, validate_params


@validate_params(membership=ARRAY, scores=ARRAY)
def best_threshold(membership, scores):
    """Return the threshold with the best balanced accuracy of «member if score ≥ threshold».

    Of several best thresholds this is the largest, and always a member's score.

    Parameters
    ----------
    membership : array-like of shape (n_records,)
        1 for members, 0 for non-members.
    scores : array-like of shape (n_records,)
        Attack scores; higher is more member-like.

    Returns
    -------
    float
        The threshold.

    Raises
    ------
    ValueError
        If lengths differ, scores are not finite, or membership is not 0 and 1 with both present.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. The class-dependent thresholds, here of one class.

    Examples
    --------
    >>> from skmia.attacks import best_threshold
    >>> best_threshold([1, 1, 0, 0], [0.9, 0.8, 0.7, 0.4])
    0.8
    """
    scores, member = _check(scores, membership)
    return float(_best_of_sorted(np.sort(scores[member]), np.sort(scores[~member])))


def _check(scores, membership):
    scores = check_signal("scores", scores)
    check_consistent_length(scores, membership)
    if scores.dtype.kind != "f":  # a class without a threshold gets NaN
        scores = scores.astype(np.float64)
    return scores, check_membership(membership).astype(bool)


def _best_of_sorted(members, nonmembers):
    """Return the largest maximizer of TPR + TNR, NaN where a side is empty."""
    if not len(members) or not len(nonmembers):
        return np.nan
    # from any other value, the next member's score above it loses no member and admits no other
    at_least = np.arange(len(members), 0, -1)  # of equal scores the first counts them all
    below = np.searchsorted(nonmembers, members, side="left")
    # TPR + TNR times both counts: of integers, so that rounding makes no tie and breaks none
    objective = at_least * len(nonmembers) + below * len(members)
    # argmax takes the first of equal ones, so the last is the first from behind
    largest = len(members) - 1 - np.argmax(objective[::-1])
    return members[largest]


@validate_params(
    membership=ARRAY,
    scores=ARRAY,
    y_index=ARRAY,
    n_classes=[Number(Integral, 1, MOST_CLASSES, closed="both"), None],
)
def class_thresholds(membership, scores, y_index, *, n_classes=None):
    """Return the best threshold of each class, in O(n log n).

    Parameters
    ----------
    membership, scores : array-like of shape (n_records,)
        As in `best_threshold`.
    y_index : array-like of shape (n_records,)
        Class of each record, 0 to `n_classes` − 1. Records with a negative class are left out.
    n_classes : int, default=None
        Number of classes; by default the largest of `y_index` plus 1.

    Returns
    -------
    ndarray of shape (n_classes,)
        The thresholds, as by `best_threshold`; NaN for a class without members or non-members.

    Raises
    ------
    ValueError
        If lengths differ, scores are not finite, or membership is not 0 and 1 with both present.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. The class-dependent thresholds.

    Examples
    --------
    >>> from skmia.attacks import class_thresholds
    >>> class_thresholds([1, 0, 1, 0], [0.9, 0.7, 0.8, 0.4], [0, 0, 1, 1])
    array([0.9, 0.8])
    """
    scores, member = _check(scores, membership)
    y_index = check_y_index("y_index", y_index)
    check_consistent_length(scores, y_index)
    n_found = int(y_index.max()) + 1
    n_classes = n_found if n_classes is None else n_classes
    if n_found > n_classes:
        raise ValueError(
            f"n_classes must be above every y_index, {n_found - 1} at most, got {n_classes}."
        )
    groups = _sorted_groups(scores, y_index, member, n_classes)
    pairs = zip(groups[1::2], groups[::2], strict=True)
    return np.array([_best_of_sorted(*pair) for pair in pairs], dtype=scores.dtype)


def _sorted_groups(scores, y_index, member, n_classes):
    """Return the sorted scores of each class, its non-members and its members in turn."""
    # small integers are sorted by radix, in linear time; negative classes go to the end
    small = np.uint16 if 2 * n_classes < np.iinfo(np.uint16).max else np.int64
    codes = y_index.astype(small)
    codes *= 2
    codes += member
    codes[y_index < 0] = 2 * n_classes
    ends = np.bincount(codes, minlength=2 * n_classes).cumsum()[: 2 * n_classes]
    # stable, since only that sort of integers is the radix sort
    order = np.argsort(codes, kind="stable")
    del codes  # memory for the copy of the scores
    grouped = scores[order]
    groups = np.split(grouped, ends)[: 2 * n_classes]
    for group in groups:
        group.sort()
    return groups
