"""The contracts of DESIGN: what is found through `__all__` of a folder keeps its folder's."""

import inspect
import pickle

import numpy as np
import pytest
import torch
from imblearn.base import is_sampler
from imblearn.utils import estimator_checks as imblearn_checks
from sklearn.base import clone, is_classifier
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.preprocessing import scale
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

import skmia.attacks
import skmia.neural_network
import skmia.sampling
from skmia.attacks import BaseAttack, ResponseAttack
from skmia.neural_network import Defense, Penalty, RegularizedMLPClassifier
from skmia.shadows import ShadowModels
from skmia.utils.estimator_checks import (
    EXPECTED_FAILED_CHECKS,
    StubClassifier,
    attack_checks,
    check_attack,
)

ATTACKS = [
    value
    for name in skmia.attacks.__all__
    if inspect.isclass(value := getattr(skmia.attacks, name))
    and issubclass(value, BaseAttack)
    and value not in (BaseAttack, ResponseAttack)
]


def found(module, kind):
    """Return the public classes of a folder that are of a kind, but not the kind itself."""
    values = [getattr(module, name) for name in module.__all__]
    classes = [value for value in values if inspect.isclass(value)]
    return [value for value in classes if issubclass(value, kind) and value is not kind]


PENALTIES = found(skmia.neural_network, Penalty)
DEFENSES = found(skmia.neural_network, Defense)
# a RegularizedNet cannot be made without a module; fewer units and epochs do for the checks
NETWORKS = [RegularizedMLPClassifier]
X, Y = load_breast_cancer(return_X_y=True)
X = scale(X)[:200].astype(np.float32)
Y = Y[:200]

LESS_WORK = {
    "attack_estimator": DecisionTreeClassifier(max_depth=2),
    "attacks": [skmia.attacks.BASE(), skmia.attacks.LiRA()],
    "cutoff": 0.5,
    "levels": [0.5],
    "n_queries": 100,
    "regressor": HistGradientBoostingRegressor(loss="quantile", max_iter=10),
    "shadows": 4,
}
# scikit-learn's checks ask for form alone; of two such shadows each may stand in for the target
LEAST_WORK = LESS_WORK | {"n_queries": 10, "shadows": ShadowModels(None, 2, splitter="bernoulli")}


def template(attack, work=LESS_WORK, **params):
    """Return an attack with parameters that save time, where it has such."""
    template = attack(**params)
    names = template.get_params(deep=False)
    return template.set_params(**{k: v for k, v in work.items() if k in names})


def test_attacks_are_found():
    assert skmia.attacks.MetricAttack in ATTACKS


@parametrize_with_checks(
    [template(attack, LEAST_WORK, target=StubClassifier(), random_state=0) for attack in ATTACKS]
)
def test_scikit_learn(estimator, check):
    if check.func.__name__ in EXPECTED_FAILED_CHECKS:
        # by hand: for a mark pytest would parse all modules of the traceback
        with pytest.raises(AssertionError, match="fail gracefully on sparse data"):
            check(estimator)
    else:
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

    def _score_response(self, proba, y_index):
        return -super()._score_response(proba, y_index)


class Places(skmia.attacks.MetricAttack):
    """An attack that looks at the place of a record among those it is handed."""

    def _score_response(self, proba, y_index):
        return super()._score_response(proba, y_index) + np.arange(len(proba))


def test_check_attack_finds_one_that_reads_places():
    checks = {check.func.__name__: check for check in attack_checks(Places(random_state=0))}
    with pytest.raises(AssertionError):
        checks["_check_scores_do_not_depend_on_the_batch"]()
    with pytest.raises(AssertionError):
        check_attack(Places(random_state=0))


def test_check_attack_finds_one_whose_sign_is_wrong():
    checks = {check.func.__name__: check for check in attack_checks(Inverted(random_state=0))}
    with pytest.raises(AssertionError, match="known by heart"):
        checks["_check_finds_memorized_records"]()


@pytest.mark.slow
def test_check_attack_passes_a_good_attack_and_finds_a_broken_one():
    check_attack(skmia.attacks.MetricAttack(signal="confidence", random_state=0))
    with pytest.raises(AssertionError, match="known by heart"):
        check_attack(Inverted(random_state=0))


def test_networks_are_found():
    classes = [getattr(skmia.neural_network, name) for name in skmia.neural_network.__all__]
    networks = [value for value in classes if hasattr(value, "predict_proba")]
    assert {*networks} == {*NETWORKS, skmia.neural_network.RegularizedNet}
    assert all(is_classifier(network()) for network in NETWORKS)
    assert len(PENALTIES) >= 6
    assert len(DEFENSES) >= 7


@parametrize_with_checks([network((16,), lr=0.02, max_epochs=10) for network in NETWORKS])
def test_networks_of_scikit_learn(estimator, check):
    check(estimator)


def network_with(part):
    """Return a small network with a penalty or a defense."""
    place = {"penalties": [part]} if isinstance(part, Penalty) else {"defense": part}
    return RegularizedMLPClassifier((8,), max_epochs=2, random_state=0, batch_size=50, **place)


def above_mean(X):
    """Return two groups of records."""
    return X[:, 0] > 0


def quick(part):
    """Return a penalty or a defense that two groups and a seed are enough for."""
    options = {"sensitive_features": above_mean, "reproducible": True, "delta": 1e-4}
    part = part()
    return part.set_params(**{k: v for k, v in options.items() if k in part.get_params()})


@pytest.mark.parametrize("part", PENALTIES + DEFENSES)
def test_parts_of_a_network_are_parameters(part):
    names = inspect.signature(part.__init__).parameters
    assert set(part._parameter_constraints) == set(names) - {"self"}
    made = part()
    assert clone(made).get_params() == made.get_params()
    assert part.__name__ in estimator_html_repr(network_with(made))


@pytest.mark.parametrize("part", PENALTIES + DEFENSES)
def test_parts_of_a_network_keep_to_the_rules(part):
    made, state = quick(part), torch.get_rng_state()
    params = made.get_params()
    first, second = (network_with(made).fit(X, Y) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))
    np.testing.assert_allclose(first.predict_proba(X).sum(axis=1), 1, rtol=1e-5)
    assert torch.equal(torch.get_rng_state(), state)
    assert made.get_params() == params
    assert vars(made).keys() == params.keys()
    written = pickle.dumps(first)
    assert not any(row.tobytes() in written for row in X)
    np.testing.assert_array_equal(pickle.loads(written).predict_proba(X), first.predict_proba(X))


def two_pairs(X):
    """Return two groups that every class of the checks falls into."""
    return np.arange(X.shape[0]) // 2 % 2


# what a sampler needs for the checks: they have classes and values of many kinds
SAMPLER_OPTIONS = {
    "ClassBalanceSampler": {"balance": "equal"},
    "EntropySampler": {"entropy": 1.58, "tol": 0.1},
    "FeatureBalanceSampler": {"features": 0},  # to choose features takes a while
    "GroupBalanceSampler": {"sensitive_features": two_pairs},
    "VulnerableUnderSampler": {
        "attack": skmia.attacks.MetricAttack(),
        "estimator": StubClassifier(),
    },
}
SAMPLERS = [
    getattr(skmia.sampling, name)(random_state=0, **SAMPLER_OPTIONS.get(name, {}))
    for name in skmia.sampling.__all__
]


def test_samplers_are_found():
    assert len(SAMPLERS) >= 5
    assert all(is_sampler(sampler) for sampler in SAMPLERS)


# the names of scikit-learn's own tests would hold the address of a function
@pytest.mark.parametrize(
    "check",
    [
        pytest.param((check, sampler), id=f"{type(sampler).__name__}-{check.func.__name__}")
        for generator in (estimator_checks_generator, imblearn_checks.estimator_checks_generator)
        for sampler in SAMPLERS
        for _, check in generator(sampler)
    ],
)
def test_samplers_of_scikit_learn_and_imbalanced_learn(check):
    check, sampler = check
    check(sampler)
