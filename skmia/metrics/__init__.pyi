"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator


__all__ = [
    "Estimate",
    "MembershipReport",
    "RiskReliability",
    "demographic_parity_difference",
    "epsilon_from_counts",
    "epsilon_lower_bound",
    "individual_fairness_deviation",
    "membership_advantage",
    "membership_balanced_accuracy",
    "membership_precision_recall",
    "membership_report",
    "membership_roc_auc",
    "membership_roc_curve",
    "mia_indistinguishability_deviation",
    "one_run_epsilon",
    "one_run_epsilon_from_counts",
    "predictive_fairness_difference",
    "risk_reliability",
    "tpr_at_fpr",
]

class Estimate:
    low: float
    high: float
    method: str

class MembershipReport:
    def __init__(self, n_members: int, n_nonmembers: int, majority_baseline: float, roc_auc: Estimate, balanced_accuracy: Estimate, advantage: Estimate, precision: Estimate, recall: Estimate, tpr_at_fpr: Any, epsilon_lower_bound: Estimate) -> None: ...
    n_members: int
    n_nonmembers: int
    majority_baseline: float
    roc_auc: Estimate
    balanced_accuracy: Estimate
    advantage: Estimate
    precision: Estimate
    recall: Estimate
    tpr_at_fpr: Any
    epsilon_lower_bound: Estimate
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class RiskReliability:
    def __init__(self, brier_score: float, expected_calibration_error: float, bin_edges: NDArray[Any], n_records: NDArray[Any], mean_risk: NDArray[Any], member_fraction: NDArray[Any], low: NDArray[Any], high: NDArray[Any]) -> None: ...
    brier_score: float
    expected_calibration_error: float
    bin_edges: NDArray[Any]
    n_records: NDArray[Any]
    mean_risk: NDArray[Any]
    member_fraction: NDArray[Any]
    low: NDArray[Any]
    high: NDArray[Any]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

def demographic_parity_difference(y_true: ArrayLike, y_pred: ArrayLike, *, sensitive_features: Any, labels: list[Any] | None = ..., compared_groups: list[Any] | None = ..., confidence_level: float = ...) -> Estimate: ...

def epsilon_from_counts(true_positives: int, false_negatives: int, false_positives: int, true_negatives: int, *, delta: float = ..., confidence_level: float = ...) -> Estimate: ...

def epsilon_lower_bound(membership: ArrayLike, scores: ArrayLike, *, delta: float = ..., threshold: float | None = ..., confidence_level: float = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def individual_fairness_deviation(y_true: Any, y_proba: Any, *, sensitive_features: Any, level: Literal["pairs", "group"] = ..., n_pairs: int = ..., compared_groups: list[Any] | None = ..., confidence_level: float = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def membership_advantage(membership: ArrayLike, scores: ArrayLike, *, threshold: float | None = ..., confidence_level: float = ..., n_resamples: int = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def membership_balanced_accuracy(membership: ArrayLike, scores: ArrayLike, *, threshold: float | None = ..., confidence_level: float = ..., n_resamples: int = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def membership_precision_recall(membership: ArrayLike, scores: ArrayLike, *, threshold: float | None = ..., prior: float = ..., confidence_level: float = ...) -> Any: ...

def membership_report(membership: ArrayLike, scores: ArrayLike, *, false_positive_rate: Sequence[float] = ..., prior: float = ..., delta: float = ..., confidence_level: float = ..., n_resamples: int = ..., random_state: int | np.random.RandomState | None = ...) -> MembershipReport: ...

def membership_roc_auc(membership: ArrayLike, scores: ArrayLike, *, confidence_level: float = ...) -> Estimate: ...

def membership_roc_curve(membership: ArrayLike, scores: ArrayLike) -> Any: ...

def mia_indistinguishability_deviation(membership: ArrayLike, y_pred: ArrayLike, *, smoothing: float = ..., confidence_level: float = ...) -> Estimate: ...

def one_run_epsilon(membership: ArrayLike, scores: ArrayLike, *, n_guesses: int | None = ..., delta: float = ..., confidence_level: float = ..., family: Literal["pure", "gaussian"] = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def one_run_epsilon_from_counts(n_records: int, n_guesses: int, n_correct: int, *, delta: float = ..., confidence_level: float = ..., family: Literal["pure", "gaussian"] = ...) -> Estimate: ...

def predictive_fairness_difference(y_true: ArrayLike, y_pred: ArrayLike, *, sensitive_features: Any, kind: Literal["recall", "precision"] = ..., labels: list[Any] | None = ..., compared_groups: list[Any] | None = ..., confidence_level: float = ...) -> Estimate: ...

def risk_reliability(membership: ArrayLike, risk: ArrayLike, *, n_bins: int = ..., confidence_level: float = ...) -> RiskReliability: ...

def tpr_at_fpr(membership: ArrayLike, scores: ArrayLike, *, false_positive_rate: float | Sequence[float] = ..., confidence_level: float = ...) -> Estimate | list[Estimate]: ...
