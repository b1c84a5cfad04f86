"""The privacy risk score against the paper's rules as a loop."""

import numpy as np
import oracles
import pytest

from skmia import signals
from skmia.attacks import privacy_risk_scores


@pytest.mark.parametrize("log_scale", [True, False])
@pytest.mark.parametrize("n_bins", [1, 2, 5, 15])
@pytest.mark.parametrize("prior", [0.5, 0.1])
def test_equals_oracle_per_class(log_scale, n_bins, prior):
    rng = np.random.default_rng(n_bins)
    calibration = np.exp(rng.normal(scale=3, size=80)) * rng.integers(0, 2, size=80)
    membership, classes = rng.integers(2, size=80), rng.integers(3, size=80)
    values, y_index = np.exp(rng.normal(scale=4, size=60)), rng.integers(3, size=60)
    risk = privacy_risk_scores(
        values,
        calibration,
        membership,
        y_index=y_index,
        calibration_y_index=classes,
        n_bins=n_bins,
        log_scale=log_scale,
        prior=prior,
    )
    for value, c, r in zip(values, y_index, risk, strict=True):
        v_in, v_out = (calibration[(classes == c) & (membership == m)] for m in (1, 0))
        expected = oracles.privacy_risk(value, v_in, v_out, n_bins, log_scale, prior)
        assert r == pytest.approx(expected, abs=1e-12)


def test_empty_bin_takes_the_left_neighbor_before_the_right():
    # five bins of width 1; bin 2 is empty, its left neighbor held a member, its right an other
    calibration, membership = [0.0, 1.5, 3.5, 5.0], [1, 1, 0, 0]
    risk = privacy_risk_scores([2.5], calibration, membership, log_scale=False)
    assert risk == [1.0]


def test_edges_belong_to_the_right_bin_and_the_last_bin_is_closed():
    calibration, membership = [0.0, 1.0, 2.0], [1, 0, 0]
    risk = privacy_risk_scores(
        [-1.0, 0.0, 0.99, 1.0, 2.0, 9.0], calibration, membership, n_bins=2, log_scale=False
    )
    np.testing.assert_array_equal(risk, [1, 1, 1, 0, 0, 0])


def test_one_distinct_value_leaves_the_prior():
    risk = privacy_risk_scores([3.0, 2.0, 4.0], [3.0, 3.0, 3.0], [1, 0, 0], prior=0.3)
    np.testing.assert_allclose(risk, 0.3)


def test_class_without_one_side_takes_all_classes_together():
    kwargs = {"calibration_y_index": [0, 0, 1], "n_bins": 1}
    values = [1.0, 2.0, 3.0]
    by_class = privacy_risk_scores([2.0], values, [1, 0, 0], y_index=[1], **kwargs)
    unknown = privacy_risk_scores([2.0], values, [1, 0, 0], y_index=[-1], **kwargs)
    np.testing.assert_array_equal(by_class, [0.5])
    np.testing.assert_array_equal(unknown, [0.5])


def test_calibration_is_not_clipped_in_place():
    calibration = np.array([0.0, 1.0])
    privacy_risk_scores([0.5], calibration, [1, 0])
    np.testing.assert_array_equal(calibration, [0.0, 1.0])


@pytest.mark.parametrize("name", ["loss", "entropy", "confidence", "logit_confidence"])
def test_takes_every_signal_as_it_comes(name):
    rng = np.random.default_rng(0)
    proba, y = rng.dirichlet([0.3] * 3, size=200), rng.integers(3, size=200)
    signal = getattr(signals, name)(proba, y)
    membership = rng.integers(2, size=200)
    risk = privacy_risk_scores(signal, signal, membership)
    if name in ("loss", "entropy"):  # which come negated: the paper has their logarithms
        expected = privacy_risk_scores(-signal, -signal, membership, log_scale=True)
    else:
        expected = privacy_risk_scores(signal, signal, membership, log_scale=False)
    np.testing.assert_array_equal(risk, expected)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (([1.0], [1.0, 2.0], [1, 1]), {}, "both members .1. and non-members .0."),
        (([1.0], [1.0, 2.0], [1, 0]), {"y_index": [0]}, "both y_index and calibration_y_index"),
        (([1.0], [1.0, 2.0], [1]), {}, "inconsistent numbers of samples"),
        (([1.0], [1.0, np.nan], [1, 0]), {}, "NaN"),
        (
            ([-1.0], [1.0, 2.0], [1, 0]),
            {"log_scale": True},
            "both signs .* Set log_scale=False",
        ),
        (([1.0], [1.0, 2.0], [1, 0]), {"n_bins": 0}, "'n_bins' .* Got 0 "),
        (([1.0], [1.0, 2.0], [1, 0]), {"prior": 1.0}, "'prior' .* Got 1.0 "),
        (([1.0], [1.0, 2.0], [1, 0]), {"n_bins": 2.5}, "'n_bins' .* Got 2.5 "),
        (([1.0], [1.0, 2.0], [1, 0]), {"prior": "a"}, "'prior' .* Got 'a' "),
        ((1.0, [1.0, 2.0], [1, 0]), {}, "'signal' .* an array-like. Got 1.0 "),
        (
            ([1.0], [1.0, 2.0], [1, 0]),
            {"y_index": [0.5], "calibration_y_index": [0, 0]},
            "y_index must hold column numbers",
        ),
    ],
)
def test_errors(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        privacy_risk_scores(*arguments, **options)
