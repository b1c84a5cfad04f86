"""The shadow models of an attack: its own, or those that it shares; or one to calibrate with."""

from numbers import Integral

from sklearn.base import clone

from skmia.shadows import ShadowModels, shadow_template


def are_fitted(shadows):
    return isinstance(shadows, ShadowModels) and hasattr(shadows, "estimators_")


def fitted_shadows(shadows, target, X, y, *, rng, is_seeded, n_jobs):
    """Return the shadow models given if they are fitted, else clones or so many new ones."""
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
    """Train one model like the target on half of the records; return it and its membership."""
    shadows = ShadowModels(
        shadow_template(target),
        n_shadows=1,
        splitter="overlapping",
        stratify=True,  # each class has members and non-members to calibrate on
        random_state=random_state,
    ).fit(X, y)
    return shadows.estimators_[0], shadows.in_mask_[0].astype(int)
