"""The quantile regression attack of Bertran et al."""

import numpy as np
import oracles
import pytest
from scipy import sparse
from scipy.special import logit
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from watched import calibrated_on

from skmia.attacks import PopulationAttack, QuantileAttack, quantile_scores
from skmia.attacks.direct._quantile import ConformalScale, quantile_parameter, resolved_levels
from skmia.datasets import load_adult
from skmia.exceptions import CalibrationWarning

LINEAR = QuantileRegressor(alpha=0)
FEW_TREES = HistGradientBoostingRegressor(loss="quantile", max_iter=10)
X, Y = make_classification(1500, n_features=5, flip_y=0.2, random_state=0)
MEMBERS, OTHERS, OWN = np.split(np.arange(1500), [300, 900])


@pytest.fixture(scope="module")
def target():
    return LogisticRegression().fit(X[MEMBERS], Y[MEMBERS])


@pytest.fixture(scope="module")
def adult():
    """Boosted trees that learned 1,500 people of Adult by heart, and 8,000 strangers."""
    records, labels = load_adult(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(records))[:9500]
    records, labels = records[order], labels[order]
    boosted = HistGradientBoostingClassifier(max_iter=100, random_state=0)
    return records, labels, boosted.fit(records[:1500], labels[:1500])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_values", [4, 10**6])
def test_equals_the_slow_loop(dtype, n_values):
    rng = np.random.default_rng(0)
    quantiles = (rng.integers(n_values, size=(200, 5)) / 8).astype(dtype)
    signal = (rng.integers(-1, n_values + 1, size=200) / 8).astype(dtype)
    levels = [0.1, 0.5, 0.9, 0.99, 0.999]
    expected = [
        oracles.quantile_score(float(s), q, levels, 3.0)
        for s, q in zip(signal, quantiles, strict=True)
    ]
    scores = quantile_scores(signal, quantiles, levels, scale=3.0)
    np.testing.assert_allclose(scores, expected, rtol=1e-6)
    assert scores.dtype == np.float64


def test_scores_at_quantiles_are_their_levels_and_rise_without_end():
    levels, quantiles = np.array([0.25, 0.5, 0.75]), np.array([[3.0, 1.0, 2.0]])
    at = quantile_scores([1.0, 2.0, 3.0], np.repeat(quantiles, 3, axis=0), levels)
    np.testing.assert_allclose(at, logit(levels), atol=1e-15)
    grid = np.linspace(-200, 200, 5001)
    scores = quantile_scores(grid, np.repeat(quantiles, 5001, axis=0), levels)
    assert (np.diff(scores) > 0).all()
    assert np.diff(scores).max() < 0.2  # continuous


def test_one_level():
    scores = quantile_scores([1.0, 2.0, 4.0], [[2.0]] * 3, [0.5], scale=2.0)
    np.testing.assert_allclose(scores, [-0.5, 0, 1])


def test_conformal_scale():
    scale = ConformalScale(np.array([3.0, 1.0, 2.0, 2.0]))
    np.testing.assert_allclose(scale(np.array([1.0, 2.0, 3.0])), [1 / 5, 2.5 / 5, 4 / 5])
    np.testing.assert_allclose(scale(np.array([2.5])), [3.25 / 5])
    beyond = scale(np.array([-1e6, -1.0, 0.0, 1.0, 3.0, 4.0, 1e3, 1e3 + 1, 1e6]))
    assert (np.diff(beyond) > 0).all()
    assert beyond[0] > 0
    assert beyond[-1] < 1


def test_conformal_rate_is_exact_for_exchangeable_values():
    rng = np.random.default_rng(1)
    hits = [ConformalScale(v[1:])(v[:1])[0] >= 1 - 0.05 for v in rng.normal(size=(3000, 20))]
    assert abs(np.mean(hits) - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 3000)


class Teller(BaseEstimator, RegressorMixin):
    """Knows the quantiles of a normal variable with mean and deviation in two columns."""

    def __init__(self, quantile=0.5):
        self.quantile = quantile

    def fit(self, X, y):
        """Nothing to learn."""
        return self

    def predict(self, X):
        """Return the true quantiles."""
        return X[:, 0] + X[:, 1] * norm.ppf(self.quantile)


class Answers:
    """A target whose third column is the signal."""

    classes_ = np.array([0, 1])

    def predict_proba(self, X):
        """Answer with the third column."""
        return np.column_stack([1 - X[:, 2], X[:, 2]])


def test_true_quantiles_give_the_true_level_and_find_what_a_population_cannot():
    rng = np.random.default_rng(2)
    mean, deviation = rng.uniform(0.2, 0.8, size=4000), rng.choice([0.001, 0.02], size=4000)
    is_member = np.arange(4000) < 500
    level = rng.uniform(size=4000)
    level[is_member] = rng.uniform(0.8, 1, size=500)  # members are in the upper fifth
    answer = np.clip(mean + deviation * norm.ppf(level), 0, 1)
    records, labels = np.column_stack([mean, deviation, answer]), np.ones(4000, dtype=int)
    levels = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    options = {"signal": "confidence", "encode": False, "levels": levels, "random_state": 0}
    attack = QuantileAttack(Answers(), regressor=Teller(), **options)
    known = np.r_[:250, 500:2500]
    rest = np.setdiff1d(np.arange(4000), known)
    attack.fit(records[known], labels[known], is_member[known])
    scores = attack.score_samples(records[rest], labels[rest])
    inner = (level[rest] > 0.05) & (level[rest] < 0.95)
    assert np.abs(scores - level[rest])[inner].max() < 0.06  # 600 calibration records
    assert np.corrcoef(scores, level[rest])[0, 1] > 0.99
    # members in the upper fifth of U(0, 1): AUC 0.9 in closed form
    assert abs(roc_auc_score(is_member[rest], scores) - 0.9) < 0.03
    population = PopulationAttack(Answers(), signal="confidence")
    population.fit(records[known], labels[known], is_member[known])
    blunt = population.score_samples(records[rest], labels[rest])
    assert roc_auc_score(is_member[rest], blunt) < 0.6


@pytest.mark.parametrize("rate", [0.05, pytest.param(0.01, marks=pytest.mark.slow)])
def test_rate_holds_for_fresh_nonmembers(adult, rate):
    records, labels, boosted = adult
    regressor = HistGradientBoostingRegressor(loss="quantile", max_iter=20, min_samples_leaf=100)
    attack = QuantileAttack(
        boosted, regressor=regressor, calibration_size=0.5, false_positive_rate=rate, random_state=0
    ).fit(records[1500:5500], labels[1500:5500])
    called = attack.predict(records[5500:], labels[5500:])
    # 4,000 fresh records, and the 2,000 that the threshold was calibrated on
    error = np.sqrt(rate * (1 - rate) * (1 / 4000 + 1 / attack.n_calibration_))
    assert attack.n_calibration_ == 2000
    assert abs(called.mean() - rate) < 2.6 * error


def test_calibration_on_the_records_of_the_regressors_would_be_wrong(adult):
    # the slip of other libraries: quantiles are too low where they were learned by heart
    records, labels, boosted = adult
    deep = HistGradientBoostingRegressor(
        loss="quantile", min_samples_leaf=2, max_iter=60, random_state=0
    )
    attack = QuantileAttack(boosted, regressor=deep, levels=[0.9], random_state=0)
    attack.fit(records[1500:3500], labels[1500:3500])
    quantiles, model = attack._reference, attack.target
    fitted, fresh = np.arange(1500, 3500), np.arange(5500, 9500)
    signal = attack._observe(model, records, labels, "margin")
    q = quantiles.predict(records, labels)[:, 0]
    assert np.mean(signal[fresh] > q[fresh]) > np.mean(signal[fitted] > q[fitted]) + 0.03
    share = np.mean(attack.score_samples(records[fresh], labels[fresh]) >= 0.9)
    assert abs(share - 0.1) < 4 * np.sqrt(0.09 * (1 / 600 + 1 / 4000))


def test_finds_more_than_a_population(adult):
    records, labels, boosted = adult
    known, membership = np.arange(500, 5000), np.repeat([1, 0], [1000, 3500])
    fresh, truth = np.r_[:500, 5500:9500], np.repeat([1, 0], [500, 4000])
    aucs = []
    for attack in (
        QuantileAttack(boosted, random_state=0),
        PopulationAttack(boosted),
    ):
        attack.fit(records[known], labels[known], membership)
        aucs.append(roc_auc_score(truth, attack.score_samples(records[fresh], labels[fresh])))
    assert aucs[0] > aucs[1] + 0.03 > 0.55


def test_shadow_is_calibrated_on_nonmembers_that_its_regressors_did_not_see(target, monkeypatch):
    seen = []
    original = QuantileAttack._compared

    def watched(self, signal, X, y, nonmembers, rng):
        reference, fresh = original(self, signal, X, y, nonmembers, rng)
        seen.append((signal, nonmembers, fresh))
        return reference, fresh

    monkeypatch.setattr(QuantileAttack, "_compared", watched)
    attack = QuantileAttack(target, regressor=LINEAR, random_state=0)
    scores, membership, _ = calibrated_on(attack, X[OWN], Y[OWN])
    (first, all_own, _), (shadow, held_out, fresh) = seen
    of_target = attack._observe(target, X[OWN], Y[OWN], attack.signal)
    np.testing.assert_array_equal(first, of_target)
    assert (shadow != of_target).all()
    assert len(all_own) == 600
    assert len(held_out) == 300
    assert set(fresh) < set(held_out)
    assert (membership == 1).sum() == 300
    # the calibration records' own scores are the places k / (n + 1)
    np.testing.assert_allclose(np.sort(scores[membership == 0]), np.arange(1, 91) / 91)


def test_automatic_levels(target):
    attack = QuantileAttack(target, regressor=LINEAR, levels=None, random_state=0)
    assert attack.fit(X[OWN], Y[OWN]).levels_.tolist() == [0.5, 0.75, 0.9, 0.95]  # of 420 records
    assert resolved_levels(10).tolist() == [0.5]
    assert resolved_levels(400).tolist() == [0.5, 0.75, 0.9, 0.95]
    assert resolved_levels(20_000)[-1] == 0.999


@pytest.mark.parametrize(
    ("regressor", "name"),
    [
        (QuantileRegressor(), "quantile"),
        (GradientBoostingRegressor(loss="quantile"), "alpha"),
        (HistGradientBoostingRegressor(loss="quantile"), "quantile"),
        (make_pipeline(StandardScaler(), QuantileRegressor()), "quantileregressor__quantile"),
        (
            make_pipeline(StandardScaler(), GradientBoostingRegressor(loss="quantile")),
            "gradientboostingregressor__alpha",
        ),
    ],
)
def test_finds_the_parameter_of_the_level(regressor, name):
    assert quantile_parameter(regressor) == name


@pytest.mark.parametrize("regressor", [Ridge(), HistGradientBoostingRegressor()])
def test_refuses_a_regressor_without_quantiles(target, regressor):
    with pytest.raises(ValueError, match="must have one parameter that says which quantile"):
        QuantileAttack(target, regressor=regressor).fit(X[OWN], Y[OWN])


def test_regressors_of_others(target):
    for regressor in (
        LINEAR,
        make_pipeline(StandardScaler(), GradientBoostingRegressor(loss="quantile", n_estimators=5)),
    ):
        attack = QuantileAttack(target, regressor=regressor, random_state=0)
        attack.fit(X[OWN], Y[OWN])
        covered = [
            np.mean(attack._observe(target, X[OTHERS], Y[OTHERS], "margin") <= q)
            for q in attack._reference.predict(X[OTHERS], Y[OTHERS]).T
        ]
        np.testing.assert_allclose(covered, [0.5, 0.9], atol=0.08)
        assert len(attack.regressors_) == 2


def test_float32_scores_are_those_of_float64(target):
    attack = QuantileAttack(target, regressor=FEW_TREES, random_state=0).fit(X[OWN], Y[OWN])
    single = X.astype(np.float32)
    np.testing.assert_allclose(
        attack.score_samples(single[OTHERS].astype(np.float64), Y[OTHERS]),
        attack.score_samples(single[OTHERS], Y[OTHERS]),
        atol=1e-6,
    )
    np.testing.assert_allclose(
        attack.score_samples(single[OTHERS], Y[OTHERS]),
        attack.score_samples(X[OTHERS], Y[OTHERS]),
        atol=1e-5,
    )


def test_frames_with_categories_missing_values_and_new_categories():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "color": pd.Categorical(rng.choice(["red", "blue"], 300)),
            "name": rng.choice(np.array(["a", "b", None], dtype=object), 300),
            "size": pd.array(rng.integers(5, size=300), dtype="Int64"),
        }
    )
    frame.loc[::7, ["color", "size"]] = pd.NA
    labels = rng.integers(2, size=300)
    target = HistGradientBoostingClassifier(categorical_features=[0, 1], max_iter=5)
    target.fit(frame.astype({"name": "category"}), labels)
    records = frame.astype({"name": "category"})
    attack = QuantileAttack(target, levels=[0.5], random_state=0).fit(records, labels)
    new = records.iloc[:3].copy()
    new["name"] = pd.Categorical(["z", None, "a"])
    assert np.isfinite(attack.score_samples(new, labels[:3])).all()


def test_texts_need_a_pipeline():
    rng = np.random.default_rng(6)
    texts = np.array([" ".join(rng.choice(list("abcdefgh"), 6)) for _ in range(120)], dtype=object)
    labels = rng.integers(2, size=120)
    words = TfidfVectorizer(analyzer="char")
    target = make_pipeline(words, LogisticRegression()).fit(texts[:40], labels[:40])
    attack = QuantileAttack(target, levels=[0.5], random_state=0)
    with pytest.raises(ValueError, match=r"are no table with columns.*a pipeline.*encode=False"):
        attack.fit(texts[40:], labels[40:])
    regressor = make_pipeline(clone(words), QuantileRegressor(alpha=0.1))
    attack.set_params(regressor=regressor, encode=False).fit(texts[40:], labels[40:])
    assert np.isfinite(attack.score_samples(texts[:40], labels[:40])).all()


def test_sparse_records(target):
    dense = np.where(np.abs(X) < 0.5, 0, X)
    attacks = [
        QuantileAttack(target, regressor=FEW_TREES, random_state=0).fit(form(dense[OWN]), Y[OWN])
        for form in (np.asarray, sparse.csr_array)
    ]
    np.testing.assert_allclose(
        attacks[0].score_samples(dense[OTHERS], Y[OTHERS]),
        attacks[1].score_samples(sparse.csr_array(dense[OTHERS]), Y[OTHERS]),
        rtol=1e-6,
    )


@pytest.mark.parametrize("levels", [[0.9, 0.5], [0.5, 1.0], [], [[0.5]], ["a"]])
def test_refuses_levels(target, levels):
    message = "levels must ascend" if levels == [0.9, 0.5] else "'levels' parameter of QuantileA"
    with pytest.raises(ValueError, match=message):
        QuantileAttack(target, levels=levels).fit(X[OWN], Y[OWN])


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (([1.0], [[1.0, 2.0]], [0.5]), "one column for each of the 1 levels, got 2"),
        (([1.0], [[1.0, 2.0]], [0.5, 0.5]), "levels must ascend, got"),
        (([np.nan], [[1.0]], [0.5]), "signal contains NaN"),
        (([1.0], [[1.0, 2.0]], [0.5, np.nan]), r"'levels' .*\(0.0, 1.0\). Got \[0.5, nan\]"),
        (([1.0], [[1.0]], ["a"]), r"'levels' .* Got \['a'\]"),
        (([1.0], [[np.nan]], [0.5]), "quantiles contains NaN"),
        (([1.0, 2.0], [[1.0]], [0.5]), "inconsistent numbers of samples"),
    ],
)
def test_refuses_arrays(args, message):
    with pytest.raises(ValueError, match=message):
        quantile_scores(*args)


def test_refuses_a_scale_of_zero():
    for scale in (0, "a"):
        with pytest.raises(ValueError, match=rf"'scale' .*\(0.0, inf\). Got {scale!r} "):
            quantile_scores([1.0], [[1.0]], [0.5], scale=scale)


def test_too_few_nonmembers(target):
    with pytest.raises(ValueError, match="do not suffice for calibration_size"):
        QuantileAttack(target).fit(X[:3], Y[:3], [1, 1, 0])


def test_rate_that_cannot_be_resolved_is_said(target):
    attack = QuantileAttack(target, regressor=LINEAR, levels=[0.5], false_positive_rate=0.001)
    with pytest.warns(CalibrationWarning, match="cannot be resolved by 180 non-members"):
        attack.set_params(random_state=0).fit(X[OWN], Y[OWN])
