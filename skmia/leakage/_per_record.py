"""Leakage of many records at a time, each with its interval, and their averages."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from scipy.stats import chi2
from sklearn.utils import Bunch, gen_batches

from skmia._result import Estimate
from skmia.leakage._estimators import (
    Side,
    corrected_kl,
    excess_of_pairs,
    gaussian_kl,
    information_bound,
    ledoit_wolf_weight,
    neighbors_kl,
    pooled_covariance,
    pooled_information,
    squared_distance,
    within_unit_cube,
)

KL_METHODS = "gaussian", "neighbors", "pooled"
COLUMNS = "kl", "kl_low", "kl_high", "reverse_kl", "mutual_information"
_AVERAGED = "kl", "mutual_information"
_WORDS = {
    "pooled": "pooled Gaussian, bias corrected",
    "shrunk": "pooled Gaussian, Ledoit-Wolf covariance, not bias corrected",
    "gaussian": "two Gaussians, biased upward",
    "neighbors": "nearest neighbors, biased downward",
}
_MANY = 20  # records, from which on their spread tells of the errors of each
_ENTRIES = 2**22  # of the resampled moments of a batch of records: 32 MB


class Question(NamedTuple):
    method: str  # one of KL_METHODS
    prior: float
    confidence_level: float
    n_neighbors: int
    seed: int  # draws records, halves and jitter


def check_finite(name, values):
    n_wrong = np.count_nonzero(~np.isfinite(values))
    if n_wrong:
        raise ValueError(
            f"{name} must be finite, got {n_wrong} NaN or infinite values; take a statistic that "
            "every model has, such as 'logit_confidence', which is finite for certain answers too."
        )


def check_model_counts(n_in, n_out, n_dimensions, question):
    # a covariance for each side; more neighbors in each half than are asked for; or one degree of
    # freedom beyond the two means and a variance
    needed = {
        "gaussian": n_dimensions + 2,
        "neighbors": 2 * (question.n_neighbors + 1),
        "pooled": 3,
    }[question.method]
    if min(n_in, n_out) < needed:
        raise ValueError(
            f"method={question.method!r} needs at least {needed} models with the record and "
            f"{needed} without it, for statistics of {n_dimensions} dimensions, got {n_in} and "
            f"{n_out}; train more models."
        )


def leakage_of_records(sides, masks, resamples, question):
    """Estimate the leakage of each record, and the averages over the records.

    `sides` are the statistics of the models with and without the record, (n_models, n_records,
    n_dimensions), `masks` which of them count, and `resamples` twice the same where both sides are
    the same models.
    """
    if question.method == "neighbors":
        return _by_neighbors(sides, masks, resamples, question)
    _, n_records, n_dimensions = sides[0].shape
    # for each resample and record: a count, a mean and a scatter
    n_batch = max(1, _ENTRIES // (resamples[0].n_resamples * (n_dimensions + 1) ** 2))
    rng = np.random.RandomState(question.seed)
    pairs = list(zip(sides, masks, strict=True))
    parts = []
    for batch in gen_batches(n_records, n_batch):
        part = [Side(side[:, batch], mask[:, batch]) for side, mask in pairs]
        parts.append(_by_moments(part, resamples, question, rng))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
    is_shrunk = any(part["shrinkage"].any() for part in parts)
    words = _WORDS["shrunk" if is_shrunk else question.method]
    errors = quantiles(_errors_of_averages(parts, columns), question.confidence_level)
    if n_records == 1 and question.method == "pooled":
        errors = _errors_of_one(columns, question)
    return _result(columns, errors, words)


def _errors_of_one(columns, question):
    """Return the errors with which the average of one record has that record's interval."""
    value = np.concatenate([columns[name] for name in _AVERAGED])
    ends = np.concatenate([columns["kl_high"], columns["kl_low"]])
    with np.errstate(invalid="ignore"):  # of infinity there is no interval
        return value - np.column_stack([ends, pooled_information(ends, question.prior)])


def _by_moments(sides, resamples, question, rng):
    """Return columns of a batch of records, and its part in the errors of the averages."""
    shrinkage = _shrinkage(sides, question)
    excess = _excess(sides, resamples)
    here = [side.moments() for side in sides]
    drawn = [draws.moments(side) for draws, side in zip(resamples, sides, strict=True)]
    method = _of_one_covariance if question.method == "pooled" else _of_two_covariances
    *pairs, (low, high) = method(here, drawn, shrinkage, excess, question.confidence_level)
    # the columns that are averaged
    value, true, again = (
        np.stack([kl, _information(kl, reverse, question)], axis=-1) for kl, reverse in pairs
    )
    columns = value[:, 0], low, high, pairs[0][1], value[:, 1], shrinkage
    columns = dict(zip((*COLUMNS, "shrinkage"), columns, strict=True))
    return columns | _parts_of_averages(value, true, again, rng)


def _parts_of_averages(value, true, again, rng):
    """Return the sums over a batch of records that the errors of averages are made of."""
    # How often a resample of records holds each: independent Poisson numbers, since a batch does
    # not know the others.
    times = rng.poisson(1.0, size=again.shape[:2])
    with np.errstate(invalid="ignore"):
        errors = again - true
    errors = np.where(np.isfinite(errors), errors, 0)  # some resample has no models on a side
    return {
        "drawn": np.einsum("br,rk->bk", times, np.where(np.isfinite(value), value, 0)),
        "times": times.sum(axis=1, keepdims=True),
        "error": errors.sum(axis=1),
        "noise": errors.var(axis=0).sum(axis=0),
    }


def _errors_of_averages(parts, columns):
    """Return the errors of the averages in resamples of the records and of the models."""
    # The spread of the records holds what the finite number of models does to each of them alone.
    # Resamples of the models add what it does to all alike, which is their error's share that goes
    # beyond independent ones.
    names = "drawn", "times", "error", "noise"
    drawn, times, error, noise = (sum(part[name] for part in parts) for name in names)
    n_records = len(columns["kl"])
    averages = np.array([columns[name].mean() for name in _AVERAGED])
    averages = np.where(np.isfinite(averages), averages, 0)  # of the others there is no interval
    of_records = np.where(times > 0, drawn / np.maximum(times, 1) - averages, 0)
    of_models = error / n_records
    if n_records < _MANY:  # whose spread says too little of the errors of each
        return of_records + of_models
    variance = np.maximum(of_models.var(axis=0), np.finfo(np.float64).tiny)
    return of_records + np.sqrt(np.clip(1 - noise / n_records**2 / variance, 0, 1)) * of_models


def _of_one_covariance(here, drawn, shrinkage, excess, confidence_level):
    """Return both divergences of the sample, its population and its resamples, and the interval."""
    difference = here[0].mean - here[1].mean
    squared = squared_distance(difference, pooled_covariance(*here, shrinkage))
    distance, reached = _reached_distances(here, drawn, shrinkage)
    square, product, constant = reached
    with np.errstate(invalid="ignore"):
        again = square * distance**2 + 2 * product * distance + constant
        again = corrected_kl(again, *drawn, shrinkage, excess)
    value = corrected_kl(squared, *here, shrinkage, excess)
    interval = _pooled_interval(squared, reached, confidence_level)
    # with a common covariance, both directions are equal
    return (value, value), 2 * (distance**2 / 2,), (again, again), interval


def _reached_distances(here, drawn, shrinkage):
    """Return the distance in the population, and what resamples reach from another distance.

    The sample is the population that resamples are drawn from; `drawn` are their moments. With a
    distance ρ in the sample's direction, resample b reaches the squared distance T_b(ρ) =
    a_b ρ² + 2 b_b ρ + c_b. The coefficients are of shape (n_resamples, n_records), NaN where a
    resample has no invertible covariance.
    """
    difference = here[0].mean - here[1].mean
    covariance = pooled_covariance(*here, shrinkage, is_population=True)
    distance = np.sqrt(squared_distance(difference, covariance))
    is_usable = (distance > 0) & np.isfinite(distance)
    direction = difference / np.where(is_usable, distance, 1)[:, None]
    # what a resample adds to the sample's difference: its error, whatever the distance
    error = drawn[0].mean - drawn[1].mean - difference
    inverse = _inverse(pooled_covariance(*drawn, shrinkage))
    along, across = ((inverse @ step[..., None])[..., 0] for step in (direction, error))
    pairs = (direction, along), (error, along), (error, across)
    return distance, [(left * right).sum(axis=-1) for left, right in pairs]


def _inverse(covariance):
    if covariance.shape[-1] == 1:
        with np.errstate(divide="ignore"):
            return np.where(covariance > 0, 1 / covariance, np.nan)
    is_regular = np.isfinite(covariance).all(axis=(-2, -1))
    usable = np.where(is_regular[..., None, None], covariance, np.eye(covariance.shape[-1]))
    # one singular matrix would make the inverses of the whole stack fail
    is_regular &= np.linalg.slogdet(usable)[0] > 0
    usable = np.where(is_regular[..., None, None], usable, np.eye(covariance.shape[-1]))
    return np.where(is_regular[..., None, None], np.linalg.inv(usable), np.nan)


def _pooled_interval(squared, reached, confidence_level):
    """Return the ends of the interval of a divergence, by inverting a bootstrap test."""
    # Each resample tells which distance of the population would have led, with its error, to the
    # distance of the sample: the larger root of T_b(ρ) = T. Of these the quantiles are taken.
    square, product, constant = reached
    over = constant - squared
    with np.errstate(invalid="ignore"):
        root = np.sqrt(np.maximum(product**2 - square * over, 0))
        distance = np.maximum((root - product) / square, 0)
        is_none = product**2 < square * over
    high = quantiles(np.where(is_none, 0, distance), confidence_level)[1]
    # a resample whose error alone is larger than T counts as 0 for the lower end
    low = quantiles(np.where(over > 0, 0, distance), confidence_level)[0]
    # sides that do not vary but differ: only that they differ is known
    is_infinite = np.isinf(squared)
    return np.where(is_infinite, 0, low**2 / 2), np.where(is_infinite, np.inf, high**2 / 2)


def _of_two_covariances(here, drawn, _shrinkage, _excess, confidence_level):
    value, true, again = (
        [gaussian_kl(*pair, is_population=known) for pair in (moments, moments[::-1])]
        for moments, known in ((here, False), (here, True), (drawn, False))
    )
    return value, true, again, _basic_interval(value[0], true[0], again[0], here, confidence_level)


def _basic_interval(kl, population, resampled, here, confidence_level):
    # on the scale of the root of 2 K, whose error depends little on K
    with np.errstate(invalid="ignore"):
        errors = np.sqrt(2 * np.maximum(resampled, 0)) - np.sqrt(2 * np.maximum(population, 0))
        ends = np.sqrt(2 * np.maximum(kl, 0)) - quantiles(errors, confidence_level)[::-1]
    low, high = np.maximum(ends, 0) ** 2 / 2
    # The lower end is 0 where the divergence is no larger than that of samples of one Gaussian may
    # be, by Wilks' theorem: of d means and d (d + 1) / 2 covariances.
    n_dimensions = here[0].mean.shape[-1]
    noise = chi2.isf((1 - confidence_level) / 2, n_dimensions * (n_dimensions + 3) / 2)
    is_noise = 2 * kl <= noise * (1 / here[0].count + 1 / here[1].count)
    is_infinite = np.isinf(kl)
    return np.where(is_infinite | is_noise, 0, low), np.where(is_infinite, np.inf, high)


def quantiles(values, confidence_level):
    """Return the two quantiles between which so much of the first axis lies, NaN left out."""
    alpha = (1 - confidence_level) / 2
    is_missing = np.isnan(values)
    if not is_missing.any():  # which is faster
        return np.quantile(values, [alpha, 1 - alpha], axis=0)
    usable = np.where(is_missing.all(axis=0), 0, values)  # without any resample there is no error
    return np.nanquantile(usable, [alpha, 1 - alpha], axis=0)


def _information(kl, reverse, question):
    if question.method == "pooled":
        return pooled_information(kl, question.prior)
    return information_bound(kl, reverse, question.prior)


def _shrinkage(sides, question):
    """Return each record's weight of the identity in the covariance, 0 but in many dimensions."""
    _, n_records, n_dimensions = sides[0].statistics.shape
    # the correction of the bias needs more degrees of freedom than dimensions, and many more to be
    # of use
    degrees = sum(side.mask.sum(axis=0) for side in sides) - 2
    is_many = n_dimensions >= degrees / 5
    if question.method != "pooled" or n_dimensions == 1 or not is_many.any():
        return np.zeros(n_records)
    return np.where(is_many, ledoit_wolf_weight(sides), 0)


def _excess(sides, resamples):
    """Return the factor on the noise of the means, 1 where models do not depend on each other."""
    # models depend on each other only where both sides are the same models, in several groups
    groups = resamples[0].groups
    if resamples[0] is not resamples[1] or groups.max() + 1 in (1, len(groups)):
        return 1.0
    return excess_of_pairs(sides, groups)


def _by_neighbors(sides, masks, resamples, question):
    n_records, n_dimensions = sides[0].shape[1:]
    n_batch = max(1, _ENTRIES // (len(sides[0]) * (n_dimensions + 1) * 4))
    rng = np.random.RandomState(question.seed)
    parts = []
    for batch in gen_batches(n_records, n_batch):
        part = ([values[:, batch] for values in pair] for pair in (sides, masks))
        parts.append(_neighbors_of_batch(*part, resamples, question.n_neighbors, rng))
    kl, reverse, error = np.concatenate(parts, axis=1)
    z = -ndtri((1 - question.confidence_level) / 2)
    ends = [np.maximum(kl + end * error, 0) for end in (-z, z)]
    columns = kl, *ends, reverse, _information(kl, reverse, question)
    columns = dict(zip(COLUMNS, columns, strict=True))
    # records share models, whose common error this spread does not hold
    errors = np.full(len(_AVERAGED), np.nan)
    if n_records > 1:
        errors = [columns[name].std(ddof=1) / np.sqrt(n_records) for name in _AVERAGED]
    return _result(columns, np.outer([-z, z], errors), _WORDS["neighbors"])


def _neighbors_of_batch(sides, masks, resamples, n_neighbors, rng):
    """Return both divergences, and the standard error of the first from halves of the models."""
    # Resamples with repetition would hold neighbors at distance 0. Halves drawn without it have the
    # error of the whole around the whole.
    sides = within_unit_cube(sides, masks, rng)

    def _kl(masks, order=1):
        return neighbors_kl(list(zip(sides, masks, strict=True))[::order], n_neighbors)

    halves = [_kl(_half_of_models(masks, resamples, rng)) for _ in range(resamples[0].n_resamples)]
    return np.array([_kl(masks), _kl(masks, -1), np.std(halves, axis=0, ddof=1)])


def _half_of_models(masks, resamples, rng):
    """Draw half of the models on each side of each record, groups alike on both sides."""
    groups = [draws.groups for draws in resamples]
    keys = [rng.random_sample((groups[k].max() + 1, masks[k].shape[1])) for k in (0, 1)]
    # the same models must be in or out of the half on both sides
    if resamples[0] is resamples[1]:
        keys[1] = keys[0]
    halves = []
    for mask, key, group in zip(masks, keys, groups, strict=True):
        ranks = np.where(mask, key[group], 2).argsort(axis=0).argsort(axis=0)
        halves.append(mask & (ranks < mask.sum(axis=0) // 2))
    return halves


def _result(columns, errors, words):
    """Clip at 0 what belongs to one record, and average what was not clipped."""
    # averages of clipped numbers would add up to a leakage that is not there
    averages = {
        f"mean_{name}": _average(columns[name].mean(), *ends, words)
        for name, ends in zip(_AVERAGED, errors.T, strict=True)
    }
    clipped = {name: np.maximum(columns[name], 0) for name in COLUMNS}
    return Bunch(**clipped, **averages, method=words)


def _average(value, low_error, high_error, words):
    if not np.isfinite(value):
        return Estimate(np.inf, np.nan, np.nan, f"{words}; infinite for some records, no interval")
    ends = np.maximum([value, value - high_error, value - low_error], 0)
    return Estimate(*ends.tolist(), f"{words}, bootstrap")
