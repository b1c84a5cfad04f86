"""Select records so that the classes have given shares."""

from collections.abc import Mapping
from numbers import Real

import numpy as np

from skmia.sampling._row_sampler import RowSampler, draw_shares
from skmia.utils._sklearn import Interval, StrOptions


class ClassBalanceSampler(RowSampler):
    r"""Select records so that the classes have given shares.

    From :math:`n_c` records of each class :math:`c`, with the wanted share :math:`b_c`, random ones
    are kept without replacement,

    .. math:: n = \Big\lfloor \min_c \frac{n_c}{b_c} \Big\rfloor

    of all classes together, so that each class has :math:`b_c n` records, rounded up or down. The
    :func:`~skmia.properties.class_balance` of these is the share of `pos_label`. Records may be of
    any type.

    Parameters
    ----------
    balance : float, dict or "equal", default=0.5
        The share of each class:

        - a number in (0, 1), the share of `pos_label`. If there are more than two classes, the
          others keep their proportions;
        - a dict from each label to its share; they sum to 1;
        - "equal", the same share for all classes.
    pos_label : int, float, bool or str, default=None
        The class that a number is the share of. By default the greater of two labels.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and model
       dependencies of membership inference attack", 2020, arXiv:2002.06856. Figure 4.

    Examples
    --------
    >>> from skmia.sampling import ClassBalanceSampler
    >>> X, y = [[0], [1], [2], [3], [4], [5]], [0, 0, 0, 0, 1, 1]
    >>> X_kept, y_kept = ClassBalanceSampler(0.5, random_state=0).fit_resample(X, y)
    >>> y_kept
    [0, 0, 1, 1]
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RowSampler._parameter_constraints,
        "balance": [Interval(Real, 0, 1, closed="neither"), StrOptions({"equal"}), dict],
        "pos_label": [Real, str, "boolean", None],
    }

    def __init__(self, balance=0.5, *, pos_label=None, n_samples=None, random_state=None):
        self.balance = balance
        self.pos_label = pos_label
        self.n_samples = n_samples
        self.random_state = random_state

    def _choose(self, X, y, rng):
        classes, codes = np.unique(y, return_inverse=True)
        shares = self._shares(classes.tolist(), np.bincount(codes))
        names = [f"class {label!r}" for label in classes.tolist()]
        draws = rng.random_sample(len(codes))
        return draw_shares(codes, shares, names, n_samples=self.n_samples, draws=draws)

    def _shares(self, labels, sizes):
        if isinstance(self.balance, Mapping):
            return _given_shares(self.balance, labels)
        if self.balance == "equal":
            return np.full(len(labels), 1 / len(labels))
        positive = np.array([label == self._positive(labels) for label in labels])
        # the other classes share what is left in their own proportions
        others = np.where(positive, 0, sizes)
        return np.where(positive, self.balance, (1 - self.balance) * others / others.sum())

    def _positive(self, labels):
        if self.pos_label is None and len(labels) == 2:
            return labels[1]  # the greater, as labels are sorted
        if self.pos_label in labels:
            return self.pos_label
        raise ValueError(
            f"balance={self.balance} is the share of one class, pos_label, which must be one of "
            f"{labels}, got {self.pos_label!r}. Name it, or give balance='equal' or a dict of "
            "each label's share."
        )


def _given_shares(balance, labels):
    # a class without a share would be dropped in silence
    if set(balance) != set(labels):
        raise ValueError(
            f"balance must give the share of each class of {labels}, got shares of "
            f"{list(balance)}. Drop the records of a class that is not wanted before."
        )
    shares = np.array([balance[label] for label in labels], dtype=np.float64)
    if not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(
            f"The shares of balance must be above 0 and sum to 1, got {balance}, whose sum is "
            f"{shares.sum():.6g}."
        )
    return shares / shares.sum()  # thirds as a user writes them sum to nearly 1
