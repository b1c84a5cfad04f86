"""Distances to neighbors in a case by hand."""

import numpy as np

from skmia.inspection._distances import neighbor_distance


def test_a_record_is_no_neighbor_of_itself():
    points, rows = np.array([[0.0], [1.0], [4.0]]), np.arange(3)
    found = neighbor_distance(points, rows, rows[:2], rows, n_neighbors=1)
    assert found.tolist() == [1, 1, 3]
