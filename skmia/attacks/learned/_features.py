"""What an attack model sees of an answer."""

import numpy as np

from skmia.signals import evaluate

__all__ = ["FEATURES", "attack_features", "with_class"]

_FLOOR = 1e-3  # of probabilities under a logarithm: forests answer 0, which must not be an outlier
_SIGNALS = ("confidence", "correctness", "margin", "entropy", "loss", "modified_entropy")


def attack_features(features, proba, y_index, top_k):
    """Return the features of each answer.

    Parameters
    ----------
    features : str or callable
        One of `FEATURES`, or a function of `proba` and `y_index` that returns a matrix.
    proba : ndarray of shape (n_records, n_classes)
        Answers.
    y_index : ndarray of shape (n_records,)
        The column of each true label, -1 for one that is unknown.
    top_k : int
        The number of features of "top_k".

    Returns
    -------
    ndarray of shape (n_records, n_features)
        The features.

    Raises
    ------
    ValueError
        If a function returns something else.
    """
    if not callable(features):
        return FEATURES[features](proba, y_index, top_k)
    values = np.asarray(features(proba, y_index))
    if values.ndim != 2 or len(values) != len(proba) or not np.isfinite(values).all():
        raise ValueError(
            f"features={features!r} must return a matrix of finite numbers with one row per "
            f"record: expected shape ({len(proba)}, n_features), got {values.shape}."
        )
    return values


def with_class(values, y_index, n_classes):
    """Return features with an indicator of the true label, for one model of all classes.

    Parameters
    ----------
    values : ndarray of shape (n_records, n_features)
        Features.
    y_index : ndarray of shape (n_records,)
        The column of each true label, -1 for one that is unknown.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_records, n_features + n_classes)
        The features with the indicators.
    """
    return np.hstack([values, (y_index[:, None] == np.arange(n_classes)).astype(values.dtype)])


def _probabilities(proba, _, __):
    return proba


def _top_k(proba, _, k):
    return np.sort(proba, axis=1)[:, ::-1][:, :k]


def _log_signals(proba, y_index, _):
    """Return log-probabilities, and signals, with logarithms of those that span many decades."""
    signals = dict(zip(_SIGNALS, evaluate(proba, y_index, _SIGNALS), strict=True))
    for name in ("loss", "modified_entropy"):
        signals[name] = np.log(np.maximum(-signals[name], _FLOOR))
    return np.column_stack([np.log(np.maximum(proba, _FLOOR)), *signals.values()])


FEATURES = {"log_signals": _log_signals, "probabilities": _probabilities, "top_k": _top_k}
