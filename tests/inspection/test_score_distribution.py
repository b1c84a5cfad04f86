"""The histogram display: densities, bins for every kind of score, the line of the threshold."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.exceptions import NotFittedError
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import MetricAttack
from skmia.inspection import ScoreDistributionDisplay

MEMBERSHIP = np.repeat([1, 0], [300, 500])
SCORES = np.random.default_rng(0).normal(MEMBERSHIP)


def mass(display):
    """Return the fraction of members and of non-members inside of the bins."""
    widths = np.diff(display.bin_edges)
    return display.member_density @ widths, display.nonmember_density @ widths


class Remembering(DecisionTreeClassifier):
    def membership_of(self, X, y):
        return (np.asarray(X)[:, 1] % 2 == 0).astype(int)


def fitted_attack(**params):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=400), np.arange(400)])
    y = (rng.random(400) < 0.3).astype(int)
    member = X[:, 1] % 2 == 0
    target = Remembering(max_depth=6, random_state=0).fit(X[member], y[member])
    attack = MetricAttack(target, **params).fit(X[:200], y[:200], member[:200])
    return attack, X[200:], y[200:], member[200:]


# Stored values


@pytest.mark.parametrize("bins", [7, "sturges", np.linspace(-4, 5, 10)])
def test_densities_are_numpys(bins):
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, SCORES, bins=bins)
    edges = np.histogram_bin_edges(SCORES, bins)
    np.testing.assert_array_equal(display.bin_edges, edges)
    for density, truth in ((display.member_density, 1), (display.nonmember_density, 0)):
        expected, _ = np.histogram(SCORES[truth == MEMBERSHIP], edges, density=True)
        np.testing.assert_allclose(density, expected)


def test_automatic_bins_are_those_of_freedman_and_diaconis():
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, SCORES)
    np.testing.assert_allclose(display.bin_edges, np.histogram_bin_edges(SCORES, "fd"))
    np.testing.assert_allclose(mass(display), 1)


def test_scores_outside_of_the_bins_are_told_not_hidden():
    scores = [1.0, 2, 3, 9, 1, 2, 8, 9]
    display = ScoreDistributionDisplay.from_predictions([1] * 4 + [0] * 4, scores, bins=[0, 2.5, 5])
    np.testing.assert_allclose(mass(display), [0.75, 0.5])
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["Non-members (50 % outside)", "Members (25 % outside)"]


def test_long_tails_do_not_hide_the_rest():
    scores = SCORES.copy()
    scores[:3] = -138  # as the logarithm of a clipped probability
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, scores)
    assert display.bin_edges[0] == np.percentile(scores, 1)
    assert display.bin_edges[-1] == scores.max()
    np.testing.assert_allclose(mass(display)[0], np.mean(scores[:300] >= display.bin_edges[0]))
    whole = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, scores, bins=50)
    assert whole.bin_edges[0] == -138


@pytest.mark.parametrize("bins", ["auto", "fd", 5])
@pytest.mark.parametrize("value", [0.0, 0.3, -138.0, 1e17, 1e-300])
def test_constant_scores(value, bins):
    scores = np.full(6, value)
    display = ScoreDistributionDisplay.from_predictions([1, 1, 1, 0, 0, 0], scores, bins=bins)
    np.testing.assert_allclose(mass(display), 1)
    assert np.count_nonzero(display.member_density) == 1
    display.figure_.canvas.draw()


def test_scores_equal_up_to_rounding_are_constant():
    scores = [0.3, 0.1 + 0.2, 0.3, 0.1 + 0.2]
    display = ScoreDistributionDisplay.from_predictions([1, 1, 0, 0], scores)
    np.testing.assert_array_equal(display.member_density, display.nonmember_density)
    assert np.count_nonzero(display.member_density) == 1


def test_tied_scores():
    scores = np.r_[np.arange(300) < 280, np.arange(500) < 350]
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, scores)
    widths = np.diff(display.bin_edges)
    np.testing.assert_allclose((display.member_density * widths)[[0, -1]], [20 / 300, 280 / 300])


@pytest.mark.parametrize("far", [1, 30])
def test_nearly_tied_scores_need_no_boundless_number_of_bins(far):
    scores = np.full(1000, 0.5)
    scores[:400] += np.linspace(0, 1e-9, 400)
    scores[-far:] = 1e6
    display = ScoreDistributionDisplay.from_predictions(np.arange(1000) % 2, scores)
    assert len(display.bin_edges) <= 101


def test_a_few_scores_beside_a_large_tie_are_shown():
    scores = np.full(1000, 0.5)
    scores[:4] = [0, 0.2, 0.9, 1]
    display = ScoreDistributionDisplay.from_predictions(np.arange(1000) % 2, scores)
    assert (display.bin_edges[0], display.bin_edges[-1]) == (0, 1)
    np.testing.assert_allclose(mass(display), 1)


def test_scores_of_single_records_are_not_kept():
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, SCORES)
    for value in vars(display).values():
        assert np.size(value) < 100


# Attacks


def test_from_attack_draws_the_one_threshold():
    attack, X, y, member = fitted_attack(per_class=False)
    display = ScoreDistributionDisplay.from_attack(attack, X, y, member, bins=8)
    scores = attack.score_samples(X, y)
    np.testing.assert_array_equal(display.bin_edges, np.histogram_bin_edges(scores, 8))
    assert display.threshold == attack.threshold_
    assert set(display.threshold_line_.get_xdata()) == {attack.threshold_}
    assert display.name == "MetricAttack"
    assert display.ax_.get_legend().get_title().get_text() == "MetricAttack"


def test_no_line_where_classes_have_their_own_thresholds():
    attack, X, y, member = fitted_attack(signal="entropy")
    assert len(set(attack.thresholds_)) > 1
    display = ScoreDistributionDisplay.from_attack(attack, X, y, member)
    assert display.threshold is display.threshold_line_ is None


def test_line_where_the_thresholds_of_all_classes_are_equal():
    attack, X, y, member = fitted_attack(signal="correctness", per_class=True)
    assert ScoreDistributionDisplay.from_attack(attack, X, y, member).threshold == 1


def test_from_attack_asks_a_target_that_remembers():
    attack, X, y, member = fitted_attack()
    asked = ScoreDistributionDisplay.from_attack(attack, X, y)
    told = ScoreDistributionDisplay.from_attack(attack, X, y, member)
    np.testing.assert_array_equal(asked.member_density, told.member_density)
    np.testing.assert_array_equal(asked.nonmember_density, told.nonmember_density)


# Drawing


def test_labels_legend_and_artists():
    display = ScoreDistributionDisplay.from_predictions(
        MEMBERSHIP, SCORES, threshold=0.51234, name="Own"
    )
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Attack score", "Density")
    legend = ax.get_legend()
    texts = [text.get_text() for text in legend.get_texts()]
    assert texts == ["Non-members", "Members", "Threshold = 0.512"]
    assert legend.get_title().get_text() == "Own"
    assert (len(ax.patches), len(ax.lines)) == (2, 1)
    values, edges, _ = display.members_.get_data()
    np.testing.assert_array_equal(values, display.member_density)
    np.testing.assert_array_equal(edges, display.bin_edges)
    np.testing.assert_array_equal(display.nonmembers_.get_data()[0], display.nonmember_density)


@pytest.mark.parametrize("threshold", [None, np.inf])
def test_no_line_without_a_finite_threshold(threshold):
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, SCORES, threshold=threshold)
    assert display.threshold_line_ is None
    assert not display.ax_.lines


def test_style_keywords_win_by_any_name():
    display = ScoreDistributionDisplay.from_predictions(
        MEMBERSHIP,
        SCORES,
        threshold=0,
        member_kwargs={"facecolor": "r", "alpha": 1, "label": "in"},
        nonmember_kwargs={"fill": False, "ec": "g", "lw": 2},
        threshold_kwargs={"c": "b"},
    )
    assert display.members_.get_facecolor() == to_rgba("r")
    assert display.members_.get_label() == "in"
    assert display.nonmembers_.get_edgecolor() == to_rgba("g", 0.5)
    assert display.nonmembers_.get_linewidth() == 2
    assert display.threshold_line_.get_color() == "b"


def test_axes_can_be_given_and_the_name_changed():
    _, (left, right) = plt.subplots(1, 2)
    display = ScoreDistributionDisplay.from_predictions(MEMBERSHIP, SCORES, ax=left, name="one")
    assert (display.ax_, display.figure_) == (left, left.figure)
    assert display.plot(right, name="two") is display
    assert right.get_legend().get_title().get_text() == "two"
    assert left.get_legend().get_title().get_text() == "one"


# Refusals


def test_wrong_input():
    with pytest.raises(ValueError, match="both members"):
        ScoreDistributionDisplay.from_predictions([1, 1], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"'threshold' .* or None. Got nan"):
        ScoreDistributionDisplay.from_predictions([1, 0], [0.1, 0.2], threshold=np.nan)


def test_attack_must_be_fitted_and_the_truth_known():
    attack, X, y, _ = fitted_attack()
    with pytest.raises(NotFittedError):
        ScoreDistributionDisplay.from_attack(MetricAttack(attack.target), X, y)
    plain = DecisionTreeClassifier().fit(X, y)
    forgetful = MetricAttack(plain, signal="correctness", random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="give membership"):
        ScoreDistributionDisplay.from_attack(forgetful, X, y)


@pytest.mark.usefixtures("no_matplotlib")
def test_matplotlib_is_named_where_it_lacks():
    edges, density = [0, 1], [1.0]
    display = ScoreDistributionDisplay(
        bin_edges=edges, member_density=density, nonmember_density=density
    )
    for call in (
        display.plot,
        lambda: ScoreDistributionDisplay.from_predictions([1, 0], [1, 0]),
        lambda: ScoreDistributionDisplay.from_attack(MetricAttack(), None, None),
    ):
        with pytest.raises(ImportError, match=r'pip install "skmia\[plot\]"'):
            call()
