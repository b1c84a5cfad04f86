"""Columns of tables as numbers or as codes of their values."""

import numpy as np
from scipy.sparse import issparse

from skmia.metrics._groups import MISSING

LOW, HIGH = "low", "high"


def column_positions(table, features):
    """Return the positions of columns given by name or, where that is no name, by number."""
    positions = [table.find(feature) for feature in features]
    if None in positions:
        named = table.names if table.is_named else f"no names and {table.shape[1]} columns"
        raise ValueError(
            f"features must be columns of X, got {features[positions.index(None)]!r}; X has "
            f"{named}. Give names or numbers from 0 on."
        )
    if not positions or len(set(positions)) < len(positions):
        raise ValueError(
            f"features must name at least one column, each once, got {list(features)!r}."
        )
    return positions


def numbered_column(table, j):
    """Return a column and None if it is of numbers, dates or truth values, else codes and names."""
    column = table.column(j)
    if column.kind != "category":
        plain = column.plain()
        is_whole = plain.kind != "date" and plain.holes is None
        return (plain.values if is_whole else plain.floats()), None
    codes, names = column.coded()
    names = list(names)
    if column.missing.any() and MISSING not in names:
        names.append(MISSING)
    return np.where(codes < 0, names.index(MISSING) if MISSING in names else -1, codes), names


def low_and_high(numbers):
    """Return codes 0 low (at most the middle of the range), 1 high, 2 missing, and these words."""
    return equal_width_codes(numbers, 2, right=True), [LOW, HIGH, MISSING]


def equal_width_codes(numbers, bins, *, right=False):
    """Return the bin of each number, of equal width, from 0 on; that of missing ones is ``bins``.

    With ``right``, a number on a border belongs to the lower bin.
    """
    numbers = numbers.astype(np.float64)
    missing = np.isnan(numbers)
    if np.isinf(numbers).any():
        raise ValueError(
            "X must be finite or NaN where columns are cut into bins, got a column with an "
            "infinite value; replace it by NaN or by a large number."
        )
    if missing.all():
        return np.full(len(numbers), bins)
    low, high = numbers[~missing].min(), numbers[~missing].max()
    # by halves, since high - low may be beyond the largest float
    borders = 2 * np.linspace(low / 2, high / 2, bins + 1)[1:-1]
    codes = np.searchsorted(borders, numbers, side="left" if right else "right")
    codes = np.zeros_like(codes) if low == high else codes
    return np.where(missing, bins, codes)


def stored_codes(table, j, bins=None):
    """Number a column's distinct values, or the bins of its numbers, from 0 on.

    Of a sparse column the codes are of the stored entries, and 0 is that of all others.
    """
    if not issparse(table.container):
        return _column_codes(table.column(j), bins)
    matrix = table.by_column
    stored = matrix.data[matrix.indptr[j] : matrix.indptr[j + 1]]
    if len(stored) == len(table):
        return _number_codes(stored, bins)
    codes = _number_codes(np.append(stored, 0), bins)
    return (codes[:-1] - codes[-1]) % (codes.max() + 1)


def _column_codes(column, bins):
    if bins is not None and column.kind != "category":
        return _number_codes(column.floats(), bins)
    codes, levels = column.coded()
    return np.where(codes < 0, len(levels), codes)


def _number_codes(values, bins):
    values = values if bins is None else equal_width_codes(values, bins)
    return np.unique(values, return_inverse=True)[1]
