"""MetricAttack on real data, in the containers and tools that scikit-learn users work with."""

import warnings

import numpy as np
import polars as pl
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, KFold, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skmia import signals
from skmia.attacks import (
    BaseAttack,
    MetricAttack,
    best_threshold,
    class_thresholds,
    privacy_risk_scores,
)
from skmia.datasets import load_adult
from skmia.exceptions import CalibrationWarning

X, Y = load_breast_cancer(return_X_y=True)
MEMBERSHIP = (np.arange(len(X)) % 2 == 0).astype(int)


@pytest.fixture(scope="module")
def forest():
    return RandomForestClassifier(20, random_state=0).fit(X[::2], Y[::2])


@pytest.fixture(scope="module")
def adult():
    frame, target = load_adult(as_frame=True, return_X_y=True, split="train")
    return frame.iloc[:2000], target.iloc[:2000].to_numpy()


@pytest.mark.parametrize("name", signals.get_signal_names())
@pytest.mark.parametrize("per_class", [True, False])
def test_is_a_thin_shell_around_the_functions(forest, name, per_class):
    attack = MetricAttack(forest, signal=name, per_class=per_class).fit(X, Y, MEMBERSHIP)
    values = getattr(signals, name)(forest.predict_proba(X), Y)
    np.testing.assert_array_equal(attack.score_samples(X, Y), values)
    if name == "correctness":
        thresholds = np.ones(2)
    elif per_class:
        thresholds = class_thresholds(MEMBERSHIP, values, Y)
    else:
        thresholds = np.full(2, best_threshold(MEMBERSHIP, values))
    np.testing.assert_array_equal(attack.thresholds_, thresholds)
    called = values >= thresholds[Y]
    np.testing.assert_array_equal(attack.predict(X, Y), called)
    assert attack.score(X, Y, MEMBERSHIP) == balanced_accuracy_score(MEMBERSHIP, called)
    log_scale = name in ("entropy", "loss", "modified_entropy")
    index = {"y_index": Y, "calibration_y_index": Y} if per_class else {}
    risk = privacy_risk_scores(values, values, MEMBERSHIP, log_scale=log_scale, **index)
    np.testing.assert_array_equal(attack.predict_proba(X, Y)[:, 1], risk)


def test_signal_as_a_function(forest):
    attack = MetricAttack(forest, signal=lambda proba, y_index: proba.max(axis=1))
    scores = attack.fit(X, Y, MEMBERSHIP).score_samples(X, Y)
    np.testing.assert_array_equal(scores, forest.predict_proba(X).max(axis=1))


def test_prior_moves_the_risk_as_bayes_says(forest):
    even = MetricAttack(forest).fit(X, Y, MEMBERSHIP).predict_proba(X, Y)
    rare = MetricAttack(forest, prior=0.1).fit(X, Y, MEMBERSHIP).predict_proba(X, Y)
    expected = 0.1 * even[:, 1] / (0.1 * even[:, 1] + 0.9 * even[:, 0])
    np.testing.assert_allclose(rare[:, 1], expected)


def test_unknown_labels_are_predicted_ones(forest):
    attack = MetricAttack(forest).fit(X, Y, MEMBERSHIP)
    predicted = forest.predict(X)
    np.testing.assert_array_equal(attack.score_samples(X), attack.score_samples(X, predicted))
    np.testing.assert_array_equal(attack.predict_proba(X), attack.predict_proba(X, predicted))


def test_model_of_another_framework_that_gives_probabilities_alone(forest):
    class Remote:
        def predict_proba(self, X):
            return forest.predict_proba(X).astype(np.float32)

    attack = MetricAttack(Remote()).fit(X, Y, MEMBERSHIP)
    own = MetricAttack(forest).fit(X, Y, MEMBERSHIP)
    np.testing.assert_allclose(attack.score_samples(X), own.score_samples(X), rtol=1e-4, atol=1e-6)
    with pytest.raises(TypeError, match=r"Remote cannot be cloned. Give fit the known membership"):
        MetricAttack(Remote()).fit(X, Y)


def test_outsider_trains_a_shadow_of_the_target(forest):
    X_known, y_known = X[300:], Y[300:]
    attack = MetricAttack(forest, random_state=0).fit(X_known, y_known)
    again = MetricAttack(forest, random_state=0).fit(X_known, y_known)
    np.testing.assert_array_equal(attack.thresholds_, again.thresholds_)
    assert attack.target is forest


def test_label_only_response(forest):
    attack = MetricAttack(forest, response_method="predict").fit(X, Y, MEMBERSHIP)
    np.testing.assert_array_equal(attack.score_samples(X, Y) == 0, forest.predict(X) == Y)


def test_adult_frames_with_categories_in_pandas_and_polars_and_as_csr(adult):
    frame, y = adult
    frame = frame.astype(dict.fromkeys(frame.select_dtypes("int64"), "float64"))
    categorical = frame.select_dtypes("category").columns.tolist()
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=True), categorical),
        remainder=StandardScaler(),
        sparse_threshold=1,
    )
    tree = DecisionTreeClassifier(min_samples_leaf=3, random_state=0)
    membership = np.repeat([1, 0], 1000)
    # scikit-learn's encoder compares None with text in polars, so missing values get a name there
    named = frame.astype(dict.fromkeys(categorical, object)).fillna(dict.fromkeys(categorical, "?"))
    pandas_target = make_pipeline(encoder, tree).fit(named.iloc[:1000], y[:1000])
    expected = MetricAttack(pandas_target).fit(named, y, membership).score_samples(named, y)
    in_polars = pl.DataFrame({name: named[name].to_list() for name in named})
    polars_target = clone(pandas_target).fit(in_polars[:1000], y[:1000])
    encoded = pandas_target[0].transform(named).tocsr()
    cases = {
        "polars": (polars_target, in_polars),
        "csr": (pandas_target[-1], encoded),
        "dense": (pandas_target[-1], encoded.toarray()),
        "float32": (pandas_target[-1], encoded.toarray().astype(np.float32)),
    }
    for name, (target, records) in cases.items():
        scores = MetricAttack(target).fit(records, y, membership).score_samples(records, y)
        np.testing.assert_array_equal(scores, expected, err_msg=name)
    direct = make_pipeline(encoder, tree).fit(frame.iloc[:1000], y[:1000])
    by_category = MetricAttack(direct).fit(frame, y, membership).score_samples(frame, y)
    assert roc_auc_score(membership, by_category) > 0.52


def test_outsider_with_a_frame_and_a_shadow(adult):
    frame, y = adult
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), frame.select_dtypes("category").columns.tolist()),
        remainder="passthrough",
    )
    target = make_pipeline(encoder, DecisionTreeClassifier(random_state=0))
    target.fit(frame.iloc[:700], y[:700])
    attack = MetricAttack(target, random_state=0).fit(frame.iloc[1400:], y[1400:])
    membership = np.repeat([1, 0], 700)
    score = attack.score(frame.iloc[:1400], y[:1400], membership)
    # the tree knows its members by heart: half the generalization gap
    gap = target.score(frame[:700], y[:700]) - target.score(frame[700:1400], y[700:1400])
    assert score == pytest.approx(0.5 + gap / 2, abs=0.02)


def test_texts_as_records():
    texts = [f"word{i % 7} word{i % 11} word{i}" for i in range(60)]
    y = np.arange(60) % 2
    target = make_pipeline(TfidfVectorizer(), KNeighborsClassifier(1)).fit(texts[:30], y[:30])
    attack = MetricAttack(target).fit(texts, y, np.repeat([1, 0], 30))
    assert attack.score(texts, y, np.repeat([1, 0], 30)) > 0.5
    assert attack.score_samples(texts[:1], y[:1]).shape == (1,)


def test_fitted_search_and_target_without_probabilities():
    search = GridSearchCV(DecisionTreeClassifier(random_state=0), {"max_depth": [None]}, cv=2)
    search.fit(X[::2], Y[::2])
    assert MetricAttack(search, random_state=0).fit(X, Y).score(X, Y, MEMBERSHIP) > 0.5
    svc = make_pipeline(StandardScaler(), SVC()).fit(X[::2], Y[::2])
    scores = MetricAttack(svc).fit(X, Y, MEMBERSHIP).score_samples(X, Y)
    assert np.isfinite(scores).all()


def test_cross_validate_with_membership_as_metadata(forest):
    with config_context(enable_metadata_routing=True):
        attack = (
            MetricAttack(forest).set_fit_request(membership=True).set_score_request(membership=True)
        )
        folds = KFold(3, shuffle=True, random_state=0)
        result = cross_validate(attack, X, Y, params={"membership": MEMBERSHIP}, cv=folds)
    expected = []
    for known, rows in folds.split(X):
        fitted = MetricAttack(forest).fit(X[known], Y[known], MEMBERSHIP[known])
        expected.append(fitted.score(X[rows], Y[rows], MEMBERSHIP[rows]))
    np.testing.assert_array_equal(result["test_score"], expected)


def test_constant_probabilities_give_a_blind_guess():
    target = DummyClassifier(strategy="prior").fit(X[::2], Y[::2])
    attack = MetricAttack(target).fit(X, Y, MEMBERSHIP)
    assert attack.score(X, Y, MEMBERSHIP) == 0.5
    np.testing.assert_allclose(attack.predict_proba(X, Y), 0.5)


def test_class_missing_from_the_calibration_warns_and_uses_all_classes():
    X, y = load_iris(return_X_y=True)
    target = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    seen, membership = y < 2, np.arange(150) % 2 == 0
    with pytest.warns(CalibrationWarning, match=r"1 of 3 classes have no members .*\(2\)"):
        attack = MetricAttack(target).fit(X[seen], y[seen], membership[seen])
    assert attack.thresholds_[2] == attack.threshold_
    assert np.isfinite(attack.predict_proba(X[~seen], y[~seen])).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        MetricAttack(target, per_class=False).fit(X[seen], y[seen], membership[seen])


def test_labels_as_strings_and_a_label_the_target_does_not_know():
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    known = y < 2
    target = DecisionTreeClassifier(random_state=0).fit(X[known][::2], names[known][::2])
    attack = MetricAttack(target, signal="loss").fit(X, names, np.arange(150) % 2)
    np.testing.assert_array_equal(attack.target_classes_, ["setosa", "versicolor", "virginica"])
    np.testing.assert_allclose(attack.score_samples(X[~known], names[~known]), np.log(1e-30))
    assert attack.score_samples(X[:1], ["orchid"])[0] == pytest.approx(np.log(1e-30))


def test_target_with_nan_in_its_answer():
    class Broken(DummyClassifier):
        def predict_proba(self, X):
            return super().predict_proba(X) * np.nan

    target = Broken().fit(X, Y)
    with pytest.raises(ValueError, match=r"Broken.predict_proba returned NaN or infinity for 569"):
        MetricAttack(target).fit(X, Y, MEMBERSHIP)


@pytest.mark.parametrize(
    ("membership", "message"),
    [
        (np.ones(569), "must hold both members .1. and non-members .0., got members only"),
        (MEMBERSHIP[:5], "inconsistent numbers of samples"),
        (MEMBERSHIP + 1, r"must hold only 1 .member. and 0 .non-member., got values such as 2"),
    ],
)
def test_wrong_membership(forest, membership, message):
    with pytest.raises(ValueError, match=message):
        MetricAttack(forest).fit(X, Y, membership)
    fitted = MetricAttack(forest).fit(X, Y, MEMBERSHIP)
    with pytest.raises(ValueError, match=message):
        fitted.score(X, Y, membership)


def test_other_errors(forest):
    with pytest.raises(ValueError, match="Who is a member is not known"):
        MetricAttack(forest).fit(X, Y, MEMBERSHIP).score(X, Y)
    with pytest.raises(
        ValueError, match=r"labels in y are of type <U21.*for example .*0.*never be equal"
    ):
        MetricAttack(forest).fit(X, Y.astype(str), MEMBERSHIP)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        MetricAttack(forest).fit(X, Y + 0.5, MEMBERSHIP)
    with pytest.raises(ValueError, match=r"both of its sides.*n_samples=1\. Give"):
        MetricAttack(forest).fit(X[:1], Y[:1])
    with pytest.raises(NotImplementedError, match="must define _score_samples"):
        Nothing(forest).fit(X, Y, MEMBERSHIP)
    with pytest.raises(ValueError, match=r"one finite number per record: expected shape \(569,\)"):
        TooMany(forest).fit(X, Y, MEMBERSHIP)


class Nothing(MetricAttack):
    _score_samples = BaseAttack._score_samples


class TooMany(MetricAttack):
    def _score_samples(self, model, X, y):
        return np.zeros(3)


@pytest.mark.parametrize("parameter", sorted(MetricAttack._parameter_constraints))
def test_each_parameter_is_checked(forest, parameter):
    if parameter == "target":
        return
    attack = MetricAttack(forest).set_params(**{parameter: "surely not legal"})
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of MetricAttack must be"):
        attack.fit(X, Y, MEMBERSHIP)


def test_logistic_regression_on_adult_is_not_attackable(adult):
    frame, y = adult
    numeric = frame.select_dtypes("int64").to_numpy()
    target = make_pipeline(StandardScaler(), LogisticRegression()).fit(numeric[:1000], y[:1000])
    attack = MetricAttack(target).fit(numeric, y, np.repeat([1, 0], 1000))
    auc = roc_auc_score(np.repeat([1, 0], 1000), attack.score_samples(numeric, y))
    assert abs(auc - 0.5) < 1.96 * np.sqrt(2001 / (12 * 1000 * 1000))
