"""The signals by name, as functions of arrays."""

from collections.abc import Iterator
from numbers import Real

import numpy as np

from skmia.signals._kernels import KERNELS, check_response, run_kernels
from skmia.utils._constraints import ARRAY, Names, Number, validate_params
from skmia.utils._docstrings import sharing

_SHARED = """
Parameters
----------
proba : array-like of shape (n_records, n_classes)
    Class probabilities, in [0, 1].
y_index : array-like of shape (n_records,)
    Column of the true label, −1 where the model does not know it.
eps : float
    Keeps the argument of the logarithm above 0.

Returns
-------
ndarray of shape (n_records,)
    The signal, higher for records more likely to be members.

Raises
------
ValueError
    If `proba` holds no probabilities, or the shapes do not fit.
"""
_ALLOWED = {"proba": ARRAY, "eps": [Number(Real, 0, 1, closed="neither")]}
_signal = sharing(_SHARED, _ALLOWED)


@validate_params(proba=ARRAY, signals=["array-like"])
def evaluate(proba, y_index, signals) -> Iterator[np.ndarray]:
    """Evaluate several signals over as few reads of the response as memory allows.

    The values held at once take at most a tenth of the response's memory.

    Parameters
    ----------
    proba : array-like of shape (n_records, n_classes)
        Class probabilities, in [0, 1].
    y_index : array-like of shape (n_records,)
        Column of the true label, −1 where the model does not know it.
    signals : iterable of str or callable
        Names of signals, or functions of `proba` and `y_index`.

    Returns
    -------
    iterator of ndarray of shape (n_records,)
        The values of each signal in turn; higher is more member-like.

    Raises
    ------
    ValueError
        If `proba` holds no probabilities, the shapes do not fit, or a name is unknown.

    Examples
    --------
    >>> from skmia.signals import evaluate
    >>> for values in evaluate([[0.7, 0.2, 0.1]], [0], ["confidence", "margin"]):
    ...     print(values)
    [0.7]
    [0.5]
    """
    proba, y_index = check_response(proba, y_index)
    signals = list(signals)
    # here, not in the generator below, so that the error comes with the call
    unknown = [one for one in signals if not callable(one) and one not in get_signal_names()]
    if unknown:
        raise ValueError(
            f"signals must hold names, of {get_signal_names()}, or functions of (proba, y_index), "
            f"got {unknown[0]!r}."
        )
    return _evaluated(proba, y_index, signals)


def _evaluated(proba, y_index, signals):
    # a signal takes one number per record where the response takes one per class
    group_size = max(1, proba.shape[1] // 10)
    for start in range(0, len(signals), group_size):
        group = signals[start : start + group_size]
        kernels = [KERNELS[signal] for signal in group if isinstance(signal, str)]
        values = iter(run_kernels(kernels, proba, y_index) if kernels else ())
        for signal in group:
            yield next(values) if isinstance(signal, str) else _call(signal, proba, y_index)


def _call(signal, proba, y_index):
    values = np.asarray(signal(proba, y_index))
    is_one_each = values.shape == y_index.shape
    if not is_one_each or not np.isfinite(values).all():
        raise ValueError(
            f"The signal {signal!r} must return one finite number per record: expected shape "
            f"{y_index.shape}, got {values.shape}{' with NaN or infinity' if is_one_each else ''}."
        )
    return values


def _evaluate_one(name, proba, y_index, eps=None):
    """Return one signal, by default with the floor of its kernel."""
    kernel, default = KERNELS[name]
    proba, y_index = check_response(proba, y_index)
    return run_kernels([(kernel, default if eps is None else eps)], proba, y_index)[0]


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
    return sorted(KERNELS)


@validate_params(signal=[Names(*sorted(KERNELS)), callable])
def get_signal(signal):
    """Return the function of a signal's name; a function comes back as it is.

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
    return globals()[signal]  # each kernel's name is that of its function in this file


@_signal()
def correctness(proba, y_index):
    """Return s = 1 where the model predicts the true label, else 0.

    Of equally probable classes the model predicts the first.

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


@_signal()
def confidence(proba, y_index):
    """Return the probability of the true label, s = p_y, in [0, 1].

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


@_signal()
def loss(proba, y_index, *, eps=1e-30):
    """Return the negated cross-entropy loss, s = ln max(p_y, eps).

    It is in [ln eps, 0], and 0 where the model is certain and right.

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


@_signal()
def entropy(proba, y_index, *, eps=1e-30):
    """Return the negated entropy of the response, s = Σ_i p_i ln max(p_i, eps).

    It is in [−ln n_classes, 0], and 0 for a certain response. It does not look at the label.

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


@_signal()
def modified_entropy(proba, y_index, *, eps=1e-30):
    """Return the negated modified entropy, s = (1 − p_y) ln p_y + Σ_{i≠y} p_i ln(1 − p_i).

    It is in [2 ln eps, 0], and 0 if and only if the true label has probability 1. `eps` is the
    floor of the logarithms' arguments. It tells confident right answers from confident wrong ones.

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


@_signal()
def logit_confidence(proba, y_index, *, eps=1e-45):
    """Return the confidence on the logit scale, s = ln(p_y + eps) − ln(Σ_{j≠y} p_j + eps).

    It is in about [−104, 104], and 0 where the true label has half the mass. The sum over the other
    classes keeps digits that 1 − p_y loses. It is computed in float64, whatever the response.

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


@_signal()
def margin(proba, y_index):
    """Return the confidence less the largest of another class, s = p_y − max_{j≠y} p_j.

    It is in [−1, 1], and positive where the model is right.

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
