"""Shadows in the target's place: whole groups, judged by all others, on records drawn at random."""

from itertools import groupby

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.stats import ks_2samp, ttest_1samp
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier

from skmia.shadows import ShadowModels

X, Y = make_classification(200, n_features=4, n_informative=3, n_redundant=0, random_state=0)
SPLITTERS = ["halves", "bernoulli", "overlapping", "disjoint", "leave_one_out"]


def fitted(n_shadows=8, splitter="halves", estimator=None, X=X, y=Y, **parameters):
    estimator = GaussianNB() if estimator is None else estimator
    shadows = ShadowModels(estimator, n_shadows, splitter=splitter, random_state=0, **parameters)
    return shadows.fit(X, y)


@pytest.fixture(scope="module", params=SPLITTERS)
def shadows(request):
    return fitted(splitter=request.param)


def test_groups_are_the_pairs_of_halves(shadows):
    expected = [0, 0, 1, 1, 2, 2, 3, 3] if shadows.splitter_ == "halves" else np.arange(8)
    assert_array_equal(shadows.groups_, expected)


@pytest.mark.parametrize("seed", range(3))
def test_whole_groups_stand_in_and_only_others_judge(shadows, seed):
    found = list(shadows.stand_ins(X, Y, seed, n_scores=600, n_least=2))
    numbers = [stand_in.number for stand_in in found]
    assert len(set(numbers)) == len(numbers)
    for group, of_group in groupby(found, lambda stand_in: stand_in.group):
        of_group = list(of_group)
        members = np.flatnonzero(shadows.groups_ == group)
        assert_array_equal(sorted(s.number for s in of_group), members)
        for stand_in in of_group:
            assert_array_equal(stand_in.judges, np.setdiff1d(np.arange(8), members))


def test_judges_never_hold_the_opposite_of_a_shadow():
    shadows = fitted(splitter="halves")
    for stand_in in shadows.stand_ins(X, Y, 0, n_scores=10_000):
        own = shadows.in_mask_[stand_in.number]
        for other in stand_in.judges:
            assert not np.array_equal(shadows.in_mask_[other], ~own)


def test_rows_are_those_of_a_known_side_and_membership_says_which(shadows):
    order = np.random.default_rng(0).permutation(200)
    records, labels = X[order], Y[order]
    in_mask, out_mask, _ = shadows.lookup(records, labels)
    found = list(shadows.stand_ins(records, labels, 1, n_scores=10_000))
    assert {s.number for s in found} == set(range(8))
    for number, _, rows, membership, _ in found:
        assert membership.dtype.kind == "i"
        assert_array_equal(membership, in_mask[number, rows])
        assert (in_mask[number, rows] | out_mask[number, rows]).all()
        assert len(np.unique(rows)) == len(rows)
        assert_array_equal(np.sort(rows), np.flatnonzero(in_mask[number] | out_mask[number]))
        assert 0 < membership.mean() < 1


@pytest.mark.parametrize("splitter", ["overlapping", "disjoint"])
def test_records_that_a_shadow_never_drew_are_no_nonmembers(splitter):
    found = list(fitted(splitter=splitter, n_shadows=4, train_size=20).stand_ins(X, Y, 0))
    assert len(found) == 4
    for stand_in in found:
        assert len(stand_in.rows) == 40
        assert stand_in.membership.sum() == 20


def test_all_stand_ins_are_judged_on_one_draw():
    shadows = fitted(splitter="halves")
    first, *others = shadows.stand_ins(X, Y, 0, n_scores=150, n_least=4)
    assert len(others) == 7
    assert len(first.rows) == 150
    assert (np.diff(first.rows) < 0).any()  # in random order
    for other in others:
        assert_array_equal(other.rows, first.rows)


@pytest.mark.parametrize(
    ("numbers", "n_rows", "n_groups"),
    [
        ({"n_scores": 50}, 50, 1),  # one group at least, though a pair makes up 100 scores
        ({"n_scores": 399}, 200, 1),
        ({"n_scores": 800}, 200, 2),
        ({"n_scores": 1199}, 200, 2),
        ({}, 200, 4),
        ({"n_scores": 50, "n_least": 3}, 50, 3),
        ({"n_scores": 50, "n_least": 9}, 50, 4),
        ({"n_most": 3}, 200, 3),
        ({"n_scores": 50, "n_least": 3, "n_most": 2}, 50, 2),
    ],
)
def test_numbers_of_scores_and_groups(numbers, n_rows, n_groups):
    found = list(fitted(splitter="halves").stand_ins(X, Y, 0, **numbers))
    assert {len(stand_in.rows) for stand_in in found} == {n_rows}
    assert len(found) == 2 * n_groups
    assert len({stand_in.group for stand_in in found}) == n_groups


def test_scores_are_counted_as_they_are_judged():
    """Of a shadow that drew 40 of 200 records, five times as many stand in."""
    shadows = fitted(splitter="overlapping", n_shadows=16, train_size=20)
    found = list(shadows.stand_ins(X, Y, 0, n_scores=400))
    assert [len(stand_in.rows) for stand_in in found] == [40] * 10


@pytest.mark.parametrize("name", ["n_scores", "n_least", "n_most"])
@pytest.mark.parametrize("value", [0, 2.5])
def test_numbers_that_are_refused(name, value):
    with pytest.raises((TypeError, ValueError), match=name):
        fitted(2).stand_ins(X, Y, **{name: value})


def test_nobody_stands_in_where_nobody_can():
    mask = np.random.default_rng(0).random((6, 200)) < 0.5
    assert list(fitted(6, mask).stand_ins(X, Y, 0)) == []
    assert list(fitted(2).stand_ins(X, Y, 0)) == []
    assert list(fitted(1, "bernoulli").stand_ins(X, Y, 0)) == []
    assert list(fitted(4).stand_ins(X + 1, Y, 0)) == []


def test_foreign_records_are_not_drawn():
    shadows = fitted()
    mixed, labels = np.vstack([X + 1, X[:50]]), np.r_[Y, Y[:50]]
    for stand_in in shadows.stand_ins(mixed, labels, 0, n_least=4):
        assert_array_equal(np.sort(stand_in.rows), np.arange(200, 250))
    one_sided = mixed[:201], labels[:201]  # a single record is a member or not
    assert list(shadows.stand_ins(*one_sided, 0)) == []


def test_a_shadow_whose_records_are_all_of_one_side_does_not_stand_in():
    shadows = fitted(6, "leave_one_out")  # without the records 0 to 5, one each
    found = {s.number for s in shadows.stand_ins(X[4:], Y[4:], 0)}
    assert found == {4, 5}
    for seed in range(5):  # groups that cannot stand in do not count
        assert len(list(shadows.stand_ins(X[4:], Y[4:], seed, n_most=1))) == 1


def test_the_draw_follows_from_random_state():
    shadows = fitted()

    def drawn(seed):
        found = shadows.stand_ins(X, Y, seed, n_scores=150)
        return [(s.number, s.rows.tolist()) for s in found]

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(1)
    rng = np.random.RandomState(0)
    assert drawn(rng) == drawn(0)
    assert drawn(rng) != drawn(0)
    assert len({drawn(seed)[0][0] for seed in range(20)}) > 2


def test_the_draw_is_made_before_the_first_stand_in_is_used():
    """A generator that others use in between does not change who stands in."""
    shadows = fitted()
    expected = [s.number for s in shadows.stand_ins(X, Y, 3, n_least=4)]
    rng, numbers = np.random.RandomState(3), []
    for stand_in in shadows.stand_ins(X, Y, rng, n_least=4):
        rng.random_sample(7)
        numbers.append(stand_in.number)
    assert numbers == expected


@pytest.mark.parametrize("n_seeds", [60, pytest.param(200, marks=pytest.mark.slow)])
def test_order_of_rows_does_not_matter_to_what_is_drawn(n_seeds):
    """Sorted, reversed and shuffled records are drawn alike: uniformly."""
    shadows = fitted()
    by_value = np.argsort(X[:, 0])
    orders = by_value, by_value[::-1], np.random.default_rng(0).permutation(200)
    means = []
    for order in orders:
        drawn = [
            X[order][stand_in.rows, 0].mean()
            for seed in range(n_seeds)
            for stand_in in shadows.stand_ins(X[order], Y[order], seed, n_scores=40, n_most=1)
            if stand_in.number % 2 == 0  # the two of a pair share the draw
        ]
        assert ttest_1samp(drawn, X[:, 0].mean()).pvalue > 0.01
        means.append(drawn)
    for other in means[1:]:
        assert ks_2samp(means[0], other).pvalue > 0.01


@pytest.mark.parametrize("n_seeds", [100, pytest.param(400, marks=pytest.mark.slow)])
def test_each_record_is_drawn_equally_often(n_seeds):
    shadows = fitted()
    times = np.zeros(200)
    for seed in range(n_seeds):
        rows = next(shadows.stand_ins(X, Y, seed, n_scores=40, n_most=1)).rows
        times[rows] += 1
    expected = n_seeds * 40 / 200
    # about chi-squared with 199 degrees of freedom
    statistic = ((times - expected) ** 2 / expected / (1 - 40 / 200)).sum()
    assert 140 < statistic < 268


def test_rows_permute_with_the_records():
    shadows = fitted()
    order = np.random.default_rng(0).permutation(200)
    for mask, permuted in zip(
        shadows.lookup(X, Y), shadows.lookup(X[order], Y[order]), strict=True
    ):
        assert_array_equal(mask[..., order], permuted)
    observed = shadows.observe(X, Y, "loss")
    assert_array_equal(shadows.observe(X[order], Y[order], "loss"), observed[:, order])


def test_lookup_tells_sides_and_rows_of_the_pool():
    records, labels = np.vstack([X[:3], X[:1], X[5:6]]), np.r_[Y[:3], Y[0], Y[5]]
    shadows = fitted(6, "overlapping", X=records, y=labels, train_size=2)
    found = shadows.lookup(np.vstack([X[5:6], X[:1], X[9:10]]), Y[[5, 0, 9]])
    rows = found.rows.tolist()
    assert rows in ([4, 0, -1], [4, 3, -1])  # twins share a row
    assert_array_equal(found.in_mask, np.c_[shadows.in_mask_[:, [4, 0]], np.zeros(6, bool)])
    assert_array_equal(found.out_mask, np.c_[shadows.out_mask_[:, [4, 0]], np.ones(6, bool)])
    assert_array_equal(shadows.in_mask(X, Y), shadows.lookup(X, Y).in_mask)
    assert shadows.lookup(records, labels).rows[0] == shadows.lookup(records, labels).rows[3]


def test_known_records_are_counted():
    shadows = fitted()
    assert shadows.n_known(X, Y) == 200
    assert shadows.n_known(np.vstack([X[:7], X + 1]), np.r_[Y[:7], Y]) == 7
    assert shadows.n_known(X[:7], 1 - Y[:7]) == 0


@pytest.mark.parametrize(
    ("splitter", "estimators", "n_shadows", "expected"),
    [
        ("halves", 1, 8, [0, 0, 1, 1, 0, 0, 1, 1]),
        ("halves", 1, 6, [0, 0, 1, 1, 0, 0]),
        ("halves", 1, 2, None),
        ("bernoulli", 1, 5, [0, 1, 0, 1, 0]),
        ("bernoulli", 1, 1, None),
        ("halves", 2, 8, [0, 0, 1, 1, 0, 0, 1, 1]),
        ("halves", 3, 12, [0] * 6 + [1] * 6),
        ("halves", 3, 10, None),
        ("bernoulli", 3, 7, [0, 0, 0, 1, 1, 1, 0]),
        ("bernoulli", 3, 5, None),
    ],
)
def test_folds(splitter, estimators, n_shadows, expected):
    kinds = [GaussianNB(), DecisionTreeClassifier(), LogisticRegression()][:estimators]
    shadows = fitted(n_shadows, splitter, kinds)
    folds = shadows.folds()
    if expected is None:
        assert folds is None
        return
    assert_array_equal(folds, expected)
    for group in np.unique(shadows.groups_):
        assert len(set(folds[shadows.groups_ == group])) == 1
    for fold in (0, 1):
        kinds = {type(shadows.estimators_[i]) for i in np.flatnonzero(folds == fold)}
        assert len(kinds) == estimators


def test_more_folds_and_none():
    assert_array_equal(fitted(8).folds(4), [0, 0, 1, 1, 2, 2, 3, 3])
    assert fitted(8).folds(5) is None
    mask = np.random.default_rng(0).random((6, 200)) < 0.5
    assert fitted(6, mask).folds() is None
    with pytest.raises(ValueError, match="n_folds"):
        fitted(2).folds(1)


def test_without_numbers_groups_anew():
    rest = fitted().without(1)
    assert_array_equal(rest.groups_, [0, 0, 1, 1, 2, 2])
    assert_array_equal(rest.without(0).groups_, [0, 0, 1, 1])
    assert {s.number for s in rest.stand_ins(X, Y, 0, n_least=3)} == set(range(6))


@pytest.mark.parametrize("group", [4, -1])
def test_without_a_group_that_is_not_there(group):
    with pytest.raises(ValueError, match=f"numbered from 0 to 3, got {group}"):
        fitted().without(group)


def test_without_the_only_group():
    with pytest.raises(ValueError, match="group must be one of several"):
        fitted(2).without(0)


def test_parameters_set_later_are_refused():
    shadows = fitted()
    shadows.check_unchanged()
    with pytest.raises(ValueError, match=r"fitted with other parameters.*n_shadows: 8, now 6"):
        shadows.set_params(n_shadows=6).check_unchanged()
