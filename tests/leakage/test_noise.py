from math import inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from skmia.leakage import gaussian_noise_leakage, gaussian_noise_scale, total_variation_bound


def hockey_stick(scale, epsilon):
    """Return the smallest delta of unit-sensitive noise, from its definition."""

    def excess(x):
        return max(norm.pdf(x, 1, scale) - np.exp(epsilon) * norm.pdf(x, 0, scale), 0)

    start = 0.5 + epsilon * scale**2
    return quad(excess, start, start + 12 * scale, limit=200)[0]


def test_fixture():
    leakage = gaussian_noise_leakage(1, 1e-5)
    assert leakage.kl == pytest.approx(0.0213019, abs=5e-8)
    assert leakage.total_variation == pytest.approx(0.103203, abs=5e-7)
    assert gaussian_noise_scale(2, 0.5, 1e-5) == pytest.approx(4 * np.sqrt(2 * np.log(125_000)))
    assert gaussian_noise_scale(0, 1, 1e-5) == 0


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 4.0])
@pytest.mark.parametrize("delta", [1e-2, 1e-5])
def test_analytic_noise_is_private_and_no_larger_than_needed(epsilon, delta):
    scale = gaussian_noise_scale(1, epsilon, delta, method="analytic")
    assert hockey_stick(scale, epsilon) == pytest.approx(delta, rel=1e-4)
    if epsilon <= 1:
        assert scale < gaussian_noise_scale(1, epsilon, delta)
        assert hockey_stick(gaussian_noise_scale(1, epsilon, delta), epsilon) < delta


@settings(deadline=None, max_examples=25, derandomize=True)
@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(1e-9, 0.5))
def test_less_privacy_is_less_noise_and_more_leakage(first, second, delta):
    low, high = sorted([first, second])
    for method in ("classical", "analytic"):
        scales = [gaussian_noise_scale(3, e, delta, method=method) for e in (low, high)]
        assert scales[0] >= scales[1] > 0
        leakages = [gaussian_noise_leakage(e, delta, method=method) for e in (low, high)]
        assert leakages[0].kl <= leakages[1].kl == pytest.approx((3 / scales[1]) ** 2 / 2)
        assert leakages[1].total_variation == total_variation_bound(leakages[1].kl)


def test_refuses():
    with pytest.raises(ValueError, match=r"at most 1 for method='classical'.*analytic"):
        gaussian_noise_leakage(2, 1e-5)
    with pytest.raises(ValueError, match=r"'epsilon' .* Got"):
        gaussian_noise_scale(1, 0, 1e-5)
    with pytest.raises(ValueError, match=r"'sensitivity' .* Got"):
        gaussian_noise_scale(inf, 1, 1e-5)
    with pytest.raises(ValueError, match=r"'delta' .* Got"):
        gaussian_noise_scale(1, 1, 1)
    with pytest.raises(ValueError, match=r"'method' .*{'classical', 'analytic'}. Got 'best'"):
        gaussian_noise_scale(1, 1, 0.1, method="best")
