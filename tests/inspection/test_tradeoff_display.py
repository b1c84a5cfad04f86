"""The trade-off display, on fitted searches of scikit-learn."""

from functools import cache

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.datasets import load_iris
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, ShuffleSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skmia.inspection import TradeoffDisplay

X, Y = load_iris(return_X_y=True)


def neg_leakage(estimator, X, y):
    """Stand in for an attack: more leaves leak more."""
    tree = estimator[-1] if hasattr(estimator, "steps") else estimator
    return -0.5 - tree.get_n_leaves() / 100


class UnderBudget:
    """A rule with the three attributes that the display reads."""

    def __init__(self, utility="accuracy", privacy="mia_roc_auc", budget=0.535):
        self.utility, self.privacy, self.budget = utility, privacy, budget

    def __call__(self, cv_results):
        within = -cv_results["mean_test_neg_mia_roc_auc"] <= self.budget
        return int(np.argmax(np.where(within, cv_results["mean_test_accuracy"], -1)))


def searched(grid=None, *, estimator=None, **params):
    params = {
        "scoring": {"accuracy": "accuracy", "neg_mia_roc_auc": neg_leakage},
        "refit": UnderBudget(),
        "cv": 4,
        **params,
    }
    estimator = DecisionTreeClassifier(random_state=0) if estimator is None else estimator
    return GridSearchCV(estimator, grid or {"max_depth": [1, 2, 3, 5, 8]}, **params).fit(X, Y)


@cache
def usual():
    """Return the usual search, which displays read only."""
    return searched()


def legend_of(display):
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


# Stored values


def test_stores_what_the_search_measured():
    search = usual()
    display = TradeoffDisplay.from_search(search)
    results = search.cv_results_
    np.testing.assert_allclose(display.utility, results["mean_test_accuracy"])
    np.testing.assert_allclose(display.attack_success, -results["mean_test_neg_mia_roc_auc"])
    for error, name in (
        (display.utility_error, "accuracy"),
        (display.attack_success_error, "neg_mia_roc_auc"),
    ):
        # scikit-learn divides by n; the standard error of a mean is s / sqrt(n)
        np.testing.assert_allclose(error, results[f"std_test_{name}"] / np.sqrt(3), atol=1e-12)
    assert display.chosen == search.best_index_
    assert display.budget == 0.535
    assert (display.attack_success_name, display.utility_name) == ("mia_roc_auc", "accuracy")


def test_front_holds_who_is_not_beaten():
    display = TradeoffDisplay.from_search(usual())
    points = list(zip(display.attack_success, display.utility, strict=True))
    kept = [
        i
        for i, (leakage, utility) in enumerate(points)
        if not any(
            other[0] <= leakage and other[1] >= utility and other != (leakage, utility)
            for other in points
        )
    ]
    assert set(display.front) == set(kept)
    x, y = display.front_.get_data()
    np.testing.assert_array_equal(x, display.attack_success[display.front])
    np.testing.assert_array_equal(y, display.utility[display.front])
    assert (np.diff(x) >= 0).all()
    assert display.front_.get_drawstyle() == "steps-post"


def test_names_and_budget_of_the_refit_rule():
    scoring = {"f1": "f1_macro", "neg_leaves": neg_leakage}

    def first(results):
        return 0

    first.utility, first.privacy, first.budget = "f1", "leaves", 0.52
    search = searched(scoring=scoring, refit=first)
    display = TradeoffDisplay.from_search(search)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("leaves", "f1")
    assert display.budget == 0.52


def test_explicit_arguments_win():
    scoring = {
        "accuracy": "accuracy",
        "f1": "f1_macro",
        "neg_mia_roc_auc": neg_leakage,
        "neg_other": neg_leakage,
    }
    search = searched(scoring=scoring)
    display = TradeoffDisplay.from_search(search, utility="f1", privacy="neg_other", budget=0.6)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("other", "f1")
    assert display.budget == 0.6
    np.testing.assert_allclose(display.utility, search.cv_results_["mean_test_f1"])


@pytest.mark.parametrize("refit", [False, "accuracy"])
def test_other_searches_have_default_names_and_no_budget(refit):
    search = searched(refit=refit)
    display = TradeoffDisplay.from_search(search)
    assert (display.attack_success_name, display.utility_name) == ("mia_roc_auc", "accuracy")
    assert display.budget is display.budget_line_ is None
    assert display.chosen == (search.best_index_ if refit else None)
    assert (display.chosen_ is None) == (not refit)


# Drawing


def test_labels_legend_and_artists():
    search = usual()
    display = TradeoffDisplay.from_search(search)
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("mia_roc_auc", "accuracy")
    assert legend_of(display) == ["Pareto front", "Candidates", "Chosen", "Budget = 0.535"]
    np.testing.assert_array_equal(
        display.points_.get_offsets(), np.column_stack([display.attack_success, display.utility])
    )
    assert set(display.budget_line_.get_xdata()) == {0.535}
    best = search.best_index_
    assert display.chosen_.get_xdata() == [display.attack_success[best]]
    assert display.chosen_.get_ydata() == [display.utility[best]]
    assert display.texts_ == []
    assert display.figure_ is ax.figure


def test_error_bars_are_one_standard_error():
    display = TradeoffDisplay.from_search(usual())
    assert display.errorbar_.has_xerr
    assert display.errorbar_.has_yerr
    across, along = display.errorbar_.lines[2]
    for bars, axis, error in (
        (across, 0, display.attack_success_error),
        (along, 1, display.utility_error),
    ):
        ends = np.array([segment[:, axis] for segment in bars.get_segments()])
        np.testing.assert_allclose(np.diff(ends, axis=1)[:, 0], 2 * error, atol=1e-12)


def test_one_split_has_no_error_bars():
    display = TradeoffDisplay.from_search(searched(cv=ShuffleSplit(1, random_state=0)))
    assert np.isnan(display.attack_success_error).all()
    assert display.errorbar_ is None
    assert len(display.points_.get_offsets()) == 5


def test_errors_of_one_kind_are_enough_for_bars():
    display = TradeoffDisplay(
        attack_success=[0.5, 0.6], utility=[0.7, 0.8], utility_error=[0.01, 0.02]
    ).plot()
    assert display.errorbar_.has_yerr
    assert not display.errorbar_.has_xerr


def test_failed_candidates_are_skipped():
    with (
        pytest.warns(FitFailedWarning, match="4 fits failed"),
        pytest.warns(UserWarning, match="non-finite"),
    ):
        search = searched({"max_depth": [2, -1, 3]}, refit="accuracy", error_score=np.nan)
    display = TradeoffDisplay.from_search(search, annotate="max_depth")
    assert np.isnan(display.utility[1])
    assert len(display.points_.get_offsets()) == 2
    assert [text.get_text() for text in display.texts_] == ["2", "3"]
    assert 1 not in display.front
    assert len(display.errorbar_.lines[2][0].get_segments()) == 2


def test_failed_chosen_candidate_is_not_marked():
    display = TradeoffDisplay(attack_success=[0.5, np.nan], utility=[0.7, np.nan], chosen=1).plot()
    assert display.chosen_ is None


def test_display_of_points_alone():
    display = TradeoffDisplay(attack_success=[0.5, 0.6], utility=[0.7, 0.8]).plot()
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Attack success", "Utility")
    assert len(display.front_.get_xdata()) == 0
    assert len(display.points_.get_offsets()) == 2
    assert display.errorbar_ is display.chosen_ is display.budget_line_ is None
    assert legend_of(display) == ["Candidates"]


def test_style_keywords_win_by_any_name():
    display = TradeoffDisplay.from_search(
        usual(),
        name="tree",
        point_kwargs={"ec": "r", "s": 80},
        front_kwargs={"c": "b", "marker": "s"},
        errorbar_kwargs={"ecolor": "y", "alpha": 1},
        chosen_kwargs={"ms": 5, "marker": "D"},
        budget_kwargs={"ls": ":"},
    )
    assert tuple(display.points_.get_edgecolor()[0]) == to_rgba("r")
    assert display.points_.get_sizes() == [80]
    assert (display.front_.get_color(), display.front_.get_marker()) == ("b", "s")
    assert display.front_.get_label() == "tree"
    assert tuple(display.errorbar_.lines[2][0].get_color()[0]) == to_rgba("y")
    assert (display.chosen_.get_markersize(), display.chosen_.get_marker()) == (5, "D")
    assert display.budget_line_.get_linestyle() == ":"


def test_points_can_be_colored():
    display = TradeoffDisplay(attack_success=[0.5, 0.6], utility=[0.7, 0.8])
    red = display.plot(point_kwargs={"color": "r"}).points_
    assert tuple(red.get_edgecolor()[0]) == to_rgba("r")
    assert len(red.get_facecolor()) == 0  # hollow
    by_value = display.plot(point_kwargs={"c": [1, 2], "cmap": "gray"}).points_
    np.testing.assert_array_equal(by_value.get_array(), [1, 2])


def test_several_searches_share_axes():
    _, ax = plt.subplots()
    first = TradeoffDisplay.from_search(usual(), name="gini", ax=ax)
    other = searched(estimator=DecisionTreeClassifier(criterion="entropy", random_state=0))
    display = TradeoffDisplay.from_search(other, name="entropy", ax=ax)
    assert display.ax_ is ax
    for i, each in enumerate((first, display)):
        assert to_rgba(each.front_.get_color()) == to_rgba(f"C{i}")
    assert legend_of(display) == ["gini", "Candidates", "Chosen", "Budget = 0.535", "entropy"]
    assert len(ax.collections) == 2 * (1 + 2)  # points and two kinds of error bars


def test_plot_again_with_another_name():
    display = TradeoffDisplay.from_search(usual())
    first = display.ax_
    assert display.plot(name="again") is display
    assert display.ax_ is not first
    assert legend_of(display)[0] == "again"


# Texts beside the points


def test_annotate_a_parameter():
    display = TradeoffDisplay.from_search(usual(), annotate="max_depth")
    assert [text.get_text() for text in display.texts_] == ["1", "2", "3", "5", "8"]
    assert display.texts_[2].xy == (display.attack_success[2], display.utility[2])


def test_annotate_takes_the_end_of_a_nested_name():
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0))
    name = "decisiontreeclassifier__ccp_alpha"
    search = searched({name: [0.0, 1 / 3]}, estimator=pipeline)
    for annotate in ("ccp_alpha", name):
        assert TradeoffDisplay.from_search(search, annotate=annotate).labels == ["0", "0.333333"]


def test_annotate_leaves_out_candidates_without_the_parameter():
    search = searched([{"max_depth": [1, None]}, {"criterion": ["entropy"]}])
    assert TradeoffDisplay.from_search(search, annotate="max_depth").labels == ["1", "None", ""]


def test_annotate_refuses_unknown_and_ambiguous_names():
    with pytest.raises(ValueError, match=r"annotate='depth' must name one .* got 0 .*'max_depth'"):
        TradeoffDisplay.from_search(usual(), annotate="depth")
    pipeline = make_pipeline(StandardScaler(), StandardScaler(), DecisionTreeClassifier())
    grid = {"standardscaler-1__copy": [True], "standardscaler-2__copy": [True]}
    with pytest.raises(ValueError, match="got 2 that match"):
        TradeoffDisplay.from_search(searched(grid, estimator=pipeline), annotate="copy")


# Refusals


def test_search_must_be_fitted():
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1]}, refit=UnderBudget())
    with pytest.raises(NotFittedError):
        TradeoffDisplay.from_search(search)


def test_names_must_be_those_of_scorers():
    search = usual()
    with pytest.raises(ValueError, match="no scores 'recall' for utility"):
        TradeoffDisplay.from_search(search, utility="recall")
    with pytest.raises(ValueError, match="no scores 'mia_advantage' for privacy"):
        TradeoffDisplay.from_search(search, privacy="mia_advantage")


def test_some_candidate_must_be_measured():
    with pytest.warns(UserWarning, match="non-finite"):
        search = searched(
            refit=False, scoring={"accuracy": "accuracy", "neg_mia_roc_auc": lambda *_: np.nan}
        )
    with pytest.raises(ValueError, match="None of the 5 candidates has scores of both"):
        TradeoffDisplay.from_search(search)


@pytest.mark.usefixtures("no_matplotlib")
def test_matplotlib_is_named_where_it_lacks():
    for call in (
        TradeoffDisplay(attack_success=[0.5], utility=[0.5]).plot,
        lambda: TradeoffDisplay.from_search(None),
    ):
        with pytest.raises(ImportError, match=r'pip install "skmia\[plot\]"'):
            call()
