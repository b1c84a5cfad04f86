"""A fast audit of many answers keeps little beside them."""

import tracemalloc

import numpy as np
import pytest

import skmia


@pytest.mark.slow
def test_a_million_answers_of_each_side():
    rng = np.random.default_rng(0)
    proba = [rng.random((1_000_000, 10)) for _ in range(2)]
    for matrix in proba:
        matrix /= matrix.sum(axis=1, keepdims=True)
    y = [rng.integers(10, size=1_000_000) for _ in range(2)]
    n_bytes = sum(array.nbytes for array in (*proba, *y))
    tracemalloc.start()
    report = skmia.audit_predictions(proba[0], y[0], proba[1], y[1], random_state=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.n_members == 1_000_000
    assert peak < 1.5 * n_bytes
