"""The groups that a fairness penalty compares, and which features tell most about the label."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmia.neural_network import GroupFairness, RegularizedMLPClassifier
from skmia.neural_network._fairness_penalties import training_groups
from skmia.properties._informative_features import most_informative_features

RNG = np.random.RandomState(0)
X = np.column_stack([np.arange(60) % 3, np.arange(60) % 2, RNG.rand(60)])
Y = np.arange(60) % 2


def groups(sensitive_features, records=X, y=Y, rows=None, X=None):
    rows = np.arange(len(y)) if rows is None else rows
    X = np.asarray(records) if isinstance(records, list) else records if X is None else X
    training = SimpleNamespace(records=records, X=X, y=y, rows=rows)
    generator = torch.Generator().manual_seed(0)
    return training_groups(SimpleNamespace(training=training), sensitive_features, generator)


@pytest.mark.parametrize(
    "records",
    [X, X.tolist(), sparse.csr_matrix(X), torch.from_numpy(X), pd.DataFrame(X)],
    ids=["array", "list", "sparse", "tensor", "frame"],
)
def test_a_column_by_number(records):
    np.testing.assert_array_equal(groups(0, records), X[:, 0])


def test_a_column_by_name_and_of_texts():
    frame = pd.DataFrame({"age": X[:, 2], "sex": np.where(X[:, 1], "M", "F")})
    np.testing.assert_array_equal(groups("sex", frame), X[:, 1])


def test_combinations_of_columns():
    expected = X[:, 0] * 2 + X[:, 1]
    np.testing.assert_array_equal(groups([0, 1]), expected)


def test_a_callable_sees_the_records_as_given():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    np.testing.assert_array_equal(groups(lambda f: f["c"] > 0.5, frame), X[:, 2] > 0.5)


def test_records_of_several_parts():
    records = {"a": X[:, :1], "b": X[:, 1:]}
    found = groups(lambda parts: parts["b"][:, 0], records)
    np.testing.assert_array_equal(found, X[:, 1])


def test_held_out_records_have_groups_but_do_not_count():
    records = np.array([[0.0]] * 30 + [[1.0]] * 30)
    rows = np.arange(40)
    np.testing.assert_array_equal(groups(0, records, rows=rows), records[:, 0])
    with pytest.raises(ValueError, match="single group of the training records"):
        groups(0, records, rows=np.arange(30))


@pytest.mark.parametrize(
    ("sensitive_features", "message"),
    [
        (lambda X: np.zeros(60), "single group of the training records. Give a callable"),
        (2, "sensitive_features=2 makes 60 groups, more than 20. Give a callable of X that cuts"),
        (lambda X: np.arange(60) < 4, "a group of 4 training records, fewer than 5"),
        (lambda X: np.arange(50) % 2, "one value for each record, got 50 for 60 records"),
        ("sex", "'sex' is not a column of X.*in a pipeline.*give the column's number"),
        (3, "3 is not a column of X"),
    ],
)
def test_refused(sensitive_features, message):
    with pytest.raises(ValueError, match=message):
        groups(sensitive_features)


def test_a_frame_lost_in_a_pipeline():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    net = RegularizedMLPClassifier((3,), max_epochs=1, penalties=[GroupFairness()])
    pipeline = make_pipeline(StandardScaler(), net)
    pipeline.set_params(regularizedmlpclassifier__penalties__group_fairness__sensitive_features="b")
    with pytest.raises(ValueError, match="in a pipeline, where the steps before may have made"):
        pipeline.fit(frame, Y)
    pipeline.set_params(regularizedmlpclassifier__penalties__group_fairness__sensitive_features=1)
    pipeline.fit(frame, Y)


def with_five_informative(n_records=400):
    """Return records whose columns 1, 3, 4, 6, 8 tell of the label, of 10, and the label."""
    rng = np.random.RandomState(1)
    records, y = rng.rand(n_records, 10), rng.randint(2, size=n_records)
    for column in (1, 3, 4, 6, 8):
        records[:, column] = 7 * rng.rand(n_records) + 6 * y
    return records, y


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
def test_none_takes_the_groups_of_the_paper(container):
    records, y = with_five_informative()
    five = records[:, [1, 3, 4, 6, 8]]
    scaled = (five - five.min(axis=0)) / (five.max(axis=0) - five.min(axis=0))
    expected = (scaled <= 0.5).all(axis=1)
    assert 5 <= expected.sum() <= 395
    np.testing.assert_array_equal(groups(None, container(records), y), expected)


def test_none_looks_at_the_training_records_only():
    records, y = with_five_informative()
    expected = groups(None, records, y)
    more = np.vstack([records, 1000 * np.ones((2, 10)), -3000 * np.ones((3, 10))])
    found = groups(None, more, np.append(y, [0] * 5), rows=np.arange(400))
    np.testing.assert_array_equal(found[:400], expected)


def test_none_takes_the_records_as_the_network_takes_them():
    records, y = with_five_informative()
    frame = pd.DataFrame(records.astype(str))
    np.testing.assert_array_equal(groups(None, frame, y, X=records), groups(None, records, y))


def test_none_needs_a_table_and_two_groups():
    with pytest.raises(ValueError, match="takes groups from the columns of a table of numbers"):
        groups(None, np.zeros((60, 2, 2)))
    with pytest.raises(ValueError, match=r"single group.*Give sensitive_features: a column of X"):
        groups(None, np.zeros((60, 2)))


def test_most_informative_features_in_order():
    rng = np.random.RandomState(0)
    y = rng.randint(3, size=3000)
    noise = rng.rand(3000)
    records = np.column_stack([noise, y + 0.9 * noise, y, y + 3 * rng.rand(3000), 0 * noise])
    found = most_informative_features(records, y, 4, random_state=0).tolist()
    assert sorted(found[:2]) == [1, 2]  # both tell all
    assert found[2] == 3
    few = most_informative_features(sparse.csc_matrix(records), y, 2, random_state=0)
    assert sorted(few.tolist()) == [1, 2]


def test_columns_of_few_values_are_counted():
    rng = np.random.RandomState(0)
    y = rng.randint(2, size=500)
    flipped = np.where(rng.rand(500) < 0.1, 1 - y, y)  # 0.37 nats of the 0.69
    halves = flipped / 2 + 0.25  # no integers, and no warning about numbers taken for labels
    weaker = np.where(rng.rand(500) < 0.3, 1 - y, y) + 1e-3 * rng.rand(500)
    names = np.array(["no", "yes"])[y]
    found = most_informative_features(np.column_stack([weaker, halves]), names, random_state=0)
    assert found.tolist() == [1, 0]


def test_most_informative_features_is_reproducible():
    records, y = with_five_informative(2500)
    first, second = (most_informative_features(records, y, random_state=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert set(first) == {1, 3, 4, 6, 8}
