"""Choose what the user left open by how well an attack does on shadows in the target's place."""

import numpy as np
from scipy.stats import rankdata

from skmia.attacks.compared._sides import smoothed, smoothing_of

__all__ = ["best_choice", "best_smoothing"]

_SMOOTHINGS = (0.01, 0.02, 0.05, 0.1)


def best_choice(choices, scores_of, evidence, stand_ins, *, default):
    """Return the choice with the largest AUC on shadows in the target's place.

    Parameters
    ----------
    choices : sequence
        What to choose among; of equals the first is returned.
    scores_of : callable
        Takes a choice, signals of a model (n_records,), and signals of other shadows with what they
        saw (n_shadows, n_records); returns scores (n_records,).
    evidence : Evidence
        What the shadows answered.
    stand_ins : list of StandIn
        The shadows that take the target's place.
    default : object
        The choice where none can.

    Returns
    -------
    object
        One of the choices.
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
    """Return the area under the ROC curve by ranks, without the checks that cost more than that."""
    n_in = np.count_nonzero(membership)
    n_lower = rankdata(scores)[membership].sum() - n_in * (n_in + 1) / 2
    return n_lower / (n_in * (len(scores) - n_in))


def best_smoothing(scores_of, evidence, stand_ins):
    """Return how much to add to probabilities before their logarithmic odds are compared.

    Nothing, unless shadows answer exactly 0 or 1. Then half a vote at least, see `smoothing_of`, or
    one of some larger amounts.

    Parameters
    ----------
    scores_of : callable
        Takes smoothed signals of a model (n_records,), and smoothed signals of other shadows with
        what they saw (n_shadows, n_records); returns scores (n_records,).
    evidence : Evidence
        What the shadows answered, as logarithmic odds.
    stand_ins : list of StandIn
        The shadows that take the target's place.

    Returns
    -------
    float
        The amount, in [0, 0.5].
    """
    least = smoothing_of(evidence.signals[0])
    choices = [least, *(amount for amount in _SMOOTHINGS if amount > least)]
    if least == 0 or len(choices) == 1:
        return least

    def _scores(amount, own, others, seen):
        return scores_of(smoothed(own, amount), smoothed(others, amount), seen)

    return best_choice(choices, _scores, evidence, stand_ins, default=least)
