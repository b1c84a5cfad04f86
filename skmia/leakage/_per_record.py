"""Leakage of many records at a time, each with its interval, and their averages."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from sklearn.utils import Bunch, gen_batches

from skmia._result import Estimate
from skmia.leakage._estimators import (
    corrected_kl,
    excess_of_pairs,
    gaussian_kl,
    information_bound,
    ledoit_wolf_weight,
    neighbors_kl,
    pooled_covariance,
    pooled_information,
    population_gaussian_kl,
    squared_distance,
    within_unit_cube,
)
from skmia.leakage._intervals import (
    basic_interval,
    pooled_interval,
    quantiles,
    reached_distances,
)
from skmia.leakage._moments import Sample, Side

KL_METHODS = "gaussian", "neighbors", "pooled"
_COLUMNS = "kl", "reverse", "information", "low", "high"
_AVERAGED = "kl", "information"
_WORDS = {
    "pooled": "pooled Gaussian, bias corrected",
    "shrunk": "pooled Gaussian, Ledoit-Wolf covariance, not bias corrected",
    "gaussian": "two Gaussians, biased upward",
    "neighbors": "nearest neighbors, biased downward",
}
_MANY = 20  # records, from which on their spread tells of the errors of each
_ENTRIES = 2**22  # of the resampled moments of a batch of records: 32 MB


class Question(NamedTuple):
    """How leakage is to be estimated."""

    method: str  # one of KL_METHODS
    prior: float
    confidence_level: float
    n_neighbors: int
    seed: int  # draws records, halves and jitter


def leakage_of_records(sides, masks, resamples, question):
    """Estimate the leakage of each record, and the averages over the records.

    `sides` are the statistics of the models with and without the record, (n_models, n_records,
    n_dimensions), and `masks` which of them count. `resamples` are twice the same where both sides
    are the same models. Of each record there are ``kl`` with ``low`` and ``high``, ``reverse`` and
    ``information``; besides ``mean_kl``, ``mean_information``, and ``method`` in words.
    """
    if question.method == "neighbors":
        return _by_neighbors(sides, masks, resamples, question)
    _, n_records, n_dimensions = sides[0].shape
    # for each resample and record: a count, a mean and a scatter
    n_batch = max(1, _ENTRIES // (resamples[0].n_resamples * (n_dimensions + 1) ** 2))
    rng = np.random.RandomState(question.seed)
    parts = []
    for batch in gen_batches(n_records, n_batch):
        part = [
            Side(side[:, batch], mask[:, batch]) for side, mask in zip(sides, masks, strict=True)
        ]
        parts.append(_by_moments(part, resamples, question, rng))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
    is_shrunk = any(part["shrinkage"].any() for part in parts)
    words = _WORDS["shrunk" if is_shrunk else question.method]
    errors = quantiles(_errors_of_averages(parts, columns), question.confidence_level)
    if n_records == 1 and question.method == "pooled":
        errors = _errors_of_one(columns, question)
    return _result(columns, errors, words)


def _errors_of_one(columns, question):
    """Return the errors with which the average of one record has that record's interval."""
    value = np.concatenate([columns[name] for name in _AVERAGED])
    ends = np.concatenate([columns["high"], columns["low"]])
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
    value, true, again = (
        {"kl": kl, "reverse": reverse, "information": _information(kl, reverse, question)}
        for kl, reverse in pairs
    )
    columns = value | {"low": low, "high": high, "shrinkage": shrinkage}
    return columns | _parts_of_averages(value, true, again, rng)


def _parts_of_averages(value, true, again, rng):
    """Return the sums over a batch of records that the errors of averages are made of."""
    value, true, again = (
        np.stack([numbers[name] for name in _AVERAGED], axis=-1) for numbers in (value, true, again)
    )
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
    drawn, times, error, noise = (
        sum(part[name] for part in parts) for name in ("drawn", "times", "error", "noise")
    )
    n_records = len(columns["kl"])
    averages = np.array([columns[name].mean() for name in _AVERAGED])
    averages = np.where(np.isfinite(averages), averages, 0)  # of the others there is no interval
    of_records = np.where(times > 0, drawn / np.maximum(times, 1) - averages, 0)
    of_models = error / n_records
    alone = noise / n_records**2
    variance = np.maximum(of_models.var(axis=0), np.finfo(np.float64).tiny)
    in_common = np.sqrt(np.clip(1 - alone / variance, 0, 1))
    if n_records < _MANY:  # whose spread says too little of the errors of each
        in_common = np.ones(len(_AVERAGED))
    return of_records + in_common * of_models


def _of_one_covariance(here, drawn, shrinkage, excess, confidence_level):
    """Return both divergences of the sample, its population and its resamples, and the interval."""
    difference = here[0].mean - here[1].mean
    squared = squared_distance(difference, pooled_covariance(*here, shrinkage))
    distance, reached = reached_distances(here, drawn, shrinkage)
    with np.errstate(invalid="ignore"):
        again = corrected_kl(reached.at(distance), *drawn, shrinkage, excess)
    value = corrected_kl(squared, *here, shrinkage, excess)
    true = distance**2 / 2
    # with a common covariance, both directions are equal
    interval = pooled_interval(squared, reached, confidence_level)
    return (value, value), (true, true), (again, again), interval


def _of_two_covariances(here, drawn, _shrinkage, _excess, confidence_level):
    value, true, again = (
        (estimator(*moments), estimator(*moments[::-1]))
        for estimator, moments in (
            (gaussian_kl, here),
            (population_gaussian_kl, here),
            (gaussian_kl, drawn),
        )
    )
    counts = [side.count for side in here]
    n_dimensions = here[0].mean.shape[-1]
    interval = basic_interval(value[0], true[0], again[0], counts, n_dimensions, confidence_level)
    return value, true, again, interval


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
    parts = [
        _neighbors_of_batch(
            *([values[:, batch] for values in pair] for pair in (sides, masks)),
            resamples,
            question.n_neighbors,
            rng,
        )
        for batch in gen_batches(n_records, n_batch)
    ]
    kl, reverse, error = np.concatenate(parts, axis=1)
    z = -ndtri((1 - question.confidence_level) / 2)
    columns = {
        "kl": kl,
        "reverse": reverse,
        "information": _information(kl, reverse, question),
        "low": np.maximum(kl - z * error, 0),
        "high": np.maximum(kl + z * error, 0),
    }
    # records share models, whose common error this spread does not hold
    errors = [
        columns[name].std(ddof=1) / np.sqrt(len(kl)) if len(kl) > 1 else np.nan
        for name in _AVERAGED
    ]
    return _result(columns, np.outer([-z, z], errors), _WORDS["neighbors"])


def _neighbors_of_batch(sides, masks, resamples, n_neighbors, rng):
    """Return both divergences, and the standard error of the first from halves of the models."""
    # Resamples with repetition would hold neighbors at distance 0. Halves drawn without it have the
    # error of the whole around the whole.
    sides = within_unit_cube(sides, masks, rng)

    def _kl(masks, order=1):
        pair = [Sample(*pair) for pair in zip(sides, masks, strict=True)]
        return neighbors_kl(pair[::order], n_neighbors)

    halves = [_kl(_halves(masks, resamples, rng)) for _ in range(resamples[0].n_resamples)]
    return np.array([_kl(masks), _kl(masks, -1), np.std(halves, axis=0, ddof=1)])


def _halves(masks, resamples, rng):
    """Draw half of the models on each side of each record, groups alike on both sides."""
    keys = [
        rng.random_sample((draws.groups.max() + 1, mask.shape[1]))
        for draws, mask in zip(resamples, masks, strict=True)
    ]
    # the same models must be in or out of the half on both sides
    if resamples[0] is resamples[1]:
        keys[1] = keys[0]
    return [
        mask & (_ranks(np.where(mask, key[draws.groups], 2)) < mask.sum(axis=0) // 2)
        for mask, key, draws in zip(masks, keys, resamples, strict=True)
    ]


def _ranks(values):
    return values.argsort(axis=0).argsort(axis=0)


def _result(columns, errors, words):
    """Clip at 0 what belongs to one record, and average what was not clipped."""
    # averages of clipped numbers would add up to a leakage that is not there
    averages = {
        f"mean_{name}": _average(columns[name], *ends, words)
        for name, ends in zip(_AVERAGED, errors.T, strict=True)
    }
    clipped = {name: np.maximum(columns[name], 0) for name in _COLUMNS}
    return Bunch(**clipped, **averages, method=words)


def _average(values, low_error, high_error, words):
    value = values.mean()
    if not np.isfinite(value):
        return Estimate(np.inf, np.nan, np.nan, f"{words}; infinite for some records, no interval")
    ends = np.maximum([value, value - high_error, value - low_error], 0)
    return Estimate(*ends.tolist(), f"{words}, bootstrap")
