"""MemberRecorder: the classifier in every way, with a memory that never leaves the process."""

import copy
import io
import pickle
import struct
import zipfile

import cloudpickle
import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from scipy.sparse import csr_array
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

from skmia.attacks import MetricAttack
from skmia.model_selection import MemberRecorder

X, Y = load_breast_cancer(return_X_y=True)
MARKER = 1234567.890625
TEXT = "a-training-record-nobody-may-see"


@parametrize_with_checks(
    [
        MemberRecorder(DecisionTreeClassifier(random_state=0)),
        MemberRecorder(make_pipeline(StandardScaler(), LogisticRegression())),
    ]
)
def test_scikit_learn(estimator, check):
    check(estimator)


def test_answers_as_the_classifier_does():
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    recorder, plain = MemberRecorder(tree).fit(X, Y), clone(tree).fit(X, Y)
    for name in ("predict", "predict_proba", "apply"):
        np.testing.assert_array_equal(getattr(recorder, name)(X), getattr(plain, name)(X))
    assert recorder.score(X, Y) == plain.score(X, Y)
    assert recorder.classes_.tolist() == [0, 1]
    assert recorder.n_features_in_ == 30
    assert recorder.tree_.node_count == plain.tree_.node_count
    assert recorder.max_depth == 3
    assert not hasattr(recorder, "decision_function")
    assert not hasattr(tree, "tree_")
    assert not hasattr(MemberRecorder(tree), "estimator_")


def test_methods_appear_only_if_the_classifier_has_them():
    assert not hasattr(MemberRecorder(LinearSVC()), "predict_proba")
    assert hasattr(MemberRecorder(LinearSVC()), "decision_function")
    assert not hasattr(MemberRecorder(LinearSVC()), "partial_fit")
    assert hasattr(MemberRecorder(SGDClassifier()), "partial_fit")
    for name in ("fit_transform", "fit_predict", "fit_resample", "set_fit_request", "classes_"):
        assert not hasattr(MemberRecorder(DecisionTreeClassifier()), name)


def test_tags_names_parameters_and_repr():
    svc = SVC(kernel="precomputed")
    assert get_tags(MemberRecorder(svc)).input_tags.pairwise
    assert is_classifier(MemberRecorder(svc))
    frame = pd.DataFrame(X[:, :3], columns=["a", "b", "c"])
    recorder = MemberRecorder(DecisionTreeClassifier()).fit(frame, Y)
    assert recorder.feature_names_in_.tolist() == ["a", "b", "c"]
    recorder.set_params(estimator__max_depth=2)
    assert recorder.get_params()["estimator__max_depth"] == 2
    assert repr(recorder) == "MemberRecorder(estimator=DecisionTreeClassifier(max_depth=2))"
    html = MemberRecorder(make_pipeline(StandardScaler(), LogisticRegression()))._repr_html_()
    for name in ("MemberRecorder", "StandardScaler", "LogisticRegression"):
        assert name in html


def test_unfitted_and_failed_fits():
    recorder = MemberRecorder(DecisionTreeClassifier())
    with pytest.raises(NotFittedError):
        check_is_fitted(recorder)
    with pytest.raises(NotFittedError):
        recorder.predict(X)
    with pytest.raises(ValueError, match="remembers no training records"):
        recorder.membership_of(X, Y)
    recorder.fit(X[:100], Y[:100])
    with pytest.raises(ValueError, match="does not match number of samples"):
        recorder.fit(X[:50], Y[:40])
    assert recorder.membership_of(X, Y).sum() == 100
    frozen = FrozenEstimator(recorder.estimator_)
    for inner in (frozen, make_pipeline(StandardScaler(), frozen), CalibratedClassifierCV(frozen)):
        with pytest.raises(ValueError, match="holds a frozen classifier"):
            MemberRecorder(inner).fit(X, Y)
    trained = make_pipeline(FrozenEstimator(StandardScaler().fit(X)), DecisionTreeClassifier())
    assert MemberRecorder(trained).fit(X, Y).membership_of(X, Y).all()
    fitted_before = MemberRecorder(DecisionTreeClassifier().fit(X, Y))
    with pytest.raises(NotFittedError):
        fitted_before.predict(X)
    assert not hasattr(fitted_before, "classes_")


def test_records_that_are_changed_in_place():
    pipeline = make_pipeline(StandardScaler(copy=False), DecisionTreeClassifier())
    with pytest.raises(ValueError, match="Pipeline changed the records in place"):
        MemberRecorder(pipeline).fit(X.copy(), Y)


def test_membership_of_and_attacks_that_ask_the_target():
    recorder = MemberRecorder(DecisionTreeClassifier(random_state=0)).fit(X[::2], Y[::2])
    truth = (np.arange(len(X)) % 2 == 0).astype(int)
    for records in (X, csr_array(X), pd.DataFrame(X)):
        np.testing.assert_array_equal(recorder.membership_of(records, Y), truth)
    assert recorder.membership_of(X, 1 - Y).sum() == 0
    attack = MetricAttack(recorder, random_state=0).fit(X[:200], Y[:200], truth[:200])
    assert attack.score(X[200:], Y[200:]) == attack.score(X[200:], Y[200:], truth[200:])


def test_partial_fit_adds_records():
    recorder = MemberRecorder(SGDClassifier(random_state=0))
    recorder.partial_fit(X[:100], Y[:100], classes=[0, 1]).partial_fit(X[100:150], Y[100:150])
    assert recorder.membership_of(X, Y).sum() == 150
    assert recorder.membership_of(X, Y)[:150].all()
    score = get_scorer("neg_mia_roc_auc")(recorder, X[150:], Y[150:])
    assert -1 <= score <= 0
    recorder.partial_fit(X[150:160], Y[150:160])
    assert recorder.membership_of(X, Y).sum() == 160
    assert recorder.fit(X[:40], Y[:40]).membership_of(X, Y).sum() == 40


def test_partial_fit_after_the_memory_is_lost():
    recorder = MemberRecorder(SGDClassifier()).partial_fit(X[:100], Y[:100], classes=[0, 1])
    again = pickle.loads(pickle.dumps(recorder)).partial_fit(X[100:200], Y[100:200])
    with pytest.raises(ValueError, match="remembers no training records"):
        again.membership_of(X, Y)


def test_many_partial_fits_of_frames():
    frame = pd.DataFrame(X)
    recorder = MemberRecorder(SGDClassifier())
    for start in range(0, 100, 10):
        rows = slice(start, start + 10)
        recorder.partial_fit(frame[rows], Y[rows], classes=[0, 1])
    np.testing.assert_array_equal(recorder.membership_of(frame, Y), np.arange(len(X)) < 100)


@pytest.mark.parametrize("weigh", [np.asarray, list, pd.Series])
def test_records_of_weight_zero_are_no_members(weigh):
    weights = weigh((np.arange(len(X)) % 3).astype(float))
    recorder = MemberRecorder(DecisionTreeClassifier()).fit(X, Y, sample_weight=weights)
    np.testing.assert_array_equal(recorder.membership_of(X, Y), np.arange(len(X)) % 3 > 0)
    same = MemberRecorder(DecisionTreeClassifier()).fit(X, Y, sample_weight=None)
    assert same.membership_of(X, Y).all()
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier())
    within = MemberRecorder(pipeline).fit(X, Y, decisiontreeclassifier__sample_weight=weights)
    np.testing.assert_array_equal(within.membership_of(X, Y), np.arange(len(X)) % 3 > 0)


def fixed(estimator, X, y):
    """Score without asking for metadata."""
    return 0.5


def test_metadata_is_the_classifiers():
    with config_context(enable_metadata_routing=True):
        logistic = LogisticRegression().set_fit_request(sample_weight=True)
        pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), logistic)
        weights = (np.arange(len(X)) % 2).astype(float)
        for inner in (logistic, pipeline):
            search = GridSearchCV(MemberRecorder(inner), {}, cv=2, scoring=fixed)
            search.fit(StandardScaler().fit_transform(X), Y, sample_weight=weights)
            plain = GridSearchCV(inner, {}, cv=2, scoring=fixed).fit(
                StandardScaler().fit_transform(X), Y, sample_weight=weights
            )
            np.testing.assert_array_equal(search.predict(X), plain.predict(X))


def dumps(estimator):
    """Return what each way to serialize writes, uncompressed."""
    yield pickle.dumps(estimator)
    yield cloudpickle.dumps(estimator)
    buffer = io.BytesIO()
    joblib.dump(estimator, buffer)
    yield buffer.getvalue()
    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(estimator))) as archive:
        yield b"".join(archive.read(name) for name in archive.namelist())


def without_records(estimator):
    """Search every dump for the planted marker."""
    for content in dumps(estimator):
        for kind in ("<d", "<f"):
            assert struct.pack(kind, MARKER) not in content
        assert str(MARKER).encode() not in content
        assert TEXT.encode() not in content
    return True


def planted():
    records = pd.DataFrame(X[:, :4], columns=list("abcd"))
    records["text"] = TEXT
    records.loc[[3, 50, 301], "a"] = MARKER
    return records


def test_no_training_record_leaves_the_process():
    records = planted()
    numbers = records[list("abcd")].to_numpy()
    recorder = MemberRecorder(make_pipeline(StandardScaler(), LogisticRegression()))
    assert struct.pack("<d", MARKER) in pickle.dumps(numbers)
    recorder.fit(numbers, Y)
    assert recorder.membership_of(numbers, Y).all()
    assert without_records(recorder)
    for other in (clone(recorder), copy.copy(recorder), copy.deepcopy(recorder)):
        assert not other.remembers_members
        assert without_records(other)
    again = pickle.loads(pickle.dumps(recorder))
    np.testing.assert_array_equal(again.predict(numbers), recorder.predict(numbers))
    for lost in (again, copy.deepcopy(recorder)):
        with pytest.raises(ValueError, match=r"pickling, copying.*drop them"):
            get_scorer("neg_mia_balanced_accuracy")(lost, numbers, Y)
    assert recorder.membership_of(numbers, Y).all()


def test_skops_round_trip():
    recorder = MemberRecorder(LogisticRegression()).fit(X[:, :2], Y)
    dumped = skops.io.dumps(recorder)
    trusted = skops.io.get_untrusted_types(data=dumped)
    assert trusted == ["skmia.model_selection._member_recorder.MemberRecorder"]
    loaded = skops.io.loads(dumped, trusted=trusted)
    np.testing.assert_array_equal(loaded.predict(X[:, :2]), recorder.predict(X[:, :2]))
    assert not loaded.remembers_members


@pytest.mark.parametrize("n_jobs", [None, pytest.param(2, marks=pytest.mark.slow)])
def test_searches_and_returned_estimators_hold_no_record(n_jobs):
    numbers = planted()[list("abcd")].to_numpy()
    recorder = MemberRecorder(make_pipeline(StandardScaler(), LogisticRegression()))
    search = GridSearchCV(
        recorder,
        {"estimator__logisticregression__C": [0.1, 1]},
        scoring=["accuracy", "neg_mia_balanced_accuracy"],
        refit="accuracy",
        cv=2,
        n_jobs=n_jobs,
        error_score="raise",
    ).fit(numbers, Y)
    assert without_records(search)
    assert without_records(search.best_estimator_)
    assert search.best_estimator_.membership_of(numbers, Y).all()
    found = cross_validate(
        recorder,
        numbers,
        Y,
        cv=2,
        scoring="neg_mia_balanced_accuracy",
        return_estimator=True,
        n_jobs=n_jobs,
        error_score="raise",
    )
    for estimator in found["estimator"]:
        assert without_records(estimator)


def test_polars_and_text_records():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": X[:, 0], "b": X[:, 1]})
    recorder = MemberRecorder(DecisionTreeClassifier()).fit(frame[:100], Y[:100])
    assert recorder.membership_of(frame, Y).sum() == 100
