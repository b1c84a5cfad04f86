"""Regressors of the quantiles of a signal, one for each level."""

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils.parallel import Parallel, delayed

from skmia._records import RecordNumbers
from skmia._response import label_index
from skmia.utils._sklearn import _set_random_states

__all__ = ["QuantileRegressors", "quantile_parameter", "resolved_levels"]

_LEVELS = (0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999)
_LEAST_ABOVE = 20  # records that exceed a quantile, for its level to be told
_LEAST_ABOVE_IN_LEAF = 5


class QuantileRegressors:
    """Predict quantiles of a signal from features and labels, with one regressor for each level.

    Without `encode` they get the records as they are. `scale` is the median distance of the signals
    from the middle one of their quantiles, 1 where it is 0.
    """

    def __init__(self, regressor, levels, classes, *, encode, n_jobs):
        self.regressor = regressor
        self.levels = levels
        self.classes = classes
        self.encode = encode
        self.n_jobs = n_jobs

    def fit(self, X, y, signal, *, seed):
        """Learn from non-members, and refuse levels that do not ascend."""
        levels = self.levels
        if not (np.diff(levels) > 0).all():
            raise ValueError(f"levels must ascend, got {levels.tolist()}.")
        self.numbers = self._fitted_numbers(X) if self.encode else None
        values = self._values(X, y)
        # before the first of them is fitted, as one without a quantile is refused here
        templates = [self._template(a, seed) for a in levels]
        fits = (delayed(_fitted)(template, values, signal) for template in templates)
        self.regressors = Parallel(self.n_jobs, require="sharedmem")(fits)
        middle = self.regressors[len(levels) // 2].predict(values)
        # the unit of what signals exceed the outer quantiles by; there may be but one quantile
        self.scale = float(np.median(np.abs(signal - middle))) or 1.0
        return self

    def predict(self, X, y):
        """Return quantiles in the order of the levels, (n_records, n_levels); they may cross."""
        values = self._values(X, y)
        return np.column_stack([regressor.predict(values) for regressor in self.regressors])

    def _fitted_numbers(self, X):
        try:
            return RecordNumbers().fit(X)
        except ValueError as error:
            raise ValueError(
                f"{error} The quantile attack learns from features: give it a pipeline that takes "
                "such records as regressor, and encode=False."
            ) from error

    def _values(self, X, y):
        """Return what the regressors are given."""
        if self.numbers is None:
            return X
        # one column each: labels have no order
        labels = label_index(y, self.classes)[:, None] == np.arange(len(self.classes))
        return np.column_stack([self.numbers.transform(X), labels])

    def _template(self, level, seed):
        if self.regressor is None:
            # a leaf tells a quantile by the few of its records that exceed it
            n_in_leaf = max(20, round(_LEAST_ABOVE_IN_LEAF / (1 - level)))
            template = HistGradientBoostingRegressor(loss="quantile", min_samples_leaf=n_in_leaf)
        else:
            template = clone(self.regressor)
        template.set_params(**{quantile_parameter(template): float(level)})
        # all of them alike, also those within a pipeline
        _set_random_states(template, seed)
        return template


def resolved_levels(n_records):
    """Return the levels that so many records can tell."""
    # 20 of 400 exceed the level 0.95, but 400 * (1 - 0.95) is a little more than 20
    n_above = n_records * (1 - np.array(_LEVELS))
    return np.array(_LEVELS)[(n_above > _LEAST_ABOVE - 1e-6) | (np.arange(len(_LEVELS)) == 0)]


def quantile_parameter(regressor):
    """Return the name of the parameter that says which quantile a regressor predicts.

    Regressors without such a parameter, or with several, are refused.
    """
    params = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    found = [name for name in params if _is_quantile(name, params)]
    if len(found) != 1:
        raise ValueError(
            f"{type(regressor).__name__} must have one parameter that says which quantile it "
            f"predicts, got {found or 'none'}. Give a regressor with a parameter quantile, or with "
            "alpha beside loss='quantile', or a pipeline that holds one of these."
        )
    return found[0]


def _is_quantile(name, params):
    """Return whether a parameter is `quantile`, or the `alpha` of a quantile loss."""
    prefix, _, last = f"__{name}".rpartition("__")
    # beside the parameter: an alpha is also a penalty's weight, and other losses have no quantile
    losses = [
        params[key] for key in params if f"__{key}" in (f"{prefix}__loss", f"{prefix}__objective")
    ]
    if last == "quantile":
        return losses in ([], ["quantile"])
    return last == "alpha" and "quantile" in losses


def _fitted(template, values, signal):
    return template.fit(values, signal)
