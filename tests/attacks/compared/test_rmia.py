"""RMIA of Zarifzadeh et al., and BASE."""

import itertools

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from skmia.attacks import BASE, RMIA, base_scores, rmia_scores
from skmia.shadows import ShadowModels
from skmia.signals import logit_confidence

KINDS = ("random", "tied", "float32", "certain")


def confidences(kind, n_shadows=6, n_records=40, seed=0):
    """Confidences of a target and of shadows; the first columns have few shadows on a side."""
    rng = np.random.default_rng(seed)
    values = rng.random((n_shadows + 1, n_records)) ** 0.5
    if kind == "tied":  # in eighths, whose sums are exact in any order
        values = np.round(values * 8) / 8
    elif kind == "float32":
        values = values.astype(np.float32)
    elif kind == "certain":
        values = np.round(values)
    in_mask = rng.random((n_shadows, n_records)) < 0.5
    for column, count in enumerate((0, 1, 2, n_shadows - 2, n_shadows - 1)):
        in_mask[:, column] = np.arange(n_shadows) < count
    return values[0], values[1:], in_mask


def _records(sample):
    own, shadows, in_mask = sample
    return list(
        zip(map(float, own), shadows.T.astype(float).tolist(), in_mask.T.tolist(), strict=True)
    )


def slow(sample, population, **options):
    others = _records(population)
    return [oracles.rmia_score(record, others, **options) for record in _records(sample)]


def fast(sample, population, **options):
    return rmia_scores(*sample, *population[:2], population_in_mask=population[2], **options)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("online", [True, False])
def test_equals_the_comparison_of_all_pairs(kind, online):
    sample, population = confidences(kind), confidences(kind, n_records=31, seed=1)
    foreign = (*population[:2], np.zeros_like(population[2]))
    for others, a, gamma in itertools.product((population, foreign), (0, 0.3, 1), (1, 2)):
        options = {"offline_a": a, "gamma": gamma, "online": online}
        np.testing.assert_allclose(
            fast(sample, others, **options), slow(sample, others, **options), rtol=1e-6
        )


def test_population_is_foreign_by_default():
    sample, population = confidences("random"), confidences("random", seed=1)
    foreign = (*population[:2], np.zeros_like(population[2]))
    np.testing.assert_array_equal(rmia_scores(*sample, *population[:2]), fast(sample, foreign))


def test_records_that_all_shadows_saw_offline():
    own, shadows, _ = confidences("tied")
    sample = own, shadows, np.ones(shadows.shape, bool)
    for a in (0, 0.3, 1):
        options = {"offline_a": a, "gamma": 1, "online": False}
        population = confidences("tied", seed=1)
        expected = slow(sample, population, **options)
        np.testing.assert_allclose(fast(sample, population, **options), expected)


def test_a_record_that_all_shadows_saw_does_not_dominate_itself():
    in_mask = np.array([[True, True, True], [True, False, True]])
    sample = np.full(3, 0.5), np.full((2, 3), 0.5), in_mask  # all models answer 0.5 to all records
    np.testing.assert_array_equal(fast(sample, sample, offline_a=0.3, online=True), np.zeros(3))


def test_fixture():
    x = [0.9, 0.4], [[0.5, 0.45], [0.6, 0.35]], [[False, False]] * 2
    z = [0.8, 0.5, 0.3], [[0.7, 0.6, 0.5], [0.6, 0.4, 0.3]]
    for gamma in (1, 1.2):
        np.testing.assert_allclose(rmia_scores(*x, *z, offline_a=0.3, gamma=gamma), [1, 1 / 3])
    # the ratios 1.27208481 and 1.03559871, by where domination ends
    edge = 1.27208481 / 1.03559871
    assert rmia_scores(*x, *z, offline_a=0.3, gamma=edge * (1 - 1e-7))[0] == 1
    assert rmia_scores(*x, *z, offline_a=0.3, gamma=edge * (1 + 1e-7))[0] < 1
    edge = 0.65573770 / 0.49180328
    assert rmia_scores(*x, *z, offline_a=0.3, gamma=edge * (1 - 1e-7))[1] == 1 / 3
    assert rmia_scores(*x, *z, offline_a=0.3, gamma=edge * (1 + 1e-7))[1] == 0


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("online", [True, False])
@pytest.mark.parametrize("scale", [0, 0.33, 1])
def test_base_equals_the_slow_loop(kind, online, scale):
    sample = confidences(kind)
    sample[2][:, 5] = True
    expected = [oracles.base_score(*r, online=online, scale=scale) for r in _records(sample)]
    scores = base_scores(*sample, online=online, offline_scale=scale)
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-12)


def test_records_beyond_one_block():
    n_records = 65_536 // 6 * 2 + 17
    sample, population = confidences("random", 6, n_records), confidences("random", seed=1)
    rows = [0, 1, 10_921, 10_922, 21_843, 21_844, n_records - 1]
    few = sample[0][rows], sample[1][:, rows], sample[2][:, rows]
    np.testing.assert_allclose(
        fast(sample, population)[rows], slow(few, population, offline_a=0.3, gamma=1, online=True)
    )
    expected = [oracles.base_score(*r, online=True, scale=0.33) for r in _records(few)]
    np.testing.assert_allclose(base_scores(*sample)[rows], expected)


@pytest.mark.parametrize("n_shadows", [1, 2, 3])
def test_few_shadows_equal_the_slow_loop(n_shadows):
    rng = np.random.default_rng(0)
    sample = rng.random(20), rng.random((n_shadows, 20)), rng.random((n_shadows, 20)) < 0.4
    sample[2][:, sample[2].all(axis=0)] = False
    for online in (True, False):
        options = {"offline_a": 0.3, "gamma": 1, "online": online}
        np.testing.assert_allclose(fast(sample, sample, **options), slow(sample, sample, **options))
        expected = [oracles.base_score(*r, online=online, scale=0.33) for r in _records(sample)]
        np.testing.assert_allclose(base_scores(*sample, online=online), expected)


def test_base_orders_as_rmia_where_shadows_are_balanced():
    own, shadows, _ = confidences("random", 8, 300)
    in_mask = np.random.default_rng(0).permuted(np.arange(8)[:, None] < np.full(300, 4), axis=0)
    ratio_order = np.argsort(base_scores(own, shadows, in_mask))
    shares = rmia_scores(own, shadows, in_mask, own, shadows, population_in_mask=in_mask)
    assert (np.diff(shares[ratio_order]) >= 0).all()


eighths = st.integers(0, 8).map(lambda k: k / 8)


@st.composite
def samples(draw, values):
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 8)))
    own, shadows = (draw(arrays(np.float64, s, elements=values)) for s in (shape[1], shape))
    return own, shadows, draw(arrays(bool, shape))


@settings(max_examples=30, deadline=None)
@given(samples(eighths), st.booleans(), st.floats(0, 1), st.randoms(use_true_random=False))
def test_order_and_neighbors_do_not_matter(sample, online, a, random):
    own, shadows, in_mask = sample
    rng = np.random.default_rng(0)
    population = rng.random(7), rng.random((len(shadows), 7)), rng.random((len(shadows), 7)) < 0.5
    rows, columns = list(range(len(shadows))), list(range(len(own)))
    random.shuffle(rows)
    random.shuffle(columns)
    grid = np.ix_(rows, columns)
    shuffled = own[columns], shadows[grid], in_mask[grid]
    turned = population[0], population[1][rows], population[2][rows]
    options = {"offline_a": a, "online": online}
    scores, base = fast(sample, population, **options), base_scores(*sample, online=online)
    assert ((scores >= 0) & (scores <= 1)).all()
    assert np.isfinite(base).all()
    np.testing.assert_array_equal(fast(shuffled, turned, **options), scores[columns])
    np.testing.assert_allclose(base_scores(*shuffled, online=online), base[columns], atol=1e-12)
    alone = [(own[[j]], shadows[:, [j]], in_mask[:, [j]]) for j in range(len(own))]
    np.testing.assert_array_equal([fast(x, population, **options).item() for x in alone], scores)
    np.testing.assert_allclose(
        [base_scores(*x, online=online).item() for x in alone], base, atol=1e-12
    )


@settings(max_examples=30, deadline=None)
@given(
    samples(st.one_of(st.floats(0, 1), eighths)), st.booleans(), st.floats(0, 1), st.floats(0, 1)
)
def test_scores_grow_with_the_confidence(sample, online, a, up):
    own, shadows, in_mask = sample
    higher = own + (1 - own) * up
    population = (own, shadows, in_mask)
    options = {"online": online, "offline_a": a}
    low = fast(sample, population, **options)
    assert (fast((higher, shadows, in_mask), population, **options) >= low).all()
    more = base_scores(higher, shadows, in_mask, online=online)
    assert (more >= base_scores(*sample, online=online)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offline_a": 1.1}, r"'offline_a' parameter of rmia_scores .*\[0.0, 1.0\]. Got 1.1 "),
        ({"offline_a": -0.1}, "'offline_a' .* Got -0.1 "),
        ({"gamma": 0}, r"'gamma' .*\(0.0, inf\). Got 0 "),
        ({"offline_a": "a"}, "'offline_a' .* Got 'a' "),
        ({"offline_a": None}, "'offline_a' .* Got None "),
        ({"confidence": ["a"]}, "confidence must be real numbers"),
        ({"confidence": [1.2]}, "confidence and shadow_confidence are probabilities in"),
        ({"shadow_confidence": [[-0.2], [0.5]]}, "values from -0.2 to 0.5"),
        ({"population_confidence": [3.0]}, "Give the signal 'confidence', not its logarithm"),
        ({"in_mask": [[0.5], [0]]}, "in_mask must say True or False"),
        ({"population_in_mask": [[True]]}, "one row per shadow and one column per record"),
        ({"confidence": [np.nan]}, "Input confidence contains NaN"),
        ({"population_confidence": [np.nan]}, "population_confidence contains NaN"),
    ],
)
def test_refuses(change, message):
    given_ = {
        "confidence": [0.5],
        "shadow_confidence": [[0.5], [0.5]],
        "in_mask": [[True], [False]],
        "population_confidence": [0.5],
        "population_shadow_confidence": [[0.5], [0.5]],
    }
    with pytest.raises(ValueError, match=message):
        rmia_scores(**given_ | change)


def test_base_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="confidence and shadow_confidence are probabilities"):
        base_scores([-3.0], [[0.5]], [[False]])
    for scale in (np.nan, -5):
        with pytest.raises(ValueError, match=rf"'offline_scale' .* Got {scale} "):
            base_scores([0.5], [[0.5]], [[False]], offline_scale=scale)


def test_refuses_a_population_of_other_shadows():
    x = [0.9], [[0.5], [0.6]], [[False], [False]]
    with pytest.raises(ValueError, match="shadow"):
        rmia_scores(*x, [0.8, 0.5], [[0.7, 0.6]])


X, Y = make_classification(160, n_features=6, n_informative=4, n_classes=3, random_state=0)
FOREIGN = X + 0.25


@pytest.fixture(scope="module", params=["linear", "forest"])
def target(request):
    estimator = {"linear": LogisticRegression(), "forest": RandomForestClassifier(10)}
    return estimator[request.param].fit(X[:80], Y[:80])


@pytest.fixture(scope="module")
def shadows(target):
    return ShadowModels(target, 6, random_state=0).fit(X, Y)


def _tempered(attack, model_answers):
    return expit(model_answers / attack.temperature)


def observed(attack, records, labels):
    """Confidences of the target and of shadows at the attack's temperature, and who saw what."""
    own = logit_confidence(attack.target.predict_proba(records), labels)
    others = attack.shadows_.observe(records, labels, "logit_confidence")
    mask = attack.shadows_.in_mask(records, labels)
    return _tempered(attack, own), _tempered(attack, others), mask


@pytest.mark.parametrize("options", [{}, {"online": False, "gamma": 2.0}, {"temperature": 1.0}])
@pytest.mark.parametrize("with_membership", [True, False])
def test_class_is_the_function(target, shadows, options, with_membership):
    membership = np.repeat([1, 0], 80) if with_membership else None
    attack = RMIA(target, shadows=shadows, random_state=0, **options).fit(X, Y, membership)
    others = slice(80, None) if with_membership else slice(None)
    population = observed(attack, X[others], Y[others])
    for records in (X, FOREIGN, np.vstack([X[::2], FOREIGN[1::2]])):
        expected = fast(
            observed(attack, records, Y),
            population,
            offline_a=attack.offline_a_,
            gamma=attack.gamma,
            online=attack.online,
        )
        # a record's own place in the population may turn by the last digit
        found = attack.score_samples(records, Y)
        np.testing.assert_allclose(found, expected, atol=2.5 / len(population[0]))
        assert np.mean(np.abs(found - expected) < 1e-12) > 0.9


@pytest.mark.parametrize("options", [{}, {"online": False, "offline_scale": 0.5}])
def test_base_class_is_the_function(target, shadows, options):
    attack = BASE(target, shadows=shadows, random_state=0, **options).fit(X, Y)
    for records in (X, FOREIGN, np.vstack([X[::2], FOREIGN[1::2]])):
        expected = base_scores(*observed(attack, records, Y), **options)
        np.testing.assert_allclose(
            attack.score_samples(records, Y), expected, rtol=1e-9, atol=1e-12
        )


def test_slope_is_the_best_on_shadows(target, shadows):
    attack = RMIA(target, shadows=shadows, random_state=0).fit(X, Y)
    confidence = _tempered(attack, shadows.observe(X, Y, "logit_confidence"))
    mask, slopes, found = shadows.in_mask_, np.linspace(0, 1, 11), []
    for a in slopes:
        aucs = []
        for i in range(6):
            rest = [j for j in range(6) if j // 2 != i // 2]
            ratios = [
                oracles.rmia_ratio(
                    confidence[i, k], confidence[rest, k], mask[rest, k], offline_a=a, online=False
                )
                for k in range(len(Y))
            ]
            aucs.append(roc_auc_score(mask[i], ratios))
        found.append(np.mean(aucs))
    assert attack.offline_a_ == pytest.approx(slopes[np.argmax(found)])


def test_slope_is_untuned_where_no_shadows_can_be_held_out():
    target = LogisticRegression().fit(X[:80], Y[:80])
    assert RMIA(target, shadows=2, random_state=0).fit(X, Y).offline_a_ == 0.3
    mask = np.random.default_rng(0).random((4, 160)) < 0.5
    custom = ShadowModels(n_shadows=4, splitter=mask)
    assert RMIA(target, shadows=custom, random_state=0).fit(X, Y).offline_a_ == 0.3
    assert RMIA(target, shadows=2, offline_a=0.7, random_state=0).fit(X, Y).offline_a_ == 0.7
