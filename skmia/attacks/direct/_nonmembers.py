"""What attacks share that compare a record with non-members."""

from numbers import Real

import numpy as np

from skmia.utils._sklearn import Interval

__all__ = ["FALSE_POSITIVE_RATE", "note_on_rate", "threshold_of_rate"]

FALSE_POSITIVE_RATE = {"false_positive_rate": [Interval(Real, 0, 1, closed="neither"), None]}


def threshold_of_rate(rate):
    """Return the score that this share of non-members reaches, None where no rate is asked for."""
    # scores are one minus a p-value
    return None if rate is None else 1 - rate


def note_on_rate(rate, n_nonmembers):
    """Return a caution, as a list, if so few non-members cannot resolve the rate."""
    # a record above all n of them has the p-value 1 / (n + 1), the smallest that they can tell
    if rate is None or rate * (n_nonmembers + 1) >= 1:
        return []
    return [
        f"false_positive_rate={rate} cannot be resolved by {n_nonmembers} non-members, of which "
        f"even the highest stands for a rate of {1 / (n_nonmembers + 1):.2g}. Give fit at least "
        f"{int(np.ceil(1 / rate)) - 1} of them for this, or ask for a higher rate."
    ]
