"""Indirect inference: what answers to other records tell of a record that is never asked for."""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_random_state, indexable

from skmia._records import KnownRecords, concatenate
from skmia._response import (
    all_classes,
    check_labels,
    check_target,
    class_probabilities,
    label_index,
    response_method_of,
)
from skmia._result import Result
from skmia.attacks.compared._p_values import combine_p_values, gmia_p_values
from skmia.shadows import ShadowModels, perturb_records, shadow_template
from skmia.signals import loss
from skmia.utils._constraints import COUNT, ROW_NUMBERS, SHARE, TWO_OR_MORE, Number, validate_params
from skmia.utils._sklearn import HasMethods, _num_samples, _safe_indexing


@dataclass(frozen=True, repr=False, eq=False)
class IndirectInference(Result):
    """P-values of records that the target was never asked for.

    Attributes
    ----------
    p_values : ndarray of shape (n_attacked,)
        P-values, in (0, 1]; 1 where no enhancing record was found.
    n_queries : ndarray of int, shape (n_attacked,)
        How many records the target was asked for. 0 means that the attack says nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.attacks import IndirectInference
    >>> IndirectInference(np.array([0.02, 1.0]), np.array([8, 0])).to_frame()
       p_values  n_queries
    0      0.02          8
    1      1.00          0
    """

    p_values: np.ndarray
    n_queries: np.ndarray

    _rows = ("p_values", "n_queries")


@validate_params(
    records=ROW_NUMBERS,
    n_training_records=TWO_OR_MORE,
    estimator=[HasMethods("fit"), None],
    n_references=TWO_OR_MORE,
    n_positive=[Number(Integral, 6, None, closed="left")],
    n_candidates=TWO_OR_MORE,
    n_queries=COUNT,
    min_correlation=SHARE,
    flip_rate=SHARE,
)
def gmia_indirect(
    target,
    X,
    y,
    records,
    *,
    n_training_records,
    estimator=None,
    n_references=100,
    n_positive=50,
    n_candidates=100,
    n_queries=10,
    min_correlation=0.3,
    flip_rate=0.1,
    response_method="auto",
    random_state=None,
    n_jobs=None,
):
    """Infer membership of a few records from the target's answers to others (GMIA, indirect).

    The attacker trains models with and without a record r, and so learns its enhancing records:
    others to which the answers change with r. The target is asked for these, never for r. For each,
    a p-value compares the confidence in r's class with reference models that never saw r, in the
    direction that r would push it. :func:`combine_p_values` makes them one; if small, it speaks for
    membership.

    The attacker knows r with its label. They have records from the target's distribution, and know
    or guess the type of the target, its parameters and the size of its training set.

    Parameters
    ----------
    target : estimator
        The fitted classifier under attack. It is never refitted.
    X : array-like of shape (n_records, ...)
        The attacker's records, with those under attack, in any container that both the target and
        :func:`~skmia.shadows.perturb_records` take.
    y : array-like of shape (n_records,)
        Their labels.
    records : array-like of int, shape (n_attacked,)
        Row numbers of the records under attack. All others but their twins are the background.
    n_training_records : int
        Number of records that the target was trained on, from 2 to those of the background.
    estimator : estimator, default=None
        The type of the models to train; by default that of the target.
    n_references : int, default=100
        Number of models to compare the target's answers with, at least 2.
    n_positive : int, default=50
        Number of models trained with each record under attack, at least 6, and of models without it
        to compare them with.
    n_candidates : int, default=100
        Number of candidates for enhancing records, at least 2: half of them r with some of its
        features changed, half from the background.
    n_queries : int, default=10
        The most records to ask the target for, at least 1.
    min_correlation : float, default=0.3
        The least correlation of r's membership with the confidence, in [0, 1], for a record to be
        asked for. It must hold, with its sign, in models other than those that chose the record.
    flip_rate : float, default=0.1
        Probability that a feature of r is changed.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        What the target reveals.
    random_state : int, RandomState instance or None, default=None
        Draws the background samples and the candidates, and seeds the models.
    n_jobs : int, default=None
        Number of models trained at the same time.

    Returns
    -------
    IndirectInference
        For each record a p-value, and the number of records that the target was asked for.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or records are no row numbers of X.
    TypeError
        If a parameter is not of its type.

    Notes
    -----
    Models with and without r are trained on the same background samples, the former with r in the
    place of one record. One half of these models chooses the records of the largest correlation and
    the other confirms them. The references are others. The outline is that of [1]_; this search is
    our own. For non-members, and with 100 references, the combined p-value is uniform within 0.03.

    This holds if references are models like the target. They share the records of the background,
    and so resemble one another more than a target with other records. If a sample is a share f of
    the background and answers vary normally, the ratio of variances is (1 + f) / (1 - f): for
    non-members, about 1.8 % of p-values are below 0.01 with f = 0.1, and 9 % with f = 0.5. The
    background should be many times as large as `n_training_records`.

    References
    ----------
    .. [1] Y. Long et al., "Understanding membership inferences on well-generalized learning
       models", 2018, arXiv:1802.04889. Indirect inference.

    Examples
    --------
    A record far from all others, with the label of the other side, turns a linear model:

    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.attacks import gmia_indirect
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(601, 2))
    >>> y = (X[:, 0] + rng.normal(size=601) > 0).astype(int)
    >>> X[600], y[600] = [-9, 9], 1
    >>> options = {"n_positive": 10, "n_references": 40, "random_state": 0}
    >>> for rows in (np.r_[:29, 600], np.r_[:30]):
    ...     target = LogisticRegression().fit(X[rows], y[rows])
    ...     found = gmia_indirect(target, X[30:], y[30:], [570], n_training_records=30, **options)
    ...     print((found.p_values < 0.05).item())
    True
    False
    """
    check_target(target, response_method)
    (X,) = indexable(X)
    y = check_labels(X, y)
    background = _background(X, records, len(y), n_training_records)
    rng = check_random_state(random_state)
    method = response_method_of(target, response_method)
    template = shadow_template(target) if estimator is None else estimator
    models = Bunch(template=template, rng=rng, n_jobs=n_jobs, method=method)
    # references come first; then those whose samples are also trained on with a record under attack
    samples = _samples(background, len(y), n_training_records, n_references + n_positive, rng)
    without = _train(models, X, y, samples)
    found = []
    for r in records:
        with_r = _with_record(samples[n_references:], r, rng)
        candidates = _candidates(X, r, background, n_candidates, flip_rate, rng)
        labels = np.full(_num_samples(candidates), y[r])
        signals = _observe(models, without, candidates, labels)
        positive = _observe(models, _train(models, X, y, with_r), candidates, labels)
        chosen, signs = enhancing(positive, signals[n_references:], n_queries, min_correlation)
        p = 1.0
        if len(chosen):
            queries = _safe_indexing(candidates, chosen)
            asked = _ask(target, method, queries, labels[chosen])
            p = indirect_p_value(signs * asked, signs * signals[:n_references][:, chosen])
        found.append((p, len(chosen)))
    p_values, n_asked = zip(*found, strict=True)
    return IndirectInference(np.array(p_values), np.array(n_asked))


def _background(X, records, n_rows, n_training_records):
    """Return the rows that references are trained on."""
    if (last := np.max(records)) >= n_rows:
        raise ValueError(f"records must be row numbers of X, from 0 to {n_rows - 1}, got {last}.")
    # by content: a twin of a record under attack would let references see it
    contents = KnownRecords(X, np.zeros(n_rows, dtype=int)).contents()
    background = np.flatnonzero(~np.isin(contents, contents[records]))
    if len(background) < n_training_records:
        raise ValueError(
            f"References are trained on n_training_records={n_training_records} records of the "
            f"background, which has {len(background)} besides those under attack. Give more "
            "records."
        )
    return background


def _samples(background, n_rows, size, n_samples, rng):
    """Return masks of samples of the background."""
    masks = np.zeros((n_samples, n_rows), dtype=bool)
    for mask in masks:
        mask[rng.choice(background, size, replace=False)] = True
    return masks


def _with_record(masks, r, rng):
    """Return the samples with one record in the place of another in each."""
    masks = masks.copy()
    for mask in masks:
        mask[rng.choice(np.flatnonzero(mask))] = False
        mask[r] = True
    return masks


def _train(models, X, y, masks):
    """Return shadows, each trained on the records of one mask."""
    # one seed, drawn before the jobs start
    seed = models.rng.randint(2**31 - 1)
    options = {"splitter": masks, "random_state": seed, "n_jobs": models.n_jobs}
    return ShadowModels(models.template, len(masks), **options).fit(X, y)


def _observe(models, shadows, X, y):
    return shadows.observe(X, y, "loss", response_method=models.method).astype(np.float64)


def _ask(target, method, X, y):
    """Return the target's signals, as `_observe` does those of models."""
    classes = all_classes(target, X, y, method=method)
    proba = class_probabilities(target, X, classes, method=method)
    return loss(proba, label_index(y, classes)).astype(np.float64)


def _candidates(X, r, background, n_candidates, flip_rate, rng):
    """Return changed copies of a record and random others, without the record itself."""
    n_copies = n_candidates // 2
    drawn = rng.choice(background, n_candidates - n_copies)
    # a changed feature has a value of another record, so there must be others
    around = _safe_indexing(X, np.r_[np.full(n_copies, r), rng.choice(background, n_copies)])
    noisy, _ = perturb_records(
        around, np.zeros(2 * n_copies, dtype=int), flip_rate=flip_rate, random_state=rng
    )
    both = concatenate(_safe_indexing(noisy, np.arange(n_copies)), _safe_indexing(X, drawn))
    # a copy of which no feature was changed is the record itself, which is never asked for
    own = KnownRecords(_safe_indexing(X, [r]), [0])
    is_other = own.find(both, np.zeros(n_candidates, dtype=int)) < 0
    return _safe_indexing(both, np.flatnonzero(is_other))


def enhancing(positive, negative, n_queries, min_correlation):
    """Choose the candidates whose signals, (n_models, n_candidates), change most with membership.

    Return their numbers, and for each 1 where the signal rises with membership, -1 where it falls.
    """
    # one half of the models chooses, the other confirms: the largest of many is large by chance
    first, second = (_correlation(positive[half::2], negative[half::2]) for half in (0, 1))
    best = np.argsort(-np.abs(first), kind="stable")[:n_queries]
    signs = np.sign(first[best])
    # a constant answer has the sign 0
    kept = (signs != 0) & (signs * second[best] >= min_correlation)
    return best[kept], signs[kept]


def _correlation(positive, negative):
    """Return the correlation of each column with membership; 0 for a constant one."""
    values = np.vstack([positive, negative])
    bit = np.repeat([0.5, -0.5], [len(positive), len(negative)])
    bit = (bit - bit.mean())[:, None]
    centered = values - values.mean(axis=0)
    spread = np.sqrt((centered**2).sum(axis=0) * (bit**2).sum())
    # not `spread > 0`, since the mean of equal values may differ from them in the last digit
    is_varied = np.ptp(values, axis=0) > 0
    return np.where(is_varied, (bit * centered).sum(axis=0) / np.where(is_varied, spread, 1), 0)


def indirect_p_value(signals, references):
    """Return one combined p-value of the target's signals, which rise with membership."""
    p_values = gmia_p_values(signals, references, np.zeros(references.shape, dtype=bool))
    # p-values of one target's answers depend on one another as the references' signals do
    centered = references - references.mean(axis=0)
    norms = np.sqrt((centered**2).sum(axis=0))
    # a constant column has the norm 0
    correlation = centered.T @ centered / np.maximum(np.outer(norms, norms), 1e-300)
    return combine_p_values(p_values, correlation, n_references=len(references))
