"""The records of a network while it is trained: by their rows, in batches that know them."""

import inspect

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.dataset import Dataset
from skorch.utils import is_pandas_ndframe, multi_indexing, to_tensor
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
    records = _rows_of(dataset.X, rows)
    return records.toarray() if issparse(records) else records, labels


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
    by_rows = issparse(data) or isinstance(data, np.ndarray | torch.Tensor)
    return data[rows] if by_rows else multi_indexing(data, rows)


def _columns(frame):
    """Return the values of a series, or a frame's columns by name, as skorch has it."""
    if frame.ndim == 1:
        return np.array(frame)
    return {name: np.array(column)[:, None] for name, column in frame.items()}


def check_table(net):
    """Refuse records that cannot be taken by rows: no array, tensor or sparse matrix."""
    X, y = net.training.X, net.training.y
    if not (isinstance(X, np.ndarray | torch.Tensor) or issparse(X)) or y is None:
        raise ValueError(
            f"{type(net.defense_).__name__} needs records in one array, tensor or sparse matrix "
            f"and labels in another, got X of type {type(X).__name__}."
        )


def reference_rows(net):
    """Return the rows held out, which help to defend the members; refuse to have none."""
    held_out = net.training.held_out
    if held_out is None or not len(held_out):
        raise ValueError(
            f"{type(net.defense_).__name__} needs records held out from training, but train_split "
            "held out none: use train_split=skorch.dataset.ValidSplit(...)."
        )
    # rows of two tables, as of skorch's predefined_split, are both counted from 0
    if len(np.intersect1d(net.training.rows, held_out)):
        raise ValueError(
            f"{type(net.defense_).__name__} takes the records held out from the table given to "
            "fit: use train_split=skorch.dataset.ValidSplit(...), not predefined_split."
        )
    return held_out


def take(net, rows):
    """Return records of the table and their labels as tensors; sparse records become dense."""
    X, y = net.training.take(rows)
    return to_tensor(X, device=net.device), to_tensor(y, device=net.device)


def row_batches(net, rows):
    """Yield as many rows at once as there are in a batch of training."""
    # what fits into memory in training fits here, too
    size = size_of_batch(net, len(rows))
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


class Training:
    """What a fit knows while it runs. It goes when the fit ends, and all records with it.

    `records` and `labels` are as the user gave them, `X` and `y` as the network takes them, and
    `dataset` holds both as skorch reads them. `weights` are those of the records in the loss, None
    if all are alike. `rows` and `held_out` are None until the split.
    """

    def __init__(self, records, labels, X, y, dataset, weights, rng):
        # penalties look up groups in the user's form, where a frame still has its columns' names
        self.records = records
        self.labels = labels
        self.X = X
        self.y = y
        self.dataset = dataset
        self.weights = weights
        self.rows = self.held_out = None
        # the batches of the epoch, and the present one's records
        self.batches = self.X_batch = None
        self.penalties = []  # pairs of a name and a penalty
        # the order of the batches must not depend on what else needs chance
        self._rng = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))
        self.batch_generator = self.new_generator()

    def new_generator(self):
        """Return a generator of its own seed, on the CPU."""
        seed = int(self._rng.randint(np.iinfo(np.int32).max))
        return torch.Generator().manual_seed(seed)

    def split(self, rows, held_out):
        """Set which rows are trained on and which are held out, and scale the weights to mean 1."""
        self.rows, self.held_out = rows, held_out
        # the mean over what is trained on, so that the loss keeps its scale
        if self.weights is not None:
            self.weights = torch.as_tensor(self.weights / self.weights[rows].mean())

    def take(self, rows):
        return take_rows(self.dataset, rows)

    def batch_weights(self):
        """Return the weights of the present batch's records, None if all are alike."""
        return None if self.weights is None else self.weights[self.batches.rows]
