"""The one writer of tables: columns as records in the container of others."""

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import csc_array, hstack, issparse

from skmia._records.table import read_table
from skmia._records.table_column import CodedColumn, PlainColumn, as_coded


def write_table(columns, like):
    """Return columns of one length as records in the container of `like`, with its types.

    Floats make a column of whole numbers or truth values, or an array as a whole, one of floats.
    Dates get the time zone of `like`. What a type cannot hold is a ValueError or a TypeError.
    """
    container = read_table(like).container
    columns = list(columns)  # the type of an array depends on all of them
    if issparse(container):
        return _to_sparse(columns, container)
    if isinstance(container, np.ndarray):
        return _to_array(columns, container)
    if hasattr(container, "iloc"):
        return _to_pandas(columns, container)
    return _to_frame(columns, nw.from_native(container, eager_only=True))


def _to_array(columns, like):
    dtype = _common_type(columns, like.dtype)
    X = np.empty((len(columns[0]), len(columns)), dtype=dtype)
    for j, column in enumerate(columns):
        X[:, j] = _objects(column) if dtype.kind in "OUST" else _numbers(column, dtype)
    return X


def _to_sparse(columns, like):
    dtype = _common_type(columns, like.dtype)
    # column by column, and never dense as a whole
    values = (_numbers(column, dtype).astype(dtype)[:, None] for column in columns)
    return type(like)(hstack(list(map(csc_array, values))))


def _common_type(columns, dtype):
    """Return the type of an array: that of the others, or floats where a column needs them."""
    if dtype.kind not in "biu":
        return dtype
    # a category with holes is refused below, not made one of floats
    has_holes = any(column.kind != "category" and column.missing.any() for column in columns)
    needs_floats = has_holes or any(map(_holds_floats, columns))
    return np.result_type(dtype, np.float64) if needs_floats else dtype


def _holds_floats(column):
    return column.kind == "number" and column.plain().values.dtype.kind == "f"


def _numbers(column, dtype):
    if column.kind == "category":
        raise ValueError(f"A column of type {dtype} cannot hold {column.coded()[1][:1]}.")
    plain = column.plain()
    return plain.floats() if plain.holes is not None else plain.values


def _objects(column):
    if isinstance(column, CodedColumn):
        return column.objects(column.hole)
    objects = np.empty(len(column), dtype=object)
    # numpy would make integers of times that it counts in nanoseconds
    objects[:] = list(column.values) if column.kind == "date" else column.values.tolist()
    if column.holes is not None:
        objects[column.holes] = None
    return objects


def _to_pandas(columns, like):
    pd = nw.get_native_namespace(like)
    pairs = zip(columns, like.dtypes, strict=True)
    # by position: names of pandas may repeat
    series = [_pandas_series(pd, column, dtype) for column, dtype in pairs]
    return pd.concat(series, axis=1, ignore_index=True).set_axis(like.columns, axis=1)


def _pandas_series(pd, column, dtype):
    if hasattr(dtype, "categories"):
        codes = _codes_among(column, dtype.categories)
        return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))
    kind = getattr(dtype, "kind", "O")
    if kind not in "biufmM":
        return pd.Series(_objects(column), dtype=dtype)
    if getattr(getattr(dtype, "pyarrow_dtype", dtype), "tz", None) is not None:
        instants = pd.Series(_numbers(column, dtype)).dt.tz_localize("UTC")
        return instants.astype(dtype)
    # nullable integers and truth values of pandas, which hold holes without becoming floats
    if kind in "biu" and not isinstance(dtype, np.dtype) and column.kind != "category":
        plain = column.plain()
        if plain.values.dtype.kind in "biu":
            return pd.Series(plain.values).astype(dtype).mask(plain.missing)
    values = _numbers(column, dtype)
    # a type of whole numbers would cut floats
    keeps = kind not in "biu" or values.dtype.kind != "f"
    return pd.Series(values, dtype=dtype if keeps else None)


def _codes_among(column, categories):
    """Return the codes of a column's values in a list of all that there may be."""
    column = as_coded(column)
    places = {category: place for place, category in enumerate(categories)}
    codes = np.array([*(places.get(level, -1) for level in column.levels), -1])[column.codes]
    if (unknown := (codes < 0) & ~column.missing).any():
        value = column.tolist()[unknown.argmax()]
        raise ValueError(f"{value!r} is none of the categories {list(categories)[:5]}.")
    return codes


def _to_frame(columns, like):
    named = zip(like.schema.items(), columns, strict=True)
    series = {
        name: _series(column, name, dtype, like).to_native() for (name, dtype), column in named
    }
    return nw.from_dict(series, backend=like.implementation).to_native()


def _series(column, name, dtype, like):
    """Return a column as a narwhals series of a type of narwhals."""
    if isinstance(dtype, nw.Enum):  # refused here, with the value in the message
        _codes_among(column, dtype.categories)
    if column.kind == "date" and isinstance(dtype, nw.Datetime):
        series = nw.new_series(name, column.plain().values, backend=like.implementation)
        if dtype.time_zone is not None:  # columns hold instants, as UTC
            series = series.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
        return series.cast(dtype)
    is_plain = isinstance(column, PlainColumn) and column.holes is None
    values = column.values if is_plain else _objects(column).tolist()
    becomes_float = _holds_floats(column) and (dtype.is_integer() or dtype == nw.Boolean)
    if becomes_float or dtype in (nw.Unknown, nw.Object, nw.Decimal):
        dtype = None  # the library finds one
    return nw.new_series(name, values, dtype, backend=like.implementation)
