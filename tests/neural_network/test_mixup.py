"""MixupMMD: the mixture's loss, the discrepancy, and when and with whom it is reduced."""

from copy import deepcopy

import numpy as np
import oracles
import pytest
import torch
from defense_contract import CONTRACT, LABELS, RECORDS, classifier, fake_net, members_of
from networks import X32, Linear, Y, parameters_of
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split
from torch.nn.functional import cross_entropy

from skmia.neural_network import MixupMMD, Penalty, RegularizedNet
from skmia.neural_network._mixup import squared_discrepancy

RNG = np.random.RandomState(0)
LOGITS = torch.tensor(RNG.normal(size=(7, 4)))
CODES = torch.tensor(RNG.randint(4, size=7))
SPLIT = {"early_stopping": True, "n_iter_no_change": 100}


@pytest.mark.parametrize("check", CONTRACT)
def test_contract(check):
    check(MixupMMD(gap=0.0))


# ---- the discrepancy


def test_discrepancy_of_the_fixture():
    own = torch.tensor([[0.9, 0.1], [0.6, 0.4]], dtype=torch.float64)
    others = torch.tensor([[0.7, 0.3], [0.5, 0.5]], dtype=torch.float64)
    value = squared_discrepancy(own, others, torch.ones(2, dtype=torch.float64), 1.0)
    assert value.item() == pytest.approx(0.0408438644, abs=5e-11)


@pytest.mark.parametrize("bandwidth", [0.2, 1.0, 5.0])
@pytest.mark.parametrize("weights", [np.ones(9), RNG.uniform(size=9)])
def test_discrepancy_is_the_double_sum(weights, bandwidth):
    own, others = RNG.dirichlet(np.ones(4), size=(2, 9))
    value = squared_discrepancy(*map(torch.tensor, (own, others, weights)), bandwidth).item()
    expected = oracles.squared_discrepancy(own, others, weights, bandwidth)
    assert value == pytest.approx(expected, rel=1e-9)
    assert value > 0


def test_discrepancy_of_equal_answers_is_zero_and_integer_weights_are_copies():
    own, others = map(torch.tensor, RNG.dirichlet(np.ones(3), size=(2, 5)))
    weights = torch.tensor([1, 2, 1, 3, 1], dtype=torch.float64)
    order = torch.randperm(5, generator=torch.Generator().manual_seed(0))
    same = squared_discrepancy(own, own[order], torch.ones(5, dtype=torch.float64), 0.5)
    assert same.item() == pytest.approx(0, abs=1e-12)
    copies = torch.repeat_interleave(torch.arange(5), weights.long())
    torch.testing.assert_close(
        squared_discrepancy(own, others, weights, 0.5),
        squared_discrepancy(own[copies], others[copies], torch.ones(8, dtype=torch.float64), 0.5),
    )


# ---- mixtures


@pytest.mark.parametrize("weights", [None, torch.tensor(RNG.uniform(size=7))])
def test_loss_of_a_mixture(weights):
    defense = MixupMMD()
    defense._share, defense._others = 0.7, torch.tensor([3, 0, 1, 6, 4, 2, 5])
    value = defense.loss(fake_net(weights), LOGITS, CODES).item()
    w = torch.ones(7) if weights is None else weights
    total = 0.0
    for i, j in enumerate(defense._others.tolist()):
        total += 0.7 * w[i] * cross_entropy(LOGITS[[i]], CODES[[i]])
        total += 0.3 * w[j] * cross_entropy(LOGITS[[i]], CODES[[j]])
    assert value == pytest.approx(total.item() / 7)


class Spy(MixupMMD):
    """Keeps the shares, the pairs of rows and the discrepancies."""

    def begin(self, net):
        super().begin(net)
        self.shares_ = getattr(self, "shares_", [])
        self.pairs_ = getattr(self, "pairs_", [])
        self.values_ = getattr(self, "values_", [])

    def loss(self, net, logits, y):
        self.shares_.append(self._share)
        return super().loss(net, logits, y)

    def _align_batch(self, net, members, partners):
        value = super()._align_batch(net, members, partners)
        self.pairs_.append(np.stack([members, partners]))
        self.values_.append(value)
        return value


def test_records_are_mixed_with_shares_of_the_beta_distribution():
    net = classifier(Spy(weight=0), max_epochs=80).fit(RECORDS, LABELS)
    shares = np.array(net.net_.defense_.shares_)
    # the larger of a uniform share and the rest is uniform between a half and one
    assert shares.min() >= 0.5
    assert shares.mean() == pytest.approx(0.75, abs=0.03)
    assert shares.var() == pytest.approx(1 / 48, abs=0.004)
    net.set_params(defense__mixup=50.0, max_epochs=20).fit(RECORDS, LABELS)
    assert np.mean(net.net_.defense_.shares_) < 0.58


def test_module_sees_the_mixtures():
    seen = []

    class Watched(Linear):
        def forward(self, X):
            if self.training:
                seen.append(X.detach().clone())
            return super().forward(X)

    class Once(Spy):
        def loss(self, net, logits, y):
            self.batch_ = net.training.batches.rows, self._others, y
            return super().loss(net, logits, y)

    options = {"max_epochs": 1, "batch_size": 500, "verbose": 0, "random_state": 0}
    split = ValidSplit(4, stratified=True)
    net = RegularizedNet(Watched, defense=Once(), train_split=split, **options).fit(X32, Y)
    (share,), (rows, others, y) = net.defense_.shares_, net.defense_.batch_
    expected = share * X32[rows] + (1 - share) * X32[rows][others]
    np.testing.assert_allclose(seen[0], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(y, Y[rows])
    assert sorted(others.tolist()) == list(range(len(rows)))


def test_penalties_are_added():
    class Constant(Penalty):
        def __init__(self, weight=1.0):
            self.weight = weight

        def value(self, net, logits, y):
            return logits.sum() * 0 + 100

    net = classifier(MixupMMD(), penalties=[Constant()]).fit(RECORDS, LABELS)
    assert net.net_.history[-1, "train_loss"] > 100


def test_no_mixing_and_no_weight_is_plain_training():
    plain, defended = (
        parameters_of(classifier(d, **SPLIT).fit(RECORDS, LABELS))
        for d in (None, MixupMMD(0, weight=0))
    )
    torch.testing.assert_close(plain, defended, rtol=1e-5, atol=1e-6)


# ---- the second pass


def test_pairs_are_members_and_held_out_records_of_their_class():
    y = np.arange(240) % 3
    net = classifier(Spy(gap=0.0), max_epochs=4, batch_size=50).fit(RECORDS, y)
    spy = net.net_.defense_
    members = members_of(net, RECORDS, y)
    assert len(spy.pairs_) == 3 * 4  # before each epoch but the first; 180 members
    own, partners = np.concatenate(spy.pairs_, axis=1)
    assert not members[partners].any()
    np.testing.assert_array_equal(y[own], y[partners])
    np.testing.assert_array_equal(np.unique(own, return_counts=True)[1], np.full(180, 3))
    assert set(own) == set(np.flatnonzero(members))
    # class by class, in a new order and with new partners each time
    first, second = (np.concatenate(spy.pairs_[i : i + 4], axis=1) for i in (0, 4))
    assert (np.diff(y[first[0]]) >= 0).all()
    assert (first != second).any(axis=1).all()
    assert len(np.unique(partners)) > 55


def split_at(rows, held_out):
    """Return a split that holds these rows out."""

    def split(dataset, y=None, **kwargs):
        return tuple(torch.utils.data.Subset(dataset, part) for part in (rows, held_out))

    return split


def test_classes_without_held_out_records_are_left_out():
    y = np.arange(569) % 3
    held_out = np.flatnonzero(y != 1)[:100]
    trained = np.setdiff1d(np.arange(569), held_out)
    net = RegularizedNet(
        Linear,
        module__n_classes=3,
        defense=Spy(gap=0.0),
        train_split=split_at(trained, held_out),
        max_epochs=2,
        verbose=0,
        random_state=0,
    ).fit(X32, y)
    own, partners = np.concatenate(net.defense_.pairs_, axis=1)
    assert sorted(own) == np.flatnonzero((y != 1) & np.isin(np.arange(569), trained)).tolist()
    np.testing.assert_array_equal(y[own], y[partners])


def test_no_pass_where_no_class_has_held_out_records():
    split = split_at(*(np.flatnonzero(label == Y) for label in (0, 1)))
    options = {"train_split": split, "max_epochs": 2, "verbose": 0, "random_state": 0}
    net = RegularizedNet(Linear, defense=MixupMMD(gap=0.0), **options).fit(X32, Y)
    assert "accuracy_gap" in net.history[1]
    assert "mmd" not in net.history[1]


def test_pass_only_while_accuracies_differ():
    y = np.random.RandomState(0).randint(2, size=240)
    options = {"hidden_layer_sizes": (50,), "max_epochs": 25}
    net = classifier(Spy(gap=0.12), **options).fit(RECORDS, y)
    history = net.net_.history
    assert "accuracy_gap" not in history[0]
    aligned = ["mmd" in row for row in history[1:]]
    assert aligned == [row["accuracy_gap"] >= 0.12 for row in history[1:]]
    assert any(aligned)
    assert not all(aligned)


def test_gap_is_that_of_the_accuracies():
    net = classifier(MixupMMD(gap=1.0), max_epochs=2).fit(RECORDS, LABELS)
    members = members_of(net, RECORDS, LABELS)
    after_one = classifier(MixupMMD(gap=1.0), max_epochs=1).fit(RECORDS, LABELS)
    right = after_one.predict(RECORDS) == LABELS
    expected = abs(right[members].mean() - right[~members].mean())
    assert net.net_.history[1, "accuracy_gap"] == pytest.approx(expected)
    assert expected > 0


def test_step_goes_down_the_discrepancy():
    """The pass alone, on a network that knows its records by heart."""
    y = np.random.RandomState(0).randint(2, size=240)
    options = {"hidden_layer_sizes": (50,), "lr": 0.003, "validation_fraction": 0.5}
    net = classifier(Spy(0, weight=0.0), **options, max_epochs=120).fit(RECORDS, y).net_

    class Alone(Spy):
        def loss(self, net, logits, y):
            return super().loss(net, logits, y) * 0

    values = {}
    for weight in (1e-9, 3.0):
        copy = deepcopy(net)
        copy.defense = copy.defense_ = Alone(0, weight=weight, gap=0.0)
        copy.set_params(max_epochs=30, lr=0.001 if weight > 1 else 1e-9)
        copy.partial_fit(RECORDS, y)
        values[weight] = copy.history[-1, "mmd"]
    assert values[3.0] < 0.7 * values[1e-9]


def test_one_step_by_hand():
    kept = {}

    class Keeps(MixupMMD):
        def _align_batch(self, net, members, partners):
            before = parameters_of(net).clone()
            super()._align_batch(net, members, partners)
            kept.setdefault("steps", []).append((before, parameters_of(net), members, partners))
            return 0.0

    options = {"max_epochs": 2, "batch_size": -1, "verbose": 0, "random_state": 0, "lr": 0.5}
    split = ValidSplit(2, stratified=True)
    weights = np.arange(1.0, 570)
    net = RegularizedNet(
        Linear,
        module__dropout=0.5,  # not active in the pass
        defense=Keeps(weight=2.0, gap=0.0, bandwidth=0.7),
        optimizer=torch.optim.SGD,
        train_split=split,
        **options,
    )
    net.train_on(X32, Y, weights=weights)
    ((before, after, members, partners),) = kept["steps"]
    theta = before.clone().requires_grad_()

    def answers(rows):
        X = torch.as_tensor(X32[rows])
        return torch.softmax(X @ theta[:60].reshape(2, 30).T + theta[60:], dim=1)

    w = torch.as_tensor(weights[members] / weights[members].sum(), dtype=torch.float32)
    own, others = answers(members), answers(partners).detach()

    def kernel(u, v):
        return torch.exp(-(u[:, None] - v[None]).square().sum(dim=2) / (2 * 0.7**2))

    total = w @ (kernel(own, own) + kernel(others, others) - 2 * kernel(own, others)) @ w
    (2 * total).backward()
    assert theta.grad.abs().max() > 1e-4
    torch.testing.assert_close(after, before - 0.5 * theta.grad, rtol=1e-3, atol=1e-6)


# ---- what it refuses


def test_records_of_integers():
    split = ValidSplit(2, stratified=True)
    net = RegularizedNet(Linear, defense=MixupMMD(), train_split=split, verbose=0, random_state=0)
    with pytest.raises(ValueError, match=r"floating-point numbers, got torch.int64.* mixup=0"):
        net.fit(X32.astype(int), Y)


def test_records_that_are_no_table():
    split = ValidSplit(2, stratified=True)
    net = RegularizedNet(Linear, defense=MixupMMD(), train_split=split, verbose=0, random_state=0)
    with pytest.raises(ValueError, match="MixupMMD needs records in one array"):
        net.fit(Dataset(X32, Y), Y)


def test_reference_records_of_another_table():
    split = predefined_split(Dataset(X32[400:], Y[400:]))
    net = RegularizedNet(Linear, defense=MixupMMD(), train_split=split, verbose=0, random_state=0)
    with pytest.raises(ValueError, match=r"MixupMMD takes .* not predefined_split"):
        net.fit(X32[:400], Y[:400])


@pytest.mark.parametrize("held_out", [None, []])
def test_records_must_be_held_out(held_out):
    def split(dataset, y=None, **kwargs):
        return dataset, held_out if held_out is None else torch.utils.data.Subset(dataset, held_out)

    net = RegularizedNet(Linear, defense=MixupMMD(), train_split=split, verbose=0, random_state=0)
    with pytest.raises(ValueError, match=r"MixupMMD needs records held out .*ValidSplit"):
        net.fit(X32, Y)


@pytest.mark.parametrize(
    "options", [{"mixup": -1}, {"weight": -1}, {"bandwidth": 0}, {"gap": 2}], ids=repr
)
def test_invalid_parameters(options):
    with pytest.raises(ValueError, match="of MixupMMD must be"):
        classifier(MixupMMD(**options)).fit(RECORDS, LABELS)
