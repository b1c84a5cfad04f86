"""The likelihood ratio attack of Carlini et al."""

import itertools
from functools import cache

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate
from scipy.special import logit
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import LiRA, lira_prior, lira_scores
from skmia.attacks.compared._lira import LiRAPrior, _Student
from skmia.attacks.compared._sides import smoothed, smoothing_of
from skmia.shadows import ShadowModels
from skmia.signals import logit_confidence

CERTAIN = float(logit_confidence([[1.0, 0.0]], [0])[0])
VARIANCES = ("per_record", "global", "bayesian")
OPTIONS = [
    {"online": online, "variance": variance, "center": center, "alternative": alternative}
    for online, variance, center, alternative in itertools.product(
        (True, False), VARIANCES, ("mean", "median"), ("greater", "two-sided")
    )
]


def signals(kind, n_shadows=6, n_records=20, seed=0):
    """Signals of a target and of shadows; the first columns have 0, 1, 2 shadows on a side."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_shadows + 1, n_records)) * 3 + rng.normal(size=n_records) * 4
    if kind == "tied":
        values = np.round(values / 4) * 4
    elif kind == "float32":
        values = values.astype(np.float32)
    elif kind == "certain":
        values = rng.choice([-CERTAIN, CERTAIN, 0.5], size=values.shape)
    in_mask = rng.random((n_shadows, n_records)) < 0.5
    for column, count in enumerate((0, 1, 2, n_shadows - 2, n_shadows - 1, n_shadows)):
        in_mask[:, column] = np.arange(n_shadows) < count
    return values[0], values[1:], in_mask


def slow(signal, shadow_signals, in_mask, priors=None, **options):
    priors = oracles.lira_prior(shadow_signals, in_mask) if priors is None else priors
    columns = zip(signal, np.transpose(shadow_signals), np.transpose(in_mask), strict=True)
    return [oracles.lira_score(float(phi), *rest, priors, **options) for phi, *rest in columns]


@cache
def slow_prior(kind):
    return oracles.lira_prior(*signals(kind)[1:])


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
@pytest.mark.parametrize("kind", ["random", "tied", "float32", "certain"])
def test_equals_the_slow_loop(kind, options):
    sample = signals(kind)
    expected = slow(*sample, slow_prior(kind), **options)
    np.testing.assert_allclose(lira_scores(*sample, **options), expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("n_shadows", [1, 2, 3])
@pytest.mark.parametrize("variance", VARIANCES)
def test_few_shadows_equal_the_slow_loop(n_shadows, variance):
    signal, shadow_signals, in_mask = signals("random", n_shadows, 12)
    for mask in (in_mask, np.zeros_like(in_mask), np.ones_like(in_mask)):
        prior = oracles.lira_prior(shadow_signals, mask)
        for online in (True, False):
            options = {
                "variance": variance,
                "online": online,
                "center": "mean",
                "alternative": "greater",
            }
            expected = slow(signal, shadow_signals, mask, prior, **options)
            scores = lira_scores(signal, shadow_signals, mask, **options)
            np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["random", "tied", "float32", "certain"])
def test_prior_equals_the_slow_loop(kind):
    _, shadow_signals, in_mask = signals(kind)
    prior = np.transpose(lira_prior(shadow_signals, in_mask))
    np.testing.assert_allclose(prior, oracles.lira_prior(shadow_signals, in_mask), rtol=1e-6)


def test_prior_recovers_the_distribution_of_the_variances():
    rng = np.random.default_rng(0)
    variance = 1 / rng.gamma(6, 1 / 10, size=40_000)  # inverse gamma of shape 6 and scale 10
    shadow_signals = rng.normal(size=(12, 40_000)) * np.sqrt(variance)
    prior = lira_prior(shadow_signals, np.arange(12)[:, None] < np.full(40_000, 6))
    np.testing.assert_allclose(prior.alpha, 6, rtol=0.15)
    np.testing.assert_allclose(prior.beta, 10, rtol=0.15)
    np.testing.assert_allclose(prior.variance, 2, rtol=0.02)


def test_prior_of_equal_variances_is_narrow():
    shadow_signals = np.tile([[0.0], [1.0], [0.0], [1.0]], 5)
    prior = lira_prior(shadow_signals, np.tile([[0], [0], [1], [1]], 5))
    np.testing.assert_allclose(prior.variance, 0.5)
    np.testing.assert_allclose(prior.beta / (prior.alpha - 1), 0.5)


def test_records_beyond_one_block():
    n_records = 65_536 // 6 * 2 + 17  # two full blocks and a rest
    signal, shadow_signals, in_mask = signals("random", 6, n_records)
    for variance in VARIANCES:
        prior = lira_prior(shadow_signals, in_mask)
        scores = lira_scores(signal, shadow_signals, in_mask, variance=variance)
        rows = [0, 1, 10_921, 10_922, 10_923, 21_843, 21_844, n_records - 1]
        given_rows = signal[rows], shadow_signals[:, rows], in_mask[:, rows]
        expected = slow(
            *given_rows,
            list(np.transpose(prior)),
            online=True,
            variance=variance,
            center="mean",
            alternative="greater",
        )
        np.testing.assert_allclose(scores[rows], expected, rtol=1e-6)


P_IN, P_OUT = (0.9, 0.95, 0.97, 0.99), (0.3, 0.5, 0.4, 0.6)
FIXTURE = logit([0.93]), logit([*P_IN, *P_OUT])[:, None], (np.arange(8) < 4)[:, None]


def test_fixtures():
    np.testing.assert_allclose(lira_scores(*FIXTURE), [17.09567308], atol=5e-9)
    median = lira_scores(*FIXTURE, center="median")
    np.testing.assert_allclose(median, [17.06016792], atol=5e-9)
    offline = lira_scores(*FIXTURE, online=False)
    np.testing.assert_allclose(-np.expm1(-offline), [0.99999999907], atol=5e-12)
    two_sided = -norm.logpdf(2.58668934, -0.21182447, 0.46562838)
    both = lira_scores(*FIXTURE, online=False, alternative="two-sided")
    np.testing.assert_allclose(both, [two_sided], rtol=1e-6)


def test_fixture_of_the_predictive_distribution():
    shadows = np.array([[-0.85], [0.0], [-0.405], [0.405]])
    prior = LiRAPrior(*np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [1.0, 1.0]]))
    options = {
        "variance": "bayesian",
        "signal_prior": prior,
        "online": False,
        "alternative": "two-sided",
    }
    score = lira_scores([2.5], shadows, np.zeros((4, 1), bool), **options)
    np.testing.assert_allclose(score, [5.544621], atol=5e-7)


PRIOR = LiRAPrior(*np.array([[0.0, 1.0], [2.0, 1.0], [3.0, 4.0], [2.0, 5.0]]))
finite = st.floats(-104, 104)


@st.composite
def samples(draw):
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 8)))
    values = st.one_of(finite, st.sampled_from([-CERTAIN, 0.0, CERTAIN]))
    signal = draw(arrays(np.float64, shape[1], elements=values))
    shadow_signals = draw(arrays(np.float64, shape, elements=values))
    return signal, shadow_signals, draw(arrays(bool, shape))


@settings(max_examples=40, deadline=None)
@given(samples(), st.sampled_from(OPTIONS), st.randoms(use_true_random=False))
def test_order_and_neighbors_do_not_matter(sample, options, random):
    signal, shadow_signals, in_mask = sample
    scores = lira_scores(*sample, signal_prior=PRIOR, **options)
    assert np.isfinite(scores).all()
    assert np.isfinite(lira_scores(*sample, **options)).all()
    rows, columns = list(range(len(in_mask))), list(range(len(signal)))
    random.shuffle(rows)
    random.shuffle(columns)
    grid = np.ix_(rows, columns)
    shuffled = signal[columns], shadow_signals[grid], in_mask[grid]
    close = {"rtol": 1e-7, "atol": 1e-7}
    np.testing.assert_allclose(
        lira_scores(*shuffled, signal_prior=PRIOR, **options), scores[columns], **close
    )
    alone = [
        lira_scores(
            signal[[j]], shadow_signals[:, [j]], in_mask[:, [j]], signal_prior=PRIOR, **options
        ).item()
        for j in range(len(signal))
    ]
    np.testing.assert_allclose(alone, scores, **close)


@settings(max_examples=40, deadline=None)
@given(samples(), st.sampled_from(VARIANCES), st.floats(0, 50))
def test_offline_scores_grow_with_the_signal(sample, variance, more):
    signal, shadow_signals, in_mask = sample
    options = {"variance": variance, "signal_prior": PRIOR, "online": False}
    low = lira_scores(signal, shadow_signals, in_mask, **options)
    assert (lira_scores(signal + more, shadow_signals, in_mask, **options) >= low).all()


def _log_tail(freedom, z):
    """The logarithm of the Student tail beyond z, by quadrature of the density's fall."""
    width = (freedom + z**2) / ((freedom + 1) * z)

    def fall(u):
        return np.exp(
            -(freedom + 1) / 2 * np.log1p(((z + u * width) ** 2 - z**2) / (freedom + z**2))
        )

    area = sum(
        integrate.quad(fall, *ends, limit=500, epsabs=1e-14, epsrel=1e-11)[0]
        for ends in ((0, 5), (5, 60), (60, 1e4), (1e4, 1e8))
    )
    return student.logpdf(z, freedom) + np.log(area * width)


def _log_above(freedom, z):
    z = np.asarray(z, dtype=float)
    law = _Student(np.full(z.shape, float(freedom)), np.zeros(z.shape), np.ones(z.shape))
    return law.log_above(z)


@pytest.mark.parametrize("freedom", [5, 8, 30, 200, 1e4, 2e6])
def test_student_tail_where_a_float_holds_it(freedom):
    z = np.array([-5.0, 0.0, 1.0, 5.0, 20.0, 35.0])
    np.testing.assert_allclose(_log_above(freedom, z), student.logsf(z, freedom), rtol=1e-9)


@pytest.mark.parametrize("freedom", [20, 60, 200, 1e3, 1e4, 2e6])
def test_student_tail_far_out(freedom):
    # more than signals can be apart: 208 logits over the least scale of 1e-6
    z = np.geomspace(30, 2.08e8 if freedom < 1e3 else 300, 60)
    expected = [_log_tail(freedom, value) for value in z]
    np.testing.assert_allclose(_log_above(freedom, z), expected, rtol=1e-6)


@pytest.mark.parametrize("freedom", [20, 200, 1e3, 1e4, 2e6])
def test_student_tail_falls_where_the_formula_changes(freedom):
    low, high = 1.0, 1e20
    for _ in range(200):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if student.sf(middle, freedom) > 1e-290 else (low, middle)
    before, after = _log_above(freedom, high * np.array([1 - 1e-8, 1 + 1e-8]))
    assert after < before


@pytest.mark.parametrize("options", OPTIONS, ids=lambda o: "-".join(map(str, o.values())))
def test_constant_signals(options):
    in_mask = np.arange(4)[:, None] < np.array([2, 2, 2, 0, 4])
    signal = np.array([0.1, 1.1, -0.9, 0.1, 0.1])
    scores = lira_scores(signal, np.full((4, 5), 0.1), in_mask, **options)
    assert np.isfinite(scores).all()
    if options["online"]:  # both sides have the same law, up to the weight of two signals each
        np.testing.assert_allclose(scores[:3], 0, atol=1e-6)


def test_a_record_no_shadow_saw_is_scored_offline():
    signal, shadow_signals, in_mask = signals("random")
    in_mask[:, ::2] = False
    online = lira_scores(signal, shadow_signals, in_mask)
    offline = lira_scores(signal, shadow_signals, in_mask, online=False)
    np.testing.assert_array_equal(online[::2], offline[::2])
    assert not np.isclose(online[1::2], offline[1::2]).any()


@pytest.mark.parametrize("variance", VARIANCES)
def test_exchangeable_sides_tell_nothing(variance):
    values = np.random.default_rng(0).normal(size=(17, 20_000))
    in_mask = np.arange(16)[:, None] < np.full(20_000, 8)
    scores = lira_scores(values[0], values[1:], in_mask, variance=variance)
    assert abs(np.mean(scores > 0) - 0.5) < 4 * 0.5 / np.sqrt(20_000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signal": [0.1, 0.2]}, "one row per shadow and one column per record"),
        ({"in_mask": [[True]]}, "one row per shadow and one column per record"),
        ({"in_mask": [[2], [0]]}, "in_mask must say True or False"),
        ({"signal": [np.nan]}, "signal contains NaN"),
        ({"shadow_signals": [[np.inf], [0.0]]}, "shadow_signals contains infinity"),
        ({"shadow_signals": [1.0, 2.0]}, "Expected 2D array"),
        ({"variance": "none"}, "'variance' .*{'per_record', 'global', 'bayesian'}. Got 'none'"),
        ({"center": "mode"}, "'center' .*{'mean', 'median'}. Got 'mode'"),
        ({"alternative": "left"}, "'alternative' .*{'greater', 'two-sided'}. Got 'left'"),
        ({"online": "no"}, "'online' .*'bool'.* Got 'no'"),
        ({"signal_prior": "a"}, "'signal_prior' .* Got 'a'"),
        ({"signal_prior": LiRAPrior(*np.full((4, 2), np.nan))}, "signal_prior contains NaN"),
        ({"signal_prior": [[1.0, 2.0]]}, "'signal_prior' .*LiRAPrior' or None"),
        ({"signal": ["a"]}, "signal must be real numbers, got dtype <U1"),
    ],
)
def test_refuses(change, message):
    given_ = {"signal": [0.1], "shadow_signals": [[0.0], [1.0]], "in_mask": [[True], [False]]}
    with pytest.raises(ValueError, match=message):
        lira_scores(**given_ | change)


def test_prior_refuses_what_scores_refuse():
    with pytest.raises(ValueError, match="one column per record"):
        lira_prior([[1.0, 2.0]], [[True]])
    with pytest.raises(ValueError, match="Expected 2D array"):
        lira_prior([1.0, 2.0], [True, False])


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 1), st.floats(1e-3, 0.5))
def test_smoothing_adds_to_both_probabilities(p, amount):
    odds = logit_confidence([[p, 1 - p]], [0])
    expected = oracles.smoothed_odds(p, amount)
    np.testing.assert_allclose(smoothed(odds, amount), expected, rtol=1e-9, atol=1e-12)


def test_smoothing_is_half_a_vote():
    votes = np.array([[0.0, 0.1, 0.4, 1.0]])
    odds = logit_confidence(np.column_stack([votes[0], 1 - votes[0]]), np.zeros(4, int))
    np.testing.assert_allclose(smoothing_of(odds), 0.05)
    assert smoothing_of(np.array([[-CERTAIN, CERTAIN]])) == 0.5
    assert smoothing_of(np.array([[-30.0, 2.0]])) == 0
    np.testing.assert_array_equal(smoothed(odds, 0), odds)


X, Y = make_classification(160, n_features=6, n_informative=4, n_classes=3, random_state=0)


def fitted(estimator, **options):
    target = estimator.fit(X[:80], Y[:80])
    return LiRA(target, random_state=0, **options).fit(X, Y)


@pytest.mark.parametrize(
    ("estimator", "shadows", "variance", "smoothing"),
    [
        (LogisticRegression(), 16, "bayesian", 0),
        (LogisticRegression(), 64, "per_record", 0),
        (DecisionTreeClassifier(), 64, "bayesian", 0.5),
        (RandomForestClassifier(10), 4, "bayesian", 1 / 20),
        (KNeighborsClassifier(1), 4, "bayesian", 0.5),
    ],
)
def test_automatic_choices(estimator, shadows, variance, smoothing):
    attack = fitted(estimator, shadows=shadows)
    assert attack.variance_ == variance
    np.testing.assert_allclose(attack.smoothing_, smoothing)


def test_smoothing_is_that_with_the_best_area_on_shadows():
    attack = fitted(RandomForestClassifier(50, random_state=0), shadows=4)
    observed = attack.shadows_.observe(X, Y, "logit_confidence")
    in_mask, areas = attack.shadows_.in_mask_, {}
    for amount in (0.01, 0.02, 0.05, 0.1):  # half a vote is one of them
        areas[amount] = []
        for i in range(4):
            rest = np.array([0, 1]) if i > 1 else np.array([2, 3])  # without the pair
            given = smoothed(observed[i], amount), smoothed(observed[rest], amount), in_mask[rest]
            scores = lira_scores(*given, variance="bayesian")
            areas[amount].append(roc_auc_score(in_mask[i], scores))
    best = max(areas, key=lambda amount: np.mean(areas[amount]))
    assert attack.smoothing_ == pytest.approx(best)


def test_own_choices_stand():
    attack = fitted(KNeighborsClassifier(1), shadows=4, variance="global", smoothing=0.1)
    assert (attack.variance_, attack.smoothing_) == ("global", 0.1)


@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("variance", VARIANCES)
def test_class_is_the_function(variance, online):
    attack = fitted(
        RandomForestClassifier(10, random_state=0), shadows=6, variance=variance, online=online
    )
    amount, foreign = attack.smoothing_, X + 0.25
    prior = lira_prior(
        smoothed(attack.shadows_.observe(X, Y, "logit_confidence"), amount),
        attack.shadows_.in_mask_,
    )
    for records in (X, foreign, np.vstack([X[::2], foreign[1::2]])):
        observed = attack.shadows_.observe(records, Y, "logit_confidence")
        own = logit_confidence(attack.target.predict_proba(records), Y)
        expected = lira_scores(
            smoothed(own, amount),
            smoothed(observed, amount),
            attack.shadows_.in_mask(records, Y),
            online=online,
            variance=variance,
            signal_prior=prior,
        )
        np.testing.assert_allclose(attack.score_samples(records, Y), expected, rtol=1e-9)


def _shifted(X):
    return X + 0.1


def _mirrored(X):
    return X * [-1, 1, 1, 1, 1, 1]


def test_augmentations_are_averaged():
    options = {"shadows": 4, "variance": "global", "smoothing": 0}
    target = LogisticRegression().fit(X[:80], Y[:80])
    attack = fitted(LogisticRegression(), augmentations=[_shifted, _mirrored], **options)
    prior = lira_prior(attack.shadows_.observe(X, Y, "logit_confidence"), attack.shadows_.in_mask_)
    parts = []
    for records in (X, _shifted(X), _mirrored(X)):
        observed = attack.shadows_.observe(records, Y, "logit_confidence")
        own = logit_confidence(target.predict_proba(records), Y)
        mask = attack.shadows_.in_mask_  # a copy has the membership of its record
        parts.append(lira_scores(own, observed, mask, variance="global", signal_prior=prior))
    np.testing.assert_allclose(attack.score_samples(X, Y), np.mean(parts, axis=0), rtol=1e-9)


def test_augmentations_keep_the_number_of_records():
    with pytest.raises(ValueError, match=r"one record for each: .* made 159 of 160"):
        fitted(LogisticRegression(), shadows=2, augmentations=[lambda X: X[1:]])


def test_label_that_no_shadow_knows():
    shadows = ShadowModels(LogisticRegression(), 6, random_state=0).fit(X[Y < 2], Y[Y < 2])
    target = LogisticRegression().fit(X[:80], Y[:80])
    for online in (True, False):
        attack = LiRA(target, shadows=shadows, online=online, random_state=0).fit(X, Y)
        assert np.isfinite(attack.score_samples(X, Y)).all()
        observed = attack.shadows_.observe(X, Y, "logit_confidence")
        assert (observed[:, Y == 2] < -100).all()


def test_ties_of_a_forest_are_broken_by_the_shadows():
    """Two records with one target signal, of which one is hard for the shadows."""
    shadow_signals = np.array([[2.0, -2.0], [2.2, -1.5], [4.0, 4.0], [4.1, 3.9]])
    in_mask = np.array([[False], [False], [True], [True]]) * np.ones((1, 2), bool)
    for online in (True, False):
        for variance in VARIANCES:
            easy, hard = lira_scores(
                [4.0, 4.0], shadow_signals, in_mask, online=online, variance=variance
            )
            assert hard > easy
