"""Exposure of members against what may explain it."""

from dataclasses import dataclass
from math import ceil, isnan

import numpy as np
from sklearn.utils import check_consistent_length, column_or_1d

from skmia.inspection._axes import PANELS, Display, as_panels, draws, style
from skmia.inspection._exposure import ExposureReport, explain_exposure
from skmia.inspection._rank_correlation import rank_correlations
from skmia.utils._checks import check_reals
from skmia.utils._constraints import ARRAY, COUNT

_MOST_COLUMNS = 3


@dataclass(kw_only=True, repr=False, eq=False)
class ExposureDisplay(Display):
    """Exposure of records against each of its explanations, one panel each.

    Each point is a record; the line joins the medians of bins with equally many records, or of the
    values where there are few. The title has Spearman's rank correlation with its confidence
    interval. A correlation is no cause.

    Create a display by `from_estimator`, `from_report` or `from_predictions`. All parameters are
    stored as attributes; the exposure of single records is among them.

    Parameters
    ----------
    exposure : ndarray of shape (n_records,)
        Risk or attack score of each record.
    explanations : dict of str to ndarray of shape (n_records,)
        What may explain it, NaN where it is not known.
    correlations : dict of str to Estimate
        Rank correlation of each with the exposure.
    n_bins : int, default=10
        Number of bins of the medians, at least 1.
    exposure_name : str, default="Risk"
        Name of the vertical axes.
    name : str, default=None
        Title of the figure.

    Attributes
    ----------
    points_ : dict of str to matplotlib PathCollection
        The records, by explanation.
    medians_ : dict of str to matplotlib Line2D
        The medians of the bins.
    axes_ : ndarray of matplotlib Axes
        The panels.
    figure_ : matplotlib Figure
        Figure with the panels.

    See Also
    --------
    explain_exposure : The numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.inspection import ExposureDisplay
    >>> distance = np.arange(20.0)
    >>> display = ExposureDisplay.from_predictions(
    ...     np.sqrt(distance), {"distance": distance}, n_bins=2, random_state=0
    ... )
    >>> display.medians_["distance"].get_xdata()
    array([ 4.5, 14.5])
    """

    exposure: np.ndarray
    explanations: dict
    correlations: dict
    n_bins: int = 10
    exposure_name: str = "Risk"
    name: str | None = None

    @draws(ax=PANELS)
    def plot(self, ax=None, *, name=None, point_kwargs=None, median_kwargs=None):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of Axes, default=None
            One panel for each explanation; by default a new figure.
        point_kwargs : dict, default=None
            Keywords for the records, passed to matplotlib's `scatter`.
        median_kwargs : dict, default=None
            Keywords for the medians, passed to matplotlib's `plot`.

        Raises
        ------
        ValueError
            If there is not one panel for each explanation.
        """
        self.axes_ = self._panels(ax)
        self.figure_ = self.axes_[0].figure
        name = self.name if name is None else name
        if ax is None and name is not None:
            self.figure_.suptitle(name)
        self.points_ = {}
        self.medians_ = {}
        for panel, key in zip(self.axes_, self.explanations, strict=True):
            self._draw(panel, key, point_kwargs, median_kwargs)
        return self

    def _panels(self, ax):
        n = len(self.explanations)
        if ax is None:
            return _new_panels(n)
        axes = as_panels(ax)
        if len(axes) != n:
            raise ValueError(
                f"ax must hold one panel for each of the {n} explanations, got {len(axes)}: give "
                f"ax=axes of figure, axes = plt.subplots(1, {n})."
            )
        return axes

    def _draw(self, panel, key, point_kwargs, median_kwargs):
        values = np.asarray(self.explanations[key], dtype=float)
        known = np.isfinite(values)
        values = values[known]
        exposure = np.asarray(self.exposure)[known]
        defaults = {"s": 8, "alpha": 0.3, "linewidth": 0}
        self.points_[key] = panel.scatter(
            values, exposure, **style(defaults, point_kwargs, "PathCollection")
        )
        defaults = {"color": "k", "marker": "o", "markersize": 4, "linewidth": 1.5}
        (self.medians_[key],) = panel.plot(
            *_medians(values, exposure, self.n_bins), **style(defaults, median_kwargs)
        )
        panel.set(xlabel=key.replace("_", " "), title=_in_words(self.correlations[key]))
        panel.title.set_fontsize("small")
        place = panel.get_subplotspec()
        if place is None or place.is_first_col():
            panel.set_ylabel(self.exposure_name)

    @classmethod
    @draws(n_bins=COUNT, ax=PANELS)
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        membership=None,
        *,
        n_bins=10,
        name=None,
        ax=None,
        point_kwargs=None,
        median_kwargs=None,
        **options,
    ):
        """Explain the exposure of a classifier's members, and draw it.

        Parameters
        ----------
        estimator : estimator
            The fitted classifier.
        **options : dict
            Further parameters of :func:`explain_exposure`.

        Raises
        ------
        ValueError
            As in :func:`explain_exposure`.
        """
        report = explain_exposure(estimator, X, y, membership, **options)
        exposure_name = "Attack score" if options.get("exposure") == "score" else "Risk"
        return cls._of_report(report, n_bins, exposure_name, name)

    @classmethod
    @draws(report=[ExposureReport], exposure_name=[str], n_bins=COUNT, ax=PANELS)
    def from_report(
        cls,
        report,
        *,
        n_bins=10,
        exposure_name="Risk",
        name=None,
        ax=None,
        point_kwargs=None,
        median_kwargs=None,
    ):
        """Draw the members of a report that `explain_exposure` made.

        Parameters
        ----------
        report : ExposureReport
            What `explain_exposure` returned.

        Raises
        ------
        ValueError
            If `n_bins` is no integer of at least 1, or there is not one panel for each explanation.
        """
        if not report.explanations:
            raise ValueError("report has no explanations; give one of explain_exposure.")
        return cls._of_report(report, n_bins, exposure_name, name)

    @classmethod
    def _of_report(cls, report, n_bins, exposure_name, name):
        member = np.asarray(report.membership) == 1
        return cls(
            exposure=report.exposure[member],
            explanations={key: values[member] for key, values in report.explanations.items()},
            correlations=report.correlations,
            n_bins=n_bins,
            exposure_name=exposure_name,
            name=name,
        )

    @classmethod
    @draws(
        exposure=ARRAY,
        explanations=[dict],
        exposure_name=[str],
        n_bins=COUNT,
        n_resamples=COUNT,
        ax=PANELS,
    )
    def from_predictions(
        cls,
        exposure,
        explanations,
        *,
        n_bins=10,
        confidence_level=0.95,
        n_resamples=1000,
        random_state=None,
        exposure_name="Risk",
        name=None,
        ax=None,
        point_kwargs=None,
        median_kwargs=None,
    ):
        """Draw the exposure of records against explanations, both measured elsewhere.

        Parameters
        ----------
        exposure : array-like of shape (n_records,)
            Risk or attack score of records, members as a rule.
        explanations : dict of str to array-like of shape (n_records,)
            What may explain it, by name; NaN where it is not known.
        confidence_level : float, default=0.95
            Coverage of each interval, in (0, 1).
        n_resamples : int, default=1000
            Bootstrap resamples of the records for the intervals.
        random_state : int, RandomState instance or None, default=None
            Draws the resamples.

        Raises
        ------
        ValueError
            If the exposure is not finite, an explanation has not one number per record, there is
            no explanation, or an option is out of its range.
        """
        exposure = check_reals("exposure", exposure)
        if not explanations:
            raise ValueError("explanations is empty; give at least one, {name: numbers}.")
        explanations = {
            key: column_or_1d(values, dtype=np.float64) for key, values in explanations.items()
        }
        check_consistent_length(exposure, *explanations.values())
        correlations = rank_correlations(
            explanations,
            exposure,
            confidence_level=confidence_level,
            n_resamples=n_resamples,
            random_state=random_state,
        )
        return cls(
            exposure=exposure,
            explanations=explanations,
            correlations=correlations,
            n_bins=n_bins,
            exposure_name=exposure_name,
            name=name,
        )


def _new_panels(n):
    import matplotlib.pyplot as plt

    n_columns = min(n, _MOST_COLUMNS)
    n_rows = ceil(n / n_columns)
    size = {"figsize": (3.2 * n_columns, 2.9 * n_rows), "layout": "constrained"}
    figure, axes = plt.subplots(n_rows, n_columns, sharey=True, squeeze=False, **size)
    for unused in axes.ravel()[n:]:
        figure.delaxes(unused)
    return axes.ravel()[:n]


def _medians(values, exposure, n_bins):
    """Return the median of both in bins with equally many records, or at each of few values."""
    distinct, codes = np.unique(values, return_inverse=True)
    if len(distinct) > n_bins:
        edges = np.quantile(values, np.linspace(0, 1, n_bins + 1)[1:-1])
        codes = np.searchsorted(edges, values, side="left")
    groups = [codes == code for code in np.unique(codes)]
    return [[np.median(array[group]) for group in groups] for array in (values, exposure)]


def _in_words(correlation):
    return correlation.method if isnan(correlation) else f"rank correlation\n{correlation}"
