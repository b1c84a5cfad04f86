"""Intervals of fairness between groups: closed forms, valid for the largest of many differences."""

import numpy as np
from scipy.stats import t as student

from skmia._result import Estimate
from skmia.metrics._intervals import difference, wilson

FEWEST_RECORDS = 10


def largest_gap(hits, support, confidence_level, *, adds_up=False):
    """Return the largest mean difference between the rates of two groups, with its interval.

    Each difference has Newcombe's interval, at a level that holds for all pairs of groups and all
    labels at once (Bonferroni). So the means and the maximum lie between those of the ends.
    """
    n_groups, n_labels = hits.shape
    n_compared = n_groups * (n_groups - 1) // 2 * (1 if adds_up and n_labels == 2 else n_labels)
    rates = _rates(hits, support, (1 - confidence_level) / n_compared)
    largest = []
    for i in range(1, n_groups):  # one group against all before: all pairs may not fit in memory
        gaps = _gaps(rates, i)
        n_gaps = np.count_nonzero(~np.isnan(gaps[0]), axis=1)
        means = np.nansum(gaps, axis=2)[:, n_gaps > 0] / n_gaps[n_gaps > 0]
        largest.extend(means.max(axis=1, keepdims=True).T if means.size else [])
    if not largest:
        return None
    value, low, high = np.max(largest, axis=0)
    return Estimate(value, low, min(high, 1), _words("Newcombe, Wilson limits", n_compared))


def largest_group_deviation(counts, share, confidence_level):
    """Return how far differences of top rates are from those of `share` at most, with its interval.

    The shares are taken for given.
    """
    n_groups, n_labels = counts.shape
    n_compared = n_groups * (n_groups - 1) // 2 * (1 if n_labels == 2 else n_labels)
    support = counts.sum(axis=1, keepdims=True)
    # limits that hold for all labels at once hold for the largest of them
    top = [
        part.max(axis=1) for part in _rates(counts, support, (1 - confidence_level) / n_compared)
    ]
    largest = []
    for i in range(1, n_groups):
        gap, low, high = _gaps(top, i)
        sizes = np.abs(share[i] - share[:i])
        nearest = np.clip(sizes, low, high)
        farthest = np.maximum(np.abs(sizes - low), np.abs(sizes - high))
        parts = np.abs(sizes - gap), np.abs(sizes - nearest), farthest
        largest.append([part.max() for part in parts])
    value, low, high = np.max(largest, axis=0)
    return Estimate(value, low, min(high, 1), _words("Newcombe, Wilson limits", n_compared))


def mean_over_pairs(deviations, pairs, group, confidence_level):
    """Return the mean over pairs of records, with an interval for pairs that share records.

    The variance is that of a mean of dyads, within groups, since the sizes of groups are given.
    """
    value = deviations.mean()
    n_pairs = len(deviations)
    n_spare = len(group) - group.max() - 1  # beyond one of each group
    if n_spare < FEWEST_RECORDS:
        needed = f"no interval: it needs {FEWEST_RECORDS} records beyond one of each group"
        return Estimate(value, method=f"{needed}, got {n_spare}")
    record = np.concatenate(pairs)
    apart = np.tile(deviations - value, 2)
    center = _group_means(group[record], apart, group)[group[record]]
    of_record = np.bincount(record, apart - center, minlength=len(group))
    size = np.bincount(group)[group]
    # the squares of single pairs stand there twice: that covers more than is asked for, if anything
    error = np.sqrt((of_record**2 * size / np.maximum(size - 1, 1)).sum()) / n_pairs
    half = student.isf((1 - confidence_level) / 2, n_spare) * error
    ends = np.clip([value - half, value + half], 0, 1)
    return Estimate(value, *ends, "Student's t, with the covariance of pairs that share a record")


def _group_means(group_of_value, values, group):
    """Return each group's mean, 0 for a group of one record, whose spread is not known."""
    n_groups = group.max() + 1
    means = np.bincount(group_of_value, values, minlength=n_groups)
    means /= np.maximum(np.bincount(group_of_value, minlength=n_groups), 1)
    return np.where(np.bincount(group) > 1, means, 0)


def _rates(hits, support, alpha):
    """Return rates with their limits; NaN is no rate."""
    support = np.where(support > 0, support, np.nan)
    return hits / support, *wilson(hits, support, alpha)


def _gaps(rates, i):
    """Return how far the rates of group i are from those of each before, with limits."""
    own = [part[i] for part in rates]
    before = [part[:i] for part in rates]
    low, high = difference(own, before)
    nearest = np.maximum(np.maximum(low, -high), 0)
    return np.array([np.abs(own[0] - before[0]), nearest, np.maximum(high, -low)])


def _words(method, n_compared):
    return method if n_compared == 1 else f"{method}, Bonferroni over {n_compared:,} comparisons"
