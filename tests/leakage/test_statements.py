"""What the abstract of Farokhi and Kaafar says of leakage, on Adult and on a Gaussian model.

Leakage here is our reconstruction of theirs. That it falls with the weight of the regularization is
not asserted: examples/benchmarks/reproduce_leakage.py records what it does.
"""

from functools import cache

import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_1samp
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import normalize, scale

from skmia.datasets import load_adult
from skmia.leakage import gaussian_noise_scale, membership_leakage

slow = pytest.mark.slow
NETWORK = MLPClassifier((50,), solver="lbfgs", max_iter=200)
LINEAR = LogisticRegression(solver="newton-cholesky")
RECORDS, LABELS = load_adult(return_X_y=True)
NUMBERS = scale(RECORDS[:, ~np.isnan(RECORDS).any(axis=0)])


def adult(n_records, seed):
    rows = np.random.RandomState(seed).permutation(len(NUMBERS))[:n_records]
    return NUMBERS[rows], LABELS[rows]


def gaussian(n_records, seed):
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_records, 5))
    return X, (X[:, 0] + rng.logistic(size=n_records) > 0).astype(int)


@cache
def noise_scale(epsilon):
    # the gradient of one record's loss is at most 1, and the penalty's curvature is 1 / C = 1
    return gaussian_noise_scale(2.0, epsilon, 1e-5, method="analytic")


class Noisy(LogisticRegression):
    """A logistic regression on records of length 1, with noise of differential privacy."""

    def __init__(self, epsilon=1.0, random_state=None):
        super().__init__(solver="newton-cholesky", fit_intercept=False, random_state=random_state)
        self.epsilon = epsilon

    def fit(self, X, y):
        super().fit(normalize(X), y)
        draws = np.random.RandomState(self.random_state).normal(size=self.coef_.shape)
        self.coef_ = self.coef_ + noise_scale(self.epsilon) * draws
        return self

    def predict_proba(self, X):
        return super().predict_proba(normalize(X))


def averages(estimators, draw, sizes, n_models, n_rows):
    """Return the average leakage of some records, for each seed and each estimator or size."""
    return np.array(
        [
            [
                membership_leakage(
                    estimator, *draw(size, seed), rows=np.arange(n_rows), n_models=n_models,
                    random_state=seed,
                ).mean_kl
                for estimator, size in zip(estimators, sizes, strict=True)
            ]
            for seed in range(3)
        ]
    )  # fmt: skip


def assert_rank_correlation(values, grid, sign):
    """Check that the interval of the correlation over all seeds lies on one side of 0.

    Of Fisher's transform with the variance of Bonett and Wright (2000) for ranks. Seeds differ from
    each other, so that the correlation does not reach 1, where an interval has no width.
    """
    correlation = spearmanr(np.tile(grid, len(values)), values.ravel()).statistic
    error = 1.96 * np.sqrt((1 + correlation**2 / 2) / (values.size - 3))
    assert abs(correlation) < 1
    assert np.tanh(sign * np.arctanh(correlation) - error) > 0


@pytest.mark.parametrize(
    ("draw", "sizes", "n_models", "n_rows"),
    [
        (gaussian, [24, 96, 400], 20, 20),  # differences that few models are enough to find
        pytest.param(gaussian, [60, 180, 480], 64, 40, marks=slow),
        pytest.param(adult, [60, 180, 480], 64, 40, marks=slow),
    ],
)
def test_leakage_falls_with_the_number_of_records(draw, sizes, n_models, n_rows):
    values = averages([LINEAR] * 3, draw, sizes, n_models, n_rows)
    assert_rank_correlation(values, sizes, -1)


@pytest.mark.parametrize(
    ("draw", "n_records", "n_models", "n_rows"),
    [
        (gaussian, 24, 20, 20),
        pytest.param(gaussian, 60, 64, 40, marks=slow),
        pytest.param(adult, 60, 64, 40, marks=slow),
    ],
)
def test_leakage_rises_with_epsilon(draw, n_records, n_models, n_rows):
    grid = [1, 30, 100]
    estimators = [Noisy(epsilon) for epsilon in grid]
    values = averages(estimators, draw, [n_records] * 3, n_models, n_rows)
    assert_rank_correlation(values, grid, 1)


@pytest.mark.parametrize(
    ("network", "draw", "n_records", "n_models", "n_rows"),
    [
        (MLPClassifier((20,), solver="lbfgs", alpha=0.1, tol=1e-2), adult, 60, 18, 20),
        pytest.param(NETWORK, gaussian, 100, 40, 100, marks=slow),
        pytest.param(NETWORK, adult, 100, 40, 100, marks=slow),
    ],
)
def test_a_network_leaks_more_than_a_logistic_regression(
    network, draw, n_records, n_models, n_rows
):
    differences = []
    for seed in range(4):  # each counts once: its records share models, their errors go together
        one, other = (
            membership_leakage(
                model, *draw(n_records, seed), rows=np.arange(n_rows), n_models=n_models,
                random_state=seed,
            ).mean_mutual_information
            for model in (network, LINEAR)
        )  # fmt: skip
        differences.append(one - other)
    assert ttest_1samp(differences, 0).confidence_interval(0.95).low > 0
