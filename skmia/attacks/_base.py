"""The bases of all attacks: checks, containers, batches, thresholds and risk."""

import warnings
from copy import deepcopy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils import get_tags, indexable
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted, validate_data

from skmia._response import (
    Answered,
    all_classes,
    answers_in_batches,
    batches,
    check_label_type,
    check_labels,
    check_target,
    class_probabilities,
    label_index,
    record_response,
    response_method_of,
    taken,
)
from skmia._target import known_membership
from skmia.attacks._shadows import are_fitted, fitted_shadows, train_shadow
from skmia.attacks._thresholds import Calibration
from skmia.exceptions import CalibrationWarning
from skmia.signals import get_signal
from skmia.utils._constraints import N_JOBS
from skmia.utils._docstrings import SharesDocstring
from skmia.utils._sklearn import Interval, StrOptions, _fit_context, _num_samples


class BaseAttack(SharesDocstring, BaseEstimator):
    """Base class of all attacks.

    The author of an attack writes `_score_samples(model, X, y)`, which returns one attack score
    per record, and `_fit(X, y, membership)` where there is something to learn.
    `_observe(model, X, y, signal)` gives any signal of the model's answer. Where the answer alone
    is enough, take :class:`ResponseAttack` as the base. The base class checks the input, cuts the
    records into batches, and learns the thresholds of `predict` and the histograms of
    `predict_proba`. An attack's `__init__` stores at least the parameters of the example.

    Attributes
    ----------
    notes_ : list of str
        Cautions about the calibration; `fit` warns of each.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.attacks import BaseAttack
    >>> class RightOrWrong(BaseAttack):
    ...     def __init__(self, target=None, *, per_class=True, n_bins=5, prior=0.5,
    ...                  response_method="auto", random_state=None, n_jobs=None):
    ...         self.target, self.per_class, self.n_bins = target, per_class, n_bins
    ...         self.prior, self.response_method = prior, response_method
    ...         self.random_state, self.n_jobs = random_state, n_jobs
    ...     def _score_samples(self, model, X, y):
    ...         return self._observe(model, X, y, "correctness")
    >>> X, y = load_iris(return_X_y=True)
    >>> attack = RightOrWrong(DecisionTreeClassifier().fit(X, y), random_state=0).fit(X, y)
    >>> attack.score_samples(X[:3], y[:3])
    array([1., 1., 1.])
    """

    _shared_docstring = """
    Parameters
    ----------
    target : estimator
        The fitted classifier under attack, anything with `predict_proba`, `decision_function` or
        `predict`. It is never refitted. None makes a template.
    per_class : bool
        One threshold and one risk histogram per class, else one for all records.
    n_bins : int
        Bins of the risk histogram, of equally many calibration records.
    prior : float
        Probability of membership before the target is asked, in (0, 1), for `predict_proba`.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}
        What target and any shadows reveal; "auto" takes the first of these that the target has.
    random_state : int, RandomState instance or None
        Seeds what the attack draws, such as noise, and the models that it trains.
    n_jobs : int
        Number of batches of records that the target answers at the same time.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        0 for non-members and 1 for members: the columns of `predict_proba`.
    target_classes_ : ndarray of shape (n_target_classes,)
        Labels of the target, of shadows if there are any, and of the records in `fit`.
    threshold_ : float
        The threshold of all classes together; also of labels that `fit` has not seen.
    thresholds_ : ndarray of shape (n_target_classes,)
        The threshold of each label.
    n_features_in_ : int
        Number of features in `fit`, where the records have such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Their names, where they have such.
    """

    _risk_scale = "linear"  # what the risk's bins are equally wide in: "linear", "log", "rank"
    _threat_model = "sees the target's answer to the record"  # and has, for reports
    # whether it promises to find records that a target knows by heart, which the contract checks
    _finds_memorized_records = True
    _known_threshold = None  # an attack whose threshold follows from its definition names it here
    _signal = None  # what a `RecordAttack` compares with the same of shadows

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        "target": "no_validation",
        "per_class": ["boolean"],
        "n_bins": [Interval(Integral, 1, None, closed="left")],
        "prior": [Interval(Real, 0, 1, closed="neither")],
        "response_method": [StrOptions({"auto", "predict_proba", "decision_function", "predict"})],
        "random_state": ["random_state"],
        "n_jobs": N_JOBS,
    }

    def __sklearn_clone__(self):
        """Clone all parameters but what is fitted: the target, and shadows that attacks share."""
        # a clone of a fitted target would be unfitted: nothing to attack, and no members
        params = {
            name: value if name == "target" or are_fitted(value) else clone(value, safe=False)
            for name, value in self.get_params(deep=False).items()
        }
        copy = type(self)(**params)
        # scikit-learn's own clone carries the metadata routing too
        if hasattr(self, "_metadata_request"):
            copy._metadata_request = deepcopy(self._metadata_request)
        return copy

    def __sklearn_tags__(self):
        """Return the target's tags for X, since the records are handed to it as they are."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if self.target is not None and isinstance(self.target, BaseEstimator):
            tags.input_tags = get_tags(self.target).input_tags
        return tags

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, membership=None):
        """Learn thresholds and risks from the attacker's own labeled records.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records from the target's distribution, in any container that the target takes.
        y : array-like of shape (n_records,)
            Their labels.
        membership : array-like of shape (n_records,), default=None
            1 for the target's training records, 0 for others: the attack calibrates on the target
            itself. By default nothing is known, and it calibrates on shadow models.

        Returns
        -------
        self : object
            The fitted attack.

        Raises
        ------
        ValueError
            If the target is missing, or the input does not fit together.
        sklearn.exceptions.NotFittedError
            If the target is not fitted.
        """
        self._fit_quietly(X, y, membership)
        for note in self.notes_:
            warnings.warn(note, CalibrationWarning, stacklevel=3)
        return self

    def _fit_quietly(self, X, y, membership):
        if self.target is None:
            raise ValueError(
                f"{type(self).__name__}(target=None) is a template without a model to attack. "
                "Give the fitted classifier: set_params(target=classifier)."
            )
        check_target(self.target, self.response_method)
        # records stay in their container, since the target must get them as it knows them
        X, y = validate_data(self, X, y, skip_check_array=True)
        (X,) = indexable(X)
        _check_size(self, X)
        y = self._check_labels(X, y)
        if membership is not None:
            membership = known_membership(self.target, X, y, membership)
        known = self._fit_uncalibrated(X, y, membership)
        self._calibrate(*self._calibration_scores(X, y, membership, known))

    def _fit_uncalibrated(self, X, y, membership):
        self._begin(X, y)
        return self._fit(X, y, membership)

    # As a part of CombinedAttack; `RecordAttack` is handed what was asked of target and shadows.

    def _part_evidence(self, model, X, y, signals, in_mask):
        """Return the evidence that the attack compares, None if it reads the answers itself."""

    def _learn_part(self, X, y, membership, evidence, stand_ins):
        """Learn what is needed to score."""
        self._fit_uncalibrated(X, y, membership)

    def _score_part(self, model, X, y, evidence, *, online):
        """Return the attack score of each record."""
        return self._score_in_batches(model, X, y)

    def _begin(self, X, y):
        self.notes_ = []
        self.classes_ = np.array([0, 1])
        self._method = response_method_of(self.target, self.response_method)
        self.target_classes_ = all_classes(self.target, X, y, method=self._method)

    def _fit(self, X, y, membership):
        """Learn what is needed to score; what it returns, `_calibration_scores` is handed."""

    def _score_samples(self, model, X, y):
        """Return the attack score of each record from what `model` reveals."""
        raise NotImplementedError(f"{type(self).__name__} must define _score_samples.")

    def _take_shadows(self, X, y, rng):
        """Get the fitted shadow models of an attack that has the parameter `shadows`."""
        about = {"is_seeded": self.random_state is not None, "n_jobs": self.n_jobs}
        self.shadows_ = fitted_shadows(self.shadows, self.target, X, y, rng=rng, **about)
        # shadows may be given ready-made, with classes that neither target nor records show
        self.target_classes_ = np.union1d(self.target_classes_, self.shadows_.classes_)

    def _observe(self, model, X, y, signal):
        """Return a signal, by name or function, of what a model answers for labeled records."""
        function = get_signal(signal)
        y_index = label_index(y, self.target_classes_)
        # shadows that could answer more than the target are not asked for more
        answers = answers_in_batches(model, X, self.target_classes_, method=self._method)
        parts = [function(proba, y_index[part]) for part, proba in answers]
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _calibration_scores(self, X, y, membership, known):
        """Return attack scores, membership and class to calibrate on; `known` is of `_fit`."""
        model = self.target
        if membership is None:
            model, membership = train_shadow(model, X, y, self.random_state)
        scores = self._score_in_batches(model, X, y)
        return scores, membership, label_index(y, self.target_classes_)

    def _calibrate(self, scores, membership, y_index):
        self._calibration = self._calibration_of(scores, membership, y_index)
        self.threshold_ = self._calibration.threshold
        self.thresholds_ = self._calibration.thresholds
        self.notes_ += self._calibration.notes(self.target_classes_)

    def _calibration_of(self, scores, membership, y_index):
        return Calibration(self, scores, membership, y_index)

    def score_samples(self, X, y=None):
        """Return the attack score of each record; higher means more likely a member.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,), default=None
            Their labels; by default the target's prediction.

        Returns
        -------
        ndarray of shape (n_records,)
            Attack scores.
        """
        return self._score_in_batches(self.target, *self._checked_records(X, y))

    def predict(self, X, y=None):
        """Return 1 for records that the attack calls members, 0 for others.

        Parameters
        ----------
        X, y : array-like
            As in `score_samples`.

        Returns
        -------
        ndarray of int, shape (n_records,)
            1 where the attack score reaches the threshold of the record's class.
        """
        return self._judge(X, y)[1]

    def predict_proba(self, X, y=None):
        """Return the probability that each record is a member: its privacy risk score.

        Parameters
        ----------
        X, y : array-like
            As in `score_samples`.

        Returns
        -------
        ndarray of shape (n_records, 2)
            Probability of non-member and of member.
        """
        risk = self._judge(X, y)[2]
        return np.column_stack([1 - risk, risk])

    def _judge(self, X, y):
        """Return score, call and risk of each record, asking the target once."""
        X, y = self._checked_records(X, y)
        scores = self._score_in_batches(self.target, X, y)
        return scores, *self._calibration.judge(scores, label_index(y, self.target_classes_))

    def score(self, X, y, membership=None):
        """Return the balanced accuracy of `predict`; 0.5 is a blind guess.

        Parameters
        ----------
        X, y : array-like
            As in `score_samples`.
        membership : array-like of shape (n_records,), default=None
            1 for the target's training records, 0 for others. By default the target is asked, if
            it has a method `membership_of(X, y)`.

        Returns
        -------
        float
            (TPR + TNR) / 2, in [0, 1].

        Raises
        ------
        ValueError
            If the membership is not given or holds only members or only non-members.
        """
        predicted = self.predict(X, y)
        membership = known_membership(self.target, X, y, membership)
        return balanced_accuracy_score(membership, predicted)

    def _checked_records(self, X, y):
        """Return records with their labels, or with those that the target predicts."""
        check_is_fitted(self)
        # since the array check is skipped below, nobody else would refuse a single row
        if hasattr(self, "n_features_in_") and np.ndim(X) == 1:
            raise ValueError(
                f"Expected records with {self.n_features_in_} features, got a 1D array of shape "
                f"{np.shape(X)}. Reshape your data: X.reshape(1, -1) if it is a single record."
            )
        X = validate_data(self, X, reset=False, skip_check_array=True)
        (X,) = indexable(X)
        return X, self._predicted(X) if y is None else self._check_labels(X, y)

    def _predicted(self, X):
        # a model of another framework may give probabilities alone
        if hasattr(self.target, "predict"):
            return self.target.predict(X)
        proba = record_response(self.target, X, self.target_classes_, method=self._method)
        return self.target_classes_[proba.argmax(axis=1)]

    def _asked_once(self, model, X):
        """Return a model that keeps what it answers for these records."""
        if isinstance(model, Answered) and X is model.X:
            return model
        # answers kept for other records are of no use, so only the model is taken out
        model = model.model if isinstance(model, Answered) else model
        return Answered(model, X, self.target_classes_)

    def _score_in_batches(self, model, X, y):
        """Return the attack score of each record; the model is asked once for each of a batch."""

        def _scores(part):
            asked, records = (model, X) if len(parts) == 1 else taken(model, X, part)
            scores = self._score_samples(self._asked_once(asked, records), records, y[part])
            return _checked_scores(self, scores, len(y[part]))

        parts = batches(_num_samples(X), self._numbers_per_record())
        if len(parts) == 1:
            return _scores(parts[0])
        if isinstance(model, Answered):
            model.ask(self._method)  # before several threads do
        jobs = (delayed(_scores)(part) for part in parts)
        return np.concatenate(Parallel(n_jobs=self.n_jobs, require="sharedmem")(jobs))

    def _numbers_per_record(self):
        """Return how many numbers are held for each record of a batch."""
        return len(self.target_classes_) + getattr(self, "n_features_in_", 0)

    def _check_labels(self, X, y):
        y = check_labels(X, y)
        if (known := getattr(self.target, "classes_", None)) is not None:
            check_label_type(y, known)
        return y


class ResponseAttack(BaseAttack):
    """Base class of attacks that see the target through its answer alone.

    The author of an attack writes `_score_response(proba, y_index)`, which takes the answers and
    each record's label as a column of theirs, −1 for an unknown one. Such an attack also works
    where only answers are known, in :func:`skmia.audit_predictions`.

    Examples
    --------
    >>> import skmia
    >>> from skmia.attacks import ResponseAttack
    >>> class Highest(ResponseAttack):
    ...     def __init__(self, target=None, *, per_class=False, n_bins=5, prior=0.5,
    ...                  response_method="auto", random_state=None, n_jobs=None):
    ...         self.target, self.per_class, self.n_bins = target, per_class, n_bins
    ...         self.prior, self.response_method = prior, response_method
    ...         self.random_state, self.n_jobs = random_state, n_jobs
    ...
    ...     def _score_response(self, proba, y_index):
    ...         return proba.max(axis=1)
    >>> y, sure, unsure = [0] * 100, [[0.9, 0.1]] * 100, [[0.7, 0.3]] * 100
    >>> report = skmia.audit_predictions(sure, y, unsure, y, attacks=Highest(), random_state=0)
    >>> print(report.attacks[0].roc_auc)
    1.000 [0.964, 1.000]
    """

    def _score_response(self, proba, y_index):
        """Return the attack scores from the answers (n_records, n_classes); −1 is no class."""
        raise NotImplementedError(f"{type(self).__name__} must define _score_response.")

    def _score_samples(self, model, X, y):
        proba = class_probabilities(model, X, self.target_classes_, method=self._method)
        return self._score_response(proba, label_index(y, self.target_classes_))


def _check_size(attack, X):
    """Refuse empty records before a model is asked for them."""
    # the words of scikit-learn, whose estimator checks look for them
    for number, what in zip(getattr(X, "shape", ()), ("sample", "feature"), strict=False):
        if number == 0:
            raise ValueError(
                f"Found array with 0 {what}(s) (shape={X.shape}) while a minimum of 1 is required "
                f"by {type(attack).__name__}."
            )


def _checked_scores(attack, scores, n_records):
    """Return scores as floats, and refuse what an author's `_score_samples` must not return."""
    scores = np.asarray(scores)
    if scores.shape != (n_records,) or not np.isfinite(scores).all():
        raise ValueError(
            f"{type(attack).__name__}._score_samples must return one finite number per record: "
            f"expected shape {(n_records,)}, got {scores.shape}, "
            f"{np.sum(~np.isfinite(scores))} of them not finite."
        )
    return scores if scores.dtype.kind == "f" else scores.astype(np.float64)
