"""What fitted shadow models tell: who saw what, how they answer, and who may judge whom."""

from copy import copy
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import check_is_fitted, validate_data

from skmia._response import check_label_type, check_labels, label_index
from skmia.shadows._answers import Asking
from skmia.shadows._plan import refuse_changes
from skmia.signals import get_signal
from skmia.utils._constraints import COUNT, TWO_OR_MORE, validate_params


class Lookup(NamedTuple):
    """Which shadows saw records, as masks (n_shadows, n_records), and their rows in the pool."""

    in_mask: np.ndarray
    out_mask: np.ndarray
    rows: np.ndarray  # −1 for foreign records


class StandIn(NamedTuple):
    """A shadow in the target's place: the one hold-out rule of the library.

    Those of the records `rows` with `membership` 1 trained it; `judges` are of all other groups.
    """

    number: int
    group: int
    rows: np.ndarray
    membership: np.ndarray
    judges: np.ndarray


class FittedShadows:
    """What can be asked of shadow models as soon as they are fitted.

    `fit` of a subclass sets what ends in an underscore, the `_plan` by which the shadows were made,
    the `_known` records of the pool, and the `_memories` of what each answered.
    """

    def lookup(self, X, y):
        """Tell which shadows were trained on which records, and from which they were held out.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.

        Returns
        -------
        in_mask : ndarray of bool, shape (n_shadows, n_records)
            True where a shadow was trained on a record of this content.
        out_mask : ndarray of bool, shape (n_shadows, n_records)
            True where a record of this content was held out from a shadow. Foreign records, that
            are not among those in `fit`, were held out from all.
        rows : ndarray of int, shape (n_records,)
            The row of each record in the pool, which are the records in `fit`. Those of equal
            content share a row, foreign ones have the row -1.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.tree import DecisionTreeClassifier
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> shadows = ShadowModels(DecisionTreeClassifier(), 4, random_state=0)
        >>> found = shadows.fit(X[:100], y[:100]).lookup(X[98:102], y[98:102])
        >>> found.rows, found.in_mask.sum(axis=0), found.out_mask.sum(axis=0)
        (array([98, 99, -1, -1]), array([2, 2, 0, 0]), array([2, 2, 4, 4]))
        """
        X, y = self._checked(X, y)
        rows = self._known.find(X, y)
        in_mask = self.in_mask_[:, rows]
        out_mask = self.out_mask_[:, rows]
        in_mask[:, rows < 0] = False  # −1 took the last row of the pool
        out_mask[:, rows < 0] = True
        return Lookup(in_mask, out_mask, rows)

    def in_mask(self, X, y):
        """Tell which shadows were trained on which records, as `lookup` does.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.

        Returns
        -------
        ndarray of bool, shape (n_shadows, n_records)
            True where a shadow was trained on a record of this content.
        """
        return self.lookup(X, y).in_mask

    def n_known(self, X, y):
        """Count the records that are in the pool: among those in `fit`.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.

        Returns
        -------
        int
            Number of records whose content is that of one in `fit`.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`.
        """
        X, y = self._checked(X, y)
        return int(np.count_nonzero(self._known.find(X, y) >= 0))

    def observe(self, X, y, signal, *, response_method="auto", keep=False):
        """Return signals of each shadow's answer to each record.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Records. A label that no shadow record had gets the signal of confidence 0.
        signal : {str, callable} or list of these
            A name from `skmia.signals`, or a function of `proba` (n_records, n_classes) and
            `y_index` (n_records,).
        response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
            How the shadows are asked.
        keep : bool, default=False
            Whether shadows remember their answers to records of their own pool, to be asked only
            once, whatever signals are wanted later. Only one thread at a time may keep answers.
            Where these exceed half of scikit-learn's `working_memory`, only signals are kept.

        Returns
        -------
        ndarray of shape (n_shadows, n_records) or list of these
            The signals; of a list of signals a list.

        Raises
        ------
        ValueError
            If a signal is unknown, or X has other columns than in `fit`.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> shadows = ShadowModels(GaussianNB(), 4, random_state=0).fit(X, y)
        >>> confidence = shadows.observe(X, y, "confidence", keep=True)
        >>> loss, margin = shadows.observe(X, y, ["loss", "margin"])  # asks no shadow again
        >>> loss.shape, shadows.answers(3, X[:5], y[:5]).shape
        ((4, 150), (5, 3))
        """
        X, y = self._checked(X, y)
        several = isinstance(signal, list | tuple)
        signals = list(signal) if several else [signal]
        for one in signals:
            get_signal(one)  # refuses an unknown one before any shadow is asked
        asking = self._asking(X, y, response_method, keep)
        y_index = label_index(y, self.classes_)
        if keep:
            asking.remember(y_index, signals)
        observed = asking.observe(y_index, signals)
        return observed if several else observed[0]

    def answers(self, number, X, y, *, response_method="auto"):
        """Return the answers of one shadow, from memory where `observe` kept them.

        Parameters
        ----------
        number : int
            Number of the shadow.
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.
        response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
            How the shadow is asked.

        Returns
        -------
        ndarray of shape (n_records, n_classes)
            Probabilities of `classes_`, float32 if the shadow answers so.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`.
        """
        X, y = self._checked(X, y)
        return self._asking(X, y, response_method).answers(number)

    def check_unchanged(self):
        """Refuse parameters that were set after `fit` and differ from those of the shadows.

        Raises
        ------
        ValueError
            If the shadows were fitted with other parameters than they have now.
        """
        check_is_fitted(self)
        refuse_changes(self._plan, self)

    @validate_params(n_scores=COUNT, n_least=COUNT, n_most=[*COUNT, None])
    def stand_ins(self, X, y, random_state=None, *, n_scores=20_000, n_least=1, n_most=None):
        """Put shadows, whose members are known, into the target's place: the others judge them.

        Whole groups of shadows stand in, in random order. The shadows of all other groups judge
        them, since what one of a group was trained on would give the others away. All are judged
        on one draw of the pool: each on the records that it was trained on or not.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.
        random_state : int, RandomState instance or None, default=None
            Draws the records and the groups.
        n_scores : int, default=20_000
            The most records to draw, and the most scores of all groups that stand in together.
        n_least : int, default=1
            The least number of groups, if there are as many, even if they have more scores.
        n_most : int, default=None
            The largest number of groups.

        Returns
        -------
        iterator of StandIn
            Named tuples `(number, group, rows, membership, judges)`: a shadow and its group, the
            rows of X to judge it on, in random order, 1 where it was trained on the record and 0
            where not, and the numbers of the shadows that may judge it.

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
        ...     print(stand_in.number, stand_in.membership.sum(), stand_in.judges)
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
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from skmia.shadows import ShadowModels
        >>> shadows = ShadowModels(GaussianNB(), 8).fit([[0], [1], [2], [3]], [0, 1, 0, 1])
        >>> shadows.folds(), shadows.without(3).groups_
        (array([0, 0, 1, 1, 0, 0, 1, 1]), array([0, 0, 1, 1, 2, 2]))
        """
        check_is_fitted(self)
        # of several types, as many shadows in a row as hold whole groups and each type alike
        n_together = np.lcm(_group_size(self.splitter_), len(self._plan["estimators"]))
        n_shadows = len(self.estimators_)
        if self.splitter_ == "custom" or n_shadows < n_folds * n_together:
            return None
        return np.arange(n_shadows) // n_together % n_folds

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
        """
        check_is_fitted(self)
        kept = np.flatnonzero(self.groups_ != group)
        if len(kept) in (0, len(self.groups_)):
            raise ValueError(
                f"group must be one of several groups of shadows, which are numbered from 0 to "
                f"{self.groups_[-1]}, got {group}."
            )
        others = copy(self)
        others.estimators_ = [self.estimators_[i] for i in kept]
        others._memories = [self._memories[i] for i in kept]
        others.in_mask_ = self.in_mask_[kept]
        others.out_mask_ = self.out_mask_[kept]
        others.groups_ = groups_of(len(kept), self.splitter_)
        # their parameters make just these: not "auto", which may be another splitter for fewer
        others.n_shadows = len(kept)
        is_mask = self.splitter_ == "custom"
        others.splitter = np.asarray(self.splitter)[kept] if is_mask else self.splitter_
        return others

    def _asking(self, X, y, response_method, keep=False):
        # to find records takes fingerprints of all of them, in vain where no answer is remembered
        remembers = keep or not all(memory.is_empty() for memory in self._memories)
        return Asking(
            self.estimators_,
            self._memories,
            self.classes_,
            X,
            self._known.find(X, y) if remembers else None,
            response_method=response_method,
            n_columns=len(self.classes_) + getattr(self, "n_features_in_", 0),
            n_jobs=self.n_jobs,
        )

    def _checked(self, X, y):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, skip_check_array=True)  # texts and frames stay
        (X,) = indexable(X)
        y = check_labels(X, y)
        check_label_type(y, self.classes_)
        return X, y


def groups_of(n_shadows, splitter):
    """Return the number of each shadow's group: those that must be held out together."""
    # the two of a pair are opposites: whoever has one of them can tell the other
    return np.arange(n_shadows) // _group_size(splitter)


def _group_size(splitter):
    return 2 if splitter == "halves" else 1


def _draw_stand_ins(groups, found, rng, *, n_scores, n_least, n_most):
    """Return an iterator over shadows of random groups, of `n_scores` scores at most."""
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
    n_groups = min(n_groups, len(order) if n_most is None else n_most)
    return (
        StandIn(
            number=int(i),
            group=int(group),
            rows=rows[judged[i]],
            membership=in_mask[i, judged[i]].astype(int),
            judges=np.flatnonzero(groups != group),
        )
        for group in order[:n_groups]
        for i in np.flatnonzero((groups == group) & has_sides)
    )
