"""All properties of a data set at once."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_consistent_length

from skmia._records import check_table, duplicated_within
from skmia._result import Result
from skmia._result._text import in_words
from skmia.metrics._groups import class_codes, group_codes
from skmia.properties._column_codes import stored_codes
from skmia.properties._data import class_balance, column_entropy
from skmia.properties._feature_balance import balanced_feature
from skmia.utils._constraints import ARRAY_OR_NONE, COUNT, TWO_OR_MORE, validate_params


@dataclass(frozen=True, repr=False, eq=False)
class DatasetReport(Result):
    """Properties of a data set, by :func:`dataset_report`.

    Attributes
    ----------
    n_records, n_features, n_missing : int
        Size of the table, and missing values.
    n_duplicates, n_labeled_duplicates : int
        Records that repeat an earlier one, whatever its label, and of one label (None without).
    n_records_of_class, n_records_of_group : dict or None
        Number of records by label and by sensitive group, None without labels or groups.
    class_balance : float or None
        Share of the greater label, or evenness of more than two, see :func:`class_balance`.
    feature_balance : float or None
        Share of records with the most frequent combination of values of the features that tell most
        of the label, see :func:`feature_balance`. None without labels.
    balanced_features, balanced_value : tuple or None
        These features, and their most frequent combination of values.
    entropy : float
        Mean entropy of the features in bits, see :func:`dataset_entropy`.
    features : tuple of dict
        Of each feature its "name", its "kind", numbers or values, the number of its values that are
        "distinct" and of those that are "missing", and its "entropy" in bits.

    Examples
    --------
    >>> from skmia.properties import dataset_report
    >>> report = dataset_report([[1, "F"], [2, "F"], [2, "F"], [9, None]], [0, 1, 1, 1])
    >>> report.n_duplicates, report.n_missing, report.class_balance
    (1, 1, 0.75)
    """

    n_records: int
    n_features: int
    n_duplicates: int
    n_labeled_duplicates: int | None
    n_missing: int
    n_records_of_class: dict | None
    class_balance: float | None
    feature_balance: float | None
    balanced_features: tuple | None
    balanced_value: tuple | None
    n_records_of_group: dict | None
    entropy: float
    features: tuple

    _rows = "features"

    def _lines(self):
        yield f"Data set of {self.n_records:,} records with {self.n_features:,} features"
        repeated = f"repeated records: {self.n_duplicates:,}"
        if self.n_labeled_duplicates is not None:
            repeated += f", {self.n_labeled_duplicates:,} of them with the same label"
        yield repeated
        yield f"missing values: {self.n_missing:,}"
        if self.n_records_of_class is not None:
            yield f"records by class: {_counted(self.n_records_of_class)}"
            is_binary = len(self.n_records_of_class) < 3
            kind = "share of the greater label" if is_binary else "evenness of the labels"
            yield f"class balance: {self.class_balance:.3f}, {kind}"
            pairs = zip(self.balanced_features, self.balanced_value, strict=True)
            combination = ", ".join(f"{name} {in_words(value)}" for name, value in pairs)
            yield f"feature balance: {self.feature_balance:.3f}, share of {combination}"
        if self.n_records_of_group is not None:
            yield f"records by group: {_counted(self.n_records_of_group)}"
        yield f"entropy: {self.entropy:.3f} bits, mean of the features"


@validate_params(n_bins=[*TWO_OR_MORE, None], n_features=COUNT, sensitive_features=ARRAY_OR_NONE)
def dataset_report(
    X, y=None, *, n_bins=None, n_features=5, sensitive_features=None, random_state=None
):
    """Return the properties of a data set on which membership inference may depend.

    Sizes, repeated records, missing values, balance of classes, features and groups, and entropy.
    A model may leak more of records that are few of their kind, and learn repeated ones by heart.
    One that occurs on both sides of a split is member and non-member at once.

    Parameters
    ----------
    X : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        Records, of pandas and polars too, with missing values or without.
    y : array-like of shape (n_records,) or None, default=None
        Their labels. Without them there is no balance of classes and features.
    n_bins : int or None, default=None
        Intervals for the entropy of numbers, at least 2; None takes each distinct number, so that
        continuous columns have as much entropy as there can be.
    n_features : int, default=5
        How many features to choose for the feature balance, at least 1.
    sensitive_features : array-like of shape (n_records,) or (n_records, n_columns), default=None
        Each record's group, of any type. Of several columns, each combination of values is a group.
    random_state : int, RandomState instance or None, default=None
        Draws the records on which features are chosen, of more than 2,000.

    Returns
    -------
    DatasetReport
        The properties; `print` it.

    Raises
    ------
    ValueError
        If X is no table, lengths differ, labels are continuous or missing, an option is out of its
        range, or a number is infinite where columns are cut.
    TypeError
        If X holds values without a content to compare.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, section 3.1.

    Examples
    --------
    >>> from skmia.properties import dataset_report
    >>> X, y = [[1, "F"], [2, "F"], [2, "F"], [9, None]], [0, 1, 1, 1]
    >>> print(dataset_report(X, y, n_bins=2, random_state=0))
    Data set of 4 records with 2 features
    repeated records: 1, 1 of them with the same label
    missing values: 1
    records by class: 0: 1, 1: 3
    class balance: 0.750, share of the greater label
    feature balance: 0.750, share of 0 low, 1 F
    entropy: 0.811 bits, mean of the features
    <BLANKLINE>
    name  kind     distinct  missing  entropy
    ----  -------  --------  -------  -------
    0     numbers  3         0        0.811
    1     values   1         1        0.811
    """
    table = check_table(X)
    rows = tuple(_feature(table, j, n_bins) for j in range(table.shape[1]))
    return DatasetReport(
        n_records=table.shape[0],
        n_features=table.shape[1],
        n_duplicates=int(duplicated_within(table).sum()),
        n_missing=sum(row["missing"] for row in rows),
        **_of_labels(table, y, n_features, random_state),
        n_records_of_group=_groups(table, sensitive_features),
        entropy=float(np.mean([row["entropy"] for row in rows])),
        features=rows,
    )


def _feature(table, j, n_bins):
    kind, n_distinct, n_missing = _counts(table, j)
    return {
        "name": table.names[j],
        "kind": kind,
        "distinct": int(n_distinct),
        "missing": int(n_missing),
        "entropy": float(column_entropy(table, j, n_bins)),
    }


def _counts(table, j):
    """Return the kind of a column, and how many values are distinct and missing."""
    if not issparse(table.container):
        column = table.column(j)
        kind = "values" if column.kind == "category" else "numbers"
        return kind, len(column.coded()[1]), column.missing.sum()
    matrix = table.by_column
    n_missing = np.isnan(matrix.data[matrix.indptr[j] : matrix.indptr[j + 1]]).sum()
    stored = stored_codes(table, j)
    n_codes = stored.max(initial=0 if len(stored) < len(table) else -1) + 1
    return "numbers", n_codes - (n_missing > 0), n_missing


def _of_labels(table, y, n_features, random_state):
    if y is None:
        names = "n_labeled_duplicates", "n_records_of_class", "class_balance", "feature_balance"
        return dict.fromkeys((*names, "balanced_features", "balanced_value"))
    check_consistent_length(table, y)
    (codes,), classes = class_codes(y=y)
    mask, features, value = balanced_feature(
        table, y, n_features=n_features, random_state=random_state
    )
    return {
        "n_labeled_duplicates": int(duplicated_within(table, y).sum()),
        "n_records_of_class": dict(zip(classes.tolist(), np.bincount(codes).tolist(), strict=True)),
        "class_balance": class_balance(y),
        "feature_balance": float(mask.mean()),
        "balanced_features": tuple(features),
        "balanced_value": value,
    }


def _groups(table, sensitive_features):
    if sensitive_features is None:
        return None
    codes, names = group_codes(sensitive_features)
    check_consistent_length(table, codes)
    return dict(zip(names, np.bincount(codes).tolist(), strict=True))


def _counted(counts):
    return ", ".join(f"{name}: {count:,}" for name, count in counts.items())
