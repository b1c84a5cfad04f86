"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.metrics import Estimate

__all__ = [
    "AttackResult",
    "AuditReport",
    "ExposureGap",
    "Slice",
    "audit",
    "audit_predictions",
]

class AttackResult:
    def __init__(self, name: str, threat_model: str, roc_auc: Estimate, balanced_accuracy: Estimate, advantage: Estimate, precision: Estimate, recall: Estimate, tpr_at_fpr: Any, best_balanced_accuracy: Estimate, epsilon_lower_bound: Estimate, brier_score: float, expected_calibration_error: float) -> None: ...
    name: str
    threat_model: str
    roc_auc: Estimate
    balanced_accuracy: Estimate
    advantage: Estimate
    precision: Estimate
    recall: Estimate
    tpr_at_fpr: Any
    best_balanced_accuracy: Estimate
    epsilon_lower_bound: Estimate
    brier_score: float
    expected_calibration_error: float
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class AuditReport:
    def __init__(self, target: str, statement: str, attacks: tuple[AttackResult, ...], strongest: str, train_accuracy: Estimate, test_accuracy: Estimate, n_train: int, n_test: int, n_members: int, n_nonmembers: int, n_duplicates: tuple[int, ...] | None, always_member_accuracy: float, shift_auc: Estimate | None, slices: tuple[Slice, ...], exposure_gaps: tuple[ExposureGap, ...], riskiest: tuple[dict[Any, Any], ...], notes: tuple[str, ...], confidence_level: float, prior: float, member_rows: NDArray[Any], member_risk: NDArray[Any]) -> None: ...
    target: str
    statement: str
    attacks: tuple[AttackResult, ...]
    strongest: str
    train_accuracy: Estimate
    test_accuracy: Estimate
    n_train: int
    n_test: int
    n_members: int
    n_nonmembers: int
    n_duplicates: tuple[int, ...] | None
    always_member_accuracy: float
    shift_auc: Estimate | None
    slices: tuple[Slice, ...]
    exposure_gaps: tuple[ExposureGap, ...]
    riskiest: tuple[dict[Any, Any], ...]
    notes: tuple[str, ...]
    confidence_level: float
    prior: float
    member_rows: NDArray[Any]
    member_risk: NDArray[Any]
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class ExposureGap:
    def __init__(self, kind: str, most_exposed: Any, least_exposed: Any, difference: Estimate) -> None: ...
    kind: str
    most_exposed: Any
    least_exposed: Any
    difference: Estimate
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class Slice:
    def __init__(self, kind: str, value: Any, n_members: int, n_nonmembers: int, roc_auc: Estimate, balanced_accuracy: Estimate) -> None: ...
    kind: str
    value: Any
    n_members: int
    n_nonmembers: int
    roc_auc: Estimate
    balanced_accuracy: Estimate
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

def audit(estimator: Any, X_train: Any, y_train: Any, X_test: Any, y_test: Any, *, attacks: Any = ..., sensitive_features: Any = ..., false_positive_rate: Sequence[float] = ..., prior: float = ..., confidence_level: float = ..., n_riskiest: int = ..., response_method: Literal["auto", "predict_proba", "decision_function", "predict"] = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> AuditReport: ...

def audit_predictions(proba_train: Any, y_train: Any, proba_test: Any, y_test: Any, *, classes: ArrayLike = ..., attacks: Any = ..., sensitive_features: dict[Any, Any] = ..., false_positive_rate: Any = ..., prior: Any = ..., confidence_level: Any = ..., n_riskiest: Any = ..., random_state: Any = ...) -> AuditReport: ...
