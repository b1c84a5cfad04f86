"""What every defense at training time must do, whatever it is."""

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from networks import parameters_of
from scipy.sparse import csr_array
from sklearn.base import clone
from skorch.callbacks import Callback
from skorch.dataset import Dataset

from skmia.neural_network import RegularizedMLPClassifier

RNG = np.random.RandomState(0)
RECORDS = RNG.normal(size=(240, 6)).astype(np.float32)
LABELS = RNG.randint(2, size=240)


class Breaks(Callback):
    """Training that fails after the second epoch."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise RuntimeError("broken on purpose")


def classifier(defense, **options):
    options = {"max_epochs": 3, "batch_size": 60, "lr": 0.01, "random_state": 0} | options
    options = {"hidden_layer_sizes": (8,), "validation_fraction": 0.25} | options
    return RegularizedMLPClassifier(defense=defense, **options)


def fake_net(weights=None, n_epochs=1):
    """Return what `loss` asks of a network, in the epoch of that number, counted from 1."""
    return SimpleNamespace(
        history=[None] * n_epochs,
        mean=lambda values: (values if weights is None else values * weights).mean(),
    )


def gradient_of(oracle, logits, step=1e-6):
    """Return the gradient of a function of an array by central differences."""
    gradient = np.empty_like(logits)
    for place in np.ndindex(logits.shape):
        moved = [logits.copy() for _ in range(2)]
        moved[0][place] += step
        moved[1][place] -= step
        gradient[place] = (oracle(moved[0]) - oracle(moved[1])) / (2 * step)
    return gradient


def value_and_gradient(defense, logits, y, **options):
    """Return the loss of a defense and its gradient."""
    logits = torch.tensor(logits, requires_grad=True)
    loss = defense.loss(fake_net(**options), logits, torch.as_tensor(y))
    loss.backward()
    return loss.item(), logits.grad.numpy()


def members_of(net, X, y):
    """Return which of the records a classifier was trained on, by its split."""
    if net.net_.train_split is None:
        return np.ones(len(X), dtype=bool)
    trained, _ = net.net_.train_split(Dataset(X, y), y)
    return np.isin(np.arange(len(X)), trained.indices)


def _answers(defense, X=RECORDS, y=LABELS, weights=None, **options):
    net = classifier(defense, **options).fit(X, y, sample_weight=weights)
    proba = net.predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-5)
    assert (proba >= 0).all()
    assert (net.predict(X) == net.classes_[proba.argmax(axis=1)]).all()
    return proba


def trains_on_thirty_classes(defense):
    y = np.arange(240) % 30
    assert _answers(defense, y=y).shape == (240, 30)


def trains_in_float64(defense):
    assert _answers(defense, RECORDS.astype(np.float64)).dtype == np.float64
    assert _answers(defense).dtype == np.float32


def trains_on_sparse_records_as_on_dense_ones(defense):
    X = np.where(RECORDS > 0, RECORDS, 0)
    np.testing.assert_array_equal(_answers(defense, csr_array(X)), _answers(defense, X))


def trains_with_weights(defense):
    weights = np.where(np.arange(240) % 2, 0.5, 2.0)
    assert np.abs(_answers(defense, weights=weights) - _answers(defense)).max() > 1e-4
    # all weights are divided by their mean
    equal = _answers(defense, weights=np.full(240, 3.0))
    np.testing.assert_allclose(equal, _answers(defense), atol=1e-4)


def trains_on_one_class(defense):
    assert (_answers(defense, y=np.zeros(240, dtype=int)) == 1).all()


def has_equal_bits_by_seed(defense):
    before = torch.random.get_rng_state()
    first, second = (parameters_of(classifier(defense).fit(RECORDS, LABELS)) for _ in range(2))
    assert torch.equal(first, second)
    assert torch.equal(before, torch.random.get_rng_state())
    other = classifier(defense, random_state=1).fit(RECORDS, LABELS)
    assert not torch.equal(first, parameters_of(other))


def keeps_no_records(defense):
    net = classifier(defense).fit(RECORDS, LABELS)
    fitted = net.net_.defense_
    learned = set(vars(fitted)) - set(fitted.get_params(deep=False))
    assert all(name.endswith("_") and not name.startswith("_") for name in learned)
    blob = pickle.dumps(net)
    assert not [row for row in RECORDS if row.tobytes() in blob]
    np.testing.assert_array_equal(
        pickle.loads(blob).predict_proba(RECORDS), net.predict_proba(RECORDS)
    )


def keeps_no_records_of_training_that_failed(defense):
    net = classifier(defense, callbacks=[Breaks()])
    with pytest.raises(RuntimeError, match="broken on purpose"):
        net.fit(RECORDS, LABELS)
    fitted = net.net_.defense_
    learned = set(vars(fitted)) - set(fitted.get_params(deep=False))
    assert not [name for name in learned if name.startswith("_")]


def goes_on_after_partial_fit(defense):
    net = classifier(defense)
    for _ in range(3):
        net.partial_fit(RECORDS, LABELS)
    assert net.n_iter_ == 3
    assert np.isfinite(net.predict_proba(RECORDS)).all()


def is_cloned_with_nested_parameters(defense):
    net = classifier(defense)
    for name, value in defense.get_params().items():
        assert net.get_params()[f"defense__{name}"] == value
    copy = clone(net)
    assert copy.defense is not defense
    assert copy.defense.get_params() == defense.get_params()


def prints_its_history(defense):
    net = classifier(defense, verbose=1, max_epochs=4)
    net.fit(RECORDS, LABELS)
    assert len(net.net_.history) == 4


CONTRACT = [
    trains_on_thirty_classes,
    trains_in_float64,
    trains_on_sparse_records_as_on_dense_ones,
    trains_with_weights,
    trains_on_one_class,
    has_equal_bits_by_seed,
    keeps_no_records,
    keeps_no_records_of_training_that_failed,
    goes_on_after_partial_fit,
    is_cloned_with_nested_parameters,
    prints_its_history,
]
