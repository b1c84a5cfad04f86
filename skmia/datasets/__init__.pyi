"""Types of the public names; written by `.ci/stubs` from their docstrings."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator


__all__ = [
    "load_adult",
    "make_purchase_like",
    "make_texas_like",
]

def load_adult(*, split: Literal["all", "train", "test"] = ..., return_X_y: bool = ..., as_frame: bool = ...) -> Any: ...

def make_purchase_like(n_samples: int = ..., *, n_features: int = ..., n_classes: int = ..., density: float = ..., strength: float = ..., activity: float = ..., random_state: int | np.random.RandomState | None = ...) -> Any: ...

def make_texas_like(n_samples: int = ..., *, n_features: int = ..., n_classes: int = ..., class_weight: float = ..., label_noise: float = ..., random_state: int | np.random.RandomState | None = ...) -> Any: ...
