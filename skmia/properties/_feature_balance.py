"""Balance of the features, on which membership inference may depend."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length

from skmia._records import check_table
from skmia.properties._column_codes import column_positions, low_and_high, numbered_column
from skmia.properties._informative_features import most_informative_features
from skmia.utils._constraints import COUNT, Number, validate_params


@validate_params(
    features=[str, Number(Integral, 0, None, closed="left"), "array-like", None], n_features=COUNT
)
def feature_balance(
    X, y=None, *, value=None, features=None, n_features=5, ratio=False, random_state=None
):
    r"""Return the share of records that have one combination of values of some features.

    .. math:: P[x = c] \qquad \text{or} \qquad \frac{P[x = c]}{P[x \ne c]}

    with ``ratio=True``, where :math:`x` are the values of the chosen features of a record, and
    :math:`c` is one combination of them. Numbers are cut in two: "low" up to the middle between the
    smallest and the largest of the column, "high" above; any other value is its own, and all
    missing ones are "missing". The share is 0 if no record has the combination and 1 if all have
    it; the ratio is 1 if half of the records have it and infinite if all have it.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        Records, of pandas and polars too, with missing values or without.
    y : array-like of shape (n_records,) or None, default=None
        Their labels, used only where features are chosen.
    value : str, sequence or None, default=None
        The combination, one value for each feature in their order, such as ``("low", "Private")``,
        or one for all: ``"low"`` is that of the authors' code. None takes the most frequent one,
        which changes with the records: to compare data sets, name the features and the value.
    features : str, int, sequence of these or None, default=None
        Names or numbers of columns. None takes the :func:`most_informative_features` of ``y``.
    n_features : int, default=5
        How many to choose where ``features`` is None, if there are so many; at least 1.
    ratio : bool, default=False
        Whether to return the ratio instead of the share.
    random_state : int, RandomState instance or None, default=None
        Draws the records on which features are chosen, of more than 2,000.

    Returns
    -------
    float
        The share, in [0, 1], or the ratio, from 0 to infinity.

    Raises
    ------
    ValueError
        If X is no table, X and y differ in length, there is no such feature, ``features`` and ``y``
        are both None, a ``value`` is missing or impossible, or a chosen number is infinite.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, sections 3.1 and 4.

    Examples
    --------
    >>> from skmia.properties import feature_balance
    >>> X = [[20, "F"], [30, "F"], [40, "F"], [60, "M"]]
    >>> feature_balance(X, features=[0, 1])  # low and F: up to 40, the middle of 20 and 60
    0.75
    >>> feature_balance(X, features=0, value="high")
    0.25
    """
    options = {"n_features": n_features, "random_state": random_state}
    mask = balanced_feature(X, y, value=value, features=features, **options)[0]
    n_with = int(mask.sum())
    if not ratio:
        return n_with / len(mask)
    return n_with / (len(mask) - n_with) if n_with < len(mask) else np.inf


def balanced_feature(X, y=None, *, value=None, features=None, n_features=5, random_state=None):
    """Tell which records have a combination; return a mask, the features and the combination."""
    table = check_table(X)
    if y is not None:
        check_consistent_length(table, y)
    positions = _positions(table, y, features, n_features, random_state)
    columns = []
    for values, names in (numbered_column(table, j) for j in positions):
        # numbers are low or high, other values are their own
        columns.append(low_and_high(values) if names is None else (values, names))
    chosen = [table.names[j] for j in positions]
    if value is None:
        mask = _has_commonest(columns)
        first = mask.argmax()
        return mask, chosen, tuple(names[codes[first]] for codes, names in columns)
    value = _combination(value, chosen, columns)
    pairs = zip(columns, value, strict=True)
    masks = [codes == names.index(single) for (codes, names), single in pairs]
    return np.logical_and.reduce(masks), chosen, value


def _positions(table, y, features, n_features, random_state):
    if features is not None:
        single = isinstance(features, str | Integral)
        return column_positions(table, [features] if single else list(features))
    if y is None:
        raise ValueError(
            "y must be given where features is None, since the features are then those that tell "
            "most of the label; give y, or name the features."
        )
    return most_informative_features(table, y, n_features, random_state=random_state).tolist()


def _has_commonest(columns):
    """Tell which records have the most frequent combination, of several the first in order."""
    combined = np.zeros(len(columns[0][0]), dtype=np.int64)
    for codes, names in columns:
        combined = np.unique(combined * len(names) + codes, return_inverse=True)[1]
    return combined == np.bincount(combined).argmax()


def _combination(value, features, columns):
    single = isinstance(value, str) or not np.iterable(value)
    value = (value,) * len(features) if single else tuple(value)
    if len(value) != len(features):
        raise ValueError(
            f"value must hold one value for each of the {len(features)} features {features}, got "
            f"{len(value)}: {value!r}."
        )
    for name, single, (_, known) in zip(features, value, columns, strict=True):
        if single not in known:
            shown = ", ".join(map(repr, known[:10])) + (", ..." if len(known) > 10 else "")
            raise ValueError(
                f"value must hold values that features can have, got {single!r} for feature "
                f"{name!r}, whose values are {shown}; numbers are low or high."
            )
    return value
