"""Records that the attacker makes: by asking the target, from marginals, with noise."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from scipy.special import softmax
from scipy.stats import chi2_contingency
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import BernoulliNB
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skmia.exceptions import ResolutionWarning
from skmia.shadows import perturb_records, sample_marginal_records, synthesize_records
from skmia.shadows._domain import find_domain

BINARY = np.random.default_rng(0).integers(0, 2, (200, 6)).astype(np.float32)
SMALL = {"k_max": 4, "k_min": 1, "rej_max": 1, "iter_max": 12, "conf_min": 0.4}


class SoftmaxTarget:
    """Three classes of six binary features; counts the records it is asked for."""

    weights = np.random.default_rng(1).normal(scale=1.5, size=(6, 3))

    def __init__(self, classes=("a", "b", "c"), bias=0.0):
        self.classes_, self.bias, self.n_asked = np.array(classes), bias, 0

    def predict_proba(self, X):
        self.n_asked += X.shape[0]
        return softmax(X @ self.weights + self.bias, axis=1)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Unnamed(SoftmaxTarget):
    """The same, without the names of its classes."""

    def __init__(self):
        super().__init__()
        self.classes_ = None


@pytest.fixture
def frame():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "level": pd.Categorical(rng.choice(["low", "mid", "high"], 60), ["low", "mid", "high"]),
            "city": rng.choice(["Bern", "Rome"], 60),
            "married": rng.integers(0, 2, 60).astype(bool),
            "rooms": rng.integers(1, 6, 60).astype(np.int8),
            "children": pd.array(rng.integers(0, 2, 60), dtype="Int64"),
            "zip": rng.integers(1000, 9000, 60),
            "income": rng.normal(size=60).astype(np.float32),
            "code": pd.Categorical(rng.integers(100, 150, 60)),
        },
        index=np.arange(60) + 7,
    )


def climb_once(target, label, n_features, rng, *, k_max, k_min, rej_max, iter_max, conf_min):
    """Algorithm 1 of Shokri et al. for one record; also returns the number of queries."""
    x, best, rejects, k = rng.integers(0, 2, n_features), 0.0, 0, k_max
    for n_queries in range(1, iter_max + 1):
        proba = target.predict_proba(x[None])[0]
        if proba[label] >= best:
            if proba[label] > conf_min and proba.argmax() == label and rng.random() < proba[label]:
                return x, n_queries
            x_best, best, rejects = x, proba[label], 0
        else:
            rejects += 1
            if rejects > rej_max:
                k, rejects = max(k_min, int(np.ceil(k / 2))), 0
        x = x_best.copy()
        for j in rng.choice(n_features, k, replace=False):
            x[j] = rng.integers(0, 2)
    return None, iter_max


def climb_until_accepted(*args, **options):
    total = 0
    while True:
        x, n_queries = climb_once(*args, **options)
        total += n_queries
        if x is not None:
            return x, total


@pytest.mark.parametrize("n", [300, pytest.param(1200, marks=pytest.mark.slow)])
@pytest.mark.parametrize("label", [0, 2])
def test_same_law_as_one_climb_after_another(label, n):
    target, rng = SoftmaxTarget(), np.random.default_rng(5)
    loop = [climb_until_accepted(target, label, 6, rng, **SMALL) for _ in range(n)]
    queries = np.array([n_queries for _, n_queries in loop])
    made = synthesize_records(
        target, n, X=BINARY, classes=[target.classes_[label]], n_climbers=100, max_failures=n,
        random_state=0, **SMALL,
    )  # fmt: skip
    assert (queries > SMALL["iter_max"]).any()  # some climbs began anew
    standard_error = queries.std() * np.sqrt(2 / n)
    assert abs(made.n_queries / n - queries.mean()) < 3 * standard_error
    powers = 2 ** np.arange(6)
    counts = [
        np.bincount((np.asarray(records, dtype=int) * powers).sum(axis=1), minlength=64)
        for records in ([x for x, _ in loop], made.X)
    ]
    table = np.array(counts)[:, np.sum(counts, axis=0) > 10]
    assert chi2_contingency(table).pvalue > 0.01


@pytest.mark.parametrize("n_climbers", [1, 7, 500])
def test_accepted_records_are_of_their_class(n_climbers):
    target = SoftmaxTarget()
    made = synthesize_records(
        target, 31, X=BINARY, conf_min=0.5, n_climbers=n_climbers, random_state=0
    )
    proba = target.predict_proba(made.X)
    assert made.n_queries == target.n_asked - 31
    assert made.X.dtype == np.float32
    assert made.n_accepted.tolist() == [11, 10, 10]
    assert made.classes.tolist() == ["a", "b", "c"]
    assert made.failed_classes.size == 0
    np.testing.assert_array_equal(target.classes_[proba.argmax(axis=1)], made.y)
    assert (proba.max(axis=1) > 0.5).all()


def test_seed_repeats():
    first, second = (
        synthesize_records(SoftmaxTarget(), 20, X=BINARY, random_state=3) for _ in range(2)
    )
    np.testing.assert_array_equal(first.X, second.X)
    assert first.n_queries == second.n_queries


def test_budget_of_queries():
    target = SoftmaxTarget()
    with pytest.warns(ResolutionWarning, match=r"of 500 records .* max_queries=77 ended; raise"):
        made = synthesize_records(
            target, 500, X=BINARY, max_queries=77, n_climbers=50, random_state=0
        )
    assert made.n_queries == target.n_asked == 77
    assert 0 < len(made.X) == len(made.y) == made.n_accepted.sum() < 77


@pytest.mark.parametrize("n_climbers", [1, 64])
def test_class_out_of_reach_is_given_up(n_climbers):
    target = SoftmaxTarget(bias=np.array([0, 0, -100]))
    with pytest.warns(ResolutionWarning, match=r"Only 20 of 30 .* classes \['c'\] \(of 1 in all"):
        made = synthesize_records(
            target, 30, X=BINARY, iter_max=50, max_failures=2, n_climbers=n_climbers, random_state=0
        )
    assert made.failed_classes.tolist() == ["c"]
    assert made.n_accepted.tolist() == [10, 10, 0]
    with pytest.warns(ResolutionWarning, match="Only 0 of 5"):
        made = synthesize_records(
            target, 5, X=BINARY, classes=["c"], iter_max=50, n_climbers=1, random_state=0
        )
    assert made.n_queries == 3 * 50
    assert made.X.shape == (0, 6)
    assert made.y.shape == (0,)


def test_fewer_records_than_classes():
    made = synthesize_records(SoftmaxTarget(), 2, X=BINARY, random_state=0)
    assert made.n_accepted.tolist() == [1, 1, 0]


def test_target_without_names_of_its_classes():
    target = Unnamed()
    made = synthesize_records(target, 6, X=BINARY, classes=[0, 2], random_state=0)
    assert np.unique(made.y).tolist() == [0, 2]
    assert made.n_queries == target.n_asked


def test_decision_values_are_climbed():
    X, y = load_iris(return_X_y=True)
    target = RidgeClassifier().fit(X, y)
    made = synthesize_records(target, 6, X=X, random_state=0)
    np.testing.assert_array_equal(target.predict(made.X), made.y)


def test_features_are_redrawn_without_replacement():
    domain, rng = find_domain(None, [(0.0, 1.0)] * 20), np.random.RandomState(0)
    rows, k = domain.draw(50, rng), rng.randint(1, 21, size=50)
    np.testing.assert_array_equal((domain.redraw(rows, k, rng) != rows).sum(axis=1), k)


def test_domain_of_frame(frame):
    frame.loc[7, "city"] = None
    domain = find_domain(frame, None)
    records = domain.records(domain.draw(4000, np.random.RandomState(0)))
    assert records.dtypes.equals(frame.dtypes)
    assert not records.isna().any().any()
    for name in ("level", "city", "married", "rooms", "children", "code"):
        assert set(records[name]) == set(frame[name].dropna())
        shares = records[name].value_counts(normalize=True)
        assert (abs(shares - 1 / len(shares)) < 0.05).all()
    for name in ("zip", "income"):
        low, high = frame[name].min(), frame[name].max()
        assert records[name].nunique() > 1000
        assert records[name].between(low, high).all()
        assert abs(records[name].mean() - (low + high) / 2) < 0.03 * (high - low)


def test_values_without_an_order():
    domain = find_domain(np.array([["a"], [1], [None], [1]], dtype=object), None)
    assert domain.values[0].tolist() == ["a", 1]


def test_ends_of_whole_ranges_are_drawn_as_often():
    domain = find_domain(None, [(3, 5), (-1, 0), ["x", "y"]])
    records = domain.records(domain.draw(3000, np.random.RandomState(0)))
    assert records.dtype == object
    for column, expected in zip(records.T, ([3, 4, 5], [-1, 0], ["x", "y"]), strict=True):
        values, counts = np.unique(column, return_counts=True)
        assert values.tolist() == expected
        assert (abs(counts / 3000 - 1 / len(expected)) < 0.04).all()


def test_given_domain_takes_precedence(frame):
    domain = find_domain(frame, {"rooms": [2, 3], "zip": (10, 12), "level": ["mid"]})
    records = domain.records(domain.draw(100, np.random.RandomState(0)))
    assert set(records["rooms"]) == {2, 3}
    assert set(records["zip"]) == {10, 11, 12}
    assert set(records["level"]) == {"mid"}
    domain = find_domain(BINARY, [None, [5.0], *[None] * 4])
    records = domain.records(domain.draw(100, np.random.RandomState(0)))
    assert np.unique(records[:, 1]) == [5]
    assert np.unique(records[:, 0]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([0, 0, 0], [0, 1]),
        ([3, 3, 3], [3]),
        ([1.5, np.nan, 2.5], [1.5, 2.5]),
        (np.arange(20), list(range(20))),
        (np.arange(21), (0, 20)),
        (np.arange(21) / 2, (0.0, 10.0)),
    ],
)
def test_inferred_domain_of_numbers(column, expected):
    domain = find_domain(np.reshape(column, (-1, 1)), None)
    if isinstance(expected, tuple):
        assert domain.values == [None]
        whole = isinstance(expected[1], int)
        assert (domain.low[0], domain.low[0] + domain.width[0] - whole) == expected
    else:
        assert domain.values[0].tolist() == expected


def test_synthesis_in_the_form_of_a_frame(frame):
    y = (frame["city"] == "Rome") ^ frame["married"]
    target = make_pipeline(OneHotEncoder(handle_unknown="ignore"), DecisionTreeClassifier())
    target.fit(frame, y)
    made = synthesize_records(target, 10, X=frame, random_state=0)
    assert made.X.dtypes.equals(frame.dtypes)
    assert made.n_accepted.tolist() == [5, 5]
    np.testing.assert_array_equal(target.predict(made.X), made.y)


def test_synthesis_in_the_form_of_a_polars_frame():
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "city": rng.choice(["Bern", "Rome"], 60),
            "married": rng.integers(0, 2, 60).astype(bool),
            "level": rng.choice(["low", "mid", "high"], 60),
            "zip": rng.integers(1000, 9000, 60),
        },
        schema_overrides={"level": pl.Enum(["low", "mid", "high", "none"])},
    )
    y = (frame["city"] == "Rome").to_numpy() ^ frame["married"].to_numpy()
    target = make_pipeline(OneHotEncoder(handle_unknown="ignore"), DecisionTreeClassifier())
    target.fit(frame, y)
    made = synthesize_records(target, 10, X=frame, random_state=0)
    assert made.X.schema == frame.schema
    assert set(made.X["level"]) <= {"low", "mid", "high"}
    np.testing.assert_array_equal(target.predict(made.X), made.y)
    domain = find_domain(frame, {"level": ["none"]})
    assert set(domain.records(domain.draw(5, np.random.RandomState(0)))["level"]) == {"none"}
    with pytest.raises(ValueError, match=r"domain\[2\] has values that a column of type Enum"):
        find_domain(frame, {"level": ["other"]})


def test_synthesis_in_the_form_of_a_sparse_matrix():
    X = sparse.csr_matrix(BINARY)
    target = BernoulliNB().fit(X, np.arange(200) % 2)
    made = synthesize_records(target, 10, X=X, random_state=0, conf_min=0.0)
    assert isinstance(made.X, sparse.csr_matrix)
    assert made.X.dtype == np.float32
    assert set(np.unique(made.X.toarray())) == {0, 1}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_records": 0}, ValueError, "'n_records' parameter of .* Got 0 "),
        ({"n_records": 2.5}, TypeError, "'n_records' parameter of .* Got 2.5 "),
        ({"k_min": 0}, ValueError, "'k_min' parameter of .* Got 0 "),
        ({"k_max": 3}, ValueError, "k_max must be at least k_min, 4, got 3"),
        ({"conf_min": 1}, ValueError, "'conf_min' parameter of .* Got 1 "),
        ({"rej_max": -1}, ValueError, "'rej_max' parameter of .* Got -1 "),
        ({"iter_max": 0}, ValueError, "'iter_max' parameter of .* Got 0 "),
        ({"max_failures": 0}, ValueError, "'max_failures' parameter of .* Got 0 "),
        ({"max_queries": 0}, ValueError, "'max_queries' parameter of .* Got 0 "),
        ({"n_climbers": 0}, ValueError, "'n_climbers' parameter of .* Got 0 "),
        ({"classes": ["z"]}, ValueError, r"some of the target's classes, such as .* got \['z'\]"),
        ({"classes": []}, ValueError, "can never be equal|got none"),
        ({"classes": [1]}, ValueError, "can never be equal"),
        (
            {"response_method": "predict"},
            ValueError,
            "'response_method' parameter of .* Got 'predict' ",
        ),
        ({"X": None}, ValueError, "Records need a domain: give X"),
        ({"X": BINARY[:0]}, ValueError, "at least one record and one column, got shape"),
        ({"X": BINARY[0]}, ValueError, r"\(6,\); give an array.* one row a record"),
        ({"X": BINARY * np.nan}, ValueError, "Feature 0 has no value in X that is not missing"),
        ({"X": np.array([[1.0], [2.0], [np.inf]])}, ValueError, "Feature 0 has infinite values"),
        ({"domain": [[0, 1]] * 5}, ValueError, "one entry per feature: X has 6, got 5"),
        ({"domain": {6: [0]}}, ValueError, r"columns that X does not have: \[6\]"),
        ({"domain": {0: [0]}, "X": None}, ValueError, "a dict needs X"),
        ({"domain": [None, [0]], "X": None}, ValueError, "features without values; give them"),
        ({"domain": [], "X": None}, ValueError, "features without values"),
        ({"domain": {0: (1, 0)}}, ValueError, r"domain\[0\] must be a list .* got \(1, 0\)"),
        ({"domain": {0: (0, np.inf)}}, ValueError, r"domain\[0\] must be a list"),
        ({"domain": {0: "ab"}}, ValueError, r"domain\[0\] must be a list .* got 'ab'"),
        ({"domain": {0: []}}, ValueError, r"domain\[0\] must be a list"),
        ({"domain": {0: ["a"]}}, ValueError, r"domain\[0\] has values that a column of type float"),
    ],
)
def test_errors_of_synthesis(options, error, message):
    options = {"n_records": 5, "X": BINARY, **options}
    with pytest.raises(error, match=message):
        synthesize_records(SoftmaxTarget(), random_state=0, **options)


def test_a_name_that_repeats_does_not_say_which_column():
    frame = pd.DataFrame(BINARY[:, :2], columns=["a", "a"])
    with pytest.raises(ValueError, match=r"several columns named 'a'; give a number"):
        find_domain(frame, {"a": [0]})
    assert find_domain(frame, [[0], None]).values[0].tolist() == [0]


@pytest.mark.parametrize("entry", [(0.0, 1.0), [0.5, 1.0], ["a"], [np.nan, 1.0], [300]])
def test_whole_numbers_cannot_hold_fractions(entry):
    for X in (BINARY.astype(np.int8), pd.DataFrame(BINARY).astype("int8")):
        with pytest.raises(ValueError, match=r"domain\[0\] has values that a column of type int8"):
            find_domain(X, {0: entry} if isinstance(X, np.ndarray) else [entry, *[None] * 5])


@pytest.mark.parametrize(
    ("X", "entry"),
    [
        (pd.DataFrame({"a": pd.Categorical([100, 101])}), [101, 102]),
        (np.array([["low"], ["mid"]]), ["higher"]),
        (np.array([["low"], ["mid"]]), [1]),
        (pd.DataFrame({"a": ["low", None]}), [1]),
        (pl.DataFrame({"a": ["low", None]}), (0, 1)),
        (pl.DataFrame({"a": [True, None]}), [0, 2]),
        (np.array([["2024-01-01"]], dtype="M8[D]"), [1]),
        (np.array([[1]]), [np.inf]),
    ],
)
def test_columns_refuse_other_values(X, entry):
    with pytest.raises(ValueError, match=r"domain\[0\] has values that a column of type .* hold"):
        find_domain(X, [entry])


@pytest.mark.parametrize(
    ("X", "entry"),
    [
        (pd.DataFrame({"a": pd.Categorical([100, 101, 102])}), [102, 101]),
        (np.array([["low"], ["mid"]]), ["new"]),
        (np.array([[b"low"]]), [b"new"]),
        (pd.DataFrame({"a": ["low", None]}), ["higher", None]),
        (pl.DataFrame({"a": ["low", None]}, schema={"a": pl.Categorical}), ["higher"]),
        (pl.DataFrame({"a": [True, None]}), [0, 1]),
        (pd.DataFrame({"a": pd.array([1, None], dtype="Int8")}), [2.0, 7.0]),
        (np.array([["2024-01-01"]], dtype="M8[D]"), np.array(["2030"], dtype="M8[D]")),
        (np.array([[1], ["a"]], dtype=object), [0.5, "b"]),
    ],
)
def test_columns_hold_new_values(X, entry):
    domain = find_domain(X, [entry])
    records = domain.records(np.arange(len(entry))[:, None])
    assert type(records) is type(X)
    types = (records.schema, X.schema) if isinstance(X, pl.DataFrame) else (0, 0)
    assert types[0] == types[1]
    values = np.asarray(records).ravel().tolist()
    expected = entry if isinstance(entry, list) else entry.tolist()
    assert all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(values, expected, strict=True))


def test_new_categories_are_refused(frame):
    with pytest.raises(ValueError, match=r"domain\[0\] has values that a column of type category"):
        find_domain(frame, {"level": ["low", "none"]})


def test_errors_of_targets():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match="must be a classifier"):
        synthesize_records(DecisionTreeRegressor().fit(X, y), 5, X=X)
    with pytest.raises(ValueError, match="not fitted"):
        synthesize_records(LogisticRegression(), 5, X=X)
    with pytest.raises(ValueError, match="none of the methods predict_proba"):
        synthesize_records(RidgeClassifier().fit(X, y), 5, X=X, response_method="predict_proba")

    class Labels:
        predict = NearestCentroid.predict

    with pytest.raises(ValueError, match=r"a climb needs a confidence\. Take sample_marginal"):
        synthesize_records(Labels(), 5, X=X)


def correlated(n=2000):
    """Two classes; two equal features, a share per class, and one of many values."""
    rng = np.random.default_rng(0)
    y = rng.choice(["no", "yes"], n, p=[0.75, 0.25])
    first = rng.random(n) < np.where(y == "yes", 0.9, 0.2)
    return np.column_stack([first, first, rng.integers(5, 50, n)]).astype(np.float32), y


def in_form(X, form):
    if form == "frame":
        return pd.DataFrame(X, columns=["a", "b", "c"]).astype({"a": bool, "c": "category"})
    if form == "polars":
        columns = {"a": X[:, 0] == 1, "b": X[:, 1], "c": X[:, 2].astype(str)}
        return pl.DataFrame(columns, schema_overrides={"c": pl.Categorical})
    return sparse.csr_matrix(X) if form == "sparse" else X


def to_array(X):
    if isinstance(X, pl.DataFrame):
        X = X.with_columns(pl.col("c").cast(pl.String).cast(pl.Float32))
    return X.toarray() if sparse.issparse(X) else np.asarray(X, dtype=np.float32)


@pytest.mark.parametrize("form", ["array", "frame", "polars", "sparse"])
def test_marginals_within_classes(form):
    X, y = correlated()
    records = in_form(X, form)
    made, labels = sample_marginal_records(records, 3000, y=y, random_state=0)
    assert type(made) is type(records)
    if form == "frame":
        assert made.dtypes.equals(records.dtypes)
        assert made.index.tolist() == list(range(3000))
    if form == "polars":
        assert made.schema == records.schema
    made = to_array(made)
    assert made.dtype == np.float32
    assert abs((labels == "yes").mean() - (y == "yes").mean()) < 0.03
    for label in ("yes", "no"):
        part, real = made[labels == label], X[y == label]
        assert abs(part[:, 0].mean() - real[:, 0].mean()) < 0.04
        assert abs(np.corrcoef(part[:, 0], part[:, 1])[0, 1]) < 0.1
        assert set(part[:, 2]) <= set(real[:, 2])


def test_marginals_labeled_by_the_target():
    X, y = correlated()
    target = BernoulliNB().fit(X, y)
    made, labels = sample_marginal_records(X, 3000, target=target, random_state=0)
    np.testing.assert_array_equal(labels, target.predict(made))
    np.testing.assert_allclose(made.mean(axis=0), X.mean(axis=0), rtol=0.08)
    assert abs(np.corrcoef(made[:, 0], made[:, 1])[0, 1]) < 0.06
    made, labels = sample_marginal_records(X, 50, y=y, target=target, random_state=0)
    np.testing.assert_array_equal(labels, target.predict(made))


def test_marginals_keep_missing_values_and_one_record():
    X = np.array([[np.nan, 1.0]])
    made, labels = sample_marginal_records(X, 3, y=[4])
    np.testing.assert_array_equal(made, np.repeat(X, 3, axis=0))
    assert labels.tolist() == [4, 4, 4]


@pytest.mark.parametrize("form", ["array", "frame", "polars", "sparse"])
def test_noise_flips_and_redraws(form):
    X, y = correlated()
    records = in_form(X, form)
    before = records.clone() if form == "polars" else records.copy()
    noisy, labels = perturb_records(records, y, flip_rate=0.2, random_state=0)
    assert type(noisy) is type(records)
    np.testing.assert_array_equal(labels, y)
    np.testing.assert_array_equal(to_array(records), to_array(before))
    if form == "frame":
        assert noisy.dtypes.equals(records.dtypes)
    if form == "polars":
        assert noisy.schema == records.schema
    noisy = to_array(noisy)
    changed = noisy != X
    expected = np.array([0.2, 0.2, 0.2 * 44 / 45])  # 45 values, drawn again now and then
    assert (abs(changed.mean(axis=0) - expected) < 4 * np.sqrt(0.16 / 2000)).all()
    assert abs(np.corrcoef(changed[:, 0], changed[:, 1])[0, 1]) < 0.1
    assert set(noisy[:, 2]) <= set(X[:, 2])


@pytest.mark.parametrize("dtype", [np.uint8, np.float64, bool, object])
def test_flip_rate_zero_and_one(dtype):
    X = np.column_stack([BINARY[:, :2], np.zeros(200), np.ones(200)]).astype(dtype)
    y = np.arange(200) % 2
    np.testing.assert_array_equal(perturb_records(X, y, flip_rate=0)[0], X)
    for records in (X, pd.DataFrame(X)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            noisy = perturb_records(records, y, flip_rate=1)[0]
        np.testing.assert_array_equal(np.asarray(noisy), 1 - X.astype(int))


def test_noise_on_two_texts_and_on_missing_values(frame):
    frame.loc[frame.index[:9], ["city", "level", "children"]] = None
    frame["only"] = pd.Categorical(np.zeros(60))
    noisy, _ = perturb_records(frame, np.arange(60) % 2, flip_rate=1, random_state=0)
    assert noisy.dtypes.equals(frame.dtypes)
    frame = frame.reset_index(drop=True)
    for name in ("city", "children"):
        assert (noisy[name].isna() == frame[name].isna()).all()
        assert (noisy[name] != frame[name])[9:].all()
    assert (noisy["only"] == 0).all()


@pytest.mark.parametrize("make", [sample_marginal_records, perturb_records])
def test_resampling_repeats_by_seed(make):
    X, y = correlated(100)
    arguments = (X, 50) if make is sample_marginal_records else (X,)
    first, second = (make(*arguments, y=y, random_state=1)[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_errors_of_resampling():
    X, y = correlated(10)
    with pytest.raises(ValueError, match=r"'n_records' parameter of .* Got 0 "):
        sample_marginal_records(X, 0, y=y)
    with pytest.raises(ValueError, match="need labels: give target"):
        sample_marginal_records(X, 5)
    with pytest.raises(TypeError, match="must be a classifier"):
        sample_marginal_records(X, 5, target=DecisionTreeRegressor().fit(X, X[:, 0]))
    with pytest.raises(ValueError, match=r"'flip_rate' .* Got 1\.1 "):
        perturb_records(X, y, flip_rate=1.1)
    with pytest.raises(TypeError, match=r"'flip_rate' .* Got"):
        perturb_records(X, y, flip_rate="0.1")
    for make in (lambda X, y: sample_marginal_records(X, 5, y=y), perturb_records):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            make(X, y[:5])
        with pytest.raises(ValueError, match="at least one record and one column"):
            make(X[:0], y[:0])
