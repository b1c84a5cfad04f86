"""The forms of a report of properties: text, dict and data frame."""

import math
from dataclasses import fields, is_dataclass

import numpy as np

from skmia.metrics._estimate import Estimate

MOST_ROWS = 30  # of a table in a text


class ReportForm:
    """Mixin of frozen data classes whose field named `_rows` holds the rows of a table, as dicts.

    A class writes `_lines`, the lines of its text above the table.
    """

    _rows = None

    def __str__(self):
        """Return the report as text."""
        return self.to_text()

    def to_text(self):
        """Return the report as a text with a table.

        Returns
        -------
        str
            Lines with the properties, and the first rows of the table.
        """
        rows = getattr(self, self._rows)
        blocks = ["\n".join(self._lines())]
        if rows:
            cells = [[in_words(value) for value in row.values()] for row in rows[:MOST_ROWS]]
            blocks.append(text_table([name.replace("_", " ") for name in rows[0]], cells))
        if len(rows) > MOST_ROWS:
            blocks.append(f"and {len(rows) - MOST_ROWS:,} more rows: to_dict has all")
        return "\n\n".join(blocks)

    def to_dict(self):
        """Return the report as plain Python values.

        Returns
        -------
        dict
            Numbers, strings, lists and dicts only; what is not finite is None.
        """
        return {f.name: plain(getattr(self, f.name)) for f in fields(self)}

    def to_frame(self):
        """Return the rows of the table, with the ends of their intervals.

        Returns
        -------
        pandas.DataFrame
            Indexed by the first column.

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
        frame = pd.DataFrame([_flat(row) for row in getattr(self, self._rows)])
        return frame.set_index(frame.columns[0])


def in_words(value):
    """Return a value as people write it.

    Parameters
    ----------
    value : object
        A number, an Estimate or anything else; None is a dash.

    Returns
    -------
    str
        The text.
    """
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def text_table(header, rows):
    """Return a table as text.

    Parameters
    ----------
    header : list of str
        Names of the columns.
    rows : list of list of str
        The cells.

    Returns
    -------
    str
        Lines, columns one below the other.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = [header, ["-" * width for width in widths], *rows]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def plain(value):
    """Return a value in JSON's own types.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    object
        A number, text, bool, list, dict or None.
    """
    if isinstance(value, Estimate):
        return {name: plain(part) for name, part in value._asdict().items()}
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, dict):
        return {f"{k:g}" if isinstance(k, float) else str(k): plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, bool | int | str | None) else str(value)


def _flat(row):
    flat = {}
    for name, value in row.items():
        flat[name] = value
        if isinstance(value, Estimate):
            flat |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
    return flat
