"""Attack scores of members beside those of non-members."""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from skmia._target import known_membership
from skmia.inspection._axes import Display, axes_or_new, draws, style
from skmia.utils._checks import check_membership_scores
from skmia.utils._constraints import ARRAY, COUNT, THRESHOLD
from skmia.utils._sklearn import HasMethods

_MAX_BINS = 100


@dataclass(kw_only=True, repr=False, eq=False)
class ScoreDistributionDisplay(Display):
    """Histograms of the attack scores of members and of non-members.

    What the two have in common cannot be told apart by this score. Equal histograms mean that the
    score says nothing of membership; histograms that nowhere overlap, that it says all. Where
    scores lie beyond the bins, the legend says how many: long tails would hide the rest.

    Create a display by `from_attack` or `from_predictions`. All parameters are stored as
    attributes; no scores of single records are among them.

    Parameters
    ----------
    bin_edges : ndarray of shape (n_bins + 1,)
        Edges of the bins, the same for both.
    member_density, nonmember_density : ndarray of shape (n_bins,)
        Fraction of all members, and of all non-members, in each bin, divided by its width.
    threshold : float, default=None
        Records with a score of at least the threshold are called members. By default no line is
        drawn.
    name : str, default=None
        Name of the attack, the title of the legend.

    Attributes
    ----------
    members_, nonmembers_ : matplotlib StepPatch
        The histograms.
    threshold_line_ : matplotlib Line2D or None
        Line of the threshold, if there is one.
    ax_, figure_ : matplotlib Axes and Figure
        What the histograms are drawn on.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.inspection import ScoreDistributionDisplay
    >>> membership = np.repeat([1, 0], 50)
    >>> scores = np.random.default_rng(0).normal(membership)
    >>> display = ScoreDistributionDisplay.from_predictions(membership, scores, threshold=0.5)
    >>> float(np.sum(display.member_density * np.diff(display.bin_edges)).round(6))
    1.0
    """

    bin_edges: np.ndarray
    member_density: np.ndarray
    nonmember_density: np.ndarray
    threshold: float | None = None
    name: str | None = None

    @draws()
    def plot(
        self,
        ax=None,
        *,
        name=None,
        member_kwargs=None,
        nonmember_kwargs=None,
        threshold_kwargs=None,
    ):
        """Draw the histograms.

        Parameters
        ----------
        member_kwargs, nonmember_kwargs : dict, default=None
            Keywords for the histograms, passed to matplotlib's `stairs`.
        threshold_kwargs : dict, default=None
            Keywords for the line of the threshold, passed to matplotlib's `axvline`.
        """
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        others = self.nonmember_density
        self.nonmembers_ = self._stairs(others, "Non-members", "C0", nonmember_kwargs)
        self.members_ = self._stairs(self.member_density, "Members", "C1", member_kwargs)
        self.threshold_line_ = None
        if self.threshold is not None and isfinite(self.threshold):
            defaults = {"color": "k", "linestyle": "--", "linewidth": 1}
            defaults["label"] = f"Threshold = {self.threshold:.3g}"
            self.threshold_line_ = ax.axvline(self.threshold, **style(defaults, threshold_kwargs))
        ax.set(xlabel="Attack score", ylabel="Density")
        ax.legend(title=self.name if name is None else name)
        return self

    def _stairs(self, density, label, color, kwargs):
        fraction = 1 - np.sum(density * np.diff(self.bin_edges))
        label += f" ({100 * fraction:.2g} % outside)" if fraction > 1e-9 else ""
        defaults = {"label": label, "color": color, "fill": True, "alpha": 0.5}
        return self.ax_.stairs(density, self.bin_edges, **style(defaults, kwargs, "StepPatch"))

    @classmethod
    @draws(attack=[HasMethods(["score_samples", "predict"])], bins=[str, *COUNT, "array-like"])
    def from_attack(
        cls,
        attack,
        X,
        y,
        membership=None,
        *,
        bins="auto",
        name=None,
        ax=None,
        member_kwargs=None,
        nonmember_kwargs=None,
        threshold_kwargs=None,
    ):
        """Draw the scores that a fitted attack gives labeled records.

        The attack's threshold is drawn where it is one number: not where classes have different
        ones, see the attack's parameter `per_class`.

        Parameters
        ----------
        name : str, default=None
            Title of the legend; by default the name of the attack's class.

        Raises
        ------
        ValueError
            If the membership is not given and the target does not know it, or it holds only members
            or only non-members.
        sklearn.exceptions.NotFittedError
            If the attack is not fitted.
        """
        scores = attack.score_samples(X, y)
        membership = known_membership(getattr(attack, "target", None), X, y, membership)
        one = np.all(attack.thresholds_ == attack.threshold_)
        threshold = attack.threshold_ if one else None
        name = type(attack).__name__ if name is None else name
        return cls._of_scores(membership, scores, threshold, bins, name)

    @classmethod
    @draws(scores=ARRAY, threshold=THRESHOLD, bins=[str, *COUNT, "array-like"])
    def from_predictions(
        cls,
        membership,
        scores,
        *,
        threshold=None,
        bins="auto",
        name=None,
        ax=None,
        member_kwargs=None,
        nonmember_kwargs=None,
        threshold_kwargs=None,
    ):
        """Draw attack scores.

        Parameters
        ----------
        membership : array-like of shape (n_records,)
            1 for a member, 0 for a non-member.
        threshold : float, default=None
            Where to draw a line; by default nowhere.
        bins : int, str or array-like of shape (n_bins + 1,), default="auto"
            Number of bins, their edges, or a rule of `numpy.histogram_bin_edges`. "auto" takes the
            rule of Freedman and Diaconis, or Sturges' if that has more bins, and 100 at most; it
            leaves out the outermost 1 % at an end where they would fill more than half of the axis.

        Raises
        ------
        ValueError
            If membership is not 0 and 1 with both present, scores are not finite real numbers, the
            two differ in length, or the threshold is no number.
        """
        return cls._of_scores(membership, scores, threshold, bins, name)

    @classmethod
    def _of_scores(cls, membership, scores, threshold, bins, name):
        membership, scores = check_membership_scores(membership, scores)
        edges = _bin_edges(scores, bins)
        return cls(
            bin_edges=edges,
            member_density=_density(scores[membership == 1], edges),
            nonmember_density=_density(scores[membership == 0], edges),
            threshold=threshold,
            name=name,
        )


def _bin_edges(scores, bins):
    """Return edges of bins; equal scores, or nearly equal ones, get bins of a visible width."""
    if np.ndim(bins):
        return np.histogram_bin_edges(scores, bins)
    low, high = scores.min(), scores.max()
    largest = max(abs(low), abs(high))
    if high - low <= 1e-9 * largest:
        half = max(largest, 1) / 2
        return np.histogram_bin_edges(scores, 11, range=(low - half, high + half))
    if not (isinstance(bins, str) and bins == "auto"):
        return np.histogram_bin_edges(scores, bins)
    low, high = _without_long_tails(scores)
    shown = scores[(scores >= low) & (scores <= high)]
    return np.histogram_bin_edges(shown, _n_bins(shown), range=(low, high))


def _without_long_tails(scores):
    """Return ends of an axis on which the middle 98 % of the scores can be seen."""
    (least, most), (low, high) = (np.percentile(scores, q) for q in ([0, 100], [1, 99]))
    spread = high - low
    if spread <= 1e-9 * max(abs(low), abs(high)):  # nearly all scores tied: show the others
        return least, most
    return low if low - least > spread else least, high if most - high > spread else most


def _n_bins(scores):
    """Return a number of bins that ties cannot make boundless, as they can numpy's."""
    n_sturges = np.log2(len(scores)) + 1
    width = 2 * np.subtract(*np.percentile(scores, [75, 25])) / np.cbrt(len(scores))
    n_diaconis = np.ptp(scores) / width if width > 0 else 0
    return int(np.ceil(min(max(n_sturges, n_diaconis), _MAX_BINS)))


def _density(scores, edges):
    """Return a density relative to all scores, also those outside of the edges."""
    return np.histogram(scores, edges)[0] / len(scores) / np.diff(edges)
