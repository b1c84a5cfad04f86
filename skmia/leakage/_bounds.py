"""What no attacker can exceed who sees so much leakage."""

from numbers import Real

import numpy as np
from scipy.special import entr, rel_entr

from skmia.utils._constraints import Numbers, validate_params

_BELOW_0 = "max(value, 0) of an estimate below 0"
_LEAKAGE = [Numbers(Real, 0, None, closed="both", example=_BELOW_0, any_shape=True)]
_SMALL = "0.01 for a false positive rate of 1 %"
_RATES = [Numbers(Real, 0, 1, closed="neither", example=_SMALL, any_shape=True)]


def entropy_of(probability):
    """Return the entropy in nats of a bit that is 1 with this probability, at most ln 2."""
    return entr(probability) + entr(1 - np.asarray(probability))


@validate_params(kl=_LEAKAGE, reverse_kl=[*_LEAKAGE, None])
def total_variation_bound(kl, reverse_kl=None):
    r"""Return an upper bound on the total variation from a Kullback-Leibler divergence.

    .. math:: \mathrm{TV}(P_1, P_0) \le \min\left(\sqrt{K / 2}, \sqrt{1 - e^{-K}}\right)

    where :math:`P_1` is the law of what the attacker sees if the record is a member, :math:`P_0` if
    it is not, and :math:`K` the divergence of one from the other in nats. The terms are the
    inequalities of Pinsker, and of Bretagnolle and Huber. The total variation is the largest
    advantage, true minus false positive rate, of any attack on this record. 0 means that no attack
    beats a blind guess, 1 that the bound excludes none.

    Parameters
    ----------
    kl : float or array-like
        :math:`K(P_1 \Vert P_0)` in nats, at least 0; infinity is allowed.
    reverse_kl : float or array-like, default=None
        :math:`K(P_0 \Vert P_1)`. The smaller of both bounds is taken.

    Returns
    -------
    float or ndarray
        The bound, in [0, 1].

    Raises
    ------
    ValueError
        If a divergence is negative or not a number.

    References
    ----------
    .. [1] A. B. Tsybakov, "Introduction to Nonparametric Estimation", 2009, lemmas 2.5, 2.6.
    .. [2] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020. Its abstract relates divergence and success; the
       inequalities here are a reconstruction.

    Examples
    --------
    >>> from skmia.leakage import total_variation_bound
    >>> total_variation_bound([0, 0.5, 2])
    array([0.       , 0.5      , 0.9298735])
    """
    kl = np.asarray(kl, dtype=np.float64)
    if reverse_kl is not None:
        kl = np.minimum(kl, np.asarray(reverse_kl, dtype=np.float64))
    # Pinsker's is the smaller one up to about 1.6 nats, and from 2 on it says nothing
    return np.minimum(np.sqrt(kl / 2), np.sqrt(-np.expm1(-kl)))[()]


@validate_params(kl=_LEAKAGE, reverse_kl=[*_LEAKAGE, None])
def membership_success_bound(kl, reverse_kl=None):
    r"""Return an upper bound on the probability that an attack tells membership of a record right.

    .. math:: \frac{1}{2}\left(1 + \mathrm{TV}(P_1, P_0)\right)

    with :func:`total_variation_bound`, for a record as likely a member as not: it bounds balanced
    accuracy. 0.5 is a blind guess, 1 excludes nothing. :func:`tpr_bound` is for small rates.

    Parameters
    ----------
    kl, reverse_kl : float or array-like
        As in :func:`total_variation_bound`; `reverse_kl` may be None.

    Returns
    -------
    float or ndarray
        The bound, in [0.5, 1].

    Raises
    ------
    ValueError
        If a divergence is negative or not a number.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020, abstract. This form is a reconstruction.

    Examples
    --------
    >>> from skmia.leakage import membership_success_bound
    >>> float(membership_success_bound(0.5))
    0.75
    """
    return (1 + total_variation_bound(kl, reverse_kl)) / 2


@validate_params(mutual_information=_LEAKAGE)
def fano_error_bound(mutual_information, prior=0.5):
    r"""Return a lower bound on the probability that an attack tells membership of a record wrong.

    .. math:: P[\hat{Z} \ne Z] \ge h^{-1}\left(h(\pi) - I\right)

    where :math:`Z` is the membership, :math:`\pi` its prior, :math:`I` the mutual information of
    membership and what the attacker sees, and :math:`h^{-1}` the inverse in [0, 1/2] of the entropy
    :math:`h` of a bit. This is Fano's inequality for two hypotheses. 0 excludes no attack; a blind
    guess has the largest value, the smaller of :math:`\pi` and :math:`1 - \pi`.

    Parameters
    ----------
    mutual_information : float or array-like
        :math:`I` in nats, at least 0. More than :math:`h(\pi)` gives 0.
    prior : float, default=0.5
        Probability that the record is a member, in (0, 1).

    Returns
    -------
    float or ndarray
        The bound, in [0, 0.5].

    Raises
    ------
    ValueError
        If the information is negative or not a number, or ``prior`` not in (0, 1).

    References
    ----------
    .. [1] T. M. Cover and J. A. Thomas, "Elements of Information Theory", 2006, theorem 2.10.1.

    Examples
    --------
    >>> from skmia.leakage import fano_error_bound
    >>> round(float(fano_error_bound(0.25)), 3)
    0.162
    """
    information = np.asarray(mutual_information, dtype=np.float64)
    # the attacker's remaining uncertainty, of which no error is needed once it is 0
    left = np.maximum(entropy_of(prior) - information, 0)
    blind = min(prior, 1 - prior)
    # the mirrored root, so that the end of the bracket that is returned is a bound
    return (blind - root_of(lambda gap: left - entropy_of(blind - gap), 0 * left, blind))[()]


@validate_params(kl=_LEAKAGE, false_positive_rate=_RATES, reverse_kl=[*_LEAKAGE, None])
def tpr_bound(kl, false_positive_rate, reverse_kl=None):
    r"""Return the largest true positive rate that any attack can have at a false positive rate.

    .. math:: \max \left\{b : b \ln\frac{b}{a} + (1 - b) \ln\frac{1 - b}{1 - a} \le K\right\}

    where :math:`a` is the false positive rate, :math:`b` the true positive rate and :math:`K =
    K(P_1 \Vert P_0)` the divergence of what is seen of a member from what is seen of a non-member:
    a decision has no larger divergence than what it is made from. For :math:`K(P_0 \Vert P_1)` the
    same holds with :math:`a` and :math:`b` exchanged. :math:`a` is a blind guess, 1 excludes none.

    Parameters
    ----------
    kl : float or array-like
        As in :func:`total_variation_bound`.
    false_positive_rate : float or array-like
        False positive rates, in (0, 1); broadcast against ``kl``.
    reverse_kl : float or array-like, default=None
        As in :func:`total_variation_bound`.

    Returns
    -------
    float or ndarray
        The bound, in [``false_positive_rate``, 1].

    Raises
    ------
    ValueError
        If a divergence is negative or not a number, or a rate not in (0, 1).

    References
    ----------
    .. [1] T. M. Cover and J. A. Thomas, "Elements of Information Theory", 2006, section 2.8.

    Examples
    --------
    >>> from skmia.leakage import tpr_bound
    >>> tpr_bound(0.5, [0.001, 0.01, 0.1]).round(3)
    array([0.127, 0.222, 0.495])
    """
    kl = np.asarray(kl, dtype=np.float64)
    false_positive_rate = np.asarray(false_positive_rate, dtype=np.float64)
    reverse = np.asarray(0 if reverse_kl is None else reverse_kl, dtype=np.float64)
    try:
        np.broadcast_shapes(kl.shape, false_positive_rate.shape, reverse.shape)
    except ValueError as error:
        raise ValueError(
            "kl, false_positive_rate and reverse_kl must have shapes that go together, got "
            f"{kl.shape}, {false_positive_rate.shape} and {reverse.shape}; give one rate for each "
            "leakage, or a single one."
        ) from error
    bound = _largest_rate(_bit_divergence, kl, false_positive_rate)
    if reverse_kl is not None:
        other = _largest_rate(
            lambda tpr, fpr: _bit_divergence(fpr, tpr), reverse, false_positive_rate
        )
        bound = np.minimum(bound, other)
    return bound[()]


def _largest_rate(divergence, kl, fpr):
    # at the blind guess the divergence is 0, and from there on it grows with the true positive rate
    low = np.broadcast_to(fpr, np.broadcast_shapes(kl.shape, fpr.shape))
    finite = np.minimum(kl, np.finfo(np.float64).max)  # of two infinities there is no difference
    bound = root_of(lambda tpr: divergence(tpr, fpr) - finite, low, 1.0)
    # the root's upper end is a little above the rate that is exact here
    return np.where(kl == 0, fpr, bound)


def _bit_divergence(first, second):
    """Return the divergence of a bit that is 1 with the first probability from the second."""
    return rel_entr(first, second) + rel_entr(1 - first, 1 - second)


def root_of(function, low, high, *, n_steps=100):
    """Return where increasing functions, one for each element, turn positive, or a little above."""
    # Bisection, for many functions at a time: a hundred halvings leave no float in the bracket.
    # The upper end is returned since a bound must not be too small.
    low, high = np.broadcast_arrays(np.asarray(low, float), np.asarray(high, float))
    for _ in range(n_steps):
        middle = (low + high) / 2
        is_above = function(middle) > 0
        low = np.where(is_above, low, middle)
        high = np.where(is_above, middle, high)
    return high
