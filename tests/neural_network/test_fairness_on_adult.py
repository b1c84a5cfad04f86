"""On the Adult data a direct penalty lowers the difference between the sexes, at a small price."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_rel
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from skmia.datasets import load_adult
from skmia.metrics import demographic_parity_difference, predictive_fairness_difference
from skmia.neural_network import GroupFairness, PredictiveFairness, RegularizedMLPClassifier

SEEDS = range(5)
pytestmark = pytest.mark.slow  # test_property_penalties has each penalty on few records


@pytest.fixture(scope="module")
def halves():
    X, y = load_adult(as_frame=True, return_X_y=True)
    X = pd.get_dummies(X.drop(columns="native-country"), dtype=np.float32)
    X = X.loc[:, [*X.columns.drop("sex_Male")]].rename(columns={"sex_Female": "sex"})
    split = train_test_split(X, y, train_size=3000, test_size=6000, stratify=y, random_state=0)
    X_train, X_test, y_train, y_test = split
    scaler = StandardScaler().set_output(transform="pandas").fit(X_train)
    scaled = scaler.transform(X_train), scaler.transform(X_test)
    return *(part.astype(np.float32) for part in scaled), y_train, y_test


def measured(halves, metric, penalties):
    """Return the difference between the sexes and the accuracy, of one network for each seed."""
    X_train, X_test, y_train, y_test = halves
    found = []
    for seed in SEEDS:
        net = RegularizedMLPClassifier(
            (32,), max_epochs=12, lr=0.002, penalties=penalties, random_state=seed
        ).fit(X_train, y_train)
        predicted = net.predict(X_test)
        difference = metric(y_test, predicted, sensitive_features=X_test["sex"])
        found.append((difference, np.mean(predicted == y_test)))
    return np.transpose(found)


@pytest.mark.parametrize(
    ("penalty", "metric", "weight"),
    [
        (GroupFairness, demographic_parity_difference, 0.5),
        (PredictiveFairness, predictive_fairness_difference, 0.5),
    ],
)
def test_a_direct_penalty_lowers_its_property(halves, penalty, metric, weight):
    plain, accuracy = measured(halves, metric, None)
    direct = penalty(weight, sensitive_features="sex", penalty_form="direct")
    fair, fair_accuracy = measured(halves, metric, [direct])
    assert ttest_rel(fair, plain, alternative="less").pvalue < 0.01
    assert accuracy.mean() - fair_accuracy.mean() < 0.02
    assert fair.mean() < 0.8 * plain.mean()
