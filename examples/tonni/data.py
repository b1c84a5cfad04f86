"""The three data sets: Adult is real, Purchase and Texas are generated stand-ins.

The authors had 400,000 records of 16 features of Purchase and of Texas, which are not at hand, and
let a Gaussian mixture of two components, fitted to the features, decide the labels. Here the
records come from the generators of skmia, are summed up in 16 features, and get their labels in
the same way. So nothing measured on them is a statement about the real Purchase or Texas records,
but like theirs the labels are a smooth function of the features: there is little to memorize.
"""

from functools import lru_cache

import numpy as np
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import minmax_scale

from skmia.datasets import load_adult, make_purchase_like, make_texas_like
from skmia.properties import most_informative_features

DATA = ("adult", "purchase", "texas")
N_GENERATED = 50_000
N_FEATURES = 16
# columns of the generated Texas records: one block of zeros and ones for each fact of a stay
TEXAS_BLOCKS = (400, 250, 22, 20, 18, 16, 12, 9, 6, 5, 4, 3, 3)


@lru_cache(maxsize=3)
def population(name):
    """Return all records of a data set, features in [0, 1] as float32, and labels 0 and 1."""
    return {"adult": _adult, "purchase": _purchase, "texas": _texas}[name]()


@lru_cache(maxsize=3)
def informative(name, n_features=5):
    """Return positions of the features with the highest mutual information with the label."""
    X, y = population(name)
    rows = np.random.default_rng(0).permutation(len(y))[:10_000]
    return list(most_informative_features(X[rows], y[rows], n_features, random_state=0))


def _adult():
    """Return the 14 columns as the authors had them: codes of categories scaled like numbers."""
    X, y = load_adult(return_X_y=True)
    X = np.where(np.isnan(X), np.nanmax(X, axis=0) + 1, X)  # a missing value is one more category
    return minmax_scale(X).astype(np.float32), y.astype(int)


def _purchase():
    """Return how many items of 16 departments each customer bought."""
    items, _ = make_purchase_like(N_GENERATED, n_classes=2, random_state=0)
    X = np.stack([items[:, j::N_FEATURES].sum(axis=1) for j in range(N_FEATURES)], axis=1)
    return _labeled(X, 0.95)


def _texas():
    """Return 13 codes of each stay and how many diagnoses of three kinds it has."""
    stays = make_texas_like(N_GENERATED, random_state=0)[0].tocsc()
    *ends, last = np.cumsum(TEXAS_BLOCKS)
    blocks = zip([0, *ends], [*ends, last], strict=True)
    codes = [np.asarray(stays[:, a:b] @ np.arange(b - a)) for a, b in blocks]
    further = np.array_split(np.arange(last, stays.shape[1]), N_FEATURES - len(codes))
    codes += [np.asarray(stays[:, part].sum(axis=1)).ravel() for part in further]
    return _labeled(np.stack(codes, axis=1), 0.99)


def _labeled(X, quantile):
    """Cut the largest values, scale, and let a mixture of two components decide the labels."""
    X = minmax_scale(np.minimum(X, np.quantile(X, quantile, axis=0))).astype(np.float32)
    mixture = GaussianMixture(2, reg_covar=1e-3, random_state=0).fit(X[:10_000])
    y = mixture.predict(X)
    return X, (y if y.mean() <= 0.5 else 1 - y)  # 1 is the rarer label, as in Adult


def in_group(name, X):
    """Tell which records have the commonest combination of low and high informative features.

    Low is at most 0.5. These records and all others are the two groups of every fairness measure.
    """
    return ((X[:, informative(name)] <= 0.5) == _commonest(name)).all(axis=1)


@lru_cache(maxsize=3)
def _commonest(name):
    low = population(name)[0][:, informative(name)] <= 0.5
    combinations, counts = np.unique(low, axis=0, return_counts=True)
    return combinations[counts.argmax()]
