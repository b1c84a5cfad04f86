"""Lower bounds on the epsilon of differential privacy, from calls or guesses of membership."""

from math import exp

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_ndtr, ndtr, ndtri
from scipy.stats import binom
from sklearn.utils import check_random_state

from skmia._result import Estimate
from skmia.metrics._curve import Curve
from skmia.metrics._intervals import clopper_pearson_upper
from skmia.metrics._parameters import metric
from skmia.utils._checks import check_membership_scores
from skmia.utils._constraints import COUNT, ZERO_OR_MORE

N_CANDIDATES = 1000
_COUNTS = ("true_positives", "false_negatives", "false_positives", "true_negatives")


@metric(**dict.fromkeys(_COUNTS, ZERO_OR_MORE))
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
    that the counts are compatible with perfect privacy; a value above the epsilon claimed refutes
    the claim. The counts must come from independent trials and from a threshold fixed beforehand:
    the best of many thresholds on the same records is no bound, see :func:`epsilon_lower_bound`.

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

    Returns
    -------
    Estimate
        The lower bound, at least 0; it is `low` too, and `high` is infinity, since nothing is known
        from above. `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If there is no member or no non-member, or a parameter is out of its range.

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
    # nobody called a member, those who were, and everybody
    true_positives = np.array([0, true_positives, n_members])
    false_positives = np.array([0, false_positives, n_nonmembers])
    curve = Curve(np.array([np.inf, 1, 0]), true_positives, false_positives)
    return epsilon_of(curve, delta, 1, confidence_level, None)


@metric()
def epsilon_lower_bound(
    membership, scores, *, delta=0.0, threshold=None, confidence_level=0.95, random_state=None
):
    r"""Return a lower confidence bound on epsilon from attack scores.

    It is that of :func:`epsilon_from_counts`, where scores :math:`s \ge t` call a record a member.
    Without a threshold, the :math:`t` of the largest bound is chosen on a random half of the
    members and of the non-members, and the bound comes from the other half, which pays for the
    search. 0 means compatible with perfect privacy.

    The bound takes records as independent trials of the mechanism, each with its own training run.
    The records of a single run are not: there :func:`one_run_epsilon` is the valid bound, if each
    record was included by a coin of its own, and this one is only indicative.

    Parameters
    ----------
    threshold : float or None, default=None
        Records with a score of at least the threshold are called members; it must have been fixed
        without these records. None chooses it on a half of them.
    random_state : int, RandomState instance or None, default=None
        Draws the half on which the threshold is chosen.

    Returns
    -------
    Estimate
        The lower bound, at least 0; it is `low` too, and `high` is infinity, since nothing is known
        from above. `method` says where the bound comes from.

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
    limits = "one-sided Clopper-Pearson limits"
    if threshold is None:
        limits += " on the half that did not choose the threshold"
        chooser, curve = _half_curves(curve, check_random_state(random_state))
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


def _half_curves(curve, rng):
    """Split members and non-members at random into two curves with the same thresholds."""
    members, nonmembers = curve.blocks()
    true_positives = np.append(0, np.cumsum(_half(members, rng)))
    false_positives = np.append(0, np.cumsum(_half(nonmembers, rng)))
    chosen = Curve(curve.thresholds, true_positives, false_positives)
    others = (whole - part for whole, part in zip(curve[1:], chosen[1:], strict=True))
    return chosen, Curve(curve.thresholds, *others)


def _half(counts, rng):
    """Return how many of each block are in a random half of all."""
    blocks = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return np.bincount(blocks[: len(blocks) // 2], minlength=len(counts))


def _bounds(curve, delta, confidence_level, point):
    """Return the bounds of points of a curve before they are cut off at 0."""
    alpha = (1 - confidence_level) / 2
    n_members, n_nonmembers = curve.sizes
    fnr = clopper_pearson_upper(n_members - curve.true_positives[point], n_members, alpha)
    fpr = clopper_pearson_upper(curve.false_positives[point], n_nonmembers, alpha)
    with np.errstate(divide="ignore"):
        by_member = np.log(np.maximum(1 - fnr - delta, 0)) - np.log(fpr)
        by_nonmember = np.log(np.maximum(1 - fpr - delta, 0)) - np.log(fnr)
    return np.maximum(by_member, by_nonmember)


@metric(n_guesses=COUNT, n_correct=ZERO_OR_MORE)
def one_run_epsilon_from_counts(
    n_records, n_guesses, n_correct, *, delta=0.0, confidence_level=0.95, family="pure"
):
    r"""Return a lower confidence bound on epsilon from guesses about one training run.

    Each of :math:`m` records was included with probability 1/2, independently; an attack made
    :math:`r` guesses of who was, :math:`v` of them right. Under :math:`(\varepsilon, \delta)`
    differential privacy and with :math:`q = e^\varepsilon / (1 + e^\varepsilon)`

    .. math:: P(V \ge v) \le \beta + 2 m \delta \max_{1 \le i \le v}
              \frac{P(\mathrm{Bin}(r, q) \ge v - i) - \beta}{i},
              \qquad \beta = P(\mathrm{Bin}(r, q) \ge v)

    and the bound is the largest epsilon that this refutes. The family "gaussian" converts the
    largest Gaussian trade-off curve that the counts refute to epsilon at ``delta``; it is tighter,
    for mechanisms at least as private as a Gaussian one. 0 means compatible with perfect privacy.

    Parameters
    ----------
    n_records : int
        Records whose inclusion was decided by a coin, at least 1.
    n_guesses : int
        Guesses made, at most ``n_records``. It must have been fixed beforehand.
    n_correct : int
        Guesses that were right, at most ``n_guesses``.

    Returns
    -------
    Estimate
        The lower bound, at least 0; it is `low` too, and `high` is infinity, since nothing is known
        from above. `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or ``delta`` is 0 with the family "gaussian".

    References
    ----------
    .. [1] T. Steinke, M. Nasr and M. Jagielski, "Privacy Auditing with One (1) Training Run",
       NeurIPS 2023, theorem 5.2.
    .. [2] S. Mahloujifar, L. Melis and K. Chaudhuri, "Auditing f-Differential Privacy in One Run",
       arXiv 2410.22235, 2024, algorithm 3.

    Examples
    --------
    >>> from skmia.metrics import one_run_epsilon_from_counts
    >>> round(one_run_epsilon_from_counts(1000, 200, 180, delta=1e-5, family="gaussian"), 3)
    2.901
    """
    _check_at_most("n_guesses", n_guesses, "n_records", n_records)
    _check_at_most("n_correct", n_correct, "n_guesses", n_guesses)
    _check_family(family, delta)
    return _of_guesses((n_records, n_guesses, n_correct), delta, confidence_level, family)


@metric(n_guesses=[*COUNT, None])
def one_run_epsilon(
    membership,
    scores,
    *,
    n_guesses=None,
    delta=0.0,
    confidence_level=0.95,
    family="pure",
    random_state=None,
):
    r"""Return a lower confidence bound on epsilon from the scores of one training run.

    Of :math:`r` guesses, :math:`\lceil r / 2 \rceil` say "member" of the highest scores, the others
    "non-member" of the lowest; records between get no guess. The bound is that of
    :func:`one_run_epsilon_from_counts`; 0 means compatible with perfect privacy.

    **It holds only if each record was included in training with probability 1/2, independently of
    all others**, and if ``n_guesses`` was fixed before anybody saw the scores.

    Parameters
    ----------
    n_guesses : int or None, default=None
        Guesses to make, between 1 and ``n_records``. None guesses all records.
    random_state : int, RandomState instance or None, default=None
        Decides which of several records with equal scores is guessed.

    Returns
    -------
    Estimate
        The lower bound, at least 0; it is `low` too, and `high` is infinity, since nothing is known
        from above. `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, scores are not finite real numbers, the two
        differ in length, a parameter is out of its range, or ``delta`` is 0 for "gaussian".

    References
    ----------
    .. [1] T. Steinke, M. Nasr and M. Jagielski, "Privacy Auditing with One (1) Training Run",
       NeurIPS 2023, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.metrics import one_run_epsilon
    >>> membership = np.tile([1, 0], 100)
    >>> scores = membership + np.linspace(0, 0.5, 200)
    >>> round(one_run_epsilon(membership, scores, n_guesses=100), 2)
    3.49
    """
    _check_family(family, delta)
    membership, scores = check_membership_scores(membership, scores)
    n_records = len(scores)
    n_guesses = n_records if n_guesses is None else n_guesses
    _check_at_most("n_guesses", n_guesses, "the number of records", n_records)
    order = np.lexsort((check_random_state(random_state).random_sample(n_records), scores))
    n_out = n_guesses // 2
    n_correct = n_out - membership[order[:n_out]].sum()
    n_correct += membership[order[n_records - n_guesses + n_out :]].sum()
    counts = n_records, int(n_guesses), int(n_correct)
    return _of_guesses(counts, delta, confidence_level, family)


def _of_guesses(counts, delta, confidence_level, family):
    bound_of = _gaussian_epsilon if family == "gaussian" else _pure_epsilon
    bound = bound_of(*counts, delta, 1 - confidence_level)
    return estimate_of(bound, f"guesses on one run, {family} family")


def _check_at_most(name, count, of_what, most):
    if count > most:
        raise ValueError(f"{name} must be at most {of_what}, {most}, got {count}.")


def _check_family(family, delta):
    if family == "gaussian" and delta == 0:
        raise ValueError(
            "delta must be above 0 with family='gaussian', got 0; a Gaussian mechanism is "
            "(epsilon, 0)-private for no epsilon, give a delta such as 1e-5."
        )


def _pure_epsilon(n_records, n_guesses, n_correct, delta, alpha):
    counts = n_records, n_guesses, n_correct
    return _largest_refuted(lambda epsilon: _pure_p_value(epsilon, *counts, delta) - alpha)


def _pure_p_value(epsilon, n_records, n_guesses, n_correct, delta):
    """Return the probability of as many correct guesses: theorem 5.2 of Steinke et al."""
    rate = expit(epsilon)
    tail = binom.sf(n_correct - 1, n_guesses, rate)
    if delta == 0 or n_correct == 0:
        return tail
    fewer = np.arange(1, n_correct + 1)
    gain = ((binom.sf(n_correct - 1 - fewer, n_guesses, rate) - tail) / fewer).max()
    return min(1.0, tail + 2 * n_records * delta * max(0.0, gain))


def _gaussian_epsilon(n_records, n_guesses, n_correct, delta, alpha):
    counts = n_records, n_guesses, n_correct
    # below 0 where it is refuted
    mu = _largest_refuted(lambda mu: 1.0 - 2.0 * _gaussian_refuted(mu, *counts, alpha))
    return _largest_refuted(lambda epsilon: delta - _gaussian_delta(epsilon, mu)) if mu > 0 else 0.0


def _gaussian_refuted(mu, n_records, n_guesses, n_correct, alpha):
    """Tell whether counts refute mu-Gaussian privacy: algorithm 3 of Mahloujifar et al."""
    r = alpha * n_correct / n_records
    h = alpha * (n_guesses - n_correct) / n_records
    for i in range(n_correct - 1, -1, -1):
        h_next = max(h, ndtr(ndtri(r) - mu))
        if h_next == h:
            break
        r = min(1.0, r + i / (n_guesses - i) * (h_next - h))
        h = h_next
    return r + h > n_guesses / n_records


def _gaussian_delta(epsilon, mu):
    """Return the delta of a mu-Gaussian private mechanism: Dong et al. 2022, corollary 2.13."""
    return ndtr(-epsilon / mu + mu / 2) - exp(epsilon + log_ndtr(-epsilon / mu - mu / 2))


def _largest_refuted(excess):
    """Return where an increasing function crosses 0, or 0 if it is positive from the start."""
    if excess(0.0) > 0:
        return 0.0
    high = 1.0
    while excess(high) <= 0:
        high *= 2
    return brentq(excess, 0.0, high, xtol=1e-9)
