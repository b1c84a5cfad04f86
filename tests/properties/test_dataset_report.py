"""All properties of a data set at once."""

import json
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse

from skmia.datasets import load_adult
from skmia.properties import (
    DatasetReport,
    class_balance,
    dataset_entropy,
    dataset_report,
    feature_balance,
)

FRAME, LABELS = load_adult(split="test", return_X_y=True, as_frame=True)
REPORT = dataset_report(FRAME, LABELS, n_bins=10, sensitive_features=FRAME["sex"], random_state=0)


def test_of_adult():
    assert isinstance(REPORT, DatasetReport)
    assert (REPORT.n_records, REPORT.n_features) == FRAME.shape == (16_281, 14)
    assert REPORT.n_duplicates == FRAME.duplicated().sum()
    labeled = FRAME.assign(label=LABELS)
    assert REPORT.n_labeled_duplicates == labeled.duplicated().sum()
    assert REPORT.n_missing == FRAME.isna().sum().sum()
    assert REPORT.n_records_of_class == LABELS.value_counts().to_dict()
    assert REPORT.n_records_of_group == FRAME["sex"].value_counts().to_dict()
    assert REPORT.class_balance == class_balance(LABELS)
    assert REPORT.entropy == pytest.approx(dataset_entropy(FRAME, n_bins=10))
    found = feature_balance(
        FRAME, features=list(REPORT.balanced_features), value=REPORT.balanced_value
    )
    assert REPORT.feature_balance == found == feature_balance(FRAME, LABELS, random_state=0)


def test_of_its_features():
    frame = REPORT.to_frame()
    assert frame.index.tolist() == FRAME.columns.tolist()
    assert frame["distinct"].tolist() == FRAME.nunique().tolist()
    assert frame["missing"].tolist() == FRAME.isna().sum().tolist()
    numbers = FRAME.select_dtypes("number").columns.tolist()
    assert frame.index[frame["kind"] == "numbers"].tolist() == numbers
    bits = dataset_entropy(FRAME, n_bins=10, per_feature=True)
    np.testing.assert_allclose(frame["entropy"], bits)


def test_is_read_as_text():
    lines = str(REPORT).splitlines()
    assert lines[0] == "Data set of 16,281 records with 14 features"
    assert "records by class: <=50K: 12,435, >50K: 3,846" in lines
    assert "class balance: 0.236, share of the greater label" in lines
    assert "records by group: Female: 5,421, Male: 10,860" in lines
    assert any("relationship Husband" in line for line in lines)
    assert next(line for line in lines if line.startswith("sex")).split() == [
        "sex",
        "values",
        "2",
        "0",
        f"{REPORT.features[9]['entropy']:.3f}",
    ]


def test_is_plain():
    values = json.loads(json.dumps(REPORT.to_dict(), allow_nan=False))
    assert values["n_records"] == 16_281
    assert values["features"][9]["name"] == "sex"


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_matrix, pd.DataFrame, pl.DataFrame])
def test_without_labels_in_every_container(kind):
    X = np.array([[0, 1.5], [0, np.nan], [0, 1.5], [2.0, 0], [0, 1.5]])
    report = dataset_report(kind(X))
    assert (report.n_duplicates, report.n_missing, report.n_labeled_duplicates) == (2, 1, None)
    assert report.class_balance is report.feature_balance is report.balanced_features is None
    assert [row["distinct"] for row in report.features] == [2, 2]
    assert [row["missing"] for row in report.features] == [0, 1]
    assert "class" not in str(report)
    assert report.entropy == pytest.approx(dataset_entropy(X))


def test_a_full_column_of_a_sparse_matrix():
    X = np.array([[1.0, 0, 2.0], [np.nan, 0, 2.0], [3.0, 0, 0.0]])
    report = dataset_report(sparse.csc_array(X))
    assert [row["distinct"] for row in report.features] == [2, 1, 2]


def test_of_many_classes_and_features():
    rng = np.random.RandomState(0)
    X, y = rng.randint(3, size=(90, 40)), np.arange(90) % 3
    report = dataset_report(X, y, n_features=2)
    assert "class balance: 1.000, evenness of the labels" in str(report)
    assert len(report.balanced_features) == 2
    assert str(report).endswith("and 20 more rows: to_frame has all")
    assert len(report.to_frame()) == 40


def test_refuses():
    X = [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match=r"'n_bins' parameter of dataset_report .* Got 1 "):
        dataset_report(X, n_bins=1)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        dataset_report(X, [0, 1, 1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        dataset_report(X, sensitive_features=["a"])


def test_frame_needs_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs pandas"):
        REPORT.to_frame()
