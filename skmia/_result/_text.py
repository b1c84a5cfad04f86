"""Values, lines and tables of a result as text, at most 100 columns wide."""

import math
import textwrap

import numpy as np

from skmia._result._estimate import Estimate

WIDTH = 100
_MOST_CELL = 58  # characters of a cell; with a first column of 40 it fits in a line
_MOST_FIRST = 40
_MOST_ITEMS = 10  # of what is told in one line
_MOST_LINES = 6  # of one field


def in_words(value):
    """Return a value as people write it, in one line; None is a dash."""
    value = value.item() if isinstance(value, np.generic) else value
    if value is None:
        return "-"
    if isinstance(value, dict):
        return _listed([f"{named(k)} {in_words(v)}" for k, v in value.items()])
    if isinstance(value, tuple | list):
        return _listed([in_words(part) for part in value])
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if hasattr(value, "shape"):
        return f"{type(value).__name__} of shape {value.shape}"
    # an Estimate is a float too, and shows its interval by str
    if isinstance(value, float) and not isinstance(value, Estimate):
        is_plain = value == 0 or not math.isfinite(value) or 1e-3 <= abs(value) < 1e6
        return f"{value:.3f}" if is_plain else f"{value:.3g}"
    if isinstance(value, int) and not isinstance(value, bool):  # True is an int too
        return f"{value:,}"
    return " ".join(str(value).split())


def named(key):
    return f"{key:g}" if isinstance(key, float) else str(key)


def _listed(words):
    n_more = len(words) - _MOST_ITEMS
    shown = ", ".join(words[:_MOST_ITEMS])
    return f"{shown}, and {n_more:,} more" if n_more > 0 else shown or "none"


def _of_array(array):
    if array.size <= _MOST_ITEMS or array.dtype.kind not in "iuf":
        return _listed([in_words(part) for part in array.ravel().tolist()])
    # a few numbers are listed, of many the middle and the ends tell more
    known = array[~np.isnan(array)] if array.dtype.kind == "f" else array
    if not known.size:
        return f"{array.size:,} numbers, none known"
    low, mid, high = (in_words(part) for part in (known.min(), np.median(known), known.max()))
    return f"{array.size:,} numbers from {low} to {high}, median {mid}"


def shortened(text, most):
    """Return a text of at most `most` characters, three dots for what is left out."""
    return text if len(text) <= most else f"{text[: most - 3]}..."


def folded(text, most=_MOST_LINES):
    """Return a text as at most `most` lines of 100 columns, three dots for what is left out."""
    # "non-members" stays one word
    form = {"subsequent_indent": "  ", "break_on_hyphens": False}
    return textwrap.fill(text, WIDTH, max_lines=most, placeholder=" ...", **form)


def text_table(header, rows):
    """Return a table of texts; columns that do not fit beside the others stand below them."""
    lines = [
        [shortened(cell, _MOST_CELL if i else _MOST_FIRST) for i, cell in enumerate(line)]
        for line in (header, *rows)
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    parts = _parts(widths)
    return "\n\n".join(_of_columns(lines, widths, columns) for columns in parts)


def _parts(widths):
    """Divide the columns into parts that fit, each led by the first column."""
    parts = [[0]]
    room = WIDTH - widths[0]
    for i, width in enumerate(widths[1:], start=1):
        # two blanks between columns; a part that has none yet takes one in any case
        if room < width + 2 and len(parts[-1]) > 1:
            parts.append([0])  # the first column says what the rows are
            room = WIDTH - widths[0]
        parts[-1].append(i)
        room -= width + 2
    return parts


def _of_columns(lines, widths, columns):
    header, *rows = lines
    ruled = [header, ["-" * width for width in widths], *rows]
    padded = ("  ".join(line[i].ljust(widths[i]) for i in columns) for line in ruled)
    return "\n".join(line.rstrip() for line in padded)
