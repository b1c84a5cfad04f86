"""BLAS on one thread, whatever is loaded when."""

from types import ModuleType

import numpy as np
from threadpoolctl import ThreadpoolController, threadpool_limits

from skmia.utils import _blas
from skmia.utils._blas import single_blas_thread


def n_threads():
    """Return the numbers of threads of all loaded BLAS libraries, searched for anew."""
    found = ThreadpoolController().select(user_api="blas")
    return [library["num_threads"] for library in found.info()]


def test_one_thread_inside_and_as_many_as_before_outside():
    np.ones((2, 2)) @ np.ones((2, 2))
    with threadpool_limits(2, user_api="blas"):
        before = n_threads()
        for _ in range(2):  # found by a search, then remembered
            with single_blas_thread():
                assert set(n_threads()) == {1}
                with single_blas_thread():
                    assert set(n_threads()) == {1}
                assert set(n_threads()) == {1}
            assert n_threads() == before
        assert max(before) == 2


def test_a_search_for_each_set_of_modules(monkeypatch):
    searches = []

    def search():
        searches.append(1)
        return ThreadpoolController()

    monkeypatch.setattr(_blas, "ThreadpoolController", search)
    _blas._blas_of.cache_clear()
    for _ in range(3):
        single_blas_thread()
    assert len(searches) == 1
    # one name more, one less: what is loaded with a module is found though their number stays
    monkeypatch.setitem(_blas.sys.modules, "of_a_library", ModuleType("of_a_library"))
    single_blas_thread()
    assert len(searches) == 2
    monkeypatch.delitem(_blas.sys.modules, "of_a_library")
    monkeypatch.setitem(_blas.sys.modules, "of_another", ModuleType("of_another"))
    single_blas_thread()
    assert len(searches) == 3
