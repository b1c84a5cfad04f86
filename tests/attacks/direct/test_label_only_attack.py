"""The label-only attacks of Choquette-Choo et al."""

import numpy as np
import oracles
import pytest
from scipy import sparse
from scipy.stats import norm
from sklearn import config_context
from sklearn.datasets import make_classification
from sklearn.metrics import roc_auc_score
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import LabelOnlyAttack, MetricAttack, label_only_scores
from skmia.attacks.direct._perturbation import Perturbation, noise_grid

X, Y = make_classification(900, n_features=5, flip_y=0.3, random_state=0)
MEMBERS, OTHERS, OWN = np.split(np.arange(900), 3)
ROWS, MEMBERSHIP = np.r_[MEMBERS, OTHERS], np.repeat([1, 0], 300)


class LabelsAlone:
    """A target that would tell if it were asked for more than labels."""

    def __init__(self, model, asked=None):
        self.model, self.classes_ = model, model.classes_
        self.asked = [] if asked is None else asked

    def predict(self, X):
        """Return labels, and count the queries."""
        self.asked.append(X.shape[0] if hasattr(X, "shape") else len(X))
        return self.model.predict(X)

    def predict_proba(self, X):
        """Fail."""
        raise AssertionError("predict_proba was called")

    decision_function = predict_proba


@pytest.fixture(scope="module")
def tree():
    return DecisionTreeClassifier(random_state=0).fit(X[MEMBERS], Y[MEMBERS])


def fixed(target, **params):
    params = {"noise": (0.3, 0.3), "n_queries": 30, "random_state": 0} | params
    return LabelOnlyAttack(target, **params)


def test_equals_the_slow_loop():
    rng = np.random.default_rng(0)
    kept, correct = rng.random((50, 7)) < 0.6, rng.random(50) < 0.5
    expected = [oracles.label_only_score(k, c) for k, c in zip(kept, correct, strict=True)]
    np.testing.assert_allclose(label_only_scores(kept, correct), expected)
    np.testing.assert_allclose(label_only_scores(kept.astype(int), correct.astype(int)), expected)


def test_class_is_a_thin_shell_around_the_function(tree):
    attack = fixed(tree).fit(X[ROWS], Y[ROWS], MEMBERSHIP)
    copies = attack._perturbation.copies(X, range(30), 0.3, 0.3).reshape(30, 900, 5)
    kept = np.array([tree.predict(copy) == Y for copy in copies]).T
    expected = label_only_scores(kept, tree.predict(X) == Y)
    np.testing.assert_array_equal(attack.score_samples(X, Y), expected)
    assert 5 < len(np.unique(expected)) <= 31


def test_calls_nothing_but_predict_and_asks_no_copies_of_misclassified_records(tree):
    target = LabelsAlone(tree)
    attack = fixed(target).fit(X[ROWS], Y[ROWS], MEMBERSHIP)
    target.asked.clear()
    attack.predict_proba(X[OTHERS], Y[OTHERS])
    n_right = (tree.predict(X[OTHERS]) == Y[OTHERS]).sum()
    assert sum(target.asked) == 300 + 30 * n_right
    target.asked.clear()
    gap = LabelOnlyAttack(target, method="gap").fit(X[ROWS], Y[ROWS], MEMBERSHIP)
    gap.score_samples(X[OTHERS], Y[OTHERS])
    assert sum(target.asked) == 600 + 300
    assert "response_method" not in attack.get_params()


def test_gap_is_correctness(tree):
    gap = LabelOnlyAttack(tree, method="gap", random_state=0).fit(X[OWN], Y[OWN])
    metric = MetricAttack(tree, signal="correctness", random_state=0).fit(X[OWN], Y[OWN])
    np.testing.assert_array_equal(gap.score_samples(X, Y), metric.score_samples(X, Y))
    np.testing.assert_array_equal(gap.predict(X, Y), metric.predict(X, Y))
    assert gap.threshold_ == 1
    assert gap.noise_ is None


def test_robustness_in_closed_form():
    # at distance t from a linear boundary a copy keeps its label with probability Φ(t / σ)
    rng = np.random.default_rng(1)
    records = rng.normal(size=(2000, 2))
    labels = (records[:, 0] > 0).astype(int)
    target = DecisionTreeClassifier(max_depth=1).fit(records, labels)
    cut = target.tree_.threshold[0]
    attack = fixed(target, noise=(0.5, 0), n_queries=2000)
    attack.fit(records[:50], labels[:50], np.arange(50) % 2)
    asked = np.column_stack([np.linspace(-1.5, 1.5, 60), np.zeros(60)])
    own = target.predict(asked)
    expected = norm.cdf(np.abs(asked[:, 0] - cut) / (0.5 * records[:50, 0].std()))
    error = 4 * np.sqrt(0.25 / 2000)
    assert np.abs(attack.score_samples(asked, own) - expected).max() < error
    assert (attack.score_samples(asked, 1 - own) == 0).all()


def test_flips_in_closed_form():
    # the label is the first of three bits: it is kept with probability 1 - flip_rate
    bits = np.random.default_rng(2).integers(2, size=(400, 3))
    target = DecisionTreeClassifier().fit(bits, bits[:, 0])
    attack = fixed(target, noise=(0.7, 0.2), n_queries=4000)
    attack.fit(bits[:40], bits[:40, 0], np.arange(40) % 2)
    scores = attack.score_samples(bits[:20], bits[:20, 0])
    assert np.abs(scores - 0.8).max() < 4 * np.sqrt(0.16 / 4000)


def test_noise_suits_each_column():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(
        {
            "real": rng.normal(5, 3, size=500),
            "bit": rng.integers(2, size=500),
            "sex": rng.choice(np.array(["f", "m"], dtype=object), 500),
            "color": pd.Categorical(rng.choice(["r", "g", "b"], 500, p=[0.7, 0.2, 0.1])),
            "zero": np.zeros(500, dtype=int),
            "five": np.full(500, 5),
        }
    )
    perturbation = Perturbation(0).fit(frame)
    kinds = [kind for kind, _ in perturbation.kinds]
    assert kinds == ["continuous", "binary", "binary", "categorical", "binary", "continuous"]
    assert perturbation.n_flipped == 4
    one = frame.iloc[:1].reset_index(drop=True)
    copies = perturbation.copies(one, range(4000), 0.5, 0.25)
    assert copies.dtypes.drop("five").equals(frame.dtypes.drop("five"))
    noise = copies["real"] - one.loc[0, "real"]
    assert abs(noise.std() / (0.5 * frame["real"].std()) - 1) < 0.05
    assert abs(noise.mean()) < 0.1
    for name in ("bit", "sex", "zero"):
        assert abs((copies[name] != one.loc[0, name]).mean() - 0.25) < 0.03
    assert (copies["five"] == 5).all()
    drawn = perturbation.copies(one, range(4000), 0, 1)["color"]
    np.testing.assert_allclose(
        drawn.value_counts(normalize=True)[["r", "g", "b"]],
        frame["color"].value_counts(normalize=True)[["r", "g", "b"]],
        atol=0.03,
    )
    changed = np.column_stack([copies["bit"] != one.loc[0, "bit"], copies["sex"] != one["sex"][0]])
    assert abs(np.corrcoef(changed.T)[0, 1]) < 0.06  # columns change independently


def test_every_record_gets_the_same_noise():
    perturbation = Perturbation(1).fit(X)
    both = perturbation.copies(X[:2], range(3), 0.2, 0).reshape(3, 2, 5)
    noise = both - X[:2]
    np.testing.assert_allclose(noise[:, 0], noise[:, 1], atol=1e-12)
    later = perturbation.copies(X[:2], [2], 0.2, 0)
    np.testing.assert_array_equal(later, both[2])
    assert (Perturbation(2).fit(X).copies(X[:2], [2], 0.2, 0) != later).all()


def test_missing_values_stay_or_are_drawn():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(
        {
            "real": [1.0, np.nan, 3.0, 7.0],
            "bit": [0.0, 1.0, np.nan, 1.0],
            "text": pd.Series(["a", None, "b", "c"], dtype=object),
        }
    )
    copies = Perturbation(0).fit(frame).copies(frame, range(50), 1.0, 1.0)
    missing = copies.isna().to_numpy().reshape(50, 4, 3)
    assert missing[:, 1, 0].all()
    assert missing[:, 2, 1].all()
    assert missing[:, [0, 2, 3], 0].sum() == missing[:, [0, 1, 3], 1].sum() == 0
    assert 0 < missing[:, 0, 2].mean() < 1


def test_containers_give_the_same_copies():
    pd, pl = pytest.importorskip("pandas"), pytest.importorskip("polars")
    rng = np.random.default_rng(4)
    records = np.column_stack([rng.normal(size=60), rng.integers(2, size=60), np.arange(60.0)])
    expected = Perturbation(0).fit(records).copies(records, range(4), 0.3, 0.4)
    for form, back in (
        (sparse.csr_array, lambda copies: copies.toarray()),
        (sparse.csr_matrix, lambda copies: copies.toarray()),
        (pd.DataFrame, lambda copies: copies.to_numpy()),
        (lambda table: pl.DataFrame(table, orient="row"), lambda copies: copies.to_numpy()),
        (lambda table: table.astype(np.float32), lambda copies: copies),
        (lambda table: table.astype(object), lambda copies: copies.astype(float)),
    ):
        given = form(records)
        copies = Perturbation(0).fit(given).copies(given, range(4), 0.3, 0.4)
        assert type(copies) is type(given)
        np.testing.assert_allclose(back(copies), expected, rtol=1e-5, atol=1e-5)


def test_polars_with_categories():
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {"color": ["r", "g", None, "b"] * 5, "n": list(range(20)), "bit": [True, False] * 10},
        schema_overrides={"color": pl.Categorical},
    )
    copies = Perturbation(0).fit(frame).copies(frame, range(30), 0.5, 0.5)
    assert copies.shape == (600, 3)
    assert copies.schema["color"] == pl.Categorical
    assert copies.schema["bit"] == pl.Boolean
    assert set(copies["color"].to_list()) == {"r", "g", "b", None}


def test_integers_stay_where_they_are_only_flipped():
    bits = np.random.default_rng(5).integers(2, size=(30, 4)).astype(np.int8)
    copies = Perturbation(0).fit(bits).copies(bits, range(5), 0.5, 0.5)
    assert copies.dtype == np.int8
    assert set(np.unique(copies)) == {0, 1}
    counts = np.arange(30)[:, None]
    assert Perturbation(0).fit(counts).copies(counts, range(5), 0.5, 0.5).dtype == np.float64


def test_scores_do_not_depend_on_batch_order_or_working_memory(tree):
    attack = fixed(tree).fit(X[ROWS], Y[ROWS], MEMBERSHIP)
    expected = attack.score_samples(X, Y)
    order = np.random.default_rng(0).permutation(900)
    np.testing.assert_array_equal(attack.score_samples(X[order], Y[order]), expected[order])
    np.testing.assert_array_equal(attack.score_samples(X[3:4], Y[3:4]), expected[3:4])
    with config_context(working_memory=0.01):  # a few records at a time
        np.testing.assert_array_equal(attack.score_samples(X[:90], Y[:90]), expected[:90])


def test_memory_is_bounded_by_the_batch(tree):
    target = LabelsAlone(tree)
    attack = fixed(target).fit(X[ROWS], Y[ROWS], MEMBERSHIP)
    target.asked.clear()
    with config_context(working_memory=0.1):
        attack.score_samples(X, Y)
    assert max(target.asked) * 5 * 8 <= 0.1 * 2**20 / 8


@pytest.fixture(scope="module")
def wiggly():
    """A smooth model that learned random labels: members lie farther from its boundary."""
    rng = np.random.default_rng(7)
    records, labels = rng.normal(size=(1800, 10)), rng.integers(2, size=1800)
    return records, labels, SVC(gamma=0.1, C=100).fit(records[:300], labels[:300])


def test_chooses_the_noise_by_accuracy(wiggly):
    records, labels, target = wiggly
    known, membership = np.arange(600), np.repeat([1, 0], 300)
    data = (records[known], labels[known], membership)
    attack = LabelOnlyAttack(target, n_queries=15, random_state=0).fit(*data)
    accuracies = {}
    for pair in noise_grid(0):
        given = fixed(target, noise=pair, n_queries=15).fit(*data)
        accuracies[pair] = given.score(*data)  # of the best threshold on these records
    assert accuracies[attack.noise_] == max(accuracies.values())
    assert max(accuracies.values()) > min(accuracies.values()) + 0.02


def test_grid_flips_so_many_columns_of_a_record():
    assert [rate * 100 for _, rate in noise_grid(100)] == [1, 2, 3, 5, 10]
    assert [rate for _, rate in noise_grid(4)] == [0.25, 0.5, 0.5, 0.5, 0.5]


def test_finds_more_than_the_gap_attack(wiggly):
    records, labels, target = wiggly
    truth, rows, own = np.repeat([1, 0], [300, 900]), np.arange(1200), np.arange(1200, 1800)
    aucs = []
    for params in ({"method": "gap"}, {"n_queries": 20}):
        attack = LabelOnlyAttack(target, random_state=0, **params)
        attack.fit(records[own], labels[own])
        aucs.append(roc_auc_score(truth, attack.score_samples(records[rows], labels[rows])))
    assert abs(aucs[0] - 0.75) < 0.03  # all members and half of the others are right
    assert aucs[1] > aucs[0] + 0.05


def test_outsider_learns_from_a_shadow(tree):
    attack = fixed(tree, noise="auto").fit(X[OWN], Y[OWN])
    assert attack.score(X[ROWS], Y[ROWS], MEMBERSHIP) > 0.55
    assert attack.noise_ in noise_grid(0)


def jitter(X, random_state):
    """Return records with noise that depends on the place in the batch, as users write it."""
    return X + np.random.RandomState(random_state).normal(scale=0.3, size=X.shape)


def test_function_as_method(tree):
    attack = fixed(tree, method=jitter).fit(X[ROWS], Y[ROWS], MEMBERSHIP)
    expected = attack.score_samples(X[:40], Y[:40])
    noise = jitter(np.zeros((30, 5)), attack._seed)
    kept = [tree.predict(x + noise) == y for x, y in zip(X[:40], Y[:40], strict=True)]
    np.testing.assert_array_equal(expected, label_only_scores(kept, tree.predict(X[:40]) == Y[:40]))
    np.testing.assert_array_equal(attack.score_samples(X[7:9], Y[7:9]), expected[7:9])
    assert attack.noise_ is None


def test_function_for_texts():
    texts = np.array(["ab", "ba", "aa", "bb"] * 10, dtype=object)
    labels = np.array([text[0] for text in texts])

    class FirstLetter:
        classes_ = np.array(["a", "b"])

        def predict(self, X):
            return np.array([text[0] for text in X])

    def without_first(X, random_state):
        return np.array([text[1:] for text in X], dtype=object)

    attack = LabelOnlyAttack(FirstLetter(), method=without_first, n_queries=3)
    attack.fit(texts, labels, np.arange(40) % 2)
    np.testing.assert_array_equal(attack.score_samples(texts[:4], labels[:4]), [0, 0, 1, 1])
    with pytest.raises(ValueError, match=r"no table with columns.*a function as method"):
        attack.set_params(method="noise").fit(texts, labels, np.arange(40) % 2)


@pytest.mark.parametrize("noise", [(-0.1, 0.1), (0.1, 1.5), (0.1,), ("a", 0), (np.nan, 0)])
def test_refuses_noise(tree, noise):
    with pytest.raises(ValueError, match=r"noise must be 'auto' or a pair \(sigma, flip_rate\)"):
        fixed(tree, noise=noise).fit(X[ROWS], Y[ROWS], MEMBERSHIP)


def test_refuses_a_target_without_labels():
    class Proba:
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return np.full((len(X), 2), 0.5)

    with pytest.raises(ValueError, match="Proba has none of the methods predict"):
        LabelOnlyAttack(Proba()).fit(X, Y)


def test_refuses_arrays_that_do_not_fit():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        label_only_scores([[1, 0]], [1, 0])


def test_target_without_other_methods_needs_membership(tree):
    target = LabelsAlone(tree)
    with pytest.raises(TypeError, match="cannot be cloned"):
        fixed(target).fit(X, Y)


def test_threat_model(tree):
    assert " of 31 queries" in fixed(tree)._threat_model
    assert " of 1 query " in LabelOnlyAttack(tree, method="gap")._threat_model
