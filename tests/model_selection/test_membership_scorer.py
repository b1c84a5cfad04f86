"""What the scorers of leakage measure, and how they fit into scikit-learn's tools."""

import numpy as np
import pytest
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline as imblearn_pipeline
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, roc_auc_score
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
    train_test_split,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, scale
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_random_state

from skmia.attacks import BaseAttack, MetricAttack
from skmia.datasets import load_adult
from skmia.exceptions import MembershipWarning, ResolutionWarning
from skmia.metrics import membership_roc_auc, mia_indistinguishability_deviation
from skmia.model_selection import MemberRecorder, get_scorer_names, make_membership_scorer
from skmia.model_selection._members import MembersAndOthers
from skmia.model_selection._membership_scorer import _matched
from skmia.shadows import shadow_template
from skmia.signals import confidence, modified_entropy

X, Y = load_breast_cancer(return_X_y=True)
METRICS = [
    "balanced_accuracy",
    "advantage",
    "indistinguishability_deviation",
    "roc_auc",
    "tpr_at_fpr",
]


@pytest.fixture(scope="module")
def adult():
    frame, target = load_adult(as_frame=True, return_X_y=True, split="train")
    return frame.iloc[:4000], target.iloc[:4000]


@pytest.fixture(scope="module")
def few(adult):
    return [part.iloc[:1000] for part in adult]


def on_adult(classifier):
    encoder = make_column_transformer(
        (
            OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
            make_column_selector(dtype_include="category"),
        ),
        remainder="passthrough",
    )
    return make_pipeline(encoder, classifier)


class ShadowDistance(BaseAttack):
    """An attack that trains shadow models: how much surer the target is than its clones."""

    def __init__(
        self,
        target=None,
        *,
        n_shadows=2,
        per_class=True,
        n_bins=5,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target, self.n_shadows, self.per_class, self.n_bins = (
            target,
            n_shadows,
            per_class,
            n_bins,
        )
        self.prior, self.response_method = prior, response_method
        self.random_state, self.n_jobs = random_state, n_jobs

    def _fit(self, X, y, membership):
        rng = check_random_state(self.random_state)
        self.shadows_ = []
        for _ in range(self.n_shadows):
            rows = rng.choice(len(y), len(y) // 2, replace=False)
            records = X.iloc[rows] if hasattr(X, "iloc") else X[rows]
            self.shadows_.append(shadow_template(self.target).fit(records, y[rows]))

    def _score_samples(self, model, X, y):
        shadows = [self._observe(shadow, X, y, "confidence") for shadow in self.shadows_]
        return self._observe(model, X, y, "confidence") - np.mean(shadows, axis=0)


def halves():
    """Return as many members as non-members of each class, so that none is left out."""
    rows = np.concatenate([np.flatnonzero(label == Y)[:200] for label in (0, 1)])
    return train_test_split(X[rows], Y[rows], test_size=0.5, stratify=Y[rows], random_state=0)


def test_the_auc_is_that_of_the_signal_on_all_records():
    X_train, X_test, y_train, y_test = halves()
    forest = MemberRecorder(RandomForestClassifier(20, random_state=0)).fit(X_train, y_train)
    membership = np.repeat([1, 0], 200)
    for signal, function in (("modified_entropy", modified_entropy), ("confidence", confidence)):
        values = [
            function(forest.predict_proba(records), labels)
            for records, labels in ((X_train, y_train), (X_test, y_test))
        ]
        scorer = make_membership_scorer("roc_auc", attack=MetricAttack(signal=signal))
        expected = roc_auc_score(membership, np.concatenate(values))
        assert scorer(forest, X_test, y_test) == pytest.approx(-expected, abs=1e-12)
    own = make_membership_scorer(roc_auc_score, attack=MetricAttack(signal="confidence"))
    assert own(forest, X_test, y_test) == pytest.approx(-expected, abs=1e-12)


def test_accuracy_and_advantage_of_the_attack_that_needs_no_threshold():
    X_train, X_test, y_train, y_test = halves()
    tree = MemberRecorder(DecisionTreeClassifier(random_state=0)).fit(X_train, y_train)
    scorer = make_membership_scorer(
        ["balanced_accuracy", "advantage"], attack=MetricAttack(signal="correctness")
    )
    gap = tree.score(X_train, y_train) - tree.score(X_test, y_test)
    assert gap > 0.03
    scores = scorer(tree, X_test, y_test)
    assert scores["neg_mia_advantage"] == pytest.approx(-gap, abs=1e-12)
    assert scores["neg_mia_balanced_accuracy"] == pytest.approx(-(1 + gap) / 2, abs=1e-12)


def test_the_rate_among_tied_scores_is_that_of_drawing_lots():
    X_train, X_test, y_train, y_test = halves()
    attack = MetricAttack(signal="correctness")
    tree = MemberRecorder(DecisionTreeClassifier(random_state=0)).fit(X_train, y_train)
    right = tree.score(X_test, y_test)  # all members are right, and so are these non-members
    for fpr in (0.01, 0.1, 0.5):
        score = make_membership_scorer("tpr_at_fpr", false_positive_rate=fpr, attack=attack)(
            tree, X_test, y_test
        )
        assert score == pytest.approx(-fpr / right, abs=1e-12)
        dummy = MemberRecorder(DummyClassifier()).fit(X_train, y_train)
        blind = make_membership_scorer("tpr_at_fpr", false_positive_rate=fpr)(dummy, X_test, y_test)
        assert blind == pytest.approx(-fpr, abs=1e-12)


def test_indistinguishability_of_predicted_labels():
    X_train, X_test, y_train, y_test = halves()
    tree = MemberRecorder(DecisionTreeClassifier(max_depth=2)).fit(X_train, y_train)
    predicted = np.concatenate([tree.predict(X_train), tree.predict(X_test)])
    expected = mia_indistinguishability_deviation(np.repeat([1, 0], 200), predicted, smoothing=0.5)
    score = make_membership_scorer("indistinguishability_deviation")(tree, X_test, y_test)
    assert score == pytest.approx(-expected, abs=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_the_sign(metric):
    """A model that knows its rows by heart must come out below one that knows nothing."""
    y = np.random.default_rng(0).integers(0, 2, len(X))
    scorer = make_membership_scorer(metric, pool=(X, y), false_positive_rate=0.1)
    one = make_membership_scorer([metric], pool=(X, y), false_positive_rate=0.1)
    options = {"cv": 2, "error_score": "raise"}
    tells = cross_val_score(DecisionTreeClassifier(random_state=0), X, y, scoring=scorer, **options)
    nothing = cross_val_score(DummyClassifier(), X, y, scoring=scorer, **options)
    if metric != "indistinguishability_deviation":
        assert tells.max() < nothing.min()
    assert tells.max() <= 0
    names = cross_validate(DummyClassifier(), X, y, scoring=one, **options)
    assert f"test_neg_mia_{metric}" in names


def test_names_are_negative_and_higher_for_the_more_private():
    forest = MemberRecorder(RandomForestClassifier(5, max_features=None, random_state=0))
    y = np.random.default_rng(0).integers(0, 2, len(X))
    names = [name for name in get_scorer_names() if "mia" in name]
    options = {"cv": 2, "scoring": names, "error_score": "raise"}
    full = cross_validate(forest, X, y, **options)
    coarse = cross_validate(forest.set_params(estimator__min_samples_leaf=100), X, y, **options)
    for name in names:
        assert full[f"test_{name}"].mean() < coarse[f"test_{name}"].mean()
        assert full[f"test_{name}"].mean() < 0


@pytest.mark.parametrize("n_runs", [12, pytest.param(200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("strategy", ["prior", "stratified", "constant"])
def test_null_on_noise_labels_with_a_model_that_ignores_the_records(strategy, n_runs):
    scores = []
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        records, y = rng.normal(size=(90, 2)), rng.integers(0, 2, 90)
        # an integer seed would answer members and non-members with the same draws, and the
        # scorer's seed with the draws that split them into halves
        dummy = DummyClassifier(
            strategy=strategy, constant=1, random_state=np.random.RandomState(1000 + seed)
        )
        scorer = make_membership_scorer(
            ["roc_auc", "balanced_accuracy"], pool=(records, y), random_state=seed
        )
        found = cross_validate(dummy, records, y, cv=KFold(2), scoring=scorer, error_score="raise")
        scores.append(
            [-found[f"test_neg_mia_{m}"].mean() for m in ("roc_auc", "balanced_accuracy")]
        )
    mean = np.mean(scores, axis=0)
    standard_error = np.std(scores, axis=0, ddof=1) / np.sqrt(n_runs)
    # six comparisons: three standard errors; a model without any spread must be right exactly
    assert (np.abs(mean - 0.5) <= 3 * standard_error + 1e-12).all()


def test_deeper_trees_leak_more(adult):
    scorer = make_membership_scorer(["balanced_accuracy", "advantage", "roc_auc"], pool=adult)
    means = []
    for depth in (1, 5, None):
        tree = on_adult(DecisionTreeClassifier(max_depth=depth, random_state=0))
        scores = cross_validate(tree, *adult, cv=3, scoring=scorer, error_score="raise")
        means.append(
            [
                -scores[f"test_neg_mia_{m}"].mean()
                for m in ("balanced_accuracy", "advantage", "roc_auc")
            ]
        )
    shallow, middle, full = means
    assert (np.array(shallow) < middle).all()
    assert (np.array(middle) < full).all()
    assert full[2] > 0.58
    assert abs(shallow[2] - 0.5) < 0.02


def test_pool_and_recorder_agree_in_a_search_with_pandas_and_two_jobs(few):
    frame, y = few
    forest = on_adult(RandomForestClassifier(10, random_state=0))
    found = []
    for estimator, prefix, pool in (
        (forest, "", few),
        (MemberRecorder(forest), "estimator__", None),
    ):
        scorer = make_membership_scorer(["roc_auc"], pool=pool, scoring=["accuracy"])
        grid = {f"{prefix}randomforestclassifier__min_samples_leaf": [1, 20]}
        search = GridSearchCV(
            estimator, grid, scoring=scorer, cv=3, n_jobs=2, refit="accuracy", error_score="raise"
        )
        found.append(search.fit(frame, y).cv_results_["mean_test_neg_mia_roc_auc"])
    np.testing.assert_array_equal(*found)
    assert found[0][0] < found[0][1] - 0.05


def test_other_scorers_are_reported_along():
    tree = MemberRecorder(DecisionTreeClassifier(random_state=0)).fit(X[::2], Y[::2])
    for scoring, names in (
        (["accuracy", "f1"], ["accuracy", "f1"]),
        ("accuracy", ["accuracy"]),
        ({"f1": "f1"}, ["f1"]),
        (get_scorer("accuracy"), ["score"]),
    ):
        scores = make_membership_scorer("roc_auc", scoring=scoring)(tree, X[1::2], Y[1::2])
        assert list(scores) == [*names, "neg_mia_roc_auc"]
        assert scores[names[-1]] > 0.8


def test_reproducible_and_seeds_differ():
    tree = MemberRecorder(GaussianNB()).fit(X[:400], Y[:400])
    scorer = make_membership_scorer("balanced_accuracy")
    assert scorer(tree, X[400:], Y[400:]) == scorer(tree, X[400:], Y[400:])
    seeds = [
        make_membership_scorer("balanced_accuracy", random_state=seed)(tree, X[400:], Y[400:])
        for seed in range(5)
    ]
    assert len(set(seeds)) > 1


def test_an_attack_that_trains_shadows_of_the_candidate(few):
    frame, y = few
    forest = on_adult(RandomForestClassifier(5, random_state=0))
    template = ShadowDistance(random_state=0)
    scorer = make_membership_scorer("roc_auc", attack=template, pool=few)
    search = GridSearchCV(
        forest,
        {"randomforestclassifier__min_samples_leaf": [1, 20]},
        scoring=scorer,
        cv=2,
        refit=False,
        error_score="raise",
    ).fit(frame, y)
    full, coarse = -search.cv_results_["mean_test_score"]
    assert full > 0.6
    assert full > coarse + 0.05
    assert template.target is None
    assert not hasattr(template, "shadows_")
    recorded = cross_val_score(
        MemberRecorder(forest),
        frame,
        y,
        cv=2,
        scoring=make_membership_scorer("roc_auc", attack=clone(template)),
        error_score="raise",
    )
    assert -recorded.mean() > 0.6


def test_metadata_routing_on():
    weights = np.ones(len(X))
    with config_context(enable_metadata_routing=True):
        logistic = LogisticRegression().set_fit_request(sample_weight=True)
        records = scale(X)
        pooled = make_membership_scorer(["roc_auc"], pool=(records, Y))
        options = {"cv": 2, "params": {"sample_weight": weights}, "error_score": "raise"}
        direct = cross_validate(logistic, records, Y, scoring=pooled, **options)
        recorded = cross_validate(
            MemberRecorder(logistic), records, Y, scoring=["neg_mia_roc_auc"], **options
        )
        name = "test_neg_mia_roc_auc"
        np.testing.assert_array_equal(direct[name], recorded[name])
        search = GridSearchCV(
            MemberRecorder(logistic),
            {"estimator__C": [0.1, 1]},
            scoring="neg_mia_balanced_accuracy",
            error_score="raise",
        ).fit(records, Y, sample_weight=weights)
        assert (search.cv_results_["mean_test_score"] < 0).all()


def test_three_classes_and_string_labels():
    records, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    knn = KNeighborsClassifier(1)
    scores = [
        cross_val_score(
            knn,
            records,
            labels,
            cv=StratifiedKFold(3),
            scoring=make_membership_scorer("roc_auc", pool=(records, labels)),
            error_score="raise",
        )
        for labels in (y, names)
    ]
    np.testing.assert_array_equal(*scores)


def test_a_classifier_without_predict_proba():
    svm = MemberRecorder(LinearSVC()).fit(X[::2], Y[::2])
    assert -1 <= make_membership_scorer("roc_auc")(svm, X[1::2], Y[1::2]) <= 0
    needs = make_membership_scorer("roc_auc", attack=MetricAttack(response_method="predict_proba"))
    with pytest.raises(ValueError, match="has none of the methods predict_proba"):
        needs(svm, X[1::2], Y[1::2])


def test_members_that_are_not_known():
    tree = DecisionTreeClassifier().fit(X, Y)
    for estimator in (tree, make_pipeline(OrdinalEncoder(), tree)):
        with pytest.raises(ValueError, match=r"MemberRecorder\(classifier\).*pool=\(X, y\)"):
            get_scorer("neg_mia_balanced_accuracy")(estimator, X, Y)
    with pytest.raises(ValueError, match="does not know which records DecisionTreeClassifier"):
        cross_val_score(tree, X, Y, scoring="neg_mia_roc_auc", error_score="raise")


def test_folds_that_do_not_allow_to_measure():
    order = np.argsort(Y, kind="stable")
    records, y = X[order], Y[order]
    scorer = make_membership_scorer("roc_auc", pool=(records, y))
    with pytest.raises(ValueError, match=r"the evaluation fold holds \[0\].*StratifiedKFold"):
        cross_val_score(GaussianNB(), records, y, cv=KFold(5), scoring=scorer, error_score="raise")
    rows = np.r_[:6, 300:306]
    scorer = make_membership_scorer("roc_auc", pool=(X[rows], Y[rows]))
    few = [(np.r_[0:5, 6:11], np.array([5, 11]))]
    y = np.repeat([0, 1], 6)
    scorer = make_membership_scorer("roc_auc", pool=(X[rows], y))
    with pytest.raises(ValueError, match="10 members and 2 non-members"):
        cross_val_score(GaussianNB(), X[rows], y, cv=few, scoring=scorer, error_score="raise")


def test_a_rate_that_the_fold_does_not_resolve():
    scorer = make_membership_scorer(["tpr_at_fpr", "roc_auc"], pool=(X, Y))
    with pytest.warns(ResolutionWarning, match="needs at least 100 non-members"):
        scores = cross_validate(GaussianNB(), X, Y, cv=10, scoring=scorer, error_score="raise")
    assert np.isnan(scores["test_neg_mia_tpr_at_fpr"]).all()
    assert np.isfinite(scores["test_neg_mia_roc_auc"]).all()


def test_halves_members_and_others_are_alike_in_each_class():
    rng = np.random.default_rng(0)
    y = (rng.choice(5, 400, p=[0.5, 0.3, 0.1, 0.07, 0.03]), rng.choice(5, 90))
    records = MembersAndOthers(
        None, (y[0][:, None], y[1][:, None]), y, (np.arange(400), np.arange(90))
    )
    rows, half = _matched(records, np.random.RandomState(0))
    drawn = [labels[r] for labels, r in zip(y, rows, strict=True)]
    counts = [np.bincount(labels, minlength=5) for labels in (*y, *drawn)]
    np.testing.assert_array_equal(counts[2], np.minimum(counts[0], counts[1]))
    np.testing.assert_array_equal(counts[2], counts[3])
    for which in (half, ~half):
        members, others = np.split(which, [len(drawn[0])])
        np.testing.assert_array_equal(
            np.bincount(drawn[0][members], minlength=5), np.bincount(drawn[1][others], minlength=5)
        )
    assert [len(set(r.tolist())) for r in rows] == [len(r) for r in rows]


def test_an_attack_without_a_seed_is_given_one(few):
    frame, y = few
    recorder = MemberRecorder(on_adult(DecisionTreeClassifier(random_state=0)))
    recorder.fit(frame[:600], y[:600])
    scorer = make_membership_scorer("roc_auc", attack=ShadowDistance())
    assert scorer(recorder, frame[600:], y[600:]) == scorer(recorder, frame[600:], y[600:])


def test_no_negative_zero():
    X_train, X_test, y_train, y_test = halves()
    dummy = MemberRecorder(DummyClassifier()).fit(X_train, y_train)
    score = make_membership_scorer("advantage")(dummy, X_test, y_test)
    assert score == 0
    assert not np.signbit(score)


def test_names_of_leakage_are_taken():
    recorder = MemberRecorder(GaussianNB()).fit(X[::2], Y[::2])
    scorer = make_membership_scorer("roc_auc", scoring={"neg_mia_roc_auc": "accuracy"})
    with pytest.raises(ValueError, match="names of leakage"):
        scorer(recorder, X[1::2], Y[1::2])


def test_an_error_shows_no_records():
    with pytest.raises(TypeError) as caught:
        make_membership_scorer(attack=X)
    assert "Got an instance of 'ndarray'" in str(caught.value)


def test_rows_that_the_classifier_never_saw():
    tuned = TunedThresholdClassifierCV(DecisionTreeClassifier(), cv=0.5, refit=False)
    noisy = RandomOverSampler(shrinkage=0.1, random_state=0)  # makes rows up
    sampled = imblearn_pipeline(noisy, DecisionTreeClassifier())
    for classifier, message in ((tuned, "refit=False"), (sampled, "resamples the rows")):
        recorder = MemberRecorder(classifier).fit(X[::2], Y[::2])
        with pytest.warns(MembershipWarning, match=message):
            get_scorer("neg_mia_roc_auc")(recorder, X[1::2], Y[1::2])


def test_rows_held_out_by_the_classifier_itself():
    boosting = HistGradientBoostingClassifier(early_stopping=True, max_iter=5, random_state=0)
    recorder = MemberRecorder(boosting).fit(X[::2], Y[::2])
    with pytest.warns(MembershipWarning, match="HistGradientBoostingClassifier stops early by"):
        get_scorer("neg_mia_roc_auc")(recorder, X[1::2], Y[1::2])


def test_targets_that_cannot_be_attacked():
    scorer = make_membership_scorer("roc_auc", pool=(X, Y))
    with pytest.raises(TypeError, match="must be a classifier"):
        scorer(LinearRegression().fit(X, Y), X[:9], Y[:9])
    with pytest.raises(NotFittedError):
        scorer(GaussianNB(), X[:9], Y[:9])
    with pytest.raises(ValueError, match="inconsistent numbers"):
        scorer(GaussianNB().fit(X, Y), X[:9], Y[:8])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metric": "auc"}, ValueError, "'auc' is no membership metric. Choose from"),
        ({"metric": []}, ValueError, "metric is an empty list"),
        ({"metric": ["roc_auc", "roc_auc"]}, ValueError, "2 metrics with 1 different names"),
        ({"metric": None}, ValueError, "'metric' parameter of .* Got None "),
        (
            {"metric": membership_roc_auc, "false_positive_rate": 0},
            ValueError,
            "'false_positive_rate' parameter of .* Got 0 ",
        ),
        ({"pool": (X, Y), "metric": [max, max]}, ValueError, "different names"),
        ({"attack": "loss"}, TypeError, "'attack' parameter of .* Got 'loss' "),
        (
            {"attack": MetricAttack},
            TypeError,
            "'attack' parameter of .* Got <class .*MetricAttack'> ",
        ),
        ({"pool": X}, TypeError, "'pool' .* Got an instance of 'ndarray' instead"),
        ({"pool": (X, Y, Y)}, TypeError, r"'pool' .* the pair \(X, y\) of all .*tuple"),
        ({"pool": (X, Y[:5])}, ValueError, "inconsistent numbers"),
        ({"random_state": "no"}, ValueError, "'random_state' parameter of .* Got 'no' "),
    ],
)
def test_invalid_options(options, error, message):
    with pytest.raises(error, match=message):
        make_membership_scorer(**options)


def test_the_repr_shows_no_records():
    text = repr(make_membership_scorer(["roc_auc", "balanced_accuracy"], pool=(X, Y)))
    assert text == "make_membership_scorer(['roc_auc', 'balanced_accuracy'], pool=(X, y))"
    assert repr(make_membership_scorer("roc_auc")) == "make_membership_scorer('roc_auc')"
