"""The contract that every attack keeps, as checks; public, for attacks written elsewhere."""

import pickle
from functools import partial
from importlib import import_module
from importlib.util import find_spec

import numpy as np
from scipy import sparse
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import check_array
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import validate_data

from skmia.utils._constraints import validate_params
from skmia.utils._sklearn import HasMethods, _safe_indexing

__all__ = ["EXPECTED_FAILED_CHECKS", "StubClassifier", "attack_checks", "check_attack"]

_NOT_A_CLASSIFIER = (
    "the check takes whatever has predict_proba for a classifier of the labels; an attack's two "
    "columns are non-member and member. _check_containers covers sparse records."
)
EXPECTED_FAILED_CHECKS = dict.fromkeys(
    ("check_estimator_sparse_array", "check_estimator_sparse_matrix"), _NOT_A_CLASSIFIER
)


class StubClassifier(ClassifierMixin, BaseEstimator):
    """A classifier that needs no fit and answers for any numeric X: a target for checks.

    Its probabilities are a fixed function of each record; `fit` only remembers the classes. It
    claims to have been trained on the records above the median.

    Examples
    --------
    >>> from skmia.utils.estimator_checks import StubClassifier
    >>> StubClassifier().predict([[0.0, 1.0]])
    array([1])
    """

    classes_ = np.array([0, 1])  # until fit says otherwise

    def __sklearn_is_fitted__(self):
        return True  # it answers without a fit

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def fit(self, X, y):
        """Remember the classes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_records, n_features)
            Records.
        y : array-like of shape (n_records,)
            Labels.

        Returns
        -------
        StubClassifier
            Itself.
        """
        X, y = validate_data(self, X, y, accept_sparse=True)
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        """Return probabilities that depend on each record's content alone.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Probabilities.
        """
        X = check_array(X, accept_sparse=True, ensure_min_features=0)
        # np.asarray, since the mean of a sparse matrix is an np.matrix
        mean = np.asarray(X.mean(axis=1), dtype=float).reshape(-1, 1)
        classes = np.arange(len(self.classes_))
        return softmax(np.sin(mean * (classes + 1) + classes), axis=1)

    def predict(self, X):
        """Return the class of the largest probability.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_records, n_features)
            Records.

        Returns
        -------
        ndarray of shape (n_records,)
            Labels.
        """
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def membership_of(self, X, y):
        """Return which records it claims to have been trained on.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_records, n_features)
            Records.
        y : array-like of shape (n_records,)
            Labels.

        Returns
        -------
        ndarray of int, shape (n_records,)
            1 for the upper half of the records, 0 for the lower.
        """
        mean = np.asarray(X.mean(axis=1)).ravel()
        return (mean > np.median(mean)).astype(int)


@validate_params(
    attack=[HasMethods(["fit", "score_samples", "predict_proba"])],
    expected_failed_checks=[dict, None],
)
def check_attack(attack, *, expected_failed_checks=None):
    """Check that an attack keeps the contract of skmia and of scikit-learn.

    Runs scikit-learn's estimator checks on a stub target, and then skmia's own.

    Parameters
    ----------
    attack : BaseAttack
        An attack, as a template with `target=None`; its other parameters are kept.
    expected_failed_checks : dict of str to str, default=None
        Names of scikit-learn's checks that must fail, each with the reason why, beside those of
        `EXPECTED_FAILED_CHECKS`, which hold for every attack.

    Raises
    ------
    AssertionError
        If a check of skmia fails; scikit-learn's checks raise what they raise.

    Examples
    --------
    >>> from skmia.attacks import MetricAttack
    >>> from skmia.utils.estimator_checks import check_attack
    >>> check_attack(MetricAttack(random_state=0))  # doctest: +SKIP
    """
    check_estimator(
        clone(attack).set_params(target=StubClassifier()),
        expected_failed_checks=EXPECTED_FAILED_CHECKS | (expected_failed_checks or {}),
        on_skip=None,
    )
    for check in attack_checks(attack):
        check()


@validate_params(attack=[HasMethods(["fit", "score_samples", "predict_proba"])])
def attack_checks(attack):
    """Return skmia's own checks of an attack, as functions without parameters.

    Parameters
    ----------
    attack : BaseAttack
        An attack, as a template with `target=None`.

    Returns
    -------
    list of callable
        The checks; each raises an AssertionError if the attack fails it.

    Examples
    --------
    >>> from skmia.attacks import MetricAttack
    >>> from skmia.utils.estimator_checks import attack_checks
    >>> attack_checks(MetricAttack())[0]()
    """
    left_out = [] if attack._finds_memorized_records else [_check_finds_memorized_records]
    return [partial(check, attack) for check in _CHECKS if check not in left_out]


def _records(n_records=120, n_classes=3, random_state=0):
    options = {"n_features": 6, "n_informative": 4, "n_classes": n_classes}
    return make_classification(n_records, **options, random_state=random_state)


def _fitted(attack, target=None, data=None):
    X, y = _records() if data is None else data
    if target is None:
        target = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    return clone(attack).set_params(target=target, random_state=0).fit(X, y)


def _check_copies(attack):
    """A clone attacks the very same model and is not fitted; a pickle scores alike."""
    X, y = _records()
    fitted = _fitted(attack)
    copy = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(copy.score_samples(X, y), fitted.score_samples(X, y))
    assert type(attack).__name__ in fitted._repr_html_()
    assert type(attack).__name__ in repr(fitted)
    copy = clone(fitted)
    assert copy.target is fitted.target, "clone must keep the target, not copy or refit it"
    for name, value in clone(attack).get_params(deep=False).items():
        # by repr, since parameters may be arrays or estimators, which clone copies
        if name not in ("target", "random_state"):
            assert repr(getattr(copy, name)) == repr(value), f"clone changed the parameter {name}"
    try:
        copy.score_samples(X, y)
    except NotFittedError:
        return
    raise AssertionError("a clone must not be fitted")


def _check_target_is_needed_and_fitted(attack):
    """A template and an unfitted target are refused with a reason."""
    for target, error in ((None, ValueError), (DecisionTreeClassifier(), NotFittedError)):
        try:
            clone(attack).set_params(target=target).fit(*_records())
        except error:
            continue
        raise AssertionError(f"fit with target={target!r} must raise {error.__name__}")


def _check_input_is_not_changed(attack):
    """The target, the records and their labels are left as they were."""
    X, y = _records()
    target = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    before = pickle.dumps(target)
    X_before = X.copy()
    y_before = y.copy()
    fitted = _fitted(attack, target, (X, y))
    for method in (fitted.score_samples, fitted.predict, fitted.predict_proba):
        method(X, y)
    assert pickle.dumps(target) == before, "the attack changed its target"
    np.testing.assert_array_equal(X, X_before)
    np.testing.assert_array_equal(y, y_before)


def _check_determinism(attack):
    """The same random_state gives the same scores."""
    X, y = _records()
    first, second = (_fitted(attack).predict_proba(X, y) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def _check_output(attack):
    """Shapes, ranges and dtypes are those of the contract."""
    X, y = _records()
    fitted = _fitted(attack)
    for labels in (y, None):  # with None the attacker takes the predicted ones
        scores = fitted.score_samples(X, labels)
        risk = fitted.predict_proba(X, labels)
        assert scores.shape == (len(X),), "score_samples must return shape (n_records,)"
        assert risk.shape == (len(X), 2), "predict_proba must return shape (n_records, 2)"
        np.testing.assert_allclose(risk.sum(axis=1), 1)
        assert risk.min() >= 0, "risks must be probabilities"
        assert set(fitted.predict(X, labels)) <= {0, 1}, "predict must return 0 or 1"
    accuracy = fitted.score(X, y, np.arange(len(X)) % 2 == 0)
    assert 0 <= accuracy <= 1, "score must return a balanced accuracy"


def _check_containers(attack):
    """Equal content gives equal scores in arrays, frames and sparse matrices."""
    X, y = _records()
    X = np.round(X, 1)
    target = LogisticRegression(tol=0.1).fit(X[::2], y[::2])
    expected = _fitted(attack, target, (X, y)).score_samples(X, y)
    frames = [import_module(name) for name in ("pandas", "polars") if find_spec(name)]
    containers = [sparse.csr_matrix(X), sparse.csr_array(X)]
    containers += [module.DataFrame(X) for module in frames]
    for container in containers:
        # a target of its own, since scikit-learn warns of names that were not there in fit
        own = clone(target).fit(_safe_indexing(container, np.arange(0, len(X), 2)), y[::2])
        scores = _fitted(attack, own, (container, y)).score_samples(container, y)
        np.testing.assert_allclose(
            scores, expected, rtol=1e-6, atol=1e-9, err_msg=f"in a {type(container)}"
        )


def _check_scores_do_not_depend_on_the_batch(attack):
    """A record's score is the same alone, in any order and in small batches."""
    X, y = _records()
    fitted = _fitted(attack)
    expected = fitted.score_samples(X, y)
    order = np.random.default_rng(0).permutation(len(X))
    np.testing.assert_allclose(fitted.score_samples(X[order], y[order]), expected[order])
    np.testing.assert_allclose(fitted.score_samples(X[5:6], y[5:6]), expected[5:6])
    with config_context(working_memory=0.01):  # MiB: answers come in batches of some records
        np.testing.assert_allclose(fitted.score_samples(X, y), expected)
    fitted.set_params(n_jobs=2)
    np.testing.assert_allclose(fitted.score_samples(X, y), expected)


def _check_certain_answers(attack):
    """Probabilities of exactly 0 and 1, right and wrong, give finite scores."""
    X, y = _records()
    # one neighbor answers with 0 and 1 only, and rolled labels make it wrong for most records
    target = KNeighborsClassifier(1).fit(X, np.roll(y, 1))
    fitted = _fitted(attack, target, (X, y))
    assert np.isfinite(fitted.score_samples(X, y)).all(), "scores must be finite"
    assert np.isfinite(fitted.predict_proba(X, y)).all(), "risks must be finite"


def _check_string_labels_and_unknown_label(attack):
    """Labels may be strings; a label that the target does not know gets a score."""
    X, y = _records()
    names = np.array(["ant", "bee", "cat", "dog"])
    # three classes: it never meets the fourth
    target = DecisionTreeClassifier(random_state=0).fit(X[::2], names[y[::2]])
    fitted = _fitted(attack, target, (X, names[y]))
    integers = _fitted(attack)
    np.testing.assert_array_equal(fitted.score_samples(X, names[y]), integers.score_samples(X, y))
    assert np.isfinite(fitted.score_samples(X[:2], names[[3, 3]])).all()


def _check_blind_on_unseen_records(attack):
    """On a target that saw none of the records the AUC is 0.5 within its standard error."""
    X, y = _records(2000, random_state=1)
    target = DecisionTreeClassifier(random_state=0).fit(X[:400], y[:400])
    membership = np.random.default_rng(0).permutation(np.arange(1600) % 2)
    fitted = _fitted(attack, target, (X[400:], y[400:]))
    auc = roc_auc_score(membership, fitted.score_samples(X[400:], y[400:]))
    # the Mann-Whitney statistic's null standard error; ties only make it smaller
    error = np.sqrt((800 + 800 + 1) / (12 * 800 * 800))
    assert abs(auc - 0.5) < 1.96 * error, f"AUC {auc:.3f} where there is nothing to find"


def _check_finds_memorized_records(attack):
    """A nearest-neighbor target that learned random labels by heart gives an AUC above 0.9."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(1200, 5))
    y = rng.integers(20, size=1200)  # nothing to learn but by heart
    target = KNeighborsClassifier(1).fit(X[:400], y[:400])
    # the attack knows other records than those it is judged on
    fitted = _fitted(attack, target, (X[800:], y[800:]))
    auc = roc_auc_score(np.repeat([1, 0], 400), fitted.score_samples(X[:800], y[:800]))
    assert auc > 0.9, f"AUC {auc:.3f} where all members are known by heart"


# all of the above, in their order
_CHECKS = [value for name, value in list(globals().items()) if name.startswith("_check_")]
