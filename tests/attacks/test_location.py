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
    """Print figures beside the paper's: accuracy 1.000 / .673, precision .678, recall about 1."""
    with np.load(PATH) as data:
        X, y = np.unpackbits(data["X_packed"], axis=1)[:, :446].astype(np.float32), data["y"]
    members, others, own = np.split(np.random.default_rng(0).permutation(len(y)), [1600, 3200])
    target = RandomForestClassifier(50, random_state=0).fit(X[members], y[members])
    attack = ShadowModelAttack(target, shadows=4, random_state=0).fit(X[own], y[own])
    rows, membership = np.r_[members, others], np.repeat([1, 0], 1600)
    called = attack.predict(X[rows], y[rows])
    accuracy = np.mean(called == membership)
    print(
        f"\nLocation-30: target {target.score(X[members], y[members]):.3f} / "
        f"{target.score(X[others], y[others]):.3f} (paper 1.000 / .673), attack accuracy "
        f"{accuracy:.3f}, precision {precision_score(membership, called):.3f} (.678), recall "
        f"{recall_score(membership, called):.3f} (about 1)"
    )
    for label in np.unique(y):
        of_class = y[rows] == label
        print(
            f"  class {label}: precision {precision_score(membership[of_class], called[of_class]):.3f}"
            f" recall {recall_score(membership[of_class], called[of_class]):.3f}"
        )
    assert accuracy > 0.85
