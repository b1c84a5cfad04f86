"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator


__all__ = [
    "confidence",
    "correctness",
    "entropy",
    "evaluate",
    "get_signal",
    "get_signal_names",
    "logit_confidence",
    "loss",
    "margin",
    "modified_entropy",
]

def confidence(proba: ArrayLike, y_index: ArrayLike) -> NDArray[Any]: ...

def correctness(proba: ArrayLike, y_index: ArrayLike) -> NDArray[Any]: ...

def entropy(proba: ArrayLike, y_index: ArrayLike, *, eps: float = ...) -> NDArray[Any]: ...

def evaluate(proba: ArrayLike, y_index: ArrayLike, signals: Any) -> Any: ...

def get_signal(signal: str | Callable[..., Any]) -> Callable[..., Any]: ...

def get_signal_names() -> list[str]: ...

def logit_confidence(proba: ArrayLike, y_index: ArrayLike, *, eps: float = ...) -> NDArray[Any]: ...

def loss(proba: ArrayLike, y_index: ArrayLike, *, eps: float = ...) -> NDArray[Any]: ...

def margin(proba: ArrayLike, y_index: ArrayLike) -> NDArray[Any]: ...

def modified_entropy(proba: ArrayLike, y_index: ArrayLike, *, eps: float = ...) -> NDArray[Any]: ...
