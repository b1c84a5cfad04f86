"""Data sets for examples, tests and teaching, shipped with the library: nothing is downloaded."""

from skmia.datasets._adult import load_adult

__all__ = ["load_adult"]
