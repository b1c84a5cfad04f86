"""What a shadow model is a copy of."""

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.ensemble import VotingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmia.shadows import shadow_template

X, Y = load_iris(return_X_y=True)
X = X + np.random.default_rng(0).normal(scale=1e-6, size=X.shape)  # no two rows alike


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
