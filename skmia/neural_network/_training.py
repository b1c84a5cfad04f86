"""What a network knows while it is trained."""

import numpy as np
import torch

from skmia.neural_network._batches import take_rows

__all__ = ["Training"]


class Training:
    """What a fit knows while it runs. It goes when the fit ends, and all records with it.

    Parameters
    ----------
    records, labels : array-like of shape (n_records, ...)
        The records and labels as the user gave them.
    X : array-like of shape (n_records, ...)
        The records as the network takes them.
    y : array-like of shape (n_records,)
        Their labels, as the network takes them.
    dataset : torch Dataset
        Both as skorch reads them.
    weights : ndarray of shape (n_records,) or None
        The weight of each record in the loss; None for equal weights.
    rng : RandomState
        What seeds the generators.

    Attributes
    ----------
    rows, held_out : ndarray of int
        The rows that the network is trained on, and those held out; None until they are split.
    penalties : list of tuple
        Pairs of a name and a penalty.
    batches : RecordBatches
        The batches of the epoch, which know their rows.
    X_batch : torch.Tensor of shape (n_records, ...)
        The records of the present batch.
    """

    def __init__(self, records, labels, X, y, dataset, weights, rng):
        self.records, self.labels, self.X, self.y, self.dataset = records, labels, X, y, dataset
        self.weights = weights
        self.rows = self.held_out = self.batches = self.X_batch = None
        self.penalties = []
        # the order of the batches must not depend on what else needs chance
        self._rng = np.random.RandomState(rng.randint(np.iinfo(np.int32).max))
        self.batch_generator = self.new_generator()

    def new_generator(self):
        """Return a generator of its own seed.

        Returns
        -------
        torch.Generator
            A generator on the CPU.
        """
        seed = int(self._rng.randint(np.iinfo(np.int32).max))
        return torch.Generator().manual_seed(seed)

    def split(self, rows, held_out):
        """Set which rows are trained on and which are held out, and scale the weights to mean 1.

        Parameters
        ----------
        rows : ndarray of int
            The rows trained on.
        held_out : ndarray of int or None
            The rows held out.
        """
        self.rows, self.held_out = rows, held_out
        if self.weights is not None:
            self.weights = torch.as_tensor(self.weights / self.weights[rows].mean())

    def take(self, rows):
        """Return some records and their labels, as they come in a batch.

        Parameters
        ----------
        rows : ndarray of int
            Their rows.

        Returns
        -------
        X : array-like of shape (n_rows, ...)
            Records; sparse ones become dense.
        y : array-like of shape (n_rows,)
            Labels.
        """
        return take_rows(self.dataset, rows)

    def batch_weights(self):
        """Return the weights of the present batch's records, None if all are alike.

        Returns
        -------
        torch.Tensor of shape (n_records,) or None
            The weights.
        """
        return None if self.weights is None else self.weights[self.batches.rows]
