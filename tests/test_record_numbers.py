"""Numbers for records, whatever their container."""

import numpy as np
import pytest
from scipy import sparse

from skmia._records import RecordNumbers

NAN = np.nan
TABLE = {
    "size": [1.5, NAN, 3.0, -1.0],
    "color": ["red", None, "blue", "red"],
    "count": [3, 1, 2, 2],
    "flag": [True, False, True, True],
}
EXPECTED = [[1.5, 1, 3, 1], [NAN, -2, 1, 0], [3, 0, 2, 1], [-1, 1, 2, 1]]


def numbers_of(X):
    return RecordNumbers().fit(X).transform(X)


def test_containers_with_categories():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    frame = pd.DataFrame(TABLE)
    nullable = frame.astype({"size": "Float64", "count": "Int64", "flag": "boolean"})
    polars = pl.DataFrame(TABLE)
    for X in (
        frame,
        frame.astype({"color": "category"}),
        nullable.astype({"color": "string"}),
        frame.set_axis(["a", "a", "b", "b"], axis=1),
        polars,
        polars.with_columns(pl.col("color").cast(pl.Categorical)),
        frame.to_numpy(dtype=object),
        frame.to_numpy(dtype=object).tolist(),
    ):
        numbers = numbers_of(X)
        np.testing.assert_array_equal(numbers, np.array(EXPECTED, dtype=np.float32))
        assert numbers.dtype == np.float32


def test_missing_integers():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    for X in (
        pd.DataFrame({"a": pd.array([1, None], dtype="Int64")}),
        pl.DataFrame({"a": [1, None]}),
        np.array([[1], [None]], dtype=object),
    ):
        np.testing.assert_array_equal(numbers_of(X), [[1], [NAN]])


def test_new_and_missing_categories():
    known = RecordNumbers().fit(np.array([["b"], ["a"], ["d"]], dtype=object))
    asked = np.array([["a"], ["b"], ["c"], ["d"], ["z"], [None], [NAN], ["nan"]], dtype=object)
    np.testing.assert_array_equal(known.transform(asked).ravel(), [0, 1, -1, 2, -1, -2, -2, -1])


def test_numeric_arrays_and_sparse_records():
    X = np.array([[0.0, 1.0], [2.0, 0.0]])
    for form in (X, X.astype(np.float32), X.astype(int), sparse.csr_array(X), sparse.csc_matrix(X)):
        np.testing.assert_array_equal(numbers_of(form), X)
    assert numbers_of(np.zeros((3, 2, 2))).shape == (3, 4)


def test_float32_and_float64_are_the_same_and_finite():
    X = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_array_equal(numbers_of(X), numbers_of(X.astype(np.float32)))
    assert np.isfinite(numbers_of(np.array([[1e300, -np.inf]]))).all()


def test_dates_are_numbers():
    dates = np.array([["2020-01-01"], ["NaT"], ["2020-01-03"]], dtype="M8[D]")
    numbers = numbers_of(dates).ravel()
    assert numbers[2] - numbers[0] == 2
    assert np.isnan(numbers[1])


def test_refuses_what_is_no_table_and_numbers_that_became_texts():
    with pytest.raises(ValueError, match=r"Records of shape \(2,\) are no table"):
        RecordNumbers().fit(np.array(["a text", "another"]))
    known = RecordNumbers().fit(np.array([[1], [2]], dtype=object))
    with pytest.raises(ValueError, match="held only numbers in fit now holds other values"):
        known.transform(np.array([["x"]], dtype=object))
