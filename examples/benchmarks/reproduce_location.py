"""Reproduce the attack of Shokri et al. (2017) on Location-30, beside the paper's figures.

Bangkok check-ins of Foursquare, 5,010 users x 446 places and types of places, 30 classes. The data
come with no licence, so that they are not part of this project: give the path of an npz file with
`X_packed`, the bits of X, and `y`.

    python examples/benchmarks/reproduce_location.py location30.npz

The paper attacks a model of Google's prediction service that was trained on 1,200 records, with 60
shadow models of the same kind. Neither the service nor its model exists any more. Here the targets
are a network as in its other experiments and a random forest, with 1,200 and 1,600 members.
"""

import argparse

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import precision_score, recall_score
from sklearn.neural_network import MLPClassifier

from skmia.attacks import ShadowModelAttack
from skmia.metrics import membership_balanced_accuracy, membership_roc_auc
from skmia.shadows import ShadowModels

PAPER = f"{'paper, a service':20} {'':14} {1200:6} 1.000 0.673 {'not given':41} 0.678 about 1"
TARGETS = {
    "random forest": RandomForestClassifier(random_state=0),
    "network (128, tanh)": MLPClassifier((128,), activation="tanh", max_iter=150, random_state=0),
}


def load(path):
    """Return the records and labels."""
    with np.load(path) as data:
        X = np.unpackbits(data["X_packed"], axis=1)[:, :446].astype(np.float32)
        return X, data["y"]


def attack(template, X, y, n_members, features):
    """Return membership, calls, scores and classes of as many members as non-members."""
    order = np.random.default_rng(0).permutation(len(y))
    members, others, own = np.split(order, [n_members, 2 * n_members])
    target = clone(template).fit(X[members], y[members])
    size = min(n_members, len(own) // 2)
    shadows = ShadowModels(n_shadows=20, train_size=size, stratify=True)
    fitted = ShadowModelAttack(target, shadows=shadows, features=features, random_state=0, n_jobs=2)
    fitted.fit(X[own], y[own])
    rows, membership = np.r_[members, others], np.repeat([1, 0], n_members)
    called, scores = fitted.predict(X[rows], y[rows]), fitted.score_samples(X[rows], y[rows])
    accuracy = [target.score(X[part], y[part]) for part in (members, others)]
    return accuracy, membership, called, scores, y[rows]


def per_class(metric, membership, called, y):
    """Return a metric of each class."""
    values = [
        metric(membership[y == label], called[y == label], zero_division=np.nan)
        for label in np.unique(y)
    ]
    return " ".join(f"{value:.2f}".removeprefix("0") for value in values)


def show(name, n_members, features, found):
    """Print one attack."""
    fit, membership, called, scores, labels = found
    print(
        f"{name:20} {features:14} {n_members:6} {fit[0]:.3f} {fit[1]:.3f} "
        f"{membership_balanced_accuracy(membership, called, threshold=1)} "
        f"{membership_roc_auc(membership, scores)} "
        f"{precision_score(membership, called):.3f} {recall_score(membership, called):.3f}"
    )
    for metric in (precision_score, recall_score):
        print(f"    {metric.__name__} by class: {per_class(metric, membership, called, labels)}")


def main():
    """Print one row per target, number of members and kind of features, with each class."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="the npz file")
    X, y = load(parser.parse_args().path)
    header = ("target", "features", "members", "train", "test", "accuracy [95 %]", "AUC [95 %]")
    print("{:20} {:13} {:7} {:5} {:5} {:20} {:20} precision recall".format(*header))
    print(PAPER)
    for name, template in TARGETS.items():
        for n_members in (1200, 1600):
            for features in ("probabilities", "log_signals"):
                show(name, n_members, features, attack(template, X, y, n_members, features))


if __name__ == "__main__":
    main()
