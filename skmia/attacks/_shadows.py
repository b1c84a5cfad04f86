"""The shadow models of an attack: its own, or those that it shares."""

from numbers import Integral

from sklearn.base import clone

from skmia.shadows import ShadowModels, shadow_template

__all__ = ["are_fitted", "fitted_shadows"]


def are_fitted(shadows):
    """Return whether a value is a set of fitted shadow models.

    Parameters
    ----------
    shadows : object
        Any value.

    Returns
    -------
    bool
        True for a fitted `ShadowModels`.
    """
    return isinstance(shadows, ShadowModels) and hasattr(shadows, "estimators_")


def fitted_shadows(shadows, target, X, y, *, rng, n_jobs):
    """Return fitted shadow models: those given if they are fitted, else new ones.

    Parameters
    ----------
    shadows : int or ShadowModels
        How many clones of the target to train, or shadow models. Unfitted ones are cloned; without
        an estimator they take the target's, without a seed or n_jobs the attack's.
    target : estimator
        The classifier under attack.
    X : array-like of shape (n_records, ...)
        Records to train on.
    y : ndarray of shape (n_records,)
        Their labels.
    rng : RandomState
        Seeds new ones.
    n_jobs : int or None
        Number of shadows to train at the same time.

    Returns
    -------
    ShadowModels
        Fitted shadow models.
    """
    if are_fitted(shadows):
        return shadows
    shadows = ShadowModels(n_shadows=shadows) if isinstance(shadows, Integral) else clone(shadows)
    if shadows.estimator is None:
        shadows.set_params(estimator=shadow_template(target))
    if shadows.random_state is None:
        shadows.set_params(random_state=rng.randint(2**31 - 1))
    if shadows.n_jobs is None:
        shadows.set_params(n_jobs=n_jobs)
    return shadows.fit(X, y)
