"""Plain plots: accuracy with the baseline of 75 % above, the AUC below."""

import matplotlib as mpl
import numpy as np
from data import DATA
from matplotlib.figure import Figure
from scipy.stats import t

ROWS = (("mia_accuracy", "MIA accuracy, 75 % members", 0.75), ("mia_auc", "AUC", 0.5))
MOST_LEVELS = 12


def draw(study, runs, path):
    """Draw all runs of a study with 75 % members, one column of axes for each data set."""
    figure = Figure(figsize=(12, 6), layout="constrained")
    axes = figure.subplots(2, len(DATA), sharex="col", squeeze=False)
    values = np.unique(runs[study.by]) if study.by else [None]
    for column, name in zip(axes.T, DATA, strict=True):
        for ax, (measure, label, blind) in zip(column, ROWS, strict=True):
            ax.axhline(blind, color="black", linestyle=":", linewidth=1)
            ax.set_ylim(0.2, 1)  # the same for all studies
            ax.set_ylabel(f"{label}\n(blind guess: dotted)")
            for number, value in enumerate(values):
                rows = (runs["data"] == name) & (runs["member_share"] == 0.75)
                rows &= True if value is None else runs[study.by] == value
                _draw_runs(ax, runs[study.x][rows], runs[measure][rows], number, value)
        column[0].set_title(name if name == "adult" else f"{name}, generated")
        column[-1].set_xlabel(study.x.replace("_", " "))
    if study.by:
        axes[0, 0].legend(title=study.by.replace("_", " "), fontsize="small")
    figure.suptitle(study.title)
    figure.savefig(path, dpi=100)


def _draw_runs(ax, x, y, number, label):
    """Draw a dot for each run, and where x has few levels their means with 95 % intervals."""
    color = mpl.color_sequences["tab10"][number % 10]
    levels, position = np.unique(x, return_inverse=True)
    if len(levels) > MOST_LEVELS and x.dtype.kind == "f":
        ax.plot(x, y, ".", color=color, alpha=0.5, label=label)
        return
    texts = x.dtype.kind == "U"
    if texts:
        many = len(levels) > MOST_LEVELS
        size = "x-small" if many else "small"
        ax.set_xticks(range(len(levels)), levels, rotation=90 if many else 30, fontsize=size)
    ax.plot(position if texts else x, y, ".", color=color, alpha=0.3)
    means, halves = (
        np.array([_interval(y[position == i]) for i in range(len(levels))]).reshape(-1, 2).T
    )
    place = np.arange(len(levels)) if texts else levels
    ax.errorbar(place, means, halves, color=color, marker="o", capsize=3, label=label)


def _interval(values):
    if len(values) < 2:
        return values.mean(), 0.0
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean(), half
