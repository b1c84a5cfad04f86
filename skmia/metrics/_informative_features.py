"""Which features tell most about the label."""

import numpy as np
from scipy.sparse import issparse
from sklearn.feature_selection import mutual_info_classif
from sklearn.utils import check_array, check_consistent_length, check_random_state, gen_batches
from sklearn.utils.random import sample_without_replacement

__all__ = ["most_informative_features"]

# more records cost much and hardly change which features come first
MOST_RECORDS = 2_000
# columns of no more distinct values are counted instead of measured by distances
FEW_VALUES = 20
COLUMNS_AT_ONCE = 200


def most_informative_features(X, y, n_features=5, random_state=None):
    """Return the features of highest mutual information with the label.

    It is estimated by scikit-learn on at most 2,000 records, drawn at random. Columns of at most 20
    distinct values count as discrete.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_records, n_features)
        Records, all numbers.
    y : array-like of shape (n_records,)
        Their labels.
    n_features : int, default=5
        How many to return, if there are so many.
    random_state : int, RandomState instance or None, default=None
        Draws the records, and the small noise that the estimate needs.

    Returns
    -------
    ndarray of int
        Numbers of columns, the highest information first.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.metrics._informative_features import most_informative_features
    >>> X, y = load_iris(return_X_y=True)
    >>> sorted(most_informative_features(X, y, 2, random_state=0).tolist())  # of the petals
    [2, 3]
    """
    X = check_array(X, accept_sparse="csr")
    check_consistent_length(X, y)
    rng = check_random_state(random_state)
    codes = np.unique(y, return_inverse=True)[1]
    if X.shape[0] > MOST_RECORDS:
        rows = sample_without_replacement(X.shape[0], MOST_RECORDS, random_state=rng)
        X, codes = X[rows], codes[rows]
    X = X.tocsc() if issparse(X) else X
    blocks = gen_batches(X.shape[1], COLUMNS_AT_ONCE)
    information = np.concatenate([_information(X[:, block], codes, rng) for block in blocks])
    return np.argsort(-information, kind="stable")[:n_features]


def _information(columns, codes, rng):
    columns = columns.toarray() if issparse(columns) else columns
    columns = columns.astype(np.float64)
    discrete = np.zeros(columns.shape[1], dtype=bool)
    for j, column in enumerate(columns.T):
        values, numbered = np.unique(column, return_inverse=True)
        if len(values) <= FEW_VALUES:
            discrete[j], columns[:, j] = True, numbered
    return mutual_info_classif(columns, codes, discrete_features=discrete, random_state=rng)
