"""Every result has one form: text, dict, JSON both ways, frame and equality."""

import copy
import dataclasses
import json
import math
import pickle
import statistics
import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import polars as pl
import pytest
from estimates import numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

import skmia
import skmia.attacks
import skmia.datasets
import skmia.inspection
import skmia.leakage
import skmia.metrics
import skmia.model_selection
import skmia.neural_network
import skmia.properties
import skmia.sampling
import skmia.shadows
import skmia.signals
from skmia._result import Result
from skmia.metrics import Estimate

ESTIMATE = Estimate(0.623, 0.611, 0.635, "DeLong")
UNKNOWN = Estimate(math.nan, math.nan, math.nan, "unresolvable: too few")


@dataclass(frozen=True, repr=False, eq=False)
class Box(Result):
    """Anything."""

    content: object


@dataclass(frozen=True, repr=False, eq=False)
class Rows(Result):
    """A table by rows."""

    title: str
    rows: tuple

    _rows = "rows"


@dataclass(frozen=True, repr=False, eq=False)
class Columns(Result):
    """A table by columns."""

    title: str
    first: np.ndarray
    second: np.ndarray

    _rows = ("first", "second")


# Estimate


def test_estimate_is_the_number():
    assert isinstance(ESTIMATE, float)
    assert numbers(ESTIMATE) == (0.623, 0.611, 0.635)
    assert round(ESTIMATE, 2) == 0.62
    assert round(ESTIMATE) == 1
    assert f"{ESTIMATE:.2f} {ESTIMATE:.1%} {ESTIMATE:e}" == "0.62 62.3% 6.230000e-01"
    assert sorted([0.7, ESTIMATE, 0.5]) == [0.5, 0.623, 0.7]
    assert max([0.5, ESTIMATE]) is ESTIMATE
    assert math.isnan(UNKNOWN)
    assert not hasattr(ESTIMATE, "value")
    for number in (ESTIMATE + 1, -ESTIMATE, ESTIMATE * np.float64(2), abs(ESTIMATE)):
        assert type(number) in (float, np.float64)


def test_estimate_in_numpy_pandas_and_the_standard_library():
    assert np.mean([ESTIMATE, ESTIMATE]) == pytest.approx(0.623)
    assert np.asarray([ESTIMATE, UNKNOWN]).dtype == np.float64
    assert type(np.arange(2) * ESTIMATE) is np.ndarray
    column = pd.DataFrame({"auc": [ESTIMATE, UNKNOWN]})["auc"]
    assert column.dtype == np.float64
    assert column.mean() == 0.623
    assert statistics.mean([ESTIMATE, ESTIMATE]) == 0.623
    assert statistics.stdev([ESTIMATE, 0.623]) == 0
    assert json.dumps(ESTIMATE) == "0.623"
    assert float.fromhex("0x1p-1") == Estimate.fromhex("0x1p-1") == 0.5


def test_estimate_equality_and_hash_are_those_of_the_number():
    other = Estimate(0.623, 0.0, 1.0, "a guess")
    assert other == ESTIMATE == 0.623
    assert hash(other) == hash(ESTIMATE) == hash(0.623)
    assert UNKNOWN != UNKNOWN


def test_estimate_as_text():
    assert str(ESTIMATE) == f"{ESTIMATE}" == "0.623 [0.611, 0.635]"
    assert str(UNKNOWN) == "unresolvable: too few"
    assert str(Estimate(0.5)) == "0.500 (no interval)"
    assert repr(ESTIMATE) == "Estimate(0.623, 0.611, 0.635, 'DeLong')"


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_estimate_is_copied_whole(protocol):
    for again in (
        pickle.loads(pickle.dumps(ESTIMATE, protocol)),
        copy.copy(ESTIMATE),
        copy.deepcopy([ESTIMATE])[0],
    ):
        assert type(again) is Estimate
        assert repr(again) == repr(ESTIMATE)


def test_estimate_does_not_change():
    with pytest.raises(AttributeError, match="make a new one"):
        ESTIMATE.low = 0
    with pytest.raises(AttributeError, match="cannot be changed"):
        del ESTIMATE.low


# JSON and equality

FLOATS = st.floats(allow_nan=True, allow_infinity=True)
ESTIMATES = st.builds(Estimate, FLOATS, FLOATS, FLOATS, st.text())
WORDS = st.text() | st.sampled_from(
    ["NaN", "Infinity", "-Infinity", "nan", "0.1", "7", "array", "result", "dict", "value", "text"]
)
SCALARS = st.none() | st.booleans() | st.integers() | FLOATS | WORDS | ESTIMATES
ARRAYS = st.sampled_from(["f8", "f4", "i8", "u1", "?", "U3", "M8[s]"]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))
)
OBJECTS = st.lists(SCALARS | st.tuples(SCALARS, SCALARS)).map(
    lambda items: np.fromiter(items, dtype=object, count=len(items))
)
KEYS = WORDS | st.integers() | st.floats(allow_nan=False) | st.booleans() | st.tuples(WORDS, WORDS)
VALUES = st.recursive(
    SCALARS | ARRAYS | OBJECTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(st.floats(allow_nan=False), inner, max_size=3)
        | st.dictionaries(WORDS, inner, max_size=3)
        | st.fixed_dictionaries({"value": inner, "low": inner, "high": inner, "method": inner})
        | inner.map(Box)
    ),
    max_leaves=12,
)


def types_of(value):
    """Return the types within a value, in order."""
    if isinstance(value, dict):
        return [dict, *((types_of(k), types_of(v)) for k, v in value.items())]
    if isinstance(value, tuple | list):
        return [type(value), *map(types_of, value)]
    return types_of(value.content) if isinstance(value, Box) else type(value)


@settings(max_examples=40, deadline=None)
@given(VALUES)
def test_json_both_ways(value):
    box = Box(value)
    text = box.to_json()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    again = Box.from_json(text)
    assert (again == box) is True
    assert types_of(again) == types_of(box)
    assert again.to_json() == text


@settings(max_examples=30, deadline=None)
@given(VALUES)
def test_its_other_forms(value):
    box = Box(value)
    assert box == copy.deepcopy(box)
    json.dumps(box.to_dict(), allow_nan=False)
    text = str(box)
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 10
    assert len(repr(box)) <= 200


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Estimate(1, 0, 2, "a"), Estimate(1, 0, 2, "b")),
        (Estimate(1, 0, 2, "a"), Estimate(1, 0, 3, "a")),
        (Estimate(1, 0, 2, "a"), 1.0),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, dtype=int)),
        (np.zeros(2), [0.0, 0.0]),
        (np.array([1, np.nan]), np.array([1, 2])),
        (np.array(["a"]), np.array(["b"])),
        (np.array([1, None], dtype=object), np.array([1, "None"], dtype=object)),
        ((1, 2), [1, 2]),
        ((1, 2), (1, 2, 3)),
        ({"a": 1}, {"b": 1}),
        ({"a": np.nan}, {"a": None}),
        (Box(1), Box(2)),
        (np.nan, 0.0),
    ],
)
def test_differences_are_seen(first, second):
    assert (Box(first) == Box(second)) is False
    assert Box(first) != Box(second)


def test_equality_is_of_one_class_and_without_hash():
    assert Box("a") != "a"
    assert Rows("a", ()) != Columns("a", np.zeros(0), np.zeros(0))
    assert Box(np.float64(1)) == Box(1.0)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Box(1))


def test_json_is_readable():
    box = Box({0.1: ESTIMATE, 0.01: UNKNOWN})
    assert json.loads(box.to_json()) == {
        "result": "Box",
        "content": {
            "0.1": {"value": 0.623, "low": 0.611, "high": 0.635, "method": "DeLong"},
            "0.01": {"value": None, "low": None, "high": None, "method": UNKNOWN.method},
        },
    }
    assert box.to_dict()["content"]["0.1"]["value"] == 0.623
    assert '\n  "content": 7' in Box(7).to_json(indent=2)


def test_foreign_json_is_refused():
    with pytest.raises(ValueError, match="holds a Box, not a Rows; read it with the class"):
        Rows.from_json(Box(1).to_json())
    with pytest.raises(ValueError, match="holds a tuple, not a Box"):
        Box.from_json("[1]")
    with pytest.raises(ValueError, match="'Crate' that this version of skmia does not know"):
        Box.from_json('{"result": "Crate"}')
    with pytest.raises(ValueError, match="or with other fields"):
        Box.from_json('{"result": "Box", "contents": 1}')


FRAME = pd.DataFrame(
    {
        "number": [1.5, np.nan],
        "count": np.array([1, 2], dtype=np.int32),
        "city": ["Rome", None],
        "kind": pd.Categorical(["b", None], categories=["a", "b"]),
        "day": pd.to_datetime(["2020-01-01", None]),
        7: [True, False],
    },
    index=["x", "y"],
)


@pytest.mark.parametrize(
    "records",
    [
        FRAME,
        sparse.csr_matrix(np.eye(3, dtype=np.float32)),
        sparse.coo_array(np.eye(2, 3, dtype=np.int8)),
    ],
    ids=["frame", "matrix", "array"],
)
def test_records_keep_their_container(records):
    box = Box(records)
    again = Box.from_json(box.to_json())
    assert again == box
    assert again != Box(records[:1] if hasattr(records, "iloc") else records.astype(float) * 2)
    assert len(box.to_dict()["content"]) == records.shape[0]
    assert f"of shape {records.shape}" in str(box)


def test_containers_without_a_form_in_json_are_refused():
    box = Box(pl.DataFrame({"a": [1, 2]}))
    assert box == box
    with pytest.raises(TypeError, match="write these records with their own library"):
        box.to_json()


# Text and frame


def test_table_by_rows():
    rows = tuple({"name": f"row {i}", "auc": ESTIMATE, "n": 10_000 * i} for i in range(25))
    result = Rows("many", rows)
    lines = str(result).splitlines()
    assert lines[:2] == ["Rows", "title: many"]
    assert lines[3].split() == ["name", "auc", "n"]
    assert lines[6] == "row 1   0.623 [0.611, 0.635]  10,000"
    assert lines[-1] == "and 5 more rows: to_frame has all"
    assert len(lines) == 27
    frame = result.to_frame()
    assert frame.shape == (25, 4)
    assert frame.loc["row 3"].tolist() == [0.623, 0.611, 0.635, 30_000]
    assert Rows("none", ()).to_frame().empty
    assert str(Rows("none", ())) == "Rows\ntitle: none"


def test_table_by_columns():
    result = Columns("long", np.arange(30), np.linspace(0, 1, 30))
    assert str(result).endswith("and 10 more rows: to_frame has all")
    pd.testing.assert_frame_equal(
        result.to_frame(), pd.DataFrame({"first": result.first, "second": result.second})
    )
    assert repr(result) == (
        "Columns(title='long', first=<ndarray of shape (30,)>, second=<ndarray of shape (30,)>)"
    )


def test_wide_tables_go_on_below():
    row = {"name": "x" * 60} | {f"column {i}": "y" * 30 for i in range(5)} | {"last": "z" * 90}
    lines = str(Rows("wide", (row,))).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.startswith("name") for line in lines) == 6
    assert "x" * 37 + "..." in lines[5]


def test_what_is_no_table_is_one_row():
    frame = Box({0.1: ESTIMATE}).to_frame()
    assert frame.columns.tolist() == ["content_0.1", "content_0.1_low", "content_0.1_high"]


def test_numbers_in_words():
    assert str(Box(1e-6)) == "Box\ncontent: 1e-06"
    assert str(Box(12345)) == "Box\ncontent: 12,345"
    assert str(Box(np.arange(3) / 2)) == "Box\ncontent: 0.000, 0.500, 1.000"
    assert str(Box(np.arange(101.0))) == (
        "Box\ncontent: 101 numbers from 0.000 to 100.000, median 50.000"
    )
    assert str(Box(tuple(range(12)))).endswith("9, and 2 more")
    assert str(Box(None)) == "Box\ncontent: -"


def test_frame_needs_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs pandas"):
        Box(1).to_frame()


# Every public result

Y = np.arange(80) % 2
X = np.random.default_rng(0).normal(size=(80, 4)) + Y[:, None]
MEMBER = np.repeat([1, 0], 40)
GROUP = np.arange(80) % 3
SCORES = np.linspace(0, 1, 80) + MEMBER / 4


def audited():
    model = DecisionTreeClassifier(random_state=0).fit(X[:40], Y[:40])
    groups = {name: (Y[:40] + i, Y[40:] + i) for i, name in enumerate(["sex", "race"])}
    options = {"attacks": ["correctness", "loss"], "sensitive_features": groups}
    return skmia.audit(model, X[:40], Y[:40], X[40:], Y[40:], **options, random_state=0)


def gmia():
    target = LogisticRegression().fit(X[:40], Y[:40])
    options = {"shadows": 8, "n_selected": 20, "cutoff": 0.5, "random_state": 0}
    attack = skmia.attacks.GMIA(target, **options).fit(X[40:], Y[40:])
    return attack.report(X, Y, MEMBER)


@cache
def results():
    """Return a result of each public function that has one."""
    tree = DecisionTreeClassifier(random_state=0).fit(X[:40], Y[:40])
    line = LogisticRegression().fit(X[:40], Y[:40])
    audit = audited()
    few = {"n_training_records": 20, "n_references": 20, "n_positive": 6, "random_state": 0}
    return [
        audit,
        audit.attacks[0],
        audit.slices[0],
        audit.exposure_gaps[0],
        *gmia(),
        skmia.attacks.gmia_indirect(line, X, Y, [0, 1], **few),
        skmia.attacks.vulnerable_records(X, n_training_records=40, n_selected=5),
        skmia.leakage.closed_form_leakage(line, X[:40], Y[:40], random_state=0),
        skmia.inspection.explain_exposure(tree, X, Y, MEMBER, n_resamples=20, random_state=0),
        skmia.properties.property_report(
            tree, X, Y, MEMBER, sensitive_features=GROUP, random_state=0
        ),
        skmia.properties.dataset_report(X, Y, sensitive_features=Y),
        skmia.leakage.gaussian_noise_leakage(1, 1e-5),
        skmia.metrics.membership_report(MEMBER, SCORES, n_resamples=20, random_state=0),
        skmia.metrics.risk_reliability(MEMBER, np.clip(SCORES / 2, 0, 1)),
        skmia.leakage.membership_leakage(line, X, Y, n_models=16, random_state=0),
        skmia.leakage.record_sensitivity(line, X, Y, rows=10, random_state=0),
        skmia.shadows.synthesize_records(line, 40, X=X, random_state=0),
    ]


def public_results():
    """Return the classes of results that a public module exports."""
    rooms = (skmia, skmia.attacks, skmia.inspection, skmia.metrics, skmia.model_selection)
    rooms += (
        skmia.leakage,
        skmia.properties,
        skmia.shadows,
        skmia.neural_network,
        skmia.sampling,
        skmia.signals,
        skmia.datasets,
    )
    exported = {getattr(room, name) for room in rooms for name in room.__all__}
    return {kind for kind in exported if isinstance(kind, type) and issubclass(kind, Result)}


def test_each_public_class_is_tried_and_each_result_is_public():
    assert {type(result) for result in results()} == public_results()


def test_functions_return_no_bunch():
    for room in (skmia.attacks, skmia.inspection, skmia.leakage, skmia.metrics, skmia.shadows):
        for name in room.__all__:
            assert "Bunch" not in (getattr(room, name).__doc__ or ""), name


@pytest.mark.parametrize("i", range(17))
def test_every_public_result(i):
    assert len(results()) == 17
    result = results()[i]
    text = str(result)
    assert text == result.to_text()
    assert max(map(len, text.splitlines())) <= 100
    assert len(text.splitlines()) <= 60
    assert len(repr(result)) <= 200
    assert (type(result).from_json(result.to_json()) == result) is True
    assert (pickle.loads(pickle.dumps(result)) == result) is True
    json.dumps(result.to_dict(), allow_nan=False)
    frame = result.to_frame()
    assert len(frame) > 0
    assert len(frame.columns) > 0
    # no estimate is left in a cell: its ends are columns
    assert not any(isinstance(cell, Estimate) for cell in frame.to_numpy().ravel())
    assert dataclasses.is_dataclass(result)
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(result, dataclasses.fields(result)[0].name, None)
    described = type(result).__doc__
    for f in dataclasses.fields(result):
        assert f.name in described
