"""The scorers that are known by name."""

from skmia.model_selection._fairness_scorer import METRICS as FAIRNESS
from skmia.model_selection._fairness_scorer import make_fairness_scorer
from skmia.model_selection._membership_scorer import make_membership_scorer
from skmia.utils._sklearn import add_scorers

__all__ = ["get_scorer_names"]

SCORERS = {
    f"neg_mia_{metric}": make_membership_scorer(metric)
    for metric in ("accuracy", "advantage", "roc_auc", "tpr_at_fpr")
} | {f"neg_{metric}": make_fairness_scorer(metric) for metric in FAIRNESS}


def get_scorer_names():
    """Return the names of skmia's scorers, which work wherever scikit-learn takes a name.

    Importing `skmia` makes them known. They need a classifier that remembers its training records,
    such as a :class:`MemberRecorder`; those of fairness need the groups as metadata.

    Returns
    -------
    list of str
        The names, sorted. All scorers are greater-is-better.

    See Also
    --------
    sklearn.metrics.get_scorer_names : All names, these included.

    Examples
    --------
    >>> from skmia.model_selection import get_scorer_names
    >>> get_scorer_names()[0]
    'neg_demographic_parity_difference'
    """
    return sorted(SCORERS)


add_scorers(SCORERS)
