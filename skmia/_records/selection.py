"""Columns and rows of records, whatever their container."""

import numpy as np
from scipy.sparse import issparse, vstack

from skmia._records.table import read_table
from skmia.utils._sklearn import _safe_indexing


def column_of(X, column, *, remedy):
    """Return one column by its name, else its number; a message ends with `remedy`."""
    table = read_table(X)
    # one dimension is read as one column, but has no columns to choose from
    position = table.find(column) if table.ndim == 2 else None
    if position is None:
        shape = f"no named columns and shape {table.container.shape}"
        raise ValueError(
            f"The sensitive feature {column!r} is not a column of X, which has "
            f"{table.names if table.is_named else shape}. {remedy}"
        )
    if issparse(X):  # cut by scikit-learn it would stay a sparse matrix of one column
        return table.column(position).values
    return _safe_indexing(table.container, position, axis=1)


def columns_of(X, columns, *, remedy):
    if not isinstance(columns, list | tuple):
        return column_of(X, columns, remedy=remedy)
    each = [column_of(X, column, remedy=remedy) for column in columns]
    # numbers and texts side by side keep their types
    return np.column_stack([np.asarray(column, dtype=object) for column in each])


def concatenate(*parts):
    """Return the records of all parts, in the kind of container that all of them came in."""
    # a frame beside an array would lose its names and dtypes
    kinds = {(issparse(part), hasattr(part, "columns")) for part in parts}
    if len(kinds) > 1:
        names = " and ".join(dict.fromkeys(type(part).__name__ for part in parts))
        raise TypeError(f"Records must come in the same kind of container, got {names}.")
    if issparse(parts[0]):
        return vstack(parts, format="csr")
    if hasattr(parts[0], "iloc"):
        import pandas as pd  # the caller's records are of pandas, so it is there

        return pd.concat(parts, ignore_index=True)
    if hasattr(parts[0], "columns"):
        import polars as pl

        return pl.concat(parts, how="vertical_relaxed")  # of int and float the wider
    return np.concatenate([np.asarray(part) for part in parts])


def ranks_within(codes, draws):
    """Rank the rows of each code (0 or more) among themselves, from 0 on, by numbers drawn."""
    order = np.lexsort((draws, codes))  # by code, and within it by draw
    sizes = np.bincount(codes)
    ranks = np.empty(len(codes), dtype=np.intp)
    ranks[order] = np.arange(len(codes)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return ranks


def matched_classes(first, second):
    """Return class numbers of both sides, and of each class the records of the side with fewer."""
    classes, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    codes = np.split(codes, [len(first)])
    return codes, np.min([np.bincount(c, minlength=len(classes)) for c in codes], axis=0)


def draw_per_class(codes, quota, rng):
    """Draw `quota` records of each class; return their rows, sorted, and random ranks in it."""
    ranks = ranks_within(codes, rng.random_sample(len(codes)))
    rows = np.flatnonzero(ranks < quota[codes])
    return rows, ranks[rows]


def halve(strata, rng, contents=None):
    """Return a mask of a random half of the records: strata alike, equal `contents` together.

    Equal contents, of one stratum, share a number; of an odd number the half has one less.
    """
    if contents is None:
        contents = np.arange(len(strata))
    # one draw per content, not per record: twins fall on one side
    _, first, units = np.unique(contents, return_index=True, return_inverse=True)
    return (ranks_within(strata[first], rng.random_sample(len(first))) % 2 == 1)[units]
