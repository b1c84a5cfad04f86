"""The choice under a budget, against hand-made results and in real searches."""

import pickle

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skmia.exceptions import BudgetWarning
from skmia.inspection import TradeoffDisplay
from skmia.model_selection import (
    MemberRecorder,
    best_under_budget,
    make_membership_scorer,
    pareto_front,
)

X, Y = load_breast_cancer(return_X_y=True)


def results(utility, leakage, name="neg_mia_roc_auc"):
    """Return the results of a search from scores of shape (n_candidates, n_splits)."""
    utility, leakage = np.atleast_2d(utility), np.atleast_2d(leakage)
    found = {"params": [{"leaf": i} for i in range(len(utility))]}
    for key, scores in (("accuracy", utility), (name, -leakage)):
        found[f"mean_test_{key}"] = scores.mean(axis=1)
        for split, column in enumerate(scores.T):
            found[f"split{split}_test_{key}"] = column
    return found


RESULTS = results(
    [[0.90, 0.90, 0.90], [0.85, 0.85, 0.85], [0.80, 0.80, 0.80], [0.70, 0.70, 0.70]],
    [[0.60, 0.61, 0.62], [0.50, 0.54, 0.58], [0.53, 0.54, 0.55], [0.50, 0.50, 0.50]],
)


@pytest.mark.parametrize(
    ("rule", "budget", "expected"),
    [
        ("mean", 0.7, 0),
        ("mean", 0.55, 1),
        ("one_standard_error", 0.55, 2),  # 0.54 + 0.0231 and 0.54 + 0.0058
        ("upper_bound", 0.55, 3),  # 0.54 + 2.92 * 0.0231 and 0.54 + 2.92 * 0.0058 = 0.5569
        ("upper_bound", 0.557, 2),
        ("upper_bound", 0.608, 1),
    ],
)
def test_the_rules_by_hand(rule, budget, expected):
    assert best_under_budget(budget=budget, rule=rule)(RESULTS) == expected


def test_the_upper_bound_is_that_of_a_one_sided_t_test():
    leakage = np.random.default_rng(0).normal(0.55, 0.02, size=(1, 5))
    bound = ttest_1samp(leakage[0], 0, alternative="less").confidence_interval(0.9).high
    found = results(np.full((1, 5), 0.8), leakage)
    for shift, keeps in ((1e-9, True), (-1e-9, False)):
        choose = best_under_budget(budget=bound + shift, confidence_level=0.9, fallback="raise")
        if keeps:
            assert choose(found) == 0
        else:
            with pytest.raises(ValueError, match="0 of 1 candidates keep"):
                choose(found)


def test_equally_useful_candidates_and_failed_ones():
    found = results(
        [[0.8, 0.8], [0.8, 0.8], [0.9, np.nan], [0.9, 0.9]],
        [[0.52, 0.52], [0.51, 0.51], [0.5, 0.5], [np.nan, 0.5]],
    )
    assert best_under_budget(budget=0.55)(found) == 1
    assert pareto_front(found).tolist() == [1]
    nothing = results([[np.nan, np.nan]], [[0.5, 0.5]])
    with pytest.raises(ValueError, match="all failed"):
        best_under_budget(budget=0.55)(nothing)


def test_no_candidate_keeps_to_the_budget():
    choose = best_under_budget(budget=0.4)
    with pytest.warns(BudgetWarning, match=r"0 of 4 candidates.*most private: candidate 3"):
        assert choose(RESULTS) == 3
    strict = best_under_budget(budget=0.4, fallback="raise")
    with pytest.raises(ValueError, match="cv_results holds the results") as caught:
        strict(RESULTS)
    assert caught.value.cv_results is RESULTS


def test_explain():
    text = best_under_budget(budget=0.557).explain(RESULTS)
    assert "2 of 4 candidates keep to the budget, mia_roc_auc of at most 0.557" in text
    assert "at the upper bound of 95% confidence, over 3 splits" in text
    assert "most useful: candidate 2 {'leaf': 2} with accuracy 0.800" in text
    assert "Without the budget: candidate 0 {'leaf': 0} with accuracy 0.900" in text
    assert "Without" not in best_under_budget(budget=0.9).explain(RESULTS)
    assert "in the mean" in best_under_budget(budget=0.9, rule="mean").explain(RESULTS)
    one = best_under_budget(budget=0.9, rule="one_standard_error")
    assert "with one standard error" in one.explain(RESULTS)


def test_one_split_has_no_spread():
    found = results([[0.9], [0.8]], [[0.6], [0.5]])
    with pytest.raises(ValueError, match="or rule='mean'"):
        best_under_budget(budget=0.55)(found)
    assert best_under_budget(budget=0.55, rule="mean")(found) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": "much"}, "'budget' parameter of .* Got 'much' "),
        ({"budget": np.nan}, "'budget' parameter of .* Got nan "),
        ({"budget": True}, "'budget' parameter of .* Got True "),
        ({"budget": 0.5, "rule": "median"}, "'rule' parameter of .* Got 'median' "),
        ({"budget": 0.5, "fallback": "cry"}, "'fallback' parameter of .* Got 'cry' "),
        ({"budget": 0.5, "confidence_level": 1}, "'confidence_level' parameter of .* Got 1 "),
    ],
)
def test_invalid_options(options, message):
    with pytest.raises(ValueError, match=message):
        best_under_budget(**options)


def test_scores_that_are_missing_or_have_the_wrong_sign():
    with pytest.raises(ValueError, match="no scores 'f1' for utility"):
        best_under_budget("f1", budget=0.5)(RESULTS)
    with pytest.raises(ValueError, match="no scores 'mia_balanced_accuracy' for privacy"):
        best_under_budget(privacy="mia_balanced_accuracy", budget=0.5)(RESULTS)
    wrong = results([[0.9, 0.9]], [[-0.6, -0.6]])
    with pytest.raises(ValueError, match="higher for more private models"):
        best_under_budget(budget=0.5)(wrong)


@pytest.mark.parametrize("pooled", [True, False])
def test_in_a_search(pooled):
    y = Y.copy()
    flipped = np.random.default_rng(0).random(len(y)) < 0.1
    y[flipped] = 1 - y[flipped]
    tree = DecisionTreeClassifier(random_state=0)
    prefix = "" if pooled else "estimator__"
    scoring = ["accuracy", "neg_mia_roc_auc"]
    if pooled:
        scoring = make_membership_scorer(["roc_auc"], pool=(X, y), scoring=["accuracy"])
    search = GridSearchCV(
        tree if pooled else MemberRecorder(tree),
        {f"{prefix}min_samples_leaf": [1, 5, 50]},
        scoring=scoring,
        refit=best_under_budget(budget=0.56),
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_ == {f"{prefix}min_samples_leaf": 50}
    assert search.predict(X).shape == y.shape
    text = search.refit.explain(search.cv_results_)
    assert f"'{prefix}min_samples_leaf': 50" in text
    again = pickle.loads(pickle.dumps(search))
    assert again.refit.explain(again.cv_results_) == text
    assert repr(clone(search).refit) == repr(search.refit)
    front = pareto_front(search.cv_results_)
    assert search.best_index_ in front
    display = TradeoffDisplay.from_search(search)
    assert display.budget == 0.56


def test_the_repr_is_the_call():
    rule = best_under_budget(budget=0.55, rule="mean")
    assert repr(rule) == (
        "best_under_budget(utility='accuracy', privacy='mia_roc_auc', budget=0.55, rule='mean', "
        "confidence_level=0.95, fallback='most_private')"
    )
