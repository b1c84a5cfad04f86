"""Numbers for records, whatever their container: what a model of skmia's own learns from."""

import numpy as np
from scipy.sparse import issparse

from skmia._records.table import read_table
from skmia._records.table_column import as_coded, coded_column

# numbers that no category has
_UNKNOWN = -1
_MISSING = -2


class RecordNumbers:
    """Turn records into float32: numbers as they are, truth values 0 and 1, dates days since 1970.

    What is missing is NaN, a missing category −2, one that was not met in `fit` −1.
    """

    def fit(self, X, *others):
        """Learn which columns hold categories, in any of some like tables, and which these are."""
        tables = [_table(side) for side in (X, *others)]
        self.levels_ = None  # numbers throughout
        if not all(table.is_numeric for table in tables):
            columns = zip(*(table.columns() for table in tables), strict=True)
            self.levels_ = [_levels(pieces) for pieces in columns]
        return self

    def transform(self, X):
        """Return float32 numbers of records with the columns of those in `fit`."""
        table = _table(X)
        if self.levels_ is None and table.is_numeric:
            (values,) = table.blocks()
            values = values.toarray() if issparse(values) else values
            return within_float32(values).astype(np.float32)
        levels = self.levels_ or [None] * table.shape[1]
        numbers = np.empty(table.shape, dtype=np.float32, order="F")  # written column by column
        for j, pair in enumerate(zip(table.columns(), levels, strict=True)):
            numbers[:, j] = within_float32(_numbers(*pair))
        return numbers


def within_float32(values):
    """Clip numbers to the range of float32: finite ends in the place of infinity."""
    # before the conversion, which would warn of an overflow and make it infinite
    limit = np.finfo(np.float32).max
    return np.clip(values, -limit, limit)


def _table(X):
    table = read_table(X)
    if table.ndim < 2:
        raise ValueError(f"Records of shape {table.container.shape} are no table with columns.")
    return table


def _levels(pieces):
    """Return the number of each category of a column, None of a column of numbers."""
    categories = [piece for piece in pieces if piece.kind == "category"]
    # a column of objects in which all are missing may be one of numbers elsewhere
    if len(categories) < len(pieces) and all(piece.missing.all() for piece in categories):
        return None
    levels = [level for piece in pieces for level in as_coded(piece).coded()[1]]
    return {level: number for number, level in enumerate(coded_column(levels).coded()[1])}


def _numbers(column, levels):
    if levels is None:
        if column.kind != "category":
            return column.floats()
        if column.missing.all():
            return np.full(len(column), np.nan)
        raise ValueError(
            "A column that held only numbers in fit now holds other values, for example "
            f"{column.coded()[1][0]!r}. Give the records in the form that they had in fit."
        )
    column = as_coded(column)
    numbers = [levels.get(level, _UNKNOWN) for level in column.levels]
    return np.array([*numbers, _MISSING])[column.codes]  # the code −1 is the last
