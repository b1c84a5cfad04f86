"""ShadowModels: the same shadows however they are trained, and answers without their records."""

import pickle
import re
import struct
import threading
import tracemalloc
import warnings

import numpy as np
import oracles
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import coo_array, csr_array
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_iris, make_classification
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from skmia import signals
from skmia.datasets import load_adult
from skmia.exceptions import ShadowTrainingError
from skmia.shadows import ShadowModels
from skmia.signals import get_signal_names

X, Y = load_breast_cancer(return_X_y=True)
IRIS, SPECIES = load_iris(return_X_y=True)
IRIS = IRIS + np.random.RandomState(0).normal(scale=1e-6, size=IRIS.shape)  # no two rows alike
MARKER = 1234567.890625
TEXT = "a-training-record-nobody-may-see"
slow = pytest.mark.slow
TREE = DecisionTreeClassifier(max_features=2)  # every tree depends on its seed


def fitted(X, y, estimator=TREE, n_shadows=4, *, groups=None, **parameters):
    parameters = {"random_state": 0, **parameters}
    return ShadowModels(estimator, n_shadows, **parameters).fit(X, y, groups)


def assert_same(one, other, X, y):
    assert_array_equal(one.in_mask_, other.in_mask_)
    assert_array_equal(one.out_mask_, other.out_mask_)
    assert_array_equal(one.observe(X, y, "loss"), other.observe(X, y, "loss"))


class Counted(DecisionTreeClassifier):
    """A tree that counts its fits."""

    counts = []  # noqa: RUF012 - shared by all on purpose
    lock = threading.Lock()

    def fit(self, X, y):
        with self.lock:
            self.counts.append(len(X))
        return super().fit(X, y)


class Picky(DecisionTreeClassifier):
    """A tree that refuses the value 13."""

    def fit(self, X, y):
        if (np.asarray(X) == 13).any():
            raise RuntimeError("thirteen is one too many")
        return super().fit(X, y)


class Remembering(ClassifierMixin, BaseEstimator):
    """A classifier with a random start under a name of its own."""

    def __init__(self, start_random_state=None):
        self.start_random_state = start_random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.start_ = np.random.RandomState(self.start_random_state).random_sample()
        return self

    def predict_proba(self, X):
        return np.tile([self.start_, 1 - self.start_], (len(X), 1))


@parametrize_with_checks([ShadowModels(DecisionTreeClassifier(), 2)])
def test_scikit_learn(estimator, check):
    check(estimator)


# What does not change the shadows


def wide_data(dtype="f8"):
    X, y = make_classification(3000, 600, n_informative=20, random_state=0)
    return X.astype(dtype), y


@pytest.mark.usefixtures("two_blas_threads")
@pytest.mark.parametrize(
    ("estimator", "data", "backends"),
    [
        (LogisticRegression(tol=0.1), wide_data(), ["loky", "threading"]),
        (TREE, (X, Y), ["threading"]),
        (LogisticRegression(tol=0.1), wide_data("f4"), ["threading"]),
        pytest.param(TREE, (X, Y), ["loky"], marks=slow),
        pytest.param(LogisticRegression(tol=0.1), wide_data("f4"), ["loky"], marks=slow),
    ],
    ids=["logistic", "tree", "logistic-float32", "tree-loky", "logistic-float32-loky"],
)
def test_jobs_and_backends_give_the_same_bits(estimator, data, backends):
    alone = fitted(*data, estimator)
    observed = alone.observe(*data, "loss")
    for backend in backends:
        with parallel_config(backend=backend, n_jobs=2):
            together = fitted(*data, estimator)
            assert_array_equal(together.in_mask_, alone.in_mask_)
            assert_array_equal(together.observe(*data, "loss"), observed)
    with parallel_config(backend=backends[0]):
        asked = fitted(*data, estimator, n_jobs=2)
    assert_array_equal(asked.observe(*data, "loss"), observed)


def test_the_seed_of_the_template_does_not_matter_but_its_parameters_do():
    shadows = [fitted(X, Y, clone(TREE).set_params(random_state=seed)) for seed in (None, 0, 1)]
    for other in shadows[1:]:
        assert_same(shadows[0], other, X, Y)
    assert len({shadow.random_state for shadow in shadows[0].estimators_}) == 4
    assert {shadow.max_features for shadow in shadows[0].estimators_} == {2}


def test_seeds_of_other_names_are_not_lost():
    assert_same(*(fitted(X, Y, Remembering(start_random_state=0)) for _ in range(2)), X, Y)


def test_random_state():
    assert_same(fitted(X, Y), fitted(X, Y), X, Y)
    assert (fitted(X, Y).in_mask_ != fitted(X, Y, random_state=1).in_mask_).any()
    rng = np.random.RandomState(0)
    first, second = (fitted(X, Y, random_state=rng) for _ in range(2))
    assert (first.in_mask_ != second.in_mask_).any()
    assert (fitted(X, Y, random_state=None).in_mask_ != fitted(X, Y).in_mask_).any()


def test_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the one that is to be left alone
    fitted(X, Y)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# What the shadows are


def test_lists_of_estimators_cycle():
    kinds = [TREE, GaussianNB(), LinearSVC()]
    shadows = fitted(IRIS, SPECIES, kinds, 8)
    assert [type(shadow) for shadow in shadows.estimators_] == [*map(type, kinds)] * 2 + [
        DecisionTreeClassifier,
        GaussianNB,
    ]
    assert np.isfinite(shadows.observe(IRIS, SPECIES, "loss")).all()


def test_searches_and_frozen_estimators_give_what_they_found():
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [2]}, cv=2).fit(X, Y)
    for estimator in (search, FrozenEstimator(search.best_estimator_)):
        shadows = fitted(X, Y, estimator, 2).estimators_
        assert [type(shadow) for shadow in shadows] == [DecisionTreeClassifier] * 2
        assert [shadow.get_depth() for shadow in shadows] == [2, 2]


def test_the_estimator_itself_is_not_touched():
    tree = DecisionTreeClassifier(random_state=3)
    shadows = fitted(X, Y, tree)
    assert not hasattr(tree, "tree_")
    assert tree.random_state == 3
    assert shadows.estimator is tree


@pytest.mark.parametrize(
    ("estimator", "error", "message"),
    [
        (None, ValueError, r"ShadowModels\(estimator=None\) is a template\. Give the classifier"),
        ([], ValueError, "estimator is an empty list. Give at least one"),
        (Ridge(), TypeError, r"Shadow models are classifiers, got Ridge\(\)"),
        ([TREE, Ridge()], TypeError, r"Shadow models are classifiers, got Ridge\(\)"),
        ([StandardScaler], TypeError, "cannot be cloned"),
        ("tree", ValueError, "The 'estimator' parameter of ShadowModels"),
    ],
)
def test_estimators_that_are_refused(estimator, error, message):
    with pytest.raises(error, match=message):
        fitted(X, Y, estimator)


def test_labels_that_are_refused():
    with pytest.raises(ValueError, match="Unknown label type"):
        fitted(X, X[:, 0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted(X, Y[1:])


# observe


def by_hand(shadows, X, y, oracle):
    """Ask one shadow after the other, one record after the other."""
    values = np.empty((len(shadows.estimators_), len(y)))
    for i, shadow in enumerate(shadows.estimators_):
        for j, (row, label) in enumerate(zip(X, y, strict=True)):
            answers = dict(zip(shadow.classes_, shadow.predict_proba([row])[0], strict=True))
            proba = [answers.get(known, 0.0) for known in shadows.classes_]
            known = np.flatnonzero(shadows.classes_ == label)
            values[i, j] = oracle(proba, known[0] if len(known) else -1)
    return values


@pytest.mark.parametrize("name", ["confidence", "loss", "entropy", "margin", "correctness"])
def test_observe_equals_a_slow_loop(name):
    shadows = fitted(IRIS, SPECIES, GaussianNB(), 3)
    expected = by_hand(shadows, IRIS[::5], SPECIES[::5], getattr(oracles, name))
    observed = shadows.observe(IRIS[::5], SPECIES[::5], name)
    assert observed.shape == (3, 30)
    assert_allclose(observed, expected, rtol=1e-9, atol=1e-12)


def sizes_and_confidence():
    """Return a signal that notes the sizes of the batches it is given."""
    sizes = []

    def signal(proba, y_index):
        sizes.append(len(proba))
        return signals.confidence(proba, y_index)

    return sizes, signal


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_batches_do_not_change_the_signals(n_jobs):
    shadows = fitted(X, Y, n_shadows=3).set_params(n_jobs=n_jobs)
    records, labels = X[::6], Y[::6]
    sizes, signal = sizes_and_confidence()
    whole = shadows.observe(records, labels, signal)
    assert sizes == [95] * 3
    sizes.clear()
    with config_context(working_memory=0.01):
        assert_array_equal(shadows.observe(records, labels, signal), whole)
    assert sum(sizes) == 3 * 95
    assert max(sizes) < 10
    assert_array_equal(whole, shadows.observe(records, labels, "confidence"))


def test_lists_of_signals():
    shadows = fitted(X, Y)
    sizes, signal = sizes_and_confidence()
    names = ["loss", signal, "confidence"]
    with config_context(working_memory=0.3):
        observed = shadows.observe(X, Y, names)
    assert isinstance(observed, list)
    for values, name in zip(observed, ["loss", "confidence", "confidence"], strict=True):
        assert_array_equal(values, shadows.observe(X, Y, name))
    assert sum(sizes) == 4 * 569
    assert 10 < max(sizes) < 300
    (alone,) = shadows.observe(X, Y, ["loss"])
    assert_array_equal(alone, observed[0])


def test_unknown_signals():
    with pytest.raises(ValueError, match="los"):
        fitted(X, Y).observe(X, Y, "los")


def test_response_methods():
    shadows = fitted(X, Y, make_pipeline(StandardScaler(), LogisticRegression()))
    for i, shadow in enumerate(shadows.estimators_):
        values, labels = shadow.decision_function(X), shadow.predict(X)
        expected = {
            "auto": shadow.predict_proba(X)[np.arange(569), Y],
            "predict_proba": shadow.predict_proba(X)[np.arange(569), Y],
            "decision_function": 1 / (1 + np.exp(np.where(Y == 1, -values, values))),
            "predict": labels == Y,
        }
        for method, confidence in expected.items():
            observed = shadows.observe(X, Y, "confidence", response_method=method)
            assert_allclose(observed[i], confidence, rtol=1e-9)


def test_classes_that_a_shadow_never_saw():
    mask = np.ones((2, 150), dtype=bool)
    mask[0], mask[1, ::3] = SPECIES != 1, False
    shadows = fitted(IRIS, SPECIES, n_shadows=2, splitter=mask)
    assert shadows.estimators_[0].classes_.tolist() == [0, 2]
    assert shadows.classes_.tolist() == [0, 1, 2]
    confidence = shadows.observe(IRIS, SPECIES, "confidence")
    assert_array_equal(confidence[0, SPECIES == 1], np.zeros(50))
    assert_array_equal(confidence[0, SPECIES != 1], np.ones(100))
    for name in get_signal_names():
        assert np.isfinite(shadows.observe(IRIS, SPECIES, name)).all()
    expected = by_hand(shadows, IRIS[::9], SPECIES[::9], oracles.margin)
    assert_allclose(shadows.observe(IRIS[::9], SPECIES[::9], "margin"), expected)


def test_labels_that_no_shadow_saw_have_confidence_0():
    shadows = fitted(IRIS, SPECIES)
    assert_array_equal(shadows.observe(IRIS, SPECIES + 7, "confidence"), np.zeros((4, 150)))
    y = np.where(np.arange(150) < 5, -1, SPECIES)
    some = shadows.observe(IRIS, y, "confidence")
    assert_array_equal(some[:, :5], np.zeros((4, 5)))
    assert_array_equal(some[:, 5:], shadows.observe(IRIS, SPECIES, "confidence")[:, 5:])
    with pytest.raises(ValueError, match="they can never be equal"):
        shadows.observe(IRIS, SPECIES.astype(str), "confidence")


def test_columns_and_fits_are_checked():
    shadows = fitted(X, Y)
    for method in (shadows.in_mask, lambda X, y: shadows.observe(X, y, "loss")):
        with pytest.raises(ValueError, match="X has 29 features, but ShadowModels is expecting 30"):
            method(X[:, 1:], Y)
    for method in ("in_mask", "observe"):
        with pytest.raises(NotFittedError):
            getattr(ShadowModels(TREE), method)(X, Y, *["loss"][: method == "observe"])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_observe_drops_the_answers(n_jobs):
    n, n_classes, n_shadows = 6000, 50, 4
    labels = np.arange(n) % n_classes
    features = np.arange(n, dtype=float)[:, None]
    shadows = fitted(features, labels, DummyClassifier(), n_shadows).set_params(n_jobs=n_jobs)
    with config_context(working_memory=4):
        tracemalloc.start()
        shadows.observe(features, labels, "confidence")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak > n_shadows * n * 8
    assert peak < 6 * n_shadows * n * 8  # the answers would take 50 times as much


# in_mask


def test_in_mask_knows_the_records_again():
    shadows = fitted(X, Y, n_shadows=6)
    assert_array_equal(shadows.in_mask(X, Y), shadows.in_mask_)
    order = np.random.RandomState(0).permutation(569)
    assert_array_equal(shadows.in_mask(X[order], Y[order]), shadows.in_mask_[:, order])
    assert_array_equal(shadows.in_mask(X[9:10], Y[9:10]), shadows.in_mask_[:, 9:10])
    for copy in (X.astype("f4"), X.tolist(), csr_array(X), coo_array(X), pd.DataFrame(X)):
        assert_array_equal(shadows.in_mask(copy, Y), shadows.in_mask_)
    twice = shadows.in_mask(np.vstack([X, X]), np.append(Y, Y))
    assert_array_equal(twice, np.hstack([shadows.in_mask_] * 2))


def test_in_mask_of_foreign_records():
    shadows = fitted(X, Y)
    assert not shadows.in_mask(X + 1, Y).any()
    assert not shadows.in_mask(X, 1 - Y).any()
    mixed = np.where(np.arange(569)[:, None] < 100, X + 1, X)
    assert not shadows.in_mask(mixed, Y)[:, :100].any()
    assert_array_equal(shadows.in_mask(mixed, Y)[:, 100:], shadows.in_mask_[:, 100:])


def test_in_mask_after_float32_training_and_float64_queries():
    shadows = fitted(X.astype("f4"), Y)
    assert_array_equal(shadows.in_mask(X, Y), shadows.in_mask_)


def test_in_mask_of_frames_of_several_precisions():
    frame = pd.DataFrame({"id": 10**9 + np.arange(40), "half": np.full(40, 0.5, dtype="f4")})
    shadows = fitted(frame, np.zeros(40, dtype=int), DummyClassifier())
    assert_array_equal(shadows.in_mask(frame, np.zeros(40, dtype=int)), shadows.in_mask_)


# warm_start


def test_warm_start_trains_only_the_new_ones():
    shadows = ShadowModels(Counted(max_features=2), 4, warm_start=True, random_state=0)
    Counted.counts.clear()
    first = shadows.fit(X, Y).estimators_
    shadows.set_params(n_shadows=10, n_jobs=1).fit(X, Y)
    assert len(Counted.counts) == 10
    assert all(one is other for one, other in zip(first, shadows.estimators_, strict=False))
    assert_same(shadows, fitted(X, Y, n_shadows=10), X, Y)
    shadows.fit(X, Y)
    assert len(Counted.counts) == 10
    shadows.set_params(warm_start=False).fit(X, Y)
    assert len(Counted.counts) == 20


@pytest.mark.parametrize("parameters", [{"splitter": "bernoulli"}, {"train_size": 50}])
def test_warm_start_is_the_same_as_all_at_once(parameters):
    shadows = fitted(X, Y, n_shadows=2, warm_start=True, **parameters)
    shadows.set_params(n_shadows=6).fit(X, Y)
    assert_same(shadows, fitted(X, Y, n_shadows=6, **parameters), X, Y)


def test_warm_start_without_a_seed_goes_on_with_its_own():
    shadows = fitted(X, Y, n_shadows=2, warm_start=True, random_state=None)
    first = shadows.in_mask_
    shadows.set_params(n_shadows=6).fit(X, Y)
    assert_array_equal(shadows.in_mask_[:2], first)
    for shadow, mask in zip(shadows.estimators_, shadows.in_mask_, strict=True):
        assert shadow.score(X[mask], Y[mask]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_shadows": 2}, r"n_shadows=2 must be at least the 4 shadows that are trained already"),
        ({"n_shadows": 5}, r"splitter: \"halves\", now \"bernoulli\".*Add an even number"),
        ({"splitter": "overlapping"}, 'splitter: "halves", now "overlapping"'),
    ],
)
def test_warm_start_errors(change, message):
    shadows = fitted(X, Y, warm_start=True)
    with pytest.raises(ValueError, match=message):
        shadows.set_params(**change).fit(X, Y)


def test_warm_start_with_other_records():
    shadows = fitted(X, Y, warm_start=True)
    for records, labels in ((X[::-1], Y[::-1]), (X[:500], Y[:500]), (X, 1 - Y)):
        with pytest.raises(
            ValueError, match=r"warm_start adds shadows that are made like.*records: "
        ):
            shadows.fit(records, labels)


def test_warm_start_cannot_add_to_disjoint_blocks():
    shadows = fitted(X, Y, warm_start=True, splitter="disjoint")
    with pytest.raises(
        ValueError, match="warm_start=False for anything else, and for disjoint blocks"
    ):
        shadows.set_params(n_shadows=6).fit(X, Y)


MASK = np.random.RandomState(0).random_sample((6, 569)) < 0.5


@pytest.mark.parametrize(
    ("before", "change", "groups"),
    [
        ({"splitter": "bernoulli"}, {"train_size": 0.2}, None),
        ({"train_size": 200}, {"train_size": 20}, None),
        ({"train_size": 200}, {"stratify": True}, None),
        ({"splitter": MASK[:4]}, {"splitter": ~MASK}, None),
        ({"splitter": "bernoulli"}, {}, np.arange(569) // 9),
    ],
    ids=["share", "size", "stratify", "mask", "groups"],
)
def test_warm_start_never_gives_old_shadows_masks_they_were_not_trained_on(before, change, groups):
    shadows = fitted(X, Y, warm_start=True, **before)
    old = shadows.in_mask_
    try:
        shadows.set_params(n_shadows=6, **change).fit(X, Y, groups)
    except ValueError as error:
        assert "warm_start" in str(error)  # noqa: PT017 - refusing is as good as keeping
    assert_array_equal(shadows.in_mask_[:4], old)


# Containers


def adult(n_records=200):
    people = load_adult(split="train", as_frame=True)
    return people.data.iloc[:n_records], people.target.iloc[:n_records].astype(str)


def encoded(texts):
    return make_pipeline(
        make_column_transformer(
            (OneHotEncoder(handle_unknown="ignore"), texts), remainder=StandardScaler()
        ),
        LogisticRegression(max_iter=200),
    )


TEXTS = ["workclass", "education", "occupation", "race", "sex"]
NUMBERS = ["age", "education-num", "hours-per-week"]


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_frames_and_string_labels(container):
    people, income = adult()
    frame = people[TEXTS + NUMBERS].astype(dict.fromkeys(TEXTS, object)).fillna("?")
    if container == "polars":
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame({name: frame[name].to_numpy() for name in frame})
    shadows = fitted(frame, income, encoded(TEXTS), 2, n_jobs=1)
    assert shadows.classes_.tolist() == ["<=50K", ">50K"]
    assert shadows.feature_names_in_.tolist() == TEXTS + NUMBERS
    assert shadows.n_features_in_ == 8
    assert_array_equal(shadows.in_mask(frame, income), shadows.in_mask_)
    confidence = shadows.observe(frame, income, "confidence")
    truth = (income == ">50K").to_numpy()
    for i, shadow in enumerate(shadows.estimators_):
        proba = shadow.predict_proba(frame)
        assert_allclose(confidence[i], np.where(truth, proba[:, 1], proba[:, 0]))
    with config_context(working_memory=0.05):
        assert_allclose(shadows.observe(frame, income, "confidence"), confidence)


def test_frames_of_categories():
    people, income = adult()
    boosting = HistGradientBoostingClassifier(max_iter=3, categorical_features="from_dtype")
    shadows = fitted(people, income, boosting, 2)
    assert_array_equal(shadows.in_mask(people, income), shadows.in_mask_)
    assert np.isfinite(shadows.observe(people, income, "loss")).all()


def test_names_of_columns_are_checked():
    frame = pd.DataFrame(IRIS, columns=list("abcd"))
    shadows = fitted(frame, SPECIES)
    with pytest.raises(ValueError, match="feature names should match"):
        shadows.observe(frame[list("dcba")], SPECIES, "loss")
    with pytest.raises(ValueError, match="feature names should match"):
        shadows.in_mask(frame[list("dcba")], SPECIES)


def test_sparse_records_give_the_shadows_of_dense_ones():
    counts = np.random.RandomState(0).poisson(0.3, size=(200, 30)).astype(float)
    labels = np.arange(200) % 2
    dense = fitted(counts, labels)
    for container in (csr_array, coo_array):
        shadows = fitted(container(counts), labels)
        assert_same(shadows, dense, counts, labels)
        with config_context(working_memory=0.05):
            observed = shadows.observe(container(counts), labels, "loss")
        assert_array_equal(observed, dense.observe(counts, labels, "loss"))


def test_texts_as_records():
    texts = [f"word{i % 7} word{i % 5} unique{i}" for i in range(100)]
    labels = ["even" if i % 2 == 0 else "odd" for i in range(100)]
    shadows = fitted(texts, labels, make_pipeline(CountVectorizer(), LogisticRegression()))
    assert not hasattr(shadows, "n_features_in_")
    assert_array_equal(shadows.in_mask(texts, labels), shadows.in_mask_)
    whole = shadows.observe(texts, labels, "loss")
    with config_context(working_memory=0.001):
        assert_allclose(shadows.observe(texts, labels, "loss"), whole)


# No record is kept


def test_a_pickle_holds_no_training_record():
    planted = pd.DataFrame(X[:, :4], columns=list("abcd"))
    planted.loc[[3, 50, 301], "a"] = MARKER
    planted["text"] = np.where(Y == 1, TEXT, "other")
    model = make_pipeline(
        make_column_transformer((StandardScaler(), list("abcd"))), LogisticRegression()
    )
    shadows = fitted(planted, Y, [model, make_pipeline(clone(model[0]), TREE)])
    assert struct.pack("<d", MARKER) in pickle.dumps(planted[list("abcd")].to_numpy())
    pickled = pickle.dumps(shadows)
    for kind in ("<d", "<f"):
        assert struct.pack(kind, MARKER) not in pickled
    assert TEXT.encode() not in pickled
    again = pickle.loads(pickled)
    assert_array_equal(again.in_mask(planted, Y), shadows.in_mask_)
    assert_same(again, shadows, planted, Y)


def test_clone_is_unfitted():
    shadows = fitted(X, Y, groups=np.arange(569) // 2)
    copy = clone(shadows)
    assert {name for name in vars(copy) if name.endswith("_")} == set()
    assert not hasattr(copy, "_known")
    assert repr(copy) == repr(shadows)
    with pytest.raises(NotFittedError):
        copy.in_mask(X, Y)


# Progress


class Recording:
    """A callback that notes each hook."""

    def __init__(self):
        self.hooks = []

    def setup(self, estimator, context):
        self.hooks.append(("setup", context.task_name, context.task_id))

    def teardown(self, estimator, context):
        self.hooks.append(("teardown", context.task_name, context.task_id))

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.hooks.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.hooks.append(("end", context.task_name, context.task_id))


def assert_hooks(hooks, numbers):
    """Check that fit encloses each shadow's begin and end, in this order."""
    assert hooks[:2] == [("setup", "fit", 0), ("begin", "fit", 0)]
    assert hooks[-2:] == [("end", "fit", 0), ("teardown", "fit", 0)]
    expected = [(hook, "shadow", i) for i in numbers for hook in ("begin", "end")]
    assert sorted(hooks[2:-2], key=lambda hook: hook[2]) == expected


JOBS = [(None, "loky"), (2, "threading"), pytest.param(2, "loky", marks=slow)]


@pytest.mark.parametrize(("n_jobs", "backend"), JOBS)
def test_callbacks_see_each_shadow(n_jobs, backend):
    pytest.importorskip("sklearn.callback")
    recording = Recording()
    shadows = ShadowModels(TREE, 5, n_jobs=n_jobs, warm_start=True, splitter="bernoulli")
    with parallel_config(backend):
        shadows.set_callbacks(recording).fit(X, Y)
        assert_hooks(recording.hooks, range(5))
        recording.hooks.clear()
        shadows.set_params(n_shadows=7).fit(X, Y)
        assert_hooks(recording.hooks, [5, 6])


def test_callbacks_are_torn_down_after_an_error():
    pytest.importorskip("sklearn.callback")
    recording = Recording()
    shadows = ShadowModels(DecisionTreeClassifier(max_depth=-1), 2).set_callbacks(recording)
    with pytest.raises(ShadowTrainingError):
        shadows.fit(X, Y)
    assert recording.hooks[-1] == ("teardown", "fit", 0)


def test_progress_bar(capsys):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    shadows = ShadowModels(TREE, 4, random_state=0).set_callbacks(callback.ProgressBar())
    assert_same(shadows.fit(X, Y), fitted(X, Y), X, Y)
    printed = capsys.readouterr().out
    assert "ShadowModels - fit" in printed
    assert "100%" in printed


def test_verbose_prints_through_joblib(capfd):
    fitted(X, Y)
    assert capfd.readouterr() == ("", "")
    fitted(X, Y, verbose=1)
    assert "Done   4 out of   4" in "".join(capfd.readouterr())


@pytest.mark.parametrize(("n_jobs", "backend"), JOBS)
def test_fit_and_observe_warn_of_nothing(n_jobs, backend):
    with warnings.catch_warnings(record=True) as caught, parallel_config(backend):
        warnings.simplefilter("always")
        fitted(X, Y, n_jobs=n_jobs).observe(X, Y, "loss")
    assert not caught


# Errors of a shadow


def picky(n_jobs=None):
    X = np.arange(40.0)[:, None]
    mask = np.arange(40) % 2 == np.arange(4)[:, None] % 2
    mask[:, 13] = np.arange(4) == 2
    return fitted(X, np.arange(40) // 2 % 2, Picky(), n_jobs=n_jobs, splitter=mask)


@pytest.mark.parametrize(("n_jobs", "backend"), JOBS)
def test_a_shadow_that_cannot_be_trained(n_jobs, backend):
    message = (
        r"Shadow model 2 \(Picky, seed \d+, 21 records\) could not be trained: RuntimeError: "
        r"thirteen is one too many\. With directory= those that are trained would be kept\."
    )
    with pytest.raises(ShadowTrainingError, match=message) as caught, parallel_config(backend):
        picky(n_jobs)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert isinstance(again, ValueError)


def test_the_seed_in_the_message_is_that_of_the_shadow():
    with pytest.raises(ShadowTrainingError) as caught:
        picky()
    seed = int(re.search(r"seed (\d+)", str(caught.value)).group(1))
    mask = np.arange(40) % 2 == np.arange(4)[:, None] % 2
    shadows = fitted(np.arange(40.0)[:, None], np.arange(40) // 2 % 2, splitter=mask)
    expected = np.random.RandomState(seed).randint(np.iinfo(np.int32).max)
    assert shadows.estimators_[2].random_state == expected


def test_a_failed_fit_leaves_an_earlier_one_in_place():
    shadows = fitted(X, Y)
    before = shadows.observe(X, Y, "loss")
    with pytest.raises(ShadowTrainingError):
        shadows.set_params(estimator=DecisionTreeClassifier(max_depth=-1), n_shadows=6).fit(X, Y)
    assert_array_equal(shadows.observe(X, Y, "loss"), before)
