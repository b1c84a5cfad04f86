"""How much the answer to a record changes if the record is left out of training."""

import os
from dataclasses import dataclass
from functools import partial
from numbers import Integral

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import check_random_state, indexable
from sklearn.utils.parallel import Parallel, delayed

from skmia._records import KnownRecords
from skmia._response import check_labels, class_probabilities, label_index
from skmia._result import Result
from skmia.exceptions import ShadowTrainingError
from skmia.shadows._template import shadow_template
from skmia.shadows._training import fit_clone, one_blas_thread
from skmia.signals import get_signal, get_signal_names
from skmia.utils._blas import single_blas_thread
from skmia.utils._constraints import COUNT, Names, validate_params
from skmia.utils._sklearn import _safe_indexing

_MOST_ROWS = 200  # by default: each costs a training


@dataclass(frozen=True, repr=False, eq=False)
class RecordSensitivity(Result):
    r"""How much answers change without each record, as :func:`record_sensitivity` measures it.

    Attributes
    ----------
    rows : ndarray of int, shape (n_rows,)
        The records measured.
    sensitivity : ndarray of shape (n_rows,)
        Their :math:`\Delta`, the mean over the seeds.
    standard_error : ndarray of shape (n_rows,)
        Its standard error, of the seeds and not of the other training records; NaN for one seed.
    background : ndarray of shape (n_rows,)
        The mean change of the same answer if another of the rows is left out; NaN if there is none.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmia.leakage import record_sensitivity
    >>> result = record_sensitivity(KNeighborsClassifier(1), [[0], [1], [5]], [0, 0, 1], rows=[2])
    >>> result.sensitivity.round(3)
    array([1.414])
    """

    rows: np.ndarray
    sensitivity: np.ndarray
    standard_error: np.ndarray
    background: np.ndarray

    _rows = ("rows", "sensitivity", "standard_error", "background")


@validate_params(
    rows=[*COUNT, "array-like", None],
    output=[Names("probabilities", *get_signal_names()), callable],
    n_repeats=COUNT,
)
def record_sensitivity(
    estimator,
    X,
    y,
    *,
    rows=None,
    output="probabilities",
    response_method="auto",
    n_repeats=1,
    random_state=None,
    n_jobs=None,
    verbose=0,
):
    r"""Measure how much the answer to a record changes if it is left out of training.

    .. math:: \Delta(z) = \lVert f_D(x) - f_{D \setminus z}(x) \rVert_2

    where :math:`f_D` is trained on all records :math:`D`, and :math:`f_{D \setminus z}` on all but
    the record :math:`z = (x, y)` and its copies, with the same seed. 0 means that the model answers
    as if it had never seen the record. For probabilities :math:`\sqrt 2` is the most: the model
    is certain of the record only because it was trained on it.

    This is a measure for the holder of the training records, not an attack.
    :func:`~skmia.inspection.explain_exposure` compares it with the exposure of records.

    Parameters
    ----------
    estimator : estimator
        The classifier or pipeline to train clones of; for a fitted search, its best estimator.
    X : array-like of shape (n_records, ...)
        The training records, in any container that the estimator takes.
    y : array-like of shape (n_records,)
        Their labels.
    rows : int or array-like, default=None
        The records to measure: their rows, a bool for each record, or how many to draw at random.
        None takes all, or 200 of them if there are more.
    output : str or callable, default="probabilities"
        The class probabilities; or one number, whose norm is its absolute value: a signal of
        `skmia.signals` such as "loss", or a function of `proba` and `y_index`.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        How the models are asked.
    n_repeats : int, default=1
        Number of seeds to average over, at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the rows, and the seeds that models with and without a record share.
    n_jobs : int, default=None
        Number of models trained at the same time.
    verbose : int, default=0
        Above 0, joblib prints the progress of the training.

    Returns
    -------
    RecordSensitivity
        The ``sensitivity`` of each record, its ``standard_error`` and ``background``; `print` it.

    Raises
    ------
    ValueError
        If rows or options are invalid, or all records are copies of one.
    TypeError
        If the estimator is no classifier or cannot be cloned.
    ShadowTrainingError
        If a model cannot be trained.

    Notes
    -----
    One model is trained for each row and one with all records, `n_repeats` times. The shared seed
    makes all else equal for a model that draws the same numbers whatever its records. In a forest
    or a network one record less changes all draws that follow. Its `background` is not small, and
    :math:`\Delta` means something only above that. Repeats do not remove the background.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021, who compare the privacy risk score with the sensitivity of
       records. This measure, and the background, are a reconstruction.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmia.leakage import record_sensitivity
    >>> X, y = [[0.0], [1.0], [2.5], [7.0]], [0, 0, 1, 0]
    >>> record_sensitivity(KNeighborsClassifier(1), X, y).sensitivity.round(2)
    array([0.  , 0.  , 1.41, 1.41])
    """
    (X,) = indexable(X)
    y = check_labels(X, y)
    rng = check_random_state(random_state)
    rows = _chosen_rows(rows, len(y), rng)
    seeds = rng.randint(2**31 - 1, size=n_repeats)
    contents = KnownRecords(X, y).contents()
    if not contents.any():
        raise ValueError(
            f"The {len(y)} records are copies of one, so that without it none is left to train on. "
            "Give records of different content."
        )
    asked = {"rows": rows, "output": output, "method": response_method}
    answers = partial(_answers, _template(estimator), X, y, process=os.getpid(), **asked)
    # copies are left out together, as one of them alone would be answered from the others
    left_out, own = np.unique(contents[rows], return_inverse=True)
    with single_blas_thread():
        changes = _changes(answers, contents, left_out, seeds, n_jobs, verbose)
        own_changes, others = _collected(changes, own, len(left_out), n_repeats)
    # of one seed there is no spread
    error = np.full(len(rows), np.nan)
    if n_repeats > 1:
        error = own_changes.std(axis=0, ddof=1) / np.sqrt(n_repeats)
    mean = own_changes.mean(axis=0)
    return RecordSensitivity(rows, mean, standard_error=error, background=others)


def _template(estimator):
    template = shadow_template(estimator)
    if is_regressor(template):
        raise TypeError(
            f"The answers of a classifier are compared, got the regressor {template!r}."
        )
    return template


def _chosen_rows(rows, n_records, rng):
    if rows is None:
        rows = min(n_records, _MOST_ROWS)
    if isinstance(rows, Integral):
        if rows > n_records:
            raise ValueError(f"rows must be at most the {n_records} records, got {rows}.")
        return np.sort(rng.permutation(n_records)[:rows])
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (n_records,):
        rows = np.flatnonzero(rows)
    if rows.ndim != 1 or rows.dtype.kind not in "iu" or not len(rows):
        raise ValueError(
            f"rows must be how many to draw, row numbers, or one bool for each of the {n_records} "
            f"records with some of them True, got {rows.dtype} of shape {rows.shape}."
        )
    if rows.min() < 0 or rows.max() >= n_records:
        raise ValueError(
            f"rows must lie between 0 and {n_records - 1} for {n_records} records, got "
            f"{rows.min()} to {rows.max()}."
        )
    return rows


def _changes(answers, contents, left_out, seeds, n_jobs, verbose):
    """Yield how far all answers change, for each seed and each content that is left out."""
    # as a generator: changes of (n_rows, n_rows) are summed as they come, never held at once
    parallel = Parallel(n_jobs, verbose=verbose, return_as="generator")
    everything = np.ones(len(contents), dtype=bool)
    references = list(parallel(delayed(answers)(everything, seed) for seed in seeds))
    yield from parallel(
        delayed(_change)(answers, contents != content, seed, reference)
        for seed, reference in zip(seeds, references, strict=True)
        for content in left_out
    )


def _change(answers, kept, seed, reference):
    return np.linalg.norm(answers(kept, seed) - reference, axis=1)


def _answers(template, X, y, kept, seed, *, rows, output, method, process):
    """Return the answers to all rows of a model that is trained on the kept records."""
    # of all records, since a model without the only record of a class does not know the class
    classes = np.unique(y)
    with one_blas_thread(process):
        try:
            model = fit_clone(template, seed, X, y, np.flatnonzero(kept))
        except Exception as error:
            raise ShadowTrainingError(_failure(template, kept, error)) from error
        # here, where the model is, so that answers return from a process and the model does not
        proba = class_probabilities(model, _safe_indexing(X, rows), classes, method=method)
    if output == "probabilities":
        return proba
    return get_signal(output)(proba, label_index(y[rows], classes))[:, None]


def _failure(template, kept, error):
    without = np.flatnonzero(~kept).tolist()
    which = f"without record {without[0]}" if without else "with all records"
    remedy = "Leave this record out of rows, or mend" if without else "Mend"
    return (
        f"The model {which} ({type(template).__name__}, {kept.sum()} records) could not be "
        f"trained: {type(error).__name__}: {str(error).rstrip('.')}. {remedy} the estimator."
    )


def _collected(changes, own, n_contents, n_repeats):
    """Return each row's change by its own absence, per seed, and its mean by that of others."""
    own_changes = np.empty((n_repeats, len(own)))
    others = np.zeros(len(own))
    for number, change in enumerate(changes):
        # in the order of _changes: all contents of one seed, then of the next
        repeat, content = divmod(number, n_contents)
        is_own = own == content
        own_changes[repeat, is_own] = change[is_own]
        others[~is_own] += change[~is_own]
    n_others = (n_contents - 1) * n_repeats
    return own_changes, others / n_others if n_others else np.full(len(own), np.nan)
