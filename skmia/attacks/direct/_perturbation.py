"""Noisy copies of records, the same noise for every record: what the label-only attack asks."""

import numpy as np

from skmia._records import PlainColumn, joined, read_table, write_table

__all__ = ["Perturbation", "noise_grid"]

_SIGMAS = (0.05, 0.1, 0.2, 0.4, 0.8)
_FLIPS_PER_RECORD = (1, 2, 3, 5, 10)


class Perturbation:
    """Perturb records by noise that suits each column, learned from records.

    The k-th copy of every record gets the same noise, which follows from the seed and k alone.

    Parameters
    ----------
    seed : int
        Draws the noise.

    Attributes
    ----------
    kinds : list of tuple
        For each column ("continuous", standard deviation), ("binary", a column of the two values)
        or ("categorical", a column of the values, and how many records have that or an earlier
        one). Numbers other than two are continuous, all else is categorical.
    n_flipped : int
        Number of columns that are not continuous.
    """

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X):
        """Learn what the columns hold.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
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
        self.kinds = [_kind(column) for column in _table(X).columns()]
        self.n_flipped = sum(kind != "continuous" for kind, _ in self.kinds)
        return self

    def copies(self, X, numbers, sigma, flip_rate):
        """Return noisy copies, copy by copy.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
            Records.
        numbers : sequence of int
            Which copies to make.
        sigma : float
            Standard deviation of the noise of a continuous column, in units of its own.
        flip_rate : float
            Probability that any other value is changed.

        Returns
        -------
        {ndarray, sparse matrix, dataframe} of shape (n_copies * n_records, n_features)
            The copies in the container of `X`.
        """
        noise = np.empty((3, len(numbers), len(self.kinds)))
        for k, number in enumerate(numbers):
            rng = np.random.default_rng([self.seed, number])
            noise[0, k] = rng.standard_normal(len(self.kinds))
            noise[1:, k] = rng.random((2, len(self.kinds)))
        table = _table(X)
        columns = (
            _perturbed(column, kind, noise[:, :, j, None], sigma, flip_rate)
            for j, (column, kind) in enumerate(zip(table.columns(), self.kinds, strict=True))
        )
        return write_table(columns, table)


def noise_grid(n_flipped):
    """Return pairs of sigma and flip rate, from the weakest to the strongest.

    Parameters
    ----------
    n_flipped : int
        Number of columns that are not continuous. So many of them are flipped in each copy on
        average: 1, 2, 3, 5, 10, but not more than half.

    Returns
    -------
    list of tuple
        The pairs.
    """
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
    if np.isin(values, (0, 1)).all():
        return "binary", PlainColumn(np.array([0, 1], dtype=values.dtype))
    return "continuous", float(np.std(present.astype(np.float64)))


def _perturbed(column, kind, noise, sigma, flip_rate):
    """Return a column of all copies, one copy after the other."""
    name, learned = kind
    if name == "continuous":
        return _noisy(column.plain(), sigma * learned * noise[0])
    learned, ends = learned if name == "categorical" else (learned, None)
    known, rows = joined(column, learned), np.arange(len(column))
    if name == "binary":
        codes = known.coded()[0]
        of_rows, (first, second) = codes[: len(rows)], codes[len(rows) :]
        others = np.where(of_rows == first, len(rows) + 1, rows)
        others = np.where(of_rows == second, len(rows), others)
    else:
        others = len(rows) + np.searchsorted(ends, noise[2] * ends[-1], side="right")
    return known.take(np.where(noise[1] < flip_rate, others, rows).ravel())


def _noisy(column, noise):
    is_float = column.values.dtype.kind == "f"
    values = column.values if is_float else column.floats()
    holes = None if column.holes is None else np.tile(column.holes, len(noise))
    return PlainColumn((values + noise).astype(values.dtype).ravel(), holes)
