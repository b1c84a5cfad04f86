"""How signals are computed: block by block, each block read once for all signals."""

from functools import cached_property

import numpy as np

# 256 kB of float64: a block and its scratch buffer stay in a core's second-level cache.
_BLOCK_ENTRIES = 32_768
# Rounding in a model's normalization may exceed 1 by a little; more than this is not a probability.
_TOLERANCE = 1e-6
# By type of the response: an unsigned integer of its size, and the bits of 1.0.
_BITS = {
    dtype(1).dtype.char: (bits, dtype(1).view(bits))
    for dtype, bits in ((np.float32, np.uint32), (np.float64, np.uint64))
}


class _Scratch:
    """What all blocks share, made once: a buffer, where rows begin, and blocks full of a floor."""

    def __init__(self, n_rows, n_classes, dtype, all_known):
        self.buffer = np.empty((n_rows, n_classes), dtype)
        self.row_starts = np.arange(0, n_rows * n_classes, n_classes)
        self.all_known = all_known
        self.floors = {}

    def floor(self, eps):
        """Return a block full of `eps`: numpy's maximum with a scalar is several times slower."""
        if eps not in self.floors:
            self.floors[eps] = np.full_like(self.buffer, eps)
        return self.floors[eps]


class _Block:
    """Some rows of the response, with what the kernels share."""

    def __init__(self, proba, y_index, shared):
        self.proba = proba
        self.y_index = y_index
        self.shared = shared
        self.n_rows, self.n_classes = proba.shape
        self.scratch = shared.buffer[: self.n_rows]
        self.reaches_one = _check_probabilities(proba)

    @cached_property
    def true_positions(self):
        """Return the positions of the known rows' true classes in the flat block."""
        positions = self.shared.row_starts[: self.n_rows] + self.y_index
        return positions if self.shared.all_known else positions[self.y_index >= 0]

    @cached_property
    def true(self):
        """Return the probability of each row's true class, 0 where it is unknown."""
        known = self.proba.ravel()[self.true_positions]
        if self.shared.all_known:
            return known
        true = np.zeros(self.n_rows, self.proba.dtype)
        true[self.y_index >= 0] = known
        return true

    def floor(self, eps):
        return self.shared.floor(eps)[: self.n_rows]

    def without_true(self, value):
        """Return a scratch copy of the response with the true class set to `value`."""
        np.copyto(self.scratch, self.proba)
        self.scratch.ravel()[self.true_positions] = value
        return self.scratch


def _check_probabilities(proba):
    """Refuse what is not a probability, and return whether any reaches 1, in one pass."""
    # The bits of non-negative floats order like the floats; a sign bit or a NaN makes them larger
    # than those of any probability. So one maximum finds NaN, negatives and values above 1.
    bits, bits_of_one = _BITS[proba.dtype.char]
    largest = proba.view(bits).max()
    if largest <= bits_of_one:
        return largest == bits_of_one
    low, high = proba.min(), proba.max()
    if np.isnan(high):  # of any NaN in it
        raise ValueError(
            "The response contains NaN, which is no probability. Find the records for which the "
            "model answers NaN and mend the model or leave them out."
        )
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise ValueError(
            f"The response must hold probabilities in [0, 1], got values from {low:.6g} to "
            f"{high:.6g}. Turn decision values or logits into probabilities first, for example "
            "with scipy.special.softmax."
        )
    return high >= 1


def _row_products(proba, logs):
    """Return Σ_i p_i l_i of each row; of two ways the one that is faster for its length."""
    if proba.shape[1] < 16:
        return np.einsum("ij,ij->i", proba, logs)
    return np.vecdot(proba, logs)


def _correctness(block, _):
    if block.n_classes == 2:  # argmax takes ten times as long on rows of two
        return (block.proba[:, 1] > block.proba[:, 0]) == block.y_index
    return block.proba.argmax(axis=1) == block.y_index


def _confidence(block, _):
    return block.true


def _loss(block, eps):
    return np.log(np.maximum(block.true, eps))  # the argument is floored, as in the author code


def _entropy(block, eps):
    # the weight p_i stays as it is, so that a class of probability 0 adds nothing
    logs = np.maximum(block.proba, block.floor(eps), out=block.scratch)
    return _row_products(block.proba, np.log(logs, out=logs))


def _modified_entropy(block, eps):
    logs = np.subtract(1, block.proba, out=block.scratch)
    if block.reaches_one:  # 1 - p is 0 or at least the machine's epsilon: only 0 needs the floor
        np.maximum(logs, block.floor(eps), out=logs)
    # the sum leaves the true class out, which has a term of its own
    np.log(logs, out=logs).ravel()[block.true_positions] = 0
    return _row_products(block.proba, logs) + (1 - block.true) * _loss(block, eps)


def _logit_confidence(block, eps):
    # 1 − p_y would lose the digits of others below 6e-8 in float32, where 1e-45 is subnormal too
    others = np.einsum("ij->i", block.without_true(0), dtype=np.float64)
    true = np.maximum(block.true.astype(np.float64), 0)  # rounding may go a little below 0
    return np.log(true + eps) - np.log(np.maximum(others, 0) + eps)


def _margin(block, _):
    if block.n_classes == 1:  # no other class to be second: an unknown label loses to the only one
        return np.where(block.y_index == 0, block.true, -block.proba[:, 0])
    return block.true - block.without_true(-np.inf).max(axis=1)


# name: (kernel, floor of the logarithm's argument); the floors are those of the author codes of
# Song and Mittal, 1e-30, and of Carlini et al., 1e-45
KERNELS = {
    "confidence": (_confidence, None),
    "correctness": (_correctness, None),
    "entropy": (_entropy, 1e-30),
    "logit_confidence": (_logit_confidence, 1e-45),
    "loss": (_loss, 1e-30),
    "margin": (_margin, None),
    "modified_entropy": (_modified_entropy, 1e-30),
}


def check_response(proba, y_index):
    """Return both as arrays that fit each other; blocks look at the values when they are read."""
    proba = np.asarray(proba)
    y_index = np.asarray(y_index)
    if proba.ndim != 2 or proba.shape[1] == 0:
        raise ValueError(
            f"proba must have shape (n_records, n_classes), got {proba.shape}. Reshape a single "
            "record with proba.reshape(1, -1)."
        )
    # float16 holds no logarithm's floor; integers and wider floats become float64
    if proba.dtype not in (np.float32, np.float64):
        proba = proba.astype(np.float32 if proba.dtype == np.float16 else np.float64)
    if y_index.shape != proba.shape[:1]:
        raise ValueError(
            f"y_index must hold one column index per record: expected shape {proba.shape[:1]}, got "
            f"{y_index.shape}."
        )
    if y_index.dtype.kind not in "iu":
        raise ValueError(
            f"y_index must hold integers, got {y_index.dtype}. Map labels to columns with "
            "numpy.searchsorted(classes, y), and labels that the model does not know to -1."
        )
    if y_index.size and not (y_index.min() >= -1 and y_index.max() < proba.shape[1]):
        raise ValueError(
            f"y_index must lie in [-1, {proba.shape[1] - 1}] for {proba.shape[1]} classes, got "
            f"values from {y_index.min()} to {y_index.max()}."
        )
    return proba, y_index.astype(np.intp, copy=False)


def run_kernels(kernels, proba, y_index):
    """Evaluate (kernel, eps) pairs in one read of the response."""
    n_records, n_classes = proba.shape
    n_rows = max(1, min(_BLOCK_ENTRIES // n_classes, n_records))
    shared = _Scratch(n_rows, n_classes, proba.dtype, all_known=y_index.min(initial=0) >= 0)
    values = np.empty((len(kernels), n_records), proba.dtype)
    for start in range(0, n_records, n_rows):
        rows = slice(start, start + n_rows)
        # contiguous, since kernels look at it flat and at its bits
        block = _Block(np.ascontiguousarray(proba[rows]), y_index[rows], shared)
        for row, (kernel, eps) in zip(values, kernels, strict=True):
            row[rows] = kernel(block, eps)
    return values
