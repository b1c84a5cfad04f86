"""AdversarialRegularization: its two gradients, its reference records, what it does."""

import math

import numpy as np
import pytest
import torch
from defense_contract import CONTRACT, LABELS, RECORDS, classifier, fake_net, members_of
from networks import X32, Linear, Y, parameters_of
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from skorch.callbacks import Callback
from skorch.dataset import Dataset, ValidSplit
from skorch.helper import predefined_split

from skmia.neural_network import AdversarialRegularization, RegularizedNet
from skmia.neural_network._adversarial_regularization import MembershipNetwork

RNG = np.random.RandomState(0)
SMALL = {"answer_layer_sizes": (16, 8), "label_layer_sizes": (8,), "joint_layer_sizes": (8,)}
LOGITS = torch.tensor(RNG.normal(size=(7, 4)))
CODES = torch.tensor(RNG.randint(4, size=7))


def network(n_classes=4, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return MembershipNetwork(n_classes, (16, 8), (8,), (8,), dtype, generator)


@pytest.mark.parametrize("check", CONTRACT)
def test_contract(check):
    check(AdversarialRegularization(warm_up_epochs=0, **SMALL))


# ---- the attack


def test_attack_sees_answer_and_label():
    attack = network()
    before = torch.random.get_rng_state()
    membership = network()(LOGITS, CODES)
    assert membership.shape == (7,)
    assert torch.equal(before, torch.random.get_rng_state())
    assert torch.equal(membership, attack(LOGITS, CODES))
    assert not torch.equal(membership, network(seed=1)(LOGITS, CODES))
    assert (attack(LOGITS, (CODES + 1) % 4) != membership).all()
    # by hand: two branches, each ending in a ReLU, and a trunk
    labels = torch.eye(4, dtype=torch.float64)[CODES]
    first, second, third = (attack.answer[0][0], attack.answer[0][2], attack.label[0][0])
    joined = torch.cat([second(first(LOGITS).relu()).relu(), third(labels).relu()], dim=1)
    expected = attack.joint[2](attack.joint[0](joined).relu())
    torch.testing.assert_close(membership, expected[:, 0])


def test_sizes_are_those_of_the_paper():
    net = classifier(AdversarialRegularization()).fit(RECORDS, LABELS)
    shapes = [tuple(p.shape) for p in net.net_.defense_.attack_module_.parameters() if p.ndim > 1]
    assert shapes == [(512, 2), (64, 512), (64, 2), (64, 128), (1, 64)]


# ---- the classifier's loss


@pytest.mark.parametrize("attack_input", ["logits", "probabilities"])
@pytest.mark.parametrize("gain", ["log", "mse"])
@pytest.mark.parametrize("weights", [None, torch.tensor(RNG.uniform(size=7))])
def test_loss_and_its_gradients(weights, gain, attack_input):
    defense = AdversarialRegularization(2.0, gain=gain, attack_input=attack_input)
    defense.attack_module_ = network()
    net = fake_net(weights, n_epochs=2)
    net.plain_loss = lambda logits, y: 10 * logits.sum()
    logits = LOGITS.clone().requires_grad_()
    loss = defense.loss(net, logits, CODES)
    own = LOGITS.clone().requires_grad_()
    seen = own if attack_input == "logits" else own.exp() / own.exp().sum(dim=1, keepdim=True)
    h = 1 / (1 + torch.exp(-network()(seen, CODES)))
    values = h.log() if gain == "log" else h - 0.5
    expected = 10 * own.sum() + 2 * (values if weights is None else values * weights).mean()
    torch.testing.assert_close(loss, expected)
    loss.backward()
    expected.backward()
    torch.testing.assert_close(logits.grad, own.grad)
    # the attack is not trained by the classifier's loss
    assert all(parameter.grad is None for parameter in defense.attack_module_.parameters())


def test_warm_up_has_the_plain_loss():
    defense = AdversarialRegularization(2.0, warm_up_epochs=3)
    defense.attack_module_ = network()
    losses = []
    for n_epochs in (1, 3, 4):
        net = fake_net(n_epochs=n_epochs)
        net.plain_loss = lambda logits, y: torch.tensor(5.0)
        losses.append(float(defense.loss(net, LOGITS, CODES)))
    assert losses[:2] == [5, 5]
    assert losses[2] != 5


def test_weight_of_zero_is_plain_training():
    plain = classifier(None, early_stopping=True, n_iter_no_change=100)
    defended = classifier(
        AdversarialRegularization(0, **SMALL), early_stopping=True, n_iter_no_change=100
    )
    plain, defended = (parameters_of(net.fit(RECORDS, LABELS)) for net in (plain, defended))
    assert torch.equal(plain, defended)


# ---- the attack's training


class Spy(AdversarialRegularization):
    """Keeps the rows drawn and the gradients that each step begins with."""

    def begin(self, net):
        super().begin(net)
        self.members_, self.references_, self.classifier_grads_ = [], [], []

    def _draw(self, rows, n_records):
        drawn = super()._draw(rows, n_records)
        (self.references_ if rows is self._references else self.members_).append(drawn)
        return drawn

    def _train_attack(self, net, n_records):
        before = [p.grad for p in net.module_.parameters()]
        super()._train_attack(net, n_records)
        after = [p.grad for p in net.module_.parameters()]
        self.classifier_grads_.append(all(a is b for a, b in zip(before, after, strict=True)))


def test_attack_draws_as_many_members_as_reference_records():
    net = classifier(Spy(attack_steps=3, **SMALL), max_epochs=2).fit(RECORDS, LABELS)
    members = members_of(net, RECORDS, LABELS)
    spy = net.net_.defense_
    assert members.sum() == 180
    assert len(spy.members_) == len(spy.references_) == 2 * 3 * 3  # epochs, batches, steps
    assert [len(rows) for rows in spy.members_] == [len(rows) for rows in spy.references_]
    assert members[np.concatenate(spy.members_)].all()
    assert not members[np.concatenate(spy.references_)].any()
    assert len(np.unique(np.concatenate(spy.references_))) == 60
    # and leaves the classifier's gradients alone
    assert all(spy.classifier_grads_)


@pytest.mark.parametrize("gain", ["log", "mse"])
def test_step_of_the_attack(gain):
    """One step of Adam on the gain, from the attack's initial weights."""
    module, copies = Linear(), {}

    class Checks(AdversarialRegularization):
        def _train_attack(self, net, n_records):
            if not copies:
                super()._train_attack(net, n_records)
                copies["after"] = parameters(self.attack_module_)

        def _draw(self, rows, n_records):
            copies.setdefault("rows", []).append(super()._draw(rows, n_records))
            return copies["rows"][-1]

        def _begin_attack(self, net, logits):
            super()._begin_attack(net, logits)
            copies["module"] = clone_of(self.attack_module_)
            copies["logits"] = logits

    def parameters(network):
        return torch.cat([p.detach().ravel().clone() for p in network.parameters()])

    def clone_of(network):
        other = MembershipNetwork(2, (16, 8), (8,), (8,), torch.float32, torch.Generator())
        other.load_state_dict(network.state_dict())
        return other

    defense = Checks(gain=gain, attack_lr=0.01, attack_input="logits", **SMALL)
    split = ValidSplit(4, stratified=True)
    options = {"max_epochs": 1, "batch_size": 50, "verbose": 0, "random_state": 0}
    RegularizedNet(module, defense=defense, train_split=split, **options).fit(X32, Y)
    rows = np.concatenate(copies["rows"])
    attack, truth = copies["module"], torch.arange(100) < 50
    h = torch.sigmoid(attack(copies["logits"], torch.as_tensor(Y[rows])))
    if gain == "log":
        loss = -torch.where(truth, h.log(), (1 - h).log()).mean()
    else:
        loss = (h - truth.float()).square().mean()
    optimizer = torch.optim.Adam(attack.parameters(), lr=0.01)
    loss.backward()
    optimizer.step()
    torch.testing.assert_close(copies["after"], parameters(attack), rtol=1e-3, atol=1e-5)


def test_attack_learns_what_there_is_to_learn():
    y = np.random.RandomState(1).randint(4, size=240)
    options = {"hidden_layer_sizes": (100,), "max_epochs": 60, "validation_fraction": 0.5}
    defense = AdversarialRegularization(0, attack_steps=3, attack_lr=0.003, **SMALL)
    net = classifier(defense, **options).fit(RECORDS, y)
    gains = net.net_.history[:, "attack_gain"]
    assert len(gains) == 60
    assert gains[0] == pytest.approx(-math.log(2), abs=0.05)
    assert gains[-1] > -0.55
    members = members_of(net, RECORDS, y)
    attack = net.net_.defense_.attack_module_
    with torch.no_grad():
        score = attack(torch.as_tensor(net.predict_proba(RECORDS)), torch.as_tensor(y))
    assert roc_auc_score(members, score) > 0.75


@pytest.mark.slow
def test_confidences_of_members_look_more_like_those_of_others():
    rng = np.random.RandomState(0)
    X, y = rng.normal(size=(480, 6)).astype(np.float32), rng.randint(4, size=480)
    options = {"hidden_layer_sizes": (100,), "max_epochs": 40, "validation_fraction": 0.3}
    auc = []
    for weight in (0, 3.0):
        defense = AdversarialRegularization(weight, attack_lr=0.003, **SMALL)
        net = classifier(defense, **options).fit(X[:240], y[:240])
        confidence = net.predict_proba(X)[np.arange(480), y]
        # reference records are neither members nor strangers
        members, others = members_of(net, X[:240], y[:240]), np.arange(480) >= 240
        members = np.append(members, np.zeros(240, dtype=bool))
        asked = members | others
        auc.append(roc_auc_score(members[asked], confidence[asked]))
    assert auc[0] > 0.7
    assert auc[1] < auc[0] - 0.05


# ---- around it


def test_attack_goes_on_with_partial_fit_and_begins_anew_with_fit():
    net = classifier(AdversarialRegularization(**SMALL)).partial_fit(RECORDS, LABELS)
    first = net.net_.defense_.attack_module_
    assert net.partial_fit(RECORDS, LABELS).net_.defense_.attack_module_ is first
    assert net.fit(RECORDS, LABELS).net_.defense_.attack_module_ is not first
    assert not hasattr(clone(net.net_.defense_), "attack_module_")
    parameters = list(net.net_.defense_.attack_module_.parameters())
    assert all(p.requires_grad and p.grad is None for p in parameters)


def test_module_is_in_training_mode_for_the_classifier_alone():
    modes = []

    class Watched(Linear):
        def forward(self, X):
            modes.append((self.training, torch.is_grad_enabled(), len(X)))
            return super().forward(X)

    options = {"max_epochs": 1, "batch_size": 500, "verbose": 0, "random_state": 0}
    split = ValidSplit(4, stratified=True)
    defense = AdversarialRegularization(attack_steps=1, **SMALL)
    RegularizedNet(Watched, defense=defense, train_split=split, **options).fit(X32, Y)
    n_members = 569 - 143
    assert modes[:2] == [(False, False, 2 * n_members), (True, True, n_members)]


def test_callbacks_find_the_gain():
    class Looks(Callback):
        def on_epoch_end(self, net, **kwargs):
            assert -1 < net.history[-1, "attack_gain"] < 0

    classifier(AdversarialRegularization(**SMALL), callbacks=[Looks()]).fit(RECORDS, LABELS)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("answer_layer_sizes", ()),
        ("label_layer_sizes", (8, 0)),
        ("joint_layer_sizes", (2.5,)),
        ("joint_layer_sizes", [[8]]),
    ],
)
def test_wrong_sizes(name, sizes):
    with pytest.raises(ValueError, match=f"{name} must hold integers of at least 1, one for each"):
        classifier(AdversarialRegularization(**{name: sizes})).fit(RECORDS, LABELS)


def test_trunk_without_hidden_layers():
    defense = AdversarialRegularization(**SMALL | {"joint_layer_sizes": ()})
    net = classifier(defense).fit(RECORDS, LABELS)
    assert len(net.net_.defense_.attack_module_.joint) == 1


def test_records_that_are_no_table():
    split = ValidSplit(4, stratified=True)
    defense = AdversarialRegularization()
    net = RegularizedNet(Linear, defense=defense, train_split=split, verbose=0, random_state=0)
    with pytest.raises(ValueError, match="AdversarialRegularization needs records in one array"):
        net.fit(Dataset(X32, Y), Y)


class Doubled(Dataset):
    """A data set that makes something else of its records."""

    def transform(self, X, y):
        X, y = super().transform(X, y)
        return 2 * X, y


def test_attack_sees_the_records_that_the_network_sees():
    options = {"verbose": 0, "max_epochs": 2, "lr": 0.5, "random_state": 0}
    trained = []
    for records, kind in ((2 * X32, Dataset), (X32, Doubled)):
        net = RegularizedNet(
            Linear,
            defense=AdversarialRegularization(warm_up_epochs=0, **SMALL),
            dataset=kind,
            train_split=ValidSplit(4, stratified=True),
            **options,
        ).fit(records, Y)
        trained.append(parameters_of(net))
    torch.testing.assert_close(*trained)


def test_reference_records_of_another_table():
    split = predefined_split(Dataset(X32[400:], Y[400:]))
    defense = AdversarialRegularization()
    net = RegularizedNet(Linear, defense=defense, train_split=split, verbose=0, random_state=0)
    with pytest.raises(ValueError, match=r"from the table given to fit: .*not predefined_split"):
        net.fit(X32[:400], Y[:400])


@pytest.mark.parametrize(
    "options",
    [
        {"weight": -1},
        {"attack_steps": 0},
        {"gain": "ce"},
        {"attack_lr": 0},
        {"attack_input": "labels"},
        {"answer_layer_sizes": 3},
        {"warm_up_epochs": -1},
    ],
    ids=repr,
)
def test_invalid_parameters(options):
    with pytest.raises(ValueError, match="of AdversarialRegularization must be"):
        classifier(AdversarialRegularization(**options)).fit(RECORDS, LABELS)
