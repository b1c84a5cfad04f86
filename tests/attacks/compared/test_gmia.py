"""The attack on records that stand apart: direct inference."""

import pickle
import warnings

import numpy as np
import oracles
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from watched import calibrated_on

import skmia
from skmia.attacks import GMIA, vulnerable_records
from skmia.attacks.compared._gmia_selection import model_features
from skmia.exceptions import ResolutionWarning
from skmia.metrics._intervals import clopper_pearson
from skmia.shadows import ShadowModels
from skmia.utils._sklearn import _safe_indexing

RNG = np.random.default_rng(0)
X = RNG.normal(size=(600, 4))
Y = (X[:, 0] + RNG.normal(size=600) > 0).astype(int)
MEMBERS, OTHERS, OWN = np.split(np.arange(600), 3)
CANDIDATES, MEMBERSHIP = np.arange(400), np.repeat([1, 0], 200)


@pytest.fixture(scope="module")
def tree():
    return DecisionTreeClassifier(min_samples_leaf=3, random_state=0).fit(X[MEMBERS], Y[MEMBERS])


@pytest.fixture(scope="module")
def shadows():
    template = DecisionTreeClassifier(min_samples_leaf=3)
    return ShadowModels(template, 24, random_state=0).fit(X[OWN], Y[OWN])


@pytest.fixture(scope="module")
def attack(tree, shadows):
    return GMIA(tree, shadows=shadows, cutoff=0.1, n_selected=0.4, random_state=0).fit(
        X[OWN], Y[OWN]
    )


def _log_confidence(model, records, labels):
    return np.log(np.maximum(model.predict_proba(records)[np.arange(len(labels)), labels], 1e-30))


@pytest.mark.parametrize("rows", [OWN[:30], MEMBERS[:30]], ids=["pool", "foreign"])
def test_scores_are_those_of_the_definition(attack, tree, shadows, rows):
    """Own records are compared with models that did not see them, foreign ones with all."""
    losses = np.array([-_log_confidence(model, X[rows], Y[rows]) for model in shadows.estimators_])
    out = ~shadows.in_mask(X[rows], Y[rows])
    assert set(out.sum(axis=0)) == {12 if rows[0] in OWN else 24}
    target = -_log_confidence(tree, X[rows], Y[rows])
    expected = [
        -np.log(oracles.gmia_p_value(one, losses[out[:, j], j].tolist()))
        for j, one in enumerate(target)
    ]
    np.testing.assert_allclose(attack.score_samples(X[rows], Y[rows]), expected, atol=1e-9)


def test_selection_is_that_of_the_function(attack, shadows):
    features = model_features(shadows, X, Y, np.array([0, 1]), response_method="predict_proba")
    found = vulnerable_records(features[OWN], n_training_records=100, n_selected=80)
    np.testing.assert_array_equal(attack.selected_, found.selected)
    assert attack.distance_threshold_ == pytest.approx(found.distance_threshold)
    np.testing.assert_array_equal(attack.select(X[OWN], Y[OWN]), attack.selected_)
    others = vulnerable_records(
        features[CANDIDATES],
        features[OWN],
        n_training_records=100,
        distance_threshold=found.distance_threshold,
    )
    np.testing.assert_array_equal(attack.select(X[CANDIDATES]), others.selected)


def test_only_selected_records_are_called_and_judged(attack):
    called = attack.predict(X[CANDIDATES], Y[CANDIDATES])
    risk = attack.predict_proba(X[CANDIDATES], Y[CANDIDATES])[:, 1]
    scores, selected = attack.score_samples(X[CANDIDATES], Y[CANDIDATES]), attack.select(X[:400])
    np.testing.assert_array_equal(called == 1, selected & (np.exp(-scores) < 0.1 - 1e-12))
    assert called.sum() > 0
    np.testing.assert_array_equal(risk[~selected], 0.5)
    assert np.ptp(risk[selected]) > 0.1


@pytest.mark.parametrize("n_selected", [7, 0.035])
def test_how_many_are_selected(tree, shadows, n_selected):
    nb = ShadowModels(GaussianNB(), 20, random_state=0).fit(X[OWN], Y[OWN])  # has no ties
    attack = GMIA(tree, shadows=nb, n_selected=n_selected, cutoff=0.1).fit(X[OWN], Y[OWN])
    assert attack.selected_.sum() == 7
    again = GMIA(tree, shadows=nb, distance_threshold=attack.distance_threshold_, cutoff=0.1)
    np.testing.assert_array_equal(again.fit(X[OWN], Y[OWN]).selected_, attack.selected_)


def test_larger_targets_have_more_neighbors(tree, shadows):
    options = {"shadows": shadows, "distance_threshold": 0.1, "cutoff": 0.1}
    counts = [
        GMIA(tree, n_training_records=n, max_expected_neighbors=1, **options)
        .fit(X[OWN], Y[OWN])
        .selected_
        for n in (10, 50, 200)
    ]
    assert counts[0].sum() > counts[1].sum() > counts[2].sum()


def test_a_part_of_the_records_for_background(tree):
    nb = ShadowModels(GaussianNB(), 20, random_state=0).fit(X[OWN], Y[OWN])
    attack = GMIA(tree, shadows=nb, max_background=50, cutoff=0.1, random_state=0)
    attack.fit(X[OWN], Y[OWN])
    assert attack.selected_.shape == (200,)
    assert attack.selected_.sum() == 20
    np.testing.assert_array_equal(attack.select(X[OWN]), attack.selected_)


def test_report(attack):
    rows = attack.report(X[CANDIDATES], Y[CANDIDATES], MEMBERSHIP, cutoffs=[0.05, 0.1, 1])
    scores, selected = attack.score_samples(X[CANDIDATES], Y[CANDIDATES]), attack.select(X[:400])
    for row in rows:
        called = selected & (np.exp(-scores) < row.cutoff - 1e-12)
        hits = (called & (MEMBERSHIP == 1)).sum()
        assert (row.n_records, row.n_members, row.n_selected) == (400, 200, selected.sum())
        assert row.n_called == called.sum()
        for estimate, n in ((row.precision, called.sum()), (row.recall, 200)):
            assert estimate == hits / n
            np.testing.assert_allclose(
                (estimate.low, estimate.high), clopper_pearson(hits, n, 0.05)
            )
    assert [row.n_called for row in rows] == sorted(row.n_called for row in rows)
    (own,) = attack.report(X[CANDIDATES], Y[CANDIDATES], MEMBERSHIP, confidence_level=0.5)
    assert own.cutoff == 0.1
    assert own.precision.low > rows[1].precision.low


def test_nothing_called_has_no_precision(attack):
    with pytest.warns(ResolutionWarning, match=r"below the cutoff 0.001: of 24 reference"):
        (row,) = attack.report(X[CANDIDATES], Y[CANDIDATES], MEMBERSHIP, cutoffs=[0.001])
    assert row.n_called == 0
    assert row.precision is None
    assert row.recall == 0


@pytest.mark.parametrize("membership", [None, MEMBERSHIP])
def test_nothing_selected(tree, shadows, membership):
    attack = GMIA(tree, shadows=shadows, distance_threshold=2, cutoff=0.1, random_state=0)
    attack.fit(X[CANDIDATES], Y[CANDIDATES], membership)
    assert not attack.selected_.any()
    assert not attack.predict(X, Y).any()
    np.testing.assert_array_equal(attack.predict_proba(X, Y)[:, 1], 0.5)
    (row,) = attack.report(X[CANDIDATES], Y[CANDIDATES], MEMBERSHIP)
    assert (row.n_selected, row.n_called, row.precision) == (0, 0, None)


def _some_apart(seed, n_side, n_shadows):
    """A dense cloud of one class, and scattered records whose labels follow no rule.

    Return which records of the target's members and of as many others stand apart and are called.
    """
    rng, n_records = np.random.default_rng(seed), 3 * n_side
    X, y = rng.normal(size=(n_records, 3)), np.zeros(n_records, dtype=int)
    apart = rng.random(n_records) < 0.2
    X[apart], y[apart] = 30 * X[apart], rng.integers(30, size=apart.sum())
    target = KNeighborsClassifier(3).fit(X[:n_side], y[:n_side])
    attack = GMIA(target, shadows=n_shadows, cutoff=0.025, n_selected=0.15, random_state=seed)
    attack.fit(X[-n_side:], y[-n_side:])
    candidates, labels, apart = X[:-n_side], y[:-n_side], apart[:-n_side]
    called = attack.predict(candidates, labels) == 1
    assert apart[attack.select(candidates)].all()
    risk = attack.predict_proba(candidates, labels)[:, 1]
    assert risk[called].min() > 0.7
    np.testing.assert_array_equal(risk[~apart], 0.5)
    return called


def test_leaves_alone_who_does_not_stand_apart():
    called = _some_apart(0, n_side=300, n_shadows=42)  # of whom half did not see a record
    # of 16 other seeds 21 to 45 members and 0 to 10 others
    assert called[:300].sum() > max(10, 2 * called[300:].sum())


@pytest.mark.slow
def test_finds_members_that_stand_apart():
    called = np.array([_some_apart(seed, n_side=600, n_shadows=100) for seed in range(3)])
    assert called.sum() > 90
    # 0.92 of some 75 calls are right: the share of those of three targets strays by 0.02
    assert called[:, :600].sum() / called.sum() > 0.85


def test_p_values_are_uniform_where_target_and_references_share_a_pool():
    rng, p_values = np.random.default_rng(0), []
    for seed in range(2):
        X = rng.normal(size=(80, 3))
        y = (X[:, 0] + rng.normal(size=80) > 0).astype(int)
        shadows = ShadowModels(GaussianNB(), 40, random_state=seed).fit(X, y)
        attack = GMIA(GaussianNB().fit(X, y), shadows=shadows, cutoff=0.1).fit(X, y)
        for _ in range(20):
            half, others = np.split(rng.permutation(80), 2)
            attack.set_params(target=GaussianNB().fit(X[half], y[half]))
            p_values.append(np.exp(-attack.score_samples(X[others], y[others])))
    below = [np.mean(np.array(p_values) < level) for level in (0.1, 0.5, 0.9)]
    np.testing.assert_allclose(below, [0.1, 0.5, 0.9], atol=0.08)


@pytest.mark.parametrize("n_shadows", [4, 5, 20])
@pytest.mark.parametrize("splitter", ["auto", "disjoint", "overlapping"])
def test_calibration_sees_nothing_where_there_is_nothing(n_shadows, splitter):
    class NoMemory(GaussianNB):
        """Answers by a rule that does not depend on its training records."""

        def predict_proba(self, X):
            p = 1 / (1 + np.exp(-np.asarray(X)[:, 0]))
            return np.column_stack([1 - p, p])

    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(400, 3)), np.arange(400) % 2
    shadows = ShadowModels(NoMemory(), n_shadows, splitter=splitter, random_state=0).fit(X, y)
    attack = GMIA(NoMemory().fit(X, y), shadows=shadows, cutoff=0.6, random_state=0)
    scores, membership, _ = calibrated_on(attack, X, y)
    assert np.ptp(scores) == 0  # the loss is that of all references
    assert set(membership) == {0, 1}


def test_calibration_leaves_out_pairs(tree):
    """A shadow's own twin, the other half of its pair, is no reference for it."""
    shadows = ShadowModels(DecisionTreeClassifier(), 4, random_state=0).fit(X[OWN], Y[OWN])
    attack = GMIA(tree, shadows=shadows, cutoff=0.5, n_selected=200)
    found = calibrated_on(attack, X[OWN], Y[OWN])
    losses = np.array([-_log_confidence(one, X[OWN], Y[OWN]) for one in shadows.estimators_])
    expected = []
    for i in range(4):
        rest = [j for j in range(4) if j // 2 != i // 2]
        for column in range(200):
            references = [losses[j, column] for j in rest if not shadows.in_mask_[j, column]]
            expected.append(-np.log(oracles.gmia_p_value(losses[i, column], references)))
    wanted = np.column_stack([expected, shadows.in_mask_.ravel(), np.tile(Y[OWN], 4)])
    found = np.column_stack(found)  # in random order
    for table in (found, wanted):
        table[:] = table[np.lexsort(np.round(table, 9).T)]
    np.testing.assert_allclose(found, wanted, atol=1e-9)


@pytest.mark.parametrize("kind", ["one pair", "array", "foreign"])
def test_one_more_shadow_calibrates_where_shadows_cannot(tree, shadows, kind):
    splitter = RNG.random((6, 200)) < 0.5 if kind == "array" else "auto"
    if kind != "foreign":
        shadows = ShadowModels(
            DecisionTreeClassifier(), 2 if kind == "one pair" else 6, splitter=splitter
        ).fit(X[OWN], Y[OWN])
    rows = OTHERS if kind == "foreign" else OWN
    attack = GMIA(tree, shadows=shadows, cutoff=0.6, random_state=0)
    found = calibrated_on(attack, X[rows], Y[rows])
    assert len(found[0]) == len(rows)  # one more, asked for all
    attack._calibrate(*found)
    assert np.isfinite(attack.predict_proba(X, Y)).all()


def test_risk_with_membership_is_learned_from_selected_records_of_the_target(tree, shadows):
    attack = GMIA(tree, shadows=shadows, cutoff=0.1, n_selected=0.5, random_state=0)
    scores, membership, y_index = calibrated_on(attack, X[:400], Y[:400], MEMBERSHIP)
    selected = np.flatnonzero(attack.selected_)
    np.testing.assert_array_equal(membership, MEMBERSHIP[selected])
    np.testing.assert_array_equal(y_index, Y[selected])
    np.testing.assert_allclose(scores, attack.score_samples(X[selected], Y[selected]))
    few = GMIA(tree, shadows=shadows, cutoff=0.1, n_selected=1, random_state=0)
    others = (~few.fit(X[:400], Y[:400]).selected_).astype(int)
    # none selected on one side: all are learned from
    assert len(calibrated_on(few, X[:400], Y[:400], others)[0]) == 400


def test_cutoffs_that_can_never_be_met(tree):
    with pytest.warns(ResolutionWarning, match=r"cutoff 0.05: of 19 .* 0.05\. Train more shadows"):
        GMIA(tree, shadows=19, cutoff=0.05, random_state=0).fit(X[OWN], Y[OWN])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        GMIA(tree, shadows=20, cutoff=0.05, random_state=0).fit(X[OWN], Y[OWN])


def test_default_shadows_can_call_records_in_fit():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 3)), rng.integers(10, size=300)
    target = KNeighborsClassifier(1).fit(X[::2], y[::2])
    attack = GMIA(target, n_selected=300, random_state=0).fit(X, y)
    called = attack.predict(X, y)
    assert called[::2].sum() > 10
    assert called[1::2].sum() < 5  # of 150, by chance


@pytest.mark.parametrize("method", ["predict_proba", "predict"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_the_target_reveals(method, dtype):
    data = X.astype(dtype)
    target = KNeighborsClassifier(1).fit(data[MEMBERS], RNG.integers(10, size=200))
    y = np.r_[target.predict(data[MEMBERS]), RNG.integers(10, size=400)]
    attack = GMIA(target, shadows=20, cutoff=0.1, response_method=method, random_state=0)
    attack.fit(data[OWN], y[OWN])
    scores = attack.score_samples(data[CANDIDATES], y[CANDIDATES])
    assert roc_auc_score(MEMBERSHIP, scores) > 0.9


def test_labels_only_of_the_class_are_asked_of_shadows(tree, shadows):
    class LabelsOnly:
        """A remote model that names the class."""

        classes_ = tree.classes_

        def predict(self, X):
            return tree.predict(X)

    scores = [
        GMIA(LabelsOnly(), shadows=shadows, response_method=method, cutoff=0.1, random_state=0)
        .fit(X[OWN], Y[OWN])
        .predict_proba(X, Y)
        for method in ("auto", "predict")
    ]
    np.testing.assert_array_equal(*scores)


def test_signal_and_classes(tree, shadows):
    attack = GMIA(
        tree, shadows=shadows, signal="logit_confidence", per_class=True, cutoff=0.1, n_selected=200
    ).fit(X[OWN], Y[OWN])
    np.testing.assert_allclose(attack.thresholds_, -np.log(0.1))
    assert np.isfinite(attack.predict_proba(X, Y)).all()
    assert roc_auc_score(MEMBERSHIP, attack.score_samples(X[:400], Y[:400])) > 0.6


def test_jobs_and_pickles_change_nothing(tree):
    template = GMIA(tree, shadows=20, cutoff=0.1, random_state=0)
    with parallel_config(backend="threading"):
        first, second = (
            clone(template).set_params(n_jobs=n).fit(X[OWN], Y[OWN]) for n in (None, 2)
        )
    np.testing.assert_allclose(first.predict_proba(X, Y), second.predict_proba(X, Y))
    np.testing.assert_array_equal(first.selected_, second.selected_)
    copy = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(copy.select(X), first.select(X))


def test_in_an_audit(tree, shadows):
    report = skmia.audit(
        tree,
        *(X[MEMBERS], Y[MEMBERS], X[OTHERS], Y[OTHERS]),
        attacks=["loss", GMIA(shadows=shadows, cutoff=0.1)],
        random_state=0,
    )
    found = {result.name: result.roc_auc for result in report.attacks}
    assert found["GMIA"] > 0.55


def test_twins_are_neighbors_of_each_other():
    X, y = make_classification(100, random_state=0)
    X, y = _safe_indexing(X, np.r_[:100, 0]), np.r_[y, y[0]]
    target = GaussianNB().fit(X, y)
    attack = GMIA(target, shadows=20, n_selected=0.5, cutoff=0.1, random_state=0).fit(X, y)
    assert not attack.selected_[[0, 100]].any()
    np.testing.assert_array_equal(attack.select(X), attack.selected_)


def test_errors(attack):
    with pytest.raises(
        ValueError, match=r"'cutoffs' parameter of GMIA.report .*\(0.0, 1.0\] or None. Got \[2\]"
    ):
        attack.report(X[:9], Y[:9], np.arange(9) % 2, cutoffs=[2])
    with pytest.raises(ValueError, match="confidence_level"):
        attack.report(X[:9], Y[:9], np.arange(9) % 2, confidence_level=1)
    with pytest.raises(ValueError, match=r"features"):
        attack.select(X[:, :2])
    for name, value in (
        ("cutoff", 0),
        ("n_selected", 0),
        ("distance_threshold", 3),
        ("signal", "none"),
    ):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of GMIA"):
            clone(attack).set_params(**{name: value}).fit(X[OWN], Y[OWN])
