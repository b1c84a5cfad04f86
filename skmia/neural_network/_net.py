"""A skorch classifier whose training resists membership inference."""

import copy
import inspect
from collections.abc import Mapping
from contextlib import contextmanager

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import check_random_state, indexable
from skorch import NeuralNetClassifier
from skorch.dataset import get_len, unpack_data
from skorch.utils import is_dataset, to_tensor
from torch.nn import CrossEntropyLoss
from torch.nn.functional import cross_entropy

from skmia._records import RemembersMembers
from skmia.neural_network._batches import (
    RecordBatches,
    Training,
    knows_rows,
    size_of_batch,
    whole_and_rows,
)
from skmia.neural_network._defense import Defense
from skmia.neural_network._named_lists import NamedLists, named
from skmia.neural_network._penalty import Penalty
from skmia.utils._sklearn import _safe_indexing


class RegularizedNet(NamedLists, RemembersMembers, NeuralNetClassifier):
    """A skorch classifier with penalties and a defense against membership inference.

    It is a `skorch.NeuralNetClassifier` with three other defaults: the module returns logits (the
    criterion is the cross entropy), all records given to `fit` are trained on
    (`train_split=None`), and batches are shuffled.

    Parameters
    ----------
    module : torch.nn.Module class or instance
        The network, which returns logits of shape (n_records, n_classes). If its constructor takes
        an argument `generator`, it gets a `torch.Generator` of its own, on the CPU, for initial
        weights and dropout. An instance is copied: every `fit` begins with its parameters.
    *args : tuple
        Further parameters of `skorch.NeuralNetClassifier`, in its order.
    penalties : list of penalties, default=None
        Terms added to the loss, or (name, term) pairs. Nested parameters: `penalties__l2__weight`.
    defense : defense, default=None
        Another way to train, or to answer. Its parameters are nested: `defense__weight`.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, order of the batches, dropout and all other chance. Torch's global
        generator is put back as it was. With None, modules that take no generator draw from it.
    criterion : torch.nn.Module class, default=torch.nn.CrossEntropyLoss
        The loss. Penalties of the classifier's answers and most defenses need the cross entropy.
    train_split : callable or None, default=None
        Holds out records, as in skorch. They are not trained on, so they are no members.
    iterator_train, iterator_valid : class, default=RecordBatches
        What makes batches. Penalties and weights of records need each batch's rows, which torch's
        DataLoader does not tell.
    iterator_train__shuffle : bool, default=True
        Whether each epoch draws the order of the records anew.
    **kwargs : dict
        Further parameters of `skorch.NeuralNetClassifier`.

    Attributes
    ----------
    module_ : torch.nn.Module
        The trained network.
    history_ : skorch.history.History
        The record of each epoch: losses and, by the name of each penalty, the property it is about.
    defense_ : defense
        The defense, with what it learned.
    held_out_rows_ : ndarray of int
        Rows of the last call of `fit` that `train_split` held out.
    classes_ : ndarray of shape (n_classes,)
        The labels, 0 to n_classes - 1.

    Notes
    -----
    The network in memory remembers its training records for scorers of membership inference.
    Pickling and copying drop them: none is written to disk.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmia.neural_network import L2, RegularizedNet
    >>> X = np.array([[0, 1], [1, 0], [0, 2], [2, 0]], dtype=np.float32)
    >>> net = RegularizedNet(
    ...     torch.nn.Linear(2, 2), penalties=[L2(0.01)], lr=1.0, max_epochs=20, verbose=0
    ... )
    >>> net.fit(X, np.array([0, 1, 0, 1])).predict(X)
    array([0, 1, 0, 1])
    """

    def __init__(
        self,
        module,
        *args,
        penalties=None,
        defense=None,
        random_state=None,
        criterion=CrossEntropyLoss,
        train_split=None,
        iterator_train=RecordBatches,
        iterator_valid=RecordBatches,
        iterator_train__shuffle=True,
        **kwargs,
    ):
        super().__init__(
            module,
            *args,
            criterion=criterion,
            train_split=train_split,
            iterator_train=iterator_train,
            iterator_valid=iterator_valid,
            iterator_train__shuffle=iterator_train__shuffle,
            **kwargs,
        )
        self.penalties = penalties
        self.defense = defense
        self.random_state = random_state

    def _get_param_names(self):
        # skorch takes every attribute whose name does not end in "_" for a parameter
        hidden = ("_remembered", "training")
        return [name for name in super()._get_param_names() if name not in hidden]

    def set_params(self, **params):
        """Set the parameters of the network, its penalties or its defense."""
        # skorch would take them for arguments of a module called "defense"
        nested = {k: params.pop(k) for k in list(params) if k.startswith("defense__")}
        super().set_params(**params)
        if nested:
            if not hasattr(self.defense, "set_params"):
                raise ValueError(
                    f"Invalid parameters {sorted(nested)}: the network's defense is "
                    f"{self.defense!r}."
                )
            self.defense.set_params(**{k.removeprefix("defense__"): v for k, v in nested.items()})
        return self

    def initialize(self):
        """Set the module, the criterion, the optimizer and the callbacks to their beginning."""
        self.random_state_ = check_random_state(self.random_state)
        self.defense_ = cloned_defense(self.defense)
        return super().initialize()

    def initialize_module(self):
        """Make the module, with a generator of its own if it takes one."""
        self._remembered = ()
        kwargs = self.get_params_for("module")
        # clones, such as shadow models, must not begin with what this network has learned
        module = self.module if inspect.isclass(self.module) else copy.deepcopy(self.module)
        seed = _draw_seed(self.random_state_)
        if _takes_generator(self.module):
            kwargs.setdefault("generator", torch.Generator().manual_seed(seed))
        with _own_chance(self, seed):
            self.module_ = self.initialized_instance(module, kwargs)
        return self

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Go on with training, or begin it, as skorch does; labels are 0 to n_classes - 1."""
        return self._train(X, y, (X, y), None, {"classes": classes, **fit_params})

    def train_on(self, X, y, *, original=None, weights=None):
        """Go on with training, or begin it, with weights of records.

        For classifiers that wrap a network, as :class:`RegularizedMLPClassifier` does.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records as the module takes them.
        y : array-like of shape (n_records,)
            Labels, 0 to n_classes - 1.
        original : tuple of array-like, default=None
            The same records and labels as the user gave them, for `membership_of` and for groups
            of penalties. By default `X` and `y`.
        weights : array-like of shape (n_records,), default=None
            The weight of each record in the loss, above 0. Leave out records of weight 0, since
            they are not trained on. By default all records weigh the same.

        Returns
        -------
        self : object
            The network.

        Raises
        ------
        ValueError
            If weights are not one positive number for each record, or parameters do not fit.
        """
        weights = None if weights is None else checked_weights(weights, get_len(X))
        return self._train(X, y, (X, y) if original is None else original, weights, {})

    def _train(self, X, y, original, weights, fit_params):
        if not self.initialized_:
            self.initialize()
        check_defense_unchanged(self)
        # an empty history tells a new network from one that goes on after it was unpickled
        first = self.history_ is None or not len(self.history_)
        dataset = self.get_dataset(X, y)
        self.training = Training(*original, X, y, dataset, weights, self.random_state_)
        try:
            # clones, since penalties keep what they learn of the records as attributes
            self.training.penalties = named(clone(self.penalties, safe=False))
            check_parts(self)
            # of a training that fails, nobody knows which records it has seen
            earlier = self._remembered
            self._remembered = ()
            with _own_chance(self, _draw_seed(self.random_state_)):
                super().partial_fit(X, y, **fit_params)
            self.defense_.finish(self)
            self._remember_trained(first, earlier)
        finally:
            # also where training failed: no record may stay with a network that is pickled
            self.defense_.end(self)
            del self.training
        return self

    def get_split_datasets(self, X, y=None, **fit_params):
        """Split as skorch does, and let the defense and the penalties prepare."""
        train, held_out = super().get_split_datasets(X, y, **fit_params)
        rows = [None if part is None else _rows(part) for part in (train, held_out)]
        self.training.split(*rows)
        self.defense_.begin(self)  # before the penalties, whose generators must not change its own
        for _, penalty in self.training.penalties:
            penalty.begin(self)
        return train, held_out

    def get_iterator(self, dataset, training=False):
        """Return skorch's batches, in training those that know their rows."""
        if not training or not knows_rows(self):
            return super().get_iterator(dataset, training=training)
        options = self.get_params_for("iterator_train")
        options["batch_size"] = size_of_batch(self, get_len(dataset))
        # its own generator: the order of the batches must not depend on what else needs chance
        options.setdefault("generator", self.training.batch_generator)
        options.update(self.defense_.batch_options(self))
        self.training.batches = self.iterator_train(dataset, **options)
        return self.training.batches

    def train_step_single(self, batch, **fit_params):
        """Compute the gradients of a batch, by the step of the defense."""
        self._set_training(True)
        X, y = (to_tensor(part, device=self.device) for part in unpack_data(batch))
        self.training.X_batch = X  # which penalties of the records ask for
        loss, y_pred = self.defense_.step(self, X, y, **fit_params)
        loss.backward()
        return {"loss": loss, "y_pred": y_pred}

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the loss of a batch, in training the defense's with all penalties."""
        if not training:
            return super().get_loss(y_pred, y_true, X, training)
        loss = self.defense_.loss(self, y_pred, y_true)
        for _, penalty in self.training.penalties:
            # with a weight of 0 the property is only measured, after the epoch
            if penalty.weight:
                value = penalty.value(self, y_pred, y_true)
                loss = torch.add(loss, value, alpha=penalty.weight)
        return loss

    def plain_loss(self, y_pred, y_true):
        """Return the loss of a batch by the criterion alone.

        Parameters
        ----------
        y_pred : torch.Tensor of shape (n_records, n_classes)
            What the module returned.
        y_true : torch.Tensor of shape (n_records,)
            Labels, 0 to n_classes - 1.

        Returns
        -------
        torch.Tensor
            One number.
        """
        if self.training.weights is None:
            return super().get_loss(y_pred, y_true, training=True)
        # the criterion's own mean knows no weights of records
        return self.mean(cross_entropy(y_pred, y_true, reduction="none"))

    def mean(self, values):
        """Return the mean over the records of a batch, each with its weight.

        Parameters
        ----------
        values : torch.Tensor of shape (n_records,)
            Values of the records.

        Returns
        -------
        torch.Tensor
            One number.
        """
        weights = self.training.batch_weights()
        return values.mean() if weights is None else (values * weights.to(values)).mean()

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Begin an epoch."""
        super().on_epoch_begin(net, dataset_train, dataset_valid, **kwargs)
        self.defense_.begin_epoch(self)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Record what the penalties are about."""
        self.defense_.end_epoch(self)
        for name, penalty in self.training.penalties:
            value = penalty.end_epoch(self)
            if value is not None:
                self.history.record(name, value)

    def predict_proba(self, X):
        """Return probabilities of the classes, as the defense reveals them."""
        proba = super().predict_proba(X)  # which says so if there is no module yet
        return self.defense_.answer(self, proba)

    def _remember_trained(self, first, earlier):
        records, y = self.training.records, self.training.labels
        rows, held_out = self.training.rows, self.training.held_out
        self.held_out_rows_ = np.empty(0, dtype=int) if held_out is None else held_out
        if y is None or is_dataset(records) or isinstance(records, Mapping | tuple):
            return  # no table of records that could be found again
        if not (first or earlier):
            return  # the earlier records were lost by pickling, and these are not all
        if len(rows) < get_len(self.training.y):
            records, y = (_safe_indexing(part, rows) for part in indexable(records, y))
        self._remembered = earlier
        self._remember(records, y, add=True)


def _draw_seed(rng):
    return int(rng.randint(np.iinfo(np.int32).max))


@contextmanager
def _own_chance(net, seed):
    """Seed torch's global generator where it is used, and put it back afterwards."""
    # nothing draws from torch's generator, which is shared with networks of other threads
    if net.random_state is None or (_takes_generator(net.module) and knows_rows(net)):
        yield
        return
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _takes_generator(module):
    # an instance has drawn its weights already
    return inspect.isclass(module) and "generator" in inspect.signature(module.__init__).parameters


def _rows(dataset):
    whole, rows = whole_and_rows(dataset)
    return np.arange(len(whole)) if rows is None else rows


def check_parts(net):
    penalties = [penalty for _, penalty in net.training.penalties]
    _check_penalties(net.penalties, penalties)
    # none of them has a fit that scikit-learn would check the parameters in
    for part in (*penalties, net.defense_):
        part._validate_params()
    # defense_ is plain training where none was given, which asks for nothing
    defenses = [] if net.defense is None else [net.defense_]
    for_logits = [part for part in penalties if part.needs_probabilities] + defenses
    _check_needs(net, for_logits, [part for part in penalties if part.needs_rows] + defenses)
    _check_criterion_options(net)
    if net.defense_.needs_held_out and net.train_split is None:
        raise ValueError(
            f"{type(net.defense_).__name__} needs records held out from training: set "
            "train_split=skorch.dataset.ValidSplit(5, stratified=True), or another share."
        )
    net.defense_.check(net)


def _check_penalties(given, penalties):
    wrong = [part for part in penalties if not isinstance(part, Penalty)]
    if not isinstance(given, list | tuple | None):
        wrong = [given]
    if wrong:
        raise TypeError(
            "penalties must be a list of penalties of skmia.neural_network, or of pairs of a "
            f"name and a penalty; got {wrong[0]!r}."
        )


def _check_needs(net, for_logits, for_rows):
    """Refuse what needs logits or the rows of each batch where the network lacks them."""
    weighted = net.training.weights is not None
    # losses with weights are computed without the criterion, which must be this one then
    if (for_logits or weighted) and not isinstance(net.criterion_, CrossEntropyLoss):
        raise ValueError(
            f"{_first_of(for_logits)} needs a module that returns logits and "
            f"criterion=CrossEntropyLoss, got {net.criterion!r}."
        )
    if (for_rows or weighted) and not knows_rows(net):
        raise ValueError(
            f"{_first_of(for_rows)} needs to know the rows of each batch: leave iterator_train at "
            f"its default, got {net.iterator_train!r}."
        )


def _first_of(parts):
    return type(parts[0]).__name__ if parts else "A weight of each record"


def _check_criterion_options(net):
    # such losses are computed without the criterion, whose options would have no effect
    own_losses = net.training.weights is not None or net.defense_.replaces_criterion
    if own_losses and (options := net.get_params_for("criterion")):
        raise ValueError(
            "Defenses and weights of records take the plain cross entropy of each record: "
            f"leave out the criterion's {options}."
        )


def check_defense_unchanged(net):
    """Refuse to go on training a network whose defense was set anew since it was initialized."""
    present = Defense() if net.defense is None else net.defense
    same = type(present) is type(net.defense_)
    # texts, since arrays among the parameters cannot be compared in one go
    if not same or repr(present.get_params()) != repr(net.defense_.get_params()):
        raise ValueError(
            f"The network was initialized with {net.defense_!r} and has defense={net.defense!r} "
            "now, which would not take effect. Call fit without warm_start, or initialize() first."
        )


def cloned_defense(defense):
    """Return a clone of a defense, plain training for None; refuse what is no defense."""
    copied = Defense() if defense is None else clone(defense)
    if not isinstance(copied, Defense):
        raise TypeError(
            f"defense must be a defense of skmia.neural_network or None, got {defense!r}."
        )
    return copied


def checked_weights(weights, n_records):
    """Return weights in float64; refuse any but one positive number for each record."""
    weights = np.asarray(weights, dtype=np.float64)
    if weights.shape != (n_records,) or not (np.isfinite(weights) & (weights > 0)).all():
        raise ValueError(
            f"weights must be a finite number above 0 for each of the {n_records} records;"
            " leave out those of weight 0, which are not trained on."
        )
    return weights
