"""Classes are described whole, though what they share is written once."""

import inspect
import re

import pytest

import skmia.attacks
from skmia.inspection._axes import Display
from skmia.utils._docstrings import SharesDocstring, complete, sharing


class Base(SharesDocstring):
    _shared_docstring = """
    Parameters
    ----------
    first : int
        What comes first.
    method : {"a", "b"}
        How,
        in two lines.
    unused : int
        Of no subclass.

    Attributes
    ----------
    found_ : int
        What was found.
    """


class Sub(Base):
    """A subclass.

    Parameters
    ----------
    own : float, default=None
        Its own.

    Examples
    --------
    >>> 1 + 1
    2
    """

    def __init__(self, first, own=None, *, method="a"):
        self.first = first


EXPECTED = """A subclass.

Parameters
----------
first : int
    What comes first.
own : float, default=None
    Its own.
method : {"a", "b"}, default="a"
    How,
    in two lines.

Attributes
----------
found_ : int
    What was found.

Examples
--------
>>> 1 + 1
2
"""


def test_what_a_subclass_leaves_out_is_inserted():
    assert Sub.__doc__ == EXPECTED


def test_its_own_words_go_before():
    class Other(Base):
        """Another.

        Parameters
        ----------
        first : str
            Something else.

        Attributes
        ----------
        found_ : list
            All that was found.
        more_ : int
            And more.
        """

        def __init__(self, first):
            self.first = first

    assert "first : str\n    Something else.\n" in Other.__doc__
    assert "found_ : list\n    All that was found.\nmore_ : int" in Other.__doc__


def test_without_a_docstring_nothing_is_made():
    class Bare(Base):
        def __init__(self, first):
            self.first = first

    assert Bare.__doc__ is None


@pytest.mark.parametrize("name", skmia.attacks.__all__)
def test_every_parameter_of_an_attack_is_described_once(name):
    cls = getattr(skmia.attacks, name)
    if inspect.isclass(cls) and issubclass(cls, skmia.attacks.BaseAttack):
        for parameter in inspect.signature(cls).parameters:
            assert cls.__doc__.count(f"\n{parameter} : ") == 1


METHODS = [
    pytest.param(method, id=method.__qualname__)
    for display in Display.__subclasses__()
    for name, method in inspect.getmembers(display, inspect.isroutine)
    if name == "plot" or name.startswith("from_")
]


@pytest.mark.parametrize("method", METHODS)
def test_every_parameter_of_a_display_is_described_once(method):
    described = re.findall(r"^([*\w, ]+) : ", inspect.cleandoc(method.__doc__), re.MULTILINE)
    names = [name.strip(" *") for entry in described for name in entry.split(",")]
    parameters = [name for name in inspect.signature(method).parameters if name != "self"]
    assert names == [*parameters, "display"]
    assert "\nImportError\n    If matplotlib is not installed.\n" in method.__doc__


def test_defaults_and_words_are_those_at_hand():
    def described(first, *, chosen=3):
        """Do.

        Parameters
        ----------
        first : int
            Own.

        Raises
        ------
        ValueError
            Own.
        """

    earlier = {"Parameters": "chosen : int or None, default=None\n    Earlier.\n"}
    later = {
        "Parameters": "first, chosen : int\n    Later.\n",
        "Returns": "int\n    A number.\n",
        "Raises": "ValueError\n    Later.\nKeyError\n    Later.\n",
    }
    complete(described, earlier, later, {"Returns": "float\n    Another.\n"})
    assert "Another" not in described.__doc__
    assert "\nchosen : int or None, default=3\n    Earlier.\n" in described.__doc__
    assert described.__doc__.index("A number.") < described.__doc__.index("ValueError\n    Own.")
    assert described.__doc__.endswith("KeyError\n    Later.\n")


def test_constraints_of_a_parameter_that_is_none_are_refused():
    def measure(scores):
        """Measure."""

    with pytest.raises(TypeError, match=r"has no parameters \['scored'\]"):
        sharing("", {"scores": ["array-like"], "delta": [float]})(scored=[int])(measure)
