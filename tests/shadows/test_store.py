"""Shadows in a directory: whole or not at all, found again after any end, never foreign ones."""

import contextlib
import io
import json
import os
import pickle
import re
import shutil
import struct
import subprocess
import sys
import threading
import time
import warnings
import zipfile
from functools import cache
from gzip import GzipFile
from pathlib import Path
from subprocess import check_output

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.cluster import Birch
from sklearn.datasets import clear_data_home, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

import skmia.shadows._store
from skmia.exceptions import ShadowTrainingError, StorageWarning
from skmia.shadows import ShadowModels
from skmia.shadows._store import ShadowStore

X, Y = make_classification(200, 6, random_state=0)
MARKER = 1234567.890625
LOG, BLOCK_AT, FAIL_AT = "SKMIA_TEST_LOG", "SKMIA_TEST_BLOCK_AT", "SKMIA_TEST_FAIL_AT"
SECONDS = 60  # a process that does not get to where it is killed is given up


class Logged(DecisionTreeClassifier):
    """A tree that appends a line to a file at each fit, and waits or fails at one of them."""

    def fit(self, X, y):
        if path := os.environ.get(LOG):
            with open(path, "a") as log:
                log.write("fit\n")
            if fits(path) == int(os.environ.get(BLOCK_AT, "0")):
                wait_for_the_end()
            if fits(path) == int(os.environ.get(FAIL_AT, "0")):
                raise RuntimeError("no more trees")
        return super().fit(X, y)


class Extra:
    """A thing that skops does not know."""

    def __init__(self):
        self.word = "extra"


class WithExtra(DecisionTreeClassifier):
    """A tree that gets a thing that skops does not know when it is fitted."""

    def fit(self, X, y):
        self.extra_ = Extra()
        return super().fit(X, y)


class Planted:
    """A type whose code runs when it is read."""

    def __setstate__(self, state):
        Path(os.environ["SKMIA_TEST_PLANTED"]).write_text("run")

    def __reduce__(self):
        return Path.write_text, (Path(os.environ["SKMIA_TEST_PLANTED"]), "run")


def fits(path):
    return len(Path(path).read_text().splitlines()) if Path(path).exists() else 0


def wait_for_the_end():
    """Tell the parent process to kill this one, and wait for it."""
    print("waiting", flush=True)  # noqa: T201
    sys.stdin.read()


def block_replace(number):
    """Wait in place of the numbered renaming of a finished file."""
    original, calls = os.replace, []

    def replace(source, target):
        calls.append(target)
        if len(calls) == number:
            wait_for_the_end()
        original(source, target)

    os.replace = replace


def shadows_in(directory, n_shadows=8, estimator=None, **parameters):
    estimator = Logged(max_features=2) if estimator is None else estimator
    parameters = {"random_state": 0, **parameters}
    return ShadowModels(estimator, n_shadows, directory=directory, **parameters)


def killed(directory, log, before="pass", **environment):
    """Fit in another process, and kill it with SIGKILL where it waits."""
    script = f"import test_store as t; {before}; t.shadows_in({str(directory)!r}).fit(t.X, t.Y)"
    log.unlink(missing_ok=True)
    paths = os.pathsep.join(path for path in sys.path if path)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths, LOG: str(log), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with process:
        timer = threading.Timer(SECONDS, process.kill)
        timer.start()
        try:
            assert process.stdout.readline().strip() == b"waiting"
        finally:
            timer.cancel()
            process.kill()


@pytest.fixture
def log(tmp_path, monkeypatch):
    """Return the file to which each fit appends a line."""
    path = tmp_path / "log"
    monkeypatch.setenv(LOG, str(path))
    return path


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "some" / "shadows"


@pytest.fixture(scope="module")
def undisturbed():
    return shadows_in(None).fit(X, Y)


@pytest.fixture(scope="module")
def fill(tmp_path_factory):
    """Return a function that puts what a fit stores into a directory, by copying it."""

    @cache
    def original(serializer):
        place = tmp_path_factory.mktemp(serializer)
        shadows_in(place, serializer=serializer).fit(X, Y)
        return place

    return lambda directory, serializer="skops": shutil.copytree(original(serializer), directory)


def assert_same(one, other):
    assert_array_equal(one.in_mask_, other.in_mask_)
    assert_array_equal(one.out_mask_, other.out_mask_)
    assert_array_equal(one.observe(X, Y, "loss"), other.observe(X, Y, "loss"))


def n_trained(log, fit):
    before = fits(log)
    fit()
    return fits(log) - before


def files(directory):
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def assert_whole(directory, log, n_shadows=8, **parameters):
    """Check that nothing lies there but the shadows, and that a fit trains none."""
    numbers = [f"shadow-{i:05}" for i in range(n_shadows)]
    assert [name.split(".")[0] for name in files(directory)] == ["manifest", *numbers]
    again = shadows_in(directory, n_shadows, **parameters)
    assert n_trained(log, lambda: again.fit(X, Y)) == 0
    return again


def stored(directory, number):
    (path,) = directory.glob(f"shadow-{number:05}.*")
    return path


# A process that is killed


@pytest.mark.slow
def test_a_fit_goes_on_after_sigkill(directory, log, undisturbed):
    killed(directory, log, **{BLOCK_AT: "4"})
    assert len(list(directory.glob("shadow-*"))) == 3
    before = files(directory)
    resumed = shadows_in(directory)
    assert n_trained(log, lambda: resumed.fit(X, Y)) == 5
    assert_same(resumed, undisturbed)
    assert before.items() <= files(directory).items()
    assert_same(assert_whole(directory, log), undisturbed)


@pytest.mark.slow
def test_a_half_written_shadow_is_not_used(directory, log, undisturbed):
    killed(directory, log, before="t.block_replace(4)")  # the first is that of the manifest
    (unfinished,) = directory.glob(".unfinished-*")
    unfinished.write_bytes(unfinished.read_bytes()[:1000])
    assert len(list(directory.glob("shadow-*"))) == 2
    resumed = shadows_in(directory)
    assert n_trained(log, lambda: resumed.fit(X, Y)) == 6
    assert_same(resumed, undisturbed)
    assert unfinished.exists()  # it is young: another process may be writing it
    os.utime(unfinished, times=(time.time() - 7200,) * 2)
    shadows_in(directory).fit(X, Y)
    assert_whole(directory, log)


@pytest.mark.slow
def test_a_half_written_manifest_is_not_used(directory, log, undisturbed):
    killed(directory, log, before="t.block_replace(1)")
    assert [name[:12] for name in files(directory)] == [".unfinished-"]
    resumed = shadows_in(directory)
    assert n_trained(log, lambda: resumed.fit(X, Y)) == 8
    assert_same(resumed, undisturbed)


@pytest.mark.parametrize("number", [1, 4])
def test_what_an_end_leaves_behind_is_not_used(directory, log, undisturbed, monkeypatch, number):
    """As above, without another process: 1 is the manifest, 4 the third shadow."""
    replace, unlink, calls = os.replace, Path.unlink, []

    def end_at_number(source, target):
        calls.append(target)
        if len(calls) == number:
            raise KeyboardInterrupt
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", end_at_number)
        patch.setattr(Path, "unlink", lambda *args, **kwargs: None)  # nobody tidies up
        with pytest.raises(KeyboardInterrupt):
            shadows_in(directory).fit(X, Y)
    assert Path.unlink is unlink
    (unfinished,) = directory.glob(".unfinished-*")
    unfinished.write_bytes(unfinished.read_bytes()[:1000])
    n_whole = len(list(directory.glob("shadow-*")))
    assert n_whole == max(number - 2, 0)
    resumed = shadows_in(directory)
    assert n_trained(log, lambda: resumed.fit(X, Y)) == 8 - n_whole
    assert_same(resumed, undisturbed)


# Files that are not what they were


def damage(content, how):
    if how == "flipped":
        middle = len(content) // 2
        return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
    return content[: {"truncated": len(content) // 2, "empty": 0}[how]]


@pytest.mark.parametrize("serializer", ["skops", "pickle"])
@pytest.mark.parametrize("how", ["flipped", "truncated", "empty"])
def test_a_damaged_shadow_is_trained_anew(directory, log, undisturbed, how, serializer, fill):
    fill(directory, serializer)
    before, path = files(directory), stored(directory, 2)
    path.write_bytes(damage(path.read_bytes(), how))
    mended = shadows_in(directory, serializer=serializer)
    message = rf"Shadow model 2 is trained anew, because .*{path.name} cannot be used: it is damag"
    with pytest.warns(StorageWarning, match=message) as caught:
        assert n_trained(log, lambda: mended.fit(X, Y)) == 1
    assert len(caught) == 1
    assert_same(mended, undisturbed)
    assert_whole(directory, log, serializer=serializer)
    kept = {name for name in before if name != path.name}
    assert {name: files(directory)[name] for name in kept} == {name: before[name] for name in kept}


@pytest.mark.parametrize(
    "other", [{"random_state": 1}, {"estimator": Logged(max_depth=1)}, {"train_size": 50}]
)
@pytest.mark.parametrize("name", ["its own", "ours"])
def test_shadows_of_other_directories_are_never_loaded(
    directory, tmp_path, log, undisturbed, other, name, fill
):
    fill(directory)
    shadows_in(tmp_path / "other", 4, **other).fit(X, Y)
    ours, foreign = stored(directory, 2), stored(tmp_path / "other", 2)
    ours.unlink()
    target = directory / (foreign.name if name == "its own" else ours.name)
    target.write_bytes(foreign.read_bytes())
    mended = shadows_in(directory)
    with pytest.warns(StorageWarning, match=f"{target.name} cannot be used: .*from other records"):
        assert n_trained(log, lambda: mended.fit(X, Y)) == 1
    assert_same(mended, undisturbed)
    assert_whole(directory, log)


def test_shadows_that_changed_places_are_trained_anew(directory, log, undisturbed, fill):
    fill(directory)
    first, second = stored(directory, 0), stored(directory, 1)
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    mended = shadows_in(directory)
    with pytest.warns(StorageWarning, match="Shadow model [01] is trained anew") as caught:
        assert n_trained(log, lambda: mended.fit(X, Y)) == 2
    assert len(caught) == 2
    assert_same(mended, undisturbed)


@pytest.mark.parametrize("digest", ["0" * 32, "f" * 32])
def test_a_foreign_file_beside_a_good_one(directory, log, undisturbed, digest, fill):
    fill(directory)
    (directory / f"shadow-00002.{digest}.skops").write_bytes(b"foreign")
    again = shadows_in(directory)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trained = n_trained(log, lambda: again.fit(X, Y))
    assert_same(again, undisturbed)
    assert trained == len([one for one in caught if "is trained anew" in str(one.message)])


# Directories of something else

GROUPS = np.arange(200) // 2


@pytest.mark.parametrize(
    ("change", "fit", "named"),
    [
        ({}, lambda shadows: shadows.fit(X + 1, Y), "records"),
        ({}, lambda shadows: shadows.fit(X, 1 - Y), "records"),
        ({}, lambda shadows: shadows.fit(X[::-1], Y[::-1]), "records"),
        ({}, lambda shadows: shadows.fit(X[:100], Y[:100]), "n_records: 200, now 100"),
        ({}, lambda shadows: shadows.fit(X, Y, GROUPS), "groups: null, now "),
        ({"estimator": Logged(max_features=3)}, None, r"estimators: .*=2\)\"\], now .*=3\)\"\]"),
        ({"estimator": DecisionTreeClassifier(max_features=2)}, None, "estimators"),
        ({"random_state": 1}, None, r"seed: \d+, now \d+"),
        ({"splitter": "bernoulli"}, None, 'splitter: "halves", now "bernoulli"'),
        ({"train_size": 50}, None, r"train_size: 0\.5, now 50"),
        ({"stratify": True}, None, "stratify: false, now true"),
        ({"serializer": "pickle"}, None, 'serializer: "skops", now "pickle"'),
    ],
)
def test_what_was_made_otherwise_is_refused(directory, change, fit, named, fill):
    fill(directory)
    before = files(directory)
    other = shadows_in(directory, **change)
    with pytest.raises(ValueError, match=rf"made otherwise \(.*{named}") as caught:
        fit(other) if fit else other.fit(X, Y)
    assert "choose another directory" in str(caught.value)
    assert files(directory) == before


def test_other_groups_are_refused(directory):
    shadows_in(directory).fit(X, Y, GROUPS)
    before = files(directory)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StorageWarning)
        with pytest.raises(ValueError, match="groups"):
            shadows_in(directory).fit(X, Y, np.roll(GROUPS, 1))
    assert files(directory) == before


def test_shadows_of_another_mask_are_never_loaded(directory, log):
    mask = np.random.RandomState(0).random_sample((4, 200)) < 0.5
    shadows_in(directory, 4, splitter=mask).fit(X, Y)
    other = shadows_in(directory, 4, splitter=~mask)
    with pytest.warns(StorageWarning, match="is trained anew"):
        trained = n_trained(log, lambda: other.fit(X, Y))
    assert trained == 4
    assert_same(other, shadows_in(None, 4, splitter=~mask).fit(X, Y))


def test_more_blocks_are_refused(directory):
    shadows_in(directory, 4, splitter="disjoint").fit(X, Y)
    with pytest.raises(ValueError, match=r"n_blocks: 4, now 5"):
        shadows_in(directory, 5, splitter="disjoint").fit(X, Y)


@pytest.mark.parametrize("library", ["sklearn", "numpy"])
def test_other_versions_are_refused(directory, library, fill):
    fill(directory)
    path = directory / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["versions"][library] = "0.1"
    path.write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=rf'versions: .*"{library}": "0\.1".*, now '):
        shadows_in(directory).fit(X, Y)


@pytest.mark.parametrize("content", [b"", b'{"seed": 1', b"\xff\xfe\x00"])
def test_damaged_manifests(directory, content, fill):
    fill(directory)
    (directory / "manifest.json").write_bytes(content)
    for seed in (0, None):
        with pytest.raises(ValueError, match=r"manifest\.json is damaged: .*Choose another"):
            shadows_in(directory, random_state=seed).fit(X, Y)


@pytest.mark.parametrize("content", [b"[]", b"{}", b"null"])
def test_manifests_of_something_else(directory, content, fill):
    fill(directory)
    (directory / "manifest.json").write_bytes(content)
    for seed in (0, None):
        with pytest.raises(ValueError, match="made otherwise"):
            shadows_in(directory, random_state=seed).fit(X, Y)


def test_directories_with_other_files_are_not_touched(directory):
    (directory / "photos").mkdir(parents=True)
    (directory / "thesis.txt").write_text("all my work")
    message = r"holds files but no manifest\.json, .*Choose an empty or a new one"
    with pytest.raises(ValueError, match=message):
        shadows_in(directory).fit(X, Y)
    assert sorted(path.name for path in directory.iterdir()) == ["photos", "thesis.txt"]
    assert (directory / "thesis.txt").read_text() == "all my work"


def test_an_estimator_with_a_lambda_is_refused(directory):
    pipeline = make_pipeline(FunctionTransformer(lambda X: X), LogisticRegression())
    with pytest.raises(ValueError, match=r"holds something .*by name, not as lambda, or"):
        shadows_in(directory, estimator=pipeline).fit(X, Y)
    shadows_in(None, estimator=pipeline).fit(X, Y)
    named = make_pipeline(FunctionTransformer(np.abs), LogisticRegression())
    shadows_in(directory, estimator=named).fit(X, Y)


def test_parameters_that_are_numbers_of_numpy(directory, log):
    numbers = {"train_size": np.int64(50), "random_state": np.int64(0)}
    first = shadows_in(directory, np.int64(4), **numbers).fit(X, Y)
    again = shadows_in(directory, 4, train_size=50)
    assert n_trained(log, lambda: again.fit(X, Y)) == 0
    assert_same(again, first)
    with pytest.raises(ValueError, match="train_size: 50, now 40"):
        shadows_in(directory, 4, train_size=np.int64(40)).fit(X, Y)


# Going on


def test_without_a_seed_a_fit_goes_on_with_that_of_the_directory(directory, log):
    first = shadows_in(directory, 4, random_state=None).fit(X, Y)
    again = assert_whole(directory, log, 4, random_state=None)
    assert_same(first, again)
    seed = json.loads((directory / "manifest.json").read_text())["seed"]
    assert isinstance(seed, int)
    elsewhere = shadows_in(directory.parent / "elsewhere", 4, random_state=None).fit(X, Y)
    assert (elsewhere.in_mask_ != first.in_mask_).any()


def test_more_shadows_are_added(directory, log, undisturbed):
    shadows_in(directory, 4).fit(X, Y)
    more = shadows_in(directory, 8)
    assert n_trained(log, lambda: more.fit(X, Y)) == 4
    assert_same(more, undisturbed)
    fewer = shadows_in(directory, 2)
    assert n_trained(log, lambda: fewer.fit(X, Y)) == 0
    assert_same(fewer, shadows_in(None, 2).fit(X, Y))
    assert_whole(directory, log)


def test_more_rows_of_a_mask_are_added(directory, log):
    mask = np.random.RandomState(0).random_sample((6, 200)) < 0.5
    shadows_in(directory, 4, splitter=mask[:4]).fit(X, Y)
    more = shadows_in(directory, 6, splitter=mask)
    assert n_trained(log, lambda: more.fit(X, Y)) == 2
    assert_same(more, shadows_in(None, 6, splitter=mask).fit(X, Y))


def test_warm_start_in_a_directory(directory, log):
    shadows = shadows_in(directory, 4, warm_start=True).fit(X, Y)
    shadows.set_params(n_shadows=8)
    assert n_trained(log, lambda: shadows.fit(X, Y)) == 4
    assert_same(assert_whole(directory, log), shadows)


def test_warm_start_stores_what_was_trained_before(directory, log):
    shadows = shadows_in(None, 4, warm_start=True).fit(X, Y)
    shadows.set_params(n_shadows=8, directory=directory)
    assert n_trained(log, lambda: shadows.fit(X, Y)) == 4
    assert_same(assert_whole(directory, log), shadows)


def test_warm_start_never_stores_shadows_of_other_parameters(directory, undisturbed):
    shadows = shadows_in(None, 4, Logged(max_depth=1), warm_start=True).fit(X, Y)
    shadows.set_params(n_shadows=8, directory=directory, estimator=Logged(max_features=2))
    with contextlib.suppress(ValueError):
        shadows.fit(X, Y)
    assert_same(shadows_in(directory).fit(X, Y), undisturbed)


def test_a_failed_shadow_leaves_the_others(directory, log, monkeypatch, undisturbed):
    log.unlink(missing_ok=True)
    monkeypatch.setenv(FAIL_AT, "4")
    place = re.escape(str(directory))
    message = rf"Shadow model 3 .*no more trees\. Those that are trained are kept in {place}; "
    with pytest.raises(ShadowTrainingError, match=message):
        shadows_in(directory).fit(X, Y)
    monkeypatch.delenv(FAIL_AT)
    assert len(list(directory.glob("shadow-*"))) == 3
    resumed = shadows_in(directory)
    assert n_trained(log, lambda: resumed.fit(X, Y)) == 5
    assert_same(resumed, undisturbed)


@pytest.mark.slow
def test_other_processes_store_the_same_shadows(directory, log, undisturbed):
    together = shadows_in(directory, n_jobs=2).fit(X, Y)
    assert_same(together, undisturbed)
    assert_same(assert_whole(directory, log), undisturbed)


@pytest.mark.parametrize("serializer", ["skops", "pickle"])
def test_stored_shadows_answer_as_trained_ones(directory, log, undisturbed, serializer):
    trained = shadows_in(str(directory), serializer=serializer).fit(X, Y)
    read = assert_whole(directory, log, serializer=serializer)
    assert_same(trained, undisturbed)
    assert_same(read, undisturbed)
    assert {type(shadow) for shadow in read.estimators_} == {Logged}
    assert all(name.endswith((serializer, ".json")) for name in files(directory))


# What is read from files, and what is written to them


@pytest.fixture
def stores(monkeypatch):
    """Return the stores that fits open, with their jobs."""
    opened, original = [], ShadowStore.keep

    def keep_and_note(self, trained, jobs):
        opened.append((self, jobs))
        return original(self, trained, jobs)

    monkeypatch.setattr(ShadowStore, "keep", keep_and_note)
    return opened


def plant(store, jobs, number, content):
    """Store other content, named as the store itself names it."""
    stored(store.directory, number).unlink()
    (store.directory / store._name(jobs[number], content)).write_bytes(content)


def renamed(content, before, after):
    """Rename a module in the schema of a skops file."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            entry = source.read(name)
            if name == "schema.json":
                assert before.encode() in entry
                entry = entry.replace(before.encode(), after.encode())
            target.writestr(name, entry)
    return out.getvalue()


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """Return the file that planted code writes."""
    monkeypatch.setenv("SKMIA_TEST_PLANTED", str(tmp_path / "planted"))
    return tmp_path / "planted"


def foreign_object():
    tree = Logged().fit(X, Y)
    tree.planted_ = Extra()
    return renamed(skops.io.dumps(tree), '"Extra"', '"Planted"')


def foreign_function():
    """Name a function of the standard library by a module of scikit-learn that imports it."""
    pipeline = make_pipeline(FunctionTransformer(check_output), Logged())
    return renamed(skops.io.dumps(pipeline), '"subprocess"', '"sklearn.utils._testing"')


def foreign_class():
    """Name a class of the standard library, which writes files, in the same way."""
    pipeline = make_pipeline(FunctionTransformer(GzipFile), Logged())
    return renamed(skops.io.dumps(pipeline), '"gzip"', '"sklearn.datasets._covtype"')


def destructive_function():
    return skops.io.dumps(make_pipeline(FunctionTransformer(clear_data_home), Logged()))


@pytest.mark.parametrize(
    "content", [foreign_object, foreign_function, foreign_class, destructive_function]
)
def test_foreign_types_in_files_are_not_read(
    directory, log, undisturbed, stores, planted, content, fill
):
    fill(directory)
    shadows_in(directory).fit(X, Y)
    plant(*stores[0], 2, content())
    mended = shadows_in(directory)
    with pytest.warns(StorageWarning, match="Shadow model 2 is trained anew.*reading it failed"):
        assert n_trained(log, lambda: mended.fit(X, Y)) == 1
    assert_same(mended, undisturbed)
    assert not planted.exists()


def test_the_planted_code_would_run_if_it_were_read(planted):
    skops.io.loads(foreign_object(), trusted=skops.io.get_untrusted_types(data=foreign_object()))
    assert planted.exists()


def test_pickles_of_another_digest_are_not_read(directory, log, undisturbed, planted, fill):
    fill(directory, "pickle")
    stored(directory, 2).write_bytes(pickle.dumps(Planted()))
    mended = shadows_in(directory, serializer="pickle")
    with pytest.warns(StorageWarning, match="Shadow model 2 is trained anew"):
        mended.fit(X, Y)
    assert not planted.exists()
    assert_same(mended, undisturbed)


def unknown_type():
    return WithExtra(max_features=2), r"it holds types of other libraries, \['test_store\.Extra'\]"


def unsupported_type():
    trees = DecisionTreeClassifier(max_features=2)
    return make_pipeline(Birch(n_clusters=3), trees), "UnsupportedTypeException: "


@pytest.mark.parametrize("case", [unknown_type, unsupported_type])
def test_what_skops_cannot_store_is_trained_all_the_same(directory, case):
    estimator, reason = case()
    expected = shadows_in(None, 4, estimator).fit(X, Y)
    for _ in range(2):
        message = rf"Shadow model \d is trained, but skops could not store it in .*: {reason}"
        with pytest.warns(StorageWarning, match=message) as caught:
            shadows = shadows_in(directory, 4, estimator).fit(X, Y)
        assert len(caught) == 4
        assert "serializer='pickle' may store it" in str(caught[0].message)
        assert list(files(directory)) == ["manifest.json"]
        assert_same(shadows, expected)


def test_without_skops_nothing_is_trained(directory, monkeypatch):
    shadows = ShadowModels(DecisionTreeClassifier(), 2, directory=directory, random_state=0)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    monkeypatch.setattr(DecisionTreeClassifier, "fit", lambda *args: pytest.fail("in vain"))
    with pytest.raises(ImportError, match="skops"):
        shadows.fit(X, Y)


@pytest.mark.parametrize("case", [unknown_type, unsupported_type])
def test_what_skops_cannot_store_pickle_stores(directory, case, monkeypatch):
    parameters = {"n_shadows": 4, "estimator": case()[0], "serializer": "pickle"}
    expected = shadows_in(directory, **parameters).fit(X, Y)
    monkeypatch.setattr(DecisionTreeClassifier, "fit", None)  # nothing is trained any more
    assert_same(shadows_in(directory, **parameters).fit(X, Y), expected)


def test_warm_start_warns_of_what_it_cannot_store(directory):
    shadows = shadows_in(None, 4, WithExtra(), warm_start=True).fit(X, Y)
    shadows.set_params(directory=directory)
    with pytest.warns(StorageWarning, match="could not store it") as caught:
        shadows.fit(X, Y)
    assert len(caught) == 4


def broken_at(number, function, error):
    """Return the function, but raising an error at the numbered call and after."""
    calls = []

    def broken(*args, **kwargs):
        calls.append(args)
        if len(calls) >= number:
            raise error
        return function(*args, **kwargs)

    return broken


def test_a_serializer_that_raises_leaves_no_file(directory, log, monkeypatch, undisturbed):
    dumps = broken_at(7, skops.io.dumps, RecursionError("too deep"))  # one call for the template
    monkeypatch.setattr(skops.io, "dumps", dumps)
    shadows = shadows_in(directory)
    with pytest.warns(StorageWarning, match="RecursionError: too deep") as caught:
        shadows.fit(X, Y)
    assert len(caught) == 3
    assert_same(shadows, undisturbed)
    numbers = [f"shadow-{i:05}" for i in range(5)]
    assert [name.split(".")[0] for name in files(directory)] == ["manifest", *numbers]
    monkeypatch.undo()
    monkeypatch.setenv(LOG, str(log))
    assert n_trained(log, lambda: shadows_in(directory).fit(X, Y)) == 3


def test_an_interrupt_while_writing_leaves_no_file(directory, monkeypatch):
    interrupted = broken_at(4, os.fsync, KeyboardInterrupt())  # the first is that of the manifest
    monkeypatch.setattr(skmia.shadows._store.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shadows_in(directory).fit(X, Y)
    assert [name.split(".")[0] for name in files(directory)] == [
        "manifest",
        "shadow-00000",
        "shadow-00001",
    ]


def test_a_full_disk_is_no_reason_to_lose_what_was_trained(directory, monkeypatch, undisturbed):
    full = broken_at(4, os.fsync, OSError(28, "No space left on device"))
    monkeypatch.setattr(skmia.shadows._store.os, "fsync", full)
    shadows = shadows_in(directory)
    with pytest.warns(StorageWarning, match="No space left on device"):
        shadows.fit(X, Y)
    assert_same(shadows, undisturbed)
    assert not list(directory.glob(".unfinished-*"))


def test_files_hold_no_training_record(directory):
    records = X.copy()
    records[[3, 50, 151], 0] = MARKER
    models = [DecisionTreeClassifier(), LogisticRegression(max_iter=10_000, tol=1)]
    shadows_in(directory, estimator=models).fit(records, Y)
    assert len(list(directory.glob("shadow-*"))) == 8
    for path in directory.iterdir():
        content = path.read_bytes()
        if path.suffix == ".skops":
            with zipfile.ZipFile(path) as archive:
                content = b"".join(archive.read(name) for name in archive.namelist())
        for kind in ("<d", "<f"):
            assert struct.pack(kind, MARKER) not in content
        assert not re.search(rb"1234567\.89", content)
