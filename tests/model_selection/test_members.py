"""The members that a scorer uses are exactly the rows that the classifier was fitted on."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_matrix, csc_matrix, csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    PredefinedSplit,
    RandomizedSearchCV,
    RepeatedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import Bunch

from skmia.model_selection import MemberRecorder, make_membership_scorer

X, Y = load_breast_cancer(return_X_y=True)
X, Y = X[::4, :4].astype(np.float32).astype(np.float64), Y[::4]
N = len(X)
GROUPS = np.arange(N) // 3


class Spy(DecisionTreeClassifier):
    """Remembers what it was fitted on, whatever skmia does."""

    def fit(self, X, y, **params):
        self.seen_ = X, y
        if getattr(self, "dense_", True) and isinstance(X, pd.DataFrame):
            X = X.to_numpy()
        return super().fit(X, y, **params)


def contents(X, y):
    """Return each labeled record as a tuple of numbers, at single precision."""
    X = X.toarray() if hasattr(X, "toarray") else np.asarray(X)
    return [
        (*row, label) for row, label in zip(X.astype(np.float32).tolist(), list(y), strict=True)
    ]


@pytest.fixture
def seen(monkeypatch):
    """Compare each evaluation with what the spy saw; return how many there were."""
    calls = []

    def evaluate(attack, records, random_state):
        train = contents(*records.target.seen_)
        members, fold = (contents(X, y) for X, y in zip(records.X, records.y, strict=True))
        used = Counter(members[i] for i in records.rows[0])
        assert used == Counter(record for record in train if record not in set(fold))
        held_out = Counter(fold[i] for i in records.rows[1])
        assert held_out == Counter(record for record in fold if record not in set(train))
        assert used
        assert held_out
        calls.append((len(train), len(fold)))
        return Bunch(
            membership=np.array([1, 0]), scores=np.array([1.0, 0.0]), called=np.array([1, 0])
        )

    monkeypatch.setattr("skmia.model_selection._membership_scorer.evaluate_attack", evaluate)
    return calls


COMPLETE = {
    "KFold": KFold(3),
    "shuffled": KFold(3, shuffle=True, random_state=0),
    "stratified": StratifiedKFold(3, shuffle=True, random_state=0),
    "StratifiedGroupKFold": StratifiedGroupKFold(3),
    "GroupKFold": GroupKFold(3),
    "RepeatedKFold": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
    "ShuffleSplit": ShuffleSplit(3, test_size=0.3, random_state=0),
    "PredefinedSplit": PredefinedSplit(np.arange(N) % 4 - 1),
    "iterable": list(KFold(2).split(X)),
}
INCOMPLETE = {
    "ShuffleSplit": ShuffleSplit(3, test_size=0.3, train_size=0.4, random_state=0),
    "sliding": [(np.arange(30), np.arange(30, 60)), (np.arange(40, 90), np.arange(90, N))],
    "bootstrap": [(np.random.default_rng(0).integers(0, 90, 90), np.arange(90, N))],
}
COPIES = np.r_[0:N, 0:20, 5, 5]
CONTAINERS = {
    "array": (X, Y),
    "float32": (X.astype(np.float32), Y),
    "sparse": (csr_array(X), Y),
    "pandas": (pd.DataFrame(X, index=np.arange(N)[::-1] * 7 + 100, columns=list("abcd")), Y),
    "strings": (X, np.where(Y, "yes", "no")),
}


@pytest.mark.parametrize("cv", COMPLETE.values(), ids=COMPLETE.keys())
@pytest.mark.parametrize("pooled", [True, False])
def test_every_splitter_whose_folds_make_up_the_pool(seen, cv, pooled):
    scorer = make_membership_scorer("roc_auc", pool=(X, Y) if pooled else None)
    classifier = Spy() if pooled else MemberRecorder(Spy())
    groups = GROUPS if "Group" in type(cv).__name__ else None
    scores = cross_val_score(
        classifier, X, Y, cv=cv, groups=groups, scoring=scorer, error_score="raise"
    )
    assert len(seen) == len(scores)
    assert (scores == -1).all()


@pytest.mark.parametrize("cv", INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_splitters_that_leave_rows_out(seen, cv):
    cross_val_score(
        MemberRecorder(Spy()), X, Y, cv=cv, scoring="neg_mia_roc_auc", error_score="raise"
    )
    assert seen
    seen.clear()
    scorer = make_membership_scorer("roc_auc", pool=(X, Y))
    with pytest.raises(ValueError, match="the pool does not tell who is a member"):
        cross_val_score(Spy(), X, Y, cv=cv, scoring=scorer, error_score="raise")
    assert not seen


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("copies", [False, True])
def test_containers_and_duplicates(seen, name, pooled, copies):
    records, labels = CONTAINERS[name]
    if copies:
        take = records.iloc if name == "pandas" else records
        records, labels = take[COPIES], labels[COPIES]
    scorer = make_membership_scorer("roc_auc", pool=(records, labels) if pooled else None)
    classifier = Spy() if pooled else MemberRecorder(Spy())
    cv = KFold(3, shuffle=True, random_state=1)
    cross_val_score(classifier, records, labels, cv=cv, scoring=scorer, error_score="raise")
    assert len(seen) == 3


def test_a_pool_in_another_container_and_precision(seen):
    scorer = make_membership_scorer("roc_auc", pool=(pd.DataFrame(X), list(Y)))
    for records in (X.astype(np.float32), csr_array(X)):
        cross_val_score(Spy(), records, Y, cv=3, scoring=scorer, error_score="raise")
    assert len(seen) == 6


@pytest.mark.parametrize("pooled", [True, False])
def test_searches(seen, pooled):
    scorer = make_membership_scorer("roc_auc", pool=(X, Y) if pooled else None)
    prefix = "" if pooled else "estimator__"
    classifier = Spy() if pooled else MemberRecorder(Spy())
    grid = {f"{prefix}max_depth": [1, 2]}
    search = GridSearchCV(classifier, grid, scoring=scorer, cv=3, error_score="raise").fit(X, Y)
    assert len(seen) == 6
    assert search.cv_results_["mean_test_score"].tolist() == [-1, -1]
    RandomizedSearchCV(classifier, grid, n_iter=2, scoring=scorer, cv=3, error_score="raise").fit(
        X, Y
    )
    assert len(seen) == 12
    scoring = {"accuracy": "accuracy", "privacy": scorer}
    GridSearchCV(classifier, grid, scoring=scoring, cv=3, error_score="raise", refit="privacy").fit(
        X, Y
    )
    assert len(seen) == 18


def test_successive_halving(seen):
    halving = HalvingGridSearchCV(
        MemberRecorder(Spy()),
        {"estimator__max_depth": [1, 2, 3]},
        scoring="neg_mia_roc_auc",
        min_resources=40,
        cv=2,
        random_state=0,
        error_score="raise",
        return_train_score=False,
    ).fit(X, Y)
    assert halving.n_iterations_ == 2
    assert len({n_train for n_train, _ in seen}) > 1
    pooled = clone(halving).set_params(
        estimator=Spy(),
        param_grid={"max_depth": [1, 2, 3]},
        scoring=make_membership_scorer("roc_auc", pool=(X, Y)),
    )
    with pytest.raises(ValueError, match="successive halving"):
        pooled.fit(X, Y)


def test_learning_curve(seen):
    kwargs = {"cv": 3, "train_sizes": [0.3, 0.6], "error_score": "raise"}
    _, train, test = learning_curve(
        MemberRecorder(Spy()), X, Y, scoring="neg_mia_roc_auc", **kwargs
    )
    assert np.isnan(train).all()
    assert (test == -1).all()
    assert len({n_train for n_train, _ in seen}) == 2
    with pytest.raises(ValueError, match="learning curve"):
        learning_curve(
            Spy(), X, Y, scoring=make_membership_scorer("roc_auc", pool=(X, Y)), **kwargs
        )


@pytest.mark.parametrize("pooled", [True, False])
def test_validation_curve_and_train_scores(seen, pooled):
    scorer = make_membership_scorer("roc_auc", pool=(X, Y) if pooled else None)
    name = "max_depth" if pooled else "estimator__max_depth"
    classifier = Spy() if pooled else MemberRecorder(Spy())
    options = {"scoring": scorer, "cv": 3, "error_score": "raise"}
    train, test = validation_curve(classifier, X, Y, param_name=name, param_range=[1, 2], **options)
    assert np.isnan(train).all()
    assert (test == -1).all()
    scores = cross_validate(classifier, X, Y, return_train_score=True, **options)
    assert np.isnan(scores["train_score"]).all()
    assert (scores["test_score"] == -1).all()
    assert len(seen) == 9


def test_permuted_labels(seen):
    options = {"n_permutations": 3, "cv": 3, "random_state": 0}
    score, permuted, _ = permutation_test_score(
        MemberRecorder(Spy()), X, Y, scoring="neg_mia_roc_auc", **options
    )
    assert score == -1
    assert (permuted == -1).all()
    scorer = make_membership_scorer("roc_auc", pool=(X, Y))
    with pytest.raises(ValueError, match="where labels are permuted"):
        permutation_test_score(Spy(), X, Y, scoring=scorer, **options)


def test_nested_search_and_pipeline(seen):
    search = GridSearchCV(MemberRecorder(Spy()), {"estimator__max_depth": [1, 2]}, cv=2)
    cross_val_score(search, X, Y, scoring="neg_mia_roc_auc", cv=2, error_score="raise")
    assert [n_train for n_train, _ in seen] == [71, 72]
    seen.clear()
    inside = make_pipeline(StandardScaler(), MemberRecorder(Spy()))
    for wrong in (inside, make_pipeline(StandardScaler(), inside), GridSearchCV(inside, {}, cv=2)):
        with pytest.raises(ValueError, match=r"inside a pipeline.*MemberRecorder\(pipeline\)"):
            cross_val_score(wrong, X, Y, scoring="neg_mia_roc_auc", cv=2, error_score="raise")
    assert not seen


def test_records_of_weight_zero():
    weights = (np.arange(N) % 3 > 0).astype(float)
    scorer = make_membership_scorer("roc_auc", pool=(X, Y))
    options = {"params": {"sample_weight": weights}, "cv": 3, "error_score": "raise"}
    with pytest.raises(ValueError, match="sample_weight of 0"):
        cross_val_score(DecisionTreeClassifier(), X, Y, scoring=scorer, **options)
    recorder = MemberRecorder(DecisionTreeClassifier(random_state=0))
    weighed = cross_val_score(recorder, X, Y, scoring="neg_mia_roc_auc", **options)
    assert np.isfinite(weighed).all()
    options["params"] = {"sample_weight": weights + 1}
    assert cross_val_score(DecisionTreeClassifier(), X, Y, scoring=scorer, **options).all()


def test_a_part_of_the_fold():
    scorer = make_membership_scorer("roc_auc", pool=(X, Y))

    def of_large_records(estimator, X, y):
        large = X[:, 0] > 14
        return scorer(estimator, X[large], y[large])

    with pytest.raises(ValueError, match="called on other records than this fold"):
        cross_val_score(GaussianNB(), X, Y, scoring=of_large_records, error_score="raise")


@pytest.mark.parametrize("kind", [coo_matrix, csc_matrix])
def test_sparse_records_whose_rows_cannot_be_taken(kind):
    recorder = MemberRecorder(DecisionTreeClassifier(random_state=0)).fit(kind(X[::2]), Y[::2])
    tree = DecisionTreeClassifier(random_state=0).fit(X[::2], Y[::2])
    by_name = make_membership_scorer("roc_auc")
    pooled = make_membership_scorer("roc_auc", pool=(kind(X), Y))
    found = by_name(recorder, kind(X[1::2]), Y[1::2])
    assert found == pooled(tree, kind(X[1::2]), Y[1::2])


def test_text_records():
    texts = [f"word{i} word{i % 7} word{i % 3}" for i in range(80)]
    labels = np.arange(80) % 2
    classifier = make_pipeline(TfidfVectorizer(), RandomForestClassifier(10, random_state=0))
    cv = StratifiedKFold(2, shuffle=True, random_state=0)
    options = {"cv": cv, "error_score": "raise"}
    pooled = make_membership_scorer("roc_auc", pool=(texts, labels))
    found = cross_val_score(classifier, texts, labels, scoring=pooled, **options)
    recorded = cross_val_score(
        MemberRecorder(classifier), texts, labels, scoring="neg_mia_roc_auc", **options
    )
    np.testing.assert_array_equal(found, recorded)
    assert (found < -0.85).all()


def test_a_fold_outside_the_pool():
    scorer = make_membership_scorer("roc_auc", pool=(X[:50], Y[:50]))
    tree = DecisionTreeClassifier().fit(X[:50], Y[:50])
    with pytest.raises(ValueError, match="92 of the 92 records in"):
        scorer(tree, X[51:], Y[51:])
    with pytest.raises(ValueError, match="more often than there"):
        scorer(tree, X[[1, 1]], Y[[1, 1]])
    with pytest.raises(ValueError, match="the whole pool"):
        scorer(tree, X[:50], Y[:50])
    with pytest.raises(ValueError, match="columns"):
        scorer(tree, X[:10, :2], Y[:10])


def test_all_rows_have_twins():
    records, labels = np.tile(X[:40], (2, 1)), np.tile(Y[:40], 2)
    cv = [(np.arange(40), np.arange(40, 80))]
    scorer = make_membership_scorer("roc_auc", pool=(records, labels))
    with pytest.raises(ValueError, match="keeps duplicates together"):
        cross_val_score(
            DecisionTreeClassifier(), records, labels, cv=cv, scoring=scorer, error_score="raise"
        )
    # the recorder cannot tell such a fold from the training set itself
    recorder = MemberRecorder(DecisionTreeClassifier())
    scores = cross_val_score(recorder, records, labels, cv=cv, scoring="neg_mia_roc_auc")
    assert np.isnan(scores).all()
    some = [(np.arange(40), np.arange(40, 60))]
    with pytest.raises(ValueError, match="keeps duplicates together"):
        cross_val_score(
            recorder, records, labels, cv=some, scoring="neg_mia_roc_auc", error_score="raise"
        )


class Searching(DecisionTreeClassifier):
    """Scores in `fit`, by a loop of its own, a model that was fitted on half of its rows."""

    def fit(self, X, y, check_input=True):
        half = len(y) // 2
        inner = DecisionTreeClassifier().fit(X[:half], y[:half])
        self.found_ = self.scorer_(inner, X[half:], y[half:])
        return super().fit(X, y)


def test_a_loop_within_a_cross_validation():
    Searching.scorer_ = staticmethod(make_membership_scorer("roc_auc", pool=(X, Y)))
    with pytest.raises(ValueError, match="called on other records"):
        cross_val_score(Searching(), X, Y, cv=3, error_score="raise")


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of its changing parameters
def test_cross_validation_within_a_classifier():
    """A classifier that searches by itself scores models that were fitted on part of its rows."""
    records = scale(X)
    scorer = make_membership_scorer("roc_auc", pool=(records, Y))
    options = {"Cs": [0.1, 1], "scoring": scorer}
    complete = LogisticRegressionCV(cv=StratifiedKFold(2), **options)
    with pytest.raises(ValueError, match=r"MemberRecorder\(classifier\) without a pool"):
        LogisticRegressionCV(cv=INCOMPLETE["ShuffleSplit"], **options).fit(records, Y)
    with pytest.raises(ValueError, match=r"MemberRecorder\(classifier\) without a pool"):
        cross_val_score(complete, records, Y, scoring=scorer, cv=2, error_score="raise")


def test_incremental_learning():
    options = {
        "exploit_incremental_learning": True,
        "train_sizes": [0.5, 1.0],
        "cv": 3,
        "error_score": "raise",
    }
    recorder = MemberRecorder(GaussianNB())
    *_, test = learning_curve(recorder, X, Y, scoring="neg_mia_roc_auc", **options)
    scorer = make_membership_scorer("roc_auc", pool=(X, Y))
    complete = cross_val_score(GaussianNB(), X, Y, scoring=scorer, cv=3, error_score="raise")
    np.testing.assert_allclose(test[1], complete, atol=0.02)  # trained in two parts, not at once
    with pytest.raises(ValueError, match="learning curve"):
        learning_curve(GaussianNB(), X, Y, scoring=scorer, **options)


def test_large_records_are_shared_with_workers_by_memory_map():
    rng = np.random.default_rng(0)
    records, labels = rng.normal(size=(20_000, 10)), rng.integers(0, 2, 20_000)
    scorer = make_membership_scorer("roc_auc", pool=(records, labels))
    one, two = (
        cross_val_score(
            GaussianNB(),
            records,
            labels,
            cv=2,
            scoring=scorer,
            n_jobs=n_jobs,
            error_score="raise",
        )
        for n_jobs in (1, 2)
    )
    np.testing.assert_array_equal(one, two)
