"""Utility and leakage read from the results of a search, and the front that nobody beats."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skmia._tradeoff import Tradeoff, read_tradeoff


def results_of(**scores):
    """Return results as a search has them, from scores of shape (n_candidates, n_splits)."""
    results = {"params": [{}], "mean_fit_time": np.zeros(1)}
    for name, values in scores.items():
        values = np.asarray(values, dtype=float)
        for split, column in enumerate(values.T):
            results[f"split{split}_test_{name}"] = column
        results[f"mean_test_{name}"] = values.mean(axis=1)
        results[f"std_test_{name}"] = values.std(axis=1)
    return results


def tradeoff_of(utility, leakage):
    utility, leakage = np.array(utility, dtype=float), np.array(leakage, dtype=float)
    unknown = np.full(len(utility), np.nan)
    return Tradeoff(utility, unknown, leakage, unknown, 1)


def front_by_pairs(utility, leakage):
    """Compare each candidate with each other one; one with NaN neither beats nor stands."""
    points = list(zip(utility, leakage, strict=True))
    return {
        i
        for i, (u, v) in enumerate(points)
        if np.isfinite([u, v]).all()
        and not any(a >= u and b <= v and (a > u or b < v) for a, b in points)
    }


# The front

levels = st.sampled_from([0.1, 0.2, 0.3, 0.5, 0.8, np.nan])
anything = st.floats(-1, 1) | st.just(np.nan)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(levels, levels), max_size=14))
def test_front_with_ties_is_that_of_all_pairs(points):
    utility, leakage = zip(*points, strict=True) if points else ((), ())
    front = tradeoff_of(utility, leakage).front()
    assert len(front) == len(set(front))
    assert set(front) == front_by_pairs(utility, leakage)
    ordered = np.array(leakage, dtype=float)[front]
    assert (np.diff(ordered) >= 0).all()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(anything, anything), min_size=1, max_size=30))
def test_front_is_that_of_all_pairs(points):
    utility, leakage = zip(*points, strict=True)
    front = tradeoff_of(utility, leakage).front()
    assert set(front) == front_by_pairs(utility, leakage)
    assert (np.diff(np.array(utility)[front]) >= 0).all()


def test_front_of_candidates_without_numbers_is_empty():
    tradeoff = tradeoff_of([np.nan, 0.5, np.inf], [0.5, np.nan, 0.1])
    assert not tradeoff.measured.any()
    assert len(tradeoff.front()) == 0


def test_equal_candidates_stand_together():
    utility, leakage = [0.8, 0.7, 0.8, 0.8], [0.5, 0.5, 0.5, 0.6]
    assert set(tradeoff_of(utility, leakage).front()) == {0, 2}


# Reading


def test_means_and_standard_errors_by_hand():
    results = results_of(
        accuracy=[[0.7, 0.9], [0.8, 0.8]],
        neg_mia_roc_auc=[[-0.5, -0.6], [-0.9, -0.5]],
    )
    tradeoff = read_tradeoff(results, "accuracy", "mia_roc_auc")
    np.testing.assert_allclose(tradeoff.utility, [0.8, 0.8])
    np.testing.assert_allclose(tradeoff.attack_success, [0.55, 0.7])
    # two values: s = |a - b| / sqrt(2), and the error of their mean is |a - b| / 2
    np.testing.assert_allclose(tradeoff.utility_error, [0.1, 0], atol=1e-15)
    np.testing.assert_allclose(tradeoff.attack_success_error, [0.05, 0.2])
    assert tradeoff.n_splits == 2


def test_one_split_has_no_standard_error():
    results = results_of(accuracy=[[0.7], [0.8]], neg_mia_roc_auc=[[-0.5], [-0.6]])
    tradeoff = read_tradeoff(results, "accuracy", "mia_roc_auc")
    assert tradeoff.n_splits == 1
    assert np.isnan([tradeoff.utility_error, tradeoff.attack_success_error]).all()
    assert tradeoff.measured.all()


@pytest.mark.parametrize("name", ["mia_roc_auc", "neg_mia_roc_auc"])
def test_privacy_is_found_with_and_without_neg(name):
    results = results_of(accuracy=[[0.7]], neg_mia_roc_auc=[[-0.6]])
    assert read_tradeoff(results, "accuracy", name).attack_success == [0.6]


def test_the_very_name_comes_before_its_negation():
    results = results_of(accuracy=[[0.7]], leak=[[-0.3]], neg_leak=[[-0.6]])
    assert read_tradeoff(results, "accuracy", "leak").attack_success == [0.3]


def test_names_that_begin_or_end_alike_are_kept_apart():
    results = results_of(
        accuracy=[[0.7, 0.7]],
        balanced_accuracy=[[0.1, 0.1]],
        accuracy_2=[[0.2, 0.2]],
        neg_mia=[[-0.6, -0.6]],
        neg_mia_x=[[-0.9, -0.9]],
    )
    tradeoff = read_tradeoff(results, "accuracy", "mia")
    np.testing.assert_allclose([tradeoff.utility, tradeoff.attack_success], [[0.7], [0.6]])
    assert tradeoff.n_splits == 2


def test_names_may_hold_signs_of_regular_expressions():
    results = results_of(**{"f1 (macro)": [[0.7]], "neg_mia[1%]": [[-0.6]]})
    assert read_tradeoff(results, "f1 (macro)", "mia[1%]").utility == [0.7]


def test_more_than_ten_splits_are_all_read():
    scores = np.arange(12) / 100
    results = results_of(accuracy=[scores], neg_mia=[-scores])
    tradeoff = read_tradeoff(results, "accuracy", "mia")
    assert tradeoff.n_splits == 12
    np.testing.assert_allclose(tradeoff.attack_success, scores.mean())


def test_train_scores_are_left_alone():
    def neg_leaves(estimator, X, y):
        return -estimator.get_n_leaves() / 100

    search = GridSearchCV(
        DecisionTreeClassifier(random_state=0),
        {"max_depth": [1, 2, 3]},
        scoring={"accuracy": "accuracy", "neg_leaves": neg_leaves},
        refit=False,
        cv=3,
        return_train_score=True,
    ).fit(*load_iris(return_X_y=True))
    tradeoff = read_tradeoff(search.cv_results_, "accuracy", "leaves")
    np.testing.assert_allclose(tradeoff.utility, search.cv_results_["mean_test_accuracy"])
    np.testing.assert_allclose(tradeoff.attack_success, -search.cv_results_["mean_test_neg_leaves"])
    assert tradeoff.n_splits == 3


def test_candidate_that_failed_on_one_split_is_not_measured():
    results = results_of(
        accuracy=[[0.7, np.nan], [0.7, 0.8]], neg_mia=[[-0.5, np.nan], [-0.6, -0.5]]
    )
    tradeoff = read_tradeoff(results, "accuracy", "mia")
    assert tradeoff.measured.tolist() == [False, True]
    assert tradeoff.front().tolist() == [1]


# Refusals


def test_missing_scorers_are_named_with_those_that_are_there():
    results = results_of(accuracy=[[0.7]], neg_mia=[[-0.6]])
    with pytest.raises(ValueError, match=r"'recall' for utility.*\['accuracy', 'neg_mia'\]"):
        read_tradeoff(results, "recall", "mia")
    with pytest.raises(ValueError, match="no scores 'mia_roc_auc' for privacy"):
        read_tradeoff(results, "accuracy", "mia_roc_auc")
    with pytest.raises(ValueError, match="'accuracy' for utility"):
        read_tradeoff(results_of(score=[[0.7]]), "accuracy", "mia_roc_auc")


def test_utility_has_no_negated_name():
    with pytest.raises(ValueError, match="no scores 'log_loss' for utility"):
        read_tradeoff(results_of(neg_log_loss=[[-0.3]], neg_mia=[[-0.6]]), "log_loss", "mia")


def test_positive_scores_are_no_negated_leakage():
    results = results_of(accuracy=[[0.7], [0.8]], mia_roc_auc=[[0.6], [0.9]])
    with pytest.raises(ValueError, match=r"'mia_roc_auc' are positive, from 0\.6, .*neg_"):
        read_tradeoff(results, "accuracy", "mia_roc_auc")


def test_an_advantage_a_little_below_zero_is_leakage():
    results = results_of(accuracy=[[0.7]], neg_mia_advantage=[[0.04]])
    np.testing.assert_allclose(
        read_tradeoff(results, "accuracy", "mia_advantage").attack_success, [-0.04]
    )
    few_records = results_of(accuracy=[[0.7], [0.8]], neg_mia_advantage=[[0.2], [-0.1]])
    tradeoff = read_tradeoff(few_records, "accuracy", "mia_advantage")
    np.testing.assert_allclose(tradeoff.attack_success, [-0.2, 0.1])
