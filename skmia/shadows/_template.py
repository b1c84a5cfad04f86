"""What a shadow model is a copy of."""

from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from skmia._response import Answered


def shadow_template(target):
    """Return an unfitted copy of what the target is: the model to train shadows of.

    Of a fitted search it is the best estimator, of a recorder the recorded classifier, of a frozen
    estimator what was frozen, since a clone of the frozen one would be the target itself.

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
        If the target cannot be cloned, or has parts that a clone would not train.

    Examples
    --------
    >>> from sklearn.frozen import FrozenEstimator
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.shadows import shadow_template
    >>> shadow_template(FrozenEstimator(DecisionTreeClassifier(max_depth=2)))
    DecisionTreeClassifier(max_depth=2)
    """
    if isinstance(target, Answered):
        return shadow_template(target.model)
    if isinstance(target, FrozenEstimator):
        return shadow_template(target.estimator)
    if hasattr(target, "membership_of") and hasattr(target, "estimator_"):  # a recorder
        return shadow_template(target.estimator_)
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
    params = template.get_params(deep=True)
    if any(isinstance(value, str) and value == "prefit" for value in params.values()):
        raise TypeError(
            f"{type(template).__name__} has parts that were fitted before it (prefit), which a "
            "clone does not train. Give shadow models an estimator that trains all of its parts."
        )
    frozen = {name: part for name, part in params.items() if isinstance(part, FrozenEstimator)}
    return template.set_params(**{name: shadow_template(part) for name, part in frozen.items()})
