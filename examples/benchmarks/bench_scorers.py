"""What a membership scorer adds to a search, and how fast records are fingerprinted.

Run it with ``python examples/benchmarks/bench_scorers.py``; it prints two tables.

The first table: a GridSearchCV over a random forest on all 48,842 rows of Adult, five folds, with
one scorer at a time. ``neg_mia_roc_auc`` by name, with the forest in a ``MemberRecorder``; the same
with a pool of all records; and accuracy, for comparison. The overhead is the time to score a fold
over the time to fit on the others, both as the search reports them: means over folds and
candidates.

The second table: the fingerprints of n records of k float64, on one thread, beside ``numpy.sort``
of ten million floats. Each time is the best of several.
"""

import argparse
import time

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV

from skmia._records import fingerprint
from skmia.datasets import load_adult
from skmia.model_selection import MemberRecorder, make_membership_scorer

WANTED_OVERHEAD = 0.25  # of the time to fit
WANTED_SECONDS = 1.0  # or the time of the sort, if that is longer


def searches(X, y, n_estimators):
    """Return a search for each scorer, with the prefix of the forest's parameters."""
    forest = RandomForestClassifier(n_estimators, random_state=0)
    pool_scorer = make_membership_scorer("roc_auc", pool=(X, y))
    return {
        "accuracy": (forest, "", "accuracy"),
        "neg_mia_roc_auc, MemberRecorder": (
            MemberRecorder(forest),
            "estimator__",
            "neg_mia_roc_auc",
        ),
        "neg_mia_roc_auc, pool": (forest, "", pool_scorer),
    }


def times_of_search(estimator, prefix, scoring, X, y, leaves):
    """Return the mean times to fit and to score a fold, and the mean score."""
    search = GridSearchCV(
        estimator, {f"{prefix}min_samples_leaf": leaves}, scoring=scoring, refit=False
    ).fit(X, y)
    results = search.cv_results_
    fit, score = (results[f"mean_{what}_time"].mean() for what in ("fit", "score"))
    return fit, score, results["mean_test_score"].mean()


def best_time(function, *args, repeats):
    """Return the shortest time of several calls, in seconds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(*args)
        times.append(time.perf_counter() - start)
    return min(times)


def verdict(met):
    """Say whether what is wanted is met."""
    return "met" if met else "NOT MET"


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leaves", type=int, nargs="+", default=[1, 5])
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--n", type=int, default=1_000_000)
    parser.add_argument("--k", type=int, default=50)
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()

    X, y = load_adult(return_X_y=True)
    print(
        f"Scoring over fitting: random forest of {args.trees} trees, Adult, {len(y):,} rows, "
        f"5 folds, min_samples_leaf {args.leaves}, one process"
    )
    print(f"{'scorer':<32} |   fit s | score s | score/fit | wanted | mean score")
    for name, (estimator, prefix, scoring) in searches(X, y, args.trees).items():
        fit, score, mean = times_of_search(estimator, prefix, scoring, X, y, args.leaves)
        wanted = "     -" if name == "accuracy" else f"< {WANTED_OVERHEAD:.0%}"
        met = "" if name == "accuracy" else f"  {verdict(score / fit < WANTED_OVERHEAD)}"
        print(
            f"{name:<32} | {fit:7.2f} | {score:7.2f} | {score / fit:9.1%} | {wanted:>6} | "
            f"{mean:10.4f}{met}"
        )

    rng = np.random.default_rng(0)
    records, values = rng.normal(size=(args.n, args.k)), rng.normal(size=10_000_000)
    ours = best_time(fingerprint, records, repeats=args.repeats)
    sort = best_time(np.sort, values, repeats=args.repeats)
    wanted = max(WANTED_SECONDS, sort)
    print(f"\nFingerprints of {args.n:,} x {args.k} float64, one thread, best of {args.repeats}")
    print("fingerprint s | sort of 1e7 floats s | fingerprint/sort | wanted s")
    print(
        f"{ours:13.2f} | {sort:20.2f} | {ours / sort:16.2f} | < {wanted:.2f}"
        f"  {verdict(ours < wanted)}"
    )


if __name__ == "__main__":
    main()
