"""Σ_j h(j, x_j) of every row, block by block of neighboring columns of one kind."""

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
from skmia._records.table_column import CodedColumn, PlainColumn

BLOCK = 16_384  # elements: a block and its two buffers stay in the level 2 cache
BLOCK_COLUMNS = 64


def block_precision(block):
    """Return the bytes of the floating-point type of each column, 16 where there is none."""
    if isinstance(block, CodedColumn):
        floats = {t for t in set(map(type, block.levels)) if issubclass(t, float | np.floating)}
        return [min((dtype_precision(np.dtype(t)) for t in floats), default=EXACT)]
    dtype = block.values.dtype if isinstance(block, PlainColumn) else block.dtype
    n_columns = 1 if isinstance(block, PlainColumn) else block.shape[1]
    return [EXACT if dtype.kind in "mM" else dtype_precision(dtype)] * n_columns


def row_sums(blocks, precision, n_records):
    """Return Σ_j h(j, x_j) mod 2**64 of every row, at the precision of each column."""
    sums = np.zeros(n_records, dtype=np.uint64)
    keys = mixed(np.arange(1, len(precision) + 1, dtype=np.uint64) * GOLDEN)
    first = 0
    for block in blocks:
        n_columns = block.shape[1] if hasattr(block, "shape") else 1
        columns = slice(first, first + n_columns)
        _add(block, sums, keys[columns], precision[columns])
        first = columns.stop
    return sums


def _add(block, sums, keys, precision):
    if issparse(block):
        _add_sparse(block, sums, keys, precision)
    elif isinstance(block, CodedColumn):
        _add_codes(block, sums, keys, precision)
    else:
        is_column = isinstance(block, PlainColumn)
        values = block.values[:, None] if is_column else block
        if values.dtype.kind in "mM":
            _add_times(values, sums, keys)
        else:
            _add_numbers(values, block.holes if is_column else None, sums, keys, precision)


def _add_numbers(values, holes, sums, keys, precision):
    """Add dense columns of one numeric type; `holes` marks what is missing in a single one."""
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
            write_bits(values[rows, start:stop].T, precision[start], out=block)
            bits = block.view(np.uint64)
            if holes is not None:
                bits[:, holes[rows]] = MISSING
            bits ^= keys[start:stop, None]
            mix(bits, spare[: stop - start, : rows.stop - first].view(np.uint64))
            sums[rows] += bits.sum(axis=0)
    sums -= constant.sum()


def _add_codes(column, sums, keys, precision):
    bits = level_bits([*column.levels, None], precision[0])
    table = mixed(bits ^ keys) - mixed(keys)
    for first in range(0, len(sums), BLOCK):
        rows = slice(first, first + BLOCK)
        sums[rows] += table[column.codes[rows]]


def _add_times(values, sums, keys):
    """Add dates, times or durations, counted in nanoseconds."""
    for column, key in zip(values.T, keys[:, None], strict=True):
        for first in range(0, len(sums), BLOCK):
            rows = slice(first, first + BLOCK)
            sums[rows] += mixed(time_bits(column[rows]) ^ key)
    sums -= mixed(keys).sum()


def _add_sparse(matrix, sums, keys, precision):
    """Add a matrix in canonical CSR form: only its stored entries are visited."""
    indptr, constant = matrix.indptr, mixed(keys)
    for rows in _blocks_of_entries(indptr):
        entries = slice(indptr[rows.start], indptr[rows.stop])
        columns = matrix.indices[entries]
        bits = bits_by_column(matrix.data[entries], precision, columns)
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
