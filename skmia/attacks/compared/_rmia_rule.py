"""The scoring rules of RMIA and of its relative BASE."""

import numpy as np
from scipy.special import expit

from skmia.attacks.compared._sides import block_moments, blocks_of, check_signals
from skmia.utils._constraints import ARRAY, ARRAY_OR_NONE, BOOLEAN, POSITIVE, SHARE, validate_params

__all__ = [
    "base_scores",
    "likelihood_ratios",
    "population_share",
    "rmia_scores",
    "tempered_confidence",
]

_LEAST = 1e-30  # of a probability that is divided by, or whose logarithm is taken


@validate_params(
    confidence=ARRAY,
    shadow_confidence=ARRAY,
    in_mask=ARRAY,
    population_confidence=ARRAY,
    population_shadow_confidence=ARRAY,
    a=SHARE,
    gamma=POSITIVE,
    online=BOOLEAN,
    population_in_mask=ARRAY_OR_NONE,
)
def rmia_scores(
    confidence,
    shadow_confidence,
    in_mask,
    population_confidence,
    population_shadow_confidence,
    *,
    a=0.3,
    gamma=1.0,
    online=True,
    population_in_mask=None,
):
    """Return how many population records each record dominates by its likelihood ratio.

    score(x) = share of the population's z with r(x) / r(z) > γ, where r(x) = p(x | θ) / p(x): the
    target's confidence in the true label over its mean p(x) among models that were and that were
    not trained on x. 0 means no z, 1 means all of them.

    Online, p(x) is half the mean over the shadows that saw x plus half the mean over those that did
    not. Offline, and for each x that no shadow saw, the former is approximated by the line
    a p + (1 − a), so that p(x) = ((1 + a) p_out(x) + 1 − a) / 2, and the same is done for all z
    that x is compared with. Online, a record that all shadows saw, and a z that none saw, has the
    mean over all shadows; offline, p_out of a record that all saw is what the line makes of them.

    Parameters
    ----------
    confidence : array-like of shape (n_records,)
        The target's confidences in the true labels, in [0, 1].
    shadow_confidence : array-like of shape (n_shadows, n_records)
        The shadows' confidences.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    population_confidence : array-like of shape (n_population,)
        The target's confidences for records of the population that it was not trained on.
    population_shadow_confidence : array-like of shape (n_shadows, n_population)
        The shadows' confidences for these.
    a : float, default=0.3
        Slope of the line, in [0, 1]: 1 if training on a record changes nothing, 0 if it makes any
        answer certain.
    gamma : float, default=1.0
        By how much a record must dominate; above 0. It is 2 in the paper.
    online : bool, default=True
        Whether the shadows that saw a record count.
    population_in_mask : array-like of bool, shape (n_shadows, n_population), default=None
        Which shadows saw which records of the population. By default none saw any.

    Returns
    -------
    ndarray of shape (n_records,)
        Scores in [0, 1]; higher is more member-like.

    Raises
    ------
    ValueError
        If shapes do not fit, or a confidence or a parameter is out of its range.

    See Also
    --------
    RMIA : The attack.
    base_scores : The same order of records, without the ties at both ends.

    Notes
    -----
    Since the share grows with r(x), sorting the population once replaces the comparison of all
    pairs: O((n + p) log p) for n records and p of the population.

    References
    ----------
    .. [1] S. Zarifzadeh, P. Liu and R. Shokri, "Low-cost high-power membership inference attacks",
       ICML 2024. Sections 3 and 4.

    Examples
    --------
    >>> from skmia.attacks import rmia_scores
    >>> rmia_scores(
    ...     [0.9, 0.4],
    ...     [[0.5, 0.45], [0.6, 0.35]],
    ...     [[False, False], [False, False]],
    ...     [0.8, 0.5, 0.3],
    ...     [[0.7, 0.6, 0.5], [0.6, 0.4, 0.3]],
    ... )
    array([1.        , 0.33333333])
    """
    given = _check_confidence(confidence, shadow_confidence, in_mask)
    if population_in_mask is None:
        population_in_mask = np.zeros(np.shape(population_shadow_confidence), dtype=bool)
    population = _check_confidence(
        population_confidence, population_shadow_confidence, population_in_mask, "population_"
    )
    if len(given[1]) != len(population[1]):
        raise ValueError(
            "The same shadows must answer for the records and the population, got "
            f"{len(given[1])} and {len(population[1])} of them."
        )
    offline = population_share(
        likelihood_ratios(*given, a=a, online=False),
        np.sort(likelihood_ratios(*population, a=a, online=False)),
        gamma,
    )
    if not online:
        return offline
    both = population_share(
        likelihood_ratios(*given, a=a, online=True),
        np.sort(likelihood_ratios(*population, a=1, online=True)),
        gamma,
    )
    return np.where(given[2].any(axis=0), both, offline)


def _check_confidence(confidence, shadow_confidence, in_mask, of=""):
    names = [f"{of}{name}" for name in ("confidence", "shadow_confidence", "in_mask")]
    given = check_signals(confidence, shadow_confidence, in_mask, names)
    low = min(values.min() for values in given[:2])
    high = max(values.max() for values in given[:2])
    if low < 0 or high > 1 + 1e-6:
        raise ValueError(
            f"{names[0]} and {names[1]} are probabilities in [0, 1], got values from {low:.6g} to "
            f"{high:.6g}. "
            "Give the signal 'confidence', not its logarithm."
        )
    return given


def likelihood_ratios(confidence, shadow_confidence, in_mask, *, a, online):
    """Return each record's confidence over its mean among models in and out, see `rmia_scores`.

    Parameters
    ----------
    confidence : ndarray of shape (n_records,)
        The target's confidences.
    shadow_confidence : ndarray of shape (n_shadows, n_records)
        The shadows' confidences.
    in_mask : ndarray of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    a : float
        Slope of the line that stands for shadows that saw a record, where none are asked.
    online : bool
        Whether the shadows that saw a record count.

    Returns
    -------
    ndarray of shape (n_records,)
        The ratios, at least 0.
    """
    ratios = np.empty(len(confidence))
    for block in blocks_of(in_mask.shape):
        sides = block_moments(shadow_confidence[:, block], in_mask[:, block])
        out, seen = (np.where(side.count > 0, side.mean, 0.0) for side in sides)
        # a record that all shadows saw: the line, read the other way
        inverted = np.maximum(seen + a - 1, 0) / a if a > 0 else seen
        out = np.where(sides[0].count > 0, out, inverted)
        expected = ((1 + a) * out + 1 - a) / 2
        if online:
            both = np.where(sides[0].count > 0, (out + seen) / 2, seen)
            expected = np.where(sides[1].count > 0, both, expected)
        ratios[block] = confidence[block] / np.maximum(expected, _LEAST)
    return ratios


def tempered_confidence(logit_confidence, temperature):
    """Return confidences at a temperature: the larger it is, the less sure they are.

    Parameters
    ----------
    logit_confidence : ndarray
        Logarithmic odds of the true label against all others.
    temperature : float
        What they are divided by.

    Returns
    -------
    ndarray
        Confidences in [0, 1].
    """
    return expit(logit_confidence / temperature)


def population_share(ratios, population_ratios, gamma):
    """Return the share of the population that each ratio dominates.

    Parameters
    ----------
    ratios : ndarray of shape (n_records,)
        Ratios of the records.
    population_ratios : ndarray of shape (n_population,)
        Ratios of the population, sorted.
    gamma : float
        By how much to dominate.

    Returns
    -------
    ndarray of shape (n_records,)
        Shares in [0, 1].
    """
    dominated = np.searchsorted(gamma * population_ratios, ratios, side="left")
    return dominated / len(population_ratios)


@validate_params(
    confidence=ARRAY, shadow_confidence=ARRAY, in_mask=ARRAY, online=BOOLEAN, offline_scale=SHARE
)
def base_scores(confidence, shadow_confidence, in_mask, *, online=True, offline_scale=0.33):
    """Return the logarithm of each record's confidence over its mean among the shadows.

    score(x) = log p(x | θ) − log p(x), where p(x) is the mean confidence of all shadows. Offline,
    and for a record that no shadow saw, log p(x | θ) − s log p_out(x), where p_out is the mean of
    the shadows that did not see x. Online it puts records into the same order as RMIA, if as many
    shadows saw each record as did not.

    Parameters
    ----------
    confidence : array-like of shape (n_records,)
        The target's confidences in the true labels, in [0, 1].
    shadow_confidence : array-like of shape (n_shadows, n_records)
        The shadows' confidences.
    in_mask : array-like of bool, shape (n_shadows, n_records)
        Which shadows saw which records.
    online : bool, default=True
        Whether the shadows that saw a record count.
    offline_scale : float, default=0.33
        The factor s, in [0, 1].

    Returns
    -------
    ndarray of shape (n_records,)
        Scores; higher is more member-like. Confidences below 1e-30 count as 1e-30.

    Raises
    ------
    ValueError
        If shapes do not fit, or a confidence is out of its range.

    See Also
    --------
    rmia_scores : The share of a population instead of a logarithm.

    References
    ----------
    .. [1] "BASE", 2025, arXiv:2505.24089.

    Examples
    --------
    >>> from skmia.attacks import base_scores
    >>> base_scores([0.9, 0.4], [[0.9, 0.4], [0.5, 0.4]], [[True, True], [False, False]])
    array([0.25131443, 0.        ])
    """
    confidence, shadow_confidence, in_mask = _check_confidence(
        confidence, shadow_confidence, in_mask
    )
    own = np.log(np.maximum(confidence, _LEAST, dtype=np.float64))
    scores = np.empty(len(own))
    for block in blocks_of(in_mask.shape):
        out, seen = block_moments(shadow_confidence[:, block], in_mask[:, block])
        means = [np.where(side.count > 0, side.mean, 0.0) for side in (out, seen)]
        counts = [out.count, seen.count]
        overall = np.average(means, axis=0, weights=counts)
        offline = np.where(out.count > 0, means[0], overall)
        scores[block] = own[block] - offline_scale * np.log(np.maximum(offline, _LEAST))
        if online:
            ratio = own[block] - np.log(np.maximum(overall, _LEAST))
            scores[block] = np.where(seen.count > 0, ratio, scores[block])
    return scores
