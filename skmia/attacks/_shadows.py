"""The shadow models of an attack: its own, or those that it shares; or one to calibrate with."""

from numbers import Integral

from sklearn.base import clone

from skmia.shadows import ShadowModels, shadow_template


def are_fitted(shadows):
    """Return whether a value is a fitted `ShadowModels`."""
    return isinstance(shadows, ShadowModels) and hasattr(shadows, "estimators_")


def fitted_shadows(shadows, target, X, y, *, rng, is_seeded, n_jobs):
    """Return fitted shadow models: those given if they are fitted, else new ones.

    A number is how many clones of the target to train. Unfitted shadow models are cloned; without
    an estimator they take the target's, without a seed or `n_jobs` the attack's.
    """
    if are_fitted(shadows):
        # parameters that were set since the training do not describe these models
        shadows.check_unchanged()
        return shadows
    shadows = ShadowModels(n_shadows=shadows) if isinstance(shadows, Integral) else clone(shadows)
    if shadows.estimator is None:
        shadows.set_params(estimator=shadow_template(target))
    # without a seed that the user asked for, shadows in a directory keep the one they have there
    if shadows.random_state is None and (is_seeded or shadows.directory is None):
        shadows.set_params(random_state=rng.randint(2**31 - 1))
    if shadows.n_jobs is None:
        shadows.set_params(n_jobs=n_jobs)
    return shadows.fit(X, y)


def train_shadow(target, X, y, random_state):
    """Train one model like the target on half of the records.

    Returns the shadow, and for each record 1 if it was trained on it, 0 if it was held out.
    """
    shadows = ShadowModels(
        shadow_template(target),
        n_shadows=1,
        splitter="overlapping",
        stratify=True,  # each class has members and non-members to calibrate on
        random_state=random_state,
    ).fit(X, y)
    return shadows.estimators_[0], shadows.in_mask_[0].astype(int)


def refuse_partial_knowledge(attack, X, y):
    """Refuse fitted shadows that know some of the records to be measured, and others not."""
    shadows = getattr(attack, "shadows", None)
    if not are_fitted(shadows):
        return
    n_known = shadows.n_known(X, y)
    # Known records are scored online and others offline: where more members than non-members are
    # known, or fewer, the two scales alone would tell them apart.
    if 0 < n_known < len(y):
        raise ValueError(
            f"The fitted shadow models of {type(attack).__name__} were fitted on {n_known} of the "
            f"{len(y)} records that the attack is measured on. Records that they know are scored "
            "in another way than others, so that the figures would tell who is known. Fit them on "
            "all of these records or on none, or give a number of shadows."
        )
