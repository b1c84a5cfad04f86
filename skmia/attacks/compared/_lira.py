"""The likelihood ratio attack of Carlini et al. (2022)."""

from numbers import Real

from skmia.attacks.compared._lira_rule import lira_prior, lira_scores
from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._sides import moments_of, smoothed
from skmia.attacks.compared._tuning import best_smoothing
from skmia.utils._sklearn import Interval, StrOptions

__all__ = ["LiRA"]

_MANY_SHADOWS = 64  # enough for a variance of each record
_MOST_TIED = 0.01  # share of records whose shadows all answer alike


class LiRA(RecordAttack):
    """Likelihood ratio attack: tell answers of models that saw a record from those of others.

    For each record, the target's confidence on the logarithmic scale is compared with two
    distributions: that of shadow models that were trained on the record, and that of those that
    were not. The score is the logarithm of the ratio of their densities, so that above 0 «member»
    is the likelier. For a record that no shadow was trained on there is the second distribution
    alone, and the score says how far above it the answer is.

    The attacker knows the record with its label and sees the target's answer. To prepare he has
    records from the target's distribution, and knows or guesses the type of the target and its
    parameters. Online he trains shadows after he has learned whom to attack: the records in
    question are among those given to `fit`. He need not know a single member.

    Parameters
    ----------
    target : estimator, default=None
        Fitted classifier under attack, anything with `predict_proba`, `decision_function` or
        `predict`. It is never refitted. None makes a template.
    shadows : int or ShadowModels, default=16
        Number of clones of the target to train, each on half of the records given to `fit`. Or
        shadow models: fitted ones are used as they are, and can be shared by several attacks;
        others are cloned and trained, with the target's type where they have no estimator.
    online : bool, default=True
        Whether shadows that were trained on a record count. Records that none was trained on are
        scored offline in any case. Both kinds have thresholds and risks of their own, but their
        scores are not to be compared with each other.
    variance : {"auto", "per_record", "global", "bayesian"}, default="auto"
        How the spread of the signals of one record is learned: from its own signals, from those of
        all records, or as a compromise of both, see :func:`lira_scores`. "auto" is "per_record"
        with 64 shadows or more, else "bayesian", and always "bayesian" where the shadows give the
        same answers to more than 1 % of the records.
    center : {"mean", "median"}, default="mean"
        The center of the signals of one record; not for "bayesian".
    side : {"one", "two"}, default="one"
        Offline, whether signals above those of the shadows alone count, as in the paper, or any
        that are far from them, as in the authors' code.
    smoothing : "auto" or float, default="auto"
        Added to each probability before its odds are taken, in [0, 0.5]. "auto" is 0, unless
        shadows answer exactly 0 or 1. Then the probabilities are shares of votes, of trees or
        neighbors, and half a vote is added at least: half of the smallest other distance to 0 or 1.
        Of this and 0.01, 0.02, 0.05 and 0.1, as far as they are larger, the one with the best AUC
        on shadows in the target's place is taken.
    augmentations : list of callable, default=None
        Functions that take records and return perturbed copies of them, in the same order. Each
        copy is asked for as well, and the score is the mean over all. To keep the score of a record
        independent of others, a function must treat each record alone.
    per_class : bool, default=False
        One threshold and one risk histogram per class, else one for all records.
    n_bins : int, default=20
        Bins of the risk histogram, of equally many calibration records.
    prior : float, default=0.5
        Probability of membership before the target is asked, in (0, 1), for `predict_proba`.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        What target and shadows reveal; "auto" takes the first of these that the target has.
    random_state : int, RandomState instance or None, default=None
        Seeds the shadows, and draws the records to calibrate on.
    n_jobs : int, default=None
        Number of shadows trained, and asked, at the same time; then of batches.

    Attributes
    ----------
    shadows_ : ShadowModels
        The fitted shadow models.
    variance_ : str
        The variance in use.
    smoothing_ : float
        The smoothing in use.
    classes_ : ndarray of shape (2,)
        0 for non-members and 1 for members: the columns of `predict_proba`.
    target_classes_ : ndarray of shape (n_target_classes,)
        Labels of the target, of the shadows and of the records in `fit`.
    threshold_ : float
        The threshold of all classes together, for records that the shadows know.
    thresholds_ : ndarray of shape (n_target_classes,)
        The threshold of each label.
    n_features_in_ : int
        Number of features of the records in `fit`, where they have such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they have such.

    See Also
    --------
    lira_scores : The scoring rule as a function of arrays.
    RMIA : Compares with records of the population; strong with few shadows that saw none of them.
    skmia.shadows.ShadowModels : How shadows are trained, shared, and kept on disk.

    Notes
    -----
    Forests, trees and nearest neighbors answer with few values, and often with exactly 0 or 1,
    whose odds are infinite. The normal distribution then has no meaning for a single record:
    smoothing brings the odds back to a finite scale, and the Bayesian variance does not collapse
    where all shadows agree. Among members for whom the target is as certain as it can be,
    the answers of the shadows make the difference: one whose record is hard for models that did
    not see it is the surer member. This uses nothing but the attacker's own models.

    The shadows and what follows from them (variances, smoothing) are learned in `fit`, so that the
    score of a record does not depend on the others that are scored with it. Without membership,
    thresholds and risks are learned by putting shadows into the target's place, each with its
    counterpart held out; where there are too few for that, or `fit` gets records that fitted
    shadows do not know, on one shadow more. In the latter case all are attacked offline.

    Densities far from all shadows decide nothing: with shadows of another type than the target,
    whose answers are on another scale, `RMIA` and `ReferenceAttack` find more.

    References
    ----------
    .. [1] N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis and F. Tramèr, "Membership inference
       attacks from first principles", IEEE S&P 2022.
    .. [2] R. Brännvall, "BaVarIA", 2026, arXiv:2603.11799. The Bayesian variance.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import LiRA
    >>> X, y = load_digits(return_X_y=True)
    >>> membership = np.random.default_rng(0).permutation(len(y)) < len(y) / 2
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[membership], y[membership])

    The attacker trains shadows on halves of the records in question:

    >>> attack = LiRA(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, membership), 2)
    0.79
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "online": ["boolean"],
        "variance": [StrOptions({"auto", "per_record", "global", "bayesian"})],
        "center": [StrOptions({"mean", "median"})],
        "side": [StrOptions({"one", "two"})],
        "smoothing": [StrOptions({"auto"}), Interval(Real, 0, 0.5, closed="both")],
        "augmentations": [list, tuple, None],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        online=True,
        variance="auto",
        center="mean",
        side="one",
        smoothing="auto",
        augmentations=None,
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
        self.variance = variance
        self.center = center
        self.side = side
        self.smoothing = smoothing
        self.augmentations = augmentations
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def _is_online(self):
        return self.online

    def _prepare(self, evidence, stand_ins):
        self.smoothing_ = self.smoothing
        if self.smoothing == "auto":
            self.smoothing_ = best_smoothing(self._bayesian_scores, evidence, stand_ins)
        self.variance_ = self.variance
        if self.variance == "auto":
            self.variance_, in_mask = "bayesian", evidence.in_mask
            if len(in_mask) >= _MANY_SHADOWS and not self._are_tied(evidence.signals[0], in_mask):
                self.variance_ = "per_record"

    def _bayesian_scores(self, own, shadow_signals, in_mask):
        form = {"online": self.online, "side": self.side}
        return lira_scores(own, shadow_signals, in_mask, variance="bayesian", **form)

    def _are_tied(self, shadow_signals, in_mask):
        sides = moments_of(smoothed(shadow_signals, self.smoothing_), in_mask)
        tied = [side.squares[side.count > 1] < 1e-12 for side in sides]
        return max(side.mean() for side in tied if side.size) > _MOST_TIED

    def _learn(self, evidence, nonmember):
        return lira_prior(smoothed(evidence.signals[0], self.smoothing_), evidence.in_mask)

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        return lira_scores(
            smoothed(own, self.smoothing_),
            smoothed(shadow_signals, self.smoothing_),
            in_mask,
            online=online,
            variance=self.variance_,
            center=self.center,
            side=self.side,
            prior=learned,
        )
