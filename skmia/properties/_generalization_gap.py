"""How much better a model is on the records it was trained on."""

import numpy as np
from sklearn.utils import check_consistent_length

from skmia._result import Estimate
from skmia.metrics._groups import class_codes
from skmia.metrics._intervals import difference, wilson
from skmia.utils._checks import check_membership
from skmia.utils._constraints import ARRAY, BOOLEAN, validate_params


@validate_params(y_true=ARRAY, y_pred=ARRAY, per_class=BOOLEAN)
def generalization_gap(membership, y_true, y_pred, *, per_class=False, confidence_level=0.95):
    r"""Return the accuracy on members less the accuracy on non-members.

    .. math:: P[\hat{y} = y \mid m = 1] - P[\hat{y} = y \mid m = 0]

    with the true label :math:`y`, the predicted :math:`\hat{y}` and membership :math:`m`. 1 means
    that the model is right on all members and wrong on all others, 0 that it is right as often on
    records it has not seen; below 0 it is better on those.

    It is the advantage of the attacker who calls a record a member if its predicted label is right,
    and who knows nothing else but the true label: the gap bounds what can be known of membership
    **from below**. A gap of 0 is no evidence of privacy: confidences may tell more than labels.

    Parameters
    ----------
    membership : array-like of shape (n_records,)
        1 for a member, 0 for a non-member.
    y_true, y_pred : array-like of shape (n_records,)
        True and predicted labels.
    per_class : bool, default=False
        Whether to return one gap for the records of each true label.
    confidence_level : float, default=0.95
        Coverage of each interval, in (0, 1).

    Returns
    -------
    Estimate or dict of label to Estimate
        The gap, in [-1, 1], with Newcombe's interval, which takes the records for independent draws
        and the model for given. A class without members or non-members has NaN and the reason.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, labels are continuous, missing or of
        different types, lengths differ, or ``confidence_level`` is not in (0, 1).

    References
    ----------
    .. [1] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy Risk in Machine Learning:
       Analyzing the Connection to Overfitting", IEEE CSF 2018, theorem 2.
    .. [2] R. G. Newcombe, "Interval estimation for the difference between independent proportions:
       comparison of eleven methods", Statistics in Medicine 17, 1998, method 10.

    Examples
    --------
    >>> from skmia.properties import generalization_gap
    >>> membership = [1] * 50 + [0] * 50
    >>> y_true = [0, 1] * 50
    >>> y_pred = [0, 1] * 25 + [0, 0] * 25  # all members right, of the others those of class 0
    >>> print(generalization_gap(membership, y_true, y_pred))
    0.500 [0.349, 0.634]
    >>> print(generalization_gap(membership, y_true, y_pred, per_class=True)[1])
    1.000 [0.812, 1.000]
    """
    check_consistent_length(membership, y_true, y_pred)
    membership = check_membership(membership)
    (true, predicted), classes = class_codes(y_true=y_true, y_pred=y_pred)
    cells = np.bincount(4 * true + 2 * membership + (true == predicted), minlength=4 * len(classes))
    cells = cells.reshape(-1, 2, 2)  # class, membership, right or not
    if not per_class:
        return _gap(cells.sum(axis=0), confidence_level)
    gaps = zip(classes.tolist(), cells, strict=True)
    return {label: _gap(cell, confidence_level) for label, cell in gaps if cell.any()}


def accuracy_of_sides(membership, y_true, y_pred, *, confidence_level=0.95):
    membership = check_membership(membership)
    (true, predicted), _ = class_codes(y_true=y_true, y_pred=y_pred)
    sides = (true == predicted)[membership == 1], (true == predicted)[membership == 0]
    rates = (_rate(np.bincount(side, minlength=2), confidence_level) for side in sides)
    return [Estimate(*rate, "Wilson") for rate in rates]


def _gap(cells, confidence_level):
    for side, name in zip(cells, ("non-members", "members"), strict=True):
        if not side.any():
            return Estimate(np.nan, np.nan, np.nan, f"undefined: no {name} of this class")
    others, members = (_rate(side, confidence_level) for side in cells)
    low, high = difference(members, others)
    return Estimate(members[0] - others[0], float(low), float(high), "Newcombe, Wilson limits")


def _rate(counts, confidence_level):
    n_right = int(counts[1])
    n = int(counts.sum())
    return n_right / n, *map(float, wilson(n_right, n, 1 - confidence_level))
