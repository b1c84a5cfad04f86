"""What is learned of attack scores: thresholds, for all records or per class, and risks."""

from numbers import Integral

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmia.attacks._risk_score import RiskHistogram
from skmia.utils._checks import MOST_CLASSES, check_membership, check_signal, check_y_index
from skmia.utils._constraints import ARRAY, Number, validate_params


@validate_params(scores=ARRAY)
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


@validate_params(scores=ARRAY, n_classes=[Number(Integral, 1, MOST_CLASSES, closed="both"), None])
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


class Calibration:
    """Thresholds and risks by the scores of records whose membership is known.

    `y_index` is the class of each record, −1 for an unknown one. `lacking` tells which classes use
    the `threshold` of all in `thresholds`, because they have no members or no non-members.
    """

    def __init__(self, attack, scores, membership, y_index):
        n_classes = len(attack.target_classes_)
        self.per_class = attack.per_class
        self._risk_scale = attack._risk_scale
        known = attack._known_threshold
        self.threshold = best_threshold(membership, scores) if known is None else known
        # a threshold known by definition holds in every class, whatever its records
        self.thresholds = np.full(n_classes, self.threshold)
        self.lacking = np.zeros(n_classes, dtype=bool)
        if self.per_class and known is None:
            own = class_thresholds(membership, scores, y_index, n_classes=n_classes)
            self.lacking = np.isnan(own)
            self.thresholds = np.where(self.lacking, self.threshold, own)
        if self._risk_scale == "rank":
            # with these edges, each bin holds about equally many calibration records
            self._steps = np.quantile(scores, np.linspace(0, 1, attack.n_bins + 1))
        self._risk = RiskHistogram(
            self._on_scale(scores),
            membership,
            self._rows(y_index),
            n_classes,
            n_bins=attack.n_bins,
            log_scale=self._risk_scale == "log",
            prior=attack.prior,
        )

    def _rows(self, y_index):
        # -1 is the histogram's row of all classes together
        return y_index if self.per_class else np.full_like(y_index, -1)

    def _on_scale(self, scores):
        """Return the scores on the scale in which the bins are equally wide."""
        if self._risk_scale == "rank":
            # scores beyond the calibration's go to the outer bins
            return np.searchsorted(self._steps[1:-1], scores, side="right").astype(float)
        # entropies and losses come negated, and have a logarithm only unnegated
        return -scores if self._risk_scale == "log" else scores

    def judge(self, scores, y_index):
        """Return 1 for each record that reaches its threshold, and each record's risk."""
        thresholds = np.append(self.thresholds, self.threshold)  # the last for index -1
        called = (scores >= thresholds[y_index]).astype(int)
        return called, self._risk(self._on_scale(scores), self._rows(y_index))

    def notes(self, classes):
        """Return a caution about the classes without a threshold of their own, if there are any."""
        lacking = self.lacking
        if not lacking.any():
            return []
        names = ", ".join(repr(c) for c in classes[lacking][:5].tolist())
        return [
            f"{lacking.sum()} of {len(lacking)} classes have no members or no non-members to "
            f"calibrate on ({names}{', ...' if lacking.sum() > 5 else ''}): their records use "
            "the threshold and the risk of all classes together. Give fit more records of "
            "these classes, or set per_class=False."
        ]
