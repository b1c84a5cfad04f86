"""Records as points, and how far they lie from those that the target was trained on."""

import numpy as np
from scipy.sparse import hstack, issparse
from scipy.special import expit
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import check_array, check_consistent_length

from skmia._records import RecordNumbers
from skmia._target import transformed

_MOST_DENSE = 2**25  # numbers, 128 MB: neighbors are found three times faster than in sparse ones
_ACTIVATIONS = {
    "identity": lambda values: values,
    "logistic": expit,
    "relu": lambda values: np.maximum(values, 0),
    "tanh": np.tanh,
}


def embedded(embedding, estimator, X, known):
    """Return one point per record.

    Dense or sparse, finite. Standardized columns have the spread of the `known` records as unit.
    """
    if embedding is None:
        return standardized(X, known)
    if isinstance(embedding, str):
        return hidden_layer(estimator, X)
    points = embedding(X) if callable(embedding) else embedding
    points = check_array(points, accept_sparse="csr", dtype="numeric", input_name="embedding")
    check_consistent_length(X, points)
    return points


def standardized(X, known):
    """Return the columns of records in units of their standard deviation.

    A column of categories becomes one indicator for each of its values, so that two records with
    different values are as far apart as by one standard deviation. A missing number counts as the
    mean. Columns of sparse records are not centered, which changes no distance.
    """
    if issparse(X):
        X = check_array(X, accept_sparse="csr", input_name="X")
        return StandardScaler(with_mean=False).fit(X[known]).transform(X)
    encoding = RecordNumbers().fit(X)
    numbers = encoding.transform(X)
    of_text = [levels is not None for levels in encoding.levels_ or [None] * numbers.shape[1]]
    texts = numbers[:, of_text]
    numbers = numbers[:, np.logical_not(of_text)]
    parts = []
    if numbers.shape[1]:
        numbers[:, np.isnan(numbers[known]).all(axis=0)] = 0  # a mean of nothing
        parts.append(np.nan_to_num(StandardScaler().fit(numbers[known]).transform(numbers)))
    if texts.shape[1]:
        indicators = OneHotEncoder(dtype=np.float32).fit_transform(texts)
        parts.append(indicators / np.float32(np.sqrt(2)))
    if not texts.shape[1]:
        return parts[0]
    points = hstack(parts, format="csr")
    return points.toarray() if np.prod(points.shape, dtype=float) <= _MOST_DENSE else points


def hidden_layer(estimator, X):
    """Return what the last hidden layer of a network makes of records."""
    model, X = transformed(estimator, X)
    if hasattr(model, "coefs_") and hasattr(model, "out_activation_"):
        return _hidden_of_mlp(model, X)
    net = getattr(model, "net_", model)
    if hasattr(net, "module_"):
        return _hidden_of_net(net, X, is_wrapped=net is not model)
    raise ValueError(
        f"embedding='hidden' needs a network, MLPClassifier or one of skmia's, got "
        f"{type(model).__name__}. Give embedding=None for the columns of X, a function of X that "
        "returns one point per record, or the points."
    )


def _hidden_of_mlp(model, X):
    values = check_array(X, accept_sparse="csr", dtype=model.coefs_[0].dtype)
    activation = _ACTIVATIONS[model.activation]
    for weights, intercepts in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True):
        values = activation(values @ weights + intercepts)
    return values


def _hidden_of_net(net, X, *, is_wrapped):
    """Return what enters the last linear layer, batch by batch as the network is asked."""
    from torch import nn

    layers = [module for module in net.module_.modules() if isinstance(module, nn.Linear)]
    if not layers:
        raise ValueError(
            f"embedding='hidden' is what enters the last linear layer, and {net.module_} has none. "
            "Give a function of X that returns one point per record."
        )
    if is_wrapped:
        dtype = np.dtype(str(layers[-1].weight.dtype).removeprefix("torch."))
        X = check_array(X, accept_sparse="csr", dtype=dtype)
    entered = []
    hook = layers[-1].register_forward_pre_hook(
        lambda _, inputs: entered.append(inputs[0].detach().cpu().numpy())
    )
    try:
        net.forward(X)
    finally:
        hook.remove()
    return np.concatenate(entered)


def neighbor_distance(points, contents, known, rows, n_neighbors, n_jobs=None):
    """Return the mean distance of records to the nearest known ones of other content.

    `contents` are equal for copies: a record is no neighbor of its copies, and copies count once.
    NaN where there is no neighbor; all neighbors where there are fewer than asked for.
    """
    once = known[np.unique(contents[known], return_index=True)[1]]
    if not len(once) or not len(rows):
        return np.full(len(rows), np.nan)
    # one more, since a known record finds itself
    index = NearestNeighbors(n_neighbors=min(n_neighbors + 1, len(once)), n_jobs=n_jobs)
    distances, found = index.fit(points[once]).kneighbors(points[rows])
    distances = distances.astype(np.float64)
    distances[contents[once][found] == contents[rows][:, None]] = np.nan
    distances = np.sort(distances, axis=1)[:, :n_neighbors]  # NaN last
    n_found = np.isfinite(distances).sum(axis=1)
    means = np.nansum(distances, axis=1)
    return np.divide(means, n_found, out=np.full(len(rows), np.nan), where=n_found > 0)


def neighbor_distance_within(codes, points, contents, known, n_neighbors, n_jobs=None):
    """Return the mean distance of all records to the nearest known ones of the same class."""
    distances = np.empty(len(codes))
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        of_class = rows[known[rows]]
        distances[rows] = neighbor_distance(points, contents, of_class, rows, n_neighbors, n_jobs)
    return distances
