"""What all tests share: the number of threads, and a cheaper check of each audit.

Two processes share two cores (`pytest -n 2`), so each computes on one thread: two of BLAS that wait
for a core make a fit of few records eight times as long. Tests that the number of threads does not
change what shadow models learn take the fixture `two_blas_threads`.
"""

import os
from functools import partial

import pytest
from threadpoolctl import ThreadpoolController

# read when the libraries are loaded, so before any of them is imported
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@pytest.fixture
def two_blas_threads():
    """Let BLAS use two threads in this process; those of workers use one."""
    blas = ThreadpoolController().select(user_api="blas")
    with blas.limit(limits=2):
        assert {library["num_threads"] for library in blas.info()} == {2}
        yield


@pytest.fixture(autouse=True, scope="session")
def small_shift_check():
    """Grow 3 trees where an audit compares train and test rows, not 100: most of its time.

    A test of this comparison itself takes the fixture `whole_shift_check`.
    """
    inputs = pytest.importorskip("skmia._audit.inputs")
    whole = inputs.RandomForestClassifier
    inputs.RandomForestClassifier = partial(whole, n_estimators=3)
    yield whole
    inputs.RandomForestClassifier = whole


@pytest.fixture
def whole_shift_check(small_shift_check, monkeypatch):
    """Leave the comparison of train and test rows as users have it."""
    monkeypatch.setattr("skmia._audit.inputs.RandomForestClassifier", small_shift_check)
