"""Closed forms of networks: those of linear models, automatic Hessians and what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, scale
from torch import nn
from torch.nn.functional import cross_entropy

from skmia.leakage import closed_form_leakage, influence_leakage
from skmia.neural_network import (
    HAMP,
    L1,
    L2,
    RegularizedMLPClassifier,
    RegularizedNet,
)
from skmia.neural_network import _hessian_products as products
from skmia.neural_network._hessian_products import NetworkProblem, conjugate_gradients

X, Y = load_iris(return_X_y=True)
X = scale(X)
N = len(Y)
STRENGTH = 0.02
OUTPUT = {"mechanism": "output", "noise_scale": 0.1}
POSTERIOR = {"mechanism": "posterior", "inverse_temperature": 1.0}


def perceptron(sizes=(3,), **params):
    """Return a small network after a few epochs."""
    defaults = {"activation": "tanh", "max_epochs": 5, "penalties": [L2(0.01)], "random_state": 0}
    return RegularizedMLPClassifier(sizes, **defaults | params).fit(X, Y)


@pytest.fixture(scope="module")
def linear():
    """Return a logistic regression and a network without hidden layer of its parameters."""
    model = LogisticRegression(C=1 / (STRENGTH * N), tol=1e-12, solver="newton-cg").fit(X, Y)
    net = perceptron((), penalties=[L2(STRENGTH / 2)], max_epochs=1)
    with torch.no_grad():
        net.net_.module_[0].weight.copy_(torch.as_tensor(model.coef_))
        net.net_.module_[0].bias.copy_(torch.as_tensor(model.intercept_))
    return model, net


@pytest.mark.parametrize("mechanism", [OUTPUT, POSTERIOR, {}, {**POSTERIOR, "damping": 0.3}])
def test_no_hidden_layer_is_logistic_regression(linear, mechanism):
    expected, found = (closed_form_leakage(model, X, Y, **mechanism).kl for model in linear)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    names = np.array(["a", "b", "c"])[Y]
    net = RegularizedMLPClassifier((), max_epochs=1, penalties=[L2(STRENGTH / 2)]).fit(X, names)
    net.net_.module_.load_state_dict(linear[1].net_.module_.state_dict())
    pipeline = make_pipeline(FunctionTransformer(np.negative), net)
    pipeline.steps[0][1].fit(X)
    found = closed_form_leakage(pipeline, -X, names, -X[40:60], names[40:60], **mechanism).kl
    expected = closed_form_leakage(linear[0], X, Y, X[40:60], Y[40:60], **mechanism).kl
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_whole_numbers_are_records():
    whole = np.round(10 * X).astype(int)
    net = RegularizedMLPClassifier((), max_epochs=2, penalties=[L2(0.01)], random_state=0)
    net.fit(whole, Y)
    found, expected = (
        closed_form_leakage(net, records, Y, damping=0.1, **OUTPUT).kl
        for records in (whole, whole.astype(float))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def objective(net, point):
    """Return the objective in one expression, for automatic differentiation."""
    sizes = [(3, 4), (3,), (3, 3), (3,)]
    values = [
        part.reshape(size) for part, size in zip(point.split([12, 3, 9, 3]), sizes, strict=True)
    ]
    hidden = torch.tanh(torch.as_tensor(X) @ values[0].T + values[1])
    loss = cross_entropy(hidden @ values[2].T + values[3], torch.as_tensor(Y))
    return loss + 0.01 * (values[0].square().sum() + values[2].square().sum())


def test_products_are_those_of_the_automatic_hessian(monkeypatch):
    monkeypatch.setattr(products, "RECORDS_AT_ONCE", 40)
    net = perceptron()
    problem = NetworkProblem(net, X, Y)
    expected = torch.autograd.functional.hessian(lambda p: objective(net, p), problem.point)
    found = problem.hessian_products(torch.eye(27, dtype=torch.float64))
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-12)


def test_gradients_of_single_records(monkeypatch):
    net = perceptron()
    problem = NetworkProblem(net, X, Y)
    whole = np.concatenate(list(problem.blocks(X, Y)))
    module = net.net_.module_
    for record in (0, 77, 149):
        module.zero_grad()
        logits = module(torch.as_tensor(X[record : record + 1]))
        cross_entropy(logits, torch.as_tensor(Y[record : record + 1])).backward()
        expected = torch.cat([p.grad.ravel() for p in module.parameters()])
        np.testing.assert_allclose(whole[record], expected, atol=1e-12)
    monkeypatch.setattr(products, "BLOCK", 7 * 27)
    parts = list(problem.blocks(X, Y))
    assert len(parts) == 22
    np.testing.assert_allclose(np.concatenate(parts), whole, atol=1e-12)


@pytest.mark.parametrize("mechanism", [OUTPUT, POSTERIOR, {}])
def test_hidden_layers_equal_the_formula_of_arrays(mechanism):
    net = perceptron(max_epochs=60)
    problem = NetworkProblem(net, X, Y)
    gradients = np.concatenate(list(problem.blocks(X, Y)))
    hessian = problem.hessian_products(torch.eye(27, dtype=torch.float64)).numpy()
    expected = influence_leakage(gradients, hessian, N, damping=2.0, **mechanism)
    found = closed_form_leakage(net, X, Y, damping=2.0, **mechanism)
    np.testing.assert_allclose(found.kl, expected, rtol=1e-6)
    assert found.mean_kl.low < found.kl.mean() < found.mean_kl.high


@pytest.mark.parametrize("candidates", [None, slice(20)])
def test_more_parameters_than_records_are_told_in_fewer_numbers(monkeypatch, candidates):
    net = perceptron((20,))
    problem = NetworkProblem(net, X, Y)
    gradients = np.concatenate(list(problem.blocks(X, Y)))
    records = {} if candidates is None else {"X": 2 * X[candidates], "y": Y[candidates]}
    expected = closed_form_leakage(net, X, Y, damping=0.01, **records).kl
    monkeypatch.setattr(products, "MOST_PARAMETERS", 155)
    assert problem.coordinates()(gradients).shape == (N, N + 1)
    found = closed_form_leakage(net, X, Y, damping=0.01, **records).kl
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    monkeypatch.setattr(products, "MOST_PARAMETERS", 100)
    with pytest.raises(ValueError, match="takes at most 100 parameters or records and"):
        closed_form_leakage(net, X, Y, damping=0.01, **records)


class Scaled(nn.Module):
    """A layer behind a frozen factor and a dropout, for records of two dimensions."""

    def __init__(self):
        super().__init__()
        self.factor = nn.Parameter(torch.full((1,), 2.0), requires_grad=False)
        self.dropout, self.layer = nn.Dropout(0.5), nn.Linear(4, 3)

    def forward(self, records):
        return self.layer(self.dropout(self.factor * records.flatten(1)))


def test_modules_of_ones_own():
    pictures = X.reshape(-1, 2, 2).astype(np.float32)
    net = RegularizedNet(Scaled, max_epochs=1, penalties=[L2(0.01)], verbose=0, random_state=0)
    net.fit(pictures, Y)
    model = LogisticRegression(C=1 / (0.02 * N), tol=1e-12, solver="newton-cg").fit(2 * X, Y)
    with torch.no_grad():
        net.module_.layer.weight.copy_(torch.as_tensor(model.coef_))
        net.module_.layer.bias.copy_(torch.as_tensor(model.intercept_))
    before = net.module_.layer.weight.dtype, net.module_.training
    for mechanism in (OUTPUT, POSTERIOR, {}):
        found = closed_form_leakage(net, pictures, Y, **mechanism).kl
        expected = closed_form_leakage(model, 2 * X, Y, **mechanism).kl
        np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert before == (net.module_.layer.weight.dtype, net.module_.training)


def test_conjugate_gradients_solve():
    rng = np.random.RandomState(0)
    root = rng.normal(size=(30, 30))
    matrix = torch.as_tensor(root @ root.T + np.eye(30))
    rows = torch.as_tensor(np.vstack([rng.normal(size=(5, 30)), np.zeros(30)]))
    found = conjugate_gradients(lambda some: some @ matrix, rows, tol=1e-12)
    torch.testing.assert_close(found, torch.linalg.solve(matrix, rows.T).T)
    loose = conjugate_gradients(lambda some: some @ matrix, rows, tol=0.5)
    assert ((loose @ matrix - rows).norm(dim=1) <= 0.5 * rows.norm(dim=1) + 1e-12).all()
    with pytest.raises(ValueError, match="did not solve all systems with the Hessian in 3"):
        conjugate_gradients(lambda some: some @ matrix, rows, max_iter=3)
    with pytest.raises(ValueError, match="damping included, has a curvature of -"):
        conjugate_gradients(lambda some: -some @ matrix, rows)


def test_a_network_that_is_at_no_minimum_needs_damping():
    net = perceptron()
    with pytest.raises(ValueError, match="raise damping above what it lacks"):
        closed_form_leakage(net, X, Y, **OUTPUT)
    assert np.isfinite(closed_form_leakage(net, X, Y, damping=3.0, **OUTPUT).kl).all()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"penalties": [L1(0.01)]}, "with a penalty other than L2"),
        ({"defense": HAMP()}, "with a defense"),
        ({"class_weight": "balanced"}, "with class_weight. Train it without"),
        ({"optimizer": torch.optim.AdamW}, "with weight_decay, which L2 of"),
        ({"early_stopping": True}, "was not trained on all of these records; give those"),
    ],
)
def test_other_objectives_are_refused(params, message):
    with pytest.raises(ValueError, match=message):
        closed_form_leakage(perceptron(**params), X, Y)


def test_another_criterion_is_refused():
    net = RegularizedNet(
        Scaled, max_epochs=1, criterion__label_smoothing=0.1, verbose=0, random_state=0
    ).fit(X.astype(np.float32), Y)
    with pytest.raises(ValueError, match="another criterion than the plain cross entropy"):
        closed_form_leakage(net, X.astype(np.float32), Y)


def test_penalties_without_weight_are_no_penalties():
    net = perceptron(
        penalties=[("l1", L1(0.0)), ("first", L2(0.01)), ("all", L2(0.1, penalize_bias=True))]
    )
    penalty = NetworkProblem(net, X, Y).penalty
    expected = [0.11] * 12 + [0.1] * 3 + [0.11] * 9 + [0.1] * 3
    np.testing.assert_allclose(penalty, expected)


def test_containers_make_no_difference():
    net = perceptron((), max_epochs=1)
    expected = closed_form_leakage(net, X, Y).kl
    names = ["a", "b", "c", "d"]
    for records in (csr_array(X), X.tolist()):
        np.testing.assert_allclose(closed_form_leakage(net, records, Y).kl, expected)
    frame = pd.DataFrame(X, columns=names)
    net = perceptron((), max_epochs=1)
    net.fit(frame, Y)
    np.testing.assert_allclose(closed_form_leakage(net, frame, Y).kl, expected)


def test_columns_by_name_are_refused():
    class Named(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 3)

        def forward(self, a):
            return self.layer(a)

    frame = pd.DataFrame({"a": X[:, 0].astype(np.float32)})
    net = RegularizedNet(Named, max_epochs=1, verbose=0, random_state=0).fit(frame, Y)
    with pytest.raises(ValueError, match="give the module one array of all columns"):
        closed_form_leakage(net, frame, Y)
