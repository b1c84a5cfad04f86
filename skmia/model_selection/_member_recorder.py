"""A classifier that remembers its training records, so that scorers know the members."""

from copy import deepcopy
from operator import attrgetter

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.metaestimators import available_if

from skmia._records import RemembersMembers, fingerprint
from skmia._target import selected_rows
from skmia.model_selection._members import weights_in
from skmia.utils._sklearn import _num_samples, _safe_indexing

# The recorder's own, and fits that would go unrecorded.
_UNRECORDED = ("fit_loop", "fit_predict", "fit_resample", "fit_transform", "train_on")
NOT_DELEGATED = ("estimator_", *_UNRECORDED)


class MemberRecorder(RemembersMembers, MetaEstimatorMixin, BaseEstimator):
    """Remember the records that a classifier is fitted on, so that scorers know its members.

    A scorer of scikit-learn is handed the fitted classifier and the test fold, not the training
    rows. With the classifier in a recorder, the scorers ``neg_mia_balanced_accuracy``,
    ``neg_mia_roc_auc``, ``neg_mia_advantage`` and ``neg_mia_tpr_at_fpr`` work by name, with any
    splitter, learning curve or search, successive halving included.

    In every other way the recorder is the classifier. Give it the whole pipeline.

    Parameters
    ----------
    estimator : estimator
        The classifier, or a pipeline that ends in one. It is cloned in `fit`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone.

    Notes
    -----
    The recorder refers to the training records while it is in memory: do not change them in place.
    They never leave the process: ``pickle``, ``joblib.dump``, skops and ``copy`` drop them, and so
    does a worker process that sends its estimator back. The classifier itself may hold its training
    records, as nearest neighbors and support vector machines do.

    Records whose `sample_weight` is 0, in any fit parameter whose name ends so, are no members. In
    a pipeline of imbalanced-learn with samplers that select rows and have `sample_indices_`, as
    those of :mod:`skmia.sampling`, only the selected rows are members. With a sampler that makes
    rows up, all rows are taken for members, and scorers warn of that.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.model_selection import MemberRecorder
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = MemberRecorder(DecisionTreeClassifier(random_state=0))
    >>> scores = cross_validate(tree, X, y, scoring=["accuracy", "neg_mia_balanced_accuracy"])
    >>> round(float(scores["test_neg_mia_balanced_accuracy"].mean()), 2)
    -0.54
    """

    def __init__(self, estimator):
        self.estimator = estimator

    def fit(self, X, y, **fit_params):
        """Fit a clone of the classifier and remember the records.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records, handed to the classifier as they are.
        y : array-like of shape (n_records,)
            Their labels.
        **fit_params : dict
            Handed to the classifier's `fit`.

        Returns
        -------
        self : object
            The fitted recorder.

        Raises
        ------
        ValueError
            If the classifier is frozen, so that `fit` would not train it, or changes the records.
        """
        if _is_frozen(self.estimator):
            raise ValueError(
                "MemberRecorder holds a frozen classifier, which fit does not train: these records "
                "would be called members without being so. Give the unfitted classifier."
            )
        before = _content(X, y)
        estimator = clone(self.estimator).fit(X, y, **fit_params)
        if before is not None and not np.array_equal(before, _content(X, y)):
            raise ValueError(
                f"{type(self.estimator).__name__} changed the records in place while it was "
                "fitted, so that its members would not be found again. Set copy=True in it and in "
                "each step of a pipeline."
            )
        self.estimator_ = estimator
        self._remember(*_trained_on(estimator, X, y, fit_params))
        return self

    @available_if(attrgetter("estimator.partial_fit"))  # raises where it has none
    def partial_fit(self, X, y, **fit_params):
        """Fit on more records, and remember them beside the earlier ones.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records, handed to the classifier as they are.
        y : array-like of shape (n_records,)
            Their labels.
        **fit_params : dict
            Handed to the classifier's `partial_fit`.

        Returns
        -------
        self : object
            The recorder.
        """
        first = not hasattr(self, "estimator_")
        estimator = clone(self.estimator) if first else self.estimator_
        self.estimator_ = estimator.partial_fit(X, y, **fit_params)
        # after pickling or copying the earlier records are lost, and the later ones not all
        if first or self.remembers_members:
            self._remember(*_trained_on(self.estimator_, X, y, fit_params), add=not first)
        return self

    def __getattr__(self, name):
        """Return what the recorder itself has not from the classifier, the fitted one if any."""
        own = self.__dict__
        is_hidden = name.startswith(("_", "set_")) or name in NOT_DELEGATED
        if is_hidden or "estimator" not in own:  # not yet initialized, as while unpickling
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        # of a classifier that was fitted before, an unfitted recorder shows nothing
        return getattr(own["estimator_"] if "estimator_" in own else clone(own["estimator"]), name)

    def __sklearn_is_fitted__(self):
        return "estimator_" in self.__dict__

    def __sklearn_tags__(self):
        return deepcopy(get_tags(self.estimator))

    def get_metadata_routing(self):
        """Return the metadata that the classifier asks for."""
        return get_routing_for_object(self.estimator)


def _is_frozen(estimator):
    """Tell whether the classifier within pipelines and wrappers is frozen."""
    if isinstance(estimator, FrozenEstimator):
        return True
    if hasattr(estimator, "steps"):
        return _is_frozen(estimator.steps[-1][1])
    inner = getattr(estimator, "estimator", None)
    return inner is not None and _is_frozen(inner)


def _content(X, y):
    """Return the fingerprints of records, None if they have none: the classifier may say why."""
    try:
        return fingerprint(X, y)
    except (TypeError, ValueError):
        return None


def _trained_on(estimator, X, y, fit_params):
    """Return the records less those of weight 0 and those that samplers of a pipeline left out."""
    n_records = _num_samples(X)
    rows = selected_rows(estimator, n_records)
    for weight in weights_in(fit_params):
        rows = rows[weight[rows] != 0] if len(weight) == n_records else rows
    if len(rows) < n_records:
        return _safe_indexing(X, rows), _safe_indexing(y, rows)
    return X, y
