"""ROC curve of a membership attack, readable at small false positive rates."""

from dataclasses import dataclass

import numpy as np

from skmia._target import known_membership
from skmia.inspection._axes import Display, axes_or_new, draw_band, draws, once, style
from skmia.metrics import Estimate
from skmia.metrics._curve import Curve
from skmia.metrics._roc import roc_auc_of, tpr_at_fpr_of
from skmia.utils._constraints import ARRAY, Names
from skmia.utils._sklearn import HasMethods

_N_BAND_RATES = 60
_MARGIN = 1.12  # factor beyond the ends of a logarithmic axis
_SCALE = [Names("log", "linear")]


@dataclass(kw_only=True, repr=False, eq=False)
class MembershipRocDisplay(Display):
    """ROC curve of a membership attack with a confidence band.

    Both axes are logarithmic by default: what matters is how many members are found at a small
    false positive rate, and there a linear axis shows nothing [1]_. A curve on the dashed chance
    line (TPR = FPR) is one of scores that know nothing.

    The curve is drawn as steps, each point a threshold that exists; between tied scores nothing is
    interpolated, although the AUC counts ties half. With n non-members, no false positive rate
    below 1 / n is resolved: in logarithmic scale the curve begins there, and a TPR below 1 / n is
    cut off.

    Create a display by `from_attack` or `from_predictions`. All parameters are stored as
    attributes.

    Parameters
    ----------
    fpr : ndarray of shape (n_thresholds,)
        False positive rates, ascending from 0 to 1.
    tpr : ndarray of shape (n_thresholds,)
        True positive rates, ascending from 0 to 1.
    roc_auc : Estimate, default=None
        Area under the curve with its interval, for the legend.
    band_fpr : ndarray of shape (n_rates,), default=None
        False positive rates at which the band is known, ascending. By default there is no band.
    tpr_low, tpr_high : ndarray of shape (n_rates,), default=None
        Pointwise confidence limits of the true positive rate at `band_fpr`.
    name : str, default=None
        Name of the attack for the legend.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The curve.
    band_ : matplotlib PolyCollection or None
        The confidence band, if it is drawn.
    chance_level_ : matplotlib Line2D or None
        The chance line, if it is drawn.
    ax_, figure_ : matplotlib Axes and Figure
        What the curve is drawn on.

    See Also
    --------
    skmia.metrics.membership_roc_curve : The curve as arrays.
    skmia.metrics.tpr_at_fpr : The true positive rate at one rate, with the limits of the band.

    References
    ----------
    .. [1] N. Carlini et al., "Membership Inference Attacks From First Principles", IEEE
       Symposium on Security and Privacy, 2022, section III and figure 1.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.inspection import MembershipRocDisplay
    >>> membership = np.repeat([1, 0], 50)
    >>> scores = np.random.default_rng(0).normal(membership)
    >>> display = MembershipRocDisplay.from_predictions(membership, scores, name="Noise")
    >>> display.line_.get_label()
    'Noise (AUC = 0.784 [0.682, 0.860])'
    """

    fpr: np.ndarray
    tpr: np.ndarray
    roc_auc: Estimate | None = None
    band_fpr: np.ndarray | None = None
    tpr_low: np.ndarray | None = None
    tpr_high: np.ndarray | None = None
    name: str | None = None

    @draws(scale=_SCALE)
    def plot(
        self,
        ax=None,
        *,
        name=None,
        scale="log",
        plot_band=True,
        plot_chance_level=True,
        curve_kwargs=None,
        band_kwargs=None,
        chance_level_kw=None,
    ):
        """Draw the curve.

        Parameters
        ----------
        scale : {"log", "linear"}, default="log"
            Scale of both axes.
        plot_chance_level : bool, default=True
            Whether to draw the chance line.
        curve_kwargs : dict, default=None
            Keywords for the curve, passed to matplotlib's `plot`.
        chance_level_kw : dict, default=None
            Keywords for the chance line, passed to matplotlib's `plot`.

        Raises
        ------
        ValueError
            If `scale` is neither "log" nor "linear".
        """
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        x, y, limits = self._steps() if scale == "log" else (self.fpr, self.tpr, (-0.01, 1.01))
        if scale == "log" and ax.get_xscale() == "log":
            limits = min(limits[0], ax.get_xlim()[0]), limits[1]
        ax.set(xscale=scale, yscale=scale, xlim=limits, ylim=limits, aspect="equal")
        ax.set(xlabel="False positive rate", ylabel="True positive rate")

        defaults = {"drawstyle": "steps-post", "label": self._label(name)}
        (self.line_,) = ax.plot(x, y, **style(defaults, curve_kwargs))
        self.band_ = self.chance_level_ = None
        if plot_band and self.band_fpr is not None:
            limits = (self.tpr_low, self.tpr_high)
            self.band_ = draw_band(self.line_, self.band_fpr, *limits, band_kwargs)
        if plot_chance_level:
            defaults = {"color": "k", "linestyle": "--", "linewidth": 1, "zorder": 1.5}
            defaults["label"] = once(ax, "Chance level (TPR = FPR)")
            # on logarithmic axes, matplotlib moves (0, 0) far down the diagonal
            (self.chance_level_,) = ax.plot((0, 1), (0, 1), **style(defaults, chance_level_kw))
        if ax.get_legend_handles_labels()[0]:
            ax.legend(loc=_free_corner(ax))
        return self

    def _steps(self):
        """Return the curve from the first resolved rate on, and limits for both axes."""
        fpr, tpr = np.asarray(self.fpr), np.asarray(self.tpr)
        positive = fpr > 0
        has_band = self.band_fpr is not None and len(self.band_fpr)
        first = self.band_fpr[0] if has_band else fpr[positive].min()
        fpr = np.append(first, fpr[positive])
        tpr = np.append(tpr[~positive].max(initial=0), tpr[positive])
        return fpr, tpr, (first / _MARGIN, _MARGIN)

    def _label(self, name):
        name = self.name if name is None else name
        if self.roc_auc is None:
            return name
        return f"AUC = {self.roc_auc}" if name is None else f"{name} (AUC = {self.roc_auc})"

    @classmethod
    @draws(attack=[HasMethods(["score_samples", "predict"])], scale=_SCALE)
    def from_attack(
        cls,
        attack,
        X,
        y,
        membership=None,
        *,
        confidence_level=0.95,
        name=None,
        ax=None,
        scale="log",
        plot_band=True,
        plot_chance_level=True,
        curve_kwargs=None,
        band_kwargs=None,
        chance_level_kw=None,
    ):
        """Draw the curve of a fitted attack on labeled records.

        Give other records than those that the attack was fitted on, else the curve is too good.

        Parameters
        ----------
        name : str, default=None
            Name for the legend; by default that of the attack's class.

        Raises
        ------
        ValueError
            If the membership is not given and the target does not know it, holds only members or
            only non-members, or a parameter is out of range.
        sklearn.exceptions.NotFittedError
            If the attack is not fitted.
        """
        scores = attack.score_samples(X, y)
        membership = known_membership(getattr(attack, "target", None), X, y, membership)
        name = type(attack).__name__ if name is None else name
        return cls._of_scores(membership, scores, confidence_level, name)

    @classmethod
    @draws(scores=ARRAY, scale=_SCALE)
    def from_predictions(
        cls,
        membership,
        scores,
        *,
        confidence_level=0.95,
        name=None,
        ax=None,
        scale="log",
        plot_band=True,
        plot_chance_level=True,
        curve_kwargs=None,
        band_kwargs=None,
        chance_level_kw=None,
    ):
        """Draw the curve of attack scores.

        Parameters
        ----------
        membership : array-like of shape (n_records,)
            1 for a member, 0 for a non-member.
        confidence_level : float, default=0.95
            Coverage of the interval of the AUC and, at each rate, of the band, in (0, 1).

        Raises
        ------
        ValueError
            If membership is not 0 and 1 with both present, scores are not finite real numbers, the
            two differ in length, or a parameter is out of range.
        """
        return cls._of_scores(membership, scores, confidence_level, name)

    @classmethod
    def _of_scores(cls, membership, scores, confidence_level, name):
        curve = Curve.from_scores(membership, scores)
        band_fpr, tpr_low, tpr_high = _band(curve, confidence_level)
        return cls(
            fpr=curve.fpr,
            tpr=curve.tpr,
            roc_auc=roc_auc_of(curve, confidence_level),
            band_fpr=band_fpr,
            tpr_low=tpr_low,
            tpr_high=tpr_high,
            name=name,
        )


def _free_corner(ax):
    """Return where no curve passes: below the diagonal, unless tied scores keep a curve down."""
    to_axes = ax.transData - ax.transAxes
    for line in (line for line in ax.lines if line.get_drawstyle() == "steps-post"):
        x, y = np.asarray(line.get_data(), dtype=float)
        right, up = to_axes.transform(np.column_stack([x[1:], y[:-1]])).T  # lower corners of steps
        if ((right > 0.35) & (up < 0.2)).any():
            return "upper left"
    return "lower right"


def _band(curve, confidence_level):
    """Return rates from the first resolved one on, with the limits of the true positive rate."""
    lowest = 1 / curve.n_nonmembers
    if curve.n_nonmembers == 1:  # only the rate 1 is resolved, which says nothing
        return np.empty((3, 0))
    rates = np.unique(np.geomspace(lowest, 1 - lowest, _N_BAND_RATES))
    estimates = [tpr_at_fpr_of(curve, rate, confidence_level) for rate in rates.tolist()]
    low, high = np.array([[estimate.low, estimate.high] for estimate in estimates]).T
    return rates, low, high
