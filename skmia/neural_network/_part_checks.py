"""Whether penalties, a defense and weights of records fit the network that is to be trained."""

from torch.nn import CrossEntropyLoss

from skmia.neural_network._batches import knows_rows
from skmia.neural_network._defense import Defense
from skmia.neural_network._penalty import Penalty

__all__ = ["check_defense_unchanged", "check_parts"]


def check_parts(net):
    """Refuse penalties and defenses that do not fit a network, before it is trained.

    Parameters
    ----------
    net : RegularizedNet
        The network, whose `training` has its penalties.

    Raises
    ------
    TypeError
        If a penalty is none of this package.
    ValueError
        If a penalty, the defense or weights of records need what the network has not.
    """
    parts = [penalty for _, penalty in net.training.penalties]
    wrong = [part for part in parts if not isinstance(part, Penalty)]
    if not isinstance(net.penalties, list | tuple | None):
        wrong = [net.penalties]
    if wrong:
        raise TypeError(
            "penalties must be a list of penalties of skmia.neural_network, or of pairs of a "
            f"name and a penalty; got {wrong[0]!r}."
        )
    for part in (*parts, net.defense_):
        part._validate_params()
    defenses = [] if net.defense is None else [net.defense_]
    needing = [part for part in parts if part.needs_probabilities] + defenses
    if needing and not isinstance(net.criterion_, CrossEntropyLoss):
        raise ValueError(
            f"{type(needing[0]).__name__} needs a module that returns logits and "
            f"criterion=CrossEntropyLoss, got {net.criterion!r}."
        )
    needing = [part for part in parts if part.needs_rows] + defenses
    if (needing or net.training.weights is not None) and not knows_rows(net):
        who = type(needing[0]).__name__ if needing else "A weight of each record"
        raise ValueError(
            f"{who} needs to know the rows of each batch: leave iterator_train at its default, "
            f"got {net.iterator_train!r}."
        )
    own_losses = net.training.weights is not None or net.defense_.replaces_criterion
    if own_losses and (options := net.get_params_for("criterion")):
        raise ValueError(
            "Defenses and weights of records take the plain cross entropy of each record: "
            f"leave out the criterion's {options}."
        )
    if net.defense_.needs_held_out and net.train_split is None:
        raise ValueError(
            f"{type(net.defense_).__name__} needs records held out from training: set "
            "train_split=skorch.dataset.ValidSplit(5, stratified=True), or another share."
        )
    net.defense_.check(net)


def check_defense_unchanged(net):
    """Refuse to train on without a defense that was set since.

    Parameters
    ----------
    net : RegularizedNet
        The network.

    Raises
    ------
    ValueError
        If its defense is no longer the one that it was initialized with.
    """
    present = Defense() if net.defense is None else net.defense
    same = type(present) is type(net.defense_)
    # texts, since arrays among the parameters cannot be compared in one go
    if not same or repr(present.get_params()) != repr(net.defense_.get_params()):
        raise ValueError(
            f"The network was initialized with {net.defense_!r} and has defense="
            f"{net.defense!r} now, which would not take effect. Call fit without warm_start, "
            "or initialize() first."
        )
