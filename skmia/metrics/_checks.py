"""What a metric refuses, and what its user should do about it."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d

MOST_CLASSES = 1_000_000  # a table of all is made
REMEDIES = {
    "confidence_level": "give 0.95 for a 95 % interval",
    "delta": "give 0 for pure differential privacy or a number well below 1 / n_records",
    "fpr": "give 0.01 for a false positive rate of 1 %",
    "prior": "give 0.5 if a record is as likely a member as not",
}


def check_membership(membership):
    """Return membership as integers 0 and 1, both present."""
    membership = column_or_1d(membership)
    kind = membership.dtype.kind
    if kind not in "biuf" or ((membership != 0) & (membership != 1)).any():
        found = ", ".join(repr(value) for value in list(dict.fromkeys(membership.tolist()))[:5])
        raise ValueError(
            "membership must hold only 1 (member) and 0 (non-member), "
            f"got values such as {found}; recode it, e.g. membership == <the value of a member>."
        )
    membership = membership.astype(np.int64)
    if membership.all() or not membership.any():
        found = "members only" if membership.all() else "non-members only"
        raise ValueError(
            "membership must hold both members (1) and non-members (0), "
            f"got {found if len(membership) else 'no records'}; add records of the other kind."
        )
    return membership


def check_reals(name, values):
    """Return values as finite float64."""
    values = column_or_1d(values)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be real numbers, got dtype {values.dtype}; convert them to float."
        )
    values = values.astype(np.float64)
    n_wrong = np.count_nonzero(~np.isfinite(values))
    if n_wrong:
        raise ValueError(
            f"{name} must be finite, got {n_wrong} NaN or infinite values; a record without "
            "a score says nothing about its membership, so find out why it has none."
        )
    return values


def check_signal(name, values):
    """Return values as they are, one finite real number a record."""
    values = column_or_1d(values)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be real numbers, got dtype {values.dtype}; convert them to float."
        )
    assert_all_finite(values, input_name=name)
    return values


def check_y_index(name, values):
    """Return the column of each record's label, -1 where the model does not know the label."""
    values = column_or_1d(values)
    if values.dtype.kind not in "iu" or (len(values) and values.min() < -1):
        found = f"values down to {values.min()}" if values.dtype.kind in "iu" else values.dtype
        raise ValueError(
            f"{name} must hold column numbers, from 0 on, and -1 for unknown labels, got {found}; "
            "map labels to columns with numpy.searchsorted(classes, y)."
        )
    if values.max(initial=0) >= MOST_CLASSES:
        raise ValueError(
            f"{name} must number the columns of a response, below {MOST_CLASSES}, got "
            f"{values.max()}; map labels to columns with numpy.searchsorted(classes, y)."
        )
    return values


def check_membership_scores(membership, scores):
    """Return both arrays checked and of one length."""
    check_consistent_length(membership, scores)
    return check_membership(membership), check_reals("scores", scores)


def check_fraction(name, value, *, zero=False):
    """Refuse what is no number in (0, 1), or in [0, 1) where zero is allowed."""
    if isinstance(value, Real) and (0 < value < 1 or (zero and value == 0)):
        return
    interval = "[0, 1)" if zero else "(0, 1)"
    raise ValueError(f"{name} must be a number in {interval}, got {value!r}; {REMEDIES[name]}.")


def check_rates(fpr):
    """Return one or several false positive rates as a list."""
    rates = np.atleast_1d(fpr).tolist()
    if not rates:
        raise ValueError("fpr must hold at least one rate, got none; give 0.01 for 1 %.")
    for rate in rates:
        check_fraction("fpr", rate)
    return rates


def check_count(name, value, *, low=1, high=None):
    """Refuse what is no integer of at least low and at most high."""
    number = isinstance(value, Integral) and not isinstance(value, bool)
    if number and value >= low and (high is None or value <= high):
        return
    rule = f"of at least {low}" if high is None else f"between {low} and {high}"
    raise ValueError(f"{name} must be an integer {rule}, got {value!r}.")


def check_threshold(threshold):
    """Refuse a threshold that no score can be compared with."""
    if threshold is None or (isinstance(threshold, Real) and threshold == threshold):
        return
    raise ValueError(
        f"threshold must be a number or None, got {threshold!r}; records with a score of at least "
        "the threshold are called members, None takes the best threshold of these records."
    )
