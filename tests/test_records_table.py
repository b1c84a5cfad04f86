"""One reader and one writer of tables: kinds, values and what is missing, in every container."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy import sparse

from skmia._records import (
    RecordNumbers,
    check_table,
    column_of,
    fingerprint,
    joined,
    read_table,
    within_float32,
    write_table,
)
from skmia.attacks.direct._perturbation import Perturbation
from skmia.properties import dataset_report, feature_balance
from skmia.shadows._domain import find_domain

NAN = np.nan
BERLIN = dt.timezone(dt.timedelta(hours=2))
NOON = dt.datetime(2024, 7, 1, 12)
EVENING = dt.datetime(2024, 7, 1, 20, 30)

# what a column of each kind may hold, with holes
VALUES = {
    "number": [1.5, None, -2.0, 7.0],
    "whole number": [2**53 + 1, None, -3, 0],
    "boolean": [True, None, False, True],
    "category": ["1", None, "nan", ""],
    "date": [NOON, None, EVENING, NOON],
    "duration": [dt.timedelta(days=1), None, dt.timedelta(seconds=-3), dt.timedelta(0)],
}
KINDS = {"whole number": "number", "duration": "date"}


def objects(values):
    column = np.empty((len(values), 1), dtype=object)
    column[:, 0] = values
    return column


def frames(values, kind):
    """Return a column in every container that can say what it holds."""
    yield "list", [[value] for value in values]
    yield "objects", objects(values)
    yield "pandas objects", pd.DataFrame({"a": pd.Series(values, dtype=object)})
    yield "polars", pl.DataFrame({"a": values})
    if kind != "whole number":  # pandas itself makes floats of these
        yield "pandas", pd.DataFrame({"a": values})
    nullable = {"number": "Float64", "whole number": "Int64", "boolean": "boolean"}
    nullable |= {"category": "string"}
    if kind in nullable:
        yield "nullable", pd.DataFrame({"a": pd.array(values, dtype=nullable[kind])})
    if kind == "category":
        yield "categorical", pd.DataFrame({"a": pd.Categorical(values)})
        yield "polars categorical", pl.DataFrame({"a": values}, schema={"a": pl.Categorical})
        yield "enum", pl.DataFrame({"a": values}, schema={"a": pl.Enum(["", "1", "nan", "z"])})
        texts = np.dtypes.StringDType(na_object=None)
        yield "string dtype", np.array(values, dtype=texts).reshape(-1, 1)
    if kind in ("date", "duration"):
        yield "times", np.array(values, dtype=f"{'M' if kind == 'date' else 'm'}8[us]")[:, None]


CASES = [
    pytest.param(X, kind, id=f"{kind} in {name}")
    for kind, values in VALUES.items()
    for name, X in frames(values, kind)
]


@pytest.mark.parametrize(("X", "kind"), CASES)
def test_every_container_has_the_same_kind_values_and_holes(X, kind):
    table = read_table(X)
    assert table.shape == (4, 1)
    (column,) = table.columns()
    assert column.kind == KINDS.get(kind, kind)
    assert column.missing.tolist() == [False, True, False, False]
    codes, levels = column.coded()
    assert len(levels) == len(set(VALUES[kind])) - 1
    assert codes[1] == -1
    if kind == "category":
        assert list(levels) == ["", "1", "nan"]
        assert column.tolist() == VALUES[kind]
    elif kind in ("number", "boolean"):
        expected = np.array(VALUES[kind], dtype=float)
        assert_array_equal(column.floats(), expected)
    elif kind == "whole number":
        assert column.plain().values[[0, 2, 3]].tolist() == [2**53 + 1, -3, 0]  # exactly
    else:
        days = np.diff(column.floats()[[3, 2, 0]])
        expected = {"date": [8.5 / 24, -8.5 / 24], "duration": [-3 / 86400, 1 + 3 / 86400]}
        np.testing.assert_allclose(days, expected[kind])


@pytest.mark.parametrize(("X", "kind"), CASES)
def test_what_was_read_is_written_as_it_was(X, kind):
    table = read_table(X)
    X = table.container
    back = write_table(table.columns(), X)
    assert type(back) is type(X)
    assert_same_types_and_values(back, X)
    turned = write_table((column.take([3, 1, 2, 0]) for column in table.columns()), X)
    assert_same_types_and_values(turned, X[[3, 1, 2, 0]] if is_array(X) else taken(X))


def is_array(X):
    return isinstance(X, np.ndarray)


def taken(X):
    rows = [3, 1, 2, 0]
    return X.iloc[rows].reset_index(drop=True) if hasattr(X, "iloc") else X[rows]


def assert_same_types_and_values(found, expected):
    if isinstance(expected, pd.DataFrame):
        pd.testing.assert_frame_equal(found, expected)
    elif isinstance(expected, pl.DataFrame):
        assert found.schema == expected.schema
        assert found.equals(expected)
    else:
        assert found.dtype == expected.dtype
        assert_array_equal(fingerprint(found), fingerprint(expected))


# Round trips

TEXTS = st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=3))
ELEMENTS = {
    "whole": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "float": st.one_of(st.none(), st.floats()),
    "flag": st.one_of(st.none(), st.booleans()),
    "text": TEXTS,
    "time": st.one_of(
        st.none(), st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))
    ),
}  # fmt: skip
SCHEMA = {
    "whole": pl.Int64,
    "float": pl.Float64,
    "flag": pl.Boolean,
    "text": pl.String,
    "time": pl.Datetime("us", "Europe/Berlin"),
}
ROWS = st.lists(st.tuples(*ELEMENTS.values()), min_size=1, max_size=8)


@settings(deadline=None, max_examples=25)
@given(rows=ROWS)
def test_frames_read_and_written_are_the_same(rows):
    columns = dict(zip(ELEMENTS, map(list, zip(*rows, strict=True)), strict=True))
    columns["time"] = [t and t.replace(tzinfo=dt.UTC) for t in columns["time"]]
    polars = pl.DataFrame(columns, schema=SCHEMA)
    pandas = pd.DataFrame(
        {
            "whole": pd.array(columns["whole"], dtype="Int64"),
            "float": pd.array([NAN if v is None else v for v in columns["float"]], dtype=float),
            "flag": pd.array(columns["flag"], dtype="boolean"),
            "text": pd.Series(columns["text"], dtype="str"),
            "time": pd.Series(columns["time"], dtype="datetime64[us, Europe/Berlin]"),
        }
    ).set_axis(["a", "b", "a", "b", "a"], axis=1)
    array = np.empty((len(rows), len(columns)), dtype=object)
    array.T[:] = [objects(column)[:, 0] for column in columns.values()]
    for X in (polars, pandas, array):
        back = write_table(read_table(X).columns(), X)
        assert_same_types_and_values(back, X)
        kinds = [column.kind for column in read_table(X).columns() if not column.missing.all()]
        known = [any(v is not None for v in column) for column in columns.values()]
        if not np.isnan(np.array(columns["float"], dtype=float)).all():
            expected = np.array(["number", "number", "boolean", "category", "date"])
            assert kinds == expected[known].tolist()
    assert_array_equal(fingerprint(pandas), fingerprint(polars))
    assert_array_equal(fingerprint(array), fingerprint(polars))


@pytest.mark.parametrize("dtype", ["i1", "u2", "f2", "f4", "f8", "?", "U3", "S3", "M8[D]", "m8[s]"])
def test_arrays_keep_their_type(dtype):
    X = np.array([[1, 0], [0, 1], [1, 1]]).astype(dtype)
    assert_same_types_and_values(write_table(read_table(X).columns(), X), X)


@pytest.mark.parametrize(
    "container",
    [sparse.csr_array, sparse.csc_array, sparse.coo_array, sparse.csr_matrix, sparse.csc_matrix],
)
def test_sparse_matrices_stay_sparse(container):
    X = container(np.array([[0, 2, 0], [3, 0, 0]], dtype=np.int16))
    table = read_table(X)
    assert [column.kind for column in table.columns()] == ["number"] * 3
    back = write_table(table.columns(), X)
    assert type(back) is container
    assert back.dtype == np.int16
    assert back.nnz == 2
    assert_array_equal(back.toarray(), X.toarray())


def test_sparse_columns_of_pandas():
    X = pd.DataFrame.sparse.from_spmatrix(sparse.csc_array(np.array([[0.0, 1.5], [2.0, 0.0]])))
    assert_array_equal(read_table(X).column(1).floats(), [1.5, 0])
    pd.testing.assert_frame_equal(write_table(read_table(X).columns(), X), X)


def test_floats_in_a_column_of_whole_numbers_make_it_one_of_floats():
    half = read_table(np.array([[0.5], [1.5]])).column(0)
    X = np.array([[1, 2], [3, 4]], dtype=np.int8)
    whole = read_table(X).column(1)
    assert_array_equal(write_table([half, whole], X), [[0.5, 2], [1.5, 4]])
    assert write_table([half, whole], X.astype(np.float32)).dtype == np.float32
    assert write_table([half, whole], sparse.csr_array(X)).dtype == np.float64
    frame = write_table([half, whole], pd.DataFrame(X))
    assert [str(dtype) for dtype in frame.dtypes] == ["float64", "int8"]
    assert write_table([half, whole], pl.DataFrame(X)).dtypes == [pl.Float64, pl.Int8]


def test_types_refuse_what_they_cannot_hold():
    text = read_table([["x"]]).column(0)
    for like in (np.ones((1, 1)), pd.DataFrame({"a": [1]}), sparse.csr_array([[1]])):
        with pytest.raises(ValueError, match="cannot hold"):
            write_table([text], like)
    enum = pl.DataFrame({"a": ["y"]}, schema={"a": pl.Enum(["y"])})
    for like in (pd.DataFrame({"a": pd.Categorical(["y"])}), enum):
        with pytest.raises(ValueError, match="'x' is none of the categories"):
            write_table([text], like)


def test_columns_are_joined():
    X = pd.DataFrame({"n": pd.array([1, None], dtype="Int64"), "t": ["a", None]})
    number, text = read_table(X).columns()
    other, other_text = read_table([[2, "b"], [None, "a"]]).columns()
    assert joined(number, other).tolist() == [1, None, 2, None]
    assert joined(number, number.take([0])).plain().values.dtype == np.int64
    assert joined(text, other_text).tolist() == ["a", None, "b", "a"]
    assert joined(text, other_text).coded()[1] == ["a", "b"]
    assert joined(text, other).kind == "category"


# Kinds that were told apart in one place and not in another


def all_kinds(X):
    return [column.kind for column in read_table(X).columns()]


def test_rows_of_numbers_and_texts():
    rows = [[1, "a", True, NOON], [2.5, "b", False, None]]
    expected = ["number", "category", "boolean", "date"]
    frame = pd.DataFrame(rows)
    for X in (rows, [tuple(row) for row in rows], frame, frame.to_numpy(dtype=object)):
        assert all_kinds(X) == expected
    assert all_kinds(pl.DataFrame(rows, orient="row")) == expected
    # a list of lists no less than an array: noise, numbers, properties and domains
    many = [[i / 2, "ab"[i % 2]] for i in range(60)]
    assert [kind for kind, _ in Perturbation(0).fit(many).kinds] == ["continuous", "binary"]
    assert_array_equal(RecordNumbers().fit(many).transform(many)[:3], [[0, 0], [0.5, 1], [1, 0]])
    assert [row["kind"] for row in dataset_report(many).features] == ["numbers", "values"]
    domain = find_domain(many, None)
    assert domain.values[0] is None
    assert domain.values[1].tolist() == ["a", "b"]


def test_texts_are_never_numbers():
    texts = [["1"], ["10"], ["9"]]
    for X in (
        texts,
        objects(["1", "10", "9"]),
        pd.DataFrame(texts),
        pl.DataFrame(texts).transpose(),
    ):
        assert all_kinds(X) == ["category"]
        assert_array_equal(RecordNumbers().fit(X).transform(X).ravel(), [0, 1, 2])
        assert Perturbation(0).fit(X).kinds[0][0] == "categorical"
        assert dataset_report(X).features[0]["kind"] == "values"
        assert find_domain(X, None).values[0].tolist() == ["1", "10", "9"]
    assert fingerprint(texts)[0] != fingerprint([[1]])[0]


def test_numbers_of_python():
    values = [Decimal("0.5"), Fraction(1, 4), np.float32(3), np.int8(-2), 2**70, None, True]
    column = read_table(objects(values)).column(0)
    assert column.kind == "number"
    assert_array_equal(column.floats(), [0.5, 0.25, 3, -2, 2.0**70, NAN, 1])
    decimals = pl.DataFrame({"a": ["0.50", None]}).cast(pl.Decimal(10, 2))
    assert all_kinds(decimals) == ["number"]
    assert write_table(read_table(decimals).columns(), decimals).equals(decimals)
    assert all_kinds(objects([1, True, None])) == ["number"]
    assert all_kinds(objects([True, np.False_, NAN])) == ["boolean"]
    assert all_kinds(objects([1, "a"])) == all_kinds(objects([NOON, 1])) == ["category"]
    assert all_kinds(objects([10**400, -1])) == ["number"]


def test_declared_categories_are_categories():
    frame = pd.DataFrame({"a": pd.Categorical([3, 1, None], categories=[3, 1, 2])})
    (column,) = read_table(frame).columns()
    assert column.kind == "category"
    assert column.coded()[1] == [1, 3]  # those that occur
    assert fingerprint(frame).tolist() == fingerprint([[3.0], [1.0], [NAN]]).tolist()


def test_columns_in_which_all_is_missing():
    for X in (objects([None, NAN]), pd.DataFrame({"a": [None, pd.NA]}), pl.DataFrame([[None] * 2])):
        (column,) = read_table(X).columns()
        assert column.kind == "category"
        assert column.missing.all()
        assert write_table([column], X).shape == (2, 1)
    assert all_kinds(np.full((2, 1), NAN)) == ["number"]
    # a column without a value fits one of numbers and one of texts
    numbers = RecordNumbers().fit([[1], [2]])
    assert np.isnan(numbers.transform(objects([None, None]))).all()
    texts = RecordNumbers().fit([["a"], ["b"]])
    assert_array_equal(texts.transform(objects([None, None])), [[-2], [-2]])


def test_other_objects_are_told_apart_by_value():
    values = [pd.Period("2024-01", "M"), dt.time(12), b"x", (1, 2), None]
    (column,) = read_table(objects(values)).columns()
    assert column.kind == "category"
    assert len(column.levels) == 4
    times = pl.DataFrame({"a": [dt.time(12), None]})
    assert (
        all_kinds(times) == all_kinds(pd.DataFrame({"a": pd.interval_range(0, 2)})) == ["category"]
    )
    assert write_table(read_table(times).columns(), times).equals(times)


def test_all_missing_values_are_missing():
    missing = [None, NAN, pd.NA, pd.NaT, np.datetime64("NaT"), Decimal("nan"), np.float32("nan")]
    (column,) = read_table(objects([*missing, "nan", "", "None"])).columns()
    assert column.missing.tolist() == [True] * 7 + [False] * 3


# Dates


def instants():
    """Return equal instants in several zones and containers."""
    python = [NOON, None, EVENING]
    aware = [t and t.replace(tzinfo=dt.UTC).astimezone(BERLIN) for t in python]
    pandas = pd.Series(pd.to_datetime(python))
    polars = pl.Series("a", python)
    yield "naive pandas", pd.DataFrame({"a": pandas})
    yield (
        "zone of pandas",
        pd.DataFrame({"a": pandas.dt.tz_localize("UTC").dt.tz_convert("Asia/Tokyo")}),
    )
    yield "nanoseconds", pd.DataFrame({"a": pandas.astype("datetime64[ns]").dt.tz_localize("UTC")})
    yield "polars", pl.DataFrame({"a": polars})
    yield (
        "zone of polars",
        pl.DataFrame(
            {"a": polars.dt.replace_time_zone("UTC").dt.convert_time_zone("Europe/Berlin")}
        ),
    )
    yield "objects", objects(python)
    yield "objects with a zone", objects(aware)
    yield "stamps", pd.DataFrame({"a": pd.Series(list(pandas), dtype=object)})
    yield "array", np.array(python, dtype="M8[ms]")[:, None]


INSTANTS = [pytest.param(X, id=name) for name, X in instants()]


@pytest.mark.parametrize("X", INSTANTS)
def test_equal_instants_are_equal_in_every_zone(X):
    first = objects([NOON, None, EVENING])
    assert_array_equal(fingerprint(X), fingerprint(first))
    (column,) = read_table(X).columns()
    assert column.kind == "date"
    assert_array_equal(column.floats(), read_table(first).column(0).floats())
    numbers = RecordNumbers().fit(first).transform(X)
    assert_array_equal(numbers, RecordNumbers().fit(X).transform(first))
    assert numbers.dtype == np.float32
    assert [kind for kind, _ in Perturbation(0).fit(X).kinds] == ["categorical"]
    assert dataset_report(X, n_bins=2).features[0]["kind"] == "numbers"
    container = read_table(X).container
    assert_same_types_and_values(write_table([column], container), container)


@pytest.mark.parametrize("X", INSTANTS)
def test_dates_are_drawn_and_flipped_in_their_zone(X):
    X = read_table(X).container
    domain = find_domain(X, None)
    drawn = domain.records(domain.draw(40, np.random.RandomState(0)))
    copies = Perturbation(0).fit(X).copies(X, range(20), 0.1, 0.5)
    for made in (drawn, copies):
        assert set(fingerprint(made)) <= set(fingerprint(X))
        if hasattr(X, "columns"):
            assert list(made.dtypes) == list(X.dtypes)


def test_days_since_1970():
    X = np.array([["1970-01-02", "NaT", "1969-12-31"]], dtype="M8[D]").T
    assert_array_equal(read_table(X).column(0).floats(), [1, NAN, -1])
    for unit in ("h", "s", "us", "ns"):
        assert_array_equal(read_table(X.astype(f"M8[{unit}]")).column(0).floats(), [1, NAN, -1])
    assert read_table(np.array([["1971"]], dtype="M8[Y]")).column(0).floats() == 365


# Names


def test_names_that_repeat():
    X = pd.DataFrame([[1, "a", 0.5], [2, "b", None]], columns=["x", "x", 7])
    table = read_table(X)
    assert table.names == ["x", "x", 7]
    assert all_kinds(X) == ["number", "category", "number"]
    assert table.find(7) == 2  # a name before a number
    assert table.find(1) == 1
    assert column_of(X, 1, remedy="").tolist() == ["a", "b"]
    for refused in (lambda: table.find("x"), lambda: column_of(X, "x", remedy="")):
        with pytest.raises(ValueError, match="several columns named 'x'; give a number instead"):
            refused()
    back = write_table(table.columns(), X)
    pd.testing.assert_frame_equal(back, X)
    assert RecordNumbers().fit(X).transform(X).shape == (2, 3)
    report = dataset_report(X, n_bins=2)
    assert [row["name"] for row in report.features] == ["x", "x", 7]


def test_arrays_have_numbers_for_names():
    table = read_table(np.ones((2, 3)))
    assert table.names == [0, 1, 2]
    assert table.find(-1) == 2
    assert table.find("a") is table.find(3) is None
    frame = pl.DataFrame({"a": [1], "b": [2]})
    assert read_table(frame).find(1) == 1
    with pytest.raises(ValueError, match=r"columns of X, got 2; X has \['a', 'b'\]"):
        feature_balance(frame, features=[0, 2])


# Shapes


def test_one_dimension_is_one_column_and_images_are_rows():
    for X in (["a", "b"], pd.Series(["a", "b"]), pl.Series(["a", "b"]), np.array(["a", "b"])):
        table = read_table(X)
        assert table.ndim == 1
        assert table.shape == (2, 1)
        assert table.column(0).tolist() == ["a", "b"]
        with pytest.raises(ValueError, match="at least one record and one column"):
            check_table(X)
    images = read_table(np.arange(24.0).reshape(2, 3, 4))
    assert images.ndim == 3
    assert images.shape == (2, 12)
    assert images.column(5).values.tolist() == [5, 17]


@pytest.mark.parametrize(
    "X", [np.empty((0, 3)), np.empty((3, 0)), pd.DataFrame(), pl.DataFrame({"a": []}), [], {}, 5]
)
def test_tables_need_a_record_and_a_column(X):
    with pytest.raises(ValueError, match=r"at least one record and one column, got shape"):
        check_table(X)


def test_arrays_and_structs_in_polars_are_several_columns():
    X = pl.DataFrame(
        {
            "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)),
            "struct": [{"n": 1, "t": "a"}, {"n": 2, "t": "b"}],
        }
    )
    table = read_table(X)
    assert table.shape == (2, 4)
    assert all_kinds(X) == ["number", "number", "number", "category"]
    assert table.column(1).tolist() == [2, 4]
    assert table.column(3).tolist() == ["a", "b"]


@pytest.mark.parametrize("X", [[[1j]], np.zeros((2, 1), dtype="i4,f4"), [[[1], [2]], [[3], 4]]])
def test_what_has_no_content_to_compare(X):
    X = X if is_array(X) else np.array(X, dtype=object if len(X) > 1 else None)
    with pytest.raises(TypeError, match=r"cannot be compared.*Convert them to numbers, texts"):
        list(read_table(X).columns())


def test_a_table_is_read_once():
    table = read_table([[1, "a"]])
    assert read_table(table) is table
    assert check_table(table) is table


def test_one_row_is_read_as_many_are():
    X = [[0.1, "a", None], [7, "b", "c"]]
    numbers = RecordNumbers().fit(X)
    both = numbers.transform(X)
    for i, row in enumerate(X):
        assert_array_equal(numbers.transform([row]), both[[i]])
    mixed = RecordNumbers().fit([["a"], [1], [NOON]])
    assert_array_equal(mixed.transform([[1]]), mixed.transform([["a"], [1]])[1:])
    assert mixed.transform([[2]]) == -1


def test_several_tables_are_numbered_together():
    numbers = RecordNumbers().fit([["b", 1]], [["a", "x"]])
    assert_array_equal(numbers.transform([["a", 1], ["b", "x"]]), [[0, 1], [1, 0]])
    limit = np.finfo(np.float32).max
    assert within_float32(np.array([1e300, -np.inf])).tolist() == [limit, -limit]
