"""Every public function and estimator with arguments that are legal, to be spoiled one by one."""

import importlib
import inspect
import pkgutil
import signal
import warnings
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache, partial
from io import StringIO

import numpy as np
from joblib import parallel_config
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

import skmia
from skmia import exceptions
from skmia.attacks import MetricAttack
from skmia.inspection import ExposureReport
from skmia.utils.estimator_checks import StubClassifier

OUR_ERRORS = tuple(
    error
    for name in exceptions.__all__
    if issubclass(error := getattr(exceptions, name), Exception)
)
ALLOWED = (ValueError, TypeError, *OUR_ERRORS)
SECONDS = 60  # in which a call of a few records must end

X, Y = make_classification(40, n_features=4, random_state=0)
MEMBERSHIP = np.arange(40) % 2
SCORES = np.linspace(0, 1, 40)
PROBA = np.column_stack([1 - SCORES, SCORES])
GROUPS = ["a", "b", "b", "a"] * 10
SHADOWS = np.random.default_rng(0).uniform(0.1, 0.9, (4, 40))
IN_MASK = np.arange(4)[:, None] % 2 == np.arange(40) % 2
LESS_WORK = {"shadows": 2, "n_queries": 3, "cutoff": 0.5, "n_shadows": 2, "max_epochs": 2}


@cache
def target():
    """Return a classifier that was trained on every other record."""
    return DecisionTreeClassifier(random_state=0).fit(X[::2], Y[::2])


@cache
def _legal():
    """Return a legal value for each parameter that has no default, by its name."""
    return {
        **dict.fromkeys(("X", "X_train", "features"), X),
        "X_test": X + 1,
        **dict.fromkeys(("y", "y_train", "y_test", "y_true", "y_pred", "y_index"), Y),
        **dict.fromkeys(("membership", "calibration_membership", "correct"), MEMBERSHIP),
        **dict.fromkeys(("scores", "risk", "signal", "population_signal", "exposure"), SCORES),
        **dict.fromkeys(("confidence", "population_confidence"), SCORES),
        "calibration_signal": SCORES,
        **dict.fromkeys(("proba", "proba_train", "proba_test", "y_proba"), PROBA),
        **dict.fromkeys(("shadow_signals", "shadow_confidence"), SHADOWS),
        "population_shadow_confidence": SHADOWS,
        "in_mask": IN_MASK,
        "copies_correct": IN_MASK.T,
        "in_statistics": SCORES + 1,
        "out_statistics": SCORES,
        "sensitive_features": GROUPS,
        "quantiles": PROBA,
        "levels": [0.5, 0.9],
        "p_values": [0.1, 0.2],
        "correlation": np.eye(2),
        "explanations": {"place": SCORES},
        "gradients": X,
        "hessian": np.eye(4),
        "coef": np.ones((4, 2)),
        "records": [0, 1],
        "signals": ["loss"],
        "cv_results": {"params": [{}]},
        "delta": 0.1,
        "epsilon": 0.5,
        "false_positive_rate": 0.1,
        "budget": 0.6,
        "n_records": 40,
        "n_training_records": 5,
        "n_guesses": 5,
        "n_correct": 4,
        **dict.fromkeys(("kl", "mutual_information", "sensitivity"), 0.1),
        **dict.fromkeys(("true_positives", "false_negatives"), 5),
        **dict.fromkeys(("false_positives", "true_negatives"), 4),
        **dict.fromkeys(("estimator", "target", "search"), target()),
        "attack": MetricAttack(target(), random_state=0).fit(X, Y, MEMBERSHIP),
        "report": ExposureReport(SCORES, MEMBERSHIP),
    }


OWN = {  # where a name means something else, or a default would take long
    "audit": {"estimator": StubClassifier()},
    "explain_exposure": {"n_resamples": 9},
    "get_signal": {"signal": "loss"},
    "gmia_indirect": {"n_references": 2, "n_positive": 6, "n_candidates": 2},
    "make_fairness_scorer": {"metric": "demographic_parity_difference"},
    "make_purchase_like": {"n_samples": 60, "n_features": 60, "n_classes": 2},
    "make_texas_like": {"n_samples": 60, "n_features": 828, "n_classes": 2},
    "membership_leakage": {"n_models": 8},
    "record_parameter_mi": {"X": np.tile(X, 2), "coef": np.ones((8, 2))},
    "record_sensitivity": {"rows": 2},
    "synthesize_records": {"X": X, "n_records": 4, "iter_max": 5},
    "vulnerable_records": {"n_selected": 2},
    "ExposureDisplay.from_predictions": {"n_resamples": 9},
}
# what these are is seen when they are asked, called or searched, and said then
OBJECTS = {
    "estimator",
    "target",
    "search",
    "y_true",
    "pos_label",
    "value",
    "sensitive_features",
}
SKIPPED = {"get_scorer_names", "get_signal_names", "shadow_template"}  # nothing to refuse
NOT_CALLED = {"check_attack", "load_adult"}  # take long where nothing is wrong


def _modules():
    for found in pkgutil.walk_packages(skmia.__path__, "skmia."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            yield importlib.import_module(found.name)


@cache
def functions():
    """Return (name, function, legal arguments) of each public function, with displays' makers."""
    found = {}
    for module in (skmia, *_modules()):
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if inspect.isfunction(value) or (
                inspect.isclass(value) and hasattr(value.__init__, "_skl_parameter_constraints")
            ):
                found[name] = value
            elif name.endswith("Display"):
                makers = [maker for maker in vars(value) if maker.startswith("from_")]
                found |= {f"{name}.{maker}": getattr(value, maker) for maker in makers}
    found = {name: call for name, call in sorted(found.items()) if name not in SKIPPED}
    return [(name, call, _arguments(name, call)) for name, call in found.items()]


def _arguments(name, call):
    legal, own = _legal(), OWN.get(name, {})
    required = [
        parameter.name
        for parameter in inspect.signature(call).parameters.values()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    missing = set(required) - legal.keys() - own.keys()
    assert not missing, f"{name} has parameters without a legal value in tests/public_calls.py"
    return {key: legal[key] for key in required if key in legal} | own


def constraints_of(call):
    """Return what a function allows for its parameters."""
    call = getattr(call, "__func__", call)
    call = call.__init__ if inspect.isclass(call) else call
    return call._skl_parameter_constraints


@cache
def estimators():
    """Return (name, estimator) of each public class with constraints that can be made."""
    found = {}
    for module in _modules():
        for name in getattr(module, "__all__", ()):
            kind = getattr(module, name)
            if not (inspect.isclass(kind) and issubclass(kind, BaseEstimator)):
                continue
            if hasattr(kind, "_parameter_constraints") and inspect.signature(kind).parameters:
                found[name] = _made(kind)
    return sorted(found.items(), key=lambda pair: pair[0])


def _made(kind):
    given = {
        "target": target(),
        "estimator": DecisionTreeClassifier(),
        "attack": MetricAttack(),
        "entropy": 0.5,
        "sensitive_features": [0],
    }
    parameters = inspect.signature(kind).parameters
    own = {
        name: given[name]
        for name, p in parameters.items()
        if name in given and (p.default is p.empty or name in ("target", "estimator"))
    }
    return kind(**own, **{k: v for k, v in LESS_WORK.items() if k in parameters})


WRONG = [
    *(None, True, -1, 0, 1, 2, 3, 0.5, -0.5, 1.5, 2.5, np.nan, np.inf, -np.inf, 10**400, 1j),
    *("", "a", "auto", "x" * 300, "\x1b[31m", b"x", (), [], {}, set(), range(3), object(), int),
    *([1], [0.5], ["a"], [None], [[1], [1, 2]], [[0.5]], ("a", 1), {"a": 1}, {0: [1]}, {"a"}),
    *(np.array([]), np.array(1.0), np.zeros(40), np.ones((2, 2)), np.full((40, 4), np.nan)),
    *(np.array(["a"] * 40), np.array([None, 1], dtype=object), np.zeros((2, 2, 2))),
    *(np.float32("nan"), np.int8(5), np.uint8(200), np.bool_(True), np.datetime64("2020")),
    *(-np.ones(40), np.arange(40), np.arange(40) + 0.5, [-2] * 40, csr_matrix(np.eye(4))),
    *(lambda *_: None, lambda *_: np.zeros(40), max, DecisionTreeClassifier(), StubClassifier),
]


def fuzzed_calls(n_calls, seed):
    """Yield what was wrong of each random call that failed otherwise than by a refusal."""
    rng = np.random.default_rng(seed)
    calls = [(name, partial(_called, call), args) for name, call, args in functions()]
    calls = [call for call in calls if call[0] not in NOT_CALLED]
    calls += [(name, partial(_fitted, one), {}) for name, one in estimators()]
    spoilt = {name: _names(name) for name, *_ in calls}
    for _ in range(n_calls):
        name, call, arguments = calls[rng.integers(len(calls))]
        n_wrong = 1 + (rng.random() < 0.2)
        chosen = rng.choice(spoilt[name], min(n_wrong, len(spoilt[name])), replace=False).tolist()
        wrong = {key: WRONG[rng.integers(len(WRONG))] for key in chosen}
        if (problem := _problem(call, arguments | wrong)) is not None:
            shown = {key: repr(value)[:60] for key, value in wrong.items()}
            yield f"{name}({shown}): {problem}"


@contextmanager
def redirect_output():
    """Swallow what `verbose` makes a call print."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield


def _names(name):
    for other, call, _ in functions():
        if other == name:
            parameters = inspect.signature(call).parameters.values()
            names = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]
            # what matplotlib is handed on, it refuses in its own words
            return [name for name in names if not name.endswith(("_kwargs", "_kw"))]
    return list(dict(estimators())[name].get_params(deep=False))


def _called(call, **arguments):
    result = call(**arguments)
    if inspect.isgenerator(result):
        list(result)


def _fitted(estimator, **wrong):
    one = type(estimator)(**estimator.get_params(deep=False) | wrong)
    if hasattr(one, "fit_resample"):
        one.fit_resample(X, Y)
    elif hasattr(one, "fit"):
        one.fit(X, Y)
    else:
        one._validate_params()


def _problem(call, arguments):
    """Return how a call failed, None where it succeeded or refused."""

    def _too_long(*_):
        raise TimeoutError(f"took more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, _too_long)
    signal.alarm(SECONDS)
    try:
        # threads, since a number of jobs may be drawn that would start as many processes
        with warnings.catch_warnings(), parallel_config("threading"), redirect_output():
            warnings.simplefilter("ignore")
            call(**arguments)
    except ALLOWED:
        return None
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        import matplotlib.pyplot as plt

        plt.close("all")
    return None
