"""Utility against attack success of each candidate of a search, read from its `cv_results_`."""

import re
from typing import NamedTuple

import numpy as np
from scipy.stats import sem


class Tradeoff(NamedTuple):
    """Means over the splits of each candidate, with standard errors, NaN where there is one split.

    Attack success is higher for candidates that give more away.
    """

    utility: np.ndarray
    utility_error: np.ndarray
    attack_success: np.ndarray
    attack_success_error: np.ndarray
    n_splits: int

    @property
    def measured(self):
        """Which candidates have both numbers: a failed fit or score has none."""
        return np.isfinite(self.utility) & np.isfinite(self.attack_success)

    def front(self):
        """Return the rows of candidates that none beats in both, by ascending attack success."""
        rows = np.flatnonzero(self.measured)
        # of equal attack success the most useful first: it then beats the others from before them
        rows = rows[np.lexsort((-self.utility[rows], self.attack_success[rows]))]
        utility = self.utility[rows]
        attack_success = self.attack_success[rows]
        best_before = np.append(-np.inf, np.maximum.accumulate(utility))[:-1]
        better = utility > best_before
        # a candidate equal in both to the one that leads stands beside it
        leader = np.maximum.accumulate(np.where(better, np.arange(len(rows)), -1))
        equal = (utility == utility[leader]) & (attack_success == attack_success[leader])
        return rows[better | equal]


def read_tradeoff(cv_results, utility, privacy):
    """Return the Tradeoff of the candidates in `cv_results_`, by the names of two scorers."""
    # scores of `privacy`, with or without "neg_", are higher for more private models
    utility_name = _scorer_named(cv_results, [utility], "utility")
    attack_success_name = _scorer_named(cv_results, [privacy, f"neg_{privacy}"], "privacy")
    utility_scores = _split_scores(cv_results, utility_name)
    attack_success_scores = -_split_scores(cv_results, attack_success_name)
    attack_success = attack_success_scores.mean(axis=1)
    attack_success_error = _standard_error(attack_success_scores)
    measured = attack_success[np.isfinite(attack_success)]
    # an advantage may come out below 0 by chance, nothing that measures attack success far below
    highest = attack_success + 3 * np.nan_to_num(attack_success_error)
    if measured.size and np.nanmax(highest) < -0.1:
        raise ValueError(
            f"The scores {attack_success_name!r} are positive, from {-measured.max():.3g}, so "
            "their negative is no attack success. Use a scorer that is higher for more private "
            "models, such as scoring='neg_mia_roc_auc' or make_scorer(..., "
            "greater_is_better=False)."
        )
    return Tradeoff(
        utility_scores.mean(axis=1),
        _standard_error(utility_scores),
        attack_success,
        attack_success_error,
        attack_success_scores.shape[1],
    )


def _scorer_named(cv_results, names, role):
    prefix = "mean_test_"
    present = [key.removeprefix(prefix) for key in map(str, cv_results) if key.startswith(prefix)]
    for name in names:
        if name in present:
            return name
    raise ValueError(
        f"The results have no scores {names[0]!r} for {role}; they have {present}. Give the search "
        "a scorer of that name, or name one of these."
    )


def _split_scores(cv_results, name):
    """Return the scores of the test folds, of shape (n_candidates, n_splits)."""
    # escaped: scorers of users may have any name, such as "f1(macro)"
    pattern = re.compile(rf"split\d+_test_{re.escape(name)}")
    return np.column_stack([cv_results[key] for key in cv_results if pattern.fullmatch(key)])


def _standard_error(scores):
    if scores.shape[1] < 2:  # one split has no spread
        return np.full(len(scores), np.nan)
    return sem(scores, axis=1)
