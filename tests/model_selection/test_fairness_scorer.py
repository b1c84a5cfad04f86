"""Scorers of fairness: groups from columns of X or from metadata."""

from functools import partial

import fairlearn.metrics
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, scale
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skmia.datasets import load_adult
from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    predictive_fairness_difference,
)
from skmia.model_selection import (
    MemberRecorder,
    best_under_budget,
    make_fairness_scorer,
    make_membership_scorer,
)

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)[:, :6]
GROUP = (X[:, 3] > 0).astype(int)
X[:, 0] = GROUP
FRAME = pd.DataFrame(X, columns=list("abcdef")).assign(a=np.where(GROUP, "yes", "no"))


@pytest.fixture(scope="module")
def adult():
    frame, target = load_adult(as_frame=True, return_X_y=True, split="train")
    return frame.iloc[:3000], (target.iloc[:3000] == ">50K").astype(int)  # fairlearn wants 0, 1


@pytest.fixture(scope="module")
def model():
    return LogisticRegression().fit(X[::2], Y[::2])


@pytest.mark.parametrize(
    ("name", "metric", "response"),
    [
        ("demographic_parity_difference", demographic_parity_difference, "predict"),
        ("predictive_fairness_difference", predictive_fairness_difference, "predict"),
        (
            "individual_fairness_deviation",
            partial(individual_fairness_deviation, random_state=0),
            "predict_proba",
        ),
    ],
)
def test_is_the_negative_of_the_metric(model, name, metric, response):
    X_test, y_test, group = X[1::2], Y[1::2], GROUP[1::2]
    expected = -metric(y_test, getattr(model, response)(X_test), sensitive_features=group)
    assert expected < 0
    for metric_name in (name, f"neg_{name}"):
        scorer = make_fairness_scorer(metric_name, sensitive_features=0)
        for records in (X_test, csr_array(X_test)):
            assert scorer(model, records, y_test) == pytest.approx(expected, abs=1e-12)
    with config_context(enable_metadata_routing=True):
        for scorer in (make_fairness_scorer(name), get_scorer(f"neg_{name}")):
            found = scorer(model, X_test, y_test, sensitive_features=group)
            assert found == pytest.approx(expected, abs=1e-12)


def test_columns_by_name_in_frames_and_recorded_pipelines(adult):
    frame, y = adult
    encoder = make_column_transformer(
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            make_column_selector(dtype_include="category"),
        ),
        remainder="passthrough",
    )
    tree = make_pipeline(encoder, DecisionTreeClassifier(max_depth=4, random_state=0))
    scoring = {
        "sex": make_fairness_scorer("demographic_parity_difference", sensitive_features="sex"),
        "number": make_fairness_scorer(
            "demographic_parity_difference", sensitive_features=list(frame.columns).index("sex")
        ),
        "theirs": make_fairness_scorer(
            fairlearn.metrics.demographic_parity_difference, sensitive_features="sex"
        ),
        "both": make_fairness_scorer(
            "demographic_parity_difference", sensitive_features=["sex", "race"]
        ),
        "privacy": "neg_mia_roc_auc",
    }
    found = cross_validate(
        MemberRecorder(tree), frame, y, cv=3, scoring=scoring, error_score="raise", n_jobs=2
    )
    assert found["test_sex"].mean() < -0.05
    np.testing.assert_array_equal(found["test_sex"], found["test_number"])
    np.testing.assert_allclose(found["test_sex"], found["test_theirs"], atol=1e-12)
    assert (found["test_both"] <= found["test_sex"]).all()


def test_polars(model):
    frame = pl.DataFrame(FRAME.to_dict("list"))
    scorer = make_fairness_scorer("demographic_parity_difference", sensitive_features="a")
    tree = DecisionTreeClassifier(max_depth=2)
    encoder = make_column_transformer((OrdinalEncoder(), ["a"]), remainder="passthrough")
    for records in (FRAME, frame):
        fitted = clone(make_pipeline(encoder, tree)).fit(records, Y)
        expected = demographic_parity_difference(
            Y, fitted.predict(records), sensitive_features=GROUP
        )
        assert scorer(fitted, records, Y) == pytest.approx(-expected, abs=1e-12)


def test_metadata_routing_by_name():
    options = {"params": {"sensitive_features": GROUP}, "cv": 3, "error_score": "raise"}
    name = "neg_predictive_fairness_difference"
    with config_context(enable_metadata_routing=True):
        by_name = cross_val_score(LogisticRegression(), X, Y, scoring=name, **options)
        several = cross_validate(LogisticRegression(), X, Y, scoring=["accuracy", name], **options)
        by_scorer = make_scorer(predictive_fairness_difference, greater_is_better=False)
        by_scorer.set_score_request(sensitive_features=True)
        theirs = cross_val_score(LogisticRegression(), X, Y, scoring=by_scorer, **options)
        search = GridSearchCV(
            MemberRecorder(LogisticRegression()),
            {"estimator__C": [0.1, 1]},
            scoring=["accuracy", "neg_mia_roc_auc", name],
            refit=best_under_budget(budget=0.7),
            error_score="raise",
        ).fit(X, Y, sensitive_features=GROUP)
        with pytest.raises(ValueError, match="does not know the groups"):
            cross_val_score(LogisticRegression(), X, Y, scoring=name, error_score="raise")
    np.testing.assert_allclose(by_name, theirs, atol=1e-15)
    np.testing.assert_array_equal(by_name, several[f"test_{name}"])
    assert f"mean_test_{name}" in search.cv_results_
    column = make_fairness_scorer("predictive_fairness_difference", sensitive_features=0)
    from_column = cross_val_score(LogisticRegression(), X, Y, cv=3, scoring=column)
    np.testing.assert_array_equal(by_name, from_column)


def test_groups_of_one_scorer_from_metadata_and_of_another_from_a_column():
    scoring = {
        "column": make_fairness_scorer("predictive_fairness_difference", sensitive_features=0),
        "metadata": make_fairness_scorer("predictive_fairness_difference"),
    }
    with config_context(enable_metadata_routing=True):
        found = cross_validate(
            LogisticRegression(),
            X,
            Y,
            scoring=scoring,
            params={"sensitive_features": GROUP},
            error_score="raise",
        )
    np.testing.assert_array_equal(found["test_column"], found["test_metadata"])


def test_along_with_the_membership_scorer():
    scorer = make_membership_scorer(
        ["roc_auc"],
        pool=(X, Y),
        scoring={
            "accuracy": "accuracy",
            "fairness": make_fairness_scorer(
                "predictive_fairness_difference", sensitive_features=0, kind="precision"
            ),
        },
    )
    found = cross_validate(LogisticRegression(), X, Y, scoring=scorer, error_score="raise")
    assert {"test_accuracy", "test_fairness", "test_neg_mia_roc_auc"} <= set(found)


def test_without_groups(model):
    with pytest.raises(ValueError, match=r"sensitive_features='sex'.*enable_metadata_routing"):
        get_scorer("neg_demographic_parity_difference")(model, X, Y)


@pytest.mark.parametrize(
    ("column", "records", "message"),
    [
        ("sex", X, r"'sex' is not a column of X, which has no named columns and shape \(569, 6\)"),
        (6, X, "6 is not a column of X"),
        ("sex", FRAME, r"'sex' is not a column of X, which has \['a', 'b'"),
        (["a", "sex"], FRAME, "'sex' is not a column of X"),
    ],
)
def test_a_column_that_is_not_there(model, column, records, message):
    class Anything:
        classes_ = np.array([0, 1])

        def predict(self, X):
            return np.zeros(len(X), int)

    scorer = make_fairness_scorer("demographic_parity_difference", sensitive_features=column)
    with pytest.raises(ValueError, match=message):
        scorer(Anything(), records, Y)


def test_groups_without_rows(model):
    one = X[GROUP == 1], Y[GROUP == 1]
    scorer = make_fairness_scorer("demographic_parity_difference", sensitive_features=0)
    with pytest.raises(ValueError, match="group"):
        scorer(model, *one)
    named = make_fairness_scorer(
        "demographic_parity_difference", sensitive_features=0, compared_groups=[0, 1, 7]
    )
    with pytest.raises(ValueError, match="7"):
        named(model, X, Y)


def test_a_classifier_without_predict_proba():
    scorer = make_fairness_scorer("individual_fairness_deviation", sensitive_features=0)
    with pytest.raises(ValueError, match=r"needs predict_proba.*CalibratedClassifierCV"):
        scorer(LinearSVC().fit(X, Y), X, Y)


@pytest.mark.parametrize("metric", ["accuracy", None, 3])
def test_an_unknown_metric(metric):
    with pytest.raises(
        ValueError, match=f"'metric' .*'demographic_parity_difference'.* Got {metric!r} "
    ):
        make_fairness_scorer(metric)


def test_groups_in_place_of_a_column():
    with pytest.raises(
        TypeError,
        match=r"'sensitive_features' .*groups themselves are given as metadata.* 'ndarray'",
    ):
        make_fairness_scorer("demographic_parity_difference", sensitive_features=GROUP)


def test_the_repr():
    scorer = make_fairness_scorer(
        "predictive_fairness_difference", sensitive_features="sex", kind="precision"
    )
    assert repr(scorer) == (
        "make_fairness_scorer('predictive_fairness_difference', sensitive_features='sex', "
        "kind='precision')"
    )
