"""A metric: the share of the members among the records of the highest scores."""

import numpy as np
from scipy.stats import binomtest

from skmia.metrics import Estimate


def precision_of_top(membership, scores, *, n_top=10, confidence_level=0.95):
    """Return the share of members among the `n_top` records of the highest scores, in [0, 1]."""
    top = np.argsort(-np.asarray(scores), kind="stable")[:n_top]
    n_members = int(np.asarray(membership)[top].sum())
    found = binomtest(n_members, len(top)).proportion_ci(confidence_level)
    return Estimate(n_members / len(top), found.low, found.high, "Clopper-Pearson")
