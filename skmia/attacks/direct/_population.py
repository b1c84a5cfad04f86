"""The population attack of Ye et al. (2022), attack P: non-members set the bar."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmia._response import label_index
from skmia.attacks._base import ResponseAttack
from skmia.attacks._shadows import train_shadow
from skmia.attacks.direct._nonmembers import NonmembersAttack
from skmia.signals import get_signal
from skmia.utils._checks import check_signal, check_y_index
from skmia.utils._constraints import ARRAY, ARRAY_OR_NONE, validate_params


class PopulationAttack(NonmembersAttack, ResponseAttack):
    """Compare the target's answer to a record with its answers to records that are no members.

    The attack score is the share of non-members, the population, whose signal is lower. One minus
    the score is a p-value of the hypothesis that the record is no member. A threshold of 1 − α
    therefore gives a false positive rate of α, without any known member or shadow model.

    The attacker knows the record with its label and sees the target's answer. They have labeled
    records from the target's distribution that are no members: all records of `fit`, or those with
    membership 0. Without membership there must be no members among them: these raise the bar, so
    that the attack finds less.

    Parameters
    ----------
    by_class : bool, default=True
        Whether a record is compared with the population of its class only. A record of an unknown
        class, or of a class without a population, is compared with all.

    Attributes
    ----------
    n_population_ : ndarray of shape (n_target_classes,)
        Number of records in the population that a record of each class is compared with.

    Notes
    -----
    With `by_class=False`, as in [1]_, the score ranks records as the signal does. By class it ranks
    them better where models are more sure of some classes: on Adult the AUC rises from 0.578 to
    0.592 against boosted trees, and from 0.649 to 0.665 against a random forest.

    The threshold of `false_positive_rate` needs no calibration. The risk, and the threshold without
    a rate, need members: those given to `fit`, or those of one shadow model.

    If no signals are equal, the rate with n non-members is at most α, and less than 1 / (n + 1)
    below it. Of many equal signals, as a decision tree gives them, each counts half, and the rate
    can reach twice α.

    References
    ----------
    .. [1] J. Ye, A. Maddi, S. K. Murakonda, V. Bindschaedler and R. Shokri, "Enhanced membership
       inference attacks against machine learning models", CCS 2022, section 4.2, attack P.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.ensemble import GradientBoostingClassifier
    >>> from skmia.attacks import PopulationAttack
    >>> X, y = make_classification(3000, flip_y=0.3, random_state=0)
    >>> members, others, own = np.split(np.arange(3000), [300, 1300])
    >>> target = GradientBoostingClassifier(random_state=0).fit(X[members], y[members])
    >>> attack = PopulationAttack(target, false_positive_rate=0.1, random_state=0)
    >>> attack.fit(X[own], y[own]).threshold_
    0.9
    >>> print(*(round(attack.predict(X[i], y[i]).mean(), 2) for i in (members, others)))
    0.26 0.11
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **NonmembersAttack._parameter_constraints,
        "by_class": ["boolean"],
    }

    def __init__(
        self,
        target=None,
        *,
        signal="loss",
        by_class=True,
        false_positive_rate=None,
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.signal = signal
        self.by_class = by_class
        self.false_positive_rate = false_positive_rate
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _fit(self, X, y, membership):
        """Learn the population; return the signals of all records where these hold it."""
        signal = self._observe(self.target, X, y, self.signal)
        y_index = label_index(y, self.target_classes_)
        others = slice(None) if membership is None else membership == 0
        self._population = self._ranked(signal[others], y_index[others])
        self.n_population_ = self._population.sizes[:-1]
        return signal

    def _calibration_scores(self, X, y, membership, known):
        signal = known
        population = self._population
        y_index = label_index(y, self.target_classes_)
        # without known members the shadow's have to do, and its population is what it did not see
        if membership is None:
            model, membership = train_shadow(self.target, X, y, self.random_state)
            signal = self._observe(model, X, y, self.signal)
            others = membership == 0
            population = self._ranked(signal[others], y_index[others])
        others = membership == 0
        scores = np.empty(len(signal))
        scores[~others] = population.scores(signal[~others], self._groups(y_index[~others]))
        # among themselves, or each of them would be one of those it is compared with
        scores[others] = population.scores_without_itself()
        self._note_on_rate(int(self.n_population_.min()))
        return scores, membership, y_index

    def _ranked(self, signal, y_index):
        return RankedPopulation(signal, self._groups(y_index), len(self.target_classes_))

    def _groups(self, y_index):
        # -1 is compared with the whole population
        return y_index if self.by_class else np.full_like(y_index, -1)

    def _score_response(self, proba, y_index):
        signal = get_signal(self.signal)(proba, y_index)
        return self._population.scores(signal, self._groups(y_index))


class RankedPopulation:
    """Signals of non-members, sorted within their groups, to find the rank of others among them.

    The group −1, and groups without non-members, stand for the whole population. `sizes` is the
    number of non-members that each group is compared with, the last that of −1.
    """

    def __init__(self, signal, group, n_groups):
        self.signal = signal
        self.group = group
        self.everyone = np.sort(signal)
        self.ranked = {i: np.sort(signal[rows]) for i, rows in _rows_by(group) if i >= 0}
        self.sizes = np.full(n_groups + 1, len(signal))
        for i, values in self.ranked.items():
            self.sizes[i] = len(values)

    def scores(self, signal, group):
        lower, equal = self._counts(signal, group)
        # equal ones count half, and the record itself is one of n + 1 that may be at any place
        return (lower + equal / 2) / (self.sizes[group] + 1)

    def scores_without_itself(self):
        """Return the score of each non-member among the others of its group, or else among all."""
        group = np.where(self.sizes[self.group] > 1, self.group, -1)
        lower, equal = self._counts(self.signal, group)
        # it is equal to itself, and among n - 1 others one of n
        return (lower + (equal - 1) / 2) / self.sizes[group]

    def _counts(self, signal, group):
        """Return how many non-members of its group are below each signal, and how many equal."""
        below = np.empty(len(signal), dtype=np.intp)
        equal = np.empty(len(signal), dtype=np.intp)
        for i, rows in _rows_by(group):
            values = self.ranked.get(i, self.everyone)
            below[rows] = np.searchsorted(values, signal[rows], side="left")
            equal[rows] = np.searchsorted(values, signal[rows], side="right") - below[rows]
        return below, equal


def _rows_by(group):
    """Yield each group with its rows."""
    order = np.argsort(group, kind="stable")
    groups, starts = np.unique(group[order], return_index=True)
    return zip(groups.tolist(), np.split(order, starts[1:]), strict=False)


@validate_params(signal=ARRAY, population_signal=ARRAY, population_y_index=ARRAY_OR_NONE)
def population_scores(signal, population_signal, y_index=None, population_y_index=None):
    r"""Return where signals stand among those of non-members: one minus a p-value.

    .. math:: 1 - p = \frac{\#\{j: s_j < s\} + \frac{1}{2} \#\{j: s_j = s\}}{n + 1}

    with the record's signal :math:`s` and those of the :math:`n` non-members :math:`s_j`. Where no
    signals are equal, a non-member's score is at least :math:`1 - \alpha` with probability
    :math:`\alpha` at most. 0 means that all non-members have higher signals, n / (n + 1) that none
    has.

    Parameters
    ----------
    signal, population_signal : array-like of shape (n_records,) and (n_population,)
        Signals of the target's answers, higher for members, to records and to non-members.
    y_index : array-like of int, shape (n_records,), default=None
        Class of each record, −1 for an unknown one. By default all are compared with all.
    population_y_index : array-like of int, shape (n_population,), default=None
        Class of each non-member; needed if `y_index` is given. A record of a class without
        non-members is compared with all.

    Returns
    -------
    ndarray of shape (n_records,)
        The scores, in [0, 1).

    Raises
    ------
    ValueError
        If lengths differ, signals are not finite, the population is empty, or only one of the class
        indices is given.

    References
    ----------
    .. [1] J. Ye, A. Maddi, S. K. Murakonda, V. Bindschaedler and R. Shokri, "Enhanced membership
       inference attacks against machine learning models", CCS 2022, section 4.2, attack P.

    Examples
    --------
    >>> from skmia.attacks import population_scores
    >>> population_scores([0.1, 0.5, 0.9], [0.2, 0.5, 0.5, 0.8])
    array([0. , 0.4, 0.8])
    """
    if (y_index is None) != (population_y_index is None):
        raise ValueError("Give both y_index and population_y_index, or neither.")
    signal = check_signal("signal", signal)
    population_signal = check_signal("population_signal", population_signal)
    if not len(population_signal):
        raise ValueError("population_signal is empty. Give at least one non-member.")
    group, population_group = (
        # without classes all are of group -1, which stands for the whole population
        np.full(len(values), -1) if index is None else check_y_index(name, index)
        for name, values, index in (
            ("y_index", signal, y_index),
            ("population_y_index", population_signal, population_y_index),
        )
    )
    check_consistent_length(signal, group)
    check_consistent_length(population_signal, population_group)
    n_groups = int(max(group.max(initial=-1), population_group.max())) + 1
    return RankedPopulation(population_signal, population_group, n_groups).scores(signal, group)
