"""Workers that die while they train."""

import itertools
import os
import signal
from concurrent.futures import BrokenExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from skmia.shadows import ShadowModels, _training

X, Y = load_iris(return_X_y=True)


class DiesOnce(DecisionTreeClassifier):
    """Kills its process at the fourth fit, unless `marks` holds a mark that it has done so."""

    def __init__(self, marks=None, always=False, random_state=None):
        super().__init__(random_state=random_state)
        self.marks = marks
        self.always = always

    def fit(self, X, y):
        """Fit or die."""
        n_fits = len(list(Path(self.marks).iterdir()))
        if self.always or n_fits == 3:
            Path(self.marks, "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        Path(self.marks, f"{self.random_state}").touch()
        return super().fit(X, y)


def dying(n_tasks, always):
    """Return what joblib's Parallel does whose workers die after some tasks, once or always."""
    started = []

    class Dying(_training.Parallel):
        def __call__(self, tasks):
            started.append(self)
            if always or len(started) == 1:
                yield from itertools.islice(super().__call__(tasks), n_tasks)
                raise BrokenExecutor
            yield from super().__call__(tasks)

    return Dying


def test_what_is_missing_is_trained_again(monkeypatch):
    """As below, without other processes."""
    expected = ShadowModels(DecisionTreeClassifier(), 8, random_state=0).fit(X, Y)
    for n_tasks, always in [(3, False), (3, True)]:
        monkeypatch.setattr(_training, "Parallel", dying(n_tasks, always))
        shadows = ShadowModels(DecisionTreeClassifier(), 8, random_state=0).fit(X, Y)
        np.testing.assert_array_equal(shadows.in_mask_, expected.in_mask_)
        np.testing.assert_array_equal(*(s.observe(X, Y, "margin") for s in (shadows, expected)))
    monkeypatch.setattr(_training, "Parallel", dying(0, always=True))
    with pytest.raises(BrokenExecutor):
        ShadowModels(DecisionTreeClassifier(), 8, random_state=0).fit(X, Y)


@pytest.mark.slow
def test_shadows_of_a_dead_worker_are_trained_again(tmp_path):
    shadows = ShadowModels(DiesOnce(str(tmp_path)), 8, n_jobs=2, random_state=0).fit(X, Y)
    assert (tmp_path / "died").exists()
    expected = ShadowModels(DecisionTreeClassifier(), 8, random_state=0).fit(X, Y)
    np.testing.assert_array_equal(shadows.in_mask_, expected.in_mask_)
    np.testing.assert_array_equal(*(s.observe(X, Y, "margin") for s in (shadows, expected)))


@pytest.mark.slow
def test_workers_that_always_die_end_the_training(tmp_path):
    always = ShadowModels(DiesOnce(str(tmp_path), always=True), 4, n_jobs=2, random_state=0)
    with pytest.raises(BrokenExecutor):
        always.fit(X, Y)
