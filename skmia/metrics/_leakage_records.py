"""Leakage of many records at a time, each with its interval, and their averages."""

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri
from sklearn.utils import Bunch, gen_batches

from skmia.metrics._estimate import Estimate
from skmia.metrics._gaussian_information import gaussian_information
from skmia.metrics._leakage_bounds import entropy_of
from skmia.metrics._leakage_estimators import (
    corrected_kl,
    gaussian_kl,
    ledoit_wolf_weight,
    neighbors_kl,
    pooled_covariance,
    population_gaussian_kl,
    squared_distance,
)
from skmia.metrics._leakage_intervals import (
    basic_interval,
    pooled_interval,
    quantiles,
    reached_distances,
)
from skmia.metrics._moments import Side

KL_METHODS = "gaussian", "neighbors", "pooled"
_COLUMNS = "kl", "reverse", "information", "low", "high"
_AVERAGED = "kl", "information"
_WORDS = {
    "pooled": "pooled Gaussian, bias corrected",
    "shrunk": "pooled Gaussian, Ledoit-Wolf covariance, not bias corrected",
    "gaussian": "two Gaussians, biased upward",
    "neighbors": "nearest neighbors, biased downward",
}
_MANY = 20
_ENTRIES = 2**22  # of the resampled moments of a batch of records: 32 MB


class Question(NamedTuple):
    """How leakage is to be estimated."""

    method: str  # one of KL_METHODS
    prior: float
    confidence_level: float
    n_neighbors: int
    seed: int  # draws records, halves and jitter


def leakage_of_records(sides, masks, resamples, question):
    """Estimate the leakage of each record.

    Parameters
    ----------
    sides : pair of ndarray of shape (n_models, n_records, n_dimensions)
        Statistics of the models with, and of those without, the record.
    masks : pair of ndarray of bool, shape (n_models, n_records)
        Which of them count.
    resamples : pair of Resamples
        Of the models on each side.
    question : Question
        How.

    Returns
    -------
    Bunch
        Arrays with one entry per record: ``kl``, ``reverse``, ``information``, and ``low`` and
        ``high`` of ``kl``; the averages ``mean_kl`` and ``mean_information``; ``method`` in words.
    """
    if question.method == "neighbors":
        return _by_neighbors(sides, masks, resamples[0].n_resamples, question)
    n_resamples, (_, n_records, n_dimensions) = resamples[0].n_resamples, sides[0].shape
    n_batch = max(1, _ENTRIES // (n_resamples * (n_dimensions + 1) ** 2))
    rng, parts = np.random.RandomState(question.seed), []
    for batch in gen_batches(n_records, n_batch):
        part = [
            Side(side[:, batch], mask[:, batch]) for side, mask in zip(sides, masks, strict=True)
        ]
        parts.append(_by_moments(part, resamples, question, rng))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
    is_shrunk = any(part["shrinkage"].any() for part in parts)
    words = _WORDS["shrunk" if is_shrunk else question.method]
    errors = _errors_of_averages(parts, columns)
    return _result(columns, quantiles(errors, question.confidence_level), words)


def _by_moments(sides, resamples, question, rng):
    """Return columns of a batch of records, and its part in the errors of the averages."""
    shrinkage = _shrinkage(sides, question)
    here = [side.moments() for side in sides]
    drawn = [draws.moments(side) for draws, side in zip(resamples, sides, strict=True)]
    method = _of_one_covariance if question.method == "pooled" else _of_two_covariances
    *pairs, (low, high) = method(here, drawn, shrinkage, question.confidence_level)
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
    times = rng.poisson(1.0, size=again.shape[:2])  # that a resample of records holds each
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
    """Return the errors of the averages in resamples of the records and of the models.

    The spread of the records holds what the finite number of models does to each of them alone.
    Resamples of the models add what it does to all alike, which is their error's share that goes
    beyond independent ones.
    """
    drawn, times, error, noise = (
        sum(part[name] for part in parts) for name in ("drawn", "times", "error", "noise")
    )
    n_records = len(columns["kl"])
    averages = np.array([columns[name].mean() for name in _AVERAGED])
    averages = np.where(np.isfinite(averages), averages, 0)  # of the others there is no interval
    of_records = np.where(times > 0, drawn / np.maximum(times, 1) - averages, 0)
    of_models, alone = error / n_records, noise / n_records**2
    variance = np.maximum(of_models.var(axis=0), np.finfo(np.float64).tiny)
    in_common = np.sqrt(np.clip(1 - alone / variance, 0, 1))
    if n_records < _MANY:  # whose spread says too little of the errors of each
        in_common = np.ones(len(_AVERAGED))
    return of_records + in_common * of_models


def _of_one_covariance(here, drawn, shrinkage, confidence_level):
    """Return both divergences of the sample, its population and its resamples, and the interval."""
    difference = here[0].mean - here[1].mean
    squared = squared_distance(difference, pooled_covariance(*here, shrinkage))
    distance, reached = reached_distances(here, drawn, shrinkage)
    with np.errstate(invalid="ignore"):
        again = corrected_kl(reached.at(distance), *drawn, shrinkage)
    value, true = corrected_kl(squared, *here, shrinkage), distance**2 / 2
    interval = pooled_interval(squared, reached, confidence_level)
    return (value, value), (true, true), (again, again), interval


def _of_two_covariances(here, drawn, _, confidence_level):
    value, true, again = (
        (estimator(*moments), estimator(*moments[::-1]))
        for estimator, moments in (
            (gaussian_kl, here),
            (population_gaussian_kl, here),
            (gaussian_kl, drawn),
        )
    )
    counts, n_dimensions = [side.count for side in here], here[0].mean.shape[-1]
    interval = basic_interval(value[0], true[0], again[0], counts, n_dimensions, confidence_level)
    return value, true, again, interval


def _information(kl, reverse, question):
    if question.method == "pooled":
        return pooled_information(kl, question.prior)
    return information_bound(kl, reverse, question.prior)


def pooled_information(kl, prior):
    """Return the information at so large a divergence of Gaussians with a common covariance.

    Parameters
    ----------
    kl : ndarray
        The divergence. Negative ones give the opposite, so that errors around 0 cancel in averages.
    prior : float
        Probability that the record is a member.

    Returns
    -------
    ndarray
        In nats.
    """
    return np.sign(kl) * gaussian_information(np.sqrt(2 * np.abs(kl)), prior)


def information_bound(kl, reverse_kl, prior):
    r"""Return the bound :math:`\pi (1 - \pi) J` on information, at most the prior's entropy.

    Parameters
    ----------
    kl, reverse_kl : ndarray
        Divergences in both directions.
    prior : float
        Probability that the record is a member.

    Returns
    -------
    ndarray
        In nats.
    """
    return np.minimum(prior * (1 - prior) * (kl + reverse_kl), entropy_of(prior))


def _shrinkage(sides, question):
    """Return each record's weight of the identity in the covariance, 0 but in many dimensions."""
    _, n_records, n_dimensions = sides[0].statistics.shape
    degrees = sum(side.mask.sum(axis=0) for side in sides) - 2
    weights = np.zeros(n_records)
    if question.method == "pooled" and n_dimensions > 1:
        for i in np.flatnonzero(n_dimensions >= degrees / 5):
            weights[i] = ledoit_wolf_weight(*(side.rows_of(i) for side in sides))
    return weights


def _by_neighbors(sides, masks, n_resamples, question):
    rng = np.random.RandomState(question.seed)
    found = [
        _neighbors_of_record(
            *(side[mask[:, i], i] for side, mask in zip(sides, masks, strict=True)),
            n_resamples,
            question,
            rng,
        )
        for i in range(sides[0].shape[1])
    ]
    kl, reverse, error = np.array(found).T
    z = -ndtri((1 - question.confidence_level) / 2)
    columns = {
        "kl": kl,
        "reverse": reverse,
        "information": _information(kl, reverse, question),
        "low": np.maximum(kl - z * error, 0),
        "high": np.maximum(kl + z * error, 0),
    }
    errors = [
        columns[name].std(ddof=1) / np.sqrt(len(kl)) if len(kl) > 1 else np.nan
        for name in _AVERAGED
    ]
    return _result(columns, np.outer([-z, z], errors), _WORDS["neighbors"])


def _neighbors_of_record(first, second, n_resamples, question, rng):
    """Return both divergences, and the standard error of the first from halves of the models.

    Resamples with repetition would hold neighbors at distance 0. Halves drawn without it have the
    error of the whole around the whole.
    """
    n_neighbors = question.n_neighbors
    halves = [
        neighbors_kl(*(_half(side, rng) for side in (first, second)), n_neighbors, rng)
        for _ in range(n_resamples)
    ]
    kl = neighbors_kl(first, second, n_neighbors, rng)
    return kl, neighbors_kl(second, first, n_neighbors, rng), np.std(halves, ddof=1)


def _half(values, rng):
    return values[rng.permutation(len(values))[: len(values) // 2]]


def _result(columns, errors, words):
    """Clip at 0 what belongs to one record, and average what was not clipped."""
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
