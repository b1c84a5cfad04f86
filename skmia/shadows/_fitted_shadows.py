"""What fitted shadow models tell: who saw what, how they answer, and who stands in for a target."""

from copy import copy

import numpy as np
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import check_is_fitted, validate_data

from skmia._response import check_label_type, check_labels, label_index
from skmia.shadows._answers import Asking
from skmia.shadows._plan import refuse_changes
from skmia.shadows._stand_ins import Lookup, draw_stand_ins, folds_of, groups_of
from skmia.signals import get_signal
from skmia.utils._constraints import COUNT, RANDOM_STATE, TWO_OR_MORE, validate_params

__all__ = ["FittedShadows"]


class FittedShadows:
    """What can be asked of shadow models as soon as they are fitted.

    `fit` of the class that is built on this one sets the attributes that end in an underscore, the
    `_plan` by which the shadows were made, the `_known` records of the pool, and the `_memories` of
    what each shadow answered.
    """

    def lookup(self, X, y):
        """Tell which shadows were trained on which records, and from which they were held out.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records, in any container.
        y : array-like of shape (n_records,)
            Their labels.

        Returns
        -------
        in_mask : ndarray of bool, shape (n_shadows, n_records)
            True where a shadow was trained on a record of this content.
        out_mask : ndarray of bool, shape (n_shadows, n_records)
            True where a record of this content was held out from a shadow. Foreign records, that
            are not among those in `fit`, were held out from all.
        rows : ndarray of int, shape (n_records,)
            The row of each record in the pool, which are the records in `fit`. Records of equal
            content share a row, and foreign ones have the row -1.

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
        >>> shadows = shadows.fit(X[:100], y[:100])
        >>> found = shadows.lookup(X[98:102], y[98:102])
        >>> found.rows
        array([98, 99, -1, -1])
        >>> found.in_mask.sum(axis=0), found.out_mask.sum(axis=0)
        (array([2, 2, 0, 0]), array([2, 2, 4, 4]))
        """
        X, y = self._checked(X, y)
        rows = self._known.find(X, y)
        in_mask, out_mask = self.in_mask_[:, rows], self.out_mask_[:, rows]
        in_mask[:, rows < 0], out_mask[:, rows < 0] = False, True
        return Lookup(in_mask, out_mask, rows)

    def in_mask(self, X, y):
        """Tell which shadows were trained on which records.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records, in any container.
        y : array-like of shape (n_records,)
            Their labels.

        Returns
        -------
        ndarray of bool, shape (n_shadows, n_records)
            True where a shadow was trained on a record of this content. Records that are not
            among those in `fit` were seen by none.
        """
        return self.lookup(X, y).in_mask

    def n_known(self, X, y):
        """Count the records that are in the pool: among those in `fit`.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records, in any container.
        y : array-like of shape (n_records,)
            Their labels.

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

        Shadows are asked batch by batch, and their answers dropped, unless they are kept.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Their labels. One that no shadow record had gets the signal of confidence 0.
        signal : {str, callable} or list of these
            A name from `skmia.signals`, or a function of `proba` (n_records, n_classes) and
            `y_index` (n_records,).
        response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
            How the shadows are asked.
        keep : bool, default=False
            Whether shadows remember what they answer to records of their own pool, so that each is
            asked only once for each of them, whatever signals of it are wanted later on. To keep
            answers is for one thread at a time.

        Returns
        -------
        ndarray of shape (n_shadows, n_records) or list of these
            The signals; of a list of signals a list.

        Raises
        ------
        ValueError
            If a signal is unknown, or X has other columns than in `fit`.

        Notes
        -----
        Answers are remembered as they come, float32 as float32, where those of all shadows to the
        whole pool fit into half of scikit-learn's `working_memory`; else only the signals asked
        for. Answers to records that are remembered always come from memory. It is shared by what
        `without` returns. It holds no records, and pickles and clones hold none of it.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> shadows = ShadowModels(GaussianNB(), 4, random_state=0).fit(X, y)
        >>> confidence = shadows.observe(X, y, "confidence", keep=True)
        >>> loss, margin = shadows.observe(X, y, ["loss", "margin"])  # asks no shadow again
        >>> loss.shape
        (4, 150)
        """
        X, y = self._checked(X, y)
        several = isinstance(signal, list | tuple)
        signals = list(signal) if several else [signal]
        for one in signals:
            get_signal(one)  # refuses an unknown one before any shadow is asked
        asking, y_index = self._asking(X, y, response_method, keep), label_index(y, self.classes_)
        if keep:
            asking.remember(y_index, signals)
        observed = asking.observe(y_index, signals)
        return observed if several else observed[0]

    def answers(self, number, X, y, *, response_method="auto"):
        """Return the answers of one shadow.

        Answers to records of the pool come from memory where `observe` kept them.

        Parameters
        ----------
        number : int
            Number of the shadow.
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Their labels, by which they are known again.
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

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.naive_bayes import GaussianNB
        >>> from skmia.shadows import ShadowModels
        >>> X, y = load_iris(return_X_y=True)
        >>> shadows = ShadowModels(GaussianNB(), 4, random_state=0).fit(X, y)
        >>> shadows.answers(3, X[:5], y[:5]).shape
        (5, 3)
        """
        X, y = self._checked(X, y)
        return self._asking(X, y, response_method).answers(number)

    @validate_params(
        random_state=RANDOM_STATE, n_scores=COUNT, n_least=COUNT, n_most=[*COUNT, None]
    )
    def stand_ins(self, X, y, random_state=None, *, n_scores=20_000, n_least=1, n_most=None):
        """Put shadows into the target's place, whose members are known, to be judged by the others.

        Whole groups of shadows stand in, in random order, and are judged by the shadows of all
        other groups: what one of a group was trained on would give the others away. All of them are
        judged on one draw of the records of the pool, each on those that it was trained on or that
        were held out from it.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Their labels.
        random_state : int, RandomState instance or None, default=None
            Draws the records and the groups.
        n_scores : int, default=20_000
            The most records to draw. Groups are added as long as all stand-ins together are judged
            on at most so many.
        n_least : int, default=1
            The least number of groups, if there are as many, even if they make up more scores.
        n_most : int, default=None
            The largest number of groups.

        Returns
        -------
        iterator of StandIn
            Named tuples of the following fields. Everything is drawn before the first of them.

            number : int
                The shadow that stands in.
            group : int
                Its group.
            rows : ndarray of int
                Numbers of the records in X that it may be judged on, in random order.
            membership : ndarray of int
                1 for those of them that it was trained on, 0 for those that were held out from it.
            rest : ndarray of int
                The shadows that may judge it.

        Raises
        ------
        ValueError
            If X has other columns than in `fit`, or a number is below 1.

        Notes
        -----
        A shadow whose drawn records are all of one side does not stand in. Nobody does where the
        shadows come from a mask, which says nothing of who must be held out together, or are of one
        group, or where no record is of the pool.

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
        if self.splitter_ == "custom" or self.groups_[-1] == 0 or found.rows.max() < 0:
            return iter(())
        numbers = {"n_scores": n_scores, "n_least": n_least, "n_most": n_most}
        return draw_stand_ins(self.groups_, found, check_random_state(random_state), **numbers)

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
        return folds_of(len(self.estimators_), self.splitter_, n_types, n_folds)

    def without(self, group):
        """Return these shadow models without one group.

        Parameters
        ----------
        group : int
            Number of the group, see `groups_`.

        Returns
        -------
        ShadowModels
            The fitted shadow models of all other groups, numbered anew from 0 on. They share the
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
        rest = copy(self)
        rest.estimators_ = [self.estimators_[i] for i in kept]
        rest._memories = [self._memories[i] for i in kept]
        rest.in_mask_, rest.out_mask_ = self.in_mask_[kept], self.out_mask_[kept]
        rest.groups_ = groups_of(len(kept), self.splitter_)
        rest.n_shadows = len(kept)
        rest.splitter = (
            self.splitter_ if self.splitter_ != "custom" else np.asarray(self.splitter)[kept]
        )
        return rest

    def check_unchanged(self):
        """Refuse parameters that were set after `fit` and that the shadows do not have.

        Raises
        ------
        ValueError
            If the shadows were fitted with other parameters than they have now.
        """
        check_is_fitted(self)
        refuse_changes(self._plan, self)

    def _asking(self, X, y, response_method, keep=False):
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
        X = validate_data(self, X, reset=False, skip_check_array=True)
        (X,) = indexable(X)
        y = check_labels(X, y)
        check_label_type(y, self.classes_)
        return X, y
