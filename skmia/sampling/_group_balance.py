"""Select records so that sensitive groups are alike in their classes."""

from itertools import product
from numbers import Integral

import numpy as np

from skmia._records import columns_of, ranks_within
from skmia.metrics._groups import group_codes
from skmia.sampling._row_sampler import RowSampler, apportion, check_none_lost, most_records
from skmia.utils._sklearn import StrOptions

REMEDY = (
    "The sampler sees X as it is given to fit_resample; in a pipeline, where the steps before may "
    "have made an array of a frame, give the column's number."
)


class GroupBalanceSampler(RowSampler):
    r"""Select records so that all groups are of one size, or have the classes in the same shares.

    The sampler keeps random records without replacement. Strategy "cells" keeps as many of each
    pair of group and class. Strategy "rates" keeps, from :math:`n_{gc}` records of group :math:`g`
    and class :math:`c`, with shares :math:`p_c` of the classes,

    .. math:: m_{gc} \approx p_c m_g, \qquad m_g = \min_c \frac{n_{gc}}{p_c},

    so that the label does not depend on the group, except for rounding, but groups may differ in
    size. It takes the shares :math:`p` that keep most records.

    Parameters
    ----------
    sensitive_features : str, int, list of these, or callable
        Where the groups come from: a column of X by its name or number, several columns, whose
        combinations are the groups, or a function of X that returns one value for each record.
    strategy : {"rates", "cells"}, default="rates"
        What to make equal: the classes' shares in each group, or all pairs of group and class.

    Attributes
    ----------
    groups_ : list
        The groups, tuples if there are several features.
    class_shares_ : ndarray of shape (n_classes,)
        The share of each class, in sorted order, that every group was given.

    Notes
    -----
    A pair of group and class without records is an error: merge groups by a callable.

    The sampler tries the shares of each group, those of all records and equal ones, and takes none
    that would leave a group without a class. For two classes the best of all is among them: between
    the rates of two neighboring groups the number kept is a sum of terms in :math:`1/p` and
    :math:`1/(1-p)`, which is convex, so that it is largest at the rate of a group. For more classes
    none need be the best.

    References
    ----------
    .. [1] F. Kamiran and T. Calders, "Data preprocessing techniques for classification without
       discrimination", Knowledge and Information Systems 33, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.sampling import GroupBalanceSampler
    >>> X = np.repeat([[0], [1]], [10, 6], axis=0)
    >>> y = np.array([0] * 8 + [1] * 2 + [0] * 3 + [1] * 3)
    >>> X_kept, y_kept = GroupBalanceSampler(0, random_state=0).fit_resample(X, y)
    >>> [y_kept[X_kept[:, 0] == group].tolist() for group in (0, 1)]
    [[0, 0, 0, 0, 0, 0, 0, 0, 1, 1], [0, 0, 1]]
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RowSampler._parameter_constraints,
        "sensitive_features": [str, Integral, list, tuple, callable],
        "strategy": [StrOptions({"cells", "rates"})],
    }

    def __init__(self, sensitive_features, *, strategy="rates", n_samples=None, random_state=None):
        self.sensitive_features = sensitive_features
        self.strategy = strategy
        self.n_samples = n_samples
        self.random_state = random_state

    def _choose(self, X, y, rng):
        of = self.sensitive_features
        values = of(X) if callable(of) else columns_of(X, of, remedy=REMEDY)
        groups, self.groups_ = group_codes(values)
        if len(groups) != len(y):
            raise ValueError(
                "sensitive_features must return one value for each record, got "
                f"{len(groups)} for {len(y)} records."
            )
        classes, codes = np.unique(y, return_inverse=True)
        if len(self.groups_) < 2:
            raise ValueError(
                f"sensitive_features={self.sensitive_features!r} makes a single group of the "
                f"n_samples={len(y)} records, {self.groups_[0]!r}. Check that this is the right "
                "column, or cut it by a callable such as lambda X: X[:, 0] > 0.5."
            )
        # one number for each pair of group and class
        cells = groups * len(classes) + codes
        sizes = np.bincount(cells, minlength=len(self.groups_) * len(classes))
        pairs = product(self.groups_, classes.tolist())
        names = [f"group {group!r} and class {label!r}" for group, label in pairs]
        # an empty pair leaves no share of its class that its group can have
        if not sizes.all():
            raise ValueError(
                f"There are no records of {names[sizes.argmin()]}, so that it cannot be balanced. "
                "Merge groups by a callable, or give more records."
            )
        quota = self._quota(sizes.reshape(-1, len(classes))).ravel()
        check_none_lost(quota, names)
        return np.flatnonzero(ranks_within(cells, rng.random_sample(len(y))) < quota[cells])

    def _quota(self, sizes):
        if self.strategy == "cells":
            of_groups = np.full(len(sizes), sizes.min() * sizes.shape[1])
            self.class_shares_ = np.full(sizes.shape[1], 1 / sizes.shape[1])
        else:
            self.class_shares_, of_groups = _equal_rates(sizes)
        most = int(of_groups.sum())
        if self.n_samples is not None:
            if self.n_samples > most:
                raise ValueError(
                    f"n_samples={self.n_samples} is more than the {most} records that can be kept "
                    f"by strategy={self.strategy!r}. Lower n_samples, merge groups by a callable, "
                    "or give more records."
                )
            # the groups keep their proportions, and the classes within each theirs
            of_groups = apportion(of_groups / most, self.n_samples)
        return np.array([apportion(self.class_shares_, n_records) for n_records in of_groups])


def _equal_rates(sizes):
    """Return the classes' shares that keep most records, and how many of each group they keep."""
    # the rates of each group, of all records, and equal ones
    candidates = np.vstack([sizes, sizes.sum(axis=0), np.ones(sizes.shape[1])])
    candidates = candidates / candidates.sum(axis=1, keepdims=True)
    kept = np.array([[most_records(of_group, p) for of_group in sizes] for p in candidates])
    # equal shares, the last, lose no class of any group
    loses = [
        any((apportion(p, n_records) == 0).any() for n_records in of_groups)
        for p, of_groups in zip(candidates, kept, strict=True)
    ]
    best = np.where(loses, -1, kept.sum(axis=1)).argmax()
    return candidates[best], kept[best]
