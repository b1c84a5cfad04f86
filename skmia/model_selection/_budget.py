"""Choose the candidate of a search by utility under a privacy budget."""

import warnings
from numbers import Real

import numpy as np
from scipy.stats import t

from skmia._tradeoff import read_tradeoff
from skmia.exceptions import BudgetWarning
from skmia.utils._constraints import Names, Number, validate_params

_EXAMPLE = "0.55 for an AUC or accuracy of at most 0.55"


@validate_params(cv_results=[dict], utility=[str], privacy=[str])
def pareto_front(cv_results, *, utility="accuracy", privacy="mia_roc_auc"):
    """Return the candidates of a search that no other beats in both utility and privacy.

    Parameters
    ----------
    cv_results : dict
        The attribute `cv_results_` of a fitted search.
    utility : str, default="accuracy"
        Name of the scorer to be high.
    privacy : str, default="mia_roc_auc"
        Name of the scorer of attack success, with or without ``"neg_"``. As all scorers it is
        higher for more private models.

    Returns
    -------
    ndarray of int, shape (n_front,)
        Candidates by ascending attack success, and so by ascending utility: positions in
        ``cv_results["params"]``. Candidates that failed are left out.

    Raises
    ------
    ValueError
        If the results have no such scorers.

    See Also
    --------
    skmia.inspection.TradeoffDisplay : Draw all candidates and the front.

    Examples
    --------
    >>> from skmia.model_selection import pareto_front
    >>> accuracy, privacy = [0.9, 0.8, 0.7], [-0.7, -0.5, -0.6]
    >>> results = {"mean_test_accuracy": accuracy, "split0_test_accuracy": accuracy}
    >>> results |= {f"{of}_test_neg_mia_roc_auc": privacy for of in ("mean", "split0")}
    >>> pareto_front(results)
    array([1, 0])
    """
    return read_tradeoff(cv_results, utility, privacy).front()


class best_under_budget:  # noqa: N801 - used like a function, as functools.partial is
    r"""Choose the most useful candidate of a search that keeps to a privacy budget.

    Given as `refit` to a search. A candidate keeps to the budget if

    .. math:: \bar{\ell} + m \, s / \sqrt{k} \le b

    where :math:`\bar{\ell}` and :math:`s` are mean and standard deviation of its attack success
    over :math:`k` splits, :math:`b` is the budget, and :math:`m` is the `rule`'s allowance for
    uncertainty. The most useful of these is chosen, of equally useful ones the one that leaks less.

    Parameters
    ----------
    utility : str, default="accuracy"
        Name of the scorer to be high; "score" where the search has one scorer only.
    privacy : str, default="mia_roc_auc"
        Name of the scorer of attack success, with or without ``"neg_"``. As all scorers it is
        higher for more private models: attack success is its negative.
    budget : float
        The most that may leak, on the scale of the metric: an AUC or accuracy of 0.55, say.
    rule : {"upper_bound", "one_standard_error", "mean"}, default="upper_bound"
        "upper_bound": the upper end of the one-sided interval at `confidence_level`, :math:`m` is
        the quantile of Student's t with :math:`k - 1` degrees of freedom. "one_standard_error":
        :math:`m = 1`. "mean": :math:`m = 0`, the mean alone, for a search with one split.
    confidence_level : float, default=0.95
        Of "upper_bound", in (0, 1).
    fallback : {"most_private", "raise"}, default="most_private"
        If no candidate keeps to the budget, "most_private" takes the one with the lowest upper end,
        with a warning. "raise" raises an error, whose attribute `cv_results` holds the results,
        since the search then has none.

    Raises
    ------
    ValueError
        If a parameter is out of its range. In a search, if the scorers are missing, there is one
        split only for a rule that needs the spread, no candidate could be measured, or none keeps
        to the budget and `fallback` is "raise".

    Warns
    -----
    skmia.exceptions.BudgetWarning
        In a search, if no candidate keeps to the budget.

    Notes
    -----
    The splits of a cross-validation share training records, so that their spread understates the
    variance somewhat, and the chosen candidate's attack success is the result of a choice. Measure
    it anew, on records that the search has not seen, with :func:`skmia.audit`.

    Successive halving takes one scorer and chooses by it alone: it never asks `refit`.

    References
    ----------
    .. [1] L. Breiman, J. Friedman, R. Olshen and C. Stone, "Classification and Regression Trees",
       1984, section 3.4.3 (the one-standard-error rule).

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.model_selection import MemberRecorder, best_under_budget
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> search = GridSearchCV(
    ...     MemberRecorder(DecisionTreeClassifier(random_state=0)),
    ...     {"estimator__max_depth": [1, None]},
    ...     scoring=["accuracy", "neg_mia_roc_auc"],
    ...     refit=best_under_budget(privacy="mia_roc_auc", budget=0.53),
    ... ).fit(X, y)
    >>> search.best_params_
    {'estimator__max_depth': 1}
    >>> print(search.refit.explain(search.cv_results_))
    1 of 2 candidates keep to the budget, mia_roc_auc of at most 0.53 at the upper bound ...
    """

    @validate_params(
        utility=[str],
        privacy=[str],
        budget=[Number(Real, None, None, closed="neither", example=_EXAMPLE)],
        rule=[Names("upper_bound", "one_standard_error", "mean")],
        fallback=[Names("most_private", "raise")],
    )
    def __init__(
        self,
        utility="accuracy",
        privacy="mia_roc_auc",
        *,
        budget,
        rule="upper_bound",
        confidence_level=0.95,
        fallback="most_private",
    ):
        self.utility = utility
        self.privacy = privacy
        self.budget = budget
        self.rule = rule
        self.confidence_level = confidence_level
        self.fallback = fallback

    def __repr__(self):
        """Return the call that makes this rule."""
        return f"best_under_budget({', '.join(f'{k}={v!r}' for k, v in vars(self).items())})"

    def __call__(self, cv_results):
        """Return the position of the chosen candidate in ``cv_results["params"]``."""
        _, choice, keeps, _ = self._choose(cv_results)
        if not keeps.any():
            message = self.explain(cv_results)
            if self.fallback == "raise":
                error = ValueError(f"{message} The error's attribute cv_results holds the results.")
                error.cv_results = cv_results
                raise error
            warnings.warn(message, BudgetWarning, stacklevel=2)
        return int(choice)

    def explain(self, cv_results):
        """Say which candidate is chosen and why.

        Parameters
        ----------
        cv_results : dict
            The attribute `cv_results_` of a search.

        Returns
        -------
        str
            A few sentences.
        """
        tradeoff, choice, keeps, upper = self._choose(cv_results)
        best = int(np.nanargmax(tradeoff.utility))

        def _described(i):
            return (
                f"candidate {i} {cv_results['params'][i]} with {self.utility} "
                f"{tradeoff.utility[i]:.3f} and {self.privacy} {tradeoff.attack_success[i]:.3f} "
                f"(with allowance {upper[i]:.3f})"
            )

        text = (
            f"{keeps.sum()} of {len(keeps)} candidates keep to the budget, {self.privacy} of at "
            f"most {self.budget:g} {self._allowance()}, over {tradeoff.n_splits} splits. "
        )
        reason = "most useful" if keeps.any() else "most private"
        text += f"Chosen as the {reason}: {_described(choice)}."
        if best != choice:
            text += f" Without the budget: {_described(best)}."
        return text

    def _allowance(self):
        if self.rule == "upper_bound":
            return f"at the upper bound of {self.confidence_level:.0%} confidence"
        return "with one standard error" if self.rule == "one_standard_error" else "in the mean"

    def _choose(self, cv_results):
        """Return the trade-off, the choice, who keeps to the budget, and all upper ends."""
        tradeoff = read_tradeoff(cv_results, self.utility, self.privacy)
        if not tradeoff.measured.any():
            raise ValueError(
                f"No candidate has both a score {self.utility!r} and a score {self.privacy!r}: all "
                "failed. Run the search with error_score='raise' to see why."
            )
        upper = self._upper_ends(tradeoff)
        keeps = tradeoff.measured & (upper <= self.budget)
        allowed = np.flatnonzero(keeps if keeps.any() else tradeoff.measured)
        # the last key goes first: the upper end where none keeps to the budget
        keys = (upper, -tradeoff.utility) if keeps.any() else (-tradeoff.utility, upper)
        choice = allowed[np.lexsort([key[allowed] for key in keys])[0]]
        return tradeoff, choice, keeps, upper

    def _upper_ends(self, tradeoff):
        if self.rule == "mean":
            return tradeoff.attack_success
        if tradeoff.n_splits < 2:
            raise ValueError(
                f"rule={self.rule!r} needs the spread over at least two splits, and the search has "
                "one. Use more splits, or rule='mean'."
            )
        is_bound = self.rule == "upper_bound"
        factor = t.ppf(self.confidence_level, tradeoff.n_splits - 1) if is_bound else 1.0
        return tradeoff.attack_success + factor * tradeoff.attack_success_error
