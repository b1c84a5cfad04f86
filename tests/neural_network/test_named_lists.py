"""Parameters of the objects in a list, reached by name."""

import pytest
from sklearn.base import BaseEstimator, clone

from skmia.neural_network import L1, L2
from skmia.neural_network._named_lists import NamedLists, named


class Holder(NamedLists, BaseEstimator):
    def __init__(self, penalties=None, depth=1):
        self.penalties = penalties
        self.depth = depth


def test_names():
    assert [name for name, _ in named([L1(), ("mine", L2()), L2()])] == ["l1", "mine", "l2"]
    assert [name for name, _ in named([L1(), L2(), L1()])] == ["l1_1", "l2", "l1_2"]
    assert named(None) == named(3) == []


def test_parameters_of_parts():
    holder = Holder([L1(0.5), ("mine", L2(0.25))])
    params = holder.get_params()
    assert params["penalties__l1__weight"] == 0.5
    assert params["penalties__mine__penalize_bias"] is False
    assert params["penalties__mine"] is holder.penalties[1][1]
    assert set(holder.get_params(deep=False)) == {"penalties", "depth"}


def test_set_params():
    holder = Holder([L1(), ("mine", L2())])
    assert holder.set_params(penalties__l1__weight=2.0, penalties__mine__weight=3.0) is holder
    assert (holder.penalties[0].weight, holder.penalties[1][1].weight) == (2.0, 3.0)
    holder.set_params(penalties__mine=L1(7.0), depth=4)
    assert holder.penalties[1] == ("mine", holder.penalties[1][1])
    assert (holder.penalties[1][1].weight, holder.depth) == (7.0, 4)
    # a new list comes first, then its parts, then their parameters
    holder.set_params(penalties__l2__weight=5.0, penalties=[L2()])
    assert holder.penalties[0].weight == 5.0


def test_a_clone_has_parts_of_its_own():
    holder = Holder([L1(), ("mine", L2())])
    other = clone(holder).set_params(penalties__mine__weight=9.0)
    assert holder.penalties[1][1].weight != 9.0
    assert other.penalties[1][0] == "mine"


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=r"'penalties__l2__weight' .* holds \['l1'\]"):
        Holder([L1()]).set_params(penalties__l2__weight=1.0)
    with pytest.raises(ValueError, match="holds nothing"):
        Holder().set_params(penalties__l2__weight=1.0)
    with pytest.raises(ValueError, match="Invalid parameter 'heavy'"):
        Holder([L1()]).set_params(penalties__l1__heavy=1.0)
