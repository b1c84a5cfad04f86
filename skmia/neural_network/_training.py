"""What a network knows while it is trained."""

import numpy as np
import torch

from skmia.neural_network._batches import take_rows


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
        """Return records and labels of some rows, as they come in a batch."""
        return take_rows(self.dataset, rows)

    def batch_weights(self):
        """Return the weights of the present batch's records, None if all are alike."""
        return None if self.weights is None else self.weights[self.batches.rows]
