"""The UCI Adult data set."""

import json
from importlib import resources

import numpy as np
from sklearn.utils import Bunch

from skmia.utils._constraints import BOOLEAN, Names, validate_params

_FOLDER = resources.files("skmia.datasets")
_FILE = "adult.npz"
_TARGET = "income"
_MISSING = 255  # columns of categories are stored as bytes


@validate_params(split=[Names("all", "train", "test")], return_X_y=BOOLEAN, as_frame=BOOLEAN)
def load_adult(*, split="all", return_X_y=False, as_frame=False):
    """Load the Adult census income data set (classification).

    Does a person earn more than 50,000 dollars a year? The records are 48,842 people of the 1994
    census of the United States, 32,561 for training and 16,281 for testing, of whom 11,687 do.
    There are 14 features, 6 integers and 8 categoricals. Nothing is downloaded.

    Parameters
    ----------
    split : {"all", "train", "test"}, default="all"
        The official training or test part, or both, in this order.
    return_X_y : bool, default=False
        If True, return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=False
        If True, data and target are a pandas DataFrame and Series with categorical columns.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with the following attributes.

        data : {ndarray, DataFrame} of shape (n_samples, 14)
            The records, with the sampling weight ``fnlwgt``. In the float64 array, a categorical
            column holds the positions of its values in `categories`, and NaN where one is missing.
            The DataFrame has integer columns and unordered categorical ones.
        target : {ndarray, Series} of shape (n_samples,)
            The array holds 1 for an income above 50,000 dollars, else 0. The Series, named
            ``income``, has the categories ``"<=50K"`` and ``">50K"``.
        feature_names : list of str
            The names of the 14 columns.
        target_names : ndarray of shape (2,)
            The names of the classes.
        categories : dict of str to list of str
            The values of each categorical column, in the order of their codes.
        sensitive_feature_names : list of str
            The columns that fairness questions are usually asked about.
        frame : DataFrame of shape (n_samples, 15) or None
            With ``as_frame=True``, data and target together.
        DESCR : str
            The description, with source, license and changes.
        filename : str
            The name of the data file in `data_module`.
        data_module : str
            The package that holds the data file.
    (data, target) : tuple if ``return_X_y`` is True
        The first two of these attributes.

    Raises
    ------
    ValueError
        If `split` is none of the three names, or `return_X_y` or `as_frame` is not a bool.
    ImportError
        If ``as_frame=True`` and pandas is not installed.

    References
    ----------
    .. [1] B. Becker and R. Kohavi, "Adult", UCI Machine Learning Repository, 1996.
       https://doi.org/10.24432/C5XW20

    Examples
    --------
    >>> from skmia.datasets import load_adult
    >>> adult = load_adult(split="train")
    >>> sex = adult.feature_names.index("sex")
    >>> adult.categories["sex"][int(adult.data[0, sex])]
    'Male'
    """
    columns, categories = _read_columns(split)
    # the label is stored as a column like the others
    target_names = np.array(categories.pop(_TARGET))
    if as_frame:
        frame = _to_frame(columns, {**categories, _TARGET: target_names.tolist()})
        data = frame.drop(columns=_TARGET)
        target = frame[_TARGET]
    else:
        frame = None
        data, target = _to_arrays(columns, categories)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        feature_names=[name for name in columns if name != _TARGET],
        target_names=target_names,
        categories=categories,
        sensitive_feature_names=["race", "sex", "native-country"],
        frame=frame,
        DESCR=(_FOLDER / "descr" / "adult.rst").read_text(encoding="utf-8"),
        filename=_FILE,
        data_module="skmia.datasets.data",
    )


def _read_columns(split):
    """Return the columns as stored, by name in their official order, and the categories."""
    # opened as a resource, since the package may lie in an archive; without pickle, which runs code
    with (
        (_FOLDER / "data" / _FILE).open("rb") as opened,
        np.load(opened, allow_pickle=False) as archive,
    ):
        names = json.loads(archive["columns_json"].tobytes())
        categories = json.loads(archive["categories_json"].tobytes())
        # a slice makes no copy of the columns
        rows = slice(None) if split == "all" else archive["is_test"] == (split == "test")
        columns = {
            name: archive[("cat_" if name in categories else "num_") + name][rows] for name in names
        }
    return columns, categories


def _to_arrays(columns, categories):
    features = {name: values for name, values in columns.items() if name != _TARGET}
    data = np.column_stack(list(features.values())).astype(np.float64)
    for j, name in enumerate(features):
        if name in categories:
            data[data[:, j] == _MISSING, j] = np.nan
    return data, columns[_TARGET].astype(np.int64)


def _to_frame(columns, categories):
    try:
        import pandas as pd
    except ImportError as error:
        raise ImportError(
            "load_adult(as_frame=True) needs pandas: `pip install pandas`, or call it with "
            "as_frame=False."
        ) from error
    return pd.DataFrame(
        {
            name: pd.Categorical.from_codes(
                # pandas marks a missing value by -1, which bytes without sign cannot hold
                np.where(values == _MISSING, -1, values.astype(np.int16)),
                categories[name],
            )
            if name in categories
            else values.astype(np.int64)
            for name, values in columns.items()
        }
    )
