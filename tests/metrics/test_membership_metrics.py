import warnings
from math import isnan

import numpy as np
import pytest
from estimates import numbers
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import beta, binom, norm
from sklearn.metrics import balanced_accuracy_score, roc_auc_score, roc_curve

from skmia.exceptions import ResolutionWarning
from skmia.metrics import (
    Estimate,
    epsilon_lower_bound,
    membership_advantage,
    membership_balanced_accuracy,
    membership_precision_recall,
    membership_report,
    membership_roc_auc,
    membership_roc_curve,
    tpr_at_fpr,
)
from skmia.metrics._curve import Curve
from skmia.metrics._intervals import clopper_pearson, difference, ratio, wilson

Z = -ndtri(0.025)


def binormal(n_members, n_nonmembers, shift, seed):
    rng = np.random.default_rng(seed)
    membership = np.repeat([1, 0], [n_members, n_nonmembers])
    return membership, rng.normal(shift * membership)


@st.composite
def scored(draw, *, min_each=1, n_values=8):
    """Draw few or many distinct scores, shuffled."""
    n_members, n_nonmembers = (draw(st.integers(min_each, 25)) for _ in range(2))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    membership = rng.permutation(np.repeat([1, 0], [n_members, n_nonmembers]))
    ties = draw(st.sampled_from([1, 2, n_values, 10**6]))
    return membership, rng.integers(ties, size=len(membership)) / 7


# Values: scikit-learn and slow loops


@settings(max_examples=40, deadline=None)
@given(scored())
def test_roc_curve_is_scikit_learns(data):
    for ours, theirs in zip(
        membership_roc_curve(*data), roc_curve(*data, drop_intermediate=False), strict=True
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@settings(max_examples=40, deadline=None)
@given(scored())
def test_auc_is_scikit_learns(data):
    assert membership_roc_auc(*data) == pytest.approx(roc_auc_score(*data), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(scored())
def test_advantage_is_slow_maximum(data):
    membership, scores = data
    at = [
        np.mean(scores[membership == 1] >= t) - np.mean(scores[membership == 0] >= t)
        for t in scores
    ]
    estimate = membership_advantage(membership, scores, n_resamples=10, random_state=0)
    assert estimate == pytest.approx(max(0, *at), abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(scored(), st.integers(0, 9))
def test_balanced_accuracy_is_scikit_learns(data, threshold):
    membership, scores = data
    threshold /= 7
    estimate = membership_balanced_accuracy(membership, scores, threshold=threshold)
    expected = balanced_accuracy_score(membership, scores >= threshold)
    assert estimate == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(scored(), st.sampled_from([0.04, 0.1, 0.2, 1 / 3, 0.5, 0.99]))
def test_tpr_at_fpr_is_slow_loop(data, fpr):
    membership, scores = data
    members, nonmembers = scores[membership == 1], scores[membership == 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResolutionWarning)
        estimate = tpr_at_fpr(membership, scores, false_positive_rate=fpr)
    if len(nonmembers) < round(1 / fpr, 9):
        assert isnan(estimate)
        return
    best = 0.0
    for threshold in scores:
        if round(np.sum(nonmembers >= threshold) - fpr * len(nonmembers), 9) < 0:
            best = max(best, np.mean(members >= threshold))
    assert estimate == pytest.approx(best)
    assert 0 <= estimate.low <= estimate <= estimate.high <= 1


def test_tpr_at_fpr_counts_exactly():
    # 0.07 * 100 is 7.000000000000001, but 7 false positives of 100 are not below 7 %.
    membership = np.repeat([0, 1, 0, 1], [7, 40, 93, 60])
    scores = -np.arange(200.0)
    assert tpr_at_fpr(membership, scores, false_positive_rate=0.07) == 0
    assert tpr_at_fpr(membership, scores, false_positive_rate=0.08) == 0.4


def test_tpr_at_fpr_takes_a_sequence():
    data = binormal(200, 200, 1, 0)
    several = tpr_at_fpr(*data, false_positive_rate=(0.1, 0.05))
    assert several == [
        tpr_at_fpr(*data, false_positive_rate=0.1),
        tpr_at_fpr(*data, false_positive_rate=0.05),
    ]


def test_tpr_at_fpr_interval_is_slow_mixture():
    membership, scores = binormal(40, 30, 1, 3)
    fpr, tpr, _ = roc_curve(membership, scores, drop_intermediate=False)
    false, true = np.rint(fpr * 30), np.rint(tpr * 40)

    def reached(x):
        total = 0
        for j in range(31):
            last = true[false <= j].max()
            first = true[false <= j - 1].max() if j else 0
            hits = (first + last) / 2
            below = beta.cdf(x, hits + 0.5, 40 - hits + 0.5) if hits else 1.0
            total += binom.pmf(j, 30, 0.2) * below
        return total

    estimate = tpr_at_fpr(membership, scores, false_positive_rate=0.2)
    assert reached(estimate.low) == pytest.approx(0.025, abs=1e-5)
    assert reached(estimate.high) == pytest.approx(0.975, abs=1e-5)


def test_delong_is_slow_loop():
    membership, scores = binormal(30, 20, 1, 1)
    scores = np.round(scores)
    wins = np.array(
        [
            [float(s > t) + 0.5 * (s == t) for t in scores[membership == 0]]
            for s in scores[membership == 1]
        ]
    )
    value = wins.mean()
    variance = wins.mean(axis=1).var(ddof=1) / 30 + wins.mean(axis=0).var(ddof=1) / 20
    half = Z * variance**0.5 / (value * (1 - value))
    ends = 1 / (1 + np.exp(-(np.log(value / (1 - value)) + np.array([-half, half]))))
    estimate = membership_roc_auc(membership, scores)
    assert numbers(estimate) == pytest.approx((value, *ends))
    assert estimate.method == "DeLong, logit scale"


def test_auc_without_variance():
    apart, tied = [1] * 5 + [0] * 8, np.zeros(13)
    unseen = 1 - 0.025 ** (1 / 5)
    perfect = membership_roc_auc(apart, np.r_[np.ones(5), np.zeros(8)])
    assert numbers(perfect) == pytest.approx((1, 1 - unseen, 1))
    worst = membership_roc_auc(apart, np.r_[np.zeros(5), np.ones(8)])
    assert numbers(worst) == pytest.approx((0, 0, unseen))
    equal = membership_roc_auc(apart, tied)
    assert numbers(equal) == pytest.approx((0.5, 0.5 - unseen / 2, 0.5 + unseen / 2))
    assert "separate perfectly" in perfect.method
    assert "tied" in equal.method


def test_auc_of_one_member_says_little():
    estimate = membership_roc_auc([1, 0, 0, 0, 0], [3, 1, 2, 4, 0])
    assert numbers(estimate) == pytest.approx((0.75, 0.01875, 0.99375))
    assert "one member" in estimate.method
    # As Clopper and Pearson's interval of a single pair.
    assert numbers(membership_roc_auc([1, 0], [1, 0])) == pytest.approx((1, 0.025, 1))


def test_limits_of_proportions():
    low, high = clopper_pearson([0, 7, 20], 20, 0.05)
    np.testing.assert_allclose(low[1:], beta.ppf(0.025, [7, 20], [14, 1]))
    np.testing.assert_allclose(high[:2], beta.ppf(0.975, [1, 8], [20, 13]))
    assert low[0] == 0
    assert high[2] == 1
    # Newcombe 1998, table II: 56/70 - 48/80 by method 10, and 9/10 - 3/10.
    for (k, n, j, m), expected in {
        (56, 70, 48, 80): (0.0524, 0.3339),
        (9, 10, 3, 10): (0.1705, 0.8090),
        (10, 10, 0, 20): (0.6791, 1.0),
    }.items():
        limits = difference((k / n, *wilson(k, n, 0.05)), (j / m, *wilson(j, m, 0.05)))
        assert limits == pytest.approx(expected, abs=5e-5)


def test_ratio_is_donner_and_zou():
    first, second = (0.2, 0.1, 0.35), (0.5, 0.4, 0.6)
    (a, al, au), (b, bl, bu) = first, second
    low = (a * b - ((a * b) ** 2 - al * bu * (2 * a - al) * (2 * b - bu)) ** 0.5) / (
        bu * (2 * b - bu)
    )
    high = (a * b + ((a * b) ** 2 - au * bl * (2 * a - au) * (2 * b - bl)) ** 0.5) / (
        bl * (2 * b - bl)
    )
    assert ratio(first, second) == pytest.approx((low, high))
    assert ratio((0.2, 0.1, 0.35), (0.0, 0.0, 0.1))[1] == np.inf


def test_precision_and_recall_by_hand():
    membership = np.repeat([1, 0, 1, 0], [30, 10, 20, 90])
    scores = np.repeat([1, 1, 0, 0], [30, 10, 20, 90])
    precision, recall = membership_precision_recall(membership, scores, threshold=1, prior=0.2)
    assert precision == pytest.approx(0.2 * 0.6 / (0.2 * 0.6 + 0.8 * 0.1))
    assert numbers(recall) == pytest.approx((0.6, *beta.ppf([0.025, 0.975], [30, 31], [21, 20])))
    assert membership_precision_recall(membership, scores, prior=0.2) == (precision, recall)


def test_precision_at_the_borders():
    membership = np.repeat([1, 0], 50)
    scores = membership.astype(float)
    precision, recall = membership_precision_recall(membership, scores)
    assert (precision, precision.high, recall) == (1, 1, 1)
    assert 0.9 < precision.low < 1
    precision, recall = membership_precision_recall(membership, 1 - scores, threshold=1)
    assert (precision, precision.low, recall) == (0, 0, 0)
    assert 0 < precision.high < 0.1
    precision, recall = membership_precision_recall(membership, scores, threshold=2)
    assert isnan(precision)
    assert str(precision) == "undefined: no record is called a member"
    assert recall == 0


def test_highest_of_equally_good_thresholds():
    curve = Curve.from_scores([1, 0, 1, 1, 0, 1], [6, 5, 4, 3, 2, 1])
    assert curve.thresholds[curve.at(None)] == 6
    curve = Curve.from_scores([1, 1, 0, 0, 1, 1, 0, 0], -np.arange(8))
    assert curve.thresholds[curve.at(None)] == -1


def test_coarsening_keeps_ties_together():
    rng = np.random.default_rng(0)
    curve = Curve.from_scores(np.tile([1, 0], 500), np.round(rng.normal(size=1000), 1))
    coarse = curve.coarsened(10)
    assert len(coarse.thresholds) <= 11
    assert set(zip(*map(list, coarse), strict=True)) <= set(zip(*map(list, curve), strict=True))
    assert (coarse.n_members, coarse.n_nonmembers) == (500, 500)
    assert curve.coarsened(1000) is curve


# Properties


@settings(max_examples=25, deadline=None)
@given(scored(), st.sampled_from([None, 0.5]))
def test_ranges(data, threshold):
    options = {"n_resamples": 20, "random_state": 0}
    auc = membership_roc_auc(*data)
    advantage = membership_advantage(*data, threshold=threshold, **options)
    accuracy = membership_balanced_accuracy(*data, threshold=threshold, **options)
    precision, recall = membership_precision_recall(*data, threshold=threshold)
    for estimate in (auc, accuracy, precision, recall):
        if not isnan(estimate):
            assert 0 <= estimate.low <= estimate <= estimate.high <= 1
            assert estimate.low < estimate.high
    assert -1 <= advantage.low <= advantage <= advantage.high <= 1
    assert numbers(accuracy) == pytest.approx([(1 + x) / 2 for x in numbers(advantage)])
    if threshold is None:
        assert advantage.low >= 0
        assert advantage >= 0


@settings(max_examples=15, deadline=None)
@given(scored(), st.integers(0, 2**32 - 1))
def test_order_and_scale_of_scores_do_not_matter(data, seed):
    membership, scores = data
    order = np.random.default_rng(seed).permutation(len(scores))
    options = {"false_positive_rate": [0.2, 0.5], "n_resamples": 5, "random_state": 0}
    report = membership_report(membership, scores, **options)
    for other in (
        membership_report(membership[order], scores[order], **options),
        membership_report(membership, np.arctan(scores / 1e6) - 5, **options),
    ):
        assert repr(other) == repr(report)


@settings(max_examples=40, deadline=None)
@given(scored())
def test_auc_of_negated_scores(data):
    membership, scores = data
    ours, mirrored = membership_roc_auc(*data), membership_roc_auc(membership, -scores)
    assert numbers(mirrored) == pytest.approx((1 - ours, 1 - ours.high, 1 - ours.low))


@settings(max_examples=20, deadline=None)
@given(scored())
def test_constant_scores_are_neutral(data):
    membership = data[0]
    scores = np.full(len(membership), 0.3)
    assert membership_roc_auc(membership, scores) == 0.5
    assert numbers(membership_advantage(membership, scores, n_resamples=5))[:2] == (0, 0)
    accuracy = membership_balanced_accuracy(membership, scores, n_resamples=5)
    assert numbers(accuracy)[:2] == (0.5, 0.5)
    fpr, tpr, thresholds = membership_roc_curve(membership, scores)
    assert fpr.tolist() == tpr.tolist() == [0, 1]
    assert thresholds.tolist() == [np.inf, 0.3]


def test_ties_are_blocks():
    # Point by point, in the order given, this curve would have an area of 1 or of 0.
    membership, scores = np.array([1, 1, 0, 0]), np.array([1.0, 1, 1, 1])
    assert membership_roc_auc(membership, scores) == 0.5
    assert membership_roc_auc(membership[::-1], scores) == 0.5


def test_kinds_of_input():
    membership, scores = binormal(30, 40, 1, 0)
    scores = np.round(scores, 2).astype(np.float32)
    expected = membership_roc_auc(membership, scores.astype(np.float64))
    for kind in (membership == 1, membership.astype(float), membership.tolist()):
        assert membership_roc_auc(kind, scores) == expected
    assert membership_roc_auc(membership, np.rint(scores).astype(int)) > 0.5
    assert membership_roc_auc([1, 0], [1e308, -1e308]) == 1


def test_random_state_repeats():
    data = binormal(60, 60, 1, 0)
    assert membership_advantage(*data, random_state=3) == membership_advantage(
        *data, random_state=3
    )


def test_resamples_in_several_batches():
    data = binormal(60, 60, 1, 0)
    few, many = (membership_advantage(*data, n_resamples=n, random_state=0) for n in (7, 250))
    assert few == many
    assert few.low == pytest.approx(many.low, abs=0.05)


# Report


def test_report_is_its_functions():
    data = binormal(150, 250, 1, 0)
    options = {"n_resamples": 30, "random_state": 0}
    report = membership_report(*data, false_positive_rate=(0.1, 0.01, 0.001), prior=0.3, **options)
    assert (report.n_members, report.n_nonmembers) == (150, 250)
    assert report.majority_baseline == 0.625
    assert report.roc_auc == membership_roc_auc(*data)
    assert report.advantage == membership_advantage(*data, **options)
    assert report.balanced_accuracy == membership_balanced_accuracy(*data, **options)
    assert (report.precision, report.recall) == membership_precision_recall(*data, prior=0.3)
    assert report.tpr_at_fpr[0.1] == tpr_at_fpr(*data, false_positive_rate=0.1)
    assert str(report.tpr_at_fpr[0.001]) == (
        "unresolvable: it needs at least 1000 non-members, got 250"
    )
    assert report.epsilon_lower_bound == epsilon_lower_bound(*data, random_state=0)


def test_report_sorts_once(monkeypatch):
    calls = []
    argsort = np.argsort
    monkeypatch.setattr(np, "argsort", lambda *args, **kw: calls.append(1) or argsort(*args, **kw))
    membership_report(*binormal(150, 250, 1, 0), n_resamples=10)
    assert len(calls) == 1


def test_estimate():
    estimate = Estimate(0.623, 0.611, 0.635, "DeLong")
    assert float(estimate) == 0.623
    assert str(estimate) == f"{estimate}" == "0.623 [0.611, 0.635]"
    nothing = Estimate(np.nan, np.nan, np.nan, "unresolvable: too few")
    assert str(nothing) == "unresolvable: too few"
    assert isnan(float(nothing))


# Messages

FUNCTIONS = [
    membership_roc_curve,
    membership_roc_auc,
    membership_advantage,
    membership_balanced_accuracy,
    tpr_at_fpr,
    membership_precision_recall,
    membership_report,
]


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("membership", "scores", "message"),
    [
        ([1, 2], [0.1, 0.2], r"only 1 \(member\) and 0 .* got values such as 1, 2; recode"),
        (["in", "out"], [0.1, 0.2], "got values such as 'in', 'out'; recode"),
        ([1, np.nan], [0.1, 0.2], "got values such as 1.0, nan; recode"),
        ([1, 1], [0.1, 0.2], "got members only; add records of the other kind"),
        ([0, 0], [0.1, 0.2], "got non-members only; add"),
        ([], [], "got no records; add"),
        ([1, 0], [0.1, np.nan], "scores must be finite, got 1 NaN or infinite values"),
        ([1, 0], [-np.inf, np.inf], "scores must be finite, got 2 NaN or infinite values"),
        ([1, 0], ["a", "b"], "scores must be real numbers, got dtype .*; convert"),
        ([1, 0, 1], [0.1, 0.2], r"inconsistent numbers of samples: \[3, 2\]"),
        ([1, 0], [[0.1, 0.2], [0.3, 0.4]], "1d array"),
    ],
)
def test_wrong_arrays(function, membership, scores, message):
    with pytest.raises(ValueError, match=message):
        function(membership, scores)


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        *(
            (
                function,
                {"confidence_level": 95},
                r"'confidence_level' .* such as 0.95 for a 95 %.* Got 95 ",
            )
            for function in FUNCTIONS[1:]
        ),
        (membership_roc_auc, {"confidence_level": "0.95"}, "Got '0.95' instead"),
        (
            tpr_at_fpr,
            {"false_positive_rate": 1},
            r"'false_positive_rate' .* of tpr_at_fpr .*\(0.0, 1.0\), such as 0.01 .* Got 1 ",
        ),
        (
            tpr_at_fpr,
            {"false_positive_rate": [0.1, 0]},
            r"each a float in the range \(0.0, 1.0\).* Got \[0.1, 0\]",
        ),
        (tpr_at_fpr, {"false_positive_rate": []}, r"'false_positive_rate' .* Got \[\] instead"),
        (
            membership_report,
            {"false_positive_rate": [0.1, 2]},
            r"'false_positive_rate' parameter of membership_report .* Got \[0.1, 2\]",
        ),
        (membership_report, {"prior": 1.0}, "'prior' parameter .* Got 1.0 "),
        (
            membership_report,
            {"delta": -0.1},
            r"'delta' .*\[0.0, 1.0\), such as 0 for pure.* Got -0.1 ",
        ),
        (
            membership_report,
            {"n_resamples": 0},
            r"'n_resamples' .* an int in the range \[1, inf\). Got 0 ",
        ),
        (membership_precision_recall, {"prior": 0}, "'prior' .* such as 0.5 if .* Got 0 "),
        (
            membership_precision_recall,
            {"threshold": np.nan},
            r"'threshold' .* a float in .* or None. Got nan",
        ),
        (membership_advantage, {"threshold": "best"}, "'threshold' .* Got 'best' instead"),
        (membership_advantage, {"n_resamples": 2.5}, "'n_resamples' .* Got 2.5 instead"),
        (membership_balanced_accuracy, {"n_resamples": True}, "'n_resamples' .* Got True instead"),
        (membership_balanced_accuracy, {"threshold": np.nan}, "'threshold' .* Got nan"),
    ],
)
def test_wrong_options(function, options, message):
    with pytest.raises(ValueError, match=message):
        function([1, 0, 1, 0], [0.1, 0.2, 0.3, 0.4], **options)


def test_resolution_warning_says_what_is_needed():
    data = binormal(200, 200, 1, 0)
    message = (
        r"TPR at FPR 0.001 is unresolvable: it needs at least 1000 non-members, got 200; "
        "a larger rate needs fewer"
    )
    with pytest.warns(ResolutionWarning, match=message):
        estimates = tpr_at_fpr(*data, false_positive_rate=[0.1, 0.001])
    assert not isnan(estimates[0])
    assert np.isnan(numbers(estimates[1])).all()
    # 1 / fpr non-members are enough, 100 for 1 %.
    tpr_at_fpr(*binormal(10, 100, 1, 0), false_positive_rate=0.01)


# Coverage


def coverage(shift, n_draws, n, function, truth):
    """Return the fraction of draws whose interval holds the truth."""
    hits = 0
    for seed in range(n_draws):
        estimate = function(*binormal(n, n, shift, seed))
        assert estimate.low <= estimate <= estimate.high
        hits += estimate.low <= truth <= estimate.high
    return hits / n_draws


def best(membership, scores):
    return membership_advantage(membership, scores, n_resamples=30, random_state=0)


# Nominal 95 %. Three binomial standard deviations below it are allowed; above it, what the
# methods are known to exceed it by.
@pytest.mark.parametrize(
    ("function", "shift", "truth", "most"),
    [
        (membership_roc_auc, 1, norm.cdf(0.5**0.5), 0.98),
        (membership_roc_auc, 0, 0.5, 0.98),
        (lambda m, s: membership_advantage(m, s, threshold=0.5), 1, 2 * norm.cdf(0.5) - 1, 0.98),
        (lambda m, s: membership_advantage(m, s, threshold=0.5), 0, 0.0, 0.98),
        (best, 1, 2 * norm.cdf(0.5) - 1, 1.0),
        (best, 0, 0.0, 1.0),
        (
            lambda m, s: tpr_at_fpr(m, s, false_positive_rate=0.1),
            1,
            norm.sf(norm.isf(0.1) - 1),
            1.0,
        ),
        (
            lambda m, s: tpr_at_fpr(m, s, false_positive_rate=0.01),
            1,
            norm.sf(norm.isf(0.01) - 1),
            1.0,
        ),
        (lambda m, s: tpr_at_fpr(m, s, false_positive_rate=0.01), 0, 0.01, 1.0),
        (
            lambda m, s: membership_precision_recall(m, s, threshold=0.5)[0],
            1,
            norm.cdf(0.5),
            0.98,
        ),
        (lambda m, s: membership_precision_recall(m, s, threshold=0.5)[1], 1, norm.cdf(0.5), 1.0),
    ],
)
@pytest.mark.parametrize("n_draws", [60, pytest.param(400, marks=pytest.mark.slow)])
def test_coverage(function, shift, truth, most, n_draws):
    covered = coverage(shift, n_draws, 150, function, truth)
    # the limit above is that of many draws: of few, 1.0 is no sign of wide intervals
    most = most if n_draws >= 400 else 1.0
    assert 0.95 - 3 * (0.95 * 0.05 / n_draws) ** 0.5 <= covered <= most


@pytest.mark.parametrize("n_draws", [60, pytest.param(400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("fpr", [0.1, 0.2])
def test_coverage_of_tied_scores(fpr, n_draws):
    # At FPR 10 % the first block of ties is just not allowed, at 20 % it just is.
    chances = np.array([0.1, 0.15, 0.2, 0.25, 0.3])
    membership = np.repeat([1, 0], 150)
    hits, truth = 0, 0.3 if fpr == 0.2 else 0.0
    for seed in range(n_draws):
        rng = np.random.default_rng(seed)
        scores = [rng.choice(5, 150, p=chances), rng.choice(5, 150, p=chances[::-1])]
        estimate = tpr_at_fpr(membership, np.concatenate(scores), false_positive_rate=fpr)
        hits += estimate.low <= truth + 1e-12 and truth <= estimate.high
    assert hits / n_draws >= 0.95 - 3 * (0.95 * 0.05 / n_draws) ** 0.5


@pytest.mark.parametrize("n_draws", [100, pytest.param(400, marks=pytest.mark.slow)])
def test_optimism_does_not_lift_the_lower_end(n_draws):
    lows = [best(*binormal(150, 150, 0, seed)).low for seed in range(n_draws)]
    assert np.mean(np.array(lows) > 0) <= 0.025 + 3 * (0.025 * 0.975 / n_draws) ** 0.5
