"""P-values of a record's loss among those of models that never saw it, and their combination."""

import numpy as np
from scipy.stats import chi2
from sklearn import get_config
from sklearn.utils import check_array, gen_batches

from skmia.attacks.compared._sides import check_signals, rule_of_shadows
from skmia.utils._constraints import ARRAY, COUNT, validate_params


@rule_of_shadows()
def gmia_p_values(signal, shadow_signals, in_mask):
    r"""Return the p-value of each record's loss among those of models that never saw it.

    .. math:: p(r) = \hat F_r(\ell_t(r)), \qquad
              \hat F_r(\ell) \text{ smooths } \#\{i : \ell_i(r) \le \ell\} / k

    where :math:`\ell_t(r)` is the target's loss on a record r, and
    :math:`\ell_1(r), \dots, \ell_k(r)` are those of the k reference models that were not trained on
    it. Monotone cubics [2]_ interpolate the empirical distribution function through its value at
    each reference loss, as :class:`scipy.interpolate.PchipInterpolator` does. p is 1 / (k + 1)
    below the smallest one, and 1 above the largest. A small p speaks for membership.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        The target's signal, higher for members: the negated loss, as :func:`skmia.signals.loss`
        returns it.
    shadow_signals : array-like of shape (n_shadows, n_records)
        The same signal of each shadow model.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows were trained on which records; the others are a record's references.

    Returns
    -------
    ndarray of shape (n_records,)
        P-values, in (0, 1]. 1 for a record without references.

    References
    ----------
    .. [1] Y. Long et al., "Understanding membership inferences on well-generalized learning
       models", 2018, arXiv:1802.04889. Direct inference.
    .. [2] F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic
       interpolants", SIAM Journal on Scientific and Statistical Computing 5, 1984.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.attacks import gmia_p_values
    >>> references = -np.array([[0.5], [0.75], [1.0], [1.25]])  # negated losses of four shadows
    >>> gmia_p_values([-0.875], references, np.zeros((4, 1), dtype=bool))
    array([0.625])
    """
    if np.asarray(in_mask).dtype != bool:
        raise ValueError(f"in_mask must be bool; got {np.asarray(in_mask).dtype}.")
    signal, shadow_signals, in_mask = check_signals(signal, shadow_signals, in_mask)
    return reference_p_values(-signal.astype(np.float64), shadow_signals, ~in_mask, sign=-1)


def reference_p_values(losses, reference_losses, is_reference, sign=1):
    """Return p-values of checked arrays; `reference_losses` are to be taken times the sign."""
    p_values = np.empty(len(losses))
    # six numbers for each shadow and record are held at the same time, at the most
    size = get_config()["working_memory"] * 2**20 / (8 * 6 * max(len(reference_losses), 1))
    for rows in gen_batches(len(losses), max(int(size), 1)):
        references = sign * reference_losses[:, rows].astype(np.float64, copy=False)
        p_values[rows] = _smoothed_ecdf(losses[rows], references, is_reference[:, rows])
    return p_values


def _smoothed_ecdf(at, values, is_valid):
    """Evaluate the interpolant at each argument, by the two reference values on either side."""
    # ties are one node, which has the largest of their shares: nodes must differ
    n_valid = is_valid.sum(axis=0)
    low, f_low = _next_below(at, values, is_valid, or_equal=True)
    lower, f_lower = _next_below(low, values, is_valid)
    high, f_high = _next_above(at, values, is_valid)
    higher, f_higher = _next_above(high, values, is_valid)
    shares = np.array([f_lower, f_low, f_high, f_higher]) / np.maximum(n_valid, 1)
    with np.errstate(all="ignore"):  # what is not finite stands where there is no interval
        inside = _pchip(at, np.array([lower, low, high, higher]), shares)
    below = ~np.isfinite(low)
    above = ~np.isfinite(high)
    # no extrapolation: the tails are 1, and what one more reference would have
    p = np.where(above, 1.0, np.clip(inside, 0, 1))
    return np.where(below, 1 / (n_valid + 1), p)


def _next_below(at, values, is_valid, or_equal=False):
    """Return the largest value below each argument, and how many are no larger than that."""
    below = is_valid & (values <= at if or_equal else values < at)
    return np.where(below, values, -np.inf).max(axis=0, initial=-np.inf), below.sum(axis=0)


def _next_above(at, values, is_valid):
    """Return the smallest value above each argument, and how many are no larger than that."""
    above = np.where(is_valid & (values > at), values, np.inf).min(axis=0, initial=np.inf)
    return above, (is_valid & (values <= above)).sum(axis=0)


def _pchip(at, nodes, shares):
    """Evaluate a monotone cubic between the second and the third of four nodes."""
    before, width, after = nodes[1:] - nodes[:-1]
    rises = np.diff(shares, axis=0)
    has_before = np.isfinite(before)
    has_after = np.isfinite(after)
    start = np.where(has_before, _inner_slope(before, width, rises[0], rises[1]), 0)
    end = np.where(has_after, _inner_slope(after, width, rises[2], rises[1]), 0)
    start = np.where(has_before, start, _edge_slope(width, after, rises[1], rises[2]))
    end = np.where(has_after, end, _edge_slope(width, before, rises[1], rises[0]))
    is_line = ~has_before & ~has_after  # two nodes
    start = np.where(is_line, rises[1], start)
    end = np.where(is_line, rises[1], end)
    t = (at - nodes[1]) / width
    cubic = rises[1] * (3 - 2 * t) * t**2 + start * t * (1 - t) ** 2 - end * t**2 * (1 - t)
    return shares[1] + cubic


# Slopes are times the width of the interval, and widths relative, so that none overflows.


def _inner_slope(other, width, other_rise, rise):
    """Return the weighted harmonic mean of the slopes on both sides of a node."""
    u = other / (other + width)
    v = width / (other + width)
    return 3 * v / ((2 * v + u) * u / other_rise + (v + 2 * u) * v / rise)


def _edge_slope(width, other, rise, other_rise):
    """Return the slope at the outer node of the first interval, of a parabola through three."""
    u = other / (other + width)
    v = width / (other + width)
    return np.maximum((2 * v + u) * rise - v * (v / u) * other_rise, 0)


@validate_params(p_values=ARRAY, correlation=ARRAY, n_references=[*COUNT, None])
def combine_p_values(p_values, correlation, *, n_references=None):
    r"""Combine dependent p-values into one (Brown's method with Kost and McDermott's covariances).

    .. math:: X = -2 \sum_i \ln p_i, \quad E = 2 m, \quad
              V = 4 m + 2 \sum_{i<j} (3.263 \rho_{ij} + 0.710 \rho_{ij}^2 + 0.027 \rho_{ij}^3)

    where :math:`\rho_{ij}` is the correlation of the statistics behind the m p-values. X is
    compared with :math:`c \chi^2_f`, where c = V / (2 E) and f = 2 E² / V. With a correlation of 0,
    or a negative sum of covariances, this is Fisher's method. With a correlation of 1 it is close
    to the geometric mean.

    Parameters
    ----------
    p_values : array-like of shape (m,) or (m, n_records)
        P-values, in [0, 1].
    correlation : array-like of shape (m, m)
        Correlations of the statistics, in [-1, 1]. The diagonal does not matter.
    n_references : int, default=None
        Number k of references behind each p-value. P-values below 1 / (2 (k + 1)) count as that. By
        default there is no floor, and a p-value of 0 is refused.

    Returns
    -------
    float or ndarray of shape (n_records,)
        The combined p-value; small if some or many of them are.

    Raises
    ------
    ValueError
        If a p-value is not in [0, 1], or is 0 without a floor, or shapes do not fit together.

    References
    ----------
    .. [1] J. T. Kost and M. P. McDermott, "Combining dependent P-values", Statistics & Probability
       Letters 60, 2002.
    .. [2] M. B. Brown, "A method for combining non-independent, one-sided tests of significance",
       Biometrics 31, 1975.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.attacks import combine_p_values
    >>> round(combine_p_values([0.01, 0.02, 0.05], np.full((3, 3), 0.5)), 5)
    0.00818
    """
    p = check_array(p_values, dtype=np.float64, ensure_2d=False, input_name="p_values")
    rho = _checked_correlation(correlation, len(p))
    if n_references is not None:
        p = np.maximum(p, 1 / (2 * (n_references + 1)))
    if not (p.min() > 0 and p.max() <= 1):
        raise ValueError(
            f"p_values must lie in (0, 1], got values from {p.min()} to {p.max()}. With "
            "n_references=k those below 1 / (2 (k + 1)) count as that."
        )
    upper = rho[np.triu_indices(len(p), k=1)]
    # Kost and McDermott's polynomial
    covariances = 3.263 * upper + 0.710 * upper**2 + 0.027 * upper**3
    mean = 2 * len(p)
    # Fisher's variance at least: a negative sum would make p too small
    variance = max(2 * mean + 2 * covariances.sum(), 2 * mean)
    statistic = -2 * np.log(p).sum(axis=0)
    combined = chi2.sf(statistic * 2 * mean / variance, 2 * mean**2 / variance)
    return float(combined) if p.ndim == 1 else combined


def _checked_correlation(correlation, n):
    """Return the correlations of n p-values as a checked matrix."""
    rho = check_array(correlation, dtype=np.float64, input_name="correlation")
    if rho.shape != (n, n):
        raise ValueError(
            f"correlation must have one row and column per p-value, {(n, n)}, got {rho.shape}."
        )
    if np.abs(rho).max(initial=0) > 1 + 1e-6:  # rounding aside
        raise ValueError(
            f"correlation must lie in [-1, 1], got values from {rho.min():.6g} to {rho.max():.6g}; "
            "divide covariances by both standard deviations."
        )
    return rho
