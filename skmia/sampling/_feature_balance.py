"""Select records so that a combination of feature values has a given share."""

from numbers import Integral

import numpy as np

from skmia._records import check_table
from skmia.properties._column_codes import column_positions, numbered_column
from skmia.properties._feature_balance import balanced_feature
from skmia.sampling._row_sampler import RowSampler, draw_shares, extreme_rows
from skmia.utils._constraints import COUNT, SHARE


class FeatureBalanceSampler(RowSampler):
    r"""Select records so that a combination of feature values has a given share.

    Records have one combination :math:`c` of values of some features or not, as in
    :func:`~skmia.properties.feature_balance`: numbers are low, up to the middle of their range, or
    high; other values count as they are. From :math:`n_1` records with it and :math:`n_0` without,
    the sampler keeps random ones without replacement,

    .. math:: n = \Big\lfloor \min\Big(\frac{n_1}{b}, \frac{n_0}{1 - b}\Big) \Big\rfloor

    together, so that :math:`b n` of them, rounded up or down, have the combination.

    Parameters
    ----------
    balance : float, default=0.5
        The share of records with the combination, in [0, 1].
    value : tuple or scalar, default=None
        The combination: one value for each feature, "low" or "high" for numbers, or one for all. By
        default the most frequent one.
    features : str, int or list of these, default=None
        The features, by name or number. By default those that tell most about the label.
    n_features : int, default=5
        Number of features, where `features` are not given.
    keep_class_balance : bool, default=False
        Whether the combination has its share within each class, and the classes keep theirs. By
        default both are free, and more records can be kept.
    random_state : int, RandomState instance or None, default=None
        Draws the records, and is used to choose features.

    Attributes
    ----------
    features_ : list
        The features: names of a frame's columns, else their numbers.
    value_ : tuple
        The combination.
    thresholds_ : list
        For each feature of numbers the middle of its range, up to which a number is low (of dates,
        in days since 1970); None for others.
    balance_ : float
        The share reached.

    Notes
    -----
    What is low depends on the range of a feature, which a selection may narrow. So the sampler
    keeps a record with the smallest and one with the largest value of each feature, where their
    side of the combination has room. Then
    ``feature_balance(X_resampled, features=features_, value=value_)`` is `balance_`. Give both
    there: a selection may have other informative features, and another frequent combination. Where
    a side has no room, as at a share of 0 or 1, `thresholds_` tell how to measure.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and model
       dependencies of membership inference attack", 2020, arXiv:2002.06856. Figure 5.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skmia.properties import feature_balance
    >>> from skmia.sampling import FeatureBalanceSampler
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> sampler = FeatureBalanceSampler(0.25, n_samples=100, random_state=0)
    >>> X_kept, y_kept = sampler.fit_resample(X, y)
    >>> sampler.value_
    ('low', 'low', 'low', 'low', 'low')
    >>> feature_balance(X_kept, value=sampler.value_, features=sampler.features_)
    0.25
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RowSampler._parameter_constraints,
        "balance": SHARE,
        "value": "no_validation",
        "features": [str, Integral, "array-like", None],
        "n_features": COUNT,
        "keep_class_balance": ["boolean"],
    }

    def __init__(
        self,
        balance=0.5,
        *,
        value=None,
        features=None,
        n_features=5,
        keep_class_balance=False,
        n_samples=None,
        random_state=None,
    ):
        self.balance = balance
        self.value = value
        self.features = features
        self.n_features = n_features
        self.keep_class_balance = keep_class_balance
        self.n_samples = n_samples
        self.random_state = random_state

    def _choose(self, X, y, rng):
        table = check_table(X)
        asked = {name: getattr(self, name) for name in ("value", "features", "n_features")}
        mask, self.features_, self.value_ = balanced_feature(table, y, **asked, random_state=rng)
        positions = column_positions(table, self.features_)
        # of all records, for the selection may have another range
        self.thresholds_ = [_middle(*numbered_column(table, j)) for j in positions]
        draws = rng.random_sample(len(mask))
        draws[extreme_rows(table, positions, draws)] = -1  # the first to be kept
        rows = draw_shares(*self._kinds(mask, y), n_samples=self.n_samples, draws=draws)
        self.balance_ = float(mask[rows].mean())
        return rows

    def _kinds(self, mask, y):
        """Return the kind of each record, the share of each kind and its name."""
        shares = np.array([1 - self.balance, self.balance])
        names = [f"{how} the combination {self.value_}" for how in ("others than", "those with")]
        if not self.keep_class_balance:
            return mask.astype(np.intp), shares, names
        classes, codes, sizes = np.unique(y, return_inverse=True, return_counts=True)
        of_classes = [f"class {label!r} and {name}" for label in classes.tolist() for name in names]
        # two kinds in each class: without the combination, and with it
        return 2 * codes + mask, np.outer(sizes / len(y), shares).ravel(), of_classes


def _middle(numbers, names):
    """Return the middle of a column's range, None if it holds no numbers."""
    if names is not None or np.isnan(numbers := numbers.astype(np.float64)).all():
        return None
    # halved before they are added, since the sum of two large numbers may overflow
    return float(np.nanmin(numbers) / 2 + np.nanmax(numbers) / 2)
