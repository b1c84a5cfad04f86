"""What the penalties of fairness have in common: groups of records."""

from abc import abstractmethod
from numbers import Integral
from typing import ClassVar

import numpy as np
from skorch.utils import to_tensor
from torch.nn.functional import one_hot

from skmia.neural_network._groups import training_groups
from skmia.neural_network._property_penalty import PropertyPenalty

__all__ = ["FairnessPenalty"]


class FairnessPenalty(PropertyPenalty):
    """Base of the penalties of fairness, which know the groups of the records.

    Parameters
    ----------
    weight : float, default=0.001
        What the penalty is multiplied by, at least 0.
    sensitive_features : str, int, list, callable or None, default=None
        What the groups come from.
    form : {"absolute", "squared", "direct"}, default="absolute"
        What grows with the property.
    detach : bool, default=True
        Whether the property is a measured constant in the first two forms, or has gradients.
    n_measurements : int, default=5
        Measurements in an epoch, at least 1.
    n_records : int, default=1000
        Training records drawn for a measurement, at least 2.
    penalize_bias : bool, default=False
        Whether biases are penalized too.
    """

    needs_probabilities = True
    _parameter_constraints: ClassVar[dict] = {
        **PropertyPenalty._parameter_constraints,
        "sensitive_features": [str, Integral, list, tuple, callable, None],
    }

    def __init__(
        self,
        weight=1e-3,
        *,
        sensitive_features=None,
        form="absolute",
        detach=True,
        n_measurements=5,
        n_records=1000,
        penalize_bias=False,
    ):
        super().__init__(
            weight,
            form=form,
            detach=detach,
            n_measurements=n_measurements,
            n_records=n_records,
            penalize_bias=penalize_bias,
        )
        self.sensitive_features = sensitive_features

    @abstractmethod
    def unfairness(self, proba, y, groups):
        """Return the property of some records.

        Parameters
        ----------
        proba : torch.Tensor of shape (n_records, n_classes)
            Probabilities, perhaps with gradients.
        y : torch.Tensor of int, shape (n_records,)
            True classes, from 0 on.
        groups : ndarray of int, shape (n_records,)
            Groups, from 0 on.

        Returns
        -------
        torch.Tensor
            One number.
        """

    def begin(self, net):
        """Find the groups of the records.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        """
        super().begin(net)
        codes = training_groups(net, self.sensitive_features, self.generator_)
        sizes = np.bincount(codes[net.training.rows], minlength=codes.max() + 1)
        self.codes_, self.shares_ = codes, sizes / sizes.sum()

    def soft_property(self, net, logits, y):
        """Return the property of the present batch, of its probabilities.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module says of the batch.
        y : torch.Tensor of shape (n_records,)
            Labels, from 0 on.

        Returns
        -------
        torch.Tensor
            One number, with gradients.
        """
        groups = self.codes_[net.training.batches.rows]
        return self.unfairness(logits.softmax(dim=1), y, groups)

    def hard_property(self, net, rows):
        """Return the property of some records, of their predicted labels.

        Parameters
        ----------
        net : RegularizedNet
            The network, whose module is in evaluation mode.
        rows : ndarray of int
            Their rows.

        Returns
        -------
        torch.Tensor
            One number.
        """
        X, y = net.training.take(rows)
        answers = self.answers(net.infer(X))
        return self.unfairness(answers, to_tensor(y, device=answers.device), self.codes_[rows])

    def answers(self, logits):
        """Return what is measured of the module's answers: predicted labels.

        Parameters
        ----------
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module says.

        Returns
        -------
        torch.Tensor of shape (n_records, n_classes)
            1 for the predicted label of a record, and 0 for others.
        """
        return one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)
