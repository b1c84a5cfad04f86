"""Gradients and Hessians of scikit-learn's linear classifiers, at their minimum."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import expit, softmax
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.utils import check_array, check_consistent_length, gen_batches
from sklearn.utils.extmath import safe_sparse_dot

from skmia.leakage._influence import PseudoInverse
from skmia.utils._sklearn import _num_samples

RIDGE = RidgeClassifier, RidgeClassifierCV
LINEAR = LogisticRegression, LogisticRegressionCV, *RIDGE
# records at once: some megabytes for a hundred features
BLOCK = 4096
MOST_PARAMETERS = 5000
# a mean gradient larger than this share of one record's belongs to other records or weights
LARGEST_SLOPE = 0.01


class LinearProblem:
    r"""The objective that a fitted linear classifier minimizes, with its training records.

    .. math:: F(\theta) = \frac{1}{n} \sum_i \ell(\theta; z_i) + \frac{\lambda}{2} \|w\|^2

    The loss is the logistic loss with :math:`\lambda = 1 / (C n)`, or half of the squared error of
    targets -1 and 1 with :math:`\lambda = \alpha / n`.
    """

    def __init__(self, classifier, X, y):
        _check_parameters(classifier)
        self.classifier = classifier
        self.X = _checked_records(classifier, X)
        self.y = y
        self.n_records = _num_samples(X)
        self.coef = np.atleast_2d(classifier.coef_).astype(np.float64)
        n_outputs, n_features = self.coef.shape
        self.intercept = classifier.fit_intercept
        self.n_parameters = n_outputs * (n_features + self.intercept)
        if self.n_parameters > MOST_PARAMETERS:
            raise ValueError(
                f"The closed form inverts a matrix of all parameters, at most {MOST_PARAMETERS}; "
                f"the {type(classifier).__name__} has {self.n_parameters}. Give a model of fewer "
                "features, such as selected ones."
            )
        # the weights are against the sum of losses, and the objective is their mean
        self.penalty = np.tile(self._penalty_of_output(n_features), n_outputs) / self.n_records
        self._check_minimum()

    def blocks(self, X, y):
        """Yield the gradients of records' losses, some records at once, (n_block, n_parameters)."""
        X = _checked_records(self.classifier, X)
        codes = _label_codes(self.classifier, y)
        check_consistent_length(X, codes)
        for rows, features in self._features(X):
            # of all losses here, the derivative by an output's value is its answer less its target
            residuals = self._answers(X[rows]) - self._targets(codes[rows])
            yield (residuals[:, :, None] * features[:, None, :]).reshape(len(features), -1)

    def coordinates(self):
        return lambda rows: rows

    def solver(self, damping):
        return PseudoInverse(self.hessian() + damping * np.eye(self.n_parameters)).solve

    def hessian(self):
        n_outputs = len(self.coef)
        width = self.n_parameters // n_outputs
        total = np.zeros((n_outputs, width, n_outputs, width))
        for rows, features in self._features(self.X):
            weights = self._curvatures(self._answers(self.X[rows]))
            for one, other in np.ndindex(n_outputs, n_outputs):
                # outputs of ridge regressions do not depend on each other
                if weights[:, one, other].any():
                    total[one, :, other] += features.T @ (features * weights[:, one, other, None])
        return total.reshape(2 * (self.n_parameters,)) / self.n_records + np.diag(self.penalty)

    def _features(self, X):
        """Yield slices of rows, and their features as an array with a column of ones."""
        for rows in gen_batches(X.shape[0], BLOCK):
            features = X[rows].toarray() if issparse(X) else X[rows]
            yield rows, np.hstack([features, np.ones((len(features), int(self.intercept)))])

    def _answers(self, X):
        """Return what the loss compares with the targets, one column for each output."""
        values = safe_sparse_dot(X, self.coef.T, dense_output=True) + self.classifier.intercept_
        if isinstance(self.classifier, RIDGE):
            return values
        return expit(values) if values.shape[1] == 1 else softmax(values, axis=1)

    def _targets(self, codes):
        n_outputs = len(self.coef)
        # two classes share one output, that of the second
        hits = codes[:, None] == (np.arange(n_outputs) if n_outputs > 1 else [1])
        return 2.0 * hits - 1 if isinstance(self.classifier, RIDGE) else hits.astype(float)

    def _curvatures(self, answers):
        """Return each record's second derivatives by the values of the outputs."""
        identity = np.eye(answers.shape[1])
        if isinstance(self.classifier, RIDGE):
            return np.broadcast_to(identity, (len(answers), *identity.shape))
        if len(identity) == 1:
            return (answers * (1 - answers))[:, :, None]
        return answers[:, :, None] * (identity - answers[:, None, :])

    def _penalty_of_output(self, n_features):
        """Return what the sum of losses adds to the Hessian's diagonal, for one output."""
        classifier = self.classifier
        # a search keeps what it has chosen in alpha_
        if isinstance(classifier, RIDGE):
            weight = float(getattr(classifier, "alpha_", getattr(classifier, "alpha", None)))
        else:
            weight = 1 / _chosen(classifier, "C")
        of_intercept = 0.0
        if getattr(classifier, "solver", None) == "liblinear":  # which penalizes it too
            of_intercept = weight / classifier.intercept_scaling**2
        return np.append(np.full(n_features, weight), [of_intercept] * self.intercept)

    def _check_minimum(self):
        """Refuse records at which the objective is not flat where the classifier stands."""
        total = np.zeros(self.n_parameters)
        squares = 0.0
        for block in self.blocks(self.X, self.y):
            total += block.sum(axis=0)
            squares += (block**2).sum()
        # without an intercept intercept_ is a single 0, and is cut off again
        intercepts = np.broadcast_to(self.classifier.intercept_, len(self.coef))
        values = np.column_stack([self.coef, intercepts])
        values = values[:, : self.n_parameters // len(self.coef)].ravel()
        slope = np.linalg.norm(total / self.n_records + self.penalty * values)
        # against one record's gradient, so that neither units nor the number of records matter
        share = slope / max(np.sqrt(squares / self.n_records), np.finfo(float).tiny)
        if share > LARGEST_SLOPE:
            raise ValueError(
                f"The {type(self.classifier).__name__} is not at the minimum of its objective on "
                f"these records: the mean gradient is {share:.2g} of a record's. Give the very "
                "records it was fitted on, fitted without sample_weight and with a small tol."
            )


def _label_codes(classifier, y):
    y = np.asarray(y)
    classes = np.asarray(classifier.classes_)
    strange = np.setdiff1d(y, classes)
    if len(strange):
        raise ValueError(
            f"y holds labels that the classifier does not know, {strange[:5].tolist()}; it was "
            f"fitted on {classes.tolist()}."
        )
    return np.searchsorted(classes, y)


def _checked_records(classifier, X):
    X = check_array(X, accept_sparse="csr", dtype=[np.float64, np.float32])
    if X.shape[1] != classifier.n_features_in_:
        raise ValueError(
            f"Records have {X.shape[1]} features, but {type(classifier).__name__} was fitted on "
            f"{classifier.n_features_in_}."
        )
    return X


def _check_parameters(classifier):
    name = type(classifier).__name__
    if classifier.class_weight is not None:
        raise ValueError(
            f"The closed form holds for records of equal weight, got {name} with class_weight="
            f"{classifier.class_weight!r}; fit it with class_weight=None."
        )
    if getattr(classifier, "positive", False):
        raise ValueError(f"{name}(positive=True) has no closed form; fit it with positive=False.")
    if isinstance(classifier, RIDGE):
        return
    penalty = classifier.penalty
    # newer versions of scikit-learn say by l1_ratio alone what the penalty is
    mixed = penalty in ("deprecated", "elasticnet") and _chosen(classifier, "l1_ratio")
    if penalty == "l1" or mixed:
        raise ValueError(
            f"{name} has an L1 penalty, whose minimum has no closed form; fit it with an L2 "
            "penalty or none."
        )
    one_each = classifier.solver == "liblinear" or getattr(classifier, "multi_class", "") == "ovr"
    if one_each and len(classifier.classes_) > 2:
        raise ValueError(
            f"This {name} fits one model for each class; use solver='lbfgs', which fits one for "
            "all."
        )
    if not getattr(classifier, "refit", True):
        raise ValueError(f"{name}(refit=False) averages models; fit it with refit=True.")


def _chosen(classifier, name):
    """Return C or l1_ratio of a logistic regression, also where it was chosen by folds."""
    if name == "C" and classifier.penalty is None:
        return np.inf
    value = getattr(classifier, f"{name}_", getattr(classifier, name, None))
    # a search by folds keeps one value for each class, also where they are equal
    values = {0.0 if v is None else float(v) for v in np.ravel(value)}
    if len(values) > 1:
        raise ValueError(
            f"{type(classifier).__name__} has chosen another {name} for each class; fit a "
            "LogisticRegression with one."
        )
    return values.pop()
