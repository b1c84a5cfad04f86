"""Utility against attack success of each candidate of a search, read from its `cv_results_`."""

import re
from typing import NamedTuple

import numpy as np


class Tradeoff(NamedTuple):
    """Utility and attack success of each candidate: means over the splits, with their standard
    errors.

    Attack success is higher for candidates that give more away. Errors are NaN where there is one
    split.
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
        """Return the rows of the candidates that no other beats in both, by ascending attack
        success.

        Candidates of equal utility and equal attack success are all on the front, or none of them
        is.
        """
        rows = np.flatnonzero(self.measured)
        # of equal attack success the most useful first: the others are then beaten by one before
        # them
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
    """Return the Tradeoff of the candidates in `cv_results_`, by the names of two scorers.

    `privacy` is the scorer of attack success, with or without "neg_". Its scores are higher for
    more private models, as all scorers are greater-is-better; attack success is their negative.
    """
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
    for name in names:
        if f"mean_test_{name}" in cv_results:
            return name
    present = [
        k.removeprefix("mean_test_") for k in map(str, cv_results) if k.startswith("mean_test_")
    ]
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
    n_splits = scores.shape[1]
    if n_splits < 2:  # one split has no spread
        return np.full(len(scores), np.nan)
    return scores.std(axis=1, ddof=1) / np.sqrt(n_splits)
