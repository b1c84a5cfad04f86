"""The command line, on a part of Adult."""

import json
import runpy
import sys

import pytest

import skmia
from skmia.cli import _command_line
from skmia.cli._command_line import main
from skmia.datasets import load_adult


@pytest.fixture
def small_adult(monkeypatch):
    def first_rows(split):
        adult = load_adult(split=split)
        adult.data, adult.target = adult.data[:600], adult.target[:600]
        return adult

    monkeypatch.setattr(_command_line, "load_adult", first_rows)


def test_demo_prints_tables_and_writes_json(small_adult, tmp_path, capsys):
    assert main(["demo", "--output", str(tmp_path / "new" / "folder"), "--n-jobs", "1"]) == 0
    out = capsys.readouterr().out
    assert "UCI Adult, random forest" in out
    assert "UCI Adult, logistic regression" in out
    assert "Pipeline (LogisticRegression)" in out
    assert "sex" in out
    files = sorted((tmp_path / "new" / "folder").iterdir())
    assert [file.name for file in files] == ["logistic_regression.json", "random_forest.json"]
    values = json.loads(files[1].read_text(encoding="utf-8"))
    assert values["n_train"] == 600
    assert [attack["name"] for attack in values["attacks"]][-1] == "modified_entropy"


def test_unusable_output_costs_no_work(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["demo", "--output", str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err.startswith("skmia: ")


def test_help_and_wrong_words(capsys):
    for words, code in ((["--help"], 0), (["demo", "--help"], 0), ([], 2), (["dmeo"], 2)):
        with pytest.raises(SystemExit) as stop:
            main(words)
        assert stop.value.code == code
    assert "demo" in capsys.readouterr().out


def test_python_m_skmia(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["skmia", "--version"])
    monkeypatch.delitem(sys.modules, "skmia.__main__", raising=False)
    with pytest.raises(SystemExit) as stop:
        runpy.run_module("skmia", run_name="__main__", alter_sys=True)
    assert not stop.value.code
    assert capsys.readouterr().out.strip() == f"skmia {skmia.__version__}"
