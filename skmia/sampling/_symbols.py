"""Counts and entropies of feature values among selected records."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import entr

__all__ = ["Symbols"]


class Symbols:
    """The values of all features, of which the counts among selected records make the entropy.

    Each value but the one of code 0 is a column of a sparse matrix of ones, so that a sparse table
    costs its stored values only. `codes` count from 0 on, of shape (n_records, n_features).
    """

    def __init__(self, codes):
        codes = csr_matrix(codes)
        codes.eliminate_zeros()  # an explicit 0 would count in another column
        n_records, self.n_features = codes.shape
        n_codes = np.asarray(codes.max(axis=0).todense()).ravel().astype(np.intp)
        first = np.cumsum(n_codes) - n_codes
        columns = first[codes.indices] + codes.data.astype(np.intp) - 1
        ones = np.ones(len(columns), dtype=np.float64)
        shape = (n_records, int(n_codes.sum()))
        self._ones = csr_matrix((ones, columns, codes.indptr), shape=shape)
        self._feature = np.repeat(np.arange(self.n_features), n_codes)

    def _counts(self, kept):
        """Return the counts of all values but 0, and of 0 in each feature."""
        counts = self._ones.T @ kept.astype(np.float64)
        others = np.bincount(self._feature, weights=counts, minlength=self.n_features)
        return counts, kept.sum() - others

    def entropy(self, kept):
        """Return the mean entropy of the features among the records kept, in bits."""
        # entr is -p ln p, which is 0 for values that no record kept has
        counts = np.concatenate(self._counts(kept)) / kept.sum()
        return float(entr(counts).sum() / np.log(2) / self.n_features)

    def surprisal(self, kept):
        """Return how surprising each record is among those kept, in bits per feature.

        It is the mean over the features of -log2 of the value's share; the mean of that over the
        records kept is the entropy.
        """
        n_kept = kept.sum()
        # a value that no record kept has counts as half a record, or it would be infinite
        counts, zeros = (-np.log2(np.maximum(part, 0.5) / n_kept) for part in self._counts(kept))
        # as if all values were 0, and then the difference for those that are stored
        return (self._ones @ (counts - zeros[self._feature]) + zeros.sum()) / self.n_features
