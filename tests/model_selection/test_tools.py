"""Scorers of skmia in the tools of scikit-learn, by name and as objects."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.datasets import make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFECV, SequentialFeatureSelector
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import get_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import StrOptions

import skmia.model_selection
from skmia.model_selection import (
    MemberRecorder,
    get_scorer_names,
    make_membership_scorer,
    neg_mia_roc_auc,
)

X, Y = make_classification(160, 3, n_informative=2, n_redundant=0, random_state=0)
TREE = DecisionTreeClassifier(max_depth=2, random_state=0)
RECORDER = MemberRecorder(TREE)
DEPTHS = {"estimator__max_depth": [1, 2]}
STRICT = {"cv": 2, "error_score": "raise"}
HALVING = STRICT | {"min_resources": 80, "random_state": 0, "return_train_score": False}


def searched(search):
    return search.fit(X, Y).cv_results_["mean_test_score"]


def chosen(selector):
    return selector.fit(X, Y).get_support()


# what the guide's table says; each returns numbers that depend on the scorer
TOOLS = {
    "cross_val_score": lambda s: cross_val_score(RECORDER, X, Y, scoring=s, **STRICT),
    "cross_validate": lambda s: cross_validate(RECORDER, X, Y, scoring=s, **STRICT)["test_score"],
    "GridSearchCV": lambda s: searched(GridSearchCV(RECORDER, DEPTHS, scoring=s, **STRICT)),
    "RandomizedSearchCV": lambda s: searched(
        RandomizedSearchCV(RECORDER, DEPTHS, n_iter=2, scoring=s, **STRICT)
    ),
    "HalvingGridSearchCV": lambda s: searched(
        HalvingGridSearchCV(RECORDER, DEPTHS, scoring=s, **HALVING)
    ),
    "HalvingRandomSearchCV": lambda s: searched(
        HalvingRandomSearchCV(RECORDER, DEPTHS, scoring=s, **HALVING)
    ),
    "learning_curve": lambda s: learning_curve(
        RECORDER, X, Y, scoring=s, train_sizes=[1.0], **STRICT
    )[2],
    "validation_curve": lambda s: validation_curve(
        RECORDER,
        X,
        Y,
        param_name="estimator__max_depth",
        param_range=[1],
        scoring=s,
        **STRICT,
    )[1],
    "permutation_test_score": lambda s: permutation_test_score(
        RECORDER, X, Y, scoring=s, cv=2, n_permutations=1, random_state=0
    )[1],
    "permutation_importance": lambda s: (
        permutation_importance(
            MemberRecorder(TREE).fit(X[:80], Y[:80]), X[80:], Y[80:], scoring=s, random_state=0
        ).importances
    ),
    "RFECV": lambda s: chosen(RFECV(RECORDER, scoring=s, cv=2, min_features_to_select=2)),
    "SequentialFeatureSelector": lambda s: chosen(
        SequentialFeatureSelector(RECORDER, n_features_to_select=1, scoring=s, cv=2)
    ),
}


@pytest.mark.parametrize("name", TOOLS)
def test_tools_that_take_a_name(name):
    by_name = TOOLS[name]("neg_mia_roc_auc")
    assert np.isfinite(by_name).all()
    np.testing.assert_array_equal(by_name, TOOLS[name](neg_mia_roc_auc))


def test_one_of_several_scores():
    found = cross_validate(RECORDER, X, Y, scoring=["accuracy", "neg_mia_roc_auc"], **STRICT)
    np.testing.assert_array_equal(
        found["test_neg_mia_roc_auc"], TOOLS["cross_val_score"](neg_mia_roc_auc)
    )


def test_what_to_give_where_a_name_does_not_do():
    tuned = TunedThresholdClassifierCV(RECORDER, scoring="neg_mia_roc_auc", cv=2)
    with pytest.raises(ValueError, match="no function of labels and predictions"):
        tuned.fit(X, Y)
    options = {"Cs": [1.0], "cv": 2, "max_iter": 1000}
    path = LogisticRegressionCV(scoring="neg_mia_roc_auc", **options)
    with pytest.raises(ValueError, match=r"make_membership_scorer\(metric, pool=\(X, y\)\)"):
        _fit(path)
    # scikit-learn 1.7 hands scorers two classes as -1 and 1, whatever they are
    labels = 2 * Y - 1 if sklearn.__version__.startswith("1.7.") else Y
    pool = make_membership_scorer("roc_auc", pool=(X, labels))
    scores = _fit(LogisticRegressionCV(scoring=pool, **options)).scores_
    assert np.isfinite(scores[1] if isinstance(scores, dict) else scores).all()


def _fit(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of its own options
        return path.fit(X, Y)


def test_scorers_are_those_of_scikit_learn():
    """Others look for these attributes of each scorer that scikit-learn knows by name."""
    for name in get_scorer_names():
        scorer = get_scorer(name)
        assert scorer._sign == -1
        assert isinstance(scorer._kwargs, dict)
        assert callable(scorer._score_func)
        assert repr(getattr(skmia.model_selection, name)) == repr(scorer)


TAKE_NAMES = {*TOOLS, "BaseSearchCV", "BaseSuccessiveHalving", "check_scoring",
              "LogisticRegressionCV", "TunedThresholdClassifierCV"}  # fmt: skip


def test_only_what_takes_names_knows_those_of_skmia():
    found = set()
    for module in [m for n, m in sys.modules.items() if n.startswith("sklearn.")]:
        for name, value in list(vars(module).items()):
            for kind in ("_parameter_constraints", "_skl_parameter_constraints"):
                of_value = getattr(value, kind, None)
                for allowed in (of_value if isinstance(of_value, dict) else {}).values():
                    for one in allowed if isinstance(allowed, list) else []:
                        if (
                            isinstance(one, StrOptions)
                            and "neg_mia_balanced_accuracy" in one.options
                        ):
                            found.add(name)
    assert {"cross_val_score", "GridSearchCV", "SequentialFeatureSelector"} <= found <= TAKE_NAMES


@pytest.mark.slow
def test_nothing_of_scikit_learn_is_changed_but_what_takes_names():
    code = """
import sys
from sklearn.utils._param_validation import StrOptions
import sklearn.ensemble, sklearn.feature_selection, sklearn.linear_model, sklearn.model_selection
def options():
    found = {}
    for module in [m for n, m in sys.modules.items() if n.startswith("sklearn.")]:
        for name, value in vars(module).items():
            for kind in ("_parameter_constraints", "_skl_parameter_constraints"):
                of_value = getattr(value, kind, None)
                for parameter, allowed in (of_value if isinstance(of_value, dict) else {}).items():
                    for one in allowed if isinstance(allowed, list) else []:
                        if isinstance(one, StrOptions):
                            found[name, parameter] = set(one.options)
    return found
before = options()
import skmia
print(*sorted({key[0] for key, value in options().items() if before.get(key, value) != value}))
"""
    run = [sys.executable, "-c", code]
    changed = subprocess.run(run, capture_output=True, text=True, check=True).stdout.split()
    assert {"cross_val_score", "GridSearchCV", "SequentialFeatureSelector"} <= set(changed)
    assert set(changed) <= TAKE_NAMES
