"""Utility and attack success of a network after each epoch of its training."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skmia.inspection._axes import PANELS, Display, as_panels, draw_band, draws, once, style
from skmia.utils._constraints import Number

_INNER = ("net_", "best_estimator_", "estimator_")
_DASHES = ("-", ":", "-.", "--")


@dataclass(kw_only=True, repr=False, eq=False)
class TrainingHistoryDisplay(Display):
    """Utility above attack success, epoch by epoch.

    Two panels share the epochs: the upper one shows how useful the network is, the lower one what
    membership inference finds, with its confidence interval. Where the attack success rises while
    the utility on held-out records does not, the network learns its training records by heart.

    Create a display by `from_estimator`. All parameters are stored as attributes.

    Parameters
    ----------
    epochs : array-like of shape (n_epochs,)
        Numbers of the epochs.
    attack_success : array-like of shape (n_epochs,)
        Attack success after each epoch; NaN where it was not measured.
    attack_success_low, attack_success_high : array-like of shape (n_epochs,), default=None
        Confidence limits of the attack success. By default there is no band.
    utility : dict of str to array-like of shape (n_epochs,), default=None
        Measures of utility after each epoch, by name. By default there is no upper panel.
    chance : float or None, default=0.5
        Attack success that a blind guess reaches. None draws no line.
    budget : float or None, default=None
        Largest attack success allowed. By default no line is drawn.
    chosen : int or None, default=None
        The epoch whose parameters the network has. By default none is marked.
    attack_success_name : str, default="Attack success"
        Name of the lower vertical axis.
    utility_name : str, default="Utility"
        Name of the upper vertical axis.
    name : str, default=None
        Name of the network for the legend.

    Attributes
    ----------
    line_ : matplotlib Line2D
        The attack success.
    band_ : matplotlib PolyCollection or None
        Its confidence band, if it is drawn.
    utility_lines_ : dict of str to matplotlib Line2D
        The measures of utility, by name; empty if they are not drawn.
    chance_level_ : matplotlib Line2D or None
        Line of a blind guess, if it is drawn.
    budget_line_ : matplotlib Line2D or None
        Line of the budget, if there is one.
    chosen_lines_ : list of matplotlib Line2D
        Mark of the chosen epoch in each panel; empty if there is none.
    axes_ : ndarray of matplotlib Axes
        The panels: utility, if it is drawn, and attack success.
    ax_ : matplotlib Axes
        The panel of the attack success.
    figure_ : matplotlib Figure
        Figure with the panels.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.preprocessing import scale
    >>> from skmia.inspection import TrainingHistoryDisplay
    >>> from skmia.neural_network import MembershipScoring, RegularizedMLPClassifier
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> net = RegularizedMLPClassifier(
    ...     (10,), max_epochs=5, callbacks=[MembershipScoring()], random_state=0
    ... ).fit(scale(X), y)
    >>> display = TrainingHistoryDisplay.from_estimator(net)
    >>> list(display.utility)
    ['valid_acc', 'train_acc']
    """

    epochs: np.ndarray
    attack_success: np.ndarray
    attack_success_low: np.ndarray | None = None
    attack_success_high: np.ndarray | None = None
    utility: dict | None = None
    chance: float | None = 0.5
    budget: float | None = None
    chosen: int | None = None
    attack_success_name: str = "Attack success"
    utility_name: str = "Utility"
    name: str | None = None

    @draws(ax=PANELS)
    def plot(
        self,
        ax=None,
        *,
        name=None,
        plot_band=True,
        plot_chance_level=True,
        line_kwargs=None,
        band_kwargs=None,
        utility_kwargs=None,
        chance_level_kw=None,
        budget_kwargs=None,
        chosen_kwargs=None,
    ):
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes or array-like of two Axes, default=None
            Panels of utility and attack success; one alone is for the attack success. By default a
            new figure. Several displays may share them: give the `axes_` of the first one.
        plot_band : bool, default=True
            Whether to draw the confidence band, which only "roc_auc" has.
        plot_chance_level : bool, default=True
            Whether to draw the line of a blind guess.
        line_kwargs : dict, default=None
            Keywords for the attack success, passed to matplotlib's `plot`.
        utility_kwargs : dict, default=None
            Keywords for the measures of utility, passed to matplotlib's `plot`.
        chance_level_kw, budget_kwargs : dict, default=None
            Keywords for the lines of a blind guess and a budget, passed to matplotlib's `axhline`.
        chosen_kwargs : dict, default=None
            Keywords for the marks of the chosen epoch, passed to matplotlib's `axvline`.

        Raises
        ------
        ValueError
            If `ax` holds more than two panels.
        """
        self.axes_ = self._panels(ax)
        self.ax_ = self.axes_[-1]
        self.figure_ = self.ax_.figure
        name = self.name if name is None else name
        self._draw_attack_success(name, plot_band, line_kwargs, band_kwargs)
        color = self.line_.get_color()
        self._draw_utility(name, color, utility_kwargs)
        self.chance_level_ = self.budget_line_ = None
        if plot_chance_level and self.chance is not None:
            defaults = {"linestyle": ":", "label": once(self.ax_, "Blind guess")}
            self.chance_level_ = self._level(self.chance, defaults, chance_level_kw)
        if self.budget is not None:
            defaults = {"linestyle": "--", "label": once(self.ax_, f"Budget = {self.budget:g}")}
            self.budget_line_ = self._level(self.budget, defaults, budget_kwargs)
        self._draw_chosen(color, chosen_kwargs)
        for panel in self.axes_:
            panel.legend(fontsize="small")
        return self

    def _panels(self, ax):
        if ax is None:
            import matplotlib.pyplot as plt

            n_panels = 2 if self.utility else 1
            _, axes = plt.subplots(n_panels, sharex=True, squeeze=False, layout="constrained")
            axes = axes[:, 0]
        else:
            axes = as_panels(ax)
        if len(axes) not in (1, 2):
            raise ValueError(
                f"ax must hold one panel, for the attack success, or two, got {len(axes)}: give "
                "ax=axes of figure, axes = plt.subplots(2, sharex=True)."
            )
        axes[-1].set(xlabel="Epoch", ylabel=self.attack_success_name)
        axes[-1].locator_params(axis="x", integer=True)
        return axes

    def _draw_attack_success(self, name, plot_band, line_kwargs, band_kwargs):
        epochs = np.asarray(self.epochs)
        attack_success = np.asarray(self.attack_success, dtype=float)
        measured = np.isfinite(attack_success)
        label = self.attack_success_name if name is None else name
        defaults = {"marker": ".", "markersize": 4, "label": label}
        x = epochs[measured]
        (self.line_,) = self.ax_.plot(x, attack_success[measured], **style(defaults, line_kwargs))
        self.band_ = None
        if plot_band and self.attack_success_low is not None:
            low = np.asarray(self.attack_success_low)[measured]
            high = np.asarray(self.attack_success_high)[measured]
            self.band_ = draw_band(self.line_, x, low, high, band_kwargs)

    def _draw_utility(self, name, color, kwargs):
        self.utility_lines_ = {}
        if len(self.axes_) == 1 or not self.utility:
            return
        self.axes_[0].set(ylabel=self.utility_name)
        for i, (key, values) in enumerate(self.utility.items()):
            defaults = {"color": color, "linestyle": _DASHES[i % len(_DASHES)], "zorder": 3 - i / 9}
            defaults |= {"label": key if name is None else f"{name}: {key}"}
            keywords = style(defaults, kwargs)
            values = np.asarray(values, dtype=float)
            measured = np.isfinite(values)
            (self.utility_lines_[key],) = self.axes_[0].plot(
                np.asarray(self.epochs)[measured], values[measured], **keywords
            )

    def _level(self, height, defaults, kwargs):
        defaults = {"color": "k", "linewidth": 1, "zorder": 1, **defaults}
        return self.ax_.axhline(height, **style(defaults, kwargs))

    def _draw_chosen(self, color, kwargs):
        self.chosen_lines_ = []
        if self.chosen is None:
            return
        defaults = {"color": color, "linewidth": 1, "alpha": 0.6, "zorder": 1}
        for panel in self.axes_:
            label = f"Epoch {self.chosen} chosen"
            defaults["label"] = once(panel, label) if panel is self.ax_ else "_chosen"
            self.chosen_lines_.append(panel.axvline(self.chosen, **style(defaults, kwargs)))

    @classmethod
    @draws(
        metric=[str, None],
        utility=[list, tuple],
        budget=[Number(Real, None, None, closed="neither"), None],
        ax=PANELS,
    )
    def from_estimator(
        cls,
        estimator,
        *,
        metric=None,
        utility=("valid_acc", "train_acc"),
        budget=None,
        name=None,
        ax=None,
        plot_band=True,
        plot_chance_level=True,
        line_kwargs=None,
        band_kwargs=None,
        utility_kwargs=None,
        chance_level_kw=None,
        budget_kwargs=None,
        chosen_kwargs=None,
    ):
        """Draw the history of a network that was trained with `MembershipScoring`.

        Parameters
        ----------
        estimator : estimator
            A fitted :class:`~skmia.neural_network.RegularizedMLPClassifier` or network of skorch,
            or a pipeline, a search or a :class:`~skmia.model_selection.MemberRecorder` with one.
        metric : {"roc_auc", "balanced_accuracy", "tpr_at_fpr"}, default=None
            The attack success to draw. By default the metric of `MembershipScoring`.
        utility : sequence of str, default=("valid_acc", "train_acc")
            Keys of the history for the upper panel; those not recorded are left out.
        budget : float, default=None
            Largest attack success allowed. By default that of `MembershipScoring`, if it is one for
            the metric drawn.

        Raises
        ------
        ValueError
            If the history has no such attack success.
        TypeError
            If the estimator keeps no history.
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.
        """
        net = _net_of(estimator)
        scoring = _scoring_of(net)
        own = getattr(scoring, "metric", "roc_auc")
        metric = own if metric is None else metric
        key = f"mia_{metric}"
        if not np.isfinite(_column(net.history, key)).any():
            raise ValueError(
                f"The history has no figures {key!r}: train the network with "
                "callbacks=[MembershipScoring()], which records mia_roc_auc, "
                "mia_balanced_accuracy and, where there are enough non-members, mia_tpr_at_fpr."
            )
        limits = [_column(net.history, f"{key}_{end}") for end in ("low", "high")]
        has_limits = np.isfinite(limits).any()
        columns = {name: _column(net.history, name) for name in utility}
        chance = 0.5 if metric != "tpr_at_fpr" else getattr(scoring, "false_positive_rate", None)
        if budget is None and metric == own:
            budget = getattr(scoring, "budget", None)
        return cls(
            epochs=np.array([row["epoch"] for row in net.history]),
            attack_success=_column(net.history, key),
            attack_success_low=limits[0] if has_limits else None,
            attack_success_high=limits[1] if has_limits else None,
            utility={name: column for name, column in columns.items() if np.isfinite(column).any()},
            chance=chance,
            budget=budget,
            chosen=getattr(scoring, "best_epoch_", None),
            attack_success_name=key,
            name=name,
        )


def _net_of(estimator):
    """Return the network of skorch within an estimator; skorch itself is not needed for it."""
    while not hasattr(estimator, "history"):
        check_is_fitted(estimator)
        inner = [getattr(estimator, name) for name in _INNER if hasattr(estimator, name)]
        inner += [step for _, step in getattr(estimator, "steps", [])[-1:]]
        if not inner:
            raise TypeError(
                f"{type(estimator).__name__} keeps no history of its epochs: give a "
                "RegularizedMLPClassifier or a network of skorch, or a pipeline or a search that "
                "was refitted with one."
            )
        estimator = inner[0]
    if not estimator.history:
        raise NotFittedError(f"This {type(estimator).__name__} is not trained yet: call fit.")
    return estimator


def _scoring_of(net):
    """Return the fitted MembershipScoring of a network, None if it has none."""
    callbacks = [callback for _, callback in getattr(net, "callbacks_", [])]
    return next(filter(lambda callback: hasattr(callback, "best_attack_success_"), callbacks), None)


def _column(history, key):
    return np.array([row.get(key, np.nan) for row in history], dtype=float)
