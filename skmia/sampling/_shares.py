"""How many records of each kind make up given shares, and which."""

import numpy as np

from skmia._records import ranks_within


def most_records(sizes, shares):
    """Return the most records that can have these shares, which sum to 1."""
    asked = shares > 0
    with np.errstate(over="ignore"):  # a share of nearly 0 limits nothing
        limits = sizes[asked] / shares[asked]
    # 7 / 0.7 must not become 9.99...
    return int(np.floor(limits.min() * (1 + 1e-12)))


def apportion(shares, n_records):
    """Divide records by shares, rounded up for the largest remainders, so that they add up."""
    exact = shares * n_records
    # what rounding left just below a whole number is that number
    quota = np.floor(exact + 1e-9).astype(np.intp)
    # stable, so that of equal remainders the first kind gets the record, whatever the machine
    largest = np.argsort(quota - exact, kind="stable")
    quota[largest[: n_records - quota.sum()]] += 1
    return quota


def draw_shares(codes, shares, names, *, n_samples, draws):
    """Draw as many records as possible, or `n_samples`, of which each kind has its share.

    `codes` are the kinds of the records, `names` their names. Of each kind the records with the
    smallest `draws` are taken, in ascending order of rows.
    """
    sizes = np.bincount(codes, minlength=len(shares))
    most = most_records(sizes, shares)
    if n_samples is not None and n_samples > most:
        _refuse(sizes, shares, names, n_samples, most)
    quota = apportion(shares, most if n_samples is None else n_samples)
    # a kind whose share is 0 is meant to get none
    check_none_lost(np.where(shares > 0, quota, 1), names)
    return np.flatnonzero(ranks_within(codes, draws) < quota[codes])


def check_none_lost(quota, names):
    """Refuse to lose a kind of records by rounding."""
    if not quota.all():
        raise ValueError(
            f"The share of {names[quota.argmin()]} is less than one record. Ask for another "
            "balance, keep more records, or give more of them."
        )


def _refuse(sizes, shares, names, n_samples, most):
    asked = np.flatnonzero(shares > 0)
    # the kind that limits the number of records
    at = asked[(sizes[asked] / shares[asked]).argmin()]
    raise ValueError(
        f"n_samples={n_samples} is more than the {most} records that can have these shares: there "
        f"are {sizes[at]} records of {names[at]}, whose share should be {shares[at]:.3g}. Lower "
        f"n_samples to {most}, or ask for another balance: with n_samples={n_samples} that share "
        f"can be {min(sizes[at] / n_samples, 1):.3g} at most."
    )
