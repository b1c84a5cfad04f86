"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.attacks import BaseAttack

__all__ = [
    "MemberRecorder",
    "best_under_budget",
    "get_scorer_names",
    "make_fairness_scorer",
    "make_membership_scorer",
    "neg_demographic_parity_difference",
    "neg_individual_fairness_deviation",
    "neg_mia_advantage",
    "neg_mia_balanced_accuracy",
    "neg_mia_roc_auc",
    "neg_mia_tpr_at_fpr",
    "neg_predictive_fairness_difference",
    "pareto_front",
]

class best_under_budget:
    def __init__(self, utility: str = ..., privacy: str = ..., *, budget: float, rule: Literal["upper_bound", "one_standard_error", "mean"] = ..., confidence_level: float = ..., fallback: Literal["most_private", "raise"] = ...) -> None: ...
    def explain(self, cv_results: dict[Any, Any]) -> str: ...

class MemberRecorder(BaseEstimator):
    def __init__(self, estimator: Any) -> None: ...
    estimator_: Any
    def fit(self, X: ArrayLike, y: ArrayLike, **fit_params: Any) -> Self: ...
    def get_metadata_routing(self) -> Any: ...
    def membership_of(self, X: Any, y: Any) -> NDArray[Any]: ...
    @property
    def remembers_members(self) -> Any: ...
    def training_records(self) -> Any: ...

def get_scorer_names() -> list[str]: ...

def make_fairness_scorer(metric: str | Callable[..., Any], *, sensitive_features: Any = ..., response_method: Literal["predict", "predict_proba", "decision_function"] = ..., **kwargs: Any) -> Callable[..., Any]: ...

def make_membership_scorer(metric: Any = ..., *, attack: BaseAttack = ..., pool: Any = ..., scoring: str | Callable[..., Any] | list[Any] | tuple[Any, ...] | dict[Any, Any] = ..., false_positive_rate: float = ..., random_state: int | np.random.RandomState | None = ...) -> Callable[..., Any]: ...

neg_demographic_parity_difference: Any

neg_individual_fairness_deviation: Any

neg_mia_advantage: Any

neg_mia_balanced_accuracy: Any

neg_mia_roc_auc: Any

neg_mia_tpr_at_fpr: Any

neg_predictive_fairness_difference: Any

def pareto_front(cv_results: dict[Any, Any], *, utility: str = ..., privacy: str = ...) -> NDArray[Any]: ...
