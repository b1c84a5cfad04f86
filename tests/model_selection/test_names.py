"""The scorers are known by name, in this process and in workers, whatever is imported first."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer
from sklearn.metrics import get_scorer_names as all_names
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate, learning_curve
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmia.model_selection import MemberRecorder, get_scorer_names
from skmia.utils._sklearn import add_scorers

X, Y = load_breast_cancer(return_X_y=True)


def run(code):
    """Run code in a fresh interpreter and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_names():
    assert get_scorer_names() == [
        "neg_demographic_parity_difference",
        "neg_individual_fairness_deviation",
        "neg_mia_advantage",
        "neg_mia_balanced_accuracy",
        "neg_mia_roc_auc",
        "neg_mia_tpr_at_fpr",
        "neg_predictive_fairness_difference",
    ]
    assert set(get_scorer_names()) <= set(all_names())


USE = """
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier
X, y = load_iris(return_X_y=True)
tree = MemberRecorder(DecisionTreeClassifier(random_state=0))
options = {"scoring": "neg_mia_balanced_accuracy", "cv": 2, "error_score": "raise"}
search = GridSearchCV(tree, {}, **options).fit(X, y)
cross_val_score(tree, X, y, scoring="neg_mia_roc_auc", error_score="raise")
HalvingGridSearchCV(tree, {}, min_resources=60, return_train_score=False, **options).fit(X, y)
print(round(search.best_score_, 3))
"""
SKMIA = "import skmia\nfrom skmia.model_selection import MemberRecorder\n"
SCIKIT_LEARN = "from sklearn.model_selection import GridSearchCV, cross_val_score\n"
HALVING = (
    "from sklearn.experimental import enable_halving_search_cv\n"
    "from sklearn.model_selection import HalvingGridSearchCV\n"
)
TAKEN = "from sklearn.metrics._scorer import _SCORERS\n_SCORERS['neg_mia_advantage'] = 'theirs'\n"


@pytest.mark.parametrize(
    "code",
    [
        f"{HALVING}{SCIKIT_LEARN}{TAKEN}{SKMIA}{USE}print(_SCORERS['neg_mia_advantage'])",
        pytest.param(f"{SKMIA}{SCIKIT_LEARN}{HALVING}{USE}", marks=pytest.mark.slow),
    ],
    ids=["scikit-learn", "skmia"],
)
def test_whatever_is_imported_first(code, capsys):
    exec(HALVING + SCIKIT_LEARN + SKMIA + USE, {})  # noqa: S102
    here = capsys.readouterr().out.split()
    assert float(here[0]) < 0
    assert run(code).split() == here + ["theirs"] * (TAKEN in code)


def test_names_that_exist_stay_what_they_are():
    accuracy = get_scorer("accuracy")
    before = all_names()
    add_scorers({"accuracy": get_scorer("neg_mia_balanced_accuracy")})
    assert repr(get_scorer("accuracy")) == repr(accuracy)
    assert all_names() == before


def test_an_unknown_name_is_an_error_of_scikit_learn():
    with pytest.raises(ValueError, match="neg_mia_acuracy"):
        cross_val_score(MemberRecorder(GaussianNB()), X, Y, scoring="neg_mia_acuracy")


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_nested_searches_by_name(n_jobs):
    """The inner search resolves its name in the worker."""
    recorder = MemberRecorder(DecisionTreeClassifier(random_state=0))
    search = GridSearchCV(
        recorder,
        {"estimator__max_depth": [1, None]},
        scoring="neg_mia_balanced_accuracy",
        cv=2,
        error_score="raise",
    )
    found = cross_validate(
        search,
        X,
        Y,
        cv=2,
        scoring=["neg_mia_balanced_accuracy", "neg_mia_roc_auc"],
        n_jobs=n_jobs,
        return_estimator=True,
        error_score="raise",
    )
    assert (found["test_neg_mia_balanced_accuracy"] <= -0.45).all()
    assert all(inner.best_params_["estimator__max_depth"] == 1 for inner in found["estimator"])


def test_in_all_tools_with_pipelines():
    pipeline = MemberRecorder(make_pipeline(StandardScaler(), LogisticRegression()))
    _, _, test = learning_curve(
        pipeline, X, Y, scoring="neg_mia_advantage", train_sizes=[0.5, 1.0], cv=3
    )
    assert np.isfinite(test).all()
