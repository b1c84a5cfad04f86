"""Who is a member: the records that a classifier was fitted on, and those held out from it."""

from typing import NamedTuple

import numpy as np
from sklearn.utils import indexable

from skmia._records import RemembersMembers, duplicates_across, fingerprint_both
from skmia._response import check_labels
from skmia.utils._sklearn import _num_samples, folds_in_progress


class MembersAndOthers(NamedTuple):
    """Records that a classifier was fitted on, first in each pair, and others that it was not.

    `rows` leaves out members with a twin among the others, and others with one among the members.
    """

    target: object
    X: tuple
    y: tuple
    rows: tuple


def remembered_members(estimator, X, y):
    """Return the members that an estimator remembers, and the evaluation fold as the others.

    None where the fold is the training set itself, in which there are no others.
    """
    target = _remembering(estimator)
    if target is None:
        raise ValueError(
            f"The scorer does not know which records {type(estimator).__name__} was trained on. "
            "Either wrap the whole classifier, MemberRecorder(classifier), which remembers its "
            "training records while in memory; or, if train and test folds together are all "
            "records, give the scorer these: make_membership_scorer(metric, pool=(X, y))."
        )
    X_train, y_train = target.training_records()
    y_train = check_labels(X_train, y_train)
    if X is X_train:
        return None
    (X_train,), (X,) = indexable(X_train), indexable(X)
    twins = duplicates_across(X_train, y_train, X, y)
    if twins[1].all() and np.array_equal(*fingerprint_both(X_train, y_train, X, y)):
        return None
    return MembersAndOthers(target, (X_train, X), (y_train, y), _rows_without(twins))


def _remembering(estimator):
    """Return the estimator that remembers its training records, None if there is none."""
    if isinstance(estimator, RemembersMembers):
        return estimator
    if hasattr(estimator, "best_estimator_"):
        return _remembering(estimator.best_estimator_)
    if hasattr(estimator, "steps") and _remembering(estimator.steps[-1][1]) is not None:
        raise ValueError(
            "What remembers the training records stands inside a pipeline, where it is handed what "
            "the earlier steps made of them. Put the whole pipeline in it: "
            "MemberRecorder(pipeline)."
        )
    return None


def weights_in(fit_params):
    """Return the weights of records among the parameters of a fit."""
    named = [value for name, value in fit_params.items() if name.endswith("sample_weight")]
    return [np.asarray(value) for value in named if np.ndim(value) == 1]


def _rows_without(twins):
    return tuple(np.flatnonzero(~mask) for mask in twins)


class Pool:
    """All records of a cross-validation: the members are those outside the evaluation fold."""

    def __init__(self, X, y):
        (self.X,) = indexable(X)  # sparse matrices as CSR, whose rows can be taken
        self.y = check_labels(self.X, y)

    def members(self, estimator, X, y):
        """Return as members the pool less the evaluation fold, and the fold as the others.

        None where the fold is the training set itself, whose complement may have been anything.
        """
        folds = folds_in_progress()
        if folds is not None and folds.X_train is X:
            return None
        (X_fold,) = indexable(X)
        fingerprints = fingerprint_both(self.X, self.y, X, y, names=("the pool", "the fold"))
        _, codes = np.unique(np.concatenate(fingerprints), return_inverse=True)
        in_pool, in_fold = np.split(codes, [len(self.y)])
        n_in_fold = np.bincount(in_fold, minlength=codes.max() + 1)
        n_trained = np.bincount(in_pool, minlength=codes.max() + 1) - n_in_fold
        self._check_fold(np.sum(n_trained[in_fold] < 0), len(y))
        self._check_training(folds, X)
        twins = n_in_fold[in_pool] > 0, n_trained[in_fold] > 0
        return MembersAndOthers(estimator, (self.X, X_fold), (self.y, y), _rows_without(twins))

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
        n_trained = _num_samples(folds.X_train)
        n_rest = len(self.y) - len(folds.test)
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
        if any(not weight.all() for weight in weights_in(folds.fit_params)):
            raise ValueError(
                "Some records have a sample_weight of 0: they were not trained on, and the pool "
                "does not tell which. Use MemberRecorder(classifier) without a pool."
            )
