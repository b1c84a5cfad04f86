"""The shadow models of an attack: its own, or those that it shares; or one to calibrate with."""

from numbers import Integral

from sklearn.base import clone

from skmia.shadows import ShadowModels, shadow_template

__all__ = [
    "are_fitted",
    "fitted_shadows",
    "refuse_partial_knowledge",
    "train_shadow",
]


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


def fitted_shadows(shadows, target, X, y, *, rng, is_seeded, n_jobs):
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
    is_seeded : bool
        Whether the user asked for this seed. If not, shadows in a directory keep theirs.
    n_jobs : int or None
        Number of shadows to train at the same time.

    Returns
    -------
    ShadowModels
        Fitted shadow models.

    Raises
    ------
    ValueError
        If fitted ones have got other parameters since.
    """
    if are_fitted(shadows):
        shadows.check_unchanged()
        return shadows
    shadows = ShadowModels(n_shadows=shadows) if isinstance(shadows, Integral) else clone(shadows)
    if shadows.estimator is None:
        shadows.set_params(estimator=shadow_template(target))
    if shadows.random_state is None and (is_seeded or shadows.directory is None):
        shadows.set_params(random_state=rng.randint(2**31 - 1))
    if shadows.n_jobs is None:
        shadows.set_params(n_jobs=n_jobs)
    return shadows.fit(X, y)


def train_shadow(target, X, y, random_state):
    """Train one model like the target on half of the records.

    Parameters
    ----------
    target : estimator
        The classifier under attack.
    X : array-like of shape (n_records, ...)
        Records that are not the target's.
    y : ndarray of shape (n_records,)
        Their labels.
    random_state : int, RandomState instance or None
        Draws the half and the shadow's seed.

    Returns
    -------
    shadow : estimator
        The trained shadow.
    membership : ndarray of int, shape (n_records,)
        1 for records that it was trained on, 0 for those held out.
    """
    shadows = ShadowModels(
        shadow_template(target),
        n_shadows=1,
        splitter="overlapping",
        stratify=True,
        random_state=random_state,
    ).fit(X, y)
    return shadows.estimators_[0], shadows.in_mask_[0].astype(int)


def refuse_partial_knowledge(attack, X, y):
    """Refuse fitted shadows that know some of the records to be measured, and others not.

    Known records are scored online and others offline. Where more members than non-members are
    known, or fewer, the two scales alone would tell them apart.

    Parameters
    ----------
    attack : BaseAttack
        An attack that is to be measured.
    X : array-like of shape (n_records, ...)
        Members and non-members.
    y : ndarray of shape (n_records,)
        Their labels.

    Raises
    ------
    ValueError
        If fitted shadows were given and know a part of the records.
    """
    shadows = getattr(attack, "shadows", None)
    if not are_fitted(shadows):
        return
    n_known = shadows.n_known(X, y)
    if 0 < n_known < len(y):
        raise ValueError(
            f"The fitted shadow models of {type(attack).__name__} were fitted on {n_known} of the "
            f"{len(y)} records that the attack is measured on. Records that they know are scored "
            "in another way than others, so that the figures would tell who is known. Fit them on "
            "all of these records or on none, or give a number of shadows."
        )
