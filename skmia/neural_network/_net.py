"""A skorch classifier whose training resists membership inference."""

import copy
import inspect
from collections.abc import Mapping
from contextlib import contextmanager, nullcontext

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
from skmia.neural_network._batches import RecordBatches, knows_rows, size_of_batch, whole_and_rows
from skmia.neural_network._defense import Defense
from skmia.neural_network._named_lists import NamedLists, named
from skmia.neural_network._part_checks import check_defense_unchanged, check_parts
from skmia.neural_network._training import Training
from skmia.utils._sklearn import _safe_indexing

__all__ = ["RegularizedNet"]


class RegularizedNet(NamedLists, RemembersMembers, NeuralNetClassifier):
    """A skorch classifier with penalties and a defense against membership inference.

    For modules of your own. It is a `skorch.NeuralNetClassifier` in every way, but for three
    defaults: the module returns logits (the criterion is the cross entropy), all records given to
    `fit` are trained on (`train_split=None`), and batches are shuffled.

    Parameters
    ----------
    module : torch.nn.Module class or instance
        The network, which returns logits of shape (n_records, n_classes). If its constructor takes
        an argument `generator`, it is given a `torch.Generator` of its own, on the CPU, for its
        initial weights and for dropout. An instance is copied: every `fit` begins with its
        parameters.
    *args : tuple
        Further parameters of `skorch.NeuralNetClassifier`, in its order.
    penalties : list of penalties, default=None
        Terms that are added to the loss, or pairs of a name and a term. Their parameters are nested
        parameters: `penalties__group_fairness__weight`.
    defense : defense, default=None
        Another way to train, or to answer. Its parameters are nested parameters:
        `defense__weight`.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, order of the batches, dropout and whatever else needs chance. Torch's
        global generator is put back as it was, unless this is None, in which case modules that take
        no generator draw from it.
    criterion : torch.nn.Module class, default=torch.nn.CrossEntropyLoss
        The loss. Penalties of the classifier's answers and most defenses want the cross entropy.
    train_split : callable or None, default=None
        Splits records off that are not trained on, as skorch has it. They are no members.
    iterator_train, iterator_valid : class, default=RecordBatches
        What makes batches. Penalties and weights of records need to know the rows of a batch, which
        torch's DataLoader does not tell.
    iterator_train__shuffle : bool, default=True
        Whether the order of the records is drawn anew in each epoch.
    **kwargs : dict
        Further parameters of `skorch.NeuralNetClassifier`.

    Attributes
    ----------
    module_ : torch.nn.Module
        The trained network.
    history_ : skorch.history.History
        What was recorded of each epoch: losses, and the property that each penalty is about, by
        the penalty's name.
    defense_ : defense
        The defense, with what it learned.
    held_out_rows_ : ndarray of int
        Rows of the last call of `fit` that were held out by `train_split`.
    classes_ : ndarray of shape (n_classes,)
        The labels, 0 to n_classes - 1.

    See Also
    --------
    RegularizedMLPClassifier : A classifier that needs no module.

    Notes
    -----
    The network remembers the records it was trained on while it is in memory, so that the scorers
    of membership inference work by name. They are never written to disk: pickling and copying drop
    them.

    Examples
    --------
    >>> import numpy as np
    >>> import torch
    >>> from skmia.neural_network import L2, RegularizedNet
    >>> class Linear(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.layer = torch.nn.Linear(2, 2)
    ...
    ...     def forward(self, X):
    ...         return self.layer(X)
    >>> X = np.array([[0, 1], [1, 0], [0, 2], [2, 0]], dtype=np.float32)
    >>> net = RegularizedNet(
    ...     Linear, penalties=[L2(weight=0.01)], lr=1.0, max_epochs=20, verbose=0, random_state=0
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
        hidden = ("_remembered", "training")
        return [name for name in super()._get_param_names() if name not in hidden]

    def set_params(self, **params):
        """Set the parameters of the network, its penalties or its defense.

        Parameters
        ----------
        **params : dict
            Parameters by name, such as `penalties__l2__weight`.

        Returns
        -------
        self : object
            The network.
        """
        # skorch would take them for arguments of a module called "defense"
        nested = {k: params.pop(k) for k in list(params) if k.startswith("defense__")}
        super().set_params(**params)
        if nested and not hasattr(self.defense, "set_params"):
            raise ValueError(
                f"Invalid parameters {sorted(nested)}: the network's defense is {self.defense!r}."
            )
        if nested:
            self.defense.set_params(**{k.removeprefix("defense__"): v for k, v in nested.items()})
        return self

    def initialize(self):
        """Set the module, the criterion, the optimizer and the callbacks to their beginning.

        Returns
        -------
        self : object
            The network.
        """
        self.random_state_ = check_random_state(self.random_state)
        self.defense_ = Defense() if self.defense is None else clone(self.defense)
        if not isinstance(self.defense_, Defense):
            raise TypeError(
                f"defense must be a defense of skmia.neural_network or None, got {self.defense!r}."
            )
        return super().initialize()

    def initialize_module(self):
        """Make the module, with a generator of its own if it takes one.

        Returns
        -------
        self : object
            The network.
        """
        self._remembered = ()
        kwargs = self.get_params_for("module")
        # clones, such as shadow models, must not begin with what this network has learned
        module = self.module if inspect.isclass(self.module) else copy.deepcopy(self.module)
        seed = self._draw_seed()
        if self._module_takes_generator():
            kwargs.setdefault("generator", torch.Generator().manual_seed(seed))
        with self._own_chance(seed):
            self.module_ = self.initialized_instance(module, kwargs)
        return self

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        """Train on, or begin to.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Labels, 0 to n_classes - 1.
        classes : array-like, default=None
            Not used, as in skorch.
        **fit_params : dict
            Handed on to the module.

        Returns
        -------
        self : object
            The network.
        """
        return self._train(X, y, (X, y), None, {"classes": classes, **fit_params})

    def train_on(self, X, y, *, given=None, weights=None):
        """Train on, or begin to, with weights of records.

        It is `partial_fit` for classifiers that prepare the records of a network within, as
        :class:`RegularizedMLPClassifier` does.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records as the module takes them.
        y : array-like of shape (n_records,)
            Labels, 0 to n_classes - 1.
        given : tuple of array-like, default=None
            The same records and their labels as the user gave them, by which `membership_of` finds
            them again and penalties find groups. By default `X` and `y`.
        weights : array-like of shape (n_records,), default=None
            The weight of each record in the loss, above 0: a record of weight 0 is not trained on,
            so it must not be among them. By default all are alike.

        Returns
        -------
        self : object
            The network.

        Raises
        ------
        ValueError
            If weights are not one positive number for each record, or penalties, defense and other
            parameters do not go together.
        """
        if weights is not None:
            weights = np.asarray(weights, dtype=np.float64)
            if weights.shape != (get_len(X),) or not (np.isfinite(weights) & (weights > 0)).all():
                raise ValueError(
                    f"weights must be a finite number above 0 for each of the {get_len(X)} records;"
                    " leave out those of weight 0, which are not trained on."
                )
        return self._train(X, y, (X, y) if given is None else given, weights, {})

    def _train(self, X, y, given, weights, fit_params):
        if not self.initialized_:
            self.initialize()
        check_defense_unchanged(self)
        first = self.history_ is None or not len(self.history_)
        dataset = self.get_dataset(X, y)
        self.training = Training(*given, X, y, dataset, weights, self.random_state_)
        try:
            self.training.penalties = named(clone(self.penalties, safe=False))
            check_parts(self)
            # of a training that fails, nobody knows which records it has seen
            earlier, self._remembered = self._remembered, ()
            with self._own_chance(self._draw_seed()):
                super().partial_fit(X, y, **fit_params)
            self.defense_.finish(self)
            self._remember_trained(first, earlier)
        finally:
            self.defense_.end(self)
            del self.training
        return self

    def get_split_datasets(self, X, y=None, **fit_params):
        """Return the records to train on and those held out, as skorch does.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Labels.
        **fit_params : dict
            Handed to `train_split`.

        Returns
        -------
        dataset_train : torch Dataset
            What is trained on.
        dataset_valid : torch Dataset or None
            What is held out.
        """
        train, held_out = super().get_split_datasets(X, y, **fit_params)
        rows = [None if part is None else _rows(part) for part in (train, held_out)]
        self.training.split(*rows)
        self.defense_.begin(self)  # before the penalties, whose generators must not change its own
        for _, penalty in self.training.penalties:
            penalty.begin(self)
        return train, held_out

    def get_iterator(self, dataset, training=False):
        """Return what makes the batches.

        Parameters
        ----------
        dataset : torch Dataset
            The records.
        training : bool, default=False
            Whether they are trained on.

        Returns
        -------
        iterator
            It yields records and labels.
        """
        if not training or not knows_rows(self):
            return super().get_iterator(dataset, training=training)
        options = self.get_params_for("iterator_train")
        options["batch_size"] = size_of_batch(self, get_len(dataset))
        options.setdefault("generator", self.training.batch_generator)
        options.update(self.defense_.batch_options(self))
        self.training.batches = self.iterator_train(dataset, **options)
        return self.training.batches

    def train_step_single(self, batch, **fit_params):
        """Compute loss and gradients of a batch.

        Parameters
        ----------
        batch : tuple
            Records and labels.
        **fit_params : dict
            Handed on to the module.

        Returns
        -------
        dict
            `loss` and `y_pred`.
        """
        self._set_training(True)
        X, y = unpack_data(batch)
        X, y = to_tensor(X, device=self.device), to_tensor(y, device=self.device)
        self.training.X_batch = X
        loss, y_pred = self.defense_.step(self, X, y, **fit_params)
        loss.backward()
        return {"loss": loss, "y_pred": y_pred}

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """Return the loss of a batch, in training with all penalties.

        Parameters
        ----------
        y_pred : torch.Tensor of shape (n_records, n_classes)
            What the module said.
        y_true : torch.Tensor of shape (n_records,)
            Labels, from 0 on.
        X : torch.Tensor of shape (n_records, ...), default=None
            The records.
        training : bool, default=False
            Whether this is a loss to train with.

        Returns
        -------
        torch.Tensor
            One number.
        """
        if not training:
            return super().get_loss(y_pred, y_true, X, training)
        loss = self.defense_.loss(self, y_pred, y_true)
        for _, penalty in self.training.penalties:
            if penalty.weight:
                value = penalty.value(self, y_pred, y_true)
                loss = torch.add(loss, value, alpha=penalty.weight)
        return loss

    def plain_loss(self, y_pred, y_true):
        """Return the loss of a batch by the criterion alone.

        Parameters
        ----------
        y_pred : torch.Tensor of shape (n_records, n_classes)
            What the module said.
        y_true : torch.Tensor of shape (n_records,)
            Labels, from 0 on.

        Returns
        -------
        torch.Tensor
            One number.
        """
        if self.training.weights is None:
            return super().get_loss(y_pred, y_true, training=True)
        return self.mean(cross_entropy(y_pred, y_true, reduction="none"))

    def mean(self, values):
        """Return the mean over the records of a batch, each with its weight.

        Parameters
        ----------
        values : torch.Tensor of shape (n_records,)
            One value for each record of the batch.

        Returns
        -------
        torch.Tensor
            One number.
        """
        weights = self.training.batch_weights()
        return values.mean() if weights is None else (values * weights.to(values)).mean()

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Begin an epoch.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        dataset_train, dataset_valid : torch Dataset
            What is trained on, and what is held out.
        **kwargs : dict
            Not used.
        """
        super().on_epoch_begin(net, dataset_train, dataset_valid, **kwargs)
        self.defense_.begin_epoch(self)

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Record what the penalties are about.

        Parameters
        ----------
        net : RegularizedNet
            The network.
        dataset_train, dataset_valid : torch Dataset
            What is trained on, and what is held out.
        **kwargs : dict
            Not used.
        """
        self.defense_.end_epoch(self)
        for name, penalty in self.training.penalties:
            value = penalty.end_epoch(self)
            if value is not None:
                self.history.record(name, value)

    def predict_proba(self, X):
        """Return probabilities of the classes, as the defense reveals them.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Probabilities.
        """
        proba = super().predict_proba(X)  # which says so if there is no module yet
        return self.defense_.answer(self, proba)

    def _remember_trained(self, first, earlier):
        records, y, rows = self.training.records, self.training.labels, self.training.rows
        held_out = self.training.held_out
        self.held_out_rows_ = np.empty(0, dtype=int) if held_out is None else held_out
        if y is None or is_dataset(records) or isinstance(records, Mapping | tuple):
            return  # no table of records that could be found again
        if not (first or earlier):
            return  # the earlier records were lost by pickling, and these are not all
        if len(rows) < get_len(self.training.y):
            records, y = (_safe_indexing(part, rows) for part in indexable(records, y))
        self._remembered = earlier
        self._remember(records, y, add=True)

    def _module_takes_generator(self):
        return inspect.isclass(self.module) and (
            "generator" in inspect.signature(self.module.__init__).parameters
        )

    def _draw_seed(self):
        return int(self.random_state_.randint(np.iinfo(np.int32).max))

    def _own_chance(self, seed):
        # nothing draws from torch's generator, which is shared with networks of other threads
        own_generators = self._module_takes_generator() and knows_rows(self)
        if self.random_state is None or own_generators:
            return nullcontext()
        return _seeded(seed)


@contextmanager
def _seeded(seed):
    """Seed torch's global generator, and put it back afterwards."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


def _rows(dataset):
    """Return the rows of a data set or of a subset, counted in the whole."""
    whole, rows = whole_and_rows(dataset)
    return np.arange(len(whole)) if rows is None else rows
