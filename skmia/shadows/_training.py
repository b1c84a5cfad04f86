"""The training of shadow models, wherever their jobs run."""

import os
import warnings
from concurrent.futures import BrokenExecutor, CancelledError
from contextlib import nullcontext
from typing import NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.parallel import Parallel, delayed

from skmia._target import final_estimator
from skmia.exceptions import ShadowTrainingError, StorageWarning
from skmia.utils._blas import single_blas_thread
from skmia.utils._sklearn import _safe_indexing, _set_random_states


class ShadowJob(NamedTuple):
    """What a shadow comes from, beside the records."""

    number: int
    template: BaseEstimator
    seed: int
    rows: np.ndarray  # bool, the records that it is trained on
    process: int  # that begins the training


def train_shadows(jobs, X, y, store, *, context, owner):
    """Train shadows in the owner's `n_jobs` processes; yield number and shadow as each ends."""
    context.call_on_fit_task_begin(estimator=owner, X=X, y=y)
    contexts = {
        job.number: context.subcontext(task_name="shadow", task_id=job.number) for job in jobs
    }
    missing = {job.number: job for job in jobs}
    with single_blas_thread():
        while missing:
            n_before = len(missing)  # as long as some end between one death and the next, go on
            try:
                for number, shadow in _train_once(missing, X, y, store, contexts, owner):
                    del missing[number]
                    yield number, shadow
            except (BrokenExecutor, CancelledError):
                # a worker died, and took jobs or the only copy of the records with it
                if len(missing) == n_before:
                    raise
    context.call_on_fit_task_end(estimator=owner)


def _train_once(jobs, X, y, store, contexts, owner):
    """Train shadows until all have ended or a worker dies."""

    def _tasks():
        for number, job in list(jobs.items()):
            contexts[number].call_on_fit_task_begin(estimator=owner)
            yield delayed(train_shadow)(X, y, job, store)

    # unordered: each is stored and yielded as it ends, not when the slowest before it does
    parallel = Parallel(owner.n_jobs, verbose=owner.verbose, return_as="generator_unordered")
    for number, shadow, not_stored in parallel(_tasks()):
        if not_stored is not None:
            warnings.warn(not_stored, StorageWarning, stacklevel=7)
        contexts[number].call_on_fit_task_end(estimator=owner)
        yield number, shadow


# X is an argument of its own, so that joblib can share it between tasks
def train_shadow(X, y, job, store):
    """Train a shadow and store it; return number, shadow, and a warning if it is not stored."""
    rows = np.flatnonzero(job.rows)
    try:
        with one_blas_thread(job.process):
            shadow = fit_clone(job.template, job.seed, X, y, rows)
    except Exception as error:  # whatever a model raises when it is fitted
        raise ShadowTrainingError(_failure(job, len(rows), error, store)) from error
    return job.number, shadow, None if store is None else store.save(job, shadow)


def fit_clone(template, seed, X, y, rows):
    """Fit a clone to some of the records; all its random choices follow from the seed."""
    model = clone(template)
    if hasattr(model, "get_params"):  # nested ones get seeds of their own
        _set_random_states(model, seed)
    model.fit(_safe_indexing(X, rows), _safe_indexing(y, rows))
    return model


def one_blas_thread(process):
    """Return a context in which BLAS uses one thread, for a job that `process` began."""
    # in that process the limit is set already, and setting it takes time
    return nullcontext() if os.getpid() == process else single_blas_thread()


def trained_masks(given, shadows):
    """Return masks of real training records, without those that networks of skmia held out."""
    fitted = [final_estimator(shadow) for shadow in shadows]
    held_out = [np.asarray(getattr(model, "held_out_rows_", ()), dtype=int) for model in fitted]
    if not any(map(len, held_out)):
        return given  # the very array
    trained = given.copy()
    for mask, rows, of_fit in zip(trained, given, held_out, strict=True):
        mask[np.flatnonzero(rows)[of_fit]] = False  # rows of the fit are a part of all
    return trained


def _failure(job, n_rows, error, store):
    rest = "With directory= those that are trained would be kept."
    if store is not None:
        rest = f"Those that are trained are kept in {store.directory}; fit goes on from there."
    return (
        f"Shadow model {job.number} ({type(job.template).__name__}, seed {job.seed}, {n_rows} "
        f"records) could not be trained: {type(error).__name__}: {str(error).rstrip('.')}. {rest}"
    )
