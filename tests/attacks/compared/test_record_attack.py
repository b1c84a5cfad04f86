"""What all attacks promise that compare one record's signals of target and shadows."""

import pickle
from functools import cache, partial

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from scipy import sparse
from scipy.stats import norm
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import (
    BASE,
    RMIA,
    CombinedAttack,
    LiRA,
    MetricAttack,
    ReferenceAttack,
    best_threshold,
)
from skmia.attacks.compared._record_attack import RecordAttack
from skmia.exceptions import CalibrationWarning
from skmia.shadows import ShadowModels

ATTACKS = {
    "LiRA": LiRA,
    "RMIA": RMIA,
    "BASE": BASE,
    "difficulty": ReferenceAttack,
    "midpoint": partial(ReferenceAttack, method="midpoint"),
    "rank": partial(ReferenceAttack, method="rank"),
}
ONLINE = ("LiRA", "RMIA", "BASE", "midpoint")
COMBINED = {
    "stack": CombinedAttack,
    "worst_case": partial(CombinedAttack, method="worst_case"),
}
QUICK = ATTACKS | {
    "RMIA": partial(RMIA, offline_a=0.3),
    "stack": partial(CombinedAttack, attacks=[LiRA(), BASE()]),
    "worst_case": partial(CombinedAttack, attacks=[LiRA(), BASE()], method="worst_case"),
}
X, Y = make_classification(
    160, n_features=6, n_informative=4, n_classes=3, flip_y=0.5, random_state=0
)
FOREIGN = X + 0.25
MEMBERSHIP = np.repeat([1, 0], 80)
every_attack = pytest.mark.parametrize("name", ATTACKS)


def noise(n_records, seed, n_classes=2):
    """Records whose labels can only be known by heart."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n_records, 4)), rng.integers(n_classes, size=n_records)


def check_answers(attack, records, labels):
    """Scores and risks are well formed, and those of a part are those of the whole."""
    scores, called, risk = attack._judge(records, labels)
    assert np.isfinite(scores).all()
    assert ((risk >= 0) & (risk <= 1)).all()
    assert set(np.unique(called)) <= {0, 1}
    part = records[:7] if not hasattr(records, "iloc") else records.iloc[:7]
    np.testing.assert_allclose(attack.score_samples(part, labels[:7]), scores[:7], atol=1e-9)
    return scores


CONTAINERS = {
    "float32": (X.astype(np.float32), Y, GaussianNB()),
    "sparse": (sparse.csr_matrix(X * (X > 0)), Y, DecisionTreeClassifier(random_state=0)),
    "pandas": (pd.DataFrame(X, columns=list("abcdef")), Y, GaussianNB()),
    "strings": (X, np.array(["no", "maybe", "yes"])[Y], GaussianNB()),
    "objects": (X, np.array(["no", "maybe", "yes"], dtype=object)[Y], GaussianNB()),
    "pipeline": (X, Y, make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))),
    "search": (X, Y, GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [2, 9]})),
    "decision values": (X, Y, LinearSVC(random_state=0)),
}


@cache
def contained(case):
    """A target, fitted shadows and the records that these know, in a container."""
    records, labels, estimator = CONTAINERS[case]
    rows = records.iloc[:80] if case == "pandas" else records[:80]
    target = clone(estimator).fit(rows, labels[:80])
    attack = LiRA(target, shadows=4, random_state=0).fit(records, labels)
    return target, attack.shadows_, records, labels


@every_attack
@pytest.mark.parametrize("case", CONTAINERS)
def test_containers_and_targets(name, case):
    target, shadows, records, labels = contained(case)
    attack = QUICK[name](target, shadows=shadows, random_state=0).fit(records, labels)
    check_answers(attack, records, labels)
    check_answers(attack, records * 1.5, labels)
    assert attack.score_samples(records).shape == (160,)  # without labels


@every_attack
def test_float32_copies_are_the_same_records(name):
    rounded = X.astype(np.float32).astype(np.float64)  # what a float32 file holds
    target = DecisionTreeClassifier(random_state=0).fit(rounded[:80], Y[:80])
    attack = QUICK[name](target, shadows=4, random_state=0).fit(rounded, Y)
    narrow = attack.score_samples(rounded.astype(np.float32), Y)
    np.testing.assert_allclose(narrow, attack.score_samples(rounded, Y), atol=1e-6)


@every_attack
def test_labels_as_responses(name):
    target = KNeighborsClassifier(1).fit(X[:80], Y[:80])
    attack = QUICK[name](target, shadows=6, response_method="predict", random_state=0)
    check_answers(attack.fit(X, Y), X, Y)
    assert attack.score(X, Y, MEMBERSHIP) > 0.6
    assert attack._method == "predict"


@every_attack
def test_target_that_misses_classes(name):
    known = np.flatnonzero(Y[:80] < 2)
    target = GaussianNB().fit(X[known], Y[known])
    attack = QUICK[name](target, shadows=4, random_state=0).fit(X, Y)
    assert attack.target_classes_.tolist() == [0, 1, 2]
    check_answers(attack, X, Y)
    check_answers(attack, FOREIGN, Y)


SPLITTERS = {
    "one shadow": (1, "auto"),
    "one pair": (2, "auto"),
    "three": (3, "auto"),
    "bernoulli": (5, "bernoulli"),
    "overlapping": (4, "overlapping"),
    "disjoint": (4, "disjoint"),
    "custom": (4, np.random.default_rng(0).random((4, 160)) < 0.5),
    "all saw all": (2, np.ones((2, 160), bool)),
}


@cache
def split(splitter):
    """A target and fitted shadows."""
    n_shadows, how = SPLITTERS[splitter]
    target = DecisionTreeClassifier(random_state=0).fit(X[:80], Y[:80])
    return target, ShadowModels(target, n_shadows, splitter=how, random_state=0).fit(X, Y)


@every_attack
@pytest.mark.parametrize("splitter", SPLITTERS)
def test_splitters(name, splitter):
    target, shadows = split(splitter)
    attack = ATTACKS[name](target, shadows=shadows, random_state=0).fit(X, Y)
    check_answers(attack, FOREIGN, Y)
    scores = attack.score_samples(X, Y)
    assert np.isfinite(scores).all()
    assert attack.shadows_.in_mask_.shape == (SPLITTERS[splitter][0], 160)


@pytest.mark.parametrize("splitter", SPLITTERS)
def test_an_attack_trains_shadows_as_they_are_given(splitter):
    n_shadows, how = SPLITTERS[splitter]
    shadows = ShadowModels(n_shadows=n_shadows, splitter=how)
    attack = BASE(split(splitter)[0], shadows=shadows, random_state=0).fit(X, Y)
    assert np.isfinite(attack.score_samples(X, Y)).all()
    assert attack.shadows_.in_mask_.shape == (n_shadows, 160)


@every_attack
def test_several_types_of_shadows(name):
    target = DecisionTreeClassifier(random_state=0).fit(X[:80], Y[:80])
    shadows = ShadowModels([GaussianNB(), DecisionTreeClassifier()], 4)
    attack = QUICK[name](target, shadows=shadows, random_state=0).fit(X, Y)
    types = [type(shadow).__name__ for shadow in attack.shadows_.estimators_]
    assert types == ["GaussianNB", "DecisionTreeClassifier"] * 2
    check_answers(attack, X, Y)


def test_shadows_that_answer_less_than_the_target():
    target = GaussianNB().fit(X[:80], Y[:80])
    shadows = ShadowModels(LinearSVC(), 2)
    with pytest.raises(ValueError, match="LinearSVC has none of the methods predict_proba"):
        LiRA(target, shadows=shadows, random_state=0).fit(X, Y)
    attack = LiRA(target, shadows=shadows, response_method="predict", random_state=0)
    check_answers(attack.fit(X, Y), X, Y)


def test_shadows_are_asked_for_what_the_target_answers():
    target = LinearSVC(random_state=0).fit(X[:80], Y[:80])
    shadows = ShadowModels(LogisticRegression(), 4)
    attack = LiRA(target, shadows=shadows, random_state=0).fit(X, Y)
    assert attack._method == "decision_function"
    check_answers(attack, X, Y)


@pytest.mark.parametrize("name", [*ATTACKS, *COMBINED])
def test_determined_by_the_seed(name):
    make = (QUICK if name in COMBINED else ATTACKS)[name]
    target = DecisionTreeClassifier(random_state=0).fit(X[:80], Y[:80])
    both = np.vstack([X, FOREIGN])[60:220], np.r_[Y, Y][60:220]
    first = make(target, shadows=4, random_state=3).fit(X, Y)
    expected = first._judge(*both)
    with parallel_config("threading"):
        again = clone(first).set_params(n_jobs=2).fit(X, Y)
    copy = pickle.loads(pickle.dumps(first))
    assert again.target is target
    refitted = first.fit(X[::2], Y[::2]).fit(X, Y)
    for attack in (again, copy, refitted):
        for found, value in zip(attack._judge(*both), expected, strict=True):
            np.testing.assert_allclose(found, value, atol=1e-12)
    other = make(target, shadows=4, random_state=4).fit(X, Y)
    assert not np.allclose(other.score_samples(*both), expected[0])


def test_fit_leaves_the_global_generator_and_the_records_alone():
    np.random.seed(0)  # noqa: NPY002
    before, records, labels = np.random.get_state()[1].copy(), X.copy(), Y.copy()  # noqa: NPY002
    target = GaussianNB().fit(X[:80], Y[:80])
    for make in (ATTACKS | COMBINED).values():
        make(target, shadows=2, random_state=0).fit(records, labels).predict(records, labels)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.testing.assert_array_equal(records, X)
    np.testing.assert_array_equal(labels, Y)


@every_attack
def test_per_class(name):
    target = DecisionTreeClassifier(random_state=0).fit(X[:80], Y[:80])
    attack = QUICK[name](target, shadows=4, per_class=True, random_state=0).fit(X, Y)
    scores, risk = attack.score_samples(X, Y), attack.predict_proba(X, Y)[:, 1]
    assert attack.thresholds_.shape == (3,)
    expected = (scores >= attack.thresholds_[Y]).astype(int)
    np.testing.assert_array_equal(attack.predict(X, Y), expected)
    for label in range(3):  # a histogram of each class has at most 20 risks
        assert len(np.unique(risk[label == Y])) <= 20


def test_per_class_names_classes_without_members():
    labels = Y.copy()
    labels[-1] = 7
    target = GaussianNB().fit(X[:80], Y[:80])
    with pytest.warns(CalibrationWarning, match="1 of 4 classes have no members or no non-members"):
        LiRA(target, shadows=4, per_class=True, random_state=0).fit(X, labels, MEMBERSHIP)


@every_attack
def test_batches_do_not_matter(name):
    target = DecisionTreeClassifier(random_state=0).fit(X[:80], Y[:80])
    attack = QUICK[name](target, shadows=4, random_state=0).fit(X, Y)
    records, labels = np.vstack([X, FOREIGN]), np.r_[Y, Y]
    expected = attack.score_samples(records, labels)
    order = np.random.default_rng(0).permutation(320)
    with config_context(working_memory=0.05):
        found = attack.score_samples(records[order], labels[order])
    np.testing.assert_allclose(found, expected[order], atol=1e-9)


LAST_DIGIT = "sums of one column differ in the last digit, by which tied scores change sides"


@pytest.mark.parametrize(
    "name",
    [
        "rank",
        *(name for name in ("LiRA", "RMIA", "BASE", "difficulty", "midpoint", "stack")),
    ],
)
def test_the_verdict_alone_is_the_verdict_in_a_batch(name):
    """A tree of two leaves ties hundreds of records, at the threshold and at edges of bins."""
    records, labels = noise(400, 0)
    membership = np.repeat([1, 0], 200)
    target = DecisionTreeClassifier(max_depth=1, random_state=0).fit(records[:200], labels[:200])
    attack = QUICK[name](target, shadows=10, random_state=0).fit(records, labels, membership)
    whole = attack._judge(records, labels)
    alone = [attack._judge(records[i : i + 1], labels[i : i + 1]) for i in range(10)]
    for of_all, of_each in zip(whole, zip(*alone, strict=True), strict=True):
        np.testing.assert_allclose(np.concatenate(of_each), of_all[:10], atol=1e-9)


def test_the_author_of_an_attack_writes_a_rule():
    class Ruleless(RecordAttack):
        def __init__(
            self,
            target=None,
            *,
            shadows=2,
            n_jobs=None,
            random_state=0,
            prior=0.5,
            per_class=False,
            n_bins=20,
            response_method="auto",
        ):
            self.target, self.shadows, self.n_jobs = target, shadows, n_jobs
            self.random_state, self.prior, self.per_class = random_state, prior, per_class
            self.n_bins, self.response_method = n_bins, response_method

    with pytest.raises(NotImplementedError, match="Ruleless must define _rule"):
        Ruleless(GaussianNB().fit(X, Y)).fit(X, Y)


@every_attack
@pytest.mark.parametrize("shadows", [0, 2.5, "many"])
def test_refuses_what_are_no_shadows(name, shadows):
    with pytest.raises(ValueError, match="The 'shadows' parameter"):
        ATTACKS[name](GaussianNB().fit(X, Y), shadows=shadows).fit(X, Y)


@pytest.mark.parametrize("name", ["LiRA", "RMIA"])
def test_threat_model_names_the_shadows(name):
    model = ATTACKS[name](shadows=12)._threat_model
    assert "trains 12 shadows, some on the very records" in model
    assert "very records" not in ATTACKS[name](shadows=12, online=False)._threat_model
    assert len(model) < 90


# --- Calibration ---


def blind(seed, splitter, knows, names):
    """The results of attacks on a target that never saw the records."""
    X_all, y_all = noise(260, seed)
    target = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X_all[:60], y_all[:60])
    pool, foreign = slice(60, 160), slice(160, 260)
    membership = np.random.default_rng(seed).permutation(np.repeat([0, 1], 50))
    own = slice(60, 110) if knows else pool
    known = membership[:50] if knows else None
    shadows = ShadowModels(target, 4, splitter=splitter, random_state=seed)
    shadows.fit(X_all[pool], y_all[pool])
    results = {}
    for name in names:
        attack = QUICK[name](target, shadows=shadows, random_state=seed)
        attack.fit(X_all[own], y_all[own], known)
        for where, rows in (("pool", pool), ("foreign", foreign)):
            scores, called, _ = attack._judge(X_all[rows], y_all[rows])
            half = slice(50, None) if knows and where == "pool" else slice(None)
            truth = membership[half]
            # of the Mann-Whitney statistic where truth is a permutation; the accuracy's is less
            n_in, n_out = truth.sum(), (1 - truth).sum()
            error = np.sqrt((n_in + n_out + 1) / (12 * n_in * n_out))
            results[name, where] = (
                (balanced_accuracy_score(truth, called[half]) - 0.5) / error,
                (roc_auc_score(truth, scores[half]) - 0.5) / error,
            )
    return results


@pytest.mark.parametrize("n_runs", [2, pytest.param(12, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("splitter", "knows", "names"),
    [
        ("halves", False, [*ATTACKS, "stack"]),
        ("bernoulli", True, ["LiRA", "RMIA", "BASE", "difficulty", "worst_case"]),
        ("halves", True, ["LiRA", "RMIA"]),
        ("bernoulli", False, ["BASE", "midpoint", "rank"]),
    ],
)
def test_nothing_is_found_where_nothing_is(splitter, knows, names, n_runs):
    runs = [blind(seed, splitter, knows, names) for seed in range(n_runs)]
    limit = norm.ppf(1 - 0.0027 / 2 / 16)  # 3 standard errors, for 16 questions at once
    for key in runs[0]:
        found = np.sum([run[key] for run in runs], axis=0) / np.sqrt(n_runs)
        assert (np.abs(found) < limit).all(), (key, found)


LEAKY = {
    "forest": RandomForestClassifier(6, random_state=0),
    "1-NN": KNeighborsClassifier(1),
    "3-NN": KNeighborsClassifier(3),
}


@cache
def leak(kind, seed, n_shadows=8, splitter="halves", n_pool=480):
    """A target that knows random labels by heart, fitted shadows, and the records.

    The first half of the records is the shadows' pool, and the first half of each half is members.
    """
    X_all, y_all = noise(2 * n_pool, seed)
    membership = (np.arange(2 * n_pool) % n_pool < n_pool // 2).astype(int)
    members = membership == 1
    target = clone(LEAKY[kind]).fit(X_all[members], y_all[members])
    shadows = ShadowModels(target, n_shadows, splitter=splitter, random_state=seed)
    return target, shadows.fit(X_all[:n_pool], y_all[:n_pool]), X_all, y_all, membership


def best_accuracy(scores, membership):
    return balanced_accuracy_score(membership, scores >= best_threshold(membership, scores))


def gaps(attack, X_all, y_all, membership):
    """How far predict is from the best threshold, in the pool and on foreign records."""
    found, n_pool = [], len(membership) // 2
    for rows in (slice(n_pool), slice(n_pool, None)):
        scores, called, _ = attack._judge(X_all[rows], y_all[rows])
        reached = balanced_accuracy_score(membership[rows], called)
        found.append(best_accuracy(scores, membership[rows]) - reached)
    return found


@pytest.mark.parametrize(
    ("kind", "splitter"),
    [
        ("3-NN", "halves"),
        pytest.param("1-NN", "bernoulli", marks=pytest.mark.slow),
        pytest.param("3-NN", "overlapping", marks=pytest.mark.slow),
        pytest.param("forest", "halves", marks=pytest.mark.slow),
        pytest.param("forest", "overlapping", marks=pytest.mark.slow),
    ],
)
def test_both_forms_have_a_good_threshold(kind, splitter):
    n_pool = 1440  # the best threshold of few records is better than any chosen before
    target, shadows, *records, membership = leak(kind, 0, splitter=splitter, n_pool=n_pool)
    for name, make in QUICK.items():
        attack = make(target, shadows=shadows, random_state=0)
        attack.fit(records[0][:n_pool], records[1][:n_pool])
        found = gaps(attack, *records, membership)
        assert max(found) < 0.05, (name, found)


OF_ONE_SIDE = "no shadow's member is seen by another: online scores meet the offline threshold"


@pytest.mark.parametrize(
    "name",
    [
        "RMIA",
        *(name for name in ONLINE if name != "RMIA"),
    ],
)
def test_disjoint_shadows_have_a_good_threshold(name):
    target, shadows, *records, membership = leak("forest", 0, 4, "disjoint", 960)
    seen = shadows.in_mask(*records).any(axis=0)
    attack = ATTACKS[name](target, shadows=shadows, random_state=0)
    attack.fit(records[0][:960], records[1][:960])
    scores, called, _ = attack._judge(*records)
    reached = balanced_accuracy_score(membership[seen], called[seen])
    assert best_accuracy(scores[seen], membership[seen]) - reached < 0.05


FITTED_ON_FOREIGN = "fitted on foreign records, records of the shadows meet the offline threshold"


@pytest.mark.parametrize("name", list(ONLINE))
@pytest.mark.parametrize("knows", [False, True])
def test_pool_of_the_shadows_after_a_fit_on_other_records(name, knows):
    target, shadows, *records, membership = leak("forest", 0)
    known = membership[480:] if knows else None
    attack = ATTACKS[name](target, shadows=shadows, random_state=0)
    attack.fit(records[0][480:], records[1][480:], known)
    assert gaps(attack, *records, membership)[0] < 0.05


@every_attack
def test_risks_are_calibrated(name):
    risks, truth = [], []
    for seed in range(2):
        target, shadows, *records, membership = leak("forest", seed)
        attack = QUICK[name](target, shadows=shadows, n_bins=10, random_state=0)
        attack.fit(records[0][:480], records[1][:480])
        risks.append(attack.predict_proba(*records)[:, 1])
        truth.append(membership)
    risks, truth = np.concatenate(risks), np.concatenate(truth)
    assert risks[truth == 1].mean() > risks[truth == 0].mean() + 0.2
    for low in np.arange(0, 1, 0.25):
        rows = (risks >= low) & (risks <= low + 0.25)
        # of a rank there are as many steps as shadows, fewer while one pair is held out
        if rows.sum() > 100:
            limit = 0.15 if name == "rank" else 0.1
            assert abs(risks[rows].mean() - truth[rows].mean()) < limit


@every_attack
def test_prior_moves_the_risks(name):
    target, shadows, *records, _ = leak("forest", 0)
    even, rare = (
        QUICK[name](target, shadows=shadows, prior=prior, random_state=0)
        .fit(records[0][:480], records[1][:480])
        .predict_proba(*records)[:, 1]
        for prior in (0.5, 0.1)
    )
    np.testing.assert_allclose(rare, 0.1 * even / (0.1 * even + 0.9 * (1 - even)), atol=1e-9)


def tpr_at_one_percent(scores, membership):
    fpr, tpr, _ = roc_curve(membership, scores, drop_intermediate=False)
    return tpr[fpr <= 0.01].max()


def test_shadows_break_the_ties_of_a_forest():
    digits, labels = load_digits(return_X_y=True)
    membership = (np.random.default_rng(0).permutation(len(labels)) < len(labels) / 2).astype(int)
    members = membership == 1
    target = RandomForestClassifier(20, random_state=0).fit(digits[members], labels[members])
    shadows = ShadowModels(target, 8, random_state=0).fit(digits, labels)
    metric = MetricAttack(target, signal="confidence", random_state=0)
    metric.fit(digits, labels, membership)
    plain = metric.score_samples(digits, labels)
    assert tpr_at_one_percent(plain, membership) == 0
    for name in ("LiRA", "RMIA", "BASE", "midpoint"):
        attack = QUICK[name](target, shadows=shadows, random_state=0).fit(digits, labels)
        scores = attack.score_samples(digits, labels)
        assert tpr_at_one_percent(scores, membership) > 0.05, name
        tied = plain == 1
        assert len(np.unique(scores[tied])) > tied.sum() / 4, name
