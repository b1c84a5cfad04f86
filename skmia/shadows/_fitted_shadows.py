"""What fitted shadow models tell: who saw what, and how they answer."""

import numpy as np
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted, validate_data

from skmia._response import check_label_type, check_labels, label_index
from skmia.shadows._answers import Asking
from skmia.shadows._plan import refuse_changes
from skmia.shadows._stand_ins import HoldsOut, Lookup
from skmia.signals import get_signal


class FittedShadows(HoldsOut):
    """What can be asked of shadow models as soon as they are fitted.

    `fit` of the class that is built on this one sets the attributes that end in an underscore. It
    also sets the `_plan` by which the shadows were made, the `_known` records of the pool, and the
    `_memories` of what each shadow answered.
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
        in_mask = self.in_mask_[:, rows]
        out_mask = self.out_mask_[:, rows]
        in_mask[:, rows < 0] = False  # −1 took the last row of the pool
        out_mask[:, rows < 0] = True
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

        Shadows are asked batch by batch. Their answers are dropped unless `keep` is set.

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
            Whether shadows remember what they answer to records of their own pool. Each is then
            asked only once for each of them, whatever signals are wanted later. Only one thread
            at a time may keep answers.

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
        Shadows remember their answers, float32 as float32, where those of all shadows to the whole
        pool fit into half of scikit-learn's `working_memory`. Else they remember only the signals
        asked for. What is remembered is never asked again. What `without` returns shares the
        memory. It holds no records, and pickles and clones leave it out.

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
        asking = self._asking(X, y, response_method, keep)
        y_index = label_index(y, self.classes_)
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

    def check_unchanged(self):
        """Refuse parameters that were set after `fit` and differ from those of the shadows.

        Raises
        ------
        ValueError
            If the shadows were fitted with other parameters than they have now.
        """
        check_is_fitted(self)
        refuse_changes(self._plan, self)

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
