"""Deviation from membership indistinguishability: how labels differ with membership."""

from numbers import Real

import numpy as np
from sklearn.utils import check_consistent_length

from skmia._result import Estimate
from skmia.metrics._groups import class_codes
from skmia.metrics._intervals import ratio, wilson
from skmia.metrics._parameters import metric
from skmia.utils._checks import check_membership
from skmia.utils._constraints import Number

_USUAL = "0.5 to keep the value finite where a label is predicted on one side only"


@metric(smoothing=[Number(Real, 0, None, closed="left", example=_USUAL)])
def mia_indistinguishability_deviation(membership, y_pred, *, smoothing=0.0, confidence_level=0.95):
    r"""Return the largest log ratio between label frequencies of members and non-members.

    .. math:: \delta_{mi} = \max_{y'} \left|\ln
              \frac{P[\hat{y} = y' \mid m = 1]}{P[\hat{y} = y' \mid m = 0]}\right|

    where :math:`\hat{y}` is the predicted label and :math:`m` the membership. 0 means that members
    and non-members are predicted each label equally often. There is no upper limit: a label
    predicted on one side only gives infinity, unless each count is smoothed to

    .. math:: P[\hat{y} = y' \mid m] = \frac{n_{y',m} + a}{n_m + a L}

    where :math:`n_{y',m}` of :math:`n_m` predictions are :math:`y'`, :math:`L` is the number of
    labels predicted and :math:`a` the smoothing.

    **This is a weak measure**: it sees nothing but the frequencies of labels. Members and
    non-members of one mix of labels give about 0 even for a model that has learned every member by
    heart, so a small value is no evidence of privacy. The estimate is noisy where a label is rare.

    Equation 5 of the paper compares :math:`P[m = 1 \mid \hat{y}]` with
    :math:`P[m = 0 \mid \hat{y}]`, the same only where half of the records are members. Equation 6,
    computed here, does not depend on their share.

    Parameters
    ----------
    smoothing : float, default=0.0
        Added to the count of each label on each side, at least 0 and finite. 0.5 is usual.

    Returns
    -------
    Estimate
        The deviation, at least 0 and possibly infinite. Its interval is made of those of each
        label's ratio [3]_, from Wilson's limits, at a level that holds for all labels at once
        (Bonferroni), for independent records and a given model; smoothed counts enter as if real.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, predicted labels are continuous or missing,
        the two differ in length, or another parameter is out of its range.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, equations 5 and 6.
    .. [2] M. Yaghini, B. Kulynych and C. Troncoso, "Disparate Vulnerability: On the Unfairness of
       Privacy Attacks Against Machine Learning", arXiv:1906.00389, 2019.
    .. [3] A. Donner and G. Y. Zou, "Closed-form confidence intervals for functions of the normal
       mean and standard deviation", Statistical Methods in Medical Research 21, 2012, equation 9.

    Examples
    --------
    >>> from skmia.metrics import mia_indistinguishability_deviation
    >>> membership = [1, 1, 1, 1, 0, 0, 0, 0]
    >>> y_pred = ["a", "a", "b", "b", "a", "b", "b", "b"]
    >>> round(mia_indistinguishability_deviation(membership, y_pred), 3)  # ln(2 / 1)
    0.693
    """
    check_consistent_length(membership, y_pred)
    membership = check_membership(membership)
    (predicted,), classes = class_codes(y_pred=y_pred)
    cells = 2 * predicted + membership
    counts = np.bincount(cells, minlength=2 * len(classes)).reshape(-1, 2) + smoothing
    totals = counts.sum(axis=0)
    with np.errstate(divide="ignore"):
        logs = np.log(counts / totals)
    ends = [_ends(count, totals, (1 - confidence_level) / len(counts)) for count in counts]
    low, high = np.max(ends, axis=0)
    method = "MOVER of each ratio, Wilson limits"
    if len(counts) > 1:
        method += f", Bonferroni over {len(counts):,} labels"
    return Estimate(np.abs(logs[:, 1] - logs[:, 0]).max(), low, high, method)


def _ends(count, totals, alpha):
    others, members = (
        (n / total, *wilson(n, total, alpha)) for n, total in zip(count, totals, strict=True)
    )
    with np.errstate(divide="ignore"):
        low, high = np.log(ratio(members, others))
    return max(0.0, low, -high), max(high, -low)
