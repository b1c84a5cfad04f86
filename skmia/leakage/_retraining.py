"""Membership leakage of records, from models trained with and without them."""

from dataclasses import dataclass
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.utils import check_random_state, indexable
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skmia._records import KnownRecords
from skmia._response import check_labels
from skmia._result import Estimate, Result
from skmia.leakage._bounds import membership_success_bound, total_variation_bound, tpr_bound
from skmia.leakage._estimators import Resamples
from skmia.leakage._per_record import (
    COLUMNS,
    KL_METHODS,
    Question,
    check_finite,
    check_model_counts,
    leakage_of_records,
)
from skmia.shadows._shadow_models import ShadowModels
from skmia.signals import get_signal_names
from skmia.utils._constraints import ARRAY_OR_NONE, FPR, Even, Names, validate_params
from skmia.utils._sklearn import _safe_indexing

_N_NEIGHBORS = 5
# Halves serve for a standard error only, and each takes a search for neighbors.
_N_RESAMPLES = {"gaussian": 1000, "neighbors": 50, "pooled": 1000}
_RESTS = "fixed", "random"


@dataclass(frozen=True, repr=False, eq=False)
class MembershipLeakage(Result):
    r"""The leakage of records, from models trained with and without them, by `membership_leakage`.

    Attributes
    ----------
    rows, n_in, n_out : ndarray of shape (n_rows,)
        The numbers of the records, and how many models there are with and without each.
    kl, kl_low, kl_high : ndarray of shape (n_rows,)
        :math:`K_i` in nats with its interval.
    reverse_kl : ndarray of shape (n_rows,)
        :math:`K(P_{i,0} \Vert P_{i,1})`.
    mutual_information : ndarray of shape (n_rows,)
        :math:`I_i` in nats: with "pooled" as for Gaussians, with the other methods the upper bound
        :math:`\pi (1 - \pi)` times the sum of both divergences.
    total_variation, success_bound, tpr_bound : ndarray of shape (n_rows,)
        Bounds on an attack's advantage, its balanced accuracy and its true positive rate at
        `false_positive_rate`, if the divergences were these estimates. An attack may exceed them
        where an estimate is too low, or the statistic not Gaussian. For bounds with confidence,
        give ``kl_high`` to the functions of bounds.
    mean_kl, mean_mutual_information : Estimate
        Averages of numbers that may be negative, so that records without leakage add up to none.
    method : str
        The estimator in words.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.leakage import membership_leakage
    >>> X, y = make_classification(60, flip_y=0, random_state=0)
    >>> leakage = membership_leakage(LogisticRegression(), X, y, n_models=32, random_state=0)
    >>> leakage.to_frame().columns[:6].tolist()
    ['rows', 'n_in', 'n_out', 'kl', 'kl_low', 'kl_high']
    """

    rows: np.ndarray
    n_in: np.ndarray
    n_out: np.ndarray
    kl: np.ndarray
    kl_low: np.ndarray
    kl_high: np.ndarray
    reverse_kl: np.ndarray
    mutual_information: np.ndarray
    total_variation: np.ndarray
    success_bound: np.ndarray
    tpr_bound: np.ndarray
    mean_kl: Estimate
    mean_mutual_information: Estimate
    method: str

    _rows = ("rows", "n_in", "n_out", *COLUMNS, "total_variation", "success_bound", "tpr_bound")


@validate_params(
    rows=ARRAY_OR_NONE,
    n_models=[Even(Integral, 2, None, closed="left", example="256, half of which see a record")],
    statistic=[Names(*get_signal_names(), "log_odds"), callable],
    other_records=[Names(*_RESTS)],
    method=[Names(*KL_METHODS)],
    false_positive_rate=FPR,
)
def membership_leakage(
    estimator,
    X,
    y,
    *,
    rows=None,
    n_models=256,
    statistic="logit_confidence",
    other_records="random",
    method="pooled",
    prior=0.5,
    false_positive_rate=0.01,
    confidence_level=0.95,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    r"""Estimate how much models give away of the membership of each record, in nats.

    .. math:: K_i = K(P_{i,1} \Vert P_{i,0}), \qquad
              I_i = \pi K(P_{i,1} \Vert M_i) + (1 - \pi) K(P_{i,0} \Vert M_i)

    where :math:`P_{i,1}` is the law of a statistic of models trained with record :math:`i`,
    :math:`P_{i,0}` of models trained without it, :math:`M_i = \pi P_{i,1} + (1 - \pi) P_{i,0}`
    their mixture by the prior :math:`\pi`, and :math:`K` the Kullback-Leibler divergence. 0 means
    that the statistic tells nothing of membership. :math:`I_i` is at most the entropy of the prior,
    ln 2 for 0.5; :math:`K_i` has no upper limit.

    The attacker sees the statistic of one model, and trains as many models as they like on records
    of the same population to know its laws. A statistic of the answer gives the leakage of the
    black box, a lower bound on that of the parameters, which a function as statistic can return.

    Parameters
    ----------
    estimator : estimator or ShadowModels
        The classifier or pipeline to train clones of; or fitted shadow models, which are asked
        instead. Their masks then say who saw what; `n_models` and `other_records` do not count.
    X : array-like of shape (n_records, ...)
        Records, in any container that the estimator takes.
    y : array-like of shape (n_records,)
        Their labels.
    rows : array-like of int or of bool, default=None
        The records to measure, None for all.
    n_models : int, default=256
        Models trained, even. About half of them see a record. With fewer than 128 on each side,
        only averages over records are worth reading.
    statistic : str or callable, default="logit_confidence"
        What the attacker sees: the name of a signal, "log_odds" or a function. "log_odds" are the
        n_classes − 1 logarithms of other classes' probabilities over that of the true class. A
        function takes a model, X and y, and returns an array of shape (n_records,) or (n_records,
        n_dimensions). With many ties or extreme values, such as those of trees or of a class that
        some models have not seen, a statistic is not Gaussian: "pooled" misses its divergence.
    other_records : {"random", "fixed"}, default="random"
        "random" draws half of all records anew for each model (``splitter="overlapping"`` of
        `ShadowModels`), so that all records share the models. The attacker does not know them.
        "fixed" takes all other records: `n_models` / 2 models are trained on all, and for each
        record in `rows` as many on all but it, so that models differ by their seeds alone. This
        is the strongest attacker, who knows all others. The training must have chance in it.
    method : {"pooled", "gaussian", "neighbors"}, default="pooled"
        The estimator, see :func:`kl_leakage`.
    prior : float, default=0.5
        Probability that a record is a member, in (0, 1).
    false_positive_rate : float, default=0.01
        Where the true positive rate is bounded, in (0, 1).
    confidence_level : float, default=0.95
        Coverage of each interval, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws the training records, the seeds of the models and the resamples.
    n_jobs : int, default=None
        Number of models trained, and asked, at the same time.
    verbose : int, default=0
        Above 0, joblib prints the progress of the training.

    Returns
    -------
    MembershipLeakage
        For each of `rows` the divergence ``kl`` with its interval, the mutual information and
        bounds on attacks, and averages over the records; `print` it.

    Raises
    ------
    ValueError
        If the shadow models lack a record, models are too few or, with ``other_records="fixed"``,
        do not differ, a statistic is not finite, or an option is out of range.
    ShadowTrainingError
        If a model cannot be trained.

    Notes
    -----
    Intervals of averages resample records and models, since all records share the models. Those of
    "neighbors" resample the records alone, and are too narrow.

    With ``other_records="random"`` the leakage is that of models of half the records, and up to
    twice that of models on records from the whole population, since halves of one pool vary half as
    much: for those see the user guide. Records of equal content are in or out together.

    Shadow models of ``splitter="halves"`` serve too. But the two models of a pair answer the
    opposite way to the other records, which makes the squared error of a difference of means up to
    twice that of independent models. "pooled" removes the bias that is measured between them;
    "gaussian" and "neighbors" do not. All of this is a reconstruction: only the abstract of [1]_
    was known.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020, abstract.
    .. [2] N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis and F. Tramèr, "Membership inference
       attacks from first principles", IEEE S&P 2022, section V.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.leakage import membership_leakage
    >>> X, y = make_classification(100, flip_y=0, random_state=0)
    >>> leakage = membership_leakage(LogisticRegression(), X, y, n_models=64, random_state=0)
    >>> leakage.kl.shape
    (100,)
    >>> round(float(leakage.mean_mutual_information), 2)  # of at most ln 2
    0.07
    """
    (X,) = indexable(X)
    y = check_labels(X, y)
    rows = _row_numbers(rows, len(y))
    seeds = check_random_state(random_state).randint(2**31 - 1, size=4)
    records = _safe_indexing(X, rows), y[rows]
    if isinstance(estimator, ShadowModels):
        check_is_fitted(estimator)
        models = _of_shadows(estimator, *records, statistic, n_jobs)
    else:
        training = {"random_state": int(seeds[0]), "n_jobs": n_jobs, "verbose": verbose}
        train = _with_random_rest if other_records == "random" else _with_fixed_rest
        models = train(estimator, X, y, rows, n_models, statistic, training)
    question = Question(method, prior, confidence_level, _N_NEIGHBORS, int(seeds[1]))
    return _estimated(models, rows, question, seeds[2:], false_positive_rate)


def _estimated(models, rows, question, seeds, false_positive_rate):
    sides, masks, groups = models
    n_in, n_out = (mask.sum(axis=0) for mask in masks)
    _check_models(sides, n_in, n_out, rows, question)
    n_resamples = _N_RESAMPLES[question.method]
    resamples = [
        Resamples(group, n_resamples, seed) for group, seed in zip(groups, seeds, strict=True)
    ]
    if sides[0] is sides[1]:  # the same models are resampled alike
        resamples[1] = resamples[0]
    found = leakage_of_records(sides, masks, resamples, question)
    divergences = found.kl, found.reverse_kl
    return MembershipLeakage(
        rows=rows,
        n_in=n_in,
        n_out=n_out,
        **found,
        total_variation=total_variation_bound(*divergences),
        success_bound=membership_success_bound(*divergences),
        tpr_bound=tpr_bound(found.kl, false_positive_rate, found.reverse_kl),
    )


def _with_random_rest(estimator, X, y, rows, n_models, statistic, training):
    # not "halves": the two models of a pair err in opposite ways
    shadows = ShadowModels(estimator, n_models, splitter="overlapping", **training).fit(X, y)
    return _of_shadows(shadows, _safe_indexing(X, rows), y[rows], statistic, training["n_jobs"])


def _of_shadows(shadows, X, y, statistic, n_jobs):
    values = _observe(shadows, X, y, statistic, n_jobs)
    in_mask, out_mask, _ = shadows.lookup(X, y)
    out_mask = out_mask & in_mask.any(axis=0)  # a foreign record is on no side
    return (values, values), (in_mask, out_mask), (shadows.groups_, shadows.groups_)


def _with_fixed_rest(estimator, X, y, rows, n_models, statistic, training):
    """Train models on all records, and for each record others on all but it and its twins."""
    # twins share a block of models, since to leave out one is to leave out the other
    contents = KnownRecords(X, y).contents()
    left_out, block = np.unique(contents[rows], return_inverse=True)
    n_side = n_models // 2
    seen = np.ones((n_side * (1 + len(left_out)), len(y)), dtype=bool)
    seen[n_side:] = np.repeat(contents != left_out[:, None], n_side, axis=0)
    shadows = ShadowModels(estimator, len(seen), splitter=seen, **training).fit(X, y)
    records = _safe_indexing(X, rows), y[rows]
    values = _observe(shadows, *records, statistic, training["n_jobs"])
    in_mask = shadows.in_mask(*records)
    # the first n_side models saw all records, and then each content left out has n_side of its own
    here = n_side * (1 + block) + np.arange(n_side)[:, None], np.arange(len(rows))
    sides = values[:n_side], values[here]
    masks = in_mask[:n_side], ~in_mask[here]
    if not any(np.ptp(side, axis=0).any() for side in sides):
        raise ValueError(
            "With other_records='fixed' models on the same records must differ, but all of "
            f"{type(estimator).__name__} give the same statistics: its training has no chance in "
            "it, and its leakage is 0 or infinite. Use other_records='random', or a training with "
            "random_state."
        )
    # seeds are drawn for each model, so that none depends on another
    groups = np.arange(n_side)
    return sides, masks, (groups, groups)


def _observe(shadows, X, y, statistic, n_jobs):
    """Return an array of shape (n_models, n_records, n_dimensions)."""
    if isinstance(statistic, str):
        signals = [statistic]
        if statistic == "log_odds":
            signals = [partial(_log_odds, offset=k) for k in range(1, len(shadows.classes_))]
        return np.stack(shadows.observe(X, y, signals), axis=-1).astype(np.float64)
    parallel = Parallel(n_jobs, require="sharedmem")
    values = parallel(delayed(_call)(statistic, model, X, y) for model in shadows.estimators_)
    return np.stack(values)


def _log_odds(proba, y_index, offset):
    """Return the log odds of the class that comes so many places after the true one."""
    # as of signals, a probability of 0 counts as 1e-30
    proba = np.log(np.maximum(proba.astype(np.float64), 1e-30))
    each = np.arange(len(proba))
    return proba[each, (y_index + offset) % proba.shape[1]] - proba[each, y_index]


def _call(statistic, model, X, y):
    values = np.asarray(statistic(model, X, y))
    if values.ndim not in (1, 2) or len(values) != len(y) or values.dtype.kind not in "biuf":
        raise ValueError(
            "statistic must return a number or a row of numbers for each record: expected shape "
            f"({len(y)},) or ({len(y)}, n_dimensions), got {values.dtype} of {values.shape}."
        )
    return values.reshape(len(y), -1).astype(np.float64)


def _check_models(sides, n_in, n_out, rows, question):
    for side in sides:
        check_finite("statistic", side)
    if (n_in == 0).any():
        raise ValueError(
            f"Record {rows[n_in.argmin()]} was seen by none of the models. Give records that they "
            "were trained on, with the labels that they had there, or more models."
        )
    check_model_counts(n_in.min(), n_out.min(), sides[0].shape[2], question)


def _row_numbers(rows, n_records):
    if rows is None:
        return np.arange(n_records)
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_records,):
        rows = np.flatnonzero(rows)
    is_row = rows.ndim == 1 and rows.dtype.kind in "iu" and rows.size
    if not is_row or rows.min() < 0 or rows.max() >= n_records:
        raise ValueError(
            f"rows must be numbers of records between 0 and {n_records - 1}, or a mask of shape "
            f"({n_records},), at least one of them; got {rows.dtype} of shape {rows.shape}."
        )
    return rows
