"""The records that hold the range of a column."""

import numpy as np

from skmia.properties._column_codes import numbered_column

__all__ = ["extreme_rows"]


def extreme_rows(table, positions, draws):
    """Find for each column of numbers one record with the smallest and one with the largest value.

    With these kept, cutting the column in bins of its range cuts it where it was cut before.
    """
    rows = []
    for j in positions:
        numbers, names = numbered_column(table, j)
        if names is None and not np.isnan(numbers := numbers.astype(np.float64)).all():
            ends = np.nanmin(numbers), np.nanmax(numbers)
            rows += [np.where(numbers == end, draws, np.inf).argmin() for end in ends]
    return np.unique(np.array(rows, dtype=np.intp))
