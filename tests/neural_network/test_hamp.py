"""HAMP: labels of high entropy, and answers that are functions of their ranking."""

import math

import numpy as np
import oracles
import pytest
import torch
from defense_contract import (
    CONTRACT,
    LABELS,
    RECORDS,
    classifier,
    fake_net,
    gradient_of,
    value_and_gradient,
)
from networks import X32, Linear, Y, parameters_of
from scipy.sparse import csr_array
from sklearn.exceptions import NotFittedError
from sklearn.metrics import roc_auc_score
from skorch.callbacks import Callback
from skorch.dataset import Dataset

from skmia.neural_network import HAMP, RegularizedNet
from skmia.neural_network._hamp import label_confidence, replace_magnitudes

RNG = np.random.RandomState(0)
LOGITS, CODES = RNG.normal(scale=2, size=(7, 4)), RNG.randint(4, size=7)


@pytest.mark.parametrize("check", CONTRACT)
@pytest.mark.parametrize("modify_outputs", [True, False])
def test_contract(check, modify_outputs):
    check(HAMP(modify_outputs=modify_outputs))


@pytest.mark.parametrize(
    ("n_classes", "entropy", "own"),
    [(100, 0.8, 0.33), (100, 0.6, 0.54), (30, 0.5, 0.68), (2, 0.5, 0.88), (7, 0.0, 1.0)],
)
def test_confidence_of_labels(n_classes, entropy, own):
    assert label_confidence(n_classes, entropy) == own


@pytest.mark.parametrize("n_classes", [2, 3, 10, 64])
def test_confidence_steps_down_as_the_paper_has_it(n_classes):
    for entropy in (0.05, 0.3, 0.77, 0.9):
        expected = oracles.hamp_confidence(n_classes, entropy)
        assert label_confidence(n_classes, entropy) == expected


@pytest.mark.parametrize("n_classes", [1, 2, 3, 1000])
def test_labels_of_full_entropy_say_nothing(n_classes):
    assert label_confidence(n_classes, 1.0) == pytest.approx(1 / n_classes)


@pytest.mark.parametrize("reduction", ["mean", "batchmean"])
@pytest.mark.parametrize(("entropy", "weight"), [(0.8, 0.01), (0.0, 0.0), (0.5, 2.0)])
def test_loss_and_gradient(entropy, weight, reduction):
    defense = HAMP(entropy, weight=weight, reduction=reduction)
    value, gradient = value_and_gradient(defense, LOGITS, CODES)
    own = oracles.hamp_confidence(4, entropy)

    def oracle(z):
        return oracles.hamp_loss(z, CODES, own, weight, reduction)

    assert value == pytest.approx(oracle(LOGITS), rel=1e-11)
    np.testing.assert_allclose(gradient, gradient_of(oracle, LOGITS), atol=1e-8)


@pytest.mark.parametrize("reduction", ["mean", "batchmean"])
def test_reductions_are_those_of_torch(reduction):
    value, _ = value_and_gradient(HAMP(0.5, weight=0.0, reduction=reduction), LOGITS, CODES)
    own = label_confidence(4, 0.5)
    soft = torch.full((7, 4), (1 - own) / 3, dtype=torch.float64)
    soft[torch.arange(7), torch.tensor(CODES)] = own
    log_p = torch.tensor(LOGITS).log_softmax(dim=1)
    total = torch.nn.functional.kl_div(log_p, soft, reduction="sum").item()
    # torch's "mean", which it announces to change
    assert value == pytest.approx(total / {"mean": 28, "batchmean": 7}[reduction])


def test_weights_of_records_count():
    weights = torch.tensor(RNG.uniform(size=7))
    logits, y = torch.tensor(LOGITS), torch.tensor(CODES)
    single = [HAMP().loss(fake_net(), logits[[i]], y[[i]]) for i in range(7)]
    value = HAMP().loss(fake_net(weights), logits, y).item()
    assert value == pytest.approx((torch.stack(single) * weights).mean().item())


def test_hard_labels_without_entropy_are_plain_training():
    defense = HAMP(0.0, weight=0.0, modify_outputs=False)
    plain, defended = (parameters_of(classifier(d).fit(RECORDS, LABELS)) for d in (None, defense))
    torch.testing.assert_close(plain, defended, rtol=1e-5, atol=1e-6)


# ---- answers


def test_values_are_replaced_by_rank():
    outputs = np.array([[0.6, 0.3, 0.1]])
    proba = np.array([[0.2, 0.5, 0.3], [0.01, 0.0, 0.99]])
    revealed = replace_magnitudes(proba, outputs)
    np.testing.assert_array_equal(revealed, [[0.1, 0.6, 0.3], [0.3, 0.1, 0.6]])


def test_equal_values_do_not_come_through():
    outputs = np.array([[0.6, 0.3, 0.1]])
    revealed = replace_magnitudes(np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]), outputs)
    np.testing.assert_array_equal(revealed, np.tile(outputs, (2, 1)))


def test_answers_are_functions_of_the_ranking():
    outputs = -np.sort(-RNG.dirichlet(np.ones(5), size=50), axis=1)
    proba = RNG.dirichlet(np.ones(5), size=3000)
    revealed = replace_magnitudes(proba, outputs)
    # any other answers of the same ranking are revealed alike: 120 rankings, 120 answers at most
    ranking = np.argsort(proba, axis=1)
    others = np.empty_like(proba)
    np.put_along_axis(others, ranking, np.sort(RNG.dirichlet(np.ones(5), size=3000)), axis=1)
    np.testing.assert_array_equal(replace_magnitudes(others, outputs), revealed)
    assert len(np.unique(revealed, axis=0)) == 120
    # and the rankings use all the rows
    used = np.unique(np.sort(revealed, axis=1), axis=0)
    assert len(used) > 35
    np.testing.assert_array_equal(np.argsort(revealed, axis=1), ranking)


def hamp_and_plain(n_classes=10, **options):
    """Return the revealed and the hidden answers of one module."""
    y = np.arange(240) % n_classes
    net = classifier(HAMP(), max_epochs=20, **options).fit(RECORDS, y)
    revealed = net.predict_proba(RECORDS)
    net.net_.defense_.modify_outputs = False
    return revealed, net.predict_proba(RECORDS), net


def test_ranking_and_label_stay_and_values_go():
    revealed, hidden, net = hamp_and_plain()
    np.testing.assert_array_equal(np.argsort(revealed, axis=1), np.argsort(hidden, axis=1))
    outputs = net.net_.defense_.random_outputs_
    assert outputs.shape == (200, 10)
    assert (np.diff(outputs, axis=1) <= 0).all()
    assert (outputs[:, 0] > outputs[:, 1]).all()
    np.testing.assert_allclose(outputs.sum(axis=1), 1, atol=1e-5)
    kept = {row.tobytes() for row in outputs}
    assert all(row.tobytes() in kept for row in -np.sort(-revealed, axis=1))


def test_answers_are_the_same_in_every_batch_and_order():
    y = np.arange(240) % 10
    net = classifier(HAMP(), max_epochs=20).fit(RECORDS, y)
    whole = net.predict_proba(RECORDS)
    order = RNG.permutation(240)
    np.testing.assert_array_equal(net.predict_proba(RECORDS[order]), whole[order])
    single = np.concatenate([net.predict_proba(RECORDS[i : i + 1]) for i in range(60)])
    np.testing.assert_array_equal(single, whole[:60])


def test_label_is_kept_where_the_module_cannot_decide():
    # a module that says the same of all classes: its random answers are ties, too
    net = classifier(HAMP(), max_epochs=1).fit(RECORDS, np.arange(240) % 5)
    for parameter in net.net_.module_.parameters():
        torch.nn.init.zeros_(parameter)
    net.net_.max_epochs = 0
    net.net_.partial_fit(RECORDS, np.arange(240) % 5)
    proba = net.predict_proba(RECORDS)
    assert len(np.unique(proba)) == 2
    assert (proba.argmax(axis=1) == 0).all()


def aucs_and_gaps(defense):
    """Return, by label, the AUC of confidences learned by heart and the gap of accuracies."""
    y, member = np.random.RandomState(0).randint(2, size=240), np.arange(240) < 120
    net = classifier(defense, hidden_layer_sizes=(100,), max_epochs=80)
    net.fit(RECORDS[member], y[member])
    proba, right = net.predict_proba(RECORDS), net.predict(RECORDS) == y
    found = []
    for label, own in enumerate((y == 0, y == 1)):
        gap = right[own & member].mean() - right[own & ~member].mean()
        found.append((roc_auc_score(member[own], proba[own, label]), gap))
    return found


def test_confidence_says_no_more_than_the_label():
    for (plain, gap), (defended, own_gap) in zip(*map(aucs_and_gaps, (None, HAMP())), strict=True):
        assert gap > 0.3
        assert plain > (1 + gap) / 2 + 0.02
        assert defended == pytest.approx((1 + own_gap) / 2, abs=1e-9)
        assert defended < plain - 0.02


# ---- random inputs


def inputs_of(X, n_random=500, **options):
    """Return the random inputs drawn for records."""
    kept = []

    class Keeps(HAMP):
        def finish(self, net):
            kept.append(self._inputs.numpy())

    net = classifier(Keeps(modify_outputs=True, n_random=n_random), max_epochs=1, **options)
    net.fit(X, np.arange(X.shape[0]) % 2)
    return kept[0]


def test_inputs_are_uniform_within_each_column():
    X = RECORDS.copy()
    X[:, 0] = RNG.randint(2, size=240)  # 0 or 1
    X[:, 1] = np.where(X[:, 0], 3.5, -1)  # two other values
    X[:, 2] = 7  # a constant
    inputs = inputs_of(X)
    assert set(inputs[:, 0]) == {0, 1}
    assert 0.4 < inputs[:, 0].mean() < 0.6
    assert set(inputs[:, 1]) == {-1, 3.5}
    assert set(inputs[:, 2]) == {7}
    for column in (3, 4, 5):
        low, high = X[:, column].min(), X[:, column].max()
        shares = (inputs[:, column] - low) / (high - low)
        assert shares.min() >= 0
        assert shares.max() <= 1
        assert shares.mean() == pytest.approx(0.5, abs=0.05)
        assert shares.var() == pytest.approx(1 / 12, abs=0.01)
    # the columns are drawn one by one
    assert abs(np.corrcoef(inputs[:, 0], inputs[:, 1])[0, 1]) < 0.15


def test_inputs_of_sparse_records_are_the_same():
    X = np.where(RECORDS > 0, RECORDS, 0)
    np.testing.assert_array_equal(inputs_of(csr_array(X)), inputs_of(X))


def test_inputs_of_integers_are_integers():
    class Codes(Linear):
        def forward(self, X):
            return super().forward(X.to(torch.float32))

    class Keeps(HAMP):
        def finish(self, net):
            self.inputs_ = self._inputs

    X = RNG.randint(4, size=(300, 30)).astype(np.uint8)
    X[:, 0] = np.where(X[:, 0] > 1, 255, 0)
    net = RegularizedNet(Codes, defense=Keeps(), max_epochs=1, verbose=0, random_state=0)
    net.fit(X, np.arange(300) % 2)
    inputs = net.defense_.inputs_
    assert inputs.dtype == torch.uint8
    assert set(inputs[:, 0].tolist()) == {0, 255}
    counts = torch.bincount(inputs[:, 1:].ravel().long())
    assert len(counts) == 4
    assert (counts > 0.2 * counts.sum()).all()


def test_callbacks_see_revealed_answers():
    seen = []

    class Looks(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(np.unique(net.predict_proba(RECORDS), axis=0))

    classifier(HAMP(), callbacks=[Looks()]).fit(RECORDS, LABELS)
    assert [len(answers) for answers in seen] == [2, 2, 2]
    assert np.abs(seen[0] - seen[2]).max() > 0


def test_network_that_was_not_trained_reveals_nothing():
    net = RegularizedNet(Linear, defense=HAMP(), random_state=0).initialize()
    with pytest.raises(NotFittedError, match=r"no answers to random inputs.*modify_outputs=False"):
        net.predict_proba(X32)
    net.set_params(defense__modify_outputs=False).initialize()
    assert net.predict_proba(X32).shape == (569, 2)


def test_records_that_are_no_table():
    net = RegularizedNet(Linear, defense=HAMP(), max_epochs=1, verbose=0, random_state=0)
    with pytest.raises(ValueError, match=r"HAMP needs records in one array, .* type Dataset"):
        net.fit(Dataset(X32, Y), None)
    net.set_params(defense__modify_outputs=False).fit(Dataset(X32, Y), None)
    assert net.predict_proba(X32).shape == (569, 2)


@pytest.mark.parametrize(
    "defense",
    [HAMP(1.1), HAMP(weight=-1), HAMP(reduction="sum"), HAMP(n_random=0)],
    ids=repr,
)
def test_invalid_parameters(defense):
    with pytest.raises(ValueError, match="of HAMP must be"):
        classifier(defense).fit(RECORDS, LABELS)


def test_labels_of_entropy_cap_the_confidence():
    # the best answer to a soft label is the soft label itself
    defense = HAMP(0.8, weight=0.0, modify_outputs=False)
    net = classifier(defense, hidden_layer_sizes=(100,), max_epochs=100)
    proba = net.fit(RECORDS, LABELS).predict_proba(RECORDS)
    own = label_confidence(2, 0.8)
    assert math.isclose(own, 0.75)
    assert np.median(proba.max(axis=1)) == pytest.approx(own, abs=0.05)
