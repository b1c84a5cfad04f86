"""Algorithm 1 of Shokri et al. (2017), many climbs at a time."""

from collections import deque

import numpy as np


class HillClimb:
    """Many climbs of Algorithm 1 at a time: one for each wanted record, the next when one ends.

    Each wanted record has a climb of its own that is continued to its end, so that short climbs
    are not favored over long ones.

    `labels` holds the class number of each wanted record, among `n_classes` of the target. `rules`
    are the parameters of `synthesize_records` that steer a climb, by their names.
    """

    def __init__(self, domain, labels, n_classes, rules, rng):
        self.domain = domain
        self.labels = labels
        self.rules = rules
        self.rng = rng
        self.waiting = deque(range(len(labels)))
        self.is_accepted = np.zeros(len(labels), dtype=bool)
        self.accepted = np.empty((len(labels), domain.n_features))
        self.n_accepted, self.n_failed = np.zeros((2, n_classes), dtype=np.int64)
        self.is_given_up = np.zeros(n_classes, dtype=bool)
        self.climbers = self._start([])

    def run(self, ask, max_queries):
        """Climb until every record is accepted or given up, or the budget ends; count the queries.

        `ask` returns the class probabilities, of shape (n, n_classes), of n rows of the domain.
        """
        n_queries = 0
        while True:
            n_free = self.rules.n_climbers - len(self.climbers)
            slots = [self.waiting.popleft() for _ in range(min(n_free, len(self.waiting)))]
            self.climbers = np.concatenate([self.climbers, self._start(slots)])
            # no more than the budget has queries left
            self.climbers = self.climbers[: int(min(len(self.climbers), max_queries - n_queries))]
            if not len(self.climbers):
                return n_queries
            n_queries += len(self.climbers)
            self._advance(ask(self.climbers["asked"]))

    def _start(self, slots):
        """Return climbers at random records: a structured array, one entry for each slot."""
        n_features = self.domain.n_features
        fields = [(name, np.int64) for name in ("slot", "label", "n_rejected", "k", "n_asked")]
        fields += [(name, np.float64, (n_features,)) for name in ("asked", "kept")]
        climbers = np.zeros(len(slots), dtype=[*fields, ("confidence", np.float64)])
        climbers["slot"] = slots
        climbers["label"] = self.labels[climbers["slot"]]
        climbers["k"] = min(self.rules.k_max, n_features)
        climbers["asked"] = self.domain.draw(len(slots), self.rng)
        return climbers

    def _advance(self, proba):
        """Take one step of Algorithm 1 with all climbers, by the answers to what they asked."""
        climbers = self.climbers
        rules = self.rules
        confidence = proba[np.arange(len(proba)), climbers["label"]]
        # a climb starts at confidence 0, so that its first record is always kept
        is_kept = confidence >= climbers["confidence"]
        is_sure = (confidence > rules.conf_min) & (proba.argmax(axis=1) == climbers["label"])
        # the sampling phase of the paper; a chance is drawn for all, whoever needs it
        is_accepted = is_kept & is_sure & (self.rng.random_sample(len(proba)) < confidence)
        self._accept(climbers[is_accepted])
        climbers["kept"][is_kept] = climbers["asked"][is_kept]
        climbers["confidence"][is_kept] = confidence[is_kept]
        self._count_rejections(~is_kept)
        climbers["n_asked"] += 1
        is_failed = ~is_accepted & (climbers["n_asked"] >= rules.iter_max)
        self._fail(climbers[is_failed])
        self._continue(climbers[~is_accepted & ~is_failed])

    def _accept(self, climbers):
        self.accepted[climbers["slot"]] = climbers["asked"]
        self.is_accepted[climbers["slot"]] = True
        np.add.at(self.n_accepted, climbers["label"], 1)  # += would count a class once

    def _count_rejections(self, is_rejected):
        """Count rejections in a row, and halve k, rounded up, of climbers that have too many."""
        climbers = self.climbers
        climbers["n_rejected"] = np.where(is_rejected, climbers["n_rejected"] + 1, 0)
        is_stuck = climbers["n_rejected"] > self.rules.rej_max
        halved = np.maximum(self.rules.k_min, -(-climbers["k"] // 2))
        climbers["k"] = np.where(is_stuck, halved, climbers["k"])
        climbers["n_rejected"][is_stuck] = 0

    def _fail(self, climbers):
        np.add.at(self.n_failed, climbers["label"], 1)
        self.is_given_up |= self.n_failed - self.n_accepted >= self.rules.max_failures
        # first in the queue: the record is wanted all the same, in a climb from a new start
        self.waiting.extendleft(climbers["slot"].tolist())
        if self.is_given_up.any():
            self.waiting = deque(
                slot for slot in self.waiting if not self.is_given_up[self.labels[slot]]
            )

    def _continue(self, climbers):
        self.climbers = climbers[~self.is_given_up[climbers["label"]]]
        # from what was kept, not from what was asked for last
        kept = self.climbers["kept"]
        self.climbers["asked"] = self.domain.redraw(kept, self.climbers["k"], self.rng)
