"""The groups that a fairness penalty compares."""

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array
from skorch.dataset import get_len

from skmia._records import columns_of
from skmia.metrics._groups import group_codes
from skmia.properties._informative_features import most_informative_features

__all__ = ["training_groups"]

MOST_GROUPS = 20
# a rate of fewer records is hardly more than chance, and the largest difference picks it out
FEWEST_RECORDS = 5
N_FEATURES = 5
REMEDY = (
    "The penalty sees X as it is given to fit; in a pipeline, where the steps before may have made "
    "an array of a frame, give the column's number."
)


def training_groups(net, sensitive_features, generator):
    """Return the group of each record, held-out ones included, as an integer from 0 on.

    `generator` is used where features are selected. Refused are training records of one group, of
    more than 20, or of a group with fewer than 5.
    """
    training = net.training
    if sensitive_features is None:
        codes = _informative_groups(training, generator)
        hint = "Give sensitive_features: a column of X, or a callable of X."
    else:
        codes = _given_groups(training, sensitive_features)
        hint = "Give a callable of X that cuts or merges, such as lambda X: X[:, 0] > 0.5."
    # held-out records have groups, too, but the property is measured on the others alone
    _check_sizes(np.bincount(codes[training.rows]), sensitive_features, hint)
    return codes


def _given_groups(training, sensitive_features):
    codes, _ = group_codes(_values(training.records, sensitive_features))
    if len(codes) != (n_records := get_len(training.X)):
        raise ValueError(
            "sensitive_features must return one value for each record, got "
            f"{len(codes)} for {n_records} records."
        )
    return codes


def _values(records, sensitive_features):
    if callable(sensitive_features):
        return sensitive_features(records)
    records = records.numpy(force=True) if torch.is_tensor(records) else records
    return columns_of(records, sensitive_features, remedy=REMEDY)


def _informative_groups(training, generator):
    """Return the paper's groups: all of the most informative features low, or not."""
    X = _table(training.X)
    y = np.asarray(training.y)
    rows = training.rows
    seed = int(torch.randint(2**31 - 1, (1,), generator=generator))
    # a slice makes no copy of the table
    trained = slice(None) if len(rows) == X.shape[0] else rows
    columns = most_informative_features(X[trained], y[trained], N_FEATURES, random_state=seed)
    values = X[:, columns].toarray() if issparse(X) else X[:, columns]
    # the paper scales the columns to [0, 1] and cuts at 0.5; so do the records trained on here
    low, high = values[rows].min(axis=0), values[rows].max(axis=0)
    return (values <= low + (high - low) / 2).all(axis=1).astype(np.intp)


def _table(X):
    try:
        return check_array(X, accept_sparse="csr")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "sensitive_features=None takes groups from the columns of a table of numbers, which X "
            f"is not: {error} Give a callable of X that returns each record's group."
        ) from error


def _check_sizes(sizes, sensitive_features, hint):
    sizes = sizes[sizes > 0]
    found = f"sensitive_features={sensitive_features!r} makes"
    if len(sizes) < 2:
        raise ValueError(f"{found} a single group of the training records. {hint}")
    if len(sizes) > MOST_GROUPS:
        raise ValueError(f"{found} {len(sizes)} groups, more than {MOST_GROUPS}. {hint}")
    if sizes.min() < FEWEST_RECORDS:
        raise ValueError(
            f"{found} a group of {sizes.min()} training records, fewer than {FEWEST_RECORDS}, of "
            f"which no rate can be told. {hint}"
        )
