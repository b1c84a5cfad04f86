"""Who sees what: what each splitter promises, checked on the rows that the shadows were given."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils._param_validation import InvalidParameterError

from skmia.shadows import ShadowModels

NAMES = ["bernoulli", "disjoint", "halves", "overlapping"]
STRATIFIED = ["disjoint", "halves", "overlapping"]
SEEDS = st.integers(0, 2**31 - 1)
SIZES = st.lists(st.integers(1, 5), min_size=12, max_size=12)
COMMON = settings(deadline=None, max_examples=20, derandomize=True)


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier that remembers the rows it was fitted on."""

    def fit(self, X, y):
        self.rows_, self.labels_ = np.array(X), np.array(y)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.repeat(self.classes_[:1], len(X))


def numbered(n_records):
    """Return records that are their own numbers, so that none has a twin."""
    return np.arange(n_records, dtype=float)[:, None]


def fitted(X, y=None, n_shadows=4, *, groups=None, seed=0, **parameters):
    y = np.arange(len(X)) % 2 if y is None else y
    return ShadowModels(Spy(), n_shadows, random_state=seed, **parameters).fit(X, y, groups)


def masks(shadows):
    return [*shadows.in_mask_, *shadows.out_mask_]


def binomial_bound(n, p):
    """Return 5 standard deviations of a binomial count."""
    return 5 * np.sqrt(n * p * (1 - p))


# All splitters


@pytest.mark.parametrize("splitter", NAMES)
@pytest.mark.parametrize("stratify", [False, True])
def test_shadows_are_fitted_on_exactly_the_rows_in_the_mask(splitter, stratify):
    X, y = numbered(41), np.arange(41) % 3
    stratify = stratify and splitter != "bernoulli"
    shadows = fitted(X, y, splitter=splitter, stratify=stratify)
    assert shadows.in_mask_.shape == shadows.out_mask_.shape == (4, 41)
    assert shadows.in_mask_.dtype == shadows.out_mask_.dtype == bool
    assert shadows.splitter_ == splitter
    for shadow, mask in zip(shadows.estimators_, shadows.in_mask_, strict=True):
        assert_array_equal(shadow.rows_, X[mask])
        assert_array_equal(shadow.labels_, y[mask])


@COMMON
@given(splitter=st.sampled_from(NAMES), n=st.integers(16, 60), seed=SEEDS)
def test_no_record_is_on_both_sides_and_no_side_is_empty(splitter, n, seed):
    shadows = fitted(numbered(n), splitter=splitter, seed=seed)
    assert not (shadows.in_mask_ & shadows.out_mask_).any()
    assert np.array(masks(shadows)).any(axis=1).all()
    if splitter in ("halves", "bernoulli"):
        assert (shadows.in_mask_ | shadows.out_mask_).all()


@pytest.mark.parametrize("splitter", NAMES)
def test_the_seed_alone_decides(splitter):
    first, again, other = (fitted(numbered(50), splitter=splitter, seed=s) for s in (1, 1, 2))
    assert_array_equal(first.in_mask_, again.in_mask_)
    assert_array_equal(first.out_mask_, again.out_mask_)
    assert (first.in_mask_ != other.in_mask_).any(axis=1).all()


@pytest.mark.parametrize("splitter", ["bernoulli", "halves", "overlapping"])
def test_further_shadows_do_not_change_the_first(splitter):
    few = fitted(numbered(50), splitter=splitter, n_shadows=4)
    many = fitted(numbered(50), splitter=splitter, n_shadows=10)
    assert_array_equal(many.in_mask_[:4], few.in_mask_)
    assert_array_equal(many.out_mask_[:4], few.out_mask_)


@pytest.mark.parametrize(
    ("n_shadows", "train_size", "expected"),
    [
        (4, 0.5, "halves"),
        (3, 0.5, "bernoulli"),
        (4, 0.3, "bernoulli"),
        (4, 7, "overlapping"),
        (3, np.int64(7), "overlapping"),
        (1, 1, "overlapping"),
    ],
)
def test_auto(n_shadows, train_size, expected):
    shadows = fitted(numbered(40), n_shadows=n_shadows, train_size=train_size)
    assert shadows.splitter_ == expected
    named = fitted(numbered(40), n_shadows=n_shadows, train_size=train_size, splitter=expected)
    assert_array_equal(shadows.in_mask_, named.in_mask_)


# Halves


@COMMON
@given(n=st.integers(2, 60), n_pairs=st.integers(1, 4), seed=SEEDS)
def test_halves_each_record_is_seen_by_exactly_half(n, n_pairs, seed):
    in_mask = fitted(numbered(n), n_shadows=2 * n_pairs, splitter="halves", seed=seed).in_mask_
    assert_array_equal(in_mask.sum(axis=0), np.full(n, n_pairs))
    assert np.abs(in_mask.sum(axis=1) - n / 2).max() <= 0.5
    assert_array_equal(in_mask[::2], ~in_mask[1::2])


def test_halves_hold_out_all_others_and_pairs_differ():
    shadows = fitted(numbered(60), n_shadows=8, splitter="halves")
    assert_array_equal(shadows.out_mask_, ~shadows.in_mask_)
    assert len(np.unique(shadows.in_mask_, axis=0)) == 8


def test_halves_have_no_favorites():
    in_mask = fitted(numbered(20), n_shadows=200, splitter="halves").in_mask_[::2]
    together = np.array([(in_mask[:, 0] == in_mask[:, i]).sum() for i in range(1, 20)])
    assert np.abs(in_mask.sum(axis=0) - 50).max() <= binomial_bound(100, 0.5)
    assert np.abs(together - 100 * 9 / 19).max() <= binomial_bound(100, 9 / 19)


# Bernoulli


@pytest.mark.parametrize("train_size", [0.3, 1200])
def test_bernoulli_rates(train_size):
    n, n_shadows, p = 4000, 20, 0.3
    shadows = fitted(numbered(n), n_shadows=n_shadows, splitter="bernoulli", train_size=train_size)
    in_mask = shadows.in_mask_
    assert np.abs(in_mask.sum(axis=1) - n * p).max() <= binomial_bound(n, p)
    assert np.ptp(in_mask.sum(axis=1)) > 0  # the sizes are random, too
    counts = np.bincount(in_mask.sum(axis=0), minlength=n_shadows + 1)
    seen = np.arange(n_shadows + 1)
    ways = np.array([math.comb(n_shadows, k) for k in seen])
    shares = ways * p**seen * (1 - p) ** (n_shadows - seen)
    assert (np.abs(counts - n * shares) <= binomial_bound(n, shares) + 1).all()
    assert_array_equal(shadows.out_mask_, ~in_mask)


def test_bernoulli_draws_are_independent():
    n, p = 4000, 0.3
    in_mask = fitted(numbered(n), n_shadows=12, splitter="bernoulli", train_size=p).in_mask_
    for one, other in itertools.combinations(in_mask, 2):
        assert abs((one & other).sum() - n * p**2) <= binomial_bound(n, p**2)
    for mask in in_mask:
        pairs = mask[::2] & mask[1::2]
        assert abs(pairs.sum() - n / 2 * p**2) <= binomial_bound(n / 2, p**2)


# Overlapping


@COMMON
@given(n=st.integers(4, 60), share=st.floats(0.02, 0.5), seed=SEEDS)
def test_overlapping_draws_as_many_to_train_on_as_to_hold_out(n, share, seed):
    size = max(1, int(share * n))
    shadows = fitted(numbered(n), n_shadows=3, train_size=size, seed=seed)
    assert_array_equal(shadows.in_mask_.sum(axis=1), [size] * 3)
    assert_array_equal(shadows.out_mask_.sum(axis=1), [size] * 3)
    assert not (shadows.in_mask_ & shadows.out_mask_).any()


def test_overlapping_shadows_draw_anew_and_without_favorites():
    shadows = fitted(numbered(50), n_shadows=200, train_size=10)
    for mask in (shadows.in_mask_, shadows.out_mask_):
        assert np.abs(mask.sum(axis=0) - 200 * 0.2).max() <= binomial_bound(200, 0.2)
    assert (shadows.in_mask_[0] & shadows.out_mask_).any()  # held out from another


@pytest.mark.parametrize(("share", "n_in", "n_out"), [(0.3, 30, 30), (0.7, 70, 30)])
def test_overlapping_shares(share, n_in, n_out):
    shadows = fitted(numbered(100), splitter="overlapping", train_size=share)
    assert set(shadows.in_mask_.sum(axis=1)) == {n_in}
    assert set(shadows.out_mask_.sum(axis=1)) == {n_out}


def test_overlapping_with_few_records_left_holds_out_the_rest():
    shadows = fitted(numbered(50), train_size=40)
    assert set(shadows.in_mask_.sum(axis=1)) == {40}
    assert_array_equal(shadows.out_mask_, ~shadows.in_mask_)


# Disjoint


@COMMON
@given(n=st.integers(12, 60), n_shadows=st.integers(1, 5), seed=SEEDS)
def test_disjoint_no_record_is_in_two_blocks(n, n_shadows, seed):
    shadows = fitted(numbered(n), n_shadows=n_shadows, splitter="disjoint", seed=seed)
    assert np.array(masks(shadows)).sum(axis=0).max() == 1
    sizes = np.array([n // n_shadows, -(-n // n_shadows)])  # of the blocks
    n_in, n_out = shadows.in_mask_.sum(axis=1), shadows.out_mask_.sum(axis=1)
    assert (n_in >= sizes[0] // 2).all()
    assert (n_in <= -(-sizes[1] // 2)).all()
    assert np.abs(n_out - n_in).max() <= 1


@pytest.mark.parametrize("train_size", [5, 0.25])
def test_disjoint_sizes(train_size):
    shadows = fitted(numbered(80), splitter="disjoint", train_size=train_size)
    assert set(shadows.in_mask_.sum(axis=1)) == {5}
    assert set(shadows.out_mask_.sum(axis=1)) == {5}
    assert np.array(masks(shadows)).sum(axis=0).max() == 1


# Classes in proportion


def assert_in_proportion(mask, y, within=1):
    for label in np.unique(y):
        expected = mask.sum() * np.mean(y == label)
        assert abs((mask & (y == label)).sum() - expected) <= within


@COMMON
@given(
    splitter=st.sampled_from(STRATIFIED),
    sizes=st.lists(st.integers(8, 40), min_size=2, max_size=3),
    seed=SEEDS,
)
def test_stratified_shadows_see_the_classes_in_proportion(splitter, sizes, seed):
    y = np.random.RandomState(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    shadows = fitted(numbered(len(y)), y, splitter=splitter, stratify=True, seed=seed, n_shadows=2)
    first = shadows.in_mask_ if splitter != "disjoint" else shadows.in_mask_[:1]
    for mask in first:
        assert_in_proportion(mask, y)
    for mask in masks(shadows):  # what is cut out of the middle is rounded at both ends
        assert_in_proportion(mask, y, within=2)


@pytest.mark.parametrize("splitter", ["disjoint", "overlapping"])
@pytest.mark.parametrize("train_size", [0.2, 0.4])
def test_stratified_shares_of_rare_classes(splitter, train_size):
    y = np.repeat(["common", "rare", "rarer"], [170, 20, 10])
    shadows = fitted(numbered(200), y, splitter=splitter, stratify=True, train_size=train_size)
    for mask in masks(shadows):
        assert_in_proportion(mask, y)


def test_stratified_with_many_rare_classes():
    y = np.concatenate([np.zeros(90, dtype=int), np.arange(1, 11)])
    shadows = fitted(numbered(100), y, splitter="overlapping", stratify=True, train_size=45)
    for mask in shadows.in_mask_:
        assert_in_proportion(mask, y)


@pytest.mark.parametrize("train_size", [0.3, 0.4])
def test_stratified_records_of_rare_classes_have_the_chance_of_others(train_size):
    y = np.repeat([0, 1, 2, 3], [94, 3, 2, 1])
    size = {"train_size": train_size, "splitter": "overlapping", "stratify": True}
    in_mask = fitted(numbered(100), y, 200, **size).in_mask_
    for label in range(4):
        seen = in_mask[:, y == label].mean(axis=1).sum()
        assert abs(seen - 200 * train_size) <= binomial_bound(200, train_size)


def test_without_stratify_the_classes_are_drawn_at_random():
    y = np.repeat([0, 1], 100)
    for splitter in STRATIFIED:
        in_mask = fitted(numbered(200), y, 20, splitter=splitter).in_mask_
        assert np.abs(in_mask[:, y == 1].sum(axis=1) - in_mask.sum(axis=1) / 2).max() > 1


def test_stratified_groups_count_by_their_commonest_class():
    groups = np.repeat(np.arange(24), 3)
    y = np.where(np.arange(72) % 3 == 0, groups >= 20, groups < 20)
    shadows = fitted(numbered(72), y, 8, groups=groups, splitter="halves", stratify=True)
    in_groups = shadows.in_mask_[:, ::3]
    assert_array_equal(in_groups[:, :20].sum(axis=1), [10] * 8)
    assert_array_equal(in_groups[:, 20:].sum(axis=1), [2] * 8)


# Groups and twins


@COMMON
@given(splitter=st.sampled_from(NAMES), sizes=SIZES, seed=SEEDS)
def test_a_group_is_on_one_side_with_all_its_rows(splitter, sizes, seed):
    groups = np.random.RandomState(seed).permutation(np.repeat(np.arange(12), sizes))
    shadows = fitted(
        numbered(len(groups)), groups=groups, splitter=splitter, seed=seed, n_shadows=2
    )
    for mask, number in itertools.product(masks(shadows), range(12)):
        assert len(set(mask[groups == number])) == 1
    assert_array_equal(shadows.estimators_[0].rows_.ravel(), np.flatnonzero(shadows.in_mask_[0]))


@COMMON
@given(splitter=st.sampled_from(["halves", "overlapping"]), sizes=SIZES, seed=SEEDS)
def test_groups_are_cut_nearest_to_the_size(splitter, sizes, seed):
    groups = np.repeat(np.arange(12), sizes)
    shadows = fitted(
        numbered(len(groups)), groups=groups, splitter=splitter, seed=seed, n_shadows=2
    )
    away = np.abs(shadows.in_mask_.sum(axis=1) - len(groups) / 2)
    assert away.max() <= max(sizes) / 2


def test_groups_may_be_texts():
    names = [f"person {i // 4}" for i in range(48)]
    by_number = fitted(numbered(48), groups=np.arange(48) // 4)
    for mask in masks(fitted(numbered(48), groups=names)):
        assert_array_equal(mask[::4], mask[3::4])
    assert_array_equal(by_number.in_mask_.sum(axis=1), [24] * 4)


@COMMON
@given(splitter=st.sampled_from(NAMES), sizes=SIZES, seed=SEEDS)
def test_twins_fall_on_one_side(splitter, sizes, seed):
    X = np.random.RandomState(seed).permutation(np.repeat(numbered(12), sizes, axis=0))
    y = X.ravel().astype(int) % 3
    shadows = fitted(X, y, splitter=splitter, seed=seed, n_shadows=2)
    for mask, value in itertools.product(masks(shadows), range(12)):
        assert len(set(mask[X.ravel() == value])) == 1
    for shadow, mask in zip(shadows.estimators_, shadows.in_mask_, strict=True):
        assert_array_equal(shadow.rows_, X[mask])


def test_equal_records_of_other_labels_are_no_twins():
    X, y = np.zeros((20, 1)), np.arange(20)
    in_mask = fitted(X, y, splitter="halves").in_mask_
    assert_array_equal(in_mask.sum(axis=1), [10] * 4)


def test_a_twin_in_another_group_counts_as_trained_on():
    X, groups = numbered(24), np.arange(24) // 2
    X[2] = X[1]  # the second row of one person, the first of another
    y = np.zeros(24, dtype=int)
    y[3:] = 1
    y[:3] = 0
    shadows = fitted(X, y, 20, groups=groups, splitter="halves")
    seen, held_out = shadows.in_mask_, shadows.out_mask_
    assert_array_equal(seen[:, 1], seen[:, 2])
    assert_array_equal(seen[:, 1], seen[:, 0] | seen[:, 3])  # as trained on with either person
    assert not (seen & held_out).any()
    assert_array_equal(seen[:, 4::2], seen[:, 5::2])


# Masks of the user


def test_custom_mask_is_what_the_shadows_see():
    mask = np.random.RandomState(0).random_sample((3, 30)) < 0.4
    for splitter in (mask, mask.tolist()):
        shadows = fitted(numbered(30), n_shadows=3, splitter=splitter)
        assert_array_equal(shadows.in_mask_, mask)
        assert_array_equal(shadows.out_mask_, ~mask)
        assert shadows.splitter_ == "custom"
        for shadow, row in zip(shadows.estimators_, mask, strict=True):
            assert_array_equal(shadow.rows_.ravel(), np.flatnonzero(row))


def test_twins_of_trained_records_count_as_seen():
    X = np.array([[0.0], [1.0], [2.0], [0.0], [1.0], [1.0]])
    y = np.array([0, 1, 0, 0, 1, 0])
    mask = np.array([[True, False, True, False, False, False], [False, True, False] * 2])
    shadows = fitted(X, y, n_shadows=2, splitter=mask)
    assert_array_equal(shadows.in_mask_, [[1, 0, 1, 1, 0, 0], [0, 1, 0, 0, 1, 0]])
    assert_array_equal(shadows.out_mask_, [[0, 1, 0, 0, 1, 1], [1, 0, 1, 1, 0, 1]])
    assert_array_equal(shadows.estimators_[0].rows_.ravel(), [0, 2])
    assert_array_equal(shadows.estimators_[1].rows_.ravel(), [1, 1])


def test_a_mask_that_tears_groups_apart_is_refused_or_holds_them_together():
    mask = np.arange(12) % 2 == [[0], [1]]
    try:
        shadows = fitted(numbered(12), n_shadows=2, splitter=mask, groups=np.arange(12) // 2)
    except ValueError as error:
        assert "group" in str(error)  # noqa: PT017 - both ways keep what the docstring says
        return
    for row in masks(shadows):
        assert_array_equal(row[::2], row[1::2])


# Errors


@pytest.mark.parametrize(("n_shadows", "train_size"), [(3, 0.5), (4, 0.4), (4, 20)])
def test_halves_need_even_numbers_and_a_half(n_shadows, train_size):
    message = rf"even n_shadows and train_size=0\.5.*got n_shadows={n_shadows}.*{train_size}\. Use"
    with pytest.raises(ValueError, match=message):
        fitted(numbered(40), n_shadows=n_shadows, train_size=train_size, splitter="halves")


def test_bernoulli_cannot_be_stratified():
    with pytest.raises(ValueError, match=r"cannot be stratified\. Use stratify=False, or"):
        fitted(numbered(40), splitter="bernoulli", stratify=True)
    with pytest.raises(ValueError, match="cannot be stratified"):
        fitted(numbered(40), n_shadows=3, stratify=True)


def test_masks_and_stratify_do_not_go_together():
    mask = np.arange(40) % 2 == [[0], [1]]
    with pytest.raises(ValueError, match="stratify"):
        fitted(numbered(40), n_shadows=2, splitter=mask, stratify=True)


@pytest.mark.parametrize(("splitter", "limit"), [("overlapping", 40), ("disjoint", 10)])
def test_size_leaves_none_to_hold_out(splitter, limit):
    message = rf"train_size={limit} leaves none of the {limit} records .* twice as many records"
    with pytest.raises(ValueError, match=message):
        fitted(numbered(40), splitter=splitter, train_size=limit)
    shadows = fitted(numbered(40), splitter=splitter, train_size=limit - 1)
    assert set(shadows.in_mask_.sum(axis=1)) == {limit - 1}
    assert set(shadows.out_mask_.sum(axis=1)) == {1}


@pytest.mark.parametrize(
    "mask",
    [np.ones((3, 20), bool), np.ones((4, 19), bool), np.ones(20, bool), np.ones((4, 20), int)],
)
def test_masks_of_other_shapes_and_types(mask):
    message = r"bool of shape \(n_shadows, n_records\) = \(4, 20\), got (bool|int64) of \("
    with pytest.raises(ValueError, match=message):
        fitted(numbered(20), splitter=mask)


def test_a_mask_with_nothing_to_train_on():
    mask = np.ones((4, 20), dtype=bool)
    mask[2] = False
    with pytest.raises(ValueError, match="splitter trains shadow 2 on no record"):
        fitted(numbered(20), splitter=mask)


@pytest.mark.parametrize(
    ("splitter", "train_size"), [("bernoulli", 0.001), ("bernoulli", 100), ("overlapping", 0.001)]
)
def test_a_shadow_without_records_on_a_side(splitter, train_size):
    message = rf"splitter='{splitter}' finds none for one side of shadow \d among n_samples=20"
    with pytest.raises(ValueError, match=message):
        fitted(numbered(20), splitter=splitter, train_size=train_size)


@pytest.mark.parametrize("splitter", NAMES)
def test_one_record_is_too_few(splitter):
    with pytest.raises(ValueError, match=r"n_samples=1\. Give fit more distinct records"):
        fitted(numbered(1), splitter=splitter)


@pytest.mark.parametrize("splitter", NAMES)
def test_one_group_or_one_content_is_too_few(splitter):
    with pytest.raises(ValueError, match="finds none for one side of shadow 0"):
        fitted(numbered(20), splitter=splitter, groups=np.zeros(20))
    with pytest.raises(ValueError, match="finds none for one side of shadow 0"):
        fitted(np.zeros((20, 1)), np.zeros(20, dtype=int), splitter=splitter)


# All records but one


@COMMON
@given(sizes=st.lists(st.integers(1, 5), min_size=6, max_size=6), n_shadows=st.integers(1, 15))
def test_leave_one_out_leaves_out_one_unit_after_the_other(sizes, n_shadows):
    contents = np.repeat(np.arange(len(sizes)), sizes)
    y = contents % 2
    shadows = fitted(
        contents[:, None].astype(float), y, n_shadows=n_shadows, splitter="leave_one_out"
    )
    for i in range(n_shadows):
        assert_array_equal(shadows.out_mask_[i], contents == i % len(sizes))
    assert_array_equal(shadows.in_mask_, ~shadows.out_mask_)
    grouped = fitted(
        numbered(len(y)), y, groups=contents, n_shadows=n_shadows, splitter="leave_one_out"
    )
    assert_array_equal(grouped.in_mask_, shadows.in_mask_)


@pytest.mark.parametrize("parameters", [{"train_size": 0.7}, {"stratify": True}])
def test_leave_one_out_leaves_no_choice(parameters):
    with pytest.raises(ValueError, match="train_size and stratify nothing to say"):
        fitted(numbered(20), splitter="leave_one_out", **parameters)


def test_groups_of_another_length():
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[20, 19\]"):
        fitted(numbered(20), groups=np.arange(19))


@pytest.mark.parametrize(
    "parameters",
    [
        {"splitter": "thirds"},
        {"train_size": 0.0},
        {"train_size": 1.0},
        {"train_size": 0},
        {"train_size": -3},
        {"n_shadows": 0},
        {"stratify": "yes"},
    ],
)
def test_parameters_out_of_range(parameters):
    (name,) = parameters
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter of ShadowModels"):
        fitted(numbered(20), **parameters)
