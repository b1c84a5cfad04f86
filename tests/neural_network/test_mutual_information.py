"""The mutual information of records and parameters."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.feature_selection import mutual_info_regression
from torch import nn
from torch.utils.data import DataLoader

from skmia.neural_network import MutualInformation, RegularizedMLPClassifier, RegularizedNet
from skmia.neural_network._mutual_information import gaussian_information, mutual_information

RNG = np.random.RandomState(0)
X, Y = RNG.randn(60, 6), np.arange(60) % 2


def generator():
    return torch.Generator().manual_seed(0)


def from_sklearn(records, theta):
    return [mutual_info_regression(x[:, None], theta, random_state=0)[0] for x in records]


@pytest.mark.parametrize("n_features", [5, 7, 30, 150])
def test_estimate_is_scikit_learns(n_features):
    rng = np.random.RandomState(n_features)
    theta = rng.randn(n_features)
    records = np.linspace(0, 5, 20)[:, None] * theta + rng.randn(20, n_features)
    records[::2] *= 100  # scale does not matter
    found = mutual_information(records, theta, generator())
    np.testing.assert_allclose(found, from_sklearn(records, theta), atol=1e-12)
    assert found.max() > 0.1


def test_estimate_of_many_records_in_blocks():
    records, theta = RNG.randn(170, 100), RNG.randn(100)
    found = mutual_information(records, theta, generator())
    np.testing.assert_allclose(found, from_sklearn(records, theta), atol=1e-12)


def test_estimate_of_normal_variables():
    # of many features it is that of the two variables, -ln(1 - rho^2) / 2
    rng = np.random.RandomState(0)
    theta = rng.randn(2000)
    records = 0.8 * theta + 0.6 * rng.randn(4, 2000)
    estimate = mutual_information(records, theta, generator())
    np.testing.assert_allclose(estimate, -np.log(1 - 0.64) / 2, atol=0.06)
    soft = gaussian_information(torch.from_numpy(records), torch.from_numpy(theta))
    assert float(soft) == pytest.approx(-np.log(1 - 0.64) / 2, abs=0.03)


def test_equal_values_are_set_apart():
    records = np.repeat([[0.0], [1.0], [0.3]], 50, axis=1)  # constant: they tell nothing
    records[1, :25] = 0
    theta = np.repeat([0.0, 1.0], 25)
    alike, told, _ = mutual_information(records, theta, generator())
    assert alike < 0.3
    # two values of equal frequency: ln 2 within the error of the estimate
    assert told == pytest.approx(np.log(2), abs=0.3)


def test_gaussian_information_by_hand():
    records, theta = RNG.randn(5, 12), RNG.randn(12)
    expected = [-np.log(1 - np.corrcoef(x, theta)[0, 1] ** 2) / 2 for x in records]
    found = gaussian_information(torch.from_numpy(records), torch.from_numpy(theta))
    assert float(found) == pytest.approx(np.mean(expected))


def test_gaussian_information_has_gradients():
    records = torch.from_numpy(RNG.randn(5, 12))
    theta = torch.from_numpy(RNG.randn(12)).requires_grad_()
    assert torch.autograd.gradcheck(lambda t: gaussian_information(records, t), theta)


def test_gaussian_information_of_constants_and_multiples():
    theta = torch.arange(5.0).requires_grad_()
    constant = torch.full((1, 5), 3.0)
    found = gaussian_information(constant, theta)
    found.backward()
    assert found.item() == 0
    assert (theta.grad == 0).all()
    same = gaussian_information(theta.detach()[None], theta)
    assert same.item() == pytest.approx(-np.log(1e-6) / 2, rel=0.01)
    zero = torch.zeros(5, requires_grad=True)
    gaussian_information(torch.arange(5.0)[None], zero).backward()
    assert (zero.grad == 0).all()


def fitted(penalty, records=X, **options):
    net = RegularizedMLPClassifier(
        (8,), max_epochs=3, batch_size=20, penalties=[penalty], random_state=0, **options
    )
    return net.fit(records, Y)


def test_history_holds_the_estimate():
    net = fitted(MutualInformation(weight=0, n_measurements=1, n_records=60))
    weights = net.net_.module_[0].weight.detach().numpy()
    expected = np.mean(from_sklearn(X, weights.max(axis=0)))
    assert net.net_.history[-1, "mutual_information"] == pytest.approx(expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, sparse.csr_matrix])
@pytest.mark.parametrize("detach", [True, False])
def test_containers_and_types(dtype, container, detach):
    net = fitted(MutualInformation(detach=detach), container(X.astype(dtype)))
    assert np.isfinite(net.net_.history[:, "mutual_information"]).all()
    assert net.predict_proba(container(X.astype(dtype))).dtype == dtype


def test_direct_form_lowers_the_gaussian_information():
    records = np.abs(X) * np.linspace(0.1, 2, 6)  # the features differ in size, as weights do

    def information(weight):
        penalty = MutualInformation(weight=weight, penalty_form="direct")
        net = RegularizedMLPClassifier(
            (8,), max_epochs=60, lr=0.01, batch_size=20, penalties=[penalty], random_state=0
        ).fit(records, Y)
        theta = net.net_.module_[0].weight.detach().amax(dim=0)
        return float(gaussian_information(torch.from_numpy(records).to(theta), theta))

    assert information(1.0) < information(0) / 3


def test_first_layer_of_any_module_is_found():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(6))
            self.other = nn.Linear(3, 3)
            self.first = nn.Linear(6, 2)

        def forward(self, X):
            return self.first(X + self.shift)

    penalty = MutualInformation(weight=0, n_measurements=1)
    net = RegularizedNet(Own, penalties=[penalty], max_epochs=1, verbose=0, random_state=0)
    net.fit(X.astype(np.float32), Y)
    weights = net.module_.first.weight.detach().numpy()
    few = MutualInformation(weight=0, n_measurements=1, n_records=60)
    again = RegularizedNet(Own, penalties=[few], max_epochs=1, verbose=0, random_state=0)
    again.fit(X.astype(np.float32), Y)
    expected = np.mean(from_sklearn(X.astype(np.float32), weights.max(axis=0)))
    assert again.history[-1, "mutual_information"] == pytest.approx(expected)


@pytest.mark.parametrize("form", ["direct", "absolute"])
def test_refused_modules_and_records(form):
    class Convolution(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Conv1d(1, 2, 3)

        def forward(self, X):
            return self.layer(X[:, None]).mean(dim=2)

    penalty = MutualInformation(penalty_form=form)
    net = RegularizedNet(Convolution, penalties=[penalty], max_epochs=1, verbose=0)
    with pytest.raises(ValueError, match=r"parameter of shape \(n_units, 6\); there is none"):
        net.fit(X.astype(np.float32), Y)
    with pytest.raises(ValueError, match="at least 5 features, each of which is a sample"):
        fitted(penalty, X[:, :4])


def test_batches_must_tell_their_rows():
    net = RegularizedNet(
        nn.Linear(6, 2), penalties=[MutualInformation()], iterator_train=DataLoader, verbose=0
    )
    with pytest.raises(ValueError, match="MutualInformation needs to know the rows of each batch"):
        net.fit(X.astype(np.float32), Y)
