"""What each penalty and each defense costs in accuracy, and what it takes from an attacker.

Run it with ``python examples/benchmarks/bench_defenses.py --data DIR``, where DIR holds
``location30.npz``; without it this data set is left out. ``--seeds`` sets the repetitions,
``--jobs`` the processes, ``--only`` a part of the names.

Design: for each seed the records are split into those given to ``fit`` and equally many others, of
equal shares of each label. The network is trained; then the scorers of ``make_membership_scorer``
measure, on the rows that the network remembers as its members and on as many others of each class,
an attack that sees the probabilities of all classes (MetricAttack, modified entropy), calibrated on
one half of these rows and measured on the other. The blind guess is 0.5 throughout.

The intervals are those of Student's t over the seeds, at 95 %. "Change" is the AUC less that of the
plain network of the same seed.

The paper of Tonni et al. (arXiv:2002.06856, table 5) gives an MIA accuracy for the penalties of L1,
L2 and of the properties. **There, 75 % of the records are members**, so that calling everybody a
member is right in 75 % of the cases, and an accuracy of 50 % can come from an attack that calls
many members non-members. Its figures are printed beside ours for Adult and cannot be compared with
them.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy import stats
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from skmia.datasets import load_adult, make_purchase_like
from skmia.metrics import demographic_parity_difference
from skmia.model_selection import make_membership_scorer
from skmia.neural_network import (
    DPSGD,
    HAMP,
    L1,
    L2,
    AdversarialRegularization,
    ConfidencePenalty,
    GroupFairness,
    IndividualFairness,
    LabelSmoothing,
    MembershipScoring,
    MixupMMD,
    MutualInformation,
    PredictiveFairness,
    RegularizedMLPClassifier,
    RelaxLoss,
)

# train, test and MIA accuracy in percent, with 75 % members
PAPER = {
    "none": (76.54, 76.52, 73.36),
    "L1": (76.42, 76.72, 52.41),
    "L2": (69.64, 69.83, 53.95),
    "group fairness, |theta| e^r": (84.49, 84.52, 52.33),
    "predictive fairness, |theta| e^r": (84.57, 84.15, 51.84),
    "individual fairness, |theta| e^r": (84.41, 84.60, 50.25),
    "mutual information, |theta| e^r": (70.14, 70.31, 53.34),
}
MEASURES = ("mia_balanced_accuracy", "mia_roc_auc", "mia_tpr_at_fpr")
PROPERTIES = {
    "group fairness": GroupFairness,
    "predictive fairness": PredictiveFairness,
    "individual fairness": IndividualFairness,
    "mutual information": MutualInformation,
}


def adult(seed, n_records=10_000):
    """Return members and others of the Adult data, categories as columns of 0 and 1."""
    X, y = load_adult(as_frame=True, return_X_y=True)
    encoder = make_column_transformer(
        (
            OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32),
            make_column_selector(dtype_include="category"),
        ),
        remainder=StandardScaler(),
    )
    X, X_test, y, y_test = halves(X, y, n_records, seed)
    X, X_test = encoder.fit_transform(X), encoder.transform(X_test)
    return X.astype(np.float32), np.asarray(y), X_test.astype(np.float32), np.asarray(y_test)


def location(folder, seed, n_records=1200):
    """Return members and others of the Location-30 data."""
    file = np.load(folder / "location30.npz")
    X = np.unpackbits(file["X_packed"], axis=1)[:, :446].astype(np.float32)
    X, X_test, y, y_test = halves(X, file["y"], n_records, seed)
    return X, y, X_test, y_test


def purchase(seed, n_records=2500):
    """Return members and others of data that resemble Purchase-100."""
    X, y = make_purchase_like(20_000, random_state=0)
    X, X_test, y, y_test = halves(X.astype(np.float32), y, n_records, seed)
    return X, y, X_test, y_test


def halves(X, y, n_records, seed):
    """Return as many members as others."""
    return train_test_split(
        X, y, train_size=n_records, test_size=n_records, stratify=y, random_state=seed
    )


def candidates(strength):
    """Return parameters of the network for each row of a table."""
    plain = {
        "none": {},
        "L1": {"penalties": [L1(strength["l1"])]},
        "L2": {"penalties": [L2(strength["l2"])]},
        "dropout": {"dropout": 0.5},
    }
    properties = {
        f"{name}, |theta| e^r": {"penalties": [penalty(strength["l1"])]}
        for name, penalty in PROPERTIES.items()
    }
    properties |= {
        f"{name}, direct": {"penalties": [penalty(strength["direct"], penalty_form="direct")]}
        for name, penalty in PROPERTIES.items()
    }
    for name, params in properties.items():
        if name.startswith("mutual"):  # its estimate takes time in the square of the features
            params["penalties"][0].set_params(n_records=strength["sampled"])
    defenses = {
        "label smoothing": {"defense": LabelSmoothing(0.1)},
        "confidence penalty": {"defense": ConfidencePenalty(0.1)},
        "adversarial regularization": {
            "defense": AdversarialRegularization(strength["adversarial"]),
            "validation_fraction": 0.2,
        },
        "RelaxLoss": {"defense": RelaxLoss(strength["target_loss"], upper=strength["upper"])},
        "HAMP": {"defense": HAMP(strength["entropy"])},
        "mixup and MMD": {"defense": MixupMMD(), "validation_fraction": 0.2},
        "early stopping": {"early_stopping": True},
        "leakage at most 0.6": {"callbacks": [MembershipScoring(budget=0.6)]},
        "DP-SGD": {"defense": DPSGD(strength["noise"], reproducible=True), **PRIVATE},
    }
    return plain | properties | defenses


# parameters of the network and strengths: chosen by hand, on one seed, so that training still works
DATA = {
    "adult": (
        {"hidden_layer_sizes": (50,), "max_epochs": 50, "batch_size": 200},
        {
            "l1": 1e-4,
            "l2": 1e-3,
            "direct": 0.5,
            "adversarial": 1.0,
            "target_loss": 0.3,
            "upper": 1.0,
            "entropy": 0.5,
            "noise": 1.0,
            "sampled": 50,
        },
    ),
    "location30": (
        {"hidden_layer_sizes": (128,), "max_epochs": 100, "batch_size": 64},
        {
            "l1": 1e-3,
            "l2": 1e-2,
            "direct": 0.5,
            "adversarial": 1.0,
            "target_loss": 2.0,
            "upper": 0.3,
            "entropy": 0.5,
            "noise": 2.0,
            "sampled": 10,
        },
    ),
    "purchase": (
        {"hidden_layer_sizes": (128,), "max_epochs": 60, "batch_size": 64},
        {
            "l1": 3e-4,
            "l2": 3e-3,
            "direct": 0.5,
            "adversarial": 1.0,
            "target_loss": 2.0,
            "upper": 0.3,
            "entropy": 0.5,
            "noise": 1.5,
            "sampled": 10,
        },
    ),
}
# few passes over larger batches: what every step of DP-SGD spends adds up
PRIVATE = {"max_epochs": 20, "batch_size": 200, "lr": 0.005}


def measure(data, base, params, seed):
    """Train one network and return what was measured."""
    X, y, X_test, y_test = data
    scorer = make_membership_scorer(
        ["accuracy", "roc_auc", "tpr_at_fpr"], scoring="accuracy", random_state=seed
    )
    with threadpool_limits(1):
        start = time.perf_counter()
        net = RegularizedMLPClassifier(**{**base, **params}, random_state=seed).fit(X, y)
        seconds = time.perf_counter() - start
        scores = scorer(net, X_test, y_test)
    members = net.membership_of(X, y) == 1
    found = {name: -scores[f"neg_{name}"] for name in MEASURES}
    found |= {"train": net.score(X[members], y[members]), "test": scores["accuracy"]}
    return found | {"seconds": seconds, "epsilon": getattr(net.net_.defense_, "epsilon_", np.nan)}


def interval(values):
    """Return mean and half the width of Student's interval."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{np.mean(values):6.3f} ±{half:.3f}"


def table(name, load, n_seeds, n_jobs, only):
    """Measure one data set and print its table."""
    base, strength = DATA[name]
    rows = {k: v for k, v in candidates(strength).items() if k == "none" or only in k}
    sets = [load(seed) for seed in range(n_seeds)]
    outcome = Parallel(n_jobs=n_jobs)(
        delayed(measure)(sets[seed], base, params, seed)
        for params in rows.values()
        for seed in range(n_seeds)
    )
    outcome = np.array(outcome, dtype=object).reshape(len(rows), n_seeds)
    print(f"\n{name}: {len(sets[0][1])} records, {sets[0][0].shape[1]} columns, {base}, {strength}")
    print(
        f"{'':34}{'train':>15}{'test':>15}{'MIA accuracy':>15}{'AUC':>15}{'change':>15}"
        f"{'TPR at 1 %':>15}{'seconds':>9}  note"
    )
    plain = np.array([found["mia_roc_auc"] for found in outcome[0]])
    for row, found in zip(rows, outcome, strict=True):
        value = {key: np.array([f[key] for f in found]) for key in found[0]}
        change = value["mia_roc_auc"] - plain
        columns = [value[key] for key in ("train", "test", "mia_balanced_accuracy", "mia_roc_auc")]
        texts = [interval(column) for column in (*columns, change, value["mia_tpr_at_fpr"])]
        print(
            f"{row:34}{''.join(f'{text:>15}' for text in texts)}"
            f"{value['seconds'].mean():9.1f}  {note(name, row, change, value['epsilon'])}"
        )


def note(name, row, change, epsilon):
    """Return what else is to say of a row."""
    parts = []
    if row != "none":
        lower = stats.ttest_1samp(change, 0, alternative="less").pvalue
        parts += [f"AUC lower (p = {lower:.4f})"] if lower < 0.05 else ["AUC not shown to be lower"]
    if np.isfinite(epsilon).all():
        parts.append(f"epsilon {epsilon.mean():.2f}")
    if name == "adult" and row in PAPER:
        parts.append(
            "paper, 75 % members: train {:.1f}, test {:.1f}, MIA {:.1f}".format(*PAPER[row])
        )
    return "; ".join(parts)


def fairness(n_seeds, n_jobs):
    """Print what the differentiable group fairness does to the difference between the sexes."""
    X, y = load_adult(as_frame=True, return_X_y=True)
    encoder = make_column_transformer(
        (
            OneHotEncoder(drop="if_binary", sparse_output=False),
            make_column_selector(dtype_include="category"),
        ),
        remainder=StandardScaler(),
    ).set_output(transform="pandas")
    encoded = encoder.fit_transform(X)
    sex = next(column for column in encoded.columns if "sex" in column)
    print(f"\nGroup fairness by sex ({sex}), Adult, 10,000 records: direct form")
    print(f"{'weight':>8}{'difference':>17}{'test accuracy':>17}")

    def _one(weight, seed):
        parts = halves(encoded.astype(np.float32), y, 10_000, seed)
        penalty = GroupFairness(weight, sensitive_features=sex, penalty_form="direct")
        net = RegularizedMLPClassifier(
            (50,), max_epochs=50, penalties=[penalty], random_state=seed
        ).fit(parts[0], parts[2])
        predicted = net.predict(parts[1])
        difference = demographic_parity_difference(
            parts[3], predicted, sensitive_features=parts[1][sex]
        )
        return difference, np.mean(predicted == parts[3])

    for weight in (0.0, 0.5, 1.0, 2.0):
        found = Parallel(n_jobs=n_jobs)(delayed(_one)(weight, seed) for seed in range(n_seeds))
        difference, accuracy = np.transpose(found)
        print(f"{weight:8.1f}{interval(difference):>17}{interval(accuracy):>17}")


def overhead():
    """Print the time of an epoch with each penalty as a ratio to the plain network's."""
    rng = np.random.default_rng(0)
    X = rng.random((10_000, 100), dtype=np.float32)
    y = (X[:, 0] > 0.5).astype(int)
    rows = {"none": None, "L1": [L1()], "L2": [L2()]}
    rows |= {f"{name}, l = 5": [penalty()] for name, penalty in PROPERTIES.items()}
    rows |= {
        f"{name}, direct": [penalty(penalty_form="direct")] for name, penalty in PROPERTIES.items()
    }
    seconds = {name: [] for name in rows}
    with threadpool_limits(1):
        for _ in range(5):  # in turns, so that what else runs hits all alike
            for name, penalties in rows.items():
                net = RegularizedMLPClassifier(
                    (64,), max_epochs=4, penalties=penalties, random_state=0
                )
                durations = net.fit(X, y).net_.history[1:, "dur"]
                seconds[name].append(np.median(durations))
    print(
        "\nSeconds of an epoch (10,000 x 100, hidden 64, batch 200) and ratio to the plain network"
    )
    for name, values in seconds.items():
        ratio = np.median(np.divide(values, seconds["none"]))
        print(f"{name:34}{np.median(values):8.4f}{ratio:8.2f}")


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--sets", nargs="+", default=[*DATA, "fairness", "overhead"])
    args = parser.parse_args()
    loaders = {"adult": adult, "purchase": purchase}
    if args.data is not None:
        loaders["location30"] = lambda seed: location(args.data, seed)
    for name in args.sets:
        if name in loaders:
            table(name, loaders[name], args.seeds, args.jobs, args.only)
    if "fairness" in args.sets:
        fairness(args.seeds, args.jobs)
    if "overhead" in args.sets:
        overhead()


if __name__ == "__main__":
    main()
