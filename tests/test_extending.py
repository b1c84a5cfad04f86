"""The templates of "Extending skmia" do what their pages say."""

import sys
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import scale
from sklearn.tree import DecisionTreeClassifier

import skmia
from skmia.attacks import MetricAttack
from skmia.model_selection import MemberRecorder, make_membership_scorer
from skmia.neural_network import RegularizedMLPClassifier
from skmia.utils.estimator_checks import attack_checks

TEMPLATES = Path(__file__).parent.parent / "doc" / "extending" / "templates"
X, Y = load_breast_cancer(return_X_y=True)
X = scale(X).astype(np.float32)
TREE = DecisionTreeClassifier(random_state=0).fit(X[:200], Y[:200])


@cache
def template(name):
    spec = spec_from_file_location(f"template_{name}", TEMPLATES / f"{name}.py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # where pickles look for its classes
    spec.loader.exec_module(module)
    return module


def test_each_template_has_its_page_and_each_page_is_short():
    pages = {path.stem: path.read_text("utf-8") for path in TEMPLATES.parent.glob("*.rst")}
    names = {path.stem for path in TEMPLATES.glob("*.py")}
    assert names == set(pages) - {"index", "names"}
    for name in names:
        assert f"templates/{name}.py" in pages[name]
        assert len(pages[name].splitlines()) <= 30


def test_attack():
    attack = template("attack").MarginAttack()
    for check in attack_checks(attack):
        check()
    report = skmia.audit(TREE, X[:200], Y[:200], X[200:], Y[200:], attacks=[attack], random_state=0)
    assert report.attacks[0].name == "MarginAttack"


def test_metric_and_signal():
    metric = template("metric").precision_of_top
    found = metric([1, 0, 1, 1], [0.9, 0.8, 0.7, 0.1], n_top=3)
    assert found == pytest.approx(2 / 3)
    assert found.low < found < found.high
    scorer = make_membership_scorer(metric, attack=MetricAttack(template("signal").nearness))
    assert -1 <= scorer(MemberRecorder(TREE).fit(X[:200], Y[:200]), X[200:], Y[200:]) <= 0


def test_signal_by_hand():
    proba = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    found = template("signal").nearness(proba, np.array([0, 1, -1]))
    np.testing.assert_allclose(found, [0, -0.5, -1])


def test_penalty_and_defense():
    options = {"max_epochs": 3, "lr": 0.01, "random_state": 0}
    plain = RegularizedMLPClassifier((8,), **options).fit(X[:200], Y[:200])
    net = RegularizedMLPClassifier((8,), penalties=[template("penalty").LogitSize()], **options)
    search = GridSearchCV(net, {"penalties__logit_size__weight": [0, 1]}, cv=2).fit(
        X[:200], Y[:200]
    )
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    small = net.set_params(penalties__logit_size__weight=10).fit(X[:200], Y[:200])
    assert np.ptp(small.predict_proba(X)[:, 1]) < np.ptp(plain.predict_proba(X)[:, 1])
    floor = template("defense").LossFloor(0.6)
    guarded = RegularizedMLPClassifier((8,), defense=floor, **options | {"max_epochs": 20})
    history = guarded.fit(X[:200], Y[:200]).net_.history
    assert history[-1]["train_loss"] >= 0.6


def test_sampler():
    sampler = template("sampler").DistinctSampler(random_state=0)
    kept, labels = sampler.fit_resample(np.r_[X[:50], X[:50]], np.r_[Y[:50], Y[:50]])
    assert kept.shape == (50, 30)
    assert len(labels) == 50


def test_display():
    attack = MetricAttack(TREE, random_state=0).fit(X, Y, np.arange(569) < 200)
    display = template("display").CallsDisplay.from_estimator(attack, X, Y, np.arange(569) < 200)
    again = display.plot()
    assert again.ax_.get_ylabel() == "share called members"
    assert display.shares[0] > display.shares[1]


def test_an_attack_may_say_that_it_looks_for_something_else():
    class Inverted(template("attack").MarginAttack):
        _finds_memorized_records = False

        def _score_response(self, proba, y_index):
            return -super()._score_response(proba, y_index)

    names = [check.func.__name__ for check in attack_checks(Inverted())]
    assert "_check_finds_memorized_records" not in names
    assert len(names) == len(attack_checks(MetricAttack())) - 1
