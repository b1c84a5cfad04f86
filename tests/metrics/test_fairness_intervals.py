"""Intervals of fairness: by hand, and how often they hold the truth of simulated groups."""

import numpy as np
import pytest
from estimates import numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    mia_indistinguishability_deviation,
    predictive_fairness_difference,
)
from skmia.properties import generalization_gap


def group_of(sizes):
    return np.repeat(np.arange(len(sizes)), sizes)


def drawn(rng, rates, sizes):
    """Draw labels: rates of shape (n_groups, n_labels)."""
    parts = [rng.choice(len(r), n, p=r) for r, n in zip(rates, sizes, strict=True)]
    return np.concatenate(parts)


def largest(rates):
    gaps = np.abs(rates[:, None] - rates[None]).mean(axis=2)
    return gaps.max()


# By hand


def test_two_groups_have_newcombes_interval():
    rng = np.random.default_rng(0)
    group, y_pred = group_of([80, 50]), drawn(rng, [[0.3, 0.7], [0.6, 0.4]], [80, 50])
    gap = generalization_gap(group, np.ones(130, dtype=int), y_pred)
    found = demographic_parity_difference(y_pred, y_pred, sensitive_features=group)
    assert numbers(found) == pytest.approx((-gap, -gap.high, -gap.low))
    assert found.method == "Newcombe, Wilson limits"
    wider = demographic_parity_difference(
        y_pred, y_pred, sensitive_features=group, confidence_level=0.99
    )
    assert wider.low < found.low < found < found.high < wider.high


def test_choice_among_pairs_and_labels_is_paid_for():
    rng = np.random.default_rng(0)
    group = group_of([50, 50, 50])
    y_true, y_pred = rng.integers(2, size=(2, 150))
    options = {"sensitive_features": group}
    assert "over 3 comp" in demographic_parity_difference(y_true, y_pred, **options).method
    found = predictive_fairness_difference(y_true, y_pred, **options)
    assert "over 6 comp" in found.method
    alone = [
        predictive_fairness_difference(
            y_true, y_pred, compared_groups=pair, confidence_level=1 - 0.05 / 3, **options
        )
        for pair in ([0, 1], [0, 2], [1, 2])
    ]
    expected = [max(ends) for ends in zip(*map(numbers, alone), strict=True)]
    assert numbers(found) == pytest.approx(expected)


def test_few_records_have_no_interval_of_pairs():
    found = individual_fairness_deviation(None, [0.1, 0.9, 0.5], sensitive_features=[0, 0, 1])
    assert np.isfinite(found)
    assert np.isnan(numbers(found)[1:]).all()
    assert found.method == "no interval: it needs 10 records beyond one of each group, got 1"


def test_label_of_one_side_has_a_lower_limit():
    found = mia_indistinguishability_deviation(np.repeat([1, 0], 50), np.repeat([0, 1], 50))
    assert found == found.high == np.inf
    assert 2 < found.low < np.inf


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(2, 4), st.integers(15, 60))
def test_value_lies_in_its_interval(seed, n_groups, n_labels, n):
    rng = np.random.default_rng(seed)
    group = np.r_[np.arange(n_groups), rng.integers(n_groups, size=n - n_groups)]
    y_true, y_pred = rng.integers(n_labels, size=(2, n))
    y_true[0] = y_true[1] = y_pred[0]
    proba = rng.dirichlet(np.ones(n_labels), size=n)
    options = {"sensitive_features": group}
    for found in (
        demographic_parity_difference(y_true, y_pred, **options),
        predictive_fairness_difference(y_true, y_pred, **options),
        individual_fairness_deviation(None, proba, n_pairs=50, random_state=0, **options),
        individual_fairness_deviation(None, proba, level="group", **options),
    ):
        assert 0 <= found.low <= found <= found.high <= 1
    found = mia_indistinguishability_deviation(group == 0, y_pred)
    assert 0 <= found.low <= found <= found.high


@pytest.mark.parametrize("level", [0, 1, "95"])
def test_refuses_levels(level):
    group, labels = [0, 0, 1, 1], [0, 1, 0, 1]
    options = {"sensitive_features": group, "confidence_level": level}
    for call in (
        lambda: demographic_parity_difference(labels, labels, **options),
        lambda: predictive_fairness_difference(labels, labels, **options),
        lambda: individual_fairness_deviation(None, [0.5] * 4, **options),
        lambda: mia_indistinguishability_deviation(group, labels, confidence_level=level),
    ):
        with pytest.raises(ValueError, match=r"'confidence_level' parameter of \w+ must"):
            call()


# Coverage: the truth is known, and 95 % is asked for

RATES = {
    "two groups": ([[0.3, 0.7], [0.45, 0.55]], [40, 60]),
    "two equal groups": ([[0.3, 0.7], [0.3, 0.7]], [30, 60]),
    "rare label": ([[0.03, 0.97], [0.1, 0.9]], [60, 60]),
    "ten small equal groups": ([[0.1, 0.9]] * 10, [15] * 10),
    "five groups, three labels": (
        [[0.2, 0.3, 0.5], [0.1, 0.4, 0.5], [0.3, 0.3, 0.4], [0.2, 0.2, 0.6], [0.2, 0.3, 0.5]],
        [80, 60, 40, 60, 80],
    ),
}


def coverage(rng, truth, measured, n_runs):
    """Return the share of runs whose interval holds the truth."""
    runs = [measured(rng) for _ in range(n_runs)]
    return np.mean([found.low - 1e-12 <= truth <= found.high + 1e-12 for found in runs])


@pytest.mark.slow
@pytest.mark.parametrize("case", RATES)
def test_coverage_of_differences(case):
    rates, sizes = RATES[case]
    group, truth = group_of(sizes), largest(np.array(rates))
    labels = list(range(len(rates[0])))

    def parity(rng):
        y_pred = drawn(rng, rates, sizes)
        return demographic_parity_difference(
            np.resize(labels, len(group)), y_pred, sensitive_features=group
        )

    assert coverage(np.random.default_rng(0), truth, parity, 1000) >= 0.935


@pytest.mark.slow
@pytest.mark.parametrize("case", RATES)
def test_coverage_of_recalls(case):
    rates, sizes = RATES[case]
    # the rate of the first label is the recall of 0, that of the second the recall of 1
    recalls = np.array(rates)[:, :2]
    group = np.tile(group_of(sizes), 2)
    y_true = np.repeat([0, 1], len(group) // 2)
    right = np.concatenate([np.repeat(recalls[:, label], sizes) for label in (0, 1)])

    def opportunity(rng):
        y_pred = np.where(rng.random(len(group)) < right, y_true, 1 - y_true)
        return predictive_fairness_difference(y_true, y_pred, sensitive_features=group)

    assert coverage(np.random.default_rng(0), largest(recalls), opportunity, 1000) >= 0.935


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(30, 30), (40, 80), (300, 700), (5, 10, 60)])
def test_coverage_of_pairs(sizes):
    group = group_of(sizes)
    share = np.bincount(group) / len(group)
    alphas = [(1, 3), (2, 2), (4, 1)]

    def proba(rng, times=1):
        parts = [rng.beta(*alphas[g], n * times) for g, n in enumerate(sizes)]
        return np.concatenate(parts)

    def measured(rng):
        return individual_fairness_deviation(
            None, proba(rng), sensitive_features=group, random_state=rng.integers(2**31)
        )

    # the mean over all pairs of groups, each with its share of the pairs of records
    rng = np.random.default_rng(1)
    truth, n = 0, len(group)
    for g, n_g in enumerate(sizes):
        for h, n_h in enumerate(sizes[: g + 1]):
            first, second = (rng.beta(*alphas[k], 400_000) for k in (g, h))
            deviation = np.abs(np.abs(first - second) - abs(share[g] - share[h])).mean()
            n_pairs = n_g * n_h if g != h else n_g * (n_g - 1) / 2
            truth += deviation * n_pairs / (n * (n - 1) / 2)
    assert coverage(np.random.default_rng(0), truth, measured, 400) >= 0.925


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [(40, 40), (30, 90), (20, 40, 60)])
def test_coverage_of_group_deviation(sizes):
    group = group_of(sizes)
    share = np.bincount(group) / len(group)
    rates = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8]])[: len(sizes)]
    top = rates.max(axis=1)
    truth = max(
        abs(abs(share[i] - share[j]) - abs(top[i] - top[j]))
        for i in range(len(sizes))
        for j in range(i)
    )

    def measured(rng):
        proba = np.eye(2)[drawn(rng, rates, sizes)]
        return individual_fairness_deviation(None, proba, sensitive_features=group, level="group")

    assert coverage(np.random.default_rng(0), truth, measured, 1000) >= 0.935


@pytest.mark.slow
@pytest.mark.parametrize("rates", [[[0.3, 0.7], [0.4, 0.6]], [[0.05, 0.95]] * 2, [[0.2] * 5] * 2])
def test_coverage_of_indistinguishability(rates):
    sizes, truth = [80, 100], np.abs(np.diff(np.log(rates), axis=0)).max()

    def measured(rng):
        return mia_indistinguishability_deviation(group_of(sizes), drawn(rng, rates, sizes))

    assert coverage(np.random.default_rng(0), truth, measured, 1000) >= 0.935
