"""What targets of all kinds reveal."""

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import NearestCentroid
from sklearn.svm import SVC

from skmia._response import (
    Answered,
    check_target,
    class_probabilities,
    label_index,
    record_response,
    response_method_of,
)

X, Y = load_iris(return_X_y=True)
CLASSES = np.arange(3)


class Answers:
    """A model of another framework: no fit, no tags, only an answer."""

    def __init__(self, answer, method="predict_proba", classes=None):
        setattr(self, method, lambda X: answer)
        if classes is not None:
            self.classes_ = classes


def test_probabilities_before_decision_values_before_labels():
    assert response_method_of(LogisticRegression()) == "predict_proba"
    assert response_method_of(SVC()) == "decision_function"
    assert response_method_of(Answers([0], "predict")) == "predict"
    assert response_method_of(LogisticRegression(), "predict") == "predict"
    with pytest.raises(ValueError, match="SVC has none of the methods predict_proba"):
        response_method_of(SVC(), "predict_proba")


def test_decision_values_become_probabilities():
    ridge = RidgeClassifier().fit(X, Y)
    np.testing.assert_allclose(
        class_probabilities(ridge, X, CLASSES), softmax(ridge.decision_function(X), axis=1)
    )
    binary = RidgeClassifier().fit(X[:100], Y[:100])
    values = binary.decision_function(X)
    proba = class_probabilities(binary, X, np.arange(2))
    np.testing.assert_allclose(proba, np.column_stack([expit(-values), expit(values)]))
    far = class_probabilities(Answers(np.array([50.0]), "decision_function"), X[:1], np.arange(2))
    assert far[0, 0] > 0, "the smaller side keeps its digits"


def test_labels_become_certain_answers():
    model = NearestCentroid().fit(X, Y)
    proba = class_probabilities(model, X, CLASSES, method="predict")
    np.testing.assert_array_equal(proba.argmax(axis=1), model.predict(X))
    assert set(np.unique(proba)) == {0, 1}
    strange = class_probabilities(Answers(np.array([7]), "predict"), X[:1], CLASSES)
    np.testing.assert_array_equal(strange, [[0, 0, 0]])


def test_columns_follow_the_union_of_classes():
    proba = np.array([[0.3, 0.7]])
    model = Answers(proba, classes=np.array(["a", "c"]))
    expanded = class_probabilities(model, X[:1], np.array(["a", "b", "c"]))
    np.testing.assert_array_equal(expanded, [[0.3, 0, 0.7]])
    unsorted = Answers(proba, classes=np.array(["c", "a"]))
    np.testing.assert_array_equal(
        class_probabilities(unsorted, X[:1], np.array(["a", "c"])), [[0.7, 0.3]]
    )
    assert class_probabilities(Answers(proba), X[:1], np.arange(2)) is proba, "no needless copy"
    of_three = class_probabilities(Answers(proba), X[:1], np.arange(3))
    np.testing.assert_array_equal(of_three[:, :2], proba, err_msg="its classes are 0 and 1")


def test_float32_stays_float32():
    proba = np.array([[0.3, 0.7]], np.float32)
    assert class_probabilities(Answers(proba), X[:1], np.arange(3)).dtype == np.float32
    assert class_probabilities(Answers(np.array([[1, 0]])), X[:1], np.arange(2)).dtype == np.float64


def test_label_index():
    np.testing.assert_array_equal(
        label_index(["b", "z", "a", "aa"], np.array(["a", "b"])), [1, -1, 0, -1]
    )
    np.testing.assert_array_equal(label_index([True, False], np.array([0, 1])), [1, 0])


def test_record_response_in_batches_equals_one_call():
    model = LogisticRegression(max_iter=500).fit(X, Y)
    whole = record_response(model, X, CLASSES)
    with config_context(working_memory=0.001):
        np.testing.assert_allclose(record_response(model, X, CLASSES), whole, rtol=1e-12)
    with config_context(working_memory=0):
        np.testing.assert_allclose(record_response(model, X[:9], CLASSES), whole[:9], rtol=1e-12)


class Counting(LogisticRegression):
    """A classifier that counts how many records it is asked for."""

    n_asked = 0

    def predict_proba(self, X):
        self.n_asked += len(X)
        return super().predict_proba(X)


def test_answered_asks_once_and_other_records_are_put_to_the_model():
    model = Counting(max_iter=500).fit(X, Y)
    whole = LogisticRegression(max_iter=500).fit(X, Y).predict_proba(X)
    answered = Answered(model, X, CLASSES)
    part = answered.rows(np.array([5, 3, 8])).rows(np.array([2, 0]))
    np.testing.assert_array_equal(part.X, X[[8, 5]])
    for _ in range(2):
        np.testing.assert_allclose(class_probabilities(part, part.X, CLASSES), whole[[8, 5]])
        np.testing.assert_allclose(record_response(answered, X, CLASSES), whole)
    assert model.n_asked == len(X)
    copy = part.X.copy()  # as a perturbed one: not the very records
    np.testing.assert_allclose(class_probabilities(part, copy, CLASSES), whole[[8, 5]])
    assert model.n_asked == len(X) + 2
    with config_context(working_memory=0.001):
        np.testing.assert_allclose(record_response(answered, X, CLASSES), whole)
    assert model.n_asked == len(X) + 2


def test_answered_of_known_answers():
    first, second = np.array([[0.1, 0.9], [0.3, 0.7]]), np.array([[0.5, 0.5], [0.8, 0.2]])
    both = np.concatenate([first, second])
    answered = Answered(None, None, np.arange(2), proba=[first, second])
    assert len(answered) == 4
    np.testing.assert_array_equal(answered.answers(), both)
    some = answered.rows(np.array([3, 0]))
    np.testing.assert_array_equal(class_probabilities(some, some.X, np.arange(2)), both[[3, 0]])
    numbered = Answered(None, None, np.arange(2), proba=[first, second], numbers=np.array([2, 1]))
    np.testing.assert_array_equal(numbered.rows(slice(1, 2)).answers(), both[[1]])
    with pytest.raises(ValueError, match="none of the methods predict"):
        answered.answers("predict")


@pytest.mark.parametrize(
    ("answer", "method", "message"),
    [
        ([[np.nan, 1.0], [0.5, 0.5]], "predict_proba", "NaN or infinity for 1 of 2 records"),
        ([np.inf, 1.0], "decision_function", "NaN or infinity for 1 of 2 records"),
        ([0.5, 0.5], "predict_proba", r"shape \(n_records, n_classes\), got \(2,\)"),
        (0.5, "predict_proba", r"shape \(n_records, n_classes\), got \(\)"),
    ],
)
def test_bad_answers(answer, method, message):
    with pytest.raises(ValueError, match=message):
        class_probabilities(Answers(np.array(answer), method), X[:2], np.arange(2))


def test_no_records_have_no_answers():
    for answer, method in (((0, 2), "predict_proba"), ((0,), "decision_function")):
        found = class_probabilities(Answers(np.empty(answer), method), X[:0], np.arange(2))
        assert found.shape == (0, 2)


def test_multi_output_and_one_vs_one_are_refused():
    multi = MultiOutputClassifier(LogisticRegression(max_iter=500)).fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="returned a list of 2 arrays"):
        class_probabilities(multi, X, CLASSES)
    model = SVC(decision_function_shape="ovo").fit(np.vstack([X, X + 9]), np.r_[Y, Y + 3])
    with pytest.raises(ValueError, match=r"15 columns for 6 classes.*_shape='ovr'"):
        class_probabilities(model, X, np.arange(6))


def test_check_target():
    with pytest.raises(TypeError, match="must be a classifier, got the regressor LinearRegression"):
        check_target(LinearRegression().fit(X, Y))
    with pytest.raises(NotFittedError):
        check_target(LogisticRegression())
    with pytest.raises(ValueError, match="has none of the methods"):
        check_target(object())
    check_target(Answers([[1.0]]))
