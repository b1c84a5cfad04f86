"""Epsilon of a number of steps, and the noise for an epsilon."""

import sys

import numpy as np
import pytest
from opacus.accountants import PRVAccountant, RDPAccountant
from opacus.accountants.utils import get_noise_multiplier
from scipy.optimize import brentq
from scipy.stats import norm

from skmia.neural_network._privacy_accounting import import_opacus, noise_for, spent

DELTA = 1e-5


def gaussian_epsilon(mu, delta=DELTA):
    """Return epsilon of the Gaussian mechanism, Balle and Wang 2018, Theorem 8."""

    def excess(epsilon):
        below = norm.cdf(mu / 2 - epsilon / mu)
        return below - np.exp(epsilon) * norm.cdf(-mu / 2 - epsilon / mu) - delta

    return brentq(excess, 0, mu * (mu + 10))


@pytest.mark.parametrize(("name", "kind"), [("rdp", RDPAccountant), ("prv", PRVAccountant)])
@pytest.mark.parametrize(("noise", "rate", "n_steps"), [(1.0, 0.1, 30), (0.7, 0.02, 100)])
def test_epsilon_is_that_of_opacus_step_by_step(name, kind, noise, rate, n_steps):
    accountant = kind()
    for _ in range(n_steps):
        accountant.step(noise_multiplier=noise, sample_rate=rate)
    expected = accountant.get_epsilon(delta=DELTA)
    assert spent(noise, rate, n_steps, DELTA, name) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("noise", "n_steps"), [(1.0, 1), (5.0, 100), (40.0, 400)])
def test_without_sampling_epsilon_is_that_of_the_gaussian_mechanism(noise, n_steps):
    expected = gaussian_epsilon(n_steps**0.5 / noise)
    tight = spent(noise, 1.0, n_steps, DELTA, "prv")
    assert expected <= tight <= expected + 0.0105  # opacus adds its error of 0.01
    assert expected < spent(noise, 1.0, n_steps, DELTA, "rdp") < 1.2 * expected


def test_sampling_amplifies_privacy():
    sampled, all_records = (spent(1.0, rate, 10, DELTA, "prv") for rate in (0.1, 1.0))
    assert sampled < all_records / 4


def test_large_epsilon_is_that_of_renyi():
    bounds = [spent(0.05, 0.5, 1000, DELTA, accountant) for accountant in ("prv", "rdp")]
    assert bounds[0] == bounds[1] > 50


def test_limits_of_noise_and_steps():
    assert spent(1.0, 0.5, 0, DELTA, "prv") == 0
    assert spent(1e-13, 0.5, 1, DELTA, "rdp") == np.inf
    assert spent(1e4, 0.01, 1, DELTA, "prv") == pytest.approx(0, abs=0.01)


@pytest.mark.parametrize(
    ("target", "accountant"),
    [
        *((target, accountant) for target in (0.5, 4.0) for accountant in ("rdp", "prv")),
        (45.0, "rdp"),
        pytest.param(45.0, "prv", marks=pytest.mark.slow),
    ],
)
def test_noise_is_the_least_that_keeps_to_the_target(target, accountant):
    known = (1.0, 50, DELTA, accountant)
    noise = noise_for(target, *known)
    assert spent(noise, *known) <= target < spent(0.99 * noise, *known)


def test_opacus_says_that_no_less_noise_would_do():
    """The search of opacus itself, which ends within 0.3 % of ours, is slow."""
    noise = noise_for(3.0, 0.1, 40, DELTA, "rdp")
    found = []
    for share in (1, 0.997):
        accountant = RDPAccountant()
        accountant.history = [(share * noise, 0.1, 40)]
        found.append(accountant.get_epsilon(delta=DELTA))
    assert found[0] <= 3.0 < found[1]


# said of too large noise, with which its search begins
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Optimal order is the largest alpha")
def test_noise_is_that_of_opacus():
    known = {"target_delta": DELTA, "sample_rate": 0.1, "steps": 40, "accountant": "rdp"}
    expected = get_noise_multiplier(target_epsilon=3.0, epsilon_tolerance=0.001, **known)
    assert noise_for(3.0, 0.1, 40, DELTA, "rdp") == pytest.approx(expected, rel=0.003)


def test_unreachable_target_is_refused():
    with pytest.raises(ValueError, match=r"less than the accountant 'rdp' can prove for 5 steps"):
        noise_for(0.001, 1.0, 5, DELTA, "rdp")


def test_missing_opacus_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    with pytest.raises(ImportError, match=r"DPSGD needs opacus.*skmia\[dp\]"):
        import_opacus()
