"""Columns and rows of records, whatever their container."""

from numbers import Integral

import numpy as np
from scipy.sparse import issparse, vstack

from skmia.utils._sklearn import _safe_indexing

__all__ = ["column_of", "concatenate"]


def column_of(X, column, *, remedy):
    """Return one column of records, whatever their container.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        The records.
    column : str or int
        Its name, or its number where it is no name.
    remedy : str
        What to do if there is no such column, for the message.

    Returns
    -------
    array-like of shape (n_records,)
        The column.

    Raises
    ------
    ValueError
        If X has no such column.

    Examples
    --------
    >>> from skmia._records import column_of
    >>> column_of([[1, 2], [3, 4]], 1, remedy="Count from 0.")
    array([2, 4])
    """
    names = list(X.columns) if hasattr(X, "columns") else []
    if column in names:
        return X[column]
    X = X if hasattr(X, "shape") else np.asarray(X)
    by_number = isinstance(column, Integral) and len(X.shape) == 2
    if not by_number or not -X.shape[1] <= column < X.shape[1]:
        columns = names or f"no named columns and shape {X.shape}"
        raise ValueError(
            f"The sensitive feature {column!r} is not a column of X, which has {columns}. {remedy}"
        )
    if issparse(X):
        return X.tocsc()[:, [column]].toarray().ravel()
    return _safe_indexing(X, column, axis=1)


def concatenate(first, second):
    """Return the records of both, in the container they came in.

    Parameters
    ----------
    first, second : array-like of shape (n_records, ...)
        Records in containers of the same kind.

    Returns
    -------
    array-like of shape (n_first + n_second, ...)
        All records.
    """
    if issparse(first) and issparse(second):
        return vstack([first, second], format="csr")
    if hasattr(first, "columns") != hasattr(second, "columns") or issparse(second):
        raise TypeError(
            f"Records must come in the same kind of container, got "
            f"{type(first).__name__} and {type(second).__name__}."
        )
    if hasattr(first, "iloc"):
        import pandas as pd  # the caller's records are of pandas, so it is there

        return pd.concat([first, second], ignore_index=True)
    if hasattr(first, "columns"):
        import polars as pl

        return pl.concat([first, second], how="vertical_relaxed")
    return np.concatenate([np.asarray(first), np.asarray(second)])
