"""Values of results as JSON, from which the same values can be made again."""

import math
from dataclasses import fields, is_dataclass

import numpy as np
from scipy import sparse

from skmia._result._estimate import Estimate, parts_of

_PARTS = ("value", "low", "high", "method")  # of an Estimate
# keys that say what an object stands for
_TAGS = {"array", "dict", "frame", "list", "result", "sparse", "text"}
# JSON has no such numbers: json.dumps would write what other readers refuse
_NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def encoded(value):
    """Return a value of a result, or a result, in JSON's types.

    A tuple is a list. What JSON has no form for, or could be mistaken, has one key of `_TAGS`.
    """
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, Estimate):
        parts = parts_of(value).items()
        return {name: part if name == "method" else _number(part) for name, part in parts}
    if isinstance(value, float):
        return "NaN" if math.isnan(value) else _number(value)
    if value is None or isinstance(value, bool | int):
        return value
    encode = next((f for kind, f in _ENCODERS.items() if isinstance(value, kind)), _other)
    return encode(value)


def decoded(value, classes):
    """Return the value that was encoded; `classes` are those of results by name."""
    if isinstance(value, list):
        return tuple(decoded(part, classes) for part in value)
    if isinstance(value, str):
        return _NOT_FINITE.get(value, value)
    if not isinstance(value, dict):
        return value
    # estimates are the commonest, so that they have no tag; a dict with these keys gets one
    if set(value) == set(_PARTS):
        return Estimate(*(_float(value[name]) for name in _PARTS[:3]), value["method"])
    if "result" in value:
        return _made(value, classes)
    if "frame" in value or "sparse" in value:
        return _container_again(value, lambda part: decoded(part, classes))
    if "array" in value:
        return _array_again(value, classes)
    return _plain_again(value, classes)


def _plain_again(value, classes):
    if "list" in value:
        return [decoded(part, classes) for part in value["list"]]
    if "text" in value:
        return value["text"]
    if "dict" in value:
        return {decoded(k, classes): decoded(v, classes) for k, v in value["dict"]}
    kind = _kind_of(value)  # keys of JSON are texts, those of results also numbers
    return {kind(k): decoded(v, classes) for k, v in value.items()}


def _number(value):
    """Return a float of an estimate or array, where None is free to stand for NaN."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else f"{'-' if value < 0 else ''}Infinity"


def _float(value):
    return math.nan if value is None else float(_NOT_FINITE.get(value, value))


def _made(value, classes):
    name, given = value["result"], {k: v for k, v in value.items() if k != "result"}
    kind = classes.get(name)
    # other fields: the class has changed since
    if kind is None or {f.name for f in fields(kind)} != set(given):
        raise ValueError(
            f"The JSON holds a {name!r} that this version of skmia does not know, or with other "
            "fields; read it with the version that wrote it."
        )
    return kind(**{k: decoded(v, classes) for k, v in given.items()})


def _other(value):
    """Return a result, records in their container, or a text for anything else."""
    if is_dataclass(value):
        named = {f.name: encoded(getattr(value, f.name)) for f in fields(value)}
        return {"result": type(value).__name__} | named
    container = _of_container(value)
    if container is not None:
        return container
    if hasattr(value, "shape"):
        raise TypeError(
            f"JSON holds records in arrays, sparse matrices and pandas frames, got "
            f"{type(value).__module__}.{type(value).__name__}; write these records with their own "
            "library, or convert them."
        )
    text = str(value)  # a date, say: a label that JSON has no form for
    return {"text": text} if text in _NOT_FINITE else text


def _dict(value):
    keys = [key.item() if isinstance(key, np.generic) else key for key in value]
    texts = [key if type(key) is str else repr(key) for key in keys]
    kinds = {type(key) for key in keys}
    # plain only if the types of the keys can be told from their texts
    is_readable = kinds <= {_kind_of(texts)} and not _TAGS & set(texts)
    if not is_readable or set(texts) == set(_PARTS):
        return {"dict": [[encoded(k), encoded(v)] for k, v in value.items()]}
    return {text: encoded(part) for text, part in zip(texts, value.values(), strict=True)}


def _kind_of(keys):
    """Return the type of the keys of a dict, by what they look like."""
    for kind in (int, float) if keys else ():
        try:
            if all(repr(kind(key)) == key for key in keys):  # "01" is no int, and "1" no float
                return kind
        except ValueError:
            continue
    return str


def _array(value):
    flat = value.ravel().tolist()
    if value.dtype.kind == "O":
        flat = [encoded(part) for part in flat]
    elif value.dtype.kind == "f":
        flat = [_number(part) for part in flat]
    elif value.dtype.kind not in "biuU":  # dates and durations
        flat = value.ravel().astype(str).tolist()
    return {"array": flat, "dtype": value.dtype.str, "shape": list(value.shape)}


def _array_again(value, classes):
    flat = value["array"]
    dtype = np.dtype(value["dtype"])
    if dtype.kind == "f":
        flat = [_float(part) for part in flat]
    elif dtype.kind == "O":
        made = np.empty(len(flat), dtype=object)
        for i, part in enumerate(flat):  # which may be tuples, not rows of a table
            made[i] = decoded(part, classes)
        return made.reshape(value["shape"])
    return np.array(flat, dtype=dtype).reshape(value["shape"])


def _of_container(value):
    """Return the parts of a sparse matrix or a pandas frame, None for anything else."""
    if sparse.issparse(value):
        # by rows whatever its format, which its class name restores
        rows = sparse.csr_array(value)
        parts = {name: encoded(getattr(rows, name)) for name in ("data", "indices", "indptr")}
        return {"sparse": type(value).__name__, "shape": list(value.shape)} | parts
    if not hasattr(value, "iloc") or not hasattr(value, "columns"):
        return None
    # a list of columns: names may repeat
    columns = [_of_column(column) for _, column in value.items()]
    names = [encoded(name) for name in value.columns]
    return {"frame": columns, "names": names, "index": encoded(value.index.to_numpy())}


def _container_again(value, decode):
    """Return the sparse matrix or frame of the parts of `_of_container`."""
    if "sparse" in value:
        parts = [decode(value[name]) for name in ("data", "indices", "indptr")]
        rows = sparse.csr_array(tuple(parts), shape=tuple(value["shape"]))
        return getattr(sparse, value["sparse"])(rows)
    import pandas as pd

    columns = [_column_again(column, decode, pd) for column in value["frame"]]
    frame = pd.concat(columns, axis=1) if columns else pd.DataFrame()
    frame.columns = pd.Index([decode(name) for name in value["names"]])
    return frame.set_axis(pd.Index(decode(value["index"])), axis=0)


def _of_column(column):
    kind = column.dtype
    found = {"dtype": str(kind), "values": encoded(column.to_numpy())}
    if hasattr(kind, "categories"):
        # codes and all categories, also those that do not occur
        found |= {"categories": encoded(kind.categories.to_numpy()), "ordered": bool(kind.ordered)}
        found["values"] = encoded(column.cat.codes.to_numpy())
    return found


def _column_again(given, decode, pd):
    values = decode(given["values"])
    if "categories" in given:
        kind = pd.CategoricalDtype(decode(given["categories"]), ordered=given["ordered"])
        return pd.Series(pd.Categorical.from_codes(np.asarray(values), dtype=kind))
    return pd.Series(values, dtype=given["dtype"])


_ENCODERS = {
    np.ndarray: _array,
    dict: _dict,
    list: lambda value: {"list": encoded(tuple(value))},
    tuple: lambda value: [encoded(part) for part in value],
}
