"""Metrics and signals are described whole, though what they share is written once."""

import inspect

import pytest

import skmia.metrics
import skmia.signals
from skmia.metrics._parameters import metric

FUNCTIONS = [
    getattr(room, name)
    for room in (skmia.metrics, skmia.signals)
    for name in room.__all__
    if inspect.isfunction(getattr(room, name))
]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_each_parameter_is_described_once(function):
    parameters = inspect.signature(function).parameters
    for name, parameter in parameters.items():
        heads = [line for line in function.__doc__.splitlines() if line.startswith(f"{name} : ")]
        heads = heads or [
            line for line in function.__doc__.splitlines() if f"    {name} : " in line
        ]
        assert len(heads) == 1, name
        if parameter.default is not inspect.Parameter.empty:
            default = heads[0].partition("default=")[2].strip('"').replace("_", "")
            assert default == str(parameter.default), name
    assert function.__doc__.count("Raises\n") == (1 if parameters else 0)
    assert function.__doc__.count("\nValueError\n") <= 1


def test_own_words_go_before_shared_ones():
    @metric()
    def measure(membership, scores, *, delta=0.0):
        """Measure.

        Parameters
        ----------
        delta : float, default=0.0
            Its own.

        Returns
        -------
        float
            Nothing.

        References
        ----------
        .. [1] Nobody.
        """

    sections = measure.__doc__.split("\n\n")
    assert [section.splitlines()[0] for section in sections] == [
        "Measure.",
        "Parameters",
        "Returns",
        "Raises",
        "References",
    ]
    assert sections[1].splitlines()[2:] == [
        "membership : array-like of shape (n_records,)",
        "    1 for a member, 0 for a non-member.",
        "scores : array-like of shape (n_records,)",
        "    Attack scores, higher for records more likely to be members.",
        "delta : float, default=0.0",
        "    Its own.",
    ]
    with pytest.raises(ValueError, match=r"'delta' parameter of .*measure"):
        measure([1, 0], [1, 0], delta=2.0)


def test_without_a_docstring_there_is_nothing_to_complete():
    def bare(membership):
        return membership

    assert metric()(bare).__doc__ is None
