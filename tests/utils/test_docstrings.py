"""Classes are described whole, though what they share is written once."""

import inspect

import pytest

import skmia.attacks
from skmia.utils._docstrings import SharesDocstring


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


EXPECTED = '''A subclass.

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
'''


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
