"""Every parameter is refused in one way: its name, the rule and the value got, before any work."""

import inspect
from fractions import Fraction
from numbers import Integral, Real

import numpy as np
import pytest
from public_calls import (
    IN_MASK,
    MEMBERSHIP,
    OBJECTS,
    PROBA,
    SHADOWS,
    X,
    Y,
    constraints_of,
    estimators,
    functions,
    fuzzed_calls,
)
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.utils._param_validation import generate_invalid_param_val, make_constraint

import skmia
from skmia.attacks import GMIA, MetricAttack
from skmia.leakage import membership_leakage
from skmia.signals import get_signal_names
from skmia.utils._constraints import RANDOM_STATE, Number, Numbers, validate_params
from skmia.utils.estimator_checks import StubClassifier

HANDED_ON = {"X", "y", "membership"}  # by displays, to those who refuse them


class Nonsense:
    """A value that no parameter can have."""


def invalid_values(constraints):
    """Yield values that none of the constraints allows."""
    constraints = [make_constraint(constraint) for constraint in constraints]
    for constraint in constraints:
        try:
            value = generate_invalid_param_val(constraint)
        except NotImplementedError:
            continue
        if not any(other.is_satisfied_by(value) for other in constraints):
            yield value
    yield Nonsense()


PARAMETERS = [
    (name, call, arguments, parameter, constraints)
    for name, call, arguments in functions()
    for parameter, constraints in constraints_of(call).items()
]


@pytest.mark.parametrize(
    ("name", "call", "arguments", "parameter", "constraints"),
    PARAMETERS,
    ids=[f"{name}-{parameter}" for name, _, _, parameter, _ in PARAMETERS],
)
def test_functions_refuse_each_parameter_by_its_name(name, call, arguments, parameter, constraints):
    for value in invalid_values(constraints):
        with pytest.raises(
            ValueError, match=rf"^The '{parameter}' parameter of {name} must be .* Got "
        ):
            call(**arguments | {parameter: value})


@pytest.mark.parametrize(("name", "estimator"), estimators(), ids=dict(estimators()))
def test_estimators_refuse_each_parameter_by_its_name(name, estimator):
    for parameter, constraints in estimator._parameter_constraints.items():
        if constraints == "no_validation":
            continue
        for value in invalid_values(constraints):
            spoilt = clone(estimator).set_params(**{parameter: value})
            with pytest.raises(ValueError, match=f"^The '{parameter}' parameter of {name} must be"):
                spoilt._validate_params()


def test_functions_say_what_they_allow_for_all_parameters():
    for name, call, _ in functions():
        parameters = inspect.signature(call).parameters.values()
        names = {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
        handed_on = HANDED_ON if "Display.from_" in name else set()
        assert names - constraints_of(call).keys() <= OBJECTS | handed_on, name


class Counted(StubClassifier):
    """A stub that counts how often it is asked."""

    n_asked = 0

    def predict_proba(self, X):
        """Count, then answer."""
        type(self).n_asked += 1
        return super().predict_proba(X)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n_riskiest": 2.5},
        {"false_positive_rate": 2},
        {"false_positive_rate": [0.1, 2]},
        {"prior": 1},
        {"confidence_level": 95},
        {"n_jobs": "x"},
        {"n_jobs": 0},
        {"random_state": "x"},
        {"random_state": -1},
        {"random_state": 2**40},
        {"response_method": "x"},
        {"sensitive_features": 1.5},
        {"attacks": None},
    ],
    ids=repr,
)
def test_audit_refuses_before_it_asks(wrong):
    ((name, value),) = wrong.items()
    Counted.n_asked = 0
    with pytest.raises(ValueError, match=f"The '{name}' parameter of audit must be") as caught:
        skmia.audit(Counted(), X, Y, X + 1, Y, **wrong)
    assert Counted.n_asked == 0
    assert f"Got {value!r} instead" in str(caught.value)


@pytest.mark.parametrize("attacks", ["strog", ["loss", "strog"], {"mine": "strog"}])
def test_an_unknown_attack_is_told_what_there_is(attacks):
    with pytest.raises(ValueError, match=r"^attacks must be 'fast' or 'strong'") as caught:
        skmia.audit(Counted(), X, Y, X + 1, Y, attacks=attacks)
    message = str(caught.value)
    assert message.endswith("got 'strog'.")
    for known in ("LiRA", "RMIA", *get_signal_names()):
        assert f"'{known}'" in message
    assert "signal'" not in message


@pytest.mark.parametrize(
    ("attacks", "names"),
    [
        ("LabelOnlyAttack", ["LabelOnlyAttack"]),
        (["PopulationAttack", "loss"], ["PopulationAttack", "loss"]),
        ({"mine": "MetricAttack"}, ["mine"]),
    ],
)
def test_attacks_are_known_by_their_class(attacks, names):
    report = skmia.audit(
        StubClassifier(), X, Y, X + 1, Y, attacks=attacks, prior=0.3, random_state=0
    )
    assert sorted(result.name for result in report.attacks) == sorted(names)


def test_predictions_do_not_suffice_for_attacks_that_ask():
    for attacks in ("LiRA", ["loss", "RMIA"]):
        with pytest.raises(ValueError, match=r"asks the target itself: use skmia\.audit with"):
            skmia.audit_predictions(PROBA, Y, PROBA, Y, attacks=attacks)


def test_errors_of_the_callers_estimators_keep_their_names():
    forest = RandomForestClassifier(n_estimators=-1)
    with pytest.raises(Exception, match="'n_estimators' parameter of RandomForestClassifier"):
        membership_leakage(forest, X, Y, n_models=4)


def test_a_refusal_shows_no_records():
    for given in (X, X.tolist(), {"records": X.tolist()}):
        with pytest.raises(ValueError, match="'n_riskiest'") as caught:
            skmia.audit(StubClassifier(), X, Y, X + 1, Y, n_riskiest=given)
        assert f"Got an instance of '{type(given).__name__}' instead." in str(caught.value)


def test_numbers():
    assert Number(Integral, 1, None, closed="left").is_satisfied_by(3)
    assert not Number(Integral, 1, None, closed="left").is_satisfied_by(True)
    assert Number(Real, 0, 1, closed="neither").is_satisfied_by(Fraction(1, 2))
    assert str(Number(Real, 0, 1, closed="neither", example="0.5")).endswith("1.0), such as 0.5")
    several = Numbers(Integral, 1, None, closed="left")
    assert several.is_satisfied_by([1, 2])
    assert several.is_satisfied_by(np.array([1, 2]))
    for wrong in ([], [0], [1, True], [1.5], ["1"], 1, [[1], [1, 2]], [[1]], None, {"a": 1}):
        assert not several.is_satisfied_by(wrong), wrong


def test_constraints_of_unknown_parameters_are_seen_at_import():
    with pytest.raises(TypeError, match=r"f has no parameters \['b'\]"):

        @validate_params(b=RANDOM_STATE)
        def f(a):
            return a


def test_the_decorator_keeps_signature_and_document():
    assert next(iter(inspect.signature(skmia.audit).parameters)) == "estimator"
    assert skmia.audit.__doc__.startswith("Audit a fitted classifier")
    assert skmia.audit.__module__ == "skmia._audit.audit"


def test_methods_with_parameters_refuse_them():
    attack = GMIA(MetricAttack())
    with pytest.raises(ValueError, match=r"The 'cutoffs' parameter of GMIA.report must be"):
        attack.report(X, Y, MEMBERSHIP, cutoffs=[2])


@pytest.mark.parametrize("seed", [3, pytest.param(0, marks=pytest.mark.slow)])
def test_fuzzed_calls_are_refused_or_answered(seed):
    assert IN_MASK.shape == SHADOWS.shape
    assert list(fuzzed_calls(300, seed)) == []
