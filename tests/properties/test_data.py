"""Balance of classes and features, entropy, and what they are made of."""

from collections import Counter
from math import inf, log, log2, nan

import numpy as np
import oracles
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from skmia.datasets import load_adult
from skmia.properties import (
    class_balance,
    dataset_entropy,
    feature_balance,
    most_informative_features,
)
from skmia.properties._data import value_codes
from skmia.properties._feature_balance import balanced_feature

ADULT = load_adult(split="test")
FRAME, LABELS = load_adult(split="test", return_X_y=True, as_frame=True)
TABLE = [[1.0, "a", None], [2.0, "b", 1], [9.0, "b", 1], [nan, "b", 4], [4.0, None, 1]]


def containers(table):
    names = [f"column {j}" for j in range(len(table[0]))]
    columns = {
        name: list(column) for name, column in zip(names, zip(*table, strict=True), strict=True)
    }
    return {
        "list": table,
        "array": np.array(table, dtype=object),
        "pandas": pd.DataFrame(columns),
        "nullable": pd.DataFrame(columns).convert_dtypes(),
        "categories": pd.DataFrame(columns).astype({"column 1": "category"}),
        "polars": pl.DataFrame(columns),
    }


CONTAINERS = [pytest.param(X, id=name) for name, X in containers(TABLE).items()]

# whose range has a middle that is not rounded
QUARTERS = st.integers(-4000, 4000).map(lambda number: number / 4)

# class balance


def test_class_balance_by_hand():
    y = [1, 0, 1, 1, 0]
    assert class_balance(y) == 3 / 5
    assert class_balance(y, pos_label=0) == 2 / 5
    assert class_balance(y, ratio=True) == pytest.approx(2 / 3)  # P[y = 0] / P[y = 1]
    assert class_balance(["no", "yes"]) == 0.5


def test_class_balance_of_one_class():
    assert class_balance([1, 1]) == 1
    assert class_balance([0, 0], pos_label=1) == 0
    assert class_balance([0, 0], pos_label=1, ratio=True) == inf
    assert class_balance([1, 1], pos_label=1, ratio=True) == 0


def test_class_balance_of_many_classes_is_their_evenness():
    assert class_balance([0, 1, 2, 3]) == pytest.approx(1)
    expected = -(0.5 * log(0.5) + 2 * 0.25 * log(0.25)) / log(3)
    assert class_balance(["a", "a", "b", "c"]) == pytest.approx(expected)
    assert class_balance(["a", "a", "b", "c"], pos_label="a") == 0.5
    assert class_balance(["a", "a", "a", "b", "c"], pos_label="a", ratio=True) == pytest.approx(
        2 / 3
    )


def test_class_balance_of_adult():
    # https://archive.ics.uci.edu: 3,846 of the 16,281 people of the test part earn more
    assert class_balance(LABELS) == class_balance(ADULT.target) == 3_846 / 16_281


def test_class_balance_refuses():
    with pytest.raises(ValueError, match=r"pos_label must be one of the labels, got 7"):
        class_balance([0, 1, 1], pos_label=7)
    with pytest.raises(ValueError, match=r"ratio=True needs pos_label .* got 3 classes"):
        class_balance([0, 1, 2], ratio=True)
    with pytest.raises(ValueError, match="y must hold the labels of at least one record"):
        class_balance([])
    with pytest.raises(ValueError, match="y must hold class labels of one type"):
        class_balance([0.1, 0.2, 0.7])


# feature balance


@pytest.mark.parametrize("X", CONTAINERS)
def test_feature_balance_by_hand(X):
    assert feature_balance(X, features=0, value="low") == 3 / 5  # 1, 2, 4 of 1 to 9
    assert feature_balance(X, features=0, value="high") == 1 / 5
    assert feature_balance(X, features=0, value="missing") == 1 / 5
    assert feature_balance(X, features=[0, 1], value=("low", "b")) == 1 / 5
    assert feature_balance(X, features=[1, 2], value=("b", "low")) == 2 / 5
    assert feature_balance(X, features=1, ratio=True) == pytest.approx(3 / 2)
    mask, _, value = balanced_feature(X, features=[2, 1])
    assert value == ("low", "b")
    assert mask.tolist() == [False, True, True, False, False]


def test_features_of_a_frame_have_names():
    X = containers(TABLE)["pandas"]
    assert balanced_feature(X, features="column 1")[1:] == (["column 1"], ("b",))
    assert balanced_feature(X, features=[-1, 0])[1] == ["column 2", "column 0"]
    assert balanced_feature(X.to_numpy(), features=-1)[1] == [2]


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(-5, 5), QUARTERS, st.sampled_from("abc")),
        min_size=1,
        max_size=40,
    )
)
def test_feature_balance_is_slow_count(rows):
    columns = list(zip(*rows, strict=True))
    coarse = [
        (oracles.low_or_high(a, columns[0]), oracles.low_or_high(b, columns[1]), c)
        for a, b, c in rows
    ]
    counts = Counter(coarse)
    found = feature_balance(list(map(list, rows)), features=[0, 1, 2])
    assert found == max(counts.values()) / len(rows)
    for value, count in counts.items():
        X = np.array(rows, dtype=object)
        assert feature_balance(X, features=[0, 1, 2], value=value) == count / len(rows)
        ratio = feature_balance(X, features=[0, 1, 2], value=value, ratio=True)
        rest = len(rows) - count
        assert ratio == (count / rest if rest else inf)


def test_definition_of_the_authors():
    # all of the first five columns, scaled to [0, 1], at most one half
    X = np.nan_to_num(ADULT.data, nan=-1)
    scaled = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
    expected = (scaled[:, :5] <= 0.5).all(axis=1).mean()
    assert feature_balance(X, features=range(5), value="low") == expected
    assert feature_balance(sparse.csr_matrix(X), features=range(5), value="low") == expected


def test_features_of_adult_are_chosen():
    mask, features, value = balanced_feature(FRAME, LABELS, random_state=0)
    chosen = most_informative_features(FRAME, LABELS, random_state=0)
    assert features == FRAME.columns[chosen].tolist()
    assert {"relationship", "marital-status"} < set(features)
    assert feature_balance(FRAME, LABELS, random_state=0) == mask.mean()
    assert feature_balance(FRAME, features=features, value=value) == mask.mean()
    # the mask has exactly the records of the commonest combination
    ages = FRAME["age"]
    middle = (ages.min() + ages.max()) / 2
    coarse = FRAME.assign(age=np.where(ages <= middle, "low", "high"))
    two = balanced_feature(FRAME, features=["age", "sex"])[0]
    commonest = coarse[["age", "sex"]].value_counts()
    assert two.sum() == commonest.iloc[0]
    assert len(coarse.loc[two, ["age", "sex"]].drop_duplicates()) == 1


def test_feature_balance_is_reproducible():
    first, second = (balanced_feature(FRAME, LABELS, n_features=3, random_state=5) for _ in "ab")
    assert first[1:] == second[1:]
    assert len(first[1]) == 3


def test_infinitely_large_range_has_a_middle():
    X = np.array([[-1.7e308], [1.0], [1.7e308]])
    assert feature_balance(X, features=0, value="low") == 1 / 3
    assert feature_balance(np.ones((4, 1)), features=0) == 1
    assert feature_balance(np.ones((4, 1)), features=0, ratio=True) == inf
    assert feature_balance(np.full((4, 1), nan), features=0, value="missing") == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "y must be given where features is None"),
        ({"y": [0, 1]}, "inconsistent numbers of samples"),
        ({"y": [0, 1, 0, 1, 0], "n_features": 0}, "'n_features' .* Got 0 "),
        ({"features": "age"}, "features must be columns of X, got 'age'; X has no names"),
        ({"features": 3}, "features must be columns of X, got 3"),
        ({"features": []}, "features must name at least one column"),
        ({"features": [0, -3]}, "features must name at least one column, each once"),
        ({"features": [0, 1], "value": ["low"]}, "one value for each of the 2 features"),
        ({"features": 0, "value": "b"}, "got 'b' for feature 0, whose values are 'low', 'high'"),
        ({"features": 1, "value": "low"}, "numbers are low or high"),
    ],
)
def test_feature_balance_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        feature_balance(TABLE, **options)


def test_tables_are_refused():
    for X in ([1, 2], np.ones((2, 2, 2)), np.ones((0, 3)), pd.DataFrame({})):
        with pytest.raises(ValueError, match="X must be a table of at least one record"):
            dataset_entropy(X)
    with pytest.raises(ValueError, match="X must be finite or NaN where columns are cut"):
        feature_balance([[1.0], [inf]], features=0)
    with pytest.raises(TypeError, match=r"cannot be compared \(unhashable type: 'list'"):
        dataset_entropy(np.array([[[1], 2], [[3], 4]], dtype=object)[:, :1].reshape(2, 1))


# entropy


@pytest.mark.parametrize("X", CONTAINERS)
def test_entropy_by_hand(X):
    expected = [log2(5), oracles.entropy_in_bits("abbbc"), oracles.entropy_in_bits("abbcb")]
    np.testing.assert_allclose(dataset_entropy(X, per_feature=True), expected)
    assert dataset_entropy(X) == pytest.approx(np.mean(expected))
    # 1, 2, 4 and 9 and missing; texts are not cut; missing, 1, 1, 4, 1
    expected = [oracles.entropy_in_bits("aabca"), *expected[1:]]
    np.testing.assert_allclose(dataset_entropy(X, n_bins=2, per_feature=True), expected)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(
        st.lists(st.sampled_from([0, 0, 0, 1, 2, -3, nan]), min_size=3, max_size=3),
        min_size=1,
        max_size=30,
    ),
    st.sampled_from([None, 2, 5]),
)
def test_entropy_is_slow_count_in_all_containers(rows, bins):
    X = np.array(rows, dtype=float)
    if bins is None:
        named = [["missing" if v != v else v for v in column] for column in X.T]
        expected = [oracles.entropy_in_bits(column) for column in named]
    else:
        expected = []
        for column in X.T:
            known = column[~np.isnan(column)]
            counts = [np.isnan(column).sum()]
            if len(known):
                counts = [*np.histogram(known, bins=bins)[0], *counts]
            cells = [i for i, count in enumerate(counts) for _ in range(count)]
            expected.append(oracles.entropy_in_bits(cells))
    for table in (X, X.astype(np.float32), pd.DataFrame(X), pl.DataFrame(X), sparse.csr_array(X)):
        found = dataset_entropy(table, n_bins=bins, per_feature=True)
        np.testing.assert_allclose(found, expected, atol=1e-12)


def test_entropy_is_bounded():
    rng = np.random.RandomState(0)
    X = np.column_stack([rng.normal(size=1024), rng.randint(8, size=1024), np.ones(1024)])
    continuous, dice, constant = dataset_entropy(X, per_feature=True)
    assert continuous == pytest.approx(10)  # log2 of the number of records
    assert 2.98 < dice <= 3
    assert constant == 0
    assert (dataset_entropy(X, n_bins=16, per_feature=True) <= 4).all()
    uniform = np.arange(1000)[:, None] / 999
    assert dataset_entropy(uniform, n_bins=10) == pytest.approx(log2(10))


def test_entropy_of_adult_is_that_of_its_counts():
    found = dataset_entropy(FRAME, per_feature=True)
    for column, bits in zip(FRAME, found, strict=True):
        shares = FRAME[column].value_counts(normalize=True, dropna=False)
        shares = shares[shares > 0]
        assert bits == pytest.approx(-(shares * np.log2(shares)).sum())
    # the array holds codes of the same values
    np.testing.assert_allclose(dataset_entropy(ADULT.data, per_feature=True), found)


def test_bins_are_refused():
    for bins in (1, 2.0, True):
        with pytest.raises(ValueError, match=rf"'n_bins' .*\[2, inf\) or None. Got {bins} "):
            dataset_entropy([[1], [2]], n_bins=bins)


# codes


def test_codes_tell_values_apart():
    codes = value_codes(TABLE)
    assert codes.shape == (5, 3)
    for column, values in zip(codes.T, zip(*TABLE, strict=True), strict=True):
        groups = {str(value): code for value, code in zip(values, column, strict=True)}
        assert len(groups) == len(set(column.tolist())) == column.max() + 1
    assert value_codes(TABLE, n_bins=2)[:, 0].tolist() == [0, 0, 1, 2, 0]


def test_times_are_numbers_with_a_zone_or_without():
    times = pd.Series(pd.to_datetime(["2020-01-01", None, "2020-01-02", "2020-12-31"]))
    frame = pd.DataFrame({"naive": times, "zone": times.dt.tz_localize("Asia/Tokyo")})
    assert value_codes(frame, n_bins=2).tolist() == [[0, 0], [2, 2], [0, 0], [1, 1]]
    assert feature_balance(frame, features="zone", value="low") == 0.5


@pytest.mark.parametrize("bins", [None, 3])
def test_codes_of_a_sparse_matrix_are_sparse(bins):
    dense = np.array([[0, 5.0, 1.0], [0, 0, 2.0], [-1.0, 0, 3.0], [0, nan, 0.5]])
    dense[0, 0] = 0
    codes = value_codes(sparse.csr_matrix(dense), bins)
    assert sparse.issparse(codes)
    assert (codes.toarray()[:, :2][dense[:, :2] == 0] == 0).all()
    for found, column in zip(codes.toarray().T, value_codes(dense, bins).T, strict=True):
        pairs = set(zip(found.tolist(), column.tolist(), strict=True))
        assert len(pairs) == len(set(column.tolist())) == len(set(found.tolist()))


def test_callers_matrix_stays_as_it_is():
    matrix = sparse.csc_matrix((np.array([1.0, 2.0, 3.0]), [1, 1, 0], [0, 2, 3]), shape=(2, 2))
    before = matrix.data.copy()
    assert dataset_entropy(matrix) == 1  # 0 and 3, 3 and 0
    np.testing.assert_array_equal(matrix.data, before)


# informative features


def test_informative_features_of_mixed_columns():
    rng = np.random.RandomState(0)
    y = np.arange(400) % 2
    X = pd.DataFrame(
        {
            "noise": rng.normal(size=400),
            "text": np.where(rng.random(400) < 0.9, np.where(y, "x", "z"), "m"),
            "number": rng.normal(size=400) + 2 * y,
            "city": pd.Categorical(rng.choice(list("abcdef"), 400)),
        }
    )
    X.loc[::7, "number"] = nan
    assert most_informative_features(X, y, 2, random_state=0).tolist() == [1, 2]
    polars = pl.DataFrame({name: X[name].tolist() for name in X})
    assert most_informative_features(polars, y, 2, random_state=0).tolist() == [1, 2]
    only_holes = pd.DataFrame(
        {"a": rng.normal(size=400), "b": np.where(y, nan, rng.normal(size=400))}
    )
    assert most_informative_features(only_holes, y, 1, random_state=0).tolist() == [1]


def test_informative_features_refuse():
    with pytest.raises(ValueError, match=r"'n_features' .* Got 0 "):
        most_informative_features([[1], [2]], [0, 1], 0)
