"""The values that each feature may take, to draw records of which nothing else is known."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np

from skmia.shadows._columns import (
    check_records,
    columns_of,
    from_columns,
    is_categorical,
    is_frame,
    is_zero_one,
    observed,
)

__all__ = ["Domain", "find_domain"]

_MOST_WHOLE_VALUES = 20


class Domain:
    """A uniform distribution over records, each feature drawn from its values or its range.

    Within, a record is a row of floats: the number of the value where a feature has a list of
    values, the value itself where it has a range.

    Parameters
    ----------
    entries : list of {ndarray, tuple}
        Per feature the allowed values, or the two ends of its range; a range between two integers
        is one of whole numbers.
    like : {ndarray, csr_matrix, DataFrame}
        The form of the records.
    """

    def __init__(self, entries, like):
        self.values = [None if isinstance(entry, tuple) else entry for entry in entries]
        self.like = like
        ranges = [entry if isinstance(entry, tuple) else (0, len(entry) - 1) for entry in entries]
        self.is_whole = np.array([isinstance(high, Integral) for _, high in ranges])
        self.low = np.array([low for low, _ in ranges], dtype=np.float64)
        high = np.array([high for _, high in ranges], dtype=np.float64)
        self.width = high - self.low + self.is_whole

    @property
    def n_features(self):
        """Return the number of features.

        Returns
        -------
        int
            As many as entries.
        """
        return len(self.values)

    def draw(self, n_records, rng):
        """Draw records.

        Parameters
        ----------
        n_records : int
            How many.
        rng : RandomState
            Draws them.

        Returns
        -------
        ndarray of shape (n_records, n_features)
            Rows of floats.
        """
        above = self.width * rng.random_sample((n_records, self.n_features))
        return self.low + np.where(self.is_whole, np.floor(above), above)

    def redraw(self, rows, n_redrawn, rng):
        """Draw some features of each record anew, chosen without replacement.

        Parameters
        ----------
        rows : ndarray of shape (n_records, n_features)
            Rows of floats.
        n_redrawn : ndarray of int, shape (n_records,)
            The number of features to draw anew. A new value may equal the old one.
        rng : RandomState
            Chooses features and values.

        Returns
        -------
        ndarray of shape (n_records, n_features)
            The changed rows.
        """
        order = rng.random_sample(rows.shape).argsort(axis=1)
        chosen = np.empty(rows.shape, dtype=bool)
        np.put_along_axis(chosen, order, np.arange(rows.shape[1]) < n_redrawn[:, None], axis=1)
        return np.where(chosen, self.draw(len(rows), rng), rows)

    def records(self, rows):
        """Return rows of floats as records.

        Parameters
        ----------
        rows : ndarray of shape (n_records, n_features)
            Rows of floats.

        Returns
        -------
        {ndarray, csr_matrix, DataFrame} of shape (n_records, n_features)
            The records, in the form of `like`.
        """
        columns = (
            column if values is None else values[column.astype(np.intp)]
            for column, values in zip(rows.T, self.values, strict=True)
        )
        return from_columns(columns, len(rows), self.like)


def find_domain(X, domain):
    """Return the domain that the caller gives, and where he gives none that of X.

    Parameters
    ----------
    X : {array-like, sparse matrix, DataFrame} of shape (n_samples, n_features) or None
        Records.
    domain : list or dict or None
        What :func:`synthesize_records` takes.

    Returns
    -------
    Domain
        The domain.

    Raises
    ------
    ValueError
        If both are None, or they do not fit each other.
    """
    if X is None and domain is None:
        raise ValueError("Records need a domain: give X, records to infer it from, or domain.")
    X = None if X is None else check_records(X)
    entries = _given(X, domain)
    if X is not None:
        entries = [
            _inferred(column, j) if entry is None else _fitting(entry, column, j)
            for j, (column, entry) in enumerate(zip(columns_of(X), entries, strict=True))
        ]
        return Domain(entries, X[:0])
    if not entries or any(entry is None for entry in entries):
        raise ValueError("domain has features without values; give them, or X to infer them from.")
    dtypes = [getattr(entry, "dtype", np.dtype(type(entry[-1]))) for entry in entries]
    return Domain(entries, np.empty((0, len(entries)), np.result_type(*dtypes)))


def _given(X, domain):
    """Return one checked entry per feature, None where the caller left it open."""
    if isinstance(domain, Mapping):
        domain = _by_position(X, domain)
    if domain is None:
        return [None] * X.shape[1]
    domain = list(domain)
    if X is not None and len(domain) != X.shape[1]:
        raise ValueError(
            f"domain must have one entry per feature: X has {X.shape[1]}, got {len(domain)}."
        )
    return [entry if entry is None else _checked(entry, j) for j, entry in enumerate(domain)]


def _by_position(X, domain):
    if X is None:
        raise ValueError("A domain that is a dict needs X, whose columns it names.")
    names = list(X.columns) if is_frame(X) else list(range(X.shape[1]))
    unknown = [name for name in domain if name not in names]
    if unknown:
        raise ValueError(f"domain names columns that X does not have: {unknown[:5]}.")
    return [domain.get(name) for name in names]


def _checked(entry, j):
    if isinstance(entry, tuple) and len(entry) == 2:
        low, high = entry
        if isinstance(low, Real) and isinstance(high, Real) and -np.inf < low < high < np.inf:
            whole = isinstance(low, Integral) and isinstance(high, Integral)
            return (int(low), int(high)) if whole else (float(low), float(high))
    elif not isinstance(entry, str | tuple) and np.ndim(entry) == 1 and len(entry):
        has_text = any(isinstance(value, str) for value in entry)
        return np.array(entry, dtype=object if has_text else None)
    raise ValueError(
        f"domain[{j}] must be a list of allowed values, or a tuple (low, high) of two finite "
        f"numbers with low < high, got {entry!r}."
    )


def _fitting(entry, column, j):
    """Return a given entry if a column of X can hold its values."""
    if _can_hold(column, entry):
        return entry
    raise ValueError(
        f"domain[{j}] has values that a column of type {column.dtype} cannot hold: {entry!r}; "
        "convert X, or leave these values out."
    )


def _can_hold(column, entry):
    is_range = isinstance(entry, tuple)
    if is_categorical(column):
        return not is_range and set(entry) <= set(column.cat.categories)
    if is_range and isinstance(entry[1], float):
        return column.dtype.kind in "fO"
    make = np.array if isinstance(column, np.ndarray) else type(column)
    try:
        held = np.asarray(make(list(entry), dtype=column.dtype))
    except (TypeError, ValueError):
        return False
    return column.dtype.kind == "f" or bool((held == np.asarray(entry)).all())


def _inferred(column, j):
    values = observed(column)
    if not len(values):
        raise ValueError(f"Feature {j} has no value in X that is not missing; give its domain.")
    if is_zero_one(column, values):
        return np.array([0, 1], dtype=values.dtype)  # a constant one too
    if values.dtype.kind not in "iuf" or is_categorical(column) or len(values) == 2:
        return values
    if not np.isfinite(values).all():
        raise ValueError(f"Feature {j} has infinite values in X; give its domain.")
    is_whole = bool((values == np.floor(values)).all())
    if len(values) == 1 or (is_whole and len(values) <= _MOST_WHOLE_VALUES):
        return values
    low, high = values[[0, -1]].tolist()
    return (int(low), int(high)) if is_whole else (float(low), float(high))
