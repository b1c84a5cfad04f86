"""Scorers of fairness between groups."""

from numbers import Integral

from skmia._records import columns_of
from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    predictive_fairness_difference,
)
from skmia.utils._constraints import Names, Number, validate_params
from skmia.utils._sklearn import _BaseScorer

_EXAMPLE = "0 for the first column of X (groups themselves are given as metadata)"
_COLUMN = Number(Integral, None, None, closed="neither", example=_EXAMPLE)
METRICS = {
    "demographic_parity_difference": demographic_parity_difference,
    "predictive_fairness_difference": predictive_fairness_difference,
    "individual_fairness_deviation": individual_fairness_deviation,
}


@validate_params(
    metric=[Names(*METRICS, *(f"neg_{name}" for name in METRICS)), callable],
    sensitive_features=[str, list, tuple, _COLUMN, None],
)
def make_fairness_scorer(metric, *, sensitive_features=None, response_method=None, **kwargs):
    """Make a scorer of fairness between groups, for cross-validation and searches.

    The scorer returns the **negative** of the metric: as with all scorers, greater is better, here
    fairer, and 0 is perfect.

    Parameters
    ----------
    metric : str or callable
        "demographic_parity_difference", "predictive_fairness_difference",
        "individual_fairness_deviation", see :mod:`skmia.metrics`; or a function of `y_true`,
        `y_pred` and, by keyword, `sensitive_features` that returns a number, 0 for a fair
        classifier and larger for others, as those of fairlearn.
    sensitive_features : str, int or list of these, default=None
        The column of X that holds the groups, by name or number; of several columns, each
        combination of values is a group. None expects the groups as metadata:
        ``params={"sensitive_features": groups}`` with
        ``sklearn.set_config(enable_metadata_routing=True)``.
    response_method : {"predict", "predict_proba", "decision_function"}, default=None
        What the metric is a function of. None is "predict_proba" for
        "individual_fairness_deviation" and "predict" otherwise.
    **kwargs : dict
        Other parameters of the metric, such as `kind`, `labels` or `compared_groups`. The
        `random_state` of "individual_fairness_deviation" is 0 by default: a score is reproducible.

    Returns
    -------
    scorer : callable
        With the signature ``scorer(estimator, X, y)``.

    Raises
    ------
    TypeError
        If `sensitive_features` names no columns.
    ValueError
        If the metric is unknown. In scoring, if X has no such column, no groups are given, or the
        fold holds fewer than two groups.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.model_selection import make_fairness_scorer
    >>> X = np.array([[0, 1], [1, 2], [0, 3], [1, 4]])
    >>> y = np.array([0, 0, 1, 1])
    >>> scorer = make_fairness_scorer("demographic_parity_difference", sensitive_features=0)
    >>> float(scorer(LogisticRegression().fit(X, y), X, y))
    0.0
    """
    if isinstance(metric, str):
        metric = METRICS[metric.removeprefix("neg_")]
    several = isinstance(sensitive_features, list | tuple)
    columns = sensitive_features if several else [sensitive_features]
    if not all(column is None or isinstance(column, str | Integral) for column in columns):
        raise TypeError(
            "sensitive_features must name a column of X, or several, by name or number, got "
            f"{type(sensitive_features).__name__}. Groups themselves are given as metadata."
        )
    individual = metric is individual_fairness_deviation
    if individual:
        kwargs = {"random_state": 0, **kwargs}
    if response_method is None:
        response_method = "predict_proba" if individual else "predict"
    scorer = _RoutedFairnessScorer if sensitive_features is None else _FairnessScorer
    return scorer(metric, sensitive_features, kwargs, response_method)


class _FairnessScorer(_BaseScorer):
    """scikit-learn's scorer with groups from a column of X."""

    __metadata_request__score = {"sensitive_features": False}  # noqa: RUF012 - scikit-learn's form

    def __init__(self, metric, sensitive_features, kwargs, response_method):
        super().__init__(metric, -1, kwargs, response_method)
        self._sensitive_features = sensitive_features

    def __repr__(self):
        name = getattr(self._score_func, "__name__", repr(self._score_func))
        column = self._sensitive_features
        given = "" if column is None else f", sensitive_features={column!r}"
        options = "".join(f", {name}={value!r}" for name, value in self._kwargs.items())
        return f"make_fairness_scorer({name!r}{given}{options})"

    def _score(self, method_caller, estimator, X, y_true, sensitive_features=None, **kwargs):
        if sensitive_features is None:
            sensitive_features = self._groups(X)
        if not hasattr(estimator, self._response_method):
            raise ValueError(
                f"{getattr(self._score_func, '__name__', 'The metric')} needs "
                f"{self._response_method}, which {type(estimator).__name__} does not have. Choose "
                "a classifier that has it; CalibratedClassifierCV gives probabilities to any."
            )
        predicted = method_caller(estimator, self._response_method, X)
        options = {**self._kwargs, **kwargs, "sensitive_features": sensitive_features}
        return 0.0 - float(self._score_func(y_true, predicted, **options))

    def _groups(self, X):
        column = self._sensitive_features
        if column is None:
            raise ValueError(
                "The scorer does not know the groups. Either name the column of X, "
                "make_fairness_scorer(metric, sensitive_features='sex'); or pass them as metadata: "
                "sklearn.set_config(enable_metadata_routing=True) and "
                "params={'sensitive_features': groups}."
            )
        remedy = "The scorer sees X as it is given to the search: name one of its columns."
        return columns_of(X, column, remedy=remedy)


class _RoutedFairnessScorer(_FairnessScorer):
    """The same with groups from metadata."""

    # not a request made here and now: imbalanced-learn, imported later, adds methods to requests
    __metadata_request__score = {"sensitive_features": True}  # noqa: RUF012
