"""Closed forms of the leakage against models that were retrained, on Adult and in simulations."""

from copy import deepcopy

import numpy as np
import pytest
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from scipy.sparse import csr_array
from scipy.special import expit
from scipy.stats import spearmanr
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, scale
from sklearn.tree import DecisionTreeClassifier
from threadpoolctl import threadpool_limits

from skmia.datasets import load_adult
from skmia.leakage import closed_form_leakage
from skmia.leakage._linear_models import LinearProblem
from skmia.metrics import Estimate
from skmia.model_selection import MemberRecorder

OUTPUT = {"mechanism": "output", "noise_scale": 0.1}
POSTERIOR = {"mechanism": "posterior", "inverse_temperature": 1.0}
MECHANISMS = (OUTPUT, POSTERIOR, {})
IRIS, SPECIES = load_iris(return_X_y=True)
IRIS = scale(IRIS)
ADULT = load_adult(split="train")


@pytest.fixture(autouse=True)
def _one_thread():
    """Compute on one thread: more of them wait for each other in matrices this small."""
    with threadpool_limits(1):
        yield


def logistic(**params):
    """Return a logistic regression that is trained to the very minimum."""
    return LogisticRegression(**{"tol": 1e-10, "max_iter": 1000, "solver": "newton-cg"} | params)


def parameters_of(model):
    """Return weights and intercepts, output by output."""
    weights = np.atleast_2d(model.coef_)
    return np.column_stack([weights, np.broadcast_to(model.intercept_, len(weights))]).ravel()


def one_hot_adult(n_records):
    """Return records with one column for each category and scaled numbers."""
    text = [ADULT.feature_names.index(name) for name in ADULT.categories if name != "income"]
    numbers = np.setdiff1d(np.arange(14), text)
    rows = np.random.RandomState(0).permutation(len(ADULT.target))[:n_records]
    encoder = make_column_transformer(
        (OneHotEncoder(sparse_output=False), text), (StandardScaler(), numbers)
    )
    return encoder.fit_transform(ADULT.data[rows]), ADULT.target[rows]


def sum_of_losses(model, X, y):
    """Return the sum of the losses and half the squared weights (C=1)."""
    values = model.decision_function(X)
    return np.logaddexp(0, values).sum() - y @ values + (model.coef_**2).sum() / 2


def test_agrees_with_retraining_without_each_of_100_records_of_adult():
    X, y = one_hot_adult(1000)
    model = logistic(solver="newton-cholesky", warm_start=True).fit(X, y)
    shifts, gains = [], []
    for left_out in range(100):
        rest = np.arange(1000) != left_out
        other = deepcopy(model).fit(X[rest], y[rest])  # from the minimum of all on
        shifts.append(parameters_of(other) - parameters_of(model))
        gains.append(
            sum_of_losses(model, X[rest], y[rest]) - sum_of_losses(other, X[rest], y[rest])
        )
    output = closed_form_leakage(model, X, y, **OUTPUT).kl[:100]
    exact = (np.array(shifts) ** 2).sum(axis=1) / (2 * 0.1**2)
    assert spearmanr(output, exact).statistic > 0.99
    # what the posterior's density is said to lose where the record had pulled the minimum to
    posterior = closed_form_leakage(model, X, y, **POSTERIOR).kl[:100]
    assert spearmanr(posterior, gains).statistic > 0.99
    assert np.median(output / exact) == pytest.approx(1, abs=0.1)
    assert np.sum(posterior) / np.sum(gains) == pytest.approx(1, abs=0.2)


# parameters that scikit-learn changed
NAMES = LogisticRegressionCV().get_params()
OF_FOLDS = (
    {"l1_ratios": (0,), "use_legacy_attributes": False} if "use_legacy_attributes" in NAMES else {}
)
MIXED = {} if OF_FOLDS else {"penalty": "elasticnet"}

NUMBERS = ("age", "education-num", "hours-per-week", "fnlwgt")
FEW = scale(ADULT.data[:, [ADULT.feature_names.index(name) for name in NUMBERS]])
DESIGN = np.column_stack([FEW, np.ones(len(FEW))])


def minima(rows, weight, start=None, extra=None):
    """Return the parameters of many logistic regressions at once, by Newton's method."""
    rows = rows if extra is None else np.column_stack([rows, np.full(len(rows), extra)])
    X, y = DESIGN[rows], ADULT.target[rows]
    penalty = weight * np.array([1, 1, 1, 1, 0])
    points = np.zeros((len(rows), 5)) if start is None else start
    for _ in range(8 if start is None else 2):
        answers = expit(np.matmul(X, points[:, :, None])[:, :, 0])
        slopes = np.matmul((answers - y)[:, None], X)[:, 0] + penalty * points
        curvature = np.matmul((X * (answers * (1 - answers))[:, :, None]).swapaxes(1, 2), X)
        curvature += np.diag(penalty)
        points = points - np.linalg.solve(curvature, slopes[:, :, None])[:, :, 0]
    return points


def retrained_leakage(weight, candidates, n_records=1000, n_sets=200):
    """Return training sets, and pooled divergences of the parameters with and without records."""
    rng = np.random.RandomState(0)
    sets = rng.randint(20_000, size=(n_sets, n_records))  # independent, as the formula has it
    without = minima(sets, weight)
    found = []
    for candidate in candidates:
        points = minima(sets, weight, without, candidate)
        shift = (points - without).mean(axis=0)
        pooled = (np.cov(points.T) + np.cov(without.T)) / 2
        found.append(shift @ np.linalg.solve(pooled, shift) / 2)
    # the mean of an inverse Wishart matrix: sets are the same with and without
    return sets, np.array(found) * (n_sets - 1 - 5 - 1) / (n_sets - 1)


def test_sampling_agrees_with_models_of_other_records():
    candidates = np.arange(20_000, 20_024)  # in no training set
    found = {}
    for weight in (1.0, 100.0):
        sets, exact = retrained_leakage(weight, candidates)
        model = logistic(C=1 / weight).fit(FEW[sets[0]], ADULT.target[sets[0]])
        np.testing.assert_allclose(
            parameters_of(model), minima(sets[:1], weight)[0], rtol=1e-4, atol=1e-6
        )
        X, y = FEW[sets[0]], ADULT.target[sets[0]]
        one = closed_form_leakage(model, X, y, FEW[candidates], ADULT.target[candidates]).kl
        assert spearmanr(one, exact).statistic > 0.9
        # of all records together the constant 1 / 2n shows too
        whole = logistic(C=1000 / (weight * 20_000)).fit(FEW[:20_000], ADULT.target[:20_000])
        X, y = FEW[:20_000], ADULT.target[:20_000]
        best = closed_form_leakage(whole, X, y, FEW[candidates], ADULT.target[candidates]).kl * 20
        assert spearmanr(best, exact).statistic > 0.98
        assert best.sum() / exact.sum() == pytest.approx(1, abs=0.1)
        found[weight] = exact.mean(), best.mean()
    for before, after in zip(*found.values(), strict=True):
        assert after / before == pytest.approx(1, abs=0.2)  # free of the penalty's weight


@pytest.mark.parametrize(
    ("model", "classes"),
    [
        (RidgeClassifier(alpha=3.0), [0, 1]),
        (RidgeClassifier(alpha=3.0), [0, 1, 2]),
        (RidgeClassifier(alpha=0.5, fit_intercept=False), [0, 1, 2]),
    ],
)
def test_ridge_leaves_one_out_exactly_but_for_the_leverage(model, classes):
    some = np.isin(SPECIES, classes)
    X, y = IRIS[some], SPECIES[some]
    model.fit(X, y)
    design = np.column_stack([X, np.ones((len(X), int(model.fit_intercept)))])
    weights = np.full(design.shape[1], model.alpha)
    weights[4:] = 0
    inverse = np.linalg.inv(design.T @ design + np.diag(weights))
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    found = closed_form_leakage(model, X, y, **OUTPUT).kl / (1 - leverage) ** 2
    for left_out in (0, 7, 60, 99):
        rest = np.arange(len(y)) != left_out
        other = clone(model).fit(X[rest], y[rest])
        shift = parameters_of(other) - parameters_of(model)
        assert found[left_out] == pytest.approx(shift @ shift / (2 * 0.1**2), rel=1e-8)


LIBLINEAR = LogisticRegression(solver="liblinear", tol=1e-8, intercept_scaling=2.0)


@pytest.mark.parametrize(
    ("model", "classes"),
    [
        (logistic(C=0.5), [1, 2]),
        (logistic(C=0.5), [0, 1, 2]),
        (logistic(C=2.0, fit_intercept=False), [1, 2]),
        (logistic(C=2.0, fit_intercept=False), [0, 1, 2]),
        (logistic(C=np.inf), [1, 2]),
        (logistic(C=np.inf), [0, 1, 2]),
        (LIBLINEAR, [1, 2]),
    ],
)
def test_logistic_regressions_against_adding_a_record(model, classes):
    rng = np.random.RandomState(0)
    X = np.repeat(IRIS[np.isin(SPECIES, classes)], 10, axis=0)
    X = X + rng.normal(0, 1, X.shape)  # or without penalty there would be no minimum
    y = np.repeat(SPECIES[np.isin(SPECIES, classes)], 10)
    model.fit(X, y)
    records = 0.5 * rng.normal(size=(4, 4))
    labels = rng.choice(classes, 4)
    found = closed_form_leakage(model, X, y, records, labels, **OUTPUT).kl
    for record, label, kl in zip(records, labels, found, strict=True):
        other = clone(model)
        other.fit(np.vstack([X, record]), np.append(y, label))
        shift = parameters_of(other) - parameters_of(model)
        assert kl == pytest.approx(shift @ shift / (2 * 0.1**2), rel=0.05)


def simulated(n_records):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n_records, 4))
    return X, (X[:, 0] + rng.logistic(size=n_records) > 0).astype(int)


def test_falls_with_the_number_of_records():
    means = []
    for n_records in (250, 1000, 4000):
        X, y = simulated(n_records)
        model = logistic(C=1 / (0.01 * n_records), solver="newton-cholesky").fit(
            X, y
        )  # the same weight in the mean
        means.append([closed_form_leakage(model, X, y, **m).kl.mean() for m in MECHANISMS])
    ratios = np.log2(np.array(means)[:-1] / np.array(means)[1:])
    np.testing.assert_allclose(ratios, np.tile([4, 2, 2], (2, 1)), atol=0.4)


def test_within_pipelines_searches_recorders_and_frozen():
    X, y = IRIS * [1, 10, 100, 1000] + 5, SPECIES
    plain = logistic().fit(IRIS, y)
    pipeline = make_pipeline(StandardScaler(), logistic())
    wrapped = [
        pipeline.fit(X, y),
        GridSearchCV(pipeline, {"logisticregression__C": [1.0]}, cv=2).fit(X, y),
        MemberRecorder(pipeline).fit(X, y),
        FrozenEstimator(pipeline),
    ]
    for mechanism in MECHANISMS:
        expected = closed_form_leakage(plain, IRIS, y, IRIS[:9], y[:9], **mechanism).kl
        for model in wrapped:
            found = closed_form_leakage(model, X, y, X[:9], y[:9], **mechanism).kl
            np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_built_in_searches_and_containers():
    chosen = RidgeClassifierCV(alphas=[3.0]).fit(IRIS, SPECIES)
    plain = RidgeClassifier(alpha=3.0).fit(IRIS, SPECIES)
    sparse = csr_array(IRIS)
    for mechanism in MECHANISMS:
        expected = closed_form_leakage(plain, IRIS, SPECIES, **mechanism).kl
        found = closed_form_leakage(chosen, sparse, SPECIES.tolist(), **mechanism).kl
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    model = LogisticRegressionCV(
        Cs=[0.5],
        cv=2,
        tol=1e-10,
        scoring="accuracy",
        max_iter=1000,
        **OF_FOLDS,
    ).fit(IRIS, SPECIES)
    found = closed_form_leakage(model, IRIS, SPECIES).kl
    expected = closed_form_leakage(logistic(C=0.5).fit(IRIS, SPECIES), IRIS, SPECIES).kl
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_blocks_make_no_difference(monkeypatch):
    monkeypatch.setattr("skmia.leakage._linear_models.BLOCK", 400)
    X, y = simulated(1210)
    model = logistic().fit(X, y)
    for mechanism in MECHANISMS:
        whole = closed_form_leakage(model, X, y, **mechanism).kl
        last = closed_form_leakage(model, X, y, X[-10:], y[-10:], **mechanism).kl
        np.testing.assert_allclose(whole[-10:], last, rtol=0.05 if mechanism == {} else 1e-9)


def test_result_and_intervals():
    X, y = simulated(400)
    model = logistic().fit(X, y)
    found = closed_form_leakage(model, X, y, **OUTPUT, random_state=0)
    assert (found.mechanism, found.noise_scale, found.n_records) == ("output", 0.1, 400)
    assert float(found.mean_kl) == pytest.approx(found.kl.mean())
    half = 1.96 * found.kl.std() / 20
    assert found.mean_kl.low == pytest.approx(found.kl.mean() - half, rel=0.1)
    assert found.mean_kl.high == pytest.approx(found.kl.mean() + half, rel=0.1)
    bound = found.success_bound
    np.testing.assert_allclose(bound, 0.5 + 0.5 * np.sqrt(np.minimum(found.kl / 2, 1)), rtol=1e-3)
    assert float(found.mean_success_bound) == pytest.approx(bound.mean())
    again = closed_form_leakage(model, X, y, **OUTPUT, random_state=0)
    assert again.mean_kl == found.mean_kl
    one = closed_form_leakage(model, X, y, X[:1], y[:1])
    assert isinstance(one.mean_kl, Estimate)
    assert one.mean_kl.method == "one record has no interval"


def test_the_only_record_of_a_category_is_told_by_it():
    X, y = simulated(300)
    X = np.column_stack([X, np.arange(300) == 5])
    model = logistic().fit(X, y)
    found = closed_form_leakage(model, X, y)
    assert np.flatnonzero(np.isinf(found.kl)) == [5]
    assert found.mean_kl == np.inf
    assert "infinite for 1 of 300 records" in found.mean_kl.method
    assert found.success_bound[5] == 1
    assert found.mean_success_bound.high < 1
    assert closed_form_leakage(model, X, y, X[5:6], y[5:6]).kl == pytest.approx(0.5, rel=0.01)


def test_noise_of_the_gaussian_mechanism():
    X, y = simulated(500)
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    model = logistic(C=0.02, fit_intercept=False).fit(X, y)
    privacy = {"epsilon": 1.0, "delta": 1e-5}
    sensitivity = 0.02  # C times the largest gradient, for a record that comes or goes
    found = closed_form_leakage(model, X, y, mechanism="output", sensitivity=sensitivity, **privacy)
    assert found.noise_scale == pytest.approx(0.02 * np.sqrt(2 * np.log(1.25e5)))
    assert 0 < found.kl.max() < 0.0213019
    same = closed_form_leakage(model, X, y, mechanism="output", noise_scale=found.noise_scale)
    np.testing.assert_array_equal(same.kl, found.kl)
    with pytest.raises(ValueError, match=r"\d+ of 500 records move the parameters farther than"):
        closed_form_leakage(model, X, y, mechanism="output", sensitivity=1e-4, **privacy)


BINARY = simulated(200)
MODEL = logistic().fit(*BINARY)
ELASTIC = LogisticRegression(solver="saga", l1_ratio=0.5, max_iter=5000, **MIXED).fit(*BINARY)
WEIGHTS = np.linspace(0.01, 2, 200)


@pytest.mark.parametrize(
    ("model", "params", "message"),
    [
        (MODEL, {"X": BINARY[0]}, "Give both X and y, or neither"),
        (MODEL, {"mechanism": "output"}, "needs noise_scale"),
        (MODEL, {"epsilon": 1.0}, "epsilon, delta and sensitivity together stand for noise_scale"),
        (MODEL, {"tol": 2}, "'tol' parameter of .* Got 2 "),
        (MODEL, {"max_iter": 0}, "'max_iter' parameter of .* Got 0 "),
        (MODEL, {"n_resamples": 0}, "'n_resamples' parameter of .* Got 0 "),
        (MODEL, {"confidence_level": 95}, "'confidence_level' parameter of .* Got 95 "),
        (MODEL, {"X": BINARY[0], "y": BINARY[1] + 1}, r"does not know, \[2\]; it was fitted on"),
        (MODEL, {"X": BINARY[0][:, :3], "y": BINARY[1]}, "Records have 3 features, but"),
        (MODEL, {"X": BINARY[0][:3], "y": BINARY[1]}, "inconsistent numbers of samples"),
        (logistic(class_weight="balanced").fit(*BINARY), {}, "fit it with class_weight=None"),
        (RidgeClassifier(positive=True).fit(*BINARY), {}, "positive=True"),
        (ELASTIC, {}, "has an L1 penalty, whose minimum has no closed form"),
        (logistic().fit(*BINARY, sample_weight=WEIGHTS), {}, "is not at the minimum of its objec"),
        (logistic().fit(BINARY[0][:50], BINARY[1][:50]), {}, "Give the very records it was fitted"),
        (DecisionTreeClassifier().fit(*BINARY), {}, "got DecisionTreeClassifier; skmia.leakage"),
        (
            make_resampling_pipeline(RandomUnderSampler(random_state=0), logistic()).fit(*BINARY),
            {},
            "A step of the Pipeline resamples the records",
        ),
    ],
)
def test_refusals(model, params, message):
    with pytest.raises(ValueError, match=message):
        closed_form_leakage(model, *BINARY, **params)


def test_too_many_parameters(monkeypatch):
    monkeypatch.setattr("skmia.leakage._linear_models.MOST_PARAMETERS", 4)
    with pytest.raises(ValueError, match="at most 4; the LogisticRegression has 5"):
        closed_form_leakage(MODEL, *BINARY)


def test_averaged_models_of_folds_are_refused():
    model = LogisticRegressionCV(Cs=[1.0], cv=2, refit=False, scoring="accuracy", **OF_FOLDS).fit(
        *BINARY
    )
    with pytest.raises(ValueError, match="refit=False"):
        closed_form_leakage(model, *BINARY)


def test_hessian_is_the_slope_of_the_gradient():
    for model in (logistic().fit(IRIS, SPECIES), RidgeClassifier().fit(IRIS, SPECIES)):
        problem = LinearProblem(model, IRIS, SPECIES)
        hessian = problem.hessian()
        slopes = []
        for number in range(problem.n_parameters):
            ends = []
            for step in (1e-5, -1e-5):
                moved = np.zeros(problem.n_parameters)
                moved[number] = step
                moved = moved.reshape(3, 5)
                model.coef_ += moved[:, :4]
                problem.coef, model.intercept_ = model.coef_, model.intercept_ + moved[:, 4]
                ends.append(sum(b.mean(axis=0) for b in problem.blocks(IRIS, SPECIES)))
                model.coef_ -= moved[:, :4]
                model.intercept_ = model.intercept_ - moved[:, 4]
            slopes.append((ends[0] - ends[1]) / 2e-5)
        np.testing.assert_allclose(np.array(slopes) + np.diag(problem.penalty), hessian, atol=1e-8)
