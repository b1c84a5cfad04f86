"""The scoring rule of the population attack: the rank of a signal among those of non-members."""

import numpy as np
from sklearn.utils.validation import check_consistent_length

from skmia.utils._checks import check_signal, check_y_index
from skmia.utils._constraints import ARRAY, ARRAY_OR_NONE, validate_params

__all__ = ["RankedPopulation", "population_scores"]


class RankedPopulation:
    """Signals of non-members, sorted within their groups, to find the rank of others among them.

    Parameters
    ----------
    signal : ndarray of shape (n_population,)
        Signals of non-members.
    group : ndarray of int, shape (n_population,)
        The group of each, 0 to `n_groups` − 1, or −1 for none.
    n_groups : int
        Number of groups. One without non-members, and −1, stand for the whole population.

    Attributes
    ----------
    sizes : ndarray of shape (n_groups + 1,)
        Number of non-members that each group is compared with; the last is that of group −1.
    """

    def __init__(self, signal, group, n_groups):
        self.signal, self.group = signal, group
        self.values, level = np.unique(signal, return_inverse=True)
        counts = np.bincount(group[group >= 0], minlength=n_groups)
        self.sizes = np.append(np.where(counts > 0, counts, len(signal)), len(signal))
        self.row = np.append(np.where(counts > 0, np.arange(n_groups), n_groups), n_groups)
        self.n_levels = len(self.values) + 1
        # each group's levels in turn, and after them those of all: one sorted array for all ranks
        known = group >= 0
        keys = group[known] * self.n_levels + level[known]
        self.keys = np.sort(np.concatenate([keys, n_groups * self.n_levels + level]))
        self.starts = np.append(np.cumsum(counts) - counts, counts.sum())

    def scores(self, signal, group):
        """Return the score of each record.

        Parameters
        ----------
        signal : ndarray of shape (n_records,)
            Signals.
        group : ndarray of int, shape (n_records,)
            The group of each, −1 for none.

        Returns
        -------
        ndarray of shape (n_records,)
            The share of non-members of the group with a lower signal.
        """
        lower, equal = self._counts(signal, group)
        return (lower + equal / 2) / (self.sizes[group] + 1)

    def scores_without_itself(self):
        """Return the score of each non-member among the others.

        Returns
        -------
        ndarray of shape (n_population,)
            The scores; the only one of its group is compared with all others.
        """
        group = np.where(self.sizes[self.group] > 1, self.group, -1)
        lower, equal = self._counts(self.signal, group)
        return (lower + (equal - 1) / 2) / self.sizes[group]

    def _counts(self, signal, group):
        row = self.row[group]
        below, not_above = (
            np.searchsorted(
                self.keys, row * self.n_levels + np.searchsorted(self.values, signal, side=side)
            )
            - self.starts[row]
            for side in ("left", "right")
        )
        return below, not_above - below


@validate_params(
    signal=ARRAY, population_signal=ARRAY, y_index=ARRAY_OR_NONE, population_y_index=ARRAY_OR_NONE
)
def population_scores(signal, population_signal, y_index=None, population_y_index=None):
    r"""Return where signals stand among those of non-members: one minus a p-value.

    .. math:: 1 - p = \frac{\#\{j: s_j < s\} + \frac{1}{2} \#\{j: s_j = s\}}{n + 1}

    with the record's signal :math:`s` and those of the :math:`n` non-members :math:`s_j`. A
    non-member's score is at least :math:`1 - \alpha` with probability :math:`\alpha` at most, where
    no signals are equal. 0 means that all non-members have higher signals, n / (n + 1) that none
    has.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target's answers, higher for members.
    population_signal : array-like of shape (n_population,)
        Signals of the target's answers to records that are no members.
    y_index : array-like of int, shape (n_records,), default=None
        Class of each record, −1 for an unknown one. By default all are compared with all.
    population_y_index : array-like of int, shape (n_population,), default=None
        Class of each non-member; needed if `y_index` is given. A class without any is compared with
        all.

    Returns
    -------
    ndarray of shape (n_records,)
        The scores, in [0, 1).

    Raises
    ------
    ValueError
        If lengths differ, signals are not finite, the population is empty, or only one of the class
        indices is given.

    References
    ----------
    .. [1] J. Ye, A. Maddi, S. K. Murakonda, V. Bindschaedler and R. Shokri, "Enhanced membership
       inference attacks against machine learning models", CCS 2022, section 4.2, attack P.

    Examples
    --------
    >>> from skmia.attacks import population_scores
    >>> population_scores([0.1, 0.5, 0.9], [0.2, 0.5, 0.5, 0.8])
    array([0. , 0.4, 0.8])
    """
    if (y_index is None) != (population_y_index is None):
        raise ValueError("Give both y_index and population_y_index, or neither.")
    signal = check_signal("signal", signal)
    population_signal = check_signal("population_signal", population_signal)
    if not len(population_signal):
        raise ValueError("population_signal is empty. Give at least one non-member.")
    group, population_group = (
        np.full(len(values), -1) if index is None else check_y_index(name, index)
        for name, values, index in (
            ("y_index", signal, y_index),
            ("population_y_index", population_signal, population_y_index),
        )
    )
    check_consistent_length(signal, group)
    check_consistent_length(population_signal, population_group)
    n_groups = int(max(group.max(initial=-1), population_group.max())) + 1
    return RankedPopulation(population_signal, population_group, n_groups).scores(signal, group)
