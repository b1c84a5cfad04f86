"""A multilayer perceptron for tables, with penalties and defenses."""

from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import check_random_state, compute_class_weight, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from skorch.utils import noop

from skmia._records import RemembersMembers
from skmia.neural_network._defense import Defense
from skmia.neural_network._mlp import ACTIVATIONS, MLP, layer_sizes
from skmia.neural_network._named_lists import NamedLists, named
from skmia.neural_network._net import RegularizedNet
from skmia.utils._sklearn import (
    Interval,
    StrOptions,
    _check_sample_weight,
    _fit_context,
    _safe_indexing,
)

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
# a batch of predictions needs no gradients, so it may be large
PREDICTED_AT_ONCE = 2048


class RegularizedMLPClassifier(NamedLists, RemembersMembers, ClassifierMixin, BaseEstimator):
    """A multilayer perceptron that is trained to give little away about its training records.

    It takes what scikit-learn's `MLPClassifier` takes, arrays, data frames of numbers and sparse
    matrices with labels of any kind, and trains with torch. `penalties` are added to its loss, and
    a `defense` changes how it trains or answers.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int or int, default=(100,)
        Units of each hidden layer; () gives logistic regression.
    activation : {"relu", "tanh", "logistic", "identity"}, default="relu"
        The activation of hidden units.
    dropout : float, default=0.0
        Share of the hidden units left out in each step of training, in [0, 1).
    optimizer : {"adam", "sgd"} or torch.optim.Optimizer class, default="adam"
        The optimizer, by name or as a class.
    lr : float, default=0.001
        Learning rate, above 0.
    momentum : float, default=0.9
        Momentum of "sgd", in [0, 1); others do not use it.
    max_epochs : int, default=200
        Passes over the training records, at least 1.
    batch_size : int or "auto", default="auto"
        Records in a batch. "auto" takes 200, or all if there are fewer.
    penalties : list of penalties, default=None
        Terms added to the loss, or (name, term) pairs. Nested parameters: `penalties__l2__weight`.
    defense : defense, default=None
        Another way to train, or to answer. Its parameters are nested: `defense__weight`.
    early_stopping : bool, default=False
        Whether to stop when the loss on held-out records no longer falls, and keep the best epoch.
    validation_fraction : float, default=0.1
        Share of the records to hold out, in (0, 1), stratified by label, for `early_stopping` and
        for callbacks and defenses that need it. These are not trained on, so they are no members.
    n_iter_no_change : int, default=10
        Epochs without a better loss before training stops early, at least 1.
    class_weight : dict or "balanced", default=None
        The weight of each label in the loss, 1 by default; "balanced" is inverse to its frequency.
    callbacks : list of skorch callbacks, default=None
        Such as :class:`MembershipScoring`; nested too: `callbacks__membership_scoring__budget`.
    device : str, default="cpu"
        Where to train and to predict, such as "cuda".
    warm_start : bool, default=False
        Whether `fit` goes on from what it has learned. Like `partial_fit`, it then takes new values
        of `max_epochs`, `lr`, `penalties` and `class_weight`; all else stays as it was at first.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, order of the batches, dropout and all other chance. On the CPU equal
        seeds give equal bits, and torch's global generator is not touched.
    verbose : int, default=0
        Whether to print a line for each epoch.

    Attributes
    ----------
    net_ : RegularizedNet
        The skorch network. `net_.history` holds the record of each epoch.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    held_out_rows_ : ndarray of int
        Rows of the last call of `fit` that were not trained on: held out, or of weight 0.
    n_iter_ : int
        Epochs trained.
    n_features_in_ : int
        Features seen by `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where all are texts.

    Notes
    -----
    Training on float32 records is in float32, which is faster, on all others in float64. The
    weights of records are divided by their mean; records of weight 0 are no members. The classifier
    in memory remembers its training records for scorers of membership inference; pickling and
    copying drop them. Put a pipeline into a :class:`~skmia.model_selection.MemberRecorder`.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skmia.neural_network import L2, RegularizedMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> net = RegularizedMLPClassifier((20,), max_epochs=20, penalties=[L2(0.01)], random_state=0)
    >>> net.fit(scale(X), y).score(scale(X), y) > 0.9
    True
    """

    _named_lists = ("penalties", "callbacks")
    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(set(ACTIVATIONS))],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), callable],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "penalties": [list, tuple, None],
        "defense": [Defense, None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "callbacks": [list, tuple, None],
        "device": [str],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        dropout=0.0,
        optimizer="adam",
        lr=0.001,
        momentum=0.9,
        max_epochs=200,
        batch_size="auto",
        penalties=None,
        defense=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        class_weight=None,
        callbacks=None,
        device="cpu",
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.dropout = dropout
        self.optimizer = optimizer
        self.lr = lr
        self.momentum = momentum
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.penalties = penalties
        self.defense = defense
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.class_weight = class_weight
        self.callbacks = callbacks
        self.device = device
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Train the network.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
            Records: numbers, best of a similar scale.
        y : array-like of shape (n_records,)
            Their labels.
        sample_weight : array-like of shape (n_records,), default=None
            The weight of each record in the loss, at least 0; by default all weigh the same.

        Returns
        -------
        self : object
            The trained classifier.

        Raises
        ------
        ValueError
            If an argument is invalid, all weigh 0, or parameters do not go together.
        """
        go_on = self.warm_start and hasattr(self, "net_")
        return self._fit(X, y, sample_weight, None, self.max_epochs, go_on)

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on further records, which join the members.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
            Records.
        y : array-like of shape (n_records,)
            Their labels.
        classes : array-like of shape (n_classes,), default=None
            All labels of all calls; needed in the first call unless y has them all.
        sample_weight : array-like of shape (n_records,), default=None
            The weight of each record in the loss, at least 0.

        Returns
        -------
        self : object
            The trained classifier.

        Raises
        ------
        ValueError
            As in `fit`, or if there is a label that was not among the first ones.
        """
        if self.early_stopping:
            raise ValueError(
                "partial_fit goes on for one epoch and cannot stop early; set early_stopping=False."
            )
        return self._fit(X, y, sample_weight, classes, 1, hasattr(self, "net_"))

    def predict_proba(self, X):
        """Return probabilities of the classes, as the defense reveals them.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Probabilities, in the order of `classes_`.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=_dtype_of(self.net_), reset=False)
        return self.net_.predict_proba(X)

    def predict(self, X):
        """Return the most probable label of each record.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of shape (n_records,)
            Labels.
        """
        codes = self.predict_proba(X).argmax(axis=1)  # first: it refuses before `fit`
        return self.classes_[codes]

    def network_input(self, X, y):
        """Return records and labels as the network `net_` takes them.

        Parameters
        ----------
        X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
            Records.
        y : array-like of shape (n_records,)
            Their labels.

        Returns
        -------
        X : {ndarray, sparse matrix} of shape (n_records, n_features)
            Numbers of the network's type.
        y : ndarray of int, shape (n_records,)
            Places of the labels in `classes_`.

        Raises
        ------
        ValueError
            If there is no network, a record is invalid or a label unknown.
        """
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", dtype=_dtype_of(self.net_), reset=False)
        y = np.asarray(y)
        check_classification_targets(y)
        return X, _codes(y, self.classes_)

    @property
    def remembers_members(self):
        """Whether the training records are remembered: not before `fit` or after pickling."""
        return hasattr(self, "net_") and self.net_.remembers_members

    def training_records(self):
        """Return records and labels trained on, without those held out or of weight 0.

        Raises
        ------
        ValueError
            If nothing is remembered: the classifier is not fitted, or was unpickled or copied.
        """
        # the mixin's refusal names this class, not the network within
        holder = self.net_ if self.remembers_members else super()
        return holder.training_records()

    def __sklearn_tags__(self):
        """Return the tags of the classifier."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _fit(self, X, y, sample_weight, classes, n_epochs, go_on):
        records, labels = X, y  # as the user gave them, to be remembered
        # float32 stays float32, which is faster; a network that goes on keeps the type it has
        dtype = _dtype_of(self.net_) if go_on else (np.float64, np.float32)
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=dtype, reset=not go_on)
        check_classification_targets(y)
        if not go_on:
            self.classes_ = np.unique(y if classes is None else classes)
        codes = _codes(y, self.classes_)
        weights = _record_weights(X, y, sample_weight, self.class_weight)
        rows = np.arange(len(y)) if weights is None else np.flatnonzero(weights)
        # records of weight 0 would be members without having been trained on
        if len(rows) < len(y):
            X, codes, weights = X[rows], codes[rows], weights[rows]
            records, labels = (_safe_indexing(part, rows) for part in indexable(records, labels))
        # the rest of the network, such as its size, cannot change once it is made
        if go_on:
            self.net_.set_params(penalties=self.penalties, defense=self.defense, lr=self.lr)
        else:
            self.net_ = new_net(self, X)
        self.net_.set_params(max_epochs=n_epochs)  # of this call: partial_fit takes one
        self.net_.train_on(X, codes, original=(records, labels), weights=weights)
        # the network counts in the rows that it was given, the user in all
        trained = np.delete(rows, self.net_.held_out_rows_)
        self.held_out_rows_ = np.setdiff1d(np.arange(len(y)), trained)
        self.n_iter_ = len(self.net_.history)
        return self


def _codes(y, classes):
    strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(
            f"y holds labels that the classifier does not know, {strange[:5].tolist()}; it was "
            f"given {classes.tolist()} at first. Name all in the first call of partial_fit, "
            "classes=..., or call fit with warm_start=False."
        )
    return np.searchsorted(classes, y)


def _record_weights(X, y, sample_weight, class_weight):
    if sample_weight is None and class_weight is None:
        return None
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    if class_weight is not None:
        # of the labels present: a part of partial_fit need not have all of `classes_`
        classes, codes = np.unique(y, return_inverse=True)
        of_each = compute_class_weight(class_weight, classes=classes, y=y, sample_weight=weights)
        weights = weights * of_each[codes]
    if not weights.any():
        raise ValueError(
            "Sample weights must contain at least one non-zero number: with class_weight, all "
            "records weigh 0 here."
        )
    return weights


def _dtype_of(net):
    return np.float64 if net.module__dtype is torch.float64 else np.float32


def new_net(classifier, X):
    """Return an untrained network with the parameters of a `RegularizedMLPClassifier`."""
    rng = check_random_state(classifier.random_state)
    batch_size = classifier.batch_size
    sizes = classifier.hidden_layer_sizes
    sizes = (sizes,) if isinstance(sizes, Integral) else sizes
    options = {} if classifier.verbose else {"callbacks__print_log": None}
    # optimizers that go by name; a class has its own defaults
    if classifier.optimizer == "adam":
        options["optimizer__fused"] = True
    elif classifier.optimizer == "sgd":
        options["optimizer__momentum"] = classifier.momentum
    net = RegularizedNet(
        MLP,
        module__n_features=X.shape[1],
        module__n_classes=len(classifier.classes_),
        module__hidden_layer_sizes=layer_sizes("hidden_layer_sizes", sizes),
        module__activation=classifier.activation,
        module__dropout=classifier.dropout,
        module__dtype=torch.float64 if X.dtype == np.float64 else torch.float32,
        optimizer=OPTIMIZERS.get(classifier.optimizer, classifier.optimizer),
        lr=classifier.lr,
        batch_size=min(200, X.shape[0]) if batch_size == "auto" else batch_size,
        iterator_valid__batch_size=PREDICTED_AT_ONCE,
        penalties=classifier.penalties,
        defense=classifier.defense,
        callbacks=_callbacks(classifier),
        device=_checked_device(classifier.device),
        verbose=classifier.verbose,
        # the split draws its seed before the network, and none where nothing is held out
        train_split=_split(classifier, rng),
        random_state=rng.randint(np.iinfo(np.int32).max),
        **options,
    )
    return net.initialize()


def _callbacks(classifier):
    # clones: what they learn belongs to the network, not to the parameters
    callbacks = [(name, clone(callback)) for name, callback in named(classifier.callbacks)]
    if classifier.early_stopping:
        stopping = EarlyStopping(patience=classifier.n_iter_no_change, load_best=True, sink=noop)
        # first, for a privacy budget has the last word on the epoch restored
        callbacks.insert(0, ("early_stopping", stopping))
    return callbacks


def _split(classifier, rng):
    parts = [classifier.defense, *(callback for _, callback in named(classifier.callbacks))]
    needed = any(getattr(part, "needs_held_out", False) for part in parts)
    if not classifier.early_stopping and not needed:
        return None
    seed = rng.randint(np.iinfo(np.int32).max)
    return ValidSplit(classifier.validation_fraction, stratified=True, random_state=seed)


def _checked_device(device):
    # torch alone knows its devices, and would say so only in the middle of a fit
    try:
        torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"device must be one that torch knows, such as 'cpu' or 'cuda', got {device!r}."
        ) from error
    return device
