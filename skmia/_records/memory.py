"""Estimators that remember their training records while they are in memory."""

import numpy as np

from skmia._records.fingerprints import is_in
from skmia._records.selection import concatenate


class RemembersMembers:
    """Mixin of estimators that remember the records they were fitted on.

    The estimator calls `_remember(X, y)` at the end of `fit`. Records are remembered by reference
    and never leave the process: pickling and copying drop them. An estimator whose records another
    one remembers overrides `remembers_members` and `training_records`.
    """

    _remembered = ()  # one pair (X, y) for each call of `partial_fit`

    def membership_of(self, X, y):
        """Tell which labeled records the estimator was fitted on.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container.

        Returns
        -------
        ndarray of int, shape (n_records,)
            1 for records whose labeled content was trained on, 0 for others.

        Raises
        ------
        ValueError
            If nothing is remembered: the estimator is not fitted, or was unpickled or copied.
        """
        return is_in(X, y, *self.training_records()).astype(int)

    @property
    def remembers_members(self):
        """Whether the training records are remembered: not before `fit`, nor after pickling."""
        return bool(self._remembered)

    def training_records(self):
        """Return the records that the estimator was fitted on.

        Returns
        -------
        X : array-like of shape (n_records, ...)
            The records in the form in which they were given to `fit`, in any order. Those that
            were not trained on are left out. After several calls of `partial_fit`, those of all.
        y : array-like of shape (n_records,)
            Their labels.

        Raises
        ------
        ValueError
            If nothing is remembered: the estimator is not fitted, or was unpickled or copied.
        """
        if not self.remembers_members:
            raise ValueError(
                f"This {type(self).__name__} remembers no training records. They are kept in "
                "memory only: pickling, copying and cloning drop them, and so does a worker "
                "process that sends the estimator back. Fit it in this process, or name the "
                "members yourself."
            )
        if len(self._remembered) > 1:  # joined once, after which the parts can go
            X, y = zip(*self._remembered, strict=True)
            y = np.concatenate([np.asarray(part) for part in y])
            self._remembered = ((concatenate(*X), y),)
        return self._remembered[0]

    def _remember(self, X, y, *, add=False):
        self._remembered = (*(self._remembered if add else ()), (X, y))

    def __getstate__(self):
        """Return the state without the training records."""
        # a pickle that is handed on must not hand on the records
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_remembered"}
