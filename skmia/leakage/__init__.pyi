"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.metrics import Estimate

__all__ = [
    "ClosedFormLeakage",
    "GaussianNoiseLeakage",
    "MembershipLeakage",
    "RecordSensitivity",
    "closed_form_leakage",
    "fano_error_bound",
    "gaussian_noise_leakage",
    "gaussian_noise_scale",
    "influence_leakage",
    "kl_leakage",
    "membership_leakage",
    "membership_success_bound",
    "mutual_information_leakage",
    "record_sensitivity",
    "total_variation_bound",
    "tpr_bound",
]

class ClosedFormLeakage:
    kl: NDArray[Any]
    success_bound: NDArray[Any]
    mean_kl: Estimate
    mean_success_bound: Estimate
    mechanism: str
    noise_scale: float | None
    n_records: int
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class GaussianNoiseLeakage:
    kl: float
    total_variation: float
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class MembershipLeakage:
    rows: NDArray[Any]
    n_in: NDArray[Any]
    n_out: NDArray[Any]
    kl: NDArray[Any]
    kl_low: NDArray[Any]
    kl_high: NDArray[Any]
    reverse_kl: NDArray[Any]
    mutual_information: NDArray[Any]
    total_variation: NDArray[Any]
    success_bound: NDArray[Any]
    tpr_bound: NDArray[Any]
    mean_kl: Estimate
    mean_mutual_information: Estimate
    method: str
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class RecordSensitivity:
    rows: NDArray[Any]
    sensitivity: NDArray[Any]
    standard_error: NDArray[Any]
    background: NDArray[Any]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

def closed_form_leakage(estimator: Any, X_train: Any, y_train: ArrayLike, X: Any = ..., y: ArrayLike = ..., *, mechanism: Literal["output", "posterior", "sampling"] = ..., noise_scale: float = ..., epsilon: float = ..., delta: float = ..., sensitivity: float = ..., inverse_temperature: float = ..., damping: float = ..., tol: float = ..., max_iter: int = ..., confidence_level: float = ..., n_resamples: int = ..., random_state: int | np.random.RandomState | None = ...) -> ClosedFormLeakage: ...

def fano_error_bound(mutual_information: float | ArrayLike, prior: float = ...) -> float | NDArray[Any]: ...

def gaussian_noise_leakage(epsilon: float, delta: float, *, method: Literal["classical", "analytic"] = ...) -> GaussianNoiseLeakage: ...

def gaussian_noise_scale(sensitivity: float, epsilon: float, delta: float, *, method: Literal["classical", "analytic"] = ...) -> float: ...

def influence_leakage(gradients: ArrayLike, hessian: ArrayLike | float | None, n_records: int, *, mechanism: Literal["output", "posterior", "sampling"] = ..., noise_scale: float = ..., inverse_temperature: float = ..., gradient_covariance: ArrayLike = ..., damping: float = ..., rtol: float = ...) -> NDArray[Any]: ...

def kl_leakage(in_statistics: Any, out_statistics: Any, *, method: Literal["pooled", "gaussian", "neighbors"] = ..., n_neighbors: int = ..., n_resamples: int = ..., confidence_level: float = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def membership_leakage(estimator: Any, X: ArrayLike, y: ArrayLike, *, rows: Any = ..., n_models: int = ..., statistic: str | Callable[..., Any] = ..., other_records: Literal["random", "fixed"] = ..., method: Literal["pooled", "gaussian", "neighbors"] = ..., prior: float = ..., false_positive_rate: float = ..., confidence_level: float = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ..., verbose: int = ...) -> MembershipLeakage: ...

def membership_success_bound(kl: float | ArrayLike, reverse_kl: float | ArrayLike = ...) -> float | NDArray[Any]: ...

def mutual_information_leakage(in_statistics: Any, out_statistics: Any, *, method: Literal["numeric", "variational", "kl_bound"] = ..., prior: float = ..., classifier: Any = ..., n_resamples: int = ..., confidence_level: float = ..., random_state: int | np.random.RandomState | None = ...) -> Estimate: ...

def record_sensitivity(estimator: Any, X: ArrayLike, y: ArrayLike, *, rows: int | ArrayLike = ..., output: str | Callable[..., Any] = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., n_repeats: int = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ..., verbose: int = ...) -> RecordSensitivity: ...

def total_variation_bound(kl: float | ArrayLike, reverse_kl: float | ArrayLike = ...) -> float | NDArray[Any]: ...

def tpr_bound(kl: float | ArrayLike, false_positive_rate: float | ArrayLike, reverse_kl: float | ArrayLike = ...) -> float | NDArray[Any]: ...
