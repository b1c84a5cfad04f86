"""Change of the answer to a record that is left out: neighbors by hand, seeds, copies."""

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmia.datasets import load_adult
from skmia.exceptions import ShadowTrainingError
from skmia.leakage import record_sensitivity
from skmia.signals import loss


def table(n=40, n_classes=2, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)), rng.integers(n_classes, size=n)


class LeastSquares(ClassifierMixin, BaseEstimator):
    """Answers with the value of a ridge regression on 0 and 1 as probability of the second."""

    def fit(self, X, y):
        X = np.column_stack([np.ones(len(X)), X])
        self.coef_ = np.linalg.solve(X.T @ X + 1e-3 * np.eye(X.shape[1]), X.T @ y)
        self.classes_ = np.array([0, 1])
        return self

    def predict_proba(self, X):
        value = np.column_stack([np.ones(len(X)), X]) @ self.coef_
        return np.column_stack([1 - value, value])


class Noise(ClassifierMixin, BaseEstimator):
    """Answers by chance alone, from its seed."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.value_ = np.random.RandomState(self.random_state).random_sample()
        return self

    def predict_proba(self, X):
        return np.tile([self.value_, 1 - self.value_], (len(X), 1))


# Truth by hand


def test_nearest_neighbors_by_hand():
    X, y = np.array([[0.0], [1.0], [2.5], [7.0]]), [0, 0, 1, 0]
    one = record_sensitivity(KNeighborsClassifier(1), X, y)
    np.testing.assert_array_equal(one.rows, np.arange(4))
    # without them 0 and 1 are answered by each other, 2.5 by 1, and 7 by 2.5
    np.testing.assert_allclose(one.sensitivity, np.sqrt([0, 0, 2, 2]))
    three = record_sensitivity(KNeighborsClassifier(3), X, y)
    # the three nearest of 0 are 0, 1, 2.5: 2/3 of class 0; without it 1, 2.5, 7: again 2/3
    # of 7 they are 7, 2.5, 1: 2/3; without it 2.5, 1, 0: 2/3. of 2.5: 2/3, without it 1
    np.testing.assert_allclose(three.sensitivity, np.sqrt(2) / 3 * np.array([0, 0, 1, 0]))


def test_least_squares_by_leverage():
    X, y = table()
    found = record_sensitivity(LeastSquares(), X, y)
    design = np.column_stack([np.ones(len(X)), X])
    hat = design @ np.linalg.solve(design.T @ design + 1e-3 * np.eye(4), design.T)
    leverage = np.diag(hat)
    # its residual r becomes r / (1 - h), so that the value changes by r h / (1 - h)
    change = np.abs((y - hat @ y) * leverage / (1 - leverage))
    np.testing.assert_allclose(found.sensitivity, np.sqrt(2) * change, rtol=1e-8)


def test_shares_of_classes_and_a_class_that_vanishes():
    y = np.array(["a"] * 3 + ["b"])
    found = record_sensitivity(DummyClassifier(strategy="prior"), np.arange(4.0)[:, None], y)
    # (3/4, 1/4) becomes (2/3, 1/3) without an "a", and (1, 0) without the only "b"
    np.testing.assert_allclose(found.sensitivity, np.sqrt(2) * np.array([1 / 12] * 3 + [1 / 4]))
    np.testing.assert_allclose(found.background[3], np.sqrt(2) / 12)


@pytest.mark.parametrize("output", ["confidence", lambda proba, y: proba[np.arange(len(y)), y]])
def test_a_signal_is_that_of_the_true_label(output):
    y = np.array(["a"] * 3 + ["b"])
    X = np.arange(4.0)[:, None]
    found = record_sensitivity(DummyClassifier(strategy="prior"), X, y, output=output)
    np.testing.assert_allclose(found.sensitivity, [1 / 12] * 3 + [1 / 4])


def test_log_confidence_against_models_trained_one_by_one():
    X, y = load_adult(return_X_y=True)
    X, y = X[:120, [0, 2, 4, 10, 11, 12]], y[:120]
    model = make_pipeline(StandardScaler(), LogisticRegression())
    rows = [5, 77, 3]
    found = record_sensitivity(model, X, y, rows=rows, output="loss")
    whole = loss(model.fit(X, y).predict_proba(X[rows]), y[rows])
    for i, row in enumerate(rows):
        model.fit(np.delete(X, row, axis=0), np.delete(y, row))
        without = loss(model.predict_proba(X[[row]]), y[[row]])
        np.testing.assert_allclose(found.sensitivity[i], abs(whole[i] - without[0]), rtol=1e-6)


# Copies


def test_a_record_is_left_out_with_its_copies():
    X, y = np.array([[0.0], [0.0], [1.0], [1.0], [9.0]]), np.array([1, 1, 0, 1, 0])
    found = record_sensitivity(KNeighborsClassifier(1), X, y, rows=[1, 0])
    # both records 0 go, so that 1 is answered by a neighbor at 1, of which the first is taken
    np.testing.assert_allclose(found.sensitivity, np.sqrt(2))
    # the same x with another label is another record
    other = record_sensitivity(KNeighborsClassifier(2), X, y, rows=[2])
    np.testing.assert_allclose(other.sensitivity, np.sqrt(2) / 2)


def test_copies_alone_leave_nothing_to_train_on():
    with pytest.raises(ValueError, match="The 3 records are copies of one"):
        record_sensitivity(KNeighborsClassifier(1), np.ones((3, 1)), [0, 0, 0])


# Seeds


def test_with_and_without_have_the_seed_in_common():
    X, y = table()
    found = record_sensitivity(Noise(), X, y, n_repeats=3, rows=6, random_state=0)
    np.testing.assert_array_equal(found.sensitivity, 0)
    np.testing.assert_array_equal(found.background, 0)
    np.testing.assert_array_equal(found.standard_error, 0)


def test_repeats_are_averaged_over_seeds():
    X, y = table()
    tree = DecisionTreeClassifier(max_features=1, max_depth=2)
    once = [record_sensitivity(tree, X, y, rows=[4, 7], random_state=seed) for seed in range(2)]
    assert np.isnan(once[0].standard_error).all()
    rng = np.random.RandomState(3)
    many = record_sensitivity(tree, X, y, rows=[4, 7], n_repeats=5, random_state=rng)
    seeds = np.random.RandomState(3).randint(2**31 - 1, size=5)
    changes = np.empty((5, 2))
    for i, seed in enumerate(seeds):
        # one integer seeds each random_state of a model as ShadowModels does
        seeded = np.random.RandomState(seed).randint(np.iinfo(np.int32).max)
        tree.set_params(random_state=seeded)
        whole = tree.fit(X, y).predict_proba(X[[4, 7]])
        for j, row in enumerate([4, 7]):
            tree.fit(np.delete(X, row, axis=0), np.delete(y, row))
            changes[i, j] = np.linalg.norm(whole[j] - tree.predict_proba(X[[row]])[0])
    np.testing.assert_allclose(many.sensitivity, changes.mean(axis=0))
    np.testing.assert_allclose(many.standard_error, changes.std(axis=0, ddof=1) / np.sqrt(5))


def test_the_background_is_what_the_absence_of_others_changes():
    X, y = table(12)
    model = KNeighborsClassifier(3)
    found = record_sensitivity(model, X, y, rows=[2, 5, 9])
    whole = model.fit(X, y).predict_proba(X[[2]])
    changes = []
    for row in (5, 9):
        model.fit(np.delete(X, row, axis=0), np.delete(y, row))
        changes.append(np.linalg.norm(whole - model.predict_proba(X[[2]])))
    np.testing.assert_allclose(found.background[0], np.mean(changes))
    assert np.isnan(record_sensitivity(model, X, y, rows=[2]).background).all()


def test_a_forest_changes_with_any_record_but_most_with_its_own():
    X, y = table(60)
    forest = RandomForestClassifier(20, max_features=1)
    found = record_sensitivity(forest, X, y, rows=12, random_state=0)
    assert found.background.mean() > 0.05
    assert np.mean(found.sensitivity > found.background) > 0.9


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_jobs_do_not_change_the_result(backend):
    X, y = table(60, n_classes=3)
    forest = RandomForestClassifier(2)
    with parallel_config(backend):
        one, two = (
            record_sensitivity(forest, X, y, rows=4, n_repeats=2, random_state=1, n_jobs=n_jobs)
            for n_jobs in (None, 2)
        )
    assert one == two


# Rows and containers


def test_rows():
    X, y = table(300)
    model = Noise()
    default = record_sensitivity(model, X, y, random_state=0).rows
    assert len(np.unique(default)) == 200
    again = record_sensitivity(model, X, y, rows=200, random_state=0).rows
    np.testing.assert_array_equal(default, again)
    mask = np.arange(300) % 100 == 7
    np.testing.assert_array_equal(record_sensitivity(model, X, y, rows=mask).rows, [7, 107, 207])
    np.testing.assert_array_equal(record_sensitivity(model, X, y, rows=[9, 9, 2]).rows, [9, 9, 2])


@pytest.mark.parametrize("container", [pd.DataFrame, csr_array, np.ndarray.tolist])
def test_containers(container):
    X, y = table()
    model = DecisionTreeClassifier(max_depth=3)
    expected = record_sensitivity(model, X, y, rows=8, random_state=0)
    found = record_sensitivity(model, container(X), y, rows=8, random_state=0)
    np.testing.assert_allclose(found.sensitivity, expected.sensitivity)


# Messages


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_repeats": 0}, "'n_repeats' parameter of .* Got 0 "),
        ({"rows": 41}, "rows must be at most the 40 records, got 41"),
        ({"rows": [40]}, "rows must lie between 0 and 39 for 40 records, got 40 to 40"),
        ({"rows": [-1]}, "rows must lie between 0 and 39"),
        ({"rows": []}, "rows must be how many to draw, row numbers, or one bool"),
        ({"rows": [0.5]}, "got float64 of shape"),
        ({"rows": np.zeros(40, bool)}, "with some of them True"),
        ({"output": "proba"}, "'output' parameter of .* Got 'proba' "),
        ({"response_method": "answer"}, "'response_method' parameter of .* Got 'answer' "),
    ],
)
def test_wrong_options(params, message):
    with pytest.raises(ValueError, match=message):
        record_sensitivity(DummyClassifier(), *table(), **params)


def test_a_regressor_is_refused():
    with pytest.raises(TypeError, match="answers of a classifier are compared, got the regressor"):
        record_sensitivity(LinearRegression(), *table())


def test_a_training_that_fails_names_the_record():
    X = np.arange(5.0)[:, None]
    with pytest.raises(
        ShadowTrainingError, match=r"without record 4 .*Leave this record out of rows"
    ):
        record_sensitivity(LogisticRegression(), X, [0, 0, 0, 0, 1])
    with pytest.raises(ShadowTrainingError, match=r"with all records .* Mend the estimator"):
        record_sensitivity(LogisticRegression(C=-1), X, [0, 0, 0, 1, 1])
