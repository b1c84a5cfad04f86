"""The threshold rule against the loop over all candidates."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmia.attacks import best_threshold, class_thresholds

SCORES = st.lists(st.integers(-4, 4), min_size=1, max_size=12)


@settings(max_examples=100, deadline=None)
@given(SCORES, SCORES)
def test_equals_oracle_with_ties(members, others):
    scores = np.array(members + others, dtype=float)
    membership = np.repeat([1, 0], [len(members), len(others)])
    assert best_threshold(membership, scores) == oracles.best_threshold(scores, membership)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_each_class_equals_oracle(dtype):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=600).round(1).astype(dtype)
    membership, y_index = rng.integers(2, size=600), rng.integers(-1, 7, size=600)
    thresholds = class_thresholds(membership, scores, y_index, n_classes=7)
    assert thresholds.dtype == dtype
    for c in range(7):
        own = y_index == c
        assert thresholds[c] == oracles.best_threshold(scores[own], membership[own])


def test_of_equal_thresholds_the_largest():
    # 3 and 1 both call half of the members and none or half of the others
    assert best_threshold([1, 1, 0, 0], [3, 1, 2, 0]) == 3


def test_class_without_one_side_has_no_threshold():
    thresholds = class_thresholds([1, 1, 0], [1.0, 2.0, 3.0], [0, 1, 1], n_classes=3)
    np.testing.assert_array_equal(thresholds, [np.nan, 2.0, np.nan])


@pytest.mark.parametrize("dtype", [bool, int])
def test_scores_that_are_no_floats(dtype):
    thresholds = class_thresholds([1, 0, 1, 1], np.array([1, 0, 1, 0], dtype), [0, 0, 1, 1])
    np.testing.assert_array_equal(thresholds, [1.0, np.nan])


def test_many_classes():
    y_index = np.repeat(np.arange(10_000), 2)
    membership = np.tile([1, 0], 10_000)
    thresholds = class_thresholds(membership, membership + y_index / 1e6, y_index)
    np.testing.assert_allclose(thresholds, 1 + np.arange(10_000) / 1e6)


@pytest.mark.parametrize(
    ("scores", "membership", "message"),
    [
        ([1.0, 2.0], [1], "inconsistent numbers of samples"),
        ([1.0, 2.0], [1, -1], "only 1 .member. and 0 .non-member."),
        ([1.0, 2.0], [1, 1], "both members .1. and non-members .0."),
        ([1.0, np.nan], [1, 0], "scores contains NaN"),
        ([".5", ".6"], [1, 0], "scores must be real numbers, got dtype <U2"),
        ([1j, 2j], [1, 0], "Complex data not supported"),
        (np.array(["2021", "2022"], "datetime64[Y]"), [1, 0], "scores must be real numbers"),
    ],
)
def test_errors(scores, membership, message):
    with pytest.raises(ValueError, match=message):
        best_threshold(membership, scores)
    with pytest.raises(ValueError, match=message):
        class_thresholds(membership, scores, [0] * len(scores))


@pytest.mark.parametrize(
    ("y_index", "n_classes", "message"),
    [
        ([0, 0.9], None, "y_index must hold column numbers, .* got float64"),
        ([0, 2], 2, "n_classes must be above every y_index, 2 at most, got 2"),
        ([0, 1], 2.5, "'n_classes' .* Got 2.5 "),
        ([0, 1], -1, "'n_classes' .* Got -1 "),
        ([0, 10**9], None, "y_index must number the columns of a response"),
    ],
)
def test_classes_are_column_numbers(y_index, n_classes, message):
    with pytest.raises(ValueError, match=message):
        class_thresholds([1, 0], [1.0, 2.0], y_index, n_classes=n_classes)
