"""Counts of true and false positives at every threshold, from one sort."""

from typing import NamedTuple

import numpy as np

from skmia.utils._checks import check_membership_scores


class Curve(NamedTuple):
    """True and false positives at descending thresholds: infinity, and each distinct score."""

    thresholds: np.ndarray
    true_positives: np.ndarray
    false_positives: np.ndarray

    @classmethod
    def from_scores(cls, membership, scores):
        """Check the arrays, and sort them."""
        membership, scores = check_membership_scores(membership, scores)
        order = np.argsort(scores)[::-1]
        membership = membership.astype(np.int8)[order]
        scores = scores[order]
        del order  # as long as the records, like all that stands here
        ends = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
        thresholds = np.append(np.inf, scores[ends])
        del scores
        true_positives = np.append(0, np.cumsum(membership, dtype=np.int64)[ends])
        false_positives = np.append(-1, ends)
        false_positives += 1 - true_positives
        return cls(thresholds, true_positives, false_positives)

    @property
    def n_members(self):
        return int(self.true_positives[-1])

    @property
    def n_nonmembers(self):
        return int(self.false_positives[-1])

    @property
    def sizes(self):
        return self.n_members, self.n_nonmembers

    @property
    def tpr(self):
        return self.true_positives / self.n_members

    @property
    def fpr(self):
        return self.false_positives / self.n_nonmembers

    def at(self, threshold):
        """Return the point of a threshold, by default the one of the largest TPR - FPR."""
        if threshold is not None:
            return int(np.searchsorted(-self.thresholds, -threshold, side="right")) - 1
        # In integers, so that equal advantages are equal and the largest score wins.
        gain = self.true_positives * self.n_nonmembers - self.false_positives * self.n_members
        return int(np.argmax(gain))

    def counts(self, point):
        return int(self.true_positives[point]), int(self.false_positives[point])

    def blocks(self):
        """Return the numbers of members and non-members of each distinct score."""
        return np.diff(self.true_positives), np.diff(self.false_positives)

    def coarsened(self, n_blocks):
        """Return a curve of about n_blocks blocks of equally many records, ties kept together."""
        if len(self.thresholds) <= n_blocks + 1:
            return self
        called = self.true_positives + self.false_positives
        points = np.searchsorted(called, np.linspace(0, called[-1], n_blocks + 1))
        return Curve(*(values[np.unique(points)] for values in self))
