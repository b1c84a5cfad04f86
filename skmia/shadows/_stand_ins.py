"""Shadows in the target's place, judged by the others: the one hold-out rule of the library."""

from copy import copy
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmia.utils._constraints import COUNT, RANDOM_STATE, TWO_OR_MORE, validate_params


class Lookup(NamedTuple):
    """What shadow models know of records.

    The masks of shape (n_shadows, n_records) say from which records each shadow learned and which
    were held out from it; `rows` where each record stands in the pool, −1 if it does not.
    """

    in_mask: np.ndarray
    out_mask: np.ndarray
    rows: np.ndarray


class StandIn(NamedTuple):
    """A shadow in the target's place.

    It is judged on the records `rows`, of which those with `membership` 1 trained it, by the
    shadows `rest`: all that are not of its `group`.
    """

    number: int
    group: int
    rows: np.ndarray
    membership: np.ndarray
    rest: np.ndarray


def groups_of(n_shadows, splitter):
    """Return the number of each shadow's group: those that must be held out together.

    The two shadows of a pair are each other's opposite: whoever has one of them can tell the other.
    """
    return np.arange(n_shadows) // _group_size(splitter)


def _group_size(splitter):
    return 2 if splitter == "halves" else 1


class HoldsOut:
    """What fitted shadow models hold out for one another: stand-ins, folds, and groups left out."""

    @validate_params(
        random_state=RANDOM_STATE, n_scores=COUNT, n_least=COUNT, n_most=[*COUNT, None]
    )
    def stand_ins(self, X, y, random_state=None, *, n_scores=20_000, n_least=1, n_most=None):
        """Put shadows, whose members are known, into the target's place: the others judge them.

        Whole groups of shadows stand in, in random order. The shadows of all other groups judge
        them, since what one of a group was trained on would give the others away. All are judged
        on one draw of the records of the pool: each on those that it was trained on, or that were
        held out from it.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Their labels.
        random_state : int, RandomState instance or None, default=None
            Draws the records and the groups.
        n_scores : int, default=20_000
            The most records to draw. Groups stand in as long as all together have at most so many
            scores.
        n_least : int, default=1
            The least number of groups, if there are as many, even if they have more scores.
        n_most : int, default=None
            The largest number of groups.

        Returns
        -------
        iterator of StandIn
            Named tuples of these fields. All draws are made before the first of them.

            number : int
                The shadow that stands in.
            group : int
                Its group.
            rows : ndarray of int
                Rows of X that it may be judged on, in random order.
            membership : ndarray of int
                1 where it was trained on the record, 0 where that was held out from it.
            rest : ndarray of int
                The shadows that may judge it.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`, or a number is below 1.

        Notes
        -----
        A shadow whose drawn records are all of one side does not stand in. None does if the shadows
        are of one group, if no record is of the pool, or if the shadows come from a mask: it does
        not tell who must be held out together.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> shadows = ShadowModels(DecisionTreeClassifier(), 6, random_state=0).fit(X, y)
        >>> for stand_in in shadows.stand_ins(X, y, random_state=0, n_scores=300):
        ...     print(stand_in.number, stand_in.membership.sum(), stand_in.rest)
        4 75 [0 1 2 3]
        5 75 [0 1 2 3]
        """
        found = self.lookup(X, y)
        # a mask may hide pairs, and of one group or of foreign records nobody can judge
        if self.splitter_ == "custom" or self.groups_[-1] == 0 or found.rows.max() < 0:
            return iter(())
        numbers = {"n_scores": n_scores, "n_least": n_least, "n_most": n_most}
        return _draw_stand_ins(self.groups_, found, check_random_state(random_state), **numbers)

    @validate_params(n_folds=TWO_OR_MORE)
    def folds(self, n_folds=2):
        """Cut the shadows into folds that tell nothing of one another.

        Groups stay together, and the types of estimators are spread over all folds.

        Parameters
        ----------
        n_folds : int, default=2
            Number of folds.

        Returns
        -------
        ndarray of int of shape (n_shadows,) or None
            The fold of each shadow. None where there are too few shadows, or they come from a mask.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> ShadowModels(DecisionTreeClassifier(), 8, random_state=0).fit(X, y).folds()
        array([0, 0, 1, 1, 0, 0, 1, 1])
        """
        check_is_fitted(self)
        n_types = len(self._plan["estimators"])
        return _folds_of(len(self.estimators_), self.splitter_, n_types, n_folds)

    def without(self, group):
        """Return these shadow models without one group.

        Parameters
        ----------
        group : int
            Number of the group, see `groups_`.

        Returns
        -------
        ShadowModels
            The fitted shadow models of all other groups, numbered anew from 0. They share the
            shadows and the memory of what these answered, so that making them costs nothing.

        Raises
        ------
        ValueError
            If there is no such group, or no other.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> shadows = ShadowModels(DecisionTreeClassifier(), 6, random_state=0).fit(X, y)
        >>> shadows.groups_, shadows.without(1).groups_
        (array([0, 0, 1, 1, 2, 2]), array([0, 0, 1, 1]))
        """
        check_is_fitted(self)
        kept = np.flatnonzero(self.groups_ != group)
        if len(kept) in (0, len(self.groups_)):
            raise ValueError(
                f"group must be one of several groups of shadows, which are numbered from 0 to "
                f"{self.groups_[-1]}, got {group}."
            )
        return _subset(self, kept)


def _folds_of(n_shadows, splitter, n_types, n_folds):
    """Return the fold of each shadow, None where there are too few shadows for whole groups.

    Groups stay together, and the types of estimators are spread over all folds.
    """
    # of several types, as many shadows in a row as hold whole groups and each type alike
    n_together = np.lcm(_group_size(splitter), n_types)
    if splitter == "custom" or n_shadows < n_folds * n_together:
        return None
    return np.arange(n_shadows) // n_together % n_folds


def _draw_stand_ins(groups, found, rng, *, n_scores, n_least, n_most):
    """Return shadows in the target's place, one by one, whole groups in random order.

    Groups are added as long as they make up at most `n_scores` scores. Shadows whose records are
    all of one side do not stand in.
    """
    # Records that no shadow was trained on stay in: without them, a record unknown to the other
    # shadows would have to be a member.
    is_judged = (found.rows >= 0) & (found.in_mask | found.out_mask).any(axis=0)
    rows = rng.permutation(np.flatnonzero(is_judged))[:n_scores]
    order = rng.permutation(groups.max() + 1)
    in_mask = found.in_mask[:, rows]
    judged = in_mask | found.out_mask[:, rows]
    n_in = in_mask.sum(axis=1)
    n_judged = judged.sum(axis=1)
    has_sides = (n_in > 0) & (n_in < n_judged)
    sizes = np.bincount(groups, weights=np.where(has_sides, n_judged, 0))
    order = order[sizes[order] > 0]
    n_groups = max(np.searchsorted(np.cumsum(sizes[order]), n_scores, side="right"), n_least)
    n_groups = n_groups if n_most is None else min(n_groups, n_most)
    return (
        StandIn(
            number=int(i),
            group=int(group),
            rows=rows[judged[i]],
            membership=in_mask[i, judged[i]].astype(int),
            rest=np.flatnonzero(groups != group),
        )
        for group in order[:n_groups]
        for i in np.flatnonzero((groups == group) & has_sides)
    )


def _subset(shadows, kept):
    """Return a copy with some of the shadows, whose parameters are those that make just these."""
    rest = copy(shadows)
    rest.estimators_ = [shadows.estimators_[i] for i in kept]
    rest._memories = [shadows._memories[i] for i in kept]
    rest.in_mask_ = shadows.in_mask_[kept]
    rest.out_mask_ = shadows.out_mask_[kept]
    rest.groups_ = groups_of(len(kept), shadows.splitter_)
    rest.n_shadows = len(kept)
    # not "auto", which may mean another splitter for another number of shadows
    is_mask = shadows.splitter_ == "custom"
    rest.splitter = np.asarray(shadows.splitter)[kept] if is_mask else shadows.splitter_
    return rest
