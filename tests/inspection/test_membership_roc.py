"""The ROC display: what it stores equals the metrics, and what it draws is what it stores."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skmia.attacks import MetricAttack
from skmia.inspection import MembershipRocDisplay, _membership_roc
from skmia.metrics import membership_roc_auc, membership_roc_curve, tpr_at_fpr
from skmia.model_selection import MemberRecorder


def scored(n_members=150, n_nonmembers=200, shift=1.0, seed=0):
    membership = np.repeat([1, 0], [n_members, n_nonmembers])
    return membership, np.random.default_rng(seed).normal(shift * membership)


@pytest.fixture(autouse=True)
def whole_band(monkeypatch):
    """Measure the band at 6 rates, most of a display's time; return at how many users have it."""
    n_rates = _membership_roc._N_BAND_RATES
    monkeypatch.setattr(_membership_roc, "_N_BAND_RATES", 6)
    return n_rates


class Remembering(DecisionTreeClassifier):
    """A target that knows its members: the even rows."""

    def membership_of(self, X, y):
        return (np.asarray(X)[:, 1] % 2 == 0).astype(int)


@pytest.fixture
def attacked():
    """Return a fitted attack, and records with labels that it has not seen."""
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=400), np.arange(400)])
    y = (rng.random(400) < 0.5).astype(int)
    member = X[:, 1] % 2 == 0
    target = Remembering(max_depth=6, random_state=0).fit(X[member], y[member])
    attack = MetricAttack(target).fit(X[:200], y[:200], member[:200])
    return attack, X[200:], y[200:], member[200:]


# Stored values


def test_stores_the_curve_and_its_area():
    membership, scores = scored()
    display = MembershipRocDisplay.from_predictions(membership, scores, confidence_level=0.9)
    fpr, tpr, _ = membership_roc_curve(membership, scores)
    np.testing.assert_array_equal(display.fpr, fpr)
    np.testing.assert_array_equal(display.tpr, tpr)
    assert display.roc_auc == membership_roc_auc(membership, scores, confidence_level=0.9)


@pytest.mark.parametrize("n_nonmembers", [2, 7, 200])
@pytest.mark.parametrize("tied", [False, True])
def test_band_is_the_interval_of_tpr_at_fpr(n_nonmembers, tied):
    membership, scores = scored(n_nonmembers=n_nonmembers)
    scores = np.round(scores) if tied else scores
    display = MembershipRocDisplay.from_predictions(membership, scores, confidence_level=0.8)
    rates = display.band_fpr
    assert rates[0] == 1 / n_nonmembers
    assert rates[-1] == 1 - 1 / n_nonmembers
    expected = tpr_at_fpr(membership, scores, false_positive_rate=rates, confidence_level=0.8)
    np.testing.assert_array_equal(display.tpr_low, [estimate.low for estimate in expected])
    np.testing.assert_array_equal(display.tpr_high, [estimate.high for estimate in expected])


def test_band_has_about_sixty_log_spaced_rates(whole_band, monkeypatch):
    monkeypatch.setattr(_membership_roc, "_N_BAND_RATES", whole_band)
    display = MembershipRocDisplay.from_predictions(*scored())
    assert len(display.band_fpr) == 60
    steps = np.diff(np.log(display.band_fpr))
    np.testing.assert_allclose(steps, steps[0])


def test_single_nonmember_resolves_no_rate():
    display = MembershipRocDisplay.from_predictions([1, 1, 0], [3.0, 1.0, 2.0])
    assert len(display.band_fpr) == 0
    np.testing.assert_array_equal(display.line_.get_xdata(), [1, 1, 1])
    np.testing.assert_array_equal(display.line_.get_ydata(), [0.5, 0.5, 1])
    display.figure_.canvas.draw()


def test_from_attack_scores_labeled_records(attacked):
    attack, X, y, member = attacked
    display = MembershipRocDisplay.from_attack(attack, X, y, member)
    expected = membership_roc_curve(member, attack.score_samples(X, y))
    np.testing.assert_array_equal(display.fpr, expected[0])
    np.testing.assert_array_equal(display.tpr, expected[1])
    assert display.name == "MetricAttack"
    assert MembershipRocDisplay.from_attack(attack, X, y, member, name="own").name == "own"


def test_from_attack_asks_a_target_that_remembers(attacked):
    attack, X, y, member = attacked
    asked = MembershipRocDisplay.from_attack(attack, X, y)
    told = MembershipRocDisplay.from_attack(attack, X, y, member)
    np.testing.assert_array_equal(asked.tpr, told.tpr)
    assert asked.roc_auc == told.roc_auc


def test_from_attack_asks_the_best_estimator_of_a_search(attacked):
    _, X, y, member = attacked
    search = GridSearchCV(MemberRecorder(DecisionTreeClassifier(random_state=0)), {}, cv=2)
    attack = MetricAttack(search.fit(X[member], y[member])).fit(X, y, member)
    asked = MembershipRocDisplay.from_attack(attack, X, y)
    assert asked.roc_auc == MembershipRocDisplay.from_attack(attack, X, y, member).roc_auc


def test_what_scores_without_a_target_is_told_who_is_a_member(attacked):
    attack, X, y, member = attacked
    scores = attack.score_samples(X, y)

    class Scores:
        def predict(self, X, y):
            raise NotImplementedError

        def score_samples(self, X, y):
            return scores

    display = MembershipRocDisplay.from_attack(Scores(), X, y, member)
    assert display.roc_auc == membership_roc_auc(member, scores)
    with pytest.raises(ValueError, match="give membership"):
        MembershipRocDisplay.from_attack(Scores(), X, y)


def test_from_attack_passes_everything_on(attacked):
    attack, X, y, member = attacked
    _, ax = plt.subplots()
    display = MembershipRocDisplay.from_attack(
        attack,
        X,
        y,
        member,
        confidence_level=0.5,
        ax=ax,
        scale="linear",
        plot_band=False,
        plot_chance_level=False,
        curve_kwargs={"color": "r"},
    )
    scores = attack.score_samples(X, y)
    assert display.roc_auc == membership_roc_auc(member, scores, confidence_level=0.5)
    assert display.ax_ is ax
    assert ax.get_xscale() == "linear"
    assert display.band_ is display.chance_level_ is None
    assert display.line_.get_color() == "r"


# Drawing


def test_log_axes_begin_at_the_lowest_resolved_rate():
    membership, scores = scored()
    display = MembershipRocDisplay.from_predictions(membership, scores)
    ax = display.ax_
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    x, y = display.line_.get_data()
    assert x[0] == 1 / 200
    assert y[0] == tpr_at_fpr(membership, scores, false_positive_rate=1 / 200)
    assert (np.diff(x) >= 0).all()
    np.testing.assert_array_equal(y[1:], display.tpr[display.fpr > 0])
    assert 1 / 250 < ax.get_xlim()[0] < 1 / 200
    assert ax.get_xlim() == ax.get_ylim()
    assert ax.get_xlim()[1] > 1


def test_linear_axes_show_the_whole_curve():
    display = MembershipRocDisplay.from_predictions(*scored(), scale="linear")
    assert (display.ax_.get_xscale(), display.ax_.get_yscale()) == ("linear", "linear")
    np.testing.assert_array_equal(display.line_.get_xdata(), display.fpr)
    np.testing.assert_array_equal(display.line_.get_ydata(), display.tpr)
    assert display.ax_.get_xlim() == (-0.01, 1.01)


def test_labels_legend_and_artists():
    display = MembershipRocDisplay.from_predictions(*scored(), name="Own")
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("False positive rate", "True positive rate")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"Own (AUC = {display.roc_auc})",
        "Chance level (TPR = FPR)",
    ]
    assert (len(ax.lines), len(ax.collections)) == (2, 1)
    np.testing.assert_array_equal(display.chance_level_.get_data(), [[0, 1], [0, 1]])
    assert display.figure_ is ax.figure


def test_band_is_drawn_where_it_is_stored():
    display = MembershipRocDisplay.from_predictions(*scored())
    corners = display.band_.get_paths()[0].vertices
    for limits in (display.tpr_low, display.tpr_high):
        stored = np.column_stack([display.band_fpr, limits])
        assert {tuple(point) for point in stored} <= {tuple(point) for point in corners}


def test_name_alone_area_alone_and_neither():
    rates = {"fpr": np.array([0, 0.5, 1]), "tpr": np.array([0, 1, 1])}
    display = MembershipRocDisplay(**rates).plot(plot_chance_level=False)
    assert display.ax_.get_legend() is None
    assert display.band_ is None
    assert display.line_.get_xdata()[0] == 0.5  # without a band, the first rate above 0
    assert display.plot(name="Own").line_.get_label() == "Own"
    display.roc_auc = membership_roc_auc([1, 1, 0, 0], [4, 3, 3, 1])
    assert display.plot().line_.get_label() == f"AUC = {display.roc_auc}"


def test_style_keywords_win_by_any_name():
    display = MembershipRocDisplay.from_predictions(
        *scored(),
        curve_kwargs={"c": "r", "lw": 3, "label": "mine"},
        band_kwargs={"facecolor": "g", "alpha": 0.5},
        chance_level_kw={"color": "b", "ls": ":"},
    )
    assert (display.line_.get_color(), display.line_.get_linewidth()) == ("r", 3)
    assert display.line_.get_label() == "mine"
    assert tuple(display.band_.get_facecolor()[0]) == to_rgba("g", 0.5)
    assert (display.chance_level_.get_color(), display.chance_level_.get_linestyle()) == ("b", ":")


def test_several_displays_share_axes():
    few = MembershipRocDisplay.from_predictions(*scored(n_nonmembers=50), name="few")
    left = few.ax_.get_xlim()[0]
    many = MembershipRocDisplay.from_predictions(*scored(n_nonmembers=500), name="many", ax=few.ax_)
    assert many.ax_ is few.ax_
    assert many.ax_.get_xlim()[0] < 1 / 500 < left
    again = few.plot(many.ax_, name="again")
    assert again.ax_.get_xlim()[0] < 1 / 500
    texts = [text.get_text() for text in few.ax_.get_legend().get_texts()]
    assert [text.split(" (")[0] for text in texts] == ["few", "Chance level", "many", "again"]
    assert len({line.get_color() for line in few.ax_.lines}) == 4  # three curves and black


@pytest.mark.parametrize("scale", ["log", "linear"])
def test_legend_avoids_the_curve(scale):
    lower_right, upper_left = 4, 2
    smooth = MembershipRocDisplay.from_predictions(*scored(), scale=scale)
    assert smooth.ax_.get_legend()._loc == lower_right
    membership = np.repeat([1, 0], 100)
    scores = np.r_[np.arange(100) < 95, np.arange(100) < 70]
    tied = MembershipRocDisplay.from_predictions(membership, scores, scale=scale)
    assert tied.ax_.get_legend()._loc == upper_left


@pytest.mark.parametrize("scale", ["log", "linear"])
@pytest.mark.parametrize("scores", [np.zeros(40), np.repeat([1, 0], 20), np.repeat([0, 1], 20)])
def test_tied_separated_and_reversed_scores_can_be_drawn(scores, scale):
    membership = np.repeat([1, 0], 20)
    display = MembershipRocDisplay.from_predictions(membership, scores, scale=scale)
    display.figure_.canvas.draw()


def test_plot_again_draws_on_new_axes():
    display = MembershipRocDisplay.from_predictions(*scored())
    first = display.ax_
    assert display.plot(scale="linear") is display
    assert display.ax_ is not first


# Refusals


def test_unknown_scale():
    with pytest.raises(ValueError, match=r"'scale' .*{'log', 'linear'}. Got 'logit'"):
        MembershipRocDisplay.from_predictions(*scored(), scale="logit")


def test_wrong_confidence_level():
    with pytest.raises(ValueError, match=r"'confidence_level' .*\(0.0, 1.0\).* Got 95 "):
        MembershipRocDisplay.from_predictions(*scored(), confidence_level=95)


def test_attack_must_be_fitted_and_the_truth_known(attacked):
    attack, X, y, _ = attacked
    with pytest.raises(NotFittedError):
        MembershipRocDisplay.from_attack(MetricAttack(attack.target), X, y)
    plain = DecisionTreeClassifier().fit(X, y)
    forgetful = MetricAttack(plain, signal="correctness", random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="give membership"):
        MembershipRocDisplay.from_attack(forgetful, X, y)


@pytest.mark.usefixtures("no_matplotlib")
def test_matplotlib_is_named_where_it_lacks():
    for call in (
        lambda: MembershipRocDisplay(fpr=[0, 1], tpr=[0, 1]).plot(),
        lambda: MembershipRocDisplay.from_predictions([1, 0], [1, 0]),
        lambda: MembershipRocDisplay.from_attack(MetricAttack(), None, None),
    ):
        with pytest.raises(ImportError, match=r'pip install "skmia\[plot\]"'):
            call()
