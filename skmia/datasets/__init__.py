"""Data sets for examples, tests and teaching, shipped or generated: nothing is downloaded."""

from skmia.datasets._adult import load_adult
from skmia.datasets._generators import make_purchase_like, make_texas_like

__all__ = ["load_adult", "make_purchase_like", "make_texas_like"]
