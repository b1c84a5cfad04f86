"""One column of a table: its kind, its values, and which of them are missing."""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import compress
from numbers import Integral, Real

import numpy as np

from skmia._records.bits import as_days, as_float, as_time, is_missing

_KIND_OF_TYPE = {"b": "boolean", "M": "date", "m": "date"}


@dataclass(eq=False)
class PlainColumn:
    """Numbers, truth values, dates or durations in an array of their own type.

    `holes` marks what is missing besides NaN and NaT; `dtype` is the type in the container.
    """

    values: np.ndarray
    holes: np.ndarray | None = None
    name: object = None
    dtype: object = None

    def __len__(self):
        return len(self.values)

    @property
    def kind(self):
        return _KIND_OF_TYPE.get(self.values.dtype.kind, "number")

    @property
    def missing(self):
        missing = np.isnat(self.values) if self.kind == "date" else np.isnan(self.values)
        return missing if self.holes is None else missing | self.holes

    def plain(self):
        return self

    def floats(self):
        """Return float64 numbers, NaN where missing: truth values are 0 and 1, dates are days."""
        values = as_days(self.values) if self.kind == "date" else self.values.astype(np.float64)
        return values if self.holes is None else np.where(self.holes, np.nan, values)

    def coded(self):
        """Return codes of the distinct values, −1 where missing, and an array of these, sorted."""
        missing = self.missing
        if not missing.any():  # the usual case, without a copy
            levels, codes = np.unique(self.values, return_inverse=True)
            return codes, levels
        codes = np.full(len(self), -1)
        levels, codes[~missing] = np.unique(self.values[~missing], return_inverse=True)
        return codes, levels

    def tolist(self):
        """Return Python objects, numpy's for dates, None where missing."""
        values = list(self.values) if self.kind == "date" else self.values.tolist()
        for row in np.flatnonzero(self.missing):
            values[row] = None
        return values

    def take(self, rows):
        holes = None if self.holes is None else self.holes[rows]
        return PlainColumn(self.values[rows], holes, self.name, self.dtype)


@dataclass(eq=False)
class CodedColumn:
    """Python objects as codes of the distinct ones; code −1 is missing, and written as `hole`.

    `is_closed` says that its container can hold no others.
    """

    codes: np.ndarray
    levels: list
    kind: str = "category"
    hole: object = None
    name: object = None
    dtype: object = None
    is_closed: bool = False

    def __len__(self):
        return len(self.codes)

    @property
    def missing(self):
        return self.codes < 0

    def plain(self):
        """Return a column of numbers, truth values or dates in an array of their own type."""
        values = _typed(self.levels, self.kind)[self.codes]  # the code −1 takes the last
        missing = self.missing
        # floats and times have NaN and NaT
        needs_mask = values.dtype.kind in "biu" and missing.any()
        return PlainColumn(values, missing if needs_mask else None, self.name, self.dtype)

    def floats(self):
        """Return float64 numbers, as `PlainColumn` does."""
        return self.plain().floats()

    def coded(self):
        """Return codes of the distinct values, −1 where missing, and a list of these, sorted."""
        # declared categories need not occur; code −1 is counted first and left out
        counts = np.bincount(self.codes + 1, minlength=len(self.levels) + 1)[1:]
        order = [code for code in _order(self.levels, self.kind) if counts[code]]
        place = np.full(len(self.levels) + 1, -1)
        place[order] = np.arange(len(order))
        return place[self.codes], [self.levels[code] for code in order]

    def tolist(self):
        """Return the objects, None where missing."""
        return self.objects(None).tolist()

    def objects(self, hole):
        # filled, not made from a list: numpy would make a matrix of tuples
        levels = np.empty(len(self.levels) + 1, dtype=object)
        levels[:-1] = self.levels
        levels[-1] = hole
        return levels[self.codes]

    def take(self, rows):
        return replace(self, codes=self.codes[rows])


def coded_column(values, *, kind=None, name=None, dtype=None):
    """Number a list of Python objects; without a kind it is that of their types."""
    numbers = defaultdict()
    numbers.default_factory = numbers.__len__  # a new value gets the next number
    try:
        codes = np.fromiter(map(numbers.__getitem__, values), np.int64, len(values))
    except TypeError as error:
        raise TypeError(
            f"A column holds values that cannot be compared ({error}); a value or argument must be "
            "a string, a date or a number. Convert them to numbers, texts or dates."
        ) from error
    levels = list(numbers)
    hole = None
    # several levels may be missing ones: NaN is unlike itself, so that each is a level of its own
    is_hole = np.fromiter(map(is_missing, levels), bool, len(levels))
    if is_hole.any():
        hole = levels[is_hole.argmax()]
        levels = list(compress(levels, ~is_hole))
        codes = np.where(is_hole, -1, np.cumsum(~is_hole) - 1)[codes]
        values = compress(values, codes >= 0)
    # the types of all values, since True and 1 are one level
    kind = kind or _kind_of_types(set(map(type, values)))
    return CodedColumn(codes, levels, kind, hole, name, dtype)


def joined(column, other):
    """Return the values of two columns as one, with the name and type of the first."""
    plain = isinstance(column, PlainColumn) and isinstance(other, PlainColumn)
    if plain and column.kind == other.kind:  # no need to look at single values
        holes = None
        if column.holes is not None or other.holes is not None:
            holes = np.concatenate([column.missing, other.missing])
        values = np.concatenate([column.values, other.values])
        return replace(column, values=values, holes=holes)
    # arrays of two types would change values, such as numbers to texts
    column, other = map(as_coded, (column, other))
    places = {level: code for code, level in enumerate(column.levels)}
    new = [places.setdefault(level, len(places)) for level in other.levels]
    codes = np.concatenate([column.codes, np.array([*new, -1])[other.codes]])
    kind = column.kind if column.kind == other.kind else "category"
    return replace(column, codes=codes, levels=list(places), kind=kind)


def is_zero_one(column):
    """Tell whether a column holds no other values than 0 and 1, or False and True, but has one."""
    if column.kind not in ("number", "boolean"):
        return False
    values = column.plain().values[~column.missing]
    return len(values) > 0 and bool(np.isin(values, (0, 1)).all())


def as_coded(column):
    if isinstance(column, CodedColumn):
        return column
    codes, levels = column.coded()
    # tolist would make integers of times that numpy counts in nanoseconds
    levels = list(levels) if column.kind == "date" else levels.tolist()
    return CodedColumn(codes, levels, column.kind, None, column.name, column.dtype)


def _order(levels, kind):
    """Return the order of distinct values: by size or text, else by what they look like."""
    if kind != "category":
        return np.argsort(_typed(levels, kind)[:-1], kind="stable")
    codes = range(len(levels))
    try:  # texts among themselves; of a mixture not all can be compared
        return sorted(codes, key=levels.__getitem__)
    except TypeError:
        return sorted(codes, key=lambda code: repr(levels[code]))


def _typed(levels, kind):
    """Return distinct values in an array of their own type, and last what stands for none."""
    if kind == "boolean":
        return np.array([*levels, False], dtype=bool)
    if kind == "date":
        times = [as_time(level) for level in levels]
        return np.array([*times, np.array(times).dtype.type("NaT")])
    if all(isinstance(level, Integral | np.bool_) for level in levels):
        values = np.array([*map(int, levels), 0])
        if values.dtype.kind in "iu":  # else some are too large, and objects
            return values
    return np.array([*map(as_float, levels), np.nan], dtype=np.float64)


def _kind_of_types(types):
    if types:
        for kind, belongs in _KINDS:
            if all(map(belongs, types)):
                return kind
    return "category"


def _is_number(kind):
    # numpy calls its durations integers
    return issubclass(kind, Real | np.bool_ | Decimal) and not issubclass(kind, np.timedelta64)


# the first that fits all values; truth values come first, being numbers to Python
_KINDS = (
    ("boolean", lambda kind: issubclass(kind, bool | np.bool_)),
    ("number", _is_number),
    ("date", lambda kind: issubclass(kind, np.datetime64) or hasattr(kind, "toordinal")),
    ("date", lambda kind: issubclass(kind, np.timedelta64) or hasattr(kind, "total_seconds")),
)
