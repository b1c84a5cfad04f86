"""The robust attack of Zarifzadeh et al. (2024), and its relative BASE."""

from numbers import Real

import numpy as np

from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._rmia_rule import (
    base_scores,
    likelihood_ratios,
    population_share,
    tempered_confidence,
)
from skmia.attacks.compared._tuning import best_choice
from skmia.utils._sklearn import Interval, StrOptions

__all__ = ["BASE", "RMIA"]

_UNTUNED = 0.3  # the published slope for CIFAR-10, where no shadows can be held out
_SLOPES = tuple(np.linspace(0, 1, 11).round(1).tolist())


class RMIA(RecordAttack):
    """Robust attack: compare the likelihood ratio of a record with those of a population.

    A record's likelihood ratio is the target's confidence in it over the mean confidence of models
    that were and that were not trained on it. The score is the share of the population whose ratio
    is smaller by the factor γ at least.

    The attacker knows the record with its label and sees the target's answer. To prepare he has
    records from the target's distribution, of which he takes none for a member: they train the
    shadows and are the population. He knows or guesses the type of the target and its parameters.
    Online, the records in question are among those that train his shadows; offline, models that
    were trained on a record are replaced by a line whose slope a he tunes on his own models.

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
    online : bool, default=True
        Whether shadows that were trained on a record count. Records that none was trained on are
        scored offline in any case, and compared with the population scored in the same way.
    temperature : float, default=2.0
        Confidences are taken at this temperature T, above 0: 1 / (1 + exp(−φ / T)), where φ are the
        logarithmic odds of the true label against all others. At 1 they are the target's own. Above
        it those of models that are too sure of themselves can still be told apart.
    gamma : float, default=1.0
        By how much a record must dominate; above 0. The paper has 2. Since it only moves where the
        scores end in ties at 0 and 1, 1 resolves more of them.
    offline_a : "auto" or float, default="auto"
        Slope a of the line p_in = a p_out + 1 − a, in [0, 1]. "auto" chooses among 0, 0.1, ..., 1
        by the AUC of the attack on shadows in the target's place; 0.3 where too few can be held
        out.
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
    offline_a_ : float
        The slope in use.
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
    rmia_scores : The scoring rule as a function of arrays.
    BASE : The same order of records without a population.
    LiRA : Distributions of the shadows' answers in place of their means.

    Notes
    -----
    The population are the records given to `fit`, with membership those that are not members.
    Should there be members among them, all scores are smaller but their order is the same.

    References
    ----------
    .. [1] S. Zarifzadeh, P. Liu and R. Shokri, "Low-cost high-power membership inference attacks",
       ICML 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import RMIA
    >>> X, y = load_digits(return_X_y=True)
    >>> membership = np.random.default_rng(0).permutation(len(y)) < len(y) / 2
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[membership], y[membership])
    >>> attack = RMIA(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, membership), 2)
    0.78
    """

    _learns_from_target = True  # its population's answers
    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "online": ["boolean"],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "gamma": [Interval(Real, 0, None, closed="neither")],
        "offline_a": [StrOptions({"auto"}), Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        online=True,
        temperature=2.0,
        gamma=1.0,
        offline_a="auto",
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
        self.gamma = gamma
        self.offline_a = offline_a
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
        self.offline_a_ = self.offline_a
        if self.offline_a == "auto":
            self.offline_a_ = best_choice(
                _SLOPES, self._offline_ratios, evidence, stand_ins, default=_UNTUNED
            )

    def _offline_ratios(self, a, own, shadow_signals, in_mask):
        confidences = self._confidences(own, shadow_signals)
        return likelihood_ratios(*confidences, in_mask, a=a, online=False)

    def _learn(self, evidence, nonmember):
        """Return the sorted ratios of the population, scored offline and online."""
        others = evidence.of(np.flatnonzero(nonmember))
        population = *self._confidences(others.own[0], others.signals[0]), others.in_mask
        return [
            np.sort(likelihood_ratios(*population, a=a, online=online))
            for a, online in ((self.offline_a_, False), (1, True))
        ]

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        given = *self._confidences(own, shadow_signals), in_mask
        ratios = likelihood_ratios(*given, a=self.offline_a_, online=online)
        scores = population_share(ratios, learned[0], self.gamma)
        if online:
            seen = in_mask.any(axis=0)
            scores[seen] = population_share(ratios[seen], learned[1], self.gamma)
        return scores

    def _confidences(self, *signals):
        return [tempered_confidence(values, self.temperature) for values in signals]


class BASE(RecordAttack):
    """Compare the confidence in a record with its mean among shadow models.

    score(x) = log p(x | θ) − log p(x), the logarithm of RMIA's likelihood ratio. With shadows that
    saw the record in one half and did not in the other it brings records into the same order as
    RMIA, without a population and without ties at both ends.

    The attacker knows the record with its label and sees the target's answer. To prepare he has
    records from the target's distribution, and knows or guesses the type of the target and its
    parameters. Online, the records in question are among those that train his shadows.

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
    online : bool, default=True
        Whether shadows that were trained on a record count. Records that none was trained on are
        scored offline in any case. Both kinds have thresholds and risks of their own, but their
        scores are not to be compared with each other.
    temperature : float, default=2.0
        Confidences are taken at this temperature T, above 0: 1 / (1 + exp(−φ / T)), where φ are the
        logarithmic odds of the true label against all others. At 1 they are the target's own. Above
        it those of models that are too sure of themselves can still be told apart.
    offline_scale : float, default=0.33
        Offline, the factor of log p(x), in [0, 1].
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
    base_scores : The scoring rule as a function of arrays.
    RMIA : The share of a population that is dominated.

    References
    ----------
    .. [1] "BASE", 2025, arXiv:2505.24089.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import BASE
    >>> X, y = load_digits(return_X_y=True)
    >>> membership = np.random.default_rng(0).permutation(len(y)) < len(y) / 2
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[membership], y[membership])
    >>> attack = BASE(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, membership), 2)
    0.78
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
        temperature=2.0,
        offline_scale=0.33,
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

    @property
    def _is_online(self):
        return self.online

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        confidences = [tempered_confidence(s, self.temperature) for s in (own, shadow_signals)]
        given = *confidences, in_mask
        return base_scores(*given, online=online, offline_scale=self.offline_scale)
