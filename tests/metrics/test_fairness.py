import fairlearn.metrics as fairlearn
import numpy as np
import oracles
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from skmia.datasets import load_adult
from skmia.metrics import (
    demographic_parity_difference,
    individual_fairness_deviation,
    predictive_fairness_difference,
)
from skmia.metrics._groups import group_codes

LABEL_METRICS = (demographic_parity_difference, predictive_fairness_difference)
# two groups of four: rates of label 1 are 3/4 and 1/4
Y_TRUE = [1, 0, 1, 0, 1, 0, 1, 0]
Y_PRED = [1, 1, 1, 0, 1, 0, 0, 0]
SEX = ["F"] * 4 + ["M"] * 4


@st.composite
def labeled(draw, *, max_labels=4, max_groups=5):
    """Draw true and predicted labels and groups, of which at least two occur."""
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_labels, n_groups = draw(st.integers(1, max_labels)), draw(st.integers(2, max_groups))
    y_true, y_pred = rng.integers(n_labels, size=(2, n))
    return y_true, y_pred, rng.permutation(np.r_[0, 1, rng.integers(n_groups, size=n - 2)])


def probabilities(rng, n, n_labels):
    return rng.dirichlet(np.full(n_labels, 0.5), size=n)


@pytest.fixture(scope="module")
def adult():
    """Return true and predicted labels, probabilities, sex and race of people."""
    data = load_adult(split="train", as_frame=True)
    X = data.data.select_dtypes("number")[:6000]
    y = (data.target[:6000] == ">50K").to_numpy().astype(int)
    model = DecisionTreeClassifier(max_depth=6, random_state=0).fit(X[:3000], y[:3000])
    sensitive = data.data.loc[3000:5999, ["sex", "race"]]
    return y[3000:], model.predict(X[3000:]), model.predict_proba(X[3000:]), sensitive


# Values: by hand


def test_demographic_parity_by_hand():
    y_pred = ["a", "a", "b", "c", "a", "b", "b", "b", "c", "c"]
    group = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]
    options = {"sensitive_features": group}
    # rates of a, b, c: 2/4 1/4 1/4; 1/4 3/4 0; 0 0 1
    value = demographic_parity_difference(y_pred, y_pred, **options)
    assert value == pytest.approx((1 / 4 + 3 / 4 + 1) / 3)
    value = demographic_parity_difference(y_pred, y_pred, compared_groups=[1, 0], **options)
    assert value == pytest.approx((1 / 4 + 1 / 2 + 1 / 4) / 3)
    value = demographic_parity_difference(y_pred, y_pred, labels=["b"], **options)
    assert value == pytest.approx(3 / 4)
    value = demographic_parity_difference(y_pred, y_pred, labels=["a", "c", "a"], **options)
    assert value == pytest.approx((1 / 4 + 1) / 2)


def test_true_labels_count_in_demographic_parity():
    # label 2 is never predicted, but one of three
    y_true, y_pred, group = [0, 1, 2, 2], [0, 0, 1, 1], [0, 0, 1, 1]
    value = demographic_parity_difference(y_true, y_pred, sensitive_features=group)
    assert value == pytest.approx(2 / 3)


def test_equal_opportunity_by_hand():
    options = {"sensitive_features": SEX}
    # recalls of 0: 1/2 and 1; of 1: 1 and 1/2
    assert predictive_fairness_difference(Y_TRUE, Y_PRED, **options) == pytest.approx(0.5)
    # precisions of 0: 1 and 2/3; of 1: 2/3 and 1
    value = predictive_fairness_difference(Y_TRUE, Y_PRED, kind="precision", **options)
    assert value == pytest.approx(1 / 3)
    y_pred = [1, 1, 1, 1, 1, 0, 0, 0]
    # recalls of 0: 0 and 1; of 1: 1 and 1/2
    assert predictive_fairness_difference(Y_TRUE, y_pred, **options) == pytest.approx(0.75)
    value = predictive_fairness_difference(Y_TRUE, y_pred, labels=[0], **options)
    assert value == pytest.approx(1)


def test_label_absent_from_a_group_is_left_out():
    # label 1 is missing in group b, and group c has no label in common with b
    y_true = [0, 0, 1, 1, 0, 0, 1, 1]
    y_pred = [0, 0, 1, 1, 0, 1, 1, 0]
    group = list("aaaabbcc")
    options = {"sensitive_features": group}
    assert predictive_fairness_difference(y_true, y_pred, **options) == pytest.approx(1 / 2)
    assert (
        predictive_fairness_difference(y_true, y_pred, compared_groups=["a", "b"], **options)
        == 1 / 2
    )
    with pytest.raises(ValueError, match="kind='recall' needs a label with true records in at l"):
        predictive_fairness_difference(y_true, y_pred, compared_groups=["b", "c"], **options)
    swapped = {"kind": "precision", "compared_groups": ["b", "c"]}
    with pytest.raises(ValueError, match=r"label with predictions .* none; take more records"):
        predictive_fairness_difference(y_pred, y_true, **swapped, **options)


def test_only_predicted_label_has_no_recall():
    y_true, y_pred = [0, 0, 0, 0], [0, 0, 0, 1]
    options = {"sensitive_features": [0, 0, 1, 1]}
    assert predictive_fairness_difference(y_true, y_pred, **options) == 0.5
    with pytest.raises(ValueError, match="needs a label with true records"):
        predictive_fairness_difference(y_true, y_pred, labels=[1], **options)


def test_individual_by_hand():
    y_proba = [[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3]]
    group = ["a", "a", "b"]
    # variations 1.2/3, 1/3, 0.8/3; shares 2/3, 2/3, 1/3
    expected = (0.4 + abs(1 / 3 - 1 / 3) + abs(0.8 / 3 - 1 / 3)) / 3
    value = individual_fairness_deviation(None, y_proba, sensitive_features=group)
    assert value == pytest.approx(expected)


def test_individual_of_groups_by_hand():
    y_proba = [[0.7, 0.2, 0.1], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3], [0.6, 0.4, 0], [0.5, 0.4, 0.1]]
    group = ["a", "a", "b", "a", "c"]
    options = {"sensitive_features": group, "level": "group"}
    # shares 3/5, 1/5, 1/5; most frequent label 2/3, 1, 1
    value = individual_fairness_deviation(None, y_proba, **options)
    assert value == pytest.approx(2 / 5 - 1 / 3)
    # shares are those among the records of the groups compared
    value = individual_fairness_deviation(None, y_proba, compared_groups=["a", "b"], **options)
    assert value == pytest.approx(abs(2 / 4 - 1 / 3))
    value = individual_fairness_deviation(None, y_proba, compared_groups=["b", "c"], **options)
    assert value == 0


def test_individual_of_equal_predictions_is_difference_of_sizes():
    group, y_proba = np.repeat([0, 1], [30, 10]), np.full(40, 0.3)
    options = {"sensitive_features": group}
    value = individual_fairness_deviation(None, y_proba, **options)
    assert value == pytest.approx(0.5 * 300 / 780)
    value = individual_fairness_deviation(None, y_proba, level="group", **options)
    assert value == pytest.approx(0.5)


def test_one_dimension_is_the_second_class():
    rng = np.random.default_rng(0)
    second, group = rng.random(30), rng.integers(3, size=30)
    for level in ("pairs", "group"):
        options = {"sensitive_features": group, "level": level}
        one = individual_fairness_deviation(None, second, **options)
        two = individual_fairness_deviation(None, np.c_[1 - second, second], **options)
        assert one == two


# Values: slow loops


@settings(max_examples=30, deadline=None)
@given(labeled(), st.data())
def test_is_slow_loop(records, data):
    y_true, y_pred, group = records
    present = sorted({*y_true.tolist(), *y_pred.tolist()})
    labels = data.draw(st.none() | st.lists(st.sampled_from(present), min_size=1, unique=True))
    options = {"sensitive_features": group, "labels": labels}
    expected = oracles.demographic_parity_difference(y_pred, group, labels or present)
    value = demographic_parity_difference(y_true, y_pred, **options)
    assert value == pytest.approx(expected, abs=1e-12)
    for kind in ("recall", "precision"):
        expected = oracles.predictive_fairness_difference(
            y_true, y_pred, group, labels or present, kind
        )
        if expected is None:
            with pytest.raises(ValueError, match="needs a label"):
                predictive_fairness_difference(y_true, y_pred, kind=kind, **options)
        else:
            value = predictive_fairness_difference(y_true, y_pred, kind=kind, **options)
            assert value == pytest.approx(expected, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 25), st.integers(2, 5))
def test_individual_is_slow_loop(seed, n, n_labels):
    rng = np.random.default_rng(seed)
    y_proba = probabilities(rng, n, n_labels)
    group = rng.permutation(np.r_[0, 1, rng.integers(4, size=n - 2)])
    value = individual_fairness_deviation(None, y_proba, sensitive_features=group)
    expected = np.mean(oracles.individual_fairness_deviations(y_proba.tolist(), group.tolist()))
    assert value == pytest.approx(expected, abs=1e-12)


def test_batches_of_pairs_add_up(monkeypatch):
    rng = np.random.default_rng(0)
    y_proba, group = probabilities(rng, 40, 3), rng.integers(3, size=40)
    whole = individual_fairness_deviation(None, y_proba, sensitive_features=group)
    monkeypatch.setattr("skmia.metrics._fairness.PAIRS_AT_ONCE", 7)
    parts = individual_fairness_deviation(None, y_proba, sensitive_features=group)
    assert parts == pytest.approx(whole, abs=1e-12)


def test_sampled_pairs_are_unbiased():
    rng = np.random.default_rng(1)
    y_proba, group = probabilities(rng, 60, 3), rng.integers(3, size=60)
    terms = oracles.individual_fairness_deviations(y_proba.tolist(), group.tolist())
    options = {"sensitive_features": group, "n_pairs": 500}
    values = [
        individual_fairness_deviation(None, y_proba, random_state=seed, **options)
        for seed in range(250)
    ]
    error = np.std(terms) / np.sqrt(500)
    assert np.std(values) == pytest.approx(error, rel=0.15)
    assert abs(np.mean(values) - np.mean(terms)) < 4 * error / np.sqrt(250)


def test_all_pairs_need_no_random_state():
    rng = np.random.default_rng(2)
    y_proba, group = probabilities(rng, 30, 2), rng.integers(2, size=30)
    options = {"sensitive_features": group, "n_pairs": 30 * 29 // 2}
    values = {
        individual_fairness_deviation(None, y_proba, random_state=seed, **options)
        for seed in range(5)
    }
    assert len(values) == 1
    options["n_pairs"] -= 1
    values = {
        individual_fairness_deviation(None, y_proba, random_state=seed, **options)
        for seed in (0, 0, 1)
    }
    assert len(values) == 2


# Values: fairlearn


@settings(max_examples=8, deadline=None)
@given(labeled(max_labels=2))
def test_is_fairlearns_of_two_labels(records):
    y_true, y_pred, group = records
    assume(len(np.unique(np.r_[y_true, y_pred])) == 2)
    options = {"sensitive_features": group}
    expected = fairlearn.demographic_parity_difference(y_true, y_pred, **options)
    for labels in (None, [1]):
        value = demographic_parity_difference(y_true, y_pred, labels=labels, **options)
        assert value == pytest.approx(expected, abs=1e-12)
    # fairlearn takes a rate of no records as 0
    n_groups, n_cells = len(np.unique(group)), len(np.unique(2 * group + y_true))
    assume(n_cells == 2 * n_groups)
    value = predictive_fairness_difference(y_true, y_pred, labels=[1], **options)
    expected = fairlearn.equal_opportunity_difference(y_true, y_pred, **options)
    assert value == pytest.approx(expected, abs=1e-12)
    value = predictive_fairness_difference(y_true, y_pred, **options)
    expected = fairlearn.equalized_odds_difference(y_true, y_pred, agg="mean", **options)
    if n_groups == 2:
        assert value == pytest.approx(expected, abs=1e-12)
    # with more groups, fairlearn takes the largest difference of each label by itself
    assert value <= expected + 1e-12


@pytest.mark.parametrize("columns", [["sex"], ["race"], ["sex", "race"]])
def test_is_fairlearns_on_adult(adult, columns):
    y_true, y_pred, _, sensitive = adult
    options = {"sensitive_features": sensitive[columns]}
    value = demographic_parity_difference(y_true, y_pred, **options)
    expected = fairlearn.demographic_parity_difference(y_true, y_pred, **options)
    assert value == pytest.approx(expected, abs=1e-12)
    assert value > 0.05
    # fairlearn takes a rate of no records as 0
    positives = sensitive[y_true == 1][columns].value_counts()
    kept = pd.MultiIndex.from_frame(sensitive[columns]).isin(positives[positives > 0].index)
    assert kept.mean() > 0.95
    records = y_true[kept], y_pred[kept]
    own = {"sensitive_features": sensitive[columns][kept]}
    value = predictive_fairness_difference(*records, labels=[1], **own)
    expected = fairlearn.equal_opportunity_difference(*records, **own)
    assert value == pytest.approx(expected, abs=1e-12)
    assert predictive_fairness_difference(y_true, y_pred, labels=[1], **options) == value
    if columns == ["sex"]:
        value = predictive_fairness_difference(y_true, y_pred, **options)
        expected = fairlearn.equalized_odds_difference(y_true, y_pred, agg="mean", **options)
        assert value == pytest.approx(expected, abs=1e-12)


def test_individual_on_adult(adult):
    y_true, y_pred, y_proba, sensitive = (values[::3] for values in adult)
    options = {"sensitive_features": sensitive["sex"]}
    exact = individual_fairness_deviation(y_true, y_proba, n_pairs=10**6, **options)
    sampled = individual_fairness_deviation(y_true, y_proba, random_state=0, **options)
    assert sampled == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(10_000))
    share = (sensitive["sex"] == "Male").mean()
    top = [np.mean(y_pred[sensitive["sex"] == sex] == 0) for sex in ("Male", "Female")]
    value = individual_fairness_deviation(y_true, y_proba, level="group", **options)
    assert value == pytest.approx(abs(2 * share - 1 - abs(top[0] - top[1])), abs=1e-12)


def test_are_scorers():
    rng = np.random.default_rng(0)
    X, group = rng.normal(size=(200, 3)), rng.integers(2, size=200)
    y = (X[:, 0] + group + rng.normal(size=200) > 0).astype(int)
    for metric in (*LABEL_METRICS, individual_fairness_deviation):
        method = "predict_proba" if metric is individual_fairness_deviation else "predict"
        scorer = make_scorer(metric, greater_is_better=False, response_method=method)
        with config_context(enable_metadata_routing=True):
            scores = cross_val_score(
                LogisticRegression(),
                np.c_[X, group],
                y,
                scoring=scorer.set_score_request(sensitive_features=True),
                params={"sensitive_features": group},
                cv=3,
            )
        assert ((scores > -1) & (scores < 0)).all()


# Properties


@settings(max_examples=30, deadline=None)
@given(labeled(), st.integers(0, 2**32 - 1))
def test_range_order_and_names(records, seed):
    y_true, y_pred, group = records
    rng = np.random.default_rng(seed)
    order, names = rng.permutation(len(group)), rng.permutation(10)
    words = np.array(["k", "a", "z", "b", "y"])
    for metric in LABEL_METRICS:
        try:
            value = metric(y_true, y_pred, sensitive_features=group)
        except ValueError as error:
            assert "needs a label" in str(error)  # noqa: PT017
            continue
        assert isinstance(value, float)
        assert 0 <= value <= 1
        shuffled = metric(y_true[order], y_pred[order], sensitive_features=group[order])
        renamed = metric(words[y_true], words[y_pred], sensitive_features=names[group])
        assert shuffled == pytest.approx(value, abs=1e-12)
        assert renamed == pytest.approx(value, abs=1e-12)
    y_proba = probabilities(rng, len(group), 3)
    for level in ("pairs", "group"):
        options = {"level": level}
        value = individual_fairness_deviation(None, y_proba, sensitive_features=group, **options)
        assert 0 <= value <= 1
        for rows, own in ((order, group[order]), (slice(None), names[group])):
            again = individual_fairness_deviation(
                None, y_proba[rows], sensitive_features=own, **options
            )
            assert again == pytest.approx(value, abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(labeled(), st.integers(2, 4))
def test_identical_groups_have_0(records, n_copies):
    y_true, y_pred, _ = records
    n = len(y_true)
    group = np.repeat(np.arange(n_copies), n)
    y_true, y_pred = np.tile(y_true, n_copies), np.tile(y_pred, n_copies)
    options = {"sensitive_features": group}
    for metric in LABEL_METRICS:
        assert metric(y_true, y_pred, **options) == 0
    y_proba = np.eye(4)[y_pred]
    assert individual_fairness_deviation(None, y_proba, level="group", **options) == 0


@settings(max_examples=25, deadline=None)
@given(labeled(max_groups=4), st.permutations(range(4)))
def test_groups_are_the_same_as_leaving_records_out(records, order):
    y_true, y_pred, group = records
    groups = order[:2]
    assume(set(groups) <= set(group.tolist()))
    kept = np.isin(group, groups)
    for metric, predictions in (
        (demographic_parity_difference, y_pred),
        (individual_fairness_deviation, np.eye(4)[y_pred]),
    ):
        value = metric(y_true, predictions, sensitive_features=group, compared_groups=groups)
        expected = metric(y_true[kept], predictions[kept], sensitive_features=group[kept])
        assert value == pytest.approx(expected, abs=1e-12)


# Containers and values of sensitive features


def test_containers_agree():
    rng = np.random.default_rng(3)
    y_true, y_pred = rng.integers(3, size=(2, 60))
    sex, age = rng.choice(["F", "M"], size=60), rng.integers(3, size=60)
    pairs = list(zip(sex.tolist(), age.tolist(), strict=True))
    joined = [f"{s}{a}" for s, a in pairs]
    several = [pairs, [list(pair) for pair in pairs], np.array(pairs, dtype=object)]
    several += [pd.DataFrame(pairs), pl.DataFrame({"sex": sex, "age": age})]
    frame = pd.DataFrame({"sex": pd.Categorical(sex), "age": pd.array(age, dtype="Int64")})
    for metric in LABEL_METRICS:
        value = metric(y_true, y_pred, sensitive_features=joined)
        for features in (*several, frame, pd.Series(joined), pl.Series(joined), np.array(joined)):
            assert metric(y_true, y_pred, sensitive_features=features) == value
        groups = [("F", 0), ("M", 2.0)]
        value = metric(y_true, y_pred, sensitive_features=joined, compared_groups=["F0", "M2"])
        for features in (*several, frame):
            options = {"sensitive_features": features}
            assert metric(y_true, y_pred, compared_groups=groups, **options) == value
            rows = np.array(groups, dtype=object)
            assert metric(y_true, y_pred, compared_groups=rows, **options) == value


def test_containers_of_labels_agree():
    y_true, y_pred = np.array(["a", "b"])[Y_TRUE], np.array(["a", "b"])[Y_PRED]
    for metric in LABEL_METRICS:
        value = metric(Y_TRUE, Y_PRED, sensitive_features=SEX)
        for container in (list, pd.Series, pd.Categorical, pl.Series, np.array):
            own = container(list(y_true)), container(list(y_pred))
            assert metric(*own, sensitive_features=SEX) == value
        assert (
            metric(np.array(Y_TRUE, bool), np.array(Y_PRED, bool), sensitive_features=SEX) == value
        )
    y_proba = np.linspace(0, 1, 8)
    value = individual_fairness_deviation(None, y_proba, sensitive_features=SEX)
    for own in (y_proba.tolist(), pd.Series(y_proba), pl.Series(y_proba)):
        assert individual_fairness_deviation(None, own, sensitive_features=SEX) == value


@pytest.mark.parametrize(
    ("features", "names", "codes"),
    [
        (["b", None, "a", np.nan], ["a", "b", "missing"], [1, 2, 0, 2]),
        ([1, 1.0, "1", True], ["1", 1], [1, 1, 0, 1]),
        ([2.5, np.nan, 1, float("nan")], [1, 2.5, "missing"], [1, 2, 0, 2]),
        (np.array([2.0, np.nan, 1, np.nan]), [1, 2, "missing"], [1, 2, 0, 2]),
        (pd.Series([2, None, 1], dtype="Int64"), [1, 2, "missing"], [1, 2, 0]),
        (pd.Series(["b", None, "a"], dtype="string"), ["a", "b", "missing"], [1, 2, 0]),
        (pl.Series([2, None, 1]), [1, 2, "missing"], [1, 2, 0]),
        (pd.DataFrame({"a": ["x", None]}), ["x", "missing"], [0, 1]),
        ([["x", 1], ["x", None], ["w", 1]], [("w", 1), ("x", 1), ("x", "missing")], [1, 2, 0]),
        ([], [], []),
    ],
)
def test_group_codes(features, names, codes):
    found, own = group_codes(features)[1], group_codes(features)[0].tolist()
    assert (found, own) == (names, codes)


def test_missing_group_can_be_named():
    group = ["F", "F", None, np.nan, "M", "M"]
    y = [0, 1, 1, 1, 0, 0]
    values = {
        demographic_parity_difference(y, y, sensitive_features=group, compared_groups=["F", name])
        for name in (None, np.nan, "missing", pd.NA)
    }
    assert values == {0.5}


# What is refused


@pytest.mark.parametrize("metric", [*LABEL_METRICS, individual_fairness_deviation])
@pytest.mark.parametrize(
    ("features", "groups", "message"),
    [
        (["F"] * 4, None, "sensitive_features must hold at least two groups .* only 'F'; stratify"),
        ([["F", 1]] * 4, None, r"only \('F', 1\); stratify the split on the group, take a larger"),
        (["F", "M", "M"], None, "inconsistent numbers"),
        ("FMFM", None, "'sensitive_features' parameter of .* must be an array-like. Got 'FMFM'"),
        (np.zeros((4, 1, 1)), None, r"got \(4, 1, 1\); give one value per record"),
        (np.zeros((4, 0)), None, r"got \(4, 0\)"),
        ([{1}, {2}, {1}, {2}], None, "sensitive_features must hold single values"),
        (list("FMFM"), ["F"], "groups must hold at least two groups to compare, got only 'F'"),
        (list("FMFM"), ["F", "F"], "groups must hold at least two groups"),
        (list("FMFM"), [], "groups must hold at least two groups to compare, got none"),
        (list("FMFM"), ["F", "X"], r"got \['X'\] without records; there are 'F', 'M'. Correct"),
        (
            list("FMFM"),
            "FM",
            "'compared_groups' .* must be an array-like or None. Got 'FM'",
        ),
        (list("FMFM"), 1, "'compared_groups' .* Got 1 "),
        (np.arange(4), [0, 9], "there are 0, 1, 2, 3. Correct the names"),
        ([["F", 1], ["M", 1]] * 2, ["F", "M"], r"\['F', 'M'\] without .* are \('F', 1\), \('M', 1"),
    ],
)
def test_refuses_groups(metric, features, groups, message):
    y_pred = [0.2, 0.4, 0.6, 0.8] if metric is individual_fairness_deviation else [0, 1, 0, 1]
    with pytest.raises(ValueError, match=message):
        metric([0, 1, 0, 1], y_pred, sensitive_features=features, compared_groups=groups)


def test_many_groups_are_not_all_listed():
    with pytest.raises(ValueError, match=r"there are 0, 1, .*, 9, \.\.\.\. Correct"):
        demographic_parity_difference(
            [0] * 99, [1] * 99, sensitive_features=range(99), compared_groups=[0, -1]
        )


@pytest.mark.parametrize("metric", LABEL_METRICS)
@pytest.mark.parametrize(
    ("y_true", "y_pred", "labels", "message"),
    [
        ([0, 1, 0], [0, 1, 0, 1], None, "inconsistent numbers"),
        ([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], None, "y_pred must hold class labels .* continuous"),
        ([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], None, "y_true must hold class labels of one type"),
        ([0, 1, 0, 1], ["a", None, "a", "b"], None, "got mixed or missing values; .* every record"),
        (
            [0, 1, 0, np.nan],
            [0, 1, 0, 1],
            None,
            "y_true must hold class labels .* got missing values",
        ),
        ([0, 1, 0, 1], list("abab"), None, "Mix of label input types"),
        ([0, 1, 0, 1], [[0, 1]] * 4, None, "1d array"),
        ([0, 1, 0, 1], [0, 1, 0, 1], [], r"'labels' .* a list of at least one label .*Got \[\]"),
        ([0, 1, 0, 1], [0, 1, 0, 1], 1, "'labels' .* a list of at least one label or None. Got 1 "),
        (list("abab"), list("abab"), "b", "'labels' .* Got 'b' "),
        ([0, 1, 0, 1], [0, 1, 0, 1], [[0, 1]], "'labels' .* a list of at least one label"),
        ([0, 1, 0, 1], [0, 1, 0, 1], [1, 7], r"got \[7\] that do not; there are \[0, 1\]. Correct"),
        ([0, 1, 0, 1], [0, 1, 0, 1], ["1"], r"got \['1'\] that do not"),
        ([], [], None, "inconsistent numbers"),
    ],
)
def test_refuses_labels(metric, y_true, y_pred, labels, message):
    with pytest.raises(ValueError, match=message):
        metric(y_true, y_pred, sensitive_features=list("FMFM"), labels=labels)


def test_refuses_no_records():
    with pytest.raises(ValueError, match="at least two groups to compare, got none; stratify"):
        demographic_parity_difference([], [], sensitive_features=[])


@pytest.mark.parametrize("kind", ["f1", None, 1])
def test_refuses_kind(kind):
    with pytest.raises(ValueError, match=rf"'kind' .*{{'recall', 'precision'}}. Got {kind!r}"):
        predictive_fairness_difference(Y_TRUE, Y_PRED, sensitive_features=SEX, kind=kind)


@pytest.mark.parametrize(
    ("y_proba", "options", "message"),
    [
        ([0.1, np.nan, 0.5], {}, r"y_proba must lie in \[0, 1\], got 1 other values or NaN; give"),
        ([0.1, 1.5, -2], {}, "got 2 other values or NaN; give what predict_proba returns"),
        ([0.1, np.inf, 0.5], {}, "got 1 other values"),
        ([[0.1], [0.2], [0.3]], {}, r"at least two classes, got 1 column; .* y_proba\[:, 0\]"),
        ([[0.1, 0.2]] * 3, {}, "y_proba must add up to 1 in each row, got a row that is 0.7 off"),
        ([[[0.5, 0.5]]] * 3, {}, "Found array with dim 3"),
        ([0.1, 0.2], {}, "inconsistent numbers"),
        ([], {}, "0 sample"),
        (["a", "b", "c"], {}, "could not convert string to float"),
        ([0.1, 0.2, 0.3], {"level": "record"}, "'level' .*{'pairs', 'group'}. Got 'record'"),
        ([0.1, 0.2, 0.3], {"level": ["pairs"]}, r"'level' .* Got \['pairs'\]"),
        ([0.1, 0.2, 0.3], {"n_pairs": 0}, r"'n_pairs' .*\[1, inf\). Got 0 "),
        ([0.1, 0.2, 0.3], {"n_pairs": 2.5}, r"'n_pairs' .* Got 2.5 "),
        ([0.1, 0.2, 0.3], {"n_pairs": 1, "random_state": "a"}, "'random_state' .* Got 'a' "),
    ],
)
def test_refuses_probabilities(y_proba, options, message):
    with pytest.raises(ValueError, match=message):
        individual_fairness_deviation(None, y_proba, sensitive_features=["F", "M", "M"], **options)


def test_half_precision_is_accepted():
    y_proba = np.full((4, 3), 1 / 3, dtype=np.float16)
    value = individual_fairness_deviation(None, y_proba, sensitive_features=list("FMFM"))
    assert value == 0
