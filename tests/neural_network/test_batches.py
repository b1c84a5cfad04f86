"""Batches: every record once, rows that tell which, Poisson sampling at the asked rate."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array
from skorch.dataset import Dataset
from torch.utils.data import Subset, TensorDataset

from skmia.neural_network._batches import RecordBatches

X = np.arange(50, dtype=np.float32).reshape(25, 2)
Y = np.arange(25)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("container", [np.asarray, torch.as_tensor, csr_array])
def test_rows_are_the_rows_of_the_batch(container):
    batches = RecordBatches(Dataset(container(X), Y), 10, shuffle=True, generator=seeded())
    seen = []
    for records, labels in batches:
        assert not hasattr(records, "tocsr")
        np.testing.assert_array_equal(records, X[batches.rows])
        np.testing.assert_array_equal(labels, batches.rows)
        seen.extend(batches.rows)
    assert sorted(seen) == list(range(25))
    assert seen != list(range(25))
    assert len(batches) == 3


def test_an_epoch_is_drawn_anew_and_by_the_generator_alone():
    state = torch.get_rng_state()
    batches = RecordBatches(Dataset(X, Y), 25, shuffle=True, generator=seeded())
    first, second = next(iter(batches))[1], next(iter(batches))[1]
    again = RecordBatches(Dataset(X, Y), 25, shuffle=True, generator=seeded())
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(next(iter(again))[1], first)
    assert torch.equal(torch.get_rng_state(), state)


def test_without_shuffling_the_order_is_kept():
    batches = RecordBatches(Dataset(X, None), 10)
    np.testing.assert_array_equal(np.concatenate([records for records, _ in batches]), X)


def test_subsets_of_subsets_count_in_the_whole():
    odd = Subset(Dataset(X, Y), np.arange(1, 25, 2))
    batches = RecordBatches(Subset(odd, [0, 3, 5]), 2)
    labels = np.concatenate([labels for _, labels in batches])
    np.testing.assert_array_equal(labels, [1, 7, 11])
    assert batches.rows.tolist() == [11]


def test_any_torch_dataset():
    data = TensorDataset(torch.as_tensor(X), torch.as_tensor(Y))
    records, labels = next(iter(RecordBatches(data, 4)))
    assert records.shape == (4, 2)
    assert labels.tolist() == [0, 1, 2, 3]


def test_records_that_cannot_be_written_to_are_copied():
    frozen = X.copy()
    frozen.flags.writeable = False
    for records, _ in RecordBatches(Dataset(frozen, Y), 10):
        assert records.flags.writeable  # torch warns of others


def test_frames_and_series_are_what_skorch_makes_of_them():
    backwards = np.arange(25)[::-1]  # an index is no row
    frame = pd.DataFrame(X, columns=["a", "b"], index=backwards)
    data = Dataset(frame, pd.Series(Y, index=backwards))
    batches = RecordBatches(data, 10, shuffle=True, generator=seeded())
    for records, labels in batches:
        expected, classes = zip(*(data[i] for i in batches.rows.tolist()), strict=True)
        assert list(records) == ["a", "b"]
        for name, values in records.items():
            np.testing.assert_array_equal(values, [record[name] for record in expected])
        np.testing.assert_array_equal(labels, classes)


def test_poisson_batches():
    batches = RecordBatches(Dataset(X, Y), 5, poisson=True, generator=seeded())
    assert batches.sample_rate == 0.2
    rows = [batches.rows.tolist() for _ in range(400) for _ in batches]
    sizes = np.array([len(drawn) for drawn in rows])
    # binomial: mean 5 and variance 4, over 2,000 batches
    assert abs(sizes.mean() - 5) < 4 * 2 / np.sqrt(2000)
    assert 3.5 < sizes.var() < 4.5
    shares = np.bincount(np.concatenate(rows).astype(int), minlength=25) / len(rows)
    assert np.abs(shares - 0.2).max() < 4 * 0.4 / np.sqrt(2000)
    assert 0 in sizes
