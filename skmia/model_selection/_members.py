"""Who is a member: the records that a classifier was fitted on, and those held out from it."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import indexable

from skmia._records import RemembersMembers, duplicates_across, fingerprint_both
from skmia._response import check_labels
from skmia.utils._sklearn import _num_samples, folds_in_progress

__all__ = ["Pool", "Sides", "remembered_sides"]


class Sides(NamedTuple):
    """A classifier with records that it was fitted on and others that it was not.

    Parameters
    ----------
    target : estimator
        The fitted classifier.
    X, y : tuple of array-like
        Records and labels that hold the members, and those that hold the non-members.
    rows : tuple of ndarray of int
        Which rows of each count: not those with a twin on the other side.
    """

    target: object
    X: tuple
    y: tuple
    rows: tuple


def remembered_sides(estimator, X, y):
    """Return the members that an estimator remembers, and the evaluation fold as non-members.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier that remembers its training records: itself, or as the best estimator
        of a search, or as the last step of a pipeline.
    X : array-like of shape (n_records, ...)
        The evaluation fold.
    y : array-like of shape (n_records,)
        Its labels.

    Returns
    -------
    Sides or None
        None if the fold is the training set itself, in which there are no non-members.

    Raises
    ------
    ValueError
        If the estimator remembers nothing.
    """
    target, X = _remembering(estimator, X)
    if target is None:
        raise ValueError(
            f"The scorer does not know which records {type(estimator).__name__} was trained on. "
            "Either wrap the whole classifier, MemberRecorder(classifier), which remembers its "
            "training records while in memory; or, if train and test folds together are all "
            "records, give the scorer these: make_membership_scorer(metric, pool=(X, y))."
        )
    X_train, y_train = target._training_records()
    y_train = check_labels(X_train, y_train)
    twins = duplicates_across(X_train, y_train, X, y)
    if all(mask.all() for mask in twins):
        return None
    return Sides(target, (X_train, X), (y_train, y), _rows_without(twins))


def _remembering(estimator, X):
    """Return the estimator that remembers its training records, and X as it is handed to it."""
    if isinstance(estimator, RemembersMembers):
        return estimator, X
    if hasattr(estimator, "best_estimator_"):
        return _remembering(estimator.best_estimator_, X)
    if hasattr(estimator, "steps"):
        last = estimator.steps[-1][1]
        if isinstance(last, RemembersMembers) and len(estimator.steps) > 1:
            X = estimator[:-1].transform(X)
        return _remembering(last, X)
    return None, X


def _rows_without(twins):
    return tuple(np.flatnonzero(~mask) for mask in twins)


class Pool:
    """All records of a cross-validation: the members are those outside the evaluation fold.

    Parameters
    ----------
    X : array-like of shape (n_records, ...)
        All records that are given to the cross-validation.
    y : array-like of shape (n_records,)
        Their labels.
    """

    def __init__(self, X, y):
        (self.X,) = indexable(X)
        self.y = check_labels(self.X, y)

    def sides(self, estimator, X, y):
        """Return the members, which are the pool less the evaluation fold, and the non-members.

        Parameters
        ----------
        estimator : estimator
            The classifier, fitted on all records of the pool outside the fold.
        X : array-like of shape (n_records, ...)
            The evaluation fold.
        y : array-like of shape (n_records,)
            Its labels.

        Returns
        -------
        Sides or None
            None if the fold is the training set itself, whose complement may have been anything.

        Raises
        ------
        ValueError
            If the fold is not a part of the pool, or the cross-validation that is calling has
            left records of the pool out of both folds.
        """
        folds = folds_in_progress()
        if folds is not None and folds.X_train is X:
            return None
        fingerprints = fingerprint_both(self.X, self.y, X, y, names=("the pool", "the fold"))
        _, codes = np.unique(np.concatenate(fingerprints), return_inverse=True)
        in_pool, in_fold = np.split(codes, [len(self.y)])
        n_in_fold = np.bincount(in_fold, minlength=codes.max() + 1)
        n_trained = np.bincount(in_pool, minlength=codes.max() + 1) - n_in_fold
        self._check_fold(np.sum(n_trained[in_fold] < 0), len(y))
        self._check_training(folds, X)
        twins = n_in_fold[in_pool] > 0, n_trained[in_fold] > 0
        return Sides(estimator, (self.X, X), (self.y, y), _rows_without(twins))

    def _check_fold(self, n_strange, n_fold):
        if n_strange:
            raise ValueError(
                f"{n_strange} of the {n_fold} records in the evaluation fold are not in the pool, "
                "or more often than there. The pool must be the very X and y that are given to "
                "the cross-validation; where labels are permuted or X is changed before the "
                "split, use MemberRecorder(classifier) without a pool."
            )
        if n_fold == len(self.y):
            raise ValueError(
                "The evaluation fold is the whole pool, so that no record is left as a member. A "
                "scorer with a pool is for the folds of a cross-validation; use "
                "MemberRecorder(classifier), or skmia.audit for a fitted classifier."
            )

    def _check_training(self, folds, X):
        if folds is None:
            return
        rows = np.sort(np.concatenate([folds.train, folds.test]))
        n_trained, n_rest = _num_samples(folds.X_train), len(self.y) - len(folds.test)
        is_partition = n_trained == n_rest and np.array_equal(rows, np.arange(len(self.y)))
        if folds.X_test is not X or not is_partition:
            raise ValueError(
                f"The cross-validation that calls the scorer fits on {n_trained} records, which "
                f"are not the {n_rest} of the pool outside its evaluation fold, or the scorer is "
                "called on other records than this fold. With a splitter that leaves records out "
                "of both folds, in a learning curve, in successive halving or in a search within "
                "a cross-validation, the pool does not tell who is a member. Use "
                "MemberRecorder(classifier) without a pool."
            )
