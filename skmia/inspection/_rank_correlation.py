"""Rank correlation of two numbers of each record, with a confidence interval."""

import numpy as np
from scipy.stats import bootstrap, rankdata

from skmia.metrics import Estimate

__all__ = ["rank_correlation"]

_FEWEST = 10  # records, below which an interval would promise too much
_NUMBERS_AT_ONCE = 2**21  # of resampled records


def rank_correlation(
    first, second, *, names=("first", "second"), confidence_level, n_resamples, random_state
):
    """Return Spearman's rank correlation of the records that have both numbers.

    The interval is the percentile bootstrap's over records: unlike Fisher's transformation it
    holds too where one number spreads more the larger the other one is. A resample in which one of
    the two is constant counts as 0.

    Parameters
    ----------
    first, second : ndarray of shape (n_records,)
        The numbers, NaN where there is none.
    names : tuple of str
        What they are called where there is no correlation.
    confidence_level : float
        Coverage of the interval, in (0, 1).
    n_resamples : int
        Number of resamples.
    random_state : int or RandomState
        Draws them.

    Returns
    -------
    Estimate
        The correlation in [-1, 1]; NaN if one of the two is constant, or for fewer than 10 records.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.inspection._rank_correlation import rank_correlation
    >>> options = {"confidence_level": 0.95, "n_resamples": 99, "random_state": 0}
    >>> float(rank_correlation(np.arange(12), np.arange(12) ** 2, **options))
    1.0
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
    interval = bootstrap(
        pair,
        _spearman,
        paired=True,
        vectorized=True,
        method="percentile",
        confidence_level=confidence_level,
        n_resamples=n_resamples,
        batch=max(_NUMBERS_AT_ONCE // n, 1),
        random_state=random_state,
    ).confidence_interval
    return Estimate(
        float(_spearman(*pair)), float(interval.low), float(interval.high), "percentile bootstrap"
    )


def _spearman(first, second, axis=-1):
    first, second = (_centered(rankdata(values, axis=axis)) for values in (first, second))
    norms = np.sqrt((first**2).sum(axis=-1) * (second**2).sum(axis=-1))
    products = (first * second).sum(axis=-1)
    return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)


def _centered(ranks):
    return ranks - ranks.mean(axis=-1, keepdims=True)
