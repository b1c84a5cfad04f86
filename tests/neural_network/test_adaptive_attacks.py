"""Attackers who know the defense: shadow models are trained with it, as the target was."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from networks import parameters_of
from sklearn.metrics import roc_auc_score

from skmia.attacks import LiRA, MetricAttack, ShadowModelAttack
from skmia.neural_network import AdversarialRegularization, RegularizedMLPClassifier
from skmia.shadows import ShadowModels

RNG = np.random.RandomState(0)
# labels that can only be learned by heart; the target knows the first third
X, Y = RNG.normal(size=(480, 8)).astype(np.float32), RNG.randint(3, size=480)
KNOWN, OTHERS = slice(160), slice(160, 480)


class Watched(AdversarialRegularization):
    """It keeps all networks that were trained with it."""

    trained: ClassVar[list] = []

    def finish(self, net):
        self.trained.append(net)


@pytest.fixture(scope="module")
def target():
    defense = Watched(
        weight=0.5,
        answer_layer_sizes=(16, 8),
        label_layer_sizes=(8,),
        joint_layer_sizes=(8,),
        attack_lr=0.003,
    )
    return RegularizedMLPClassifier(
        (64,),
        lr=0.03,
        max_epochs=12,
        batch_size=120,
        validation_fraction=0.25,
        defense=defense,
        random_state=0,
    ).fit(X[KNOWN], Y[KNOWN])


def assert_each_has_a_defense_of_its_own(nets, target):
    """Compare what was trained: the same parameters everywhere, and nothing learned in common."""
    nets = [target.net_, *nets]
    defense = target.defense.get_params()
    assert all(type(net.defense_) is Watched for net in nets)
    assert all(net.defense_.get_params() == defense for net in nets)
    assert all(net.max_epochs == 12 and len(net.history) == 12 for net in nets)
    assert all(np.isfinite(net.history[:, "attack_gain"]).all() for net in nets)
    assert len({net.random_state for net in nets}) == len(nets)
    attacks = [net.defense_.attack_module_ for net in nets]
    for learned in (
        [parameters_of(net) for net in nets],
        [torch.nn.utils.parameters_to_vector(attack.parameters()) for attack in attacks],
    ):
        same = [torch.equal(a, b) for a in learned for b in learned]
        assert sum(same) == len(nets)  # each is like itself


def test_shadow_models_are_defended(target):
    shadows = ShadowModels(target, n_shadows=2, random_state=0).fit(X[OTHERS], Y[OTHERS])
    assert_each_has_a_defense_of_its_own([s.net_ for s in shadows.estimators_], target)
    assert len({shadow.random_state for shadow in shadows.estimators_}) == 2


@pytest.mark.parametrize(
    ("attack", "fitted_on", "n_shadows"),
    [
        (MetricAttack(random_state=0), OTHERS, 1),
        (ShadowModelAttack(shadows=2, random_state=0), OTHERS, 2),
        (LiRA(shadows=4, random_state=0), slice(480), 4),  # online: the records in question too
    ],
    ids=lambda value: type(value).__name__,
)
def test_attacks_train_defended_shadows(target, attack, fitted_on, n_shadows):
    Watched.trained.clear()
    attack.set_params(target=target).fit(X[fitted_on], Y[fitted_on])
    assert len(Watched.trained) >= n_shadows
    assert_each_has_a_defense_of_its_own(Watched.trained, target)
    # reference records of the target are left out: no members, but no strangers either
    member = target.membership_of(X, Y) == 1
    asked = member | (np.arange(480) >= 320)
    scores = attack.score_samples(X[asked], Y[asked])
    assert 0.6 < roc_auc_score(member[asked], scores) < 1
