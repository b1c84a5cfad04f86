"""Each model is asked once for each record within one call, whatever asks; the order of rows."""

from collections import Counter

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import get_scorer

import skmia
from skmia.attacks import (
    BASE,
    GMIA,
    RMIA,
    CombinedAttack,
    LabelOnlyAttack,
    LiRA,
    MetricAttack,
    PopulationAttack,
    QuantileAttack,
    ReferenceAttack,
    ShadowModelAttack,
)
from skmia.model_selection import MemberRecorder, get_scorer_names, make_membership_scorer
from skmia.shadows import ShadowModels

ASKED = Counter()  # by model and content of the record


class Kernel(ClassifierMixin, BaseEstimator):
    """A model whose fit keeps the records and whose answers are dear; it counts them."""

    def fit(self, X, y):
        self.X_, self.y_, self.classes_ = X, y, np.unique(y)
        return self

    def predict_proba(self, X):
        ASKED.update((id(self), row.tobytes()) for row in X)
        weights = np.exp(-((X[:, None] - self.X_[None]) ** 2).sum(axis=2)) + 1e-9
        weights /= weights.sum(axis=1, keepdims=True)
        return np.column_stack([weights @ (self.y_ == label) for label in self.classes_])

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(160, 4)), RNG.choice(["a", "b", "c"], 160)
MEMBER = np.arange(160) < 80
SIDES = X[MEMBER], Y[MEMBER], X[~MEMBER], Y[~MEMBER]
TARGET = Kernel().fit(*SIDES[:2])
ATTACKS = [
    BASE(shadows=4),
    CombinedAttack(shadows=4),
    GMIA(shadows=4, cutoff=0.3),
    GMIA(shadows=4, cutoff=0.3, max_background=50),
    LabelOnlyAttack(n_queries=12),
    LiRA(shadows=4),
    LiRA(shadows=4, augmentations=[np.negative]),
    MetricAttack(),
    PopulationAttack(),
    QuantileAttack(levels=[0.5, 0.9]),
    ReferenceAttack(shadows=4),
    RMIA(shadows=4),
    ShadowModelAttack(shadows=4),
]


@pytest.fixture(scope="module")
def shadows():
    return ShadowModels(Kernel(), 8, random_state=0).fit(X, Y)


@pytest.fixture(autouse=True)
def _counter():
    ASKED.clear()


def most_asked():
    """Return how often the target, and the most asked other model, was asked for one record."""
    of_target = [n for (model, _), n in ASKED.items() if model == id(TARGET)]
    of_others = [n for (model, _), n in ASKED.items() if model != id(TARGET)]
    return max(of_target, default=0), max(of_others, default=0)


@pytest.mark.parametrize("membership", [None, MEMBER], ids=["outsider", "auditor"])
@pytest.mark.parametrize("attack", ATTACKS, ids=repr)
def test_fit_asks_once(attack, membership):
    attack.set_params(target=TARGET, random_state=0).fit(X, Y, membership)
    assert max(most_asked()) == 1


# copies that an attack makes are asked for once in each of the two halves
MAKE_NO_COPIES = [a for a in ATTACKS if "n_queries" not in repr(a) and "augment" not in repr(a)]


@pytest.mark.parametrize("attack", MAKE_NO_COPIES, ids=repr)
def test_an_audit_asks_once(attack):
    attack.set_params(target=None, random_state=0)
    skmia.audit(TARGET, *SIDES, attacks=[attack, "confidence"], random_state=0)
    assert max(most_asked()) == 1


@pytest.mark.parametrize("attacks", ["fast", "strong"])
def test_audits_by_name_ask_once_for_all_attacks(attacks):
    skmia.audit(TARGET, *SIDES, attacks=attacks, random_state=0)
    of_target, of_shadows = most_asked()
    assert of_target == 1
    assert of_shadows == (attacks == "strong")
    assert sum(n for (model, _), n in ASKED.items() if model == id(TARGET)) == len(X)


@pytest.mark.parametrize("attack", [None, LiRA(shadows=4), CombinedAttack(shadows=4)], ids=repr)
def test_a_scorer_asks_once(attack):
    recorder = MemberRecorder(Kernel()).fit(*SIDES[:2])
    scorer = make_membership_scorer(["roc_auc", "balanced_accuracy"], attack=attack, random_state=0)
    scorer(recorder, *SIDES[2:])
    assert max(most_asked()) == 1


@pytest.mark.filterwarnings("ignore:TPR at FPR:skmia.exceptions.ResolutionWarning")
@pytest.mark.parametrize("name", [n for n in get_scorer_names() if "mia" in n and "indis" not in n])
def test_scorers_by_name_ask_once(name):
    recorder = MemberRecorder(Kernel()).fit(*SIDES[:2])
    get_scorer(name)(recorder, *SIDES[2:])
    assert max(most_asked()) == 1


@pytest.mark.parametrize("attack", [a for a in ATTACKS if hasattr(a, "shadows")], ids=repr)
def test_the_order_of_rows_changes_no_score(attack, shadows):
    attack = clone(attack).set_params(target=TARGET, shadows=shadows, random_state=0)
    attack.fit(X, Y, MEMBER)
    order, expected = RNG.permutation(len(X)), attack._judge(X, Y)
    for rows in (order, order[::-1], np.argsort(Y, kind="stable")):
        for found, of_all in zip(attack._judge(X[rows], Y[rows]), expected, strict=True):
            np.testing.assert_allclose(found, of_all[rows], atol=1e-9)
