"""What samplers share: they select rows, of which each kind has a given share."""

import numpy as np
from imblearn.base import BaseSampler
from imblearn.utils import check_target_type
from sklearn.utils import check_array, check_consistent_length, check_random_state, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from skmia._records import ranks_within
from skmia.properties._column_codes import numbered_column
from skmia.utils._constraints import COUNT
from skmia.utils._docstrings import SharesDocstring
from skmia.utils._sklearn import _fit_context, _safe_indexing


class RowSampler(SharesDocstring, BaseSampler):
    """Base class of samplers that select rows; containers and types stay.

    A sampler writes `_choose(X, y, rng)`, which returns ascending rows, and takes `random_state`.
    """

    _shared_docstring = """
    Parameters
    ----------
    n_samples : int
        Number of records to keep. By default as many as the shares allow.
    random_state : int, RandomState instance or None
        Draws the records.

    Attributes
    ----------
    sample_indices_ : ndarray of int, shape (n_kept,)
        The rows kept, ascending.
    sampling_strategy_ : dict
        How many records of each class are kept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where there are any.
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        "n_samples": [*COUNT, None],
        "random_state": ["random_state"],
    }

    def __sklearn_tags__(self):
        """Return tags of a sampler that only selects rows."""
        tags = super().__sklearn_tags__()
        tags.sampler_tags.sample_indices = True
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        return tags

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y):
        """Choose the records to keep, without taking them.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_records, n_features)
            Records.
        y : array-like of shape (n_records,)
            Their labels.

        Returns
        -------
        self : object
            The sampler with `sample_indices_`.

        Raises
        ------
        ValueError
            If records are too few or of one class, or do not fit the labels.
        """
        # the names and the number of features, without a conversion of the records
        validate_data(self, X, y, skip_check_array=True)
        records = X
        if not hasattr(X, "columns"):  # lists become arrays, which have columns to look at
            # texts and missing values are kept, too: rows are only selected
            anything = {"dtype": None, "ensure_all_finite": False, "allow_nd": True}
            records = check_array(X, accept_sparse=True, **anything)
        check_classification_targets(y)
        check_consistent_length(X, y)
        labels = np.asarray(check_target_type(y, indicate_one_vs_all=True)[0])
        if (labels == labels[0]).all():
            raise ValueError(
                f"{type(self).__name__} needs records of at least two classes, got one class, "
                f"{labels[:1].tolist()[0]!r}."
            )
        (records,) = indexable(records)
        rows = self._choose(records, labels, check_random_state(self.random_state))
        # what imbalanced-learn's samplers tell of the classes
        classes, codes = np.unique(labels, return_inverse=True)
        counts = np.bincount(codes[rows], minlength=len(classes))
        self.sampling_strategy_ = dict(zip(classes.tolist(), counts.tolist(), strict=True))
        self.sample_indices_ = rows
        return self

    def fit_resample(self, X, y):
        """Keep the chosen records, in the order in which they came.

        Parameters
        ----------
        X : {array-like, dataframe, sparse matrix} of shape (n_records, n_features)
            Records.
        y : array-like of shape (n_records,)
            Their labels.

        Returns
        -------
        X_resampled : {array-like, dataframe, sparse matrix} of shape (n_kept, n_features)
            The records kept, in their container.
        y_resampled : array-like of shape (n_kept,)
            Their labels.
        """
        return self.fit(X, y)._fit_resample(X, y)

    def _fit_resample(self, X, y):
        (X,) = indexable(X)  # sparse matrices in a form whose rows can be taken
        return tuple(_safe_indexing(part, self.sample_indices_) for part in (X, y))

    def _choose(self, X, y, rng):
        """Return the rows to keep, ascending."""
        raise NotImplementedError(f"{type(self).__name__} must define _choose.")


def most_records(sizes, shares):
    """Return the most records that can have these shares, which sum to 1."""
    asked = shares > 0
    with np.errstate(over="ignore"):  # a share of nearly 0 limits nothing
        limits = sizes[asked] / shares[asked]
    # 7 / 0.7 must not become 9.99...
    return int(np.floor(limits.min() * (1 + 1e-12)))


def apportion(shares, n_records):
    """Divide records by shares, rounded up for the largest remainders, so that they add up."""
    exact = shares * n_records
    # what rounding left just below a whole number is that number
    quota = np.floor(exact + 1e-9).astype(np.intp)
    # stable, so that of equal remainders the first kind gets the record, whatever the machine
    largest = np.argsort(quota - exact, kind="stable")
    quota[largest[: n_records - quota.sum()]] += 1
    return quota


def draw_shares(codes, shares, names, *, n_samples, draws):
    """Return as many rows as possible, or `n_samples`, of which each kind has its share."""
    sizes = np.bincount(codes, minlength=len(shares))
    most = most_records(sizes, shares)
    if n_samples is not None and n_samples > most:
        _refuse(sizes, shares, names, n_samples, most)
    quota = apportion(shares, most if n_samples is None else n_samples)
    # a kind whose share is 0 is meant to get none
    check_none_lost(np.where(shares > 0, quota, 1), names)
    return np.flatnonzero(ranks_within(codes, draws) < quota[codes])


def check_none_lost(quota, names):
    """Refuse to lose a kind of records by rounding."""
    if not quota.all():
        raise ValueError(
            f"The share of {names[quota.argmin()]} is less than one record. Ask for another "
            "balance, keep more records, or give more of them."
        )


def _refuse(sizes, shares, names, n_samples, most):
    asked = np.flatnonzero(shares > 0)
    # the kind that limits the number of records
    at = asked[(sizes[asked] / shares[asked]).argmin()]
    raise ValueError(
        f"n_samples={n_samples} is more than the {most} records that can have these shares: there "
        f"are {sizes[at]} records of {names[at]}, whose share should be {shares[at]:.3g}. Lower "
        f"n_samples to {most}, or ask for another balance: with n_samples={n_samples} that share "
        f"can be {min(sizes[at] / n_samples, 1):.3g} at most."
    )


def extreme_rows(table, positions, draws):
    """Return distinct rows with both ends of each column of numbers, by the smallest `draws`."""
    rows = []  # with these kept, bins of a column's range are cut as before
    for j in positions:
        numbers, names = numbered_column(table, j)
        # a column of texts has no range, nor has one of missing values alone
        if names is None and not np.isnan(numbers := numbers.astype(np.float64)).all():
            ends = np.nanmin(numbers), np.nanmax(numbers)
            rows += [np.where(numbers == end, draws, np.inf).argmin() for end in ends]
    # one record may hold the ends of several columns
    return np.unique(np.array(rows, dtype=np.intp))
