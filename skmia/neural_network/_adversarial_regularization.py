"""Adversarial regularization: a network trained against an attack that is trained along."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, one_hot, softmax

from skmia.neural_network._batches import check_table, reference_rows, take
from skmia.neural_network._defense import Defense
from skmia.neural_network._mlp import MLP, layer_sizes
from skmia.utils._sklearn import Interval, StrOptions


class AdversarialRegularization(Defense):
    r"""Train against a membership inference attack that is trained along.

    A second network :math:`h` infers membership of a record from its label and the answer to it.
    It maximizes its gain on training records :math:`D` and on as many reference records
    :math:`D'`, which are held out,

    .. math:: G = \tfrac{1}{2} E_D \log h(f(x), y) + \tfrac{1}{2} E_{D'} \log(1 - h(f(x), y))

    while the classifier :math:`f` minimizes its loss and what the attack gains from members,

    .. math:: E_D [\ell(f(x), y) + \lambda \log h(f(x), y)].

    An attack that can only guess has the gain :math:`-\ln 2 \approx -0.693`. The history of the
    network holds the gain of each epoch as `attack_gain`. A weight of 0 is plain training.

    Attackers know of the defense: their shadow models must be clones of the defended classifier.
    Attacks that are calibrated for each record, or that use the label alone, may find what
    :math:`h` does not.

    Parameters
    ----------
    weight : float, default=3.0
        The weight :math:`\lambda` of the attack's gain in the loss, at least 0. The paper takes 3
        for Purchase100 and 2 for Texas100.
    attack_steps : int, default=2
        Steps of the attack for each step of the classifier, at least 1. Each costs about three of
        the classifier's. The authors' code takes about 25.
    gain : {"log", "mse"}, default="log"
        The gain of the paper, or that of the authors' code, where the attack minimizes the squared
        error and the term of the classifier is :math:`\lambda (E_D h - 1/2)`.
    attack_lr : float, default=0.001
        Learning rate of the attack, which follows Adam; above 0. The authors' for Texas100.
    attack_input : {"probabilities", "logits"}, default="probabilities"
        What the attack sees of the answers: probabilities, as in the paper, or the numbers before
        the softmax, as in the authors' code. The classifier can fool the attack by arbitrarily
        large logits, so "logits" needs a smaller weight.
    answer_layer_sizes, label_layer_sizes, joint_layer_sizes : tuple of int
        Units of the attack's layers that see the answer, by default (512, 64), the label, (64,),
        and both, (64,): the authors' for Texas100.
    warm_up_epochs : int, default=1
        First epochs, at least 0, in which the attack is trained and the classifier's loss is
        plain, as in the authors' code.

    Attributes
    ----------
    attack_module_ : torch.nn.Module
        The attack. It takes answers in the form of `attack_input` and labels from 0 on, and returns
        logits of membership.

    Raises
    ------
    ValueError
        In training, if sizes are no positive integers, records are no table, or the records held
        out come from another table.

    Notes
    -----
    Reference records are no members, but they shape the classifier: audit with records that are
    neither. The share held out is the network's `validation_fraction` or `train_split`; the paper
    takes 15 to 30 % of all records. Weights of records count in the classifier's loss; the attack
    draws its records uniformly. Initial weights of the attack are torch's usual ones, as from the
    authors', of deviation 0.01, it takes many steps to learn anything.

    References
    ----------
    .. [1] M. Nasr, R. Shokri, A. Houmansadr, "Machine Learning with Membership Privacy using
       Adversarial Regularization", CCS 2018, section 3, equations 6 and 7, and algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.neural_network import AdversarialRegularization, RegularizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> defense = AdversarialRegularization(weight=1.0)
    >>> net = RegularizedMLPClassifier(lr=0.01, max_epochs=20, batch_size=50, defense=defense)
    >>> net = net.set_params(validation_fraction=0.3, random_state=0).fit(X, y)
    >>> len(net.net_.history[:, "attack_gain"])
    20
    """

    _parameter_constraints: ClassVar[dict] = {
        "weight": [Interval(Real, 0, None, closed="left")],
        "attack_steps": [Interval(Integral, 1, None, closed="left")],
        "gain": [StrOptions({"log", "mse"})],
        "attack_lr": [Interval(Real, 0, None, closed="neither")],
        "attack_input": [StrOptions({"logits", "probabilities"})],
        "answer_layer_sizes": ["array-like"],
        "label_layer_sizes": ["array-like"],
        "joint_layer_sizes": ["array-like"],
        "warm_up_epochs": [Interval(Integral, 0, None, closed="left")],
    }
    needs_held_out = True

    def __init__(
        self,
        weight=3.0,
        *,
        attack_steps=2,
        gain="log",
        attack_lr=0.001,
        attack_input="probabilities",
        answer_layer_sizes=(512, 64),
        label_layer_sizes=(64,),
        joint_layer_sizes=(64,),
        warm_up_epochs=1,
    ):
        self.weight = weight
        self.attack_steps = attack_steps
        self.gain = gain
        self.attack_lr = attack_lr
        self.attack_input = attack_input
        self.answer_layer_sizes = answer_layer_sizes
        self.label_layer_sizes = label_layer_sizes
        self.joint_layer_sizes = joint_layer_sizes
        self.warm_up_epochs = warm_up_epochs

    def check(self, net):
        """Refuse records that are no table, and wrong sizes."""
        check_table(net)
        self._sizes()

    def begin(self, net):
        """Take the rows of reference records."""
        # rows, not records: the network's table is there while it is trained
        self._references = reference_rows(net)
        self._generator = net.training.new_generator()
        self._optimizer = None  # made at the first answer, which tells the number of classes

    def begin_epoch(self, net):
        """Forget the gains of the last epoch."""
        self._gains = []

    def step(self, net, X, y, **fit_params):
        """Train the attack, and return loss and answers for a batch."""
        for _ in range(self.attack_steps):
            self._train_attack(net, len(y))
        net.module_.train()  # the attack has asked it in evaluation mode
        return super().step(net, X, y, **fit_params)

    def loss(self, net, logits, y):
        """Return the loss of a batch and what the attack gains from it."""
        loss = net.plain_loss(logits, y)
        if not self.weight or len(net.history) <= self.warm_up_epochs:
            return loss
        # the classifier's gradient goes through the attack, but must not move it
        self.attack_module_.requires_grad_(False)
        membership = self.attack_module_(self._seen(logits), y)
        # the logarithm of a sigmoid that rounds to 0 would be infinite
        gain = logsigmoid(membership) if self.gain == "log" else membership.sigmoid() - 0.5
        return loss + self.weight * net.mean(gain)

    def end_epoch(self, net):
        """Record the attack's mean gain."""
        net.history.record("attack_gain", torch.stack(self._gains).mean().item())

    def end(self, net):
        """Drop rows and optimizer, and keep the attack."""
        for name in ("_references", "_generator", "_optimizer", "_gains"):
            self.__dict__.pop(name, None)
        if hasattr(self, "attack_module_"):
            # as a user expects a module: trainable, and without gradients of records
            self.attack_module_.requires_grad_(True).zero_grad()

    def _train_attack(self, net, n_records):
        """Take a step of the attack on as many members as reference records."""
        rows = (net.training.rows, self._references)
        X, y = take(net, np.concatenate([self._draw(part, n_records) for part in rows]))
        logits = net.evaluation_step((X, None))
        if self._optimizer is None:
            self._begin_attack(net, logits)
        # members come first
        truth = (torch.arange(2 * n_records, device=logits.device) < n_records).to(logits)
        self._optimizer.zero_grad()
        membership = self.attack_module_.requires_grad_(True)(self._seen(logits), y)
        # both sides are of one size, so the mean is minus the gain of the paper
        loss = binary_cross_entropy_with_logits(membership, truth)
        self._gains.append(-loss.detach())
        if self.gain == "mse":
            loss = (membership.sigmoid() - truth).square().mean()
        loss.backward()
        self._optimizer.step()

    def _begin_attack(self, net, logits):
        # partial_fit goes on with the attack that it has
        if not hasattr(self, "attack_module_"):
            sizes = self._sizes()
            module = MembershipNetwork(logits.shape[1], *sizes, logits.dtype, self._generator)
            self.attack_module_ = module.to(logits.device)
        parameters = self.attack_module_.parameters()
        self._optimizer = torch.optim.Adam(parameters, lr=self.attack_lr, fused=True)

    def _draw(self, rows, n_records):
        # uniformly: weights of records count in the classifier's loss alone
        return rows[torch.randint(len(rows), (n_records,), generator=self._generator).numpy()]

    def _seen(self, logits):
        return logits if self.attack_input == "logits" else softmax(logits, dim=1)

    def _sizes(self):
        # a branch has a layer at least
        least = {"answer_layer_sizes": 1, "label_layer_sizes": 1, "joint_layer_sizes": 0}
        return [layer_sizes(name, getattr(self, name), least=n) for name, n in least.items()]


class MembershipNetwork(nn.Module):
    """Infer membership: a branch for the answer, one for the label, and a trunk that joins them."""

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
        """Return the logit of membership of each record, of shape (n_records,)."""
        labels = one_hot(y.long(), answers.shape[1]).to(answers)
        joined = torch.cat([self.answer(answers), self.label(labels)], dim=1)
        return self.joint(joined).squeeze(1)


def _branch(n_inputs, sizes, options):
    # unlike an MLP by itself, a branch ends in an activation, for the trunk goes on from there
    return nn.Sequential(MLP(n_inputs, sizes[-1], sizes[:-1], **options), nn.ReLU())
