"""Audit a classifier, or its predictions, for membership leakage."""

import warnings
from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_array, check_random_state, indexable

from skmia._audit.inputs import (
    check_enough,
    column_labels,
    groups_of,
    named_attacks,
    two_sample_auc,
)
from skmia._audit.run import run_audit
from skmia._records import duplicates_across
from skmia._response import all_classes, check_labels, check_target, record_response
from skmia._target import held_out_note, predicted_labels
from skmia.attacks import BaseAttack
from skmia.exceptions import MembershipWarning
from skmia.utils._constraints import (
    ARRAY,
    ARRAY_OR_NONE,
    CONFIDENCE_LEVEL,
    FPR_OR_FPRS,
    PRIOR,
    RANDOM_STATE,
    ZERO_OR_MORE,
    validate_params,
)
from skmia.utils._sklearn import _safe_indexing

_OPTIONS = {  # what is legal for those that both have
    "attacks": [str, BaseAttack, callable, list, tuple, dict],
    "sensitive_features": [str, Integral, list, tuple, dict, None],
    "false_positive_rate": FPR_OR_FPRS,
    "prior": PRIOR,
    "confidence_level": CONFIDENCE_LEVEL,
    "n_riskiest": ZERO_OR_MORE,
    "random_state": RANDOM_STATE,
}


@validate_params(**_OPTIONS)
def audit(
    estimator,
    X_train,
    y_train,
    X_test,
    y_test,
    *,
    attacks="fast",
    sensitive_features=None,
    false_positive_rate=(0.1, 0.01, 0.001),
    prior=0.5,
    confidence_level=0.95,
    n_riskiest=20,
    response_method="auto",
    random_state=None,
    n_jobs=None,
):
    """Audit a fitted classifier for what it gives away about its training records.

    The auditor knows which rows the classifier was trained on. Each attack is calibrated on one
    half of the rows and measured on the other, and the other way round (cross-fitting), with as
    many members as non-members, so that 0.5 is the blind guess. Rows that occur in train and test
    are left out. A forest that sees X alone checks that train and test rows do not differ to begin
    with.

    Parameters
    ----------
    estimator : estimator
        The fitted classifier: a classifier, a pipeline, a fitted search.
    X_train, y_train : array-like of shape (n_train, ...) and (n_train,)
        The rows it was trained on, in any container that it takes, and their labels.
    X_test, y_test : array-like of shape (n_test, ...) and (n_test,)
        Rows from the same distribution that it was not trained on, and their labels.
    attacks : {"fast", "strong"}, sequence of str, callable or BaseAttack, or dict, default="fast"
        - "fast": metric attacks by correctness, confidence, entropy and modified entropy;
        - "strong": these, and LiRA, RMIA and CombinedAttack on 16 shadow models. It fits the
          estimator 16 times to half of all rows, and takes some seconds beyond that;
        - signals by name or function, for metric attacks; attacks with `target=None`, or their
          classes by name, such as "LiRA", with `prior` and otherwise their defaults; or a dict from
          names to these.

        Attacks that ask for the same number of shadow models, or that hold the same unfitted
        `ShadowModels`, share them.
    sensitive_features : str, int, sequence of these, or dict, default=None
        Columns of X, by name or number, by which exposure is compared; or a dict from a name to a
        pair of arrays (one value per training row, one per test row).
    false_positive_rate : sequence of float, default=(0.1, 0.01, 0.001)
        False positive rates at which the true positive rate is reported, in (0, 1).
    prior : float, default=0.5
        Probability of membership that precision and the risk of attacks given by name assume, in
        (0, 1).
    confidence_level : float, default=0.95
        Coverage of each interval, in (0, 1).
    n_riskiest : int, default=20
        How many training rows to name.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        What the attacker sees of the target's answer.
    random_state : int, RandomState instance or None, default=None
        Draws rows, folds and resamples.
    n_jobs : int, default=None
        Number of trees, and of shadow models, trained at the same time.

    Returns
    -------
    AuditReport
        Print it, or take it as a dict, JSON or a data frame.

    Raises
    ------
    ValueError
        If there are too few records, lengths differ, or a column is missing.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Warns
    -----
    MembershipWarning
        If the classifier held some of the training rows out of its training.

    See Also
    --------
    audit_predictions : The same from probabilities alone.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import train_test_split
    >>> import skmia
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=0)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> report = skmia.audit(forest, X, y, X_test, y_test, random_state=0)
    >>> print(report.statement)
    At 1 % false alarms an attacker with ...
    """
    templates = named_attacks(attacks, prior)
    false_positive_rate = np.atleast_1d(false_positive_rate).tolist()
    check_target(estimator, response_method)
    X = (indexable(X_train)[0], indexable(X_test)[0])
    y = (check_labels(X[0], y_train), check_labels(X[1], y_test))
    check_enough(y, "given")
    classes = all_classes(estimator, X[0], np.concatenate(y), method=response_method)
    groups = groups_of(sensitive_features, X, tuple(map(len, y)))
    in_both = duplicates_across(X[0], y[0], X[1], y[1])
    kept = [np.flatnonzero(~mask) for mask in in_both]
    check_enough(kept, "without the rows that occur in both")
    notes = []
    if (note := held_out_note(estimator, X[0], y[0])) is not None:
        notes.append(note)
        warnings.warn(note, MembershipWarning, stacklevel=3)
    rng = check_random_state(random_state)
    shift = two_sample_auc(
        *(_safe_indexing(records, rows) for records, rows in zip(X, kept, strict=True)),
        confidence_level=0.99,  # one false alarm in two hundred audits
        random_state=rng.randint(np.iinfo(np.int32).max),
        n_jobs=n_jobs,
    )
    if shift is None:
        notes.append(
            "Whether train and test rows differ to begin with was not tested: the records are no "
            "table of numbers and categories."
        )
    proba = [record_response(estimator, x, classes, method=response_method) for x in X]
    given = zip(X, y, proba, strict=True)
    return run_audit(
        Bunch(
            target=estimator,
            X=X,
            y=y,
            proba=proba,
            right=[
                predicted_labels(estimator, records, classes, answers) == labels
                for records, labels, answers in given
            ],
            classes=classes,
            groups=groups,
            kept=kept,
            n_duplicates=tuple(int(mask.sum()) for mask in in_both),
            response_method=response_method,
            n_jobs=n_jobs,
            shift=shift,
            notes=notes,
        ),
        templates,
        false_positive_rate=false_positive_rate,
        prior=prior,
        confidence_level=confidence_level,
        n_riskiest=n_riskiest,
        rng=rng,
    )


@validate_params(proba_train=ARRAY, proba_test=ARRAY, classes=ARRAY_OR_NONE, **_OPTIONS)
def audit_predictions(
    proba_train,
    y_train,
    proba_test,
    y_test,
    *,
    classes=None,
    attacks="fast",
    sensitive_features=None,
    false_positive_rate=(0.1, 0.01, 0.001),
    prior=0.5,
    confidence_level=0.95,
    n_riskiest=20,
    random_state=None,
):
    """Audit a model by its predicted probabilities alone, whatever framework it is of.

    As :func:`audit`, but what needs the records themselves is left out: rows that occur in train
    and test are not found, and whether train and test differ to begin with is not tested.

    Parameters
    ----------
    proba_train, y_train : array-like of shape (n_train, n_classes) and (n_train,)
        The model's probabilities for the rows it was trained on, and their true labels.
    proba_test, y_test : array-like of shape (n_test, n_classes) and (n_test,)
        The same for other rows from the same distribution.
    classes : array-like of shape (n_classes,), default=None
        The label of each column. By default 0, 1, ... for integer labels in that range, else the
        sorted labels.
    attacks : "fast", sequence of str, callable or BaseAttack, or dict, default="fast"
        As in :func:`audit`; only attacks that need no more than the response.
    sensitive_features : dict, default=None
        From a name to a pair of arrays (one value per training row, one per test row).
    false_positive_rate, prior, confidence_level, n_riskiest, random_state : optional
        As in :func:`audit`.

    Returns
    -------
    AuditReport
        Print it, or take it as a dict, JSON or a data frame.

    Raises
    ------
    ValueError
        If the columns cannot be matched with labels, there are too few records, or lengths differ.

    See Also
    --------
    audit : The same for a fitted scikit-learn classifier.

    Examples
    --------
    >>> import numpy as np
    >>> import skmia
    >>> y = np.arange(200) % 2
    >>> sure, unsure = np.eye(2)[y] * 0.8 + 0.1, np.eye(2)[y] * 0.2 + 0.4
    >>> report = skmia.audit_predictions(sure, y, unsure, y, random_state=0)
    >>> print(report.attacks[-1].roc_auc)
    1.000 [0.982, 1.000]
    """
    templates = named_attacks(attacks, prior)
    false_positive_rate = np.atleast_1d(false_positive_rate).tolist()
    y = (check_labels(proba_train, y_train), check_labels(proba_test, y_test))
    proba = [
        check_array(given, dtype=[np.float64, np.float32], input_name=name)
        for given, name in ((proba_train, "proba_train"), (proba_test, "proba_test"))
    ]
    columns = column_labels(classes, proba, np.union1d(*y))
    order = np.argsort(columns)
    if not np.array_equal(order, np.arange(len(order))):
        proba = [p[:, order] for p in proba]
        columns = columns[order]
    kept = [np.arange(len(labels)) for labels in y]
    check_enough(kept, "given")
    return run_audit(
        Bunch(
            target=None,
            X=None,
            y=y,
            proba=proba,
            right=[columns[p.argmax(axis=1)] == y for p, y in zip(proba, y, strict=True)],
            classes=columns,
            groups=groups_of(sensitive_features, None, tuple(map(len, y))),
            kept=kept,
            n_duplicates=None,
            response_method="predict_proba",
            n_jobs=None,
            shift=None,
            notes=[
                "From predictions alone it cannot be seen which rows occur in train and test, nor "
                "whether train and test differ to begin with."
            ],
        ),
        templates,
        false_positive_rate=false_positive_rate,
        prior=prior,
        confidence_level=confidence_level,
        n_riskiest=n_riskiest,
        rng=check_random_state(random_state),
    )
