"""The operating points of an audit in plain words."""

import numpy as np

from skmia.metrics import (
    membership_balanced_accuracy,
    membership_precision_recall,
    tpr_at_fpr,
)

__all__ = ["statement", "tied_share"]


def statement(outcomes, membership, fpr, confidence_level):
    """Say operating points in plain words; the intervals pay for the choice among the attacks.

    Parameters
    ----------
    outcomes : dict of str to Bunch
        What `cross_fit` returned for each attack.
    membership : ndarray of shape (n_records,)
        1 for members, 0 for non-members, equally many.
    fpr : sequence of float
        False positive rates; the one nearest to 1 % that is resolved is reported.
    confidence_level : float
        Coverage of both intervals (Bonferroni over the attacks).

    Returns
    -------
    str
        One or two sentences.
    """
    level = 1 - (1 - confidence_level) / len(outcomes)
    accuracies = {
        name: membership_balanced_accuracy(
            membership, outcome.called, threshold=1, confidence_level=level
        )
        for name, outcome in outcomes.items()
    }
    name, accuracy = max(accuracies.items(), key=lambda item: item[1])
    overall = (
        f"With thresholds learned on other records {_which(name, len(outcomes))} tells members "
        f"from non-members in {_percent(accuracy)} of cases, where a blind guess has 50 %."
    )
    resolved = [rate for rate in fpr if rate * len(membership) >= 2]
    if not resolved:
        return overall
    rate = min(resolved, key=lambda rate: abs(np.log(rate / 0.01)))
    return f"{_operating_point(outcomes, membership, rate, level)} {overall}"


def _operating_point(outcomes, membership, rate, level):
    """Say what the attack that finds most at this rate finds; if none does, why not."""
    found = {
        name: tpr_at_fpr(membership, outcome.scores, fpr=rate, confidence_level=level)
        for name, outcome in outcomes.items()
    }
    name, estimate = max(found.items(), key=lambda item: item[1])
    which = _which(name, len(outcomes))
    if estimate == 0 and len(outcomes) > 1:
        which = f"any of {len(outcomes)} attacks"
    sentence = (
        f"At {100 * rate:.3g} % false alarms an attacker with {which} finds "
        f"{_percent(estimate)} of the members, where a blind guess finds {100 * rate:.3g} %"
    )
    shares = {name: tied_share(o.scores, membership) for name, o in outcomes.items()}
    name, tied = min(shares.items(), key=lambda item: item[1])
    if estimate == 0 and tied >= rate:
        scores = outcomes[name].scores
        at_top = {"threshold": scores.max(), "confidence_level": level}
        recall = membership_precision_recall(membership, scores, **at_top)[1]
        sentence += (
            f"; so many non-members share the highest score that no threshold has fewer than "
            f"{tied:.1%} false alarms ({name}), where {_percent(recall)} of the members are found"
        )
    return f"{sentence}."


def _which(name, n_attacks):
    return f"the attack {name}" if n_attacks == 1 else f"the best of {n_attacks} attacks ({name})"


def _percent(estimate):
    return f"{estimate:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"


def tied_share(scores, membership):
    """Return the false positive rate of the highest score, 0 if non-members do not share it.

    Parameters
    ----------
    scores : ndarray of shape (n_records,)
        Attack scores.
    membership : ndarray of shape (n_records,)
        1 for members, 0 for non-members.

    Returns
    -------
    float
        The smallest false positive rate above 0 of any threshold, if it is that of a tie.
    """
    tied = scores[membership == 0] == scores.max()
    return float(tied.mean()) if tied.sum() > 1 else 0.0
