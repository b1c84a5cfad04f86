"""The synthetic stand-ins for Purchase-100 and Texas-100."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.naive_bayes import BernoulliNB
from sklearn.preprocessing import normalize

from skmia.datasets import make_purchase_like, make_texas_like

GENERATORS = [make_purchase_like, make_texas_like]
# sums over the first 768 columns: where each one-hot block of the Texas-like records begins
BLOCKS = np.cumsum([0, 400, 250, 22, 20, 18, 16, 12, 9, 6, 5, 4, 3])


def dense(X):
    return X.toarray() if sparse.issparse(X) else X


@pytest.fixture(scope="module")
def purchases():
    return make_purchase_like(4000, n_classes=20, random_state=0)


@pytest.fixture(scope="module")
def stays():
    return make_texas_like(4000, random_state=0)


@pytest.mark.parametrize("make", GENERATORS)
def test_form(make):
    X, y = make(300, n_features=900, n_classes=7, random_state=0)
    assert X.shape == (300, 900)
    assert X.dtype == np.float32
    assert set(np.unique(dense(X))) == {0, 1}
    assert y.dtype == np.int64
    assert np.unique(y).tolist() == list(range(7))


@pytest.mark.parametrize("make", GENERATORS)
def test_seed_repeats_and_global_state_is_left_alone(make):
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    (X, y), (again, y_again) = (make(300, n_classes=5, random_state=3) for _ in range(2))
    other, _ = make(300, n_classes=5, random_state=np.random.RandomState(4))
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002
    np.testing.assert_array_equal(dense(X), dense(again))
    np.testing.assert_array_equal(y, y_again)
    assert (dense(X) != dense(other)).any()


def test_purchases_have_the_stated_ones(purchases):
    X, _ = purchases
    ones = X.sum(axis=1)
    assert ones.min() >= 5
    assert 20 < ones.mean() < 24
    assert 15 < ones.std() < 21
    means = np.sort(X.mean(axis=0))[::-1][[0, 9, 49, 199]]
    np.testing.assert_allclose(means, [0.29, 0.18, 0.09, 0.034], rtol=0.25)


def test_purchase_classes_are_clusters(purchases):
    X, y = purchases
    rows = normalize(X.astype(np.float64))
    centers = np.array([rows[y == label].mean(axis=0) for label in range(20)])
    start = KMeans(20, init=centers, n_init=1, max_iter=1).fit(rows)
    assert (start.labels_ == y).mean() > 0.99
    assert np.bincount(y).min() > 20


def test_purchase_parameters_do_what_they_say():
    few, _ = make_purchase_like(1000, n_classes=2, activity=0.0, strength=0.0, random_state=0)
    many, _ = make_purchase_like(1000, n_classes=2, density=0.12, random_state=0)
    ones = few.sum(axis=1)
    expected = 0.034 * 600
    assert abs(ones.mean() - expected) < 0.6
    assert ones.std() < 1.05 * np.sqrt(expected)  # at most that of a Poisson number
    assert many.mean() > 0.09


def test_stays_have_the_stated_ones(stays):
    X, _ = stays
    ones = np.diff(X.indptr)
    assert 20 < ones.mean() < 21.2
    assert 2.2 < ones.std() < 2.8
    blocks = np.add.reduceat(X[:, :768].toarray(), BLOCKS, axis=1)
    assert (blocks == 1).all()


def test_stays_are_in_canonical_form(stays):
    X, _ = stays
    assert isinstance(X, sparse.csr_matrix)
    assert X.has_canonical_format
    assert X.indices.dtype == np.int32


def test_sizes_of_texas_classes_are_the_real_ones(stays):
    _, y = stays
    sizes = np.bincount(y, minlength=100) / len(y)
    assert abs(sizes[98] - 3046 / 67330) < 0.012
    assert sizes.argmax() in (14, 30, 65, 72, 94, 98)
    _, y = make_texas_like(4000, n_classes=2, random_state=0)  # 2,687 before 3,046
    assert abs(y.mean() - 3046 / (2687 + 3046)) < 0.03


def test_class_weight_and_label_noise():
    def accuracy(**options):
        X, y = make_texas_like(3000, n_classes=5, random_state=0, **options)
        return BernoulliNB().fit(X[:1500], y[:1500]).score(X[1500:], y[1500:])

    noisy = accuracy(class_weight=1.0, label_noise=0.5)
    assert accuracy(class_weight=0.0) < 0.3
    assert 0.5 < noisy < 0.8
    assert accuracy(class_weight=1.0) > 0.95


def test_every_class_remains_with_noise():
    _, y = make_texas_like(100, label_noise=1.0, random_state=0)
    assert np.unique(y).tolist() == list(range(100))


@pytest.mark.parametrize("make", GENERATORS)
def test_numbers_of_few_bits(make):
    X, y = make(np.uint8(200), n_classes=np.int8(2), n_features=np.int16(900), random_state=0)
    assert X.shape == (200, 900)
    assert set(y.tolist()) == {0, 1}


@pytest.mark.parametrize("make", GENERATORS)
@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_samples": 99}, ValueError, "n_samples must be at least n_classes, 100, got 99"),
        (
            {"n_samples": 1e4},
            TypeError,
            r"'n_samples' parameter of make_.* an int .* Got 10000\.0 ",
        ),
        ({"n_features": 4}, ValueError, r"'n_features' .* an int .* Got 4 "),
        ({"n_classes": 1}, ValueError, r"'n_classes' .* in the range \[2, .* Got 1 "),
        ({"random_state": "a"}, ValueError, "'random_state' .* Got 'a' "),
    ],
)
def test_errors(make, options, error, message):
    with pytest.raises(error, match=message):
        make(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"density": 0}, r"'density' .*\(0.0, 0.6\]. Got 0 "),
        ({"density": 0.7}, r"'density' .* Got 0.7 "),
        ({"strength": 1.1}, r"'strength' .*\[0.0, 1.0\]. Got 1.1 "),
        ({"activity": -1}, r"'activity' .*\[0.0, 10.0\]. Got -1 "),
        ({"density": 0.001}, "of 4096 customers bought 5 of the 600 items; raise density"),
        (
            {"n_features": 5, "n_samples": 200, "density": 0.5},
            "clusters cannot be made of 200 records of 5 items, on",
        ),
    ],
)
def test_purchase_errors(options, message):
    with pytest.raises(ValueError, match=message):
        make_purchase_like(random_state=0, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_features": 827}, r"'n_features' .*\[828, inf\). Got 827 "),
        ({"n_classes": 101}, r"'n_classes' .*\[2, 100\]. Got 101 "),
        ({"class_weight": 1.5}, r"'class_weight' .*\[0.0, 1.0\]. Got 1.5 "),
        ({"label_noise": -0.1}, r"'label_noise' .* Got -0.1 "),
    ],
)
def test_texas_errors(options, message):
    with pytest.raises(ValueError, match=message):
        make_texas_like(random_state=0, **options)
