"""Indirect inference: membership of a record that the target is never asked for."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy.special import expit
from scipy.stats import kstest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from skmia.attacks import gmia_indirect
from skmia.attacks.compared._gmia_indirect import enhancing, indirect_p_value


class Ridge(ClassifierMixin, BaseEstimator):
    """A ridge regression on labels of 1 and -1, that is trained in no time."""

    def fit(self, X, y):
        """Solve the normal equations."""
        X, self.classes_ = self._with_one(X), np.array([0, 1])
        self.coef_ = np.linalg.solve(X.T @ X + np.eye(X.shape[1]), X.T @ (2 * np.asarray(y) - 1))
        return self

    def predict_proba(self, X):
        """Return the logistic function of the regression."""
        p = expit(self._with_one(X) @ self.coef_)
        return np.column_stack([1 - p, p])

    @staticmethod
    def _with_one(X):
        return np.column_stack([np.ones(len(X)), X])


class Witness(Ridge):
    """A target that remembers what it was asked for."""

    asked = ()

    def predict_proba(self, X):
        """Note the records, then answer."""
        self.asked = [*self.asked, *np.asarray(X)]
        return super().predict_proba(X)


def _world(seed, n_records=430):
    """Return records of which the last is far from all others, on the wrong side."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_records, 2))
    y = (X[:, 0] + rng.normal(size=n_records) > 0).astype(int)
    X[-1], y[-1] = [-12, 0], 1
    return X, y


def _attack(seed, is_member, target=None, n_attacked=1, **options):
    """Attack the last records with all others but the target's first 20 as background."""
    X, y = _world(seed)
    rows = np.r_[:19, len(y) - 1 if is_member else 19]
    target = (Ridge() if target is None else target).fit(X[rows], y[rows])
    few = {"n_references": 60, "n_positive": 10, "n_candidates": 20, "n_queries": 5}
    few |= {"n_training_records": 20, "random_state": seed} | options
    attacked = len(y) - 21 - np.arange(n_attacked)
    return gmia_indirect(target, X[20:], y[20:], attacked, **few)


def test_influential_record_is_found_without_asking_for_it():
    options = {"n_references": 50, "n_positive": 20}
    for is_member in (True, False):
        found = [_attack(seed, is_member, **options).p_values.item() for seed in range(5)]
        assert (np.median(found) < 0.03) == is_member
    target = Witness()
    found = _attack(0, is_member=True, target=target)
    assert 0 < found.n_queries.item() == len(target.asked) <= 5
    assert not np.isclose(target.asked, [-12, 0]).all(axis=1).any()


@pytest.mark.parametrize("n_selected", [15, pytest.param(100, marks=pytest.mark.slow)])
def test_p_values_are_uniform_where_the_record_is_no_member(n_selected):
    """Two records of each target; of two each, background and references are new."""
    options = {"n_references": 24, "n_positive": 6, "n_candidates": 10, "min_correlation": 0}
    found = [_attack(seed, False, n_attacked=2, **options) for seed in range(n_selected)]
    asked = np.concatenate([one.n_queries for one in found]) > 0
    p_values = np.concatenate([one.p_values for one in found])[asked]
    assert len(p_values) > 1.5 * n_selected
    # 5 % of the statistic of Kolmogorov and Smirnov, and one step of so few references
    assert kstest(p_values, "uniform").statistic < 1.36 / np.sqrt(len(p_values)) + 1 / 25
    assert (p_values < 0.05).mean() < 0.05 + 3 * np.sqrt(0.05 / (2 * n_selected))


@pytest.mark.parametrize("n_runs", [60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("rho", [0, 0.5, 0.95])
@pytest.mark.parametrize("n_queries", [1, 8])
def test_combination_is_uniform_under_the_null(rho, n_queries, n_runs):
    rng, p_values = np.random.default_rng(0), []
    for _ in range(n_runs):
        shared, own = rng.normal(size=(101, 1)), rng.normal(size=(101, n_queries))
        signals = np.sqrt(rho) * shared + np.sqrt(1 - rho) * own
        p_values.append(indirect_p_value(signals[0], signals[1:]))
    assert kstest(p_values, "uniform").statistic < 1.36 / np.sqrt(n_runs) + 1 / 101
    assert np.mean(np.array(p_values) < 0.05) < 0.05 + 3 * np.sqrt(0.05 / n_runs)


def test_combination_sees_weak_signs_together():
    rng = np.random.default_rng(0)
    references = rng.normal(size=(100, 10))
    assert indirect_p_value(np.full(10, 1.2), references) < 0.01
    assert indirect_p_value(np.full(10, -1.2), references) > 0.9
    assert 0 < indirect_p_value(np.full(10, 1e9), references) < 1e-6


def test_constant_answers_say_nothing():
    assert indirect_p_value(np.zeros(3), np.zeros((50, 3))) == 1


def test_enhancing_records_are_those_confirmed_by_the_other_half():
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(size=(40, 6)), rng.normal(size=(40, 6))
    positive[:, 1] += 3
    positive[:, 3] -= 2
    positive[::2, 4] += 9  # in the half that chooses alone
    positive[:, 5] = negative[:, 5] = 1.0
    chosen, signs = enhancing(positive, negative, 6, 0.4)
    np.testing.assert_array_equal(chosen, [1, 3])
    np.testing.assert_array_equal(signs, [1, -1])
    chosen, _ = enhancing(positive, negative, 1, 0.4)
    assert len(chosen) == 0  # the best of the first half is the one that fails


def test_correlations_are_those_of_numpy():
    rng = np.random.default_rng(0)
    positive, negative = rng.normal(size=(20, 30)) + 0.5, rng.normal(size=(20, 30))
    bit = np.repeat([1, 0], 10)
    halves = [np.vstack([positive[i::2], negative[i::2]]) for i in (0, 1)]
    first, second = (np.array([np.corrcoef(bit, c)[0, 1] for c in half.T]) for half in halves)
    chosen, signs = enhancing(positive, negative, 30, 0.2)
    expected = np.flatnonzero(np.sign(first) * second >= 0.2)
    np.testing.assert_array_equal(np.sort(chosen), expected)
    np.testing.assert_array_equal(signs, np.sign(first[chosen]))
    assert (np.diff(np.abs(first[chosen])) <= 0).all()


def test_several_records_and_their_twins():
    """Attacked records and their twins are in no sample of the background."""
    X, y = _world(0)
    X, y = np.vstack([X, X[-1:]]), np.r_[y, 0]

    class Wary(Ridge):
        """Refuses to be trained on more than one of the attacked records."""

        def fit(self, X, y):
            assert np.isclose(X, [-12, 0]).all(axis=1).sum() <= 1
            return super().fit(X, y)

    target = Ridge().fit(X[:20], y[:20])
    found = gmia_indirect(
        target,
        X,
        y,
        [429, 100],
        n_training_records=20,
        estimator=Wary(),
        n_positive=6,
        random_state=0,
    )
    assert found.p_values.shape == found.n_queries.shape == (2,)
    assert ((found.p_values > 0) & (found.p_values <= 1)).all()


def test_nothing_is_said_where_nothing_changes():
    class Constant(Ridge):
        """Gives the same answer to all."""

        def predict_proba(self, X):
            return np.full((len(X), 2), 0.5)

    found = _attack(0, is_member=True, target=Constant(), n_references=10)
    assert (found.p_values.item(), found.n_queries.item()) == (1, 0)


def test_seed_jobs_and_containers_change_nothing():
    X, y = _world(0)
    target = LogisticRegression().fit(X[:20], y[:20])
    options = {"n_training_records": 20, "n_references": 10, "n_positive": 6, "random_state": 0}
    with parallel_config(backend="threading"):
        found = [
            gmia_indirect(target, X[20:], y[20:], [409], n_jobs=n, **options).p_values
            for n in (None, 2)
        ]
    np.testing.assert_array_equal(*found)
    frame = pd.DataFrame(X, columns=["a", "b"])
    target = LogisticRegression().fit(frame[:20], y[:20])
    of_frame = gmia_indirect(target, frame[20:], y[20:], [409], **options).p_values
    np.testing.assert_allclose(of_frame, found[0])


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict"])
def test_what_the_target_reveals(method):
    X, y = _world(0)
    target = LogisticRegression().fit(X[:20], y[:20])
    found = gmia_indirect(
        target, X[20:].astype(np.float32), y[20:], [409], n_training_records=20, n_references=10,
        n_positive=6, response_method=method, random_state=0,
    )  # fmt: skip
    assert 0 < found.p_values.item() <= 1


def test_errors():
    X, y = _world(0)
    target = Ridge().fit(X, y)
    with pytest.raises(ValueError, match=r"n_training_records=430 .* which has 429 besides those"):
        gmia_indirect(target, X, y, [0], n_training_records=430)
    with pytest.raises(ValueError, match="row numbers of X, from 0 to 429, got 430"):
        gmia_indirect(target, X, y, [430], n_training_records=20)
    for records in ([0.5], [], [-1]):
        with pytest.raises(ValueError, match=r"'records' .* for two rows of X"):
            gmia_indirect(target, X, y, records, n_training_records=20)
    for name in ("n_training_records", "n_references", "n_positive", "n_candidates", "n_queries"):
        with pytest.raises(ValueError, match=f"'{name}' .* Got 0 "):
            gmia_indirect(target, X, y, [0], **{"n_training_records": 20} | {name: 0})
    with pytest.raises(ValueError, match=r"'min_correlation' .* Got 2 "):
        gmia_indirect(target, X, y, [0], n_training_records=20, min_correlation=2)
