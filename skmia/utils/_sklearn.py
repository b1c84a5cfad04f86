"""The private names of scikit-learn that skmia uses, imported in this one file."""

from sklearn.base import _fit_context
from sklearn.ensemble._base import _set_random_states
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _num_samples

__all__ = [
    "Interval",
    "StrOptions",
    "_fit_context",
    "_num_samples",
    "_safe_indexing",
    "_set_random_states",
]
