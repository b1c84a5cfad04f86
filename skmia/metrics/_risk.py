"""Validation of a risk: does P(member) = 0.7 mean that 70 % are members."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils import check_consistent_length

from skmia._result import Result
from skmia.metrics._intervals import clopper_pearson
from skmia.metrics._parameters import metric
from skmia.utils._checks import check_membership, check_reals
from skmia.utils._constraints import ARRAY, COUNT


@dataclass(frozen=True, repr=False, eq=False)
class RiskReliability(Result):
    """How a risk of membership goes with the fraction of members, bin by bin.

    Attributes
    ----------
    brier_score : float
        Mean squared error of the risk, in [0, 1]; 0 is perfect.
    expected_calibration_error : float
        Mean distance of risk and fraction of members, in [0, 1]; 0 is perfect.
    bin_edges : ndarray of shape (n_bins + 1,)
        Ends of the bins.
    n_records : ndarray of shape (n_bins,)
        Records in each bin.
    mean_risk, member_fraction : ndarray of shape (n_bins,)
        Of each bin, NaN in empty ones.
    low, high : ndarray of shape (n_bins,)
        The Clopper-Pearson interval of the fraction of members, NaN in empty bins.

    Examples
    --------
    >>> from skmia.metrics import risk_reliability
    >>> risk_reliability([1, 1, 1, 0, 0], [0.8, 0.8, 0.8, 0.8, 0.1], n_bins=2).member_fraction
    array([0.  , 0.75])
    """

    brier_score: float
    expected_calibration_error: float
    bin_edges: np.ndarray
    n_records: np.ndarray
    mean_risk: np.ndarray
    member_fraction: np.ndarray
    low: np.ndarray
    high: np.ndarray

    _rows = ("n_records", "mean_risk", "member_fraction", "low", "high")


@metric(risk=ARRAY, n_bins=COUNT)
def risk_reliability(membership, risk, *, n_bins=10, confidence_level=0.95):
    r"""Compare a risk of membership with the fraction of members that it goes with.

    .. math:: \mathrm{ECE} = \sum_b \frac{n_b}{n} \left|\bar{r}_b - \bar{m}_b\right|, \qquad
              \mathrm{Brier} = \frac{1}{n} \sum_i (r_i - m_i)^2

    where :math:`r_i` is the risk of record :math:`i`, :math:`m_i` its membership, and the bars are
    means over the :math:`n_b` records of bin :math:`b`; the bins divide [0, 1] evenly. 0 is
    perfect for both. A constant risk of 0.5 has a Brier score of 0.25.

    Parameters
    ----------
    risk : array-like of shape (n_records,)
        Probability that the record is a member, in [0, 1].
    n_bins : int, default=10
        Number of bins, at least 1.

    Returns
    -------
    RiskReliability
        Both numbers, and the bins that they are made of.

    Raises
    ------
    ValueError
        If membership is not 0 and 1 with both present, risk is not in [0, 1], the two differ in
        length, or another parameter is out of its range.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic Evaluation of Privacy Risks of Machine Learning
       Models", USENIX Security 2021, section 5.
    .. [2] C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger, "On Calibration of Modern Neural
       Networks", ICML 2017, equation 3.

    Examples
    --------
    >>> from skmia.metrics import risk_reliability
    >>> report = risk_reliability([1, 1, 1, 0, 0], [0.8, 0.8, 0.8, 0.8, 0.1], n_bins=2)
    >>> round(report.brier_score, 3)
    0.154
    """
    check_consistent_length(membership, risk)
    membership = check_membership(membership)
    risk = check_reals("risk", risk)
    if risk.min() < 0 or risk.max() > 1:
        raise ValueError(
            f"risk must lie in [0, 1], got values from {risk.min():g} to {risk.max():g}; "
            "a risk is a probability, an attack's raw scores are not."
        )
    bins = _bins(membership, risk, n_bins, 1 - confidence_level)
    gaps = np.abs(bins["mean_risk"] - bins["member_fraction"])
    return RiskReliability(
        # scikit-learn's brier_score_loss holds seven arrays as long as the records
        brier_score=float(np.mean(np.square(risk - membership))),
        expected_calibration_error=float(np.nansum(bins["n_records"] * gaps) / len(risk)),
        **bins,
    )


def _bins(membership, risk, n_bins, alpha):
    edges = np.linspace(0, 1, n_bins + 1)
    place = np.clip(np.searchsorted(edges, risk, side="right") - 1, 0, n_bins - 1)
    n_records = np.bincount(place, minlength=n_bins)
    n_members = np.bincount(place, membership, minlength=n_bins).astype(np.int64)
    some = np.where(n_records > 0, n_records, np.nan)
    low, high = clopper_pearson(n_members, n_records, alpha)
    return {
        "bin_edges": edges,
        "n_records": n_records,
        "mean_risk": np.bincount(place, risk, minlength=n_bins) / some,
        "member_fraction": n_members / some,
        "low": np.where(n_records > 0, low, np.nan),
        "high": np.where(n_records > 0, high, np.nan),
    }
