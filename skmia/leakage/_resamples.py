"""Bootstrap resamples of models, drawn again in the same order whenever they are needed."""

import numpy as np

_ENTRIES = 2**21  # of a chunk of weights: 16 MB


class Resamples:
    """Weights of models in bootstrap resamples, in chunks that fit into memory.

    Parameters
    ----------
    groups : ndarray of int, shape (n_models,)
        Models of one group, 0 to n_groups - 1, are drawn together.
    n_resamples : int
        Number of resamples.
    seed : int
        Of the generator.
    """

    def __init__(self, groups, n_resamples, seed):
        self.groups, self.n_resamples, self.seed = groups, n_resamples, seed

    def __iter__(self):
        """Yield how often each resample holds each model, shape (n_in_chunk, n_models)."""
        rng = np.random.RandomState(self.seed)
        n_groups = self.groups.max() + 1
        n_rows = max(1, _ENTRIES // len(self.groups))
        for start in range(0, self.n_resamples, n_rows):
            shape = min(n_rows, self.n_resamples - start), n_groups
            draws = rng.randint(n_groups, size=shape) + n_groups * np.arange(shape[0])[:, None]
            counts = np.bincount(draws.ravel(), minlength=shape[0] * n_groups).reshape(shape)
            yield counts[:, self.groups].astype(np.float64)

    def moments(self, side):
        """Return the moments of a side in all resamples.

        Parameters
        ----------
        side : Side
            The statistics.

        Returns
        -------
        Moments
            With the resamples in the first axis.
        """
        parts = [side.moments(weights) for weights in self]
        return type(parts[0])(*(np.concatenate(values) for values in zip(*parts, strict=True)))
