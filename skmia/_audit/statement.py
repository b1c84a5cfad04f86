"""The operating points of an audit in plain words."""

from typing import NamedTuple

import numpy as np

from skmia.metrics import membership_balanced_accuracy, membership_precision_recall, tpr_at_fpr


class OperatingPoint(NamedTuple):
    """What an attack finds; intervals pay for the choice among the attacks."""

    accuracy: object  # at thresholds learned on other records, an Estimate
    rate: float | None  # the resolved false positive rate nearest to 1 %
    found: object  # true positive rate at this rate, an Estimate
    tied: float  # false positive rate of the highest score, 0 if non-members do not share it
    at_top: object  # true positive rate of the highest score, an Estimate
    is_graded: bool  # whether the scores are more than a yes or no


def operating_point(measured, membership, false_positive_rate, *, confidence_level):
    """Return what an attack finds, at the resolved false positive rate nearest to 1 %."""
    level = {"confidence_level": confidence_level}
    scores = measured.scores
    resolved = [rate for rate in false_positive_rate if rate * len(membership) >= 2]
    rate = min(resolved, key=lambda rate: abs(np.log(rate / 0.01)), default=None)
    top = scores.max()
    tied = scores[membership == 0] == top
    return OperatingPoint(
        accuracy=membership_balanced_accuracy(membership, measured.called, threshold=1, **level),
        rate=rate,
        found=None
        if rate is None
        else tpr_at_fpr(membership, scores, false_positive_rate=rate, **level),
        tied=float(tied.mean()) if tied.sum() > 1 else 0.0,
        at_top=membership_precision_recall(membership, scores, threshold=top, **level)[1],
        is_graded=bool(((scores != top) & (scores != scores.min())).any()),
    )


def statement(points):
    """Say operating points in plain words."""
    name, best = max(points.items(), key=lambda item: item[1].accuracy)
    overall = (
        f"With thresholds learned on other records {_which(name, len(points))} tells members "
        f"from non-members in {_percent(best.accuracy)} of cases, where a blind guess has 50 %."
    )
    return overall if best.rate is None else f"{_at_rate(points, best.rate)} {overall}"


def _at_rate(points, rate):
    """Say what the attack that finds most at this rate finds; if none does, why not."""
    name, best = max(points.items(), key=lambda item: item[1].found)
    which = _which(name, len(points))
    if best.found == 0 and len(points) > 1:
        which = f"any of {len(points)} attacks"
    sentence = (
        f"At {100 * rate:.3g} % false alarms an attacker with {which} finds "
        f"{_percent(best.found)} of the members, where a blind guess finds {100 * rate:.3g} %"
    )
    name, least = min(points.items(), key=lambda item: item[1].tied)
    if best.found == 0 and least.tied >= rate:
        sentence += (
            f"; so many non-members share the highest score that no threshold has fewer than "
            f"{least.tied:.1%} false alarms ({name}), where {_percent(least.at_top)} of the "
            "members are found"
        )
    return f"{sentence}."


def note_on_ties(points):
    """Return a note on attacks whose highest score non-members share."""
    # a yes or no is tied by its nature
    tied = [f"{name} {p.tied:.1%}" for name, p in points.items() if p.tied > 0 and p.is_graded]
    if not tied:
        return []
    return [
        "Many non-members share an attack's highest score with members, and no threshold has "
        f"fewer false alarms than these: {', '.join(tied)}. Below them TPR is 0 because no "
        "threshold reaches there, which is no proof of privacy."
    ]


def _which(name, n_attacks):
    return f"the attack {name}" if n_attacks == 1 else f"the best of {n_attacks} attacks ({name})"


def _percent(estimate):
    return f"{estimate:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"
