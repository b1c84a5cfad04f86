"""Balance of classes and entropy of features, on which membership inference may depend."""

import numpy as np
from scipy.sparse import csc_array, issparse
from scipy.special import entr

from skmia._records import check_table
from skmia.metrics._groups import class_codes
from skmia.properties._column_codes import stored_codes
from skmia.utils._constraints import BOOLEAN, TWO_OR_MORE, validate_params


@validate_params()
def class_balance(y, *, pos_label=None, ratio=False):
    r"""Return the share of one class, or how evenly the records fall on many classes.

    Of two classes it is the share of records of class :math:`c`, or with ``ratio=True`` the
    quotient of the paper, of **the other records over those of the class**:

    .. math:: P[y = c] \qquad \text{or} \qquad \frac{P[y \ne c]}{P[y = c]}

    Balanced classes have the share 0.5 and the ratio 1. A share of 0 or 1 means that there is one
    class only; its ratio is infinite or 0.

    Of more than two classes, without ``pos_label``, it is the entropy by its largest value,

    .. math:: - \frac{1}{\ln K} \sum_{c = 1}^{K} P[y = c] \ln P[y = c]

    where :math:`K` is the number of classes that occur. 1 means that all classes are equally
    frequent, near 0 that nearly all records are of one. The paper does not define this.

    Parameters
    ----------
    y : array-like of shape (n_records,)
        Labels.
    pos_label : int, float, bool or str, default=None
        The class :math:`c`. None takes the greater of two labels, so that the ratio of labels 0 and
        1 is :math:`P[y = 0] / P[y = 1]`. Name it where a class may be absent.
    ratio : bool, default=False
        Whether to return the ratio instead of the share.

    Returns
    -------
    float
        The share or the evenness, in [0, 1], or the ratio, from 0 to infinity.

    Raises
    ------
    ValueError
        If labels are continuous, missing, or not of one type, ``pos_label`` is none of several, or
        a ratio of more than two classes lacks it.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, section 3.1.

    Examples
    --------
    >>> from skmia.properties import class_balance
    >>> class_balance([0, 0, 0, 1])
    0.25
    >>> class_balance([0, 0, 0, 1], ratio=True)
    3.0
    """
    (codes,), classes = class_codes(y=y)
    if not len(codes):
        raise ValueError("y must hold the labels of at least one record, got none.")
    counts = np.bincount(codes)
    classes = classes.tolist()
    if pos_label is None and len(classes) > 2:
        return _evenness(counts / len(codes), ratio)
    pos_label = classes[-1] if pos_label is None else pos_label
    if pos_label not in classes and len(classes) > 1:
        raise ValueError(
            f"pos_label must be one of the labels, got {pos_label!r}; there are {classes[:10]}."
        )
    n_positive = counts[classes.index(pos_label)] if pos_label in classes else 0
    if not ratio:
        return float(n_positive / len(codes))
    return float((len(codes) - n_positive) / n_positive) if n_positive else np.inf


@validate_params(n_bins=[*TWO_OR_MORE, None], per_feature=BOOLEAN)
def dataset_entropy(X, *, n_bins=None, per_feature=False):
    r"""Return the mean entropy of the features, in bits.

    .. math:: H_D = \frac{1}{n} \sum_{j = 1}^{n} H[a_j], \qquad
              H[a_j] = - \sum_{c \in C_j} P_c \log_2 P_c

    where :math:`a_j` is one of the :math:`n` features, :math:`C_j` the set of its distinct values
    and :math:`P_c` the share of records with value :math:`c`. All missing values are one more
    value. 0 means that all records are alike; the largest value is :math:`\log_2` of the number of
    records, where all values of every feature differ.

    **Continuous columns have about that many bits**, whatever they hold: nearly each of their
    values is distinct. Give ``n_bins`` to cut numbers into so many intervals of one width between
    the smallest and the largest of the column. The entropy of such a column is at most
    :math:`\log_2` of ``n_bins`` (of ``n_bins`` + 1 if values are missing), and 0 if it is constant.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        Records, of pandas and polars too. A sparse matrix stays sparse.
    n_bins : int or None, default=None
        Intervals for columns of numbers, at least 2. None takes each distinct value, as the paper.
    per_feature : bool, default=False
        Whether to return the entropy of each feature instead of the mean.

    Returns
    -------
    float or ndarray of shape (n_features,)
        The entropy in bits, at least 0.

    Raises
    ------
    ValueError
        If X is no table, ``n_bins`` is below 2, or a number to be cut is infinite.
    TypeError
        If X holds values without a content to compare.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, equations 1 and 2.

    Examples
    --------
    >>> from skmia.properties import dataset_entropy
    >>> X = [[1, "F"], [2, "F"], [3, "M"], [9, "M"]]
    >>> dataset_entropy(X)  # 2 bits and 1 bit
    1.5
    >>> dataset_entropy(X, n_bins=2, per_feature=True).round(3)
    array([0.811, 1.   ])
    """
    table = check_table(X)
    bits = np.array([column_entropy(table, j, n_bins) for j in range(table.shape[1])])
    return bits if per_feature else float(bits.mean())


def value_codes(X, n_bins=None):
    """Number each feature's distinct values, or its bins, from 0 on, missing as a value of its own.

    Codes of a sparse matrix are sparse, and 0 is that of all that is not stored.
    """
    table = check_table(X)
    columns = [stored_codes(table, j, n_bins) for j in range(table.shape[1])]
    if issparse(table.container):
        matrix = table.by_column
        return csc_array((np.concatenate(columns), matrix.indices, matrix.indptr), table.shape)
    return np.column_stack(columns)


def column_entropy(table, j, n_bins=None):
    codes = stored_codes(table, j, n_bins)
    counts = np.bincount(codes, minlength=1)
    counts[0] += table.shape[0] - len(codes)  # what a sparse matrix does not store
    return entr(counts / table.shape[0]).sum() / np.log(2)


def _evenness(shares, ratio):
    if ratio:
        raise ValueError(
            f"ratio=True needs pos_label where there are more than two classes, got {len(shares)} "
            "classes; name the class, or leave ratio out for the evenness of all."
        )
    return float(entr(shares).sum() / np.log(len(shares)))
