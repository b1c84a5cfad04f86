"""RelaxLoss: training that stops at a target loss, and flattens the answers there."""

from math import log
from numbers import Real
from typing import ClassVar

from torch.nn.functional import cross_entropy, softmax

from skmia.neural_network._defense import Defense
from skmia.utils._sklearn import Interval, StrOptions


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
    Epochs are counted over all calls of `partial_fit`. Weights of records count wherever a mean is
    taken.

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
        """Return the flattening loss of each record."""
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
