"""Networks are optional: what is missing is named, and nothing is imported before it is needed."""

import importlib.util
import runpy
import subprocess
import sys

import pytest

import skmia.neural_network

CODE = """
import importlib.util as util
find, missing = util.find_spec, {"torch"}
util.find_spec = lambda name, *args: None if name in missing else find(name, *args)
import skmia
print("skmia is there")
for name in ("torch", "skorch"):
    missing.add(name)
    try:
        import skmia.neural_network
    except ImportError as error:
        print(error)
"""


@pytest.mark.parametrize(
    ("missing", "names"), [(["torch"], "torch"), (["torch", "skorch"], "torch and skorch")]
)
def test_the_folder_names_what_is_missing(missing, names, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else find(name)
    )
    with pytest.raises(ImportError, match=rf"needs {names}: `pip install skmia\[nets\]`"):
        runpy.run_path(skmia.neural_network.__file__)


@pytest.mark.slow
def test_what_is_missing_is_named():
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    there, without_torch, without_both = run.stdout.splitlines()
    assert there == "skmia is there"
    assert "skmia.neural_network needs torch: `pip install skmia[nets]`" in without_torch
    assert "needs torch and skorch: `pip install skmia[nets]`" in without_both
