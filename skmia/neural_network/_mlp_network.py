"""The skorch network within a multilayer perceptron for tables."""

from numbers import Integral

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils import check_random_state
from skorch.callbacks import EarlyStopping
from skorch.dataset import ValidSplit
from skorch.utils import noop

from skmia.neural_network._mlp import MLP, layer_sizes
from skmia.neural_network._named_lists import named
from skmia.neural_network._net import RegularizedNet

__all__ = ["OPTIMIZERS", "new_net"]

OPTIMIZERS = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
# a batch of predictions needs no gradients, so it may be large
PREDICTED_AT_ONCE = 2048


def new_net(classifier, X):
    """Return an untrained network with the parameters of a `RegularizedMLPClassifier`."""
    rng = check_random_state(classifier.random_state)
    batch_size = classifier.batch_size
    options = {} if classifier.verbose else {"callbacks__print_log": None}
    net = RegularizedNet(
        MLP,
        module__n_features=X.shape[1],
        module__n_classes=len(classifier.classes_),
        module__hidden_layer_sizes=_hidden_layer_sizes(classifier.hidden_layer_sizes),
        module__activation=classifier.activation,
        module__dropout=classifier.dropout,
        # float32 records are trained on in float32, which is faster
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
        **_optimizer_options(classifier),
    )
    return net.initialize()


def _hidden_layer_sizes(sizes):
    sizes = (sizes,) if isinstance(sizes, Integral) else sizes
    return layer_sizes("hidden_layer_sizes", sizes)


def _callbacks(classifier):
    # clones: what they learn belongs to the network, not to the parameters
    callbacks = [(name, clone(callback)) for name, callback in named(classifier.callbacks)]
    if classifier.early_stopping:
        stopping = EarlyStopping(patience=classifier.n_iter_no_change, load_best=True, sink=noop)
        # first, for a privacy budget has the last word on the epoch restored
        callbacks.insert(0, ("early_stopping", stopping))
    return callbacks


def _optimizer_options(classifier):
    """Return options of the optimizers that go by name; a class has its own defaults."""
    return {
        "adam": {"optimizer__fused": True},
        "sgd": {"optimizer__momentum": classifier.momentum},
    }.get(classifier.optimizer, {})


def _split(classifier, rng):
    """Return what holds records out, None if nobody needs any."""
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
