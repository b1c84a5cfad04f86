"""Algorithm 1 of Tonni et al., and its three penalties of fairness."""

import math
import pickle

import numpy as np
import pytest
import torch
from oracles import (
    individual_fairness_deviations,
    soft_demographic_parity,
    soft_equal_opportunity,
)
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV
from torch import nn

from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    predictive_fairness_difference,
)
from skmia.neural_network import (
    L1,
    Defense,
    GroupFairness,
    IndividualFairness,
    MutualInformation,
    PredictiveFairness,
    RegularizedMLPClassifier,
    RegularizedNet,
)
from skmia.neural_network._fairness_penalties import (
    demographic_parity,
    equal_opportunity,
    individual_fairness,
)
from skmia.neural_network._penalty import PropertyPenalty

FAIRNESS = [GroupFairness, PredictiveFairness, IndividualFairness]
X, Y = make_classification(120, 6, n_informative=4, random_state=0)
SEX = (X[:, 0] > 0).astype(int)


def sex(records):
    return records[:, 0] > 0


def fitted(penalties, records=X, y=Y, **options):
    options = {"max_epochs": 3, "batch_size": 20, "random_state": 0, **options}
    return RegularizedMLPClassifier((8,), penalties=penalties, **options).fit(records, y)


def parameters(net):
    return [p.detach().clone() for p in net.net_.module_.parameters()]


def assert_same_parameters(first, second):
    for a, b in zip(parameters(first), parameters(second), strict=True):
        assert torch.equal(a, b)


def drawn(n_records, n_classes, n_groups, seed=0):
    rng = np.random.RandomState(seed)
    logits = torch.from_numpy(rng.randn(n_records, n_classes)).requires_grad_()
    y = torch.from_numpy(rng.randint(n_classes, size=n_records))
    return logits, y, rng.randint(n_groups, size=n_records)


def one_hot(logits):
    return nn.functional.one_hot(logits.argmax(dim=1), logits.shape[1]).double()


# the properties as functions


@pytest.mark.parametrize(("n_classes", "n_groups"), [(2, 2), (3, 4)])
def test_soft_properties_are_the_oracles(n_classes, n_groups):
    logits, y, groups = drawn(80, n_classes, n_groups)
    proba = logits.softmax(dim=1)
    plain = proba.tolist()
    found = demographic_parity(proba, groups, n_groups).item()
    assert found == pytest.approx(soft_demographic_parity(plain, groups))
    found = equal_opportunity(proba, y, groups, n_groups).item()
    assert found == pytest.approx(soft_equal_opportunity(plain, y.tolist(), groups))


@pytest.mark.parametrize(("n_classes", "n_groups"), [(2, 2), (3, 4)])
def test_hard_properties_are_the_metrics(n_classes, n_groups):
    logits, y, groups = drawn(80, n_classes, n_groups, seed=1)
    predicted = logits.argmax(dim=1)
    found = demographic_parity(one_hot(logits), groups, n_groups).item()
    expected = demographic_parity_difference(y, predicted, sensitive_features=groups)
    assert found == pytest.approx(expected)
    found = equal_opportunity(one_hot(logits), y, groups, n_groups).item()
    expected = predictive_fairness_difference(y, predicted, sensitive_features=groups)
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_individual_fairness_of_all_pairs_is_the_metric(n_classes):
    n_records = 23  # a prime: circles of steps 1 to 11 hold each pair once
    logits, _, groups = drawn(n_records, n_classes, 3)
    proba = logits.softmax(dim=1)
    shares = (np.bincount(groups) / n_records)[groups]
    circles = [np.arange(n_records) * step % n_records for step in range(1, 12)]
    found = np.mean([individual_fairness(proba, shares, order).item() for order in circles])
    plain = proba.detach().numpy()
    expected = individual_fairness_deviation(None, plain, sensitive_features=groups)
    assert found == pytest.approx(expected)
    assert found == pytest.approx(np.mean(individual_fairness_deviations(plain, groups)))


def test_a_class_that_a_group_has_no_records_of():
    y = torch.tensor([0, 0, 1, 0, 0, 2])
    groups = np.array([0, 0, 0, 1, 1, 2])
    proba = torch.tensor([[0.9, 0.1, 0], [0.7, 0.3, 0], [0, 1, 0], [0.5, 0.5, 0], [0.3, 0, 0.7]])
    proba = torch.cat([proba, torch.tensor([[0, 0, 1.0]])]).requires_grad_()
    found = equal_opportunity(proba, y, groups, 3)  # only class 0 of groups 0 and 1 compares
    assert found.item() == pytest.approx(0.8 - 0.4)
    found.backward()
    expected = torch.zeros(6, 3)
    expected[:2, 0], expected[3:5, 0] = 0.5, -0.5
    torch.testing.assert_close(proba.grad, expected)


def test_an_absent_group_is_left_out():
    logits, y, groups = drawn(40, 3, 2)
    proba = logits.softmax(dim=1)
    for function in (demographic_parity, lambda p, *rest: equal_opportunity(p, y, *rest)):
        assert function(proba, 2 * groups, 4).item() == pytest.approx(
            function(proba, groups, 2).item()
        )


@pytest.mark.parametrize("n_records", [0, 1, 30])
def test_a_single_group_gives_zero_without_slope(n_records):
    logits, y, _ = drawn(n_records, 3, 1)
    groups = np.ones(n_records, dtype=int)
    proba = logits.softmax(dim=1)
    values = [demographic_parity(proba, groups, 3), equal_opportunity(proba, y, groups, 3)]
    if n_records < 2:
        values.append(individual_fairness(proba, np.ones(n_records), np.arange(n_records)))
    for value in values:
        (slopes,) = torch.autograd.grad(value, logits, retain_graph=True)
        assert value.item() == 0
        assert (slopes == 0).all()


def test_gradients():
    logits, y, groups = drawn(12, 3, 3)
    order, shares = np.random.RandomState(0).permutation(12), np.linspace(0, 0.5, 12)
    for function in (
        lambda z: demographic_parity(z.softmax(dim=1), groups, 3),
        lambda z: equal_opportunity(z.softmax(dim=1), y, groups, 3),
        lambda z: individual_fairness(z.softmax(dim=1), shares, order),
    ):
        assert torch.autograd.gradcheck(function, logits)
        assert torch.autograd.grad(function(logits), logits)[0].abs().max() > 1e-3


# Algorithm 1


class Scripted(PropertyPenalty):
    """A property whose measurements are given, and which notes when they are made."""

    script = (0.1, 0.7, 0.2, 0.3, 0.4, 0.5, 0.05, 0.6) * 10

    def begin(self, net):
        super().begin(net)
        self.steps, self.rows, self.modes = [], [], []
        type(self).last = self

    def value(self, net, logits, y):
        self.n_asked = getattr(self, "n_asked", -1) + 1
        value = super().value(net, logits, y)
        if net is not None:
            assert all(part.training for part in net.module_.modules())
            size = sum(parameter.abs().sum() for parameter in self.parameters_)
            self.used = [*getattr(self, "used", []), value.item() / size.item()]
        return value

    def hard_property(self, net, rows):
        assert not torch.is_grad_enabled()
        self.steps.append(getattr(self, "n_asked", None))
        self.rows.append(rows)
        self.modes.append({part.training for part in net.module_.modules()})
        return self.script[len(self.steps) - 1]

    def soft_property(self, net, logits, y):
        return logits.softmax(dim=1)[:, 0].mean()


@pytest.mark.parametrize(
    ("n_measurements", "batch_size", "steps"),
    [
        (3, 20, [0, 2, 4, 6, 8, 10]),  # six batches an epoch
        (5, 20, [0, 2, 3, 4, 5, 6, 8, 9, 10, 11]),
        (1, 20, [0, 6]),
        (5, 60, [0, 1, 2, 3]),  # two batches
    ],
)
def test_measured_at_evenly_spaced_steps(n_measurements, batch_size, steps):
    penalty = Scripted(n_measurements=n_measurements)
    fitted([penalty], max_epochs=2, batch_size=batch_size)
    assert Scripted.last.steps == steps


def test_the_largest_of_the_last_measurements_is_in_use():
    net = fitted([Scripted(n_measurements=2)], max_epochs=4, batch_size=60)
    history = net.net_.history[:, "scripted"]
    assert history == [max(pair) for pair in ((0.1, 0.7), (0.2, 0.3), (0.4, 0.5), (0.05, 0.6))]
    net = fitted([Scripted(n_measurements=5)], max_epochs=3, batch_size=60)
    assert net.net_.history[:, "scripted"] == [0.7, 0.7, 0.7]
    net = fitted([Scripted(n_measurements=5)], max_epochs=4, batch_size=60)
    assert net.net_.history[-1, "scripted"] == 0.6


def test_steps_use_the_largest_of_the_last_measurements():
    fitted([Scripted(n_measurements=3)], max_epochs=1, batch_size=20)
    assert Scripted.last.used == pytest.approx(np.exp([0.1, 0.1, 0.7, 0.7, 0.7, 0.7]))
    fitted([Scripted(n_measurements=1)], max_epochs=3, batch_size=60)
    assert Scripted.last.used == pytest.approx(np.exp([0.1, 0.1, 0.7, 0.7, 0.2, 0.2]))


def test_measured_on_records_drawn_anew_without_replacement():
    fitted([Scripted(n_records=50)])
    rows = Scripted.last.rows
    assert all(len(np.unique(some)) == 50 for some in rows)
    assert len({tuple(some) for some in rows}) == len(rows)
    assert set(np.concatenate(rows)) == set(range(120))
    fitted([Scripted(n_records=500)])
    assert all(len(np.unique(some)) == 120 for some in Scripted.last.rows)


def test_measured_on_training_records_in_evaluation_mode():
    fitted([Scripted()], early_stopping=True, validation_fraction=0.25, dropout=0.5)
    assert Scripted.last.modes == [{False}] * len(Scripted.last.modes)
    assert {len(some) for some in Scripted.last.rows} == {90}


@pytest.mark.parametrize("penalize_bias", [False, True])
@pytest.mark.parametrize("form", ["absolute", "squared"])
def test_a_step_of_detached_forms(form, penalize_bias):
    # one batch, one step of plain gradient descent: the step less the plain one is the slope
    options = {"max_epochs": 1, "batch_size": 120, "optimizer": "sgd", "momentum": 0.0, "lr": 1.0}
    records = X.astype(np.float64)
    plain = fitted(None, records, **options)
    begun = fitted(None, records, **{**options, "lr": 1e-300})
    penalty = Scripted(0.01, penalty_form=form, n_measurements=1, penalize_bias=penalize_bias)
    net = fitted([penalty], records, **options)
    for first, without, found in zip(*map(parameters, (begun, plain, net)), strict=True):
        slope = math.exp(0.1) * first.sign() if form == "absolute" else 0.1 * 2 * first
        slope = slope if first.ndim > 1 or penalize_bias else 0
        torch.testing.assert_close(without - found, 0.01 * slope + 0 * first)


@pytest.mark.parametrize("form", ["absolute", "squared", "direct"])
def test_forms_with_gradients(form):
    torch.manual_seed(0)
    layer = nn.Linear(6, 2, dtype=torch.float64)
    penalty = Scripted(penalty_form=form, detach=False)
    penalty.parameters_ = [layer.weight]

    def value(weight):
        penalty.parameters_ = [weight]
        return penalty.value(None, torch.from_numpy(X[:9]) @ weight.T, None)

    r = (torch.from_numpy(X[:9]) @ layer.weight.T).softmax(dim=1)[:, 0].mean().item()
    size = layer.weight.abs().sum().item(), layer.weight.square().sum().item()
    expected = {"absolute": math.exp(r) * size[0], "squared": r * size[1], "direct": r}[form]
    assert value(layer.weight).item() == pytest.approx(expected)
    assert torch.autograd.gradcheck(value, layer.weight)


def test_the_squared_form_vanishes_with_the_property_and_the_absolute_does_not():
    class Fair(Scripted):
        script = (0.0,) * 100

    plain = fitted(None)
    assert_same_parameters(plain, fitted([Fair(0.1, penalty_form="squared")]))
    moved = fitted([Fair(0.1)])
    assert not torch.equal(parameters(plain)[0], parameters(moved)[0])


def test_nothing_to_penalize():
    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(2))

        def forward(self, X):
            return X[:, :2] + self.shift

    net = RegularizedNet(Shift, penalties=[L1()], max_epochs=1, verbose=0)
    with pytest.raises(ValueError, match="no trainable parameters of two dimensions or more"):
        net.fit(X.astype(np.float32), Y)
    net.set_params(penalties__l1__penalize_bias=True).fit(X.astype(np.float32), Y)


# what measuring must not touch


@pytest.mark.parametrize("penalty", [*FAIRNESS, MutualInformation])
@pytest.mark.parametrize("form", ["absolute", "direct"])
def test_weight_zero_only_measures(penalty, form):
    options = {"dropout": 0.3, "early_stopping": True, "optimizer": "sgd"}
    groups = {} if penalty is MutualInformation else {"sensitive_features": sex}
    plain = fitted(None, **options)
    net = fitted([penalty(0, penalty_form=form, n_records=30, **groups)], **options)
    assert_same_parameters(plain, net)
    assert net.net_.history[:, "train_loss"] == plain.net_.history[:, "train_loss"]
    (name,) = set(net.net_.history[0]) - set(plain.net_.history[0])
    assert np.isfinite(net.net_.history[:, name]).all()


def test_weight_zero_leaves_the_chance_of_a_defense_alone():
    class Noisy(Defense):
        def begin(self, net):
            self.generator_ = net.training.new_generator()

        def step(self, net, X, y, **fit_params):
            X = X + torch.randn(X.shape, generator=self.generator_, dtype=X.dtype)
            return super().step(net, X, y, **fit_params)

    plain = fitted(None, defense=Noisy())
    penalty = GroupFairness(0, sensitive_features=sex)
    assert_same_parameters(plain, fitted([penalty], defense=Noisy()))


def test_measuring_in_steps_leaves_buffers_dropout_and_modes_alone():
    class Module(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.norm = nn.Linear(6, 8), nn.BatchNorm1d(8)
            self.dropout, self.last = nn.Dropout(0.5), nn.Linear(8, 2)
            self.n_trained = 0

        def forward(self, X):
            self.n_trained += self.training
            return self.last(self.dropout(self.norm(self.first(X)).relu()))

    def net(penalty):
        net = RegularizedNet(
            Module, penalties=penalty, max_epochs=2, batch_size=20, verbose=0, random_state=0
        )
        return net.fit(X.astype(np.float32), Y)

    tiny = 1e-30  # asked for in each step, but too small to change a sum of float32
    plain, found = net(None), net([GroupFairness(tiny, sensitive_features=sex)])
    state, expected = found.module_.state_dict(), plain.module_.state_dict()
    assert all(torch.equal(state[name], expected[name]) for name in expected)
    assert found.module_.n_trained == plain.module_.n_trained == 12


# fairness


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_history_holds_the_metric_of_the_training_records(dtype, n_classes):
    y = Y if n_classes == 2 else np.arange(120) % 3
    names = np.array(["a", "b", "c"])[y]
    penalties = [penalty(0, sensitive_features=sex) for penalty in FAIRNESS]
    net = fitted(penalties, X.astype(dtype), names)
    last = net.net_.history[-1]
    predicted, proba = net.predict(X.astype(dtype)), net.predict_proba(X.astype(dtype))
    options = {"sensitive_features": SEX, "labels": list(net.classes_)}
    expected = demographic_parity_difference(names, predicted, **options)
    assert last["group_fairness"] == pytest.approx(expected, abs=1e-6)
    expected = predictive_fairness_difference(names, predicted, **options)
    assert last["predictive_fairness"] == pytest.approx(expected, abs=1e-6)
    expected = individual_fairness_deviation(names, proba, sensitive_features=SEX)
    # the largest of five draws of 120 pairs each
    assert last["individual_fairness"] == pytest.approx(expected, abs=0.08)


@pytest.mark.parametrize(
    ("penalty", "metric"),
    [
        (GroupFairness, demographic_parity_difference),
        (PredictiveFairness, predictive_fairness_difference),
    ],
)
def test_direct_form_makes_the_classifier_fair(penalty, metric):
    rng = np.random.RandomState(0)
    group = rng.randint(2, size=600)
    y = (rng.rand(600) < 0.25 + 0.5 * group).astype(int)
    records = np.column_stack([group + 0.3 * rng.randn(600), y + rng.randn(600), rng.randn(600)])

    def unfairness(weight):
        net = fitted(
            [penalty(weight, penalty_form="direct", sensitive_features=lambda X: group)],
            records,
            y,
            max_epochs=40,
            batch_size=100,
            lr=0.01,
        )
        return metric(y, net.predict(records), sensitive_features=group)

    assert unfairness(0) > 0.3
    assert unfairness(3.0) < 0.15


def test_direct_individual_fairness_brings_distances_to_those_of_the_groups():
    penalty = IndividualFairness(0, penalty_form="direct", sensitive_features=sex)
    options = {"max_epochs": 40, "lr": 0.01}
    plain = fitted([penalty], **options).net_.history[-1, "individual_fairness"]
    fair = fitted([clone(penalty).set_params(weight=5.0)], **options)
    assert fair.net_.history[-1, "individual_fairness"] < plain / 2


def test_shares_of_groups_are_those_of_the_training_records():
    class Noted(IndividualFairness):
        def end_epoch(self, net):
            type(self).shares = self.shares_, self.codes_[net.training.rows].mean()

    fitted([Noted(sensitive_features=sex)], early_stopping=True, validation_fraction=0.4)
    shares, mean = Noted.shares
    np.testing.assert_allclose(shares, [1 - mean, mean])
    assert mean != SEX.mean()


@pytest.mark.parametrize("penalty", FAIRNESS)
@pytest.mark.parametrize("form", ["absolute", "squared", "direct"])
@pytest.mark.parametrize("detach", [True, False])
def test_all_forms_train(penalty, form, detach):
    options = {"sensitive_features": sex, "penalty_form": form, "detach": detach, "n_records": 40}
    first, second = (fitted([penalty(0.01, **options)]) for _ in range(2))
    assert_same_parameters(first, second)
    assert all(torch.isfinite(p).all() for p in parameters(first))
    other = fitted(None)
    assert not torch.equal(parameters(first)[0], parameters(other)[0])


def test_batches_of_one_group():
    # records come in order of the group, so that a batch holds a single one
    order = np.argsort(SEX, kind="stable")
    penalty = GroupFairness(1.0, sensitive_features=sex, penalty_form="direct")
    net = RegularizedNet(
        nn.Linear(6, 2),
        penalties=[penalty],
        iterator_train__shuffle=False,
        batch_size=1,
        max_epochs=1,
        verbose=0,
    )
    net.fit(X[order].astype(np.float32), Y[order])
    assert torch.isfinite(net.module_.weight).all()


def test_groups_of_the_paper_are_the_default():
    records = np.random.RandomState(0).rand(120, 5) + 0.8 * Y[:, None]
    low = (records <= (records.min(axis=0) + records.max(axis=0)) / 2).all(axis=1)
    net = fitted([GroupFairness(0)], records, max_epochs=30)
    predicted = net.predict(records)
    expected = demographic_parity_difference(Y, predicted, sensitive_features=low)
    assert net.net_.history[-1, "group_fairness"] == pytest.approx(expected)
    assert expected > 0.3


def test_parameters_in_a_search():
    net = RegularizedMLPClassifier(
        (4,), max_epochs=2, penalties=[GroupFairness(sensitive_features=sex)], random_state=0
    )
    grid = {"penalties__group_fairness__weight": [0, 0.1]}
    search = GridSearchCV(
        net, grid, scoring=["accuracy", "neg_mia_balanced_accuracy"], refit="accuracy"
    )
    search.fit(X, Y)
    (penalty,) = pickle.loads(pickle.dumps(search.best_estimator_)).penalties
    assert penalty.weight in (0, 0.1)
    assert set(vars(penalty)) == set(penalty.get_params())  # the records' groups are gone


@pytest.mark.parametrize(
    ("parameter", "wrong"),
    [
        ("weight", -1.0),
        ("penalty_form", "cubed"),
        ("detach", "yes"),
        ("n_measurements", 0),
        ("n_records", 1),
        ("penalize_bias", None),
        ("sensitive_features", 0.5),
    ],
)
def test_invalid_parameters(parameter, wrong):
    penalty = GroupFairness(**{parameter: wrong})
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of GroupFairness must be"):
        fitted([penalty])
