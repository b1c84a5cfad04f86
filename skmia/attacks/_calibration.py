"""What an attack learns of its own scores: the thresholds of `predict`, the risk of each score."""

import numpy as np

from skmia.attacks._risk_score import RiskHistogram
from skmia.attacks._thresholds import best_threshold, class_thresholds

__all__ = ["Calibration"]


class Calibration:
    """Thresholds and risks by the scores of records whose membership is known.

    Parameters
    ----------
    scores : ndarray of shape (n_records,)
        Attack scores; higher is more member-like.
    membership : ndarray of shape (n_records,)
        1 for members, 0 for non-members.
    y_index : ndarray of shape (n_records,)
        Class of each record, −1 for an unknown one.
    n_classes : int
        Number of classes.
    per_class : bool
        Whether each class has a threshold and a histogram of its own.
    known_threshold : float or None
        A threshold that follows from the attack's definition.
    n_bins : int
        Bins of each histogram.
    risk_scale : {"linear", "log", "rank"}
        Bins of equal width in the score, in the logarithm of the negated score, or in the rank of
        the score among these records.
    prior : float
        Probability of membership before the target is asked.

    Attributes
    ----------
    threshold : float
        The threshold of all classes together.
    thresholds : ndarray of shape (n_classes,)
        The threshold of each class.
    lacking : ndarray of bool, shape (n_classes,)
        Classes that use the threshold of all, for want of members or of non-members.
    """

    def __init__(
        self,
        scores,
        membership,
        y_index,
        n_classes,
        *,
        per_class,
        known_threshold,
        n_bins,
        risk_scale,
        prior,
    ):
        self.per_class, self._risk_scale = per_class, risk_scale
        self.threshold = known_threshold
        if known_threshold is None:
            self.threshold = best_threshold(scores, membership)
        self.thresholds = np.full(n_classes, self.threshold)
        self.lacking = np.zeros(n_classes, dtype=bool)
        if per_class and known_threshold is None:
            own = class_thresholds(scores, membership, y_index, n_classes=n_classes)
            self.lacking = np.isnan(own)
            self.thresholds = np.where(self.lacking, self.threshold, own)
        if risk_scale == "rank":
            self._steps = np.quantile(scores, np.linspace(0, 1, n_bins + 1))
        self._risk = RiskHistogram(
            self._on_scale(scores),
            membership,
            y_index if per_class else np.full_like(y_index, -1),
            n_classes,
            n_bins=n_bins,
            log_scale=risk_scale == "log",
            prior=prior,
        )

    def _on_scale(self, scores):
        """Return what the bins of equal width are of."""
        if self._risk_scale == "rank":
            return np.searchsorted(self._steps[1:-1], scores, side="right").astype(float)
        return -scores if self._risk_scale == "log" else scores

    def judge(self, scores, y_index):
        """Return the call and the risk of each record.

        Parameters
        ----------
        scores : ndarray of shape (n_records,)
            Attack scores.
        y_index : ndarray of shape (n_records,)
            Class of each record, −1 for an unknown one.

        Returns
        -------
        called : ndarray of int, shape (n_records,)
            1 where the score reaches the threshold.
        risk : ndarray of shape (n_records,)
            Probability of membership.
        """
        thresholds = np.append(self.thresholds, self.threshold)  # the last for index -1
        called = (scores >= thresholds[y_index]).astype(int)
        if not self.per_class:
            y_index = np.full_like(y_index, -1)
        return called, self._risk(self._on_scale(scores), y_index)
