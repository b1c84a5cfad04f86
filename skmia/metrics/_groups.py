"""Sensitive groups and class labels as integer codes."""

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d
from sklearn.utils.multiclass import type_of_target, unique_labels

from skmia._records import is_missing

MISSING = "missing"


def group_codes(sensitive_features):
    """Return each record's position among the groups that occur, and the groups' names.

    These are the distinct values, or tuples where there are several features. Values that Python
    calls equal, such as 1 and 1.0, are one; None, NaN, NaT and NA are all "missing".
    """
    # a list of texts and numbers must not become one of texts only
    dtype = None if hasattr(sensitive_features, "__array__") else object
    values = np.asarray(sensitive_features, dtype=dtype)
    if values.ndim not in (1, 2) or values.shape[1:] == (0,):
        raise ValueError(
            "sensitive_features must be of shape (n_records,) or (n_records, n_features), "
            f"got {values.shape}; give one value per record or one column per feature."
        )
    if values.ndim == 1 or values.shape[1] == 1:
        return _column_codes(values.ravel())
    codes, names = zip(*(_column_codes(column) for column in values.T), strict=True)
    rows, codes = np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    combinations = [
        tuple(column[i] for column, i in zip(names, row, strict=True)) for row in rows.tolist()
    ]
    return codes.ravel(), combinations


def codes_to_compare(sensitive_features, groups=None):
    """Return each record's position among the groups to compare, −1 for others, and the groups."""
    codes, found = group_codes(sensitive_features)
    names = found if groups is None else _named_groups(groups, found)
    if len(names) < 2:
        given = f"only {names[0]!r}" if names else "none"
        raise ValueError(
            f"{'sensitive_features' if groups is None else 'compared_groups'} must hold at least "
            f"two groups to compare, got {given}; stratify the split on the group, take a larger "
            "fold, or check that this is the right column."
        )
    position = {name: i for i, name in enumerate(names)}
    return np.array([position.get(name, -1) for name in found])[codes], names


def class_codes(**labels):
    """Return the positions of each array of labels in the sorted union of all, and the union."""
    columns = [_checked_labels(name, values) for name, values in labels.items()]
    check_consistent_length(*columns)
    classes = unique_labels(*columns)
    return [np.searchsorted(classes, column) for column in columns], classes


def _column_codes(column):
    values = column.tolist()
    try:
        plain = {value: _plain(value) for value in dict.fromkeys(values)}
    except TypeError as error:
        raise ValueError(
            f"sensitive_features must hold single values such as texts or numbers: {error}; give "
            "one value per record or one column per feature."
        ) from error
    names = _sorted(set(plain.values()))
    position = {name: i for i, name in enumerate(names)}
    code = {value: position[name] for value, name in plain.items()}
    return np.fromiter(map(code.__getitem__, values), np.intp, len(values)), names


def _plain(value):
    return MISSING if is_missing(value) else value


def _sorted(names):
    try:
        return sorted(names, key=lambda name: (name == MISSING, name))
    except TypeError:
        return sorted(names, key=repr)


def _named_groups(groups, found):
    # a group of several features may be given as a tuple, a list or a row of an array
    names = [
        tuple(map(_plain, group)) if isinstance(group, tuple | list | np.ndarray) else _plain(group)
        for group in groups
    ]
    names = list(dict.fromkeys(names))
    absent = [name for name in names if name not in found]
    if absent:
        shown = ", ".join(map(repr, found[:10])) + (", ..." if len(found) > 10 else "")
        raise ValueError(
            f"compared_groups must occur in sensitive_features, got {absent} without records; "
            f"there are {shown}. Correct the names, leave the group out, or stratify the split on "
            "it."
        )
    return names


def _checked_labels(name, labels):
    labels = column_or_1d(labels)
    try:
        has_missing = labels.dtype.kind == "f" and np.isnan(labels).any()
        kind = "missing" if has_missing else type_of_target(labels)
    except TypeError:
        kind = "mixed or missing"
    if kind not in ("binary", "multiclass"):
        raise ValueError(
            f"{name} must hold class labels of one type, got {kind} values; give the classes that "
            "predict returns, not probabilities, for every record."
        )
    return labels
