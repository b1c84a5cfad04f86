"""The population attack of Ye et al., attack P."""

import numpy as np
import oracles
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import MetricAttack, PopulationAttack, population_scores
from skmia.attacks.direct._population import RankedPopulation
from skmia.exceptions import CalibrationWarning
from skmia.metrics import membership_roc_auc
from skmia.signals import loss

X, Y = make_classification(4000, flip_y=0.3, random_state=0)
MEMBERS, OTHERS, OWN = np.split(np.arange(4000), [400, 2000])
ROWS, MEMBERSHIP = np.r_[MEMBERS, OTHERS], np.repeat([1, 0], [400, 1600])


@pytest.fixture(scope="module")
def boosted():
    return GradientBoostingClassifier(n_estimators=40, random_state=0).fit(X[MEMBERS], Y[MEMBERS])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_values", [3, 10**6])
def test_equals_the_slow_loop(dtype, n_values):
    rng = np.random.default_rng(0)
    signal, population = (
        (rng.integers(n_values, size=n) / n_values).astype(dtype) for n in (40, 70)
    )
    expected = [oracles.population_score(s, population) for s in signal]
    scores = population_scores(signal, population)
    np.testing.assert_allclose(scores, expected, rtol=1e-12)
    assert scores.dtype == np.float64


@pytest.mark.parametrize("n_values", [3, 10**6])
def test_equals_the_slow_loop_within_classes(n_values):
    rng = np.random.default_rng(1)
    signal, population = (rng.integers(n_values, size=n) for n in (50, 60))
    classes, own = rng.integers(-1, 4, size=50), rng.integers(0, 3, size=60)
    expected = [
        oracles.population_score(s, population[own == c] if 0 <= c < 3 else population)
        for s, c in zip(signal, classes, strict=True)
    ]
    scores = population_scores(signal, population, classes, own)
    np.testing.assert_allclose(scores, expected, rtol=1e-12)


@pytest.mark.parametrize("n_values", [3, 10**6])
def test_ranks_without_itself_equal_the_slow_loop(n_values):
    rng = np.random.default_rng(2)
    signal, group = rng.integers(n_values, size=60) / 7, rng.integers(-1, 3, size=60)
    group[:2] = 4, -1  # alone in its class: compared with all others
    expected = [
        oracles.population_score(
            s, signal[group == c] if c in (0, 1, 2) else signal, without_itself=True
        )
        for s, c in zip(signal, group, strict=True)
    ]
    ranked = RankedPopulation(signal, group, 5)
    np.testing.assert_allclose(ranked.scores_without_itself(), expected, rtol=1e-12)


def test_by_hand():
    scores = population_scores([0.0, 2.0, 2.5, 9.0], [1.0, 2.0, 2.0, 3.0])
    np.testing.assert_allclose(scores, [0, 2 / 5, 3 / 5, 4 / 5])


def test_rate_is_exact_without_ties():
    # the new record is equally likely at each of the 100 places among 99 others
    rng = np.random.default_rng(3)
    draws = rng.normal(size=(20_000, 100))
    ranks = (draws[:, :1] > draws[:, 1:]).sum(axis=1)
    share = np.mean(population_scores(ranks, np.arange(99) + 0.5) >= 1 - 0.05)
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 20_000)
    places = population_scores(np.arange(100), np.arange(99) + 0.5)
    for rate in (0.01, 0.05, 0.1, 0.5):
        assert (places >= 1 - rate).sum() == round(100 * rate)


def test_class_is_a_thin_shell_around_the_function(boosted):
    attack = PopulationAttack(boosted, random_state=0).fit(X[OWN], Y[OWN])
    signal = loss(boosted.predict_proba(X), Y)
    expected = population_scores(signal[ROWS], signal[OWN], Y[ROWS], Y[OWN])
    np.testing.assert_allclose(attack.score_samples(X[ROWS], Y[ROWS]), expected)
    np.testing.assert_array_equal(attack.n_population_, np.bincount(Y[OWN]))


def test_one_population_ranks_as_the_signal_does(boosted):
    attack = PopulationAttack(boosted, by_class=False, random_state=0).fit(X[OWN], Y[OWN])
    metric = MetricAttack(boosted, signal="loss", random_state=0).fit(X[OWN], Y[OWN])
    auc, of_signal = (
        membership_roc_auc(MEMBERSHIP, a.score_samples(X[ROWS], Y[ROWS])) for a in (attack, metric)
    )
    assert abs(auc - of_signal) < 0.005  # signals beyond the population's are tied
    np.testing.assert_array_equal(attack.n_population_, [2000, 2000])


def test_with_membership_the_nonmembers_are_the_population(boosted):
    known = np.arange(0, 2000, 2)
    rows, membership = ROWS[known], MEMBERSHIP[known]
    attack = PopulationAttack(boosted, by_class=False).fit(X[rows], Y[rows], membership)
    signal = loss(boosted.predict_proba(X), Y)
    expected = population_scores(signal[ROWS], signal[rows[membership == 0]])
    np.testing.assert_allclose(attack.score_samples(X[ROWS], Y[ROWS]), expected)
    assert attack.n_population_[0] == (membership == 0).sum()


def test_rate_holds_for_fresh_nonmembers(boosted):
    for rate in (0.05, 0.2):
        attack = PopulationAttack(boosted, false_positive_rate=rate, random_state=0)
        called = attack.fit(X[OWN], Y[OWN]).predict(X[OTHERS], Y[OTHERS])
        assert attack.threshold_ == 1 - rate
        # both the population and the fresh records vary
        error = np.sqrt(rate * (1 - rate) * (1 / 1600 + 1 / 2000))
        assert abs(called.mean() - rate) < 3 * error
        assert attack.predict(X[MEMBERS], Y[MEMBERS]).mean() > rate + 0.03


def test_nonmembers_are_not_calibrated_on_themselves():
    records = np.random.default_rng(4).normal(size=(200, 2))
    labels = (records.sum(axis=1) > 0).astype(int)
    target = LogisticRegression().fit(records, labels)
    for membership in (None, np.arange(200) % 2):
        kept = []
        attack = PopulationAttack(target, by_class=False, random_state=0)
        attack._calibrate = lambda *args, kept=kept: kept.append(args) or []
        attack.fit(records, labels, membership)
        scores, side, _ = kept[0]
        # among 99 others each has a place of its own, from 0 to 99, and the share is of 100
        np.testing.assert_allclose(np.sort(scores[side == 0]), np.arange(100) / 100)
        # a member may also be above all 100
        assert set(np.round(scores[side == 1] * 101)) <= set(range(101))


def test_threshold_transfers_from_the_shadow(boosted):
    attack = PopulationAttack(boosted, random_state=0).fit(X[OWN], Y[OWN])
    assert attack.score(X[ROWS], Y[ROWS], MEMBERSHIP) > 0.53
    risk = attack.predict_proba(X[ROWS], Y[ROWS])[:, 1]
    assert risk[MEMBERSHIP == 1].mean() > risk[MEMBERSHIP == 0].mean() + 0.01


def test_class_without_population_uses_all():
    X3, y3 = np.arange(60.0)[:, None] % 7, np.repeat([0, 1, 2], 20)
    target = DecisionTreeClassifier(max_depth=2).fit(X3, y3)
    few = np.r_[np.arange(40), 40]
    membership = np.r_[np.arange(40) % 2, 1]
    attack = PopulationAttack(target).fit(X3[few], y3[few], membership)
    np.testing.assert_array_equal(attack.n_population_, [10, 10, 20])


def test_rate_that_cannot_be_resolved_is_said(boosted):
    attack = PopulationAttack(boosted, false_positive_rate=1e-4, random_state=0)
    with pytest.warns(CalibrationWarning, match=r"cannot be resolved by \d+ non-members"):
        attack.fit(X[OWN], Y[OWN])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([1.0], [1.0], [0]), "Give both y_index and population_y_index, or neither"),
        (([1.0], []), "population_signal is empty"),
        (([np.nan], [1.0]), "signal contains NaN"),
        (([1.0], [np.inf]), "population_signal contains infinity"),
        (([1.0], [1.0], [0, 1], [0]), "inconsistent numbers of samples"),
        (([1.0], [1.0], [-2], [0]), "y_index must hold column numbers, .* got values down to -2"),
        (([1.0], [1.0], [0], [0.5]), "population_y_index must hold column numbers, .* float64"),
        (([1.0], [1.0], [0], [10**9]), "population_y_index must number the columns .* 1000000000"),
        (([1.0], ["a"]), "population_signal must be real numbers"),
    ],
)
def test_refuses(args, message):
    with pytest.raises(ValueError, match=message):
        population_scores(*args)


def test_refuses_a_rate_that_is_none(boosted):
    for rate in (0, 1, 1.5):
        with pytest.raises(ValueError, match="false_positive_rate"):
            PopulationAttack(boosted, false_positive_rate=rate).fit(X[OWN], Y[OWN])
