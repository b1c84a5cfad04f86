"""The one reader of tables: from any container to columns.

A container is an array, a list of rows, a sparse matrix, or a frame or series that narwhals knows
(of pandas and polars among others). Each column has one of four kinds:

- "number": numbers; of Python objects, also Decimals, and a mixture of numbers and truth values.
- "boolean": truth values and nothing else.
- "date": dates and times, or durations. A time with a zone is its instant, so that equal instants
  are equal whatever their zones; one without a zone counts as UTC.
- "category": everything else, told apart by value. Texts are categories and never read as numbers,
  and so is what a frame declares as categories, be they numbers.

The type of the column decides; of Python objects the types of all that are not missing, and a
column of objects in which all are missing is a category. Missing are None, NaN, NaT, NA and null,
not the text "nan" or the empty one, and no kind changes by holes: integers and truth values with
holes stay exact. Rows of Python objects are read column by column, so that a number beside a text
stays a number. Names may repeat. A column that holds an array or struct per record is several.
`fingerprints` reads blocks (`Table.blocks`): arrays of numbers or times whole, a sparse matrix as
it is. All others read columns.
"""

from functools import cached_property
from numbers import Integral

import narwhals.stable.v2 as nw
import numpy as np
from scipy.sparse import issparse

from skmia._records.table_column import CodedColumn, PlainColumn, coded_column


def read_table(X):
    """Return records as a table: one dimension is one column, more than two become two."""
    if isinstance(X, Table):
        return X
    if issparse(X):
        return _SparseTable(X)
    if isinstance(X, np.ndarray):  # the two questions below take longer than to read a small array
        return _ArrayTable(X)
    if nw.dependencies.is_into_dataframe(X) or nw.dependencies.is_into_series(X):
        return _FrameTable(X)
    return _ArrayTable(X)


def check_table(X):
    """Return records as a table, of two dimensions and with at least one record and one column."""
    table = read_table(X)
    if table.ndim != 2 or 0 in table.shape:
        raise ValueError(
            "X must be a table of at least one record and one column, got shape "
            f"{np.shape(table.container)}; give an array, a sparse matrix or a data frame of shape "
            "(n_records, n_features), one row a record."
        )
    return table


class Table:
    """Records as columns, read when they are asked for; `container` is what was read.

    `names` are numbers unless the table `is_named`; `ndim` is that of the container. A table that
    `is_numeric` is one block, an array or sparse matrix of numbers.
    """

    is_named = False
    is_numeric = False

    def __len__(self):
        return self.shape[0]

    def columns(self):
        return map(self.column, range(self.shape[1]))

    def blocks(self):
        return self.columns()

    def find(self, feature):
        """Return a column's position by name, else by number; None says that there is none."""
        if self.is_named and feature in self.names:
            if self.names.count(feature) > 1:
                raise ValueError(f"X has several columns named {feature!r}; give a number instead.")
            return self.names.index(feature)
        if isinstance(feature, Integral) and -self.shape[1] <= feature < self.shape[1]:
            return int(feature) % self.shape[1]
        return None


class _ArrayTable(Table):
    def __init__(self, X):
        self.container = _as_array(X)
        self.ndim = self.container.ndim
        n_records = len(self.container) if self.ndim > 1 else self.container.size
        n_columns = int(np.prod(self.container.shape[1:]))
        self.shape = (n_records, n_columns)
        self.names = list(range(n_columns))
        self.is_numeric = self.container.dtype.kind in "biuf"

    @cached_property
    def _values(self):
        if self.container.dtype.kind not in "biufmMOUST":
            raise TypeError(
                f"Records of type {self.container.dtype} cannot be compared. "
                "Convert them to numbers, texts or dates."
            )
        return self.container.reshape(self.shape)  # images are rows of their pixels

    def blocks(self):
        return [self._values] if self._values.dtype.kind in "biufmM" else self.columns()

    def column(self, j):
        values = self._values[:, j]
        dtype = self._values.dtype
        if dtype.kind in "biufmM":
            return PlainColumn(values, None, j, dtype)
        kind = None if dtype.kind == "O" else "category"  # texts are never read as numbers
        return coded_column(values.tolist(), kind=kind, name=j, dtype=dtype)


class _SparseTable(Table):
    is_numeric = True

    def __init__(self, X):
        self.container = X
        self.ndim = X.ndim
        self.shape = X.shape
        self.names = list(range(X.shape[1]))

    @cached_property
    def by_column(self):
        return _canonical(self.container.tocsc())  # kept: each column is a slice of it

    def blocks(self):
        return [_canonical(self.container.tocsr())]  # duplicates summed: their bits do not add up

    def column(self, j):
        values = self.by_column[:, [j]].toarray().ravel()
        return PlainColumn(values, None, j, values.dtype)


class _FrameTable(Table):
    is_named = True

    def __init__(self, X):
        self.container = X
        self._series = _named_series(X)
        self.names = [name for name, _ in self._series]
        self.ndim = len(X.shape)
        self.shape = (X.shape[0], len(self.names))

    def column(self, j):
        name, series = self._series[j]
        if isinstance(series, np.ndarray):  # out of a column of arrays
            return PlainColumn(series, None, name, series.dtype)
        return _read_series(series, name)


def _as_array(X):
    values = np.asarray(X)
    if hasattr(X, "__array__") or not values.size or not values.ndim or hasattr(X[0], "__array__"):
        return values
    # np.asarray([[1, "a"], [True, 0.5]]) would make texts of numbers, and numbers of truth values
    objects = np.asarray(X, dtype=object)
    types = set(map(type, objects.ravel().tolist()))
    is_whole = values.dtype.kind not in "US"  # which lose zeros at the end of a text
    return values if is_whole and (len(types) == 1 or types == {int, float}) else objects


def _canonical(matrix):
    if matrix.has_canonical_format:
        return matrix
    matrix = matrix.copy()  # the user's entries stay in their order
    matrix.sum_duplicates()
    return matrix


def _named_series(X):
    """Return names and narwhals series of all columns; arrays where one column holds several."""
    if nw.dependencies.is_into_series(X):
        columns = [(X.name, X)]
    elif hasattr(X, "iloc"):  # by position, since names of pandas may repeat
        columns = [(name, X.iloc[:, j]) for j, name in enumerate(X.columns)]
    else:
        columns = [(s.name, s.to_native()) for s in nw.from_native(X).iter_columns()]
    return [pair for name, column in columns for pair in _flat(name, _as_series(column))]


def _as_series(column):
    # sparse columns of pandas hold a type within their type
    if hasattr(column, "iloc") and hasattr(column.dtype, "subtype") and hasattr(column, "sparse"):
        column = column.sparse.to_dense()
    return nw.from_native(column, series_only=True)


def _flat(name, series):
    """Yield a column, or each of those that a column of structs or arrays holds."""
    if isinstance(series.dtype, nw.Struct):
        for field in series.dtype.fields:
            yield from _flat(name, series.struct.field(field.name))
    elif isinstance(series.dtype, nw.Array):
        values = series.to_numpy()
        yield from ((name, column) for column in values.reshape(len(values), -1).T)
    else:
        yield name, series


def _read_series(series, name):
    dtype = series.dtype
    native = series.to_native()
    own_type = getattr(native, "dtype", dtype)  # pyarrow has another word for it
    about = {"name": name, "dtype": own_type}
    if isinstance(own_type, np.dtype) and own_type.kind in "biufmM":
        return PlainColumn(native.to_numpy(), None, **about)
    if hasattr(native, "cat") and hasattr(native.cat, "codes"):  # pandas, with all its categories
        codes = native.cat.codes.to_numpy().astype(np.int64)
        levels = list(native.cat.categories)
        return CodedColumn(codes, levels, "category", np.nan, **about, is_closed=True)
    if isinstance(dtype, nw.Enum):  # polars, all of whose values are declared
        places = {category: place for place, category in enumerate(dtype.categories)}
        codes = np.array([places.get(value, -1) for value in series.to_list()], dtype=np.int64)
        return CodedColumn(codes, list(places), **about, is_closed=True)
    # of 128 bits numpy has no type
    if dtype == nw.Boolean or (dtype.is_integer() and dtype not in (nw.Int128, nw.UInt128)):
        return _with_holes(series, about)
    # a time with a zone is its instant, so that equal instants are equal whatever their zones
    if isinstance(dtype, nw.Datetime) and dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    if dtype.is_float() or dtype.is_temporal():
        values = series.to_numpy()
        if values.dtype.kind in "fmM":  # else times of the day, and dates of pyarrow in pandas
            holes = series.is_null().to_numpy().astype(bool) if dtype.is_float() else None
            return PlainColumn(values, holes, **about)
    is_category = dtype in (nw.String, nw.Categorical)
    return coded_column(series.to_list(), kind="category" if is_category else None, **about)


def _with_holes(series, about):
    """Return whole numbers or truth values as such, with a mask where some are missing."""
    holes = series.is_null().to_numpy().astype(bool)
    plain = np.bool_ if series.dtype == nw.Boolean else np.dtype(str(series.dtype).lower())
    if not holes.any():
        return PlainColumn(series.to_numpy().astype(plain, copy=False), None, **about)
    # filled first: to_numpy would make floats of integers with holes, which lose digits
    values = series.fill_null(False if plain is np.bool_ else 0).to_numpy()
    return PlainColumn(values.astype(plain, copy=False), holes, **about)
