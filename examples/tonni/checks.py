"""Decides from the runs alone whether a claim of the paper is met again.

A check is a statistic of the runs and the band in which the claim wants it. The statistic gets a
95 % bootstrap interval, repetitions drawn anew within each configuration. The claim is

- "reproduced" if the whole interval lies in the band,
- "not reproduced" if none of it does,
- "not testable here" if it lies on both sides, if there are fewer than 10 repetitions of a
  configuration, for which a bootstrap is too sure, or where a property varies too little to tell.

A claim that something does not matter holds of itself where nothing leaks. So it is "not testable
here" too, unless the interval of the measure's mean lies above what a blind guess reaches.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

STATUSES = ("reproduced", "not reproduced", "not testable here")
FEWEST_REPETITIONS = 10
N_BOOTSTRAP = 400


@dataclass(frozen=True)
class Check:
    """One claim: a statistic, a function of (runs, measure), and the band it should lie in."""

    claim: str
    statistic: Callable
    low: float = -np.inf
    high: float = np.inf
    of_attack: bool = True  # otherwise about properties only, the same for every measure
    needs_leakage: bool = False  # holds of itself where nothing leaks
    counts: bool = True  # otherwise an explanation, which does not decide the study's status


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    status: str
    value: float = np.nan
    low: float = np.nan
    high: float = np.nan

    def __str__(self):
        bounds = f" [{self.low:+.3f}, {self.high:+.3f}]" if np.isfinite(self.low) else ""
        return f"{self.value:+.3f}{bounds}" if np.isfinite(self.value) else "–"


def decide(check, runs, measure, blind, seed=0):
    """Return the verdict of a check on runs, a dict of arrays with the configuration in "key".

    `blind` is what a blind guess reaches in the measure.
    """
    if not len(runs["key"]):
        return Verdict("not testable here")
    value = check.statistic(runs, measure)
    if np.unique(runs["key"], return_counts=True)[1].min() < FEWEST_REPETITIONS:
        return Verdict("not testable here", value)
    low, high = interval(lambda drawn: check.statistic(drawn, measure), runs, seed)
    if not np.isfinite([value, low, high]).all():
        status = "not testable here"
    elif check.low <= low and high <= check.high:
        vacuous = check.needs_leakage and not leaks(runs, measure, blind, seed)
        status = "not testable here" if vacuous else "reproduced"
    else:
        apart = high < check.low or low > check.high
        status = "not reproduced" if apart else "not testable here"
    return Verdict(status, value, low, high)


def leaks(runs, measure, blind, seed=0):
    """Return whether the mean of a measure lies surely above that of a blind guess."""
    return interval(lambda drawn: _mean(drawn[measure]), runs, seed)[0] > blind


def interval(statistic, runs, seed=0):
    """Return the 95 % bootstrap interval of a statistic, or NaN where it cannot be computed."""
    rng = np.random.default_rng(seed)
    configurations = np.unique(runs["key"], return_inverse=True)[1]
    order = np.argsort(configurations, kind="stable")
    sizes = np.bincount(configurations)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    values = []
    for _ in range(N_BOOTSTRAP):
        drawn = order[starts + (rng.random(len(order)) * np.repeat(sizes, sizes)).astype(int)]
        values.append(statistic({name: column[drawn] for name, column in runs.items()}))
    return (
        tuple(np.quantile(values, [0.025, 0.975])) if np.isfinite(values).all() else (np.nan,) * 2
    )


def overall(statuses):
    """Return one status of several: all must be reproduced, and one that is not is enough."""
    statuses = set(statuses)
    if "not reproduced" in statuses:
        return "not reproduced"
    return "reproduced" if statuses == {"reproduced"} else "not testable here"


def correlation(a, b):
    """Return Spearman's rank correlation; 0 where one side does not vary, so that none is seen."""
    a, b = rankdata(a), rankdata(b)
    a, b = a - a.mean(), b - b.mean()
    scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if scale > 0 else 0.0


def trend(x, where=None):
    """Return the statistic "rank correlation of column x with the measure", NaN for one x."""

    def _statistic(runs, measure):
        rows = _rows(runs, where)
        levels = runs[x][rows]
        return correlation(levels, runs[measure][rows]) if np.unique(levels).size > 1 else np.nan

    return _statistic


def contrast(first, second):
    """Return the statistic "mean of the second runs less that of the first", chosen by column."""

    def _statistic(runs, measure):
        return _mean(runs[measure][_rows(runs, second)]) - _mean(runs[measure][_rows(runs, first)])

    return _statistic


def floor_contrast(x, first, second, quantile=0.1):
    """Return the statistic "how far the low quantile lies higher at the second level of x"."""

    def _statistic(runs, measure):
        parts = [runs[measure][runs[x] == level] for level in (first, second)]
        if not min(map(len, parts)):
            return np.nan
        return float(np.quantile(parts[1], quantile) - np.quantile(parts[0], quantile))

    return _statistic


def mean_where(where):
    """Return the statistic "mean of the measure among the runs that satisfy a condition"."""
    return lambda runs, measure: _mean(runs[measure][_rows(runs, where)])


def _rows(runs, where):
    """Return a mask: where is None, a function of the runs, or values wanted by column."""
    if where is None:
        return np.full(len(runs["key"]), True)
    if callable(where):
        return where(runs)
    return np.logical_and.reduce([runs[name] == value for name, value in where.items()])


def _mean(values):
    return float(values.mean()) if len(values) else np.nan
