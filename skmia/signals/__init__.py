"""Membership signals: one number per record from its response and its true label.

Every signal takes the class probabilities ``proba`` of shape (n, k), and ``y_index`` of shape (n,),
the column of each true label, −1 for one that the model does not know. It returns n numbers.
**Higher is more member-like, always**: losses and entropies come negated.

A label unknown to the model has confidence 0. Logarithms are floored at ``eps``, so that
probabilities of exactly 0 and 1 give finite signals. float32 stays float32.
"""

from skmia.signals._signals import (
    confidence,
    correctness,
    entropy,
    evaluate,
    get_signal,
    get_signal_names,
    logit_confidence,
    loss,
    margin,
    modified_entropy,
)

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
