"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.metrics import Estimate

__all__ = [
    "DatasetReport",
    "PropertyReport",
    "class_balance",
    "dataset_entropy",
    "dataset_report",
    "feature_balance",
    "generalization_gap",
    "most_informative_features",
    "property_report",
    "record_parameter_mi",
]

class DatasetReport:
    def __init__(self, n_records: int, n_features: int, n_duplicates: int, n_labeled_duplicates: int, n_missing: int, n_records_of_class: dict[Any, Any] | None, class_balance: float | None, feature_balance: float | None, balanced_features: tuple[Any, ...] | None, balanced_value: tuple[Any, ...] | None, n_records_of_group: dict[Any, Any] | None, entropy: float, features: tuple[dict[Any, Any], ...]) -> None: ...
    n_records: int
    n_features: int
    n_duplicates: int
    n_labeled_duplicates: int
    n_missing: int
    n_records_of_class: dict[Any, Any] | None
    class_balance: float | None
    feature_balance: float | None
    balanced_features: tuple[Any, ...] | None
    balanced_value: tuple[Any, ...] | None
    n_records_of_group: dict[Any, Any] | None
    entropy: float
    features: tuple[dict[Any, Any], ...]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class PropertyReport:
    def __init__(self, target: str, n_members: int, n_nonmembers: int, member_accuracy: Estimate, nonmember_accuracy: Estimate, generalization_gap: Estimate, indistinguishability_deviation: Estimate, demographic_parity_difference: Estimate | None, predictive_fairness_difference: Estimate | None, individual_fairness_deviation: Estimate | None, record_parameter_mi_mean: float | None, record_parameter_mi_max: float | None, architecture: dict[Any, Any], notes: tuple[str, ...], classes: tuple[dict[Any, Any], ...]) -> None: ...
    target: str
    n_members: int
    n_nonmembers: int
    member_accuracy: Estimate
    nonmember_accuracy: Estimate
    generalization_gap: Estimate
    indistinguishability_deviation: Estimate
    demographic_parity_difference: Estimate | None
    predictive_fairness_difference: Estimate | None
    individual_fairness_deviation: Estimate | None
    record_parameter_mi_mean: float | None
    record_parameter_mi_max: float | None
    architecture: dict[Any, Any]
    notes: tuple[str, ...]
    classes: tuple[dict[Any, Any], ...]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

def class_balance(y: ArrayLike, *, pos_label: int | float | bool | str = ..., ratio: bool = ...) -> float: ...

def dataset_entropy(X: Any, *, n_bins: int | None = ..., per_feature: bool = ...) -> float | NDArray[Any]: ...

def dataset_report(X: Any, y: ArrayLike | None = ..., *, n_bins: int | None = ..., n_features: int = ..., sensitive_features: Any = ..., random_state: int | np.random.RandomState | None = ...) -> DatasetReport: ...

def feature_balance(X: Any, y: ArrayLike | None = ..., *, value: Any = ..., features: Any = ..., n_features: int = ..., ratio: bool = ..., random_state: int | np.random.RandomState | None = ...) -> float: ...

def generalization_gap(membership: ArrayLike, y_true: ArrayLike, y_pred: ArrayLike, *, per_class: bool = ..., confidence_level: float = ...) -> Any: ...

def most_informative_features(X: Any, y: ArrayLike, n_features: int = ..., *, random_state: int | np.random.RandomState | None = ...) -> Any: ...

def property_report(estimator: Any, X: Any, y: ArrayLike, membership: ArrayLike | None = ..., *, sensitive_features: Any = ..., compared_groups: list[Any] | None = ..., confidence_level: float = ..., random_state: int | np.random.RandomState | None = ...) -> PropertyReport: ...

def record_parameter_mi(X: Any, coef: Any, *, reduce: Literal["max", "norm", "mean"] = ..., random_state: int | np.random.RandomState | None = ...) -> NDArray[Any]: ...
