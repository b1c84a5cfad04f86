from copy import copy
from functools import cache

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB

from skmia.leakage import (
    kl_leakage,
    membership_leakage,
    membership_success_bound,
    total_variation_bound,
    tpr_bound,
)
from skmia.shadows import ShadowModels

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 3))
Y = (X[:, 0] + RNG.logistic(size=40) > 0).astype(int)
LINEAR = LogisticRegression(solver="newton-cholesky")
NOISY = SGDClassifier(loss="log_loss", alpha=0.1, random_state=0)
IRIS, SPECIES = load_iris(return_X_y=True)


class Telling(ClassifierMixin, BaseEstimator):
    """Answer records by a Gaussian whose mean a member's record moves by a known distance."""

    def __init__(self, distance=1.0, random_state=None):
        self.distance, self.random_state = distance, random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.numbers_ = set(np.asarray(X)[:, 0].tolist())
        return self

    def statistic(self, X, y):
        seen = np.array([number in self.numbers_ for number in X[:, 0]])
        return self.distance * seen + np.random.RandomState(self.random_state).normal(size=len(X))

    def predict(self, X):
        return np.repeat(self.classes_[0], len(X))


def leakage(estimator=LINEAR, X=X, y=Y, **options):
    return membership_leakage(estimator, X, y, **{"n_models": 32, "random_state": 0, **options})


@cache
def pool(n_shadows=32, splitter="halves"):
    """Return shadow models that no test may change."""
    return ShadowModels(LINEAR, n_shadows, splitter=splitter, random_state=0).fit(X, Y)


@pytest.mark.parametrize("rest", ["random", "fixed"])
def test_known_leakage_is_found(rest):
    X, y = np.arange(60.0)[:, None], np.arange(60) % 2
    options = {"statistic": Telling.statistic, "other_records": rest, "n_models": 64}
    rows = np.arange(60) if rest == "random" else [3, 50]
    found = leakage(Telling(1.0), X, y, rows=rows, **options)
    if rest == "fixed":
        assert_array_equal([found.n_in, found.n_out], 32)
    else:  # drawn anew for each model
        assert_array_equal(found.n_in + found.n_out, 64)
        assert 15 < found.n_in.min() < found.n_in.max() < 49
    if rest == "random":
        assert found.mean_kl.low <= 0.5 <= found.mean_kl.high
        assert found.kl.mean() == pytest.approx(0.5, abs=0.1)
        assert found.mean_mutual_information == pytest.approx(0.1114, abs=0.02)
        covered = (found.kl_low <= 0.5) & (found.kl_high >= 0.5)
        assert covered.mean() > 0.85
    else:
        assert ((found.kl_low <= 0.5) & (found.kl_high >= 0.5)).all()
    none = leakage(Telling(0.0), X, y, rows=rows, **options)
    assert none.mean_kl.low == 0
    assert none.kl.mean() < 0.1


@pytest.mark.parametrize("method", ["pooled", "gaussian", "neighbors"])
def test_every_record_is_that_of_kl_leakage(method):
    # independent models: of pairs "pooled" takes more bias away
    shadows = pool(40, "bernoulli")
    rows = [7, 2, 30]
    found = leakage(shadows, rows=rows, method=method)
    logits = shadows.observe(X[rows], Y[rows], "logit_confidence")
    for i, row in enumerate(rows):
        mask = shadows.in_mask_[:, row]
        sides = logits[mask, i], logits[~mask, i]
        options = {"method": method, "n_resamples": 2}
        near = {"rel": 1e-4, "abs": 1e-6}
        assert found.kl[i] == pytest.approx(kl_leakage(*sides, **options), **near)
        back = kl_leakage(*sides[::-1], **options)
        assert found.reverse_kl[i] == pytest.approx(back, **near)
    assert (found.kl_low <= found.kl_high).all()
    assert_array_equal(found.rows, rows)


def test_bounds_are_those_of_the_divergences():
    found = leakage(pool(), method="gaussian", false_positive_rate=0.05)
    both = found.kl, found.reverse_kl
    assert_allclose(found.total_variation, total_variation_bound(*both))
    assert_allclose(found.success_bound, membership_success_bound(*both))
    assert_allclose(found.tpr_bound, tpr_bound(found.kl, 0.05, found.reverse_kl))
    assert_allclose(found.to_frame()["tpr_bound"], found.tpr_bound)
    assert_allclose(found.mutual_information, np.minimum(sum(both) / 4, np.log(2)))


def test_trained_here_or_before_is_the_same():
    found = leakage(rows=[1, 5], n_models=24)
    mask = np.isin(np.arange(40), [1, 5])
    assert_array_equal(found.kl, leakage(rows=mask, n_models=24).kl)
    with parallel_config("threading"):
        assert_array_equal(found.kl, leakage(n_jobs=2, rows=[1, 5], n_models=24).kl)
    assert_array_equal(found.kl, leakage(n_models=24).kl[[1, 5]])


def test_batches_of_records_do_not_matter(monkeypatch):
    one = leakage(pool())
    monkeypatch.setattr("skmia.leakage._per_record._ENTRIES", 12_000)
    two = leakage(pool())
    for name in ("kl", "kl_low", "kl_high", "mutual_information"):
        assert_allclose(getattr(one, name), getattr(two, name))
    assert_allclose(one.mean_kl, two.mean_kl)


@pytest.mark.parametrize("container", [pd.DataFrame, csr_array])
def test_containers(container):
    found = leakage(X=container(X), rows=[0, 3], n_models=16)
    assert_allclose(found.kl, leakage(rows=[0, 3], n_models=16).kl, rtol=1e-6)


def test_log_odds_of_two_classes_are_the_logit_and_of_three_have_two_dimensions():
    one, other = leakage(pool(), statistic="log_odds"), leakage(pool())
    assert_allclose(one.kl, other.kl, rtol=1e-6, atol=1e-9)
    seen = []

    def odds(model, X, y):
        logs, index = np.log(np.maximum(model.predict_proba(X), 1e-30)), np.asarray(y)
        each = np.arange(len(X))
        seen.append(len(X))
        return np.stack([logs[each, (index + k) % 3] - logs[each, index] for k in (1, 2)], axis=1)

    options = {"X": IRIS, "y": SPECIES, "rows": [3, 60, 120], "n_models": 20}
    three = leakage(GaussianNB(), statistic="log_odds", **options)
    assert_allclose(three.kl, leakage(GaussianNB(), statistic=odds, **options).kl)
    assert seen == [3] * 20


def test_parameters_leak_no_less_than_what_is_computed_from_them():
    def coefficients(model, X, y):
        return np.tile(np.r_[model.coef_[0], model.intercept_], (len(X), 1))

    parameters = leakage(pool(64), statistic=coefficients).mean_kl
    assert parameters > leakage(pool(64)).mean_kl


def test_twins_are_in_or_out_together():
    twins = np.r_[X, X[:1]], np.r_[Y, Y[:1]]
    for options in ({}, {"estimator": NOISY, "other_records": "fixed"}):
        found = leakage(X=twins[0], y=twins[1], rows=[0, 40], n_models=12, **options)
        assert found.kl[0] == found.kl[1]
        assert found.n_in[0] == found.n_in[1]
        assert found.n_out[0] == found.n_out[1]
        # of 41 records one may be on neither side
        assert 10 <= found.n_in[0] + found.n_out[0] <= 12


def test_the_two_halves_of_a_pool_are_no_independent_models():
    shadows = copy(pool(64))
    in_pairs = leakage(shadows).mean_kl
    shadows.groups_ = np.arange(64)
    # the noise of independent models is 1 / 32, that of opposite ones twice as much
    assert 0.5 / 32 < leakage(shadows).mean_kl - in_pairs < 1.1 / 32


def test_shadows_that_leave_one_out():
    shadows = ShadowModels(NOISY, 48, splitter="leave_one_out", random_state=0)
    shadows.fit(X[:12], Y[:12])
    found = leakage(shadows, X=X[:12], y=Y[:12])
    assert_array_equal(found.n_in, 44)
    assert_array_equal(found.n_out, 4)


# What is refused


def test_training_without_chance_is_refused_where_nothing_else_differs():
    with pytest.raises(ValueError, match=r"LogisticRegression give the same statistics.*random"):
        leakage(
            other_records="fixed", rows=[0], n_models=8, statistic=lambda m, X, y: np.zeros(len(X))
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "best"}, "'method' parameter of .* Got 'best' "),
        ({"other_records": "none"}, "'other_records' parameter of .* Got 'none' "),
        ({"prior": 0}, "'prior' parameter of .* Got 0 "),
        ({"false_positive_rate": 0}, "'false_positive_rate' parameter of .* Got 0 "),
        ({"confidence_level": 2}, "'confidence_level' parameter of .* Got 2 "),
        ({"n_models": 33}, "'n_models' .* even, .* Got 33"),
        ({"n_models": 0}, "'n_models' parameter of .* Got 0 "),
        ({"n_models": 4}, "seen by none of the models"),
        ({"n_models": 10}, "needs at least 3 models with the record"),
        ({"statistic": "beauty"}, "'statistic' parameter of .* Got 'beauty' "),
        (
            {"statistic": lambda m, X, y: 1.0, "n_models": 16},
            "statistic must return a number or a row",
        ),
        ({"statistic": lambda m, X, y: X[:, 0] / 0, "n_models": 16}, "statistic must be finite"),
        ({"rows": [40]}, "rows must be numbers of records between 0 and 39"),
        ({"rows": []}, "at least one of them"),
        ({"rows": [0.5]}, "got float64"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        leakage(**options)


def test_foreign_records_and_unfitted_shadows_are_refused():
    shadows = ShadowModels(LINEAR, 8, random_state=0)
    with pytest.raises(NotFittedError):
        leakage(shadows)
    with pytest.raises(ValueError, match=r"Record 0 was seen by none of the models.*labels"):
        leakage(shadows.fit(X, Y), X=X + 1)
