"""Membership signals: one number per record from its response and its true label.

Every signal takes the class probabilities ``proba`` of shape (n, k) and the column of the true
label ``y_index`` of shape (n,), −1 for a label that the model does not know, and returns n numbers.
**Higher is more member-like, always**: losses and entropies come negated.

A label unknown to the model has confidence 0. Logarithms are floored at ``eps``, so that
probabilities of exactly 0 and 1 give finite signals. float32 stays float32.
"""

from collections.abc import Iterator
from functools import cached_property
from numbers import Real

import numpy as np

from skmia.utils._constraints import ARRAY, Names, Number, validate_params

__all__ = [
    "confidence",
    "correctness",
    "entropy",
    "evaluate",
    "get_signal",
    "get_signal_names",
    "logit_confidence",
    "loss",
    "margin",
    "modified_entropy",
]

# 256 kB of float64: a block and its scratch buffer stay in a core's second-level cache.
_BLOCK_ENTRIES = 32_768
_EPS = [Number(Real, 0, 1, closed="neither")]
# Rounding in a model's normalization may exceed 1 by a little; more than this is not a probability.
_TOLERANCE = 1e-6
# By type of the response: an unsigned integer of its size, and the bits of 1.0.
_BITS = {
    dtype(1).dtype.char: (bits, dtype(1).view(bits))
    for dtype, bits in ((np.float32, np.uint32), (np.float64, np.uint64))
}


class _Scratch:
    """What all blocks share: one buffer, where rows begin, and blocks full of a floor."""

    def __init__(self, n_rows, n_classes, dtype, all_known):
        self.buffer = np.empty((n_rows, n_classes), dtype)
        self.row_starts = np.arange(0, n_rows * n_classes, n_classes)
        self.all_known = all_known
        self.floors = {}

    def floor(self, eps):
        """Return a block full of `eps`: numpy's maximum with a scalar is several times slower."""
        if eps not in self.floors:
            self.floors[eps] = np.full_like(self.buffer, eps)
        return self.floors[eps]


class _Block:
    """Some rows of the response with what the kernels share: computed when first needed."""

    def __init__(self, proba, y_index, shared):
        self.proba, self.y_index, self.shared = proba, y_index, shared
        self.n_rows, self.n_classes = proba.shape
        self.scratch = shared.buffer[: self.n_rows]
        self.reaches_one = _check_probabilities(proba)

    @cached_property
    def true_positions(self):
        """Return where in the flat block the true classes of the known rows stand."""
        positions = self.shared.row_starts[: self.n_rows] + self.y_index
        return positions if self.shared.all_known else positions[self.y_index >= 0]

    @cached_property
    def true(self):
        """Return the probability of each row's true class, 0 where it is unknown."""
        known = self.proba.ravel()[self.true_positions]
        if self.shared.all_known:
            return known
        true = np.zeros(self.n_rows, self.proba.dtype)
        true[self.y_index >= 0] = known
        return true

    def floor(self, eps):
        """Return a block full of `eps`."""
        return self.shared.floor(eps)[: self.n_rows]

    def without_true(self, value):
        """Return a scratch copy of the response with the true class set to `value`."""
        np.copyto(self.scratch, self.proba)
        self.scratch.ravel()[self.true_positions] = value
        return self.scratch


def _check_probabilities(proba):
    """Refuse what is not a probability, and return whether any reaches 1, in one pass.

    The bits of non-negative floats order like the floats; a sign bit or a NaN makes them larger
    than those of any probability. So one unsigned maximum finds NaN, negatives and values above 1.
    """
    bits, bits_of_one = _BITS[proba.dtype.char]
    largest = proba.view(bits).max()
    if largest <= bits_of_one:
        return largest == bits_of_one
    low, high = proba.min(), proba.max()
    if np.isnan(high):
        raise ValueError(
            "The response contains NaN, which is no probability. Find the records for which the "
            "model answers NaN and mend the model or leave them out."
        )
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise ValueError(
            f"The response must hold probabilities in [0, 1], got values from {low:.6g} to "
            f"{high:.6g}. Turn decision values or logits into probabilities first, for example "
            "with scipy.special.softmax."
        )
    return high >= 1


def _row_products(proba, logs):
    """Return Σ_i p_i l_i of each row; of two ways the one that is faster for its length."""
    if proba.shape[1] < 16:
        return np.einsum("ij,ij->i", proba, logs)
    return np.vecdot(proba, logs)


def _correctness(block, _):
    if block.n_classes == 2:  # argmax takes ten times as long on rows of two
        return (block.proba[:, 1] > block.proba[:, 0]) == block.y_index
    return block.proba.argmax(axis=1) == block.y_index


def _confidence(block, _):
    return block.true


def _loss(block, eps):
    return np.log(np.maximum(block.true, eps))


def _entropy(block, eps):
    logs = np.maximum(block.proba, block.floor(eps), out=block.scratch)
    return _row_products(block.proba, np.log(logs, out=logs))


def _modified_entropy(block, eps):
    logs = np.subtract(1, block.proba, out=block.scratch)
    if block.reaches_one:  # 1 - p is 0 or at least the machine's epsilon: only 0 needs the floor
        np.maximum(logs, block.floor(eps), out=logs)
    np.log(logs, out=logs).ravel()[block.true_positions] = 0
    return _row_products(block.proba, logs) + (1 - block.true) * _loss(block, eps)


def _logit_confidence(block, eps):
    others = np.einsum("ij->i", block.without_true(0), dtype=np.float64)
    true = np.maximum(block.true.astype(np.float64), 0)  # rounding may go a little below 0
    return np.log(true + eps) - np.log(np.maximum(others, 0) + eps)


def _margin(block, _):
    if block.n_classes == 1:  # no other class to be second: an unknown label loses to the only one
        return np.where(block.y_index == 0, block.true, -block.proba[:, 0])
    return block.true - block.without_true(-np.inf).max(axis=1)


# name: (kernel, floor of the logarithm's argument)
_KERNELS = {
    "confidence": (_confidence, None),
    "correctness": (_correctness, None),
    "entropy": (_entropy, 1e-30),
    "logit_confidence": (_logit_confidence, 1e-45),
    "loss": (_loss, 1e-30),
    "margin": (_margin, None),
    "modified_entropy": (_modified_entropy, 1e-30),
}


def _check_response(proba, y_index):
    proba, y_index = np.asarray(proba), np.asarray(y_index)
    if proba.ndim != 2 or proba.shape[1] == 0:
        raise ValueError(
            f"proba must have shape (n_records, n_classes), got {proba.shape}. Reshape a single "
            "record with proba.reshape(1, -1)."
        )
    if proba.dtype not in (np.float32, np.float64):
        proba = proba.astype(np.float32 if proba.dtype == np.float16 else np.float64)
    if y_index.shape != proba.shape[:1]:
        raise ValueError(
            f"y_index must hold one column index per record: expected shape {proba.shape[:1]}, got "
            f"{y_index.shape}."
        )
    if y_index.dtype.kind not in "iu":
        raise ValueError(
            f"y_index must hold integers, got {y_index.dtype}. Map labels to columns with "
            "numpy.searchsorted(classes, y), and labels that the model does not know to -1."
        )
    if y_index.size and not (y_index.min() >= -1 and y_index.max() < proba.shape[1]):
        raise ValueError(
            f"y_index must lie in [-1, {proba.shape[1] - 1}] for {proba.shape[1]} classes, got "
            f"values from {y_index.min()} to {y_index.max()}."
        )
    return proba, y_index.astype(np.intp, copy=False)


def _run(kernels, proba, y_index):
    """Evaluate (kernel, eps) pairs in one read of the response."""
    n_records, n_classes = proba.shape
    n_rows = max(1, min(_BLOCK_ENTRIES // n_classes, n_records))
    shared = _Scratch(n_rows, n_classes, proba.dtype, all_known=y_index.min(initial=0) >= 0)
    values = np.empty((len(kernels), n_records), proba.dtype)
    for start in range(0, n_records, n_rows):
        rows = slice(start, start + n_rows)
        block = _Block(np.ascontiguousarray(proba[rows]), y_index[rows], shared)
        for row, (kernel, eps) in zip(values, kernels, strict=True):
            row[rows] = kernel(block, eps)
    return values


@validate_params(proba=ARRAY, y_index=ARRAY, signals=["array-like"])
def evaluate(proba, y_index, signals) -> Iterator[np.ndarray]:
    """Evaluate several signals over as few reads of the response as memory allows.

    The response is read block by block, and so many signals are computed at once as keep their
    values below a tenth of the response in memory.

    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.
    signals : iterable of str or callable
        Names of signals, or functions of `proba` and `y_index`.

    Returns
    -------
    iterator of ndarray of shape (n_records,)
        The values of each signal in turn; higher is more member-like.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit, or a name is unknown.

    Examples
    --------
    >>> from skmia.signals import evaluate
    >>> for values in evaluate([[0.7, 0.2, 0.1]], [0], ["confidence", "margin"]):
    ...     print(values)
    [0.7]
    [0.5]
    """
    proba, y_index = _check_response(proba, y_index)
    signals = list(signals)
    unknown = [one for one in signals if not callable(one) and one not in get_signal_names()]
    if unknown:
        raise ValueError(
            f"signals must hold names, of {get_signal_names()}, or functions of (proba, y_index), "
            f"got {unknown[0]!r}."
        )
    return _evaluated(proba, y_index, signals)


def _evaluated(proba, y_index, signals):
    group_size = max(1, proba.shape[1] // 10)
    for start in range(0, len(signals), group_size):
        yield from _evaluate_group(proba, y_index, signals[start : start + group_size])


def _evaluate_group(proba, y_index, signals):
    kernels = [_KERNELS[signal] for signal in signals if isinstance(signal, str)]
    values = iter(_run(kernels, proba, y_index) if kernels else ())
    for signal in signals:
        yield next(values) if isinstance(signal, str) else _call(signal, proba, y_index)


def _call(signal, proba, y_index):
    """Evaluate a user's own signal and check what it returns."""
    values = np.asarray(signal(proba, y_index))
    if values.shape != y_index.shape or not np.isfinite(values).all():
        raise ValueError(
            f"The signal {signal!r} must return one finite number per record: expected shape "
            f"{y_index.shape}, got {values.shape}"
            + ("." if values.shape != y_index.shape else " with NaN or infinity.")
        )
    return values


def _evaluate_one(name, proba, y_index, eps=None):
    kernel, default = _KERNELS[name]
    proba, y_index = _check_response(proba, y_index)
    return _run([(kernel, default if eps is None else eps)], proba, y_index)[0]


def get_signal_names():
    """Return the names of all signals, sorted.

    Returns
    -------
    list of str
        Every name that an attack's parameter `signal` takes.

    Examples
    --------
    >>> from skmia.signals import get_signal_names
    >>> get_signal_names()[:3]
    ['confidence', 'correctness', 'entropy']
    """
    return sorted(_KERNELS)


@validate_params(signal=[Names(*sorted(_KERNELS)), callable])
def get_signal(signal):
    """Return the function of a signal's name; a function is returned as it is.

    Parameters
    ----------
    signal : str or callable
        A name from `get_signal_names`, or a function of `proba` and `y_index` that returns one
        number per record, higher for member-like records.

    Returns
    -------
    callable
        The function that computes the signal.

    Raises
    ------
    ValueError
        If there is no signal of that name.

    Examples
    --------
    >>> from skmia.signals import get_signal
    >>> get_signal("loss")([[0.5, 0.5]], [1])
    array([-0.69314718])
    """
    if callable(signal):
        return signal
    return globals()[signal]


@validate_params(proba=ARRAY, y_index=ARRAY)
def correctness(proba, y_index):
    """Return 1 where the model predicts the true label, else 0.

    Of equally probable classes the first one is predicted.


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.

    Returns
    -------
    ndarray of shape (n_records,)
        1 or 0. 1 speaks for a member.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy risk in machine learning:
       analyzing the connection to overfitting", CSF 2018. Adversary 1 (bounded loss function).

    Examples
    --------
    >>> from skmia.signals import correctness
    >>> correctness([[0.7, 0.3], [0.4, 0.6]], [0, 0])
    array([1., 0.])
    """
    return _evaluate_one("correctness", proba, y_index)


@validate_params(proba=ARRAY, y_index=ARRAY)
def confidence(proba, y_index):
    """Return the probability that the model gives to the true label.


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.

    Returns
    -------
    ndarray of shape (n_records,)
        The confidence, in [0, 1].

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. The attack on prediction confidence.

    Examples
    --------
    >>> from skmia.signals import confidence
    >>> confidence([[0.7, 0.3], [0.4, 0.6]], [0, -1])
    array([0.7, 0. ])
    """
    return _evaluate_one("confidence", proba, y_index)


@validate_params(proba=ARRAY, y_index=ARRAY, eps=_EPS)
def loss(proba, y_index, *, eps=1e-30):
    """Return the negated cross-entropy loss, ln max(p_y, eps).


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.
    eps : float, default=1e-30
        Floor of the logarithm's argument.

    Returns
    -------
    ndarray of shape (n_records,)
        The negated loss, in [ln eps, 0]; 0 where the model is certain and right.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy risk in machine learning:
       analyzing the connection to overfitting", CSF 2018. Adversary 2 (threshold on the loss).

    Examples
    --------
    >>> from skmia.signals import loss
    >>> loss([[0.7, 0.3], [1.0, 0.0]], [0, 1])
    array([ -0.35667494, -69.07755279])
    """
    return _evaluate_one("loss", proba, y_index, eps)


@validate_params(proba=ARRAY, y_index=ARRAY, eps=_EPS)
def entropy(proba, y_index, *, eps=1e-30):
    """Return the negated entropy of the response, Σ_i p_i ln max(p_i, eps).

    It does not look at the label.


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.
    eps : float, default=1e-30
        Floor of the logarithm's argument.

    Returns
    -------
    ndarray of shape (n_records,)
        The negated entropy, in [−ln n_classes, 0]; 0 for a certain response.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. The attack on prediction entropy.

    Examples
    --------
    >>> from skmia.signals import entropy
    >>> entropy([[0.7, 0.2, 0.1]], [0])
    array([-0.80181855])
    """
    return _evaluate_one("entropy", proba, y_index, eps)


@validate_params(proba=ARRAY, y_index=ARRAY, eps=_EPS)
def modified_entropy(proba, y_index, *, eps=1e-30):
    """Return the negated modified entropy.

    M(p, y) = −(1 − p_y) ln p_y − Σ_{i≠y} p_i ln(1 − p_i), with the logarithms' arguments floored
    at `eps`. Unlike the entropy it tells a confident right answer from a confident wrong one.


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.
    eps : float, default=1e-30
        Floor of the logarithm's argument.

    Returns
    -------
    ndarray of shape (n_records,)
        −M, in [2 ln eps, 0]; 0 if and only if the true label has probability 1.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. The attack on modified prediction entropy.

    Examples
    --------
    >>> from skmia.signals import modified_entropy
    >>> modified_entropy([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]], [0, 0])
    array([-0.16216725,  0.        ])
    """
    return _evaluate_one("modified_entropy", proba, y_index, eps)


@validate_params(proba=ARRAY, y_index=ARRAY, eps=_EPS)
def logit_confidence(proba, y_index, *, eps=1e-45):
    """Return the confidence on the logit scale, ln(p_y + eps) − ln(Σ_{j≠y} p_j + eps).

    The other classes are summed rather than 1 − p_y taken, which keeps the digits of confidences
    near 1. Computed in float64 whatever the response.


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.
    eps : float, default=1e-45
        Added to both arguments of the logarithm.

    Returns
    -------
    ndarray of shape (n_records,)
        The scaled confidence, in about [−104, 104]; 0 where the true label has half the mass.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] N. Carlini et al., "Membership inference attacks from first principles",
       IEEE S&P 2022. Section IV.

    Examples
    --------
    >>> from skmia.signals import logit_confidence
    >>> logit_confidence([[0.93, 0.07]], [0])
    array([2.58668934])
    """
    return _evaluate_one("logit_confidence", proba, y_index, eps)


@validate_params(proba=ARRAY, y_index=ARRAY)
def margin(proba, y_index):
    """Return the confidence less the largest probability of another class, p_y − max_{j≠y} p_j.


    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know the label.

    Returns
    -------
    ndarray of shape (n_records,)
        The margin, in [−1, 1]; positive where the model is right.

    Raises
    ------
    ValueError
        If the response is not made of probabilities, or shapes do not fit.

    References
    ----------
    .. [1] N. Carlini et al., "Membership inference attacks from first principles",
       IEEE S&P 2022. Section IV; the hinge form, on probabilities.

    Examples
    --------
    >>> from skmia.signals import margin
    >>> margin([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]], [0, 2])
    array([ 0.5, -0.2])
    """
    return _evaluate_one("margin", proba, y_index)
