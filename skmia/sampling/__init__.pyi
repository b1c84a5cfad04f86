"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.attacks import BaseAttack

__all__ = [
    "ClassBalanceSampler",
    "EntropySampler",
    "FeatureBalanceSampler",
    "GroupBalanceSampler",
    "VulnerableUnderSampler",
]

class ClassBalanceSampler(BaseEstimator):
    def __init__(self, balance: Literal["equal"] | float | dict[Any, Any] = ..., *, pos_label: int | float | bool | str = ..., n_samples: int = ..., random_state: int | np.random.RandomState | None = ...) -> None: ...
    sample_indices_: NDArray[Any]
    sampling_strategy_: dict[Any, Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def fit(self, X: Any, y: ArrayLike) -> Self: ...
    def fit_resample(self, X: Any, y: ArrayLike) -> Any: ...

class EntropySampler(BaseEstimator):
    def __init__(self, entropy: float, *, n_bins: int = ..., n_samples: int = ..., tol: float = ..., random_state: int | np.random.RandomState | None = ...) -> None: ...
    entropy_: float
    sample_indices_: NDArray[Any]
    sampling_strategy_: dict[Any, Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def fit(self, X: Any, y: ArrayLike) -> Self: ...
    def fit_resample(self, X: Any, y: ArrayLike) -> Any: ...

class FeatureBalanceSampler(BaseEstimator):
    def __init__(self, balance: float = ..., *, value: Any = ..., features: Any = ..., n_features: int = ..., keep_class_balance: bool = ..., n_samples: int = ..., random_state: int | np.random.RandomState | None = ...) -> None: ...
    features_: list[Any]
    value_: tuple[Any, ...]
    thresholds_: list[Any]
    balance_: float
    sample_indices_: NDArray[Any]
    sampling_strategy_: dict[Any, Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def fit(self, X: Any, y: ArrayLike) -> Self: ...
    def fit_resample(self, X: Any, y: ArrayLike) -> Any: ...

class GroupBalanceSampler(BaseEstimator):
    def __init__(self, sensitive_features: Any, *, strategy: Literal["rates", "cells"] = ..., n_samples: int = ..., random_state: int | np.random.RandomState | None = ...) -> None: ...
    groups_: list[Any]
    class_shares_: NDArray[Any]
    sample_indices_: NDArray[Any]
    sampling_strategy_: dict[Any, Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def fit(self, X: Any, y: ArrayLike) -> Self: ...
    def fit_resample(self, X: Any, y: ArrayLike) -> Any: ...

class VulnerableUnderSampler(BaseEstimator):
    def __init__(self, attack: BaseAttack, estimator: Any, *, drop_fraction: float = ..., false_positive_rate: float = ..., n_repeats: int = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> None: ...
    risk_: NDArray[Any]
    rank_: NDArray[Any]
    found_: NDArray[Any]
    n_vulnerable_: int
    sample_indices_: NDArray[Any]
    sampling_strategy_: dict[Any, Any]
    n_features_in_: int
    feature_names_in_: NDArray[Any]
    def fit(self, X: Any, y: ArrayLike) -> Self: ...
    def fit_resample(self, X: Any, y: ArrayLike) -> Any: ...
