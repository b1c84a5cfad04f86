"""One shadow model and its members."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmia.shadows import shadow_template, train_shadow

X, Y = load_iris(return_X_y=True)
X = X + np.random.default_rng(0).normal(scale=1e-6, size=X.shape)  # no two rows alike


def test_trained_on_exactly_the_rows_of_the_mask():
    shadow, in_mask = train_shadow(KNeighborsClassifier(1), X, Y, random_state=0)
    np.testing.assert_array_equal(np.sort(shadow._fit_X, axis=0), np.sort(X[in_mask], axis=0))
    np.testing.assert_array_equal(np.bincount(Y[in_mask]), [25, 25, 25])


def test_every_class_is_halved_within_one_record():
    labels = np.repeat(["a", "b", "c"], [5, 1, 10])
    _, in_mask = train_shadow(
        DummyClassifier(), np.arange(16).reshape(-1, 1), labels, random_state=0
    )
    for label, expected in (("a", (2, 3)), ("b", (0, 1)), ("c", (5,))):
        assert in_mask[labels == label].sum() in expected


def test_twins_of_a_member_are_members():
    X_twice, y_twice = np.vstack([X, X]).astype(np.float32), np.r_[Y, Y]
    _, in_mask = train_shadow(DummyClassifier(), X_twice, y_twice, random_state=0)
    np.testing.assert_array_equal(in_mask[:150], in_mask[150:])
    assert in_mask.sum() > 150


def test_random_state_reaches_the_estimator_and_repeats():
    first, mask = train_shadow(
        make_pipeline(StandardScaler(), DecisionTreeClassifier()), X, Y, random_state=3
    )
    second, again = train_shadow(
        make_pipeline(StandardScaler(), DecisionTreeClassifier()), X, Y, random_state=3
    )
    np.testing.assert_array_equal(mask, again)
    assert isinstance(first[-1].random_state, int)
    assert first[-1].random_state == second[-1].random_state


def test_template_of_search_and_frozen_and_plain():
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1]}, cv=2).fit(X, Y)
    for target in (search, FrozenEstimator(search.best_estimator_), FrozenEstimator(search)):
        template = shadow_template(target)
        assert template.max_depth == 1
        assert not hasattr(template, "tree_")


def test_what_is_frozen_within_is_trained_anew():
    tree = DecisionTreeClassifier(random_state=0).fit(X, Y)
    for target in (
        make_pipeline(StandardScaler(), FrozenEstimator(tree)),
        CalibratedClassifierCV(FrozenEstimator(tree)),
        VotingClassifier([("frozen", FrozenEstimator(tree))]),
    ):
        found = [
            value
            for value in shadow_template(target).get_params(deep=True).values()
            if isinstance(value, (FrozenEstimator, DecisionTreeClassifier))
        ]
        assert found
        assert not [v for v in found if isinstance(v, FrozenEstimator) or hasattr(v, "tree_")]


def test_errors():
    with pytest.raises(TypeError, match=r"object cannot be cloned. Give fit the known membership"):
        shadow_template(object())
    with pytest.raises(ValueError, match="at least 2, got n_samples=1"):
        train_shadow(DummyClassifier(), X[:1], Y[:1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        train_shadow(DummyClassifier(), X, Y[:10])
