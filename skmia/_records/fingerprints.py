"""Fingerprints of records: which rows of one table occur in another."""

import hashlib
from itertools import pairwise

import numpy as np
from scipy.sparse import issparse

from skmia._records.bits import (
    EXACT,
    GOLDEN,
    MISSING,
    bits_by_column,
    dtype_precision,
    level_bits,
    mix,
    mixed,
    time_bits,
    write_bits,
)
from skmia._records.selection import concatenate
from skmia._records.table import read_table
from skmia._records.table_column import CodedColumn, PlainColumn

# sets labels apart from records of the same values
LABEL = np.uint64(0xD6E8_FEB8_6659_FD93)
BLOCK = 16_384  # elements: a block and its two buffers stay in the level 2 cache
BLOCK_COLUMNS = 64
_PRECISIONS = (EXACT, 8, 4, 2)  # bytes, in which known records are kept


def fingerprint(X, y=None, *, precision=None):
    """Return a uint64 fingerprint of each record's content, in any container and every process.

    Equal are 1, 1.0 and True, a category and its text, −0.0 and 0.0, and all missing values; floats
    at a `precision` of so many bytes for each column, 16 without floats, by default their own.
    """
    return _fingerprint(_Blocks(X, "X"), _labels(y), precision)


def float_precision(X):
    """Return the bytes of each column's floating-point type, 16 for columns without floats."""
    return _Blocks(X, "X").precision


def is_in(X, y, X_pool, y_pool):
    """Return a mask of the records that occur in a pool: labeled content, or without y content."""
    records, pool = fingerprint_both(X, y, X_pool, y_pool, names=("X", "X_pool"))
    return _occurs(records, pool)


def duplicates_across(X_train, y_train, X_test, y_test):
    """Return for each side of a split which labeled records have a twin on the other."""
    names = ("X_train", "X_test")
    train, test = fingerprint_both(X_train, y_train, X_test, y_test, names=names)
    return _occurs(train, test), _occurs(test, train)


def duplicated_within(X, y=None):
    """Return a mask of the records that repeat an earlier one, like ``DataFrame.duplicated``."""
    records = fingerprint(X, y)
    repeated = np.ones(len(records), dtype=bool)
    repeated[np.unique(records, return_index=True)[1]] = False
    return repeated


def fingerprint_both(X, y, X_other, y_other, *, names=("X", "X_other")):
    """Fingerprint two labeled tables, named so in messages, at one precision to compare them."""
    if (y is None) != (y_other is None):
        raise ValueError(
            f"{names[0]} and {names[1]} must both have labels or both have none, got labels for "
            f"{names[1] if y is None else names[0]} only. Pass the labels of both sides."
        )
    table = _Blocks(X, names[0])
    other = _Blocks(X_other, names[1])
    if table.shape[1] != other.shape[1]:
        raise ValueError(
            f"{names[0]} has {table.shape[1]} columns and {names[1]} has {other.shape[1]}. "
            "Pass both with the same columns in the same order."
        )
    # the coarser of the two sides: a float32 copy of a float64 record is the same record
    precision = np.minimum(table.precision, other.precision)
    labels = _labels(y)
    other_labels = _labels(y_other)
    label_precision = None
    if labels is not None and labels.shape[1] == other_labels.shape[1]:
        label_precision = np.minimum(labels.precision, other_labels.precision)
    sides = ((table, labels), (other, other_labels))
    return tuple(_fingerprint(*side, precision, label_precision) for side in sides)


class KnownRecords:
    """Labeled records by fingerprints, floats at the coarsest type that a query has."""

    def __init__(self, X, y):
        self._precision = float_precision(X)
        # later queries may come in a coarser type, and the records are at hand only now
        levels = {tuple(self._at(level).tolist()) for level in _PRECISIONS}
        self._fingerprints = {each: fingerprint(X, y, precision=each) for each in levels}
        self.n_records = len(self._own)

    def _at(self, level):
        """Return the precision of each column where floats are no finer than a level."""
        is_float = self._precision < EXACT
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
        is_coarser = (coarsest < self._precision) & (self._precision < EXACT)
        precision = self._at(coarsest[is_coarser].min(initial=EXACT))
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
        # little-endian, so that a directory of shadows can be read on any machine
        return hashlib.sha256(self._own.astype("<u8").tobytes()).hexdigest()


class RemembersMembers:
    """Mixin of estimators that remember the records that they were fitted on, by reference.

    `fit` calls `_remember(X, y)` at its end. Pickling and copying drop the records. An estimator
    whose records another remembers overrides `remembers_members` and `training_records`.
    """

    _remembered = ()  # one pair (X, y) for each call of `partial_fit`

    def membership_of(self, X, y):
        """Tell which labeled records the estimator was fitted on.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.

        Returns
        -------
        ndarray of int, shape (n_records,)
            1 for records whose labeled content was trained on, 0 for others.

        Raises
        ------
        ValueError
            If nothing is remembered: the estimator is not fitted, or was unpickled or copied.
        """
        return is_in(X, y, *self.training_records()).astype(int)

    @property
    def remembers_members(self):
        """Whether the training records are remembered: not before `fit`, nor after pickling."""
        return bool(self._remembered)

    def training_records(self):
        """Return the records that the estimator was fitted on.

        Returns
        -------
        X : array-like of shape (n_records, ...)
            The records in the form in which they were given to `fit`, in any order. Those that
            were not trained on are left out. After several calls of `partial_fit`, those of all.
        y : array-like of shape (n_records,)
            Their labels.

        Raises
        ------
        ValueError
            If nothing is remembered: the estimator is not fitted, or was unpickled or copied.
        """
        if not self.remembers_members:
            raise ValueError(
                f"This {type(self).__name__} remembers no training records. They are kept in "
                "memory only: pickling, copying and cloning drop them, and so does a worker "
                "process that sends the estimator back. Fit it in this process, or name the "
                "members yourself."
            )
        if len(self._remembered) > 1:  # joined once, after which the parts can go
            X, y = zip(*self._remembered, strict=True)
            y = np.concatenate([np.asarray(part) for part in y])
            self._remembered = ((concatenate(*X), y),)
        return self._remembered[0]

    def _remember(self, X, y, *, add=False):
        self._remembered = (*(self._remembered if add else ()), (X, y))

    def __getstate__(self):
        """Return the state without the training records."""
        # a pickle that is handed on must not hand on the records
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_remembered"}


def _occurs(records, pool):
    # what np.isin does, nine times as fast for a million: sorted queries stay in the cache
    pool = np.sort(pool)
    order = np.argsort(records)
    queries = records[order]
    found = np.empty(len(records), dtype=bool)
    found[order] = np.searchsorted(pool, queries, "left") < np.searchsorted(pool, queries, "right")
    return found


def _labels(y):
    return None if y is None else _Blocks(y, "y")


def _fingerprint(table, labels, precision, label_precision=None):
    if labels is not None and len(labels) != len(table):
        raise ValueError(
            f"{table.name} has {len(table)} records, but there are {len(labels)} labels. "
            "Pass one label per record."
        )
    # mixed before they are added, for the reason that values are
    records = mixed(table.row_sums(precision))
    if labels is None:
        return records
    return mixed(records + mixed(labels.row_sums(label_precision) ^ LABEL))


class _Blocks:
    """A table in blocks of neighboring columns, each read once."""

    def __init__(self, X, name):
        self.name = name
        table = read_table(X)
        self.shape = table.shape
        self.blocks = list(table.blocks())  # a list: they are gone through twice
        precision = [p for block in self.blocks for p in _block_precision(block)]
        self.precision = np.array(precision, dtype=int)  # of no columns too

    def __len__(self):
        return self.shape[0]

    def row_sums(self, precision=None):
        """Return Σ_j h(j, x_j) mod 2**64 of every row, before the last mix."""
        precision = self.precision if precision is None else np.asarray(precision)
        if precision.shape not in ((), self.shape[1:]):
            raise ValueError(
                f"precision has shape {precision.shape}, but {self.name} has {self.shape[1]} "
                "columns. Pass one number, or one per column."
            )
        precision = np.broadcast_to(precision, self.shape[1:])
        sums = np.zeros(len(self), dtype=np.uint64)
        keys = mixed(np.arange(1, len(precision) + 1, dtype=np.uint64) * GOLDEN)
        first = 0
        for block in self.blocks:
            columns = slice(first, first + (block.shape[1] if hasattr(block, "shape") else 1))
            _add(block, sums, keys[columns], precision[columns])
            first = columns.stop
        return sums


def _block_precision(block):
    """Return the bytes of the floating-point type of each column, 16 where there is none."""
    if isinstance(block, CodedColumn):
        floats = {t for t in set(map(type, block.levels)) if issubclass(t, float | np.floating)}
        return [min((dtype_precision(np.dtype(t)) for t in floats), default=EXACT)]
    dtype = block.values.dtype if isinstance(block, PlainColumn) else block.dtype
    n_columns = 1 if isinstance(block, PlainColumn) else block.shape[1]
    return [EXACT if dtype.kind in "mM" else dtype_precision(dtype)] * n_columns


def _add(block, sums, keys, precision):
    if issparse(block):
        _add_sparse(block, sums, keys, precision)
    elif isinstance(block, CodedColumn):
        # None last, where the code −1 of what is missing points to
        bits = level_bits([*block.levels, None], precision[0])
        sums += (mixed(bits ^ keys) - mixed(keys))[block.codes]
    else:
        is_column = isinstance(block, PlainColumn)
        values = block.values[:, None] if is_column else block
        if values.dtype.kind in "mM":
            for column, key in zip(values.T, keys[:, None], strict=True):
                sums += mixed(time_bits(column) ^ key) - mixed(key)
        else:
            _add_numbers(values, block.holes if is_column else None, sums, keys, precision)


def _add_numbers(values, holes, sums, keys, precision):
    """Add dense columns of one numeric type; `holes` marks what is missing in a single one."""
    constant = mixed(keys)  # h(j, v) = mix(v ^ key_j) − mix(key_j), taken off once at the end
    runs = list(_runs(precision))
    # as wide as the columns at hand, so that few columns come in long blocks
    widest = max((stop - start for start, stop in runs), default=1)
    n_rows = BLOCK // widest
    numbers, spare = np.empty((2, widest, n_rows))
    for first in range(0, len(sums), n_rows):
        rows = slice(first, min(first + n_rows, len(sums)))
        for start, stop in runs:
            # columns first: long inner loops whatever the number of columns
            block = numbers[: stop - start, : rows.stop - first]
            write_bits(values[rows, start:stop].T, precision[start], out=block)
            bits = block.view(np.uint64)
            if holes is not None:
                bits[:, holes[rows]] = MISSING
            bits ^= keys[start:stop, None]
            mix(bits, spare[: stop - start, : rows.stop - first].view(np.uint64))
            sums[rows] += bits.sum(axis=0)
    sums -= constant.sum()


def _add_sparse(matrix, sums, keys, precision):
    """Add a matrix in canonical CSR form: only its stored entries are visited."""
    indptr, constant = matrix.indptr, mixed(keys)
    for rows in _blocks_of_entries(indptr):
        entries = slice(indptr[rows.start], indptr[rows.stop])
        columns = matrix.indices[entries]
        bits = bits_by_column(matrix.data[entries], precision, columns)
        # a running sum, since np.add.reduceat goes wrong at rows without entries
        running = np.zeros(len(columns) + 1, dtype=np.uint64)
        np.cumsum(mixed(bits ^ keys[columns]) - constant[columns], out=running[1:])
        # differences mod 2**64 of the running sum at the row borders, empty rows included
        sums[rows] += np.diff(running[indptr[rows.start : rows.stop + 1] - entries.start])


def _runs(precision):
    """Yield (start, stop) of neighboring columns of one precision, at most one block wide."""
    borders = np.flatnonzero(np.diff(precision)) + 1
    for run_start, run_stop in zip([0, *borders], [*borders, len(precision)], strict=True):
        for start in range(run_start, run_stop, BLOCK_COLUMNS):
            yield start, min(start + BLOCK_COLUMNS, run_stop)


def _blocks_of_entries(indptr):
    """Yield slices of rows with about one block of stored entries each, and at least one row."""
    goals = np.arange(0, indptr[-1], BLOCK)
    starts = np.unique([0, *np.searchsorted(indptr[:-1], goals, side="left"), len(indptr) - 1])
    for start, stop in pairwise(starts):
        yield slice(int(start), int(stop))
