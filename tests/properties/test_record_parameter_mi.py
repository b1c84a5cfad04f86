"""The mutual information of records and weights, as the authors of the paper computed it."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import mutual_info_regression
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from skmia.properties import record_parameter_mi

RNG = np.random.RandomState(0)
REDUCED = {
    "max": lambda coef: coef.max(axis=1),
    "mean": lambda coef: coef.mean(axis=1),
    "norm": lambda coef: np.sqrt((coef**2).sum(axis=1)),
}


def of_scikit_learn(X, theta, seed):
    return [mutual_info_regression(x[:, None], theta, random_state=seed)[0] for x in X]


@pytest.mark.parametrize("reduce", ["max", "mean", "norm"])
@pytest.mark.parametrize("n_features", [5, 14, 60])
def test_is_scikit_learns(n_features, reduce):
    X, coef = RNG.randn(25, n_features), RNG.randn(n_features, 7)
    X[::2] = X[::2].round()  # equal values, which the noise sets apart as scikit-learn's does
    X[3] = 0
    X[4] = 100 * coef.max(axis=1)
    found = record_parameter_mi(X, coef, reduce=reduce, random_state=3)
    expected = of_scikit_learn(X, REDUCED[reduce](coef), 3)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert found.max() > 0


def test_of_a_linear_model_and_of_many_blocks():
    X, y = load_breast_cancer(return_X_y=True)
    X = scale(X)
    model = LogisticRegression(max_iter=1000).fit(X, y)
    found = record_parameter_mi(X, model.coef_.T, random_state=0)
    assert found.shape == (569,)
    np.testing.assert_allclose(found[550:], of_scikit_learn(X[550:], model.coef_[0], 0), atol=1e-12)
    np.testing.assert_array_equal(found, record_parameter_mi(X, model.coef_[0], random_state=0))
    matrix = sparse.csr_matrix(X)
    np.testing.assert_array_equal(
        found, record_parameter_mi(matrix, model.coef_[0], random_state=0)
    )


def test_value_depends_on_one_record_only():
    X, coef = RNG.randint(3, size=(50, 8)), RNG.randn(8, 3)
    found = record_parameter_mi(X, coef, random_state=1)
    np.testing.assert_array_equal(record_parameter_mi(X[7:9], coef, random_state=1), found[7:9])


def test_estimate_of_normal_variables():
    theta = RNG.randn(3000)
    X = 0.8 * theta + 0.6 * RNG.randn(3, 3000)
    found = record_parameter_mi(X, theta, random_state=0)
    np.testing.assert_allclose(found, -np.log(1 - 0.64) / 2, atol=0.06)


def test_is_noise_where_there_is_nothing_to_find():
    # what the documentation says: the mean of nothing is above 0
    found = record_parameter_mi(RNG.randn(2000, 14), RNG.randn(14, 50), random_state=0)
    assert found.min() == 0
    assert 0.02 < found.mean() < 0.15
    assert found.max() > 0.3


@pytest.mark.parametrize(
    ("shape", "coef_shape", "message"),
    [
        ((3, 6), (4, 6), r"row of weights for each of the 6 features of X, got shape \(4, 6\)"),
        ((3, 6), (6, 2, 2), "coef must have a row of weights for each"),
        ((3, 4), (4, 9), "X must have at least 5 features, .* got 4"),
    ],
)
def test_refuses_shapes(shape, coef_shape, message):
    with pytest.raises(ValueError, match=message):
        record_parameter_mi(np.ones(shape), np.ones(coef_shape))


def test_refuses_reductions_and_holes():
    with pytest.raises(ValueError, match=r"'reduce' .* among {'max', .* Got 'sum'"):
        record_parameter_mi(np.ones((3, 6)), np.ones(6), reduce="sum")
    with pytest.raises(ValueError, match="Input X contains NaN"):
        record_parameter_mi(np.full((3, 6), np.nan), np.ones(6))
