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
from skmia.neural_network._batches import check_table, row_batches, take
from skmia.neural_network._defense import Defense
from skmia.neural_network._soft_labels import entropies
from skmia.utils._sklearn import Interval, StrOptions

# The share by which the largest of the values revealed is raised, so that it is the largest alone.
RAISED = 1e-6


class HAMP(Defense):
    r"""Train on soft labels of high entropy, and reveal the ranking of the classes alone.

    In training, the label of a record gives its class the largest probability :math:`q`, and all
    others :math:`(1 - q) / (C - 1)`, so that the entropy of this distribution :math:`t` over
    :math:`C` classes is at least :math:`\gamma \ln C`. The loss is

    .. math:: \frac{1}{n} \sum_i \mathrm{KL}(t_i \| p_i) - \alpha \frac{1}{n} \sum_i H(p_i)

    with the answers :math:`p_i` and their entropies :math:`H(p_i)`.

    Afterwards the network answers random inputs and keeps these answers, sorted. The sorted values
    of each later answer are replaced by those of one of them, chosen by the ranking of the classes
    alone. So a revealed answer is a function of this ranking: the same for a record in any batch,
    however often it is asked. With two classes it tells the label alone.

    Attackers know of the defense: their shadow models must be clones of the defended classifier.
    They can still use the label and, with many classes, the order of the others.

    Parameters
    ----------
    entropy : float, default=0.8
        The entropy :math:`\gamma` of soft labels as a share of :math:`\ln C`, in [0, 1]; 0 keeps
        hard labels. The paper takes 0.8 for Purchase100, 0.6 for Texas100 and 0.5 for Location30.
    weight : float, default=0.01
        The weight :math:`\alpha` of the answers' entropy, at least 0; the paper's for Purchase100
        and Texas100. See the note on `reduction`.
    reduction : {"batchmean", "mean"}, default="batchmean"
        What divides the sum of the divergences: the number of records or, as in the authors' code,
        the number of records times :math:`C`.
    modify_outputs : bool, default=True
        Whether to replace the values of answers; if not, HAMP acts in training alone.
    n_random : int, default=200
        Number of answers to random inputs to keep, at least 1.

    Attributes
    ----------
    random_outputs_ : ndarray of shape (n_random, n_classes)
        The module's answers to random inputs, each sorted downward. Only with `modify_outputs`.

    Raises
    ------
    ValueError
        In training with `modify_outputs`, if records are no array or sparse matrix of numbers.
    NotFittedError
        If the network is asked before it was trained, as with parameters loaded from a file.

    Notes
    -----
    Soft labels alone need not hide members: a small network in long training fits them as closely
    as hard ones, and members may stand out more. Without `modify_outputs`, measure.

    With ``reduction="mean"`` the first term is :math:`C` times smaller: the entropy weighs as much
    as :math:`\alpha C` does with "batchmean", and the authors use a learning rate of 0.5.

    A random input has, in each column, a uniform number between the least and the largest of the
    training records, or one of the two values of a column that has no others. Binary tables so get
    the inputs of the paper, uniform binary records. The inputs are dropped after training.

    The largest value of each kept answer is raised by a millionth, so that labels are the module's
    own. Classes that the module finds exactly equal rank in the order of `classes_`.

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
        self, entropy=0.8, *, weight=0.01, reduction="batchmean", modify_outputs=True, n_random=200
    ):
        self.entropy = entropy
        self.weight = weight
        self.reduction = reduction
        self.modify_outputs = modify_outputs
        self.n_random = n_random

    def check(self, net):
        """Refuse records that random inputs cannot be drawn like."""
        if self.modify_outputs:
            check_table(net)

    def begin(self, net):
        """Draw random inputs."""
        if self.modify_outputs:
            self._inputs = random_records(net, self.n_random, net.training.new_generator())

    def loss(self, net, logits, y):
        """Return the divergence from the soft labels less the weighted entropy of the answers."""
        n_classes = logits.shape[1]
        own = label_confidence(n_classes, self.entropy)
        others = (1 - own) / max(n_classes - 1, 1)  # of a single class there are no others
        soft = others + (own - others) * one_hot(y.long(), n_classes).to(logits)
        # of each record by itself, since records have weights; kl_div takes logarithms first
        divergence = kl_div(log_softmax(logits, dim=1), soft, reduction="none").sum(dim=1)
        if self.reduction == "mean":  # torch's, which averages over the classes, too
            divergence = divergence / n_classes
        return net.mean(divergence - self.weight * entropies(logits))

    def finish(self, net):
        """Keep the answers to random inputs."""
        if self.modify_outputs:
            self.random_outputs_ = self._outputs(net)

    def end(self, net):
        """Drop the random inputs."""
        self.__dict__.pop("_inputs", None)

    def answer(self, net, proba):
        """Return answers with the same rankings and other values."""
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

    def _outputs(self, net):
        """Return the module's answers to the random inputs, each sorted downward."""
        proba = torch.softmax(net.evaluation_step((self._inputs, None)), dim=1)
        # scaled down before the first is raised, so that each answer still sums to 1
        outputs = proba.sort(dim=1, descending=True).values * (1 - RAISED)
        outputs[:, 0] += RAISED
        return outputs.cpu().numpy()


def label_confidence(n_classes, entropy):
    """Return the probability of the own class in soft labels of at least the entropy.

    It is the largest of 1, 0.99, 0.98, ... that gives this share of ln(n_classes), and
    1 / n_classes if none does.
    """
    own = np.arange(100, 0, -1) / 100  # the steps of the authors' code
    others = max(n_classes - 1, 1)
    # the small number forgives rounding where the entropy is met exactly, as by guessing
    enough = entr(own) + others * entr((1 - own) / others) >= entropy * log(n_classes) - 1e-12
    return max(own[enough.argmax()].item() if enough.any() else 0.0, 1 / n_classes)


def replace_magnitudes(proba, outputs):
    """Replace the sorted values of each answer by one row of `outputs`, chosen by its ranking.

    Rows of `outputs` are sorted downward; of equal values in an answer the first counts as larger.
    """
    # stable, so that ties do not depend on which other records are in the batch
    ranking = np.argsort(-proba, axis=1, kind="stable")
    # a hash of the ranking: a random draw would be averaged out by asking again
    chosen = fingerprint(ranking) % np.uint64(len(outputs))
    revealed = np.empty_like(proba)
    np.put_along_axis(revealed, ranking, outputs[chosen].astype(proba.dtype), axis=1)
    return revealed


def random_records(net, n_records, generator):
    """Draw records within the ranges of the columns that a network is trained on.

    A number is uniform between the least and the largest of its column; in a column of two values,
    it is one of them.
    """
    low, high, binary = _ranges(net)
    share = torch.rand((n_records, *low.shape), generator=generator, dtype=torch.float64)
    share = share.to(low.device)
    share = torch.where(binary, share.round(), share)
    if low.is_floating_point():
        return torch.lerp(low, high, share.to(low))
    dtype = low.dtype
    low, high = low.double(), high.double()
    # each of high - low + 1 integers has the same chance; a share of 1, as of binary columns, would
    # go beyond the last
    return torch.minimum(low + torch.floor(share * (high - low + 1)), high).to(dtype)


def _ranges(net):
    """Return least and largest values of the columns, and which columns hold no others."""
    low = high = None
    for rows in row_batches(net, net.training.rows):
        X, _ = take(net, rows)
        low = X.amin(dim=0) if low is None else torch.minimum(low, X.amin(dim=0))
        high = X.amax(dim=0) if high is None else torch.maximum(high, X.amax(dim=0))
    # a second pass, since only now it is known what the two values would be
    binary = torch.ones_like(low, dtype=torch.bool)
    for rows in row_batches(net, net.training.rows):
        X, _ = take(net, rows)
        binary &= (low.eq(X) | high.eq(X)).all(dim=0)
    return low, high, binary
