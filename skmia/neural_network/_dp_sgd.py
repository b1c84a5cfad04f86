"""Training with differential privacy."""

import secrets
import warnings
from contextlib import contextmanager
from numbers import Real
from typing import ClassVar

import numpy as np
import torch
from skorch.callbacks import EpochScoring, EpochTimer, PassthroughScoring, PrintLog, ProgressBar
from skorch.dataset import Dataset, get_len
from skorch.utils import is_dataset
from torch.nn.functional import cross_entropy

from skmia.neural_network._batches import RecordBatches, size_of_batch
from skmia.neural_network._defense import Defense
from skmia.neural_network._privacy_accounting import MOST_NOISE, import_opacus, noise_for, spent
from skmia.utils._sklearn import Interval, StrOptions

# what opacus hangs on modules and parameters, some of it made of records
TRACES = (
    "_current_grad_sample",
    "_forward_counter",
    "_norm_sample",
    "activations",
    "autograd_grad_sample_hooks",
    "ft_compute_sample_grad",
    "grad_sample",
    "max_batch_len",
    "summed_grad",
)
# they write down and decide nothing
CALLBACKS = (EpochScoring, EpochTimer, PassthroughScoring, PrintLog, ProgressBar)


class DPSGD(Defense):
    r"""Train with differential privacy: clip the gradient of each record, and add noise.

    In each step, every record is in the batch :math:`B` with probability :math:`q`, independently
    of all others, and the optimizer follows

    .. math:: \tilde g = \frac{1}{q n} \left( \sum_{i \in B}
              g_i \min\!\left(1, \frac{C}{\lVert g_i \rVert}\right)
              + \mathcal{N}(0, \sigma^2 C^2 I) \right)

    where :math:`g_i` is the gradient of the loss on record :math:`i`, :math:`n` the number of
    records, :math:`C` is `max_grad_norm` and :math:`\sigma` is `noise_multiplier`. Then the
    parameters are :math:`(\varepsilon, \delta)`-differentially private: for every set :math:`S` of
    outcomes and all data sets :math:`D, D'` of which one has one record more,

    .. math:: P(\theta(D) \in S) \le e^\varepsilon P(\theta(D') \in S) + \delta .

    No attack has an advantage above
    :math:`(e^\varepsilon - 1 + 2 \delta) / (e^\varepsilon + 1)`. This holds against attackers who
    know all other records and see the parameters after each step. They see neither the noise nor
    which records were in which batch.

    Parameters
    ----------
    noise_multiplier : float, default=1.0
        The noise's standard deviation in units of `max_grad_norm`, in (0, 10000]. Not used with a
        `target_epsilon`.
    target_epsilon : float or None, default=None
        The largest epsilon after all epochs, above 0. Training uses the least noise that keeps to
        it, for the value of `max_epochs` when training begins.
    delta : float, default=1e-5
        The delta of the guarantee, in (0, 1) and less than one over the number of records.
    max_grad_norm : float, default=1.0
        The largest norm of a record's gradient after clipping, above 0.
    accountant : {"prv", "rdp"}, default="prv"
        How to compute epsilon: from the distribution of the privacy loss, which is tight, or by
        Rényi divergences. Both are upper bounds. Above an epsilon of about 50, "prv" also takes the
        divergences, as the distribution would need too much memory.
    reproducible : bool, default=False
        Whether noise, batches and dropout follow from the network's `random_state`, for
        experiments, and not from the operating system. Attackers who know the seed can subtract the
        noise, and against them there is no guarantee.

    Attributes
    ----------
    epsilon_ : float
        The epsilon that training spent, also if it was stopped early.
    noise_multiplier_ : float
        The noise multiplier used.
    n_steps_ : int
        Steps taken.
    sample_rate_ : float
        The chance of each record to be in a batch: one over the number of batches in an epoch.

    Raises
    ------
    ImportError
        In training, if opacus is missing: ``pip install skmia[dp]``.
    ValueError
        In training, if something would void the guarantee: penalties, weights of records or
        classes, other losses, layers that mix records, buffers, held-out records, early stopping,
        callbacks that do more than measure and print, batches other than those of
        :class:`RegularizedNet` with arrays, a `delta` of one over the number of records or more,
        or training that goes on later, as what was spent before would add up.

    Notes
    -----
    `history` holds the epsilon after each epoch as "epsilon", by Rényi divergences. Its losses are
    measured without noise: like `X` and `y`, do not show them to others.

    The guarantee does not cover the choice of hyperparameters by several trainings, each of which
    spends its epsilon, nor what happens to the records before, such as scaling by their mean. The
    number of records, their labels and the initial parameters count as public. The noise comes from
    128 random bits of the operating system by a generator that is not cryptographic, as
    floating-point numbers, whose rounding can reveal more than real numbers would. A module of your
    own must answer each record from that record alone; only the layers are checked. Infinite and
    undefined numbers in a record's gradient count as 0. The gradients of a batch's records are in
    memory at once.

    References
    ----------
    .. [1] Abadi et al., "Deep Learning with Differential Privacy", CCS 2016, Algorithm 1 and
       section 3.
    .. [2] Yousefpour et al., "Opacus: User-Friendly Differential Privacy Library in PyTorch", 2021.
    .. [3] Gopi, Lee, Wutschitz, "Numerical Composition of Differential Privacy", NeurIPS 2021.
    .. [4] Mironov, Talwar, Zhang, "Rényi Differential Privacy of the Sampled Gaussian Mechanism",
       2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.neural_network import DPSGD, RegularizedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> net = RegularizedMLPClassifier(
    ...     (), defense=DPSGD(target_epsilon=4, delta=1e-3), lr=0.1, max_epochs=20, random_state=0
    ... ).fit(X, y)
    >>> print(f"{net.net_.defense_.epsilon_:.1f}")
    4.0
    """

    _parameter_constraints: ClassVar[dict] = {
        "noise_multiplier": [Interval(Real, 0, MOST_NOISE, closed="right")],
        "target_epsilon": [Interval(Real, 0, None, closed="neither"), None],
        "delta": [Interval(Real, 0, 1, closed="neither")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither")],
        "accountant": [StrOptions({"prv", "rdp"})],
        "reproducible": ["boolean"],
    }

    def __init__(
        self,
        noise_multiplier=1.0,
        *,
        target_epsilon=None,
        delta=1e-5,
        max_grad_norm=1.0,
        accountant="prv",
        reproducible=False,
    ):
        self.noise_multiplier = noise_multiplier
        self.target_epsilon = target_epsilon
        self.delta = delta
        self.max_grad_norm = max_grad_norm
        self.accountant = accountant
        self.reproducible = reproducible

    def check(self, net):
        """Refuse what would void the guarantee."""
        import_opacus()
        check_guarantee(net)
        X = net.training.X
        n_records = len(X) if is_dataset(X) else get_len(X)
        # a mechanism that publishes one record in n by chance is (0, 1 / n)-private
        if self.delta >= 1 / n_records:
            raise ValueError(
                f"delta={self.delta} allows to publish one of the {n_records} records as it is: "
                f"choose a delta well below {1 / n_records:.2g}."
            )

    def begin(self, net):
        """Make the module keep each record's gradient, and the optimizer clip and add noise."""
        rows = net.training.rows
        # like those that the network will make
        batches = RecordBatches(rows, size_of_batch(net, len(rows)))
        self.sample_rate_ = batches.sample_rate
        self._n_planned = net.max_epochs * len(batches)
        self.noise_multiplier_ = float(self.noise_multiplier)
        if self.target_epsilon is not None:
            plan = (self.sample_rate_, self._n_planned, self.delta, self.accountant)
            self.noise_multiplier_ = noise_for(self.target_epsilon, *plan)
        self.n_steps_ = 0
        # without a seed NumPy asks the operating system for 128 bits
        seed = net.training.new_generator().initial_seed() if self.reproducible else None
        self._per_record = import_opacus().GradSampleModule(net.module_)
        net.optimizer_ = _private_optimizer()(
            net.optimizer_,
            rng=np.random.default_rng(seed),
            noise_multiplier=self.noise_multiplier_,
            max_grad_norm=self.max_grad_norm,
            # the mean is over the number expected: the number drawn tells who is in the batch
            expected_batch_size=self.sample_rate_ * batches.n_records,
        )
        net.optimizer_.attach_step_hook(self._count)

    def batch_options(self, net):
        """Return what makes each batch an independent draw."""
        generator = net.training.batch_generator
        if not self.reproducible:
            generator = torch.Generator().manual_seed(secrets.randbits(32))
        return {"poisson": True, "generator": generator}

    def step(self, net, X, y, **fit_params):
        """Return loss and answers for a batch, which may be empty."""
        # the noise was found for so many steps, and more would spend more than the target
        if self.target_epsilon is not None and self.n_steps_ >= self._n_planned:
            raise ValueError(
                f"target_epsilon={self.target_epsilon} is spent after the {self._n_planned} steps "
                "of max_epochs: say there how many epochs you want, not in the call."
            )
        if self.reproducible:
            return super().step(net, X, y, **fit_params)
        with _unknown_chance(net.module_):
            return super().step(net, X, y, **fit_params)

    def loss(self, net, logits, y):
        """Return the mean cross entropy of a batch, 0 if there is no record."""
        smoothing = net.criterion_.label_smoothing
        total = cross_entropy(logits, y, reduction="sum", label_smoothing=smoothing)
        # opacus multiplies by the size of the batch again; an empty one has no mean
        return total / max(1, len(y))

    def end_epoch(self, net):
        """Record the epsilon so far."""
        if not any(net.history[-1, "batches", :, "train_batch_size"]):
            # skorch cannot take the mean over an epoch whose batches were all empty
            net.history.record_batch("train_batch_size", 1)
        # quick; the tight bound is computed once, at the end
        net.history.record("epsilon", self._spent("rdp"))

    def end(self, net):
        """Give module and optimizer back as they were, and say what was spent."""
        self.__dict__.pop("_n_planned", None)
        if not hasattr(self, "_per_record"):
            return
        self._per_record.to_standard_module()
        del self._per_record
        # where `begin` failed, the optimizer may not have been wrapped yet
        net.optimizer_ = getattr(net.optimizer_, "original_optimizer", net.optimizer_)
        net.optimizer_.zero_grad(set_to_none=True)
        for part in (*net.module_.modules(), *net.module_.parameters()):
            for name in TRACES:
                vars(part).pop(name, None)
        self.epsilon_ = self._spent(self.accountant)

    def _count(self, optimizer):
        self.n_steps_ += 1

    def _spent(self, accountant):
        return spent(
            self.noise_multiplier_, self.sample_rate_, self.n_steps_, self.delta, accountant
        )


@contextmanager
def _unknown_chance(module):
    """Let dropout draw from the operating system."""
    # to those who know the sequence, a unit left out would tell who else is in the batch
    for layer in module.modules():
        if isinstance(getattr(layer, "generator", None), torch.Generator):
            layer.generator.manual_seed(secrets.randbits(32))
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(secrets.randbits(32))
        yield


# made when it is asked for, since its base is there only with opacus
def _private_optimizer():

    class _PrivateOptimizer(import_opacus().optimizers.DPOptimizer):
        """One of opacus, with noise that cannot be found out by trying all seeds."""

        def __init__(self, optimizer, *, rng, **options):
            super().__init__(optimizer, **options)
            self.rng = rng

        def step(self, closure=None):
            with warnings.catch_warnings():
                # the first layer's hook says that records have no gradients; none are needed
                warnings.filterwarnings("ignore", "Full backward hook is firing", UserWarning)
                return super().step(closure)

        def clip_and_accumulate(self):
            for parameter in self.params:
                # 0 times infinity is NaN, which would spread from one record to the sum
                if parameter.grad_sample is not None:
                    torch.nan_to_num_(parameter.grad_sample, nan=0, posinf=0, neginf=0)
            super().clip_and_accumulate()

        def add_noise(self):
            # torch's generators, which opacus uses, are seeded with no more than 32 bits
            scale = self.noise_multiplier * self.max_grad_norm
            for parameter in self.params:
                noise = torch.from_numpy(self.rng.normal(0, scale, parameter.shape))
                parameter.grad = parameter.summed_grad + noise.to(parameter)

    return _PrivateOptimizer


def check_guarantee(net):
    """Refuse networks whose training uses records without clipping or noise."""
    for void, reason in (*_voids_in_training(net), *_voids_in_net(net)):
        if void:
            raise ValueError(f"DPSGD cannot keep its promise: {reason}")
    _check_layers(net.module_)


def _voids_in_training(net):
    """Yield whether the way a network is trained voids the guarantee, and why."""
    yield (
        bool(net.history),
        "the network was trained before, and what that spent would add up. Train it anew on all "
        "records, without warm_start and with one call of partial_fit.",
    )
    yield (
        bool(net.training.penalties),
        f"penalties={net.penalties!r} add gradients that are not those of single records. Leave "
        "them out; for L2, set the optimizer's weight_decay, which does not see the records.",
    )
    yield (
        net.training.weights is not None,
        "weights of records, class_weight included, are divided by their mean, which depends on "
        "the other records. Leave them out.",
    )
    yield (
        net.train_split is not None,
        "records held out are seen without noise. Set train_split=None and early_stopping=False, "
        "and choose max_epochs beforehand.",
    )
    # exact types: a subclass of a harmless callback may decide
    deciding = [name for name, callback in net.callbacks_ if type(callback) not in CALLBACKS]
    yield (
        bool(deciding),
        f"the callbacks {deciding} may decide by what they see of the records without noise. Leave "
        "them out, early_stopping included.",
    )


def _voids_in_net(net):
    """Yield whether the parts of a network void the guarantee, and why."""
    criterion = net.criterion_
    # a subclass of the loss may look at the whole batch, as may class weights and ignored labels,
    # whose mean is taken over other records
    plain = type(criterion) is torch.nn.CrossEntropyLoss and (
        criterion.weight is None and criterion.reduction == "mean" and criterion.ignore_index < 0
    )
    yield (
        not plain,
        "the loss of a record must not depend on other records. Leave criterion at "
        "CrossEntropyLoss without weights, and with no options but label_smoothing, got "
        f"{criterion!r}.",
    )
    yield (
        net.iterator_train is not RecordBatches or _has_no_arrays(net),
        "each record must be in each batch independently of all others. Leave iterator_train at "
        "RecordBatches and give the records as arrays, or in a Dataset of skorch.",
    )
    yield (
        isinstance(net.optimizer_, torch.optim.LBFGS),
        "LBFGS asks for several gradients in a step. Choose another optimizer.",
    )


def _has_no_arrays(net):
    """Return whether batches are made record by record, which a data set of one's own may mix."""
    X = net.training.X
    return (type(X) if is_dataset(X) else net.dataset) is not Dataset


def _check_layers(module):
    """Refuse layers that mix records or keep something of them."""
    opacus = import_opacus()
    validators = opacus.validators.ModuleValidator.VALIDATORS
    errors = [
        str(error)
        for layer in module.modules()
        for kind, validator in validators.items()
        if isinstance(layer, kind)
        for error in validator(layer)
    ]
    # such as running means, which are made of records without clipping or noise
    buffers = [name for name, _ in module.named_buffers()]
    if buffers and not errors:
        errors = [
            f"the buffers {buffers} may keep something of the records. What is constant can be a "
            "parameter with requires_grad=False."
        ]
    if errors:
        raise ValueError(f"DPSGD cannot keep its promise for this module: {' '.join(errors)}")
