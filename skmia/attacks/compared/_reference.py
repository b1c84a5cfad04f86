"""Attacks by the difference from reference models: difficulty calibration, MAST, attack R."""

from functools import partial
from numbers import Real

import numpy as np

from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._sides import (
    best_smoothing,
    block_moments,
    blocks_of,
    check_signals,
    rule_of_shadows,
    smoothed,
)
from skmia.utils._constraints import Names
from skmia.utils._sklearn import Interval, StrOptions


@rule_of_shadows(method=[Names("difficulty", "midpoint", "rank")])
def reference_scores(signal, shadow_signals, in_mask, *, method="difficulty"):
    r"""Return how far each record's signal is above that of reference models.

    .. math:: s - \bar s_{out}

    with the target's signal :math:`s` and the mean :math:`\bar s_{out}` over the shadows that did
    not see the record; `method` has two more.

    Parameters
    ----------
    method : {"difficulty", "midpoint", "rank"}, default="difficulty"
        What is compared:

        - "difficulty": s − mean of the shadows that did not see the record [1]_;
        - "midpoint": s − (mean of those that did not + mean of those that did) / 2 [2]_, the same
          as "difficulty" for records that no shadow saw;
        - "rank": share of the shadows that did not see the record whose signal is lower, ties
          counted half [3]_: one minus a p-value, with as many steps as there are such shadows.

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like. A record that all shadows saw is compared with the mean
        of these; its "rank" is 0.5.

    References
    ----------
    .. [1] L. Watson, C. Guo, G. Cormode and A. Sablayrolles, "On the importance of difficulty
       calibration in membership inference attacks", ICLR 2022.
    .. [2] A. Sablayrolles, M. Douze, C. Schmid, Y. Ollivier and H. Jégou, "White-box vs black-box:
       Bayes optimal strategies for membership inference", ICML 2019. The attack MAST.
    .. [3] J. Ye, A. Maddi, S. Murakonda, V. Bindschaedler and R. Shokri, "Enhanced membership
       inference attacks against machine learning models", CCS 2022. Attack R.

    Examples
    --------
    >>> from skmia.attacks import reference_scores
    >>> shadows, in_mask = [[1.0], [2.0], [5.0]], [[False], [False], [True]]
    >>> for method in ("difficulty", "midpoint", "rank"):
    ...     print(reference_scores([4.0], shadows, in_mask, method=method))
    [2.5]
    [0.75]
    [1.]
    """
    signal, shadow_signals, in_mask = check_signals(signal, shadow_signals, in_mask)
    scores = np.empty(len(signal))
    for block in blocks_of(in_mask.shape):
        given = signal[block], shadow_signals[:, block], in_mask[:, block]
        scores[block] = _METHODS[method](*given)
    return scores


def _difficulty(signal, shadow_signals, in_mask):
    out, seen = block_moments(shadow_signals, in_mask)
    # the mean of a side without shadows is not a number
    return signal - np.where(out.count > 0, out.mean, seen.mean)


def _midpoint(signal, shadow_signals, in_mask):
    out, seen = block_moments(shadow_signals, in_mask)
    # where one side is empty, the other stands for it
    low = np.where(out.count > 0, out.mean, seen.mean)
    return signal - (low + np.where(seen.count > 0, seen.mean, low)) / 2


def _rank(signal, shadow_signals, in_mask):
    lower = np.count_nonzero((shadow_signals < signal) & ~in_mask, axis=0)
    equal = np.count_nonzero((shadow_signals == signal) & ~in_mask, axis=0)
    n_out = np.count_nonzero(~in_mask, axis=0)
    # ties count half, so that they favor neither side; no shadow at all is 0.5 for the same reason
    return np.where(n_out > 0, (lower + equal / 2) / np.maximum(n_out, 1), 0.5)


_METHODS = {"difficulty": _difficulty, "midpoint": _midpoint, "rank": _rank}


class ReferenceAttack(RecordAttack):
    """Compare the target's signal of a record with that of models that did not see the record.

    A confident answer proves little where all models find the record easy. What counts is how far
    the target's signal is above the mean of reference models.

    The attacker knows and has what they do for :class:`LiRA`. Only for `method="midpoint"` must the
    records in question be among those that train the shadows.

    Parameters
    ----------
    method : {"difficulty", "midpoint", "rank"}, default="difficulty"
        What the signal is compared with, see :func:`reference_scores`: the mean of the models that
        did not see the record [1]_; the middle between this mean and that of the models that did
        [2]_; or the signals of the models that did not, among which it has a rank [3]_. There are
        as many ranks as models, too few for a small share of false alarms.
    signal : {"logit_confidence", "confidence", "loss", "margin", "modified_entropy"}, \
            default="logit_confidence"
        The signal, see `skmia.signals`. The authors of [1]_ take the loss.
    smoothing : "auto" or float, default="auto"
        For "logit_confidence", added to each probability before its odds are taken, in [0, 0.5].
        "auto" is 0, unless shadows answer exactly 0 or 1; then it is chosen as in :class:`LiRA`.

    Attributes
    ----------
    smoothing_ : float
        The smoothing in use.

    References
    ----------
    .. [1] L. Watson, C. Guo, G. Cormode and A. Sablayrolles, "On the importance of difficulty
       calibration in membership inference attacks", ICLR 2022.
    .. [2] A. Sablayrolles, M. Douze, C. Schmid, Y. Ollivier and H. Jégou, "White-box vs black-box:
       Bayes optimal strategies for membership inference", ICML 2019.
    .. [3] J. Ye, A. Maddi, S. Murakonda, V. Bindschaedler and R. Shokri, "Enhanced membership
       inference attacks against machine learning models", CCS 2022. Attack R.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import ReferenceAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[:900:2], y[:900:2])
    >>> attack = ReferenceAttack(target, shadows=8, random_state=0).fit(X[900:], y[900:])
    >>> round(attack.score(X[:900], y[:900], [1, 0] * 450), 2)
    0.72
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "method": [StrOptions(set(_METHODS))],
        "signal": [
            StrOptions({"logit_confidence", "confidence", "loss", "margin", "modified_entropy"})
        ],
        "smoothing": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="both")],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        method="difficulty",
        signal="logit_confidence",
        smoothing="auto",
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.shadows = shadows
        self.method = method
        self.signal = signal
        self.smoothing = smoothing
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def _signal(self):
        return self.signal

    @property
    def _is_online(self):
        # the other methods leave out shadows that saw the record
        return self.method == "midpoint"

    def _prepare(self, evidence, stand_ins):
        self.smoothing_ = self.smoothing
        if self.signal != "logit_confidence":
            self.smoothing_ = 0.0  # other signals take no odds
        elif self.smoothing == "auto":
            scores_of = partial(reference_scores, method=self.method)
            self.smoothing_ = best_smoothing(scores_of, evidence, stand_ins)

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        own, shadow_signals = (smoothed(s, self.smoothing_) for s in (own, shadow_signals))
        # a record that no shadow saw has no midpoint
        method = "difficulty" if self._is_online and not online else self.method
        return reference_scores(own, shadow_signals, in_mask, method=method)
