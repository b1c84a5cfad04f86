"""The values that each feature may take, to draw records of which nothing else is known."""

from collections.abc import Mapping
from numbers import Integral, Real

import numpy as np

from skmia._records import (
    CodedColumn,
    PlainColumn,
    as_coded,
    check_table,
    is_zero_one,
    read_table,
    write_table,
)

_MOST_WHOLE_VALUES = 20  # of a feature that takes just these; more are a range


class Domain:
    """A uniform distribution over records of the form of `like`, as rows of floats.

    An entry per feature is a column of its values, whose number stands in the row, or the two ends
    of its range; a range between two integers is one of whole numbers.
    """

    def __init__(self, entries, like):
        self.values = [None if isinstance(entry, tuple) else entry for entry in entries]
        self.like = like
        ranges = [entry if isinstance(entry, tuple) else (0, len(entry) - 1) for entry in entries]
        self.is_whole = np.array([isinstance(high, Integral) for _, high in ranges])
        self.low = np.array([low for low, _ in ranges], dtype=np.float64)
        high = np.array([high for _, high in ranges], dtype=np.float64)
        self.width = high - self.low + self.is_whole  # the upper end of whole numbers is included

    @property
    def n_features(self):
        return len(self.values)

    def draw(self, n_records, rng):
        """Draw records, as rows of floats of shape (n_records, n_features)."""
        above = self.width * rng.random_sample((n_records, self.n_features))
        return self.low + np.where(self.is_whole, np.floor(above), above)

    def redraw(self, rows, n_redrawn, rng):
        """Draw `n_redrawn` features of each record anew; a new value may equal the old one."""
        # by ranks in a random order of the features: with replacement there would be fewer
        ranks = rng.random_sample(rows.shape).argsort(axis=1).argsort(axis=1)
        return np.where(ranks < n_redrawn[:, None], self.draw(len(rows), rng), rows)

    def records(self, rows):
        """Return rows of floats as records, in the form of `like`."""
        columns = (self._column(numbers, j) for j, numbers in enumerate(rows.T))
        return write_table(columns, self.like)

    def _column(self, numbers, j):
        if self.values[j] is not None:
            return self.values[j].take(numbers.astype(np.intp))
        return PlainColumn(numbers.astype(np.int64) if self.is_whole[j] else numbers)


def find_domain(X, domain):
    """Return the domain that the caller gives as for `synthesize_records`, or else that of X."""
    if X is None and domain is None:
        raise ValueError("Records need a domain: give X, records to infer it from, or domain.")
    table = None if X is None else check_table(X)
    entries = _given(table, domain)
    if table is not None:
        entries = [
            _inferred(column, j) if entry is None else _fitting(entry, column, j)
            for j, (column, entry) in enumerate(zip(table.columns(), entries, strict=True))
        ]
        return Domain(entries, table.container)
    # without X nothing can be inferred, and the result is an array
    if not entries or any(entry is None for entry in entries):
        raise ValueError("domain has features without values; give them, or X to infer them from.")
    return Domain(entries, np.empty((0, len(entries)), np.result_type(*map(_type_of, entries))))


def _type_of(entry):
    if isinstance(entry, CodedColumn):
        return np.dtype(object)
    return np.dtype(type(entry[-1])) if isinstance(entry, tuple) else entry.values.dtype


def _given(table, domain):
    """Return one checked entry per feature, None where the caller left it open."""
    if isinstance(domain, Mapping):
        domain = _by_position(table, domain)
    if domain is None:
        return [None] * table.shape[1]
    domain = list(domain)
    if table is not None and len(domain) != table.shape[1]:
        raise ValueError(
            f"domain must have one entry per feature: X has {table.shape[1]}, got {len(domain)}."
        )
    return [entry if entry is None else _checked(entry, j) for j, entry in enumerate(domain)]


def _by_position(table, domain):
    if table is None:
        raise ValueError("A domain that is a dict needs X, whose columns it names.")
    unknown = [name for name in domain if name not in table.names]
    if unknown:
        raise ValueError(f"domain names columns that X does not have: {unknown[:5]}.")
    places = {table.find(name): entry for name, entry in domain.items()}
    return [places.get(j) for j in range(table.shape[1])]


def _checked(entry, j):
    if isinstance(entry, tuple) and len(entry) == 2:
        low, high = entry
        if isinstance(low, Real) and isinstance(high, Real) and -np.inf < low < high < np.inf:
            whole = isinstance(low, Integral) and isinstance(high, Integral)
            return (int(low), int(high)) if whole else (float(low), float(high))
    # a text is no list of its characters
    elif not isinstance(entry, str | tuple) and np.ndim(entry) == 1 and len(entry):
        return read_table(entry).column(0)
    raise ValueError(
        f"domain[{j}] must be a list of allowed values, or a tuple (low, high) of two finite "
        f"numbers with low < high, got {entry!r}."
    )


def _fitting(entry, column, j):
    """Return a given entry if a column of X can hold its values, in the type of the column."""
    if not _can_hold(column, entry):
        shown = entry if isinstance(entry, tuple) else entry.tolist()
        raise ValueError(
            f"domain[{j}] has values that a column of type {column.dtype} cannot hold: {shown!r}; "
            "convert X, or leave these values out."
        )
    if isinstance(entry, PlainColumn) and isinstance(column, PlainColumn):
        is_whole = column.values.dtype.kind in "biu"
        return PlainColumn(entry.values.astype(column.values.dtype)) if is_whole else entry
    return entry


def _can_hold(column, entry):
    is_range = isinstance(entry, tuple)
    if column.dtype == object:
        return True
    if is_range and (column.kind not in ("number", "boolean")):
        return False
    entry = PlainColumn(np.array(entry)) if is_range else entry
    if column.kind == "category":
        return _can_hold_categories(column, as_coded(entry).levels)
    if column.kind == "date" or entry.kind not in ("number", "boolean"):
        return entry.kind == column.kind
    values = entry.plain().values
    dtype = column.plain().values.dtype
    if dtype.kind == "f":
        return True
    # whole numbers hold no fractions that a range may draw, and no NaN
    if (is_range and values.dtype.kind == "f") or entry.missing.any():
        return False
    with np.errstate(invalid="ignore"):  # of infinite values
        return bool((values.astype(dtype) == values).all())


def _can_hold_categories(column, levels):
    if column.is_closed:
        return set(levels) <= set(column.levels)
    known = set(map(type, column.levels)) or {str}  # a column of nothing but holes may get texts
    if not all(type(level) in known for level in levels):
        return False
    bytes_of_character = {"U": 4, "S": 1}.get(getattr(column.dtype, "kind", "O"))
    if bytes_of_character is None:
        return True
    # numpy would cut longer texts
    return max(map(len, levels), default=0) <= column.dtype.itemsize // bytes_of_character


def _inferred(column, j):
    """Return the entry of a feature that the caller left open, from a column of X."""
    codes, levels = column.coded()
    if not len(levels):
        raise ValueError(f"Feature {j} has no value in X that is not missing; give its domain.")
    if is_zero_one(column):
        dtype = column.plain().values.dtype
        return PlainColumn(np.array([0, 1], dtype=dtype))  # of a constant one too
    if column.kind != "number" or len(levels) == 2:
        found, first = np.unique(codes, return_index=True)  # missing ones, −1, are left out below
        return column.take(first[found >= 0])
    values = column.plain().coded()[1]
    if not np.isfinite(values).all():
        raise ValueError(f"Feature {j} has infinite values in X; give its domain.")
    is_whole = bool((values == np.floor(values)).all())
    if len(values) == 1 or (is_whole and len(values) <= _MOST_WHOLE_VALUES):
        return PlainColumn(values)
    low, high = values[[0, -1]].tolist()
    return (int(low), int(high)) if is_whole else (float(low), float(high))
