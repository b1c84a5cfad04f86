"""The models of Table 1 of the paper, as its authors' code trains them, and their attack nets."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

KINDS = ("net", "knn", "logistic", "forest", "svm")
# lasagne's penalty is λ Σ θ² beside a mean loss, scikit-learn's is α Σ θ² / (2 records of a batch)
TARGET = {"max_iter": 50, "batch_size": 500}
SHADOW = {"max_iter": 10, "batch_size": 100}
# theirs: 50 epochs at 0.0001. Steps so small follow the gradient's flow, so that a fifth of them
# at five times the rate ends at the same place; tests/test_tonni.py compares the two
ATTACK_EPOCHS, ATTACK_BATCH = 10, 500
HIGHEST_RATE = 1.0


def make_model(config, role, seed, kind=None):
    """Return the target or a shadow of a configuration, not yet trained."""
    kind = kind or config["target"]
    if kind == "knn":
        return KNeighborsClassifier(3)
    if kind == "logistic":
        return LogisticRegression(C=0.01)
    if kind == "forest":
        return RandomForestClassifier(100, max_depth=2, random_state=seed)
    if kind == "svm":
        return CalibratedClassifierCV(SVC(C=0.01), ensemble=False)
    training = dict(TARGET if role == "target" else SHADOW)
    n_members = round(config["member_share"] * config[f"n_{role}"])
    training["batch_size"] = min(training["batch_size"], n_members)
    return (_net if config["penalty"] is None else _penalized)(config, training, seed)


def make_attack_net(config, n_records, seed):
    """Return the attack model of one class: five hidden layers, as in the authors' code."""
    return MLPClassifier(
        (50,) * 5,
        alpha=1e-7,
        max_iter=ATTACK_EPOCHS,
        batch_size=min(ATTACK_BATCH, n_records),
        learning_rate_init=min(config["attack_rate"] * config["pace"], HIGHEST_RATE),
        random_state=seed,
        **PLAIN,
    )


PLAIN = {
    "activation": "tanh",
    "solver": "sgd",
    "momentum": 0,
    "nesterovs_momentum": False,
    "shuffle": False,
    "tol": 0,
    "n_iter_no_change": 1000,
}


def _rate(config):
    """Return the learning rate: more of it where fewer records make fewer steps."""
    return min(config["lr"] * config["pace"], HIGHEST_RATE)


def _net(config, training, seed):
    return MLPClassifier(
        (config["nodes"],) * config["layers"],
        alpha=2 * training["batch_size"] * config["l2"],
        learning_rate_init=_rate(config),
        random_state=seed,
        **training,
        **PLAIN,
    )


def _penalized(config, training, seed):
    """Return a network with a penalty, in torch: imported only where a study needs it."""
    from skmia import neural_network

    name = config["penalty"]
    penalties = [] if name == "none" else [getattr(neural_network, name)(config["weight"])]
    return neural_network.RegularizedMLPClassifier(
        (config["nodes"],) * config["layers"],
        activation="tanh",
        optimizer="sgd",
        momentum=0,
        lr=_rate(config),
        max_epochs=training["max_iter"],
        batch_size=training["batch_size"],
        penalties=penalties,
        random_state=seed,
    )
