"""Accuracy on members less accuracy on non-members."""

from math import isnan

import numpy as np
import pytest
from estimates import numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from skmia.metrics import membership_advantage
from skmia.properties import generalization_gap
from skmia.properties._generalization_gap import accuracy_of_sides


def outcomes(right, wrong, right_out, wrong_out):
    """Return membership, true and predicted labels of so many records."""
    counts = right, wrong, right_out, wrong_out
    membership = np.repeat([1, 1, 0, 0], counts)
    y_true = np.resize([0, 1], sum(counts))
    return membership, y_true, np.where(np.repeat([1, 0, 1, 0], counts), y_true, 1 - y_true)


def newcombe(right, n, right_out, n_out, level):
    """Method 10 of Newcombe, of the Wilson limits of scipy."""
    rate, rate_out = right / n, right_out / n_out
    inner = binomtest(right, n).proportion_ci(level, method="wilson")
    outer = binomtest(right_out, n_out).proportion_ci(level, method="wilson")
    low = np.sqrt((rate - inner.low) ** 2 + (outer.high - rate_out) ** 2)
    high = np.sqrt((inner.high - rate) ** 2 + (rate_out - outer.low) ** 2)
    return rate - rate_out, rate - rate_out - low, rate - rate_out + high


def test_published_interval():
    # Newcombe 1998, table II, example (a): 56/70 and 48/80, method 10
    gap = generalization_gap(*outcomes(56, 14, 48, 32))
    assert numbers(gap) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.integers(0, 50)] * 4), st.sampled_from([0.8, 0.95, 0.99]))
def test_interval_is_made_of_scipys(counts, level):
    right, wrong, right_out, wrong_out = counts[0], counts[1] + 1, counts[2], counts[3] + 1
    records = outcomes(right, wrong, right_out, wrong_out)
    gap = generalization_gap(*records, confidence_level=level)
    expected = newcombe(right, right + wrong, right_out, right_out + wrong_out, level)
    assert numbers(gap) == pytest.approx(expected, abs=1e-9)
    assert gap.low <= gap <= gap.high
    # from the other side of the split it is the same with the other sign
    turned = generalization_gap(1 - records[0], *records[1:], confidence_level=level)
    assert numbers(turned) == pytest.approx((-gap, -gap.high, -gap.low), abs=1e-9)


def test_extremes():
    assert generalization_gap(*outcomes(5, 0, 0, 5)) == 1
    assert generalization_gap(*outcomes(0, 5, 5, 0)) == -1
    assert generalization_gap(*outcomes(3, 1, 6, 2)) == 0


def test_it_is_the_advantage_of_an_attack_on_correctness():
    membership, y_true, y_pred = outcomes(60, 20, 30, 40)
    advantage = membership_advantage(membership, (y_true == y_pred) * 1.0, threshold=0.5)
    gap = generalization_gap(membership, y_true, y_pred)
    assert numbers(gap) == pytest.approx(numbers(advantage))


def test_per_class():
    membership = [1, 1, 1, 1, 0, 0, 0, 1]
    y_true = ["a", "a", "b", "b", "a", "a", "b", "c"]
    y_pred = ["a", "b", "b", "b", "d", "b", "b", "c"]
    gaps = generalization_gap(membership, y_true, y_pred, per_class=True)
    assert list(gaps) == ["a", "b", "c"]  # nobody is a d
    assert numbers(gaps["a"]) == pytest.approx(newcombe(1, 2, 0, 2, 0.95))
    assert numbers(gaps["b"]) == pytest.approx(newcombe(2, 2, 1, 1, 0.95))
    assert isnan(gaps["c"])
    assert str(gaps["c"]) == "undefined: no non-members of this class"
    gaps = generalization_gap([0, 1, 0], ["a", "a", "b"], ["a", "a", "a"], per_class=True)
    assert str(gaps["b"]) == "undefined: no members of this class"


@pytest.mark.parametrize("n", [150, pytest.param(400, marks=pytest.mark.slow)])
def test_coverage(n):
    rng, hits = np.random.default_rng(0), 0
    membership = np.repeat([1, 0], 60)
    for _ in range(n):
        right = rng.random(120) < np.where(membership, 0.9, 0.7)
        gap = generalization_gap(membership, np.ones(120, int), right.astype(int))
        hits += gap.low <= 0.2 <= gap.high
    assert binomtest(hits, n, 0.95).pvalue > 0.01


def test_accuracies():
    inside, outside = accuracy_of_sides(*outcomes(9, 1, 6, 4))
    assert (inside, outside) == (0.9, 0.6)
    limits = binomtest(6, 10).proportion_ci(0.95, method="wilson")
    assert numbers(outside)[1:] == pytest.approx((limits.low, limits.high))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 1], [0, 1], [0, 1]), "both members .* got members only"),
        (([1, 0], [0.5, 1.2], [0, 1]), "y_true must hold class labels"),
        (([1, 0], [0, 1], [0]), "inconsistent numbers"),
        (([2, 0], [0, 1], [0, 1]), "membership must hold only 1"),
    ],
)
def test_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        generalization_gap(*arguments)
    with pytest.raises(ValueError, match=r"'confidence_level' .* Got 95 "):
        generalization_gap([1, 0], [0, 1], [0, 1], confidence_level=95)
