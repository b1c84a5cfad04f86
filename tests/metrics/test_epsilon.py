import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import beta, binom

from skmia.metrics import (
    epsilon_from_counts,
    epsilon_lower_bound,
    one_run_epsilon,
    one_run_epsilon_from_counts,
)
from skmia.metrics._curve import Curve
from skmia.metrics._epsilon import N_CANDIDATES, _candidates, _gaussian_delta
from skmia.metrics._intervals import clopper_pearson_upper

# Values of google-deepmind/jax_privacy, auditing.py, recomputed independently.


@pytest.mark.parametrize(
    ("n_hits", "n", "alpha", "expected"),
    [
        (0, 100, 0.025, 0.0362166926),
        (5, 1000, 0.025, 0.0116294706),
        (50, 1000, 0.05, 0.0628634035),
        (7, 7, 0.05, 1),
    ],
)
def test_upper_limit(n_hits, n, alpha, expected):
    assert clopper_pearson_upper(n_hits, n, alpha) == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize(
    ("counts", "confidence_level", "expected"),
    [
        ((500, 500, 10, 990), 0.95, 3.24201659),
        ((100, 0, 0, 100), 0.95, 3.28134635),
        ((60, 40, 40, 60), 0.95, 0),
        ((900, 100, 100, 900), 0.9, 2.02123323),
    ],
)
def test_epsilon_from_counts(counts, confidence_level, expected):
    bound = epsilon_from_counts(*counts, confidence_level=confidence_level)
    assert bound == pytest.approx(expected, abs=1e-8)
    # Members and non-members, or calls, exchanged.
    assert epsilon_from_counts(*counts[::-1], confidence_level=confidence_level) == bound
    assert isinstance(bound, float)


def test_delta_lowers_the_bound():
    fpr, fnr = 1 - beta.ppf(0.025, 990, 11), 1 - beta.ppf(0.025, 500, 501)
    expected = np.log((1 - fnr - 0.01) / fpr)
    assert epsilon_from_counts(500, 500, 10, 990, delta=0.01) == pytest.approx(expected)
    assert epsilon_from_counts(500, 500, 10, 990, delta=0.9) == 0


@pytest.mark.parametrize(
    ("m", "r", "v", "delta", "pure", "gaussian"),
    [
        (1000, 1000, 600, 0, 0.29747, None),
        (1000, 1000, 600, 1e-5, 0.29723, 0.58354),
        (1000, 200, 180, 0, 1.79887, None),
        (1000, 200, 180, 1e-5, 1.79629, 2.90124),
        (100, 100, 100, 0, 3.49297, None),
        (100, 100, 100, 1e-5, 3.49022, 8.21619),
        (1000, 100, 100, 1e-5, 3.46538, 5.54903),
        (5000, 500, 400, 1e-5, 1.19522, 1.68316),
        (100, 50, 25, 0, 0, None),
    ],
)
def test_one_run_epsilon_from_counts(m, r, v, delta, pure, gaussian):
    assert one_run_epsilon_from_counts(m, r, v, delta=delta) == pytest.approx(pure, abs=6e-6)
    if gaussian is not None:
        bound = one_run_epsilon_from_counts(m, r, v, delta=delta, family="gaussian")
        assert bound == pytest.approx(gaussian, abs=6e-6)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.data())
def test_pure_bound_is_what_is_just_refuted(n_guesses, data):
    n_correct = data.draw(st.integers(0, n_guesses))
    bound = one_run_epsilon_from_counts(100, n_guesses, n_correct)
    tail = binom.sf(n_correct - 1, n_guesses, expit(bound))
    assert tail == pytest.approx(0.05, abs=1e-6) if bound else tail >= 0.05 - 1e-12


def test_nothing_right_refutes_nothing():
    for family in ("pure", "gaussian"):
        assert one_run_epsilon_from_counts(100, 50, 0, delta=1e-5, family=family) == 0


def test_gaussian_with_large_delta():
    # A 1-Gaussian private mechanism is (0, 0.383)-private.
    assert _gaussian_delta(0.0, 1.0) == pytest.approx(0.3829249)
    assert one_run_epsilon_from_counts(1000, 1000, 600, delta=0.9, family="gaussian") == 0


def test_one_run_epsilon_counts_guesses():
    membership = np.array([0, 1, 0, 1, 1, 0, 1, 1])
    scores = np.arange(8.0)
    # In: 7, 6, 5 (two right). Out: 0, 1 (one right).
    assert one_run_epsilon(membership, scores, n_guesses=5) == one_run_epsilon_from_counts(8, 5, 3)
    members = np.repeat([1, 0], 100)
    bound = one_run_epsilon(members, members * 1.0)
    assert bound == one_run_epsilon_from_counts(200, 200, 200)


def test_ties_are_not_broken_by_position():
    # Members first and all scores tied: position would guess every record right.
    membership = np.repeat([1, 0], 500)
    for order in (1, -1):
        bounds = [
            one_run_epsilon(membership[::order], np.zeros(1000), n_guesses=200, random_state=seed)
            for seed in range(40)
        ]
        assert np.mean(np.array(bounds) > 0) <= 0.05 + 3 * (0.05 * 0.95 / 40) ** 0.5


# Bounds hold as often as they say


@pytest.mark.parametrize("n_draws", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_pure_bound_holds_for_randomized_response(n_draws):
    # Every record's membership is told truly with probability expit(1): 1-private.
    least = next(v for v in range(201) if one_run_epsilon_from_counts(300, 200, v) > 1)
    assert binom.sf(least - 1, 200, expit(1.0)) <= 0.05
    rng = np.random.default_rng(0)
    exceeded = 0
    for _ in range(n_draws):
        membership = rng.integers(2, size=300)
        told = np.where(rng.random(300) < expit(1.0), membership, 1 - membership)
        scores = told + rng.random(300) / 2
        exceeded += one_run_epsilon(membership, scores, n_guesses=200) > 1
    # The exact rate is 4.8 %; three binomial standard deviations are the simulation's own noise.
    assert exceeded / n_draws <= 0.05 + 3 * (0.05 * 0.95 / n_draws) ** 0.5


@pytest.mark.parametrize("n_draws", [200, pytest.param(600, marks=pytest.mark.slow)])
def test_no_epsilon_on_null_data(n_draws):
    found = 0
    for seed in range(n_draws):
        rng = np.random.default_rng(seed)
        scores = rng.normal(size=400)
        found += epsilon_lower_bound(np.tile([1, 0], 200), scores, random_state=seed) > 0
    assert found / n_draws <= 0.05


@pytest.mark.parametrize("n_draws", [150, pytest.param(300, marks=pytest.mark.slow)])
def test_bound_holds_for_randomized_response_at_the_chosen_threshold(n_draws):
    rng = np.random.default_rng(0)
    membership = np.tile([1, 0], 200)
    exceeded = 0
    for seed in range(n_draws):
        told = np.where(rng.random(400) < expit(1.0), membership, 1 - membership)
        exceeded += epsilon_lower_bound(membership, told, random_state=seed) > 1
    assert exceeded / n_draws <= 0.05


def test_bound_finds_leakage():
    rng = np.random.default_rng(0)
    membership = np.tile([1, 0], 2000)
    scores = rng.normal(3 * membership)
    chosen = epsilon_lower_bound(membership, scores, random_state=0)
    fixed = epsilon_lower_bound(membership, scores, threshold=3.0)
    called = scores >= 3
    counts = [np.sum(called[membership == 1]), np.sum(~called[membership == 1])]
    counts += [np.sum(called[membership == 0]), np.sum(~called[membership == 0])]
    assert fixed == epsilon_from_counts(*counts)
    assert chosen > 2
    # Higher means member: scores with the wrong sign show nothing.
    assert epsilon_lower_bound(membership, -scores, random_state=0) == 0


def test_same_bound_in_any_order():
    rng = np.random.default_rng(0)
    membership, scores = np.tile([1, 0], 100), np.round(rng.normal(size=200) + [1, 0] * 100, 1)
    order = rng.permutation(200)
    assert epsilon_lower_bound(membership, scores, random_state=1) == epsilon_lower_bound(
        membership[order], scores[order], random_state=1
    )


def test_few_records_show_nothing():
    assert epsilon_lower_bound([1, 0], [1.0, 0.0]) == 0


def test_candidates_of_a_long_curve():
    short = Curve.from_scores(np.tile([1, 0], 10), np.arange(20))
    assert _candidates(short).tolist() == list(range(21))
    long = Curve.from_scores(np.tile([1, 0], 5000), np.arange(10_000))
    points = _candidates(long)
    assert len(points) <= 2 * N_CANDIDATES
    assert points.min() == 0
    assert points.max() == 10_000
    # Dense where few are called members, or few are not.
    assert {0, 1, 2, 3, 10, 9_990, 9_999, 10_000} <= set(points.tolist())


# Messages


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ((-1, 1, 1, 1), {}, r"'true_positives' .* an int in the range \[0, inf\). Got -1"),
        ((1, 0.5, 1, 1), {}, "'false_negatives' .* an int .* Got 0.5"),
        ((0, 0, 1, 1), {}, "both kinds of records, got 0 members and 2 non-members; epsilon"),
        ((1, 1, 1, 1), {"delta": 1}, r"'delta' .*\[0.0, 1.0\), such as 0 .* Got 1 "),
        ((1, 1, 1, 1), {"confidence_level": 1}, r"'confidence_level' .* 0.95 .* Got 1 "),
    ],
)
def test_wrong_counts(counts, options, message):
    with pytest.raises(ValueError, match=message):
        epsilon_from_counts(*counts, **options)


@pytest.mark.parametrize(
    ("counts", "options", "message"),
    [
        ((5, 0, 0), {}, "'n_guesses' .* Got 0 "),
        ((5, 4, -1), {}, "'n_correct' .* Got -1 "),
        ((0, 1, 1), {}, "'n_records' .* Got 0 "),
        ((5, 6, 1), {}, "n_guesses must be at most n_records, 5, got 6"),
        ((5, 4, 5), {}, "n_correct must be at most n_guesses, 4, got 5"),
        (
            (5, 4, 3),
            {"family": "laplace"},
            r"'family' .* among {'pure', 'gaussian'}. Got 'laplace'",
        ),
        ((5, 4, 3), {"family": "gaussian"}, "delta must be above 0 .* give a delta such as 1e-5"),
    ],
)
def test_wrong_guesses(counts, options, message):
    with pytest.raises(ValueError, match=message):
        one_run_epsilon_from_counts(*counts, **options)


@pytest.mark.parametrize("function", [epsilon_lower_bound, one_run_epsilon])
@pytest.mark.parametrize(
    ("membership", "scores", "options", "message"),
    [
        ([1, 2], [1, 2], {}, "membership must hold only"),
        ([1, 1], [1, 2], {}, "members only"),
        ([1, 0], [1, np.nan], {}, "scores must be finite"),
        ([1, 0], [1, 2, 3], {}, "inconsistent numbers"),
        ([1, 0], [1, 2], {"delta": -1}, "'delta' parameter of .* Got -1"),
        ([1, 0], [1, 2], {"confidence_level": 0}, "'confidence_level' parameter of .* Got 0 "),
    ],
)
def test_wrong_arrays(function, membership, scores, options, message):
    with pytest.raises(ValueError, match=message):
        function(membership, scores, **options)


@pytest.mark.parametrize(
    ("counts", "dtype"), [((30000, 4000, 100, 32000), np.int16), ((200, 100, 5, 255), np.uint8)]
)
def test_counts_of_few_bits_do_not_overflow(counts, dtype):
    expected = epsilon_from_counts(*counts)
    assert expected > 2
    assert epsilon_from_counts(*np.array(counts, dtype)) == expected


def test_wrong_threshold_or_number_of_guesses():
    with pytest.raises(ValueError, match=r"'threshold' .* or None. Got nan"):
        epsilon_lower_bound([1, 0], [1, 2], threshold=np.nan)
    with pytest.raises(
        ValueError, match="n_guesses must be at most the number of records, 2, got 3"
    ):
        one_run_epsilon([1, 0], [1, 2], n_guesses=3)


def test_nothing_bounds_epsilon_from_above():
    membership, scores = np.repeat([1, 0], 100), np.r_[np.arange(200, 300), np.arange(100)]
    found = {
        "lower bound, one-sided Clopper-Pearson limits": epsilon_from_counts(100, 0, 0, 100),
        "lower bound, one-sided Clopper-Pearson limits on the half that did not choose the "
        "threshold": epsilon_lower_bound(membership, scores, random_state=0),
        "lower bound, guesses on one run, pure family": one_run_epsilon(membership, scores),
        "lower bound, guesses on one run, gaussian family": one_run_epsilon_from_counts(
            100, 50, 25, delta=1e-5, family="gaussian"
        ),
    }
    for method, epsilon in found.items():
        assert epsilon == epsilon.low
        assert epsilon.high == np.inf
        assert epsilon.method == method
