"""What attacks share that compare a record with non-members."""

from numbers import Real

import numpy as np

from skmia._response import batches
from skmia.utils._sklearn import Interval, _num_samples, _safe_indexing

__all__ = ["FALSE_POSITIVE_RATE", "in_batches", "note_on_rate", "threshold_of_rate"]

FALSE_POSITIVE_RATE = {"false_positive_rate": [Interval(Real, 0, 1, closed="neither"), None]}


def in_batches(function, X, y, n_columns):
    """Return one number per record, batch by batch.

    Parameters
    ----------
    function : callable
        Takes records and labels, returns one number for each.
    X : array-like of shape (n_records, ...)
        Records.
    y : ndarray of shape (n_records,)
        Their labels.
    n_columns : int
        Numbers that the function holds of each record.

    Returns
    -------
    ndarray of shape (n_records,)
        The numbers.
    """
    parts = batches(_num_samples(X), n_columns)
    if len(parts) == 1:
        return function(X, y)
    return np.concatenate([function(_safe_indexing(X, part), y[part]) for part in parts])


def threshold_of_rate(rate):
    """Return the score from which on so many of the non-members lie, None where no rate is asked.

    Parameters
    ----------
    rate : float or None
        A false positive rate.

    Returns
    -------
    float or None
        1 − rate, for scores that are one minus a p-value.
    """
    return None if rate is None else 1 - rate


def note_on_rate(rate, n_nonmembers):
    """Return what is to be known of a rate that so many non-members cannot resolve.

    Parameters
    ----------
    rate : float or None
        A false positive rate.
    n_nonmembers : int
        Number of non-members that a record is compared with.

    Returns
    -------
    list of str
        One text, or none.
    """
    if rate is None or rate * (n_nonmembers + 1) >= 1:
        return []
    return [
        f"false_positive_rate={rate} cannot be resolved by {n_nonmembers} non-members, of which "
        f"even the highest stands for a rate of {1 / (n_nonmembers + 1):.2g}. Give fit at least "
        f"{int(np.ceil(1 / rate)) - 1} of them for this, or ask for a higher rate."
    ]
