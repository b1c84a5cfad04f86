"""What shadows answered for their own records, remembered."""

import pickle
import tracemalloc
from collections import Counter
from copy import deepcopy

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from skmia.attacks import BASE, RMIA, LiRA, ReferenceAttack
from skmia.shadows import ShadowModels
from skmia.shadows._answers import AnswerMemory

X, Y = make_classification(60, n_features=4, n_informative=3, n_redundant=0, random_state=0)
FOREIGN = X + 0.5
ASKED = Counter()


class Counting(LogisticRegression):
    """Counts the records that each model is asked for."""

    def predict_proba(self, X):
        ASKED[id(self)] += len(X)
        return super().predict_proba(X)


@pytest.fixture
def shadows():
    fitted = ShadowModels(Counting(), 4, random_state=0).fit(X, Y)
    ASKED.clear()
    return fitted


def asked(shadows):
    return [ASKED[id(shadow)] for shadow in shadows.estimators_]


def recall(shadows, records, labels, *, keep=False, signals=("confidence",)):
    asked = {"response_method": "predict_proba", "keep": keep}
    return shadows.observe(records, labels, list(signals), **asked)


def forgetful(shadows):
    """Return the same shadows with nothing in memory."""
    return pickle.loads(pickle.dumps(shadows))


def test_memory_reads_what_was_written():
    memory = AnswerMemory(4, 1)
    assert memory.is_empty()
    assert memory.knows(["a"], np.array([0, 1])).tolist() == [False, False]
    memory.write("a", np.array([2, 0]), np.array([1.0, 2.0]))
    assert memory.knows(["a"], np.array([0, 1, 2, 3, -1])).tolist() == [1, 0, 1, 0, 0]
    np.testing.assert_array_equal(memory.read("a", np.array([0, 2, 0])), [2, 1, 2])
    assert not memory.knows(["a", "b"], np.array([0])).any()
    assert not memory.is_empty()


def test_foreign_rows_are_never_known():
    memory = AnswerMemory(3, 1)
    memory.write("a", np.arange(3), np.ones(3))  # also the last row, that -1 would name
    assert memory.knows(["a"], np.array([-1, -1])).tolist() == [False, False]


def test_types_are_remembered_as_they_come_and_widened_for_others():
    memory = AnswerMemory(3, 1)
    for values in (np.array([1]), np.array([0.5], np.float32), np.array([np.pi])):
        memory.write("a", np.array([1]), values)
        np.testing.assert_array_equal(memory.read("a", np.array([1])), values)
    memory.write("b", np.array([0]), np.array([[0.25, 0.75]], np.float32))
    assert memory.read("b", np.array([0])).dtype == np.float32


def test_room_is_half_of_working_memory_for_all_shadows():
    with config_context(working_memory=1):
        for n_records, fits in ((16_384, True), (16_385, False)):
            memory = AnswerMemory(n_records, 2)  # 2 shadows, 2 classes, 8 bytes: half a MiB
            assert memory.has_room("a", np.ones((1, 2))) is fits
            assert memory.has_room("a", np.ones((1, 2), np.float32))
            assert not memory.has_room("a", np.ones((1, 5), np.float32))
        memory = AnswerMemory(16_384, 2)
        memory.write("a", np.arange(16_384), np.ones((16_384, 2)))
        assert memory.has_room("a", np.ones((1, 2)))
        assert not memory.has_room("b", np.ones((1, 2)))


@pytest.mark.parametrize("rows", [slice(None), slice(7, 30), [5, 5, 0, 59]])
def test_recalls_what_observe_says(shadows, rows):
    recall(shadows, X[10:40], Y[10:40], keep=True)
    records, labels = np.vstack([X[rows], FOREIGN[rows]]), np.concatenate([Y[rows], Y[rows]])
    for keep in (False, True, False):
        (found,) = recall(shadows, records, labels, keep=keep)
        expected = forgetful(shadows).observe(records, labels, "confidence")
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_asks_for_own_records_once_and_for_foreign_ones_again(shadows):
    recall(shadows, X, Y, keep=True)
    assert asked(shadows) == [60] * 4
    recall(shadows, X[::-1], Y[::-1])
    assert asked(shadows) == [60] * 4
    recall(shadows, np.vstack([X[:5], FOREIGN[:3]]), np.r_[Y[:5], Y[:3]], keep=True)
    recall(shadows, FOREIGN[:3], Y[:3])
    assert asked(shadows) == [66] * 4


def test_keeps_nothing_unless_asked_to(shadows):
    for _ in range(2):
        recall(shadows, X, Y)
    assert asked(shadows) == [120] * 4


def test_another_label_is_another_record(shadows):
    recall(shadows, X, Y, keep=True)
    (found,) = recall(shadows, X, 1 - Y)
    np.testing.assert_allclose(found, forgetful(shadows).observe(X, 1 - Y, "confidence"))
    assert asked(shadows) == [120] * 4


def test_signals_and_ways_of_asking_are_told_apart(shadows):
    recall(shadows, X, Y, keep=True)
    loss, confidence = recall(shadows, X, Y, signals=("loss", "confidence"))
    np.testing.assert_allclose(loss, np.log(confidence))
    assert asked(shadows) == [60] * 4
    by_label = shadows.observe(X, Y, "confidence", response_method="predict")
    assert set(np.unique(by_label)) <= {0, 1}


def test_attacks_share_the_answers(shadows):
    target = LogisticRegression().fit(X[:30], Y[:30])
    for attack in (LiRA, RMIA, BASE, ReferenceAttack):
        fitted = attack(target, shadows=shadows, random_state=0).fit(X, Y)
        fitted.predict_proba(X, Y)
        fitted.score_samples(X[7:8], Y[7:8])
    assert asked(shadows) == [60] * 4
    fitted.predict(FOREIGN, Y)
    assert asked(shadows) == [120] * 4


def test_pickles_hold_no_answers(shadows):
    recall(shadows, X, Y, keep=True)
    copy = pickle.loads(pickle.dumps(shadows))
    recall(copy, X, Y)
    assert asked(copy) == [60] * 4
    np.testing.assert_array_equal(recall(copy, X, Y)[0], recall(shadows, X, Y)[0])
    assert asked(shadows) == [60] * 4  # whose own memory is untouched


def test_a_template_is_pickled():
    assert pickle.loads(pickle.dumps(ShadowModels(n_shadows=3))).n_shadows == 3


def test_a_new_fit_forgets(shadows):
    recall(shadows, X, Y, keep=True)
    shadows.set_params(random_state=1).fit(X, Y)
    (found,) = recall(shadows, X, Y)
    assert asked(shadows) == [60] * 4
    np.testing.assert_array_equal(found, forgetful(shadows).observe(X, Y, "confidence"))


def test_shadows_added_later_are_asked():
    shadows = ShadowModels(Counting(), 2, warm_start=True, random_state=0).fit(X, Y)
    recall(shadows, X, Y, keep=True)
    shadows.set_params(n_shadows=4).fit(X, Y)
    ASKED.clear()
    assert recall(shadows, X, Y)[0].shape == (4, 60)
    assert asked(shadows) == [60] * 4


@pytest.mark.parametrize(
    ("splitter", "n_groups"), [("halves", 2), ("bernoulli", 4), ("overlapping", 4)]
)
def test_without_a_group(splitter, n_groups):
    shadows = ShadowModels(Counting(), 4, splitter=splitter, random_state=0).fit(X, Y)
    together = shadows.groups_
    assert len(np.unique(together)) == n_groups
    recall(shadows, X, Y, keep=True)
    ASKED.clear()
    for group in range(n_groups):
        kept = np.flatnonzero(together != group)
        rest = shadows.without(group)
        assert rest.estimators_ == [shadows.estimators_[i] for i in kept]
        np.testing.assert_array_equal(rest.in_mask(X, Y), shadows.in_mask_[kept])
        np.testing.assert_array_equal(rest.out_mask_, shadows.out_mask_[kept])
        np.testing.assert_array_equal(recall(rest, X, Y)[0], recall(shadows, X, Y)[0][kept])
        rest.check_unchanged()
    assert not ASKED
    assert (shadows.n_shadows, len(shadows.estimators_)) == (4, 4)


def test_halves_are_each_others_opposite():
    shadows = ShadowModels(LogisticRegression(), 6, random_state=0).fit(X, Y)
    for group in range(3):
        first, second = shadows.in_mask_[shadows.groups_ == group]
        np.testing.assert_array_equal(first, ~second)


def test_without_a_shadow_of_a_mask():
    mask = np.random.default_rng(0).random((3, 60)) < 0.5
    shadows = ShadowModels(LogisticRegression(), 3, splitter=mask, random_state=0).fit(X, Y)
    rest = shadows.without(1)
    np.testing.assert_array_equal(rest.in_mask_, mask[[0, 2]])
    rest.check_unchanged()


def test_without_a_shadow_of_a_mask_in_a_list():
    mask = (np.random.default_rng(0).random((3, 60)) < 0.5).tolist()
    shadows = ShadowModels(LogisticRegression(), 3, splitter=mask, random_state=0).fit(X, Y)
    shadows.without(1)


class OfItsInput(LogisticRegression):
    """Answers in the type of the records, as neural networks do."""

    def predict_proba(self, X):
        return super().predict_proba(X).astype(X.dtype)


def test_an_answer_does_not_depend_on_its_neighbors():
    shadows = ShadowModels(OfItsInput(), 4, random_state=0).fit(X, Y)
    recall(shadows, X, Y, keep=True)
    rows = X.astype(np.float32)  # known as the same records
    (alone,) = recall(shadows, rows[:5], Y[:5])
    both = np.vstack([rows[:5], FOREIGN[:5].astype(np.float32)])
    (beside,) = recall(shadows, both, np.r_[Y[:5], Y[:5]])
    np.testing.assert_array_equal(beside[:, :5], alone)


def test_one_call_for_each_record_whatever_is_wanted_later(shadows):
    loss = recall(shadows, X, Y, keep=True, signals=("loss",))
    margin, by_function = shadows.observe(X, Y, ["margin", lambda proba, y_index: proba[:, 0]])
    answers = [shadows.answers(i, X[::-1], Y[::-1])[::-1] for i in range(4)]
    assert asked(shadows) == [60] * 4
    for i, shadow in enumerate(shadows.estimators_):
        proba = LogisticRegression.predict_proba(shadow, X)
        np.testing.assert_array_equal(answers[i], proba)
        np.testing.assert_array_equal(by_function[i], proba[:, 0])
        np.testing.assert_allclose(loss[0][i], np.log(proba[np.arange(60), Y]))
        np.testing.assert_allclose(margin[i], (2 * Y - 1) * (proba[:, 1] - proba[:, 0]))


@pytest.mark.parametrize("keep", [False, True])
def test_answers_are_those_of_one_shadow(shadows, keep):
    recall(shadows, X[10:40], Y[10:40], keep=keep)
    ASKED.clear()
    records, labels = np.vstack([X, FOREIGN]), np.r_[Y, Y]
    found = shadows.answers(2, records, labels)
    assert asked(shadows) == [0, 0, 120 - 30 * keep, 0]
    expected = LogisticRegression.predict_proba(shadows.estimators_[2], records)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_answers_stand_in_the_order_of_all_classes():
    labels = np.array(["a", "b", "c"])[np.arange(60) % 3]
    mask = np.stack([labels != "b", labels != "a", labels != "c"])
    shadows = ShadowModels(LogisticRegression(), 3, splitter=mask, random_state=0).fit(X, labels)
    for keep in (False, True):
        shadows.observe(X, labels, "loss", keep=keep)
        for i, lacking in enumerate((1, 0, 2)):
            found = shadows.answers(i, X, labels)
            assert found.shape == (60, 3)
            np.testing.assert_array_equal(found[:, lacking], np.zeros(60))
            np.testing.assert_allclose(found.sum(axis=1), 1)


def test_answers_that_do_not_fit_leave_their_signals():
    with config_context(working_memory=0.005):
        shadows = ShadowModels(Counting(), 4, random_state=0).fit(X, Y)
        ASKED.clear()
        (loss,) = recall(shadows, X, Y, keep=True, signals=("loss",))
        np.testing.assert_array_equal(recall(shadows, X, Y, signals=("loss",))[0], loss)
        assert asked(shadows) == [60] * 4
        both = recall(shadows, X, Y, keep=True, signals=("loss", "margin"))
        assert asked(shadows) == [120] * 4  # for the signal that is new
        again = recall(shadows, X, Y, signals=("margin", "loss"))
        assert asked(shadows) == [120] * 4
        answers = shadows.answers(0, X, Y)
        assert asked(shadows) == [180, 120, 120, 120]
    plain = ShadowModels(Counting(), 4, random_state=0).fit(X, Y)
    expected = recall(plain, X, Y, keep=True, signals=("loss", "margin"))
    for found in (both, again[::-1]):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(loss, expected[0], rtol=1e-12)
    np.testing.assert_allclose(answers, plain.answers(0, X, Y), rtol=1e-12)


def test_twins_are_asked_once_and_answered_alike(shadows):
    order = np.r_[np.arange(60), np.arange(60)[::-1]]
    (found,) = recall(shadows, X[order], Y[order], keep=True)
    assert asked(shadows) == [60] * 4
    np.testing.assert_array_equal(found[:, :60], found[:, 60:][:, ::-1])
    np.testing.assert_allclose(found[:, :60], forgetful(shadows).observe(X, Y, "confidence"))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("working_memory", [1024, 0.01])
def test_jobs_give_the_same_bits(keep, working_memory):
    results = []
    for n_jobs in (1, 2):
        shadows = ShadowModels(LogisticRegression(), 4, random_state=0).fit(X, Y)
        shadows.set_params(n_jobs=n_jobs)
        mixed, labels = np.vstack([X[5:], FOREIGN]), np.r_[Y[5:], Y]
        with config_context(working_memory=working_memory):
            shadows.observe(X[:30], Y[:30], "loss", keep=keep)
            observed = shadows.observe(mixed, labels, ["loss", "margin"], keep=keep)
            results.append([*observed, shadows.answers(3, mixed, labels)])
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


def test_auto_is_the_method_that_each_shadow_has():
    kinds = [Counting(), LinearSVC()]
    shadows = ShadowModels(kinds, 4, splitter="bernoulli", random_state=0).fit(X, Y)
    ASKED.clear()
    shadows.observe(X, Y, "loss", keep=True)
    assert asked(shadows) == [60, 0, 60, 0]
    rest = shadows.without(1).without(2)  # of one type that has probabilities
    rest.observe(X, Y, "loss", response_method="predict_proba")
    rest.answers(1, X, Y)
    assert asked(shadows) == [60, 0, 60, 0]


def test_memory_is_shared_with_the_shadows_without_a_group(shadows):
    recall(shadows.without(0), X, Y, keep=True)
    assert asked(shadows) == [0, 0, 60, 60]
    recall(shadows, X, Y, keep=True)
    assert asked(shadows) == [60] * 4
    recall(shadows.without(1), X, Y, signals=("margin",))
    assert asked(shadows) == [60] * 4


def test_single_precision_is_kept():
    records = X.astype(np.float32)
    shadows = ShadowModels(OfItsInput(), 4, random_state=0).fit(records, Y)
    n_bytes = 60 * 2 * 4 * 4
    with config_context(working_memory=2 * n_bytes / 2**20):
        shadows.observe(records, Y, "loss", keep=True)
    asked_with = shadows.answers(0, records.astype(np.float64), Y)  # the same records
    assert asked_with.dtype == np.float32
    assert shadows.observe(records, Y, "loss").dtype == np.float32


def test_copies_of_any_kind_hold_no_answers(shadows):
    sizes = [len(pickle.dumps(shadows))]
    recall(shadows, X, Y, keep=True)
    with config_context(working_memory=0):
        shadows.observe(X, Y, "margin", response_method="decision_function", keep=True)
    sizes.append(len(pickle.dumps(shadows)))
    assert sizes[0] == sizes[1]
    assert shadows.answers(0, X[:1], Y[:1])[0, 0].tobytes() not in pickle.dumps(shadows)
    copy = deepcopy(shadows)
    recall(copy, X, Y)
    assert asked(copy) == [60] * 4
    assert not hasattr(clone(shadows), "_memories")


def test_signals_of_what_is_remembered_need_little_memory():
    n, n_classes = 20_000, 50
    labels, records = np.arange(n) % n_classes, np.arange(n, dtype=float)[:, None]
    shadows = ShadowModels(DummyClassifier(), 4, random_state=0).fit(records, labels)
    with config_context(working_memory=100):
        shadows.observe(records, labels, "confidence", keep=True)
    with config_context(working_memory=4):
        tracemalloc.start()
        shadows.observe(records, labels, "loss")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 4 * n * n_classes * 8 / 5  # the answers
