"""What a metric refuses, and what its user should do about it."""

import numpy as np
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d

MOST_CLASSES = 1_000_000  # a table of all is made, which a wrong label would fill memory with


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
    # with one side alone every rate of the other is 0 / 0
    if membership.all() or not membership.any():
        found = "members only" if membership.all() else "non-members only"
        raise ValueError(
            "membership must hold both members (1) and non-members (0), "
            f"got {found if len(membership) else 'no records'}; add records of the other kind."
        )
    return membership


def check_reals(name, values):
    """Return values as finite float64."""
    values = _check_numbers(name, values)
    values = values.astype(np.float64, copy=False)  # metrics count in float64 whatever comes in
    n_wrong = np.count_nonzero(~np.isfinite(values))
    if n_wrong:
        raise ValueError(
            f"{name} must be finite, got {n_wrong} NaN or infinite values; a record without "
            "a score says nothing about its membership, so find out why it has none."
        )
    return values


def check_signal(name, values):
    """Return values as they are, one finite real number a record."""
    values = _check_numbers(name, values)
    assert_all_finite(values, input_name=name)
    return values


def _check_numbers(name, values):
    values = column_or_1d(values)
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be real numbers, got dtype {values.dtype}; convert them to float."
        )
    return values


def check_y_index(name, values):
    """Return the column of each record's label, -1 where the model does not know the label."""
    values = column_or_1d(values)
    if values.dtype.kind not in "iu" or values.min(initial=0) < -1:
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
