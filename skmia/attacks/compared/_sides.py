"""Signals of shadows that saw a record and of those that did not: moments, and what suits them."""

from typing import NamedTuple

import numpy as np
from scipy.special import expit
from scipy.stats import rankdata
from sklearn.utils import check_array, gen_batches

from skmia.utils._checks import check_signal
from skmia.utils._constraints import ARRAY, BOOLEAN
from skmia.utils._docstrings import sharing

LEAST_CONFIDENCE = 1e-30  # where it is divided by, or its logarithm taken
_BLOCK_ENTRIES = 65_536  # of a block of shadow signals: it stays in a core's cache
_SMOOTHINGS = (0.01, 0.02, 0.05, 0.1)  # to try where shadows are certain
_CERTAIN = 100  # the logarithmic odds of a probability of exactly 0 or 1 are about ±103

rule_of_shadows = sharing(
    """
    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target.
    shadow_signals : array-like of shape (n_shadows, n_records)
        Signals of the shadows.
    confidence : array-like of shape (n_records,)
        The target's confidences in the true labels, in [0, 1].
    shadow_confidence : array-like of shape (n_shadows, n_records)
        The shadows' confidences.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    online : bool
        Whether the shadows that saw a record count.

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like.

    Raises
    ------
    ValueError
        If shapes do not fit, a signal is not finite, or a confidence or a parameter is out of its
        range.
    """,
    {"signal": ARRAY, "confidence": ARRAY, "shadow_confidence": ARRAY, "online": BOOLEAN},
)


class Side(NamedTuple):
    """Moments of the signals of the shadows on one side, of shape (n_records,) each."""

    count: np.ndarray  # of shadows
    center: np.ndarray  # mean or median, not finite without a shadow
    squares: np.ndarray  # sum of squared deviations from the mean
    mean: np.ndarray  # not finite without a shadow


def block_moments(shadow_signals, in_mask, center="mean"):
    """Return two `Side`, of shadows that did not see each record, and of those that did."""
    if in_mask.shape[1] == 1:  # a single column is summed in another order than one of several
        twice = block_moments(*(np.repeat(m, 2, axis=1) for m in (shadow_signals, in_mask)), center)
        return [Side(*(moment[:1] for moment in side)) for side in twice]
    # copied, since the order in memory decides about the last digits of sums too
    signals = np.array(shadow_signals, dtype=np.float64, order="C")
    weights = [(~in_mask).astype(np.float64), in_mask.astype(np.float64)]
    n_in = np.count_nonzero(in_mask, axis=0)
    counts = [len(in_mask) - n_in, n_in]
    with np.errstate(invalid="ignore"):  # 0 / 0 on a side without shadows
        means = [
            np.einsum("ij,ij->j", signals, weight) / count
            for weight, count in zip(weights, counts, strict=True)
        ]
    # not the sum of squares less the squared sum: of equal signals nothing must be left
    squares = signals - np.where(in_mask, means[1], means[0])
    squares *= squares
    sums = [np.einsum("ij,ij->j", squares, weight) for weight in weights]
    centers = means
    if center == "median":
        masks = zip((~in_mask, in_mask), counts, strict=True)
        centers = [_median(signals, mask, count) for mask, count in masks]
    return [Side(*moments) for moments in zip(counts, centers, sums, means, strict=True)]


def _median(signals, mask, count):
    """Return the median of each column's marked entries, of which it has `count`."""
    # what is not marked is sorted to the end
    ordered = np.sort(np.where(mask, signals, np.inf), axis=0)
    columns = np.arange(len(count))
    low = np.maximum(count - 1, 0) // 2
    high = count // 2
    return (ordered[low, columns] + ordered[high % len(ordered), columns]) / 2


def moments_of(shadow_signals, in_mask):
    """Return the same two `Side` of all records, block by block, with the mean for a center."""
    columns = np.empty((2, 3, len(in_mask[0])))
    for block in blocks_of(in_mask.shape):
        sides = block_moments(shadow_signals[:, block], in_mask[:, block])
        columns[:, :, block] = [(side.count, side.mean, side.squares) for side in sides]
    return tuple(Side(count, mean, squares, mean) for count, mean, squares in columns)


def blocks_of(shape):
    """Yield slices that cut the columns of a matrix into blocks that fit a core's cache."""
    return gen_batches(shape[1], max(_BLOCK_ENTRIES // max(shape[0], 1), 1))


def check_signals(signal, shadow_signals, in_mask, names=("signal", "shadow_signals", "in_mask")):
    """Return signals and mask as checked arrays; messages call them by these names."""
    of_target, of_shadows, mask = names
    signal = check_signal(of_target, signal)
    # float32 stays as it is; each block is widened when its moments are taken
    floats = {"dtype": [np.float64, np.float32], "ensure_min_samples": 1}
    shadow_signals = check_array(shadow_signals, input_name=of_shadows, **floats)
    in_mask = np.asarray(in_mask)
    shape = (len(shadow_signals), len(signal))
    if shadow_signals.shape != shape or in_mask.shape != shape:
        raise ValueError(
            f"{of_shadows} and {mask} need one row per shadow and one column per record: for "
            f"{shape[0]} shadows and the {shape[1]} records of {of_target} expected {shape}, got "
            f"{shadow_signals.shape} and {in_mask.shape}."
        )
    if in_mask.dtype != bool:
        if not np.isin(in_mask, (0, 1)).all():
            raise ValueError(f"{mask} must say True or False of each shadow and record.")
        in_mask = in_mask.astype(bool)
    return signal, shadow_signals, in_mask


def check_confidence(confidence, shadow_confidence, in_mask, of=""):
    """Return checked arrays; `of` comes before the names of the arguments in a message."""
    names = [f"{of}{name}" for name in ("confidence", "shadow_confidence", "in_mask")]
    given = check_signals(confidence, shadow_confidence, in_mask, names)
    low = min(values.min() for values in given[:2])
    high = max(values.max() for values in given[:2])
    if low < 0 or high > 1 + 1e-6:  # rounding of float32 aside
        raise ValueError(
            f"{names[0]} and {names[1]} are probabilities in [0, 1], got values from {low:.6g} to "
            f"{high:.6g}. Give the signal 'confidence', not its logarithm."
        )
    return given


def smoothing_of(shadow_signals):
    """Return what to add to probabilities so that votes of all or none have finite odds.

    It is 0 where no answer is exactly 0 or 1, else half of the smallest other distance to these.
    """
    # as if half a vote more were cast for each side
    size = np.abs(shadow_signals)
    is_certain = size > _CERTAIN
    if not is_certain.any():
        return 0.0
    if is_certain.all():  # as if there were a single vote
        return 0.5
    return float(0.5 / (1 + np.exp(np.max(size, where=~is_certain, initial=0.0))))


def smoothed(signals, amount):
    """Return logarithmic odds after an amount was added to the probabilities of both sides."""
    if amount == 0:
        return signals
    # log((p + a) / (1 - p + a)) with p = 1 / (1 + exp(-|x|)); the sign comes back at the end
    other = np.exp(-np.abs(signals, dtype=np.float64))
    ratio = np.log((1 + amount + amount * other) / (other + amount + amount * other))
    return np.copysign(ratio, signals)


def tempered_confidence(logit_confidence, temperature):
    """Return confidences from logarithmic odds; a high temperature makes them less sure."""
    return expit(logit_confidence / temperature)


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
