"""Who is a member: what the caller says, or what the classifier remembers."""

from sklearn.utils import check_consistent_length

from skmia._target import who_remembers
from skmia.metrics._checks import check_membership

__all__ = ["known_membership"]


def known_membership(estimator, X, y, membership):
    """Return the membership given, checked, or ask a classifier that remembers its records.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier.
    X : array-like of shape (n_records, ...)
        Records.
    y : array-like of shape (n_records,)
        Their labels.
    membership : array-like of shape (n_records,) or None
        1 for a member, 0 for a non-member; None asks the classifier.

    Returns
    -------
    ndarray of int, shape (n_records,)
        1 for members, 0 for non-members.

    Raises
    ------
    ValueError
        If it is neither given nor remembered, or holds only members or only non-members.
    """
    if membership is None:
        estimator = who_remembers(estimator)
        if not hasattr(estimator, "membership_of"):
            raise ValueError(
                "Who is a member is not known: give membership (1 for records that the classifier "
                "was trained on, 0 for others), or fit it in a MemberRecorder."
            )
        membership = estimator.membership_of(X, y)
    check_consistent_length(X, y, membership)
    return check_membership(membership)
