"""Records column by column: arrays, sparse matrices and pandas frames alike."""

from numbers import Real

import numpy as np
from scipy import sparse

__all__ = [
    "check_records",
    "columns_of",
    "from_columns",
    "is_categorical",
    "is_frame",
    "is_zero_one",
    "map_columns",
    "observed",
]


def is_frame(X):
    """Return whether X is a pandas frame."""
    return hasattr(X, "iloc") and hasattr(X, "columns")


def check_records(X):
    """Return records as a pandas frame, a CSR matrix or a two-dimensional array."""
    if sparse.issparse(X):
        X = X.tocsr()
    elif hasattr(X, "columns") and not is_frame(X):
        raise TypeError(
            f"X must be an array, a sparse matrix or a pandas frame, got {type(X).__name__}; call "
            "its to_pandas()."
        )
    elif not is_frame(X):
        X = np.asarray(X)
    if X.ndim != 2 or 0 in X.shape:
        raise ValueError(
            f"X must hold at least one record and one feature, got shape {X.shape}; give one row a "
            "record."
        )
    return X


def columns_of(X):
    """Yield each column of checked records: a Series of a frame, else an array."""
    if is_frame(X):
        for j in range(X.shape[1]):
            yield X.iloc[:, j].reset_index(drop=True)
    elif sparse.issparse(X):
        by_column = X.tocsc()
        for j in range(X.shape[1]):
            yield by_column[:, [j]].toarray().ravel()
    else:
        yield from X.T


def from_columns(columns, n_records, like):
    """Return columns as records in the form of `like`, each column of the dtype it has there."""
    if is_frame(like):
        return _to_frame(columns, like)
    if sparse.issparse(like):
        return _to_sparse(columns, n_records, like)
    X = np.empty((n_records, like.shape[1]), dtype=like.dtype)
    for j, column in enumerate(columns):
        X[:, j] = column
    return X


def _to_frame(columns, like):
    import pandas as pd

    series = [  # without the index, by which pandas would align them
        pd.Series(getattr(column, "array", column), dtype=dtype)
        for column, dtype in zip(columns, like.dtypes, strict=True)
    ]
    return pd.concat(series, axis=1, ignore_index=True).set_axis(like.columns, axis=1)


def _to_sparse(columns, n_records, like):
    rows, data = [], []
    for column in columns:
        rows.append(np.flatnonzero(column))
        data.append(column[rows[-1]].astype(like.dtype))
    starts = np.cumsum([0, *map(len, rows)])
    by_column = (np.concatenate(data), np.concatenate(rows), starts)
    return type(like)(sparse.csc_matrix(by_column, shape=(n_records, like.shape[1])).tocsr())


def map_columns(function, X, n_records):
    """Return records of the form of X with each column replaced by the function of it."""
    return from_columns(map(function, columns_of(X)), n_records, X)


def observed(column):
    """Return the distinct values of a column without the missing ones, sorted where possible."""
    if hasattr(column, "dropna"):
        values = np.asarray(column.dropna().unique())
    elif column.dtype.kind in "biuf":
        values = np.unique(column[column == column])
    else:
        distinct = dict.fromkeys(column.tolist())
        values = np.array([v for v in distinct if v is not None and v == v], dtype=column.dtype)
    if values.dtype == object and all(isinstance(value, Real) for value in values):
        values = np.array(values.tolist())
    try:
        return np.sort(values)
    except TypeError:  # values of types that have no order
        return values


def is_categorical(column):
    """Return whether a column is a categorical Series."""
    return hasattr(column, "cat")


def is_zero_one(column, values):
    """Return whether the values of a column are no others than 0 and 1, or False and True."""
    is_number = values.dtype.kind in "biuf" and not is_categorical(column)
    return is_number and len(values) > 0 and bool(np.isin(values, (0, 1)).all())
