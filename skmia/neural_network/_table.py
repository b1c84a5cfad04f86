"""Records of a table, taken by their rows while a network is trained."""

import numpy as np
import torch
from scipy.sparse import issparse
from skorch.utils import to_tensor

from skmia.neural_network._batches import size_of_batch


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
