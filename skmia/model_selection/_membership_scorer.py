"""Scorers of what a classifier gives away about its training records."""

import warnings
from dataclasses import dataclass
from functools import partial
from inspect import isclass

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_random_state, indexable

from skmia._records import concatenate, draw_per_class, matched_classes
from skmia._response import Answered, all_classes, check_labels, check_target
from skmia._target import held_out_note
from skmia.attacks import MetricAttack
from skmia.attacks._base import BaseAttack
from skmia.attacks._measure import measure
from skmia.exceptions import MembershipWarning
from skmia.metrics import (
    membership_advantage,
    membership_balanced_accuracy,
    membership_roc_auc,
    membership_roc_curve,
    mia_indistinguishability_deviation,
    tpr_at_fpr,
)
from skmia.model_selection._members import Pool, remembered_members
from skmia.utils._constraints import FPR, Several, validate_params
from skmia.utils._sklearn import _BaseScorer, _safe_indexing


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
    pair = found.membership, found.scores
    if np.isnan(tpr_at_fpr(*pair, false_positive_rate=false_positive_rate)):
        return np.nan
    return np.interp(false_positive_rate, *membership_roc_curve(*pair)[:2])


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
    AUC of a blind guess and the labels alone tell nothing. Members with a twin in the evaluation
    fold are left out, and so are the twins. One half of the records calibrates the attack that is
    measured on the other half, and vice versa.

    Parameters
    ----------
    metric : str, callable, or list of these, default="balanced_accuracy"
        What to measure:

        - "balanced_accuracy", the balanced accuracy of the attack, 0.5 is a blind guess;
        - "roc_auc", the area under its ROC curve, 0.5 is a blind guess;
        - "advantage", its true minus false positive rate, 0 is a blind guess;
        - "tpr_at_fpr", its true positive rate at `false_positive_rate`, which a blind guess has as
          well; among records of equal scores the attacker draws lots; NaN, with a warning, in folds
          with fewer than 1 / `false_positive_rate` non-members;
        - "indistinguishability_deviation", of the predicted labels, with half a count added to each
          (see :func:`~skmia.metrics.mia_indistinguishability_deviation`), 0 is equal frequencies;
        - a function of `membership` and `scores`, both of shape (n_records,), that returns a number
          or an :class:`~skmia.metrics.Estimate`, higher for more leakage.

        With a list, the scorer attacks once and returns a dict with "neg_mia_<metric>" as keys,
        which all searches and `cross_validate` take.
    attack : BaseAttack, default=None
        Template of the attack; it is cloned and given the classifier as its `target`. None is
        ``MetricAttack()``. Shadow models are clones of the classifier.
    pool : tuple (X, y), default=None
        All records that are given to the cross-validation: the members are the pool less the
        evaluation fold, so train and test folds must make up the pool. None asks a classifier that
        remembers its records: a :class:`MemberRecorder`.
    scoring : str, callable, list, tuple or dict, default=None
        Other scorers to report along, as in `cross_validate`. The scorer then returns a dict.
    false_positive_rate : float, default=0.01
        False positive rate of "tpr_at_fpr", in (0, 1).
    random_state : int, RandomState instance or None, default=0
        Draws the records and seeds the attack. By default a search measures all candidates on the
        same draw, and the score of a model is reproducible.

    Returns
    -------
    scorer : callable
        With the signature ``scorer(estimator, X, y)``.

    Raises
    ------
    ValueError
        If a metric is unknown or there is none, `false_positive_rate` is not in (0, 1), `pool` is
        not a pair or `attack` no attack.

    Warns
    -----
    skmia.exceptions.MembershipWarning
        In scoring, if the classifier held some of its training records out of training.
    skmia.exceptions.ResolutionWarning
        In scoring, if a fold has too few non-members for `false_positive_rate`.

    See Also
    --------
    best_under_budget : Choose the best candidate of a search that keeps to a privacy budget.

    Notes
    -----
    The attacker knows the records with their labels, sees the classifier's answers and, to
    calibrate the default attack, knows the membership of half of the records. The score is not an
    upper bound: a stronger attack may find more.

    On the training fold, as with ``return_train_score=True``, the score is NaN: all are members.

    A scorer with a pool raises an error where scikit-learn calls it with a classifier that was not
    fitted on just the records outside the evaluation fold. In a loop of your own this is for you to
    guarantee. A search pickled together with such a scorer contains the pool; save its
    `best_estimator_` instead.

    Scoring raises an error if the members are not known, or the fold does not allow to measure.
    scikit-learn turns it into `error_score`, but not for a scorer that returns a dict: if some
    folds may fail, give several scorers, each of one metric.

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


@dataclass(eq=False)
class _Leakage:
    """The negative of each metric of an attack on a classifier, by name."""

    metrics: dict
    attack: BaseAttack
    pool: Pool | None
    false_positive_rate: float
    random_state: object

    def __call__(self, estimator, X, y):
        check_target(estimator, self.attack.response_method)
        y = check_labels(X, y)
        who_knows = remembered_members if self.pool is None else self.pool.members
        records = who_knows(estimator, X, y)
        if records is None:
            return dict.fromkeys(self.metrics, np.nan)
        if (note := held_out_note(estimator, records.X[0], records.y[0])) is not None:
            warnings.warn(note, MembershipWarning, stacklevel=3)
        found = evaluate_attack(self.attack, records, self.random_state)
        return {  # the difference from 0 is never -0.0
            name: 0.0 - float(metric(found, self.false_positive_rate))
            for name, metric in self.metrics.items()
        }

    def call(self, *, several):
        """Return the call that makes such a scorer, with the metrics as the caller names them."""
        names = [name.removeprefix("neg_mia_") for name in self.metrics]
        pool = "" if self.pool is None else ", pool=(X, y)"
        return f"make_membership_scorer({names if several else names[0]!r}{pool})"


def evaluate_attack(attack, records, random_state):
    """Attack equally many members and non-members of each class, so that labels tell nothing."""
    rng = check_random_state(random_state)
    rows, half = _matched(records, rng)
    y = np.concatenate([labels[r] for labels, r in zip(records.y, rows, strict=True)])
    membership = np.repeat([1, 0], len(rows[0]))
    parts = [_safe_indexing(X, r) for X, r in zip(records.X, rows, strict=True)]
    (X,) = indexable(concatenate(*parts))
    classes = all_classes(records.target, X, y, method=attack.response_method)
    answered = Answered(records.target, X, classes)
    seed = rng.randint(np.iinfo(np.int32).max)
    measured = measure(attack, answered, y, membership, half, seed=seed)
    return Bunch(
        membership=membership,
        scores=measured.scores,
        called=measured.called,
        target=records.target,
        parts=parts,
    )


def _matched(records, rng):
    """Draw as many members as others of each class, and cut them into two halves alike."""
    kept = [labels[rows] for labels, rows in zip(records.y, records.rows, strict=True)]
    codes, quota = matched_classes(*kept)
    _check_enough(quota, kept)
    drawn, ranks = zip(*(draw_per_class(c, quota, rng) for c in codes), strict=True)
    rows = [kind[d] for kind, d in zip(records.rows, drawn, strict=True)]
    # ranks alternate within each class, so both halves hold as many members as non-members of it
    return rows, np.concatenate(ranks) % 2 == 1


def _check_enough(quota, kept):
    n_members, n_nonmembers = map(len, kept)
    if not n_members or not n_nonmembers:
        lacking = "members" if not n_members else "non-members"
        raise ValueError(
            f"There are no {lacking} to measure leakage on: every record "
            f"{'that was trained on' if not n_members else 'of the evaluation fold'} has a twin on "
            "the other side. Use a splitter that keeps duplicates together, such as GroupKFold."
        )
    if np.count_nonzero(quota) == 1:
        shared = np.unique(kept[1]).tolist()
        raise ValueError(
            f"Members and non-members share one class only; the evaluation fold holds {shared}. "
            "Leakage of a classifier needs records of at least two classes: use a stratified "
            "splitter, such as StratifiedKFold(shuffle=True)."
        )
    if quota.max(initial=0) < 2:
        raise ValueError(
            "Leakage is measured on one half of the records and calibrated on the other: it needs "
            "at least two members and two non-members of one class, but there are "
            f"{n_members} members and {n_nonmembers} non-members. Use larger folds."
        )


class _MembershipScorer(_BaseScorer):
    """scikit-learn's scorer of one metric; see `make_membership_scorer`."""

    def __init__(self, leakage):
        super().__init__(_not_of_labels, -1, {}, "predict")  # which every classifier has
        self._leakage = leakage

    def __repr__(self):
        return self._leakage.call(several=False)

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
        return self._leakage.call(several=True)

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
        return partial(_of_scores, metric)
    raise ValueError(
        f"{metric!r} is no membership metric. Choose from {sorted(METRICS)}, or give a function of "
        "membership and scores. Scorers of other things go into scoring=."
    )


def _of_scores(metric, found, false_positive_rate):
    """Return a metric that the user wrote."""
    return metric(found.membership, found.scores)
