"""Check what an audit is given, and whether train and test rows differ to begin with."""

from collections import Counter
from inspect import signature
from numbers import Integral

import numpy as np
from scipy.sparse import csr_array, issparse, vstack
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import check_random_state, column_or_1d

import skmia.attacks
from skmia._records import RecordNumbers, column_of, is_missing, read_table, within_float32
from skmia.attacks import BaseAttack, MetricAttack
from skmia.metrics import membership_roc_auc
from skmia.signals import get_signal_names
from skmia.utils._sklearn import _num_samples, _safe_indexing

_MOST_ROWS = 5_000  # of each split: enough to see an AUC of 0.52

_FAST = ("correctness", "confidence", "entropy", "modified_entropy")
_BUNDLES = {"fast": _FAST, "strong": (*_FAST, "LiRA", "RMIA", "CombinedAttack")}
_ATTACKS = [
    name
    for name in skmia.attacks.__all__
    if name[0].isupper() and "prior" in signature(getattr(skmia.attacks, name)).parameters
]


def named_attacks(attacks, prior):
    """Return attacks by name."""
    if isinstance(attacks, str) and attacks in _BUNDLES:
        attacks = _BUNDLES[attacks]
    elif isinstance(attacks, str | BaseAttack) or callable(attacks):
        attacks = [attacks]
    if not len(attacks):
        raise ValueError("attacks is empty. Name at least one, for example 'modified_entropy'.")
    if isinstance(attacks, dict):
        return {str(name): _template(attack, prior)[0] for name, attack in attacks.items()}
    named = {}
    times = Counter()
    for template, name in (_template(attack, prior) for attack in attacks):
        times[name] += 1
        named[name if times[name] == 1 else f"{name} {times[name]}"] = template
    return named


def _template(attack, prior):
    """Return an attack with its name; a signal, by name or function, becomes a metric attack."""
    if isinstance(attack, BaseAttack):
        return attack, type(attack).__name__
    if isinstance(attack, type) or not (isinstance(attack, str) or callable(attack)):
        raise TypeError(
            "attacks must hold attacks, such as MetricAttack(), names of attacks, or signals by "
            f"name or function, got {attack!r}."
        )
    if not isinstance(attack, str):
        return MetricAttack(signal=attack, prior=prior), getattr(attack, "__name__", "signal")
    if attack in get_signal_names():
        return MetricAttack(signal=attack, prior=prior), attack
    if attack in _ATTACKS:
        return getattr(skmia.attacks, attack)(prior=prior), attack
    if attack in _BUNDLES:
        raise ValueError(
            f"{attack!r} stands for several attacks: give it alone, attacks={attack!r}."
        )
    raise ValueError(
        "attacks must be 'fast' or 'strong', or name attacks "
        f"({', '.join(map(repr, _ATTACKS))}) or signals "
        f"({', '.join(map(repr, get_signal_names()))}), got {attack!r}."
    )


def check_enough(kept, which):
    """Refuse fewer than two rows of a split, to calibrate on and to measure."""
    if min(map(len, kept)) < 2:
        raise ValueError(
            "An audit calibrates on one half of the rows and measures on the other: it needs at "
            f"least 2 training and 2 test rows; {which} there are {len(kept[0])} and "
            f"{len(kept[1])}. Give more rows that the target was not trained on."
        )


def column_labels(classes, proba, labels):
    """Return the label of each column of the probabilities."""
    n_columns, n_of_test = (p.shape[1] for p in proba)
    if n_columns != n_of_test:
        raise ValueError(
            f"proba_train has {n_columns} columns and proba_test {n_of_test}: both must have one "
            "column per class, in the same order."
        )
    if classes is not None:
        classes = column_or_1d(classes)
        if len(classes) != n_columns or len(np.unique(classes)) != n_columns:
            raise ValueError(
                f"classes must name each of the {n_columns} columns once, got {classes.tolist()}."
            )
        return classes
    if labels.dtype.kind in "biu" and labels.min() >= 0 and labels.max() < n_columns:
        return np.arange(n_columns)
    if len(labels) == n_columns:
        return labels
    raise ValueError(
        f"The probabilities have {n_columns} columns and the labels {len(labels)} distinct values: "
        "say which column is which label with classes=[...]."
    )


def groups_of(sensitive_features, X, lengths):
    """Return the values of each sensitive feature, as texts, for train and test rows."""
    if sensitive_features is None:
        return {}
    if isinstance(sensitive_features, str | Integral):
        sensitive_features = [sensitive_features]
    if not isinstance(sensitive_features, dict):
        sensitive_features = {name: _columns(name, X) for name in sensitive_features}
    groups = {}
    for name, pair in sensitive_features.items():
        pair = [column_or_1d(values).tolist() for values in pair]
        if tuple(map(len, pair)) != tuple(lengths):
            raise ValueError(
                f"sensitive_features[{name!r}] must hold one value per row: {lengths[0]} for train "
                f"and {lengths[1]} for test, got {len(pair[0])} and {len(pair[1])}."
            )
        groups[str(name)] = tuple(np.array([_group_name(v) for v in values]) for values in pair)
    return groups


def _group_name(value):
    """Name 1 and 1.0 alike (a missing value makes floats of integers), and all missing ones."""
    if is_missing(value):
        return "missing"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _columns(name, X):
    remedy = (
        "Name a column, or give a dict {name: (values of train rows, values of test rows)}, which "
        "audit_predictions needs."
    )
    return [column_of(split, name, remedy=remedy) for split in X or ([],)]


def two_sample_auc(X_train, X_test, *, confidence_level, random_state=None, n_jobs=None):
    """Return how well a forest tells train from test rows by X alone, in cross-validation.

    None where the records are no table of numbers and categories. A classifier two-sample test, D.
    Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    """
    rng = check_random_state(random_state)
    splits = (X_train, X_test)
    n_rows = [min(_num_samples(X), _MOST_ROWS) for X in splits]
    matrix = _numeric_matrix(
        *(
            _safe_indexing(X, rng.choice(_num_samples(X), size=n, replace=False))
            for X, n in zip(splits, n_rows, strict=True)
        )
    )
    if matrix is None:
        return None
    split = np.repeat([1, 0], n_rows)
    seeds = rng.randint(np.iinfo(np.int32).max, size=2)
    forest = RandomForestClassifier(min_samples_leaf=5, random_state=seeds[0], n_jobs=n_jobs)
    folds = StratifiedKFold(2, shuffle=True, random_state=seeds[1])
    proba = cross_val_predict(forest, matrix, split, cv=folds, method="predict_proba")
    return membership_roc_auc(split, proba[:, 1], confidence_level=confidence_level)


def _numeric_matrix(*splits):
    """Return numbers for a forest, sparse if a split is; None of what is no table."""
    if any(issparse(X) for X in splits):
        matrix = vstack([csr_array(X) for X in splits], format="csr")
        matrix.data = within_float32(matrix.data)
        return matrix
    tables = [read_table(X) for X in splits]
    if any(table.ndim < 2 for table in tables):
        return None
    numbers = RecordNumbers().fit(*tables)
    return np.concatenate([numbers.transform(table) for table in tables])
