"""Do train and test rows differ before any model saw them? Then success is not leakage."""

import numpy as np
from scipy.sparse import csr_array, issparse, vstack
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils import check_random_state

from skmia._records import RecordNumbers, read_table, within_float32
from skmia.metrics import membership_roc_auc
from skmia.utils._sklearn import _num_samples, _safe_indexing

_MOST_ROWS = 5_000  # of each split: enough to see an AUC of 0.52


def two_sample_auc(X_train, X_test, *, confidence_level, random_state=None, n_jobs=None):
    """Return how well a forest tells train from test rows by X alone, in cross-validation.

    None where the records are no table of numbers and categories. A classifier two-sample test, D.
    Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests", ICLR 2017.
    """
    rng = check_random_state(random_state)
    splits = (X_train, X_test)
    n_rows = [min(_num_samples(X), _MOST_ROWS) for X in splits]
    matrix = _numeric_matrix(
        *(
            _safe_indexing(X, rng.choice(_num_samples(X), size=n, replace=False))
            for X, n in zip(splits, n_rows, strict=True)
        )
    )
    if matrix is None:
        return None
    split = np.repeat([1, 0], n_rows)
    seeds = rng.randint(np.iinfo(np.int32).max, size=2)
    forest = RandomForestClassifier(min_samples_leaf=5, random_state=seeds[0], n_jobs=n_jobs)
    folds = StratifiedKFold(2, shuffle=True, random_state=seeds[1])
    proba = cross_val_predict(forest, matrix, split, cv=folds, method="predict_proba")
    return membership_roc_auc(split, proba[:, 1], confidence_level=confidence_level)


def _numeric_matrix(*splits):
    """Return numbers for a forest, sparse if a split is; None of what is no table."""
    if any(issparse(X) for X in splits):
        matrix = vstack([csr_array(X) for X in splits], format="csr")
        matrix.data = within_float32(matrix.data)
        return matrix
    tables = [read_table(X) for X in splits]
    if any(table.ndim < 2 for table in tables):
        return None
    numbers = RecordNumbers().fit(*tables)
    return np.concatenate([numbers.transform(table) for table in tables])
