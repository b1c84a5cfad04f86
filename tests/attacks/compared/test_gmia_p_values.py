"""P-values among references, and their combination, against scipy and against simulations."""

import numpy as np
import oracles
import pytest
from scipy.stats import kstest
from sklearn import config_context

from skmia.attacks import combine_p_values, gmia_p_values

DRAWS = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "tied": lambda rng, shape: rng.integers(0, 5, size=shape) / 2,
    "skewed": lambda rng, shape: rng.exponential(size=shape) ** 8,
    "float32": lambda rng, shape: rng.normal(size=shape).astype(np.float32),
    "equal": lambda rng, shape: np.zeros(shape),
    "certain": lambda rng, shape: rng.choice([0.0, -69.07755279], size=shape),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("n_shadows", [1, 2, 3, 4, 12])
def test_equals_scipy_record_by_record(draw, n_shadows):
    rng = np.random.default_rng(n_shadows)
    shadow_signals, in_mask = draw(rng, (n_shadows, 200)), rng.random((n_shadows, 200)) < 0.3
    signal = draw(rng, 200)
    signal[:50] = shadow_signals[0, :50]  # ties with a reference
    expected = [
        oracles.gmia_p_value(-float(one), (-column[~mask]).astype(float).tolist())
        for one, column, mask in zip(signal, shadow_signals.T, in_mask.T, strict=True)
    ]
    found = gmia_p_values(signal, shadow_signals, in_mask)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)


def test_by_hand():
    """Losses 1, 1, 2 and 4: equal ones are one point, with the larger share."""
    references = -np.array([1.0, 2.0, 1.0, 4.0])[:, None]
    out = np.zeros((4, 1), dtype=bool)
    for loss, p in ((0.5, 0.2), (1.0, 0.5), (2.0, 0.75), (4.0, 1.0), (5.0, 1.0)):
        np.testing.assert_allclose(gmia_p_values([-loss], references, out), p)
    np.testing.assert_allclose(gmia_p_values([-1.25], references[:2], out[:2]), 0.625)  # a line


def test_only_models_that_did_not_see_the_record_count():
    signals = np.array([[0.0], [-1.0], [-2.0]])
    in_mask = np.array([[True], [False], [False]])
    np.testing.assert_allclose(gmia_p_values([-0.5], signals, in_mask), 1 / 3)
    np.testing.assert_allclose(gmia_p_values([-0.5], signals, ~in_mask), 1)
    np.testing.assert_allclose(gmia_p_values([5.0], signals, np.ones((3, 1), dtype=bool)), 1)


def test_rises_with_the_loss():
    rng = np.random.default_rng(0)
    references = np.repeat(rng.exponential(size=(30, 1)) ** 3, 2000, axis=1)
    p = gmia_p_values(np.linspace(-1, 30, 2000), -references, np.zeros((30, 2000), dtype=bool))
    assert (np.diff(p) <= 0).all() or (np.diff(p) >= 0).all()
    grid = np.linspace(references.max(), 0, 2000)
    p = gmia_p_values(-grid, -references, np.zeros((30, 2000), dtype=bool))
    assert (np.diff(p) <= 1e-12).all()


def test_extreme_gaps_stay_finite():
    losses = np.array([0.0, 5e-324, 1e-300, 1.0, 1e300])[:, None]
    for at in (0.0, 2e-323, 1e-301, 0.5, 1e299):
        p = gmia_p_values([-at], -losses, np.zeros((5, 1), dtype=bool))
        assert 0 < p.item() <= 1


def test_uniform_where_the_target_is_one_of_a_kind_with_the_references():
    draws = np.random.default_rng(0).exponential(size=(101, 4000))
    p = gmia_p_values(draws[0], draws[1:], np.zeros((100, 4000), dtype=bool))
    assert kstest(p, "uniform").statistic < 0.01 + 1.36 / np.sqrt(4000)  # steps of 1/101
    assert abs((p < 0.05).mean() - 5 / 101) < 3 * np.sqrt(0.05 / 4000)


def test_blocks_change_nothing():
    rng = np.random.default_rng(0)
    data = rng.normal(size=50), rng.normal(size=(9, 50)), rng.random((9, 50)) < 0.5
    expected = gmia_p_values(*data)
    with config_context(working_memory=0.001):
        np.testing.assert_array_equal(gmia_p_values(*data), expected)


def test_p_value_errors():
    with pytest.raises(ValueError, match=r"one row per shadow .*\(2, 3\).* got \(2, 2\)"):
        gmia_p_values([0, 0, 0], np.zeros((2, 2)), np.zeros((2, 3), dtype=bool))
    with pytest.raises(ValueError, match=r"in_mask must be bool; got .*int64"):
        gmia_p_values([0], np.zeros((2, 1)), np.zeros((2, 1), dtype=int))
    with pytest.raises(ValueError, match="NaN"):
        gmia_p_values([np.nan], np.zeros((2, 1)), np.zeros((2, 1), dtype=bool))


def test_combined_by_hand():
    """Values of an independent script; without correlation the method is Fisher's."""
    p = [0.01, 0.02, 0.05]
    assert combine_p_values(p, np.full((3, 3), 0.5)) == pytest.approx(0.0081760964, rel=1e-8)
    assert combine_p_values(p, np.eye(3)) == pytest.approx(0.0007878666, rel=1e-6)
    assert combine_p_values([0.3], [[1.0]]) == pytest.approx(0.3)
    # with a correlation of 1 it is the geometric mean, for covariances sum up to 4
    assert combine_p_values([0.01, 0.04], np.ones((2, 2))) == pytest.approx(0.02)


def test_negative_correlations_count_as_none():
    correlation = np.full((3, 3), -0.5)
    found = combine_p_values([0.1, 0.2, 0.3], correlation)
    assert found == pytest.approx(combine_p_values([0.1, 0.2, 0.3], np.eye(3)))


@pytest.mark.parametrize("rho", [-0.2, 0, 0.2, 0.7, 1])
def test_combined_equals_the_formula(rho):
    rng = np.random.default_rng(0)
    p, correlation = rng.random((5, 20)), np.full((5, 5), rho)
    found = combine_p_values(p, correlation)
    expected = [oracles.combined_p_value(column, correlation) for column in p.T]
    np.testing.assert_allclose(found, expected)
    assert combine_p_values(p[:, 0], correlation) == pytest.approx(expected[0])


def test_combined_floor():
    assert combine_p_values([0.0], [[1]], n_references=9) == pytest.approx(0.05)
    assert combine_p_values([0.2], [[1]], n_references=9) == pytest.approx(0.2)


def test_combined_errors():
    with pytest.raises(ValueError, match=r"one row and column per p-value, \(2, 2\), got \(1, 1\)"):
        combine_p_values([0.1, 0.2], [[1]])
    with pytest.raises(ValueError, match=r"correlation must lie in \[-1, 1\], got .* to 5"):
        combine_p_values([0.1, 0.2], [[1, 5], [5, 1]])
    for n_references in (-2, -1, 0):
        with pytest.raises(ValueError, match=f"'n_references' .* Got {n_references} "):
            combine_p_values([0.1], [[1]], n_references=n_references)
    for p in (0.0, -0.1, 1.1):
        with pytest.raises(ValueError, match=r"lie in \(0, 1\], .*n_references=k"):
            combine_p_values([p], [[1]])
    with pytest.raises(ValueError, match=r"lie in \(0, 1\]"):
        combine_p_values([1.5], [[1]], n_references=10)
