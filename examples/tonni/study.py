"""What a study is, how its runs are listed, and how its report is written."""

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from checks import FEWEST_REPETITIONS, Verdict, decide, overall
from data import DATA
from experiment import DEFAULTS, measure
from runner import key_of, load, run
from scipy.stats import t

# as many records as the authors had in one data set, of which 75 % were members
PAPER_SIZE = {"adult": 10_000, "purchase": 100_000, "texas": 100_000}
MEMBER_SHARES = (0.75, 0.5)
# what the claims are tried on, among which runs, and what a blind guess reaches in it; the first
# is the paper's own measure
MEASURES = {
    "accuracy, 75 % members": ("mia_accuracy", 0.75, 0.75),
    "AUC, 75 %": ("mia_auc", 0.75, 0.5),
    "balanced accuracy, 50 %": ("mia_balanced_accuracy", 0.5, 0.5),
    "AUC of skmia's attack, 75 %": ("library_auc", 0.75, 0.5),
}
PAPERS, *HONEST = MEASURES
NEAR = 0.01


@dataclass(frozen=True)
class Study:
    """A figure or a table of the paper: which runs it takes, and what it claims about them."""

    name: str
    text: str  # the docstring of its module: what the paper did, and what is done here
    x: str  # the column on the horizontal axis
    points: list  # configurations, dicts of what differs from the defaults
    checks: list
    by: str | None = None  # a column with a color for each of its values
    size: int = 4000  # records of the target and of the attacker
    reference: int | None = None  # records that stand for the paper's, for the rates; None: size
    repetitions: int = 20
    derive: Callable = field(default=lambda runs: runs)  # adds columns or drops runs

    @property
    def title(self):
        """Return the first line of the text."""
        return self.text.strip().splitlines()[0].rstrip(".")

    def configs(self, name, short=False):
        """Return the configurations for one data set; the short ones are eight times smaller."""
        pace = PAPER_SIZE[name] / (self.reference or self.size)
        base = {"data": name, "pace": pace, "n_target": self.size, "n_shadow": self.size}
        points = self.points[:: max(1, len(self.points) - 1)] if short else self.points
        configs = [
            DEFAULTS | base | point | {"member_share": share}
            for point in points
            for share in MEMBER_SHARES
        ]
        return [_shrunk(config) for config in configs] if short else configs

    def jobs(self, short=False):
        """Return all runs, (configuration, seed) each."""
        seeds = range(1 if short else self.repetitions)
        configs = [config for name in DATA for config in self.configs(name, short)]
        return [(config, seed) for seed in seeds for config in configs]


def _shrunk(config):
    """Return a configuration that takes little time, to see that everything runs."""
    sizes = {name: max(200, config[name] // 8) for name in ("n_target", "n_shadow")}
    return config | sizes | {"nodes": min(config["nodes"], 50), "pace": 8 * config["pace"]}


def columns_of(study, rows):
    """Return runs as a dict of arrays, with the name of the configuration in "key"."""
    names = dict.fromkeys(name for row in rows for name in row)
    runs = {name: np.array([row.get(name, np.nan) for row in rows]) for name in names}
    runs["key"] = np.array([key_of({name: row[name] for name in DEFAULTS}) for row in rows])
    return study.derive(runs)


def select(runs, **values):
    """Return the runs with these values."""
    rows = np.logical_and.reduce([runs[name] == value for name, value in values.items()])
    return {name: column[rows] for name, column in runs.items()}


def scarce(rows, jobs):
    """Return the (data set, share of members) with too few repetitions of a configuration."""
    finished = Counter(key_of({name: row[name] for name in DEFAULTS}) for row in rows)
    return {
        (config["data"], config["member_share"])
        for config, _ in jobs
        if finished[key_of(config)] < FEWEST_REPETITIONS
    }


def judge(study, runs, too_few=()):
    """Return the verdicts of a study: {(data set, check, name of the measure): Verdict}."""
    verdicts = {}
    for name in DATA:
        for check in study.checks:
            for label in MEASURES if check.of_attack else [PAPERS]:
                column, share, blind = MEASURES[label]
                part = select(runs, data=name, member_share=share)
                verdicts[name, check, label] = (
                    Verdict("not testable here")
                    if (name, share) in too_few
                    else decide(check, part, column, blind)
                )
    return verdicts


def statuses_of(verdicts):
    """Return one status per measure, over all data sets and claims.

    Claims about properties count for each measure; where there are no others, "–" but for one.
    """
    counting = {key: verdict.status for key, verdict in verdicts.items() if key[1].counts}
    found = {}
    for label in MEASURES:
        parts = [
            status
            for (_, check, of), status in counting.items()
            if of == label or not check.of_attack
        ]
        has_own = any(of == label for _, _, of in counting)
        found[label] = overall(parts) if has_own else "–"
    return found


def explanation(statuses, runs):
    """Return a sentence on how far the baseline of 75 % explains what was found."""
    part = select(runs, member_share=0.75)
    accuracy, constant = part["mia_accuracy"], part["constant_accuracy"]
    near = (np.abs(accuracy - constant) <= NEAR).mean()
    text = (
        f"In {near:.0%} of the runs the accuracy is within {NEAR} of that of a blind attack that "
        f"calls as many of each class members; {part['constant_nets'].mean():.0%} of the attack "
        f"nets give one answer to (nearly) all."
    )
    if accuracy.var() > 0:
        explained = 1 - ((accuracy - constant) ** 2).mean() / accuracy.var()
        text += f" The blind attack explains {max(explained, 0):.0%} of the accuracy's variance."
    leaks = [statuses[label] for label in HONEST]
    if statuses[PAPERS] == "reproduced" and "–" not in leaks and "reproduced" not in leaks:
        text += (
            " **The claim is reproduced for the raw accuracy alone, and on no measure that is free"
            " of the baseline of 75 % members.**"
        )
    return text


def mean_interval(values):
    """Return the mean and Student's 95 % interval as text."""
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.3f} ± {half:.3f}"


def numbers(runs):
    """Return one line of means for each data set."""
    lines = []
    for name in DATA:
        part = select(runs, data=name, member_share=0.75)
        if len(part["key"]) > 1:
            lines.append(
                f"- {name}, {len(part['key'])} runs: MIA accuracy "
                f"{mean_interval(part['mia_accuracy'])} ({part['mia_accuracy'].min():.3f} to "
                f"{part['mia_accuracy'].max():.3f}), AUC {mean_interval(part['mia_auc'])}, "
                f"advantage {mean_interval(part['mia_advantage'])}, AUC of skmia's attack "
                f"{mean_interval(part['library_auc'])}, of the loss "
                f"{mean_interval(part['loss_auc'])}; target's accuracy "
                f"{part['train_accuracy'].mean():.3f} on members, "
                f"{part['test_accuracy'].mean():.3f} on others"
            )
    return lines


def report(study, output, short=False):
    """Write the report and the figure of a study; return its row of the summary."""
    jobs = study.jobs(short)
    rows = load(output, jobs)
    if not rows:
        return f"| {study.title} | {' | '.join(['not testable here'] * len(MEASURES))} |"
    runs = columns_of(study, rows)
    verdicts = judge(study, runs, scarce(rows, jobs))
    statuses = statuses_of(verdicts)
    lines = [f"# {study.title}", *study.text.strip().splitlines()[1:], "", "## Status", ""]
    lines += [f"- {label}: **{status}**" for label, status in statuses.items()]
    lines += ["", explanation(statuses, runs), "", f"## Runs ({len(rows)} of {len(jobs)})", ""]
    lines += [*numbers(runs), "", "## Checks", ""]
    lines += ["| data | claim | measure | value [95 %] | status |", "| --- " * 5 + "|"]
    for (name, check, label), verdict in verdicts.items():
        label = label if check.of_attack else "–"
        status = verdict.status if check.counts else f"({verdict.status})"
        lines.append(f"| {name} | {check.claim} | {label} | {verdict} | {status} |")
    (Path(output) / f"{study.name}.md").write_text("\n".join(lines) + "\n")
    _plot(study, runs, output)
    print(f"{study.title}\n    {statuses}\n    {explanation(statuses, runs)}")
    return f"| [{study.title}]({study.name}.md) | {' | '.join(statuses.values())} |"


def _plot(study, runs, output):
    try:
        from plots import draw
    except ImportError:
        print("matplotlib is not installed: no figures")
    else:
        draw(study, runs, Path(output) / f"{study.name}.png")


def summarize(studies, output, failures, short=False):
    """Write ``summary.md``: a row for each study."""
    head = f"| study | {' | '.join(MEASURES)} |"
    rows = [report(study, output, short) for study in studies]
    lines = ["# Data and model dependencies of membership inference: what holds here", ""]
    lines += ["A status is for the claim tried on that measure, over all data sets. Only the first"]
    lines += [
        "has the baseline of 75 % in it: calling everybody a member. Intervals are of 95 % each"
    ]
    lines += [
        'and one interval beside its band makes a study "not reproduced", so that a few of so'
    ]
    lines += ["many are so by chance.", ""]
    lines += [head, "| --- " * (len(MEASURES) + 1) + "|", *rows, ""]
    if failures:
        lines += [f"## Runs that failed ({len(failures)}, up to 50 of them here)", ""]
        lines += [f"- {failure}" for failure in failures[:50]]
    (Path(output) / "summary.md").write_text("\n".join(lines) + "\n")


def main(studies):
    """Run studies and write their reports; end with exit code 1 if a run failed."""
    parser = argparse.ArgumentParser(description="Runs studies of Tonni et al. (2020).")
    parser.add_argument("--size", choices=("short", "full"), default="short")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--output", default="tonni_results", help="directory; runs in it are kept")
    parser.add_argument("--studies", nargs="*", help="names such as figure_04; default: all")
    parser.add_argument("--report", action="store_true", help="run nothing, report what there is")
    args = parser.parse_args()
    chosen = [study for study in studies if args.studies is None or study.name in args.studies]
    if unknown := set(args.studies or ()) - {study.name for study in studies}:
        parser.error(f"no study is called {', '.join(sorted(unknown))}")
    short = args.size == "short"
    Path(args.output).mkdir(parents=True, exist_ok=True)
    jobs = [job for study in chosen for job in study.jobs(short)]
    failures = [] if args.report else run(measure, jobs, args.output, n_jobs=args.jobs)
    summarize(chosen, args.output, failures, short)
    if failures:
        sys.exit("\n".join([f"{len(failures)} runs failed:", *failures[:10]]))
