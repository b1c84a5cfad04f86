"""How many records GMIA selects and calls at one cutoff, and how many calls are right."""

from dataclasses import dataclass

import numpy as np

from skmia._result import Estimate, Result
from skmia.metrics._intervals import clopper_pearson


@dataclass(frozen=True, repr=False, eq=False)
class GMIAReport(Result):
    """How many candidates GMIA selects and calls members at one cutoff, and how many are members.

    Attributes
    ----------
    cutoff : float
        The p-value below which a selected record is called a member.
    n_records : int
        Number of candidates.
    n_members : int
        Number of members among them.
    n_selected : int
        Number of candidates that stand apart.
    n_called : int
        Number of these that are called members.
    precision : Estimate or None
        Share of members among the called; None if none is called. It depends on the share of
        members among the candidates.
    recall : Estimate or None
        Share of the called among all members, selected or not; None without members.

    Examples
    --------
    >>> from skmia.attacks import GMIAReport
    >>> from skmia.metrics import Estimate
    >>> precision = Estimate(0.75, 0.194, 0.994, "Clopper-Pearson")
    >>> print(GMIAReport(0.01, 200, 100, 9, 4, precision, None).precision)
    0.750 [0.194, 0.994]
    """

    cutoff: float
    n_records: int
    n_members: int
    n_selected: int
    n_called: int
    precision: Estimate | None
    recall: Estimate | None


def score_above(cutoff):
    """Return the smallest score of a p-value below the cutoff."""
    # the next number: scores that reach a threshold are called, but a cutoff is not below itself
    return float(np.nextafter(-np.log(cutoff), np.inf))


def report_at(cutoff, scores, selected, member, alpha):
    """Return the report of one cutoff, with intervals of coverage 1 - alpha."""
    # a record that does not stand apart is never called, whatever its p-value
    called = selected & (scores >= score_above(cutoff))
    n_right = int((called & member).sum())
    return GMIAReport(
        cutoff=cutoff,
        n_records=len(scores),
        n_members=int(member.sum()),
        n_selected=int(selected.sum()),
        n_called=int(called.sum()),
        precision=_share(n_right, int(called.sum()), alpha),
        recall=_share(n_right, int(member.sum()), alpha),
    )


def _share(n_hits, n, alpha):
    if n == 0:  # no share, and no interval
        return None
    low, high = clopper_pearson(n_hits, n, alpha)
    return Estimate(n_hits / n, float(low), float(high), "Clopper-Pearson")
