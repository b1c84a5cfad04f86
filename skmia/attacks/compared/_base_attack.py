"""The attack BASE (2025), a relative of RMIA that needs no population."""

from numbers import Real

import numpy as np

from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._sides import (
    LEAST_CONFIDENCE,
    block_moments,
    blocks_of,
    check_confidence,
    tempered_confidence,
)
from skmia.utils._constraints import ARRAY, BOOLEAN, SHARE, validate_params
from skmia.utils._sklearn import Interval


@validate_params(
    confidence=ARRAY, shadow_confidence=ARRAY, in_mask=ARRAY, online=BOOLEAN, offline_scale=SHARE
)
def base_scores(confidence, shadow_confidence, in_mask, *, online=True, offline_scale=0.33):
    """Return the logarithm of each record's confidence over its mean among the shadows.

    score(x) = log p(x | θ) − log p(x), where p(x) is the mean confidence of all shadows. Offline,
    and for a record that no shadow saw, score(x) = log p(x | θ) − s log p_out(x), where p_out is
    the mean of the shadows that did not see x. The online score ranks records as RMIA does, if as
    many shadows saw each record as did not.

    Parameters
    ----------
    confidence : array-like of shape (n_records,)
        The target's confidences in the true labels, in [0, 1].
    shadow_confidence : array-like of shape (n_shadows, n_records)
        The shadows' confidences.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    online : bool, default=True
        Whether the shadows that saw a record count.
    offline_scale : float, default=0.33
        The factor s, in [0, 1].

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like. Confidences below 1e-30 count as 1e-30.

    Raises
    ------
    ValueError
        If shapes do not fit, or a confidence or a parameter is out of its range.

    References
    ----------
    .. [1] "BASE", 2025, arXiv:2505.24089.

    Examples
    --------
    >>> from skmia.attacks import base_scores
    >>> base_scores([0.9, 0.4], [[0.9, 0.4], [0.5, 0.4]], [[True, True], [False, False]])
    array([0.25131443, 0.        ])
    """
    confidence, of_shadows, in_mask = check_confidence(confidence, shadow_confidence, in_mask)
    own = np.log(np.maximum(confidence, LEAST_CONFIDENCE, dtype=np.float64))
    scores = np.empty(len(own))
    for block in blocks_of(in_mask.shape):
        out, seen = block_moments(of_shadows[:, block], in_mask[:, block])
        # the mean of a side without shadows is not a number, and has no weight
        means = [np.where(side.count > 0, side.mean, 0.0) for side in (out, seen)]
        overall = np.average(means, axis=0, weights=[out.count, seen.count])
        # a record that all shadows saw has their mean
        offline = np.where(out.count > 0, means[0], overall)
        scores[block] = own[block] - offline_scale * np.log(np.maximum(offline, LEAST_CONFIDENCE))
        if online:
            # a record that no shadow saw keeps its offline score
            ratio = own[block] - np.log(np.maximum(overall, LEAST_CONFIDENCE))
            scores[block] = np.where(seen.count > 0, ratio, scores[block])
    return scores


class BASE(RecordAttack):
    """Compare the confidence in a record with its mean among shadow models.

    score(x) = log p(x | θ) − log p(x), the logarithm of RMIA's likelihood ratio, see
    :func:`base_scores`. It needs no population, and has no ties at both ends. The attacker knows
    and has what they do for :class:`LiRA`.

    Parameters
    ----------
    temperature : float, default=2.0
        Confidences are taken at this temperature, above 0, see :class:`RMIA`. At 1 they are the
        target's own.
    offline_scale : float, default=0.33
        Offline, the factor of log p(x), in [0, 1].

    See Also
    --------
    RMIA : The share of a population that is dominated.

    References
    ----------
    .. [1] "BASE", 2025, arXiv:2505.24089.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import BASE
    >>> X, y = (part[:1000] for part in load_digits(return_X_y=True))
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[::2], y[::2])
    >>> attack = BASE(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, [1, 0] * 500), 2)
    0.82
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "online": ["boolean"],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "offline_scale": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        online=True,
        temperature=2.0,  # as in BASE's published code
        offline_scale=0.33,  # likewise
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.shadows = shadows
        self.online = online
        self.temperature = temperature
        self.offline_scale = offline_scale
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        # from logarithmic odds, so that any temperature can be taken without asking again
        confidences = [tempered_confidence(s, self.temperature) for s in (own, shadow_signals)]
        return base_scores(*confidences, in_mask, online=online, offline_scale=self.offline_scale)
