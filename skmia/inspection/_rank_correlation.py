"""Rank correlation of two numbers of each record, with a confidence interval."""

import numpy as np
from scipy.stats import bootstrap

from skmia.metrics import Estimate

_FEWEST = 10  # records, below which an interval would promise too much
_NUMBERS_AT_ONCE = 2**16  # of resampled records: few enough for the processor's cache


def rank_correlations(explanations, exposure, **options):
    """Return the rank correlation of each explanation with the exposure, by name."""
    return {
        name: rank_correlation(values, exposure, names=(name, "exposure"), **options)
        for name, values in explanations.items()
    }


def rank_correlation(
    first, second, *, names=("first", "second"), confidence_level, n_resamples, random_state
):
    """Return Spearman's rank correlation of the records that have both numbers.

    The interval is the percentile bootstrap's over records: unlike Fisher's transformation it
    holds too where one number spreads more the larger the other one is. A resample in which one of
    the two is constant counts as 0.
    """
    both = np.isfinite(first) & np.isfinite(second)
    pair = first[both], second[both]
    if (n := both.sum()) < _FEWEST:
        needed = f"undefined: it needs {_FEWEST} records with both numbers, got {n}"
        return Estimate(np.nan, np.nan, np.nan, needed)
    for name, values in zip(names, pair, strict=True):
        if np.ptp(values) == 0:
            constant = f"undefined: {name} is the same for all {n} records"
            return Estimate(np.nan, np.nan, np.nan, constant)
    sides = [_Order(values) for values in pair]

    def _of_rows(rows, axis=-1):
        return _spearman(*sides, _counts(rows))

    interval = bootstrap(
        (np.arange(n),),
        _of_rows,
        vectorized=True,
        method="percentile",
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        batch=max(_NUMBERS_AT_ONCE // n, 1),
        random_state=random_state,
    ).confidence_interval
    value = float(_spearman(*sides, np.ones((1, n)))[0])
    return Estimate(value, float(interval.low), float(interval.high), "percentile bootstrap")


class _Order:
    """The order of values, from which ranks in resamples follow without sorting each."""

    def __init__(self, values):
        self.order = np.argsort(values, kind="stable")
        ascending = values[self.order]
        is_first = np.r_[True, ascending[1:] != ascending[:-1]]
        self.starts = np.flatnonzero(is_first)
        self.levels = np.empty(len(values), dtype=np.intp)
        self.levels[self.order] = np.cumsum(is_first) - 1

    def ranks(self, counts):
        """Return the mean rank of each record less that of all, in samples with these counts."""
        of_levels = np.add.reduceat(counts[:, self.order], self.starts, axis=1)
        ranks = np.cumsum(of_levels, axis=1) - (of_levels - 1) / 2
        return ranks[:, self.levels] - (counts.shape[1] + 1) / 2


def _counts(rows):
    """Return how often each record is in each resample."""
    *_, n = rows.shape
    rows = rows.reshape(-1, n)
    offsets = n * np.arange(len(rows))[:, None]
    return np.bincount((rows + offsets).ravel(), minlength=rows.size).reshape(rows.shape)


def _spearman(first, second, counts):
    """Return the rank correlations in samples that hold each record as often as counted."""
    first, second = first.ranks(counts), second.ranks(counts)
    variances = (np.einsum("ij,ij,ij->i", counts, ranks, ranks) for ranks in (first, second))
    norms = np.sqrt(np.prod(list(variances), axis=0))
    products = np.einsum("ij,ij,ij->i", counts, first, second)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
