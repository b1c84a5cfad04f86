import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from sklearn.metrics import brier_score_loss

from skmia.metrics import risk_reliability


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 12))
def test_is_slow_loop(seed, n, n_bins):
    rng = np.random.default_rng(seed)
    membership = rng.permutation(np.r_[1, 0, rng.integers(2, size=n - 2)])
    risk = rng.choice([rng.random(n), rng.integers(5, size=n) / 4])
    report = risk_reliability(membership, risk, n_bins=n_bins)
    assert report.brier_score == pytest.approx(brier_score_loss(membership, risk))
    error = 0
    for b, (start, end) in enumerate(zip(report.bin_edges, report.bin_edges[1:], strict=False)):
        inside = (risk >= start) & ((risk < end) | ((b == n_bins - 1) & (risk == 1)))
        assert report.n_records[b] == inside.sum()
        if not inside.any():
            assert np.isnan([report.mean_risk[b], report.low[b], report.high[b]]).all()
            assert np.isnan(report.member_fraction[b])
            continue
        k, m = membership[inside].sum(), inside.sum()
        assert report.mean_risk[b] == pytest.approx(risk[inside].mean())
        assert report.member_fraction[b] == pytest.approx(k / m)
        assert report.low[b] == pytest.approx(beta.ppf(0.025, k, m - k + 1) if k else 0)
        assert report.high[b] == pytest.approx(beta.ppf(0.975, k + 1, m - k) if k < m else 1)
        error += m / n * abs(risk[inside].mean() - k / m)
    assert report.expected_calibration_error == pytest.approx(error)
    assert report.n_records.sum() == n


def test_perfect_and_constant_risks():
    membership = np.repeat([1, 0], 50)
    perfect = risk_reliability(membership, membership)
    assert (perfect.brier_score, perfect.expected_calibration_error) == (0, 0)
    constant = risk_reliability(membership == 1, np.full(100, 0.5, dtype=np.float32))
    assert (constant.brier_score, constant.expected_calibration_error) == (0.25, 0)


@pytest.mark.parametrize(
    ("membership", "risk", "options", "message"),
    [
        (
            [1, 0],
            [-0.5, 0.5],
            {},
            r"risk must lie in \[0, 1\], got values from -0.5 to 0.5; a risk",
        ),
        ([1, 0], [0.5, 1.5], {}, "got values from 0.5 to 1.5"),
        ([1, 0], [0.5, np.nan], {}, "risk must be finite"),
        ([1, 3], [0.5, 0.5], {}, "membership must hold only"),
        ([1, 1], [0.5, 0.5], {}, "members only"),
        ([1, 0], [0.5], {}, "inconsistent numbers"),
        ([1, 0], [0.5, 0.5], {"n_bins": 0}, "'n_bins' .* Got 0 "),
        ([1, 0], [0.5, 0.5], {"confidence_level": 2}, "'confidence_level' .* Got 2 "),
    ],
)
def test_messages(membership, risk, options, message):
    with pytest.raises(ValueError, match=message):
        risk_reliability(membership, risk, **options)
