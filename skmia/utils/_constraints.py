"""What functions allow for each of their parameters: scikit-learn's constraints, and a few more.

Classes declare theirs as `_parameter_constraints`, functions by `validate_params`.
"""

from functools import wraps
from inspect import signature
from numbers import Integral, Real

import numpy as np
from sklearn import get_config

from skmia.utils._sklearn import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_parameter_constraints,
)

MOST_SHOWN = 200  # characters of a value in a message


def validate_params(**constraints):
    """Refuse what the constraints of a function's parameters do not allow, before its work.

    Parameters of `USUAL` names have those constraints, and allow None where it is the default.
    """

    # scikit-learn's decorator of this name gives the errors of estimators that the caller hands in
    # the name of the function, as if it had their parameters; this one leaves such errors alone

    def decorate(function):
        parameters = signature(function)
        usual = {name: USUAL[name] for name in parameters.parameters if name in USUAL}
        for name in usual.keys() - {"random_state", "n_jobs"}:  # which allow None themselves
            if parameters.parameters[name].default is None:
                usual[name] = [*USUAL[name], None]
        checked = {**usual, **constraints}
        function._skl_parameter_constraints = checked  # where scikit-learn looks for them
        name = function.__qualname__.removesuffix(".__init__")
        unknown = constraints.keys() - parameters.parameters.keys()
        if unknown:
            raise TypeError(f"{name} has no parameters {sorted(unknown)}.")

        @wraps(function)
        def validated(*args, **kwargs):
            if not get_config()["skip_parameter_validation"]:
                given = parameters.bind(*args, **kwargs)
                given.apply_defaults()
                try:
                    validate_parameter_constraints(checked, given.arguments, caller_name=name)
                except InvalidParameterError as error:
                    raise InvalidParameterError(_without_data(error, given.arguments)) from None
            return function(*args, **kwargs)

        return validated

    return decorate


def _without_data(error, given):
    """Return the text of an error with the type of a table in its place: it may be of records."""
    value = given[str(error).split("'")[1]]  # "The 'name' parameter of ..."
    shown = repr(value)
    if getattr(value, "shape", ()) == () and len(shown) <= MOST_SHOWN:
        return str(error)
    return str(error).replace(shown, f"an instance of {type(value).__name__!r}")


class Number(Interval):
    """The numbers of an interval, with an example of what to give."""

    def __init__(self, type, left, right, *, closed, example=None):
        super().__init__(type, left, right, closed=closed)
        self.example = example

    def __str__(self):
        return super().__str__() + (f", such as {self.example}" if self.example else "")


class Numbers(Number):
    """Several such numbers, at least one: a sequence, or any shape down to a single number."""

    def __init__(self, type, left, right, *, closed, example=None, any_shape=False):
        super().__init__(type, left, right, closed=closed, example=example)
        self.any_shape = any_shape

    def is_satisfied_by(self, val):
        try:
            values = np.asarray(val)
        except (TypeError, ValueError):  # rows of different lengths
            return False
        if values.size == 0 or not (self.any_shape or values.ndim == 1):
            return False
        single = super().is_satisfied_by
        if isinstance(val, list | tuple) and values.ndim == 1:
            return all(map(single, val))  # numpy would make numbers of booleans beside them
        # an interval holds all of them if it holds the outer ones, of which NaN is one
        return values.dtype.kind in "iuf" and single(values.min()) and single(values.max())

    def __str__(self):
        return f"numbers, each {super().__str__()}"


class Even(Number):
    """The even numbers of an interval."""

    def is_satisfied_by(self, val):
        return super().is_satisfied_by(val) and val % 2 == 0

    def __str__(self):
        return f"even, {super().__str__()}"


class Several(HasMethods):  # a kind of constraint that scikit-learn takes as it is
    """A list, tuple or array of at least one value, or a list or tuple of a given length."""

    def __init__(self, what, length=None):
        super().__init__("__len__")
        self.what = what  # for the message
        self.length = length

    def is_satisfied_by(self, val):
        if self.length:
            return isinstance(val, list | tuple) and len(val) == self.length
        is_list = isinstance(val, list | tuple) or hasattr(val, "__array__")
        return is_list and np.ndim(val) == 1 and len(val) > 0

    def __str__(self):
        return self.what


class Names(StrOptions):
    """Some texts, which a message names in the order given."""

    def __init__(self, *names):
        super().__init__(dict.fromkeys(names).keys())  # a set would lose the order


# what several functions allow, each by one name
ARRAY = ["array-like"]
ARRAY_OR_NONE = ["array-like", None]
TABLE = ["array-like", "sparse matrix"]
TABLE_OR_NONE = [*TABLE, None]
BOOLEAN = ["boolean"]
COUNT = [Number(Integral, 1, None, closed="left")]
ZERO_OR_MORE = [Number(Integral, 0, None, closed="left")]
ROW_NUMBERS = [Numbers(Integral, 0, None, closed="left", example="[0, 7] for two rows of X")]
TWO_OR_MORE = [Number(Integral, 2, None, closed="left")]
NOT_NEGATIVE = [Number(Real, 0, None, closed="left")]
POSITIVE = [Number(Real, 0, None, closed="neither")]
SHARE = [Number(Real, 0, 1, closed="both")]
RANDOM_STATE = ["random_state"]
N_JOBS = [
    Number(Integral, 1, 2**31 - 1, closed="both"),
    Number(Integral, -(2**31), -1, closed="both", example="-1 for all processors"),
    None,
]
VERBOSE = ["verbose"]
CONFIDENCE_LEVEL = [Number(Real, 0, 1, closed="neither", example="0.95 for a 95 % interval")]
_DELTA = "0 for pure differential privacy or a number well below 1 / n_records"
DELTA = [Number(Real, 0, 1, closed="left", example=_DELTA)]
_RATE = {"closed": "neither", "example": "0.01 for a false positive rate of 1 %"}
FPR = [Number(Real, 0, 1, **_RATE)]
FPRS = [Numbers(Real, 0, 1, **_RATE)]
FPR_OR_FPRS = [Number(Real, 0, 1, closed="neither"), *FPRS]
_PRIOR = "0.5 if a record is as likely a member as not"
PRIOR = [Number(Real, 0, 1, closed="neither", example=_PRIOR)]
# records with a score of at least the threshold are called members
THRESHOLD = [Number(Real, None, None, closed="both"), None]
RESPONSE_METHOD = [Names("auto", "predict_proba", "decision_function", "predict")]
KEYWORDS = [dict, None]
AXES = [HasMethods("get_figure"), None]
# what a parameter of this name may be in every function that has it
USUAL = {
    **dict.fromkeys(("X", "X_train", "X_test"), TABLE),
    **dict.fromkeys(("y", "y_train", "y_test"), ARRAY),
    "membership": ARRAY,
    "in_mask": ARRAY,
    "shadow_signals": ARRAY,
    "y_index": ARRAY,
    "confidence_level": CONFIDENCE_LEVEL,
    "prior": PRIOR,
    "random_state": RANDOM_STATE,
    "n_jobs": N_JOBS,
    "verbose": VERBOSE,
    "response_method": RESPONSE_METHOD,
    "n_records": COUNT,
    "n_neighbors": COUNT,
    "ratio": BOOLEAN,
}
