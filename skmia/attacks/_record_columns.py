"""Records as columns of arrays, and columns as records in the container of others."""

from numbers import Real

import numpy as np
from scipy.sparse import issparse

__all__ = ["columns_of", "like_these"]


def columns_of(X):
    """Yield each column of records as an array: of numbers where it holds nothing else.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_records, n_features)
        Records.

    Yields
    ------
    ndarray of shape (n_records,)
        The columns; missing numbers are NaN.

    Raises
    ------
    ValueError
        If the records are no table.
    """
    if hasattr(X, "columns"):
        names = range(X.shape[1]) if hasattr(X, "iloc") else X.columns
        for name in names:  # by position in pandas, since names may repeat
            yield _values(X.iloc[:, name] if hasattr(X, "iloc") else X[name])
    elif issparse(X):
        by_column = X.tocsc()
        for j in range(X.shape[1]):
            yield by_column[:, [j]].toarray().ravel()
    else:
        X = _as_table(X)
        for column in X.T:
            yield _values(column)


def like_these(X, columns, n_copies):
    """Return columns as records in the container of others.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_records, n_features)
        Records that the new ones are copies of.
    columns : iterable of ndarray of shape (n_copies, n_records)
        The columns.
    n_copies : int
        Number of copies.

    Returns
    -------
    {ndarray, csr_matrix, DataFrame} of shape (n_copies * n_records, n_features)
        The records, copy by copy. Of arrays and sparse matrices integers become floats where a
        column did.
    """
    if hasattr(X, "iloc"):
        return _to_pandas(X, columns)
    if hasattr(X, "columns"):
        return _to_polars(X, columns)
    columns = list(columns)
    dtype = np.result_type(X, *columns) if issparse(X) else _dtype(_as_table(X), columns)
    table = np.empty(
        (n_copies * X.shape[0] if issparse(X) else columns[0].size, len(columns)), dtype
    )
    for j, column in enumerate(columns):
        table[:, j] = column.ravel()
    return type(X)(table) if issparse(X) else table


def _as_table(X):
    X = X if isinstance(X, np.ndarray) else np.asarray(X)
    if X.ndim != 2:
        raise ValueError(
            f"Records of shape {X.shape} are no table with columns. Noise on columns needs one; "
            "for texts or images give the attack a function as method, which makes the copies."
        )
    return X


def _dtype(X, columns):
    return X.dtype if X.dtype.kind not in "biuf" else np.result_type(X.dtype, *columns)


def _values(column):
    """Return a column as an array, of floats where it holds numbers with holes."""
    if hasattr(column, "isna") and getattr(column.dtype, "kind", "O") in "biuf":
        if isinstance(column.dtype, np.dtype):
            return column.to_numpy()
        has_holes = column.isna().any()
        return (
            column.to_numpy(dtype=np.float64, na_value=np.nan)
            if has_holes
            else (column.to_numpy(dtype=column.dtype.numpy_dtype))
        )
    values = column.to_numpy() if hasattr(column, "to_numpy") else column
    if values.dtype == object and all(v is None or isinstance(v, Real) for v in values.tolist()):
        return values.astype(np.float64)
    return values.astype(object) if values.dtype.kind in "US" else values


def _to_pandas(X, columns):
    import pandas as pd  # the caller's records are of pandas, so it is there

    series = []
    for j, column in enumerate(columns):
        dtype = X.dtypes.iloc[j]
        keeps = column.dtype.kind != "f" or getattr(dtype, "kind", "O") == "f"
        series.append(pd.Series(column.ravel(), dtype=dtype if keeps else None))
    return pd.concat(series, axis=1, ignore_index=True).set_axis(X.columns, axis=1)


def _to_polars(X, columns):
    import polars as pl

    series = []
    for name, dtype, column in zip(X.columns, X.dtypes, columns, strict=True):
        keeps = column.dtype.kind != "f" or dtype.is_float()
        values = column.ravel()
        values = values if values.dtype.kind in "biuf" else values.tolist()
        series.append(pl.Series(name, values, dtype=dtype if keeps else None))
    return pl.DataFrame(series)
