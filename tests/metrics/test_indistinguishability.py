from math import inf, log

import numpy as np
import oracles
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skmia.metrics import membership_roc_auc, mia_indistinguishability_deviation


@st.composite
def predicted(draw):
    n = draw(st.integers(2, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    membership = rng.permutation(np.r_[0, 1, rng.integers(2, size=n - 2)])
    return membership, rng.integers(draw(st.integers(1, 5)), size=n)


def test_by_hand():
    membership = [1, 1, 1, 1, 0, 0, 0, 0, 0]
    y_pred = ["a", "b", "b", "c", "a", "a", "b", "b", "c"]
    # a 1/4 to 2/5, b 1/2 to 2/5, c 1/4 to 1/5
    value = mia_indistinguishability_deviation(membership, y_pred)
    assert value == pytest.approx(log(8 / 5))
    # a 2/7 to 3/8, b 3/7 to 3/8, c 2/7 to 2/8
    value = mia_indistinguishability_deviation(membership, y_pred, smoothing=1)
    assert value == pytest.approx(log(3 / 8 * 7 / 2))


def test_label_on_one_side_only():
    membership, y_pred = [1, 1, 0, 0], [0, 1, 0, 0]
    assert mia_indistinguishability_deviation(membership, y_pred) == inf
    # 1.5/3 to 2.5/3 and 1.5/3 to 0.5/3
    value = mia_indistinguishability_deviation(membership, y_pred, smoothing=0.5)
    assert value == pytest.approx(log(3))


@pytest.mark.parametrize("smoothing", [0, 0.5, 3])
@settings(max_examples=25, deadline=None)
@given(records=predicted())
def test_is_slow_loop(records, smoothing):
    value = mia_indistinguishability_deviation(*records, smoothing=smoothing)
    expected = oracles.mia_indistinguishability_deviation(*records, smoothing)
    assert value == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(predicted(), st.integers(0, 2**32 - 1))
def test_range_order_names_and_sides(records, seed):
    membership, y_pred = records
    value = mia_indistinguishability_deviation(membership, y_pred)
    assert isinstance(value, float)
    assert value >= 0
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(y_pred)), rng.permutation(list("edcba"))
    for again in (
        mia_indistinguishability_deviation(membership[order], y_pred[order]),
        mia_indistinguishability_deviation(membership, names[y_pred]),
        mia_indistinguishability_deviation(1 - membership, y_pred),
        mia_indistinguishability_deviation(pd.Series(membership == 1), pd.Series(y_pred)),
    ):
        assert again == pytest.approx(value, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(predicted(), st.integers(1, 3))
def test_equal_mixes_have_0(records, n_copies):
    _, y_pred = records
    membership = np.repeat([1, 0], [n_copies * len(y_pred), len(y_pred)])
    value = mia_indistinguishability_deviation(membership, np.tile(y_pred, n_copies + 1))
    assert value == pytest.approx(0, abs=1e-12)


def test_does_not_see_memorization():
    # all members right and all others wrong, but one mix of labels
    y_true = np.tile([0, 1], 100)
    membership = np.repeat([1, 0], 100)
    y_pred = np.where(membership == 1, y_true, 1 - y_true)
    assert membership_roc_auc(membership, y_pred == y_true) == 1
    assert mia_indistinguishability_deviation(membership, y_pred) == 0


@pytest.mark.parametrize(
    ("membership", "y_pred", "options", "message"),
    [
        ([1, 2], [0, 1], {}, "membership must hold only"),
        ([1, 1], [0, 1], {}, "members only"),
        ([1, 0], [0], {}, "inconsistent numbers"),
        ([1, 0], [0.25, 0.75], {}, "y_pred must hold class labels of one type, got continuous"),
        ([1, 0], ["a", None], {}, "got mixed or missing values"),
        ([1, 0], [0, np.nan], {}, "got missing values"),
        ([1, 0], [0, 1], {"smoothing": -1}, "'smoothing' .* such as 0.5 to keep .* Got -1"),
        ([1, 0], [0, 1], {"smoothing": inf}, "'smoothing' .* Got inf"),
        ([1, 0], [0, 1], {"smoothing": np.nan}, "'smoothing' .* Got nan"),
        ([1, 0], [0, 1], {"smoothing": "a"}, "'smoothing' .* Got 'a'"),
    ],
)
def test_refuses(membership, y_pred, options, message):
    with pytest.raises(ValueError, match=message):
        mia_indistinguishability_deviation(membership, y_pred, **options)
