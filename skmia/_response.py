"""What a target reveals of records: one row each, a probability for each class of the caller's.

They come from the target's probabilities, else its decision values, else its labels.
"""

from copy import copy

import numpy as np
from scipy.special import expit, softmax
from sklearn import get_config
from sklearn.base import BaseEstimator, is_regressor
from sklearn.utils import column_or_1d, gen_even_slices
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from skmia.utils._sklearn import _num_samples, _safe_indexing

# what reveals most comes first
RESPONSE_METHODS = ("predict_proba", "decision_function", "predict")


def response_method_of(estimator, method="auto"):
    """Return the name of the method by which the target answers, by "auto" the first it has."""
    if isinstance(estimator, Answered):
        # no model is left to ask, so its answers go under the one name that they were kept by
        if estimator.model is None and method in ("auto", *estimator._kept):
            return next(iter(estimator._kept))
        estimator = estimator.model
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
    """Refuse a target that is a regressor, is not fitted, or cannot answer by this method."""
    target = target.model if isinstance(target, Answered) else target
    is_estimator = isinstance(target, BaseEstimator)
    if is_estimator and is_regressor(target):
        name = type(target).__name__
        raise TypeError(f"The target must be a classifier, got the regressor {name}.")
    if is_estimator:  # others may keep their state where they like
        check_is_fitted(target)
    if target is not None:
        response_method_of(target, method)


def all_classes(estimator, X, y, *, method="auto"):
    """Return the classes of the target and those of the labels together, sorted."""
    named = getattr(estimator, "classes_", None)
    name = response_method_of(estimator, method)
    if named is None and name == "predict":  # labels have no columns, so any may come
        return np.unique(y)
    own = named
    if named is None:  # the columns of an answer tell
        one = _to_matrix(getattr(estimator, name)(_safe_indexing(X, [0])), estimator, name)
        own = np.arange(one.shape[1])
    check_label_type(y, own)
    if named is None and not np.isin(y, own).all():
        raise ValueError(
            f"{type(estimator).__name__} does not name its classes_ and answers with {len(own)} "
            f"columns, which are taken for the labels 0 to {len(own) - 1}; y holds "
            f"{np.setdiff1d(y, own)[:5].tolist()}. Number the labels, or give the model a classes_ "
            "attribute."
        )
    return np.union1d(own, y)


def check_labels(X, y):
    y = column_or_1d(y, warn=True)
    if y.dtype.kind not in "biuUS":  # whole numbers and texts are classes whatever they are
        check_classification_targets(y)
    check_consistent_length(X, y)
    return y


def check_label_type(y, classes):
    """Refuse labels that can never equal a class, such as texts where classes are numbers."""
    classes = np.asarray(classes)
    if (classes.dtype.kind in "OSUT") != (y.dtype.kind in "OSUT"):
        raise ValueError(
            f"The labels in y are of type {y.dtype}, the target's classes of type {classes.dtype}, "
            f"for example {classes[0]}: they can never be equal. Give the labels as the target was "
            "trained on them."
        )


def label_index(y, classes):
    """Return each label's column among sorted classes, −1 where it is not one of them."""
    y = np.asarray(y)
    # a label above all classes would get an index past the end
    index = np.searchsorted(classes, y).clip(max=len(classes) - 1)
    return np.where(classes[index] == y, index, -1)


def class_probabilities(estimator, X, classes, *, method="auto"):
    """Return the response to all records at once, in float32 or float64.

    `classes` are sorted and hold all of the target's; others have probability 0.
    """
    if isinstance(estimator, Answered):
        if X is estimator.X:  # this object, never records of equal content
            return expand(estimator.answers(method), estimator.classes_, classes)
        estimator = estimator.model
    name = response_method_of(estimator, method)
    answer = getattr(estimator, name)(X)
    if name == "predict":
        return _one_hot(answer, classes)
    proba = _to_matrix(answer, estimator, name)
    own = getattr(estimator, "classes_", None)
    own = np.arange(proba.shape[1]) if own is None else np.asarray(own)
    if proba.shape[1] != len(own):  # k (k − 1) / 2 columns of pairs of classes
        raise ValueError(
            f"{type(estimator).__name__}.{name} returned {proba.shape[1]} columns for "
            f"{len(own)} classes. A one-vs-one decision function is not supported: set "
            "decision_function_shape='ovr', or probability=True."
        )
    return expand(proba, own, classes)


def _to_matrix(answer, estimator, name):
    """Return an answer as finite probabilities, one column per class of the target."""
    if isinstance(answer, list | tuple):  # one array per output
        raise ValueError(
            f"{type(estimator).__name__}.{name} returned a list of {len(answer)} arrays: "
            "multi-output classifiers are not supported. Attack one output at a time."
        )
    answer = np.asarray(answer)
    if answer.dtype not in (np.float32, np.float64):
        answer = answer.astype(np.float64)
    is_finite = np.isfinite(answer).all(axis=tuple(range(1, answer.ndim)))
    if not is_finite.all():
        raise ValueError(
            f"{type(estimator).__name__}.{name} returned NaN or infinity for "
            f"{np.sum(~is_finite)} of {len(answer)} records. A membership signal needs finite "
            "answers: mend the model or leave these records out."
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
    if values.ndim == 1 or values.shape[1] == 1:  # two classes, positive for the second
        return np.column_stack([expit(-values.ravel()), expit(values.ravel())])
    return softmax(values, axis=1)


def _one_hot(labels, classes):
    index = label_index(np.asarray(labels).ravel(), classes)
    proba = np.zeros((len(index), len(classes)))
    known = index >= 0
    proba[np.flatnonzero(known), index[known]] = 1
    return proba


def expand(proba, own, classes):
    """Move the columns of a model's own classes to their places among all classes, sorted."""
    columns = label_index(own, classes)
    if (columns < 0).any():
        raise ValueError(
            f"The model answers for the classes {own.tolist()}, of which some are not among "
            f"{classes.tolist()}."
        )
    if np.array_equal(columns, np.arange(len(classes))):
        return proba  # no copy
    expanded = np.zeros((len(proba), len(classes)), proba.dtype)
    expanded[:, columns] = proba
    return expanded


def batches(n_records, n_columns):
    """Cut records of `n_columns` features and classes into slices for the `working_memory`."""
    # The number of jobs does not enter, since the last digits of an answer may depend on the batch.
    # A pipeline holds its records more than once while it answers, in each of several threads
    batch_bytes = max(get_config()["working_memory"] * 2**20 / 32, 1)
    n_batches = int(np.ceil(8 * n_records * n_columns / batch_bytes))
    return list(gen_even_slices(n_records, max(min(n_batches, n_records), 1)))


def taken(model, X, rows):
    """Return a model and some of its records, with what it answered for them already."""
    if isinstance(model, Answered) and X is model.X:
        part = model.rows(rows)
        return part, part.X
    return model, _safe_indexing(X, rows)


def answers_in_batches(model, X, classes, *, method="auto"):
    """Yield the slice of each batch of records, and the target's response to it."""
    n_records, shape = _num_samples(X), getattr(X, "shape", ())
    n_columns = len(classes) + (shape[1] if len(shape) == 2 else 0)
    parts = batches(n_records, n_columns)
    for part in parts:
        # whole records go as they are: an index into them would copy them
        asked = (model, X) if len(parts) == 1 else taken(model, X, part)
        yield part, class_probabilities(*asked, classes, method=method)


def record_response(estimator, X, classes, *, method="auto"):
    """Return the target's response to all records, asked batch by batch."""
    answers = None
    for part, proba in answers_in_batches(estimator, X, classes, method=method):
        if answers is None:
            if len(proba) == _num_samples(X):  # the only batch: no copy of it
                return proba
            answers = np.empty((_num_samples(X), len(classes)), proba.dtype)
        answers[part] = proba
    return answers


class Answered:
    """A model and records for which it answers once; others, such as copies, are put to the model.

    `model` is None where only answers are known, and `X` where the records are not known: the
    object then stands for them. `proba` are answers by `method`: matrices, one below the other,
    whose rows `numbers`, by default all, belong to the records.
    """

    def __init__(self, model, X, classes, *, method="auto", proba=None, numbers=None):
        self.model = model
        self.classes_ = classes
        self._all = self._records = X
        self._rows = None  # of all records, those that this object has
        self._kept = {}  # by method, and shared by what `rows` takes, so that all ask once
        if proba is not None:
            name = "predict_proba" if model is None else response_method_of(model, method)
            self._kept[name] = list(proba), numbers

    @property
    def X(self):  # noqa: N802 - scikit-learn's name
        return self if self._records is None else self._records  # kept, it would be a cycle

    def __len__(self):
        if self._rows is not None:
            return len(self._rows)
        if self._all is not None:
            return _num_samples(self._all)
        proba, numbers = next(iter(self._kept.values()))
        return sum(map(len, proba)) if numbers is None else len(numbers)

    def __getitem__(self, rows):
        return self.rows(rows)

    def __getattr__(self, name):
        # a copy is asked for private names before it has a model, and would ask itself for ever
        if name.startswith("_") or self.model is None:
            raise AttributeError(f"A model of which only the answers are known has no {name}.")
        return getattr(self.model, name)

    def rows(self, rows):
        """Return the model with some of these records, and with what it answered for them."""
        part = copy(self)
        if self._rows is None and isinstance(rows, np.ndarray):
            part._rows = rows  # no copy: it is as long as the records
        else:
            part._rows = (np.arange(len(self)) if self._rows is None else self._rows)[rows]
        part._records = None if self._records is None else _safe_indexing(self._records, rows)
        return part

    def ask(self, method="auto"):
        """Ask the model for all records unless it has answered, and return the method's name."""
        name = response_method_of(self, method)
        if name not in self._kept:  # asked for all, since other rows may follow
            answers = record_response(self.model, self._all, self.classes_, method=name)
            self._kept[name] = [answers], None
        return name

    def answers(self, method="auto"):
        proba, numbers = self._kept[self.ask(method)]
        if numbers is None:
            numbers = self._rows
        elif self._rows is not None:
            numbers = numbers[self._rows]
        if numbers is None:
            return proba[0] if len(proba) == 1 else np.concatenate(proba)
        if len(proba) == 1:
            return proba[0][numbers]
        # the rows wanted, matrix by matrix: one big matrix of all would take their memory again
        answers = np.empty((len(numbers), len(self.classes_)), np.result_type(*proba))
        start = 0
        for matrix in proba:
            here = (numbers >= start) & (numbers < start + len(matrix))
            answers[here] = matrix[numbers[here] - start]
            start += len(matrix)
        return answers
