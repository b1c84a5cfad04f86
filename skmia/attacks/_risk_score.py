"""The privacy risk score: the probability that a record is a member, from histograms per class."""

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_consistent_length

from skmia.utils._checks import check_membership, check_signal, check_y_index
from skmia.utils._constraints import ARRAY, ARRAY_OR_NONE, BOOLEAN, COUNT, Names, validate_params

_LOWEST = 1e-10  # on a logarithmic scale smaller values count as this one


class RiskHistogram:
    """Class-wise histograms of members and non-members, and the risk in each of their bins.

    `values` are of records with known membership. The last row stands for all classes together. It
    serves unknown labels, −1 in `y_index`, and classes without members or without non-members.
    """

    def __init__(self, values, membership, y_index, n_classes, *, n_bins, log_scale, prior):
        self.log_scale = log_scale
        values = self._scale(values)
        member = np.asarray(membership).astype(bool)
        known = y_index >= 0
        by_class = _histograms(
            values[known], member[known], y_index[known], n_classes, n_bins, log_scale
        )
        overall = _histograms(values, member, np.zeros_like(y_index), 1, n_bins, log_scale)
        self.edges, n_in, n_out = (
            np.vstack(tables) for tables in zip(by_class, overall, strict=True)
        )
        lacking = (n_in.sum(axis=1) == 0) | (n_out.sum(axis=1) == 0)
        for table in (self.edges, n_in, n_out):
            table[lacking] = table[-1]
        self.risk = _bin_risk(n_in, n_out, prior)

    def __call__(self, values, y_index):
        """Return the risk of each record, in [0, 1]."""
        rows = np.where(y_index < 0, len(self.risk) - 1, y_index)
        return self.risk[rows, _bins(self._scale(values), rows, self.edges)]

    def _scale(self, values):
        # a copy: the authors' code clips the caller's array in place
        return np.maximum(values, _LOWEST) if self.log_scale else np.asarray(values)


def _histograms(values, member, rows, n_rows, n_bins, log_scale):
    """Return the edges of each row and its counts of members and non-members per bin."""
    # edges over members and non-members together, so that both are counted in the same bins
    low, high = np.full(n_rows, np.inf), np.full(n_rows, -np.inf)
    np.minimum.at(low, rows, values)
    np.maximum.at(high, rows, values)
    empty = low > high
    low[empty] = high[empty] = 1  # any number with a logarithm; the row of all replaces it
    if log_scale:
        edges = (10 ** np.linspace(*np.log10([low, high]), n_bins + 1)).T
    else:
        edges = np.linspace(low, high, n_bins + 1).T
    cells = rows * n_bins + _bins(values, rows, edges)
    counts = [
        np.bincount(cells[side], minlength=n_rows * n_bins).reshape(n_rows, n_bins)
        for side in (member, ~member)
    ]
    return edges, *counts


def _bins(values, rows, edges):
    """Return each value's bin: the last with its lower edge ≤ the value, the outer ones beyond."""
    bins = np.zeros(len(values), dtype=np.intp)
    # bin by bin, as rows have different edges; the outer two bins are open
    for inner in edges.T[1:-1]:
        bins += values >= inner[rows]
    return bins


def _bin_risk(n_in, n_out, prior):
    """Return P(member | bin); an empty bin takes the nearest filled one, left before right."""
    # shares of each side, not counts: only the prior says how common members are
    shares = [
        weight * counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        for weight, counts in ((prior, n_in), (1 - prior, n_out))
    ]
    filled = n_in + n_out > 0
    n_bins = filled.shape[1]
    bins = np.arange(n_bins)
    # distance to each other bin, a left neighbor before the right one at the same distance
    distance = 2 * np.abs(bins[:, None] - bins) - (bins < bins[:, None])
    cost = np.where(filled[:, None, :], distance, 2 * n_bins)
    nearest = cost.argmin(axis=2)
    share_in, share_out = (np.take_along_axis(share, nearest, axis=1) for share in shares)
    total = share_in + share_out
    # without any calibration record nothing is learned beyond the prior
    return np.divide(share_in, total, out=np.full_like(total, prior), where=total > 0)


@validate_params(
    signal=ARRAY,
    calibration_signal=ARRAY,
    calibration_membership=ARRAY,
    calibration_y_index=ARRAY_OR_NONE,
    n_bins=COUNT,
    log_scale=[*BOOLEAN, Names("auto")],
)
def privacy_risk_scores(
    signal,
    calibration_signal,
    calibration_membership,
    *,
    y_index=None,
    calibration_y_index=None,
    n_bins=5,
    log_scale="auto",
    prior=0.5,
):
    """Return the privacy risk score of records: the posterior probability of membership.

    r = π h_in / (π h_in + (1 − π) h_out), where h_in and h_out are the shares of the calibration
    members and non-members of the record's class that fall into the record's bin, and π the prior.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        A signal of the records, such as `skmia.signals.modified_entropy`, the authors' choice.
    calibration_signal, calibration_membership : array-like of shape (n_calibration,)
        The signal of records of known membership, 1 or 0, of a shadow model or the target itself.
    y_index : array-like of shape (n_records,), default=None
        Class of each record, −1 for an unknown one. By default all records are of one class.
    calibration_y_index : array-like of shape (n_calibration,), default=None
        Class of each calibration record; needed if `y_index` is given.
    n_bins : int, default=5
        Number of bins per class.
    log_scale : bool or "auto", default="auto"
        Whether bins are equally wide in the logarithm of the absolute value, at least 1e-10, or in
        the signal itself. "auto" takes the logarithm where no calibration signal is above 0, as
        with the entropies and losses of `skmia.signals`.
    prior : float, default=0.5
        Probability of membership before anything is seen, in (0, 1).

    Returns
    -------
    ndarray of shape (n_records,)
        The risk of each record, in [0, 1].

    Raises
    ------
    ValueError
        If lengths differ, signals are not finite, or of both signs on a logarithmic scale, only one
        of the two class indices is given, members or non-members are missing, or an option is out
        of its range.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. The privacy risk score.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.attacks import privacy_risk_scores
    >>> losses = [0.01, 0.02, 0.5, 1.0]
    >>> privacy_risk_scores([-0.01, -0.9], np.negative(losses), [1, 1, 1, 0], n_bins=2)
    array([1.        , 0.25])
    """
    if (y_index is None) != (calibration_y_index is None):
        raise ValueError("Give both y_index and calibration_y_index, or neither.")
    if y_index is None:
        y_index = np.zeros(len(signal), dtype=int)
        calibration_y_index = np.zeros(len(calibration_signal), dtype=int)
    arrays = [check_signal("signal", signal), check_y_index("y_index", y_index)]
    calibration = [
        check_signal("calibration_signal", calibration_signal),
        column_or_1d(calibration_membership),
        check_y_index("calibration_y_index", calibration_y_index),
    ]
    check_consistent_length(*arrays)
    check_consistent_length(*calibration)
    arrays[0], calibration[0], log_scale = _on_scale(arrays[0], calibration[0], log_scale)
    calibration[1] = check_membership(calibration[1])
    n_classes = 1 + max(index.max(initial=0) for index in (arrays[1], calibration[2]))
    histogram = RiskHistogram(
        *calibration, n_classes, n_bins=n_bins, log_scale=log_scale, prior=prior
    )
    return histogram(*arrays)


def _on_scale(signal, calibration_signal, log_scale):
    """Return both signals as they are put into bins, and whether by their logarithm."""
    if log_scale == "auto":
        log_scale = calibration_signal.max() <= 0
    if not log_scale or min(signal.min(initial=0), calibration_signal.min()) >= 0:
        return signal, calibration_signal, log_scale
    if max(signal.max(initial=0), calibration_signal.max()) > 0:
        raise ValueError(
            "Signals of both signs have no logarithm. Set log_scale=False or give one sign."
        )
    return -signal, -calibration_signal, log_scale
