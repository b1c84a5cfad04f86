"""Lower bounds on epsilon from many records of one training run."""

from math import exp

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, log_ndtr, ndtr, ndtri
from scipy.stats import binom
from sklearn.utils import check_random_state

from skmia.metrics._epsilon import estimate_of
from skmia.utils._checks import check_membership_scores
from skmia.utils._constraints import (
    ARRAY,
    CONFIDENCE_LEVEL,
    COUNT,
    DELTA,
    RANDOM_STATE,
    ZERO_OR_MORE,
    Names,
    validate_params,
)


@validate_params(
    n_records=COUNT,
    n_guesses=COUNT,
    n_correct=ZERO_OR_MORE,
    delta=DELTA,
    confidence_level=CONFIDENCE_LEVEL,
    family=[Names("pure", "gaussian")],
)
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

    and the bound is the largest epsilon that this refutes. The family "gaussian" asks which
    Gaussian trade-off curves the counts refute, and converts the curve to epsilon at ``delta``; it
    is tighter, and holds for mechanisms at least as private as a Gaussian one. 0 means that the
    guesses are compatible with perfect privacy.

    Parameters
    ----------
    n_records : int
        Records whose inclusion was decided by a coin, at least 1.
    n_guesses : int
        Guesses made, at most ``n_records``. It must have been fixed beforehand.
    n_correct : int
        Guesses that were right, at most ``n_guesses``.
    delta : float, default=0.0
        The delta of (epsilon, delta)-differential privacy, in [0, 1). The family "gaussian" needs
        one above 0.
    confidence_level : float, default=0.95
        Probability that the bound holds, in (0, 1).
    family : {"pure", "gaussian"}, default="pure"
        Mechanisms considered: all that are (epsilon, delta)-private, or those with a Gaussian
        trade-off curve.

    Returns
    -------
    Estimate
        The lower bound, at least 0. Nothing is known of epsilon from above: `low` is the bound
        itself, `high` is infinity, and `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If a count is not an integer in its range, ``delta`` is not in [0, 1) or is 0 with the
        family "gaussian", ``confidence_level`` is not in (0, 1) or ``family`` is unknown.

    See Also
    --------
    one_run_epsilon : The same from scores.

    References
    ----------
    .. [1] T. Steinke, M. Nasr and M. Jagielski, "Privacy Auditing with One (1) Training Run",
       NeurIPS 2023, theorem 5.2.
    .. [2] S. Mahloujifar, L. Melis and K. Chaudhuri, "Auditing f-Differential Privacy in One Run",
       arXiv 2410.22235, 2024, algorithm 3.

    Examples
    --------
    >>> from skmia.metrics import one_run_epsilon_from_counts
    >>> round(one_run_epsilon_from_counts(1000, 200, 180), 3)
    1.799
    >>> round(one_run_epsilon_from_counts(1000, 200, 180, delta=1e-5, family="gaussian"), 3)
    2.901
    """
    _check_at_most("n_guesses", n_guesses, "n_records", n_records)
    _check_at_most("n_correct", n_correct, "n_guesses", n_guesses)
    _check_family(family, delta)
    counts = n_records, n_guesses, n_correct
    return _bound(counts, delta, confidence_level, family)


@validate_params(
    membership=ARRAY,
    scores=ARRAY,
    n_guesses=[*COUNT, None],
    delta=DELTA,
    confidence_level=CONFIDENCE_LEVEL,
    family=[Names("pure", "gaussian")],
    random_state=RANDOM_STATE,
)
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
    """Return a lower confidence bound on epsilon from the scores of one training run.

    The half of the guesses (one more if odd) with the highest scores says "member", the other half,
    with the lowest scores, says "non-member"; records between get no guess. The bound is that of
    :func:`one_run_epsilon_from_counts`, and 0 means that the guesses are compatible with perfect
    privacy.

    **It holds only if each record was included in training with probability 1/2, independently of
    all others**, and if ``n_guesses`` was fixed before anybody saw the scores.

    Parameters
    ----------
    membership : array-like of shape (n_records,)
        1 for a member, 0 for a non-member.
    scores : array-like of shape (n_records,)
        Attack scores, higher for records more likely to be members.
    n_guesses : int or None, default=None
        Guesses to make, between 1 and ``n_records``. None guesses all records.
    delta : float, default=0.0
        The delta of (epsilon, delta)-differential privacy, in [0, 1). The family "gaussian" needs
        one above 0.
    confidence_level : float, default=0.95
        Probability that the bound holds, in (0, 1).
    family : {"pure", "gaussian"}, default="pure"
        Mechanisms considered, see :func:`one_run_epsilon_from_counts`.
    random_state : int, RandomState instance or None, default=None
        Decides which of several records with equal scores is guessed, never their membership or
        their position.

    Returns
    -------
    Estimate
        The lower bound, at least 0. Nothing is known of epsilon from above: `low` is the bound
        itself, `high` is infinity, and `method` says where the bound comes from.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, scores are not finite real numbers, the two
        differ in length, ``n_guesses`` is not between 1 and the number of records, ``delta`` is
        not in [0, 1) or is 0 with the family "gaussian", ``confidence_level`` is not in (0, 1) or
        ``family`` is unknown.

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
    return _bound(counts, delta, confidence_level, family)


def _bound(counts, delta, confidence_level, family):
    bound = FAMILIES[family](*counts, delta, 1 - confidence_level)
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
    def excess(epsilon):
        return _pure_p_value(epsilon, n_records, n_guesses, n_correct, delta) - alpha

    return _largest_refuted(excess)


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
    def excess(mu):
        return -1.0 if _gaussian_refuted(mu, n_records, n_guesses, n_correct, alpha) else 1.0

    mu = _largest_refuted(excess)

    def delta_excess(epsilon):
        return delta - _gaussian_delta(epsilon, mu)

    return _largest_refuted(delta_excess) if mu > 0 else 0.0


def _gaussian_refuted(mu, n_records, n_guesses, n_correct, alpha):
    """Tell whether the counts refute mu-Gaussian privacy: algorithm 3 of Mahloujifar et al."""
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


FAMILIES = {"gaussian": _gaussian_epsilon, "pure": _pure_epsilon}
