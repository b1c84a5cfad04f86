"""Noisy copies of records, the same noise for every record: what the label-only attack asks."""

import numpy as np

from skmia._records import PlainColumn, joined, read_table, write_table

_SIGMAS = (0.05, 0.1, 0.2, 0.4, 0.8)
_FLIPS_PER_RECORD = (1, 2, 3, 5, 10)


class Perturbation:
    """Perturb records by noise that suits each column, learned from records.

    Each of `kinds` is ("continuous", standard deviation), ("binary", a column of the two values) or
    ("categorical", a column of the values, and how many records have that or an earlier one).
    `n_flipped` columns are not continuous.
    """

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X):
        """Learn what the columns hold, and refuse records that are no table."""
        self.kinds = [_kind(column) for column in _table(X).columns()]
        self.n_flipped = sum(kind != "continuous" for kind, _ in self.kinds)
        return self

    def copies(self, X, numbers, sigma, flip_rate):
        """Return noisy copies of these numbers, copy by copy, in the container of `X`.

        `sigma` is in units of a continuous column's standard deviation; any other value changes
        with the probability `flip_rate`.
        """
        noise = np.empty((3, len(numbers), len(self.kinds)))
        for k, number in enumerate(numbers):
            # The noise of a copy follows from the seed and its number alone, for all records: so
            # scores do not depend on the batch, and more copies leave the first as they are.
            rng = np.random.default_rng([self.seed, number])
            noise[0, k] = rng.standard_normal(len(self.kinds))
            # whether a value changes, and to which: each column has its own numbers
            noise[1:, k] = rng.random((2, len(self.kinds)))
        table = _table(X)
        # one column at a time, since the copies are many times the records
        columns = (
            _perturbed(column, kind, noise[:, :, j, None], sigma, flip_rate)
            for j, (column, kind) in enumerate(zip(table.columns(), self.kinds, strict=True))
        )
        return write_table(columns, table)


def noise_grid(n_flipped):
    """Return pairs of sigma and flip rate, from the weakest to the strongest."""
    # so many columns of a record change on average, as in the paper, but not more than half
    rates = [min(flips / max(n_flipped, 1), 0.5) for flips in _FLIPS_PER_RECORD]
    return list(zip(_SIGMAS, rates, strict=True))


def _table(X):
    table = read_table(X)
    if table.ndim != 2:
        raise ValueError(
            f"Records of shape {table.container.shape} are no table with columns. Noise on columns "
            "needs one; for texts or images give the attack a function as method, which makes the "
            "copies."
        )
    return table


def _kind(column):
    """Return what sort of column it is, and what its noise needs."""
    if column.kind == "number":
        return _kind_of_numbers(column)
    if column.kind == "boolean":
        return "binary", PlainColumn(np.array([False, True]))
    # two values without a missing one, which would be a third
    codes, levels = column.coded()
    if len(levels) == 2 and codes.min() >= 0:
        return "binary", column.take(np.unique(codes, return_index=True)[1])
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    return "categorical", (column.take(first), np.cumsum(counts))


def _kind_of_numbers(column):
    plain = column.plain()
    present = plain.values[~plain.missing & np.isfinite(plain.values)]
    values = np.unique(present)
    if len(values) == 2:
        return "binary", PlainColumn(values)
    # a constant 0 or 1 is a bit of which the other value was not seen
    if np.isin(values, (0, 1)).all():
        return "binary", PlainColumn(np.array([0, 1], dtype=values.dtype))
    return "continuous", float(np.std(present.astype(np.float64)))


def _perturbed(column, kind, noise, sigma, flip_rate):
    """Return a column of all copies, one copy after the other."""
    name, learned = kind
    if name == "continuous":
        return _noisy(column.plain(), sigma * learned * noise[0])
    learned, ends = learned if name == "categorical" else (learned, None)
    # the learned values behind the column's own, so that a change is another row to take
    known = joined(column, learned)
    rows = np.arange(len(column))
    if name == "binary":
        codes = known.coded()[0]
        of_rows = codes[: len(rows)]
        first, second = codes[len(rows) :]
        # values that are neither, such as missing ones, stay
        others = np.where(of_rows == first, len(rows) + 1, rows)
        others = np.where(of_rows == second, len(rows), others)
    else:
        # drawn from the marginal: the value that so many of the records have, or an earlier one
        others = len(rows) + np.searchsorted(ends, noise[2] * ends[-1], side="right")
    return known.take(np.where(noise[1] < flip_rate, others, rows).ravel())


def _noisy(column, noise):
    # an integer with noise is none any more
    is_float = column.values.dtype.kind == "f"
    values = column.values if is_float else column.floats()
    holes = None if column.holes is None else np.tile(column.holes, len(noise))
    return PlainColumn((values + noise).astype(values.dtype).ravel(), holes)
