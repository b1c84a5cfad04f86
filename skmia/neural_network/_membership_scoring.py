"""A callback that measures after each epoch what membership inference finds."""

import warnings
from copy import deepcopy
from math import inf, isnan
from numbers import Integral, Real
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from skorch.callbacks import Callback
from skorch.dataset import unpack_data
from skorch.utils import to_numpy
from torch.utils.data import Subset

from skmia._records import (
    draw_per_class,
    fingerprint,
    fingerprint_both,
    matched_classes,
    ranks_within,
)
from skmia.exceptions import BudgetWarning
from skmia.metrics._curve import Curve
from skmia.metrics._roc import roc_auc_of, tpr_at_fpr_of
from skmia.neural_network._batches import Training, whole_and_rows
from skmia.signals import get_signal, get_signal_names
from skmia.utils._sklearn import Interval, StrOptions

# keys of the history, in the order in which `_measure` returns the figures
MEASURED = (
    "train_acc",
    "mia_roc_auc",
    "mia_roc_auc_low",
    "mia_roc_auc_high",
    "mia_balanced_accuracy",
    "mia_tpr_at_fpr",
)
# what a training that failed leaves behind, and no pickle may hold
WORKING_STATE = ("_drawn_", "_best_state_", "_best_merit_")


class MembershipScoring(BaseEstimator, Callback):
    """Measure after each epoch what membership inference finds, and keep to a budget.

    The attacker compares one signal of the true labels, and of the answers as the defense reveals
    them, with a threshold chosen on other records of known membership. Stronger attackers find
    more: a small figure here does not bound what they find. Members are records that the network is
    trained on, non-members those held out from it, as many of each label, the same in all epochs. A
    blind guess has an AUC and an accuracy of 0.5. It works with all classifiers of skorch.

    Parameters
    ----------
    signal : str or callable, default="modified_entropy"
        What the attacker thresholds: a name from :func:`skmia.signals.get_signal_names`, or a
        function of `proba` and `y_index` that is higher for member-like records.
    budget : float or None, default=None
        Largest attack success allowed, by `metric`: above that of a blind guess and at most 1. By
        default it is only measured.
    metric : {"roc_auc", "balanced_accuracy", "tpr_at_fpr"}, default="roc_auc"
        The attack success that must keep to the budget.
    false_positive_rate : float, default=0.01
        False positive rate of `mia_tpr_at_fpr`, in (0, 1). It needs at least 1 /
        false_positive_rate non-members.
    on_budget : {"restore", "stop"}, default="restore"
        "restore" trains to the end and then restores the parameters of the best epoch by `monitor`
        among those that kept to the budget; of equal ones, the most private. "stop" ends
        training after the first epoch beyond the budget and restores the last one that kept to it.
    monitor : str, default="valid_acc"
        Key of the history by which "restore" chooses. Keys that end in "_loss" are better if lower.
    every : int, default=1
        Epochs from one measurement to the next, at least 1. Only measured epochs are restored.
    n_records : int, default=2000
        Largest number of members, and of non-members, to measure on; at least 2.
    random_state : int, RandomState instance or None, default=None
        Draws the records. None takes a seed of the trained network, if it is a
        :class:`RegularizedNet` or :class:`RegularizedMLPClassifier`.

    Attributes
    ----------
    best_epoch_ : int or None
        The epoch, counted from 1, whose parameters were restored; None without a budget.
    best_attack_success_ : float or None
        The attack success of this epoch.

    Raises
    ------
    ValueError
        In training, if a parameter is out of range, too few records are held out (also to tell the
        true positive rate of a budget), or `monitor` is not in the history.

    Warns
    -----
    BudgetWarning
        At the end of training, if no epoch kept to the budget. The parameters are then those of
        the epoch of the least attack success.

    See Also
    --------
    skmia.inspection.TrainingHistoryDisplay : The figures of all epochs, drawn.

    Notes
    -----
    The history of the network gets for each epoch, NaN where it is not measured: `mia_roc_auc`, the
    AUC, and `mia_roc_auc_low` and `mia_roc_auc_high`, the limits of its 95 % interval;
    `mia_balanced_accuracy`, on each half of the records by the other's threshold; `mia_tpr_at_fpr`,
    NaN with fewer than 1 / `false_positive_rate` non-members; and `train_acc`, the accuracy on the
    members drawn, unless already recorded.

    The figure of a restored epoch is optimistic, as it chose this epoch: measure the trained
    network on other records than those held out here. The budget is compared with the estimate, not
    with its upper limit. The figures are also too small where a defense learns from the held-out
    records, and in a warm start that holds out records that have been trained on before. With
    several of these callbacks in one network, the history has the figures of the last.

    :class:`RegularizedMLPClassifier` holds records out by itself; give :class:`RegularizedNet` a
    `train_split`. The fitted copy of the callback is in `net_.callbacks_`. Only parameters of
    `module_` are restored, neither optimizer nor history. Where `EarlyStopping` or `Checkpoint`
    restore an epoch too, the callback that comes last has the last word; `early_stopping` of
    :class:`RegularizedMLPClassifier` comes first, and the epoch in which it stops is not measured.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic Evaluation of Privacy Risks of Machine Learning
       Models", USENIX Security, 2021, section 3.2 (the modified entropy).
    .. [2] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy Risk in Machine Learning:
       Analyzing the Connection to Overfitting", IEEE Computer Security Foundations Symposium,
       2018, section III.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skmia.neural_network import MembershipScoring, RegularizedMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> net = RegularizedMLPClassifier((20,), max_epochs=5, validation_fraction=0.5, random_state=0)
    >>> net = net.set_params(callbacks=[MembershipScoring(budget=0.6)]).fit(scale(X), y)
    >>> bool(max(net.net_.history[:, "mia_roc_auc"]) < 0.6)
    True
    >>> dict(net.net_.callbacks_)["membership_scoring"].best_epoch_
    5
    """

    needs_held_out = True  # RegularizedMLPClassifier then holds records out by itself
    _parameter_constraints: ClassVar[dict] = {
        "signal": [StrOptions(set(get_signal_names())), callable],
        "budget": [Interval(Real, 0, 1, closed="right"), None],
        "metric": [StrOptions({"roc_auc", "balanced_accuracy", "tpr_at_fpr"})],
        "false_positive_rate": [Interval(Real, 0, 1, closed="neither")],
        "on_budget": [StrOptions({"restore", "stop"})],
        "monitor": [str],
        "every": [Interval(Integral, 1, None, closed="left")],
        "n_records": [Interval(Integral, 2, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        signal="modified_entropy",
        *,
        budget=None,
        metric="roc_auc",
        false_positive_rate=0.01,
        on_budget="restore",
        monitor="valid_acc",
        every=1,
        n_records=2000,
        random_state=None,
    ):
        self.signal = signal
        self.budget = budget
        self.metric = metric
        self.false_positive_rate = false_positive_rate
        self.on_budget = on_budget
        self.monitor = monitor
        self.every = every
        self.n_records = n_records
        self.random_state = random_state

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        """Check the parameters."""
        self._validate_params()
        # by chance alone as many members as non-members are called members
        blind = self.false_positive_rate if self.metric == "tpr_at_fpr" else 0.5
        if self.budget is not None and self.budget <= blind:
            raise ValueError(
                f"budget must be above {blind:g}, which a blind guess reaches by "
                f"metric={self.metric!r}, got {self.budget!r}."
            )
        # a warm start begins anew: what it holds out may be other records
        self._drawn_ = self._best_state_ = None
        self._best_merit_ = (-1,)  # below all merits, which begin with 0 or 1
        self.best_epoch_ = self.best_attack_success_ = None

    def on_epoch_begin(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Draw the rows, before the first epoch."""
        if self._drawn_ is not None:
            return
        if dataset_valid is None:
            raise ValueError(
                "MembershipScoring needs records held out from training, which are the "
                "non-members: set train_split=skorch.dataset.ValidSplit(5, stratified=True), or "
                "another share."
            )
        with _own_chance():
            datasets = (dataset_train, dataset_valid)
            self._drawn_ = draw_rows(net, datasets, self.n_records, self._rng(net))

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        """Measure the attack, and compare it with the budget."""
        measuring = len(net.history) % self.every == 0
        nothing = dict.fromkeys(MEASURED, np.nan)
        figures = self._measure(net, (dataset_train, dataset_valid)) if measuring else nothing
        for key, value in figures.items():
            # `train_acc` is a common name of other callbacks, which see all members
            if key.startswith("mia_") or key not in net.history[-1]:
                net.history.record(key, value)
        if measuring and self.budget is not None:
            self._compare(net, figures[f"mia_{self.metric}"])

    def on_train_end(self, net, X=None, y=None, **kwargs):
        """Restore the parameters of the epoch chosen."""
        state = self._best_state_
        # neither a copy of the parameters nor rows stay after training
        self._best_state_ = self._drawn_ = None
        if state is not None:
            net.module_.load_state_dict(state)
        if self.budget is not None:
            self._warn_beyond_budget()

    def _measure(self, net, datasets):
        drawn = self._drawn_
        with _own_chance():
            proba = drawn.answers(net, datasets)
        scores = get_signal(self.signal)(proba, drawn.labels)
        curve = Curve.from_scores(drawn.membership, scores)
        auc = roc_auc_of(curve, 0.95)
        right = (proba.argmax(axis=1) == drawn.labels)[drawn.membership == 1]
        accuracy = _accuracy_across(drawn.membership, np.asarray(scores), drawn.half)
        tpr = tpr_at_fpr_of(curve, self.false_positive_rate, 0.95)
        values = (right.mean(), auc, auc.low, auc.high, accuracy, tpr)
        return dict(zip(MEASURED, map(float, values), strict=True))

    def _compare(self, net, attack_success):
        """Keep the parameters if no epoch was better, and stop if that is wanted."""
        if isnan(attack_success):
            raise ValueError(
                f"The budget of TPR at FPR {self.false_positive_rate:g} cannot be resolved: it "
                f"needs at least 1 / {self.false_positive_rate:g} non-members, got "
                f"{len(self._drawn_.rows[1])}. Hold more records out, raise n_records, or take a "
                "larger false_positive_rate or another metric."
            )
        merit = self._merit(net.history[-1], attack_success)
        if merit > self._best_merit_:
            self._best_merit_ = merit
            self.best_attack_success_ = attack_success
            self.best_epoch_ = net.history[-1, "epoch"]
            # a copy, since the next step of the optimizer changes the tensors in place
            self._best_state_ = deepcopy(net.module_.state_dict())
        if self.on_budget == "stop" and attack_success > self.budget:
            raise KeyboardInterrupt  # how skorch's callbacks end a training

    def _merit(self, epoch, attack_success):
        """Return what is larger for the better epoch: whether it keeps to the budget, then what."""
        # tuples, compared from the left: any epoch within the budget beats all beyond it
        if attack_success > self.budget:
            return 0, -attack_success
        if self.on_budget == "stop":
            return 1, epoch["epoch"]
        return 1, self._utility(epoch), -attack_success

    def _utility(self, epoch):
        if self.monitor not in epoch:
            known = sorted(key for key, value in epoch.items() if isinstance(value, float))
            raise ValueError(
                f"monitor={self.monitor!r} is not in the history, which has {known}. Choose one of "
                "these, or put the callback that records it before MembershipScoring."
            )
        value = epoch[self.monitor]
        # NaN compares with nothing, and would stay the best epoch for ever
        return -inf if isnan(value) else -value if self.monitor.endswith("_loss") else value

    def _warn_beyond_budget(self):
        wanted = f"the budget of {self.budget:g} for {self.metric}"
        if self.best_epoch_ is None:
            message = f"No epoch was compared with {wanted}: train longer, or lower every."
        elif self.best_attack_success_ > self.budget:
            message = (
                f"No epoch kept to {wanted}; epoch {self.best_epoch_} leaks least, "
                f"{self.best_attack_success_:.3f}, and its parameters were restored. Train with a "
                "stronger defense or penalty or a smaller learning rate, or allow more."
            )
        else:
            return
        warnings.warn(message, BudgetWarning, stacklevel=2)

    def _rng(self, net):
        training = getattr(net, "training", None)
        if self.random_state is None and isinstance(training, Training):
            # read, not drawn: the seeds of all else that needs chance stay as they were
            return np.random.RandomState(training.batch_generator.initial_seed() % 2**32)
        return check_random_state(self.random_state)

    def __getstate__(self):
        """Return what is pickled, without parameters, rows and labels of a training that failed."""
        return {k: v for k, v in super().__getstate__().items() if k not in WORKING_STATE}


def _own_chance():
    """Put torch's generator back afterwards: measuring must not change the training."""
    return torch.random.fork_rng(devices=[])


def _accuracy_across(membership, scores, half):
    """Return the accuracy on each half at the best threshold of the other, in the mean."""
    # the best threshold of the very records that it is measured on would flatter the attacker
    accuracies = []
    for known in (half, ~half):
        curve = Curve.from_scores(membership[known], scores[known])
        called = scores[~known] >= curve.thresholds[curve.at(None)]
        accuracies.append(np.mean(called == membership[~known]))
    return np.mean(accuracies)


class MeasuredRows(NamedTuple):
    """As many members as non-members of each label: rows, not records, members first.

    Rows count in the records trained on and in those held out; `half` marks a balanced half.
    """

    rows: tuple
    labels: np.ndarray
    half: np.ndarray

    @property
    def membership(self):
        """Return 1 for each member and 0 for each non-member, members first."""
        return np.repeat([1, 0], len(self.labels) // 2)

    def answers(self, net, datasets):
        """Return what the network reveals of the rows, members first."""
        parts = [Subset(dataset, rows) for dataset, rows in zip(datasets, self.rows, strict=True)]
        return np.concatenate([net.predict_proba(part) for part in parts])


def draw_rows(net, datasets, n_records, rng):
    """Draw at most `n_records` members and as many non-members, two at least, to measure on."""
    # a record on both sides is a member and a non-member, so that neither answer would be right
    kept = [np.flatnonzero(~twin) for twin in _twins(datasets)]
    labels = [_labels(net, data)[rows] for data, rows in zip(datasets, kept, strict=True)]
    codes, quota = matched_classes(*labels)
    quota = _at_most(n_records, quota)
    if quota.sum() < 2:
        raise ValueError(
            "Leakage is measured on at least two members and two non-members of the same labels, "
            f"but {len(kept[0])} records that are trained on and {len(kept[1])} that are held out, "
            f"those with a twin on the other side left out, have {quota.sum()} in common. Hold out "
            "more: a larger validation_fraction, or another train_split."
        )
    drawn, places = zip(*(_draw(side, quota, rng) for side in codes), strict=True)
    return MeasuredRows(
        tuple(rows[d].tolist() for rows, d in zip(kept, drawn, strict=True)),
        np.concatenate([y[d] for y, d in zip(labels, drawn, strict=True)]).astype(np.intp),
        np.concatenate(places) % 2 == 1,
    )


def _draw(codes, quota, rng):
    """Return rows in their order, `quota` of each code, with their places in the order of codes."""
    rows, ranks = draw_per_class(codes, quota, rng)
    # alternate places are alternate halves, on both sides alike
    return rows, (np.cumsum(quota) - quota)[codes[rows]] + ranks


def _at_most(total, quota):
    """Lower the quota of each class in proportion, by the method of Sainte-Laguë."""
    codes = np.repeat(np.arange(len(quota)), quota)
    # record k of a class, from 0 on, has its turn at (k + 1/2) / quota; the first turns are taken
    turn = (ranks_within(codes, np.arange(len(codes))) + 0.5) / quota[codes]
    first = np.argsort(turn, kind="stable")[:total]
    return np.bincount(codes[first], minlength=len(quota))


def _labels(net, dataset):
    # through the network's own batches, for a data set may be one that only they can read
    batches = net.get_iterator(dataset, training=False)
    return np.concatenate([np.asarray(to_numpy(unpack_data(batch)[1])) for batch in batches])


def _twins(datasets):
    """Tell which records have a twin on the other side, None of those that are no tables."""
    wholes, rows = zip(*map(whole_and_rows, datasets), strict=True)
    tables = [_table(whole) for whole in wholes]
    if any(table is None for table in tables):
        return [np.zeros(len(dataset), dtype=bool) for dataset in datasets]
    # two parts of one table: each record's print is taken once
    if wholes[0] is wholes[1]:
        prints = [fingerprint(*tables[0])] * 2
    else:
        prints = fingerprint_both(*tables[0], *tables[1])
    prints = [p if r is None else p[r] for p, r in zip(prints, rows, strict=True)]
    return np.isin(prints[0], prints[1]), np.isin(prints[1], prints[0])


def _table(dataset):
    X, y = getattr(dataset, "X", None), getattr(dataset, "y", None)
    if y is None or not (issparse(X) or isinstance(X, np.ndarray | torch.Tensor)):
        return None
    return X if issparse(X) else to_numpy(X), to_numpy(y)
