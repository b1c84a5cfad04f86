"""Records in their container as JSON: sparse matrices and pandas frames."""

import numpy as np
from scipy import sparse


def of_container(value, encode):
    """Return the parts of a sparse matrix or a pandas frame, None for anything else.

    Parameters
    ----------
    value : object
        The container.
    encode : callable
        What encodes its arrays.

    Returns
    -------
    dict or None
        With the key "sparse" or "frame".
    """
    if sparse.issparse(value):
        rows = sparse.csr_array(value)
        parts = {name: encode(getattr(rows, name)) for name in ("data", "indices", "indptr")}
        return {"sparse": type(value).__name__, "shape": list(value.shape)} | parts
    if not hasattr(value, "iloc") or not hasattr(value, "columns"):
        return None
    columns = [_of_column(column, encode) for _, column in value.items()]
    names = [encode(name) for name in value.columns]
    return {"frame": columns, "names": names, "index": encode(value.index.to_numpy())}


def container_again(value, decode):
    """Return the container of these parts.

    Parameters
    ----------
    value : dict
        What `of_container` returned.
    decode : callable
        What decodes its arrays.

    Returns
    -------
    {sparse matrix, DataFrame}
        The container.
    """
    if "sparse" in value:
        parts = [decode(value[name]) for name in ("data", "indices", "indptr")]
        rows = sparse.csr_array(tuple(parts), shape=tuple(value["shape"]))
        return getattr(sparse, value["sparse"])(rows)
    import pandas as pd

    columns = [_column_again(column, decode, pd) for column in value["frame"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = pd.Index([decode(name) for name in value["names"]])
    return frame.set_axis(pd.Index(decode(value["index"])), axis=0)


def _of_column(column, encode):
    kind = column.dtype
    found = {"dtype": str(kind), "values": encode(column.to_numpy())}
    if hasattr(kind, "categories"):
        found |= {"categories": encode(kind.categories.to_numpy()), "ordered": bool(kind.ordered)}
        found["values"] = encode(column.cat.codes.to_numpy())
    return found


def _column_again(given, decode, pd):
    values = decode(given["values"])
    if "categories" in given:
        kind = pd.CategoricalDtype(decode(given["categories"]), ordered=given["ordered"])
        return pd.Series(pd.Categorical.from_codes(np.asarray(values), dtype=kind))
    return pd.Series(values, dtype=given["dtype"])
