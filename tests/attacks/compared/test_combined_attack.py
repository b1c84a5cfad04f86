"""Several attacks as one."""

from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import RobustScaler
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import (
    BASE,
    RMIA,
    CombinedAttack,
    LabelOnlyAttack,
    LiRA,
    MetricAttack,
    PopulationAttack,
    ReferenceAttack,
    ShadowModelAttack,
)
from skmia.shadows import ShadowModels

FITS = []
X, Y = make_classification(
    240, n_features=6, n_informative=4, n_classes=3, flip_y=0.5, random_state=0
)
FOREIGN = X + 0.25
MEMBERSHIP = (np.random.default_rng(0).permutation(240) < 120).astype(int)
TARGET = RandomForestClassifier(10, random_state=0).fit(X[MEMBERSHIP == 1], Y[MEMBERSHIP == 1])
METHODS = ("stack", "worst_case")
TWO = [LiRA(), BASE()]


class Counting(DecisionTreeClassifier):
    """Counts how often one of its kind is trained."""

    def fit(self, X, y):
        FITS.append(len(X))
        return super().fit(X, y)


@pytest.fixture(scope="module")
def shadows():
    return ShadowModels(TARGET, 4, random_state=0).fit(X, Y)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("known", [None, MEMBERSHIP])
def test_nothing_is_trained_twice(method, known):
    target = Counting(random_state=0).fit(X[:120], Y[:120])
    FITS.clear()
    attack = CombinedAttack(target, shadows=4, method=method, random_state=0).fit(X, Y, known)
    attack.predict_proba(X, Y)
    assert len(FITS) == 4
    assert {id(part.shadows_) for part in attack.attacks_[1:]} == {id(attack.shadows_)}


def test_given_shadows_are_used_as_they_are():
    target = Counting(random_state=0).fit(X[:120], Y[:120])
    given = ShadowModels(target, 4, random_state=0).fit(X, Y)
    before = list(given.estimators_)
    FITS.clear()
    attack = CombinedAttack(target, shadows=given, random_state=0).fit(X, Y)
    attack.predict(FOREIGN, Y)
    assert not FITS
    assert attack.shadows_ is given
    assert given.estimators_ == before
    assert given.n_shadows == 4


def test_parts_are_the_attacks_alone(shadows):
    attack = CombinedAttack(TARGET, shadows=shadows, random_state=0).fit(X, Y)
    alone = [MetricAttack(), *(kind(shadows=shadows) for kind in (LiRA, BASE, ReferenceAttack))]
    for part, single in zip(attack.attacks_, alone, strict=True):
        assert type(part) is type(single)
        single.set_params(target=TARGET, random_state=0).fit(X, Y)
        for records in (X, FOREIGN):
            expected = single.score_samples(records, Y)
            np.testing.assert_allclose(part.score_samples(records, Y), expected, atol=1e-9)


def _parts(attack, records):
    return np.column_stack([part.score_samples(records, Y) for part in attack.attacks_])


def _standardized(scores, of):
    """By median and quartiles, by asinh, by mean and deviation, as the notes say."""
    scaler = RobustScaler().fit(of)
    center, spread = np.arcsinh(scaler.transform(of)), np.arcsinh(scaler.transform(scores))
    return (spread - center.mean(axis=0)) / center.std(axis=0)


@pytest.mark.parametrize("rows", [X, FOREIGN], ids=["pool", "foreign"])
def test_worst_case_is_the_largest_standardized_part(shadows, rows):
    two = [BASE(), ReferenceAttack(signal="loss")]  # they learn nothing of the records in fit
    attack = CombinedAttack(
        TARGET, attacks=two, shadows=shadows, method="worst_case", random_state=0
    )
    attack.fit(X, Y)
    online = rows is X
    scales = [[], []]
    for i, model in enumerate(shadows.estimators_):  # non-members of shadows in the target's place
        rest = shadows.without(i // 2)
        for column, part in zip(scales, two, strict=True):
            single = clone(part).set_params(target=model, shadows=rest, random_state=0)
            single._fit_uncalibrated(X, Y, None)
            evidence = single._shadow_evidence(X, Y)
            evidence = evidence._replace(own=single._own_signals(model, X, Y))
            scores = single._score_evidence(evidence, online=online and single._is_online)
            column.append(scores[~shadows.in_mask_[i]])
    of = np.column_stack([np.concatenate(column) for column in scales])
    expected = _standardized(_parts(attack, rows), of).max(axis=1)
    np.testing.assert_allclose(attack.score_samples(rows, Y), expected, rtol=1e-6, atol=1e-9)


def test_what_an_attack_learned_by_heart_does_not_count():
    """An attack that remembers the known members of fit gets no weight for that."""

    class ByHeart(MetricAttack):
        def _fit(self, X, y, membership):
            self.known = set() if membership is None else set(X[membership == 1].sum(1).tolist())

        def _score_samples(self, model, X, y):
            return np.array([x in self.known for x in X.sum(axis=1).tolist()], dtype=float)

    known, rest = np.arange(0, 240, 2), np.arange(1, 240, 2)
    attack = CombinedAttack(TARGET, attacks=[BASE(), ByHeart()], shadows=6, random_state=0)
    attack.fit(X[known], Y[known], MEMBERSHIP[known])
    scores = attack.score_samples(X[rest], Y[rest])
    alone = attack.attacks_[0].score_samples(X[rest], Y[rest])
    assert roc_auc_score(alone > np.median(alone), scores) == 1
    assert attack.score(X[rest], Y[rest], MEMBERSHIP[rest]) > 0.55


def test_label_only_attacks_can_be_parts(shadows):
    attacks = [LabelOnlyAttack(n_queries=2), LiRA()]
    attack = CombinedAttack(TARGET, attacks=attacks, shadows=shadows, random_state=0).fit(X, Y)
    assert np.isfinite(attack.score_samples(X, Y)).all()


@cache
def forest_and_shadows(seed):
    """Who is a member, a target and its fitted shadows."""
    members = np.random.default_rng(seed).permutation(240) < 120
    target = RandomForestClassifier(6, random_state=seed).fit(X[members], Y[members])
    return members, target, ShadowModels(target, 4, random_state=seed).fit(X, Y)


@pytest.mark.parametrize("method", METHODS)
def test_combination_is_no_worse_than_its_worst_part(method):
    aucs = []
    for seed in range(2):
        members, target, shadows = forest_and_shadows(seed)
        attack = CombinedAttack(target, shadows=shadows, method=method, random_state=seed)
        attack.fit(X, Y)
        parts = [roc_auc_score(members, s) for s in _parts(attack, X).T]
        aucs.append((roc_auc_score(members, attack.score_samples(X, Y)), min(parts), max(parts)))
    combined, worst, best = np.mean(aucs, axis=0)
    assert combined >= worst
    if method == "stack":
        assert combined > best - 0.03


@pytest.mark.parametrize("method", METHODS)
def test_a_part_of_noise_does_little_harm(shadows, method):
    class Noise(MetricAttack):
        def _score_samples(self, model, X, y):
            return np.modf(np.abs(np.asarray(X)).sum(axis=1) * 1e4)[0]

    attack = CombinedAttack(
        TARGET, attacks=[BASE(), Noise()], shadows=shadows, method=method, random_state=0
    ).fit(X, Y)
    parts = [roc_auc_score(MEMBERSHIP, s) for s in _parts(attack, X).T]
    found = roc_auc_score(MEMBERSHIP, attack.score_samples(X, Y))
    assert parts[1] + 0.1 < found
    if method == "stack":
        assert found > parts[0] - 0.02


CHOICES = {
    "one": [LiRA()],
    "tuple": (RMIA(offline_a=0.3), LiRA(variance="global", online=False)),
    "all kinds": [MetricAttack(signal="loss"), ReferenceAttack(method="rank"), PopulationAttack()],
    "shadow-model": [ShadowModelAttack(attack_estimator=GaussianNB()), LiRA()],
}


@pytest.mark.parametrize("known", [None, MEMBERSHIP], ids=["unknown", "known"])
@pytest.mark.parametrize("choice", CHOICES)
def test_attacks_of_the_user(shadows, choice, known):
    attack = CombinedAttack(TARGET, attacks=CHOICES[choice], shadows=shadows, random_state=0)
    attack.fit(X, Y, known)
    assert [type(part) for part in attack.attacks_] == [type(part) for part in CHOICES[choice]]
    assert all(template.target is None for template in CHOICES[choice])  # templates stay so
    scores = attack.score_samples(X, Y)
    assert np.isfinite(attack.score_samples(FOREIGN, Y)).all()
    assert roc_auc_score(MEMBERSHIP, scores) > 0.6
    assert attack.score(X, Y, MEMBERSHIP) > 0.55
    np.testing.assert_allclose(attack.score_samples(X[5:9], Y[5:9]), scores[5:9], atol=1e-9)


def test_one_attack_keeps_its_order(shadows):
    for method in METHODS:
        attack = CombinedAttack(
            TARGET, attacks=[BASE()], shadows=shadows, method=method, random_state=0
        ).fit(X, Y)
        for records in (X, FOREIGN):
            part = attack.attacks_[0].score_samples(records, Y)
            found = roc_auc_score(part > np.median(part), attack.score_samples(records, Y))
            assert found == pytest.approx(1, abs=1e-9)


def test_refuses_combinations_of_combinations(shadows):
    attacks = [CombinedAttack(attacks=[LiRA(), BASE()]), ReferenceAttack()]
    with pytest.raises(TypeError, match="list its parts"):
        CombinedAttack(TARGET, attacks=attacks, shadows=shadows, random_state=0).fit(X, Y)


@pytest.mark.parametrize("n_shadows", [1, 2, 3])
@pytest.mark.parametrize("method", METHODS)
def test_few_shadows(n_shadows, method):
    attack = CombinedAttack(
        TARGET, attacks=TWO, shadows=n_shadows, method=method, random_state=0
    ).fit(X, Y)
    scores = attack.score_samples(X, Y)
    assert len(np.unique(scores)) > 100
    assert np.isfinite(attack.score_samples(FOREIGN, Y)).all()
    assert roc_auc_score(MEMBERSHIP, scores) > 0.6


def test_custom_masks():
    mask = np.random.default_rng(0).random((4, 240)) < 0.5
    shadows = ShadowModels(n_shadows=4, splitter=mask)
    attack = CombinedAttack(TARGET, attacks=TWO, shadows=shadows, random_state=0).fit(X, Y)
    assert attack.score(X, Y, MEMBERSHIP) > 0.6


NOTHING_LEARNED = "no trial has members that a shadow saw, so that all such records score 0"


@pytest.mark.parametrize("known", [None, MEMBERSHIP], ids=["unknown", "known"])
@pytest.mark.parametrize("method", METHODS)
def test_pool_of_the_shadows_after_a_fit_on_other_records(shadows, method, known):
    attack = CombinedAttack(TARGET, attacks=TWO, shadows=shadows, method=method, random_state=0)
    attack.fit(FOREIGN, Y, known)
    assert len(np.unique(attack.score_samples(X, Y))) > 100


@pytest.mark.parametrize("method", METHODS)
def test_disjoint_shadows(method):
    shadows = ShadowModels(n_shadows=4, splitter="disjoint")
    attack = CombinedAttack(TARGET, attacks=TWO, shadows=shadows, method=method, random_state=0)
    scores = attack.fit(X, Y).score_samples(X, Y)
    seen = attack.shadows_.in_mask_.any(axis=0)
    assert len(np.unique(scores[seen])) > 50


def test_known_membership_moves_thresholds_but_not_scores(shadows):
    blind = CombinedAttack(TARGET, attacks=TWO, shadows=shadows, random_state=0).fit(X, Y)
    knowing = clone(blind).fit(X, Y, MEMBERSHIP)
    np.testing.assert_allclose(knowing.score_samples(X, Y), blind.score_samples(X, Y), atol=1e-9)
    own = knowing.score_samples(X, Y) >= knowing.threshold_
    np.testing.assert_array_equal(knowing.predict(X, Y), own.astype(int))
    assert knowing.score(X, Y, MEMBERSHIP) >= blind.score(X, Y, MEMBERSHIP)


@pytest.mark.parametrize("method", METHODS)
def test_constant_parts(method):
    target = DummyClassifier(strategy="uniform").fit(X, Y)
    attack = CombinedAttack(target, shadows=4, method=method, random_state=0).fit(X, Y)
    for records in (X, FOREIGN):
        assert np.isfinite(attack.score_samples(records, Y)).all()
        np.testing.assert_allclose(attack.predict_proba(records, Y), 0.5, atol=0.05)


@pytest.mark.parametrize("attacks", [[], (), [LiRA], [LiRA(), "BASE"]])
def test_refuses_what_are_no_attacks(shadows, attacks):
    with pytest.raises(TypeError, match="attacks must be a list of at least one attack, such as"):
        CombinedAttack(TARGET, attacks=attacks, shadows=shadows).fit(X, Y)


def test_refuses_parameters_out_of_range(shadows):
    with pytest.raises(ValueError, match="The 'method' parameter of CombinedAttack"):
        CombinedAttack(TARGET, method="mean", shadows=shadows).fit(X, Y)
    with pytest.raises(ValueError, match="The 'gamma' parameter of RMIA"):
        CombinedAttack(TARGET, attacks=[RMIA(gamma=0)], shadows=shadows).fit(X, Y)


@pytest.mark.parametrize("n_shadows", [1, 2])
def test_few_shadows_of_records_that_lack_a_class(n_shadows):
    X, y = load_iris(return_X_y=True)
    target = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    attack = CombinedAttack(target, shadows=n_shadows, random_state=0).fit(X[50:], y[50:])
    assert np.isfinite(attack.score_samples(X, y)).all()
