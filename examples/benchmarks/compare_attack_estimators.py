"""Compare attack estimators and features of the shadow-model attack: how its defaults were chosen.

Targets are trained on 3,000 records (Location-30: 1,252), attacked on as many others, with eight
shadows trained on as many again. Adult ships with skmia; the directory may hold other data:
location30.npz and tafeng100.npz (bits of X, labels), credit_card_default.csv.gz (label last).

    OMP_NUM_THREADS=1 python examples/benchmarks/compare_attack_estimators.py DIRECTORY
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skmia.attacks import MetricAttack, ShadowModelAttack
from skmia.datasets import load_adult
from skmia.metrics import membership_roc_auc
from skmia.shadows import ShadowModels

N_RECORDS = 12_000
NETWORK = make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=40, random_state=0))
BOOSTING = HistGradientBoostingClassifier(max_iter=60, random_state=0)
ESTIMATORS = {
    "logistic": None,
    "boosting": HistGradientBoostingClassifier(max_iter=50, max_leaf_nodes=8, min_samples_leaf=50),
    "network": make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=15)),
    "forest": RandomForestClassifier(50, min_samples_leaf=20),
}


def adult(_):
    """Return Adult with numbers for categories."""
    X, y = load_adult(as_frame=True, return_X_y=True)
    codes = [c.cat.codes if c.dtype == "category" else c for _, c in X.items()]
    return pd.concat(codes, axis=1).to_numpy(np.float32), y.to_numpy()


def location(directory):
    """Return Location-30."""
    with np.load(directory / "location30.npz") as data:
        return np.unpackbits(data["X_packed"], axis=1)[:, :446].astype(np.float32), data["y"]


def tafeng(directory):
    """Return Ta-Feng with 10 classes."""
    with np.load(directory / "tafeng100.npz") as data:
        ones = np.ones(len(data["indices"]), np.float32)
        X = csr_matrix((ones, data["indices"].astype(int), data["indptr"]), tuple(data["shape"]))
        return X.toarray(), data["y10"]


def credit(directory):
    """Return the credit card defaults."""
    data = pd.read_csv(directory / "credit_card_default.csv.gz")
    return data.iloc[:, :-1].to_numpy(np.float32), data.iloc[:, -1].to_numpy()


CASES = {
    "Adult, random forest": (adult, RandomForestClassifier(random_state=0)),
    "Location-30, network": (location, NETWORK),
    "Ta-Feng, 10 classes, network": (tafeng, NETWORK),
    "credit card default, boosting": (credit, BOOSTING),
}


def compare(X, y, template):
    """Print one row per attack."""
    order = np.random.RandomState(0).permutation(len(y))
    members, others, own = np.split(order, [len(y) // 4, len(y) // 4 * 2])
    shadows = ShadowModels(template, 8, random_state=0).fit(X[own], y[own])
    target = clone(template).fit(X[members], y[members])
    rows, membership = np.r_[members, others], np.repeat([1, 0], len(members))
    attacks = {"modified entropy": MetricAttack(target, random_state=0)}
    for features in ("log_signals", "probabilities", "top_k"):
        for name, estimator in ESTIMATORS.items():
            attacks[f"{features}, {name}"] = ShadowModelAttack(
                target,
                shadows=shadows,
                features=features,
                attack_estimator=estimator,
                random_state=0,
            )
    for name, attack in attacks.items():
        start = time.perf_counter()
        attack.fit(X[own], y[own])
        seconds = time.perf_counter() - start
        auc = membership_roc_auc(membership, attack.score_samples(X[rows], y[rows]))
        accuracy = attack.score(X[rows], y[rows], membership)
        print(f"{name:26} AUC {auc}  accuracy {accuracy:.3f}  {seconds:6.1f} s")


def main():
    """Compare on all data that are at hand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", nargs="?", type=Path, default=Path())
    directory = parser.parse_args().directory
    warnings.simplefilter("ignore", ConvergenceWarning)  # networks are stopped on purpose
    for name, (load, template) in CASES.items():
        try:
            X, y = load(directory)
        except FileNotFoundError as error:
            print(f"\n{name}: {error}")
            continue
        print(f"\n{name}")
        compare(X[:N_RECORDS], y[:N_RECORDS], template)


if __name__ == "__main__":
    main()
