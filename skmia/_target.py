"""What about a target makes the rows given to its `fit` other than the rows it learned from."""

from sklearn.base import BaseEstimator, is_regressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import TunedThresholdClassifierCV

__all__ = ["final_estimator", "held_out_note"]


def final_estimator(target):
    """Return the classifier within pipelines, searches, recorders and frozen estimators.

    Parameters
    ----------
    target : estimator
        A fitted classifier.

    Returns
    -------
    estimator
        The innermost classifier.
    """
    while (inner := _within(target)) is not None:
        target = inner
    return target


def _within(target):
    """Return what a search, a recorder, a pipeline or a frozen estimator is made of, or None."""
    if hasattr(target, "membership_of") and hasattr(target, "estimator_"):  # a recorder
        return target.estimator_
    if hasattr(target, "best_estimator_"):
        return target.best_estimator_
    if hasattr(target, "steps"):
        return target.steps[-1][1]
    return target.estimator if isinstance(target, FrozenEstimator) else None


# skmia's own networks know which rows they were trained on
_MEMBERS = ": classifier.membership_of(X_train, y_train) is 1 for the others"


def held_out_note(target, X, y):
    """Say if the target kept some rows of its `fit` for validation only, which are no members.

    Parameters
    ----------
    target : estimator
        A fitted classifier.
    X : array-like of shape (n_records, ...)
        Records that are called members.
    y : array-like of shape (n_records,)
        Their labels.

    Returns
    -------
    str or None
        A warning with a way out, or None. None too if the target is one of skmia's networks, which
        know what they were trained on, and was trained on all these records.
    """
    note = _held_out_note(target)
    return None if note is None or _trained_on_all(target, X, y) else note


def _trained_on_all(target, X, y):
    target = getattr(target, "best_estimator_", target)
    # a recorder remembers what was given to `fit`, of which the classifier may hold rows out
    knows = getattr(target, "_remembered", ()) and not hasattr(target, "estimator_")
    return bool(knows) and bool(target.membership_of(X, y).all())


def _held_out_note(target):
    for part in _layers(target):
        name = type(part).__name__
        if isinstance(part, TunedThresholdClassifierCV) and part.refit is False:
            return (
                f"{name} fitted the classifier on a part of its rows (refit=False). The others are "
                "called members here but were never trained on, which hides leakage. Fit it with "
                "refit=True."
            )
        if any(hasattr(step, "fit_resample") for _, step in getattr(part, "steps", ())):
            return (
                f"A step of the {name} resamples the rows before the classifier is trained: rows "
                "it left out are called members here, which hides leakage, and rows it made up are "
                "not. Resample the training rows first, and fit the classifier on the result."
            )
    for part in _classifiers_within(target):
        name = type(part).__name__
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
    """Yield the target, and what is within, down to the classifier."""
    while target is not None:
        yield target
        target = _within(target)


def _classifiers_within(target):
    """Yield the innermost classifier, and those that an ensemble or a wrapper has trained."""
    final = final_estimator(target)
    yield final
    inner = getattr(final, "estimator_", None), getattr(final, "net_", None)
    for part in (*inner, *getattr(final, "estimators_", ())):
        if isinstance(part, BaseEstimator) and not is_regressor(part):
            yield from _classifiers_within(part)


def _stops_early(classifier):
    if getattr(classifier, "validation_fraction", None) is None:
        return False
    early = getattr(classifier, "do_early_stopping_", getattr(classifier, "early_stopping", None))
    if early is None:  # gradient boosting has no switch but this number
        early = getattr(classifier, "n_iter_no_change", None) is not None
    return early is True
