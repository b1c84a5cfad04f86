"""The Adult data set: the shipped file and the forms in which it is returned."""

import builtins
import hashlib
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from skmia import datasets
from skmia.datasets import load_adult

SHA256 = "f286555cd23e968a113fd9642455418a5dacc63f54cfd5358dca5d55d030a9d1"
# the first three lines of adult.data
FIRST_ROWS = """\
39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, \
2174, 0, 40, United-States, <=50K
50, Self-emp-not-inc, 83311, Bachelors, 13, Married-civ-spouse, Exec-managerial, Husband, White, \
Male, 0, 0, 13, United-States, <=50K
38, Private, 215646, HS-grad, 9, Divorced, Handlers-cleaners, Not-in-family, White, Male, 0, 0, \
40, United-States, <=50K
"""
MISSING_COLUMNS = ["workclass", "occupation", "native-country"]


@pytest.fixture(scope="module")
def adult():
    return load_adult(as_frame=True)


@pytest.fixture(scope="module")
def arrays():
    return load_adult()


def test_shipped_file(arrays):
    file = resources.files(arrays.data_module) / arrays.filename
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SHA256


def test_counts(adult):
    frame = adult.frame
    assert frame.shape == (48_842, 15)
    assert frame["income"].value_counts().to_dict() == {"<=50K": 37_155, ">50K": 11_687}
    assert frame["sex"].value_counts().to_dict() == {"Male": 32_650, "Female": 16_192}
    assert frame["race"].nunique() == 5
    assert frame.duplicated().sum() == 52
    assert frame.isna().any(axis=1).sum() == 3_620
    assert frame.columns[frame.isna().any()].tolist() == MISSING_COLUMNS


def test_first_rows(adult):
    rows = [line.split(", ") for line in FIRST_ROWS.splitlines()]
    assert adult.frame.head(3).astype(str).to_numpy().tolist() == rows


def test_frame(adult):
    numbers = adult.data.select_dtypes("int64").columns.tolist()
    assert numbers == [name for name in adult.feature_names if name not in adult.categories]
    assert all(isinstance(dtype, pd.CategoricalDtype) for dtype in adult.data.dtypes.drop(numbers))
    assert adult.data.columns.tolist() == adult.feature_names
    assert adult.target.name == "income"
    assert adult.target.cat.categories.tolist() == adult.target_names.tolist()
    assert "fnlwgt" in adult.feature_names
    assert set(adult.sensitive_feature_names) <= set(adult.feature_names)


def test_arrays(arrays):
    assert arrays.frame is None
    assert arrays.data.shape == (48_842, 14)
    assert arrays.data.dtype == np.float64
    assert arrays.target.dtype == np.int64
    assert np.bincount(arrays.target).tolist() == [37_155, 11_687]
    assert arrays.target_names.tolist() == ["<=50K", ">50K"]
    assert np.isnan(arrays.data).any(axis=1).sum() == 3_620


def test_arrays_and_frame_agree(arrays, adult):
    assert arrays.feature_names == adult.feature_names
    assert (arrays.target_names[arrays.target] == adult.target).all()
    for name, column in zip(arrays.feature_names, arrays.data.T, strict=True):
        expected = adult.data[name]
        if name in arrays.categories:
            column = np.nan_to_num(column, nan=-1)
            assert expected.cat.categories.tolist() == list(arrays.categories[name])
            expected = expected.cat.codes
        np.testing.assert_array_equal(column, expected)


@pytest.mark.parametrize("as_frame", [False, True])
def test_splits(as_frame):
    parts = [load_adult(split=split, as_frame=as_frame) for split in ("train", "test")]
    assert [len(part.data) for part in parts] == [32_561, 16_281]
    assert [len(part.target) for part in parts] == [32_561, 16_281]
    data, target = load_adult(return_X_y=True, as_frame=as_frame)
    together = np.concatenate([np.asarray(part.data) for part in parts])
    assert pd.DataFrame(together).equals(pd.DataFrame(np.asarray(data)))
    assert (np.concatenate([np.asarray(part.target) for part in parts]) == np.asarray(target)).all()


def test_data_and_target_alone(adult):
    data, target = load_adult(split="test", return_X_y=True, as_frame=True)
    assert data.index.tolist() == list(range(16_281))
    assert data.columns.tolist() == adult.feature_names
    assert target.name == "income"
    X, y = load_adult(split="test", return_X_y=True)
    assert X.shape == (16_281, 14)
    assert y.sum() == (target == ">50K").sum() == 3_846


def test_description(arrays):
    for part in ("CC BY 4.0", "10.24432/C5XW20", "Kohavi", "Changes made", "48,842", "sensitive"):
        assert part in arrays.DESCR
    for name in arrays.feature_names:
        assert f"- {name}:" in arrays.DESCR


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"split": "valid"}, r"'split' .*{'all', 'train', 'test'}. Got 'valid'"),
        ({"split": None}, "'split' .* Got None"),
        ({"split": ["train"]}, r"'split' .* Got \['train'\]"),
        ({"return_X_y": 1}, "'return_X_y' .*'bool'.* Got 1 "),
        ({"as_frame": "auto"}, "'as_frame' .* Got 'auto'"),
    ],
)
def test_errors(parameters, message):
    with pytest.raises(ValueError, match=message):
        load_adult(**parameters)


def test_missing_pandas_is_named(monkeypatch):
    real_import = builtins.__import__

    def no_pandas(name, *args, **kwargs):
        if name == "pandas":
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", no_pandas)
    with pytest.raises(ImportError, match="pip install pandas"):
        load_adult(as_frame=True)


def test_public_names():
    assert datasets.__all__ == sorted(datasets.__all__)
    assert all(hasattr(datasets, name) for name in datasets.__all__)
