"""How a record's signal differs from what reference models answer."""

import numpy as np

from skmia.attacks.compared._sides import block_moments, blocks_of, check_signals
from skmia.utils._constraints import ARRAY, Names, validate_params

__all__ = ["REFERENCE_METHODS", "reference_scores"]


@validate_params(
    signal=ARRAY,
    shadow_signals=ARRAY,
    in_mask=ARRAY,
    method=[Names("difficulty", "midpoint", "rank")],
)
def reference_scores(signal, shadow_signals, in_mask, *, method="difficulty"):
    """Return how far each record's signal is above that of reference models.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target.
    shadow_signals : array-like of shape (n_shadows, n_records)
        Signals of the shadows.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    method : {"difficulty", "midpoint", "rank"}, default="difficulty"
        What is compared:

        - "difficulty": s − mean of the shadows that did not see the record [1]_;
        - "midpoint": s − (mean of those that did not + mean of those that did) / 2 [2]_, for
          records that no shadow saw the same as "difficulty";
        - "rank": share of the shadows that did not see the record whose signal is lower, ties
          counted half [3]_: one minus a p-value, with as many steps as there are such shadows.

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like. A record that all shadows saw has the score of the
        other side's mean, or 0.5 by rank.

    Raises
    ------
    ValueError
        If shapes do not fit, a signal is not finite, or the method is unknown.

    References
    ----------
    .. [1] L. Watson, C. Guo, G. Cormode and A. Sablayrolles, "On the importance of difficulty
       calibration in membership inference attacks", ICLR 2022.
    .. [2] A. Sablayrolles, M. Douze, C. Schmid, Y. Ollivier and H. Jégou, "White-box vs black-box:
       Bayes optimal strategies for membership inference", ICML 2019. The attack MAST.
    .. [3] J. Ye, A. Maddi, S. Murakonda, V. Bindschaedler and R. Shokri, "Enhanced membership
       inference attacks against machine learning models", CCS 2022. Attack R.

    Examples
    --------
    >>> from skmia.attacks import reference_scores
    >>> shadows, in_mask = [[1.0], [2.0], [5.0]], [[False], [False], [True]]
    >>> for method in ("difficulty", "midpoint", "rank"):
    ...     print(reference_scores([4.0], shadows, in_mask, method=method))
    [2.5]
    [0.75]
    [1.]
    """
    signal, shadow_signals, in_mask = check_signals(signal, shadow_signals, in_mask)
    scores = np.empty(len(signal))
    for block in blocks_of(in_mask.shape):
        given = signal[block], shadow_signals[:, block], in_mask[:, block]
        scores[block] = REFERENCE_METHODS[method](*given)
    return scores


def _difficulty(signal, shadow_signals, in_mask):
    out, seen = block_moments(shadow_signals, in_mask)
    return signal - np.where(out.count > 0, out.mean, seen.mean)


def _midpoint(signal, shadow_signals, in_mask):
    out, seen = block_moments(shadow_signals, in_mask)
    low = np.where(out.count > 0, out.mean, seen.mean)
    return signal - (low + np.where(seen.count > 0, seen.mean, low)) / 2


def _rank(signal, shadow_signals, in_mask):
    lower = np.count_nonzero((shadow_signals < signal) & ~in_mask, axis=0)
    equal = np.count_nonzero((shadow_signals == signal) & ~in_mask, axis=0)
    n_out = np.count_nonzero(~in_mask, axis=0)
    return np.where(n_out > 0, (lower + equal / 2) / np.maximum(n_out, 1), 0.5)


REFERENCE_METHODS = {"difficulty": _difficulty, "midpoint": _midpoint, "rank": _rank}
