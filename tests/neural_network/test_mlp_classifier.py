"""RegularizedMLPClassifier: a classifier of scikit-learn in every way."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from networks import X32, X, Y, parameters_of
from scipy.sparse import coo_array, csc_array, csr_array, csr_matrix
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import compute_sample_weight
from skorch.callbacks import EpochScoring

import skmia
from skmia.attacks import MetricAttack
from skmia.exceptions import MembershipWarning
from skmia.model_selection import MemberRecorder, make_membership_scorer
from skmia.neural_network import (
    HAMP,
    L1,
    L2,
    AdversarialRegularization,
    Defense,
    RegularizedMLPClassifier,
    RegularizedNet,
)
from skmia.neural_network._mlp import MLP
from skmia.shadows import ShadowModels


def mlp(**params):
    defaults = {"hidden_layer_sizes": (8,), "max_epochs": 3, "random_state": 0}
    return RegularizedMLPClassifier(**{**defaults, **params})


def test_without_hidden_layers_it_is_logistic_regression():
    # scikit-learn's objective: the sum of the losses and the squares of half the weight 1 / C;
    # in two logits the same decision takes half of the squares
    net = mlp(
        hidden_layer_sizes=(),
        max_epochs=300,
        lr=0.2,
        batch_size=len(Y),
        penalties=[L2(weight=1 / len(Y))],
    ).fit(X, Y)
    model = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(X, Y)
    np.testing.assert_allclose(net.predict_proba(X), model.predict_proba(X), atol=2e-3)


def test_first_epoch_equals_the_same_network_by_hand():
    net = mlp(activation="tanh", optimizer="sgd", momentum=0.0, lr=0.5, batch_size=569)
    before = clone(net).set_params(max_epochs=1, lr=1e-300).fit(X, Y)
    after = net.set_params(max_epochs=1).fit(X, Y)
    w1, b1, w2, b2 = (p.detach().numpy() for p in before.net_.module_.parameters())
    hidden = np.tanh(X @ w1.T + b1)
    logits = hidden @ w2.T + b2
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(before.predict_proba(X), proba, rtol=1e-9)
    error = (proba - np.eye(2)[Y]) / len(Y)
    back = (error @ w2) * (1 - hidden**2)
    gradients = back.T @ X, back.sum(axis=0), error.T @ hidden, error.sum(axis=0)
    for old, gradient, new in zip(
        (w1, b1, w2, b2), gradients, after.net_.module_.parameters(), strict=True
    ):
        np.testing.assert_allclose(new.detach().numpy(), old - 0.5 * gradient, atol=1e-12)
    np.testing.assert_allclose(after.net_.history[0, "train_loss"], log_loss(Y, proba))


def test_as_good_as_scikit_learns():
    ours = cross_validate(mlp(hidden_layer_sizes=(20,), max_epochs=20, lr=0.02), X, Y, cv=3)
    network = MLPClassifier((20,), max_iter=500, learning_rate_init=0.01, tol=1e-3, random_state=0)
    theirs = cross_validate(network, X, Y, cv=3)
    assert ours["test_score"].mean() > theirs["test_score"].mean() - 0.01


@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
def test_activations_and_sizes(activation):
    net = mlp(hidden_layer_sizes=[5, 4], activation=activation).fit(X, Y)
    assert [tuple(p.shape) for p in net.net_.module_.parameters()] == [
        (5, 30), (5,), (4, 5), (4,), (2, 4), (2,)
    ]  # fmt: skip
    one = mlp(hidden_layer_sizes=5).fit(X, Y)
    assert one.net_.module_[0].out_features == 5


def test_initial_weights_are_torchs_distribution():
    torch.manual_seed(0)
    own = MLP(100, 50, (400,), generator=torch.Generator().manual_seed(0))[0].weight
    theirs = torch.nn.Linear(100, 400).weight
    assert own.abs().max() <= 0.1
    np.testing.assert_allclose(own.std().item(), theirs.std().item(), rtol=0.02)
    np.testing.assert_allclose(own.mean().item(), 0, atol=0.001)


def test_dropout():
    module = MLP(3, 2, (1000,), dropout=0.25, generator=torch.Generator().manual_seed(0))
    dropout, ones = module[2], torch.ones(1000, 50)
    dropped = dropout.train()(ones)
    assert set(dropped.unique().tolist()) == {0.0, np.float32(1 / 0.75)}
    np.testing.assert_allclose((dropped == 0).float().mean(), 0.25, atol=0.01)
    assert torch.equal(dropout.eval()(ones), ones)


@pytest.mark.parametrize(
    "container", [csr_array, csr_matrix, csc_array, pd.DataFrame, pl.DataFrame, np.asfortranarray]
)
def test_containers(container):
    expected = mlp().fit(X, Y)
    fitted = mlp().fit(container(X), Y)
    np.testing.assert_allclose(
        fitted.predict_proba(container(X)), expected.predict_proba(X), rtol=1e-6
    )
    assert fitted.membership_of(X, Y).all()


@pytest.mark.parametrize(("dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("i4", "f8")])
def test_dtypes(dtype, expected):
    fitted = mlp().fit(X.astype(dtype), Y)
    assert fitted.predict_proba(X.astype(dtype)).dtype == expected
    assert fitted.predict_proba(X).dtype == expected


def test_chance_is_drawn_on_the_cpu_whatever_the_device():
    # no numbers are computed on the device "meta", which stands for one that may be absent
    options = {"module__n_features": 3, "module__n_classes": 2, "module__dropout": 0.5}
    net = RegularizedNet(MLP, device="meta", random_state=0, **options).initialize()
    assert net.module_.train()(torch.ones(4, 3, device="meta")).shape == (4, 2)


def test_labels():
    names = np.array(["malignant", "benign"])[Y]
    fitted = mlp(max_epochs=20).fit(X, names)
    assert fitted.classes_.tolist() == ["benign", "malignant"]
    expected = mlp(max_epochs=20).fit(X, 1 - Y)
    np.testing.assert_array_equal(fitted.predict_proba(X), expected.predict_proba(X))
    assert fitted.score(X, names) > 0.9


def test_seeds_and_torchs_generator():
    state = torch.get_rng_state()
    first, again, other = (mlp(dropout=0.5, random_state=seed).fit(X32, Y) for seed in (0, 0, 1))
    assert torch.equal(parameters_of(first), parameters_of(again))
    assert not torch.equal(parameters_of(first), parameters_of(other))
    assert torch.equal(torch.get_rng_state(), state)
    np.random.seed(0)  # noqa: NPY002 - random_state=None is numpy's global generator
    unseeded = mlp(random_state=None).fit(X32, Y)
    np.random.seed(0)  # noqa: NPY002
    assert torch.equal(parameters_of(unseeded), parameters_of(mlp(random_state=None).fit(X32, Y)))


@pytest.mark.parametrize("penalty", [L1, L2])
def test_a_weight_of_0_changes_no_bit(penalty):
    plain = mlp(dropout=0.5).fit(X32, Y)
    penalized = mlp(dropout=0.5, penalties=[penalty(weight=0.0)]).fit(X32, Y)
    assert torch.equal(parameters_of(plain), parameters_of(penalized))


def test_sample_weights_are_copies():
    rng = np.random.default_rng(0)
    weights = rng.integers(0, 4, len(Y))
    weighted = mlp(batch_size=5000, max_epochs=30).fit(X, Y, sample_weight=weights)
    copied = mlp(batch_size=5000, max_epochs=30).fit(X.repeat(weights, axis=0), Y.repeat(weights))
    np.testing.assert_allclose(weighted.predict_proba(X), copied.predict_proba(X), rtol=1e-6)
    scaled = mlp(batch_size=5000, max_epochs=30).fit(X, Y, sample_weight=weights * 10.0)
    np.testing.assert_allclose(weighted.predict_proba(X), scaled.predict_proba(X), rtol=1e-6)


def test_records_of_weight_0_are_no_members():
    weights = (np.arange(len(Y)) % 3).astype(float)
    fitted = mlp().fit(pd.DataFrame(X), Y, sample_weight=weights)
    np.testing.assert_array_equal(fitted.membership_of(X, Y), weights > 0)


def test_class_weights_are_sample_weights():
    balanced = mlp(class_weight="balanced", batch_size=50).fit(X, Y)
    weights = compute_sample_weight("balanced", Y)
    by_hand = mlp(batch_size=50).fit(X, Y, sample_weight=weights)
    assert torch.equal(parameters_of(balanced), parameters_of(by_hand))
    both = mlp(class_weight={0: 2.0, 1: 0.5}).fit(X, Y, sample_weight=np.full(len(Y), 3.0))
    single = mlp(class_weight={0: 2.0, 1: 0.5}).fit(X, Y)
    np.testing.assert_allclose(both.predict_proba(X), single.predict_proba(X), rtol=1e-9)


def test_early_stopping():
    # labels that say nothing: the held-out loss soon rises
    y = np.random.default_rng(0).integers(0, 2, len(Y))
    fitted = mlp(
        hidden_layer_sizes=(50,), max_epochs=200, lr=0.01, early_stopping=True, n_iter_no_change=5
    ).fit(X, y)
    losses = np.array(fitted.net_.history[:, "valid_loss"])
    assert fitted.n_iter_ == len(losses) == losses.argmin() + 1 + 5
    held_out = fitted.membership_of(X, y) == 0
    assert held_out.sum() == 57
    np.testing.assert_allclose(
        log_loss(y[held_out], fitted.predict_proba(X[held_out])), losses.min(), rtol=1e-6
    )
    with pytest.raises(ValueError, match="cannot stop early; set early_stopping=False"):
        fitted.partial_fit(X, y)


def test_warm_start_goes_on():
    warm = mlp(warm_start=True).fit(X, Y)
    first = parameters_of(warm)
    warm.fit(X, Y)
    assert warm.n_iter_ == 6
    assert not torch.equal(first, parameters_of(warm))
    cold = mlp().fit(X, Y)
    assert torch.equal(parameters_of(cold.fit(X, Y)), first)


def test_partial_fit():
    net = mlp().partial_fit(X[:100], Y[:100], classes=[0, 1, 2])
    net.partial_fit(X[100:200], Y[100:200])
    assert net.predict_proba(X).shape == (len(X), 3)
    assert net.n_iter_ == 2
    assert net.membership_of(X, Y).sum() == 200
    with pytest.raises(ValueError, match=r"\[5\]; it was given \[0, 1, 2\] at first"):
        net.partial_fit(X, np.full(len(X), 5))


def test_members_are_remembered_but_never_written():
    fitted = mlp().fit(X, Y)
    written = pickle.dumps(fitted)
    assert X[0].tobytes() not in written
    other = pickle.loads(written)
    np.testing.assert_array_equal(other.predict_proba(X), fitted.predict_proba(X))
    assert fitted.remembers_members
    for forgetful in (other, mlp()):
        assert not forgetful.remembers_members
        with pytest.raises(ValueError, match="RegularizedMLPClassifier remembers no training rec"):
            forgetful.membership_of(X, Y)


def test_training_records_are_those_given():
    names = np.array(["no", "yes", "maybe"])[Y]
    weights = (np.arange(len(Y)) % 3).astype(float)
    frame = pd.DataFrame(X)
    records, labels = mlp().fit(frame, names, sample_weight=weights).training_records()
    pd.testing.assert_frame_equal(records, frame[weights > 0])
    np.testing.assert_array_equal(labels, names[weights > 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_network_input(dtype):
    names = np.array(["no", "yes", "maybe"])[Y]
    fitted = mlp().fit(X.astype(dtype), names)
    records, codes = fitted.network_input(pd.DataFrame(X), names)
    assert records.dtype == dtype
    np.testing.assert_array_equal(fitted.classes_[codes], names)
    np.testing.assert_array_equal(fitted.net_.predict_proba(records), fitted.predict_proba(X))
    with pytest.raises(ValueError, match=r"does not know, \['other'\]"):
        fitted.network_input(X, np.full(len(Y), "other"))
    with pytest.raises(NotFittedError):
        mlp().network_input(X, names)


@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_grid_search_over_penalties_trades_utility_against_leakage(n_jobs):
    search = GridSearchCV(
        mlp(penalties=[L2()], max_epochs=20),
        {"penalties__l2__weight": [0.0, 1.0]},
        scoring={"accuracy": "accuracy", "privacy": "neg_mia_balanced_accuracy"},
        refit="accuracy",
        n_jobs=n_jobs,
        cv=3,
    ).fit(X, Y)
    results = search.cv_results_
    assert np.isfinite(results["mean_test_privacy"]).all()
    assert results["mean_test_accuracy"][0] > results["mean_test_accuracy"][1]


def test_scorers_see_the_members_exactly():
    class Spy:
        calls = ()

        def __call__(self, estimator, X, y):
            members = estimator.membership_of(X, y).mean()
            Spy.calls += (members,)
            return members

    cross_validate(mlp(), X, Y, scoring=Spy(), return_train_score=True)
    assert sorted(set(Spy.calls)) == [0.0, 1.0]


def test_in_a_pipeline():
    pipeline = make_pipeline(StandardScaler(), mlp(penalties=[L2()], max_epochs=20))
    pipeline.set_params(regularizedmlpclassifier__penalties__l2__weight=0.01)
    scores = cross_validate(
        MemberRecorder(pipeline), X * 100 + 3, Y, scoring=["accuracy", "neg_mia_roc_auc"]
    )
    assert scores["test_accuracy"].mean() > 0.9
    with pytest.raises(ValueError, match=r"MemberRecorder\(pipeline\)"):
        cross_validate(pipeline, X, Y, scoring="neg_mia_roc_auc", error_score="raise")


def test_shadows_are_clones_with_the_penalties():
    net = mlp(penalties=[L2(weight=0.5)]).fit(X32[:280], Y[:280])
    shadows = ShadowModels(net, n_shadows=2, random_state=0).fit(X32, Y)
    assert all(shadow.penalties[0].weight == 0.5 for shadow in shadows.estimators_)
    attack = MetricAttack(net, random_state=0).fit(X32[280:], Y[280:])
    assert 0.4 < attack.score(X32, Y, np.arange(len(Y)) < 280) < 0.7


def test_callbacks():
    scoring = EpochScoring("roc_auc", name="auc", lower_is_better=False, on_train=True)
    net = mlp(callbacks=[scoring]).set_params(callbacks__epoch_scoring__name="area").fit(X, Y)
    assert len(net.net_.history[:, "area"]) == 3
    assert not hasattr(scoring, "best_score_")


def test_verbose_prints_a_line_for_each_epoch(capsys):
    mlp(verbose=1).fit(X, Y)
    assert len(capsys.readouterr().out.splitlines()) == 5
    mlp().fit(X, Y)
    assert not capsys.readouterr().out


def test_any_optimizer_of_torch():
    net = mlp(optimizer=torch.optim.RMSprop).fit(X, Y)
    assert isinstance(net.net_.optimizer_, torch.optim.RMSprop)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"activation": "sin"}, "'activation' parameter .* must be a str among"),
        ({"dropout": 1.0}, "'dropout' parameter"),
        ({"optimizer": "lion"}, "'optimizer' parameter"),
        ({"lr": 0}, "'lr' parameter"),
        ({"momentum": 1.0}, "'momentum' parameter"),
        ({"max_epochs": 0}, "'max_epochs' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"penalties": L2()}, "'penalties' parameter"),
        ({"defense": "hamp"}, "'defense' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
        ({"class_weight": "even"}, "'class_weight' parameter"),
        ({"hidden_layer_sizes": 0}, "'hidden_layer_sizes' parameter"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes must hold integers of at least 1"),
    ],
)
def test_invalid_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        mlp(**params).fit(X, Y)


@pytest.mark.parametrize(
    ("weights", "params", "message"),
    [
        (np.zeros(len(Y)), {}, "at least one non-zero number"),
        (np.full(len(Y), -1.0), {}, "Negative values"),
        (None, {"class_weight": {0: 0, 1: 0}}, "all records weigh 0 here"),
    ],
)
def test_invalid_weights(weights, params, message):
    with pytest.raises(ValueError, match=message):
        mlp(**params).fit(X, Y, sample_weight=weights)


def test_held_out_rows_are_no_members_of_an_audit():
    fitted = mlp(early_stopping=True, random_state=1).fit(X[::2], Y[::2])
    members = fitted.membership_of(X[::2], Y[::2]) == 1
    test = X[1::2], Y[1::2]
    with pytest.warns(MembershipWarning, match="stops early by a validation set"):
        skmia.audit(fitted, X[::2], Y[::2], *test, attacks=["loss"], random_state=0)
    # warnings are errors
    skmia.audit(fitted, X[::2][members], Y[::2][members], *test, attacks=["loss"], random_state=0)
    cross_validate(
        mlp(early_stopping=True), X, Y, scoring="neg_mia_balanced_accuracy", error_score="raise"
    )
    pool = make_membership_scorer("roc_auc", pool=(X, Y), random_state=0)
    with pytest.warns(MembershipWarning, match="stops early by a validation set"):
        cross_validate(mlp(early_stopping=True), X, Y, scoring=pool)


def test_an_audit_tells_which_rows_a_network_was_trained_on():
    class HoldsOut(Defense):
        needs_held_out = True

    fitted = mlp(defense=HoldsOut()).fit(X[::2], Y[::2])
    with pytest.warns(MembershipWarning, match="membership_of.X_train, y_train. is 1 for the oth"):
        skmia.audit(fitted, X[::2], Y[::2], X[1::2], Y[1::2], attacks=["loss"], random_state=0)


def test_going_on_takes_new_penalties():
    plain = mlp(warm_start=True).fit(X, Y)
    plain.set_params(penalties=[L2(weight=10.0)]).fit(X, Y)
    fixed = mlp(warm_start=True).fit(X, Y).fit(X, Y)
    assert parameters_of(plain).abs().sum() < parameters_of(fixed).abs().sum()
    with pytest.raises(ValueError, match="which would not take effect"):
        plain.set_params(defense=Defense()).set_params(defense=HAMP()).fit(X, Y)


@pytest.mark.parametrize("container", [coo_array, np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_held_out_rows(container):
    weights = np.ones(len(Y))
    weights[::5] = 0
    fitted = mlp(early_stopping=True).fit(container(X), Y.tolist(), sample_weight=weights)
    held_out = fitted.held_out_rows_
    assert set(range(0, len(Y), 5)) < set(held_out)
    assert len(held_out) == 114 + 46
    np.testing.assert_array_equal(np.flatnonzero(fitted.membership_of(X, Y) == 0), held_out)
    assert not len(mlp().fit(X, Y).held_out_rows_)


def test_shadows_were_not_trained_on_what_they_held_out(tmp_path):
    net = mlp(early_stopping=True, random_state=1)
    options = {"random_state": 0, "directory": tmp_path, "serializer": "pickle"}
    shadows = ShadowModels(net, n_shadows=2, **options).fit(X, Y)
    for shadow, mask in zip(shadows.estimators_, shadows.in_mask_, strict=True):
        np.testing.assert_array_equal(shadow.membership_of(X, Y) == 1, mask)
        assert mask.sum() in (255, 256)
    assert not (shadows.in_mask_ & shadows.out_mask_).any()
    assert not shadows.out_mask_.all(axis=1).any()
    restored = ShadowModels(net, n_shadows=2, **options).fit(X, Y)
    np.testing.assert_array_equal(restored.in_mask_, shadows.in_mask_)
    more = ShadowModels(net, n_shadows=2, random_state=0, warm_start=True, splitter="halves")
    more.fit(X, Y).set_params(n_shadows=4).fit(X, Y)
    assert set(more.in_mask_.sum(axis=1)) <= {255, 256}


def test_a_defense_with_an_array_goes_on():
    defense = AdversarialRegularization(answer_layer_sizes=np.array([8, 4]))
    net = mlp(warm_start=True, defense=defense, max_epochs=1).fit(X, Y)
    assert net.fit(X, Y).n_iter_ == 2


def test_refuses_a_device_that_torch_does_not_know():
    X, y = np.zeros((4, 2)), [0, 1, 0, 1]
    with pytest.raises(ValueError, match=r"device must be one that torch knows.* got 'auto'"):
        RegularizedMLPClassifier(device="auto").fit(X, y)
