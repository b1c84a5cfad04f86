"""The selection of records that stand apart."""

import numpy as np
import oracles
import pytest
from sklearn import config_context
from sklearn.linear_model import LogisticRegression

from skmia.attacks import vulnerable_records
from skmia.attacks.compared._gmia_selection import model_features
from skmia.shadows import ShadowModels


@pytest.mark.parametrize("n_training_records", [3, 40, 1000])
@pytest.mark.parametrize("bound", [0.1, 0.5, 3])
@pytest.mark.parametrize("threshold", [0.0, 0.05, 0.4, 2.0])
def test_equals_the_definition(n_training_records, bound, threshold):
    rng = np.random.default_rng(0)
    features, background = rng.normal(size=(30, 3)), rng.normal(size=(60, 3))
    found = vulnerable_records(
        features,
        background,
        n_training_records=n_training_records,
        max_expected_neighbors=bound,
        distance_threshold=threshold,
    )
    expected = oracles.is_vulnerable(features, background, threshold, n_training_records, bound)
    np.testing.assert_array_equal(found.selected, expected)


@pytest.mark.parametrize("n_selected", [1, 7, 30])
@pytest.mark.parametrize("n_training_records", [3, 40])
def test_wanted_number_and_its_threshold_agree(n_selected, n_training_records):
    rng = np.random.default_rng(1)
    features, background = rng.normal(size=(30, 3)), rng.normal(size=(60, 3))
    options = {"n_training_records": n_training_records, "max_expected_neighbors": 0.5}
    found = vulnerable_records(features, background, n_selected=n_selected, **options)
    assert found.selected.sum() == n_selected
    again = oracles.is_vulnerable(
        features, background, found.distance_threshold, n_training_records, 0.5
    )
    np.testing.assert_array_equal(found.selected, again)
    assert found.distances[found.selected].min() >= found.distances[~found.selected].max(initial=-1)


def test_no_record_is_its_own_neighbor():
    features = np.array([[1.0, 0], [0, 1], [1, 0], [-1, -1]])
    found = vulnerable_records(features, n_training_records=4, n_selected=2)
    np.testing.assert_allclose(found.distances, [0, 1, 0, 1 + np.sqrt(0.5)])
    np.testing.assert_array_equal(found.selected, [False, True, False, True])


def test_zeros_are_at_distance_one_from_all():
    found = vulnerable_records(
        [[0.0, 0], [2, 0]], [[0.0, 0], [3, 0]], n_training_records=2, distance_threshold=0.5
    )
    np.testing.assert_allclose(found.distances, [1, 0])
    np.testing.assert_array_equal(found.selected, [True, False])


def test_whoever_cannot_have_so_many_neighbors_is_selected():
    found = vulnerable_records(
        np.ones((5, 2)), n_training_records=1, max_expected_neighbors=2, n_selected=1
    )
    assert found.selected.all()
    assert np.isinf(found.distances).all()


def test_scale_and_size_of_numbers_do_not_matter():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(20, 4))
    expected = vulnerable_records(features, n_training_records=10, n_selected=5)
    for scale in (1e-300, 1e300, rng.random((20, 1)) + 1):
        found = vulnerable_records(features * scale, n_training_records=10, n_selected=5)
        np.testing.assert_allclose(found.distances, expected.distances, atol=1e-11)


def test_blocks_change_nothing():
    features = np.random.default_rng(0).normal(size=(50, 4))
    expected = vulnerable_records(features, n_training_records=10, n_selected=5)
    with config_context(working_memory=0.001):
        found = vulnerable_records(features, n_training_records=10, n_selected=5)
    np.testing.assert_array_equal(found.selected, expected.selected)


def test_features_are_centered_log_probabilities_of_all_models():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 2)), np.arange(60) % 3
    shadows = ShadowModels(LogisticRegression(), 4, random_state=0).fit(X, y)
    found = model_features(shadows, X, y, shadows.classes_, response_method="predict_proba")
    logs = [np.log(model.predict_proba(X)) for model in shadows.estimators_]
    logs = np.hstack([one - one.mean(axis=1, keepdims=True) for one in logs])
    np.testing.assert_allclose(found, logs / np.linalg.norm(logs, axis=1, keepdims=True))


def test_errors():
    X = np.eye(3)
    for options in ({}, {"n_selected": 1, "distance_threshold": 0.1}):
        with pytest.raises(ValueError, match=r"either n_selected, .* or distance_threshold"):
            vulnerable_records(X, n_training_records=2, **options)
    with pytest.raises(ValueError, match=r"3 columns, but background_features 2\. Describe"):
        vulnerable_records(X, X[:, :2], n_training_records=2, n_selected=1)
    wrong = {"n_training_records": 0, "max_expected_neighbors": 0, "n_selected": 0}
    for name, value in wrong.items():
        with pytest.raises(ValueError, match=f"'{name}' .* Got 0 "):
            vulnerable_records(X, **{"n_training_records": 2, "n_selected": 1} | {name: value})
    with pytest.raises(ValueError, match=r"'max_expected_neighbors' .* Got nan "):
        vulnerable_records(X, n_training_records=2, n_selected=1, max_expected_neighbors=np.nan)
    with pytest.raises(ValueError, match=r"'distance_threshold' .* Got 3 "):
        vulnerable_records(X, n_training_records=2, distance_threshold=3)
