"""The records that hold the range of a column."""

import numpy as np

from skmia.properties._column_codes import numbered_column

__all__ = ["extreme_rows"]


def extreme_rows(table, positions, draws):
    """Find for each column of numbers one record with the smallest and one with the largest value.

    With these kept, cutting the column in bins of its range cuts it where it was cut before. Of
    several such records the one with the smallest of `draws` is taken. The rows are distinct.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia._records import read_table
    >>> from skmia.sampling._extremes import extreme_rows
    >>> table = read_table([[1], [3], [1], [2]])
    >>> extreme_rows(table, [0], np.array([0.9, 0.1, 0.2, 0.3]))
    array([1, 2])
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
