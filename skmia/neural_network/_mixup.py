"""Mixup, and training records that are answered like others of their class."""

from numbers import Real
from typing import ClassVar

import numpy as np
import torch
from torch.nn.functional import cross_entropy, softmax

from skmia.neural_network._batches import check_table, reference_rows, row_batches, take
from skmia.neural_network._defense import Defense
from skmia.utils._sklearn import Interval


class MixupMMD(Defense):
    r"""Train on mixtures of records, and make answers to members like those to held-out records.

    Each batch is mixed with itself in another order: with :math:`\lambda \sim \mathrm{Beta}(a, a)`,

    .. math::
        \tilde x = \lambda x_i + (1 - \lambda) x_j, \qquad
        \tilde \ell = \lambda \ell(f(\tilde x), y_i) + (1 - \lambda) \ell(f(\tilde x), y_j).

    Between two epochs there is a second pass over the training records, class by class, while the
    accuracies on training records and on those held out differ by `gap` or more. It pairs each
    record with a random held-out record of its class, and reduces the squared maximum mean
    discrepancy of their answers :math:`p_i` and :math:`q_i`

    .. math:: \sum_{i,j} w_i w_j [k(p_i, p_j) + k(q_i, q_j) - 2 k(p_i, q_j)], \qquad
        k(p, q) = \exp\left(-\frac{\|p - q\|^2}{2 \sigma^2}\right)

    where :math:`w_i` are the weights of the records in a batch, which sum to 1, and the :math:`q`
    are constants. It is 0 where both sides get the same answers.

    Attackers know of the defense: their shadow models must be clones of the defended classifier.

    Parameters
    ----------
    mixup : float, default=1.0
        The parameter :math:`a`, at least 0: 1 draws :math:`\lambda` uniformly, 0 does not mix.
    weight : float, default=3.0
        The factor of the discrepancy, at least 0; 0 is mixup alone.
    bandwidth : float, default=1.0
        The width :math:`\sigma` of the kernel, above 0.
    gap : float, default=0.03
        The least difference of accuracies for a second pass, in [0, 1]; 0 always makes one. All
        defaults are those of a public implementation of [1]_.

    Raises
    ------
    ValueError
        In training, if records are no table of floating-point numbers, or the records held out
        come from another table.

    Notes
    -----
    From the second epoch on, the history of the network holds the difference of accuracies before
    the epoch as `accuracy_gap`, and the mean squared discrepancy in the pass before it as `mmd`.

    Held-out records are no members, but they shape the classifier: audit with records that are
    neither. The second pass leaves out classes without any. Penalties see one label of each
    mixture, that of its larger part. Codes of categories are mixed like numbers.

    References
    ----------
    .. [1] J. Li, N. Li, B. Ribeiro, "Membership Inference Attacks and Defenses in Classification
       Models", CODASPY 2021, section 4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.neural_network import MixupMMD, RegularizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = RegularizedMLPClassifier(
    ...     lr=0.01, max_epochs=20, batch_size=50, defense=MixupMMD(), random_state=0
    ... )
    >>> net.fit(X, y).score(X, y) > 0.8
    True
    """

    replaces_criterion = True
    _parameter_constraints: ClassVar[dict] = {
        "mixup": [Interval(Real, 0, None, closed="left")],
        "weight": [Interval(Real, 0, None, closed="left")],
        "bandwidth": [Interval(Real, 0, None, closed="neither")],
        "gap": [Interval(Real, 0, 1, closed="both")],
    }
    needs_held_out = True

    def __init__(self, mixup=1.0, *, weight=3.0, bandwidth=1.0, gap=0.03):
        self.mixup = mixup
        self.weight = weight
        self.bandwidth = bandwidth
        self.gap = gap

    def check(self, net):
        """Refuse records that are no table, or cannot be mixed."""
        check_table(net)
        first, _ = take(net, np.zeros(1, dtype=int))
        if self.mixup and not first.is_floating_point():
            raise ValueError(
                f"MixupMMD mixes records of floating-point numbers, got {first.dtype}. Convert "
                "them, or set mixup=0."
            )

    def begin(self, net):
        """Sort the held-out records by class."""
        self._generator = net.training.new_generator()
        seed = torch.randint(2**31, (1,), generator=self._generator).item()
        self._rng = np.random.default_rng(seed)
        rows = reference_rows(net)
        labels = np.asarray(net.training.y)
        # sorted, so that the records of a class are a slice that searchsorted finds
        self._references = rows[np.argsort(labels[rows], kind="stable")]
        self._reference_labels = labels[self._references]

    def begin_epoch(self, net):
        """Align the answers to members and held-out records, if they differ."""
        # before the first epoch there is nothing to align, and none follows the last one
        if len(net.history) == 1 or not self.weight:
            return
        gap = abs(_accuracy(net, net.training.rows) - _accuracy(net, self._references))
        net.history.record("accuracy_gap", gap)
        # a pass over the members class by class, which has the discrepancy of each batch
        pairs = row_batches(net, self._pairs(net)) if gap >= self.gap else ()
        if values := [self._align_batch(net, *batch.T) for batch in pairs]:
            net.history.record("mmd", np.mean(values))

    def step(self, net, X, y, **fit_params):
        """Return loss and answers for the mixtures of a batch."""
        share = self._rng.beta(self.mixup, self.mixup) if self.mixup else 1.0
        self._share = max(share, 1 - share)  # in law the same as another order and 1 - share
        self._others = torch.randperm(len(y), generator=self._generator).to(y.device)
        # without mixup, records may be integers, which must stay what they are
        mixed = self._share * X + (1 - self._share) * X[self._others] if self.mixup else X
        return super().step(net, mixed, y, **fit_params)

    def loss(self, net, logits, y):
        """Return the loss of the mixtures of a batch; `y` has the labels of the larger parts."""
        first = cross_entropy(logits, y, reduction="none")
        second = cross_entropy(logits, y[self._others], reduction="none")
        # each loss has to meet the weight of its own record
        second = second[torch.argsort(self._others)]
        return net.mean(self._share * first + (1 - self._share) * second)

    def end(self, net):
        """Drop the rows."""
        names = ("_generator", "_rng", "_references", "_reference_labels", "_share", "_others")
        for name in names:
            self.__dict__.pop(name, None)

    def _align_batch(self, net, members, partners):
        weights = net.training.weights
        weights = torch.ones(len(members)) if weights is None else weights[members]
        X, _ = take(net, members)
        others, _ = take(net, partners)
        # answers as the attacker sees them: no dropout, and statistics of batches stay
        others = softmax(net.evaluation_step((others, None)), dim=1)

        # in a closure, as optimizers such as LBFGS want it
        def _closure():
            net.optimizer_.zero_grad()
            own = softmax(net.infer(X), dim=1)
            value = squared_discrepancy(own, others, weights.to(own), self.bandwidth)
            (self.weight * value).backward()
            return value

        return net.optimizer_.step(_closure).item()

    def _pairs(self, net):
        """Return the members' rows by class, each with that of a held-out record of its class."""
        labels = np.asarray(net.training.y)
        # shuffled before they are sorted: batches of a class differ from epoch to epoch
        members = self._rng.permutation(net.training.rows)
        members = members[np.argsort(labels[members], kind="stable")]
        first, end = (
            np.searchsorted(self._reference_labels, labels[members], side)
            for side in ("left", "right")
        )
        known = end > first  # classes that have held-out records
        members, first, end = members[known], first[known], end[known]
        return np.stack([members, self._references[self._rng.integers(first, end)]], axis=1)


def squared_discrepancy(own, others, weights, bandwidth):
    """Return the squared maximum mean discrepancy of paired answers, by the biased estimator."""
    weights = weights / weights.sum()
    within = _kernel(own, own, bandwidth) + _kernel(others, others, bandwidth)
    return weights @ (within - 2 * _kernel(own, others, bandwidth)) @ weights


def _kernel(p, q, bandwidth):
    # a matrix product is much faster than all differences
    squares = p.square().sum(dim=1)[:, None] + q.square().sum(dim=1) - 2 * p @ q.T
    return torch.exp(-squares / (2 * bandwidth**2))


def _accuracy(net, rows):
    right = 0
    for chunk in row_batches(net, rows):
        X, y = take(net, chunk)
        right += (net.evaluation_step((X, None)).argmax(dim=1) == y).sum().item()
    return right / len(rows)
