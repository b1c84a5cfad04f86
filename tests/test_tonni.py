"""The runner of `examples/tonni` goes on where it was ended; a status is what its check says."""

import importlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

FOLDER = Path(__file__).parents[1] / "examples" / "tonni"
KEYS = np.repeat(["a", "b"], 40)


def from_folder(name):
    """Import one file by its path: its name is too common for `sys.path`."""
    spec = importlib.util.spec_from_file_location(f"tonni_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look there
    spec.loader.exec_module(module)
    return module


runner = from_folder("runner")
checks = from_folder("checks")
models = from_folder("models")
FILES = {path.stem for path in FOLDER.glob("[a-z]*.py")}


@pytest.fixture
def study(monkeypatch):
    """Import `study.py`, and forget it with all that it imports from its folder."""
    monkeypatch.syspath_prepend(FOLDER)
    yield importlib.import_module("study")
    for name in FILES & sys.modules.keys():
        del sys.modules[name]


def counted(calls):
    """Return a measurement that notes its calls."""

    def _measure(config, seed):
        calls.append((config["a"], seed))
        return {"value": np.float32(config["a"] + seed)}

    return _measure


def test_a_run_goes_on_where_it_was_ended(tmp_path):
    jobs = [({"a": a}, seed) for a in (1, 2) for seed in range(3)]
    calls = []
    assert runner.run(counted(calls), jobs[:4], tmp_path, verbose=False) == []
    assert runner.run(counted(calls), jobs, tmp_path, verbose=False) == []
    assert sorted(calls) == sorted((config["a"], seed) for config, seed in jobs)
    assert [row["value"] for row in runner.load(tmp_path, jobs)] == [1, 2, 3, 2, 3, 4]


def test_the_same_run_is_made_once_for_several_studies(tmp_path):
    calls = []
    jobs = [({"a": 1, "b": None}, 0), ({"b": None, "a": 1}, 0)]
    runner.run(counted(calls), jobs, tmp_path, verbose=False)
    assert calls == [(1, 0)]


def test_what_fails_is_told_and_tried_again(tmp_path):
    def _broken(config, seed):
        raise ValueError("no such records")

    jobs = [({"a": 1}, 0)]
    (failure,) = runner.run(_broken, jobs, tmp_path, verbose=False)
    assert "no such records" in failure
    assert runner.load(tmp_path, jobs) == []
    assert runner.run(counted([]), jobs, tmp_path, verbose=False) == []
    assert len(runner.load(tmp_path, jobs)) == 1


def test_a_file_is_written_completely_or_not_at_all(tmp_path, monkeypatch):
    path = runner.path_of(tmp_path, {"a": 1}, 0)
    runner.save(path, {"found": {}})
    monkeypatch.setattr(Path, "replace", lambda self, other: 1 / 0)  # killed before the last step
    with pytest.raises(ZeroDivisionError):
        runner.save(path, {"found": {"value": 2}})
    assert json.loads(path.read_text()) == {"found": {}}


def test_runs_report_how_far_they_are(tmp_path, capsys):
    runner.run(counted([]), [({"a": 1}, 0)], tmp_path)
    assert "1/1 runs" in capsys.readouterr().out


def test_the_interval_is_that_of_a_mean():
    values = np.random.default_rng(0).normal(size=80)
    half = 1.96 * values.std() / np.sqrt(80)
    runs = {"key": np.repeat("a", 80), "value": values}
    found = checks.interval(lambda drawn: drawn["value"].mean(), runs)
    np.testing.assert_allclose(found, values.mean() + half * np.array([-1, 1]), atol=0.15 * half)


def test_repetitions_are_drawn_within_their_configuration():
    runs = {"key": KEYS, "value": (KEYS == "b").astype(float)}
    assert checks.interval(lambda drawn: drawn["value"].mean(), runs) == (0.5, 0.5)


def runs_with(effect, n=40, seed=0):
    """Return runs of two configurations, whose means differ by an effect; noise of 0.02."""
    noise = np.random.default_rng(seed).normal(scale=0.02, size=2 * n)
    keys = np.repeat(["a", "b"], n)
    level = (keys == "b").astype(float)
    return {"key": keys, "level": level, "value": effect * level + noise}


RISES = checks.Check("rises", checks.contrast({"level": 0.0}, {"level": 1.0}), low=0.05)


@pytest.mark.parametrize(
    ("effect", "n", "status"),
    [
        (0.5, 40, "reproduced"),
        (0.0, 40, "not reproduced"),
        (-0.5, 40, "not reproduced"),
        (0.05, 40, "not testable here"),
        (0.5, 9, "not testable here"),
    ],
)
def test_a_status_follows_from_the_interval(effect, n, status):
    verdict = checks.decide(RISES, runs_with(effect, n), "value", 0.5)
    assert verdict.status == status
    assert verdict.value == pytest.approx(effect, abs=0.04)
    assert n < 10 or verdict.low <= verdict.value <= verdict.high


def test_without_runs_or_with_missing_numbers_nothing_is_testable():
    empty = {name: column[:0] for name, column in runs_with(0.5).items()}
    assert checks.decide(RISES, empty, "value", 0.5).status == "not testable here"
    runs = runs_with(0.5)
    runs["value"][3] = np.nan
    assert checks.decide(RISES, runs, "value", 0.5).status == "not testable here"
    one_level = checks.Check("rises", checks.trend("level"), low=0.1)
    runs = {name: column[:40] for name, column in runs_with(0.5).items()}
    assert checks.decide(one_level, runs, "value", 0.5).status == "not testable here"


@pytest.mark.parametrize(
    ("blind", "status"), [(0.5, "not testable here"), (0.499, "reproduced"), (0.4, "reproduced")]
)
def test_where_nothing_leaks_it_says_nothing_that_nothing_depends(blind, status):
    runs = {**runs_with(0.0), "value": np.full(80, 0.5)}
    check = checks.Check("does not matter", checks.trend("level"), -0.3, 0.3, needs_leakage=True)
    assert checks.decide(check, runs, "value", blind).status == status
    rises = runs_with(0.5)  # a claim that fails does so even then
    assert checks.decide(check, rises, "value", 2.0).status == "not reproduced"


def test_claims_about_properties_count_for_each_measure(study):
    verdict = study.Verdict
    attack = checks.Check("a", None)
    properties = checks.Check("p", None, of_attack=False)
    aside = checks.Check("e", None, counts=False)
    verdicts = {("adult", attack, label): verdict("reproduced") for label in study.MEASURES}
    verdicts |= {("adult", aside, label): verdict("not reproduced") for label in study.MEASURES}
    assert set(study.statuses_of(verdicts).values()) == {"reproduced"}
    own = {("adult", properties, study.PAPERS): verdict("not reproduced")}
    assert set(study.statuses_of(verdicts | own).values()) == {"not reproduced"}
    assert list(study.statuses_of(own).values()) == ["not reproduced", "–", "–", "–"]


def test_too_few_runs_of_one_configuration_leave_its_data_set_untested(study):
    configs = [study.DEFAULTS | {"n_target": n} for n in (100, 200)]
    jobs = [(config, seed) for config in configs for seed in range(10)]
    rows = [config | {"seed": seed} for config, seed in jobs]
    assert study.scarce(rows, jobs) == set()
    assert study.scarce(rows[:-1], jobs) == {("adult", 0.75)}
    assert study.scarce(rows[:10], jobs) == {("adult", 0.75)}  # one of them is missing altogether


def test_runs_that_fail_end_with_an_exit_code(study, monkeypatch, tmp_path):
    one = study.Study("one", "One.", "layers", [{}], [])
    monkeypatch.setattr(study, "run", lambda *args, **kwargs: ["a run: no such records"])
    monkeypatch.setattr(sys, "argv", ["tonni", "--output", str(tmp_path)])
    with pytest.raises(SystemExit, match="1 runs failed:\na run: no such records") as ended:
        study.main([one])
    assert isinstance(ended.value.code, str)  # which Python turns into 1
    assert "- a run: no such records" in (tmp_path / "summary.md").read_text()
    monkeypatch.setattr(sys, "argv", ["tonni", "--report", "--output", str(tmp_path)])
    study.main([one])  # runs nothing
    assert "no such records" not in (tmp_path / "summary.md").read_text()


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["reproduced", "reproduced"], "reproduced"),
        (["reproduced", "not testable here"], "not testable here"),
        (["reproduced", "not testable here", "not reproduced"], "not reproduced"),
    ],
)
def test_one_status_of_several(statuses, expected):
    assert checks.overall(statuses) == expected


def test_statistics():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 5, 50), rng.normal(size=50)
    assert checks.correlation(a, b) == pytest.approx(spearmanr(a, b).statistic, abs=1e-12)
    assert checks.correlation(np.ones(50), b) == 0.0
    runs = {"key": a, "x": np.repeat([1, 2], 25), "value": b}
    assert checks.trend("x")(runs, "value") == checks.correlation(runs["x"], b)
    floor = np.quantile(b[25:], 0.1) - np.quantile(b[:25], 0.1)
    assert checks.floor_contrast("x", 1, 2)(runs, "value") == pytest.approx(floor)
    assert checks.mean_where({"x": 3})(runs, "value") is np.nan
    assert checks.mean_where(lambda runs: runs["x"] == 2)(runs, "value") == b[25:].mean()


def member_probability(net, answers, membership):
    """Train an attack net, and return its probability of a member."""
    with threadpool_limits(1), pytest.warns(match="Maximum iterations"):
        return net.fit(answers, membership).predict_proba(answers)[:, 1]


def test_few_epochs_at_a_higher_rate_train_attack_nets_as_far_as_the_authors():
    rng = np.random.default_rng(0)
    answers = rng.uniform(0.2, 0.8, size=1500)
    answers = np.column_stack([answers, 1 - answers]).astype(np.float32)
    membership = rng.random(1500) < 0.75
    config = {"pace": 2.5}
    theirs = MLPClassifier((50,) * 5, random_state=0, alpha=1e-7, batch_size=500, **models.PLAIN)
    theirs.set_params(max_iter=50, learning_rate_init=1e-4 * config["pace"])
    ours, start = (
        models.make_attack_net(config | {"attack_rate": rate}, 1500, 0) for rate in (5e-4, 1e-12)
    )
    nets = ours, theirs, start
    ours, same, before = (member_probability(net, answers, membership) for net in nets)
    assert np.abs(ours - same).max() < 0.05 * np.abs(ours - before).max()
