"""What all tests share: the number of threads, and a cheaper check of each audit.

Two processes share two cores (`pytest -n 2`), so each computes on one thread. BLAS keeps two: a
test shows that their number does not change what shadow models learn.
"""

import os
from functools import partial

import pytest

# read when the libraries are loaded, so before any of them is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")


@pytest.fixture(autouse=True, scope="session")
def small_shift_check():
    """Grow 10 trees where an audit compares train and test rows, not 100: most of its time.

    A test of this comparison itself takes the fixture `whole_shift_check`.
    """
    shift = pytest.importorskip("skmia._audit.shift")
    whole = shift.RandomForestClassifier
    shift.RandomForestClassifier = partial(whole, n_estimators=10)
    yield whole
    shift.RandomForestClassifier = whole


@pytest.fixture
def whole_shift_check(small_shift_check, monkeypatch):
    """Leave the comparison of train and test rows as users have it."""
    monkeypatch.setattr("skmia._audit.shift.RandomForestClassifier", small_shift_check)
