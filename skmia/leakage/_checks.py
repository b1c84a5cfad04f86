"""What estimates of leakage refuse, and what their user should do about it."""

import numpy as np


def check_statistics(name, values):
    """Return statistics as finite float64 of shape (n_models, n_dimensions)."""
    values = np.asarray(values)
    if values.ndim not in (1, 2) or values.dtype.kind not in "biuf" or 0 in values.shape:
        raise ValueError(
            f"{name} must hold a real number or a row of them for each model, got {values.dtype} "
            f"of shape {values.shape}; give an array of shape (n_models,) or (n_models, "
            "n_dimensions)."
        )
    check_finite(name, values)
    return values.reshape(len(values), -1).astype(np.float64)


def check_finite(name, values):
    """Refuse statistics with NaN or infinity."""
    n_wrong = np.count_nonzero(~np.isfinite(values))
    if n_wrong:
        raise ValueError(
            f"{name} must be finite, got {n_wrong} NaN or infinite values; take a statistic that "
            "every model has, such as 'logit_confidence', which is finite for certain answers too."
        )


def check_model_counts(n_in, n_out, n_dimensions, question):
    """Refuse so few models, with or without the record, that the method has no answer."""
    # a covariance for each side; more neighbors in each half than are asked for; or one degree of
    # freedom beyond the two means and a variance
    needed = {
        "gaussian": n_dimensions + 2,
        "neighbors": 2 * (question.n_neighbors + 1),
        "pooled": 3,
    }[question.method]
    if min(n_in, n_out) < needed:
        raise ValueError(
            f"method={question.method!r} needs at least {needed} models with the record and "
            f"{needed} without it, for statistics of {n_dimensions} dimensions, got {n_in} and "
            f"{n_out}; train more models."
        )
