"""Samplers of class, feature and group balance."""

from itertools import product

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.datasets import load_iris

from skmia.datasets import load_adult
from skmia.metrics import demographic_parity_difference
from skmia.properties import class_balance, feature_balance
from skmia.sampling import ClassBalanceSampler, FeatureBalanceSampler, GroupBalanceSampler
from skmia.sampling._row_sampler import apportion

X, Y = load_adult(return_X_y=True)
X, Y = X[:4000], Y[:4000]
SEX, N_POSITIVE = 9, int(Y.sum())


def kept(sampler, X=X, y=Y):
    return sampler.set_params(random_state=0).fit_resample(X, y)


@pytest.mark.parametrize("balance", [0.1, 0.25, 0.5, 0.9])
def test_class_balance_is_reached_with_most_records(balance):
    sampler = ClassBalanceSampler(balance)
    _, y = kept(sampler)
    assert abs(class_balance(y) - balance) < 1 / len(y)
    assert len(y) == int(min(N_POSITIVE / balance, (len(Y) - N_POSITIVE) / (1 - balance)) + 1e-9)
    assert sampler.sampling_strategy_ == {0: int((y == 0).sum()), 1: int(y.sum())}


def test_class_balance_draws_without_replacement_and_by_seed():
    first, again, other = (ClassBalanceSampler(0.5, random_state=s).fit(X, Y) for s in (0, 0, 1))
    rows = first.sample_indices_
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, again.sample_indices_)
    assert not np.array_equal(rows, other.sample_indices_)
    # the rarer class is whole, of the other each record is as likely
    assert set(np.flatnonzero(Y)) <= set(rows)
    draws = [ClassBalanceSampler(0.5, random_state=s).fit(X, Y).sample_indices_ for s in range(100)]
    times = np.bincount(np.concatenate(draws), minlength=len(Y))[Y == 0]
    share = N_POSITIVE / (len(Y) - N_POSITIVE)
    assert times.mean() == pytest.approx(100 * share)
    # the variance of n binomial counts has a relative deviation of the root of 2 / n
    allowed = 4 * np.sqrt(2 / len(times))
    assert times.var() == pytest.approx(100 * share * (1 - share), rel=allowed)


def test_class_balance_of_several_classes():
    X, y = load_iris(return_X_y=True)
    y = np.array(["a", "b", "c"])[y]
    shares = {"a": 0.2, "b": 0.3, "c": 0.5}
    assert np.unique(kept(ClassBalanceSampler(shares), X, y)[1], return_counts=True)[
        1
    ].tolist() == [
        20,
        30,
        50,
    ]
    skewed = slice(30, 150)  # 20, 50, 50
    counts = kept(ClassBalanceSampler("equal"), X[skewed], y[skewed])[1]
    assert np.unique(counts, return_counts=True)[1].tolist() == [20, 20, 20]
    sampler = ClassBalanceSampler(0.5, pos_label="a")  # the others keep their proportions
    kept(sampler, X[skewed], y[skewed])
    assert sampler.sampling_strategy_ == {"a": 20, "b": 10, "c": 10}


def test_n_samples():
    _, y = kept(ClassBalanceSampler(0.25, n_samples=1000))
    assert (len(y), y.sum()) == (1000, 250)
    with pytest.raises(ValueError, match=rf"is more than the {2 * N_POSITIVE} records that"):
        kept(ClassBalanceSampler(0.5, n_samples=2 * N_POSITIVE + 1))


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        (ClassBalanceSampler(0.5, pos_label=7), r"must be one of \[0, 1\], got 7"),
        (ClassBalanceSampler({0: 1.0}), "share of each class"),
        (ClassBalanceSampler({0: 0.5, 1: 0.6}), "whose sum is 1.1"),
        (ClassBalanceSampler(0.01, n_samples=10), "less than one record"),
        (
            ClassBalanceSampler(0.5, n_samples=3999),
            r"of class 1, whose share should be 0.5.*that share can be 0.2\d+ at most",
        ),
        (GroupBalanceSampler("sex"), "not a column of X"),
        (GroupBalanceSampler(lambda X: X[:3, 0]), "one value for each record, got 3 for 4000"),
        (GroupBalanceSampler(lambda X: X[:, 0] < 0), "makes a single group"),
        (GroupBalanceSampler(lambda X: Y), "There are no records of group 0 and class 1"),
        (GroupBalanceSampler(SEX, n_samples=4000), r"records that can be kept by strategy='rates'"),
    ],
)
def test_refusals(sampler, message):
    with pytest.raises(ValueError, match=message):
        kept(sampler)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="at least two classes, got one class, 0"):
        kept(ClassBalanceSampler(), X, np.zeros(len(X), int))


@pytest.mark.parametrize("balance", [0, 0.1, 0.5, 0.9, 1])
def test_feature_balance_is_reached(balance):
    sampler = FeatureBalanceSampler(balance)
    X_kept, y = kept(sampler)
    assert abs(sampler.balance_ - balance) < 1 / len(y)
    low = X_kept[:, sampler.features_] <= sampler.thresholds_
    wanted = np.array([value == "low" for value in sampler.value_])
    assert (low == wanted).all(axis=1).mean() == sampler.balance_
    if 0 < balance < 1:  # the metric cuts where the sampler did, since the ranges are kept
        given = {"features": sampler.features_, "value": sampler.value_}
        assert feature_balance(X_kept, **given) == pytest.approx(sampler.balance_)
        np.testing.assert_array_equal(
            np.ptp(X_kept, axis=0)[sampler.features_], np.ptp(X, axis=0)[sampler.features_]
        )


def test_feature_balance_within_classes():
    sampler = FeatureBalanceSampler(0.3, features=SEX, value="low", keep_class_balance=True)
    X_kept, y = kept(sampler)
    low = X_kept[:, SEX] <= sampler.thresholds_[0]
    for label in (0, 1):
        assert low[y == label].mean() == pytest.approx(0.3, abs=2 / np.sum(y == label))
    assert y.mean() == pytest.approx(Y.mean(), abs=2 / len(y))


def test_feature_balance_of_texts_keeps_frames():
    frame = pd.DataFrame({"city": ["Rome"] * 6 + ["Oslo"] * 4, "age": range(10)})
    y = pd.Series([0, 1] * 5, index=frame.index)
    sampler = FeatureBalanceSampler(0.5, features=["city"], value=("Oslo",))
    X_kept, y_kept = kept(sampler, frame, y)
    assert X_kept["city"].value_counts().to_dict() == {"Rome": 4, "Oslo": 4}
    assert sampler.thresholds_ == [None]
    pd.testing.assert_frame_equal(X_kept, frame.iloc[sampler.sample_indices_])
    pd.testing.assert_series_equal(y_kept, y.iloc[sampler.sample_indices_])


@pytest.mark.parametrize(
    "sampler", [ClassBalanceSampler(0.5), FeatureBalanceSampler(0.5), GroupBalanceSampler(SEX)]
)
def test_containers(sampler):
    data = X.astype(np.float32)
    expected, y = kept(sampler, data, Y)
    names = [f"x{j}" for j in range(X.shape[1])]
    frame = pl.DataFrame(data, schema=names)
    for made, back in (
        (frame, lambda table: table.to_numpy()),
        (pd.DataFrame(data, columns=names), lambda table: table.to_numpy()),
        (sparse.csr_array(data), lambda table: table.toarray()),
        (sparse.coo_array(data), lambda table: table.toarray()),
    ):
        X_kept, y_kept = kept(sampler, made, pl.Series(Y) if made is frame else Y)
        assert type(X_kept) is (sparse.csr_array if sparse.issparse(made) else type(made))
        assert type(y_kept) is (pl.Series if made is frame else np.ndarray)
        np.testing.assert_array_equal(back(X_kept), expected)
        np.testing.assert_array_equal(np.asarray(y_kept), y)
        assert back(X_kept).dtype == np.float32
    assert kept(sampler, frame, Y)[0].columns == names


def rates(groups, y):
    return [y[groups == group].mean() for group in np.unique(groups)]


def test_groups_of_equal_cells():
    X_kept, y = kept(GroupBalanceSampler(SEX, strategy="cells"))
    cells = np.unique(np.column_stack([X_kept[:, SEX], y]), axis=0, return_counts=True)[1]
    smallest = np.unique(np.column_stack([X[:, SEX], Y]), axis=0, return_counts=True)[1].min()
    assert cells.tolist() == [smallest] * 4


def test_groups_of_equal_rates_lose_parity_difference_and_few_records():
    sampler = GroupBalanceSampler(SEX)
    X_kept, y = kept(sampler)
    groups = X_kept[:, SEX]
    assert demographic_parity_difference(Y, Y, sensitive_features=X[:, SEX]) > 0.15
    smallest = np.unique(groups, return_counts=True)[1].min()
    assert abs(np.subtract(*rates(groups, y))) < 2 / smallest
    # no other share of the positive class keeps more
    sizes = np.array(
        [[np.sum((X[:, SEX] == g) & (c == Y)) for c in (0, 1)] for g in np.unique(groups)]
    )
    shares = np.linspace(0.01, 0.99, 981)
    most = max((sizes / [1 - p, p]).min(axis=1).sum() for p in shares)
    assert most - 3 <= len(y) <= sizes.sum()
    assert len(kept(GroupBalanceSampler(SEX, strategy="cells"))[1]) < len(y)


def test_groups_of_several_features_and_n_samples():
    frame = pd.DataFrame({"sex": X[:, SEX], "old": X[:, 0] > np.median(X[:, 0])})
    sampler = GroupBalanceSampler(["sex", "old"], n_samples=800)
    X_kept, y = kept(sampler, frame, Y)
    assert len(y) == 800
    assert len(sampler.groups_) == 4
    codes = X_kept.groupby(["sex", "old"]).ngroup().to_numpy()
    np.testing.assert_allclose(
        rates(codes, y), sampler.class_shares_[1], atol=1 / np.bincount(codes).min()
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 50), min_size=2, max_size=6), st.integers(1, 200))
def test_apportion(weights, n_records):
    shares = np.array(weights) / sum(weights)
    quota = apportion(shares, n_records)
    assert quota.sum() == n_records
    assert (np.abs(quota - shares * n_records) < 1 + 1e-9).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.floats(0.05, 0.95))
def test_most_records_by_trying_all(n_negative, n_positive, balance):
    y = np.repeat([0, 1], [n_negative, n_positive])
    fits = [
        n
        for n in range(1, len(y) + 1)
        if n * balance <= n_positive * (1 + 1e-12) and n * (1 - balance) <= n_negative * (1 + 1e-12)
    ]
    assume(max(fits) * min(balance, 1 - balance) > 1)  # else a class might lose all its records
    _, kept_labels = kept(ClassBalanceSampler(balance), y[:, None], y)
    assert len(kept_labels) == max(fits)
    assert abs(kept_labels.sum() - balance * len(kept_labels)) < 1


@st.composite
def tables(draw):
    """Draw records of all pairs of two groups and several classes, numbered in column 0."""
    n_classes = draw(st.integers(2, 4))
    sizes = draw(st.lists(st.integers(1, 20), min_size=2 * n_classes, max_size=2 * n_classes))
    pairs = np.repeat([(g, c) for g in (0, 1) for c in range(n_classes)], sizes, axis=0)
    pairs = pairs[np.random.RandomState(draw(st.integers(0, 9))).permutation(len(pairs))]
    return np.column_stack([np.arange(len(pairs)), pairs[:, 0]]), pairs[:, 1]


def selected(sampler, X, y):
    """Return the records and labels kept, which must be rows as they stood, each at most once."""
    try:
        X_kept, y_kept = kept(sampler, X, y)
    except ValueError as error:  # too few records of a kind
        assume("less than one record" not in str(error))
        raise
    rows = sampler.sample_indices_
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(X_kept, X[rows])
    np.testing.assert_array_equal(y_kept, y[rows])
    return X_kept, y_kept


def assert_within_one_record(mask, share):
    assert abs(mask.sum() - share * len(mask)) < 1 + 1e-9


@settings(max_examples=25, deadline=None)
@given(tables(), st.floats(0.1, 0.9), st.booleans())
def test_class_balance_is_within_one_record(table, balance, number):
    X, y = table
    labels = np.unique(y).tolist()
    given = balance if number else "equal"
    _, y_kept = selected(ClassBalanceSampler(given, pos_label=labels[0]), X, y)
    others = [(1 - balance) * np.mean(y[y != labels[0]] == label) for label in labels[1:]]
    shares = [balance, *others] if number else [1 / len(labels)] * len(labels)
    for label, share in zip(labels, shares, strict=True):
        assert_within_one_record(y_kept == label, share)


@settings(max_examples=25, deadline=None)
@given(tables(), st.floats(0, 1), st.booleans())
def test_feature_balance_is_within_one_record(table, balance, keep):
    X, y = table
    sampler = FeatureBalanceSampler(balance, features=1, value="high", keep_class_balance=keep)
    X_kept, y_kept = selected(sampler, X, y)
    if not keep:
        assert_within_one_record(X_kept[:, 1] == 1, balance)
        return
    for label in np.unique(y):
        share = np.mean(y == label)
        assert_within_one_record((X_kept[:, 1] == 1) & (y_kept == label), balance * share)


@settings(max_examples=25, deadline=None)
@given(tables(), st.sampled_from(["cells", "rates"]), st.floats(0.5, 1))
def test_group_balance_is_within_one_record(table, strategy, share):
    X, y = table
    sampler = GroupBalanceSampler(1, strategy=strategy)
    most = len(selected(sampler, X, y)[1])
    n_samples = round(share * most)
    X_kept, y_kept = selected(sampler.set_params(n_samples=n_samples), X, y)
    assert len(y_kept) == n_samples
    for group in (0, 1):
        of_group = y_kept[X_kept[:, 1] == group]
        for label, of_label in zip(np.unique(y), sampler.class_shares_, strict=True):
            assert_within_one_record(of_group == label, of_label)
        if strategy == "cells":
            assert_within_one_record(X_kept[:, 1] == group, 0.5)


def test_equal_rates_against_all_selections():
    groups, y = np.array([0] * 5 + [1] * 4), np.array([0, 0, 0, 1, 1, 0, 0, 1, 1])
    largest = max(
        sum(counts)
        for counts in product(range(1, 4), range(1, 3), range(1, 3), range(1, 3))
        if counts[1] * counts[2] == counts[0] * counts[3]
    )
    assert len(kept(GroupBalanceSampler(0), groups[:, None], y)[1]) == largest
