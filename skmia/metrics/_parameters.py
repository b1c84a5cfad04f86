"""What the parameters of metrics allow and mean, once for all metrics that have them."""

from skmia.utils._constraints import (
    ARRAY,
    ARRAY_OR_NONE,
    COUNT,
    DELTA,
    FPR_OR_FPRS,
    THRESHOLD,
    Names,
    Several,
)
from skmia.utils._docstrings import sharing

_ALLOWED = {
    "scores": ARRAY,
    "y_pred": ARRAY,
    "sensitive_features": ARRAY,
    "labels": [Several("a list of at least one label"), None],
    "compared_groups": ARRAY_OR_NONE,
    "false_positive_rate": FPR_OR_FPRS,
    "threshold": THRESHOLD,
    "delta": DELTA,
    "family": [Names("pure", "gaussian")],
    "n_resamples": COUNT,
}


_TEXT = """
Parameters
----------
membership : array-like of shape (n_records,)
    1 for a member, 0 for a non-member.
scores : array-like of shape (n_records,)
    Attack scores, higher for records more likely to be members.
y_pred : array-like of shape (n_records,)
    Predicted labels.
sensitive_features : array-like of shape (n_records,) or (n_records, n_features)
    Each record's group; of several columns, each combination is one. None and NaN are "missing".
labels : list or None, default=None
    Labels to take the mean over. None takes the union of ``y_true`` and ``y_pred``.
compared_groups : list or None, default=None
    Groups to compare, tuples if there are several columns, without the others; None takes all.
threshold : float or None, default=None
    Records with a score of at least the threshold are called members; it must have been fixed
    without these records. None takes that of the largest advantage on them, the highest of equals.
prior : float, default=0.5
    Probability that a record is a member where the attack is used, in (0, 1).
delta : float, default=0.0
    The delta of (epsilon, delta)-differential privacy, in [0, 1).
confidence_level : float, default=0.95
    Coverage of each interval or bound, in (0, 1).
family : {"pure", "gaussian"}, default="pure"
    Mechanisms considered: all that are (epsilon, delta)-private, or those with a Gaussian
    trade-off curve, for which ``delta`` must be above 0.
n_resamples : int, default=1000
    Bootstrap resamples for the optimism of the best threshold, at least 1.
random_state : int, RandomState instance or None, default=None
    Draws the resamples.

Raises
------
ValueError
    If membership is not 0 and 1 with both present, scores are not finite real numbers, the two
    differ in length, or another parameter is out of its range.
"""
metric = sharing(_TEXT, _ALLOWED)
