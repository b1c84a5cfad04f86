"""Leakage from gradients: slow loops, exact normal laws, invariances and what is refused."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

from skmia.leakage import influence_leakage
from skmia.leakage._influence import PseudoInverse, gradient_moments

NUMBER = {"output": {"noise_scale": 0.3}, "posterior": {"inverse_temperature": 2.0}, "sampling": {}}


def problem(n_records=40, n_parameters=4, seed=0):
    """Return gradients and a Hessian of no particular model."""
    rng = np.random.RandomState(seed)
    mixing = rng.normal(size=(n_parameters, n_parameters))
    gradients = rng.normal(0.2, 1, size=(n_records, n_parameters)) @ mixing
    return gradients, mixing @ mixing.T + 0.1 * np.eye(n_parameters)


def leakage(gradients, hessian, mechanism, n_records=40, **params):
    return influence_leakage(
        gradients, hessian, n_records, mechanism=mechanism, **NUMBER[mechanism], **params
    )


@pytest.mark.parametrize("mechanism", NUMBER)
def test_equals_a_slow_loop(mechanism):
    gradients, hessian = problem()
    expected = oracles.influence_leakage(gradients, hessian, 40, mechanism, **NUMBER[mechanism])
    np.testing.assert_allclose(leakage(gradients, hessian, mechanism), expected, rtol=1e-9)
    damped = oracles.influence_leakage(
        gradients, hessian, 40, mechanism, damping=0.5, **NUMBER[mechanism]
    )
    found = leakage(gradients, hessian, mechanism, damping=0.5)
    np.testing.assert_allclose(found, damped, rtol=1e-9)
    assert (found < expected).all()


def test_given_covariance_is_taken_as_it_is():
    gradients, hessian = problem()
    found = leakage(gradients[:3], None, "sampling", gradient_covariance=hessian)
    expected = [g @ np.linalg.solve(hessian, g) / 80 for g in gradients[:3]]
    np.testing.assert_allclose(found, expected)


def normal_divergence(first, second):
    """Return the divergence of two normal laws, each a mean and a covariance."""
    (mean_1, cov_1), (mean_0, cov_0) = first, second
    shift, inverse = mean_1 - mean_0, np.linalg.inv(cov_0)
    logs = np.linalg.slogdet(cov_0)[1] - np.linalg.slogdet(cov_1)[1]
    return (np.trace(inverse @ cov_1) + shift @ inverse @ shift - len(shift) + logs) / 2


@pytest.mark.parametrize("n", [500, 5000])
def test_posterior_of_linear_regression_is_near_the_exact_law(n):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(n, 3))
    y = X @ [1.0, -2.0, 0.5] + 3 * rng.normal(size=n)

    def posterior(rows):
        precision = X[rows].T @ X[rows] + 5 * np.eye(3)
        return np.linalg.solve(precision, X[rows].T @ y[rows]), np.linalg.inv(precision)

    mean, covariance = posterior(np.arange(n))
    gradients = X * (X @ mean - y)[:, None]
    found = influence_leakage(
        gradients,
        np.linalg.inv(covariance) / n,
        n,
        mechanism="posterior",
        inverse_temperature=1.0,
    )
    far = np.argsort(-found)[:50]  # of the others, the change of the spread is not small beside it
    exact = [normal_divergence((mean, covariance), posterior(np.arange(n) != i)) for i in far]
    np.testing.assert_allclose(found[far], exact, rtol=60 / n)


def test_output_is_the_divergence_of_two_normal_laws():
    gradients, hessian = problem(1)
    shift = -np.linalg.solve(hessian, gradients[0]) / 40
    noise = 0.09 * np.eye(4)
    found = leakage(gradients, hessian, "output")[0]
    assert found == pytest.approx(normal_divergence((shift, noise), (0 * shift, noise)))
    # and by the mean of the log ratio, whoever computes the densities
    with_it, without = multivariate_normal(shift, noise), multivariate_normal(0 * shift, noise)
    drawn = with_it.rvs(20_000, random_state=0)
    ratios = with_it.logpdf(drawn) - without.logpdf(drawn)
    assert ratios.mean() == pytest.approx(found, abs=4 * ratios.std() / np.sqrt(20_000))


@pytest.mark.parametrize(("mechanism", "power"), [("output", 2), ("posterior", 1), ("sampling", 1)])
def test_falls_with_the_number_of_records(mechanism, power):
    gradients, hessian = problem()
    options = {"gradient_covariance": hessian} if mechanism == "sampling" else {}
    few = leakage(gradients, hessian, mechanism, n_records=100, **options)
    many = leakage(gradients, hessian, mechanism, n_records=1000, **options)
    np.testing.assert_allclose(few / many, 10.0**power)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(0.01, 10))
def test_a_number_for_the_hessian_bounds(seed, smallest):
    gradients, hessian = problem(seed=seed)
    convex = hessian + smallest * np.eye(4)
    for mechanism in ("output", "posterior"):
        bound = leakage(gradients, smallest, mechanism)
        assert (leakage(gradients, convex, mechanism) <= bound * (1 + 1e-9)).all()
    sizes = (gradients**2).sum(axis=1)
    np.testing.assert_allclose(
        leakage(gradients, smallest, "output"), sizes / (2 * (40 * smallest * 0.3) ** 2)
    )
    np.testing.assert_allclose(
        leakage(gradients, smallest, "posterior"), 2 * sizes / (2 * 40 * smallest)
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.floats(-8, 8))
def test_sampling_does_not_depend_on_units(seed, power):
    gradients, _ = problem(seed=seed)
    other = gradients * [1, 10.0**power, 1, 10.0**-power] @ np.eye(4)[::-1]
    np.testing.assert_allclose(
        leakage(other, None, "sampling"), leakage(gradients, None, "sampling"), rtol=1e-4
    )


@pytest.mark.parametrize("mechanism", NUMBER)
def test_directions_that_no_record_has_make_no_difference(mechanism):
    gradients, hessian = problem()
    wide = np.zeros((4, 6))
    wide[:, :4] = np.eye(4)
    wide = wide @ np.linalg.qr(np.random.RandomState(1).normal(size=(6, 6)))[0]
    found = leakage(gradients @ wide, wide.T @ hessian @ wide, mechanism)
    np.testing.assert_allclose(found, leakage(gradients, hessian, mechanism), rtol=1e-6)


def test_a_direction_of_one_record_alone_tells_it():
    gradients, _ = problem()
    gradients = np.column_stack([gradients, np.zeros(40)])
    gradients[7, 4] = 0.01
    found = leakage(gradients, None, "sampling")
    assert np.isinf(found).tolist() == [i == 7 for i in range(40)]
    covariance = np.cov(np.delete(gradients, 7, axis=0).T)
    found = leakage(gradients, None, "sampling", gradient_covariance=covariance)
    assert np.isinf(found).tolist() == [i == 7 for i in range(40)]


@pytest.mark.parametrize("mechanism", ["output", "posterior"])
def test_a_flat_direction_is_infinitely_far(mechanism):
    hessian = np.diag([1.0, 0.0])
    found = leakage([[1.0, 0.0], [0.0, -1.0], [0.0, 0.0], [-1.0, 1.0]], hessian, mechanism)
    assert np.isfinite(found).tolist() == [True, False, True, False]
    assert found[2] == 0


def test_the_shortest_of_many_solutions_is_taken():
    direction = np.array([[3.0, 4.0]])
    hessian = direction.T @ direction  # unequal on the diagonal, so scaling turns the directions
    found = PseudoInverse(hessian).solve(direction)
    np.testing.assert_allclose(found, direction @ np.linalg.pinv(hessian), rtol=1e-9)


def test_more_parameters_than_records_need_damping():
    gradients, _ = problem(10, 30)
    assert np.isinf(influence_leakage(gradients, None, 10)).all()
    found = influence_leakage(gradients, None, 10, damping=0.1)
    expected = oracles.influence_leakage(gradients, None, 10, "sampling", damping=0.1)
    np.testing.assert_allclose(found, expected, rtol=1e-8)


def test_gradient_zero_leaks_nothing():
    gradients, hessian = problem()
    gradients[0] = 0
    for mechanism in NUMBER:
        assert leakage(gradients, hessian, mechanism)[0] == 0


@pytest.mark.parametrize("sizes", [[40], [1, 39], [7, 13, 20]])
def test_moments_of_blocks_are_those_of_all(sizes):
    gradients, _ = problem()
    gradients += 1e4
    covariance, n, mean = gradient_moments(np.split(gradients, np.cumsum(sizes)[:-1]))
    assert n == len(gradients)
    np.testing.assert_allclose(mean, gradients.mean(axis=0))
    np.testing.assert_allclose(covariance, np.cov(gradients.T), rtol=1e-6)


G, H = problem()
ASYMMETRIC = H + np.triu(np.ones((4, 4)), 1)


@pytest.mark.parametrize(
    ("args", "params", "message"),
    [
        ((G, H, 40), {"mechanism": "noise"}, "'mechanism' .* Got 'noise'"),
        (
            (G, H, 40),
            {"mechanism": "output"},
            "mechanism='output' needs noise_scale, a number above 0",
        ),
        (
            (G, H, 40),
            {"mechanism": "posterior", "inverse_temperature": 0},
            "'inverse_temperature' .* Got 0 ",
        ),
        ((G, H, 40), {"noise_scale": 1.0}, "noise_scale belongs to mechanism='output'"),
        ((G, H, 2), {}, "needs n_records of at least 3, got 2"),
        ((G, H, 41), {}, "must be those of all 41 training records, got 40"),
        ((G, H, 40), {"damping": -1}, "'damping' .* Got -1 "),
        ((G, H, 40), {"rtol": 1}, r"'rtol' .*\[0.0, 1.0\). Got 1 "),
        ((G, H, 40), {"gradient_covariance": H[:3, :3]}, r"gradient_covariance must be of shape"),
        ((G, H, 40), {"gradient_covariance": -H}, "gradient_covariance must be positive semi"),
        ((G, None, 40), {"mechanism": "output", "noise_scale": 1.0}, "hessian=None is for"),
        ((G, 0.0, 40), {"mechanism": "output", "noise_scale": 1.0}, "'hessian' .* Got 0.0 "),
        ((G, ASYMMETRIC, 40), {"mechanism": "output", "noise_scale": 1.0}, "must be symmetric"),
        ((G, H - 5 * np.eye(4), 40), {"mechanism": "output", "noise_scale": 1.0}, "add damping"),
        ((G * np.nan, H, 40), {}, "gradients contains NaN"),
    ],
)
def test_refusals(args, params, message):
    with pytest.raises(ValueError, match=message):
        influence_leakage(*args, **params)
