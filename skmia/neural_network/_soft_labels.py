"""Softer labels, and a price on certain answers."""

from numbers import Real
from typing import ClassVar

import torch
from torch.nn.functional import cross_entropy, log_softmax

from skmia.neural_network._defense import Defense
from skmia.utils._sklearn import Interval


class LabelSmoothing(Defense):
    r"""Train on labels that are not quite certain.

    The label :math:`y` of a record becomes the distribution

    .. math:: t_c = (1 - \varepsilon) [c = y] + \varepsilon / C

    over the :math:`C` classes, and the loss is the cross entropy :math:`-\sum_c t_c \log p_c` with
    the answer :math:`p`. So the network gains nothing from being surer of its training records than
    :math:`1 - \varepsilon + \varepsilon / C`. A smoothing of 0 is plain training.

    Attackers know of the defense: their shadow models must be clones of the defended classifier.
    Smoothing also makes the confidences of members alike, so that some attacks gain from a small
    :math:`\varepsilon`: measure rather than trust.

    Parameters
    ----------
    smoothing : float, default=0.1
        The share :math:`\varepsilon` of the label to spread over all classes, in [0, 1). The
        default is that of [2]_.

    References
    ----------
    .. [1] C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens, Z. Wojna, "Rethinking the Inception
       Architecture for Computer Vision", CVPR 2016, section 7.
    .. [2] The RelaxLoss paper, as in :class:`RelaxLoss`, where it is a baseline.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.neural_network import LabelSmoothing, RegularizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = RegularizedMLPClassifier(
    ...     lr=0.01, max_epochs=50, defense=LabelSmoothing(0.3), random_state=0
    ... )
    >>> bool(net.fit(X, y).predict_proba(X).max() < 0.9)
    True
    """

    replaces_criterion = True
    _parameter_constraints: ClassVar[dict] = {"smoothing": [Interval(Real, 0, 1, closed="left")]}

    def __init__(self, smoothing=0.1):
        self.smoothing = smoothing

    def loss(self, net, logits, y):
        """Return the cross entropy with the smoothed labels."""
        # record by record, as the network's mean has their weights
        return net.mean(cross_entropy(logits, y, label_smoothing=self.smoothing, reduction="none"))


class ConfidencePenalty(Defense):
    r"""Make certain answers costly.

    The loss of a record with label :math:`y` and answer :math:`p` is

    .. math:: -\log p_y - \beta H(p), \qquad H(p) = -\sum_c p_c \log p_c

    so that the network stays less sure of its training records. A weight of 0 is plain training.

    Attackers know of the defense: their shadow models must be clones of the defended classifier.

    Parameters
    ----------
    weight : float, default=0.1
        The weight :math:`\beta` of the entropy, at least 0. The default is that of [2]_.

    References
    ----------
    .. [1] G. Pereyra, G. Tucker, J. Chorowski, Ł. Kaiser, G. Hinton, "Regularizing Neural Networks
       by Penalizing Confident Output Distributions", ICLR 2017 workshop, section 3.
    .. [2] The RelaxLoss paper, as in :class:`RelaxLoss`, where it is a baseline.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.neural_network import ConfidencePenalty, RegularizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = RegularizedMLPClassifier(
    ...     lr=0.01, max_epochs=50, defense=ConfidencePenalty(1.0), random_state=0
    ... )
    >>> bool(net.fit(X, y).predict_proba(X).max() < 0.9)
    True
    """

    replaces_criterion = True
    _parameter_constraints: ClassVar[dict] = {"weight": [Interval(Real, 0, None, closed="left")]}

    def __init__(self, weight=0.1):
        self.weight = weight

    def loss(self, net, logits, y):
        """Return the cross entropy less the weighted entropy of the answers."""
        loss = cross_entropy(logits, y, reduction="none")
        return net.mean(loss - self.weight * entropies(logits))


def entropies(logits):
    """Return the entropy of each answer, in nats."""
    # p log p of an answer that rounds to 0 is NaN, of its logarithm it is 0
    log_p = log_softmax(logits, dim=1)
    return -torch.sum(log_p.exp() * log_p, dim=1)
