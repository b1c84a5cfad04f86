"""The private parts of scikit-learn that skmia uses, reached in this one file."""

# ruff: noqa: F401 - others import them from here

import sys
from numbers import Integral

from sklearn.base import _fit_context
from sklearn.ensemble._base import _set_random_states
from sklearn.metrics._scorer import _SCORERS
from sklearn.metrics._scorer import _BaseScorer as _TheirBaseScorer
from sklearn.utils import Bunch, _safe_indexing
from sklearn.utils._param_validation import (
    HasMethods,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)
from sklearn.utils._param_validation import Interval as _Interval
from sklearn.utils.validation import _check_sample_weight, _num_samples

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # before scikit-learn 1.9

    class CallbackSupportMixin:
        """Stand-in without `set_callbacks`, whose contexts do nothing."""

        def _init_callback_context(self, **kwargs):
            return _NoContext()

    class _NoContext:
        def subcontext(self, **kwargs):
            return self

        def call_on_fit_task_begin(self, **kwargs):
            return self

        def call_on_fit_task_end(self, **kwargs):
            return False

    def with_callbacks(method):
        return method


class _BaseScorer(_TheirBaseScorer):
    """scikit-learn's scorer, which asks for the metadata that its class names."""

    def _get_metadata_request(self):
        request = super()._get_metadata_request()
        if hasattr(self, "_metadata_request"):  # of `set_score_request`, which comes first
            return request
        # scikit-learn 1.8 reads what a class names only if it has a method `score`
        for base in reversed(type(self).__mro__):
            for name, asked in list(vars(base).items()):
                if name.endswith("__metadata_request__score"):  # after the name of the class
                    for param, alias in asked.items():
                        request.score.add_request(param=param, alias=alias)
        return request


class Interval(_Interval):
    """scikit-learn's interval without True and False, and without what 64 bits cannot hold."""

    def is_satisfied_by(self, val):
        if isinstance(val, bool) or not isinstance(val, self.type):
            return False
        if isinstance(val, Integral):  # beyond 64 bits numpy would overflow or make objects
            return -(2**63) <= val < 2**63 and val in self
        return float(val) in self


def add_scorers(scorers):
    """Make scorers, a dict by name, known wherever scikit-learn takes a name.

    A name that scikit-learn or another package has already stays theirs.
    """
    names_before = set(_SCORERS)  # what makes the options of `scoring` known as such
    for name, scorer in scorers.items():
        _SCORERS.setdefault(name, scorer)
    for constraint in _constraints_on_scoring():
        if isinstance(constraint, StrOptions) and constraint.options & names_before:
            constraint.options.update(scorers)


# Functions and classes that took the names of their day when they were defined; those of modules
# that are imported later take ours as well. Subclasses share the constraints of their base.
_NAMES_TAKEN_BY = {
    "sklearn.metrics._scorer": ["check_scoring"],
    "sklearn.model_selection._validation": [
        "cross_val_score",
        "cross_validate",
        "learning_curve",
        "permutation_test_score",
        "validation_curve",
    ],
    "sklearn.model_selection._search": ["BaseSearchCV"],
    "sklearn.model_selection._search_successive_halving": ["BaseSuccessiveHalving"],
    "sklearn.feature_selection._sequential": ["SequentialFeatureSelector"],
    "sklearn.inspection._permutation_importance": ["permutation_importance"],
    "sklearn.linear_model._logistic": ["LogisticRegressionCV"],
    "sklearn.model_selection._classification_threshold": ["TunedThresholdClassifierCV"],
}


def _constraints_on_scoring():
    """Yield what each of these that is loaded allows for `scoring`."""
    for module, names in _NAMES_TAKEN_BY.items():
        for name in names:
            taker = getattr(sys.modules.get(module), name, None)
            for attribute in ("_parameter_constraints", "_skl_parameter_constraints"):
                yield from getattr(taker, attribute, {}).get("scoring", [])


def folds_in_progress():
    """Return the folds of the cross-validation that is calling, None if there is none.

    It holds the rows `X_train` of the fit and `X_test` of the evaluation fold, the splitter's
    row numbers `train` and `test`, and other parameters of the fit, `fit_params`. They serve only
    to refuse what would be measured wrong, never to measure.
    """
    # scikit-learn does not hand the folds to a scorer, so they are read from the caller's frame
    frame = sys._getframe(1)
    while frame is not None:
        if frame.f_globals.get("__name__", "").startswith("sklearn."):
            found = {
                name: frame.f_locals.get(name) for name in ("X_train", "X_test", "train", "test")
            }
            if all(value is not None for value in found.values()):
                return Bunch(fit_params=frame.f_locals.get("fit_params") or {}, **found)
        frame = frame.f_back
    return None
