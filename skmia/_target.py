"""What about a target makes the rows given to its `fit` other than the rows it learned from."""

from sklearn.base import BaseEstimator, is_regressor
from sklearn.frozen import FrozenEstimator

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
    if hasattr(target, "best_estimator_"):
        return final_estimator(target.best_estimator_)
    if hasattr(target, "steps"):
        return final_estimator(target.steps[-1][1])
    if isinstance(target, FrozenEstimator):
        return final_estimator(target.estimator)
    if hasattr(target, "membership_of") and hasattr(target, "estimator_"):  # a recorder
        return final_estimator(target.estimator_)
    return target


def held_out_note(target):
    """Say if the target kept some rows of its `fit` for validation only, which are no members.

    Parameters
    ----------
    target : estimator
        A fitted classifier.

    Returns
    -------
    str or None
        A warning with a way out, or None.
    """
    for part in _classifiers_within(target):
        name = type(part).__name__
        if getattr(part, "train_split", None) is not None and hasattr(part, "module"):
            return (
                f"{name} holds a part of the rows given to fit out of training (train_split="
                f"{part.train_split!r}). They are called members here but were never trained on, "
                "which hides leakage. Fit it with train_split=None, or leave the held-out rows "
                "out of X_train."
            )
        if isinstance(part, BaseEstimator) and _stops_early(part):
            return (
                f"{name} stops early by a validation set that it takes from the rows given to fit "
                "(early_stopping, n_iter_no_change). These rows only chose when to stop: they are "
                "called members here, which hides leakage. Fit it without early stopping to audit "
                "the training itself."
            )
    return None


def _classifiers_within(target):
    """Yield the innermost classifier, and those that an ensemble or a wrapper has trained."""
    final = final_estimator(target)
    yield final
    for part in (getattr(final, "estimator_", None), *getattr(final, "estimators_", ())):
        if isinstance(part, BaseEstimator) and not is_regressor(part):
            yield from _classifiers_within(part)


def _stops_early(classifier):
    if getattr(classifier, "validation_fraction", None) is None:
        return False
    early = getattr(classifier, "do_early_stopping_", getattr(classifier, "early_stopping", None))
    if early is None:  # gradient boosting has no switch but this number
        early = getattr(classifier, "n_iter_no_change", None) is not None
    return early is True
