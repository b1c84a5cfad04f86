"""Where an increasing function crosses zero, for many functions at a time."""

import numpy as np


def root_of(function, low, high, *, n_steps=100):
    """Return the upper end of the last bracket around where each function turns positive.

    Parameters
    ----------
    function : callable
        Increasing in each element of its array.
    low, high : ndarray
        Brackets: the function is at most 0 at the lower ends and above 0 at the upper ones.
    n_steps : int, default=100
        How often each bracket is halved.

    Returns
    -------
    ndarray
        The smallest points tried at which the functions are positive, or the upper ends.
    """
    low, high = np.broadcast_arrays(np.asarray(low, float), np.asarray(high, float))
    for _ in range(n_steps):
        middle = (low + high) / 2
        is_above = function(middle) > 0
        low, high = np.where(is_above, low, middle), np.where(is_above, middle, high)
    return high
