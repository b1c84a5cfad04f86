"""Fingerprints: equal content is found again, other content is not."""

import datetime
import decimal
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from scipy import sparse

from skmia._records import (
    KnownRecords,
    duplicated_within,
    duplicates_across,
    fingerprint,
    float_precision,
    is_in,
)
from skmia.datasets import load_adult

SPARSE = [
    sparse.csr_array,
    sparse.csc_array,
    sparse.coo_array,
    sparse.csr_matrix,
    sparse.csc_matrix,
    sparse.coo_matrix,
]
SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.1, np.nan, np.inf, -np.inf, 5e-324, 2.0**53]
FLOATS = st.one_of(st.sampled_from(SPECIAL), st.floats())
TABLES = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, max_side=6), elements=FLOATS
)
INTEGERS = hnp.arrays(
    np.int64,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=6),
    elements=st.integers(-(2**63), 2**63 - 1),
)


def column(values, dtype=object):
    array = np.empty((len(values), 1), dtype=dtype)
    array[:, 0] = values
    return array


def assert_same(X, X_other):
    assert_array_equal(fingerprint(X), fingerprint(X_other))


def assert_differ(X, X_other):
    assert not np.any(fingerprint(X) == fingerprint(X_other))


# Containers


@settings(deadline=None, max_examples=30)
@given(X=TABLES)
def test_float_containers_agree(X):
    expected = fingerprint(X)
    others = [np.asfortranarray(X), X.astype(object), pd.DataFrame(X), pl.DataFrame(X)]
    others += [X.tolist(), pd.DataFrame(X).astype("Float64"), np.repeat(X, 2, axis=1)[:, ::2]]
    others += [container(X) for container in SPARSE]
    for other in others:
        assert_array_equal(fingerprint(other), expected)


@settings(deadline=None, max_examples=30)
@given(X=INTEGERS)
def test_integer_containers_agree(X):
    expected = fingerprint(X)
    others = [X.astype(object), pd.DataFrame(X), pl.DataFrame(X), pd.DataFrame(X).astype("Int64")]
    for other in [*others, X.tolist(), sparse.csr_array(X), sparse.csc_array(X)]:
        assert_array_equal(fingerprint(other), expected)


@settings(deadline=None, max_examples=30)
@given(X=hnp.arrays(np.int8, (4, 3)))
def test_number_types_agree(X):
    expected = fingerprint(X)
    for dtype in ("i2", "i4", "i8", "f2", "f4", "f8", ">i4", ">f8", np.longdouble, object):
        assert_array_equal(fingerprint(X.astype(dtype)), expected)
    assert_same(X > 0, (X > 0).astype(np.float32))
    assert_same(np.abs(X.astype(int)), np.abs(X.astype(int)).astype(np.uint64))


@settings(deadline=None, max_examples=30)
@given(
    texts=st.lists(
        st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]))), min_size=1
    )
)
@example(texts=["\x00", "a\x00"])
def test_text_containers_agree(texts):
    expected = fingerprint(column(texts))
    frame, polars_frame = (
        pd.DataFrame({"a": texts}),
        pl.DataFrame({"a": texts}, schema={"a": pl.String}),
    )
    for other in [texts, frame, frame.astype(object), frame.astype("category"), polars_frame]:
        assert_array_equal(fingerprint(other), expected)
    assert_array_equal(
        fingerprint(polars_frame.with_columns(pl.col("a").cast(pl.Categorical))), expected
    )


def test_fixed_width_text_and_string_dtype_agree_with_objects():
    texts = ["low", "", "größer"]
    assert_same(np.array(texts), column(texts))
    assert_same(np.array(texts, dtype=np.dtypes.StringDType()), column(texts))
    assert_same(pd.DataFrame({"a": pd.array(texts, dtype="string")}), column(texts))
    enum = pl.DataFrame({"a": texts}, schema={"a": pl.Enum(texts[::-1])})
    assert_same(enum, column(texts))
    assert_differ(column(texts), column([text.encode() for text in texts]))


def test_categories_are_compared_by_content_not_by_code():
    first = pd.DataFrame({"a": pd.Categorical(["x", "y", None], categories=["x", "y"])})
    second = pd.DataFrame({"a": pd.Categorical(["x", "y", None], categories=["z", "y", "x"])})
    assert_same(first, second)
    assert_same(pd.DataFrame({"a": pd.Categorical([3, 1, None])}), column([3, 1, np.nan], float))


def test_mixed_frame_agrees_in_all_containers():
    data = {
        "number": [1, 2, 3],
        "share": [0.1, None, -0.0],
        "text": ["a", None, "b"],
        "flag": [True, False, True],
        "day": [datetime.datetime(2024, 2, 29), None, datetime.datetime(1901, 1, 1, 12)],
    }
    frame, polars_frame = pd.DataFrame(data), pl.DataFrame(data)
    rows = [list(row) for row in zip(*data.values(), strict=True)]
    for other in [polars_frame, frame.to_numpy(dtype=object), frame.convert_dtypes(), rows]:
        assert_same(frame, other)
    assert_same(frame, frame.set_axis(list("vwxyz"), axis=1))
    assert_same(frame, frame.set_axis(["same"] * 5, axis=1))
    assert_same(frame, frame.set_axis([5, 6, 7]))


def test_series_and_texts_are_one_column():
    texts = ["one", "two", "three"]
    for other in [pd.Series(texts), pl.Series(texts), np.array(texts), pd.Series(texts).to_frame()]:
        assert_same(texts, other)


def test_list_of_mixed_rows_keeps_numbers():
    assert_same([[1, "a"], [2.5, "b"]], pd.DataFrame({"n": [1, 2.5], "t": ["a", "b"]}))
    assert_differ([["1", "a"]], [[1, "a"]])


def test_images_are_rows_of_pixels():
    X = np.arange(24.0).reshape(2, 3, 4)
    assert_same(X, X.reshape(2, 12))


def test_polars_arrays_and_structs_are_several_columns():
    X = np.array([[1, 2], [3, 4]])
    assert_same(pl.DataFrame({"a": pl.Series(X.tolist(), dtype=pl.Array(pl.Int64, 2))}), X)
    assert_same(pl.Series([{"a": 1, "b": 2}, {"a": 3, "b": 4}]), X)


def test_input_is_not_changed():
    X = np.array([[-0.0, np.nan], [1.0, 2.0]])
    copy = X.copy()
    fingerprint(X)
    assert X.tobytes() == copy.tobytes()


# Sparse


def test_sparse_explicit_zeros_unsorted_indices_and_duplicate_entries():
    data, indices = np.array([5.0, 0.0, 1.0, 2.0, 3.0]), np.array([2, 0, 0, 1, 1])
    X = sparse.csr_array((data, indices, [0, 2, 2, 5]), shape=(3, 4))
    before = X.data.copy(), X.indices.copy()
    dense = np.array([[0, 0, 5, 0], [0, 0, 0, 0], [1, 5, 0, 0]])
    assert_same(X, dense)
    assert_array_equal(X.data, before[0])
    assert_array_equal(X.indices, before[1])
    coo = sparse.coo_array((data, (indices, [0, 1, 2, 2, 2])), shape=(4, 3))
    assert_same(coo, coo.toarray())
    assert_same(coo.tocsr(), coo.toarray())


@pytest.mark.parametrize("container", SPARSE)
def test_sparse_of_several_blocks(container):
    X = sparse.random_array((5_000, 37), density=0.2, rng=0).toarray()
    X[100:2_000] = 0
    X[2_500, :] = -1
    assert_same(container(X), X)
    assert_same(container(X != 0), (X != 0).astype(int))


def test_sparse_at_the_precision_of_each_column():
    X = np.array([[0.1, 0.0, 0.3], [0.0, 0.2, 0.7]])
    pool = pd.DataFrame(X).astype({0: "float32", 2: "float16"})
    assert is_in(sparse.csr_array(X), None, pool, None).all()
    assert not is_in(X + 1e-9, None, pool, None).any()


def test_sparse_columns_of_pandas():
    X = np.array([[0.0, 1.5], [2.0, 0.0]])
    assert_same(pd.DataFrame.sparse.from_spmatrix(sparse.csc_array(X)), X)


# Values


def test_negative_zero_and_nan_payloads():
    assert_same(np.array([[0.0, 1.0]]), np.array([[-0.0, 1.0]]))
    payloads = [0x7FF8000000000000, 0x7FF8000000000123, 0xFFF8000000000000, 0x7FF0000000000001]
    bits = np.array(payloads, dtype=np.uint64)
    assert len(np.unique(fingerprint(bits.view(np.float64)[:, None]))) == 1


def test_all_missing_values_are_equal():
    missing = [None, np.nan, float("nan"), np.float32("nan"), pd.NA, pd.NaT]
    missing += [np.datetime64("NaT"), np.timedelta64("NaT", "s"), decimal.Decimal("nan")]
    expected = fingerprint([[np.nan]])
    assert_array_equal(fingerprint(column(missing)), np.repeat(expected, len(missing)))
    for other in [pd.Series([pd.NaT]), pl.Series([None], dtype=pl.Int64), pl.Series([None])]:
        assert_array_equal(fingerprint(other), expected)
    assert_differ([[np.nan]], [[0.0]])
    assert_differ(column([None]), column(["nan"]))


def test_big_integers_are_exact_among_integers():
    big = [3, 2**53, 2**53 + 1, -(2**53) - 1, 2**62 + 1, 2**63 - 1, -(2**63) + 1]
    pool = column([2**53], np.int64)
    assert is_in(column(big, np.int64), None, pool, None).tolist() == [False, True] + 5 * [False]
    assert len(np.unique(fingerprint(column(big, np.int64)))) == len(big)
    assert_same(column(big, np.int64), column(big))
    unsigned = [2**64 - 1, 2**63 + 1, 2**63, 2**64 - 2**53 - 1]
    assert_same(column(unsigned, np.uint64), column(unsigned))
    assert_differ(column([2**64 - 2**53 - 1], np.uint64), column([-(2**53) - 1], np.int64))
    assert_same(column([2**60]), column([2.0**60], float))


def test_big_integers_equal_the_float_they_round_to():
    assert is_in(column([2**53 + 1], np.int64), None, column([2.0**53], float), None).all()
    assert is_in(column([2.0**53], float), None, column([2**53 + 1]), None).all()
    assert is_in(column([2**24 + 1], np.int64), None, column([2**24], np.float32), None).all()
    number = 2**60 + 2**36 + 1  # rounding by way of float64 would go the other way
    pool = column([number], np.int64).astype(np.float32)
    assert is_in(column([number], np.int64), None, pool, None).all()


def test_integers_beyond_64_bits():
    huge = [2**64, 2**64 + 1, 2**70 + 1, 10**400, -(10**400)]
    assert len(np.unique(fingerprint(column(huge)))) == len(huge)
    assert_same(column([2**64]), column([2.0**64], float))
    assert is_in(column([10**400, 2**70 + 1]), None, column([np.inf, 2.0**70]), None).all()


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (pd.DataFrame({"a": pd.array([2**53 + 1, None, 3], dtype="Int64")}), True),
        (pl.DataFrame({"a": [2**53 + 1, None, 3]}), True),
        (pl.DataFrame({"a": [2**53, None, 3]}), False),
    ],
)
def test_integers_with_holes_stay_exact(frame, expected):
    found = is_in(frame, None, column([2**53 + 1, None, 3]), None)
    assert found.tolist() == [expected, True, True]


def test_booleans_with_holes():
    flags = [True, None, False]
    expected = column([1.0, np.nan, 0.0], float)
    assert_same(pd.DataFrame({"a": pd.array(flags, dtype="boolean")}), expected)
    assert_same(pl.DataFrame({"a": flags}), expected)
    assert_same(column(flags), expected)


def test_other_numbers_and_objects():
    values = [decimal.Decimal("0.5"), np.float32(3), np.int8(-2), np.True_, 2**70]
    assert_same(column(values), column([0.5, 3.0, -2.0, 1.0, 2.0**70], float))
    periods = [pd.Period("2024-01", "M"), datetime.time(12, 30), ("a", 1)]
    assert len(np.unique(fingerprint(column(periods)))) == 3


# Dates


def test_dates_of_all_units_and_containers():
    days = ["1600-02-29", "1969-12-31", "2024-02-29"]
    expected = fingerprint(np.array(days, dtype="M8[D]"))
    dates = [datetime.date.fromisoformat(day) for day in days]
    others = [np.array(days, dtype=f"M8[{unit}]") for unit in ("h", "m", "s", "ms", "us", "2h")]
    others += [column(dates), pl.Series(dates), pd.Series(np.array(days, dtype="M8[s]"))]
    others += [column([datetime.datetime.fromisoformat(day) for day in days])]
    for other in others:
        assert_array_equal(fingerprint(other), expected)
    recent = np.array(days[1:], dtype="M8[ns]")
    assert_array_equal(fingerprint(recent), expected[1:])
    assert_array_equal(fingerprint(column(list(pd.Series(recent)))), expected[1:])
    assert_same(np.array(["2024"], dtype="M8[Y]"), np.array(["2024-01-01"], dtype="M8[ns]"))
    assert_differ(np.array(["1970-01-01"], dtype="M8[D]"), np.array([0]))


def test_aware_dates_are_compared_in_utc():
    naive = pd.Series(pd.to_datetime(["2024-07-01 10:00", None]))
    aware = naive.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    assert_same(naive, aware)
    assert_same(naive, aware.astype(object))
    moments = pl.Series([datetime.datetime(2024, 7, 1, 10), None])
    assert_same(naive, moments.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Tokyo"))
    python = datetime.datetime(
        2024, 7, 1, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2))
    )
    assert_array_equal(fingerprint(column([python])), fingerprint(naive)[:1])


def test_durations():
    durations = [datetime.timedelta(days=1), datetime.timedelta(microseconds=-3), None]
    for other in [pd.Series(durations), pl.Series(durations), pd.Series(durations).astype(object)]:
        assert_same(column(durations), other)


# Sensitivity


@settings(deadline=None, max_examples=30)
@given(X=TABLES, seed=st.integers(0, 2**32 - 1))
def test_fingerprints_do_not_depend_on_the_other_records(X, seed):
    order = np.random.default_rng(seed).permutation(len(X))
    assert_array_equal(fingerprint(X[order]), fingerprint(X)[order])
    assert_array_equal(fingerprint(X[:1]), fingerprint(X)[:1])


@settings(deadline=None, max_examples=50)
@given(row=st.lists(st.integers(-3, 3), min_size=2, max_size=6), data=st.data())
def test_swapped_columns_are_another_record(row, data):
    i, j = data.draw(st.permutations(range(len(row))))[:2]
    swapped = list(row)
    swapped[i], swapped[j] = row[j], row[i]
    equal = fingerprint([row]) == fingerprint([swapped])
    assert equal[0] == (row == swapped)


@settings(deadline=None, max_examples=30)
@given(X=hnp.arrays(np.int64, (6, 2), elements=st.integers(-2, 2)))
def test_duplicated_within_is_that_of_pandas(X):
    assert_array_equal(duplicated_within(X), pd.DataFrame(X).duplicated())


def test_labels_belong_to_the_content():
    X = np.arange(6.0).reshape(3, 2)
    labels = fingerprint(X, [0, 1, 2])
    assert not np.any(labels == fingerprint(X))
    assert not np.any(labels == fingerprint(X, [1, 2, 0]))
    assert_array_equal(labels, fingerprint(X, np.array([0.0, 1.0, 2.0])))
    assert_array_equal(fingerprint(X, ["a", "b", "b"]), fingerprint(X, pl.Series(["a", "b", "b"])))
    assert_array_equal(
        fingerprint(X, ["a", "b", "b"]), fingerprint(X, pd.Series(list("abb"), dtype="category"))
    )
    assert_array_equal(fingerprint(X, [True, False, True]), fingerprint(X, [1, 0, 1]))
    assert fingerprint(X[:1], [1])[0] != fingerprint(np.c_[X, [1, 1, 1]][:1])[0]


def test_float_labels_at_the_coarser_precision():
    y = np.array([0.1, 0.7])
    assert is_in([[1], [2]], y, [[1], [2]], y.astype(np.float32)).all()


up_to_a_million = pytest.mark.parametrize(
    "n", [100_000, pytest.param(1_000_000, marks=pytest.mark.slow)]
)


@up_to_a_million
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_no_collision_among_whole_numbers(dtype, n):
    number = np.arange(n)
    X = np.column_stack([number // 10_000, number // 100 % 100, number % 100]).astype(dtype)
    assert len(np.unique(fingerprint(X))) == n
    assert len(np.unique(fingerprint(number[:, None].astype(dtype)))) == n


@up_to_a_million
def test_no_collision_among_one_hot_rows(n):
    number = np.arange(n)
    columns = np.column_stack([100 * j + number // 100**j % 100 for j in range(3)])
    indptr = np.arange(0, 3 * n + 1, 3)
    X = sparse.csr_array((np.ones(3 * n, bool), columns.ravel(), indptr), shape=(n, 300))
    assert len(np.unique(fingerprint(X))) == n
    single = sparse.dia_array((np.ones((1, n)), [0]), shape=(n, n)).tocsr()
    assert len(np.unique(fingerprint(single))) == n


def test_no_collision_among_binary_rows():
    X = (np.arange(2**17)[:, None] >> np.arange(17)) & 1
    assert len(np.unique(fingerprint(X.astype(np.float64)))) == 2**17


def test_wide_and_long_tables_of_several_blocks():
    rng = np.random.default_rng(0)
    for shape in [(300, 1_000), (40_000, 3), (17_000, 1), (3, 65)]:
        X = rng.integers(0, 3, shape).astype(float)
        expected = np.concatenate([fingerprint(X[i : i + 1]) for i in (0, shape[0] - 1)])
        assert_array_equal(fingerprint(X)[[0, -1]], expected)
        assert_same(X, sparse.csr_array(X))


# Precision


def test_float_precision_of_containers():
    assert float_precision(np.zeros((2, 2), np.float16)).tolist() == [2, 2]
    assert float_precision(np.zeros((2, 2), np.longdouble)).tolist() == [8, 8]
    assert float_precision(sparse.csr_array((2, 3), dtype=np.float32)).tolist() == [4, 4, 4]
    frame = pd.DataFrame({"i": [1], "f": [0.5], "t": ["a"], "s": np.float32([1])})
    assert float_precision(frame).tolist() == [16, 8, 16, 4]
    assert float_precision(pl.DataFrame(frame.to_dict("list"))).tolist() == [16, 8, 16, 8]
    assert float_precision(frame.to_numpy(dtype=object)).tolist()[:3] == [16, 8, 16]
    assert float_precision(pd.DataFrame({"a": pd.array([1, None], dtype="Float32")})).tolist() == [
        4
    ]


@settings(deadline=None, max_examples=30)
@given(X=TABLES)
def test_float32_copy_is_the_same_record(X):
    with np.errstate(over="ignore"):
        copy = X.astype(np.float32)
    y = np.arange(len(X))
    assert is_in(X, y, copy, y).all()
    assert is_in(copy, y, X, y).all()
    assert is_in(pd.DataFrame(copy), y, X.astype(object), y).all()


def test_copies_are_compared_coarsely_only_where_one_side_is_coarse():
    X = np.random.default_rng(0).random((100, 2))
    near = X * (1 + 1e-12)
    assert not is_in(X, None, near, None).any()
    assert is_in(X, None, near.astype(np.float32), None).all()
    half_coarse = pd.DataFrame(near).astype({0: "float32"})
    assert not is_in(X, None, half_coarse, None).any()
    half_coarse[1] = X[:, 1]
    assert is_in(X, None, half_coarse, None).all()
    assert is_in(pl.DataFrame(X), None, pl.DataFrame(half_coarse), None).all()
    assert not np.any(fingerprint(X) == fingerprint(X.astype(np.float32)))
    assert_array_equal(fingerprint(X, precision=4), fingerprint(X.astype(np.float32), precision=4))


# Tables against each other


def test_is_in_and_duplicates_across_agree_with_sets():
    rng = np.random.default_rng(0)
    X, X_other = rng.integers(0, 4, (200, 3)), rng.integers(0, 4, (150, 3))
    y, y_other = rng.integers(0, 2, 200), rng.integers(0, 2, 150)
    records = [(*row, label) for row, label in zip(X.tolist(), y.tolist(), strict=True)]
    others = [(*row, label) for row, label in zip(X_other.tolist(), y_other.tolist(), strict=True)]
    found, found_other = duplicates_across(X, y, pl.DataFrame(X_other * 1.0), y_other)
    assert found.tolist() == [record in others for record in records]
    assert found_other.tolist() == [record in records for record in others]
    assert 0 < found.sum() < 200
    assert_array_equal(is_in(X, y, X_other, y_other), found)


def test_empty_tables():
    X = np.empty((0, 3))
    for empty in [X, sparse.csr_array(X), pd.DataFrame(X), pl.DataFrame(X), X.astype(object)]:
        assert fingerprint(empty).shape == (0,)
        assert fingerprint(empty, []).dtype == np.uint64
        assert is_in(np.ones((2, 3)), [0, 1], empty, []).tolist() == [False, False]
        assert is_in(empty, [], np.ones((2, 3)), [0, 1]).shape == (0,)
    assert duplicated_within([]).shape == (0,)
    assert fingerprint(np.empty((2, 0))).shape == (2,)
    assert fingerprint(pd.DataFrame(index=[0, 1])).shape == (2,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: fingerprint([[1], [2]], [1]),
            ValueError,
            "X has 2 records, but there are 1 labels",
        ),
        (
            lambda: is_in([[1]], [1], [[1], [2], [3]], [1]),
            ValueError,
            "X_pool has 3 records, but there are 1 labels. Pass one label per record",
        ),
        (
            lambda: duplicates_across([[1]], None, [[1, 2]], None),
            ValueError,
            "X_train has 1 columns and X_test has 2. Pass both with the same columns",
        ),
        (lambda: is_in([[1]], [1], [[1]], None), ValueError, "got labels for X only"),
        (lambda: is_in([[1]], None, [[1]], [1]), ValueError, "got labels for X_pool only"),
        (
            lambda: fingerprint([[1]], precision=[4, 4]),
            ValueError,
            "X has 1 columns. Pass one number",
        ),
        (lambda: fingerprint([[1j]]), TypeError, "complex128 cannot be compared"),
        (lambda: fingerprint(sparse.csr_array([[1j]])), TypeError, "complex128 cannot be compared"),
        (lambda: fingerprint(column([1j])), TypeError, "type complex cannot be compared"),
        (lambda: fingerprint(column([object()])), TypeError, "type object cannot be compared"),
        (lambda: fingerprint(column([{}])), TypeError, "unhashable.*Convert them to numbers"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Processes

SCRIPT = """
import sys
sys.modules |= {"pandas": None, "polars": None}  # importing either would fail
from skmia._records import KnownRecords, fingerprint
rows = [[1, "a", None, 0.5, 2**70, b"b"], [2, "b", float("nan"), -0.0, 3, b""]]
print(fingerprint(rows, ["yes", "no"]).tolist())
print(KnownRecords(rows, ["yes", "no"]).digest())
print(hash("text"))
"""


@pytest.mark.slow
def test_every_process_gives_the_same_numbers():
    """Another process that hashes text in another way gives the numbers of this one."""
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    rows = [[1, "a", None, 0.5, 2**70, b"b"], [2, "b", float("nan"), -0.0, 3, b""]]
    numbers, digest, other_hash = answer.splitlines()
    assert numbers == f"{fingerprint(rows, ['yes', 'no']).tolist()}"
    assert digest == KnownRecords(rows, ["yes", "no"]).digest()
    assert os.environ.get("PYTHONHASHSEED") == "0" or other_hash != f"{hash('text')}"


def test_numbers_of_this_version():
    """Fingerprints may be stored beside shadow models: a change must be seen."""
    X = [[0.0, 1.0], [2.0, -3.5]]
    assert [hex(number) for number in fingerprint(X, ["a", "b"])] == [
        "0xf38e3741972458e3",
        "0x1af480d67e5598d6",
    ]
    rows = [[1, "a", None, 0.5, 2**70, b"b"], [2, "b", float("nan"), -0.0, 3, b""]]
    assert [hex(number) for number in fingerprint(rows, ["yes", "no"])] == [
        "0xd3431a374ae1083c",
        "0x15c7e7573abab57e",
    ]
    assert KnownRecords(rows, ["yes", "no"]).digest() == (
        "aa857c61a1953b30089ec9f3a0a42d070ed9726bd4c98b5ae7c52d0860dac16b"
    )


# Real data


def test_adult_duplicates():
    frame = load_adult(as_frame=True).frame
    expected = frame.duplicated().to_numpy()
    assert expected.sum() == 52
    assert_array_equal(duplicated_within(frame), expected)
    texts = {name: values.astype(object).tolist() for name, values in frame.items()}
    assert_array_equal(duplicated_within(pl.DataFrame(texts, strict=False)), expected)
    data, target = load_adult(return_X_y=True)
    assert_array_equal(duplicated_within(data, target), expected)
    assert_array_equal(duplicated_within(data.astype(np.float32), target), expected)
    assert is_in(data.astype(np.float32), target, data, target).all()


def test_adult_twins_across_the_official_split():
    train, test = load_adult(split="train", as_frame=True), load_adult(split="test", as_frame=True)
    in_train, in_test = duplicates_across(train.data, train.target, test.data, test.target)
    frames = pd.concat([train.frame, test.frame], ignore_index=True)
    side = np.arange(len(frames)) < len(train.frame)
    groups = frames.assign(train=side, test=~side).groupby(
        list(frames), observed=True, dropna=False
    )
    twin = groups["train"].transform("any") & groups["test"].transform("any")
    assert_array_equal(np.concatenate([in_train, in_test]), twin)
    assert in_test.sum() > 0
