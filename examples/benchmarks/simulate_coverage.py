"""Coverage of the confidence intervals of `skmia.metrics`, by simulation with known truth.

Run it with ``python examples/benchmarks/simulate_coverage.py``; it takes a few minutes and prints
one row per setting: how many of 2,000 nominal 95 % intervals hold the truth, in percent. Scores of
members are normal with mean d', of non-members with mean 0. The suite runs a small version.
"""

import argparse

import numpy as np
from scipy.stats import norm

from skmia.metrics import (
    membership_advantage,
    membership_precision_recall,
    membership_roc_auc,
    tpr_at_fpr,
)

SETTINGS = [(1, 300, 300), (1, 1000, 1000), (1, 1000, 200), (2, 300, 300), (0, 300, 300)]


def truths(shift):
    """Return the true value of each metric; the fixed threshold is the best one, d' / 2."""
    hit = norm.cdf(shift / 2)
    return {
        "AUC": norm.cdf(shift / 2**0.5),
        "adv. fixed": 2 * hit - 1,
        "adv. best": 2 * hit - 1,
        "precision": hit,
        "recall": hit,
        "TPR@10%": norm.sf(norm.isf(0.1) - shift),
        "TPR@1%": norm.sf(norm.isf(0.01) - shift),
    }


def estimates(shift, n_members, n_nonmembers, seed):
    """Draw scores and return all estimates."""
    rng = np.random.default_rng(seed)
    membership = np.repeat([1, 0], [n_members, n_nonmembers])
    scores = rng.normal(size=len(membership)) + shift * membership
    fixed = {"threshold": shift / 2}
    precision, recall = membership_precision_recall(membership, scores, **fixed)
    ten, one = tpr_at_fpr(membership, scores, false_positive_rate=[0.1, 0.01])
    return {
        "AUC": membership_roc_auc(membership, scores),
        "adv. fixed": membership_advantage(membership, scores, **fixed),
        "adv. best": membership_advantage(membership, scores, n_resamples=100, random_state=seed),
        "precision": precision,
        "recall": recall,
        "TPR@10%": ten,
        "TPR@1%": one,
    }


def main():
    """Print one row per setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    draws = parser.parse_args().draws
    names = list(truths(0))
    print("d'  members  others " + "".join(f"{name:>11}" for name in names))
    for shift, n_members, n_nonmembers in SETTINGS:
        truth, covered = truths(shift), dict.fromkeys(names, 0)
        for seed in range(draws):
            for name, estimate in estimates(shift, n_members, n_nonmembers, seed).items():
                covered[name] += estimate.low <= truth[name] <= estimate.high
        row = "".join(f"{100 * covered[name] / draws:>11.1f}" for name in names)
        print(f"{shift:<3} {n_members:>7} {n_nonmembers:>7} {row}", flush=True)


if __name__ == "__main__":
    main()
