"""Scorers of what a classifier gives away about its training records."""

import warnings
from inspect import isclass

import numpy as np
from sklearn.metrics import check_scoring

from skmia._response import check_labels, check_target
from skmia._target import held_out_note
from skmia.attacks import MetricAttack
from skmia.attacks._base import BaseAttack
from skmia.exceptions import MembershipWarning
from skmia.metrics import (
    membership_advantage,
    membership_balanced_accuracy,
    membership_roc_auc,
    membership_roc_curve,
    mia_indistinguishability_deviation,
    tpr_at_fpr,
)
from skmia.model_selection._attack_success import evaluate_attack
from skmia.model_selection._members import Pool, remembered_sides
from skmia.utils._constraints import FPR, RANDOM_STATE, Several, validate_params
from skmia.utils._sklearn import _BaseScorer

__all__ = ["make_membership_scorer"]


def _balanced_accuracy(found, false_positive_rate):
    return membership_balanced_accuracy(found.membership, found.called, threshold=1)


def _advantage(found, false_positive_rate):
    return membership_advantage(found.membership, found.called, threshold=1)


def _indistinguishability_deviation(found, false_positive_rate):
    predicted = np.concatenate([found.target.predict(part) for part in found.parts])
    return mia_indistinguishability_deviation(found.membership, predicted, smoothing=0.5)


def _roc_auc(found, false_positive_rate):
    return membership_roc_auc(found.membership, found.scores)


def _tpr_at_fpr(found, false_positive_rate):
    """Return the rate of an attacker who tosses a coin for records whose scores are tied.

    Without the coin, a forest that puts many non-members on the highest score has a rate of 0, and
    would pass for more private than a blind guess.
    """
    if np.isnan(
        tpr_at_fpr(found.membership, found.scores, false_positive_rate=false_positive_rate)
    ):
        return np.nan
    rates = membership_roc_curve(found.membership, found.scores)
    return np.interp(false_positive_rate, *rates[:2])


METRICS = {
    "balanced_accuracy": _balanced_accuracy,
    "advantage": _advantage,
    "indistinguishability_deviation": _indistinguishability_deviation,
    "roc_auc": _roc_auc,
    "tpr_at_fpr": _tpr_at_fpr,
}


@validate_params(
    metric=[str, callable, list, tuple],
    attack=[BaseAttack, None],
    pool=[Several("the pair (X, y) of all records given to the cross-validation", 2), None],
    scoring=[str, callable, list, tuple, dict, None],
    false_positive_rate=FPR,
    random_state=RANDOM_STATE,
)
def make_membership_scorer(
    metric="balanced_accuracy",
    *,
    attack=None,
    pool=None,
    scoring=None,
    false_positive_rate=0.01,
    random_state=0,
):
    """Make a scorer of membership leakage, for cross-validation and searches.

    The scorer attacks the classifier that it is given. Members are records that the classifier was
    fitted on, non-members those of the evaluation fold. It returns the **negative** of the metric:
    as with all scorers, greater is better, here more private.

    As many members as non-members of each class are drawn, so that 0.5 stays the accuracy and the
    AUC of a blind guess and the labels alone tell nothing. Records with a twin on the other side
    count on neither. One half of the records calibrates the attack that is measured on the other
    half, and vice versa.

    Parameters
    ----------
    metric : str, callable, or list of these, default="balanced_accuracy"
        What to measure:

        - "balanced_accuracy", the balanced accuracy of the attack, 0.5 is a blind guess;
        - "roc_auc", the area under its ROC curve, 0.5 is a blind guess;
        - "advantage", its true minus false positive rate, 0 is a blind guess;
        - "tpr_at_fpr", its true positive rate at the false positive rate `false_positive_rate`,
          which is that of a blind guess; among records of equal scores the attacker draws lots;
          NaN, with a warning, in folds with fewer than 1 / `false_positive_rate` non-members;
        - "indistinguishability_deviation", of the predicted labels, with half a count added to each
          (see :func:`~skmia.metrics.mia_indistinguishability_deviation`), 0 is equal frequencies;
        - a function of `membership` and `scores`, both of shape (n_records,), that returns a number
          or an :class:`~skmia.metrics.Estimate`, higher for more leakage.

        With a list, the scorer attacks once and returns a dict with "neg_mia_<metric>" as keys,
        which all searches and `cross_validate` take.
    attack : BaseAttack, default=None
        Template of the attack; it is cloned and given the classifier as its `target`. None is
        ``MetricAttack()``. An attack that trains shadow models trains clones of the classifier.
    pool : tuple (X, y), default=None
        All records that are given to the cross-validation: the members are the pool less the
        evaluation fold, so train and test folds must make up the pool. None asks a classifier that
        remembers its records: a :class:`MemberRecorder`.
    scoring : str, callable, list, tuple or dict, default=None
        Other scorers to report along, as in `cross_validate`, so that one scorer measures utility
        and leakage. The scorer then returns a dict.
    false_positive_rate : float, default=0.01
        False positive rate of "tpr_at_fpr", in (0, 1).
    random_state : int, RandomState instance or None, default=0
        Draws the records and seeds the attack. By default all candidates of a search are
        measured on the same draw, and the score of a model is reproducible.

    Returns
    -------
    scorer : callable
        With the signature ``scorer(estimator, X, y)``.

    Raises
    ------
    ValueError
        If a metric is unknown or there is none, `false_positive_rate` is not in (0, 1) or `pool` is
        not a pair.
    TypeError
        If `attack` is no attack.

    Warns
    -----
    skmia.exceptions.MembershipWarning
        In scoring, if the classifier held some of its training records out of training.
    skmia.exceptions.ResolutionWarning
        In scoring, if a fold has too few non-members for `false_positive_rate`.

    See Also
    --------
    MemberRecorder : Remembers the training records of any classifier, for any splitter.
    best_under_budget : Choose the best candidate of a search that keeps to a privacy budget.
    skmia.audit : A full report on one fitted classifier.

    Notes
    -----
    The attacker knows the records with their labels, sees the classifier's answers and, to
    calibrate the default attack, knows who of half of the records is a member. This is the view of
    an auditor: the score is not an upper bound, since a stronger attack may find more.

    The training fold holds members alone. Scored on it, as with ``return_train_score=True``, the
    scorer returns NaN.

    A scorer with a pool refuses what it cannot know. Where scikit-learn calls it with a classifier
    that was not fitted on just the records outside the evaluation fold, it raises an error. In a
    loop of your own this is for you to guarantee. It also holds the pool: a search pickled together
    with such a scorer contains the records; save its `best_estimator_` instead.

    In scoring an error is raised if the members are not known, or the fold does not allow to
    measure. scikit-learn turns it into `error_score`, but cannot do so for a scorer that
    returns a dict: there give several scorers, each of one metric, if some folds may fail.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.model_selection import make_membership_scorer
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = GridSearchCV(
    ...     DecisionTreeClassifier(random_state=0),
    ...     {"max_depth": [1, None]},
    ...     scoring=make_membership_scorer(["roc_auc"], pool=(X, y), scoring=["accuracy"]),
    ...     refit="accuracy",
    ... ).fit(X, y)
    >>> search.cv_results_["mean_test_neg_mia_roc_auc"].round(2)
    array([-0.51, -0.54])
    """
    leakage = _Leakage(
        _named_metrics(metric),
        MetricAttack() if attack is None else attack,
        pool if pool is None else Pool(*pool),
        false_positive_rate,
        random_state,
    )
    if scoring is None and not isinstance(metric, list | tuple):
        return _MembershipScorer(leakage)
    return _MembershipScorers(leakage, scoring)


class _Leakage:
    """The negative of each metric of an attack on a classifier, by name."""

    def __init__(self, metrics, attack, pool, false_positive_rate, random_state):
        self.metrics = metrics
        self.attack = attack
        self.pool = pool
        self.false_positive_rate = false_positive_rate
        self.random_state = random_state

    def __call__(self, estimator, X, y):
        check_target(estimator, self.attack.response_method)
        y = check_labels(X, y)
        who_knows = remembered_sides if self.pool is None else self.pool.sides
        sides = who_knows(estimator, X, y)
        if sides is None:
            return dict.fromkeys(self.metrics, np.nan)
        if (note := held_out_note(estimator, sides.X[0], sides.y[0])) is not None:
            warnings.warn(note, MembershipWarning, stacklevel=3)
        found = evaluate_attack(self.attack, sides, self.random_state)
        values = {
            name: float(metric(found, self.false_positive_rate))
            for name, metric in self.metrics.items()
        }
        return {name: 0.0 - value for name, value in values.items()}  # no -0.0

    def text(self, names):
        """Return the call that makes such a scorer."""
        pool = "" if self.pool is None else ", pool=(X, y)"
        return f"make_membership_scorer({names!r}{pool})"

    def short_names(self):
        """Return the names of the metrics as the caller gives them."""
        return [name.removeprefix("neg_mia_") for name in self.metrics]


class _MembershipScorer(_BaseScorer):
    """scikit-learn's scorer of one metric; see `make_membership_scorer`."""

    def __init__(self, leakage):
        super().__init__(_not_of_labels, -1, {}, "predict")  # which every classifier has
        self._leakage = leakage

    def __repr__(self):
        return self._leakage.text(*self._leakage.short_names())

    def _score(self, method_caller, estimator, X, y_true):
        return next(iter(self._leakage(estimator, X, y_true).values()))


def _not_of_labels(y_true, y_pred):
    """Refuse what asks a scorer of leakage for its function of labels and predictions."""
    raise ValueError(
        "Membership leakage is no function of labels and predictions: the scorer attacks the "
        "classifier itself. Where scikit-learn takes the function out of a scorer, as "
        "TunedThresholdClassifierCV does, give a score of the predictions, and measure the "
        "leakage of the fitted classifier by the scorer."
    )


class _MembershipScorers:
    """A callable that returns several scores; see `make_membership_scorer`."""

    def __init__(self, leakage, scoring):
        self._leakage = leakage
        self._scoring = scoring

    def __repr__(self):
        return self._leakage.text(self._leakage.short_names())

    def __call__(self, estimator, X, y):
        leakage = self._leakage(estimator, X, y)
        scores = self._other_scores(estimator, X, y)
        if clash := sorted(scores.keys() & leakage.keys()):
            raise ValueError(f"scoring has names of leakage, {clash}. Give these scores others.")
        return scores | leakage

    def _other_scores(self, estimator, X, y):
        if self._scoring is None:
            return {}
        scores = check_scoring(estimator, self._scoring)(estimator, X, y)
        name = self._scoring if isinstance(self._scoring, str) else "score"
        return scores if isinstance(scores, dict) else {name: scores}


def _named_metrics(metric):
    metrics = list(metric) if isinstance(metric, list | tuple) else [metric]
    if not metrics:
        raise ValueError("metric is an empty list. Name at least one, for example 'roc_auc'.")
    named = {f"neg_mia_{_name(metric)}": _function(metric) for metric in metrics}
    if len(named) < len(metrics):
        raise ValueError(
            f"metric holds {len(metrics)} metrics with {len(named)} different names, "
            f"{list(named)}. Name each once, and give each function a __name__ of its own."
        )
    return named


def _name(metric):
    if isinstance(metric, str):
        return metric.removeprefix("neg_").removeprefix("mia_")
    return getattr(metric, "__name__", type(metric).__name__)


def _function(metric):
    if isinstance(metric, str) and _name(metric) in METRICS:
        return METRICS[_name(metric)]
    if callable(metric) and not isclass(metric):
        return _OfScores(metric)
    raise ValueError(
        f"{metric!r} is no membership metric. Choose from {sorted(METRICS)}, or give a function of "
        "membership and scores. Scorers of other things go into scoring=."
    )


class _OfScores:
    """A metric that the user wrote, a function of membership and scores."""

    def __init__(self, metric):
        self.metric = metric

    def __call__(self, found, false_positive_rate):
        """Return the metric of the attack's scores."""
        return self.metric(found.membership, found.scores)
