"""Whether penalties, a defense and weights of records fit the network, before it is trained."""

import numpy as np
from sklearn.base import clone
from torch.nn import CrossEntropyLoss

from skmia.neural_network._batches import knows_rows
from skmia.neural_network._defense import Defense
from skmia.neural_network._penalty import Penalty

__all__ = [
    "check_defense_unchanged",
    "check_parts",
    "check_takes_parameters",
    "checked_weights",
    "cloned_defense",
]


def check_parts(net):
    """Refuse penalties, a defense or weights that the network lacks something for."""
    penalties = [penalty for _, penalty in net.training.penalties]
    _check_penalties(net.penalties, penalties)
    # none of them has a fit that scikit-learn would check the parameters in
    for part in (*penalties, net.defense_):
        part._validate_params()
    # defense_ is plain training where none was given, which asks for nothing
    defenses = [] if net.defense is None else [net.defense_]
    _check_logits(net, [part for part in penalties if part.needs_probabilities] + defenses)
    _check_rows(net, [part for part in penalties if part.needs_rows] + defenses)
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


def _check_logits(net, needing):
    # losses with weights are computed without the criterion, which must be this one then
    asked_for = needing or net.training.weights is not None
    if asked_for and not isinstance(net.criterion_, CrossEntropyLoss):
        who = type(needing[0]).__name__ if needing else "A weight of each record"
        raise ValueError(
            f"{who} needs a module that returns logits and criterion=CrossEntropyLoss, got "
            f"{net.criterion!r}."
        )


def _check_rows(net, needing):
    if (needing or net.training.weights is not None) and not knows_rows(net):
        who = type(needing[0]).__name__ if needing else "A weight of each record"
        raise ValueError(
            f"{who} needs to know the rows of each batch: leave iterator_train at its default, "
            f"got {net.iterator_train!r}."
        )


def _check_criterion_options(net):
    # such losses are computed without the criterion, whose options would have no effect
    own_losses = net.training.weights is not None or net.defense_.replaces_criterion
    if own_losses and (options := net.get_params_for("criterion")):
        raise ValueError(
            "Defenses and weights of records take the plain cross entropy of each record: "
            f"leave out the criterion's {options}."
        )


def check_takes_parameters(defense, nested):
    """Refuse nested parameters where there is no defense to set them in."""
    if not hasattr(defense, "set_params"):
        raise ValueError(
            f"Invalid parameters {sorted(nested)}: the network's defense is {defense!r}."
        )


def check_defense_unchanged(net):
    """Refuse to go on training a network whose defense was set anew since it was initialized."""
    present = Defense() if net.defense is None else net.defense
    same = type(present) is type(net.defense_)
    # texts, since arrays among the parameters cannot be compared in one go
    if not same or repr(present.get_params()) != repr(net.defense_.get_params()):
        raise ValueError(
            f"The network was initialized with {net.defense_!r} and has defense="
            f"{net.defense!r} now, which would not take effect. Call fit without warm_start, "
            "or initialize() first."
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
