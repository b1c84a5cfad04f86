"""Shadows trained on a cluster: the same ones, though a worker is killed on the way."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.datasets import make_classification
from sklearn.ensemble import GradientBoostingClassifier

from skmia.shadows import ShadowModels

distributed = pytest.importorskip("distributed")

X, Y = make_classification(2000, 20, n_informative=5, random_state=0)
BOOSTING = GradientBoostingClassifier(n_estimators=10, max_features=5)
SECONDS = 60


def wait_until(condition, what):
    """Poll for what another process does, and give up after a minute."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.05)


class Cluster:
    """A scheduler and two workers, each a process of its own, on the loopback interface."""

    def __init__(self, directory):
        self.directory = directory
        self.processes = {}
        self.client = None

    def start(self):
        file = self.directory / "scheduler.json"
        self._run("scheduler", "--port", "0", "--no-show", "--scheduler-file", file)
        for name in ("first", "second"):
            self._run(
                "worker",
                *("--scheduler-file", file, "--name", name, "--nthreads", "1", "--no-nanny"),
                *("--local-directory", self.directory / name),
                name=name,
            )
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), "the scheduler")
        self.client = distributed.Client(json.loads(file.read_text())["address"])
        self.client.wait_for_workers(2, timeout=SECONDS)

    def _run(self, command, *options, name=None):
        name = name or command
        options = ["--host", "127.0.0.1", "--no-dashboard", *map(str, options)]
        with open(self.directory / f"{name}.log", "w") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "dask", command, *options],
                cwd=self.directory,
                stdout=log,
                stderr=log,
            )

    def all_hold_the_records(self):
        """Tell whether X and y, the arrays that were scattered, have come to each worker."""
        held = self.client.has_what().values()
        return all(sum("ndarray" in str(key) for key in keys) == 2 for keys in held)

    def n_workers(self):
        return len(self.client.nthreads())

    def kill(self, name):
        self.processes[name].kill()
        self.processes[name].wait(SECONDS)

    def stop(self):
        if self.client is not None:
            self.client.close()
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait(SECONDS)


@pytest.fixture
def cluster(tmp_path):
    cluster = Cluster(tmp_path)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class KillsAWorker:
    """A callback that kills a worker when the second shadow is trained."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.n_ended = 0

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context):
        self.n_ended += context.task_name == "shadow"
        if self.n_ended == 2 and context.task_name == "shadow":
            wait_until(self.cluster.all_hold_the_records, "both workers to have X")
            self.cluster.kill("second")


@pytest.fixture
def scattered(monkeypatch):
    """Return what is scattered to the workers."""
    values, original = [], distributed.Client.scatter

    def scatter(self, data, *args, **kwargs):
        values.append(data)
        return original(self, data, *args, **kwargs)

    monkeypatch.setattr(distributed.Client, "scatter", scatter)
    return values


@pytest.mark.slow
def test_a_worker_that_is_killed_changes_nothing(cluster, scattered):
    pytest.importorskip("sklearn.callback")
    alone = ShadowModels(BOOSTING, 10, random_state=0, n_jobs=1).fit(X, Y)
    shadows, killer = ShadowModels(BOOSTING, 10, random_state=0), KillsAWorker(cluster)
    with parallel_config(backend="dask"):
        shadows.set_callbacks(killer).fit(X, Y)
    assert killer.n_ended == 10
    assert cluster.processes["second"].returncode is not None
    assert cluster.processes["first"].poll() is None
    wait_until(lambda: cluster.n_workers() == 1, "the scheduler to miss a worker")
    assert_array_equal(shadows.in_mask_, alone.in_mask_)
    for name in ("loss", "confidence"):
        assert_array_equal(shadows.observe(X, Y, name), alone.observe(X, Y, name))
    records = [value for value in scattered if np.shape(value) == X.shape]
    assert len(records) == 1
    assert records[0] is X
