"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.metrics import Estimate
from skmia.shadows import ShadowModels

__all__ = [
    "BASE",
    "GMIA",
    "RMIA",
    "BaseAttack",
    "CombinedAttack",
    "GMIAReport",
    "IndirectInference",
    "LabelOnlyAttack",
    "LiRA",
    "MetricAttack",
    "PopulationAttack",
    "QuantileAttack",
    "ReferenceAttack",
    "ResponseAttack",
    "ShadowModelAttack",
    "VulnerableRecords",
    "base_scores",
    "best_threshold",
    "class_thresholds",
    "combine_p_values",
    "gmia_indirect",
    "gmia_p_values",
    "label_only_scores",
    "lira_prior",
    "lira_scores",
    "population_scores",
    "privacy_risk_scores",
    "quantile_scores",
    "reference_scores",
    "rmia_scores",
    "vulnerable_records",
]

class GMIAReport:
    def __init__(self, cutoff: float, n_records: int, n_members: int, n_selected: int, n_called: int, precision: Estimate | None, recall: Estimate | None) -> None: ...
    cutoff: float
    n_records: int
    n_members: int
    n_selected: int
    n_called: int
    precision: Estimate | None
    recall: Estimate | None
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class IndirectInference:
    def __init__(self, p_values: NDArray[Any], n_queries: NDArray[Any]) -> None: ...
    p_values: NDArray[Any]
    n_queries: NDArray[Any]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class VulnerableRecords:
    def __init__(self, selected: NDArray[Any], distance_threshold: float, distances: NDArray[Any]) -> None: ...
    selected: NDArray[Any]
    distance_threshold: float
    distances: NDArray[Any]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class BaseAttack(BaseEstimator):
    notes_: list[str]
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def fit(self, X: ArrayLike, y: ArrayLike, membership: ArrayLike = ...) -> Self: ...
    def predict(self, X: ArrayLike, y: ArrayLike = ...) -> NDArray[Any]: ...
    def predict_proba(self, X: ArrayLike, y: ArrayLike = ...) -> NDArray[Any]: ...
    def score(self, X: ArrayLike, y: ArrayLike, membership: ArrayLike = ...) -> float: ...
    def score_samples(self, X: ArrayLike, y: ArrayLike = ...) -> NDArray[Any]: ...

class LabelOnlyAttack(BaseAttack):
    def __init__(self, target: Any = ..., *, method: Literal["noise", "gap"] | Callable[..., Any] = ..., n_queries: int = ..., noise: Literal["auto"] | tuple[float, ...] = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    noise_: tuple[float, ...] | None
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class ResponseAttack(BaseAttack):
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class BASE(BaseAttack):
    def __init__(self, target: Any = ..., *, shadows: int | ShadowModels = ..., online: bool = ..., temperature: float = ..., offline_scale: float = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    shadows_: ShadowModels
    threshold_: float
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class GMIA(BaseAttack):
    def __init__(self, target: Any = ..., *, shadows: int | ShadowModels = ..., cutoff: float = ..., n_selected: int | float = ..., distance_threshold: float = ..., max_expected_neighbors: float = ..., n_training_records: int = ..., max_background: int = ..., signal: str | Callable[..., Any] = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    selected_: NDArray[Any]
    distance_threshold_: float
    threshold_: float
    shadows_: ShadowModels
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def report(self, X: ArrayLike, y: ArrayLike, membership: ArrayLike, *, cutoffs: Sequence[float] = ..., confidence_level: float = ...) -> list[GMIAReport]: ...
    def select(self, X: ArrayLike, y: ArrayLike = ...) -> NDArray[Any]: ...

class RMIA(BaseAttack):
    def __init__(self, target: Any = ..., *, shadows: int | ShadowModels = ..., online: bool = ..., temperature: float = ..., gamma: float = ..., offline_a: Literal["auto"] | float = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    offline_a_: float
    shadows_: ShadowModels
    threshold_: float
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class CombinedAttack(BaseAttack):
    def __init__(self, target: Any = ..., *, attacks: list[BaseAttack] = ..., shadows: int | ShadowModels = ..., method: Literal["stack", "worst_case"] = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    attacks_: list[BaseAttack]
    shadows_: ShadowModels
    threshold_: float
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class LiRA(BaseAttack):
    def __init__(self, target: Any = ..., *, shadows: int | ShadowModels = ..., online: bool = ..., variance: Literal["auto", "per_record", "global", "bayesian"] = ..., center: Literal["mean", "median"] = ..., alternative: Literal["greater", "two-sided"] = ..., smoothing: Literal["auto"] | float = ..., augmentations: list[Callable[..., Any]] = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    variance_: str
    smoothing_: float
    shadows_: ShadowModels
    threshold_: float
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class MetricAttack(ResponseAttack):
    def __init__(self, target: Any = ..., *, signal: str | Callable[..., Any] = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class QuantileAttack(BaseAttack):
    def __init__(self, target: Any = ..., *, signal: str | Callable[..., Any] = ..., regressor: Any = ..., levels: ArrayLike | None = ..., calibration_size: float = ..., encode: bool = ..., false_positive_rate: float = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    levels_: NDArray[Any]
    regressors_: Any
    n_calibration_: int
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class ReferenceAttack(BaseAttack):
    def __init__(self, target: Any = ..., *, shadows: int | ShadowModels = ..., method: Literal["difficulty", "midpoint", "rank"] = ..., signal: Literal["logit_confidence", "confidence", "loss", "margin", "modified_entropy"] = ..., smoothing: Literal["auto"] | float = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    smoothing_: float
    shadows_: ShadowModels
    threshold_: float
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class ShadowModelAttack(ResponseAttack):
    def __init__(self, target: Any = ..., *, shadows: int | ShadowModels = ..., features: Literal["log_signals", "probabilities", "top_k"] | Callable[..., Any] = ..., top_k: int = ..., attack_estimator: Any = ..., subsample: int = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    attack_models_: dict[Any, Any]
    shadows_: ShadowModels
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

class PopulationAttack(ResponseAttack):
    def __init__(self, target: Any = ..., *, signal: str | Callable[..., Any] = ..., by_class: bool = ..., false_positive_rate: float = ..., per_class: bool = ..., n_bins: int = ..., prior: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    n_population_: NDArray[Any]
    classes_: NDArray[Any]
    target_classes_: NDArray[Any]
    threshold_: float
    thresholds_: NDArray[Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]

def base_scores(confidence: ArrayLike, shadow_confidence: ArrayLike, in_mask: ArrayLike, *, online: bool = ..., offline_scale: float = ...) -> NDArray[Any]: ...

def best_threshold(membership: ArrayLike, scores: ArrayLike) -> float: ...

def class_thresholds(membership: ArrayLike, scores: ArrayLike, y_index: ArrayLike, *, n_classes: int = ...) -> NDArray[Any]: ...

def combine_p_values(p_values: Any, correlation: ArrayLike, *, n_references: int = ...) -> float | NDArray[Any]: ...

def gmia_indirect(target: Any, X: ArrayLike, y: ArrayLike, records: ArrayLike, *, n_training_records: int, estimator: Any = ..., n_references: int = ..., n_positive: int = ..., n_candidates: int = ..., n_queries: int = ..., min_correlation: float = ..., flip_rate: float = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> IndirectInference: ...

def gmia_p_values(signal: ArrayLike, shadow_signals: ArrayLike, in_mask: ArrayLike) -> NDArray[Any]: ...

def label_only_scores(copies_correct: ArrayLike, correct: ArrayLike) -> NDArray[Any]: ...

def lira_prior(shadow_signals: ArrayLike, in_mask: ArrayLike) -> Any: ...

def lira_scores(signal: ArrayLike, shadow_signals: ArrayLike, in_mask: ArrayLike, *, online: bool = ..., variance: Literal["per_record", "global", "bayesian"] = ..., center: Literal["mean", "median"] = ..., alternative: Literal["greater", "two-sided"] = ..., signal_prior: Any = ...) -> NDArray[Any]: ...

def population_scores(signal: Any, population_signal: Any, y_index: ArrayLike = ..., population_y_index: ArrayLike = ...) -> NDArray[Any]: ...

def privacy_risk_scores(signal: ArrayLike, calibration_signal: ArrayLike, calibration_membership: ArrayLike, *, y_index: ArrayLike = ..., calibration_y_index: ArrayLike = ..., n_bins: int = ..., log_scale: Literal["auto"] | bool = ..., prior: float = ...) -> NDArray[Any]: ...

def quantile_scores(signal: ArrayLike, quantiles: ArrayLike, levels: ArrayLike, *, scale: float = ...) -> NDArray[Any]: ...

def reference_scores(signal: ArrayLike, shadow_signals: ArrayLike, in_mask: ArrayLike, *, method: Literal["difficulty", "midpoint", "rank"] = ...) -> NDArray[Any]: ...

def rmia_scores(confidence: ArrayLike, shadow_confidence: ArrayLike, in_mask: ArrayLike, population_confidence: ArrayLike, population_shadow_confidence: ArrayLike, *, offline_a: float = ..., gamma: float = ..., online: bool = ..., population_in_mask: ArrayLike = ...) -> NDArray[Any]: ...

def vulnerable_records(features: ArrayLike, background_features: ArrayLike = ..., *, n_training_records: int, max_expected_neighbors: float = ..., n_selected: int = ..., distance_threshold: float = ...) -> VulnerableRecords: ...
