"""What each attack finds, with 16 and with 64 shadow models, on targets that leak much.

Run it with ``python examples/benchmarks/bench_attack_power.py --data DIR``, where DIR holds
``location30.npz`` and ``tafeng100.npz``; it prints one table for each data set and target. Data
that are missing are left out.

Design: the target is trained on a random half of a pool of records. The shadow models, each on a
random half of the same pool, serve all attacks of a table. No attack knows a member: thresholds
are learned from the shadows. Scores are measured on the whole pool, half of which are members.
Attacks marked "offline" do not use the shadows that were trained on a record. Those marked "-" in
the column of shadows use none of them: they have other records, of which none is a member, and
train one shadow on these to calibrate.

The column "blind" is the AUC of the same attack, with the same shadows, against a model of the same
type that was trained on 1,000 other records: 0.5 is what an honest attack must show there.

Intervals are those of ``membership_report`` at 95 %. Parameters that depend on the target alone are
the libraries' defaults; those of the targets are printed.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from skmia.attacks import (
    BASE,
    GMIA,
    RMIA,
    CombinedAttack,
    LabelOnlyAttack,
    LiRA,
    MetricAttack,
    PopulationAttack,
    QuantileAttack,
    ReferenceAttack,
    ShadowModelAttack,
)
from skmia.metrics import membership_balanced_accuracy, membership_report, membership_roc_auc
from skmia.shadows import ShadowModels

RATES = (0.01, 0.001)
POOL = {"location30": 3000, "tafeng100": 4000}
TARGETS = {
    "forest": RandomForestClassifier(100),
    "boosted trees": HistGradientBoostingClassifier(max_iter=5, max_leaf_nodes=15),
    "logistic": LogisticRegression(C=10, max_iter=300),
    "MLP": MLPClassifier((64,), max_iter=60, learning_rate_init=0.003),
}
WITHOUT_SHADOWS = {
    "correctness": MetricAttack(signal="correctness"),
    "MetricAttack": MetricAttack(),
    "PopulationAttack": PopulationAttack(),
    "QuantileAttack": QuantileAttack(),
    "LabelOnlyAttack, 30 copies": LabelOnlyAttack(n_queries=30),
}
WITH_SHADOWS = {
    "ShadowModelAttack": ShadowModelAttack(),
    "GMIA": GMIA(),
    "ReferenceAttack": ReferenceAttack(),
    "RMIA, offline": RMIA(online=False),
    "BASE, offline": BASE(online=False),
    "LiRA, offline": LiRA(online=False),
    "RMIA": RMIA(),
    "BASE": BASE(),
    "LiRA": LiRA(),
    "CombinedAttack": CombinedAttack(),
}


def load(name, folder):
    """Return records and labels, or None where the file is missing."""
    path = folder / f"{name}.npz"
    if not path.exists():
        return None
    z = np.load(path)
    if name == "location30":
        return np.unpackbits(z["X_packed"], axis=1)[:, :446].astype(np.float32), z["y"]
    entries = np.ones(len(z["indices"]), np.float32), z["indices"].astype(np.int32), z["indptr"]
    return sparse.csr_matrix(entries, shape=tuple(z["shape"])).toarray(), z["y100"]


def measured(attack, own, target, blind, X, y, membership):
    """Return a row of the table: an attack against the target, and against the blind model."""
    attack = clone(attack).set_params(target=target, random_state=0)
    start = time.perf_counter()
    attack.fit(*own)
    scores, called = attack.score_samples(X, y), attack.predict(X, y)
    seconds = time.perf_counter() - start
    report = membership_report(membership, scores, false_positive_rate=RATES, random_state=0)
    accuracy = membership_balanced_accuracy(membership, called, threshold=1)
    on_blind = clone(attack).set_params(target=blind).fit(*own).score_samples(X, y)
    blind_auc = membership_roc_auc(membership, on_blind)
    tprs = [report.tpr_at_fpr[rate] for rate in RATES]
    return [report.roc_auc, accuracy, *tprs, blind_auc], seconds


def table(rows):
    """Print aligned columns."""
    head = ["attack", "shadows", "AUC", "balanced accuracy"]
    head += [f"TPR at {rate:.1%} FPR" for rate in RATES] + ["blind", "seconds"]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)))


def attack_all(data_set, name, X, y, args):
    """Print the table of one target."""
    classifier, n_pool = TARGETS[name], POOL[data_set]
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    pool, of_blind, own = np.split(order[: 2 * n_pool], [n_pool, n_pool + 1000])
    membership = (rng.permutation(len(pool)) < len(pool) // 2).astype(int)
    records, labels = X[pool], y[pool]
    template = clone(classifier).set_params(random_state=0)
    target = clone(template).fit(records[membership == 1], labels[membership == 1])
    blind = clone(template).fit(X[of_blind], y[of_blind])
    sides = [target.score(records[membership == m], labels[membership == m]) for m in (1, 0)]
    print(f"\n{data_set}, {name}: {len(np.unique(labels))} classes, {len(pool)} records")
    print(f"{classifier}: accuracy {sides[0]:.3f} on members, {sides[1]:.3f} on others")
    rows, about = [], (target, blind, records, labels, membership)
    for attack_name, attack in WITHOUT_SHADOWS.items():
        if args.attacks and attack_name not in args.attacks:
            continue
        values, seconds = measured(attack, (X[own], y[own]), *about)
        rows.append([attack_name, "-", *map(str, values), f"{seconds:.1f}"])
    for n_shadows in args.shadows:
        start = time.perf_counter()
        shadows = ShadowModels(classifier, n_shadows, random_state=1, n_jobs=args.n_jobs)
        shadows.fit(records, labels)
        print(f"training {n_shadows} shadows: {time.perf_counter() - start:.1f} s", flush=True)
        for attack_name, attack in WITH_SHADOWS.items():
            if args.attacks and attack_name not in args.attacks:
                continue
            values, seconds = measured(
                clone(attack).set_params(shadows=shadows), (records, labels), *about
            )
            rows.append([attack_name, str(n_shadows), *map(str, values), f"{seconds:.1f}"])
    table(rows)


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path())
    parser.add_argument("--sets", nargs="+", default=list(POOL), choices=POOL)
    parser.add_argument("--targets", nargs="+", default=list(TARGETS), choices=TARGETS)
    parser.add_argument("--shadows", nargs="+", type=int, default=[16, 64])
    parser.add_argument("--attacks", nargs="+", help="names of the rows; by default all")
    parser.add_argument("--n-jobs", type=int, default=2)
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # a cut training is the target's choice
    for data_set in args.sets:
        loaded = load(data_set, args.data)
        if loaded is None:
            print(f"{data_set} is not in {args.data}: left out")
            continue
        for name in args.targets:
            attack_all(data_set, name, *loaded, args)


if __name__ == "__main__":
    main()
