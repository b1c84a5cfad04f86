"""Records known by their fingerprints: found again in every container, and never kept."""

import os
import pickle
import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_array_equal
from scipy import sparse

from skmia._records import KnownRecords, is_in

RNG = np.random.RandomState(0)
X = RNG.normal(size=(40, 3))
Y = RNG.randint(2, size=40)
MARKER = 1234567.890625
# values that float32 or float16 tell apart, and some that they do not
VALUES = [0.0, -0.0, 1.0, 2.0, 0.1, 0.1 + 1e-10, 1 / 3, 1 / 3 + 1e-5, np.nan, np.inf, 70_000.0]
TABLES = hnp.arrays(np.float64, (5, 2), elements=st.sampled_from(VALUES))
LABELS = hnp.arrays(np.int64, 5, elements=st.integers(0, 1))
DTYPES = st.sampled_from(["f8", "f4", "f2"])


def equal(one, other):
    """Compare two numbers at the coarser of their types."""
    kind = min(one.dtype, other.dtype, key=lambda dtype: dtype.itemsize)
    with np.errstate(over="ignore"):
        one, other = one.astype(kind), other.astype(kind)
    return one == other or (np.isnan(one) and np.isnan(other))


def twins(row, label, rows, labels):
    """Return the numbers of all known records of this content, by a slow loop."""
    return {
        i
        for i in range(len(rows))
        if labels[i] == label and all(equal(*pair) for pair in zip(row, rows[i], strict=True))
    }


def assert_found(found, X_query, y_query, X_known, y_known):
    for number, row, label in zip(found, X_query, y_query, strict=True):
        expected = twins(row, label, X_known, y_known)
        assert number in expected if expected else number == -1


def as_type(table, dtype):
    with np.errstate(over="ignore"):
        return table.astype(dtype)


# Finding


@settings(deadline=None, max_examples=75, derandomize=True)
@given(known=TABLES, y=LABELS, queries=TABLES, y_queries=LABELS, types=st.tuples(DTYPES, DTYPES))
def test_find_agrees_with_a_slow_loop(known, y, queries, y_queries, types):
    known, queries = as_type(known, types[0]), as_type(queries, types[1])
    found = KnownRecords(known, y).find(queries, y_queries)
    assert_found(found, queries, y_queries, known, y)
    assert_array_equal(found >= 0, is_in(queries, y_queries, known, y))


def test_unknown_records_and_other_labels_are_not_found():
    known = KnownRecords(X, Y)
    assert_array_equal(known.find(X, Y), np.arange(40))
    assert_array_equal(known.find(X[::-1], Y[::-1]), np.arange(40)[::-1])
    assert_array_equal(known.find(X, 1 - Y), np.full(40, -1))
    assert_array_equal(known.find(X + 1, Y), np.full(40, -1))
    assert_array_equal(known.find(X[:, ::-1], Y), np.full(40, -1))
    assert_array_equal(known.find(X[7:8], Y[7:8]), [7])
    assert known.find(X[:0], Y[:0]).shape == (0,)


@pytest.mark.parametrize("dtype", ["f4", "f2"])
def test_coarser_queries_of_finer_records_and_the_other_way_round(dtype):
    coarse = X.astype(dtype)
    assert_array_equal(KnownRecords(X, Y).find(coarse, Y), np.arange(40))
    assert_array_equal(KnownRecords(coarse, Y).find(X, Y), np.arange(40))
    assert_array_equal(KnownRecords(coarse, Y).find(coarse.astype("f8"), Y), np.arange(40))
    assert_array_equal(KnownRecords(X, Y).find(coarse.astype("f8"), Y), np.full(40, -1))


def test_integers_and_floats_are_equal_numbers():
    numbers = RNG.randint(-3, 100, size=(40, 3))
    numbers[:, 0] = np.arange(40)
    for dtype in ("i8", "i2", "f8", "f4", "f2", object):
        for other in ("i8", "f8", "f4", "f2", object):
            found = KnownRecords(numbers.astype(dtype), Y).find(numbers.astype(other), Y)
            assert_array_equal(found, np.arange(40))


def test_integers_that_no_float_holds():
    large = 2**53 + np.arange(4)[:, None]
    assert_array_equal(KnownRecords(large, [0] * 4).find(large, [0] * 4), np.arange(4))
    assert_array_equal(KnownRecords(large, [0] * 4).find(large + 4, [0] * 4), [-1] * 4)


def close_frame():
    """Columns of three types, whose records differ in digits that float32 does not hold."""
    return pd.DataFrame(
        {
            "double": 0.1 + np.arange(4) % 2 * 1e-12,
            "single": np.full(4, 0.1, dtype=np.float32),
            "whole": 2**24 + np.arange(4) // 2,
        }
    )


def test_frames_of_several_precisions_are_compared_column_by_column():
    frame, y = close_frame(), np.zeros(4, dtype=int)
    other = frame.assign(double=frame["double"] + 1e-11)
    known = KnownRecords(frame, y)
    assert_array_equal(is_in(other, y, frame, y), np.zeros(4, dtype=bool))
    assert_array_equal(known.find(frame, y), np.arange(4))
    assert_array_equal(known.find(other, y), np.full(4, -1))


def test_frames_of_several_precisions_in_coarser_copies():
    frame = pd.DataFrame(
        {"double": X[:, 0], "single": X[:, 1].astype("f4"), "whole": np.arange(40)}
    )
    known = KnownRecords(frame, Y)
    for copy in (frame.astype("f4"), frame.astype("f2"), frame.astype({"double": "f4"})):
        assert_array_equal(known.find(copy, Y), np.arange(40))
        assert_array_equal(KnownRecords(copy, Y).find(frame, Y), np.arange(40))


@pytest.mark.parametrize(
    "container", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array, pd.DataFrame, pl.DataFrame]
)
def test_containers(container):
    zeros = np.where(np.abs(X) < 0.5, 0, X)
    zeros[:, 2] = np.arange(40)
    assert_array_equal(KnownRecords(zeros, Y).find(container(zeros), Y), np.arange(40))
    assert_array_equal(KnownRecords(container(zeros), Y).find(zeros, Y), np.arange(40))
    single = container(zeros.astype(np.float32))
    assert_array_equal(KnownRecords(container(zeros), Y).find(single, Y), np.arange(40))


def test_texts_and_categories():
    columns = {"city": [f"city {i}" for i in range(40)], "size": X[:, 0]}
    frame, y = pd.DataFrame(columns), np.array(["no", "yes"])[Y]
    known = KnownRecords(frame, y)
    for copy in (pl.DataFrame(columns), frame.astype({"city": "category", "size": "f4"})):
        assert_array_equal(known.find(copy, y), np.arange(40))
    moved = known.find(frame.assign(city="city 3"), y)
    assert_array_equal(moved, np.where(np.arange(40) == 3, 3, -1))
    assert_array_equal(known.find(frame, Y), np.full(40, -1))


def test_any_twin_may_be_found():
    doubled, labels = np.vstack([X, X[:10]]), np.append(Y, Y[:10])
    known = KnownRecords(doubled, labels)
    found = known.find(doubled, labels)
    assert_found(found, doubled, labels, doubled, labels)
    assert_array_equal(found[40:], found[:10])
    assert known.n_records == 50


@pytest.mark.parametrize("columns", [1, 2])
def test_other_columns_are_refused(columns):
    with pytest.raises(
        ValueError, match=rf"X has {columns} columns, but .* have 3\. Pass the same"
    ):
        KnownRecords(X, Y).find(X[:, :columns], Y)


def test_labels_of_another_length_are_refused():
    with pytest.raises(ValueError, match="X has 40 records, but there are 39 labels"):
        KnownRecords(X, Y[1:])
    with pytest.raises(ValueError, match="X has 40 records, but there are 39 labels"):
        KnownRecords(X, Y).find(X, Y[1:])


# Contents, digest, pickle


@settings(deadline=None, max_examples=30, derandomize=True)
@given(rows=hnp.arrays(np.int64, (8, 2), elements=st.integers(0, 2)))
def test_contents_are_equal_for_twins_only(rows):
    y = rows[:, 0] % 2
    contents = KnownRecords(rows, y).contents()
    for i in range(8):
        for j in range(8):
            assert (contents[i] == contents[j]) == (rows[i].tolist() == rows[j].tolist())
    assert sorted(set(contents.tolist())) == list(range(len(np.unique(rows, axis=0))))


def test_contents_depend_on_labels():
    contents = KnownRecords([[1], [1], [1]], ["a", "b", "a"]).contents()
    assert contents[0] == contents[2] != contents[1]


FRAME = {"text": list("abca"), "number": [0.1, np.nan, 2.0, 3.0], "whole": range(4)}
SCRIPT = """
import numpy as np, pandas as pd
from skmia._records import KnownRecords
frame = pd.DataFrame({"text": list("abca"), "number": [0.1, np.nan, 2.0, 3.0], "whole": range(4)})
print(KnownRecords(frame, ["yes", "no", "yes", "no"]).digest(), hash("text"))
"""


@pytest.mark.slow  # tests/test_records.py has a quick form
def test_digest_is_the_same_in_every_process():
    """Another process that hashes text in another way gives the digest of this one."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=True,
        text=True,
    )
    digest, other_hash = done.stdout.split()
    assert digest == KnownRecords(pd.DataFrame(FRAME), ["yes", "no", "yes", "no"]).digest()
    assert len(digest) == 64
    assert os.environ.get("PYTHONHASHSEED") == "0" or other_hash != f"{hash('text')}"


def test_digest_tells_order_values_and_labels_apart():
    changed = X.copy()
    changed[3, 1] = np.nextafter(changed[3, 1], 1)
    order = np.roll(np.arange(40), 1)
    digests = [
        KnownRecords(records, labels).digest()
        for records, labels in [
            (X, Y),
            (X[order], Y[order]),
            (changed, Y),
            (X, 1 - Y),
            (X[:39], Y[:39]),
            (X[:, ::-1], Y),
        ]
    ]
    assert len(set(digests)) == 6


def test_digest_does_not_depend_on_the_container():
    digest = KnownRecords(X, Y).digest()
    for copy in (X.copy(), X.tolist(), pd.DataFrame(X), pl.DataFrame(X), sparse.csc_array(X)):
        assert KnownRecords(copy, Y.tolist()).digest() == digest


def test_a_pickle_holds_no_rows():
    planted = X.copy()
    planted[5, 1] = MARKER
    assert struct.pack("<d", MARKER) in pickle.dumps(planted)
    known = KnownRecords(pd.DataFrame(planted).assign(text="nobody-may-see"), Y)
    pickled = pickle.dumps(known)
    for kind in ("<d", "<f"):
        assert struct.pack(kind, MARKER) not in pickled
    assert b"nobody-may-see" not in pickled
    again = pickle.loads(pickled)
    assert_array_equal(
        again.find(pd.DataFrame(planted).assign(text="nobody-may-see"), Y), range(40)
    )
    assert again.digest() == known.digest()
