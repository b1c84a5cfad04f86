"""What an attack draws does not depend on the order of the records."""

import numpy as np
import pytest
from scipy.stats import ttest_ind
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.naive_bayes import GaussianNB

from skmia.attacks import GMIA, RMIA, LabelOnlyAttack, QuantileAttack, ShadowModelAttack


def three_classes(n_of_each, seed=0):
    """Return records of three classes in turn: the first is easy, the others are alike."""
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(3 * n_of_each, 4)), np.repeat(np.arange(3), n_of_each)
    X[y == 0] += 4
    return X, y, rng


# where there are more records than are tried, a part of them was once taken from the top
@pytest.mark.slow
def test_the_slope_of_rmia_does_not_depend_on_the_order():
    X, y, rng = three_classes(20_000)
    member = rng.random(len(y)) < 0.5
    target = RandomForestClassifier(20, min_samples_leaf=2, n_jobs=2, random_state=0)
    target.fit(X[member], y[member])
    slopes, areas = [], []
    for rows in (np.arange(len(y)), np.arange(len(y))[::-1], rng.permutation(len(y))):
        attack = RMIA(target, shadows=4, online=False, random_state=0).fit(X[rows], y[rows])
        slopes.append(attack.offline_a_)
        areas.append(roc_auc_score(member, attack.score_samples(X, y)))
    assert np.ptp(slopes) < 0.1 + 1e-9
    assert np.ptp(areas) < 0.01


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::skmia.exceptions.CalibrationWarning")
@pytest.mark.parametrize(
    "attack",
    [
        GMIA(shadows=4, cutoff=0.4, max_background=60),
        LabelOnlyAttack(n_queries=5),
        QuantileAttack(),
        RMIA(shadows=4),
        ShadowModelAttack(shadows=4, subsample=100),
    ],
    ids=lambda attack: type(attack).__name__,
)
def test_sorted_reversed_and_shuffled_rows_have_the_same_mean(attack):
    X, y, rng = three_classes(80)
    target = GaussianNB().fit(X[::2], y[::2])
    orders = np.arange(len(y)), np.arange(len(y))[::-1], rng.permutation(len(y))
    found = [
        [
            attack.set_params(target=target, random_state=seed)
            .fit(X[rows], y[rows])
            .predict_proba(X, y)[:, 1]
            .mean()
            for seed in range(20 * k, 20 * k + 20)  # draws of their own for each order
        ]
        for k, rows in enumerate(orders)
    ]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        if np.ptp(found[first] + found[second]) > 0:
            assert ttest_ind(found[first], found[second]).pvalue > 0.01
