"""RelaxLoss: the three losses, their turns, their gradients."""

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
from sklearn.metrics import log_loss
from torch.nn.functional import softmax

from skmia.neural_network import RelaxLoss

RNG = np.random.RandomState(0)
Y = RNG.randint(4, size=7)
# answers that are mostly right, with losses below 0.9 in the mean, and some that are wrong
LOGITS = RNG.normal(scale=1.5, size=(7, 4)) + 2 * np.eye(4)[Y]
MEAN = oracles.relax_loss(LOGITS, Y, 0.0, 0, 1.0, "tabular")


@pytest.mark.parametrize("check", CONTRACT)
@pytest.mark.parametrize("variant", ["tabular", "image"])
def test_contract(check, variant):
    check(RelaxLoss(upper=0.8, variant=variant))


@pytest.mark.parametrize("variant", ["tabular", "image"])
@pytest.mark.parametrize("upper", [0.3, 1.0])
@pytest.mark.parametrize("epoch", [0, 1, 2, 3])
@pytest.mark.parametrize("target", [0.1, 1.3])
def test_loss_and_gradient(target, epoch, upper, variant):
    assert 0.1 < MEAN < 1.3
    defense = RelaxLoss(target, upper=upper, variant=variant)
    value, gradient = value_and_gradient(defense, LOGITS, Y, n_epochs=epoch + 1)

    def oracle(z):
        return oracles.relax_loss(z, Y, target, epoch, upper, variant)

    assert value == pytest.approx(oracle(LOGITS), rel=1e-12)
    np.testing.assert_allclose(gradient, gradient_of(oracle, LOGITS), atol=1e-7)


def test_wrong_answers_are_among_those_tested():
    assert 0 < (LOGITS.argmax(axis=1) != Y).sum() < 7


@pytest.mark.parametrize("variant", ["tabular", "image"])
def test_detached_targets_are_constants(variant):
    defense = RelaxLoss(1.3, variant=variant, detach_targets=True)
    value, gradient = value_and_gradient(defense, LOGITS, Y, n_epochs=2)
    own = softmax(torch.tensor(LOGITS), dim=1).numpy()[np.arange(7), Y]

    def oracle(z):
        return oracles.relax_loss(z, Y, 1.3, 1, 1.0, variant, fixed=own)

    assert value == pytest.approx(oracle(LOGITS), rel=1e-12)
    np.testing.assert_allclose(gradient, gradient_of(oracle, LOGITS), atol=1e-8)
    attached = value_and_gradient(RelaxLoss(1.3, variant=variant), LOGITS, Y, n_epochs=2)[1]
    assert np.abs(attached - gradient).max() > 1e-3


def test_below_the_target_the_loss_is_raised():
    _, up = value_and_gradient(RelaxLoss(1.3), LOGITS, Y)
    _, down = value_and_gradient(RelaxLoss(0.1), LOGITS, Y)
    np.testing.assert_allclose(up, -down)


def test_weights_of_records_count():
    # the weight of the wrong answers decides on which side of the target the batch is
    wrong = torch.tensor(LOGITS.argmax(axis=1) != Y)
    weights = torch.where(wrong, 0.0, 1.0)
    defense = RelaxLoss(MEAN)
    value = defense.loss(fake_net(weights), torch.tensor(LOGITS), torch.tensor(Y)).item()
    right = ~wrong.numpy()
    mean = oracles.relax_loss(LOGITS[right], Y[right], 0.0, 0, 1.0, "tabular") * right.mean()
    assert value == pytest.approx(MEAN - mean)


def test_target_is_half_the_loss_of_guessing_by_default():
    for n_epochs in (1, 2):
        values = [
            value_and_gradient(RelaxLoss(target), LOGITS, Y, n_epochs=n_epochs)[0]
            for target in (None, math.log(4) / 2)
        ]
        assert values[0] == values[1]


def test_turns_go_on_over_calls_of_partial_fit():
    options = {"lr": 0.05, "batch_size": 240, "max_epochs": 9}
    defense = RelaxLoss(0.65)
    whole = classifier(defense, **options).fit(RECORDS, LABELS)
    parts = classifier(defense, **options)
    for _ in range(9):
        parts.partial_fit(RECORDS, LABELS)
    # of one batch, so that its order has no part in it
    torch.testing.assert_close(parameters_of(whole), parameters_of(parts), rtol=1e-3, atol=1e-4)


def test_loss_stays_at_the_target():
    options = {"hidden_layer_sizes": (50,), "lr": 0.02, "max_epochs": 60}
    plain, relaxed = (
        log_loss(LABELS, classifier(d, **options).fit(RECORDS, LABELS).predict_proba(RECORDS))
        for d in (None, RelaxLoss(0.5))
    )
    assert plain < 0.3
    assert relaxed == pytest.approx(0.5, abs=0.08)


def test_target_of_zero_is_plain_training():
    plain, relaxed = (
        parameters_of(classifier(d).fit(RECORDS, LABELS)) for d in (None, RelaxLoss(0.0))
    )
    torch.testing.assert_close(plain, relaxed, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("target", [math.log(2), 5.0])
def test_targets_no_better_than_guessing_are_refused(target):
    with pytest.raises(
        ValueError, match=r"target_loss below ln\(2\) = 0.6931.* got .* target_loss=None"
    ):
        classifier(RelaxLoss(target)).fit(RECORDS, LABELS)


@pytest.mark.parametrize(
    "defense", [RelaxLoss(-1.0), RelaxLoss(upper=0.0), RelaxLoss(variant="audio")], ids=repr
)
def test_invalid_parameters(defense):
    with pytest.raises(ValueError, match="of RelaxLoss must be"):
        classifier(defense).fit(RECORDS, LABELS)
