"""HAMP: soft labels of high entropy, and answers whose magnitudes say nothing."""

from math import log
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import torch
from scipy.special import entr
from sklearn.exceptions import NotFittedError
from torch.nn.functional import kl_div, log_softmax, one_hot

from skmia._records import fingerprint
from skmia.neural_network._defense import Defense
from skmia.neural_network._random_records import random_records
from skmia.neural_network._soft_labels import entropies
from skmia.neural_network._table import check_table
from skmia.utils._sklearn import Interval, StrOptions

__all__ = ["HAMP", "label_confidence", "replace_magnitudes"]

# The share by which the largest of the values revealed is raised, so that it is the largest alone.
RAISED = 1e-6


class HAMP(Defense):
    r"""Train on soft labels of high entropy, and reveal the ranking of the classes alone.

    In training, the label of a record gives its class the largest probability :math:`q`, and all
    others :math:`(1 - q) / (C - 1)`, so that the entropy of this distribution :math:`t` over
    :math:`C` classes is at least :math:`\gamma \ln C`. The loss is

    .. math:: \frac{1}{n} \sum_i \mathrm{KL}(t_i \| p_i) - \alpha \frac{1}{n} \sum_i H(p_i)

    with the answers :math:`p_i` and their entropies :math:`H(p_i)`.

    Afterwards the network answers random inputs, and these answers, sorted, are kept. The sorted
    values of each later answer are replaced by those of one of them. Which one depends on the
    ranking of the classes alone, so a revealed answer is a function of this ranking: the same for
    a record in any batch and however often it is asked. Of two classes it tells the label alone.

    The attacker is assumed to know of it: attack with shadow models that are clones of the defended
    classifier. What he can still use is the label and, of many classes, the order of the others.

    Parameters
    ----------
    entropy : float, default=0.8
        The entropy :math:`\gamma` of soft labels as a share of :math:`\ln C`, in [0, 1]; 0 keeps
        hard labels. The paper takes 0.8 for Purchase100, 0.6 for Texas100 and 0.5 for Location30.
    weight : float, default=0.01
        The weight :math:`\alpha` of the answers' entropy, at least 0; the paper's for Purchase100
        and Texas100. See the note on `reduction`.
    reduction : {"batchmean", "mean"}, default="batchmean"
        What the sum of the divergences is divided by: the number of records, or, as in the authors'
        code, the number of records times :math:`C`.
    modify_outputs : bool, default=True
        Whether the values of answers are replaced; if not, HAMP acts in training alone.
    n_random : int, default=200
        Answers to random inputs that are kept, at least 1.

    Attributes
    ----------
    random_outputs_ : ndarray of shape (n_random, n_classes)
        The module's answers to random inputs, each sorted downward. Only with `modify_outputs`.

    Raises
    ------
    ValueError
        If records are no array or sparse matrix of numbers, with `modify_outputs`, when the network
        is trained.
    NotFittedError
        If the network is asked before it was trained, say with parameters loaded from a file.

    See Also
    --------
    LabelSmoothing : Soft labels with a given share for all classes.

    Notes
    -----
    Soft labels alone need not hide members: a small network that is trained for long fits them as
    closely as hard ones, and members may stand out more. Without `modify_outputs`, measure.

    With ``reduction="mean"`` the first term is :math:`C` times smaller, so the authors use a
    learning rate of 0.5; the entropy then weighs as much as :math:`\alpha C` does with
    "batchmean". By default training goes well at ordinary learning rates.

    A number of a random input is drawn uniformly between the least and the largest of the column
    in the training records; of a column that has two values, such as 0 and 1, one of the two. So
    the inputs of the paper, uniform binary records, are what binary tables get. The inputs are
    dropped after training. While the network is trained, callbacks see revealed answers of the
    present module.

    The largest value of each kept answer is raised by a millionth, so that labels are the module's
    own. Classes that the module finds exactly equal are ranked in the order of `classes_`.

    References
    ----------
    .. [1] Z. Chen, K. Pattabiraman, "Overconfidence is a Dangerous Thing: Mitigating Membership
       Inference Attacks by Enforcing Less Confident Prediction", NDSS 2024, section IV.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skmia.neural_network import HAMP, RegularizedMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> net = RegularizedMLPClassifier(max_epochs=10, defense=HAMP(), random_state=0)
    >>> net.fit(scale(X), y).score(scale(X), y) > 0.9
    True
    >>> len(np.unique(net.predict_proba(scale(X)), axis=0))  # one answer for each label
    2
    """

    replaces_criterion = True
    _parameter_constraints: ClassVar[dict] = {
        "entropy": [Interval(Real, 0, 1, closed="both")],
        "weight": [Interval(Real, 0, None, closed="left")],
        "reduction": [StrOptions({"batchmean", "mean"})],
        "modify_outputs": ["boolean"],
        "n_random": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(
        self,
        entropy=0.8,
        *,
        weight=0.01,
        reduction="batchmean",
        modify_outputs=True,
        n_random=200,
    ):
        self.entropy = entropy
        self.weight = weight
        self.reduction = reduction
        self.modify_outputs = modify_outputs
        self.n_random = n_random

    def check(self, net):
        """Refuse records that no random inputs can be drawn like.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        """
        if self.modify_outputs:
            check_table(net)

    def begin(self, net):
        """Draw random inputs.

        Parameters
        ----------
        net : RegularizedNet
            The network, whose `training` tells the records.
        """
        if self.modify_outputs:
            self._inputs = random_records(net, self.n_random, net.training.new_generator())

    def loss(self, net, logits, y):
        """Return the divergence from the soft labels less the weighted entropy of the answers.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module said.
        y : torch.Tensor of shape (n_records,)
            Labels, from 0 on.

        Returns
        -------
        torch.Tensor
            One number, with gradients.
        """
        soft = self._soft_labels(y, logits)
        divergence = kl_div(log_softmax(logits, dim=1), soft, reduction="none").sum(dim=1)
        if self.reduction == "mean":
            divergence = divergence / logits.shape[1]
        return net.mean(divergence - self.weight * entropies(logits))

    def finish(self, net):
        """Keep the answers to random inputs.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        """
        if self.modify_outputs:
            self.random_outputs_ = self._outputs(net)

    def end(self, net):
        """Drop the random inputs.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        """
        self.__dict__.pop("_inputs", None)

    def answer(self, net, proba):
        """Return answers with the same rankings and other values.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        proba : ndarray of shape (n_records, n_classes)
            Probabilities that the module gave.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Those revealed.
        """
        if not self.modify_outputs:
            return proba
        if hasattr(self, "_inputs"):  # a callback asks while the network is trained
            return replace_magnitudes(proba, self._outputs(net))
        if not hasattr(self, "random_outputs_"):
            raise NotFittedError(
                "HAMP has no answers to random inputs to reveal yet. Call fit, or set "
                "modify_outputs=False."
            )
        return replace_magnitudes(proba, self.random_outputs_)

    def _soft_labels(self, y, logits):
        n_classes = logits.shape[1]
        own = label_confidence(n_classes, self.entropy)
        others = (1 - own) / max(n_classes - 1, 1)
        hard = one_hot(y.long(), n_classes).to(logits)
        return others + (own - others) * hard

    def _outputs(self, net):
        """Return the module's answers to the random inputs, each sorted downward."""
        proba = torch.softmax(net.evaluation_step((self._inputs, None)), dim=1)
        outputs = proba.sort(dim=1, descending=True).values * (1 - RAISED)
        outputs[:, 0] += RAISED
        return outputs.cpu().numpy()


def label_confidence(n_classes, entropy):
    """Return the probability of the own class in soft labels of at least the entropy.

    Parameters
    ----------
    n_classes : int
        Classes.
    entropy : float
        The entropy as a share of that of guessing, in [0, 1].

    Returns
    -------
    float
        The largest of 1, 0.99, 0.98, ... that gives the entropy; 1 / n_classes if none does.

    Examples
    --------
    >>> label_confidence(100, 0.8)
    0.33
    """
    own = np.arange(100, 0, -1) / 100
    others = max(n_classes - 1, 1)
    enough = entr(own) + others * entr((1 - own) / others) >= entropy * log(n_classes) - 1e-12
    return max(own[enough.argmax()].item() if enough.any() else 0.0, 1 / n_classes)


def replace_magnitudes(proba, outputs):
    """Replace the sorted values of each answer by one row of others, chosen by the ranking.

    Parameters
    ----------
    proba : ndarray of shape (n_records, n_classes)
        Answers.
    outputs : ndarray of shape (n_outputs, n_classes)
        Rows that are sorted downward.

    Returns
    -------
    ndarray of shape (n_records, n_classes)
        Answers with the same rankings; of equal values the first counts as the larger.
    """
    ranking = np.argsort(-proba, axis=1, kind="stable")
    chosen = fingerprint(ranking) % np.uint64(len(outputs))
    revealed = np.empty_like(proba)
    np.put_along_axis(revealed, ranking, outputs[chosen].astype(proba.dtype), axis=1)
    return revealed
