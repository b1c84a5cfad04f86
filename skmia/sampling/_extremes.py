"""The records that hold the range of a column."""

import numpy as np

from skmia.properties._column_codes import numbered_column


def extreme_rows(table, positions, draws):
    """Find for each column of numbers one record with the smallest and one with the largest value.

    With these kept, bins of the column's range are cut as before. Of several such records it takes
    the one with the smallest of `draws`. The rows are distinct.
    """
    rows = []
    for j in positions:
        numbers, names = numbered_column(table, j)
        # a column of texts has no range, nor has one of missing values alone
        if names is None and not np.isnan(numbers := numbers.astype(np.float64)).all():
            ends = np.nanmin(numbers), np.nanmax(numbers)
            rows += [np.where(numbers == end, draws, np.inf).argmin() for end in ends]
    # one record may hold the ends of several columns
    return np.unique(np.array(rows, dtype=np.intp))
