"""Records known by their fingerprints, so that they are found again without being kept."""

import hashlib

import numpy as np

from skmia._records.fingerprints import fingerprint, float_precision

_PRECISIONS = (16, 8, 4, 2)  # bytes; 16 leaves every column as it is


class KnownRecords:
    """Labeled records by their fingerprints alone; `n_records` says how many.

    All columns of floats are compared at the coarsest type that a query has for one of them,
    integers exactly.
    """

    def __init__(self, X, y):
        self._precision = float_precision(X)
        # later queries may come in a coarser type, and the records are at hand only now
        self._fingerprints = {}
        for level in _PRECISIONS:
            precision = tuple(self._at(level).tolist())
            if precision not in self._fingerprints:
                self._fingerprints[precision] = fingerprint(X, y, precision=precision)
        self.n_records = len(self._own)

    def _at(self, level):
        """Return the precision of each column where floats are no finer than a level."""
        is_float = self._precision < _PRECISIONS[0]
        return np.where(is_float, np.minimum(self._precision, level), self._precision)

    @property
    def _own(self):
        return self._fingerprints[tuple(self._precision.tolist())]

    def find(self, X, y):
        """Return the number of a known record of each labeled one's content, −1 without."""
        coarsest = float_precision(X)
        if len(coarsest) != len(self._precision):
            raise ValueError(
                f"X has {len(coarsest)} columns, but the records it is compared with have "
                f"{len(self._precision)}. Pass the same columns in the same order."
            )
        is_coarser = (coarsest < self._precision) & (self._precision < _PRECISIONS[0])
        precision = self._at(coarsest[is_coarser].min(initial=_PRECISIONS[0]))
        pool = self._fingerprints[tuple(precision.tolist())]
        order = np.argsort(pool)
        queries = fingerprint(X, y, precision=precision)
        place = np.searchsorted(pool, queries, sorter=order)
        found = order[np.minimum(place, len(pool) - 1)]  # a query above all has no place
        return np.where(pool[found] == queries, found, -1)

    def contents(self):
        """Return the number of each record's content, from 0 on in order of first occurrence."""
        _, first, numbers = np.unique(self._own, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[numbers]  # np.unique numbers by size

    def digest(self):
        """Return hexadecimal digits that tell these records in this order from others."""
        # little-endian, so that a directory of shadows can be read on any machine
        return hashlib.sha256(self._own.astype("<u8").tobytes()).hexdigest()
