"""The shadow-model attack on the paper's data, where they are at hand."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import precision_score, recall_score

from skmia.attacks import ShadowModelAttack

PATH = Path(__file__).resolve().parents[3] / "shared" / "data" / "location30.npz"


@pytest.mark.skipif(not PATH.exists(), reason="Location-30 has no licence and is not shipped")
def test_forest_on_location():
    """examples/benchmarks/reproduce_location.py prints all figures beside the paper's."""
    with np.load(PATH) as data:
        X, y = np.unpackbits(data["X_packed"], axis=1)[:, :446].astype(np.float32), data["y"]
    members, others, own = np.split(np.random.default_rng(0).permutation(len(y)), [1600, 3200])
    target = RandomForestClassifier(50, random_state=0).fit(X[members], y[members])
    attack = ShadowModelAttack(target, shadows=4, random_state=0).fit(X[own], y[own])
    rows, membership = np.r_[members, others], np.repeat([1, 0], 1600)
    called = attack.predict(X[rows], y[rows])
    assert np.mean(called == membership) > 0.85
    # the paper has a precision of .678 at a recall near 1, against a service's model
    assert precision_score(membership, called) > 0.678
    assert recall_score(membership, called) > 0.95
