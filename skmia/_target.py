"""What about a target makes the rows given to its `fit` other than the rows it learned from."""

import numpy as np
from sklearn.base import BaseEstimator, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.utils import check_consistent_length

from skmia.utils._checks import check_membership


def final_estimator(target):
    """Return the classifier within pipelines, searches, recorders and frozen estimators."""
    while (inner := _within(target)) is not None:
        target = inner
    return target


def transformed(target, X):
    """Return the innermost classifier, and records as pipelines hand them to it in `fit`."""
    for part in _layers(target):
        if _samplers(part):
            raise ValueError(
                f"A step of the {type(part).__name__} resamples the records, so that the "
                "classifier was not fitted on those given. Resample the training records first, "
                "and fit the classifier on the result."
            )
    return final_estimator(target), records_as_seen(target, X)


def records_as_seen(target, X):
    """Return records to predict as the steps of pipelines hand them to the classifier within."""
    for part in _layers(target):
        for step in _own_steps(part)[:-1]:  # the last one is the next layer
            # steps that resample have nothing to do with records to predict
            X = step.transform(X) if hasattr(step, "transform") else X
    return X


def _within(target):
    """Return the estimator within a search, recorder, pipeline or frozen estimator, else None."""
    # a recorder comes first: it shows the attributes of the search or pipeline within as its own
    if hasattr(target, "membership_of") and hasattr(target, "estimator_"):
        return target.estimator_
    if hasattr(target, "best_estimator_"):
        return target.best_estimator_
    if hasattr(target, "steps"):
        return target.steps[-1][1]
    return target.estimator if isinstance(target, FrozenEstimator) else None


# their labels are not the most probable classes
_WITH_THRESHOLD = (FixedThresholdClassifier, TunedThresholdClassifierCV)
# skmia's own networks know which rows they were trained on
_MEMBERS = ": classifier.membership_of(X_train, y_train) is 1 for the others"


def held_out_note(target, X, y):
    """Return a warning if the target may not have been trained on all these records, else None."""
    note = _held_out_note(target)
    if note is None:
        return None
    target = who_remembers(target)
    if not getattr(target, "remembers_members", False) or not target.membership_of(X, y).all():
        return note
    # a recorder knows what samplers select, but not what the classifier holds out
    return _held_out_note(target, selected=True) if hasattr(target, "estimator_") else None


def known_membership(target, X, y, membership):
    """Return the membership given, checked, or ask a target that remembers its records."""
    if membership is None:
        target = who_remembers(target)
        if not hasattr(target, "membership_of"):
            raise ValueError(
                "Who is a member is not known: give membership (1 for records that the target was "
                "trained on, 0 for others), or wrap the classifier in a MemberRecorder before it "
                "is fitted. Inside cross_validate, ask an attack for membership with "
                "set_score_request(membership=True) and pass it in params."
            )
        membership = target.membership_of(X, y)
    check_consistent_length(X, y, membership)
    return check_membership(membership)


def who_remembers(target):
    """Return what may know its training records: the target or, of a search, its best estimator."""
    is_own = hasattr(target, "membership_of")  # of a recorder of a search too
    return target if is_own else getattr(target, "best_estimator_", target)


def selected_rows(target, n_rows):
    """Return which rows given to `fit` the samplers of pipelines within selected, sorted.

    They are all if a sampler makes rows up: then it is not known which were trained on.
    """
    rows = np.arange(n_rows)
    samplers = [sampler for part in _layers(target) for sampler in _samplers(part)]
    if all(map(_only_selects, samplers)):
        for sampler in samplers:
            rows = rows[sampler.sample_indices_]  # each names rows of what the one before left
    return np.unique(rows)


def _own_steps(part):
    steps = [step for _, step in getattr(part, "steps", ())]
    # a recorder shows those of the pipeline within as its own
    return steps if steps and _within(part) is steps[-1] else []


def _samplers(part):
    return [step for step in _own_steps(part) if hasattr(step, "fit_resample")]


def _only_selects(sampler):
    # with shrinkage, RandomOverSampler adds noise to the rows that it names
    return hasattr(sampler, "sample_indices_") and getattr(sampler, "shrinkage", None) is None


def _held_out_note(target, *, selected=False):
    for part in _layers(target):
        name = type(part).__name__
        if isinstance(part, TunedThresholdClassifierCV) and part.refit is False:
            return (
                f"{name} fitted the classifier on a part of its rows (refit=False). The others are "
                "called members here but were never trained on, which hides leakage. Fit it with "
                "refit=True."
            )
        if any(not (selected and _only_selects(sampler)) for sampler in _samplers(part)):
            return (
                f"A step of the {name} resamples the rows before the classifier is trained: rows "
                "it left out are called members here, which hides leakage, and rows it made up are "
                "not. Resample the training rows first, and fit the classifier on the result; or, "
                "where the step does nothing but select rows, fit MemberRecorder(pipeline), which "
                "knows the selected ones."
            )
    for part in _classifiers_within(target):
        name = type(part).__name__
        # of skorch, whose default holds out a fifth of the rows
        if getattr(part, "train_split", None) is not None and hasattr(part, "module"):
            return (
                f"{name} holds a part of the rows given to fit out of training (train_split="
                f"{part.train_split!r}). They are called members here but were never trained on, "
                "which hides leakage. Fit it with train_split=None, or leave the held-out rows "
                "out of X_train" + (_MEMBERS if hasattr(part, "membership_of") else "") + "."
            )
        if isinstance(part, BaseEstimator) and _stops_early(part):
            return (
                f"{name} stops early by a validation set that it takes from the rows given to fit "
                "(early_stopping, n_iter_no_change). These rows only chose when to stop: they are "
                "called members here, which hides leakage. Fit it without early stopping to audit "
                "the training itself."
            )
    return None


def _layers(target):
    while target is not None:
        yield target
        target = _within(target)


def _classifiers_within(target):
    """Yield the innermost classifier, and those that it has trained."""
    final = final_estimator(target)
    yield final
    # `net_` is the network within a network of skmia, `estimator_` what a wrapper has trained
    inner = getattr(final, "estimator_", None), getattr(final, "net_", None)
    for part in (*inner, *getattr(final, "estimators_", ())):
        if isinstance(part, BaseEstimator) and not is_regressor(part):
            yield from _classifiers_within(part)


def _stops_early(classifier):
    if getattr(classifier, "validation_fraction", None) is None:
        return False
    # the fitted attribute first: early_stopping="auto" is decided by the number of rows
    early = getattr(classifier, "do_early_stopping_", getattr(classifier, "early_stopping", None))
    if early is None:  # gradient boosting has no switch but this number
        early = getattr(classifier, "n_iter_no_change", None) is not None
    return early is True


def predicted_labels(target, X, classes, proba):
    """Return the labels that a target predicts, by its answers where they follow from them."""
    has_threshold = any(isinstance(part, _WITH_THRESHOLD) for part in _layers(target))
    # a row of zeros: the label that was predicted is not among these classes
    if has_threshold or proba.max(axis=1).min() == 0:
        return target.predict(X)
    return classes[proba.argmax(axis=1)]
