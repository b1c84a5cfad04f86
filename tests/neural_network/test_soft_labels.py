"""LabelSmoothing and ConfidencePenalty: values, gradients, limits."""

import math

import numpy as np
import oracles
import pytest
import torch
from defense_contract import (
    CONTRACT,
    LABELS,
    RECORDS,
    classifier,
    fake_net,
    gradient_of,
    value_and_gradient,
)
from networks import parameters_of
from torch.nn.functional import cross_entropy

from skmia.neural_network import ConfidencePenalty, LabelSmoothing

RNG = np.random.RandomState(0)
LOGITS, Y = RNG.normal(scale=3, size=(7, 4)), RNG.randint(4, size=7)
WEIGHTS = torch.tensor(RNG.uniform(size=7))


@pytest.mark.parametrize("check", CONTRACT)
@pytest.mark.parametrize("defense", [LabelSmoothing(), ConfidencePenalty()], ids=repr)
def test_contract(check, defense):
    check(defense)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.7])
def test_smoothed_loss_and_gradient(smoothing):
    value, gradient = value_and_gradient(LabelSmoothing(smoothing), LOGITS, Y)

    def oracle(z):
        return oracles.label_smoothing_loss(z, Y, smoothing)

    assert value == pytest.approx(oracle(LOGITS), rel=1e-12)
    np.testing.assert_allclose(gradient, gradient_of(oracle, LOGITS), atol=1e-8)
    torch_value = cross_entropy(
        torch.tensor(LOGITS), torch.tensor(Y), label_smoothing=smoothing
    ).item()
    assert value == pytest.approx(torch_value, rel=1e-12)
    # closed form: softmax less soft label
    soft = (1 - smoothing) * np.eye(4)[Y] + smoothing / 4
    expected = (torch.tensor(LOGITS).softmax(1).numpy() - soft) / 7
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.1, 2.0])
def test_penalized_loss_and_gradient(weight):
    value, gradient = value_and_gradient(ConfidencePenalty(weight), LOGITS, Y)

    def oracle(z):
        return oracles.confidence_penalty_loss(z, Y, weight)

    assert value == pytest.approx(oracle(LOGITS), rel=1e-12)
    np.testing.assert_allclose(gradient, gradient_of(oracle, LOGITS), atol=1e-8)


def test_penalty_of_an_answer_by_hand():
    # p = (3/4, 1/4)
    value, _ = value_and_gradient(ConfidencePenalty(0.5), np.array([[math.log(3), 0.0]]), [0])
    entropy = math.log(4) - 0.75 * math.log(3)
    assert value == pytest.approx(-math.log(0.75) - 0.5 * entropy)


def test_penalty_is_finite_for_answers_without_any_doubt():
    value, gradient = value_and_gradient(ConfidencePenalty(), np.array([[1e4, 0.0]]), [0])
    assert value == 0
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("defense", [LabelSmoothing(0.2), ConfidencePenalty(0.3)], ids=repr)
def test_weights_of_records_count(defense):
    logits, y = torch.tensor(LOGITS), torch.tensor(Y)
    weighted = defense.loss(fake_net(weights=WEIGHTS), logits, y)
    single = [defense.loss(fake_net(), logits[[i]], y[[i]]) for i in range(7)]
    assert weighted.item() == pytest.approx((torch.stack(single) * WEIGHTS).mean().item())


@pytest.mark.parametrize("defense", [LabelSmoothing(0.0), ConfidencePenalty(0.0)], ids=repr)
def test_nothing_is_plain_training(defense):
    plain, defended = (parameters_of(classifier(d).fit(RECORDS, LABELS)) for d in (None, defense))
    torch.testing.assert_close(plain, defended, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("defense", [LabelSmoothing(0.4), ConfidencePenalty(1.0)], ids=repr)
def test_answers_are_less_certain(defense):
    options = {"max_epochs": 100, "lr": 0.05}
    plain, defended = (
        classifier(d, **options).fit(RECORDS, LABELS).predict_proba(RECORDS).max(axis=1).mean()
        for d in (None, defense)
    )
    assert defended < plain - 0.03


@pytest.mark.parametrize(
    "defense", [LabelSmoothing(1.0), LabelSmoothing(-0.1), ConfidencePenalty(-1)], ids=repr
)
def test_invalid_parameters(defense):
    with pytest.raises(ValueError, match=rf"of {type(defense).__name__} must be"):
        classifier(defense).fit(RECORDS, LABELS)
