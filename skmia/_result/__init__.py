"""The one form of what is measured: a number with its interval, and a record of several."""

from skmia._result._estimate import Estimate
from skmia._result._form import Result

__all__ = ["Estimate", "Result"]
