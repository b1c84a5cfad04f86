"""Leakage per epoch: what is measured, on whom, and which epoch a budget restores."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from networks import X32, Linear, X, Y, parameters_of
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split
from torch.utils.data import TensorDataset

from skmia import signals
from skmia.exceptions import BudgetWarning
from skmia.metrics import membership_roc_auc, tpr_at_fpr
from skmia.neural_network import (
    L2,
    Defense,
    MembershipScoring,
    RegularizedMLPClassifier,
    RegularizedNet,
)
from skmia.neural_network._membership_scoring import draw_rows

OPTIONS = {"max_epochs": 3, "lr": 0.1, "verbose": 0}
HALF = ValidSplit(2, stratified=True)


class Spy(Callback):
    """Keep what the tests compare with: parameters of each epoch, rows and data sets."""

    def on_train_begin(self, net, **kwargs):
        self.states_, self.drawn_ = [], []

    def on_epoch_end(self, net, dataset_train=None, dataset_valid=None, **kwargs):
        scoring = dict(net.callbacks_)["membership_scoring"]
        self.states_.append(deepcopy(net.module_.state_dict()))
        self.drawn_.append(scoring._drawn_)
        self.datasets_ = dataset_train, dataset_valid


class Recorded(Callback):
    """Record a sequence known beforehand, one number for each epoch."""

    def __init__(self, **values):
        self.values = values

    def on_epoch_end(self, net, **kwargs):
        for key, sequence in self.values.items():
            net.history.record(key, sequence[len(net.history) - 1])


class Rounding(Defense):
    """Plain training, with answers rounded to one digit."""

    def answer(self, net, proba):
        return proba.round(1)


def regularized(scoring, *others, **params):
    """Return a fitted network with the callback, half of the records held out."""
    callbacks = [*others, ("spy", Spy()), ("membership_scoring", scoring)]
    params = {"train_split": HALF, "random_state": 0, **OPTIONS, **params}
    return RegularizedNet(Linear, callbacks=callbacks, **params).fit(X32, Y)


def scoring_of(net):
    """Return the fitted callback."""
    return dict(net.callbacks_)["membership_scoring"]


def spy_of(net):
    """Return what was seen while training."""
    return dict(net.callbacks_)["spy"]


def known_leakage(monkeypatch, sequence, key="mia_roc_auc"):
    """Let the measurements be these, one for each epoch."""

    def measure(self, net, datasets):
        return {key: sequence[len(net.history) - 1]}

    monkeypatch.setattr(MembershipScoring, "_measure", measure)


def assert_restored(net, epoch):
    state, kept = net.module_.state_dict(), spy_of(net).states_[epoch - 1]
    assert state.keys() == kept.keys()
    assert all(torch.equal(state[key], kept[key]) for key in state)
    assert scoring_of(net).best_epoch_ == epoch


# What is measured


def assert_measured_by_hand(net, X, false_positive_rate=0.05):
    """Compute the last epoch's figures with public functions and slow loops."""
    rows_of = [np.asarray(part.indices) for part in spy_of(net).datasets_]
    drawn = spy_of(net).drawn_[-1]
    members, nonmembers = (r[d] for r, d in zip(rows_of, drawn.rows, strict=True))
    both = np.concatenate([members, nonmembers])
    np.testing.assert_array_equal(drawn.labels, Y[both])
    membership = np.repeat([1, 0], [len(members), len(nonmembers)])
    scores = signals.modified_entropy(net.predict_proba(X[both]), Y[both])
    auc = membership_roc_auc(membership, scores)
    last = net.history[-1]
    assert last["mia_roc_auc"] == pytest.approx(auc, abs=1e-12)
    assert last["mia_roc_auc_low"] == pytest.approx(auc.low, abs=1e-12)
    assert last["mia_roc_auc_high"] == pytest.approx(auc.high, abs=1e-12)
    tpr = tpr_at_fpr(membership, scores, false_positive_rate=false_positive_rate)
    assert last["mia_tpr_at_fpr"] == pytest.approx(tpr, abs=1e-12)
    assert last["mia_balanced_accuracy"] == pytest.approx(
        slow_accuracy(membership, scores, drawn.half)
    )
    assert last["train_acc"] == np.mean(net.predict(X[members]) == Y[members])


def slow_accuracy(membership, scores, half):
    """Choose the threshold on each half by trying all, and measure it on the other half."""
    accuracies = []
    for known, new in ((half, ~half), (~half, half)):
        best = (-np.inf, None)
        for threshold in [np.inf, *np.unique(scores[known])[::-1]]:
            called = scores[known] >= threshold
            gain = sum(called * (2 * membership[known] - 1))  # in integers, so that ties are ties
            best = max(best, (gain, threshold), key=lambda pair: pair[0])
        called = scores[new] >= best[1]
        rates = [np.mean(called[membership[new] == m] == m) for m in (1, 0)]
        accuracies.append(np.mean(rates))
    return np.mean(accuracies)


@pytest.mark.parametrize("n_records", [2000, 50])
def test_figures_are_those_of_the_metrics(n_records):
    scoring = MembershipScoring(n_records=n_records, false_positive_rate=0.05, random_state=1)
    net = regularized(scoring)
    assert_measured_by_hand(net, X32)
    assert len(net.history[:, "mia_roc_auc"]) == 3
    assert all(type(value) is float for key, value in net.history[-1].items() if "mia" in key)


def test_figures_of_float64_modules_and_of_defended_answers():
    class Linear64(Linear):
        def __init__(self):
            super().__init__()
            self.double()

    callbacks = [
        ("membership_scoring", MembershipScoring(false_positive_rate=0.05)),
        ("spy", Spy()),
    ]
    net = RegularizedNet(
        Linear64, callbacks=callbacks, train_split=HALF, random_state=0, defense=Rounding()
    )
    net.set_params(**OPTIONS).fit(X, Y)
    assert_measured_by_hand(net, X)


def test_plain_skorch_net():
    callbacks = [
        ("membership_scoring", MembershipScoring(false_positive_rate=0.05)),
        ("spy", Spy()),
    ]
    net = NeuralNetClassifier(
        Linear, criterion=torch.nn.CrossEntropyLoss, callbacks=callbacks, **OPTIONS
    )
    net.fit(X32, Y)
    assert_measured_by_hand(net, X32)


def test_records_that_are_no_arrays():
    train, valid = (TensorDataset(torch.tensor(X32[r]), torch.tensor(Y[r])) for r in halves())
    plain = {"criterion": torch.nn.CrossEntropyLoss, "callbacks": [MembershipScoring()]}
    torch.manual_seed(0)
    net = NeuralNetClassifier(Linear, train_split=predefined_split(valid), **plain, **OPTIONS)
    net.fit(train, y=None)
    drawn = draw_rows(net, (train, valid), 2000, np.random.RandomState(0))
    counts = [np.bincount(Y[r]) for r in halves()]
    np.testing.assert_array_equal(np.bincount(drawn.labels), 2 * np.min(counts, axis=0))
    assert 0.3 < net.history[-1, "mia_roc_auc"] < 0.7


def halves():
    return np.arange(300), np.arange(300, len(Y))


def test_own_signals():
    def confidence_twice(proba, y_index):
        return 2 * proba[np.arange(len(proba)), y_index]

    by_function = regularized(MembershipScoring(confidence_twice))
    by_name = regularized(MembershipScoring("confidence"))
    assert by_function.history[:, "mia_roc_auc"] == by_name.history[:, "mia_roc_auc"]
    other = regularized(MembershipScoring("entropy"))
    assert by_function.history[:, "mia_roc_auc"] != other.history[:, "mia_roc_auc"]


def test_rate_that_is_not_resolved_is_nan():
    net = regularized(MembershipScoring(n_records=99))
    assert np.isnan(net.history[:, "mia_tpr_at_fpr"]).all()
    net = regularized(MembershipScoring(n_records=100, random_state=0))
    assert np.isfinite(net.history[:, "mia_tpr_at_fpr"]).all()


def test_every_other_epoch():
    net = regularized(MembershipScoring(every=2), max_epochs=5)
    for key in ("mia_roc_auc", "mia_balanced_accuracy", "train_acc"):
        measured = np.isfinite(net.history[:, key])
        np.testing.assert_array_equal(measured, [False, True, False, True, False])


def test_another_train_acc_is_kept():
    net = regularized(MembershipScoring(), Recorded(train_acc=[0.25] * 3))
    assert net.history[:, "train_acc"] == [0.25] * 3


def random_labels(random_state, n_classes=2):
    rng = np.random.RandomState(random_state)
    return rng.normal(size=(400, 20)), rng.randint(n_classes, size=400)


def test_memorized_labels_leak():
    records, labels = random_labels(0, n_classes=5)
    net = RegularizedMLPClassifier(
        (100,),
        lr=0.01,
        max_epochs=60,
        validation_fraction=0.5,
        callbacks=[MembershipScoring()],
        random_state=0,
    ).fit(records, labels)
    history = net.net_.history
    assert history[-1, "train_acc"] > 0.95
    assert history[-1, "mia_roc_auc"] > 0.9
    assert history[-1, "mia_balanced_accuracy"] > 0.8
    assert history[-1, "mia_roc_auc_low"] > history[0, "mia_roc_auc_high"]


def test_network_that_learns_nothing_is_not_found_to_leak():
    figures = []
    for seed in range(20):
        records, labels = random_labels(seed)
        net = RegularizedMLPClassifier(
            (5,),
            lr=1e-12,
            max_epochs=1,
            validation_fraction=0.5,
            callbacks=[MembershipScoring()],
            random_state=seed,
        ).fit(records, labels)
        figures.append(net.net_.history[-1])
    covered = [row["mia_roc_auc_low"] < 0.5 < row["mia_roc_auc_high"] for row in figures]
    assert sum(covered) >= 17
    # a threshold measured on the records that it was chosen on would give about 0.55
    assert np.mean([row["mia_balanced_accuracy"] for row in figures]) == pytest.approx(
        0.5, abs=0.02
    )


# On whom it is measured


def drawn_from(labels, held_out, n_records=2000, random_state=0, X=None):
    """Return the rows drawn from arrays."""
    X = np.arange(len(labels) + len(held_out), dtype=np.float32)[:, None] if X is None else X
    parts = np.split(X, [len(labels)])
    datasets = tuple(Dataset(*pair) for pair in zip(parts, (labels, held_out), strict=True))
    net = RegularizedNet(Linear).initialize()
    return draw_rows(net, datasets, n_records, np.random.RandomState(random_state))


def test_as_many_of_each_label_on_both_sides_and_in_both_halves():
    labels, held_out = np.repeat([0, 1, 2], [50, 30, 7]), np.repeat([0, 1, 3], [10, 31, 5])
    drawn = drawn_from(labels, held_out)
    assert len(set(drawn.rows[0])) == len(drawn.rows[0])
    np.testing.assert_array_equal(np.bincount(labels[drawn.rows[0]]), [10, 30])
    np.testing.assert_array_equal(np.bincount(held_out[drawn.rows[1]]), [10, 30])
    expected = np.concatenate([labels[drawn.rows[0]], held_out[drawn.rows[1]]])
    np.testing.assert_array_equal(drawn.labels, expected)
    for half in (drawn.half, ~drawn.half):
        for membership in (0, 1):
            counts = np.bincount(drawn.labels[half & (drawn.membership == membership)])
            np.testing.assert_array_equal(counts, [5, 15])


def test_halves_are_alike_where_labels_are_rare():
    labels = np.arange(6)
    drawn = drawn_from(labels, labels)
    for membership in (0, 1):
        assert np.sum(drawn.half & (drawn.membership == membership)) == 3
    assert set(drawn.labels[drawn.half]).isdisjoint(drawn.labels[~drawn.half])


def test_fewer_records_keep_the_shares_of_the_labels():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    for n_records, counts in ((100, [60, 30, 10]), (10, [6, 3, 1]), (4, [3, 1])):
        drawn = drawn_from(labels, labels, n_records)
        np.testing.assert_array_equal(np.bincount(labels[drawn.rows[0]]), counts)
        np.testing.assert_array_equal(np.bincount(labels[drawn.rows[1]]), counts)


def test_rows_are_drawn_at_random():
    labels = np.repeat([0, 1], 10)
    times = np.zeros((2, 20))
    for seed in range(150):
        for side, rows in enumerate(drawn_from(labels, labels, 6, seed).rows):
            times[side, rows] += 1
    # 150 draws of 3 in 10: 45 on average, with a standard deviation of 5.6
    assert times.min() > 24
    assert times.max() < 66


@pytest.mark.parametrize("kind", [np.asarray, csr_array, torch.tensor])
def test_records_with_a_twin_on_the_other_side_count_on_neither(kind):
    values = np.array([1, 2, 3, 4, 5, 1, 2, 6, 7, 8], dtype=np.float32)[:, None]
    labels, held_out = np.array([0, 0, 0, 0, 0]), np.array([0, 1, 0, 0, 0])
    parts = [kind(part) for part in np.split(values, 2)]
    datasets = Dataset(parts[0], labels), Dataset(parts[1], held_out)
    net = RegularizedNet(Linear).initialize()
    for seed in range(5):
        rows = draw_rows(net, datasets, 2000, np.random.RandomState(seed)).rows
        assert 0 not in rows[0]  # the record 1 with the label 0 is on both sides
        assert sorted(rows[1]) == [2, 3, 4]


def test_twins_in_subsets_of_one_data_set():
    doubled, labels = np.concatenate([X32, X32]), np.concatenate([Y, Y])
    unique = np.random.RandomState(0).normal(size=(200, 30)).astype(np.float32)
    records = np.concatenate([doubled, unique])
    labels = np.concatenate([labels, np.arange(200) % 2])
    spy, scoring = Spy(), MembershipScoring()
    RegularizedNet(
        Linear,
        callbacks=[("membership_scoring", scoring), spy],
        train_split=ValidSplit(0.5, stratified=True, random_state=0),
        **OPTIONS,
    ).fit(records, labels)
    sides = [
        np.asarray(part.indices)[rows]
        for part, rows in zip(spy.datasets_, spy.drawn_[-1].rows, strict=True)
    ]
    members, nonmembers = (set(map(tuple, records[rows])) for rows in sides)
    trained, held_out = (set(map(tuple, records[np.asarray(p.indices)])) for p in spy.datasets_)
    assert trained & held_out
    assert not members & held_out
    assert not nonmembers & trained
    assert len(nonmembers) > 200


def test_same_rows_in_all_epochs_and_for_equal_seeds():
    net = regularized(MembershipScoring(n_records=50, random_state=3))
    drawn = spy_of(net).drawn_
    assert drawn[0] is drawn[1] is drawn[2]
    again = regularized(MembershipScoring(n_records=50, random_state=3), random_state=7)
    other = regularized(MembershipScoring(n_records=50, random_state=4))
    assert spy_of(again).drawn_[0].rows == drawn[0].rows
    assert spy_of(other).drawn_[0].rows != drawn[0].rows


def test_seed_of_the_network_decides_where_there_is_no_other():
    nets = [regularized(MembershipScoring(n_records=50), random_state=seed) for seed in (0, 0, 1)]
    first, again, other = (spy_of(net).drawn_[0].rows for net in nets)
    assert first == again
    assert first != other


@pytest.mark.parametrize("kind", [RegularizedNet, NeuralNetClassifier])
def test_measuring_does_not_change_the_training(kind):
    found = []
    for callbacks in ([], [MembershipScoring(n_records=20)]):
        torch.manual_seed(0)
        net = kind(
            Linear,
            **({"random_state": 0} if kind is RegularizedNet else {}),
            criterion=torch.nn.CrossEntropyLoss,
            module__dropout=0.5,
            train_split=HALF,
            iterator_train__shuffle=True,
            callbacks=callbacks,
            **OPTIONS,
        )
        found.append(parameters_of(net.fit(X32, Y)))
    assert torch.equal(*found)


# Budget

QUALITY = [0.5, 0.7, 0.9, 0.8, 0.95]


def budgeted(monkeypatch, leakage, quality=QUALITY, key="quality", **params):
    known_leakage(monkeypatch, leakage, f"mia_{params.get('metric', 'roc_auc')}")
    scoring = MembershipScoring(budget=0.6, monitor=key, **params)
    return regularized(scoring, Recorded(**{key: quality}), max_epochs=5)


@pytest.mark.parametrize("metric", ["roc_auc", "balanced_accuracy", "tpr_at_fpr"])
def test_restores_the_best_epoch_within_the_budget(monkeypatch, metric):
    leakage = [0.5, 0.55, 0.7, 0.6, 0.61]
    net = budgeted(monkeypatch, leakage, metric=metric)
    assert_restored(net, 4)  # at the budget is within it
    assert scoring_of(net).best_attack_success_ == 0.6
    assert len(net.history) == 5
    with pytest.raises(AssertionError):
        assert_restored(net, 5)


def test_losses_are_better_if_lower(monkeypatch):
    loss = [np.nan, 0.2, 0.1, 0.4, 0.5]
    net = budgeted(monkeypatch, [0.5, 0.55, 0.7, 0.6, 0.5], loss, "own_loss")
    assert_restored(net, 2)


def test_of_equally_good_epochs_the_one_of_least_leakage(monkeypatch):
    net = budgeted(monkeypatch, [0.5, 0.55, 0.53, 0.53, 0.52], [0.5, 0.9, 0.9, 0.9, 0.5])
    assert_restored(net, 3)


def test_stops_beyond_the_budget_and_goes_one_back(monkeypatch):
    net = budgeted(monkeypatch, [0.5, 0.58, 0.61, 0.5, 0.5], on_budget="stop")
    assert len(net.history) == 3
    assert_restored(net, 2)
    assert scoring_of(net).best_attack_success_ == 0.58


def test_stop_takes_the_last_epoch_where_all_keep_to_the_budget(monkeypatch):
    net = budgeted(monkeypatch, [0.5, 0.58, 0.6, 0.5, 0.51], on_budget="stop")
    assert len(net.history) == 5
    assert_restored(net, 5)


def test_budget_that_no_epoch_keeps(monkeypatch):
    with pytest.warns(BudgetWarning, match=r"No epoch kept .* 0\.6 for roc_auc; epoch 4 .* 0\.620"):
        net = budgeted(monkeypatch, [0.7, 0.65, 0.8, 0.62, 0.9])
    assert_restored(net, 4)
    with pytest.warns(BudgetWarning, match="epoch 1 leaks least"):
        net = budgeted(monkeypatch, [0.7, 0.65, 0.8, 0.62, 0.9], on_budget="stop")
    assert_restored(net, 1)
    assert len(net.history) == 1


def test_budget_that_is_never_compared(monkeypatch):
    with pytest.warns(BudgetWarning, match=r"No epoch was compared .* lower every"):
        net = budgeted(monkeypatch, [0.5] * 5, every=6)
    assert scoring_of(net).best_epoch_ is None
    assert torch.equal(net.module_.layer.weight, spy_of(net).states_[-1]["layer.weight"])


def test_only_measured_epochs_are_restored(monkeypatch):
    net = budgeted(monkeypatch, [0.5] * 5, every=2)
    assert_restored(net, 4)


def test_without_a_budget_nothing_is_restored(monkeypatch):
    known_leakage(monkeypatch, [0.9, 0.5, 0.9])
    net = regularized(MembershipScoring())
    assert scoring_of(net).best_epoch_ is scoring_of(net).best_attack_success_ is None
    assert torch.equal(net.module_.layer.weight, spy_of(net).states_[-1]["layer.weight"])


def test_budget_has_the_last_word_over_early_stopping(monkeypatch):
    leakage = [0.5, 0.55, 0.7, 0.7, 0.7, 0.7]
    known_leakage(monkeypatch, leakage)
    net = RegularizedMLPClassifier(
        (5,),
        lr=0.01,
        max_epochs=6,
        early_stopping=True,
        callbacks=[MembershipScoring(budget=0.6, monitor="valid_loss"), Spy()],
        random_state=0,
    ).fit(X32, Y)
    stopping = dict(net.net_.callbacks_)["early_stopping"]
    assert stopping.best_epoch_ > 2
    assert_restored(net.net_, 2)


def test_budget_on_real_training():
    records, labels = random_labels(1)
    template = RegularizedMLPClassifier(
        (100,),
        lr=0.01,
        max_epochs=30,
        validation_fraction=0.5,
        callbacks=[MembershipScoring(budget=0.7, monitor="train_acc")],
        random_state=0,
    )
    net = template.fit(records, labels)
    auc = np.array(net.net_.history[:, "mia_roc_auc"])
    utility = np.array(net.net_.history[:, "train_acc"])
    best = np.argmax(np.where(auc <= 0.7, utility, -1)) + 1
    assert scoring_of(net.net_).best_epoch_ == best < 30
    # the restored network is the one of a training that ends with this epoch
    short = clone(template).set_params(
        max_epochs=int(best), callbacks__membership_scoring__budget=1
    )
    short.set_params(callbacks__membership_scoring__on_budget="stop").fit(records, labels)
    assert torch.equal(parameters_of(net), parameters_of(short))


# Refusals


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"signal": "unknown"}, "'signal' parameter"),
        ({"metric": "auc"}, "'metric' parameter"),
        ({"budget": 1.1}, "'budget' parameter"),
        (
            {"budget": 0.5},
            "budget must be above 0.5, which a blind guess reaches by metric='roc_auc'",
        ),
        (
            {"budget": 0.4, "metric": "balanced_accuracy"},
            r"above 0\.5, .* metric='balanced_accuracy', got 0\.4",
        ),
        ({"budget": 0.01, "metric": "tpr_at_fpr"}, r"above 0\.01, .* metric='tpr_at_fpr'"),
        ({"false_positive_rate": 0}, "'false_positive_rate' parameter"),
        ({"on_budget": "warn"}, "'on_budget' parameter"),
        ({"monitor": None}, "'monitor' parameter"),
        ({"every": 0}, "'every' parameter"),
        ({"n_records": 1}, "'n_records' parameter"),
        ({"random_state": "a"}, "'random_state' parameter"),
        ({"budget": 0.6, "monitor": "f1"}, r"monitor='f1' is not in the history, .*'valid_acc'"),
        (
            {"budget": 0.6, "metric": "tpr_at_fpr", "n_records": 99},
            r"TPR at FPR 0\.01 cannot be resolved: .* non-members, got 99\. .* larger false_pos",
        ),
    ],
)
def test_invalid_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        regularized(MembershipScoring(**params))


@pytest.mark.parametrize("kind", [RegularizedNet, NeuralNetClassifier])
def test_records_must_be_held_out(kind):
    net = kind(Linear, train_split=None, callbacks=[MembershipScoring()], **OPTIONS)
    with pytest.raises(ValueError, match=r"records held out .* train_split=skorch\.dataset\.Valid"):
        net.fit(X32, Y)


def test_labels_must_be_on_both_sides():
    with pytest.raises(
        ValueError, match=r"3 records that are trained on and 4 .* have 1 in common"
    ):
        drawn_from(np.array([0, 0, 1]), np.array([1, 2, 2, 2]))
    same = np.ones((4, 1), dtype=np.float32)
    with pytest.raises(ValueError, match="but 0 records that are trained on and 0 that are held"):
        drawn_from(np.array([0, 0]), np.array([0, 0]), X=same)


# As a part of networks and searches


def test_clone_and_parameters():
    scoring = MembershipScoring("loss", budget=0.7, every=2)
    copy = clone(scoring)
    assert copy.get_params() == scoring.get_params()
    assert scoring.set_params(budget=0.8) is scoring
    assert copy.budget == 0.7
    assert repr(copy) == "MembershipScoring(budget=0.7, every=2, signal='loss')"
    trained = scoring_of(regularized(MembershipScoring(n_records=50)))
    assert trained.get_params() == MembershipScoring(n_records=50).get_params()
    clone(trained)


def test_nested_parameters_of_skorch():
    scoring = MembershipScoring()
    net = RegularizedNet(Linear, callbacks=[("membership_scoring", scoring)], **OPTIONS)
    net.set_params(callbacks__membership_scoring__n_records=20, train_split=HALF).fit(X32, Y)
    assert scoring_of(net).n_records == 20


def test_grid_search_over_the_budget(monkeypatch):
    leakage = [0.5, 0.56, 0.62]
    known_leakage(monkeypatch, leakage)
    net = RegularizedMLPClassifier(
        (5,),
        lr=0.01,
        max_epochs=3,
        penalties=[L2()],
        callbacks=[MembershipScoring(on_budget="stop")],
        random_state=0,
    )
    grid = {"callbacks__membership_scoring__budget": [0.55, 0.6, 0.65, None]}
    search = GridSearchCV(net, grid, cv=2, refit=False, error_score="raise").fit(X32, Y)
    assert len(search.cv_results_["params"]) == 4
    for budget, n_epochs in zip(grid.popitem()[1], (2, 3, 3, 3), strict=True):
        fitted = clone(net).set_params(callbacks__membership_scoring__budget=budget).fit(X32, Y)
        assert fitted.n_iter_ == n_epochs
    assert net.callbacks[0].budget is None


def test_classifier_holds_records_out_for_it():
    net = RegularizedMLPClassifier((5,), max_epochs=1, callbacks=[MembershipScoring(), Spy()])
    net.fit(csr_array(X32), Y)
    train, held_out = spy_of(net.net_).datasets_
    assert len(held_out) == pytest.approx(0.1 * len(Y), abs=1)
    assert len(spy_of(net.net_).drawn_[0].rows[1]) == len(held_out)
    assert net.membership_of(X32, Y).sum() == len(train)


def test_equal_seeds_give_equal_figures():
    figures = []
    for _ in range(2):
        net = RegularizedMLPClassifier(
            (5,),
            max_epochs=3,
            validation_fraction=0.4,
            callbacks=[MembershipScoring(n_records=40)],
            random_state=5,
        ).fit(X32, Y)
        figures.append(net.net_.history[:, "mia_roc_auc"])
    assert figures[0] == figures[1]


def test_training_goes_on():
    net = RegularizedMLPClassifier(
        (5,),
        max_epochs=2,
        warm_start=True,
        callbacks=[MembershipScoring(budget=0.9)],
        random_state=0,
    )
    net.fit(X32, Y)
    assert scoring_of(net.net_).best_epoch_ in (1, 2)
    pickle.loads(pickle.dumps(net)).fit(X32, Y)
    net.fit(X32, Y)
    assert len(net.net_.history[:, "mia_roc_auc"]) == 4
    assert scoring_of(net.net_).best_epoch_ in (3, 4)


# Nothing of the records stays


def holds_rows(pickled):
    return any(record.tobytes() in pickled for record in X32[:: len(X32) // 40])


class Breaking(Callback):
    """Fail in the second epoch."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise RuntimeError("broken on purpose")


def test_pickles_hold_no_records():
    assert holds_rows(pickle.dumps(X32))
    net = RegularizedNet(
        Linear, callbacks=[("membership_scoring", MembershipScoring())], train_split=HALF, **OPTIONS
    ).fit(X32, Y)
    assert not holds_rows(pickle.dumps(net))
    scoring = scoring_of(net)
    state = vars(scoring)
    assert state["_drawn_"] is None
    assert state["_best_state_"] is None
    assert set(pickle.loads(pickle.dumps(scoring)).__dict__) == {
        *scoring.get_params(),
        "best_epoch_",
        "best_attack_success_",
    }


def test_failed_training_leaves_no_records():
    scoring = MembershipScoring(budget=0.9)
    net = RegularizedNet(Linear, callbacks=[scoring, Breaking()], train_split=HALF, **OPTIONS)
    with pytest.raises(RuntimeError, match="broken on purpose"):
        net.fit(X32, Y)
    assert scoring._drawn_ is not None
    assert not holds_rows(pickle.dumps(vars(scoring)))  # numbers of rows and parameters only
    assert not {"_drawn_", "_best_state_"} & set(scoring.__getstate__())
    net.set_params(callbacks=[scoring]).fit(X32, Y)
    assert scoring._drawn_ is None
