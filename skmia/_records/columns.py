"""From containers to columns: X as parts, each of neighboring columns of one kind."""

from collections import defaultdict
from itertools import pairwise

import numpy as np
from scipy import sparse

from skmia._records.bits import (
    EXACT,
    MISSING,
    bits_by_column,
    dtype_precision,
    level_bits,
    mix,
    mixed,
    time_bits,
    write_bits,
)

BLOCK = 16_384  # elements: a block and its two buffers stay in the level 2 cache
BLOCK_COLUMNS = 64


class _Numbers:
    """Dense columns of one numeric type; `missing` marks the holes of a single nullable column."""

    def __init__(self, values, missing=None):
        self.values = values
        self.missing = missing
        self.shape = values.shape
        self.precision = dtype_precision(values.dtype)

    def add_to(self, sums, keys, precision):
        constant = mixed(keys)
        runs = list(_runs(precision))
        widest = max((stop - start for start, stop in runs), default=1)
        n_rows = BLOCK // widest
        numbers, spare = np.empty((2, widest, n_rows))
        for first in range(0, len(sums), n_rows):
            rows = slice(first, min(first + n_rows, len(sums)))
            for start, stop in runs:
                # columns first: long inner loops whatever the number of columns
                block = numbers[: stop - start, : rows.stop - first]
                write_bits(self.values[rows, start:stop].T, precision[start], out=block)
                bits = block.view(np.uint64)
                if self.missing is not None:
                    bits[:, self.missing[rows]] = MISSING
                bits ^= keys[start:stop, None]
                mix(bits, spare[: stop - start, : rows.stop - first].view(np.uint64))
                sums[rows] += bits.sum(axis=0)
        sums -= constant.sum()


class _Levels:
    """One column as codes of its distinct values; code −1 is missing."""

    precision = EXACT

    def __init__(self, codes, levels):
        self.codes = codes
        self.levels = [*levels, None]
        self.shape = (len(codes), 1)
        floats = {t for t in set(map(type, levels)) if issubclass(t, (float, np.floating))}
        self.precision = min((dtype_precision(np.dtype(t)) for t in floats), default=EXACT)

    def add_to(self, sums, keys, precision):
        bits = level_bits(self.levels, precision[0])
        table = mixed(bits ^ keys) - mixed(keys)
        for first in range(0, len(sums), BLOCK):
            rows = slice(first, first + BLOCK)
            sums[rows] += table[self.codes[rows]]


class _Times:
    """Columns of dates, times or durations, counted in nanoseconds."""

    precision = EXACT

    def __init__(self, values):
        self.values = values
        self.shape = values.shape

    def add_to(self, sums, keys, precision):
        for column, key in zip(self.values.T, keys[:, None], strict=True):
            for first in range(0, len(sums), BLOCK):
                rows = slice(first, first + BLOCK)
                sums[rows] += mixed(time_bits(column[rows]) ^ key)
        sums -= mixed(keys).sum()


class _Sparse:
    """A sparse matrix in canonical CSR form: only its stored entries are visited."""

    def __init__(self, matrix):
        self.matrix = matrix
        self.shape = matrix.shape
        self.precision = dtype_precision(matrix.dtype)

    def add_to(self, sums, keys, precision):
        indptr, constant = self.matrix.indptr, mixed(keys)
        for rows in _blocks_of_entries(indptr):
            entries = slice(indptr[rows.start], indptr[rows.stop])
            columns = self.matrix.indices[entries]
            bits = bits_by_column(self.matrix.data[entries], precision, columns)
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


def parts(X):
    if sparse.issparse(X):
        yield _Sparse(_canonical_csr(X))
    elif hasattr(X, "columns") and hasattr(X, "dtypes"):
        for column in _frame_columns(X):
            yield from _column_parts(column)
    elif hasattr(X, "to_frame"):  # a pandas or polars Series
        yield from parts(X.to_frame())
    else:
        yield from _array_parts(_as_array(X))


def _as_array(X):
    values = np.asarray(X)
    if values.dtype.kind in "US" and not isinstance(X, np.ndarray):
        values = np.asarray(X, dtype=object)  # np.asarray([[1, "a"]]) would make texts of numbers
    if values.ndim < 2:
        return values.reshape(-1, 1)
    return values.reshape(len(values), int(np.prod(values.shape[1:])))


def _array_parts(values):
    kind = values.dtype.kind
    if kind in "biuf":
        yield _Numbers(values)
    elif kind in "mM":
        yield _Times(values)
    elif kind in "OUST":
        for column in values.T:
            yield _factorized(column.tolist())
    else:
        raise TypeError(
            f"Records of type {values.dtype} cannot be compared. "
            "Convert them to numbers, texts or dates."
        )


def _factorized(values):
    codes = defaultdict()
    codes.default_factory = codes.__len__  # a new value gets the next number
    try:
        numbered = np.fromiter(map(codes.__getitem__, values), np.int64, len(values))
    except TypeError as error:
        raise TypeError(
            f"A column holds values that cannot be compared ({error}); a value or argument must be "
            "a string, a date or a number. Convert them to numbers, texts or dates."
        ) from error
    return _Levels(numbered, list(codes))


def _canonical_csr(X):
    matrix = X.tocsr()
    if not matrix.has_canonical_format:
        matrix = matrix.copy()  # the user's entries stay in their order
        matrix.sum_duplicates()
    return matrix


def _frame_columns(frame):
    if hasattr(frame, "iloc"):
        return [frame.iloc[:, j] for j in range(frame.shape[1])]
    return frame.get_columns()


def _column_parts(column):
    """Turn one pandas or polars column into parts, without loss for integers with holes."""
    dtype = column.dtype
    if hasattr(dtype, "categories") and hasattr(column.cat, "codes"):
        yield _Levels(column.cat.codes.to_numpy(), list(dtype.categories))
    elif hasattr(column, "null_count") and dtype.is_integer() and column.null_count():
        values = column.fill_null(0).to_numpy()
        yield _Numbers(values[:, None], column.is_null().to_numpy())
    elif not isinstance(dtype, np.dtype) and getattr(dtype, "kind", "O") in "biuf":
        plain = dtype.numpy_dtype if hasattr(dtype, "numpy_dtype") else dtype.subtype
        missing = column.isna().to_numpy(dtype=bool)
        values = column.fillna(False if dtype.kind == "b" else 0).to_numpy(dtype=plain)
        yield _Numbers(values[:, None], missing)
    elif hasattr(dtype, "tz") and hasattr(column, "dt"):  # pandas, aware of the time zone
        yield _Times(column.to_numpy(dtype=f"M8[{dtype.unit}]")[:, None])
    else:
        yield from _array_parts(_as_array(column.to_numpy()))
