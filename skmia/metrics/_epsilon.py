"""Lower bounds on the epsilon of differential privacy, from calls of membership."""

import numpy as np
from sklearn.utils import check_random_state

from skmia._result import Estimate
from skmia.metrics._curve import Curve
from skmia.metrics._intervals import clopper_pearson_upper
from skmia.utils._constraints import (
    ARRAY,
    CONFIDENCE_LEVEL,
    DELTA,
    RANDOM_STATE,
    THRESHOLD,
    ZERO_OR_MORE,
    validate_params,
)

N_CANDIDATES = 1000


@validate_params(
    true_positives=ZERO_OR_MORE,
    false_negatives=ZERO_OR_MORE,
    false_positives=ZERO_OR_MORE,
    true_negatives=ZERO_OR_MORE,
    delta=DELTA,
    confidence_level=CONFIDENCE_LEVEL,
)
def epsilon_from_counts(
    true_positives,
    false_negatives,
    false_positives,
    true_negatives,
    *,
    delta=0.0,
    confidence_level=0.95,
):
    r"""Return a lower confidence bound on epsilon from the four counts of a membership test.

    .. math:: \varepsilon \ge \max\left(0,
              \ln\frac{1 - \overline{\mathrm{FNR}} - \delta}{\overline{\mathrm{FPR}}},
              \ln\frac{1 - \overline{\mathrm{FPR}} - \delta}{\overline{\mathrm{FNR}}}\right)

    where the bars are one-sided Clopper-Pearson upper limits, each with half of the error. 0 means
    that the counts are compatible with perfect privacy; a value above the epsilon claimed means
    that the claim is wrong. The counts must come from independent trials and from a threshold that
    was fixed beforehand: the best of many thresholds on the same records is no bound.

    Parameters
    ----------
    true_positives : int
        Members called members.
    false_negatives : int
        Members called non-members.
    false_positives : int
        Non-members called members.
    true_negatives : int
        Non-members called non-members.
    delta : float, default=0.0
        The delta of (epsilon, delta)-differential privacy, in [0, 1).
    confidence_level : float, default=0.95
        Probability that the bound holds, in (0, 1).

    Returns
    -------
    Estimate
        The lower bound, at least 0. Nothing is known of epsilon from above: `low` is the bound
        itself, `high` is infinity, and `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If a count is not an integer of at least 0, there is no member or no non-member, ``delta``
        is not in [0, 1) or ``confidence_level`` is not in (0, 1).

    See Also
    --------
    epsilon_lower_bound : The same from scores, with the threshold chosen honestly.

    References
    ----------
    .. [1] M. Jagielski, J. Ullman and A. Oprea, "Auditing Differentially Private Machine Learning:
       How Private is Private SGD?", NeurIPS 2020, section 4.
    .. [2] M. Nasr et al., "Adversary Instantiation: Lower Bounds for Differentially Private
       Machine Learning", IEEE Symposium on Security and Privacy, 2021, section III.

    Examples
    --------
    >>> from skmia.metrics import epsilon_from_counts
    >>> print(epsilon_from_counts(500, 500, 10, 990))
    3.242 [3.242, inf]
    """
    # numbers of numpy with few bits would overflow in the sums
    true_positives, false_positives = int(true_positives), int(false_positives)
    n_members = true_positives + int(false_negatives)
    n_nonmembers = false_positives + int(true_negatives)
    if not (n_members and n_nonmembers):
        raise ValueError(
            f"the counts must be of both kinds of records, got {n_members} members and "
            f"{n_nonmembers} non-members; epsilon compares the two."
        )
    bound = _bound(
        true_positives, n_members, false_positives, n_nonmembers, delta, confidence_level
    )
    return estimate_of(bound, "one-sided Clopper-Pearson limits")


@validate_params(
    membership=ARRAY,
    scores=ARRAY,
    delta=DELTA,
    threshold=THRESHOLD,
    confidence_level=CONFIDENCE_LEVEL,
    random_state=RANDOM_STATE,
)
def epsilon_lower_bound(
    membership,
    scores,
    *,
    delta=0.0,
    threshold=None,
    confidence_level=0.95,
    random_state=None,
):
    """Return a lower confidence bound on epsilon from attack scores.

    The bound is that of :func:`epsilon_from_counts`. A threshold given must have been fixed without
    these records. Without one, it is chosen on a random half of the members and of the non-members,
    where it maximizes the same bound, and the bound comes from the other half alone: this pays for
    the search. 0 means that the scores are compatible with perfect privacy.

    Parameters
    ----------
    membership : array-like of shape (n_records,)
        1 for a member, 0 for a non-member.
    scores : array-like of shape (n_records,)
        Attack scores, higher for records more likely to be members.
    delta : float, default=0.0
        The delta of (epsilon, delta)-differential privacy, in [0, 1).
    threshold : float or None, default=None
        Records with a score of at least the threshold are called members. None chooses it on a
        half of the records.
    confidence_level : float, default=0.95
        Probability that the bound holds, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws the half on which the threshold is chosen.

    Returns
    -------
    Estimate
        The lower bound, at least 0. Nothing is known of epsilon from above: `low` is the bound
        itself, `high` is infinity, and `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, scores are not finite real numbers, the two
        differ in length, ``delta`` is not in [0, 1), ``confidence_level`` is not in (0, 1) or
        ``threshold`` is not a number.

    See Also
    --------
    one_run_epsilon : Bound from many canaries in one training run.

    Notes
    -----
    The bound takes records as independent trials of the mechanism, each with its own training run.
    The records of a single run are not: there :func:`one_run_epsilon` is the valid bound, if each
    record was included by a coin of its own, and this one is only indicative.

    References
    ----------
    .. [1] M. Jagielski, J. Ullman and A. Oprea, "Auditing Differentially Private Machine Learning:
       How Private is Private SGD?", NeurIPS 2020, section 4.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.metrics import epsilon_lower_bound
    >>> membership = np.repeat([1, 0], 100)
    >>> scores = np.concatenate([np.arange(100) + 200, np.arange(100)])
    >>> round(epsilon_lower_bound(membership, scores, threshold=150), 2)
    3.28
    """
    curve = Curve.from_scores(membership, scores)
    return epsilon_of(curve, delta, threshold, confidence_level, random_state)


def epsilon_of(curve, delta, threshold, confidence_level, random_state):
    """Return the bound of a curve."""
    limits = "one-sided Clopper-Pearson limits"
    if threshold is None:
        limits += " on the half that did not choose the threshold"
        chooser, curve = _halves(curve, check_random_state(random_state))
        points = _candidates(chooser)
        point = points[np.argmax(_bounds(chooser, delta, confidence_level, points))]
    else:
        point = curve.at(threshold)
    return estimate_of(_bounds(curve, delta, confidence_level, point), limits)


def estimate_of(bound, limits):
    """Return what is known of epsilon: a bound from below, and none from above."""
    bound = max(0.0, float(bound))
    return Estimate(bound, bound, np.inf, f"lower bound, {limits}")


def _candidates(curve):
    """Return the points to choose from: all, or of a long curve some, densest at both its ends."""
    if len(curve.thresholds) <= 2 * N_CANDIDATES:
        return np.arange(len(curve.thresholds))
    called = curve.true_positives + curve.false_positives
    ranks = np.geomspace(1, called[-1], N_CANDIDATES)
    return np.unique(np.searchsorted(called, np.append(ranks, called[-1] - ranks)))


def _halves(curve, rng):
    """Split members and non-members at random into two curves with the same thresholds."""
    members, nonmembers = curve.blocks()
    true_positives = np.append(0, np.cumsum(_half(members, rng)))
    false_positives = np.append(0, np.cumsum(_half(nonmembers, rng)))
    return (
        curve._replace(true_positives=true_positives, false_positives=false_positives),
        curve._replace(
            true_positives=curve.true_positives - true_positives,
            false_positives=curve.false_positives - false_positives,
        ),
    )


def _half(counts, rng):
    """Return how many of each block are in a random half of all."""
    blocks = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return np.bincount(blocks[: len(blocks) // 2], minlength=len(counts))


def _bounds(curve, delta, confidence_level, point):
    return _bound(
        curve.true_positives[point],
        curve.n_members,
        curve.false_positives[point],
        curve.n_nonmembers,
        delta,
        confidence_level,
    )


def _bound(true_positives, n_members, false_positives, n_nonmembers, delta, confidence_level):
    """Return the bound before it is cut off at 0."""
    alpha = (1 - confidence_level) / 2
    fnr = clopper_pearson_upper(n_members - true_positives, n_members, alpha)
    fpr = clopper_pearson_upper(false_positives, n_nonmembers, alpha)
    with np.errstate(divide="ignore"):
        by_member = np.log(np.maximum(1 - fnr - delta, 0)) - np.log(fpr)
        by_nonmember = np.log(np.maximum(1 - fpr - delta, 0)) - np.log(fnr)
    return np.maximum(by_member, by_nonmember)
