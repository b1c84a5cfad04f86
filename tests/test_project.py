"""What stands in two files of the project is the same in both."""

import configparser
import re
from pathlib import Path

import skmia

ROOT = Path(__file__).parent.parent


def test_one_version():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    assert config["metadata"]["version"] == "attr: skmia.__version__"
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (.+)$", citation, re.MULTILINE)[1] == skmia.__version__


def test_each_version_is_pinned_once():
    for name in ("constraints.txt", "constraints-minimum.txt"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        pinned = [line.partition("==")[0].lower() for line in lines if "==" in line]
        assert len(pinned) == len(set(pinned)), name
