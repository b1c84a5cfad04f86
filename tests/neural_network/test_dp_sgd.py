"""DPSGD: clipping, noise, what is spent, and all that would void the guarantee."""

import pickle
from typing import ClassVar

import numpy as np
import pytest
import torch
from networks import X32, Linear, X, Y, parameters_of
from scipy.sparse import csr_matrix
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import EarlyStopping, LRScheduler
from skorch.dataset import Dataset, ValidSplit
from torch.utils.data import DataLoader

from skmia.metrics import one_run_epsilon
from skmia.neural_network import DPSGD, L2, RegularizedMLPClassifier, RegularizedNet
from skmia.neural_network._dp_sgd import TRACES
from skmia.neural_network._privacy_accounting import spent
from skmia.shadows import ShadowModels

NO_NOISE = {"noise_multiplier": 1e-13, "accountant": "rdp", "reproducible": True}
SMALL = {"noise_multiplier": 1.0, "accountant": "rdp", "reproducible": True, "delta": 1e-4}


class Module(torch.nn.Module):
    """A linear layer of zeros, with further layers before it."""

    def __init__(self, n_features=3, before=(), dtype=torch.float64, bias=False):
        super().__init__()
        self.before = torch.nn.Sequential(*before)
        self.layer = torch.nn.Linear(n_features, 2, bias=bias, dtype=dtype)
        torch.nn.init.zeros_(self.layer.weight)

    def forward(self, X):
        return self.layer(self.before(X))


class Optimizer(torch.optim.SGD):
    """Gradient descent that keeps the gradients it followed."""

    followed: ClassVar[list] = []

    def step(self, closure=None):
        self.followed.append(self.param_groups[0]["params"][0].grad.clone())
        return super().step(closure)


def one_step(X, y, defense, lr=1.0, **options):
    """Return the weights of a linear model after one step from 0 on all records."""
    options = {"module": Module, "module__n_features": X.shape[1], "max_epochs": 1} | options
    net = RegularizedNet(
        defense=defense, lr=lr, batch_size=-1, verbose=0, random_state=0, **options
    ).fit(X, y)
    return net.module_.layer.weight.detach().numpy()


def clipped_sum(X, y, norm):
    """Return the clipped gradients of a linear model of zeros, record by record."""
    total = np.zeros((2, X.shape[1]))
    for record, label in zip(X, y, strict=True):
        gradient = np.outer(np.array([0.5, 0.5]) - np.eye(2)[label], record)
        total += gradient * min(1, norm / np.linalg.norm(gradient))
    return total


def classifier(**defense):
    return RegularizedMLPClassifier(
        (4,), max_epochs=2, batch_size=50, random_state=0, defense=DPSGD(**(SMALL | defense))
    )


def leftovers(module):
    """Return what opacus left on a module."""
    parts = [*module.modules(), *module.parameters()]
    names = [name for part in parts for name in TRACES if name in vars(part)]
    hooks = [h for m in module.modules() for h in (*m._forward_hooks, *m._backward_hooks)]
    gradients = [p.grad for p in module.parameters() if p.grad is not None]
    return names + hooks + gradients


@pytest.mark.parametrize("norm", [0.1, 1.0, 100.0])
def test_each_record_is_clipped_by_itself(norm):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 3)) * rng.exponential(size=(20, 1)), rng.integers(2, size=20)
    weights = one_step(X, y, DPSGD(max_grad_norm=norm, delta=0.01, **NO_NOISE))
    # opacus adds 1e-6 to the norm before it divides
    np.testing.assert_allclose(weights, -clipped_sum(X, y, norm) / 20, rtol=1e-4, atol=1e-7)


def test_noise_has_the_stated_size_whatever_the_records():
    n_features, n_records = 5000, 4
    X, y = np.zeros((n_records, n_features)), np.array([0, 1, 0, 1])
    defense = DPSGD(3.0, max_grad_norm=0.5, delta=0.01, accountant="rdp", reproducible=True)
    noise = one_step(X, y, defense, lr=2.0).ravel()
    scale = 2.0 * 3.0 * 0.5 / n_records
    # the standard deviation of 10,000 normal numbers is within 3 % in all but 2 of 10^5 cases
    assert noise.std() == pytest.approx(scale, rel=0.03)
    assert abs(noise.mean()) < 4 * scale / 100


@pytest.mark.parametrize("size", [1e3, 1e20, 1e300, np.inf])
def test_influence_of_a_record_is_bounded_whatever_it_holds(size):
    X = np.random.default_rng(0).normal(size=(11, 3))
    X[10] = size
    y = np.arange(11) % 2
    defense = DPSGD(max_grad_norm=0.2, delta=0.01, **NO_NOISE)
    with_it, without = (n * one_step(X[:n], y[:n], defense) for n in (11, 10))
    assert np.linalg.norm(with_it - without) <= 0.2 * (1 + 1e-6)
    if size < 1e10:
        assert np.linalg.norm(with_it - without) > 0.19


def test_influence_is_bounded_in_float32_where_gradients_overflow():
    X, y = np.ones((2, 3), dtype=np.float32), np.array([0, 1])
    X[1] = 3e38
    defense = DPSGD(delta=0.1, **NO_NOISE)
    options = {"module__before": [torch.nn.Linear(3, 3)], "module__dtype": torch.float32}
    weights = one_step(X, y, defense, **options)
    assert np.isfinite(weights).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("accountant", ["rdp", "prv"])
def test_what_was_spent_is_known_afterwards(dtype, accountant):
    clf = classifier(accountant=accountant).fit(X.astype(dtype), Y)
    defense = clf.net_.defense_
    assert (defense.n_steps_, defense.sample_rate_) == (24, 1 / 12)  # 569 records, 2 epochs
    assert defense.noise_multiplier_ == 1.0
    assert defense.epsilon_ == spent(1.0, 1 / 12, 24, 1e-4, accountant)
    so_far = clf.net_.history[:, "epsilon"]
    assert so_far == [spent(1.0, 1 / 12, n, 1e-4, "rdp") for n in (12, 24)]
    assert parameters_of(clf).dtype == torch.tensor(X.astype(dtype)).dtype


def test_target_epsilon_is_kept_to():
    clf = classifier(target_epsilon=2.0, noise_multiplier=0.001).fit(X, Y)
    defense = clf.net_.defense_
    assert 1.98 < defense.epsilon_ <= 2.0
    assert defense.epsilon_ == spent(defense.noise_multiplier_, 1 / 12, 24, 1e-4, "rdp")


def test_more_steps_than_planned_are_refused():
    defense = DPSGD(target_epsilon=3.0, delta=1e-3, accountant="rdp")
    net = RegularizedNet(Linear, defense=defense, batch_size=-1, max_epochs=2, verbose=0)
    with pytest.raises(ValueError, match=r"target_epsilon=3.0 is spent after the 2 steps"):
        net.fit(X32, Y, epochs=3)
    assert net.defense_.epsilon_ <= 3.0
    assert not leftovers(net.module_)


def test_poisson_batches_are_scaled_by_their_expected_size():
    Optimizer.followed.clear()
    X, y = np.ones((40, 1)), np.zeros(40, dtype=int)
    net = RegularizedNet(
        Module,
        module__n_features=1,
        optimizer=Optimizer,
        lr=1e-9,  # all steps are taken at the same place
        batch_size=11,  # four batches
        max_epochs=60,
        defense=DPSGD(delta=0.01, **NO_NOISE),
        random_state=0,
        verbose=0,
    ).fit(X, y)
    sizes = np.ravel(net.history[:, "batches", :, "train_batch_size"])
    followed = torch.stack(Optimizer.followed)[:, 1, 0].numpy()
    np.testing.assert_allclose(followed, 0.5 * sizes / 10, rtol=1e-5)
    assert sizes.mean() == pytest.approx(10, rel=0.06)
    assert sizes.var() == pytest.approx(40 * 0.25 * 0.75, rel=0.3)


def test_empty_batches_count_as_steps():
    X, y = np.eye(3), np.array([0, 1, 0])
    options = {"module": Module, "batch_size": 1, "max_epochs": 40, "verbose": 0}
    defense = DPSGD(**(SMALL | {"delta": 0.1}))
    net = RegularizedNet(defense=defense, random_state=0, **options).fit(X, y)
    sizes = [sum(b["train_batch_size"] for b in epoch["batches"]) for epoch in net.history]
    losses = [b["train_loss"] for epoch in net.history for b in epoch["batches"]]
    assert net.defense_.n_steps_ == 120
    assert losses.count(0) > 20  # (2/3)^3 of all batches are empty: 36
    assert min(sizes) >= 0
    assert np.isfinite([*losses, *net.history[:, "train_loss"], *parameters_of(net)]).all()


def test_an_epoch_without_records_has_a_loss():
    X, y = np.eye(2, 3), np.array([0, 1])
    options = {"module": Module, "batch_size": 1, "max_epochs": 60, "verbose": 0}
    defense = DPSGD(**(SMALL | {"delta": 0.1}))
    net = RegularizedNet(defense=defense, random_state=0, **options).fit(X, y)
    losses = net.history[:, "train_loss"]
    assert 0 in losses  # all batches were empty; expected in one of 16 epochs
    assert np.isfinite(losses).all()


def test_afterwards_the_network_is_a_plain_one():
    clf = classifier().fit(X, Y)
    plain = clf.set_params(defense=None).fit(X, Y)
    private = classifier().fit(X, Y)
    assert not leftovers(private.net_.module_)
    assert list(private.net_.module_.state_dict()) == list(plain.net_.module_.state_dict())
    assert type(private.net_.optimizer_) is torch.optim.Adam
    again = pickle.loads(pickle.dumps(private))
    np.testing.assert_array_equal(again.predict_proba(X), private.predict_proba(X))
    assert again.net_.defense_.epsilon_ == private.net_.defense_.epsilon_


def test_a_failed_training_leaves_nothing_either():
    class Failing(Linear):
        def forward(self, X):
            answer = super().forward(X)
            if len(X) > 30:
                raise RuntimeError("broken on purpose")
            return answer

    net = RegularizedNet(Failing, defense=DPSGD(**SMALL), batch_size=30, verbose=0, random_state=1)
    with pytest.raises(RuntimeError, match="broken on purpose"):
        net.fit(X32, Y)
    assert not leftovers(net.module_)
    assert type(net.optimizer_) is torch.optim.SGD
    assert net.defense_.epsilon_ == spent(1.0, 1 / 19, net.defense_.n_steps_, 1e-4, "rdp")


def test_reproducible_training_follows_the_seed():
    before = torch.get_rng_state()
    first, second = (parameters_of(classifier().fit(X, Y)) for _ in range(2))
    other = classifier().set_params(random_state=1).fit(X, Y)
    assert torch.equal(first, second)
    assert not torch.equal(first, parameters_of(other))
    assert torch.equal(torch.get_rng_state(), before)


def test_by_default_the_seed_tells_nothing_of_noise():
    before = torch.get_rng_state()
    X, y = np.zeros((2, 1000)), np.array([0, 1])
    noises = [one_step(X, y, DPSGD(delta=0.1)) for _ in range(2)]  # both records are in the batch
    assert not np.isclose(*noises, rtol=1e-4, atol=0).all()
    assert abs(np.corrcoef(*map(np.ravel, noises))[0, 1]) < 0.1
    assert torch.equal(torch.get_rng_state(), before)


def test_by_default_the_seed_tells_nothing_of_batches():
    clfs = [classifier(reproducible=False).fit(X, Y) for _ in range(2)]
    sizes = [clf.net_.history[:, "batches", :, "train_batch_size"] for clf in clfs]
    assert sizes[0] != sizes[1]


@pytest.mark.parametrize("kind", ["of the library", "of torch"])
def test_by_default_the_seed_tells_nothing_of_dropout(kind):
    def fit(**options):
        options |= {"accountant": "rdp", "noise_multiplier": 1e-13, "delta": 1e-4}
        defense = DPSGD(**options)
        if kind == "of torch":
            net = RegularizedNet(Linear, module__dropout=0.5, defense=defense, random_state=0)
            return parameters_of(net.set_params(batch_size=-1, max_epochs=2, verbose=0).fit(X32, Y))
        clf = RegularizedMLPClassifier((4,), dropout=0.5, max_epochs=2, defense=defense)
        return parameters_of(clf.set_params(batch_size=569, random_state=0).fit(X32, Y))

    # without noise and with all records in each batch, only dropout is left to chance
    assert torch.equal(fit(reproducible=True), fit(reproducible=True))
    assert not torch.equal(fit(reproducible=False), fit(reproducible=False))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"penalties": [L2()]}, "set the optimizer's weight_decay"),
        ({"class_weight": "balanced"}, "weights of records, class_weight included"),
        ({"early_stopping": True}, "records held out are seen without noise"),
        (
            {"callbacks": [EarlyStopping("train_loss")]},
            r"callbacks \['early_stopping'\] may decide",
        ),
        ({"callbacks": [LRScheduler()]}, r"the callbacks \['lrscheduler'\] may decide"),
        ({"defense__delta": 1 / 569}, "choose a delta well below 0.0018"),
        ({"defense__noise_multiplier": 0}, "'noise_multiplier' parameter of DPSGD must be"),
        ({"defense__target_epsilon": 0}, "'target_epsilon' parameter of DPSGD must be"),
        ({"defense__max_grad_norm": 0}, "'max_grad_norm' parameter of DPSGD must be"),
        ({"defense__accountant": "gdp"}, "'accountant' parameter of DPSGD must be"),
    ],
)
def test_what_voids_the_guarantee_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        classifier().set_params(**options).fit(X, Y)


def test_weights_of_records_are_refused():
    with pytest.raises(ValueError, match="are divided by their mean"):
        classifier().fit(X, Y, sample_weight=np.arange(569) + 1.0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train_split": ValidSplit(5)}, "records held out are seen without noise"),
        ({"iterator_train": DataLoader}, "know the rows of each batch"),
        (
            {"iterator_train": type("Other", (RegularizedNet(Linear).iterator_train,), {})},
            "Leave iterator_train at RecordBatches",
        ),
        (
            {"criterion__weight": torch.tensor([1.0, 2.0])},
            "the loss of a record must not depend on other records",
        ),
        (
            {"criterion": type("Other", (torch.nn.CrossEntropyLoss,), {})},
            "Leave criterion at CrossEntropyLoss without weights",
        ),
        ({"criterion__reduction": "sum"}, "no options but label_smoothing"),
        ({"criterion__ignore_index": 1}, "no options but label_smoothing"),
        ({"optimizer": torch.optim.LBFGS}, "LBFGS asks for several gradients in a step"),
        ({"criterion": torch.nn.NLLLoss}, "needs a module that returns logits"),
    ],
)
def test_networks_that_void_the_guarantee_are_refused(options, message):
    net = RegularizedNet(Linear, defense=DPSGD(**SMALL), verbose=0, **options)
    with pytest.raises(ValueError, match=message):
        net.fit(X32, Y)


class Own(Dataset):
    """A data set that may do anything with its records."""


@pytest.mark.parametrize(
    ("records", "labels", "options"),
    [
        (torch.utils.data.TensorDataset(torch.tensor(X32), torch.tensor(Y)), None, {}),
        (Own(X32, Y), None, {}),
        (X32, Y, {"dataset": Own}),
    ],
)
def test_data_sets_without_arrays_are_refused(records, labels, options):
    net = RegularizedNet(Linear, defense=DPSGD(**SMALL), verbose=0, **options)
    with pytest.raises(ValueError, match="give the records as arrays, or in a Dataset of skorch"):
        net.fit(records, labels)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("kind", [torch.nn.BatchNorm1d, type("Own", (torch.nn.BatchNorm1d,), {})])
def test_batch_normalization_is_refused(kind, affine):
    module = Module(30, [kind(30, affine=affine)], torch.float32)
    net = RegularizedNet(module, defense=DPSGD(**SMALL), verbose=0)
    with pytest.raises(ValueError, match="BatchNorm cannot support training with differential"):
        net.fit(X32, Y)


def test_buffers_are_refused():
    module = Module(30, dtype=torch.float32)
    module.register_buffer("mean", torch.zeros(30))
    net = RegularizedNet(module, defense=DPSGD(**SMALL), verbose=0)
    with pytest.raises(ValueError, match=r"buffers \['mean'\] may keep something of the records"):
        net.fit(X32, Y)


def test_a_second_training_is_refused():
    clf = classifier().set_params(warm_start=True).fit(X, Y)
    for train_on in (clf.fit, clf.partial_fit):
        with pytest.raises(ValueError, match="what that spent would add up"):
            train_on(X, Y)


def test_training_on_from_a_plain_network_is_refused():
    clf = classifier().set_params(defense=None, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="which would not take effect"):
        clf.set_params(defense=DPSGD(**SMALL)).fit(X, Y)


def test_a_module_that_is_an_instance_is_trained_anew():
    options = {"batch_size": 50, "lr": 0.1, "max_epochs": 2, "verbose": 0, "random_state": 0}
    net = RegularizedNet(Linear(), defense=DPSGD(**SMALL), **options)
    first = parameters_of(net.fit(X32, Y)).clone()
    # were it trained on, what the first training spent would add up
    assert torch.equal(parameters_of(net.fit(X32, Y)), first)


def test_partial_fit_once_is_one_epoch():
    clf = classifier().partial_fit(X, Y)
    assert clf.net_.defense_.n_steps_ == 12


def test_training_anew_spends_anew():
    clf = classifier().fit(X, Y)
    first = clf.net_.defense_.epsilon_
    assert clf.fit(X, Y).net_.defense_.epsilon_ == first


def test_sparse_records_give_the_same_network():
    dense, sparse = (classifier().fit(kind(X), Y) for kind in (np.asarray, csr_matrix))
    torch.testing.assert_close(parameters_of(dense), parameters_of(sparse))


def test_group_normalization_is_trained():
    norm = torch.nn.GroupNorm(3, 30)
    before = norm.weight.detach().clone()
    module = Module(30, [norm], torch.float32)
    defense = DPSGD(0.5, delta=1e-3, accountant="rdp", reproducible=True)
    net = RegularizedNet(module, defense=defense, lr=0.1, max_epochs=3, verbose=0, random_state=0)
    assert net.fit(X32, Y).score(X32, Y) > 0.7  # 0.63 is the larger class
    trained = net.module_.before[0].weight
    assert not torch.equal(trained, before)


def test_noise_is_searchable_and_trades_accuracy():
    search = GridSearchCV(
        classifier().set_params(max_epochs=6, lr=0.03),
        {"defense__noise_multiplier": [0.5, 200.0]},
        cv=2,
    ).fit(X, Y)
    good, bad = search.cv_results_["mean_test_score"]
    assert search.best_params_ == {"defense__noise_multiplier": 0.5}
    assert good > 0.85 > bad


def test_shadow_models_carry_the_defense():
    shadows = ShadowModels(classifier(), n_shadows=2, random_state=0).fit(X, Y)
    epsilons = [shadow.net_.defense_.epsilon_ for shadow in shadows.estimators_]
    assert epsilons[0] == epsilons[1] > 0


class Careless(DPSGD):
    """It adds a twelfth of the noise that it tells of."""

    def begin(self, net):
        super().begin(net)
        net.optimizer_.noise_multiplier /= 12


@pytest.mark.parametrize("n_batches", [1, 3])
def test_audit_finds_less_than_the_accountant_says(n_batches):
    """Each record has a feature of its own, so that a weight of its own tells of it."""
    n_canaries, n_epochs = 600, 10
    rng = np.random.default_rng(1)
    member = rng.integers(2, size=n_canaries)
    included = np.flatnonzero(member)
    labels = rng.integers(2, size=n_canaries)
    canaries = 100 * np.eye(n_canaries)[included]
    bounds = {}
    for kind in (DPSGD, Careless):
        net = RegularizedNet(
            Module,
            module__n_features=n_canaries,
            defense=kind(3.2, reproducible=True),
            lr=1e-4,  # the answers stay in doubt, so that each gradient is clipped
            batch_size=-(-len(included) // n_batches),
            max_epochs=n_epochs,
            verbose=0,
            random_state=0,
        ).fit(canaries, labels[included])
        weights = net.module_.layer.weight.detach().numpy()
        scores = (weights[1] - weights[0]) * np.where(labels, 1, -1)
        bounds[kind] = one_run_epsilon(member, scores, delta=1e-5, family="gaussian")
    assert bounds[DPSGD] <= net.defense_.epsilon_ < bounds[Careless]
    assert bounds[DPSGD] > 0.1 * net.defense_.epsilon_
