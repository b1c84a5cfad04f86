"""A number together with its confidence interval."""

from math import isnan
from typing import NamedTuple


class Estimate(NamedTuple):
    """Value of a metric with its confidence interval.

    A number that the data cannot resolve has NaN for ``value``, ``low`` and ``high``, and
    ``method`` says why.

    Parameters
    ----------
    value : float
        The metric on the records given. ``float(estimate)`` is this number.
    low : float
        Lower end of the confidence interval.
    high : float
        Upper end of the confidence interval.
    method : str
        How the interval was made, or why there is none.

    Examples
    --------
    >>> from skmia.metrics import Estimate
    >>> estimate = Estimate(0.623, 0.611, 0.635, "DeLong")
    >>> print(estimate)
    0.623 [0.611, 0.635]
    >>> float(estimate)
    0.623
    """

    value: float
    low: float
    high: float
    method: str

    def __float__(self):
        """Return the value alone."""
        return float(self.value)

    def __str__(self):
        """Return ``value [low, high]`` or, without a value, the reason."""
        if isnan(self.value):
            return self.method
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"
