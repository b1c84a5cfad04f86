"""Columns of records in any container, as numbers or as codes of their values."""

from numbers import Integral, Real

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_array

from skmia.metrics._groups import MISSING, group_codes

LOW, HIGH = "low", "high"
# of those Python objects that make a column of numbers; NA, NaT and None are holes in it
_HOLES = ("NoneType", "NAType", "NaTType")


def as_table(X):
    """Return records as they are, or as CSC or an array of two dimensions, without a copy if so.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        Records.

    Returns
    -------
    {ndarray, CSC matrix, dataframe}
        The table.

    Raises
    ------
    ValueError
        If it is no table with at least one record and one column.
    """
    if issparse(X):
        table = check_array(X, accept_sparse="csc", ensure_all_finite="allow-nan")
        if not table.has_canonical_format:
            table = table.copy()  # the user's entries stay in their order
            table.sum_duplicates()
        return table
    if not hasattr(X, "columns"):
        values = np.asarray(X)
        # np.asarray([[1, "a"]]) would make texts of numbers
        texts = values.dtype.kind in "USO" and not isinstance(X, np.ndarray)
        X = np.asarray(X, dtype=object) if texts else values
    if len(X.shape) != 2 or 0 in X.shape:
        raise ValueError(
            "X must be a table of at least one record and one column, got shape "
            f"{tuple(X.shape)}; give an array, a sparse matrix or a data frame of shape "
            "(n_records, n_features)."
        )
    return X


def column_names(table):
    """Return the names of a frame's columns, else their numbers.

    Parameters
    ----------
    table : {ndarray, CSC matrix, dataframe}
        As `as_table` returns it.

    Returns
    -------
    list
        One name for each column.
    """
    return list(table.columns) if hasattr(table, "columns") else list(range(table.shape[1]))


def column_positions(table, features):
    """Return the positions of columns given by name or, where that is no name, by number.

    Parameters
    ----------
    table : {ndarray, CSC matrix, dataframe}
        As `as_table` returns it.
    features : list of str or int
        The columns.

    Returns
    -------
    list of int
        Their positions, from 0 on.

    Raises
    ------
    ValueError
        If there is no such column, none is given, or one is given twice.
    """
    names, n_columns = column_names(table), table.shape[1]
    positions = []
    for feature in features:
        if hasattr(table, "columns") and feature in names:
            positions.append(names.index(feature))
        elif isinstance(feature, Integral) and -n_columns <= feature < n_columns:
            positions.append(int(feature) % n_columns)
        else:
            named = names if hasattr(table, "columns") else f"no names and {n_columns} columns"
            raise ValueError(
                f"features must be columns of X, got {feature!r}; X has {named}. Give names or "
                "numbers from 0 on."
            )
    if not positions or len(set(positions)) < len(positions):
        raise ValueError(
            f"features must name at least one column, each once, got {list(features)!r}."
        )
    return positions


def numbered_column(table, j):
    """Return a column as numbers, or as codes of its values.

    Numbers, times and truth values are numbers, NaN where missing; all else is numbered.

    Parameters
    ----------
    table : {ndarray, CSC matrix, dataframe}
        As `as_table` returns it.
    j : int
        Position of the column.

    Returns
    -------
    numbers : ndarray of shape (n_records,)
        Numbers of any type, or codes from 0 on.
    names : list or None
        What the codes stand for, None for numbers. All missing values are "missing".

    Raises
    ------
    ValueError
        If a value is not hashable.
    """
    values = _column(table, j)
    if values.dtype.kind == "O" and _are_numbers(values):
        codes, levels = group_codes(values)
        return np.array([np.nan if v is MISSING else v for v in levels], np.float64)[codes], None
    if values.dtype.kind in "biuf":
        return values, None
    if values.dtype.kind in "mM":
        return np.where(np.isnat(values), np.nan, values.astype(np.int64)), None
    return group_codes(values)


def halves(numbers):
    """Tell which numbers are low, at most the middle of their range, and which are high.

    Parameters
    ----------
    numbers : ndarray of shape (n_records,)
        Numbers, NaN where missing.

    Returns
    -------
    codes : ndarray of int, shape (n_records,)
        0 low, 1 high, 2 missing.
    names : list of str
        These three words.

    Raises
    ------
    ValueError
        If a number is infinite.
    """
    return equal_width_codes(numbers, 2, right=True), [LOW, HIGH, MISSING]


def equal_width_codes(numbers, bins, *, right=False):
    """Cut numbers into bins of one width between the smallest and the largest.

    Parameters
    ----------
    numbers : ndarray of shape (n_records,)
        Numbers, NaN where missing.
    bins : int
        How many bins.
    right : bool, default=False
        Whether a number on a border belongs to the lower bin.

    Returns
    -------
    ndarray of int, shape (n_records,)
        Bins from 0 on; ``bins`` where the number is missing.

    Raises
    ------
    ValueError
        If a number is infinite.
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
    """Number a column's distinct values, or the bins of its numbers.

    Parameters
    ----------
    table : {ndarray, CSC matrix, dataframe}
        As `as_table` returns it.
    j : int
        Position of the column.
    bins : int or None, default=None
        Bins for numbers. None numbers each distinct value.

    Returns
    -------
    ndarray of int, shape (n_records,) or (n_stored,)
        Codes from 0 on. Of a sparse matrix those of the stored entries, where 0 is the code of all
        that is not stored.

    Raises
    ------
    ValueError
        If a number is infinite and columns are cut.
    """
    if not issparse(table):
        values, names = numbered_column(table, j)
        return values if names is not None else _number_codes(values, bins)
    stored = table.data[table.indptr[j] : table.indptr[j + 1]]
    if len(stored) == table.shape[0]:
        return _number_codes(stored, bins)
    codes = _number_codes(np.append(stored, 0), bins)
    return (codes[:-1] - codes[-1]) % (codes.max() + 1)


def _number_codes(values, bins):
    values = values if bins is None else equal_width_codes(values, bins)
    return np.unique(values, return_inverse=True)[1]


def _column(table, j):
    """Return one column as an array, nullable numbers as floats with NaN."""
    if issparse(table):
        return table[:, [j]].toarray().ravel()
    if not hasattr(table, "columns"):
        return table[:, j]
    # by position, since names of pandas may repeat
    column = table.iloc[:, j] if hasattr(table, "iloc") else table[table.columns[j]]
    if hasattr(column.dtype, "tz"):  # else pandas makes objects of times with a zone
        return column.to_numpy(dtype="datetime64[ns]")
    if _is_nullable_number(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy()


def _is_nullable_number(dtype):
    """Tell pandas' own types of numbers from those of numpy and polars, and from categories."""
    is_number = getattr(dtype, "kind", "O") in "biuf" and not hasattr(dtype, "categories")
    return is_number and not isinstance(dtype, np.dtype)


def _are_numbers(values):
    kinds = [k for k in set(map(type, values.tolist())) if k.__name__ not in _HOLES]
    return bool(kinds) and all(issubclass(kind, Real | np.bool_) for kind in kinds)
