"""Small cases by hand: shares of kinds, and the records at the ends of columns."""

import numpy as np

from skmia._records import read_table
from skmia.sampling._row_sampler import apportion, extreme_rows, most_records


def test_the_scarcest_kind_limits_the_others():
    assert most_records(np.array([3, 30]), np.array([0.25, 0.75])) == 12


def test_remainders_go_to_the_largest():
    assert apportion(np.array([0.5, 0.3, 0.2]), 11).tolist() == [6, 3, 2]


def test_one_record_for_each_end_of_a_column():
    table = read_table([[1], [3], [1], [2]])
    rows = extreme_rows(table, [0], np.array([0.9, 0.1, 0.2, 0.3]))
    assert rows.tolist() == [1, 2]  # of the two lowest the one with the smaller draw
