"""Difficulty calibration, MAST and attack R."""

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from skmia import signals
from skmia.attacks import ReferenceAttack, reference_scores
from skmia.attacks.compared._sides import smoothed

METHODS = ("difficulty", "midpoint", "rank")
CERTAIN = float(signals.logit_confidence([[1.0, 0.0]], [0])[0])
X, Y = make_classification(160, n_features=6, n_informative=4, n_classes=3, random_state=0)
FOREIGN = X + 0.25


def sample(kind, n_shadows=6, n_records=40):
    rng = np.random.default_rng(0)
    values = rng.normal(size=(n_shadows + 1, n_records)) * 3
    if kind == "tied":
        values = np.round(values)
    elif kind == "float32":
        values = values.astype(np.float32)
    elif kind == "certain":
        values = rng.choice([-CERTAIN, CERTAIN], size=values.shape)
    in_mask = rng.random((n_shadows, n_records)) < 0.5
    for column, count in enumerate((0, 1, n_shadows - 1, n_shadows)):
        in_mask[:, column] = np.arange(n_shadows) < count
    return values[0], values[1:], in_mask


def slow(signal, shadow_signals, in_mask, method):
    columns = zip(signal, shadow_signals.T, in_mask.T, strict=True)
    return [oracles.reference_score(float(s), *rest, method) for s, *rest in columns]


@pytest.mark.parametrize("n_shadows", [1, 2, 6])
@pytest.mark.parametrize("kind", ["random", "tied", "float32", "certain"])
@pytest.mark.parametrize("method", METHODS)
def test_equals_the_slow_loop(method, kind, n_shadows):
    given_ = sample(kind, n_shadows)
    expected = slow(*given_, method)
    scores = reference_scores(*given_, method=method)
    np.testing.assert_allclose(scores, expected, rtol=1e-6, atol=1e-12)


def test_records_beyond_one_block():
    n_records = 65_536 // 6 + 17
    signal, shadow_signals, in_mask = sample("tied", 6, n_records)
    rows = [0, 10_921, 10_922, 10_923, n_records - 1]
    for method in METHODS:
        scores = reference_scores(signal, shadow_signals, in_mask, method=method)
        expected = slow(signal[rows], shadow_signals[:, rows], in_mask[:, rows], method)
        np.testing.assert_allclose(scores[rows], expected, rtol=1e-9)


values = st.one_of(st.floats(-104, 104), st.sampled_from([-CERTAIN, 0.0, CERTAIN]))


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, (5, 6), elements=values),
    arrays(bool, (4, 6)),
    st.sampled_from(METHODS),
    st.floats(0, 10),
    st.randoms(use_true_random=False),
)
def test_order_neighbors_and_growth(matrix, in_mask, method, more, random):
    signal, shadow_signals = matrix[0], matrix[1:]
    scores = reference_scores(signal, shadow_signals, in_mask, method=method)
    assert np.isfinite(scores).all()
    rows, columns = list(range(4)), list(range(6))
    random.shuffle(rows)
    random.shuffle(columns)
    grid = np.ix_(rows, columns)
    turned = reference_scores(signal[columns], shadow_signals[grid], in_mask[grid], method=method)
    np.testing.assert_allclose(turned, scores[columns], atol=1e-9)
    assert (reference_scores(signal + more, shadow_signals, in_mask, method=method) >= scores).all()


def test_rank_is_uniform_among_exchangeable_models():
    values = np.random.default_rng(0).normal(size=(10, 20_000))
    ranks = reference_scores(values[0], values[1:], np.zeros((9, 20_000), bool), method="rank")
    counts = np.bincount(np.round(ranks * 9).astype(int), minlength=10)
    assert np.abs(counts - 2000).max() < 4.5 * np.sqrt(2000 * 0.9)


def test_refuses():
    given_ = [0.5], [[0.5], [0.5]], [[True], [False]]
    with pytest.raises(
        ValueError, match=r"'method' .*{'difficulty', 'midpoint', 'rank'}. Got 'mean'"
    ):
        reference_scores(*given_, method="mean")
    with pytest.raises(ValueError, match="one row per shadow and one column per record"):
        reference_scores([0.5, 0.1], *given_[1:])
    with pytest.raises(ValueError, match="in_mask must say True or False"):
        reference_scores(*given_[:2], [[3], [0]])


@pytest.mark.parametrize("signal", ["logit_confidence", "loss", "margin"])
@pytest.mark.parametrize("method", METHODS)
def test_class_is_the_function(method, signal):
    target = RandomForestClassifier(10, random_state=0).fit(X[:80], Y[:80])
    attack = ReferenceAttack(target, shadows=6, method=method, signal=signal, random_state=0)
    attack.fit(X, Y)
    amount = attack.smoothing_
    assert amount >= 0.04999 if signal == "logit_confidence" else amount == 0
    for records in (X, FOREIGN, np.vstack([X[::2], FOREIGN[1::2]])):
        own = getattr(signals, signal)(target.predict_proba(records), Y)
        others = attack.shadows_.observe(records, Y, signal)
        expected = reference_scores(
            smoothed(own, amount),
            smoothed(others, amount),
            attack.shadows_.in_mask(records, Y),
            method=method,
        )
        np.testing.assert_allclose(attack.score_samples(records, Y), expected, atol=1e-12)


def test_smoothing_leaves_other_signals_alone():
    target = LogisticRegression().fit(X[:80], Y[:80])
    attack = ReferenceAttack(target, shadows=2, signal="confidence", smoothing=0.4, random_state=0)
    assert attack.fit(X, Y).smoothing_ == 0
    attack.set_params(signal="logit_confidence")
    assert attack.fit(X, Y).smoothing_ == 0.4
