"""The display of a training's history, of networks and of what holds them."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgba
from sklearn.datasets import load_breast_cancer
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier

from skmia.inspection import TrainingHistoryDisplay
from skmia.model_selection import MemberRecorder
from skmia.neural_network import MembershipScoring, RegularizedMLPClassifier

X, Y = load_breast_cancer(return_X_y=True)
X = scale(X).astype(np.float32)


def network(*, false_positive_rate=0.2, **params):
    scoring = MembershipScoring(false_positive_rate=false_positive_rate, n_records=40, **params)
    return RegularizedMLPClassifier(
        (5,), max_epochs=3, lr=0.01, callbacks=[scoring], random_state=0
    )


@pytest.fixture(scope="module")
def fitted():
    return network(budget=0.9).fit(X, Y)


def legend_of(panel):
    return [text.get_text() for text in panel.get_legend().get_texts()]


# Stored values


def test_stores_what_the_history_holds(fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted)
    history = fitted.net_.history
    np.testing.assert_array_equal(display.epochs, [1, 2, 3])
    np.testing.assert_array_equal(display.attack_success, history[:, "mia_roc_auc"])
    np.testing.assert_array_equal(display.attack_success_low, history[:, "mia_roc_auc_low"])
    np.testing.assert_array_equal(display.attack_success_high, history[:, "mia_roc_auc_high"])
    assert list(display.utility) == ["valid_acc", "train_acc"]
    for key, values in display.utility.items():
        np.testing.assert_array_equal(values, history[:, key])
    scoring = dict(fitted.net_.callbacks_)["membership_scoring"]
    assert display.chosen == scoring.best_epoch_
    assert (display.budget, display.chance) == (0.9, 0.5)
    assert (display.attack_success_name, display.utility_name) == ("mia_roc_auc", "Utility")


def test_other_metrics(fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted, metric="tpr_at_fpr")
    history = fitted.net_.history
    np.testing.assert_array_equal(display.attack_success, history[:, "mia_tpr_at_fpr"])
    assert display.chance == 0.2
    assert display.budget is display.attack_success_low is display.band_ is None
    display = TrainingHistoryDisplay.from_estimator(fitted, metric="balanced_accuracy", budget=0.55)
    np.testing.assert_array_equal(display.attack_success, history[:, "mia_balanced_accuracy"])
    assert (display.chance, display.budget) == (0.5, 0.55)
    own = network(metric="balanced_accuracy", budget=0.99).fit(X, Y)
    display = TrainingHistoryDisplay.from_estimator(own)
    assert (display.attack_success_name, display.budget) == ("mia_balanced_accuracy", 0.99)


def test_history_without_a_callback_still_has_figures(fitted):
    # what a history loaded from a file comes down to
    net = SimpleNamespace(history=[dict(row) for row in fitted.net_.history])
    display = TrainingHistoryDisplay.from_estimator(net)
    np.testing.assert_array_equal(display.attack_success, fitted.net_.history[:, "mia_roc_auc"])
    assert display.budget is display.chosen is None
    assert display.chosen_lines_ == []
    assert TrainingHistoryDisplay.from_estimator(net, metric="tpr_at_fpr").chance is None


@pytest.mark.parametrize(
    "holder",
    [
        lambda net: net.fit(X, Y).net_,
        lambda net: make_pipeline(StandardScaler(), net).fit(X, Y),
        lambda net: GridSearchCV(net, {"lr": [0.01]}, cv=2).fit(X, Y),
        lambda net: GridSearchCV(
            make_pipeline(StandardScaler(), net), {"regularizedmlpclassifier__lr": [0.01]}, cv=2
        ).fit(X, Y),
        lambda net: MemberRecorder(net).fit(X, Y),
    ],
)
def test_finds_the_network_within(holder):
    display = TrainingHistoryDisplay.from_estimator(holder(network()))
    assert len(display.line_.get_xdata()) == 3
    assert display.attack_success_name == "mia_roc_auc"


def test_plain_skorch_net():
    net = NeuralNetClassifier(
        torch.nn.Linear(30, 2),
        criterion=torch.nn.CrossEntropyLoss,
        callbacks=[MembershipScoring()],
        max_epochs=2,
        verbose=0,
    ).fit(X, Y)
    display = TrainingHistoryDisplay.from_estimator(net)
    np.testing.assert_array_equal(display.attack_success, net.history[:, "mia_roc_auc"])
    assert np.isfinite(display.attack_success).all()


# Drawing


def test_panels_lines_and_legend(fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted)
    upper, lower = display.axes_
    assert display.ax_ is lower
    assert display.figure_ is lower.figure
    assert (upper.get_ylabel(), lower.get_ylabel()) == ("Utility", "mia_roc_auc")
    assert lower.get_xlabel() == "Epoch"
    np.testing.assert_array_equal(
        display.line_.get_xydata(), np.column_stack([display.epochs, display.attack_success])
    )
    for key, line in display.utility_lines_.items():
        assert line.axes is upper
        np.testing.assert_array_equal(line.get_ydata(), display.utility[key])
    assert len({line.get_linestyle() for line in display.utility_lines_.values()}) == 2
    assert set(display.chance_level_.get_ydata()) == {0.5}
    assert set(display.budget_line_.get_ydata()) == {0.9}
    assert [set(line.get_xdata()) for line in display.chosen_lines_] == [{display.chosen}] * 2
    marked = f"Epoch {display.chosen} chosen"
    assert legend_of(upper) == ["valid_acc", "train_acc"]
    assert legend_of(lower) == ["mia_roc_auc", "Blind guess", "Budget = 0.9", marked]


def test_band_is_the_interval():
    display = TrainingHistoryDisplay(
        epochs=[1, 2],
        attack_success=[0.5, 0.6],
        attack_success_low=[0.4, 0.55],
        attack_success_high=[0.6, 0.7],
    ).plot()
    corners = {tuple(point) for point in display.band_.get_paths()[0].vertices.round(9)}
    assert corners >= {(1, 0.4), (2, 0.55), (1, 0.6), (2, 0.7)}
    assert display.plot(plot_band=False).band_ is None
    assert display.plot(plot_chance_level=False).chance_level_ is None


def test_epochs_that_were_not_measured_are_skipped():
    nan = np.nan
    display = TrainingHistoryDisplay(
        epochs=[1, 2, 3, 4],
        attack_success=[nan, 0.6, nan, 0.7],
        attack_success_low=[nan, 0.5, nan, 0.6],
        attack_success_high=[nan, 0.7, nan, 0.8],
        utility={"valid_acc": [0.7, 0.8, 0.8, nan]},
    ).plot()
    np.testing.assert_array_equal(display.line_.get_xydata(), [[2, 0.6], [4, 0.7]])
    assert np.isfinite(display.band_.get_paths()[0].vertices).all()
    np.testing.assert_array_equal(display.utility_lines_["valid_acc"].get_xdata(), [1, 2, 3])


def test_early_stopping_leaves_the_last_epoch_out():
    net = network().set_params(early_stopping=True, n_iter_no_change=1, max_epochs=100, lr=0.1)
    display = TrainingHistoryDisplay.from_estimator(net.fit(X, Y))
    assert np.isfinite(display.attack_success[:-1]).all()
    assert np.isnan(display.attack_success[-1])


def test_without_utility_there_is_one_panel(fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted, utility=["f1"])
    assert len(display.axes_) == 1
    assert display.utility == display.utility_lines_ == {}
    _, ax = plt.subplots()
    display = TrainingHistoryDisplay.from_estimator(fitted, ax=ax)
    assert display.axes_.tolist() == [ax]
    assert display.utility_lines_ == {}
    assert len(display.chosen_lines_) == 1


def test_several_networks_share_the_panels(fitted):
    first = TrainingHistoryDisplay.from_estimator(fitted, name="plain")
    second = TrainingHistoryDisplay.from_estimator(
        network(budget=0.9).set_params(random_state=1).fit(X, Y), name="other", ax=first.axes_
    )
    assert second.ax_ is first.ax_
    for i, each in enumerate((first, second)):
        lines = [each.line_, *each.utility_lines_.values(), *each.chosen_lines_]
        assert {to_rgba(line.get_color()) for line in lines} == {to_rgba(f"C{i}")}
    assert legend_of(first.axes_[0])[2:] == ["other: valid_acc", "other: train_acc"]
    names = legend_of(first.ax_)
    assert names.count("Blind guess") == names.count("Budget = 0.9") == 1
    assert {"plain", "other"} < set(names)


def test_style_keywords_win_by_any_name(fitted):
    display = TrainingHistoryDisplay.from_estimator(
        fitted,
        line_kwargs={"c": "r", "label": "mine"},
        band_kwargs={"fc": "b"},
        utility_kwargs={"lw": 3},
        chance_level_kw={"ls": "-."},
        budget_kwargs={"color": "y"},
        chosen_kwargs={"lw": 4},
    )
    assert (display.line_.get_color(), display.line_.get_label()) == ("r", "mine")
    assert tuple(display.band_.get_facecolor()[0][:3]) == to_rgba("b")[:3]
    assert {line.get_linewidth() for line in display.utility_lines_.values()} == {3}
    assert display.chance_level_.get_linestyle() == "-."
    assert display.budget_line_.get_color() == "y"
    assert {line.get_linewidth() for line in display.chosen_lines_} == {4}


def test_plot_again_with_another_name(fitted):
    display = TrainingHistoryDisplay.from_estimator(fitted)
    first = display.ax_
    assert display.plot(name="again") is display
    assert display.ax_ is not first
    assert legend_of(display.ax_)[0] == "again"


# Refusals


def test_history_must_hold_leakage():
    net = RegularizedMLPClassifier((5,), max_epochs=1, random_state=0).fit(X, Y)
    with pytest.raises(ValueError, match=r"no figures 'mia_roc_auc': .*MembershipScoring\(\)"):
        TrainingHistoryDisplay.from_estimator(net)
    with pytest.raises(ValueError, match=r"no figures 'mia_tpr_at_fpr'"):
        TrainingHistoryDisplay.from_estimator(
            network(false_positive_rate=0.01).fit(X, Y), metric="tpr_at_fpr"
        )


def test_estimator_must_be_trained():
    module = NeuralNetClassifier(torch.nn.Linear(30, 2))
    for estimator in (network(), GridSearchCV(network(), {}), module, module.initialize()):
        with pytest.raises(NotFittedError):
            TrainingHistoryDisplay.from_estimator(estimator)


def test_estimator_must_keep_a_history():
    tree = make_pipeline(LogisticRegression(max_iter=1000)).fit(X, Y)
    with pytest.raises(TypeError, match=r"LogisticRegression keeps no history .* give a Regul"):
        TrainingHistoryDisplay.from_estimator(tree)
    search = GridSearchCV(DecisionTreeClassifier(), {"max_depth": [1]}, refit=False, cv=2)
    with pytest.raises(TypeError, match="GridSearchCV keeps no history"):
        TrainingHistoryDisplay.from_estimator(search.fit(X, Y))


def test_panels_are_one_or_two(fitted):
    _, axes = plt.subplots(3)
    with pytest.raises(ValueError, match=r"ax must hold one panel, .* got 3"):
        TrainingHistoryDisplay.from_estimator(fitted, ax=axes)


@pytest.mark.usefixtures("no_matplotlib")
def test_matplotlib_is_named_where_it_lacks():
    for call in (
        TrainingHistoryDisplay(epochs=[1], attack_success=[0.5]).plot,
        lambda: TrainingHistoryDisplay.from_estimator(None),
    ):
        with pytest.raises(ImportError, match=r'pip install "skmia\[plot\]"'):
            call()
