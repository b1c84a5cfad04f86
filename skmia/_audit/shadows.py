"""The shadow models of an audit: trained once, on all rows that can be used, for all attacks."""

from numbers import Integral

from sklearn.base import clone
from sklearn.utils import check_random_state

from skmia._response import response_method_of
from skmia.attacks._shadows import are_fitted, fitted_shadows

__all__ = ["share_shadows"]


def share_shadows(templates, target, X, y, *, response_method, random_state, n_jobs):
    """Give fitted shadow models to the attacks that need such; equal numbers share them.

    Parameters
    ----------
    templates : dict of str to BaseAttack
        Attacks by name.
    target : estimator
        The classifier under audit.
    X : array-like of shape (n_records, ...)
        Members and non-members.
    y : ndarray of shape (n_records,)
        Their labels.
    response_method : str
        How target and shadows are asked.
    random_state : int
        Seeds the shadows.
    n_jobs : int or None
        Number of shadows trained at the same time.

    Returns
    -------
    dict of str to BaseAttack
        The attacks, those with shadows as clones that hold fitted ones.
    """
    fitted, shared = {}, {}
    method = response_method_of(target, response_method)
    for name, template in templates.items():
        shadows = getattr(template, "shadows", None)
        if shadows is None or are_fitted(shadows):
            shared[name] = template
            continue
        key = shadows if isinstance(shadows, Integral) else id(shadows)
        if key not in fitted:
            fitted[key] = fitted_shadows(
                shadows,
                target,
                X,
                y,
                rng=check_random_state(random_state),
                is_seeded=True,
                n_jobs=n_jobs,
            )
            # what nearly all attacks ask for; each of them would ask for one half of it
            fitted[key].observe(X, y, "logit_confidence", response_method=method, keep=True)
        shared[name] = clone(template).set_params(shadows=fitted[key])
    return shared
