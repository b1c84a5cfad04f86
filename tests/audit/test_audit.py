"""Audits: sound by construction, on simulations with a known answer and on Adult."""

import json
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from scipy.special import softmax
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, SGDClassifier
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import skmia
from skmia import signals
from skmia._records import concatenate
from skmia.attacks import BaseAttack, MetricAttack
from skmia.datasets import load_adult
from skmia.exceptions import MembershipWarning
from skmia.metrics import membership_roc_auc

X, Y = load_breast_cancer(return_X_y=True)
HALVES = X[::2], Y[::2], X[1::2], Y[1::2]
ONE = {"attacks": ["confidence"], "random_state": 0}  # enough where the attack does not matter


@pytest.fixture(scope="module")
def forest():
    return RandomForestClassifier(30, random_state=0).fit(X[::2], Y[::2])


@pytest.fixture(scope="module")
def report(forest):
    return skmia.audit(forest, *HALVES, random_state=0)


@pytest.fixture(scope="module")
def adult():
    frame, target = load_adult(as_frame=True, return_X_y=True, split="train")
    return frame.iloc[:3000], target.iloc[:3000].astype(str)


def encoder(frame):
    categorical = frame.select_dtypes("category").columns.tolist()
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), categorical), remainder=StandardScaler()
    )


class Memorizer(BaseAttack):
    """Calls exactly the members it was shown members: perfect on them, blind on all others."""

    def __init__(
        self,
        target=None,
        *,
        per_class=True,
        n_bins=5,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _fit(self, X, y, membership):
        self._seen = {bytes(row) for row in np.asarray(X)[membership == 1]}

    def _score_samples(self, model, X, y):
        return np.array([float(bytes(row) in self._seen) for row in np.asarray(X)])


def test_a_target_that_knows_its_rows_by_heart_is_found_out():
    rng = np.random.default_rng(0)
    records, labels = rng.normal(size=(600, 4)), rng.integers(10, size=600)
    target = KNeighborsClassifier(1).fit(records[:300], labels[:300])
    found = skmia.audit(
        target, records[:300], labels[:300], records[300:], labels[300:], random_state=0
    )
    for attack in found.attacks:
        if attack.name != "entropy":  # the answer is certain for members and others alike
            assert attack.roc_auc == pytest.approx(0.95, abs=0.03)
            assert attack.balanced_accuracy == pytest.approx(0.95, abs=0.03)
    assert found.train_accuracy == 1
    assert min(item["risk"] for item in found.riskiest) > 0.8


def test_no_number_is_measured_on_records_it_was_tuned_on(forest):
    found = skmia.audit(forest, *HALVES, attacks=[Memorizer()], random_state=0)
    assert found.attacks[0].roc_auc == 0.5
    assert found.attacks[0].balanced_accuracy == 0.5


@pytest.mark.parametrize("draws", [20, pytest.param(60, marks=pytest.mark.slow)])
def test_intervals_cover_the_blind_guess_where_there_is_nothing_to_find(draws):
    covered, n = np.zeros(2), 100
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        proba = softmax(rng.normal(size=(2 * n, 3)), axis=1)
        y = rng.integers(3, size=2 * n)
        given = {"attacks": ["modified_entropy"], "false_positive_rate": 0.1, "random_state": seed}
        report = skmia.audit_predictions(proba[:n], y[:n], proba[n:], y[n:], **given)
        (attack,) = report.attacks
        for i, estimate in enumerate((attack.roc_auc, attack.balanced_accuracy)):
            covered[i] += estimate.low <= 0.5 <= estimate.high
    # three standard errors below 95 % of the draws
    assert (covered >= draws * 0.95 - 3 * np.sqrt(draws * 0.95 * 0.05)).all(), covered


def test_rows_of_both_sides_count_on_neither(forest):
    X_train, y_train, X_test, y_test = HALVES
    X_test, y_test = np.vstack([X_test, X_train[:30]]), np.r_[y_test, y_train[:30]]
    coarse = skmia.audit(forest, X_train, y_train, X_test.astype(np.float32), y_test, **ONE)
    assert coarse.n_duplicates == (30, 30), "a float32 copy is the same record"
    found = skmia.audit(forest, X_train, y_train, X_test, y_test, **ONE)
    assert found.n_duplicates == (30, 30)
    assert found.n_members == found.n_nonmembers == len(X_train) - 30
    assert set(found.member_rows.tolist()).isdisjoint(range(30))
    assert "counted on neither: 30 training, 30 test" in found.to_text()


def test_equally_many_members_and_non_members(forest):
    found = skmia.audit(forest, X[::2], Y[::2], X[1:200:2], Y[1:200:2], **ONE)
    assert found.n_members == found.n_nonmembers == 100
    assert found.n_train == 285
    assert found.always_member_accuracy == pytest.approx(285 / 385)
    assert "right for 74.0% of all rows" in found.to_text()


def test_shift_is_told_from_leakage(whole_shift_check):
    rng = np.random.default_rng(0)
    records, y = rng.normal(size=(800, 3)), rng.integers(2, size=800)
    records[400:] += 0.8
    target = LogisticRegression().fit(records[:400], y[:400])
    shifted = skmia.audit(target, records[:400], y[:400], records[400:], y[400:], **ONE)
    assert shifted.shift_auc.low > 0.6
    assert any("differ before any model saw them" in note for note in shifted.notes)
    same = skmia.audit(target, records[:400:2], y[:400:2], records[1:400:2], y[1:400:2], **ONE)
    assert same.shift_auc.low < 0.5 < same.shift_auc.high
    assert "no difference found" in same.to_text()


def test_same_seed_same_report(forest, report):
    again = skmia.audit(forest, *HALVES, random_state=0)
    assert again.to_json() == report.to_json()
    assert skmia.audit(forest, *HALVES, random_state=1).to_json() != report.to_json()


def test_predictions_alone_give_the_same_attack(forest, report):
    from_arrays = skmia.audit_predictions(
        forest.predict_proba(HALVES[0]),
        HALVES[1],
        forest.predict_proba(HALVES[2][:284]),
        HALVES[3][:284],
        random_state=0,
    )
    # 285 training and 284 test rows: one member is left out by chance
    assert from_arrays.attacks[1].roc_auc == pytest.approx(report.attacks[1].roc_auc, abs=0.005)
    assert from_arrays.target == "predictions"
    assert from_arrays.shift_auc is None
    assert "From predictions alone" in from_arrays.notes[0]


def test_auc_is_that_of_the_signal(forest):
    found = skmia.audit(
        forest, X[:568:2], Y[:568:2], X[1:568:2], Y[1:568:2], attacks=["confidence"]
    )
    proba = forest.predict_proba(X[:568])[np.arange(568), Y[:568]]
    assert found.attacks[0].roc_auc == membership_roc_auc(np.arange(568) % 2 == 0, proba)


def test_the_exposed_group_is_named():
    rng = np.random.default_rng(0)
    n = 2000
    y, member, group = rng.integers(2, size=n), np.arange(n) < n // 2, rng.integers(2, size=n)
    # members of group 1 alone are answered with more confidence
    confidence = rng.uniform(0.5, 0.9, size=n) + 0.1 * (member & (group == 1))
    proba = np.where(y[:, None] == [0, 1], confidence[:, None], 1 - confidence[:, None])
    found = skmia.audit_predictions(
        proba[member],
        y[member],
        proba[~member],
        y[~member],
        attacks=["confidence"],
        sensitive_features={"group": (group[member], group[~member])},
        random_state=0,
    )
    parts = {part.value: part for part in found.slices if part.kind == "group"}
    assert parts["0"].roc_auc.low < 0.5 < parts["0"].roc_auc.high
    # P(U + 0.25 > V) of uniforms is 1 - 0.75**2 / 2
    assert parts["1"].roc_auc.low < 1 - 0.75**2 / 2 < parts["1"].roc_auc.high
    (gap,) = [gap for gap in found.exposure_gaps if gap.kind == "group"]
    assert (gap.most_exposed, gap.least_exposed) == ("1", "0")
    assert gap.difference.low > 0
    assert "group: 1 is more exposed than 0" in found.to_text()
    assert sum(part.n_members for part in found.slices if part.kind == "class") == n // 2


def test_adult_in_pandas_with_sensitive_columns(adult):
    frame, y = adult
    target = make_pipeline(encoder(frame), RandomForestClassifier(30, random_state=0))
    target.fit(frame.iloc[:1500], y.iloc[:1500])
    found = skmia.audit(
        target,
        frame.iloc[:1500],
        y.iloc[:1500],
        frame.iloc[1500:],
        y.iloc[1500:],
        sensitive_features=["sex", "race"],
        random_state=0,
    )
    assert found.target == "Pipeline (RandomForestClassifier)"
    by_name = {attack.name: attack for attack in found.attacks}
    assert by_name["modified_entropy"].roc_auc.low > 0.55
    assert {part.kind for part in found.slices} == {"class", "prediction", "sex", "race"}
    assert {part.value for part in found.slices if part.kind == "sex"} == {"Male", "Female"}
    text = found.to_text()
    assert "share an attack's highest score" in text
    assert "At 1 % false alarms an attacker with any of 4 attacks finds 0.0%" in found.statement
    table = found.to_frame()
    assert list(table.index) == ["correctness", "confidence", "entropy", "modified_entropy"]
    assert table.loc["modified_entropy", "roc_auc"] == by_name["modified_entropy"].roc_auc
    assert {
        "roc_auc_low",
        "balanced_accuracy_high",
        "tpr_at_fpr_0.01",
        "epsilon_lower_bound",
    } <= set(table.columns)


def test_equal_content_gives_equal_reports():
    iris_X, iris_y = load_iris(return_X_y=True)
    iris_X = np.round(iris_X, 1)
    texts = []
    for wrap in (np.asarray, pd.DataFrame, pl.DataFrame, sparse.csr_matrix):
        train, test = wrap(iris_X[::2]), wrap(iris_X[1::2])
        target = DecisionTreeClassifier(random_state=0).fit(train, iris_y[::2])
        found = skmia.audit(target, train, iris_y[::2], test, iris_y[1::2], **ONE)
        values = found.to_dict()
        values.pop("shift_auc")  # a forest on sparse records draws other splits
        texts.append(json.dumps(values))
    assert len(set(texts)) == 1


def test_json_is_strict_and_holds_no_row():
    rng = np.random.default_rng(0)
    records = rng.normal(size=(60, 2))
    records[:, 1] = 123456.789  # a marker in every row
    y = np.arange(60) % 2
    target = DecisionTreeClassifier(random_state=0).fit(records[:30], y[:30])
    text = skmia.audit(target, records[:30], y[:30], records[30:], y[30:], random_state=0).to_json()
    assert "123456" not in text
    values = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert values["attacks"][0]["tpr_at_fpr"]["0.001"]["value"] is None
    assert values["attacks"][0]["tpr_at_fpr"]["0.001"]["method"].startswith("unresolvable")
    assert values["attacks"][0]["roc_auc"]["method"]


def test_sensitive_column_by_number_and_in_polars(forest):
    rounded = [np.column_stack([part, np.arange(len(part)) % 3]) for part in HALVES[::2]]
    target = DecisionTreeClassifier(random_state=0).fit(rounded[0], HALVES[1])
    sides = rounded[0], HALVES[1], rounded[1], HALVES[3]
    found = skmia.audit(target, *sides, sensitive_features=30, **ONE)
    assert [part.value for part in found.slices if part.kind == "30"] == ["0", "1", "2"]
    frames = [pl.DataFrame(part) for part in rounded]
    by_name = DecisionTreeClassifier(random_state=0).fit(frames[0], HALVES[1])
    sides = frames[0], HALVES[1], frames[1], HALVES[3]
    named = skmia.audit(by_name, *sides, sensitive_features="column_30", **ONE)
    assert [repr(p.roc_auc) for p in named.slices] == [repr(p.roc_auc) for p in found.slices]


def test_groups_with_missing_values_and_in_lists_and_sparse_columns():
    rng = np.random.default_rng(0)
    records, y = rng.normal(size=(300, 3)), rng.integers(2, size=300)
    records[:, 2] = np.arange(300) % 3
    halves = records[:150], y[:150], records[150:], y[150:]
    target = DecisionTreeClassifier(random_state=0).fit(*halves[:2])
    train = pd.Series(np.arange(150) % 2)  # integers
    test = pd.Series([0, 1, None] * 50)  # floats and a missing value
    found = skmia.audit(target, *halves, sensitive_features={"group": (train, test)}, **ONE)
    parts = {p.value: (p.n_members, p.n_nonmembers) for p in found.slices if p.kind == "group"}
    assert parts == {"0": (75, 50), "1": (75, 50), "missing": (0, 50)}
    for wrap in (np.ndarray.tolist, sparse.csc_matrix):
        sides = wrap(halves[0]), halves[1], wrap(halves[2]), halves[3]
        found = skmia.audit(target, *sides, sensitive_features=[2], **ONE)
        assert {p.value for p in found.slices if p.kind == "2"} == {"0", "1", "2"}


def test_labels_of_another_type_than_the_classes():
    names = np.array(["no", "yes"])
    target = DecisionTreeClassifier().fit(X[::2], Y[::2])
    with pytest.raises(ValueError, match=r"labels in y are of type <U3.*never be equal"):
        skmia.audit(target, X[::2], names[Y[::2]], X[1::2], names[Y[1::2]])
    target = DecisionTreeClassifier().fit(X[::2], names[Y[::2]])
    with pytest.raises(ValueError, match=r"of type int64, the target's classes of type <U3"):
        skmia.audit(target, *HALVES)


def test_target_that_does_not_name_its_classes(forest):
    class Remote:
        def __init__(self, model):
            self.predict_proba = model.predict_proba

    iris_X, iris_y = load_iris(return_X_y=True)
    target = DecisionTreeClassifier(random_state=0).fit(iris_X[::2], iris_y[::2])
    rows = np.flatnonzero(iris_y < 2)  # the last class does not occur
    sides = iris_X[rows[::2]], iris_y[rows[::2]], iris_X[rows[1::2]], iris_y[rows[1::2]]
    named = skmia.audit(target, *sides, **ONE)
    assert skmia.audit(Remote(target), *sides, **ONE).attacks == named.attacks
    with pytest.raises(ValueError, match=r"3 columns, .* labels 0 to 2; y holds \[3\]"):
        skmia.audit(Remote(target), sides[0], sides[1] + 2, sides[2], sides[3] + 2)


def test_accuracy_is_that_of_the_targets_own_decision():
    logistic = LogisticRegression(solver="newton-cholesky")
    target = FixedThresholdClassifier(logistic, threshold=0.9).fit(*HALVES[:2])
    found = skmia.audit(target, *HALVES, **ONE)
    assert found.train_accuracy == target.score(*HALVES[:2])
    assert found.test_accuracy == target.score(*HALVES[2:])


def test_reliability_of_the_risk_does_not_depend_on_the_prior(forest):
    even, rare = (skmia.audit(forest, *HALVES, prior=p, random_state=0) for p in (0.5, 0.01))
    for a, b in zip(even.attacks, rare.attacks, strict=True):
        assert a.brier_score == pytest.approx(b.brier_score)
        assert a.expected_calibration_error == pytest.approx(b.expected_calibration_error)
    assert max(item["risk"] for item in rare.riskiest) < 0.5


def test_whatever_the_target_takes_is_audited():
    huge = X.copy()
    huge[0, 0], huge[1, 0], huge[2, 0] = np.inf, 1e300, np.nan
    sides = huge[::2], Y[::2], huge[1::2], Y[1::2]
    target = HistGradientBoostingClassifier(max_iter=3).fit(*sides[:2])
    assert skmia.audit(target, *sides, **ONE).shift_auc.low < 0.5
    tree = DecisionTreeClassifier(random_state=0).fit(*HALVES[:2])
    expected = skmia.audit(tree, *HALVES, **ONE)
    for kind in (sparse.coo_matrix, sparse.coo_array, sparse.csc_array):
        sides = kind(HALVES[0]), HALVES[1], kind(HALVES[2]), HALVES[3]
        assert skmia.audit(tree, *sides, **ONE).attacks == expected.attacks
    numbers = pl.DataFrame({"a": np.arange(284), "b": np.arange(284) % 3})
    fractions = numbers.with_columns(pl.col("b").cast(pl.Float64), pl.col("a") + 0.5)
    tree = DecisionTreeClassifier().fit(numbers, Y[:284])
    sides = numbers, Y[:284], fractions, Y[285:]
    assert skmia.audit(tree, *sides, **ONE).shift_auc is not None
    with pytest.raises(TypeError, match="same kind of container, got DataFrame and ndarray"):
        concatenate(pd.DataFrame(HALVES[0]), HALVES[2])


def test_unresolvable_operating_points_are_said(forest):
    found = skmia.audit(
        forest, X[:40:2], Y[:40:2], X[1:40:2], Y[1:40:2], false_positive_rate=[0.01], random_state=0
    )
    assert found.statement.startswith("With thresholds learned on other records")
    assert "unresolvable" in found.to_text()


def test_riskiest_are_rows_of_the_training_data(report, forest):
    rows = [item["index"] for item in report.riskiest]
    assert len(set(rows)) == 20
    assert set(rows) <= set(report.member_rows.tolist())
    risk = dict(zip(report.member_rows.tolist(), report.member_risk, strict=True))
    for item in report.riskiest:
        assert risk[item["index"]] == item["risk"]
    assert min(item["risk"] for item in report.riskiest) >= np.sort(report.member_risk)[-20]


def test_attacks_by_name_instance_and_dict(forest):
    own = MetricAttack(signal=lambda proba, y: proba[:, 0])
    found = skmia.audit(forest, *HALVES, attacks=["loss", own, MetricAttack()], random_state=0)
    assert [a.name for a in found.attacks] == ["loss", "MetricAttack", "MetricAttack 2"]
    own_names = {"margin by class": own, "margin": "margin"}
    found = skmia.audit(
        forest, *HALVES, attacks=own_names, random_state=0, false_positive_rate=0.1, n_riskiest=0
    )
    assert [a.name for a in found.attacks] == ["margin by class", "margin"]
    assert list(found.attacks[0].tpr_at_fpr) == [0.1]
    assert not found.riskiest
    found = skmia.audit(forest, *HALVES, attacks=signals.loss, random_state=0)
    assert [a.name for a in found.attacks] == ["loss"]
    alone = skmia.audit(forest, *HALVES, attacks="margin", random_state=0)
    assert "an attacker with the attack margin" in alone.statement


def test_attack_that_asks_the_target_itself_gets_the_records(adult):
    class Records(Memorizer):
        def _fit(self, X, y, membership):
            pass

        def _score_samples(self, model, X, y):
            assert isinstance(X, pd.DataFrame)
            return (model.predict(X) == y).astype(float)

    frame, y = adult
    frame, y = frame.iloc[:300], y.iloc[:300]
    target = make_pipeline(encoder(frame), DecisionTreeClassifier()).fit(frame[:150], y[:150])
    found = skmia.audit(
        target, frame[:150], y[:150], frame[150:], y[150:], attacks=["correctness", Records()]
    )
    assert found.attacks[0].roc_auc == found.attacks[1].roc_auc
    with pytest.raises(ValueError, match=r"'Records' asks the target itself: use skmia.audit"):
        skmia.audit_predictions(
            [[1.0, 0.0]] * 9, [0] * 9, [[1.0, 0.0]] * 9, [0] * 9, attacks=[Records()]
        )


def test_constant_probabilities():
    target = DummyClassifier(strategy="prior").fit(*HALVES[:2])
    found = skmia.audit(target, *HALVES, attacks=["entropy"], random_state=0)
    attack = found.attacks[0]
    assert attack.roc_auc == 0.5
    assert attack.roc_auc.low < 0.5 < attack.roc_auc.high
    assert attack.balanced_accuracy == 0.5
    assert attack.epsilon_lower_bound == 0


def test_class_missing_from_the_test_rows():
    X, y = load_iris(return_X_y=True)
    names = np.array(["a", "b", "c"])[y]
    target = DecisionTreeClassifier(random_state=0).fit(X[::2], names[::2])
    rest = np.flatnonzero((np.arange(150) % 2 == 1) & (y < 2))
    found = skmia.audit(target, X[::2], names[::2], X[rest], names[rest], **ONE)
    (missing,) = [part for part in found.slices if part.value == "c"]
    assert missing.n_nonmembers == 0
    assert np.isnan(missing.roc_auc)
    assert any("1 of 3 classes have no members or no non-members" in n for n in found.notes)


def test_label_that_only_the_test_rows_have():
    X, y = load_iris(return_X_y=True)
    known = y < 2
    target = DecisionTreeClassifier(random_state=0).fit(X[known][::2], y[known][::2])
    found = skmia.audit(target, X[known][::2], y[known][::2], X[1::2], y[1::2], **ONE)
    assert found.test_accuracy < 0.75


def test_texts_as_records_are_audited_without_the_shift_test():
    texts = np.array([f"word{i % 7} word{i % 11} word{i}" for i in range(80)])
    y = np.arange(80) % 2
    target = make_pipeline(TfidfVectorizer(), KNeighborsClassifier(1)).fit(texts[:40], y[:40])
    found = skmia.audit(target, texts[:40], y[:40], texts[40:], y[40:], **ONE)
    assert found.shift_auc is None
    assert any("was not tested" in note for note in found.notes)


def test_columns_and_labels_of_predictions():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=40)
    proba = np.where(y[:, None] == [0, 1], 0.9, 0.1)
    names = np.array(["no", "yes"])[y]
    plain = skmia.audit_predictions(proba[:20], y[:20], proba[20:], y[20:], **ONE)
    for labels, p, classes in (
        (names, proba, None),
        (names, proba[:, ::-1], ["yes", "no"]),
        (y.astype(bool), proba, None),
    ):
        found = skmia.audit_predictions(
            p[:20], labels[:20], p[20:], labels[20:], classes=classes, **ONE
        )
        assert found.train_accuracy == plain.train_accuracy
        assert found.attacks == plain.attacks
    for p, labels, classes, message in (
        (proba, np.array(["a", "b", "c", "d"] * 10), None, "2 columns and the labels 4 distinct"),
        (proba, names, ["no"], "classes must name each of the 2 columns once"),
    ):
        with pytest.raises(ValueError, match=message):
            skmia.audit_predictions(p[:20], labels[:20], p[20:], labels[20:], classes=classes)
    with pytest.raises(ValueError, match="proba_train has 2 columns and proba_test 1"):
        skmia.audit_predictions(proba[:20], y[:20], proba[20:, :1], y[20:])
    with pytest.raises(ValueError, match="proba_train contains NaN"):
        skmia.audit_predictions(proba[:20] * np.nan, y[:20], proba[20:], y[20:])
    with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]"):
        skmia.audit_predictions(proba[:20] * 9, y[:20], proba[20:], y[20:])


def test_early_stopping_holds_rows_out():
    target = HistGradientBoostingClassifier(early_stopping=True, max_iter=5).fit(*HALVES[:2])
    search = GridSearchCV(target, {"max_iter": [3]}, cv=2).fit(*HALVES[:2])
    pipeline = make_pipeline(StandardScaler(), target).fit(*HALVES[:2])
    boosting = GradientBoostingClassifier(n_estimators=3, n_iter_no_change=2).fit(*HALVES[:2])
    voting = VotingClassifier([("boosting", boosting)]).fit(*HALVES[:2])
    fixed = FixedThresholdClassifier(target).fit(*HALVES[:2])
    for outer in (target, pipeline, search, FrozenEstimator(pipeline), boosting, voting, fixed):
        with pytest.warns(MembershipWarning, match="stops early by a validation set"):
            found = skmia.audit(outer, *HALVES, **ONE)
        assert "called members here" in found.notes[0]
    unvalidated = HistGradientBoostingClassifier(
        early_stopping=True, validation_fraction=None, max_iter=5
    )
    for plain in (
        GradientBoostingClassifier(n_estimators=3, random_state=0),
        SGDClassifier(random_state=0),
        unvalidated,
    ):
        notes = skmia.audit(plain.fit(*HALVES[:2]), *HALVES, **ONE).notes
        assert not any("early" in note for note in notes)


def test_skorch_train_split_holds_rows_out():
    skorch = pytest.importorskip("skorch")
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(30, 2), torch.nn.Softmax(dim=-1))
    scaled = StandardScaler().fit_transform(X).astype(np.float32)
    records = scaled[::2], scaled[1::2]
    options = {"max_epochs": 2, "verbose": 0}
    held_out = skorch.NeuralNetClassifier(module, **options).fit(records[0], HALVES[1])
    sides = records[0], HALVES[1], records[1], HALVES[3]
    with pytest.warns(MembershipWarning, match=r"out of training \(train_split="):
        found = skmia.audit(held_out, *sides, **ONE)
    assert "train_split=None" in found.notes[0]
    whole = skorch.NeuralNetClassifier(module, train_split=None, **options)
    whole.fit(records[0], HALVES[1])
    assert not skmia.audit(whole, *sides, **ONE).notes


def test_other_warnings_of_an_attack_are_not_swallowed(forest):
    class Loud(MetricAttack):
        def _score_samples(self, model, X, y):
            warnings.warn("something else", RuntimeWarning, stacklevel=1)
            return super()._score_samples(model, X, y)

    with pytest.warns(RuntimeWarning, match="something else"):
        skmia.audit(forest, *HALVES, attacks=[Loud()], random_state=0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"X_test": X[:1], "y_test": Y[:1]}, ValueError, "at least 2 training and 2 test rows"),
        ({"y_train": Y[:3]}, ValueError, "inconsistent numbers of samples"),
        ({"attacks": []}, ValueError, "attacks is empty"),
        ({"sensitive_features": 30}, ValueError, "30 is not a column of X"),
        (
            {"attacks": ["los"]},
            ValueError,
            "attacks must be 'fast' or 'strong'.*'LiRA'.*'loss'.* got 'los'",
        ),
        (
            {"attacks": [MetricAttack]},
            TypeError,
            "such as MetricAttack.., names of attacks, or signals",
        ),
        ({"attacks": [3]}, TypeError, "or signals by name or function, got 3"),
        ({"sensitive_features": "sex"}, ValueError, "'sex' is not a column of X"),
        ({"sensitive_features": {"sex": (Y, Y)}}, ValueError, "285 for train and 284 for test"),
        ({"false_positive_rate": [2]}, ValueError, "false_positive_rate"),
        ({"n_riskiest": -1}, ValueError, "'n_riskiest' .* Got -1 "),
        ({"prior": 1.5}, ValueError, "prior"),
        ({"confidence_level": 95}, ValueError, "confidence_level"),
        ({"response_method": "predict_log"}, ValueError, "'response_method' .* Got 'predict_log' "),
        ({"estimator": DummyClassifier()}, NotFittedError, "not fitted"),
        ({"estimator": LinearRegression().fit(X, Y)}, TypeError, "must be a classifier"),
    ],
)
def test_errors(forest, change, error, message):
    names = ("X_train", "y_train", "X_test", "y_test")
    arguments = {"estimator": forest, **dict(zip(names, HALVES, strict=True)), **change}
    with pytest.raises(error, match=message):
        skmia.audit(**arguments)
