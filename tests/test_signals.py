"""Every signal against the paper's formula as a loop, at the edges too."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from skmia import signals

NAMES = signals.get_signal_names()
# Hand-checked values of the two entropies (formulas in the papers' notation, unnegated).
P = np.array([[0.7, 0.2, 0.1], [1, 0, 0], [0, 1, 0], [1 / 3, 1 / 3, 1 / 3]])
Y = np.array([0, 0, 0, 2])


def of_oracle(name, proba, y_index):
    oracle = getattr(oracles, name)
    return np.array([oracle(p, y) for p, y in zip(proba, y_index, strict=True)])


def responses(kind, n_classes, dtype, rng, n_records=200):
    """Draw responses of a kind, with labels that the model does not know among them."""
    if kind == "random":
        proba = softmax(rng.normal(scale=3, size=(n_records, n_classes)), axis=1)
    elif kind == "certain":
        proba = np.eye(n_classes)[rng.integers(n_classes, size=n_records)]
    else:  # votes of ten trees: ties, exact zeros and ones
        proba = rng.multinomial(10, np.full(n_classes, 1 / n_classes), size=n_records) / 10
    return proba.astype(dtype), rng.integers(-1, n_classes, size=n_records)


def test_hand_checked_values():
    np.testing.assert_allclose(signals.confidence(P, Y), [0.7, 1, 0, 0.33333333], atol=5e-9)
    np.testing.assert_allclose(-signals.entropy(P, Y), [0.80181855, 0, 0, 1.09861229], atol=5e-9)
    np.testing.assert_allclose(
        -signals.modified_entropy(P, Y), [0.16216725, 0, 138.15510558, 1.00271826], atol=5e-9
    )
    assert signals.logit_confidence([[0.93, 0.07]], [0]) == pytest.approx(2.58668934, abs=5e-9)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", ["random", "certain", "votes"])
@pytest.mark.parametrize("n_classes", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_oracle(name, kind, n_classes, dtype):
    rng, n_records = np.random.default_rng(n_classes), 200 if n_classes < 1000 else 50
    proba, y_index = responses(kind, n_classes, dtype, rng, n_records)
    values = getattr(signals, name)(proba, y_index)
    assert values.dtype == dtype
    assert np.isfinite(values).all()
    # the sum of a thousand float32 terms has about 1000 roundings of 6e-8
    tolerance = (
        {"rtol": 2e-5, "atol": 1e-6} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-14}
    )
    np.testing.assert_allclose(values, of_oracle(name, proba, y_index), **tolerance)


def test_modified_entropy_keeps_its_digits_near_certainty():
    proba = np.array([[1 - 1e-12, 1e-12]])
    expected = -(1e-12 * 1e-12 + 1e-12 * 1e-12)
    assert signals.modified_entropy(proba, [0])[0] == pytest.approx(expected, rel=1e-3)
    assert signals.modified_entropy([[1.0, 0.0]], [0])[0] == 0


@pytest.mark.parametrize(("n_classes", "n_records"), [(2, 40_000), (100, 4_000)])
def test_evaluate_equals_single_signals_over_many_blocks(n_classes, n_records):
    rng, half = np.random.default_rng(0), n_records // 2
    proba, y_index = responses("votes", n_classes, float, rng, n_records)
    proba[half:] = softmax(rng.normal(size=(half, n_classes)), axis=1)
    own = lambda proba, y_index: proba[:, 0] + y_index  # noqa: E731
    asked = [*NAMES, own, "confidence"]
    for name, values in zip(asked, signals.evaluate(proba, y_index, asked), strict=True):
        np.testing.assert_array_equal(values, signals.get_signal(name)(proba, y_index))


@pytest.mark.parametrize(("n_classes", "n_records"), [(5, 20_000), (100, 2_000)])
@pytest.mark.parametrize("name", NAMES)
def test_does_not_depend_on_batch_layout_or_other_records(name, n_classes, n_records):
    proba, y_index = responses("random", n_classes, float, np.random.default_rng(1), n_records)
    signal = getattr(signals, name)
    values = signal(proba, y_index)
    order = np.random.default_rng(2).permutation(len(proba))
    np.testing.assert_array_equal(signal(proba[order], y_index[order]), values[order])
    np.testing.assert_array_equal(signal(np.asfortranarray(proba), y_index), values)
    np.testing.assert_array_equal(signal(proba[7:8], y_index[7:8]), values[7:8])
    assert signal(proba[:0], y_index[:0]).shape == (0,)


@pytest.mark.parametrize("name", NAMES)
def test_does_not_change_its_input(name):
    proba, y_index = responses("votes", 3, float, np.random.default_rng(3))
    before = proba.copy()
    proba.flags.writeable = False
    getattr(signals, name)(proba, y_index)
    np.testing.assert_array_equal(proba, before)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=2, max_size=6),
    st.integers(0, 5),
    st.sampled_from(
        ["confidence", "correctness", "loss", "logit_confidence", "margin", "modified_entropy"]
    ),
)
def test_more_confidence_in_the_true_label_is_more_member_like(weights, label, name):
    total = sum(weights)
    proba = np.array(weights) / total if total > 1e-6 else np.full(len(weights), 1 / len(weights))
    label %= len(proba)
    sharper = 0.5 * proba
    sharper[label] += 0.5
    signal = getattr(signals, name)
    assert signal([sharper], [label])[0] >= signal([proba], [label])[0] - 1e-12


def test_integers_and_half_precision_are_taken():
    assert signals.confidence([[1, 0]], [0]).dtype == np.float64
    assert signals.confidence(np.array([[1, 0]], np.float16), [0]).dtype == np.float32


def test_negative_zero_and_rounding_above_one_are_probabilities():
    proba = np.array([[1 + 1e-9, -0.0]])
    assert signals.modified_entropy(proba, [0])[0] == pytest.approx(0, abs=1e-7)
    assert signals.entropy(np.array([[1.0, -0.0]]), [0])[0] == 0
    for name in NAMES:
        assert np.isfinite(getattr(signals, name)([[1 + 1e-7, -1e-7]], [0])).all()


def test_unsigned_label_columns():
    assert signals.loss([[0.5, 0.5]], np.array([1], np.uint64))[0] == np.log(0.5)


@pytest.mark.parametrize(
    ("proba", "y_index", "message"),
    [
        ([[np.nan, 1]], [0], "contains NaN"),
        ([[3.0, -1.0]], [0], r"probabilities in \[0, 1\], got values from -1 to 3"),
        ([0.5, 0.5], [0, 0], r"shape \(n_records, n_classes\), got \(2,\)"),
        ([[0.5, 0.5]], [0, 1], r"expected shape \(1,\), got \(2,\)"),
        ([[0.5, 0.5]], [0.0], "must hold integers, got float64"),
        ([[0.5, 0.5]], [2], r"in \[-1, 1\] for 2 classes, got values from 2 to 2"),
        ([[0.5, 0.5]], [-2], "got values from -2 to -2"),
    ],
)
def test_errors(proba, y_index, message):
    with pytest.raises(ValueError, match=message):
        signals.entropy(proba, y_index)


def test_unknown_name_and_bad_callable():
    with pytest.raises(
        ValueError, match=r"'signal' parameter of get_signal .*'loss'.* or a callable. Got 'los'"
    ):
        signals.get_signal("los")
    with pytest.raises(ValueError, match=r"signals must hold names, .*'loss'.* got \['los'\]"):
        signals.evaluate([[0.5, 0.5]], [0], ["loss", ["los"]])
    with pytest.raises(ValueError, match=r"expected shape \(2,\), got \(1,\)"):
        list(signals.evaluate([[0.5, 0.5]] * 2, [0, 1], [lambda p, y: p[:1, 0]]))
    with pytest.raises(ValueError, match="NaN or infinity"):
        list(signals.evaluate([[0.5, 0.5]], [0], [lambda p, y: np.array([np.nan])]))


@pytest.mark.parametrize("eps", [0, -1, 10, np.nan, "a", None, True])
@pytest.mark.parametrize("name", ["loss", "entropy", "modified_entropy", "logit_confidence"])
def test_floors_are_small_numbers(name, eps):
    with pytest.raises(ValueError, match=rf"'eps' parameter of {name} .*\(0.0, 1.0\). Got {eps!r}"):
        getattr(signals, name)([[0.0, 1.0]], [0], eps=eps)
