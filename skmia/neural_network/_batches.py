"""Batches of records that know which rows they hold."""

import inspect

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.dataset import Dataset
from skorch.utils import is_pandas_ndframe, multi_indexing
from torch.utils.data import Subset, default_collate


class RecordBatches:
    """Iterate over a data set in batches, and tell in `rows` which records each holds.

    Rows count in the whole data set, also where `dataset` is a subset of it. With `poisson`, each
    record is in each batch by chance, independently of all others; then `batch_size` is the number
    expected, and a batch may be empty.
    """

    def __init__(self, dataset, batch_size=128, *, shuffle=False, poisson=False, generator=None):
        self.dataset, self._subset = whole_and_rows(dataset)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.poisson = poisson
        self.generator = generator  # on the CPU; None for torch's global one
        self.n_records = len(dataset)
        self.rows = None

    def __len__(self):
        """Return the number of batches in an epoch."""
        return -(-self.n_records // self.batch_size)

    def __iter__(self):
        """Yield records and labels of each batch of an epoch."""
        for rows in self._drawn() if self.poisson else self._in_order():
            self.rows = rows if self._subset is None else self._subset[rows]
            yield take_rows(self.dataset, self.rows)

    def _in_order(self):
        order = np.arange(self.n_records)
        if self.shuffle:
            order = torch.randperm(self.n_records, generator=self.generator).numpy()
        for start in range(0, self.n_records, self.batch_size):
            yield order[start : start + self.batch_size]

    def _drawn(self):
        # independent draws are what the accounting of differential privacy is about
        share = self.sample_rate
        for _ in range(len(self)):
            drawn = torch.rand(self.n_records, generator=self.generator, dtype=torch.float64)
            yield np.flatnonzero(drawn.numpy() < share)

    @property
    def sample_rate(self):
        """Return the share of the records that a batch is expected to hold, in (0, 1]."""
        return min(1.0, 1 / len(self))


def knows_rows(net):
    """Tell whether batches of training tell their rows, which torch's DataLoader does not."""
    return inspect.isclass(net.iterator_train) and issubclass(net.iterator_train, RecordBatches)


def size_of_batch(net, n_records):
    """Return how many of `n_records` are in a batch of training; skorch's -1 means all."""
    # skorch lets iterator_train__batch_size win over batch_size
    size = net.get_params_for("iterator_train").get("batch_size", net.batch_size)
    return n_records if size == -1 else size


def take_rows(dataset, rows):
    """Return records and labels of some rows, as a batch; sparse records become dense."""
    if type(dataset) is not Dataset:  # one of the user's own may transform its records
        return default_collate([dataset[i] for i in rows.tolist()])
    # all rows are cut out of the arrays at once, where a DataLoader collects record by record
    labels = np.zeros(len(rows)) if dataset.y is None else _rows_of(dataset.y, rows)
    return _dense(_rows_of(dataset.X, rows)), labels


def whole_and_rows(dataset):
    """Return the data set that a subset is taken of, and its rows there, None if all."""
    rows = None
    while isinstance(dataset, Subset):
        inner = np.asarray(dataset.indices)
        # a subset of a subset counts in the subset, so its rows are looked up there
        rows = inner if rows is None else inner[rows]
        dataset = dataset.dataset
    return dataset, rows


def _rows_of(data, rows):
    if is_pandas_ndframe(data):
        return _columns(data.iloc[rows])
    # skorch looks at each row number by itself
    return data[rows] if issparse(data) or _is_array(data) else multi_indexing(data, rows)


def _columns(frame):
    """Return the values of a series, or a frame's columns by name, as skorch has it."""
    if frame.ndim == 1:
        return np.array(frame)
    return {name: np.array(column)[:, None] for name, column in frame.items()}


def _is_array(data):
    return isinstance(data, np.ndarray | torch.Tensor)


def _dense(batch):
    return batch.toarray() if issparse(batch) else batch
