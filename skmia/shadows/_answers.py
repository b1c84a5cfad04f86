"""What shadows answered for their own records, so that attacks that share them ask only once."""

import numpy as np

__all__ = ["AnswerMemory"]


class AnswerMemory:
    """Signals of the records that shadows were fitted on; never of others, and never records.

    Parameters
    ----------
    signals : dict, default=None
        From a key to a matrix (n_shadows, n_records), NaN where nothing was asked.
    """

    def __init__(self, signals=None):
        self._signals = {} if signals is None else signals

    def knows(self, keys, rows):
        """Return for which rows all keys are known.

        Parameters
        ----------
        keys : list
            What was asked.
        rows : ndarray of int, shape (n_rows,)
            Numbers of own records, −1 for foreign ones.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            True where the answer is known.
        """
        known = rows >= 0
        for key in keys:
            if key not in self._signals:
                return np.zeros(len(rows), dtype=bool)
            known &= ~np.isnan(self._signals[key][0, rows])
        return known

    def read(self, key, rows):
        """Return the signals of rows that are known.

        Parameters
        ----------
        key : object
            What was asked.
        rows : ndarray of int, shape (n_rows,)
            Numbers of own records.

        Returns
        -------
        ndarray of shape (n_shadows, n_rows)
            The signals.
        """
        return self._signals[key][:, rows]

    def write(self, key, rows, values, n_records):
        """Remember the signals of some rows.

        Parameters
        ----------
        key : object
            What was asked.
        rows : ndarray of int, shape (n_rows,)
            Numbers of own records.
        values : ndarray of shape (n_shadows, n_rows)
            The signals.
        n_records : int
            Number of own records.
        """
        if values.dtype.kind != "f":
            values = values.astype(np.float64)
        if key not in self._signals:
            self._signals[key] = np.full((len(values), n_records), np.nan, values.dtype)
        known = self._signals[key]
        self._signals[key] = known.astype(np.result_type(known, values), copy=False)
        self._signals[key][:, rows] = values

    def of(self, shadows):
        """Return the memory of some of the shadows.

        Parameters
        ----------
        shadows : ndarray of int
            Their numbers.

        Returns
        -------
        AnswerMemory
            A memory of its own.
        """
        return AnswerMemory({key: values[shadows] for key, values in self._signals.items()})
