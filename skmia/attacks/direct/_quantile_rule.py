"""The scoring rule of the quantile attack: a signal among its predicted quantiles."""

from numbers import Real

import numpy as np
from scipy.special import logit
from sklearn.utils import check_array
from sklearn.utils.validation import check_consistent_length

from skmia.utils._checks import check_signal
from skmia.utils._constraints import ARRAY, POSITIVE, Numbers, validate_params

__all__ = ["ConformalScale", "quantile_scores"]


@validate_params(
    signal=ARRAY, quantiles=ARRAY, levels=[Numbers(Real, 0, 1, closed="neither")], scale=POSITIVE
)
def quantile_scores(signal, quantiles, levels, *, scale=1.0):
    r"""Return where signals lie among the quantiles that are predicted for them.

    The score is the level of the signal on the logit scale, :math:`\ln \frac{a}{1 - a}`:
    interpolated linearly between neighboring quantiles :math:`q_k` of levels :math:`a_k`, and
    beyond the outer ones continued without end,

    .. math:: \ln \frac{a_K}{1 - a_K} + \frac{s - q_K}{\tau},

    with the signal :math:`s` and the `scale` :math:`\tau`, and below :math:`q_1` likewise. 0 means
    that the signal is the predicted median.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target's answers, higher for members.
    quantiles : array-like of shape (n_records, n_levels)
        Quantiles of the signal that are predicted for each record, if it is no member. Those of a
        record are sorted, so that none crosses another. A signal that is equal to several gets the
        mean of the first and the last.
    levels : array-like of shape (n_levels,)
        Their levels, ascending in (0, 1).
    scale : float, default=1.0
        The unit of what the signal exceeds the outer quantiles by, above 0.

    Returns
    -------
    ndarray of shape (n_records,)
        The scores, unbounded; higher means more likely a member.

    Raises
    ------
    ValueError
        If shapes do not fit, values are not finite, levels are not ascending in (0, 1), or the
        scale is not above 0.

    References
    ----------
    .. [1] M. Bertran, S. Tang, A. Roth, M. Kearns, J. Morgenstern and S. Wu, "Scalable membership
       inference attacks via quantile regression", NeurIPS 2023, section 3. The score form and its
       continuation are ours.

    Examples
    --------
    >>> from skmia.attacks import quantile_scores
    >>> quantile_scores([0.0, 1.0, 5.0], [[0.0, 2.0]] * 3, [0.5, 0.9]).round(2)
    array([0. , 1.1, 5.2])
    """
    signal, levels = check_signal("signal", signal), np.asarray(levels, dtype=np.float64)
    quantiles = check_array(quantiles, dtype="numeric", input_name="quantiles")
    check_consistent_length(signal, quantiles)
    if quantiles.shape[1] != len(levels):
        raise ValueError(
            f"quantiles must have one column for each of the {len(levels)} levels, got "
            f"{quantiles.shape[1]}."
        )
    if (np.diff(levels) <= 0).any():
        raise ValueError(f"levels must ascend, got {levels.tolist()}.")
    return _interpolated(signal.astype(np.float64), np.sort(quantiles, axis=1), levels, scale)


def _interpolated(signal, quantiles, levels, scale):
    heights, rows = logit(levels), np.arange(len(signal))
    last = len(levels) - 1
    below = (quantiles < signal[:, None]).sum(axis=1)
    not_above = (quantiles <= signal[:, None]).sum(axis=1)
    left, right = (below - 1).clip(0), below.clip(max=last)
    q_left, q_right = (quantiles[rows, i].astype(np.float64) for i in (left, right))
    width = np.where(left < right, q_right - q_left, 1)
    share = np.divide(signal - q_left, width, out=np.zeros(len(signal)), where=width > 0)
    inside = heights[left] + share * (heights[right] - heights[left])
    tied = (heights[below.clip(max=last)] + heights[(not_above - 1).clip(0)]) / 2
    outside = heights[right] + (signal - q_right) / scale  # left and right are the same there
    return np.select(
        [not_above > below, (below == 0) | (below > last)], [tied, outside], default=inside
    )


class ConformalScale:
    """Turn values into one minus a p-value, continuously, by values of fresh non-members.

    Of n non-members the k-th smallest value is k / (n + 1), equal ones the mean of their places.
    Between neighbors it is interpolated. Beyond the outermost it approaches 0 and 1 and never gets
    there, so that no two values get the same score.

    Parameters
    ----------
    values : ndarray of shape (n_nonmembers,)
        Values of non-members that whatever made the values has not seen.
    """

    def __init__(self, values):
        self.knots, counts = np.unique(values, return_counts=True)
        places = np.cumsum(counts) - (counts - 1) / 2
        self.n_nonmembers = len(values)
        self.heights = places / (len(values) + 1)

    def __call__(self, values):
        """Return the scores of values, in (0, 1)."""
        scores = np.interp(values, self.knots, self.heights)
        above = 1 + np.maximum(values - self.knots[-1], 0)
        below = 1 + np.maximum(self.knots[0] - values, 0)
        return np.select(
            [above > 1, below > 1],
            [1 - (1 - self.heights[-1]) / above, self.heights[0] / below],
            default=scores,
        )
