"""The scorers that are known by name."""

from skmia.model_selection._fairness_scorer import make_fairness_scorer
from skmia.model_selection._membership_scorer import make_membership_scorer
from skmia.utils._sklearn import add_scorers

neg_mia_balanced_accuracy = make_membership_scorer("balanced_accuracy")
neg_mia_advantage = make_membership_scorer("advantage")
neg_mia_roc_auc = make_membership_scorer("roc_auc")
neg_mia_tpr_at_fpr = make_membership_scorer("tpr_at_fpr")
neg_demographic_parity_difference = make_fairness_scorer("demographic_parity_difference")
neg_predictive_fairness_difference = make_fairness_scorer("predictive_fairness_difference")
neg_individual_fairness_deviation = make_fairness_scorer("individual_fairness_deviation")

SCORERS = {name: scorer for name, scorer in list(globals().items()) if name.startswith("neg_")}


def get_scorer_names():
    """Return the names of skmia's scorers, which work wherever scikit-learn takes a name.

    Importing `skmia` makes them known. They need a classifier that remembers its training records,
    such as a :class:`MemberRecorder`; those of fairness need the groups as metadata.

    Returns
    -------
    list of str
        The names, sorted. All scorers are greater-is-better.

    Examples
    --------
    >>> from skmia.model_selection import get_scorer_names
    >>> get_scorer_names()[0]
    'neg_demographic_parity_difference'

    The scorers themselves have the same names:

    >>> from skmia.model_selection import neg_mia_roc_auc
    >>> neg_mia_roc_auc
    make_membership_scorer('roc_auc')
    """
    return sorted(SCORERS)


add_scorers(SCORERS)
