"""What measurements return: frozen records of one form, as text, dict, JSON, frame and by ==."""

import json
from dataclasses import fields
from itertools import islice

import numpy as np

from skmia._result._estimate import Estimate, parts_of
from skmia._result._json import decoded, encoded
from skmia._result._text import folded, in_words, named, shortened, text_table

_CLASSES = {}  # by name, for JSON
_MOST_ROWS = 20  # of a table in a text
_MOST_REPR = 200  # characters


class Result:
    """Base of what a measurement returns: ``@dataclass(frozen=True, repr=False, eq=False)``.

    `_rows` names the field that holds the rows of its table, dicts or results, or is a tuple of
    the fields that are columns. `_lines` gives the text above the table.
    """

    _rows = None

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        _CLASSES[cls.__name__] = cls

    def __str__(self):
        return self.to_text()

    def __repr__(self):
        """Return the class and its first fields, at most 200 characters."""
        text = f"{type(self).__name__}("
        for f in fields(self):
            part = f"{f.name}={_brief(getattr(self, f.name))}, "
            if len(text) + len(part) > _MOST_REPR - 4:
                return f"{text}...)"
            text += part
        return f"{text.removesuffix(', ')})"

    def __eq__(self, other):
        """Return whether all fields are equal: NaN equals NaN, arrays by dtype and content."""
        if type(other) is not type(self):
            return NotImplemented
        return all(same(getattr(self, f.name), getattr(other, f.name)) for f in fields(self))

    __hash__ = None  # fields may be arrays and dicts

    def to_text(self):
        """Return the result as a text of at most 100 columns.

        Returns
        -------
        str
            What was found, and the first rows of the table, if there is one.
        """
        return "\n\n".join(block for block in self._blocks() if block)

    def to_dict(self):
        """Return the result as plain Python values.

        Returns
        -------
        dict
            Numbers, strings, lists and dicts only. An Estimate is a dict of its value, low, high
            and method; what is not finite is None.
        """
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    def to_json(self, *, indent=None):
        """Return the result as JSON, from which `from_json` makes an equal one.

        Infinity and NaN are texts, NaN in an Estimate or an array is null, and arrays are their
        values by rows with dtype and shape. Labels such as dates become texts.

        Parameters
        ----------
        indent : int or None, default=None
            As in `json.dumps`.

        Returns
        -------
        str
            The JSON text.

        Raises
        ------
        TypeError
            If it holds records in a container without a form in JSON, such as a polars frame.
        """
        return json.dumps(encoded(self), indent=indent, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text):
        """Return the result that `to_json` wrote.

        Parameters
        ----------
        text : str
            The JSON text.

        Returns
        -------
        Result
            Of the class that this is called on.

        Raises
        ------
        ValueError
            If the text is not JSON, or holds something else.
        """
        result = decoded(json.loads(text), _CLASSES)
        if not isinstance(result, cls):
            raise ValueError(
                f"The JSON holds a {type(result).__name__}, not a {cls.__name__}; read it with the "
                "class that wrote it, which it names as its result."
            )
        return result

    def to_frame(self):
        """Return the table as a data frame, or all numbers as one row where there is no table.

        Returns
        -------
        pandas.DataFrame
            Of each Estimate the value and, as further columns, its ends. Names index the rows.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "to_frame needs pandas: python -m pip install pandas. to_dict needs nothing."
            ) from error
        columns = self._columns()
        if columns:
            return pd.DataFrame(columns)
        if self._rows is None:
            return pd.DataFrame([_flat(_scalars(self))])
        # rows that have a name are indexed by it: it is their first cell
        frame = pd.DataFrame([_flat(row) for row in self._table()])
        return frame if frame.empty else frame.set_index(frame.columns[0])

    def _blocks(self):
        """Return the parts of the text, between which there are empty lines."""
        rows = self._table(_MOST_ROWS)
        of_table = self._of_table()
        yield "\n".join(folded(line) for line in self._lines())
        if rows:
            cells = [[in_words(value) for value in row.values()] for row in rows]
            yield text_table([str(name).replace("_", " ") for name in rows[0]], cells)
        n_more = len(getattr(self, of_table[0])) - len(rows) if of_table else 0
        if n_more > 0:
            yield f"and {n_more:,} more rows: to_frame has all"

    def _lines(self):
        """Return the lines above the table: the class, and the fields that are not of the table."""
        yield type(self).__name__
        for f in fields(self):
            if f.name not in self._of_table():
                yield f"{f.name.replace('_', ' ')}: {in_words(getattr(self, f.name))}"

    def _of_table(self):
        return (self._rows,) if isinstance(self._rows, str) else self._rows or ()

    def _columns(self):
        """Return the columns of the table, nothing where it is given by rows."""
        names = () if isinstance(self._rows, str) else self._of_table()
        return {name: getattr(self, name) for name in names}

    def _table(self, most=None):
        columns = self._columns()
        if columns:
            rows = zip(*columns.values(), strict=True)
            return [dict(zip(columns, row, strict=True)) for row in islice(rows, most)]
        rows = () if self._rows is None else getattr(self, self._rows)[:most]
        return [row if isinstance(row, dict) else fields_of(row) for row in rows]


def fields_of(result):
    return {f.name: getattr(result, f.name) for f in fields(result)}


def same(first, second):
    """Return whether two values are equal as readers see them: NaN is NaN, estimates have ends."""
    # numpy's numbers as Python's, since JSON brings those back
    first, second = (v.item() if isinstance(v, np.generic) else v for v in (first, second))
    # before floats, whose == looks at the value alone
    if isinstance(first, Estimate) or isinstance(second, Estimate):
        return type(first) is type(second) and same(parts_of(first), parts_of(second))
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, tuple | list):
        is_alike = type(first) is type(second) and len(first) == len(second)
        return is_alike and all(map(same, first, second))
    if hasattr(first, "shape") or hasattr(second, "shape"):
        return _same_tables(first, second)
    return bool(first == second or (first != first and second != second))  # NaN


def plain(value):
    """Return a value in the types of JSON."""
    if isinstance(value, Estimate):
        return plain(parts_of(value))
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, dict):
        return {named(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if hasattr(value, "tolist"):  # arrays, and NumPy's numbers
        made = value.tolist()  # itself for what numpy has no type of Python for
        return plain(made) if type(made) is not type(value) else str(value)
    if hasattr(value, "toarray") or hasattr(value, "to_numpy"):
        return plain(value.toarray() if hasattr(value, "toarray") else value.to_numpy())
    if isinstance(value, float):
        return float(value) if abs(value) < float("inf") else None
    return value if isinstance(value, bool | int | str | None) else str(value)


def _same_tables(first, second):
    if type(first) is not type(second) or first.shape != second.shape:
        return False
    if hasattr(first, "equals"):  # frames
        return bool(first.equals(second))
    if hasattr(first, "nnz"):
        return first.dtype == second.dtype and (first != second).nnz == 0
    if first.dtype != second.dtype:
        return False
    if first.dtype == object:  # one by one, since == between arrays may be no truth value
        return all(map(same, first.ravel().tolist(), second.ravel().tolist()))
    return bool(((first == second) | ((first != first) & (second != second))).all())


def _brief(value):
    if isinstance(value, Result):
        return f"{type(value).__name__}(...)"
    if isinstance(value, dict | tuple | list):
        return shortened(repr(value), 30) if len(value) < 4 else f"<{len(value)} items>"
    if hasattr(value, "shape") and value.shape:
        return f"<{type(value).__name__} of shape {value.shape}>"
    return shortened(repr(value) if isinstance(value, str) else in_words(value), 40)


def _scalars(result):
    """Return the fields that fit in one row of a table."""
    return {
        name: value
        for name, value in fields_of(result).items()
        if not isinstance(value, tuple | list | Result) and not getattr(value, "shape", ())
    }


def _flat(row):
    flat = {}
    for name, value in row.items():
        parts = {name: value}
        if isinstance(value, dict):
            parts = {f"{name}_{named(key)}": cell for key, cell in value.items()}
        for column, cell in parts.items():
            flat[column] = cell
            if isinstance(cell, Estimate):
                flat[column] = float(cell)
                flat |= {f"{column}_low": cell.low, f"{column}_high": cell.high}
    return flat
