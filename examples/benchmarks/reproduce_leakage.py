"""Reproduce what the abstract of Farokhi and Kaafar (2020) says of membership leakage.

Run it with ``python examples/benchmarks/reproduce_leakage.py``; it prints a table for each of

1. the number of training records: the leakage is to fall;
2. the weight of the regularization: it is to fall, which is recorded here and not asserted;
3. the type of the model: a network is to leak more than a logistic regression;
4. Gaussian noise of differential privacy: it is to rise with epsilon.

Each number is an average over records of the divergence of the law of the logit of a record's
confidence with the record from that without it, the other records drawn anew for each model. The
estimator is a reconstruction; which data sets and models the paper took is not known to us.
"""

import argparse
import time
import warnings

import numpy as np
from scipy.stats import spearmanr
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import normalize, scale

from skmia.datasets import load_adult
from skmia.leakage import gaussian_noise_scale, membership_leakage


class NoisyLogisticRegression(LogisticRegression):
    """A penalized logistic regression on records of length 1, with noise on its coefficients."""

    def __init__(self, epsilon=1.0, random_state=None):
        super().__init__(solver="newton-cholesky", fit_intercept=False, random_state=random_state)
        self.epsilon = epsilon

    def fit(self, X, y):
        """Fit, and add the noise that (epsilon, 1e-5)-differential privacy takes."""
        super().fit(normalize(X), y)
        noise = gaussian_noise_scale(2.0, self.epsilon, 1e-5, method="analytic")
        draws = np.random.RandomState(self.random_state).normal(size=self.coef_.shape)
        self.coef_ = self.coef_ + noise * draws
        return self

    def predict_proba(self, X):
        """Answer records of any length as those of length 1."""
        return super().predict_proba(normalize(X))


def adult(n_records, seed):
    """Draw records of Adult, the columns without missing values standardized."""
    X, y = load_adult(return_X_y=True)
    X = scale(X[:, ~np.isnan(X).any(axis=0)])
    rows = np.random.RandomState(seed).permutation(len(X))[:n_records]
    return X[rows], y[rows]


def gaussian(n_records, seed):
    """Draw Gaussian records of five features, of which the first makes the label by a logit."""
    rng = np.random.RandomState(seed)
    X = rng.normal(size=(n_records, 5))
    return X, (X[:, 0] + rng.logistic(size=n_records) > 0).astype(int)


def logistic(weight, n_trained):
    """Return a logistic regression with this weight of the penalty on the mean loss."""
    return LogisticRegression(C=1 / (weight * n_trained), solver="newton-cholesky")


def experiments(is_short):
    """Yield the title, and for each value of what varies the value, a model and a size."""
    sizes = (100, 300, 1000) if is_short else (100, 300, 1000, 3000, 10_000)
    yield "n, records trained on; lambda = 1e-2", [(n, logistic(1e-2, n), n) for n in sizes]
    weights = (1e-4, 1e-3, 1e-2, 1e-1, 1)
    size = 100 if is_short else 300
    yield f"lambda; n = {size}", [(weight, logistic(weight, size), size) for weight in weights]
    options = {"solver": "lbfgs", "max_iter": 100}
    models = [
        ("logistic", logistic(1e-4, size)),
        ("ridge-logistic", logistic(1e-2, size)),
        ("MLP(50)", MLPClassifier((50,), **options)),
        ("MLP(5 x 50)", MLPClassifier((50,) * 5, **options)),
    ]
    yield f"model; n = {size}", [(name, model, size) for name, model in models]
    grid = (0.1, 1, 10, 30, 100)
    noisy = [(epsilon, NoisyLogisticRegression(epsilon), 50) for epsilon in grid]
    yield "epsilon; delta = 1e-5, n = 50", noisy


def show(draw, steps, n_rows, n_models, n_jobs):
    """Print a line for each value, and the rank correlation of values and leakage."""
    found = []
    for value, model, size in steps:
        start = time.perf_counter()
        X, y = draw(2 * size, 0)  # each model is trained on half of them
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            leakage = membership_leakage(
                model, X, y, rows=np.arange(min(n_rows, len(y))), n_models=n_models,
                random_state=0, n_jobs=n_jobs,
            )  # fmt: skip
        found.append(float(leakage.mean_kl))
        print(
            f"{value!s:>15}  {leakage.mean_kl!s:22} {leakage.mean_mutual_information!s:22} "
            f"{leakage.success_bound.mean():.3f}   {time.perf_counter() - start:5.0f} s",
            flush=True,
        )
    if not isinstance(steps[0][0], str):
        rank = spearmanr([value for value, _, _ in steps], found).statistic
        print(f"{'':15}  Spearman correlation of the value and the leakage: {rank:.2f}")


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--short", action="store_true", help="smaller sizes, fewer models")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    n_rows, n_models = (100, 64) if args.short else (200, 256)
    print(f"{n_models} models, {n_rows} records, random_state 0, {time.strftime('%Y-%m-%d')}")
    for name, draw in (("Adult", adult), ("Gaussian", gaussian)):
        for title, steps in experiments(args.short):
            print(f"\n{name}: {title}")
            print(f"{'':15}  {'K [95 %], nats':22} {'I [95 %], nats':22} success at most")
            show(draw, steps, n_rows, n_models, args.jobs)


if __name__ == "__main__":
    main()
