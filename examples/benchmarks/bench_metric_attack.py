"""Time and memory of the four metric attacks of Song and Mittal with per-class thresholds.

Run it with ``python examples/benchmarks/bench_metric_attack.py``; it prints one table.

Input: a response of 2 n records (n members, n non-members) and k classes in float64, labels and
membership. Work: correctness, confidence, entropy and modified entropy, the best threshold of each
class for the last three (correctness needs none), and the balanced accuracies that result.

The floor is what no such program can do without: two logarithms of each entry (``numpy.log`` into
a buffer that is there already) and one sort of the values of each metric. All ratios are taken
within one run; each time is the best of several. If adversarial-robustness-toolbox is installed,
its nearest relative is timed beside: thresholds per class for one metric (``get_roc_for_fpr`` on
the confidence).
"""

import argparse
import time
import tracemalloc

import numpy as np
from scipy.special import softmax

from skmia.attacks import class_thresholds
from skmia.signals import evaluate

SIGNALS = ("correctness", "confidence", "entropy", "modified_entropy")


def make_response(n_per_side, n_classes, rng):
    """Draw logits, with a larger one for the true class of members."""
    membership = np.repeat([1, 0], n_per_side)
    y_index = rng.integers(n_classes, size=2 * n_per_side)
    logits = rng.normal(scale=2, size=(2 * n_per_side, n_classes))
    logits[np.arange(len(logits)), y_index] += 2 + 2 * membership
    return softmax(logits, axis=1), y_index, membership


def metric_attacks(proba, y_index, membership):
    """Return the balanced accuracy of each metric at its own class thresholds."""
    member = membership == 1
    accuracies = []
    for name, values in zip(SIGNALS, evaluate(proba, y_index, SIGNALS), strict=True):
        if name == "correctness":  # needs no threshold: who is classified right is called a member
            called = values == 1
        else:
            called = values >= class_thresholds(member, values, y_index)[y_index]
        accuracies.append((called[member].mean() + 1 - called[~member].mean()) / 2)
    return accuracies


def two_logs(proba, buffer):
    """Take the logarithm of every entry twice."""
    np.log(proba, out=buffer)
    np.log(proba, out=buffer)


def best_time(function, *args, repeats):
    """Return the shortest time of several calls, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - start)
    return min(times)


def peak_memory(function, *args):
    """Return the largest memory allocated during a call, in bytes."""
    tracemalloc.start()
    function(*args)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def toolbox_attack():
    """Return the toolbox's thresholds per class, or None where it is not installed."""
    try:
        from art.metrics.privacy.worst_case_mia_score import get_roc_for_fpr
    except ImportError:
        return None
    return lambda proba, y_index, membership: get_roc_for_fpr(
        attack_proba=proba[np.arange(len(proba)), y_index],
        attack_true=membership,
        target_model_labels=y_index,
    )


def main():
    """Print one row per size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--k", type=int, nargs="+", default=[2, 10, 100])
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    toolbox = toolbox_attack()
    print("times in ms, best of", args.repeats, "- ratios within this run")
    print(
        "     n/side    k |   skmia | 2 logs  4 sorts | skmia/logs  skmia/floor | memory/input"
        " |  exponent | toolbox (1 metric)"
    )
    for k in args.k:
        previous = None
        for n in args.n:
            rng = np.random.default_rng(0)
            data = make_response(n, k, rng)
            repeats = args.repeats if n * k < 5e7 else 2
            ours = best_time(metric_attacks, *data, repeats=repeats)
            buffer = np.empty_like(data[0])
            logs = best_time(two_logs, data[0], buffer, repeats=repeats)
            del buffer
            values = rng.normal(size=2 * n)
            sorts = len(SIGNALS) * best_time(np.sort, values, repeats=repeats)
            memory = peak_memory(metric_attacks, *data) / sum(array.nbytes for array in data)
            growth = ""
            if previous is not None:
                growth = f"{np.log(ours / previous[1]) / np.log(n / previous[0]):.2f}"
            theirs = "not installed"
            if toolbox is not None:
                theirs = f"{1e3 * best_time(toolbox, *data, repeats=1):.0f}"
            print(
                f"{n:>11,} {k:>4} | {1e3 * ours:7.1f} | {1e3 * logs:6.1f}  {1e3 * sorts:7.1f} | "
                f"{ours / logs:10.2f}  {ours / (logs + sorts):11.2f} | {1 + memory:12.2f} | "
                f"{growth:>9} | {theirs}"
            )
            previous = n, ours


if __name__ == "__main__":
    main()
