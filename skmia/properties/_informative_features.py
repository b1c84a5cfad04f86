"""Which features tell most about the label."""

import numpy as np
from scipy.sparse import issparse
from sklearn.feature_selection import mutual_info_classif
from sklearn.utils import check_consistent_length, check_random_state, gen_batches
from sklearn.utils.random import sample_without_replacement

from skmia._records import check_table
from skmia.properties._column_codes import numbered_column
from skmia.utils._constraints import COUNT, validate_params
from skmia.utils._sklearn import _safe_indexing

# more records cost much and hardly change which features come first
MOST_RECORDS = 2_000
# columns of no more distinct values are counted instead of measured by distances
FEW_VALUES = 20
COLUMNS_AT_ONCE = 200


@validate_params(n_features=COUNT)
def most_informative_features(X, y, n_features=5, *, random_state=None):
    r"""Return the features of highest mutual information with the label.

    .. math:: I(a_j; y) = \sum_{v, c} P[a_j = v, y = c]
              \ln \frac{P[a_j = v, y = c]}{P[a_j = v] P[y = c]}

    where :math:`a_j` is the feature and :math:`y` the label; 0 means that it tells nothing of the
    label. scikit-learn estimates it on at most 2,000 records, drawn at random. Columns of at most
    20 distinct values, and columns of anything but numbers, are counted; other columns of numbers
    are measured by the distances of neighbors. Missing values count as one more value, less than
    all others. Counting overestimates what a column of many rare values tells, such as one of
    names: leave such columns out, or cut their values into a few.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        Records: numbers, texts, categories, with missing values or without.
    y : array-like of shape (n_records,)
        Their labels.
    n_features : int, default=5
        How many to return, if there are so many; at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the records, and the small noise that the estimate needs.

    Returns
    -------
    ndarray of int
        Numbers of columns, the highest information first.

    Raises
    ------
    ValueError
        If X is no table, X and y differ in length, a number is infinite, or ``n_features`` below 1.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, section 4.
    .. [2] B. C. Ross, "Mutual Information between Discrete and Continuous Data Sets", 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.properties import most_informative_features
    >>> X, y = load_iris(return_X_y=True)
    >>> sorted(most_informative_features(X, y, 2, random_state=0).tolist())  # of the petals
    [2, 3]
    """
    table = check_table(X)
    check_consistent_length(table, y)
    rng = check_random_state(random_state)
    codes = np.unique(y, return_inverse=True)[1]
    if len(codes) > MOST_RECORDS:
        rows = sample_without_replacement(len(table), MOST_RECORDS, random_state=rng)
        X = table.container
        table = check_table(_safe_indexing(X.tocsr() if issparse(X) else X, rows))
        codes = codes[rows]
    blocks = gen_batches(table.shape[1], COLUMNS_AT_ONCE)
    information = np.concatenate([_information(table, block, codes, rng) for block in blocks])
    return np.argsort(-information, kind="stable")[:n_features]


def _information(table, block, codes, rng):
    columns = [_measured_column(table, j) for j in range(block.start, block.stop)]
    values, discrete = zip(*columns, strict=True)
    return mutual_info_classif(
        np.column_stack(values), codes, discrete_features=np.array(discrete), random_state=rng
    )


def _measured_column(table, j):
    """Return a column as floats, and whether its values are to be counted."""
    values, names = numbered_column(table, j)
    levels, numbered = np.unique(values, return_inverse=True)
    if names is not None or len(levels) <= FEW_VALUES:
        return numbered.astype(np.float64), True
    values = values.astype(np.float64)
    missing = np.isnan(values)
    if missing.any():
        low, high = values[~missing].min(), values[~missing].max()
        values[missing] = low - (high - low)
    return values, False
