"""Networks are optional: what is missing is named, and nothing is imported before it is needed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("without", "message"),
    [
        (["torch"], "skmia.neural_network needs torch: `pip install skmia[nets]`"),
        (["torch", "skorch"], "needs torch and skorch: `pip install skmia[nets]`"),
    ],
)
def test_what_is_missing_is_named(without, message):
    code = (
        "import importlib.util as util\n"
        "find = util.find_spec\n"
        f"util.find_spec = lambda name, *args: None if name in {without} else find(name, *args)\n"
        "import skmia; print('skmia is there'); import skmia.neural_network"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.stdout == "skmia is there\n"
    assert message in run.stderr
