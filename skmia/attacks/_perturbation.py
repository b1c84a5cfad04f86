"""Noisy copies of records, the same noise for every record: what the label-only attack asks."""

from collections import Counter

import numpy as np

from skmia.attacks._record_columns import columns_of, like_these

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
        For each column ("continuous", standard deviation), ("binary", the two values) or
        ("categorical", values and how many of the records have that or an earlier one).
    n_flipped : int
        Number of columns that are not continuous.
    """

    def __init__(self, seed):
        self.seed = seed

    def fit(self, X):
        """Learn what the columns hold.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_records, n_features)
            Records.

        Returns
        -------
        self : object
            Itself.
        """
        self.kinds = [_kind(column) for column in columns_of(X)]
        self.n_flipped = sum(kind != "continuous" for kind, _ in self.kinds)
        return self

    def copies(self, X, numbers, sigma, flip_rate):
        """Return noisy copies, copy by copy.

        Parameters
        ----------
        X : {array-like, sparse matrix, DataFrame} of shape (n_records, n_features)
            Records.
        numbers : sequence of int
            Which copies to make.
        sigma : float
            Standard deviation of the noise of a continuous column, in units of its own.
        flip_rate : float
            Probability that any other value is changed.

        Returns
        -------
        {ndarray, csr_matrix, DataFrame} of shape (n_copies * n_records, n_features)
            The copies in the container of `X`.
        """
        noise = np.empty((3, len(numbers), len(self.kinds)))
        for k, number in enumerate(numbers):
            rng = np.random.default_rng([self.seed, number])
            noise[0, k] = rng.standard_normal(len(self.kinds))
            noise[1:, k] = rng.random((2, len(self.kinds)))
        columns = (
            _perturbed(column, kind, noise[:, :, j, None], sigma, flip_rate)
            for j, (column, kind) in enumerate(zip(columns_of(X), self.kinds, strict=True))
        )
        return like_these(X, columns, len(numbers))


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


def _kind(column):
    """Return what sort of column it is, and what its noise needs."""
    if column.dtype.kind in "biuf":
        present = column[np.isfinite(column)]
        values = np.unique(present)
        if len(values) == 2:
            return "binary", values
        if np.isin(values, (0, 1)).all():
            return "binary", np.array([0, 1], dtype=column.dtype)
        return "continuous", float(np.std(present.astype(np.float64)))
    counts = Counter(None if value != value else value for value in column.tolist())
    distinct = sorted(counts, key=str)  # the same order in each container
    values = np.empty(len(distinct), dtype=object)
    values[:] = distinct
    if len(values) == 2 and None not in counts:
        return "binary", values
    return "categorical", (values, np.cumsum([counts[value] for value in distinct]))


def _perturbed(column, kind, noise, sigma, flip_rate):
    """Return an array of shape (n_copies, n_records)."""
    name, learned = kind
    if name == "continuous":
        dtype = column.dtype if column.dtype.kind == "f" else np.float64
        return (column + sigma * learned * noise[0]).astype(dtype)
    is_changed, copies = noise[1] < flip_rate, np.tile(column, (len(noise[1]), 1))
    if name == "binary":
        first, second = ((column == value).astype(bool) for value in learned)
        copies[is_changed & first] = learned[1]
        copies[is_changed & second] = learned[0]
        return copies
    values, ends = learned
    drawn = values[np.searchsorted(ends, noise[2] * ends[-1], side="right")]
    return np.where(is_changed, drawn, copies)
