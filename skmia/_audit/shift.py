"""Do train and test rows differ before any model saw them? Then success is not leakage."""

import numpy as np
from scipy.sparse import csr_array, issparse, vstack
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import check_random_state

from skmia._records import RecordNumbers, read_table, within_float32
from skmia.metrics import membership_roc_auc
from skmia.utils._sklearn import _num_samples, _safe_indexing

_MOST_ROWS = 5_000  # of each side: enough to see an AUC of 0.52


def two_sample_auc(X_train, X_test, *, confidence_level, random_state=None, n_jobs=None):
    """Return how well a forest tells train from test rows by X alone, in cross-validation.

    The AUC with its interval, 0.5 for no difference found, on at most 5,000 rows of each side; None
    where the records are no table of numbers and categories. A classifier two-sample test, D.
    Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    """
    rng = check_random_state(random_state)
    sides = []
    for X in (X_train, X_test):
        n_records = _num_samples(X)
        rows = rng.choice(n_records, size=min(n_records, _MOST_ROWS), replace=False)
        sides.append(_safe_indexing(X, rows))
    matrix = _numeric_matrix(*sides)
    if matrix is None:
        return None
    side = np.repeat([1, 0], [_num_samples(X) for X in sides])
    seeds = rng.randint(np.iinfo(np.int32).max, size=2)
    forest = RandomForestClassifier(min_samples_leaf=5, random_state=seeds[0], n_jobs=n_jobs)
    folds = StratifiedKFold(2, shuffle=True, random_state=seeds[1])
    proba = cross_val_predict(forest, matrix, side, cv=folds, method="predict_proba")
    return membership_roc_auc(side, proba[:, 1], confidence_level=confidence_level)


def _numeric_matrix(*sides):
    """Return numbers for a forest, sparse if a side is; None of what is no table."""
    if any(issparse(X) for X in sides):
        matrix = vstack([csr_array(X) for X in sides], format="csr")
        matrix.data = within_float32(matrix.data)
        return matrix
    tables = [read_table(X) for X in sides]
    if any(table.ndim < 2 for table in tables):
        return None
    numbers = RecordNumbers().fit(*tables)
    return np.concatenate([numbers.transform(table) for table in tables])
