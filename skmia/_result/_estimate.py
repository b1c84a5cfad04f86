"""A number together with its confidence interval."""

from math import isnan, nan


class Estimate(float):
    """Value of a metric with its confidence interval: a float that knows both.

    Arithmetic, comparisons, formats, arrays and tables take it as its value: estimates of one value
    are equal whatever their intervals. ``str`` shows the interval too.

    A number that the data cannot resolve is NaN, as are both its ends, and ``method`` says why. A
    value of unknown uncertainty has NaN for its ends only.

    Parameters
    ----------
    value : float
        The metric on the records given.
    low, high : float, default=nan
        Ends of the confidence interval.
    method : str, default="no interval"
        How the interval was made, or why there is none.

    Attributes
    ----------
    low, high : float
        Ends of the confidence interval.
    method : str
        How the interval was made, or why there is none.

    Examples
    --------
    >>> from skmia.metrics import Estimate
    >>> estimate = Estimate(0.623, 0.611, 0.635, "DeLong")
    >>> print(estimate)
    0.623 [0.611, 0.635]
    >>> f"{estimate:.2f}", round(estimate, 1), estimate > 0.5, estimate.low
    ('0.62', 0.6, True, 0.611)
    """

    __slots__ = ("high", "low", "method")

    # statistics.mean and float.fromhex make numbers of the class of theirs from a value alone
    def __new__(cls, value, low=nan, high=nan, method="no interval"):
        self = super().__new__(cls, value)
        parts = {"low": float(low), "high": float(high), "method": str(method)}
        for name, part in parts.items():  # past our own __setattr__, which refuses
            object.__setattr__(self, name, part)
        return self

    def __setattr__(self, name, value):
        raise AttributeError(f"an Estimate cannot be changed, make a new one; got {name}={value!r}")

    def __delattr__(self, name):
        raise AttributeError(f"an Estimate cannot be changed, got del {name}")

    def __reduce_ex__(self, protocol):
        return type(self), (float(self), self.low, self.high, self.method)

    def __repr__(self):
        return f"Estimate({float(self)!r}, {self.low!r}, {self.high!r}, {self.method!r})"

    def __str__(self):
        """Return ``value [low, high]`` or, without a value, the reason."""
        if isnan(self):
            return self.method
        if isnan(self.low) and isnan(self.high):
            return f"{self:.3f} (no interval)"
        return f"{self:.3f} [{self.low:.3f}, {self.high:.3f}]"


def parts_of(estimate):
    """Return the value, low, high and method of an Estimate by these names."""
    ends = {"low": estimate.low, "high": estimate.high}
    return {"value": float(estimate)} | ends | {"method": estimate.method}
