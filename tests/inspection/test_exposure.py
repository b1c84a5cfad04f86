"""What goes with exposure: each explanation by hand, planted and absent relations, messages."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import csr_array, issparse
from scipy.spatial.distance import cdist
from scipy.special import softmax
from scipy.stats import spearmanr
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from torch import nn

from skmia.attacks import LiRA, MetricAttack
from skmia.datasets import load_adult
from skmia.exceptions import CalibrationWarning
from skmia.inspection import ExposureReport, _distances, explain_exposure
from skmia.inspection._distances import hidden_layer, standardized
from skmia.inspection._rank_correlation import rank_correlation
from skmia.leakage import record_sensitivity
from skmia.model_selection import MemberRecorder
from skmia.neural_network import RegularizedMLPClassifier, RegularizedNet

NAMES = ["class_gap", "class_frequency", "distance_to_class", "distance_to_any"]


class Parzen(ClassifierMixin, BaseEstimator):
    """Class shares among the training records near by: far from others, a record's own label."""

    def fit(self, X, y):
        self.X_, self.classes_ = np.asarray(X), np.unique(y)
        self.indicators_ = np.asarray(y)[:, None] == self.classes_
        return self

    def predict_proba(self, X):
        weights = softmax(-(cdist(X, self.X_) ** 2) / 0.5, axis=1)
        return weights @ self.indicators_

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def scattered(n=300, n_classes=3, seed=0):
    """Return a core and, from it and each other, remote points; random labels; who is a member."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2)) * 0.1
    X[n // 2 :] = rng.uniform(-60, 60, size=(n - n // 2, 2))
    return X, rng.integers(n_classes, size=n), rng.permutation(n) < n // 2


def adult(n=600):
    X, y = load_adult(return_X_y=True)
    X, y = np.nan_to_num(X[:n, [0, 2, 4, 7, 10, 11, 12]], nan=-1), y[:n]
    return X, y, np.arange(n) % 2 == 0


def explained(target=None, n=60, **options):
    X, y, member = scattered(n)
    target = Parzen().fit(X[member], y[member]) if target is None else target
    return explain_exposure(target, X, y, member, random_state=0, **options)


# Explanations


def slow_distance(points, known, contents, row, k):
    """Return the mean distance of one record to the nearest known ones, by a loop."""
    nearest = {}
    for other in known:
        if contents[other] != contents[row]:
            nearest[contents[other]] = np.linalg.norm(points[other] - points[row])
    return np.mean(sorted(nearest.values())[:k]) if nearest else np.nan


@pytest.mark.parametrize("k", [1, 3, 50])
def test_distances_are_those_to_other_members(k):
    X, y, member = scattered(60)
    # a member twice, a member that is a non-member's copy too, and one of another label
    X[4], y[4], member[4] = X[2], y[2], True
    X[6], y[6], member[6] = X[2], y[2], False
    X[8], y[8], member[8] = X[2], (y[2] + 1) % 3, True
    member[2] = True
    contents = np.arange(60)
    contents[[4, 6]] = 2
    target = Parzen().fit(X[member], y[member])
    report = explain_exposure(target, X, y, member, n_neighbors=k, random_state=0, embedding=X)
    every, of_class = (
        [
            slow_distance(X, np.flatnonzero(member & same[row]), contents, row, k)
            for row in range(60)
        ]
        for same in (np.ones((60, 60), bool), y[:, None] == y)
    )
    np.testing.assert_allclose(report.explanations["distance_to_any"], every, atol=1e-7)
    np.testing.assert_allclose(report.explanations["distance_to_class"], of_class, atol=1e-7)


def test_a_class_with_one_member_has_no_distance_for_it():
    X, y, member = scattered(60)
    y[y == 2] = 1
    row = np.flatnonzero(member)[0]
    y[row] = 2
    target = Parzen().fit(X[member], y[member])
    with pytest.warns(CalibrationWarning, match="1 of 3 classes have no members or no non-members"):
        report = explain_exposure(target, X, y, member, random_state=0)
    assert np.isnan(report.explanations["distance_to_class"][row])
    assert np.isnan(report.explanations["class_gap"][row])
    assert np.isfinite(report.explanations["distance_to_any"]).all()
    assert np.isfinite(report.correlations["distance_to_class"])


def test_class_gap_and_frequency_by_hand():
    X, y, member = adult()
    tree = DecisionTreeClassifier(max_depth=8, random_state=0).fit(X[member], y[member])
    report = explain_exposure(tree, X, y, member, random_state=0)
    for label in (0, 1):
        rows, inside, outside = y == label, member & (y == label), ~member & (y == label)
        gap = tree.score(X[inside], y[inside]) - tree.score(X[outside], y[outside])
        np.testing.assert_allclose(report.explanations["class_gap"][rows], gap)
        share = np.mean(y[member] == label)
        np.testing.assert_allclose(report.explanations["class_frequency"][rows], share)


def test_given_explanations():
    X, y, member = scattered(60)
    target = Parzen().fit(X[member], y[member])
    found = record_sensitivity(target, X[member], y[member], rows=20, random_state=0)
    sensitivity = np.full(60, np.nan)
    sensitivity[np.flatnonzero(member)[found.rows]] = found.sensitivity
    report = explained(sensitivity=sensitivity, extra_explanations={"first": X[:, 0]})
    assert list(report.correlations) == [*NAMES, "first", "sensitivity"]
    rows = np.isfinite(sensitivity)
    expected = spearmanr(sensitivity[rows], report.exposure[rows]).statistic
    np.testing.assert_allclose(report.correlations["sensitivity"], expected)
    of_others = report.nonmember_correlations["sensitivity"]
    assert of_others.method == "undefined: it needs 10 records with both numbers, got 0"


# Points


def test_columns_count_in_standard_deviations_of_the_members():
    X, _, member = adult()
    expected = StandardScaler().fit(X[member]).transform(X)
    np.testing.assert_allclose(standardized(X, member), expected, rtol=1e-4, atol=1e-5)
    sparse = standardized(csr_array(X), member).toarray()
    np.testing.assert_allclose(cdist(sparse[:20], sparse), cdist(expected[:20], expected), 1e-6)


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_texts_count_by_equal_or_not(frame):
    number = [1.0, 2, 3, None, 2]
    X = frame({"number": number, "text": ["b", "a", "b", "c", None], "none": [None] * 5})
    points = standardized(X, np.ones(5, bool))
    deviation = np.std([1, 2, 3, 2])
    np.testing.assert_allclose(np.linalg.norm(points[0] - points[2]), 2 / deviation, rtol=1e-6)
    expected = np.hypot(1, 1 / deviation)
    np.testing.assert_allclose(np.linalg.norm(points[0] - points[1]), expected, rtol=1e-6)
    # a missing number counts as the mean, a missing text as a text of its own
    np.testing.assert_allclose(np.linalg.norm(points[1] - points[3]), 1, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(points[1] - points[4]), 1, rtol=1e-6)


def test_many_texts_stay_sparse(monkeypatch):
    X, known = pd.DataFrame({"a": ["x", "y", "z"], "b": [0.0, 1, 3]}), np.ones(3, bool)
    dense = standardized(X, known)
    monkeypatch.setattr(_distances, "_MOST_DENSE", 11)  # of 3 x 4 numbers
    sparse = standardized(X, known)
    assert issparse(sparse)
    np.testing.assert_array_equal(sparse.toarray(), dense)


@pytest.mark.parametrize("container", [pd.DataFrame, pl.DataFrame, csr_array])
def test_containers(container):
    X, y, member = adult(200)
    tree = DecisionTreeClassifier(max_depth=6, random_state=0).fit(X[member], y[member])
    expected = explain_exposure(tree, X, y, member, random_state=0)
    records, members = container(X), container(X[member])
    if container is not csr_array:
        tree = clone(tree).fit(members, y[member])
    found = explain_exposure(tree, records, y, member, random_state=0)
    np.testing.assert_array_equal(found.exposure, expected.exposure)
    for name in NAMES:
        ours, theirs = found.explanations[name], expected.explanations[name]
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
def test_hidden_layer_of_scikit_learn(activation):
    X, y, _ = adult(100)
    net = MLPClassifier((9, 5), activation=activation, max_iter=5, random_state=0)
    target = make_pipeline(StandardScaler(), net).fit(X, y % 2)
    hidden = hidden_layer(target, X)
    assert hidden.shape == (100, 5)
    values = (hidden @ net.coefs_[-1] + net.intercepts_[-1]).ravel()
    np.testing.assert_allclose(1 / (1 + np.exp(-values)), target.predict_proba(X)[:, 1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, csr_array])
def test_hidden_layer_of_skmia(dtype, container):
    X, y, _ = adult(450)
    X = container(StandardScaler().fit_transform(X).astype(dtype))
    net = RegularizedMLPClassifier((9, 5), dropout=0.5, max_epochs=1, random_state=0).fit(X, y)
    hidden = hidden_layer(net, X)
    assert hidden.dtype == dtype
    last = net.net_.module_[-1]
    logits = hidden @ last.weight.detach().numpy().T + last.bias.detach().numpy()
    np.testing.assert_allclose(softmax(logits, axis=1), net.predict_proba(X), rtol=1e-5, atol=1e-7)


def test_hidden_layer_behind_searches_recorders_and_frozen_ones():
    X, y, _ = adult(100)
    X = StandardScaler().fit_transform(X).astype(np.float32)
    net = RegularizedNet(nn.Sequential(nn.Linear(7, 4), nn.Tanh(), nn.Linear(4, 2)), max_epochs=1)
    net = net.set_params(verbose=0, random_state=0).fit(X, y)
    expected = hidden_layer(net, X)
    assert expected.shape == (100, 4)
    np.testing.assert_array_equal(hidden_layer(FrozenEstimator(net), X), expected)
    small = RegularizedMLPClassifier((3,), max_epochs=1, random_state=0)
    search = GridSearchCV(small, {"lr": [small.lr]}, cv=2).fit(X, y)
    expected = hidden_layer(search.best_estimator_, X)
    np.testing.assert_array_equal(hidden_layer(search, X), expected)
    recorder = MemberRecorder(small).fit(X, y)
    np.testing.assert_array_equal(hidden_layer(recorder, X), expected)


def test_distances_in_the_hidden_layer():
    X, y, member = adult(200)
    X = StandardScaler().fit_transform(X)
    net = RegularizedMLPClassifier((6,), max_epochs=2, random_state=0).fit(X[member], y[member])
    reports = [
        explain_exposure(net, X, y, member, embedding=embedding, random_state=0)
        for embedding in ("hidden", lambda X: hidden_layer(net, X), hidden_layer(net, X))
    ]
    for report in reports[1:]:
        for name in NAMES:
            expected = reports[0].explanations[name]
            np.testing.assert_array_equal(report.explanations[name], expected)
    plain = explain_exposure(net, X, y, member, random_state=0).explanations
    assert not np.allclose(plain["distance_to_any"], expected)


# Exposure


@pytest.mark.parametrize("kind", ["risk", "score"])
def test_no_record_is_measured_by_what_was_fitted_on_it(kind):
    X, y, member = scattered(120)
    X[60:63], y[60:63], member[60:63] = X[0], y[0], member[0]
    target = Parzen().fit(X[member], y[member])
    fits = []

    class Spy(MetricAttack):
        def _fit(self, X, y, membership):
            fits.append((X, y, membership))

    attack = Spy(signal="confidence", n_bins=4)
    report = explain_exposure(target, X, y, member, attack=attack, exposure=kind, random_state=0)
    assert attack.target is None
    assert len(fits) == 2
    (first, *_), (second, *_) = fits
    assert len(first) + len(second) == 120
    in_first, in_second = ((X[:, None] == half).all(-1).any(-1) for half in (first, second))
    assert (in_first != in_second).all()
    for known, (half_X, half_y, half_member) in zip((in_first, in_second), fits, strict=True):
        fitted = MetricAttack(target, signal="confidence", n_bins=4)
        fitted.fit(half_X, half_y, half_member)
        rest = ~known
        risk = fitted.predict_proba(X[rest], y[rest])[:, 1]
        scores = fitted.score_samples(X[rest], y[rest])
        expected = risk if kind == "risk" else scores
        np.testing.assert_array_equal(report.exposure[rest], expected)


def test_a_fitted_attack_is_used_as_it_is():
    X, y, member = scattered(200)
    target = Parzen().fit(X[member], y[member])
    known = np.arange(200) < 100
    attack = MetricAttack(target, signal="entropy").fit(X[known], y[known], member[known])
    measured = X[~known], y[~known], member[~known]
    risk = explain_exposure(target, *measured, attack=attack, random_state=0)
    np.testing.assert_array_equal(risk.exposure, attack.predict_proba(*measured[:2])[:, 1])
    scores = explain_exposure(target, *measured, attack=attack, exposure="score", random_state=0)
    np.testing.assert_array_equal(scores.exposure, attack.score_samples(*measured[:2]))
    with pytest.raises(ValueError, match="The attack was fitted on another target"):
        explain_exposure(Parzen().fit(*measured[:2]), *measured, attack=attack)


def test_the_seed_fixes_all():
    X, y, member = adult(200)
    tree = DecisionTreeClassifier(max_depth=6, random_state=0).fit(X[member], y[member])
    options = {"attack": LiRA(shadows=4), "n_resamples": 50}
    first, again, other = (
        explain_exposure(tree, X, y, member, **options, random_state=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.exposure, again.exposure)
    assert first.correlations == again.correlations
    assert not np.array_equal(first.exposure, other.exposure)


def test_a_target_that_remembers_its_members():
    X, y, member = adult(200)
    tree = MemberRecorder(DecisionTreeClassifier(random_state=0)).fit(X[member], y[member])
    report = explain_exposure(tree, X, y, random_state=0)
    np.testing.assert_array_equal(report.membership, tree.membership_of(X, y))


# Known answers


def test_planted_exposure_of_outliers_is_found():
    X, y, member = scattered(600)
    target = Parzen().fit(X[member], y[member])
    options = {"embedding": X, "n_resamples": 200, "random_state": 0}
    for exposure in ("risk", "score"):
        report = explain_exposure(target, X, y, member, exposure=exposure, **options)
        for name in ("distance_to_class", "distance_to_any"):
            assert report.correlations[name].low > 0.5
            assert report.nonmember_correlations[name].high < 0.5


def test_planted_exposure_of_sensitive_records_is_found():
    # members in pairs of two labels, pairs far from each other: the farther its partner, the surer
    # the answer to a record is its own label, and without it the answer is its partner's
    gaps = np.linspace(0.1, 1.5, 30)
    first = np.column_stack([100.0 * np.arange(30), np.zeros(30)])
    second = first + np.column_stack([gaps, np.zeros(30)])
    X, y = np.concatenate([first, second, first + 30, second + 30]), np.repeat([0, 1, 0, 1], 30)
    member = np.repeat([1, 0], 60)
    target = Parzen().fit(X[:60], y[:60])
    found = record_sensitivity(target, X[:60], y[:60])
    sure = 1 / (1 + np.exp(-(np.r_[gaps, gaps] ** 2) / 0.5))
    np.testing.assert_allclose(found.sensitivity, np.sqrt(2) * sure)
    sensitivity = np.r_[found.sensitivity, np.full(60, np.nan)]
    report = explain_exposure(
        target,
        X,
        y,
        member,
        attack=MetricAttack(signal="confidence"),
        exposure="score",
        sensitivity=sensitivity,
        n_neighbors=1,
        embedding=X,
        random_state=0,
    )
    assert report.correlations["sensitivity"].low > 0.98
    assert report.correlations["distance_to_any"].low > 0.98


def test_what_the_target_never_saw_is_not_explained():
    # its answers follow a column that the distances know nothing of
    covered = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(240, 3)), rng.integers(2, size=240)
        model = LogisticRegression().fit(rng.normal(size=(50, 3)) * [1, 0, 0], [0, 1] * 25)
        report = explain_exposure(
            model, X, y, np.arange(240) % 2, embedding=X[:, 1:], n_resamples=99, random_state=seed
        )
        estimate = report.correlations["distance_to_any"]
        covered.append(estimate.low <= 0 <= estimate.high)
    assert sum(covered) >= 9  # fewer in 1 of 450 cases at a coverage of 95 %


def test_hard_records_correlate_on_both_sides_of_a_target_that_saw_none():
    X, y, member = adult(1500)
    X = StandardScaler().fit_transform(X)
    model = LogisticRegression().fit(X[1200:], y[1200:])
    X, y, member = X[:1200], y[:1200], member[:1200]
    report = explain_exposure(
        model, X, y, member, exposure="score", n_resamples=200, random_state=0
    )
    of_members, of_others = (
        estimates["distance_to_class"]
        for estimates in (report.correlations, report.nonmember_correlations)
    )
    assert of_members.high < 0  # far from its class, a record is hard for any model
    assert of_others.low < of_members < of_others.high


# Correlations


def test_correlation_is_scipys():
    rng = np.random.default_rng(0)
    first = rng.normal(size=80)
    second = np.round(first + rng.normal(size=80))
    first[:7] = np.nan
    options = {"confidence_level": 0.9, "n_resamples": 300, "random_state": 0}
    found = rank_correlation(first, second, **options)
    np.testing.assert_allclose(found, spearmanr(first[7:], second[7:]).statistic)
    assert found.low < found < found.high
    wider = rank_correlation(first, second, **options | {"confidence_level": 0.99})
    assert wider.low < found.low < found.high < wider.high


def test_resamples_are_ranked_anew():
    rng = np.random.default_rng(0)
    first = rng.integers(6, size=40).astype(float)  # many ties
    second = first + rng.integers(9, size=40)
    found = rank_correlation(first, second, confidence_level=0.9, n_resamples=60, random_state=0)
    rows = np.random.RandomState(0).randint(0, 40, size=(60, 40))
    values = [spearmanr(first[drawn], second[drawn]).statistic for drawn in rows]
    np.testing.assert_allclose([found.low, found.high], np.quantile(values, [0.05, 0.95]))


def test_interval_covers_where_one_spreads_with_the_other():
    rng = np.random.default_rng(0)
    first = np.abs(rng.normal(size=200_000))
    truth = spearmanr(first, (first - 0.5) * rng.normal(size=200_000)).statistic
    covered = 0
    for seed in range(60):
        first = np.abs(rng.normal(size=150))
        second = (first - 0.5) * rng.normal(size=150)
        found = rank_correlation(
            first, second, confidence_level=0.95, n_resamples=199, random_state=seed
        )
        covered += found.low <= truth <= found.high
    assert covered >= 52  # of 60; fewer in 1 of 300 cases at a coverage of 95 %


def test_few_values_and_rare_ones():
    options = {"confidence_level": 0.95, "n_resamples": 200, "random_state": 0}
    first = np.zeros(30)
    first[0] = 1  # constant in a third of the resamples
    found = rank_correlation(first, np.arange(30.0), **options)
    assert -1 <= found.low <= found <= found.high <= 1


def test_undefined_correlations_say_why():
    X, y, member = scattered(60)
    tree = DecisionTreeClassifier(random_state=0).fit(X[member], y[member])  # certain of members
    report = explain_exposure(tree, X, y, member, exposure="score", random_state=0)
    assert set(report.correlations) == set(NAMES)
    for estimate in report.correlations.values():
        assert np.isnan(estimate)
        assert estimate.method == "undefined: exposure is the same for all 30 records"
    report = explained(extra_explanations={"flat": np.ones(60)})
    assert report.correlations["flat"].method == "undefined: flat is the same for all 30 records"


# Reports and messages


def test_report_as_text_and_frame():
    report = explained()
    lines = str(report).splitlines()
    assert lines[0] == "Rank correlation with exposure"
    assert lines[1].split() == ["members", "non-members"]
    assert [line.split()[0] for line in lines[3:]] == NAMES
    assert str(report.correlations["class_gap"]) in lines[3]
    assert repr(report).startswith("ExposureReport(exposure=<ndarray of shape (60,)>, membership=")
    frame = report.to_frame()
    assert list(frame.columns) == ["exposure", "membership", *NAMES]
    np.testing.assert_array_equal(frame["exposure"], report.exposure)
    assert report == explained()
    assert report == ExposureReport.from_json(report.to_json())


def test_frames_need_pandas(monkeypatch):
    report = explained()
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="to_frame needs pandas"):
        report.to_frame()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"exposure": "scores"}, "'exposure' parameter of .* Got 'scores' "),
        ({"n_neighbors": 0}, "'n_neighbors' parameter of .* Got 0 "),
        ({"n_resamples": 0}, "'n_resamples' parameter of .* Got 0 "),
        ({"confidence_level": 95}, "'confidence_level' parameter of .* Got 95 "),
        ({"sensitivity": [1.0]}, "sensitivity must hold one number per record.*expected 60, got 1"),
        (
            {"extra_explanations": {"a": np.full(60, np.inf)}},
            "a must hold one number.*60 of them infinite",
        ),
        (
            {"extra_explanations": {"class_gap": np.ones(60)}},
            r"extra_explanations has \['class_gap'\], .* other names",
        ),
        ({"embedding": "last"}, "'embedding' parameter of .* Got 'last' "),
        ({"embedding": np.zeros((59, 2))}, "inconsistent numbers of samples"),
        ({"embedding": np.full((60, 2), np.nan)}, "embedding contains NaN"),
        ({"embedding": "hidden"}, "embedding='hidden' needs a network, .* got Parzen"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        explained(**options)


def test_wrong_targets_and_membership():
    X, y, member = scattered(60)
    with pytest.raises(NotFittedError):
        explain_exposure(RandomForestClassifier(), X, y, member)
    target = Parzen().fit(X, y)
    with pytest.raises(
        ValueError, match=r"give membership .* or wrap the classifier in a MemberRecorder"
    ):
        explain_exposure(target, X, y)
    with pytest.raises(ValueError, match="got members only"):
        explain_exposure(target, X, y, np.ones(60))
    one = np.arange(60) == 3
    with pytest.raises(ValueError, match="the members do not make up two"):
        explain_exposure(target, X, y, one)


def test_a_network_without_a_linear_layer_has_no_hidden_one():
    X, y, _ = adult(40)
    net = RegularizedNet(nn.Sequential(nn.Unflatten(1, (1, 7)), nn.Conv1d(1, 2, 7), nn.Flatten()))
    net = net.set_params(verbose=0, max_epochs=1, random_state=0)
    net.fit(StandardScaler().fit_transform(X).astype(np.float32), y)
    with pytest.raises(ValueError, match=r"(?s)enters the last linear layer, and .* has none"):
        hidden_layer(net, X.astype(np.float32))
