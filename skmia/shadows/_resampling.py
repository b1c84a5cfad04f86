"""Records made from other records: from their marginals, or with noise."""

import numpy as np
from sklearn.utils import check_random_state

from skmia._records import PlainColumn, check_table, is_zero_one, joined, write_table
from skmia._response import check_labels, check_target
from skmia.utils._constraints import SHARE, validate_params


@validate_params()
def sample_marginal_records(X, n_records, *, y=None, target=None, random_state=None):
    """Sample records feature by feature from the marginals (statistics-based synthesis).

    Each feature takes the value of a record drawn at random, another one for each feature. So it
    is distributed as in `X` and independent of the others, with `y` within each class. The attacker
    knows these distributions, nothing else of `X` and `y`, and may ask for labels by `target`.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Records whose marginals are known. Missing values are drawn like any other.
    n_records : int
        Number of records to sample, at least 1.
    y : array-like of shape (n_samples,), default=None
        Classes, within which records are sampled, as frequent as here.
    target : estimator, default=None
        A fitted classifier that labels what was sampled; without it the label is the class, by `y`.
    random_state : int, RandomState instance or None, default=None
        Samples the records.

    Returns
    -------
    X_sampled : {ndarray, sparse matrix, dataframe} of shape (n_records, n_features)
        The records, with the container, columns and dtypes of `X`.
    y_sampled : ndarray of shape (n_records,)
        Their labels.

    Raises
    ------
    ValueError
        If `n_records` is below 1, `X` has no records, or neither `y` nor `target` is given.
    TypeError
        If the target is a regressor or `X` holds values that cannot be compared.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, section V-C, statistics-based synthesis.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skmia.shadows import sample_marginal_records
    >>> X, y = load_iris(return_X_y=True)
    >>> X_sampled, y_sampled = sample_marginal_records(X, 300, y=y, random_state=0)
    >>> X_sampled.shape, y_sampled.shape
    ((300, 4), (300,))
    """
    if y is None and target is None:
        raise ValueError("Sampled records need labels: give target, which predicts them, or y.")
    if target is not None:
        check_target(target, "predict")
    table = check_table(X)
    rng = check_random_state(random_state)
    known = np.zeros(len(table), dtype=np.int64) if y is None else check_labels(X, y)
    classes, codes, sizes = np.unique(known, return_inverse=True, return_counts=True)
    by_class = np.argsort(codes, kind="stable")
    drawn = rng.choice(codes, n_records)
    first = (np.cumsum(sizes) - sizes)[drawn]  # of each class in that order
    # a new draw for each column makes the features independent
    of_each = (by_class[first + rng.randint(sizes[drawn])] for _ in range(table.shape[1]))
    columns = (column.take(rows) for column, rows in zip(table.columns(), of_each, strict=True))
    sampled = write_table(columns, table)
    return sampled, classes[drawn] if target is None else np.asarray(target.predict(sampled))


@validate_params(flip_rate=SHARE)
def perturb_records(X, y, *, flip_rate=0.1, random_state=None):
    """Perturb records by noise that flips features (noisy real data).

    Each feature of each record is changed with probability `flip_rate`, independently. A feature of
    two values takes the other one. Any other feature takes the value of a record drawn at random,
    which may be the same. Labels stay. The attacker has an inexact version of records from the
    target's population, disjoint from its training records.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features)
        Records. A feature of zeros and ones alone counts as one of two values even where it is
        constant. A missing value of such a feature stays missing.
    y : array-like of shape (n_samples,)
        Their labels.
    flip_rate : float, default=0.1
        Probability that a feature is changed, in [0, 1]. It makes sparse
        records dense. Shokri et al. [1]_ take 0.1 and 0.2.
    random_state : int, RandomState instance or None, default=None
        Draws the noise.

    Returns
    -------
    X_noisy : {ndarray, sparse matrix, dataframe} of shape (n_samples, n_features)
        The records, with the container, columns and dtypes of `X`.
    y : ndarray of shape (n_samples,)
        The labels.

    Raises
    ------
    ValueError
        If `flip_rate` is outside [0, 1], `X` has no records, or `y` has another length.
    TypeError
        If `flip_rate` is not a number, or `X` holds values that cannot be compared.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, section V-C, noisy real data.

    Examples
    --------
    >>> from skmia.datasets import make_purchase_like
    >>> from skmia.shadows import perturb_records
    >>> X, y = make_purchase_like(500, n_classes=5, random_state=0)
    >>> X_noisy, _ = perturb_records(X, y, flip_rate=0.1, random_state=0)
    >>> print(round((X != X_noisy).mean(), 2))
    0.1
    """
    table = check_table(X)
    rng = check_random_state(random_state)
    labels = check_labels(X, y)
    n_records = len(table)

    def _with_noise(column):
        is_changed = rng.random_sample(n_records) < flip_rate
        return _changed(column, is_changed, rng.randint(n_records, size=n_records))

    return write_table(map(_with_noise, table.columns()), table), labels


def _changed(column, is_changed, drawn):
    """Return a column with the marked entries flipped, or replaced by those of the drawn rows."""
    codes, levels = column.coded()
    rows = np.arange(len(column))
    if len(levels) == 2:
        is_first = codes == 0
        is_second = codes == 1
        # the row of any record with the other value; a missing one stays, being neither
        drawn = np.where(is_first, is_second.argmax(), np.where(is_second, is_first.argmax(), rows))
    elif is_zero_one(column):  # of whose other value no record is at hand
        other = np.array([1 - int(levels[0])], dtype=column.plain().values.dtype)
        column = joined(column, PlainColumn(other))
        drawn = np.where(codes == 0, len(rows), rows)
    return column.take(np.where(is_changed, drawn, rows))
