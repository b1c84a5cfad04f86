"""A sampler: every record once, whatever its copies."""

import numpy as np

from skmia._records import fingerprint
from skmia.sampling._row_sampler import RowSampler


class DistinctSampler(RowSampler):
    """Keep one of the records of equal content, and of those that have equal labels."""

    _parameter_constraints = {"random_state": ["random_state"]}  # noqa: RUF012

    def __init__(self, *, random_state=None):
        self.random_state = random_state

    def _choose(self, X, y, rng):
        contents = fingerprint(X, y)
        order = rng.permutation(len(contents))
        return np.sort(order[np.unique(contents[order], return_index=True)[1]])
