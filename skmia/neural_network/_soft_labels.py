"""Losses on softer labels, a price on certain answers, and a target for the loss."""

from math import log
from numbers import Real
from typing import ClassVar

import torch
from torch.nn.functional import cross_entropy, log_softmax, softmax

from skmia.neural_network._defense import Defense
from skmia.utils._sklearn import Interval, StrOptions


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
    .. [2] D. Chen, N. Yu, M. Fritz, "RelaxLoss: Defending Membership Inference Attacks without
       Losing Utility", ICLR 2022, where it is a baseline.

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
    .. [2] D. Chen, N. Yu, M. Fritz, "RelaxLoss: Defending Membership Inference Attacks without
       Losing Utility", ICLR 2022, where it is a baseline.

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


class RelaxLoss(Defense):
    r"""Keep the training loss at a target level instead of driving it to 0.

    Small losses give members away. With :math:`L` the mean cross entropy of a batch and
    :math:`\alpha` the target, every other epoch, from the first on, trains on
    :math:`|L - \alpha|`, which makes the loss of a batch grow once it is below the target. The
    epochs between train on :math:`L` where :math:`L > \alpha`, and otherwise flatten the answers
    :math:`p`: the soft label of a record of class :math:`y` is

    .. math:: t_y = \min(p_y, u), \qquad t_c = \frac{1 - t_y}{C - 1} \quad (c \ne y)

    and the loss the mean of :math:`-\sum_c t_c \log p_c` ("tabular"), or of
    :math:`-[\arg\max p \ne y] \sum_c t_c \log p_c + \log p_y` ("image"). A target of 0 is plain
    training.

    Attackers know of the defense: their shadow models must be clones of the defended classifier.
    Attacks that are calibrated for each record suffer less than those with one threshold.

    Parameters
    ----------
    target_loss : float, default=None
        The target :math:`\alpha`, at least 0 and below :math:`\ln C`, the loss of guessing. None
        takes :math:`\ln(C) / 2`, which is this library's choice: the paper's targets lie between
        :math:`0.11 \ln C` and :math:`0.54 \ln C`. A target above the loss that the network reaches
        on other records costs accuracy.
    upper : float, default=1.0
        The most :math:`u` that a soft label gives the true class, in (0, 1]. The paper takes 0.3
        for Purchase100, 0.1 for Texas100 and 1 for images.
    variant : {"tabular", "image"}, default="tabular"
        Which records to flatten: all, or only those that are classified wrongly, while the loss of
        the others grows.
    detach_targets : bool, default=False
        Whether soft labels are constants. By default, as in the authors' code, the gradient flows
        through :math:`p_y` within them too.

    Raises
    ------
    ValueError
        In training, if `target_loss` is not below :math:`\ln C`.

    Notes
    -----
    Epochs are counted over all calls of `partial_fit`. Weights of records count in all means.

    References
    ----------
    .. [1] D. Chen, N. Yu, M. Fritz, "RelaxLoss: Defending Membership Inference Attacks without
       Losing Utility", ICLR 2022, section 4 and algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.metrics import log_loss
    >>> from skmia.neural_network import RegularizedMLPClassifier, RelaxLoss
    >>> X, y = load_iris(return_X_y=True)
    >>> net = RegularizedMLPClassifier(
    ...     lr=0.01, max_epochs=50, defense=RelaxLoss(0.4), random_state=0
    ... )
    >>> bool(log_loss(y, net.fit(X, y).predict_proba(X)) > 0.3)
    True
    """

    replaces_criterion = True
    _parameter_constraints: ClassVar[dict] = {
        "target_loss": [Interval(Real, 0, None, closed="left"), None],
        "upper": [Interval(Real, 0, 1, closed="right")],
        "variant": [StrOptions({"tabular", "image"})],
        "detach_targets": ["boolean"],
    }

    def __init__(self, target_loss=None, *, upper=1.0, variant="tabular", detach_targets=False):
        self.target_loss = target_loss
        self.upper = upper
        self.variant = variant
        self.detach_targets = detach_targets

    def loss(self, net, logits, y):
        """Return the distance from the target, the cross entropy, or the flattening loss."""
        target = self._target(logits.shape[1])
        # record by record, as the network's mean has their weights
        losses = cross_entropy(logits, y, reduction="none")
        mean = net.mean(losses)
        if len(net.history) % 2 == 1:  # the first epoch is number 0 of the paper
            return (mean - target).abs()
        return mean if mean > target else net.mean(self._flattening(logits, y, losses))

    def _target(self, n_classes):
        if self.target_loss is None:
            return log(n_classes) / 2
        if self.target_loss >= log(n_classes):
            raise ValueError(
                f"RelaxLoss needs a target_loss below ln({n_classes}) = {log(n_classes):.4g}, the "
                f"loss of guessing among {n_classes} classes, got {self.target_loss}. Set "
                "target_loss=None for half of it."
            )
        return self.target_loss

    def _flattening(self, logits, y, losses):
        soft = cross_entropy(logits, self._targets(logits, y), reduction="none")
        if self.variant == "tabular":
            return soft
        # minus the loss: gradient ascent, as in the authors' code for images
        return (logits.argmax(dim=1) != y) * soft - losses

    def _targets(self, logits, y):
        own = softmax(logits, dim=1).gather(1, y[:, None]).clamp(max=self.upper)
        # the authors' code lets the gradient flow through the soft label as well
        own = own.detach() if self.detach_targets else own
        others = (1 - own) / max(logits.shape[1] - 1, 1)  # of a single class there are no others
        return others.expand_as(logits).scatter(1, y[:, None], own)
