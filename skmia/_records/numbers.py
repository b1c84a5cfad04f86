"""Numbers for records, whatever their container: what a model of skmia's own learns from."""

import numpy as np
from scipy.sparse import issparse

__all__ = ["RecordNumbers"]

_MISSING_TEXTS = ("None", "nan", "NaN", "NaT", "<NA>", "")
_UNKNOWN, _MISSING = -1, -2


class RecordNumbers:
    """Turn records into float32 numbers: numeric columns as they are, values of others numbered.

    Numbers are float32, so that the same record has the same numbers in float32 and float64. A
    missing number is NaN, a missing category −2, and a category that was not met in `fit` −1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia._records import RecordNumbers
    >>> numbers = RecordNumbers().fit(np.array([["b", 1], ["a", 2]], dtype=object))
    >>> numbers.transform(np.array([["b", None], ["c", 3]], dtype=object))
    array([[ 1., nan],
           [-1.,  3.]], dtype=float32)
    """

    def fit(self, X):
        """Learn which columns hold numbers, and the values of the others.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_records, n_features)
            Records.

        Returns
        -------
        self : object
            Itself.

        Raises
        ------
        ValueError
            If the records are no table.
        """
        self.levels_ = None  # numbers throughout
        if not (issparse(X) or _is_numeric(X)):
            self.levels_ = [_levels(column) for column in _columns(X)]
        return self

    def transform(self, X):
        """Return the numbers of records.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_records, n_features)
            Records with the columns of those in `fit`.

        Returns
        -------
        ndarray of float32, shape (n_records, n_features)
            The numbers.

        Raises
        ------
        ValueError
            If a column that held numbers holds something else.
        """
        if issparse(X):
            return _within_float32(X.toarray())
        if self.levels_ is None and _is_numeric(X):
            return _within_float32(np.asarray(X).reshape(len(X), -1))
        columns = _columns(X)
        levels = [None] * len(columns) if self.levels_ is None else self.levels_
        pairs = zip(columns, levels, strict=True)
        return _within_float32(np.column_stack([_numbers(*pair) for pair in pairs]))


def _is_numeric(X):
    return isinstance(X, np.ndarray) and X.ndim > 1 and X.dtype.kind in "biuf"


def _columns(X):
    """Return the columns of a table as arrays."""
    if hasattr(X, "columns"):
        if hasattr(X, "iloc"):  # by position, since names may repeat
            return [_values(X.iloc[:, j]) for j in range(X.shape[1])]
        return [_values(X[name]) for name in X.columns]
    X = X if isinstance(X, np.ndarray) else np.asarray(X, dtype=object)
    if X.ndim < 2:
        raise ValueError(f"Records of shape {X.shape} are no table with columns.")
    return list(X.reshape(len(X), -1).T)


def _values(column):
    """Return a column of a frame as an array, nullable numbers as floats with NaN."""
    dtype = column.dtype
    if hasattr(column, "isna") and getattr(dtype, "kind", "O") in "biuf":
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy()


def _levels(column):
    """Return the distinct values of a column of texts, None for one of numbers."""
    if _as_numbers(column) is not None:
        return None
    levels = np.unique(_texts(column))
    return levels[~np.isin(levels, _MISSING_TEXTS)]


def _numbers(column, levels):
    if levels is None:
        if (numbers := _as_numbers(column)) is None:
            raise ValueError(
                "A column that held only numbers in fit now holds other values, for example "
                f"{column[0]!r}. Give the records in the form that they had in fit."
            )
        return numbers
    texts = _texts(column)
    if not len(levels):
        return np.where(np.isin(texts, _MISSING_TEXTS), _MISSING, _UNKNOWN)
    place = np.searchsorted(levels, texts).clip(max=len(levels) - 1)
    known = np.where(levels[place] == texts, place, _UNKNOWN)
    return np.where(np.isin(texts, _MISSING_TEXTS), _MISSING, known)


def _texts(column):
    return np.asarray(column).astype(str)


def _as_numbers(column):
    column = np.asarray(column)
    if column.dtype.kind in "mM":
        return np.where(np.isnat(column), np.nan, column.astype(np.int64))
    try:
        return column.astype(np.float64)  # None becomes NaN
    except (TypeError, ValueError):
        return None


def _within_float32(values):
    """Return float32 numbers, those out of its range clipped."""
    limit = np.finfo(np.float32).max
    return np.clip(values, -limit, limit).astype(np.float32)
