"""Select records so that the data set has a given entropy."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import entr

from skmia._records import check_table
from skmia.properties._data import value_codes
from skmia.sampling._row_sampler import RowSampler, extreme_rows
from skmia.utils._constraints import NOT_NEGATIVE, POSITIVE, TWO_OR_MORE

STRONGEST = 1e6  # tilt, for each bit: a ranking by surprisal, for which chance decides nothing
N_TILTS = 40
MOST_SWAPS = 300
STEP = 0.9  # from one number of records that is tried to the next


class EntropySampler(RowSampler):
    r"""Select records so that the data set has a given entropy.

    The entropy of a data set is that of :func:`~skmia.properties.dataset_entropy` in bits: the mean
    over the features :math:`a_j`,

    .. math:: H_D = \frac{1}{d} \sum_{j=1}^d H[a_j], \qquad H[a_j] = -\sum_c P_c \log_2 P_c.

    The sampler keeps records without replacement, each by chance with a weight that grows or falls
    with how surprising its values are,

    .. math:: w_i \propto e^{s h_i}, \qquad h_i = -\frac{1}{d} \sum_{j=1}^d \log_2 P(x_{ij}),

    where bisection finds :math:`s`; then single records are swapped until the entropy fits.

    Parameters
    ----------
    entropy : float
        The entropy to reach, in bits per feature.
    n_bins : int, default=None
        Bins of one width for features of numbers, at least 2. By default each value is a symbol.
    n_samples : int, default=None
        Number of records to keep. By default as many as reach it without the most or the least
        surprising records.
    tol : float, default=0.01
        Largest difference from `entropy`, in bits.

    Attributes
    ----------
    entropy_ : float
        The entropy reached.

    Notes
    -----
    To compare data sets of different entropy, give all the same `n_samples`: where each value is
    its own symbol, the entropy of a continuous feature is the logarithm of the number of records.

    **The sampler ignores the classes, and their shares change**, since records of one class are
    often less surprising than those of another. Of 189 of the 569 records of breast cancer, with 10
    bins and 2 % more bits, 76 % were malignant, and 37 % of all. Changes of a classifier may then
    come from the class balance instead: look at `sampling_strategy_`, or put a
    :class:`ClassBalanceSampler` after this one and measure the entropy again.

    With `n_bins`, the records that hold the smallest and largest values are kept where there is
    room, at most two for each feature. Then ``dataset_entropy(X_resampled, n_bins=n_bins)`` cuts
    where this does and is `entropy_`.

    The search is not exhaustive. It refuses what it cannot reach, and the message names the
    smallest and the largest entropy that it found, which need not be the bounds. On the 48,842
    records of Adult it came within 2e-5 bits, in about half a second.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and model
       dependencies of membership inference attack", 2020, arXiv:2002.06856. Figure 7.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.sampling import EntropySampler
    >>> X = np.array([[0], [0], [0], [0], [1], [1]])
    >>> y = np.array([0, 1, 0, 1, 0, 1])
    >>> EntropySampler(1.0, random_state=0).fit_resample(X, y)[0].ravel()
    array([0, 0, 1, 1])
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RowSampler._parameter_constraints,
        "entropy": NOT_NEGATIVE,
        "n_bins": [*TWO_OR_MORE, None],
        "tol": POSITIVE,
    }

    def __init__(self, entropy, *, n_bins=None, n_samples=None, tol=0.01, random_state=None):
        self.entropy = entropy
        self.n_bins = n_bins
        self.n_samples = n_samples
        self.tol = tol
        self.random_state = random_state

    def _choose(self, X, y, rng):
        table = check_table(X)
        if (self.n_samples or 0) > len(y):
            raise ValueError(
                f"n_samples={self.n_samples} is more than the {len(y)} records that there are."
            )
        symbols = Symbols(value_codes(table, self.n_bins))
        draws = rng.random_sample(len(y))
        fixed = np.zeros(len(y), dtype=bool)
        if self.n_bins is not None:
            fixed[extreme_rows(table, range(table.shape[1]), draws)] = True
        # kept off 0 and 1, whose logarithms are infinite
        search = _Search(symbols, fixed, -np.log(-np.log(draws.clip(1e-300, 1 - 1e-16))))
        n_samples = self.n_samples or search.largest(self.entropy, self.tol)
        kept = search.reach(self.entropy, n_samples)
        self.entropy_ = symbols.entropy(kept)
        # `not <=`, so that an undefined number is refused, too
        if not abs(self.entropy_ - self.entropy) <= self.tol:
            self._refuse(search, n_samples)
        return np.flatnonzero(kept)

    def _refuse(self, search, n_samples):
        # as far as the search gets in both directions
        low, high = (search.symbols.entropy(search.reach(h, n_samples)) for h in (0, np.inf))
        given = "" if self.n_samples is None else ", another n_samples"
        raise ValueError(
            f"No {n_samples} of the n_samples={len(search.fixed)} records were found whose entropy "
            f"is entropy={self.entropy:g} within tol={self.tol:g} bits. Found were "
            f"{low:.4g} to {high:.4g} bits with that many records. Ask for one of these{given}, or "
            "for a greater tol."
        )


class Symbols:
    """Feature values, whose counts among selected records make the entropy.

    They are a sparse matrix of ones, each but code 0 a column: zeros cost nothing.
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
        """Return the mean of -log2 of the share among those kept, in bits per feature."""
        n_kept = kept.sum()
        # a value that no record kept has counts as half a record, or it would be infinite
        counts, zeros = (-np.log2(np.maximum(part, 0.5) / n_kept) for part in self._counts(kept))
        # as if all values were 0, and then the difference for those that are stored
        return (self._ones @ (counts - zeros[self._feature]) + zeros.sum()) / self.n_features


class _Search:
    """Look for records of a given entropy."""

    def __init__(self, symbols, fixed, noise):
        self.symbols = symbols
        self.fixed = fixed  # these are kept, where there is room
        self.noise = noise  # Gumbel variables: the largest sums with log-weights are a sample
        self.surprisal = symbols.surprisal(np.ones(len(fixed), dtype=bool))

    def largest(self, entropy, tol):
        """Return the largest number of records for which leaving out extreme ones suffices."""
        n_records = len(self.fixed)
        gap = entropy - self.symbols.entropy(np.ones(n_records, dtype=bool))
        if abs(gap) <= tol:
            return n_records
        tilt = np.copysign(STRONGEST, gap)

        def _excess(size):
            return (self.symbols.entropy(self._tilted(tilt, size)) - entropy) * np.sign(gap)

        # few large steps until the entropy is reached, then bisection between the last two sizes
        too_many = size = n_records
        while _excess(size) < 0:
            if size == 1:  # let the caller say what could be reached
                return max(n_records // 2, 1)
            too_many = size
            size = min(int(STEP * size), size - 1)
        while too_many - size > 1:
            middle = (too_many + size) // 2
            if _excess(middle) < 0:
                too_many = middle
            else:
                size = middle
        return min(too_many, size, key=lambda n: abs(_excess(n)))

    def reach(self, entropy, size):
        """Return so many records whose entropy comes near."""
        kept = self._best_tilt(entropy, size)
        if 0 < size < len(kept):  # else there is nothing to swap
            kept = self._swap_many(kept, entropy)
            kept = self._swap_one_by_one(kept, entropy)
        return kept

    def _tilted(self, tilt, size):
        """Draw records without replacement, with weights that depend on the surprisal."""
        keys = np.where(self.fixed, np.inf, tilt * self.surprisal + self.noise)
        kept = np.zeros(len(keys), dtype=bool)
        kept[np.argpartition(-keys, size - 1)[:size]] = True
        return kept

    def _best_tilt(self, entropy, size):
        low, high = -STRONGEST, STRONGEST
        # both ends, too, since bisection comes near them but never there
        tilts = [0.0, low, high]  # without the records, which the best one draws again
        reached = [self.symbols.entropy(self._tilted(tilt, size)) for tilt in tilts]
        for _ in range(N_TILTS):
            tilt = (low + high) / 2
            tilts.append(tilt)
            reached.append(self.symbols.entropy(self._tilted(tilt, size)))
            low, high = (tilt, high) if reached[-1] < entropy else (low, tilt)
        # for an infinite entropy the highest is nearest
        wanted = entropy if np.isfinite(entropy) else np.max(reached)
        return self._tilted(tilts[np.abs(np.array(reached) - wanted).argmin()], size)

    def _swap_many(self, kept, entropy):
        """Exchange the least for the most surprising records, or conversely, block by block."""
        block = max(int(min(kept.sum(), (~kept).sum())) // 4, 1)
        reached = self.symbols.entropy(kept)
        for _ in range(MOST_SWAPS):
            if block == 0 or reached == entropy:
                break
            toward = np.sign(entropy - reached)
            other = self._swapped(kept, toward * self.symbols.surprisal(kept), block)
            entropy_of_other = self.symbols.entropy(other)
            if _nearer(entropy_of_other, reached, entropy):
                kept = other
                reached = entropy_of_other
            else:  # too coarse a step, which went beyond the aim
                block //= 2
        return kept

    def _swapped(self, kept, value, block):
        block = min(block, int((kept & ~self.fixed).sum()))  # the fixed ones stay
        out = np.where(kept & ~self.fixed, value, np.inf)
        into = np.where(kept, np.inf, -value)
        other = kept.copy()
        if block:
            other[np.argpartition(out, block - 1)[:block]] = False
            other[np.argpartition(into, block - 1)[:block]] = True
        return other

    def _swap_one_by_one(self, kept, entropy):
        """Exchange the pair of records that, to first order, closes the gap."""
        reached = self.symbols.entropy(kept)
        for _ in range(MOST_SWAPS):
            inside = np.flatnonzero(kept & ~self.fixed)
            outside = np.flatnonzero(~kept)
            if not np.isfinite(entropy) or not len(inside):
                break
            surprisal = self.symbols.surprisal(kept)
            # a swap changes the mean surprisal by the difference of the two over the number kept
            wanted = surprisal[inside] + (entropy - reached) * kept.sum()
            outside = outside[np.argsort(surprisal[outside])]
            partner = outside[_nearest(surprisal[outside], wanted)]
            at = np.abs(surprisal[partner] - wanted).argmin()
            other = kept.copy()
            other[inside[at]] = False
            other[partner[at]] = True
            entropy_of_other = self.symbols.entropy(other)
            if not _nearer(entropy_of_other, reached, entropy):
                break
            kept = other
            reached = entropy_of_other
        return kept


def _nearer(new, old, wanted):
    """Tell whether the new entropy is nearer; nothing is near an infinite one, but higher is."""
    return abs(new - wanted) < abs(old - wanted) if np.isfinite(wanted) else new > old


def _nearest(ascending, wanted):
    """Return the position of the nearest number for each wanted one."""
    above = np.searchsorted(ascending, wanted).clip(1, max(len(ascending) - 1, 1))
    above = np.minimum(above, len(ascending) - 1)
    below = np.maximum(above - 1, 0)
    is_below = wanted - ascending[below] <= ascending[above] - wanted
    return np.where(is_below, below, above)
