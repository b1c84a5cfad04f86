from math import inf, log

import numpy as np
import oracles
import pytest
from estimates import numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.naive_bayes import GaussianNB

from skmia.leakage import kl_leakage, mutual_information_leakage
from skmia.leakage._estimators import Resamples, Side, gaussian_information, ledoit_wolf_weight
from skmia.leakage._per_record import Question, leakage_of_records

FEW = {"n_resamples": 20, "random_state": 0}
COMMON = settings(deadline=None, max_examples=15, derandomize=True)


def gaussians(kl, n_models, n_draws=500, n_dimensions=1, seed=0):
    """Return both sides of so many draws at once, with this divergence."""
    sides = np.random.RandomState(seed).normal(size=(2, n_models, n_draws, n_dimensions))
    sides[0, ..., 0] += np.sqrt(2 * kl)
    return sides


def of_draws(sides, method="pooled", n_resamples=400):
    """Estimate the leakage of each draw."""
    masks = np.ones((2, *sides[0].shape[:2]), dtype=bool)
    resamples = [Resamples(np.arange(sides.shape[1]), n_resamples, seed) for seed in (1, 2)]
    return leakage_of_records(sides, masks, resamples, Question(method, 0.5, 0.95, 5, 3))


# The simulation of the methods: mean over 500 draws


@pytest.mark.parametrize(
    ("n_dimensions", "n_models", "at_0", "at_half"),
    [(1, 32, 0.014, 0.491), (1, 128, 0.004, 0.503), (2, 128, 0.006, 0.504), (5, 128, 0.007, 0.494)],
)
def test_the_default_is_unbiased(n_dimensions, n_models, at_0, at_half):
    for kl, expected in ((0, at_0), (0.5, at_half)):
        found = of_draws(gaussians(kl, n_models, n_dimensions=n_dimensions), n_resamples=2)
        error = 4 * found.kl.std() / np.sqrt(500) + 4e-3  # of this table and of the other one
        assert found.kl.mean() == pytest.approx(expected, abs=error)
        assert found.mean_kl == pytest.approx(kl, abs=error)
        if n_models == 128:
            assert found.kl.mean() == pytest.approx(kl, abs=0.02)


def test_biases_of_the_other_estimators():
    for kl, expected in ((0, 0.016), (0.5, 0.527)):
        found = of_draws(gaussians(kl, 128), "gaussian", 2)
        assert found.kl.mean() == pytest.approx(expected, abs=0.025)
    found = of_draws(gaussians(0.5, 128, 200), "neighbors", 2)
    assert found.mean_kl == pytest.approx(0.419, abs=0.04)


@pytest.mark.parametrize("n_dimensions", [1, 2])
@pytest.mark.parametrize("kl", [0, 0.05, 0.5])
def test_intervals_of_the_default_cover(n_dimensions, kl):
    found = of_draws(gaussians(kl, 128, n_dimensions=n_dimensions, seed=5))
    # 98 % at most, but for the side that a truth of 0 has not
    assert 0.9 <= ((found.kl_low <= kl) & (kl <= found.kl_high)).mean() <= (0.98 if kl else 0.995)


@pytest.mark.parametrize("kl", [0, 0.5])
def test_intervals_of_two_gaussians_cover(kl):
    found = of_draws(gaussians(kl, 128, seed=6), "gaussian")
    assert 0.9 <= ((found.kl_low <= kl) & (kl <= found.kl_high)).mean() <= 0.99


@pytest.mark.parametrize(
    ("n_draws", "least"), [(15, 0.78), pytest.param(60, 0.88, marks=pytest.mark.slow)]
)
def test_intervals_of_averages_cover_though_records_share_models(n_draws, least):
    # least: of few draws, three standard errors below 95 %
    hits = []
    for seed in range(n_draws):
        rng = np.random.RandomState(seed)
        distance = np.abs(rng.normal(0.5, 0.3, size=30))
        shared = 0.6 * rng.normal(size=(128, 1)) + 0.8 * rng.normal(size=(128, 30))
        mask = np.repeat(rng.random_sample((64, 30)) < 0.5, 2, axis=0)
        mask[1::2] = ~mask[1::2]
        values = (shared + mask * distance)[..., None]
        pairs = Resamples(np.arange(128) // 2, 200, seed)
        found = leakage_of_records(
            (values, values), (mask, ~mask), (pairs, pairs), Question("pooled", 0.5, 0.95, 5, seed)
        )
        hits.append(found.mean_kl.low <= (0.5**2 + 0.3**2) / 2 <= found.mean_kl.high)
    assert np.mean(hits) >= least


@pytest.mark.parametrize("correlation", [-1.0, 0.6])
def test_models_that_depend_in_pairs_are_unbiased_and_covered(correlation):
    """The two halves of a pool answer the opposite way, which doubles the error of the means."""
    rng = np.random.RandomState(1)
    shocks = rng.normal(size=(2, 64, 600))
    values = np.empty((128, 600, 1))
    values[::2, :, 0] = shocks[0]
    values[1::2, :, 0] = correlation * shocks[0] + np.sqrt(1 - correlation**2) * shocks[1]
    mask = np.repeat(rng.random_sample((64, 600)) < 0.5, 2, axis=0)
    mask[1::2] = ~mask[1::2]
    for kl in (0, 0.125):
        sides = (values + mask[..., None] * np.sqrt(2 * kl),) * 2
        for method, few, n_resamples in (("pooled", 600, 100), ("neighbors", 60, 30)):
            pairs = Resamples(np.arange(128) // 2, n_resamples, 0)
            found = leakage_of_records(
                [side[:, :few] for side in sides], (mask[:, :few], ~mask[:, :few]),
                (pairs, pairs), Question(method, 0.5, 0.95, 5, 1),
            )  # fmt: skip
            if method == "pooled":  # were the pairs independent, it would be 1 / 64 more
                assert found.mean_kl == pytest.approx(kl, abs=0.01)
            assert ((found.kl_low <= kl) & (kl <= found.kl_high)).mean() > 0.9


# Against slow loops


def test_the_weight_of_ledoit_and_wolf_is_that_of_scikit_learn():
    rng = np.random.RandomState(0)
    values, mask = rng.normal(size=(30, 5, 9)) * rng.random_sample(9), rng.rand(30, 5) < 0.5
    values[:, 4] = 1  # what does not vary has nothing to be shrunk
    found = ledoit_wolf_weight([Side(values, mask), Side(values, ~mask)])
    for i in range(4):
        parts = [
            values[side, i] - values[side, i].mean(axis=0) for side in (mask[:, i], ~mask[:, i])
        ]
        expected = ledoit_wolf_shrinkage(np.concatenate(parts), assume_centered=True)
        assert found[i] == pytest.approx(expected)
    assert found[4] == 0


def test_the_average_of_one_record_has_an_interval_as_wide_as_the_record():
    found = of_draws(gaussians(0.5, 128, 1))
    assert numbers(found.mean_kl) == pytest.approx((found.kl[0], found.kl_low[0], found.kl_high[0]))
    ends = gaussian_information(np.sqrt(2 * np.concatenate([found.kl_low, found.kl_high])), 0.5)
    assert numbers(found.mean_mutual_information)[1:] == pytest.approx(ends)


@COMMON
@given(st.integers(3, 20), st.integers(3, 20), st.integers(0, 10**6))
def test_estimators_are_the_slow_loops(n, m, seed):
    rng = np.random.RandomState(seed)
    first, second = rng.normal(rng.normal(), 2, size=n) + 100, rng.normal(size=m) + 100
    value = kl_leakage(first, second, **FEW)
    assert value == pytest.approx(max(oracles.corrected_pooled_kl(first, second), 0), abs=1e-9)
    value = kl_leakage(first, second, method="gaussian", **FEW)
    assert value == pytest.approx(oracles.two_gaussian_kl(first, second), rel=1e-9)
    if min(n, m) >= 6:
        value = kl_leakage(first, second, method="neighbors", n_neighbors=2, **FEW)
        points = first[:, None].tolist(), second[:, None].tolist()
        assert value == pytest.approx(max(oracles.neighbors_kl(*points, 2), 0), abs=1e-6)


def test_neighbors_in_the_plane_are_the_slow_loop():
    first, second = gaussians(1, 30, 1, 2)[:, :, 0]
    value = kl_leakage(first, second[:25], method="neighbors", n_neighbors=3, **FEW)
    assert value == pytest.approx(oracles.neighbors_kl(first, second[:25], 3), abs=1e-6)


def test_two_gaussians_of_two_dimensions_by_hand():
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * np.sqrt(3) / 2  # unit covariance
    first, second = corners * [2, 1] + [3, 0], corners
    value = kl_leakage(first, second, method="gaussian", **FEW)
    assert value == pytest.approx((4 + 1 + 9 - 2 - log(4)) / 2)
    reverse = kl_leakage(second, first, method="gaussian", **FEW)
    assert reverse == pytest.approx((1 / 4 + 1 + 9 / 4 - 2 + log(4)) / 2)


@COMMON
@given(st.integers(0, 10**6), st.floats(0.1, 10), st.floats(-100, 100))
def test_units_and_origin_do_not_matter(seed, scale, origin):
    first, second = np.random.RandomState(seed).normal(size=(2, 20, 2))
    for method in ("pooled", "gaussian", "neighbors"):
        one = kl_leakage(first, second, method=method, **FEW)
        other = kl_leakage(scale * first + origin, scale * second + origin, method=method, **FEW)
        assert_allclose(numbers(one), numbers(other), rtol=1e-5, atol=1e-5)
        assert 0 <= one.low <= one.high
        assert one >= 0


def test_the_pooled_divergence_is_symmetric():
    first, second = gaussians(0.5, 30, 1)[:, :, 0]
    one, other = kl_leakage(first, second, **FEW), kl_leakage(second, first, **FEW)
    assert one == pytest.approx(other)


def test_statistics_that_do_not_vary():
    ones = np.ones(20)
    for method in ("pooled", "gaussian"):
        assert numbers(kl_leakage(ones, ones, method=method, **FEW)) == (0, 0, 0)
        assert numbers(kl_leakage(ones, 0 * ones, method=method, **FEW)) == (inf, 0, inf)
        line = np.column_stack([np.arange(20.0), 0.1 * ones])
        assert kl_leakage(line, line + np.array([0, 0.1]), method=method, **FEW) == inf
    assert kl_leakage(line, line, **FEW) == 0
    assert kl_leakage(ones, ones, method="neighbors", **FEW) == 0
    assert kl_leakage(ones, 0 * ones, method="neighbors", **FEW) > 10  # ties are broken


def test_many_dimensions_are_shrunk_and_said_to_be():
    first, second = gaussians(0.5, 40, 1, 60)[:, :, 0]
    leakage = kl_leakage(first, second, **FEW)
    assert leakage.method == "pooled Gaussian, Ledoit-Wolf covariance, not bias corrected"
    assert np.isfinite(numbers(leakage)).all()
    few = kl_leakage(first[:, :2], second[:, :2], **FEW)
    assert few.method == "pooled Gaussian, bias corrected"


def test_a_seed_repeats_the_interval_and_chunks_do_not_change_it(monkeypatch):
    sides = gaussians(0.5, 50, 1)[:, :, 0]
    one, again = (kl_leakage(*sides, n_resamples=100, random_state=1) for _ in range(2))
    assert one == again
    monkeypatch.setattr("skmia.leakage._estimators._ENTRIES", 170)
    again = kl_leakage(*sides, n_resamples=100, random_state=1)
    assert_allclose(numbers(again), numbers(one))


# Mutual information


@pytest.mark.parametrize("prior", [0.5, 0.1])
@pytest.mark.parametrize("distance", [0.1, 1, 2.5, 6, 11])
def test_information_of_gaussians_is_the_integral(distance, prior):
    value = gaussian_information(distance, prior)
    assert value == pytest.approx(oracles.gaussian_information(distance, prior), abs=3e-6)


def test_information_fixture():
    assert gaussian_information(1.0, 0.5) == pytest.approx(0.111421, abs=1e-6)
    first, second = gaussians(0.5, 4000, 1)[:, :, 0]
    leakage = {
        method: mutual_information_leakage(first, second, method=method, n_resamples=100)
        for method in ("numeric", "variational", "kl_bound")
    }
    assert leakage["numeric"].low <= 0.111421 <= leakage["numeric"].high
    assert leakage["kl_bound"].low <= 0.25 <= leakage["kl_bound"].high
    assert leakage["variational"] == pytest.approx(0.111421, abs=0.02)
    assert leakage["numeric"].high - leakage["numeric"].low < 0.03


@pytest.mark.parametrize("prior", [0.5, 0.2])
def test_variational_bound_is_a_bound_with_any_prior_and_any_sizes(prior):
    first, second = gaussians(0.5, 4000, 1)[:, :, 0]
    truth = oracles.gaussian_information(1, prior)
    leakage = mutual_information_leakage(
        first, second[:1000], method="variational", prior=prior, **FEW
    )
    assert leakage == pytest.approx(truth, abs=0.02)
    # two laws that a line does not tell apart: another classifier does
    wide = {"method": "variational", "prior": prior, **FEW}
    assert mutual_information_leakage(5 * first - 5, second, **wide) < 0.05
    better = mutual_information_leakage(5 * first - 5, second, classifier=GaussianNB(), **wide)
    assert better > 0.1


def test_information_ends_at_the_entropy_of_the_prior():
    first, second = np.random.RandomState(0).normal(size=(2, 50))
    entropy = -0.2 * log(0.2) - 0.8 * log(0.8)
    for method in ("numeric", "variational", "kl_bound"):
        options = {"method": method, "prior": 0.2, **FEW}
        all_of_it = mutual_information_leakage(first + 100, second, **options)
        # the logistic regression is penalized, so that it is never sure
        rel = 0.1 if method == "variational" else 1e-6
        assert all_of_it == pytest.approx(entropy, rel=rel)
        assert all_of_it <= entropy
        nothing = mutual_information_leakage(first, first[::-1], **options)
        assert nothing == pytest.approx(0, abs=1e-3)


# What is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"method": "best"},
            r"'method' parameter of kl_leakage .*'gaussian', 'neighbors', 'pooled'.*Got 'best'",
        ),
        ({"n_resamples": 1}, r"'n_resamples' .* an int in the range \[2, inf\). Got 1 "),
        ({"n_neighbors": 0}, r"'n_neighbors' .* an int in the range \[1, inf\). Got 0 "),
        ({"confidence_level": 1}, "'confidence_level' .* Got 1 "),
        ({"method": "neighbors", "n_neighbors": 10}, "needs at least 22 models with the record"),
    ],
)
def test_refuses_options(options, message):
    with pytest.raises(ValueError, match=message):
        kl_leakage(np.arange(20.0), np.arange(20.0), **options)


@pytest.mark.parametrize(
    ("first", "message"),
    [
        ([1, 2], "needs at least 3 models with the record and 3 without it.*train more"),
        ([1, 2, np.nan], "in_statistics must be finite, got 1 NaN"),
        (["a", "b", "c"], "in_statistics must hold a real number"),
        (np.zeros((3, 2)), "must have equal dimensions, got 2 and 1"),
        (np.zeros((3, 0)), "give an array of shape"),
    ],
)
def test_refuses_statistics(first, message):
    with pytest.raises(ValueError, match=message):
        kl_leakage(first, np.arange(20.0))


def test_refuses_options_of_information():
    with pytest.raises(
        ValueError, match=r"'method' .* {'numeric', 'variational', 'kl_bound'}. Got 'exact'"
    ):
        mutual_information_leakage(np.arange(5.0), np.arange(5.0), method="exact")
    with pytest.raises(ValueError, match=r"'prior' .* Got 0 "):
        mutual_information_leakage(np.arange(5.0), np.arange(5.0), prior=0)
