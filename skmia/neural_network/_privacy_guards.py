"""What would void the guarantee of private training, and what to do instead."""

import torch
from skorch.callbacks import EpochScoring, EpochTimer, PassthroughScoring, PrintLog, ProgressBar
from skorch.dataset import Dataset
from skorch.utils import is_dataset

from skmia.neural_network._batches import RecordBatches
from skmia.neural_network._privacy_accounting import import_opacus

__all__ = ["check_guarantee"]

# they write down and decide nothing
CALLBACKS = (EpochScoring, EpochTimer, PassthroughScoring, PrintLog, ProgressBar)


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
