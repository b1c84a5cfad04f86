"""One shadow model, trained on half of the attacker's records."""

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length

from skmia._records import is_in
from skmia.utils._sklearn import _safe_indexing, _set_random_states

__all__ = ["shadow_template", "train_shadow"]


def shadow_template(target):
    """Return an unfitted copy of what the target is: the model to train shadows of.

    Of a fitted search it is the best estimator, of a frozen estimator what was frozen, since a
    clone of the frozen one would be the target itself.

    Parameters
    ----------
    target : estimator
        A fitted scikit-learn classifier.

    Returns
    -------
    estimator
        An unfitted clone.

    Raises
    ------
    TypeError
        If the target cannot be cloned.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.shadows import shadow_template
    >>> shadow_template(FrozenEstimator(DecisionTreeClassifier(max_depth=2)))
    DecisionTreeClassifier(max_depth=2)
    """
    if isinstance(target, FrozenEstimator):
        return shadow_template(target.estimator)
    if hasattr(target, "best_estimator_"):
        return shadow_template(target.best_estimator_)
    try:
        return _thaw(clone(target))
    except TypeError as error:
        raise TypeError(
            f"A shadow model is a clone of the target, and {type(target).__name__} cannot be "
            "cloned. Give fit the known membership of its records, so that no shadow is needed."
        ) from error


def _thaw(template):
    """Replace what is frozen within by what it froze: a frozen part would not be trained anew."""
    if not hasattr(template, "get_params"):
        return template
    frozen = {
        name: shadow_template(value)
        for name, value in template.get_params(deep=True).items()
        if isinstance(value, FrozenEstimator)
    }
    return template.set_params(**frozen)


def train_shadow(estimator, X, y, *, random_state=None):
    """Train a clone on a random half of the records, each class halved as evenly as it goes.

    Parameters
    ----------
    estimator : estimator
        The classifier to train; it is cloned. Every `random_state` within it is set.
    X : array-like of shape (n_records, ...)
        Records, handed to the estimator as they are.
    y : array-like of shape (n_records,)
        Labels.
    random_state : int, RandomState instance or None, default=None
        Draws the half and the seeds of the estimator.

    Returns
    -------
    shadow : estimator
        The fitted clone.
    in_mask : ndarray of bool, shape (n_records,)
        Which records it was trained on. Records whose twin it was trained on count as trained on.

    Raises
    ------
    ValueError
        If there are fewer than two records.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.shadows import train_shadow
    >>> X, y = load_iris(return_X_y=True)
    >>> shadow, in_mask = train_shadow(DecisionTreeClassifier(), X, y, random_state=0)
    >>> int(in_mask.sum())
    75
    """
    check_consistent_length(X, y)
    rng = check_random_state(random_state)
    in_mask = _half_of_each_class(y, rng)
    shadow = clone(estimator)
    if hasattr(shadow, "get_params"):
        _set_random_states(shadow, rng)
    rows = np.flatnonzero(in_mask)
    X_in, y_in = _safe_indexing(X, rows), _safe_indexing(y, rows)
    shadow.fit(X_in, y_in)
    return shadow, is_in(X, y, X_in, y_in)


def _half_of_each_class(y, rng):
    """Take every other record of the records in random order within their class."""
    y = np.asarray(y)
    if len(y) < 2:
        raise ValueError(
            "A shadow model needs records for both of its sides: at least 2, got "
            f"n_samples={len(y)}."
        )
    _, codes = np.unique(y, return_inverse=True)
    order = np.lexsort((rng.random_sample(len(y)), codes))
    in_mask = np.zeros(len(y), dtype=bool)
    in_mask[order[::2]] = True
    return in_mask
