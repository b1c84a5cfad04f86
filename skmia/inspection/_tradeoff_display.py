"""Utility against attack success of the candidates of a search."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils.validation import check_is_fitted

from skmia._tradeoff import read_tradeoff
from skmia.inspection._axes import Display, axes_or_new, draws, once, style
from skmia.utils._constraints import Number


@dataclass(kw_only=True, repr=False, eq=False)
class TradeoffDisplay(Display):
    """Utility against attack success, one point for each candidate of a search.

    The upper left is where a model should be: useful, and private. The candidates that no other
    beats in both, the Pareto front, are filled and joined by a line of steps; the error bars are
    one standard error over the splits. A candidate without both numbers, as after a failed fit, is
    not drawn.

    Create a display by `from_search`. All parameters are stored as attributes.

    Parameters
    ----------
    attack_success : ndarray of shape (n_candidates,)
        Mean attack success of each candidate over the splits; higher for those that give more away.
    utility : ndarray of shape (n_candidates,)
        Mean utility of each candidate over the splits.
    attack_success_error, utility_error : ndarray of shape (n_candidates,), default=None
        Standard errors of these means. By default, and where they are NaN, there are no bars.
    front : ndarray of int, default=None
        Candidates on the Pareto front, by ascending attack success. By default no front is drawn.
    chosen : int, default=None
        The candidate that the search chose. By default none is marked.
    budget : float, default=None
        Largest attack success allowed. By default no line is drawn.
    labels : list of str, default=None
        A text for each candidate. By default there are none.
    attack_success_name : str, default="Attack success"
        Name of the horizontal axis.
    utility_name : str, default="Utility"
        Name of the vertical axis.
    name : str, default=None
        Name of the search for the legend.

    Attributes
    ----------
    points_ : matplotlib PathCollection
        All candidates.
    front_ : matplotlib Line2D
        The Pareto front; without points if there is none.
    errorbar_ : matplotlib ErrorbarContainer or None
        The error bars, if there are standard errors.
    chosen_ : matplotlib Line2D or None
        Mark of the chosen candidate, if there is one.
    budget_line_ : matplotlib Line2D or None
        Line of the budget, if there is one.
    texts_ : list of matplotlib Annotation
        The texts beside the points.
    ax_, figure_ : matplotlib Axes and Figure
        What the points are drawn on.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.inspection import TradeoffDisplay
    >>> def neg_leaves(estimator, X, y):  # in the place of attack success
    ...     return -estimator.get_n_leaves()
    >>> search = GridSearchCV(
    ...     DecisionTreeClassifier(random_state=0),
    ...     {"max_depth": [1, 2, 3]},
    ...     scoring={"accuracy": "accuracy", "neg_leaves": neg_leaves},
    ...     refit="accuracy",
    ... ).fit(*load_iris(return_X_y=True))
    >>> display = TradeoffDisplay.from_search(search, privacy="leaves", annotate="max_depth")
    >>> display.attack_success
    array([2. , 3. , 4.6])
    """

    attack_success: np.ndarray
    utility: np.ndarray
    attack_success_error: np.ndarray | None = None
    utility_error: np.ndarray | None = None
    front: np.ndarray | None = None
    chosen: int | None = None
    budget: float | None = None
    labels: list | None = None
    attack_success_name: str = "Attack success"
    utility_name: str = "Utility"
    name: str | None = None

    @draws()
    def plot(
        self,
        ax=None,
        *,
        name=None,
        point_kwargs=None,
        front_kwargs=None,
        errorbar_kwargs=None,
        chosen_kwargs=None,
        budget_kwargs=None,
    ):
        """Draw the candidates.

        Parameters
        ----------
        point_kwargs : dict, default=None
            Keywords for the candidates, passed to matplotlib's `scatter`.
        front_kwargs : dict, default=None
            Keywords for the Pareto front, passed to matplotlib's `plot`.
        errorbar_kwargs : dict, default=None
            Keywords for the error bars, passed to matplotlib's `errorbar`.
        chosen_kwargs : dict, default=None
            Keywords for the mark of the chosen candidate, passed to matplotlib's `plot`.
        budget_kwargs : dict, default=None
            Keywords for the line of the budget, passed to matplotlib's `axvline`.
        """
        self.ax_ = ax = axes_or_new(ax)
        self.figure_ = ax.figure
        self._draw_front(name, front_kwargs)
        color = self.front_.get_color()
        self._draw_points(color, point_kwargs)
        self._draw_errors(color, errorbar_kwargs)
        self._draw_chosen(color, chosen_kwargs)
        self._draw_budget(budget_kwargs)
        self._draw_labels()
        ax.set(xlabel=self.attack_success_name, ylabel=self.utility_name)
        ax.legend()
        return self

    def _draw_front(self, name, kwargs):
        front = np.array([], dtype=int) if self.front is None else self.front
        name = self.name if name is None else name
        if name is None:
            name = "_no front" if self.front is None else "Pareto front"
        defaults = {"drawstyle": "steps-post", "marker": "o", "zorder": 3, "label": name}
        x, y = np.asarray(self.attack_success)[front], np.asarray(self.utility)[front]
        (self.front_,) = self.ax_.plot(x, y, **style(defaults, kwargs))

    def _draw_points(self, color, kwargs):
        defaults = {"zorder": 2.5, "label": once(self.ax_, "Candidates")}
        if "c" not in (kwargs or {}):  # scatter's c, a value for each point, suffers no other color
            defaults |= {"color": color, "facecolor": "none"}
        measured = self._measured
        self.points_ = self.ax_.scatter(
            np.asarray(self.attack_success)[measured],
            np.asarray(self.utility)[measured],
            **style(defaults, kwargs, "PathCollection"),
        )

    def _draw_errors(self, color, kwargs):
        self.errorbar_ = None
        measured = self._measured
        x_error, y_error = (
            None if error is None or np.isnan(error).all() else np.asarray(error)[measured]
            for error in (self.attack_success_error, self.utility_error)
        )
        if x_error is None and y_error is None:
            return
        defaults = {"linestyle": "none", "color": color, "elinewidth": 1, "zorder": 1.5}
        self.errorbar_ = self.ax_.errorbar(
            np.asarray(self.attack_success)[measured],
            np.asarray(self.utility)[measured],
            xerr=x_error,
            yerr=y_error,
            **style({**defaults, "alpha": 0.4}, kwargs),
        )

    def _draw_chosen(self, color, kwargs):
        self.chosen_ = None
        if self.chosen is None or not self._measured[self.chosen]:
            return
        defaults = {"marker": "*", "markersize": 17, "linestyle": "none", "zorder": 4}
        defaults |= {"color": color, "markeredgecolor": "k", "label": once(self.ax_, "Chosen")}
        x, y = self.attack_success[self.chosen], self.utility[self.chosen]
        (self.chosen_,) = self.ax_.plot(x, y, **style(defaults, kwargs))

    def _draw_budget(self, kwargs):
        self.budget_line_ = None
        if self.budget is None:
            return
        defaults = {"color": "k", "linestyle": "--", "linewidth": 1, "zorder": 1}
        defaults["label"] = once(self.ax_, f"Budget = {self.budget:g}")
        self.budget_line_ = self.ax_.axvline(self.budget, **style(defaults, kwargs))

    def _draw_labels(self):
        # to the upper left of the front there is no candidate
        self.texts_ = [
            self.ax_.annotate(
                self.labels[i],
                (self.attack_success[i], self.utility[i]),
                xytext=(-9, 5) if i == self.chosen else (-5, 5),
                textcoords="offset points",
                ha="right",
                fontsize="small",
            )
            for i in np.flatnonzero(self._measured if self.labels is not None else [])
        ]

    @property
    def _measured(self):
        return np.isfinite(self.attack_success) & np.isfinite(self.utility)

    @classmethod
    @draws(
        utility=[str, None],
        privacy=[str, None],
        budget=[Number(Real, None, None, closed="neither"), None],
        annotate=[str, None],
    )
    def from_search(
        cls,
        search,
        *,
        utility=None,
        privacy=None,
        budget=None,
        annotate=None,
        name=None,
        ax=None,
        point_kwargs=None,
        front_kwargs=None,
        errorbar_kwargs=None,
        chosen_kwargs=None,
        budget_kwargs=None,
    ):
        """Draw the candidates of a fitted search that scored utility and privacy.

        Parameters
        ----------
        search : GridSearchCV, RandomizedSearchCV or the like
            A search fitted with two scorers or more.
        utility : str, default=None
            Name of the scorer of utility. By default `search.refit.utility`, or else "accuracy".
        privacy : str, default=None
            Name of the scorer whose negative is the attack success, with or without ``"neg_"``. By
            default `search.refit.privacy`, or else "mia_roc_auc".
        budget : float, default=None
            Largest attack success allowed. By default `search.refit.budget`, or else no line.
        annotate : str, default=None
            Name of a parameter, or its end after "__", whose values are written beside the points.

        Raises
        ------
        ValueError
            If the search has no such scorers, its scores of attack success are positive, no
            candidate has both, or `annotate` names no parameter or several.
        sklearn.exceptions.NotFittedError
            If the search is not fitted.
        """
        check_is_fitted(search, "cv_results_")
        refit = getattr(search, "refit", None)
        utility = _first(utility, getattr(refit, "utility", None), "accuracy")
        privacy = _first(privacy, getattr(refit, "privacy", None), "mia_roc_auc")
        tradeoff = read_tradeoff(search.cv_results_, utility, privacy)
        if not tradeoff.measured.any():
            raise ValueError(
                f"None of the {len(tradeoff.utility)} candidates has scores of both {utility!r} "
                f"and {privacy!r} on all splits; error_score='raise' in the search shows why."
            )
        return cls(
            attack_success=tradeoff.attack_success,
            utility=tradeoff.utility,
            attack_success_error=tradeoff.attack_success_error,
            utility_error=tradeoff.utility_error,
            front=tradeoff.front(),
            chosen=getattr(search, "best_index_", None),
            budget=_first(budget, getattr(refit, "budget", None)),
            labels=None if annotate is None else _values(search.cv_results_["params"], annotate),
            attack_success_name=privacy.removeprefix("neg_"),
            utility_name=utility,
            name=name,
        )


def _first(*values):
    return next((value for value in values if value is not None), None)


def _values(params, name):
    """Return the value of a parameter for each candidate, as text; empty where it has none."""
    present = list(dict.fromkeys(key for candidate in params for key in candidate))
    ending = [key for key in present if key.endswith(f"__{name}")]
    found = [name] if name in present else ending
    if len(found) != 1:
        raise ValueError(
            f"annotate={name!r} must name one parameter of the search, "
            f"got {len(found)} that match; name one of {present}."
        )
    values = [candidate.get(found[0], "") for candidate in params]
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values]
