"""Choose what the user left open by how well an attack does on shadows in the target's place."""

import numpy as np
from scipy.stats import rankdata

from skmia.attacks._sides import smoothed, smoothing_of

__all__ = ["best_choice", "best_smoothing"]

_SCORES = 20_000  # of shadows in the target's place, about as many decide
_MOST_SHADOWS = 8  # however few records there are
_SMOOTHINGS = (0.01, 0.02, 0.05, 0.1)


def best_choice(choices, scores_of, shadow_signals, in_mask, together):
    """Return the choice with the largest AUC on shadows in the target's place.

    Parameters
    ----------
    choices : sequence
        What to choose among; of equals the first is returned.
    scores_of : callable
        Takes a choice, signals of a model (n_records,), and signals of other shadows with what they
        saw (n_shadows, n_records); returns scores (n_records,).
    shadow_signals : ndarray of shape (n_shadows, n_records)
        Signals of all shadows.
    in_mask : ndarray of bool, shape (n_shadows, n_records)
        Which of them saw which records.
    together : ndarray of int, shape (n_shadows,)
        Groups of shadows that are held out together.

    Returns
    -------
    object
        One of the choices.
    """
    rows = np.flatnonzero(in_mask.any(axis=0))[:_SCORES]
    shadow_signals, in_mask = shadow_signals[:, rows], in_mask[:, rows]
    n_groups = max(_SCORES // (len(rows) * np.count_nonzero(together == 0)), 1)
    found = np.zeros(len(choices))
    for i in np.flatnonzero(together < n_groups)[:_MOST_SHADOWS]:
        if not 0 < in_mask[i].sum() < len(rows):
            continue
        rest = together != together[i]
        others = shadow_signals[rest], in_mask[rest]
        for k, choice in enumerate(choices):
            found[k] += _area(in_mask[i], scores_of(choice, shadow_signals[i], *others))
    return choices[int(found.argmax())]


def _area(membership, scores):
    """Return the area under the ROC curve by ranks, without the checks that cost more than that."""
    n_in = np.count_nonzero(membership)
    n_lower = rankdata(scores)[membership].sum() - n_in * (n_in + 1) / 2
    return n_lower / (n_in * (len(scores) - n_in))


def best_smoothing(scores_of, shadow_signals, in_mask, together):
    """Return how much to add to probabilities before their logarithmic odds are compared.

    Nothing, unless shadows answer exactly 0 or 1. Then half a vote at least, see `smoothing_of`, or
    one of some larger amounts.

    Parameters
    ----------
    scores_of : callable
        Takes smoothed signals of a model (n_records,), and smoothed signals of other shadows with
        what they saw (n_shadows, n_records); returns scores (n_records,).
    shadow_signals : ndarray of shape (n_shadows, n_records)
        Logarithmic odds of the shadows.
    in_mask : ndarray of bool, shape (n_shadows, n_records)
        Which of them saw which records.
    together : ndarray of int or None, shape (n_shadows,)
        Groups of shadows that are held out together; None if none can be.

    Returns
    -------
    float
        The amount, in [0, 0.5].
    """
    least = smoothing_of(shadow_signals)
    choices = [least, *(amount for amount in _SMOOTHINGS if amount > least)]
    if least == 0 or len(choices) == 1 or together is None:
        return least

    def _scores(amount, own, others, seen):
        return scores_of(smoothed(own, amount), smoothed(others, amount), seen)

    return best_choice(choices, _scores, shadow_signals, in_mask, together)
