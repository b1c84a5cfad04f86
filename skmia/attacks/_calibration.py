"""What an attack learns of its own scores: the thresholds of `predict`, the risk of each score."""

import numpy as np

from skmia.attacks._risk_score import RiskHistogram
from skmia.attacks._thresholds import best_threshold, class_thresholds


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
