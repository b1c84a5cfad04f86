"""What a target reveals of records: one row of class probabilities each.

Probabilities where the target has them, else its decision values, else its labels; always as an
(n, n_classes) array whose columns follow the classes that the caller names.
"""

import numpy as np
from joblib import effective_n_jobs
from scipy.special import expit, softmax
from sklearn import get_config
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import column_or_1d, gen_even_slices
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmia.utils._sklearn import _num_samples, _safe_indexing

__all__ = [
    "RecordedResponse",
    "all_classes",
    "batches",
    "check_label_type",
    "check_labels",
    "check_target",
    "class_probabilities",
    "in_batches",
    "known_classes",
    "label_index",
    "record_response",
    "response_method_of",
]

RESPONSE_METHODS = ("predict_proba", "decision_function", "predict")


def response_method_of(estimator, method="auto"):
    """Return the name of the method by which the target answers.

    Parameters
    ----------
    estimator : object
        A fitted classifier.
    method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        "auto" takes the first that the target has: it reveals most.

    Returns
    -------
    str
        The method's name.

    Raises
    ------
    ValueError
        If the target has no such method.
    """
    candidates = RESPONSE_METHODS if method == "auto" else (method,)
    for name in candidates:
        if hasattr(estimator, name):
            return name
    raise ValueError(
        f"{type(estimator).__name__} has none of the methods {', '.join(candidates)}. An attack "
        "needs a target that answers; choose another response_method or wrap the model in a "
        "scikit-learn classifier."
    )


def check_target(target, method="auto"):
    """Check that the target is a fitted classifier that answers.

    Parameters
    ----------
    target : object
        The classifier under attack.
    method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        How it is to be asked.

    Raises
    ------
    TypeError
        If it is a regressor.
    ValueError
        If it has no such method.
    sklearn.exceptions.NotFittedError
        If it is not fitted.
    """
    is_estimator = isinstance(target, BaseEstimator)
    if is_estimator and is_regressor(target):
        raise TypeError(
            f"The target must be a classifier, got the regressor {type(target).__name__}."
        )
    if is_estimator:  # others may keep their state where they like
        check_is_fitted(target)
    response_method_of(target, method)


def known_classes(estimator, n_columns):
    """Return the target's classes in the order of the columns of its response.

    Parameters
    ----------
    estimator : object
        A fitted classifier.
    n_columns : int
        Number of columns of its response. A model without `classes_` has the classes 0, 1, ...

    Returns
    -------
    ndarray of shape (n_classes,)
        The classes.
    """
    classes = getattr(estimator, "classes_", None)
    return np.arange(n_columns) if classes is None else np.asarray(classes)


def all_classes(estimator, X, y, *, method="auto"):
    """Return the classes of the target and those of the labels together, sorted.

    Parameters
    ----------
    estimator : object
        A fitted classifier.
    X : array-like of shape (n_records, ...)
        Records; a target that does not name its classes is asked for the first one.
    y : ndarray of shape (n_records,)
        Labels.
    method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        How the target is asked.

    Returns
    -------
    ndarray of shape (n_classes,)
        The classes.

    Raises
    ------
    ValueError
        If labels and classes can never be equal, or a target that does not name its classes has
        fewer columns than there are labels.
    """
    own = getattr(estimator, "classes_", None)
    name = response_method_of(estimator, method)
    if own is None and name == "predict":
        return np.unique(y)
    if own is None:
        one = _to_matrix(getattr(estimator, name)(_safe_indexing(X, [0])), estimator, name)
        own = np.arange(one.shape[1])
        check_label_type(y, own)
        if not np.isin(y, own).all():
            raise ValueError(
                f"{type(estimator).__name__} does not name its classes_ and answers with "
                f"{len(own)} columns, which are taken for the labels 0 to {len(own) - 1}; y holds "
                f"{np.setdiff1d(y, own)[:5].tolist()}. Number the labels, or give the model a "
                "classes_ attribute."
            )
    check_label_type(y, own)
    return np.union1d(own, y)


def check_labels(X, y):
    """Return labels as an array with one entry per record.

    Parameters
    ----------
    X : array-like of shape (n_records, ...)
        Records.
    y : array-like of shape (n_records,)
        Labels.

    Returns
    -------
    ndarray of shape (n_records,)
        The labels.
    """
    y = column_or_1d(y, warn=True)
    check_classification_targets(y)
    check_consistent_length(X, y)
    return y


def check_label_type(y, classes):
    """Refuse labels that can never equal a class, such as texts where classes are numbers.

    Parameters
    ----------
    y : ndarray of shape (n_records,)
        Labels.
    classes : array-like of shape (n_classes,)
        Classes.

    Raises
    ------
    ValueError
        If one side holds texts and the other numbers.
    """
    classes = np.asarray(classes)
    if (classes.dtype.kind in "OSUT") != (y.dtype.kind in "OSUT"):
        raise ValueError(
            f"The labels in y are of type {y.dtype}, the target's classes of type {classes.dtype}, "
            f"for example {classes[0]}: they can never be equal. Give the labels as the target was "
            "trained on them."
        )


def label_index(y, classes):
    """Return each label's column among sorted classes, −1 where it is not one of them.

    Parameters
    ----------
    y : array-like of shape (n_records,)
        Labels.
    classes : ndarray of shape (n_classes,)
        Sorted classes.

    Returns
    -------
    ndarray of shape (n_records,)
        Column indices.
    """
    y = np.asarray(y)
    index = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    return np.where(classes[index] == y, index, -1)


def class_probabilities(estimator, X, classes, *, method="auto"):
    """Return the target's response as probabilities of the given classes.

    Decision values become probabilities by the softmax (the logistic function for two classes),
    labels become certain answers. Classes that the target does not know have probability 0.

    Parameters
    ----------
    estimator : object
        A fitted classifier.
    X : array-like of shape (n_records, ...)
        Records, handed to the target as they are.
    classes : ndarray of shape (n_classes,)
        Sorted classes, a superset of the target's.
    method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        How the target is asked.

    Returns
    -------
    ndarray of shape (n_records, n_classes)
        The response; float32 if the target answers so, else float64.

    Raises
    ------
    ValueError
        If the answer is not a finite matrix with one column per class of the target.
    """
    name = response_method_of(estimator, method)
    answer = getattr(estimator, name)(X)
    if name == "predict":
        return _one_hot(answer, classes)
    proba = _to_matrix(answer, estimator, name)
    own = known_classes(estimator, proba.shape[1])
    if proba.shape[1] != len(own):
        raise ValueError(
            f"{type(estimator).__name__}.{name} returned {proba.shape[1]} columns for "
            f"{len(own)} classes. A one-vs-one decision function is not supported: set "
            "decision_function_shape='ovr', or probability=True."
        )
    return _expand(proba, own, classes)


def _to_matrix(answer, estimator, name):
    if isinstance(answer, list | tuple):
        raise ValueError(
            f"{type(estimator).__name__}.{name} returned a list of {len(answer)} arrays: "
            "multi-output classifiers are not supported. Attack one output at a time."
        )
    answer = np.asarray(answer)
    if answer.dtype not in (np.float32, np.float64):
        answer = answer.astype(np.float64)
    if not np.isfinite(answer).all():
        raise ValueError(
            f"{type(estimator).__name__}.{name} returned NaN or infinity for "
            f"{np.sum(~np.isfinite(answer.reshape(len(answer), -1)).all(axis=1))} of "
            f"{len(answer)} records. A membership signal needs finite answers: mend the model or "
            "leave these records out."
        )
    if name == "decision_function":
        return _from_decision_values(answer)
    if answer.ndim != 2:
        raise ValueError(
            f"{type(estimator).__name__}.{name} must return shape (n_records, n_classes), got "
            f"{answer.shape}."
        )
    return answer


def _from_decision_values(values):
    if values.ndim == 1 or values.shape[1] == 1:
        return np.column_stack([expit(-values.ravel()), expit(values.ravel())])
    return softmax(values, axis=1)


def _one_hot(labels, classes):
    index = label_index(np.asarray(labels).ravel(), classes)
    proba = np.zeros((len(index), len(classes)))
    known = index >= 0
    proba[np.flatnonzero(known), index[known]] = 1
    return proba


def _expand(proba, own, classes):
    """Move the columns of the target's own classes to their places among all classes."""
    columns = label_index(own, classes)
    if (columns < 0).any():
        raise ValueError(
            f"The model answers for the classes {own.tolist()}, of which some are not among "
            f"{classes.tolist()}."
        )
    if np.array_equal(columns, np.arange(len(classes))):
        return proba
    expanded = np.zeros((len(proba), len(classes)), proba.dtype)
    expanded[:, columns] = proba
    return expanded


def batches(n_records, n_columns, n_jobs=None):
    """Cut records into batches whose answers fit scikit-learn's `working_memory`.

    Parameters
    ----------
    n_records : int
        Number of records, at least 1.
    n_columns : int
        Features and classes together.
    n_jobs : int, default=None
        At least so many batches, so that each job has one.

    Returns
    -------
    list of slice
        The batches.
    """
    # a pipeline holds its records more than once while it answers
    batch_bytes = max(get_config()["working_memory"] * 2**20 / 8, 1)
    n_batches = max(int(np.ceil(8 * n_records * n_columns / batch_bytes)), effective_n_jobs(n_jobs))
    return list(gen_even_slices(n_records, min(n_batches, n_records)))


def in_batches(function, X, y, n_columns):
    """Return one number per record, batch by batch.

    Parameters
    ----------
    function : callable
        Takes records and labels, returns one number for each.
    X : array-like of shape (n_records, ...)
        Records.
    y : ndarray of shape (n_records,)
        Their labels.
    n_columns : int
        Numbers that the function holds of each record.

    Returns
    -------
    ndarray of shape (n_records,)
        The numbers.
    """
    parts = batches(_num_samples(X), n_columns)
    if len(parts) == 1:
        return function(X, y)
    return np.concatenate([function(_safe_indexing(X, part), y[part]) for part in parts])


class RecordedResponse:
    """A target's answers, kept: asked for record numbers in place of records.

    Parameters
    ----------
    proba : ndarray of shape (n_records, n_classes)
        The answers.
    classes : ndarray of shape (n_classes,)
        Sorted classes.
    """

    def __init__(self, proba, classes):
        self.proba, self.classes_ = proba, classes

    def predict_proba(self, numbers):
        """Return the answers for record numbers."""
        return self.proba[numbers]

    def predict(self, numbers):
        """Return the most probable class for record numbers."""
        return self.classes_[self.proba[numbers].argmax(axis=1)]


def record_response(estimator, X, classes, *, method="auto"):
    """Ask the target for all records, batch by batch, and keep its answers.

    Parameters
    ----------
    estimator : object
        A fitted classifier.
    X : array-like of shape (n_records, ...)
        Records, handed to the target as they are.
    classes : ndarray of shape (n_classes,)
        Sorted classes, a superset of the target's.
    method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        How the target is asked.

    Returns
    -------
    ndarray of shape (n_records, n_classes)
        The response.
    """
    shape = getattr(X, "shape", (_num_samples(X),))
    n_columns = len(classes) + (shape[1] if len(shape) == 2 else 0)
    answers = None
    for batch in batches(shape[0], n_columns):
        part = X if batch == slice(0, shape[0], None) else _safe_indexing(X, batch)
        proba = class_probabilities(estimator, part, classes, method=method)
        if answers is None:
            answers = np.empty((shape[0], len(classes)), proba.dtype)
        answers[batch] = proba
    return answers
