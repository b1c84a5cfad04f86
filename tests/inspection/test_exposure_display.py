"""The exposure display: what the panels carry, bins, where there is nothing to draw."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.tree import DecisionTreeClassifier

from skmia.datasets import load_adult
from skmia.inspection import ExposureDisplay, ExposureReport, explain_exposure
from skmia.metrics import Estimate

RNG = np.random.default_rng(0)
DISTANCE = RNG.normal(size=200)
EXPOSURE = DISTANCE + RNG.normal(size=200)
EXPLANATIONS = {"some_distance": DISTANCE, "class": np.repeat([0.25, 0.75], 100)}


def drawn(**options):
    options = {"random_state": 0, "n_resamples": 50, **options}
    return ExposureDisplay.from_predictions(EXPOSURE, EXPLANATIONS, **options)


def tree_on_adult(n=400):
    X, y = load_adult(return_X_y=True)
    X, y, member = X[:n, [0, 4, 10, 11, 12]], y[:n], np.arange(n) % 2
    tree = DecisionTreeClassifier(max_depth=6, random_state=0).fit(X[member == 1], y[member == 1])
    return tree, X, y, member


def test_points_are_the_records():
    display = drawn()
    for name, values in EXPLANATIONS.items():
        expected = np.column_stack([values, EXPOSURE])
        np.testing.assert_array_equal(display.points_[name].get_offsets(), expected)
    assert [panel.get_xlabel() for panel in display.axes_] == ["some distance", "class"]
    assert display.axes_[0].get_ylabel() == "Risk"
    display.figure_.canvas.draw()


def test_medians_of_bins_with_equally_many_records():
    display = drawn(n_bins=4)
    order = np.argsort(DISTANCE)
    expected = [
        [np.median(values[part]) for part in np.split(order, 4)] for values in (DISTANCE, EXPOSURE)
    ]
    np.testing.assert_array_equal(display.medians_["some_distance"].get_data(), expected)


def test_few_values_are_bins_of_their_own():
    display = drawn()
    expected = [[0.25, 0.75], [np.median(EXPOSURE[:100]), np.median(EXPOSURE[100:])]]
    np.testing.assert_array_equal(display.medians_["class"].get_data(), expected)


def test_ties_share_a_bin():
    values = np.r_[np.zeros(50), np.arange(1, 21)]
    display = ExposureDisplay.from_predictions(
        np.arange(70.0), {"tied": values}, n_bins=5, n_resamples=10, random_state=0
    )
    x = display.medians_["tied"].get_xdata()
    assert x[0] == 0
    assert (np.diff(x) > 0).all()


def test_titles_hold_correlations_with_intervals():
    display = drawn(name="All")
    for panel, correlation in zip(display.axes_, display.correlations.values(), strict=True):
        assert panel.get_title() == f"rank correlation\n{correlation}"
    assert display.figure_.get_suptitle() == "All"


def test_what_is_not_known_is_not_drawn():
    values = np.where(np.arange(200) < 150, np.nan, DISTANCE)
    explanations = {"some": values, "none": np.full(200, np.nan)}
    display = ExposureDisplay.from_predictions(EXPOSURE, explanations, n_resamples=10)
    assert len(display.points_["some"].get_offsets()) == 50
    assert len(display.points_["none"].get_offsets()) == 0
    assert len(display.medians_["none"].get_xdata()) == 0
    assert display.axes_[1].get_title().startswith("undefined: it needs 10 records")
    display.figure_.canvas.draw()


def test_the_report_gives_its_members():
    tree, X, y, member = tree_on_adult()
    report = explain_exposure(tree, X, y, member, n_resamples=50, random_state=0)
    display = ExposureDisplay.from_report(report)
    np.testing.assert_array_equal(display.exposure, report.exposure[member == 1])
    assert display.correlations is report.correlations
    assert list(display.points_) == list(report.explanations)
    offsets = display.points_["distance_to_any"].get_offsets()
    np.testing.assert_array_equal(offsets[:, 0], report.explanations["distance_to_any"][1::2])
    assert len(display.figure_.axes) == 4  # of six places in two rows
    display.figure_.canvas.draw()
    labels = [panel.get_xlabel() for panel in display.axes_]
    assert labels == [name.replace("_", " ") for name in report.explanations]
    assert [panel.get_ylabel() for panel in display.axes_] == ["Risk", "", "", "Risk"]
    assert all(panel.xaxis.get_ticklabels()[0].get_visible() for panel in display.axes_)
    again = ExposureDisplay.from_estimator(tree, X, y, member, n_resamples=50, random_state=0)
    assert again.correlations == report.correlations
    assert again.exposure_name == "Risk"
    scores = ExposureDisplay.from_estimator(
        tree, X, y, member, exposure="score", n_resamples=50, random_state=0
    )
    assert scores.exposure_name == "Attack score"


def test_given_axes_and_styles():
    _, axes = plt.subplots(2)
    display = drawn(
        ax=axes, point_kwargs={"color": "r", "alpha": 1}, median_kwargs={"linestyle": ":"}
    )
    assert list(display.axes_) == list(axes)
    assert tuple(display.points_["class"].get_facecolor()[0]) == to_rgba("r")
    assert display.medians_["class"].get_linestyle() == ":"
    one = ExposureDisplay(
        exposure=EXPOSURE,
        explanations={"class": EXPLANATIONS["class"]},
        correlations={"class": Estimate(0.1, 0.0, 0.2, "given")},
        exposure_name="Score",
    ).plot(axes[0])
    assert one.figure_ is display.figure_
    assert axes[0].get_ylabel() == "Score"


def test_messages():
    with pytest.raises(ValueError, match="one panel for each of the 2 explanations, got 1"):
        drawn(ax=plt.subplots()[1])
    with pytest.raises(ValueError, match="report has no explanations; give one of explain"):
        ExposureDisplay.from_report(ExposureReport(np.ones(4), np.array([1, 1, 0, 0])))
    with pytest.raises(ValueError, match=r"ax must hold axes of matplotlib, got int"):
        ExposureDisplay.from_predictions(np.arange(20), {"a": np.arange(20)}, ax=[1])
    with pytest.raises(ValueError, match=r"'n_bins' .* Got"):
        drawn(n_bins=0)
    with pytest.raises(ValueError, match=r"'n_resamples' .* Got"):
        drawn(n_resamples=0)
    with pytest.raises(ValueError, match=r"'confidence_level' .* Got"):
        drawn(confidence_level=1)
    with pytest.raises(ValueError, match="exposure must be finite"):
        ExposureDisplay.from_predictions([np.nan], {"a": [1]})
    with pytest.raises(ValueError, match="explanations is empty"):
        ExposureDisplay.from_predictions([1.0], {})
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        ExposureDisplay.from_predictions([1.0, 2], {"a": [1]})


@pytest.mark.parametrize("caller", ["plot", "from_estimator", "from_report", "from_predictions"])
def test_drawing_needs_matplotlib(no_matplotlib, caller):
    display = ExposureDisplay(exposure=EXPOSURE, explanations={}, correlations={})
    arguments = {
        "plot": [],
        "from_estimator": [None] * 3,
        "from_report": [ExposureReport(np.ones(2), np.array([1, 0]))],
        "from_predictions": [[1.0], {"a": [1.0]}],
    }[caller]
    with pytest.raises(ImportError, match=f"ExposureDisplay.{caller} needs matplotlib"):
        getattr(display, caller)(*arguments)
