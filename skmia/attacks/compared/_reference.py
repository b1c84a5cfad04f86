"""Attacks by the difference from reference models: difficulty calibration, MAST, attack R."""

from numbers import Real

from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._reference_rule import REFERENCE_METHODS, reference_scores
from skmia.attacks.compared._sides import smoothed
from skmia.attacks.compared._tuning import best_smoothing
from skmia.utils._sklearn import Interval, StrOptions

__all__ = ["ReferenceAttack"]


class ReferenceAttack(RecordAttack):
    """Compare the target's signal of a record with that of models that did not see the record.

    A record that all models find easy is no member for being answered with confidence. What counts
    is how far the target's signal is above the mean of reference models.

    The attacker knows the record with its label and sees the target's answer. To prepare he has
    records from the target's distribution, and knows or guesses the type of the target and its
    parameters. He need not know the records in question while he trains his models, but for
    `method="midpoint"`.

    Parameters
    ----------
    target : estimator, default=None
        The fitted classifier under attack: a classifier, a pipeline, a fitted search, anything with
        `predict_proba`, `decision_function` or `predict`. It is never refitted. None makes a
        template.
    shadows : int or ShadowModels, default=16
        Number of clones of the target to train on the records given to `fit`, each on half of them.
        Or shadow models: unfitted ones are cloned and trained, with the target's type where they
        have no estimator; fitted ones are used as they are. Attacks that share fitted ones ask them
        only once for the records that they were fitted on.
    method : {"difficulty", "midpoint", "rank"}, default="difficulty"
        What is compared: the signal with the mean of models that did not see the record [1]_; with
        the middle between these and models that did [2]_, where shadows were trained on the record;
        or its rank among the former [3]_, which has as many steps as there are models, and
        therefore never few false alarms. See :func:`reference_scores`.
    signal : {"logit_confidence", "confidence", "loss", "margin", "modified_entropy"}, \
            default="logit_confidence"
        What is compared, see `skmia.signals`. The authors of [1]_ take the loss.
    smoothing : "auto" or float, default="auto"
        For "logit_confidence", added to each probability before its odds are taken, in [0, 0.5].
        "auto" is 0, unless shadows answer exactly 0 or 1; then it is chosen as in :class:`LiRA`.
    per_class : bool, default=False
        One threshold and one risk histogram per class, else one for all records.
    n_bins : int, default=20
        Bins of the risk histogram, of equally many calibration records.
    prior : float, default=0.5
        Probability of membership before the target is asked, in (0, 1), for `predict_proba`.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        What the target reveals; "auto" takes the first of them that it has. Shadows are asked for
        the same.
    random_state : int, RandomState instance or None, default=None
        Seeds the shadows, and draws the records to calibrate on.
    n_jobs : int, default=None
        Number of shadows trained, and asked, at the same time; then of batches.

    Attributes
    ----------
    shadows_ : ShadowModels
        The fitted shadow models.
    smoothing_ : float
        The smoothing in use.
    classes_ : ndarray of shape (2,)
        0 for non-members and 1 for members: the columns of `predict_proba`.
    target_classes_ : ndarray of shape (n_target_classes,)
        Labels of the target, of the shadows and of the records in `fit`.
    threshold_ : float
        The threshold of all classes together.
    thresholds_ : ndarray of shape (n_target_classes,)
        The threshold of each label.
    n_features_in_ : int
        Number of features of the records in `fit`, where they have such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they have such.

    See Also
    --------
    reference_scores : The scoring rule as a function of arrays.
    LiRA : Takes the spread of the reference models into account as well.

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
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import ReferenceAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> order = np.random.default_rng(0).permutation(len(X))
    >>> members, others, own = np.split(order, [450, 900])
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[members], y[members])
    >>> attack = ReferenceAttack(target, shadows=8, random_state=0).fit(X[own], y[own])
    >>> rows, membership = np.r_[members, others], np.repeat([1, 0], 450)
    >>> round(attack.score(X[rows], y[rows], membership), 2)
    0.77
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "method": [StrOptions(set(REFERENCE_METHODS))],
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
        return self.method == "midpoint"

    def _prepare(self, evidence, stand_ins):
        self.smoothing_ = 0.0
        if self.signal == "logit_confidence":
            self.smoothing_ = self.smoothing
            if self.smoothing == "auto":
                self.smoothing_ = best_smoothing(self._scores_by_method, evidence, stand_ins)

    def _scores_by_method(self, own, shadow_signals, in_mask):
        return reference_scores(own, shadow_signals, in_mask, method=self.method)

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        own, shadow_signals = (smoothed(s, self.smoothing_) for s in (own, shadow_signals))
        method = "difficulty" if self._is_online and not online else self.method
        return reference_scores(own, shadow_signals, in_mask, method=method)
