"""A network that infers membership from an answer and a label."""

import torch
from torch import nn
from torch.nn.functional import one_hot

from skmia.neural_network._mlp import MLP

__all__ = ["MembershipNetwork"]


class MembershipNetwork(nn.Module):
    """Two branches, for the answer and for the label, and a trunk that joins them.

    Parameters
    ----------
    n_classes : int
        Numbers in an answer.
    answer_layer_sizes, label_layer_sizes : tuple of int
        Units of the layers of each branch, at least one.
    joint_layer_sizes : tuple of int
        Units of the trunk's hidden layers.
    dtype : torch.dtype
        The type of the parameters.
    generator : torch.Generator
        What draws the initial weights.
    """

    def __init__(
        self, n_classes, answer_layer_sizes, label_layer_sizes, joint_layer_sizes, dtype, generator
    ):
        super().__init__()
        options = {"dtype": dtype, "generator": generator}
        self.answer = _branch(n_classes, answer_layer_sizes, options)
        self.label = _branch(n_classes, label_layer_sizes, options)
        width = answer_layer_sizes[-1] + label_layer_sizes[-1]
        self.joint = MLP(width, 1, joint_layer_sizes, **options)

    def forward(self, answers, y):
        """Return the logit of membership of each record.

        Parameters
        ----------
        answers : torch.Tensor of shape (n_records, n_classes)
            What a classifier says of the records.
        y : torch.Tensor of shape (n_records,)
            Their labels, from 0 on.

        Returns
        -------
        torch.Tensor of shape (n_records,)
            The logits.
        """
        labels = one_hot(y.long(), answers.shape[1]).to(answers)
        joined = torch.cat([self.answer(answers), self.label(labels)], dim=1)
        return self.joint(joined).squeeze(1)


def _branch(n_inputs, sizes, options):
    return nn.Sequential(MLP(n_inputs, sizes[-1], sizes[:-1], **options), nn.ReLU())
