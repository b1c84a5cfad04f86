"""The robust attack of Zarifzadeh et al. (2024), and BASE (2025), which needs no population."""

from numbers import Real

import numpy as np

from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._sides import (
    LEAST_CONFIDENCE,
    best_choice,
    block_moments,
    blocks_of,
    check_confidence,
    rule_of_shadows,
    tempered_confidence,
)
from skmia.utils._constraints import ARRAY, ARRAY_OR_NONE, POSITIVE, SHARE
from skmia.utils._sklearn import Interval, StrOptions

_UNTUNED = 0.3  # the published slope for CIFAR-10, where no shadows can be held out
_SLOPES = tuple(np.linspace(0, 1, 11).round(1).tolist())  # to choose from, as Privacy Meter does


@rule_of_shadows(
    population_confidence=ARRAY,
    population_shadow_confidence=ARRAY,
    offline_a=SHARE,
    gamma=POSITIVE,
    population_in_mask=ARRAY_OR_NONE,
)
def rmia_scores(
    confidence,
    shadow_confidence,
    in_mask,
    population_confidence,
    population_shadow_confidence,
    *,
    offline_a=0.3,
    gamma=1.0,
    online=True,
    population_in_mask=None,
):
    """Return the share of the population that each record dominates by its likelihood ratio.

    score(x) = share of the population's z with r(x) / r(z) > γ, where r(x) = p(x | θ) / p(x). Here
    p(x | θ) is the target's confidence in the true label, and p(x) its mean among models that were
    and models that were not trained on x. 0 means no z, 1 means all of them.

    Online, p(x) = (p_in(x) + p_out(x)) / 2, half the mean over the shadows that saw x plus half the
    mean over those that did not. A record that all shadows saw, and a z that none saw, has the mean
    over all shadows.

    Offline, and for each x that no shadow saw, the line p_in = a p_out + 1 − a stands for the
    former, so that p(x) = ((1 + a) p_out(x) + 1 − a) / 2. The same holds for all z that x is
    compared with. For a record that all shadows saw, the line gives p_out from p_in.

    Parameters
    ----------
    population_confidence : array-like of shape (n_population,)
        The target's confidences for records of the population that it was not trained on.
    population_shadow_confidence : array-like of shape (n_shadows, n_population)
        The shadows' confidences for these.
    offline_a : float, default=0.3
        Slope of the line, in [0, 1]: 1 if training on a record changes nothing, 0 if it makes any
        answer certain.
    gamma : float, default=1.0
        By how much a record must dominate; above 0. It is 2 in the paper.
    population_in_mask : array-like of bool, shape (n_shadows, n_population), default=None
        Which shadows saw which records of the population. By default none saw any.

    Returns
    -------
    ndarray of shape (n_records,)
        Scores in [0, 1]; higher is more member-like.

    References
    ----------
    .. [1] S. Zarifzadeh, P. Liu and R. Shokri, "Low-cost high-power membership inference attacks",
       ICML 2024. Sections 3 and 4.

    Examples
    --------
    >>> from skmia.attacks import rmia_scores
    >>> population, of_shadows = [0.8, 0.5, 0.3], [[0.7, 0.6, 0.5], [0.6, 0.4, 0.3]]
    >>> rmia_scores([0.9], [[0.5], [0.6]], [[False], [False]], population, of_shadows)
    array([1.])
    """
    given = check_confidence(confidence, shadow_confidence, in_mask)
    if population_in_mask is None:  # the population is foreign to all shadows
        population_in_mask = np.zeros(np.shape(population_shadow_confidence), dtype=bool)
    population = check_confidence(
        population_confidence, population_shadow_confidence, population_in_mask, "population_"
    )
    if len(given[1]) != len(population[1]):
        raise ValueError(
            "The same shadows must answer for the records and the population, got "
            f"{len(given[1])} and {len(population[1])} of them."
        )
    shares = []
    for form in (False, True) if online else (False,):
        ratios = _likelihood_ratios(*given, offline_a=offline_a, online=form)
        of_population = _population_ratios(population, offline_a, online=form)
        shares.append(_population_share(ratios, of_population, gamma))
    return np.where(given[2].any(axis=0), shares[-1], shares[0])


def _likelihood_ratios(confidence, shadow_confidence, in_mask, *, offline_a, online):
    """Return each record's confidence over its mean among models in and out, see `rmia_scores`."""
    ratios = np.empty(len(confidence))
    for block in blocks_of(in_mask.shape):
        sides = block_moments(shadow_confidence[:, block], in_mask[:, block])
        out, seen = (np.where(side.count > 0, side.mean, 0.0) for side in sides)
        # p_in = a p_out + 1 - a; for a record that all shadows saw, the line read the other way
        inverted = np.maximum(seen + offline_a - 1, 0) / offline_a if offline_a > 0 else seen
        out = np.where(sides[0].count > 0, out, inverted)
        expected = ((1 + offline_a) * out + 1 - offline_a) / 2
        if online:
            both = np.where(sides[0].count > 0, (out + seen) / 2, seen)
            expected = np.where(sides[1].count > 0, both, expected)
        # a mean of zeros must not give an infinite ratio
        ratios[block] = confidence[block] / np.maximum(expected, LEAST_CONFIDENCE)
    return ratios


def _population_ratios(population, offline_a, *, online):
    # with the slope 1, a record that no shadow saw has the mean over all shadows
    slope = 1 if online else offline_a
    return np.sort(_likelihood_ratios(*population, offline_a=slope, online=online))


def _population_share(ratios, population_ratios, gamma):
    """Return the share of the sorted population ratios that each ratio dominates."""
    # "left" counts those that are smaller, without ties
    dominated = np.searchsorted(gamma * population_ratios, ratios, side="left")
    return dominated / len(population_ratios)


class RMIA(RecordAttack):
    """Robust attack: compare the likelihood ratio of a record with those of a population.

    The score is the share of the population whose ratio is smaller by more than the factor γ, see
    :func:`rmia_scores`.

    The attacker knows and has what they do for :class:`LiRA`. The records given to `fit`, or the
    non-members among them if their membership is given, are the population. Members in it make all
    scores smaller, but leave their order the same. Offline, a line replaces the models that were
    trained on a record; its slope a is tuned on the shadows.

    Parameters
    ----------
    temperature : float, default=2.0
        Confidences are taken at this temperature T, above 0: 1 / (1 + exp(−φ / T)), where φ are the
        logarithmic odds of the true label. At 1 they are the target's own. A higher T still tells
        answers of overconfident models apart.
    gamma : float, default=1.0
        By how much a record must dominate; above 0. The paper has 2; 1 leaves fewer ties.
    offline_a : "auto" or float, default="auto"
        Slope a of the line p_in = a p_out + 1 − a, in [0, 1]. "auto" takes that of 0, 0.1, ..., 1
        with the best AUC on shadows in the target's place; 0.3 where too few can be held out.

    Attributes
    ----------
    offline_a_ : float
        The slope in use.

    References
    ----------
    .. [1] S. Zarifzadeh, P. Liu and R. Shokri, "Low-cost high-power membership inference attacks",
       ICML 2024.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import RMIA
    >>> X, y = (part[:1000] for part in load_digits(return_X_y=True))
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[::2], y[::2])
    >>> attack = RMIA(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, [1, 0] * 500), 2)
    0.82
    """

    _learns_from_target = True  # its answers to the population
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

    def _prepare(self, evidence, stand_ins):
        self.offline_a_ = self.offline_a
        if self.offline_a == "auto":
            given = self._offline_ratios, evidence, stand_ins
            self.offline_a_ = best_choice(_SLOPES, *given, default=_UNTUNED)

    def _offline_ratios(self, offline_a, own, shadow_signals, in_mask):
        # the ratios have the order of the scores, so that their AUC takes no population
        confidences = self._confidences(own, shadow_signals)
        return _likelihood_ratios(*confidences, in_mask, offline_a=offline_a, online=False)

    def _learn(self, evidence, nonmember):
        """Return the sorted ratios of the population, scored offline and online."""
        others = evidence.of(np.flatnonzero(nonmember))
        population = *self._confidences(others.own[0], others.signals[0]), others.in_mask
        forms = (False, True)
        return [_population_ratios(population, self.offline_a_, online=form) for form in forms]

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        # not by `rmia_scores`, since the population is known and sorted since `fit`
        given = *self._confidences(own, shadow_signals), in_mask
        ratios = _likelihood_ratios(*given, offline_a=self.offline_a_, online=online)
        scores = _population_share(ratios, learned[0], self.gamma)
        if online:
            # online ratios are compared with online ones alone
            seen = in_mask.any(axis=0)
            scores[seen] = _population_share(ratios[seen], learned[1], self.gamma)
        return scores

    def _confidences(self, *signals):
        return [tempered_confidence(values, self.temperature) for values in signals]


@rule_of_shadows(offline_scale=SHARE)
def base_scores(confidence, shadow_confidence, in_mask, *, online=True, offline_scale=0.33):
    """Return the logarithm of each record's confidence over its mean among the shadows.

    score(x) = log p(x | θ) − log p(x), where p(x) is the mean confidence of all shadows. Offline,
    and for a record that no shadow saw, score(x) = log p(x | θ) − s log p_out(x), where p_out is
    the mean of the shadows that did not see x. The online score ranks records as RMIA does, if as
    many shadows saw each record as did not.

    Parameters
    ----------
    offline_scale : float, default=0.33
        The factor s, in [0, 1].

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like. Confidences below 1e-30 count as 1e-30.

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
        Confidences are taken at this temperature, above 0, see :class:`RMIA`.
    offline_scale : float, default=0.33
        Offline, the factor of log p(x), in [0, 1].

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
