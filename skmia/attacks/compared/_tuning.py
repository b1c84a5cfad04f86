"""Choose what the user left open by how well an attack does on shadows in the target's place."""

import numpy as np
from scipy.stats import rankdata

from skmia.attacks.compared._sides import smoothed, smoothing_of

_SMOOTHINGS = (0.01, 0.02, 0.05, 0.1)  # to try where shadows are certain


def best_choice(choices, scores_of, evidence, stand_ins, *, default):
    """Return the choice with the largest AUC on shadows in the target's place, of equals the first.

    `scores_of(choice, own, shadow_signals, in_mask)` scores a stand-in; without any, the default.
    """
    if not stand_ins:
        return default
    found = np.zeros(len(choices))
    for stand_in in stand_ins:
        of_it = evidence.of_stand_in(stand_in)
        about = of_it.own[0], of_it.signals[0], of_it.in_mask
        for k, choice in enumerate(choices):
            found[k] += _area(stand_in.membership == 1, scores_of(choice, *about))
    return choices[int(found.argmax())]


def _area(membership, scores):
    """Return the area under the ROC curve by ranks."""
    # not scikit-learn's: its checks cost more than the area
    n_in = np.count_nonzero(membership)
    n_lower = rankdata(scores)[membership].sum() - n_in * (n_in + 1) / 2
    return n_lower / (n_in * (len(scores) - n_in))


def best_smoothing(scores_of, evidence, stand_ins):
    """Return how much to add to probabilities, by `scores_of(own, shadow_signals, in_mask)`."""
    # nothing, unless shadows answer exactly 0 or 1; then half a vote, or a larger amount
    least = smoothing_of(evidence.signals[0])
    choices = [least, *(amount for amount in _SMOOTHINGS if amount > least)]
    if least == 0 or len(choices) == 1:
        return least

    def _scores(amount, own, others, seen):
        return scores_of(smoothed(own, amount), smoothed(others, amount), seen)

    return best_choice(choices, _scores, evidence, stand_ins, default=least)
