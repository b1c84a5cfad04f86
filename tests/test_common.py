"""The contract of DESIGN: every attack found through `skmia.attacks.__all__` keeps it."""

import inspect

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import skmia.attacks
from skmia.attacks import BaseAttack
from skmia.utils.estimator_checks import (
    EXPECTED_FAILED_CHECKS,
    StubClassifier,
    attack_checks,
    check_attack,
)

ATTACKS = [
    value
    for name in skmia.attacks.__all__
    if inspect.isclass(value := getattr(skmia.attacks, name)) and value is not BaseAttack
]


LESS_WORK = {"shadows": 4, "n_queries": 100, "cutoff": 0.5}


def template(attack, **params):
    """Return an attack with parameters that save time, where it has such."""
    template = attack(**params)
    names = template.get_params(deep=False)
    return template.set_params(**{k: v for k, v in LESS_WORK.items() if k in names})


def test_attacks_are_found():
    assert skmia.attacks.MetricAttack in ATTACKS


@parametrize_with_checks(
    [template(attack, target=StubClassifier(), random_state=0) for attack in ATTACKS],
    expected_failed_checks=lambda _: EXPECTED_FAILED_CHECKS,
)
def test_scikit_learn(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(check, id=f"{attack.__name__}-{check.func.__name__}")
        for attack in ATTACKS
        for check in attack_checks(template(attack))
    ],
)
def test_contract(check):
    check()


class Inverted(skmia.attacks.MetricAttack):
    """An attack with the sign turned round, the commonest slip of the field."""

    def _score_samples(self, model, X, y):
        return -super()._score_samples(model, X, y)


def test_check_attack_passes_a_good_attack_and_finds_a_broken_one():
    check_attack(skmia.attacks.MetricAttack(signal="confidence", random_state=0))
    with pytest.raises(AssertionError, match="known by heart"):
        check_attack(Inverted(random_state=0))
