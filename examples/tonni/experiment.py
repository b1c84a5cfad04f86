"""One run: a target, its shadows, an attack net per class, and everything that is measured."""

import zlib

import numpy as np
from data import in_group, informative, population
from models import KINDS, make_attack_net, make_model
from sklearn.dummy import DummyClassifier
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from skmia.attacks import ShadowModelAttack
from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    mia_indistinguishability_deviation,
    predictive_fairness_difference,
)
from skmia.properties import dataset_entropy, record_parameter_mi
from skmia.shadows import ShadowModels

DEFAULTS = {
    "data": "adult",
    "n_target": 4000,
    "n_shadow": 4000,
    "member_share": 0.75,
    "pace": 1.0,  # factor of all learning rates, see models.py
    "target": "net",
    "shadows": "same",
    "layers": 1,
    "nodes": 50,
    "lr": 1e-3,
    "l2": 1e-7,
    "penalty": None,
    "weight": 1e-3,
    "class_balance": None,
    "feature_balance": None,
    "entropy": None,  # as a factor of the population's
    "n_features": None,
    "attack_rate": 5e-4,
}
ENTROPY_BINS = 16
ENTROPY_POOL = 16_000  # records to choose from for an entropy: more take longer
FEWEST_FEATURES = 5  # its estimate of mutual information takes features as samples
MOST_OTHERWISE = 0.01  # a net that calls at most this share of its class otherwise is constant


def measure(config, seed):
    """Return the numbers of one run, all of them floats, in a dict."""
    config = DEFAULTS | config
    rng = np.random.RandomState([zlib.crc32(repr(sorted(config.items())).encode()), seed])
    target_data, shadow_data = _draw(config, rng)
    target = make_model(config, "target", rng.randint(2**31)).fit(*target_data.members())
    shadows = _train_shadows(config, shadow_data, rng)
    proba = target.predict_proba(target_data.X)
    scores = _attack_scores(config, shadows, shadow_data, proba, target_data.y, rng)
    found = _success(target_data, scores) | _utility(target_data, proba)
    if config["member_share"] > 0.5:  # it learns from as many of either side anyway
        found |= _library_attack(target, shadows, shadow_data, target_data)
    return found | _data_properties(target_data) | _model_properties(target, target_data, proba)


class Sample:
    """Records with labels, groups and membership, a random share of them members."""

    def __init__(self, X, y, group, member_share, rng):
        order = rng.permutation(len(y))
        self.X, self.y, self.group = X[order], y[order], group[order]
        self.membership = np.arange(len(y)) < round(member_share * len(y))

    def members(self):
        """Return the records that a model is trained on, and their labels."""
        return self.X[self.membership], self.y[self.membership]


def _draw(config, rng):
    """Return disjoint samples of the population for the target and for the attacker."""
    X, y = population(config["data"])
    columns = np.arange(X.shape[1])
    if config["n_features"] is not None:
        columns = rng.choice(columns, config["n_features"], replace=False)
    samples = []
    for half, n in zip(
        np.array_split(rng.permutation(len(y)), 2),
        (config["n_target"], config["n_shadow"]),
        strict=True,
    ):
        rows = half[_chosen(config, X[half], y[half], n, rng.randint(2**31))]
        group = in_group(config["data"], X[rows])
        samples.append(Sample(X[rows][:, columns], y[rows], group, config["member_share"], rng))
    return samples


def _chosen(config, X, y, n, seed):
    """Return n positions at random, or with the property that the configuration asks for."""
    params = {"n_samples": n, "random_state": seed}
    asked = [name for name in ("class_balance", "feature_balance", "entropy") if config[name]]
    if not asked:
        return np.arange(n)
    from skmia import sampling

    if asked == ["class_balance"]:
        sampler = sampling.ClassBalanceSampler(config["class_balance"], pos_label=1, **params)
    elif asked == ["feature_balance"]:
        features = informative(config["data"])
        params["features"] = features
        sampler = sampling.FeatureBalanceSampler(config["feature_balance"], **params)
    else:
        X = X[:ENTROPY_POOL]
        entropy = config["entropy"] * dataset_entropy(X, n_bins=ENTROPY_BINS)
        sampler = sampling.EntropySampler(entropy, n_bins=ENTROPY_BINS, **params)
    sampler.fit_resample(X, y[: len(X)])
    return sampler.sample_indices_


def _train_shadows(config, sample, rng):
    """Train the shadow, or one of each kind, on the attacker's members."""
    kinds = {"same": [config["target"]], "all": KINDS}.get(config["shadows"], [config["shadows"]])
    templates = [make_model(config, "shadow", None, kind) for kind in kinds]
    mask = np.tile(sample.membership, (len(kinds), 1))
    shadows = ShadowModels(templates, len(kinds), splitter=mask, random_state=rng.randint(2**31))
    return shadows.fit(sample.X, sample.y)


def _attack_scores(config, shadows, sample, proba, y, rng):
    """Train an attack net per class on the shadows' answers, and return P(member) of the target's.

    As in the authors' code the nets see as many members as there are: 75 % of the answers.
    """
    answers = np.concatenate([shadow.predict_proba(sample.X) for shadow in shadows.estimators_])
    membership = np.tile(sample.membership, len(shadows.estimators_))
    labels = np.tile(sample.y, len(shadows.estimators_))
    order, scores = rng.permutation(len(labels)), np.empty(len(y))
    for label in np.unique(y):
        rows = order[labels[order] == label]
        net = make_attack_net(config, len(rows), rng.randint(2**31))
        if len(np.unique(membership[rows])) < 2:
            net = DummyClassifier()
        net.fit(answers[rows].astype(np.float32), membership[rows])
        asked = y == label
        scores[asked] = net.predict_proba(proba[asked].astype(np.float32))[:, -1]
    return scores


def _success(sample, scores):
    """Return how right the attack is, and how right it would be if it knew no more than labels.

    `constant_accuracy` is the accuracy of an attack that calls as many of each class members, but
    blindly. What it explains is not leakage.
    """
    membership, called = sample.membership, scores >= 0.5
    classes = [sample.y == label for label in np.unique(sample.y)]
    rates = [called[rows].mean() for rows in classes]
    blind = [
        rows.mean() * (rate * membership[rows].mean() + (1 - rate) * (1 - membership[rows].mean()))
        for rows, rate in zip(classes, rates, strict=True)
    ]
    balanced = balanced_accuracy_score(membership, called)
    return {
        "mia_accuracy": (called == membership).mean(),
        "mia_balanced_accuracy": balanced,
        "mia_advantage": 2 * balanced - 1,
        "mia_auc": roc_auc_score(membership, scores),
        "constant_accuracy": sum(blind),
        "constant_nets": np.mean([min(rate, 1 - rate) <= MOST_OTHERWISE for rate in rates]),
        "called_0": rates[0],
        "called_1": rates[-1],
    }


def _library_attack(target, shadows, shadow_data, sample):
    """Return the AUC of skmia's attack with the same shadows, which sees as many of either side."""
    attack = ShadowModelAttack(target, shadows=shadows, random_state=0)
    attack.fit(shadow_data.X, shadow_data.y)
    return {
        "library_auc": roc_auc_score(sample.membership, attack.score_samples(sample.X, sample.y))
    }


def _utility(sample, proba):
    """Return what the target is good for, and the AUC of its loss, an attack without shadows."""
    right = proba.argmax(axis=1) == sample.y
    train, test = right[sample.membership].mean(), right[~sample.membership].mean()
    loss_auc = roc_auc_score(sample.membership, proba[np.arange(len(proba)), sample.y])
    return {
        "train_accuracy": train,
        "test_accuracy": test,
        "gap": train - test,
        "loss_auc": loss_auc,
    }


def _data_properties(sample):
    share = sample.y.mean()
    return {
        "class_share": share,
        "minority": min(share, 1 - share),
        "group_share": sample.group.mean(),
        "dataset_entropy": dataset_entropy(sample.X, n_bins=ENTROPY_BINS),
    }


def _model_properties(target, sample, proba):
    """Return the properties of section 3.1 of the paper."""
    predicted, groups = proba.argmax(axis=1), {"sensitive_features": sample.group}
    found = {
        "delta_mi": mia_indistinguishability_deviation(sample.membership, predicted, smoothing=0.5),
        "delta_g": demographic_parity_difference(sample.y, predicted, **groups),
        "delta_p": predictive_fairness_difference(sample.y, predicted, **groups),
        "delta_i": individual_fairness_deviation(sample.y, proba, random_state=0, **groups),
    }
    if hasattr(target, "coefs_") and len(target.coefs_[0]) >= FEWEST_FEATURES:
        found["record_mi"] = np.mean(
            record_parameter_mi(sample.X[:200], target.coefs_[0], random_state=0)
        )
    return found
