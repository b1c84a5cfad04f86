"""The shadow-model attack of Shokri et al."""

import pickle

import numpy as np
import pytest
from joblib import parallel_config
from scipy.special import softmax
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from watched import calibrated_on

import skmia
from skmia.attacks import LiRA, MetricAttack, ShadowModelAttack, best_threshold, class_thresholds
from skmia.datasets import load_adult, make_purchase_like
from skmia.exceptions import CalibrationWarning
from skmia.metrics import membership_balanced_accuracy
from skmia.model_selection import make_membership_scorer
from skmia.shadows import ShadowModels
from skmia.signals import entropy, margin, modified_entropy
from skmia.utils.estimator_checks import StubClassifier

DIGITS, DIGIT = load_digits(return_X_y=True)
ORDER = np.random.default_rng(0).permutation(len(DIGIT))
MEMBERS, OTHERS, OWN = np.split(ORDER, [450, 900])
ROWS, MEMBERSHIP = np.r_[MEMBERS, OTHERS], np.repeat([1, 0], 450)


class CountingTree(DecisionTreeClassifier):
    """Counts how often a tree was trained in this process."""

    n_fits = 0

    def fit(self, X, y):
        """Count and fit."""
        CountingTree.n_fits += 1
        return super().fit(X, y)


@pytest.fixture(scope="module")
def forest():
    return RandomForestClassifier(10, random_state=0).fit(DIGITS[MEMBERS], DIGIT[MEMBERS])


@pytest.fixture(scope="module")
def shadows():
    template = RandomForestClassifier(10)
    return ShadowModels(template, 4, random_state=0).fit(DIGITS[OWN], DIGIT[OWN])


def slow_scores(shadows, target, estimator, rows):
    """Go through all answers one by one: an attack model for each class, trained on f(x)."""
    answers = [shadow.predict_proba(DIGITS[OWN]).tolist() for shadow in shadows.estimators_]
    asked, scores = target.predict_proba(DIGITS[rows]).tolist(), np.empty(len(rows))
    for label in range(10):
        values, sides = [], []
        for shadow, in_mask in enumerate(shadows.in_mask_):
            for side in (1, 0):
                for i, row in enumerate(OWN):
                    if DIGIT[row] == label and in_mask[i] == side:
                        values.append(answers[shadow][i])
                        sides.append(side)
        model = clone(estimator).fit(values, sides)
        for i, row in enumerate(rows):
            if DIGIT[row] == label:
                scores[i] = model.predict_proba([asked[i]])[0, 1]
    return scores


def test_equals_the_slow_loop(forest, shadows):
    # each record is in half of the shadows, so that both sides are balanced without a draw
    attack = ShadowModelAttack(
        forest, shadows=shadows, features="probabilities", attack_estimator=GaussianNB()
    ).fit(DIGITS[OWN], DIGIT[OWN])
    rows = ROWS[::3]
    expected = slow_scores(shadows, forest, GaussianNB(), rows)
    np.testing.assert_allclose(
        attack.score_samples(DIGITS[rows], DIGIT[rows]), expected, rtol=1e-6, atol=1e-12
    )


def test_finds_members_of_a_forest_better_than_correctness(forest, shadows):
    attack = ShadowModelAttack(forest, shadows=shadows).fit(DIGITS[OWN], DIGIT[OWN])
    gap = MetricAttack(forest, signal="correctness", random_state=0).fit(DIGITS[OWN], DIGIT[OWN])
    records = (DIGITS[ROWS], DIGIT[ROWS], MEMBERSHIP)
    assert attack.score(*records) > gap.score(*records) + 0.1


class SeesFeatures(GaussianNB):
    """Remembers what it was trained on."""

    def fit(self, X, y):
        """Remember and fit."""
        self.X_, self.y_ = X, y
        return super().fit(X, y)


def attack_models(forest, shadows, **params):
    attack = ShadowModelAttack(
        forest, shadows=shadows, attack_estimator=SeesFeatures(var_smoothing=1e-3), **params
    )
    return attack.fit(DIGITS[OWN], DIGIT[OWN]).attack_models_


def test_features_of_the_models(forest, shadows):
    proba = shadows.estimators_[0].predict_proba(DIGITS[OWN][DIGIT[OWN] == 3])
    of_class = np.full(len(proba), 3)
    seen = attack_models(forest, shadows, features="top_k", top_k=2)[3].X_
    largest = np.sort(proba)[:, :-3:-1]
    np.testing.assert_array_equal(np.sort(seen[: len(proba)], axis=0), np.sort(largest, axis=0))

    seen = attack_models(forest, shadows)[3].X_[: len(proba)]
    floored = np.log(np.clip(proba, 1e-3, None))
    confidence = proba[:, 3]
    expected = np.column_stack(
        [
            floored,
            confidence,
            proba.argmax(axis=1) == 3,
            margin(proba, of_class),
            entropy(proba, of_class),
            np.log(np.clip(-np.log(np.clip(confidence, 1e-30, None)), 1e-3, None)),
            np.log(np.clip(-modified_entropy(proba, of_class), 1e-3, None)),
        ]
    )
    np.testing.assert_allclose(np.sort(seen, axis=0), np.sort(expected, axis=0), rtol=1e-6)


def test_features_by_a_function(forest, shadows):
    def largest(proba, y_index):
        return proba.max(axis=1, keepdims=True)

    assert attack_models(forest, shadows, features=largest)[3].X_.shape[1] == 1
    with pytest.raises(ValueError, match=r"must return a matrix of finite numbers.*got \(\d+,\)"):
        attack_models(forest, shadows, features=lambda proba, y_index: proba.max(axis=1))


def test_attack_set_has_as_many_answers_of_either_side_in_each_class(forest):
    third = ShadowModels(DecisionTreeClassifier(), 5, train_size=0.3, random_state=0)
    models = attack_models(forest, third.fit(DIGITS[OWN], DIGIT[OWN]))
    for label in range(10):
        sides = np.bincount(models[label].y_)
        assert sides[0] == sides[1] > 10


def test_subsample_bounds_the_attack_set(forest, shadows):
    models = attack_models(forest, shadows, subsample=400)
    assert 300 < len(models[None].y_) <= 400
    assert set(np.bincount(models[None].y_)) == {len(models[None].y_) // 2}


def test_small_classes_and_unknown_labels_use_the_model_of_all(forest, shadows):
    rows = OWN[(DIGIT[OWN] != 7) | (np.cumsum(DIGIT[OWN] == 7) <= 4)]
    attack = ShadowModelAttack(forest, shadows=shadows).fit(DIGITS[rows], DIGIT[rows])
    assert 7 not in attack.attack_models_
    assert {*range(10), None} - {7} == set(attack.attack_models_)
    assert np.isfinite(attack.score_samples(DIGITS[ROWS], np.full(900, 7))).all()
    assert np.isfinite(attack.predict_proba(DIGITS[:3], np.array([10, 11, 12]))).all()


def test_one_model_for_all_sees_the_class(forest, shadows):
    models = attack_models(forest, shadows, features="probabilities", per_class=False)
    assert list(models) == [None]
    seen = models[None].X_
    assert seen.shape[1] == 20
    np.testing.assert_array_equal(seen[:, 10:].sum(axis=1), 1)


def test_fitted_shadows_are_shared_and_stay_as_they_are(forest):
    shadows = ShadowModels(CountingTree(), 4, random_state=0).fit(DIGITS[OWN], DIGIT[OWN])
    CountingTree.n_fits = 0
    before = pickle.dumps(shadows)
    attack = ShadowModelAttack(forest, shadows=shadows, attack_estimator=GaussianNB())
    attack.fit(DIGITS[OWN], DIGIT[OWN])
    assert attack.shadows_ is shadows
    assert clone(attack).shadows is shadows
    assert clone(attack).fit(DIGITS[OWN], DIGIT[OWN]).shadows_ is shadows
    assert CountingTree.n_fits == 0
    assert pickle.dumps(shadows) == before


def test_unfitted_shadows_are_a_template(forest):
    template = ShadowModels(None, 2, train_size=300, splitter="overlapping")
    cheap = {"attack_estimator": GaussianNB(), "random_state": 0}
    attack = ShadowModelAttack(forest, shadows=template, **cheap)
    attack.fit(DIGITS[OWN], DIGIT[OWN])
    assert template.estimator is None
    assert not hasattr(template, "estimators_")
    assert [type(e) for e in attack.shadows_.estimators_] == [RandomForestClassifier] * 2
    assert attack.shadows_.in_mask_.sum(axis=1).tolist() == [300, 300]
    again = clone(attack).fit(DIGITS[OWN], DIGIT[OWN])
    np.testing.assert_array_equal(again.shadows_.in_mask_, attack.shadows_.in_mask_)


def test_shadows_of_several_types(forest):
    types = [RandomForestClassifier(10), KNeighborsClassifier(1), LogisticRegression(max_iter=3000)]
    mixed = ShadowModels(types, 6, random_state=0).fit(DIGITS[OWN], DIGIT[OWN])
    attack = ShadowModelAttack(forest, shadows=mixed).fit(DIGITS[OWN], DIGIT[OWN])
    assert attack.score(DIGITS[ROWS], DIGIT[ROWS], MEMBERSHIP) > 0.6


def test_membership_calibrates_on_the_target(forest, shadows):
    known = np.arange(0, 900, 2)
    X, y, membership = DIGITS[ROWS[known]], DIGIT[ROWS[known]], MEMBERSHIP[known]
    attack = ShadowModelAttack(forest, shadows=4, random_state=0).fit(X, y, membership)
    np.testing.assert_array_equal(
        attack.thresholds_, class_thresholds(membership, attack.score_samples(X, y), y)
    )
    assert attack.shadows_.in_mask_.shape == (4, 450)  # trained on these records alone


def test_attack_model_that_learns_by_heart_is_not_believed():
    """Where answers tell nothing, thresholds from seen answers would promise much."""
    X, y = make_classification(1200, random_state=0)
    target = StubClassifier().fit(X[:400], y[:400])
    attack = ShadowModelAttack(
        target, shadows=4, attack_estimator=DecisionTreeClassifier(), random_state=0
    ).fit(X[400:], y[400:])
    risk = attack.predict_proba(X[:400], y[:400])[:, 1]
    assert np.abs(risk - 0.5).max() < 0.15


class NoMemory(GaussianNB):
    """Answers by a rule that does not depend on its training records."""

    def predict_proba(self, X):
        """Return a fixed function of each record."""
        return softmax(np.asarray(X)[:, : len(self.classes_)], axis=1)


@pytest.mark.parametrize("n_shadows", [1, 2, 3, 4, pytest.param(16, marks=pytest.mark.slow)])
@pytest.mark.parametrize("estimator", [None, DecisionTreeClassifier()])
def test_calibration_sees_nothing_where_answers_do_not_depend_on_training(n_shadows, estimator):
    aucs = []
    for seed in range(4 if n_shadows == 1 else 1):
        X, y = np.random.default_rng(seed).normal(size=(900, 5)), np.arange(900) % 3
        target = NoMemory().fit(X[:300], y[:300])
        attack = ShadowModelAttack(
            target, shadows=n_shadows, attack_estimator=estimator, random_state=seed
        )
        scores, membership, _ = calibrated_on(attack, X[300:], y[300:])
        aucs.append(roc_auc_score(membership, scores))
    # the null standard error of an AUC, of answers to the 600 records taken as independent; of one
    # shadow, whose two halves score each other, AUCs have -0.4 ± 1.4 of it (60 seeds): the mean of
    # four has -0.4 ± 0.7, and is beyond three once in 5,000 times
    error = np.sqrt((300 + 300 + 1) / (12 * 300 * 300))
    assert abs(np.mean(aucs) - 0.5) < 3 * error


def test_twins_do_not_carry_what_was_learned_by_heart_into_the_other_half():
    rng = np.random.default_rng(0)
    X, y = np.repeat(rng.normal(size=(300, 5)), 5, axis=0), np.repeat(rng.integers(2, size=300), 5)
    others = rng.normal(size=(2000, 5))
    target = LogisticRegression().fit(others, rng.integers(2, size=2000))
    attack = ShadowModelAttack(
        target, shadows=1, attack_estimator=DecisionTreeClassifier(), random_state=0
    ).fit(X, y)
    risk = attack.predict_proba(others, rng.integers(2, size=2000))[:, 1]
    assert np.mean((risk - rng.integers(2, size=2000)) ** 2) < 0.3  # 0.25 for not knowing


def test_classes_are_calibrated_with_the_kind_of_model_that_scores_them():
    """Many classes of about 10 answers: some have a model of their own in the whole set alone."""
    X, y = make_purchase_like(1000, n_features=100, n_classes=50, random_state=0)
    members, others, own = np.split(np.arange(1000), [250, 500])
    target = RandomForestClassifier(10, random_state=0).fit(X[members], y[members])
    attack = ShadowModelAttack(target, shadows=4, random_state=0).fit(X[own], y[own])
    rows, membership = np.r_[members, others], np.repeat([1, 0], 250)
    assert 0 < len(attack.attack_models_) - 1 < 50
    called, scores = attack.predict(X[rows], y[rows]), attack.score_samples(X[rows], y[rows])
    best = best_threshold(membership, scores)
    assert (
        np.mean((called == 1) == (membership == 1)) > np.mean((scores >= best) == membership) - 0.1
    )


def test_shadows_are_asked_for_what_the_target_reveals(forest, shadows):
    class LabelsOnly:
        """A remote model that names the class."""

        classes_ = forest.classes_

        def predict(self, X):
            return forest.predict(X)

    cheap = {"attack_estimator": DecisionTreeClassifier(), "random_state": 0}
    found = [
        ShadowModelAttack(LabelsOnly(), shadows=shadows, response_method=method, **cheap)
        .fit(DIGITS[OWN], DIGIT[OWN])
        .predict_proba(DIGITS, DIGIT)
        for method in ("auto", "predict")
    ]
    np.testing.assert_array_equal(*found)


def test_fitted_shadows_with_other_parameters_are_refused(forest):
    shadows = ShadowModels(DecisionTreeClassifier(), 4, random_state=0).fit(DIGITS[OWN], DIGIT[OWN])
    attack = ShadowModelAttack(forest, shadows=shadows).set_params(shadows__n_shadows=2)
    with pytest.raises(ValueError, match=r"other parameters .*n_shadows: 4, now 2.*unfitted ones"):
        attack.fit(DIGITS[OWN], DIGIT[OWN])


def test_shadows_may_know_more_classes(forest):
    labels = DIGIT[OWN].copy()
    labels[:40] = 77
    shadows = ShadowModels(DecisionTreeClassifier(), 4, random_state=0).fit(DIGITS[OWN], labels)
    attack = ShadowModelAttack(forest, shadows=shadows, attack_estimator=GaussianNB())
    with pytest.warns(CalibrationWarning, match=r"1 of 11 classes .*\(77\)"):
        attack.fit(DIGITS[OWN][40:], DIGIT[OWN][40:])
    np.testing.assert_array_equal(attack.target_classes_, [*range(10), 77])
    assert np.isfinite(attack.predict_proba(DIGITS[ROWS], DIGIT[ROWS])).all()


def test_an_unseeded_attack_goes_on_in_a_directory(forest, tmp_path):
    template = ShadowModels(CountingTree(), 2, directory=tmp_path)
    attack = ShadowModelAttack(forest, shadows=template, attack_estimator=GaussianNB())
    clone(attack).fit(DIGITS[OWN], DIGIT[OWN])
    CountingTree.n_fits = 0
    clone(attack).fit(DIGITS[OWN], DIGIT[OWN])
    assert CountingTree.n_fits == 0


def test_a_directory_in_an_audit_which_trains_once(forest, tmp_path):
    shadows = ShadowModels(CountingTree(), 2, directory=tmp_path)
    cheap = ShadowModelAttack(shadows=shadows, attack_estimator=GaussianNB())
    attacks = [cheap, LiRA(shadows=shadows)]
    sides = (DIGITS[MEMBERS], DIGIT[MEMBERS], DIGITS[OTHERS], DIGIT[OTHERS])
    CountingTree.n_fits = 0
    first = skmia.audit(forest, *sides, attacks=attacks, random_state=0)
    assert CountingTree.n_fits == 2
    second = skmia.audit(forest, *sides, attacks=attacks, random_state=0)
    assert CountingTree.n_fits == 2
    assert str(first) == str(second)


def test_a_directory_in_a_scorer_holds_the_shadows_of_one_fold(forest, tmp_path):
    shadows = ShadowModels(None, 2, directory=tmp_path)
    attack = ShadowModelAttack(shadows=shadows, attack_estimator=GaussianNB())
    pool = DIGITS[ROWS], DIGIT[ROWS]
    options = {"attack": attack, "pool": pool, "random_state": 0}
    scorer = make_membership_scorer("roc_auc", **options)
    first = scorer(forest, DIGITS[OTHERS], DIGIT[OTHERS])
    n_files = len(list(tmp_path.iterdir()))
    assert n_files >= 2
    assert scorer(forest, DIGITS[OTHERS], DIGIT[OTHERS]) == first  # goes on with them
    with pytest.raises(ValueError, match="directory"):  # another fold is another pool
        scorer(forest, DIGITS[OTHERS][::2], DIGIT[OTHERS][::2])
    assert len(list(tmp_path.iterdir())) == n_files


@pytest.mark.slow
def test_no_member_is_found_where_nothing_is_memorized():
    """Logistic regression on Adult, members drawn as non-members are."""
    X, y = load_adult(return_X_y=True)
    covered = 0
    for seed in range(5):
        rows = np.random.default_rng(seed).permutation(len(y))[:9000]
        members, others, own = np.split(rows, 3)
        target = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
        target.fit(X[members], y[members])
        attack = ShadowModelAttack(target, shadows=8, random_state=seed).fit(X[own], y[own])
        both = np.r_[members, others]
        called = attack.predict(X[both], y[both])
        accuracy = membership_balanced_accuracy(np.repeat([1, 0], 3000), called, threshold=1)
        covered += accuracy.low <= 0.5 <= accuracy.high
    assert covered >= 4  # of five intervals of 95 %


@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_in_a_search_with_exact_members(n_jobs):
    X, y = make_classification(600, n_informative=5, flip_y=0.3, random_state=0)
    scorer = make_membership_scorer(
        ["roc_auc"], attack=ShadowModelAttack(shadows=2), pool=(X, y), scoring=["accuracy"]
    )
    search = GridSearchCV(
        RandomForestClassifier(10, random_state=0),
        {"max_depth": [1, None]},
        scoring=scorer,
        refit="accuracy",
        cv=KFold(2, shuffle=True, random_state=0),
        n_jobs=n_jobs,
    ).fit(X, y)
    shallow, deep = -search.cv_results_["mean_test_neg_mia_roc_auc"]
    assert abs(shallow - 0.5) < 0.1
    assert deep > shallow + 0.2


def test_in_an_audit(forest):
    report = skmia.audit(
        forest,
        DIGITS[MEMBERS],
        DIGIT[MEMBERS],
        DIGITS[OTHERS],
        DIGIT[OTHERS],
        attacks=["modified_entropy", ShadowModelAttack(shadows=2)],
        random_state=0,
    )
    found = {result.name: result.roc_auc for result in report.attacks}
    assert found["ShadowModelAttack"].low > 0.6


@pytest.mark.parametrize("backend", ["threading", pytest.param("loky", marks=pytest.mark.slow)])
def test_jobs_change_nothing(forest, backend):
    template = ShadowModelAttack(forest, shadows=4, random_state=0)
    scores = []
    for n_jobs in (None, 2):
        with parallel_config(backend):
            attack = clone(template).set_params(n_jobs=n_jobs).fit(DIGITS[OWN], DIGIT[OWN])
        scores.append(attack.score_samples(DIGITS))
    np.testing.assert_allclose(*scores, rtol=1e-12)  # batches change the last digit


@pytest.mark.parametrize("method", ["predict_proba", "predict"])
def test_what_the_target_reveals(forest, shadows, method):
    attack = ShadowModelAttack(forest, shadows=shadows, response_method=method, random_state=0)
    attack.fit(DIGITS[OWN], DIGIT[OWN])
    assert attack.score(DIGITS[ROWS], DIGIT[ROWS], MEMBERSHIP) > 0.53


def test_errors(forest, shadows):
    with pytest.raises(
        ValueError, match=r"all of one kind\. Give fit the records that the shadows"
    ):
        ShadowModelAttack(forest, shadows=shadows).fit(DIGITS[ROWS], DIGIT[ROWS])
    alone = ShadowModelAttack(forest, shadows=1, random_state=0)
    with pytest.raises(ValueError, match="in two halves, but only 0 answers can be compared"):
        alone.fit(DIGITS[OWN][:2], np.array([0, 1]))
