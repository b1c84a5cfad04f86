"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from skmia.attacks import BaseAttack
from skmia.metrics import Estimate

__all__ = [
    "ExposureDisplay",
    "ExposureReport",
    "MembershipRocDisplay",
    "ScoreDistributionDisplay",
    "TradeoffDisplay",
    "TrainingHistoryDisplay",
    "explain_exposure",
]

class ExposureDisplay:
    def __init__(self, *, exposure: NDArray[Any], explanations: Any, correlations: Any, n_bins: int = ..., exposure_name: str = ..., name: str = ...) -> None: ...
    exposure: NDArray[Any]
    explanations: Any
    correlations: Any
    n_bins: int
    exposure_name: str
    name: str
    points_: Any
    medians_: Any
    axes_: Any
    figure_: Any
    @classmethod
    def from_estimator(cls, estimator: Any, X: ArrayLike, y: ArrayLike, membership: ArrayLike = ..., *, n_bins: int = ..., name: str = ..., ax: Any = ..., point_kwargs: dict[Any, Any] = ..., median_kwargs: dict[Any, Any] = ..., **options: Any) -> ExposureDisplay: ...
    @classmethod
    def from_predictions(cls, exposure: ArrayLike, explanations: Any, *, n_bins: int = ..., confidence_level: float = ..., n_resamples: int = ..., random_state: int | np.random.RandomState | None = ..., exposure_name: str = ..., name: str = ..., ax: Any = ..., point_kwargs: dict[Any, Any] = ..., median_kwargs: dict[Any, Any] = ...) -> ExposureDisplay: ...
    @classmethod
    def from_report(cls, report: ExposureReport, *, n_bins: int = ..., exposure_name: str = ..., name: str = ..., ax: Any = ..., point_kwargs: dict[Any, Any] = ..., median_kwargs: dict[Any, Any] = ...) -> ExposureDisplay: ...
    def plot(self, ax: Any = ..., *, name: str = ..., point_kwargs: dict[Any, Any] = ..., median_kwargs: dict[Any, Any] = ...) -> ExposureDisplay: ...

class ExposureReport:
    def __init__(self, exposure: NDArray[Any], membership: NDArray[Any], explanations: Any = ..., correlations: Any = ..., nonmember_correlations: Any = ...) -> None: ...
    exposure: NDArray[Any]
    membership: NDArray[Any]
    explanations: Any
    correlations: Any
    nonmember_correlations: Any
    @classmethod
    def from_json(cls, text: str) -> Any: ...
    def to_dict(self) -> dict[Any, Any]: ...
    def to_frame(self) -> Any: ...
    def to_json(self, *, indent: int | None = ...) -> str: ...
    def to_text(self) -> str: ...

class MembershipRocDisplay:
    def __init__(self, *, fpr: NDArray[Any], tpr: NDArray[Any], roc_auc: Estimate = ..., band_fpr: NDArray[Any] = ..., tpr_low: NDArray[Any] = ..., tpr_high: NDArray[Any] = ..., name: str = ...) -> None: ...
    fpr: NDArray[Any]
    tpr: NDArray[Any]
    roc_auc: Estimate
    band_fpr: NDArray[Any]
    tpr_low: NDArray[Any]
    tpr_high: NDArray[Any]
    name: str
    line_: Any
    band_: Any
    chance_level_: Any
    ax_: Any
    figure_: Any
    @classmethod
    def from_attack(cls, attack: BaseAttack, X: ArrayLike, y: ArrayLike, membership: ArrayLike = ..., *, confidence_level: float = ..., name: str = ..., ax: Any = ..., scale: Literal["log", "linear"] = ..., plot_band: bool = ..., plot_chance_level: bool = ..., curve_kwargs: dict[Any, Any] = ..., band_kwargs: dict[Any, Any] = ..., chance_level_kw: dict[Any, Any] = ...) -> MembershipRocDisplay: ...
    @classmethod
    def from_predictions(cls, membership: ArrayLike, scores: ArrayLike, *, confidence_level: float = ..., name: str = ..., ax: Any = ..., scale: Literal["log", "linear"] = ..., plot_band: bool = ..., plot_chance_level: bool = ..., curve_kwargs: dict[Any, Any] = ..., band_kwargs: dict[Any, Any] = ..., chance_level_kw: dict[Any, Any] = ...) -> MembershipRocDisplay: ...
    def plot(self, ax: Any = ..., *, name: str = ..., scale: Literal["log", "linear"] = ..., plot_band: bool = ..., plot_chance_level: bool = ..., curve_kwargs: dict[Any, Any] = ..., band_kwargs: dict[Any, Any] = ..., chance_level_kw: dict[Any, Any] = ...) -> MembershipRocDisplay: ...

class ScoreDistributionDisplay:
    def __init__(self, *, bin_edges: NDArray[Any], member_density: NDArray[Any], nonmember_density: NDArray[Any], threshold: float = ..., name: str = ...) -> None: ...
    bin_edges: NDArray[Any]
    member_density: NDArray[Any]
    nonmember_density: NDArray[Any]
    threshold: float
    name: str
    members_: Any
    nonmembers_: Any
    threshold_line_: Any
    ax_: Any
    figure_: Any
    @classmethod
    def from_attack(cls, attack: BaseAttack, X: ArrayLike, y: ArrayLike, membership: ArrayLike = ..., *, bins: int | str | ArrayLike = ..., name: str = ..., ax: Any = ..., member_kwargs: dict[Any, Any] = ..., nonmember_kwargs: dict[Any, Any] = ..., threshold_kwargs: dict[Any, Any] = ...) -> ScoreDistributionDisplay: ...
    @classmethod
    def from_predictions(cls, membership: ArrayLike, scores: ArrayLike, *, threshold: float = ..., bins: int | str | ArrayLike = ..., name: str = ..., ax: Any = ..., member_kwargs: dict[Any, Any] = ..., nonmember_kwargs: dict[Any, Any] = ..., threshold_kwargs: dict[Any, Any] = ...) -> ScoreDistributionDisplay: ...
    def plot(self, ax: Any = ..., *, name: str = ..., member_kwargs: dict[Any, Any] = ..., nonmember_kwargs: dict[Any, Any] = ..., threshold_kwargs: dict[Any, Any] = ...) -> ScoreDistributionDisplay: ...

class TradeoffDisplay:
    def __init__(self, *, attack_success: NDArray[Any], utility: NDArray[Any], attack_success_error: NDArray[Any] = ..., utility_error: NDArray[Any] = ..., front: Any = ..., chosen: int = ..., budget: float = ..., labels: list[str] = ..., attack_success_name: str = ..., utility_name: str = ..., name: str = ...) -> None: ...
    attack_success: NDArray[Any]
    utility: NDArray[Any]
    attack_success_error: NDArray[Any]
    utility_error: NDArray[Any]
    front: Any
    chosen: int
    budget: float
    labels: list[str]
    attack_success_name: str
    utility_name: str
    name: str
    points_: Any
    front_: Any
    errorbar_: Any
    chosen_: Any
    budget_line_: Any
    texts_: Any
    ax_: Any
    figure_: Any
    @classmethod
    def from_search(cls, search: Any, *, utility: str = ..., privacy: str = ..., budget: float = ..., annotate: str = ..., name: str = ..., ax: Any = ..., point_kwargs: dict[Any, Any] = ..., front_kwargs: dict[Any, Any] = ..., errorbar_kwargs: dict[Any, Any] = ..., chosen_kwargs: dict[Any, Any] = ..., budget_kwargs: dict[Any, Any] = ...) -> TradeoffDisplay: ...
    def plot(self, ax: Any = ..., *, name: str = ..., point_kwargs: dict[Any, Any] = ..., front_kwargs: dict[Any, Any] = ..., errorbar_kwargs: dict[Any, Any] = ..., chosen_kwargs: dict[Any, Any] = ..., budget_kwargs: dict[Any, Any] = ...) -> TradeoffDisplay: ...

class TrainingHistoryDisplay:
    def __init__(self, *, epochs: ArrayLike, attack_success: ArrayLike, attack_success_low: ArrayLike = ..., attack_success_high: ArrayLike = ..., utility: Any = ..., chance: float | None = ..., budget: float | None = ..., chosen: int | None = ..., attack_success_name: str = ..., utility_name: str = ..., name: str = ...) -> None: ...
    epochs: ArrayLike
    attack_success: ArrayLike
    attack_success_low: ArrayLike
    attack_success_high: ArrayLike
    utility: Any
    chance: float | None
    budget: float | None
    chosen: int | None
    attack_success_name: str
    utility_name: str
    name: str
    line_: Any
    band_: Any
    utility_lines_: Any
    chance_level_: Any
    budget_line_: Any
    chosen_lines_: Any
    axes_: Any
    ax_: Any
    figure_: Any
    @classmethod
    def from_estimator(cls, estimator: Any, *, metric: Literal["roc_auc", "balanced_accuracy", "tpr_at_fpr"] = ..., utility: Sequence[str] = ..., budget: float = ..., name: str = ..., ax: Any = ..., plot_band: bool = ..., plot_chance_level: bool = ..., line_kwargs: dict[Any, Any] = ..., band_kwargs: dict[Any, Any] = ..., utility_kwargs: dict[Any, Any] = ..., chance_level_kw: dict[Any, Any] = ..., budget_kwargs: dict[Any, Any] = ..., chosen_kwargs: dict[Any, Any] = ...) -> TrainingHistoryDisplay: ...
    def plot(self, ax: Any = ..., *, name: str = ..., plot_band: bool = ..., plot_chance_level: bool = ..., line_kwargs: dict[Any, Any] = ..., band_kwargs: dict[Any, Any] = ..., utility_kwargs: dict[Any, Any] = ..., chance_level_kw: dict[Any, Any] = ..., budget_kwargs: dict[Any, Any] = ..., chosen_kwargs: dict[Any, Any] = ...) -> TrainingHistoryDisplay: ...

def explain_exposure(estimator: Any, X: ArrayLike, y: ArrayLike, membership: ArrayLike = ..., *, attack: BaseAttack = ..., exposure: Literal["risk", "score"] = ..., sensitivity: ArrayLike = ..., extra_explanations: Any = ..., embedding: Literal["hidden"] | Callable[..., Any] | ArrayLike = ..., n_neighbors: int = ..., confidence_level: float = ..., n_resamples: int = ..., random_state: int | np.random.RandomState | None = ..., n_jobs: int = ...) -> ExposureReport: ...
