from math import inf, log, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import cauchy, expon, laplace, multivariate_normal, norm
from sklearn.linear_model import LogisticRegression

from skmia.leakage import (
    fano_error_bound,
    membership_success_bound,
    total_variation_bound,
    tpr_bound,
)

COMMON = settings(deadline=None, max_examples=30, derandomize=True)
DIVERGENCE = st.floats(0, 50)
RATE = st.floats(1e-6, 1 - 1e-6)


def test_fixtures():
    assert total_variation_bound(0.5) == pytest.approx(0.5)  # Pinsker is the smaller one
    assert total_variation_bound(3) == pytest.approx(sqrt(1 - np.exp(-3)))  # here it is above 1
    assert_allclose(tpr_bound(0.5, [0.001, 0.01, 0.1]), [0.127499, 0.221779, 0.495051], atol=6e-7)
    assert_allclose(tpr_bound(0.02, [0.001, 0.01, 0.1]), [0.012446, 0.035648, 0.164941], atol=6e-7)
    errors = fano_error_bound([0.01, 0.111421, 0.25, 0.5])
    assert_allclose(errors, [0.429407, 0.268465, 0.162107, 0.048189], atol=6e-7)


def test_no_leakage_is_the_blind_guess_and_infinity_excludes_nothing():
    assert_array_equal(total_variation_bound([0, inf]), [0, 1])
    assert_array_equal(membership_success_bound([0, inf]), [0.5, 1])
    assert_array_equal(tpr_bound([0, inf], 0.01), [0.01, 1])
    assert_array_equal(tpr_bound([0, inf], 0.01, [inf, 0]), [0.01, 0.01])
    assert_allclose(fano_error_bound([0, log(2), inf]), [0.5, 0, 0], atol=1e-12)
    assert fano_error_bound(0, 0.2) == pytest.approx(0.2)


@COMMON
@given(DIVERGENCE, DIVERGENCE, RATE)
def test_ranges_order_and_directions(first, second, rate):
    low, high = sorted([first, second])
    assert 0 <= total_variation_bound(low) <= total_variation_bound(high) <= 1
    assert rate <= tpr_bound(low, rate) <= tpr_bound(high, rate) <= 1
    assert 0.5 >= fano_error_bound(low) >= fano_error_bound(high) >= 0
    assert membership_success_bound(first, second) == membership_success_bound(low)
    assert tpr_bound(first, rate, second) <= tpr_bound(first, rate)
    blind = min(rate, 1 - rate)
    assert 0 <= fano_error_bound(first, rate) <= blind
    assert fano_error_bound(0, rate) == pytest.approx(blind, abs=1e-7)


@COMMON
@given(st.floats(1e-4, 5), RATE)
def test_the_root_is_a_root_and_an_upper_end(kl, fpr):
    tpr = float(tpr_bound(kl, fpr))
    if tpr < 1:
        divergence = tpr * log(tpr / fpr) + (1 - tpr) * log((1 - tpr) / (1 - fpr))
        assert divergence == pytest.approx(kl, rel=1e-4, abs=1e-9)
    else:
        assert kl >= log(1 / fpr) - 1e-9


# laws of what is seen of members and of others, with the divergence in closed form, both ways
FAMILIES = {
    "gaussian": lambda d: (norm(d), norm(0), d**2 / 2, d**2 / 2),
    "wide": lambda d: (
        norm(0, 1 + d), norm(0),
        ((1 + d) ** 2 - 1) / 2 - log(1 + d), ((1 + d) ** -2 - 1) / 2 + log(1 + d),
    ),
    "exponential": lambda d: (
        expon(scale=1 + d), expon(), d - log(1 + d), log(1 + d) + 1 / (1 + d) - 1,
    ),
    "laplace": lambda d: (laplace(d), laplace(0), d + np.exp(-d) - 1, d + np.exp(-d) - 1),
    "cauchy": lambda d: (cauchy(d), cauchy(0), log(1 + d**2 / 4), log(1 + d**2 / 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("shift", [0.1, 0.5, 1.0, 3.0])
def test_no_threshold_exceeds_the_bounds(name, shift):
    seen, unseen, kl, reverse = FAMILIES[name](shift)
    fpr = np.logspace(-6, -1e-3, 400)
    rates = seen.sf(unseen.isf(fpr)), seen.cdf(unseen.ppf(fpr))
    for tpr in rates:  # both directions of the test
        assert (tpr <= tpr_bound(kl, fpr, reverse) + 1e-9).all()
        assert ((tpr - fpr) <= total_variation_bound(kl, reverse) + 1e-9).all()
        assert ((1 + tpr - fpr) / 2 <= membership_success_bound(kl, reverse) + 1e-9).all()
    # and the bounds are not idle: those of a hundredth of the divergence are exceeded
    assert (np.maximum(*rates) > tpr_bound(kl / 100, fpr, reverse / 100)).any()


def likelihood_ratio(seen, unseen):
    """Return the attack that fits a Gaussian to each side, as LiRA does."""
    laws = [multivariate_normal(side.mean(axis=0), np.cov(side.T)) for side in (seen, unseen)]
    return lambda values: laws[0].logpdf(values) - laws[1].logpdf(values)


def classifier(seen, unseen):
    X, membership = np.concatenate([seen, unseen]), np.repeat([1, 0], [len(seen), len(unseen)])
    return LogisticRegression().fit(X, membership).decision_function


@pytest.mark.parametrize("attack", [likelihood_ratio, classifier])
@pytest.mark.parametrize(("shift", "scale"), [(0.3, 1.0), (1.0, 1.0), (1.0, 2.0), (2.0, 0.7)])
def test_no_trained_attack_exceeds_the_bounds_on_fresh_draws(attack, shift, scale):
    rng = np.random.RandomState(0)

    def _draw(n_models):
        sides = rng.normal(size=(2, n_models, 2))
        sides[0] = scale * sides[0] + [shift, 0]
        return sides

    divergences = (
        (2 * scale**2 + shift**2 - 2) / 2 - 2 * log(scale),
        ((2 + shift**2) / scale**2 - 2) / 2 + 2 * log(scale),
    )
    trained, fresh = _draw(1000), _draw(100_000)
    score = attack(*trained)
    seen, unseen = (score(side) for side in fresh)
    thresholds = np.append(0, np.quantile(score(trained[1]), [0.5, 0.9, 0.99, 0.999]))
    tpr, fpr = ((scores > thresholds[:, None]).mean(axis=1) for scores in (seen, unseen))
    error = 4 * np.sqrt((tpr * (1 - tpr) + fpr * (1 - fpr)) / 100_000)
    assert (tpr - fpr - error <= total_variation_bound(*divergences)).all()
    assert ((1 + tpr - fpr - error) / 2 <= membership_success_bound(*divergences)).all()
    high = fpr + 4 * np.sqrt(fpr * (1 - fpr) / 100_000)
    assert (tpr - error <= tpr_bound(divergences[0], high, divergences[1])).all()
    idle = [divergence / 100 for divergence in divergences]
    assert (tpr - error > tpr_bound(idle[0], high, idle[1])).any()  # the attacks are attacks


def test_published_true_rates_of_two_gaussians_lie_below():
    fpr = np.array([0.001, 0.01, 0.1])
    true = norm.sf(norm.isf(fpr) - 1)
    assert_allclose(true, [0.018298, 0.092362, 0.389144], atol=6e-7)
    assert (true < tpr_bound(0.5, fpr)).all()


@pytest.mark.parametrize("prior", [0.5, 0.2])
def test_no_rule_errs_less_than_fano_allows(prior):
    from oracles import gaussian_information

    for distance in (0.2, 1.0, 3.0):
        bound = fano_error_bound(gaussian_information(distance, prior), prior)
        cuts = np.linspace(-6, 6, 400)
        error = prior * norm.cdf(cuts - distance / 2) + (1 - prior) * norm.sf(cuts + distance / 2)
        assert bound <= error.min() + 1e-9
        assert bound > 0.5 * error.min()


def test_refuses():
    with pytest.raises(
        ValueError, match=r"'kl' .* such as max\(value, 0\) of an estimate below 0.* Got -0.1"
    ):
        total_variation_bound(-0.1)
    with pytest.raises(ValueError, match=r"'kl' .* range \[0\.0, inf\].* max\(value, 0\)"):
        total_variation_bound([-0.1, 0.1])
    with pytest.raises(ValueError, match=r"shapes that go together, got \(3,\), \(2,\) and \(\)"):
        tpr_bound([0.1, 0.2, 0.3], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"'reverse_kl' .* Got nan"):
        membership_success_bound(1, np.nan)
    with pytest.raises(ValueError, match=r"mutual_information'? .*[gG]ot"):
        fano_error_bound("much")
    with pytest.raises(
        ValueError, match=r"'false_positive_rate' .* of tpr_bound .*\(0.0, 1.0\).* Got \[?0"
    ):
        tpr_bound(0.5, [0.1, 0.0])
    with pytest.raises(ValueError, match=r"'prior' .* Got"):
        fano_error_bound(0.1, 1.0)
