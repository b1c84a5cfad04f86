"""All properties of a fitted classifier at once."""

import json

import numpy as np
import pytest
from estimates import numbers
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from imblearn.under_sampling import RandomUnderSampler
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    RidgeClassifier,
    SGDClassifier,
)
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skmia.datasets import load_adult
from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    mia_indistinguishability_deviation,
    predictive_fairness_difference,
)
from skmia.model_selection import MemberRecorder
from skmia.neural_network import L2, RegularizedMLPClassifier
from skmia.properties import (
    PropertyReport,
    generalization_gap,
    property_report,
    record_parameter_mi,
)
from skmia.properties._property_report import architecture_of, first_layer_of

FRAME, LABELS = load_adult(split="test", return_X_y=True, as_frame=True)
FRAME, LABELS = FRAME[:1500].drop(columns="native-country"), LABELS[:1500]
SEX = FRAME["sex"]
MEMBERSHIP = np.arange(1500) % 3 == 0
TEXTS = FRAME.select_dtypes(exclude="number").columns.tolist()
PREPARED = make_column_transformer(
    (OneHotEncoder(handle_unknown="ignore", sparse_output=False), TEXTS),
    remainder=StandardScaler(),
)
X = PREPARED.fit_transform(FRAME)
Y = (LABELS == ">50K").to_numpy().astype(int)


def fitted(classifier):
    return clone(classifier).fit(X[MEMBERSHIP], Y[MEMBERSHIP])


TREE = fitted(DecisionTreeClassifier(random_state=0))


def test_tree_that_knows_its_members_by_heart():
    report = property_report(TREE, X, Y, MEMBERSHIP, sensitive_features=SEX, random_state=0)
    predicted = TREE.predict(X)
    assert isinstance(report, PropertyReport)
    assert (report.n_members, report.n_nonmembers) == (500, 1000)
    assert report.member_accuracy == 1
    accuracy = (predicted == Y)[~MEMBERSHIP].mean()
    assert report.nonmember_accuracy == pytest.approx(accuracy)
    assert report.generalization_gap == generalization_gap(MEMBERSHIP, Y, predicted)
    assert report.generalization_gap.low > 0.1
    deviation = mia_indistinguishability_deviation(MEMBERSHIP, predicted, smoothing=0.5)
    assert report.indistinguishability_deviation == deviation
    group = demographic_parity_difference(Y, predicted, sensitive_features=SEX)
    assert report.demographic_parity_difference == group
    predictive = predictive_fairness_difference(Y, predicted, sensitive_features=SEX)
    assert report.predictive_fairness_difference == predictive
    individual = individual_fairness_deviation(
        Y, TREE.predict_proba(X), sensitive_features=SEX, n_pairs=100_000, random_state=0
    )
    assert report.individual_fairness_deviation == pytest.approx(individual, abs=0.02)
    assert report.record_parameter_mi_mean is report.record_parameter_mi_max is None
    assert report.notes == ()


def test_its_forms():
    report = property_report(TREE, X, Y, MEMBERSHIP, sensitive_features=SEX, random_state=0)
    gaps = generalization_gap(MEMBERSHIP, Y, TREE.predict(X), per_class=True)
    frame = report.to_frame()
    assert frame.index.tolist() == [0, 1]
    assert frame["members"].tolist() == np.bincount(Y[MEMBERSHIP]).tolist()
    assert frame["nonmembers"].tolist() == np.bincount(Y[~MEMBERSHIP]).tolist()
    assert frame.loc[1, ["gap", "gap_low", "gap_high"]].tolist() == list(numbers(gaps[1]))
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["generalization_gap"]["value"] == report.generalization_gap
    text = str(report)
    assert text.startswith("Properties of DecisionTreeClassifier\narchitecture: depth ")
    assert f"accuracy: {report.member_accuracy} on 500 members" in text
    assert "group fairness" in text
    assert "mostly noise" not in text


def test_fairness_is_only_that_of_the_groups_named():
    race = FRAME["race"]
    groups = ["White", "Black"]
    report = property_report(
        TREE, X, Y, MEMBERSHIP, sensitive_features=race, compared_groups=groups
    )
    group = demographic_parity_difference(
        Y, TREE.predict(X), sensitive_features=race, compared_groups=groups
    )
    assert report.demographic_parity_difference == group
    assert property_report(TREE, X, Y, MEMBERSHIP).demographic_parity_difference is None


def test_without_probabilities():
    report = property_report(fitted(LinearSVC()), X, Y, MEMBERSHIP, sensitive_features=SEX)
    assert report.individual_fairness_deviation is None
    assert "individual fairness deviation: -" in str(report)
    assert report.demographic_parity_difference >= 0


def test_pipeline_and_search():
    model = LogisticRegression(max_iter=2000)
    pipeline = make_pipeline(clone(PREPARED), model)
    rows = np.flatnonzero(MEMBERSHIP)
    search = GridSearchCV(pipeline, {"logisticregression__C": [0.01]}, cv=2)
    search.fit(FRAME.iloc[rows], LABELS.iloc[rows])
    report = property_report(search, FRAME, LABELS, MEMBERSHIP, random_state=0)
    assert report.target == "LogisticRegression"
    assert report.architecture["C"] == 0.01
    best = search.best_estimator_
    seen = best[:-1].transform(FRAME.iloc[rows])
    expected = record_parameter_mi(seen, best[-1].coef_.T, random_state=1)
    assert report.record_parameter_mi_mean == pytest.approx(expected.mean(), rel=0.1)
    assert [row["class"] for row in report.classes] == ["<=50K", ">50K"]
    again = property_report(search, FRAME, LABELS, MEMBERSHIP, random_state=0)
    assert again.to_dict() == report.to_dict()
    assert "record-parameter information, mostly noise" in str(report)


def test_what_resamples_is_passed_over_and_noted():
    pipeline = make_resampling_pipeline(
        StandardScaler(), RandomUnderSampler(random_state=0), LogisticRegression(max_iter=2000)
    ).fit(X[MEMBERSHIP], Y[MEMBERSHIP])
    report = property_report(pipeline, X, Y, MEMBERSHIP)
    assert report.record_parameter_mi_mean > 0
    assert "resamples the rows" in report.notes[0]
    assert f"\nNote: {report.notes[0][:50]}" in str(report)


def test_network_tells_its_members_itself():
    network = RegularizedMLPClassifier((8, 4), max_epochs=3, penalties=[L2(weight=0.1)])
    network.set_params(random_state=0)
    network = fitted(network)
    report = property_report(network, X, Y)
    # twins of members are members
    assert 500 <= report.n_members < 520
    assert report.architecture["depth"] == 2
    assert report.architecture["width"] == 8
    assert report.architecture["n_parameters"] == 8 * (X.shape[1] + 1) + 4 * 9 + 2 * 5
    assert "penalties [L2(weight=0.1)]" in str(report)
    first = next(network.net_.module_.parameters()).detach().numpy()
    np.testing.assert_array_equal(first_layer_of(network, X.shape[1]), first.T)
    assert report.record_parameter_mi_max > report.record_parameter_mi_mean > 0


def test_recorder_and_search_tell_the_members():
    recorder = fitted(MemberRecorder(DecisionTreeClassifier(random_state=0)))
    report = property_report(recorder, X, Y)
    assert report.target == "DecisionTreeClassifier"
    assert 500 <= report.n_members < 520
    search = GridSearchCV(MemberRecorder(GaussianNB()), {}, cv=2)
    assert property_report(fitted(search), X, Y).n_members == report.n_members
    around = MemberRecorder(GridSearchCV(GaussianNB(), {}, cv=2))
    assert property_report(fitted(around), X, Y).n_members == report.n_members


def size(classifier):
    known = architecture_of(fitted(classifier))
    return {name: known[name] for name in known if name[:2] in ("de", "wi", "n_")}


def test_architectures():
    n_features = X.shape[1]
    assert size(LogisticRegression(max_iter=2000)) == {
        "depth": 0,
        "width": 0,
        "n_parameters": n_features + 1,
    }
    network = MLPClassifier((6, 3), max_iter=2000, tol=0.1, random_state=0)
    assert size(network) == {
        "depth": 2,
        "width": 6,
        "n_parameters": 6 * (n_features + 1) + 3 * 7 + 4,
    }
    assert first_layer_of(fitted(network), n_features).shape == (n_features, 6)
    forest = fitted(RandomForestClassifier(7, max_depth=3, random_state=0))
    known = architecture_of(forest)
    assert (known["n_trees"], known["depth"], known["max_depth"]) == (7, 3, 3)
    assert known["n_leaves"] == sum(tree.get_n_leaves() for tree in forest.estimators_)
    assert size(GradientBoostingClassifier(n_estimators=5, max_depth=2))["n_trees"] == 5
    assert size(GaussianNB()) == {}
    assert architecture_of(fitted(SVC(C=0.5))) == {"C": 0.5, "kernel": "rbf"}
    ridge = RidgeClassifier(alpha=np.array([1.0, 2.0]))  # one for each of several targets
    assert architecture_of(ridge)["alpha"].tolist() == [1, 2]
    assert "architecture: not known" in str(property_report(fitted(GaussianNB()), X, Y, MEMBERSHIP))


def test_first_layers_that_are_none():
    n_features = X.shape[1]
    assert first_layer_of(TREE, n_features) is None
    sparse_model = fitted(SGDClassifier(random_state=0)).sparsify()
    assert first_layer_of(sparse_model, n_features).shape == (n_features, 1)
    few = LogisticRegression().fit(X[:, -4:], Y)
    assert property_report(few, X[:, -4:], Y, MEMBERSHIP).record_parameter_mi_mean is None


def test_refuses():
    with pytest.raises(ValueError, match="Who is a member is not known: give membership"):
        property_report(TREE, X, Y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        property_report(TREE, X, Y, MEMBERSHIP[1:])
    with pytest.raises(ValueError, match="got members only"):
        property_report(TREE, X, Y, np.ones(1500))
    with pytest.raises(TypeError, match="must be a classifier, got the regressor"):
        property_report(LinearRegression().fit(X, Y), X, Y, MEMBERSHIP)
    with pytest.raises(ValueError, match=r"'confidence_level' .* Got 2 "):
        property_report(TREE, X, Y, MEMBERSHIP, confidence_level=2)
