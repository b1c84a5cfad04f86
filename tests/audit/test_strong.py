"""Audits with attacks on shadow models."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.datasets import make_classification
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import skmia
from skmia.attacks import BASE, LiRA, ReferenceAttack, ShadowModelAttack
from skmia.shadows import ShadowModels

X, Y = make_classification(600, n_features=8, flip_y=0.3, random_state=0)
SIDES = (X[:200], Y[:200], X[200:400], Y[200:400])
FEW = (X[:80], Y[:80], X[80:160], Y[80:160])
FAST = ["correctness", "confidence", "entropy", "modified_entropy"]


class CountingTree(DecisionTreeClassifier):
    n_fits = 0

    def fit(self, X, y):
        CountingTree.n_fits += 1
        return super().fit(X, y)


@pytest.fixture(scope="module")
def audited():
    """Return arguments of an audit, and what the strong attacks find at a prior of 0.01."""
    X, y = make_classification(400, n_features=80, flip_y=0.3, random_state=0)
    target = LinearDiscriminantAnalysis().fit(X[:200], y[:200])  # with many features for its rows
    given = (target, X[:200], y[:200], X[200:], y[200:])
    return given, skmia.audit(*given, attacks="strong", prior=0.01, random_state=0)


def test_strong_finds_more_and_says_what_it_takes(audited):
    given, report = audited
    assert [a.name for a in report.attacks] == [*FAST, "LiRA", "RMIA", "CombinedAttack"]
    auc = {a.name: a.roc_auc for a in report.attacks}
    assert auc["LiRA"].low > auc["confidence"]
    text = str(report)
    assert "- correctness: sees the target's predicted label to the record" in text
    assert "- LiRA, RMIA, CombinedAttack: sees the target's answer to the record; trains 16" in text
    assert "very records" in report.to_dict()["attacks"][-1]["threat_model"]
    fast = skmia.audit(*given, attacks="fast", prior=0.01, random_state=0)
    assert [a.name for a in fast.attacks] == FAST
    assert [str(a) for a in fast.attacks] == [str(a) for a in report.attacks[:4]]


def test_shadows_are_trained_once():
    target = CountingTree(min_samples_leaf=3).fit(*FEW[:2])
    attacks = [LiRA(shadows=4), BASE(shadows=4), ShadowModelAttack(shadows=4), LiRA(shadows=6)]
    CountingTree.n_fits = 0
    report = skmia.audit(target, *FEW, attacks=attacks, random_state=0)
    assert CountingTree.n_fits == 4 + 6
    assert attacks[0].shadows == 4  # the user's template stays as it was
    with parallel_config("threading"):
        again = skmia.audit(target, *FEW, attacks=attacks, random_state=0, n_jobs=2)
    assert str(report) == str(again)


@pytest.mark.parametrize("n_runs", [4, pytest.param(12, marks=pytest.mark.slow)])
def test_nothing_is_found_in_a_blind_target(n_runs):
    """Over several seeds AUC and accuracy are those of a guess within three standard errors."""
    blind = DecisionTreeClassifier(min_samples_leaf=3, random_state=0).fit(X[400:], Y[400:])
    found = []
    for seed in range(n_runs):
        rows = np.random.default_rng(seed).permutation(400)
        a, b = rows[:100], rows[100:200]
        attacks = [LiRA(shadows=4), BASE(shadows=4), ReferenceAttack(shadows=4)]
        report = skmia.audit(
            blind, X[a], Y[a], X[b], Y[b], attacks=attacks, n_riskiest=0, random_state=seed
        )
        found.append([[r.roc_auc, r.balanced_accuracy] for r in report.attacks])
    found = np.array(found)
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - 0.5) < 3 * error).all(), found.mean(axis=0)


def test_shadows_that_know_a_part_of_the_records_are_refused():
    target = DecisionTreeClassifier(random_state=0).fit(*SIDES[:2])
    shadows = ShadowModels(DecisionTreeClassifier(), 4, random_state=0)
    for rows, refused in ((slice(210), True), (slice(400), False), (slice(400, 600), False)):
        fitted = shadows.fit(X[rows], Y[rows])
        if refused:
            with pytest.raises(
                ValueError, match=r"fitted on 210 of the 400 .* all of these records"
            ):
                skmia.audit(target, *SIDES, attacks=[LiRA(shadows=fitted)], random_state=0)
        else:
            skmia.audit(target, *SIDES, attacks=[LiRA(shadows=fitted)], random_state=0)


def test_the_prior_holds_for_all_attacks_by_name(audited):
    _, report = audited
    assert report.strongest in ("LiRA", "RMIA", "CombinedAttack")
    assert np.median(report.member_risk) < 0.1


@pytest.mark.parametrize("seed", [0, *(pytest.param(s, marks=pytest.mark.slow) for s in (1, 2))])
def test_a_handful_of_records(seed):
    tree = DecisionTreeClassifier(random_state=0).fit(X[:4], Y[:4])
    skmia.audit(tree, X[:4], Y[:4], X[4:8], Y[4:8], attacks="strong", random_state=seed)


@pytest.mark.parametrize("response_method", ["predict", "decision_function"])
def test_attackers_see_what_the_audit_says(response_method):
    target = LinearSVC().fit(*SIDES[:2])
    given = {"attacks": [LiRA(shadows=4)], "random_state": 0}
    report = skmia.audit(target, *SIDES, response_method=response_method, **given)
    target.predict_proba = None  # whoever asks for it fails
    again = skmia.audit(target, *SIDES, response_method=response_method, **given)
    assert report.attacks[0].roc_auc == again.attacks[0].roc_auc


def test_what_cannot_be_done_is_said():
    proba = np.full((40, 2), 0.5)
    with pytest.raises(ValueError, match=r"asks the target itself: use skmia.audit .*'fast'"):
        skmia.audit_predictions(proba, Y[:40], proba, Y[40:80], attacks="strong")
    with pytest.raises(ValueError, match="'strong' stands for several attacks"):
        skmia.audit_predictions(proba, Y[:40], proba, Y[40:80], attacks=["entropy", "strong"])
