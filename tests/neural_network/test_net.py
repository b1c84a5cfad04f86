"""RegularizedNet: skorch's classifier with penalties, a defense, seeds and a memory."""

import copy
import pickle

import numpy as np
import pytest
import torch
from networks import X32, Linear, Y, parameters_of
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_validate
from skorch import NeuralNetClassifier
from skorch.dataset import Dataset, ValidSplit
from skorch.exceptions import NotInitializedError
from torch.utils.data import DataLoader

from skmia.model_selection import MemberRecorder
from skmia.neural_network import L1, L2, Defense, LabelSmoothing, Penalty, RegularizedNet
from skmia.neural_network._mlp import MLP

OPTIONS = {"max_epochs": 3, "lr": 0.1, "verbose": 0, "random_state": 0}


class Constant(Penalty):
    """A penalty without a gradient that asks for answers."""

    needs_probabilities = True

    def __init__(self, weight=1.0):
        self.weight = weight

    def value(self, net, logits, y):
        return logits.sum() * 0 + 1

    def end_epoch(self, net):
        return len(net.training.rows)


class CountsRows(Constant):
    """A penalty that asks for rows and for any criterion."""

    needs_probabilities, needs_rows = False, True

    def value(self, net, logits, y):
        assert len(net.training.batches.rows) == len(y)
        return super().value(net, logits, y)


class Recording(Defense):
    """Plain training that keeps the rows it has seen, and rounds the answers."""

    def __init__(self, fails=False):
        self.fails = fails

    def begin(self, net):
        self.seen_ = []

    def loss(self, net, logits, y):
        if self.fails:
            raise RuntimeError("broken on purpose")
        self.seen_.extend(net.training.batches.rows)
        return super().loss(net, logits, y)

    def end(self, net):
        self.ended_ = True

    def answer(self, net, proba):
        return proba.round()


class NeedsHeldOut(Recording):
    needs_held_out = True


def net(module=Linear, **params):
    return RegularizedNet(module, **{**OPTIONS, **params})


def test_without_parts_it_is_skorchs_classifier():
    torch.manual_seed(0)
    state = Linear().state_dict()

    class Fixed(Linear):
        def __init__(self):
            super().__init__()
            self.load_state_dict(state)

    ours = net(Fixed, iterator_train__shuffle=False).fit(X32, Y)
    options = {k: v for k, v in OPTIONS.items() if k != "random_state"}
    theirs = NeuralNetClassifier(
        Fixed, criterion=torch.nn.CrossEntropyLoss, train_split=None, **options
    ).fit(X32, Y)
    assert torch.equal(parameters_of(ours), parameters_of(theirs))
    np.testing.assert_array_equal(ours.predict_proba(X32), theirs.predict_proba(X32))


def test_seeds():
    state = torch.get_rng_state()
    first, again, other = (
        net(module__dropout=0.5, random_state=seed).fit(X32, Y) for seed in (0, 0, 1)
    )
    assert torch.equal(parameters_of(first), parameters_of(again))
    assert not torch.equal(parameters_of(first), parameters_of(other))
    assert torch.equal(torch.get_rng_state(), state)


def test_without_a_seed_torch_seeds_the_module():
    weights = []
    for _ in range(2):
        torch.manual_seed(3)
        unseeded = net(random_state=None)
        weights.append(parameters_of(unseeded.initialize()))
    assert torch.equal(*weights)


@pytest.mark.parametrize("penalty", [L1, L2, Constant])
def test_a_weight_of_0_changes_no_bit(penalty):
    plain = net(module__dropout=0.5).fit(X32, Y)
    penalized = net(module__dropout=0.5, penalties=[penalty(weight=0.0)]).fit(X32, Y)
    assert torch.equal(parameters_of(plain), parameters_of(penalized))


def test_penalties_add_up_and_are_recorded():
    plain, constant = (
        net(penalties=penalties, max_epochs=1).fit(X32, Y)
        for penalties in (None, [Constant(2.0), ("half", Constant(0.5))])
    )
    loss = plain.history[:, "train_loss"], constant.history[:, "train_loss"]
    np.testing.assert_allclose(np.subtract(*loss), -2.5, rtol=1e-5)
    assert torch.equal(parameters_of(plain), parameters_of(constant))
    assert constant.history[-1, ("constant", "half")] == (len(Y), len(Y))
    assert not hasattr(constant, "training")


def test_nested_parameters():
    estimator = net(penalties=[L2(0.1)], defense=Recording())
    other = clone(estimator).set_params(penalties__l2__weight=0.3, defense__fails=True, lr=0.2)
    params = other.get_params()
    assert (params["penalties__l2__weight"], params["defense__fails"], other.lr) == (0.3, True, 0.2)
    assert (estimator.penalties[0].weight, estimator.defense.fails) == (0.1, False)
    with pytest.raises(ValueError, match=r"\['defense__weight'\]: the network's defense is None"):
        net().set_params(defense__weight=1)


def test_the_parameters_given_stay_as_they_are():
    penalty, defense = L2(0.1), Recording()
    estimator = net(penalties=[penalty], defense=defense).fit(X32, Y)
    assert vars(penalty).keys() == {"weight", "penalize_bias"}
    assert vars(defense).keys() == {"fails"}
    assert sorted(set(estimator.defense_.seen_)) == list(range(len(Y)))
    assert set(np.unique(estimator.predict_proba(X32))) == {0.0, 1.0}


def test_a_search_over_penalties_with_leakage():
    grid = {"penalties": [[L1(1e-3)], [L2(1e-3)]], "max_epochs": [2]}
    search = GridSearchCV(
        net(),
        grid,
        scoring={"accuracy": "accuracy", "privacy": "neg_mia_balanced_accuracy"},
        refit=False,
    ).fit(X32, Y)
    assert np.isfinite(search.cv_results_["mean_test_privacy"]).all()


def test_members_are_the_rows_trained_on():
    split = net(train_split=ValidSplit(0.25, stratified=True, random_state=0)).fit(X32, Y)
    members = split.membership_of(X32, Y)
    assert members.mean() == pytest.approx(0.75, abs=0.01)
    assert net().fit(X32, Y).membership_of(X32, Y).all()
    grown = net().partial_fit(X32[:100], Y[:100]).partial_fit(X32[100:200], Y[100:200])
    assert grown.membership_of(X32, Y).sum() == 200
    assert len(grown.history) == 6


def test_training_records_are_those_given():
    split = net(train_split=ValidSplit(0.25, stratified=True, random_state=0)).fit(X32, Y)
    kept = np.setdiff1d(np.arange(len(Y)), split.held_out_rows_)
    for found, expected in zip(split.training_records(), (X32[kept], Y[kept]), strict=True):
        np.testing.assert_array_equal(np.sort(found, axis=0), np.sort(expected, axis=0))
    whole = net().fit(X32, Y)
    assert whole.remembers_members
    assert all(a is b for a, b in zip(whole.training_records(), (X32, Y), strict=True))


def test_train_on_is_partial_fit_with_weights_and_other_names():
    plain = net().partial_fit(X32, Y)
    names = np.array(["no", "yes"])[Y]
    weighted = net().train_on(X32, Y, original=(X32[:, ::-1], names), weights=np.full(len(Y), 7.0))
    for own, theirs in zip(parameters_of(weighted), parameters_of(plain), strict=True):
        torch.testing.assert_close(own, theirs)
    assert weighted.membership_of(X32[:, ::-1], names).all()
    assert not weighted.membership_of(X32, names).any()
    heavy = np.where(Y == 1, 5.0, 1.0)
    assert net().train_on(X32, Y, weights=heavy).predict(X32).mean() > plain.predict(X32).mean()


def test_a_recorder_hides_what_would_go_unrecorded():
    recorder = MemberRecorder(net()).fit(X32, Y)
    assert recorder.module_ is recorder.estimator_.module_
    for name in ("train_on", "fit_loop"):
        assert hasattr(recorder.estimator_, name)
        assert not hasattr(recorder, name)


@pytest.mark.parametrize("weights", [np.ones(3), np.zeros(len(Y)), np.full(len(Y), np.inf)])
def test_weights_of_train_on(weights):
    with pytest.raises(ValueError, match="weights must be a finite number above 0 for each of the"):
        net().train_on(X32, Y, weights=weights)


def test_weights_need_batches_that_tell_their_rows():
    with pytest.raises(ValueError, match="A weight of each record needs to know the rows of each"):
        net(iterator_train=DataLoader).train_on(X32, Y, weights=np.arange(1.0, len(Y) + 1))


def test_weights_need_the_cross_entropy():
    """They would be trained on the cross entropy in silence."""
    with pytest.raises(ValueError, match="A weight of each record needs a module that returns log"):
        net(criterion=torch.nn.NLLLoss).train_on(X32, Y, weights=np.ones(len(Y)))


def test_members_are_never_written():
    fitted = net(penalties=[L2()]).fit(X32, Y)
    written = pickle.dumps(fitted)
    assert X32[0].tobytes() not in written
    for other in (pickle.loads(written), copy.deepcopy(fitted)):
        assert not other.remembers_members
        np.testing.assert_array_equal(other.predict_proba(X32), fitted.predict_proba(X32))
        with pytest.raises(ValueError, match="remembers no training records"):
            other.membership_of(X32, Y)
    # what an unpickled network is trained on is not all it was trained on
    with pytest.raises(ValueError, match="remembers no training records"):
        pickle.loads(written).partial_fit(X32, Y).membership_of(X32, Y)


def test_no_table_no_members():
    fitted = net().fit(Dataset(X32, Y), None)
    with pytest.raises(ValueError, match="remembers no training records"):
        fitted.membership_of(X32, Y)


def test_a_fit_that_fails_leaves_no_records():
    broken = net(defense=Recording(fails=True))
    with pytest.raises(RuntimeError, match="on purpose"):
        broken.fit(X32, Y)
    assert not hasattr(broken, "training")
    assert broken.defense_.ended_
    with pytest.raises(ValueError, match="remembers no training records"):
        broken.membership_of(X32, Y)


class Broken(Constant):
    """A penalty that fails in the second step."""

    def value(self, net, logits, y):
        self.weight = -self.weight
        if self.weight > 0:
            raise RuntimeError("broken on purpose")
        return super().value(net, logits, y)


def test_going_on_that_fails_forgets_the_members():
    grown = net().fit(X32[:300], Y[:300])
    with pytest.raises(ValueError, match="must be a float"):
        grown.set_params(penalties=[L2(-1.0)]).partial_fit(X32[300:], Y[300:])
    assert grown.membership_of(X32, Y).sum() == 300  # nothing was trained on
    with pytest.raises(RuntimeError, match="on purpose"):
        grown.set_params(penalties=[Broken()]).partial_fit(X32[300:], Y[300:])
    with pytest.raises(ValueError, match="remembers no training records"):
        grown.membership_of(X32, Y)


def test_going_on_with_other_than_a_table_forgets_the_members():
    grown = net().fit(X32[:300], Y[:300]).partial_fit(Dataset(X32[300:], Y[300:]), None)
    with pytest.raises(ValueError, match="remembers no training records"):
        grown.membership_of(X32, Y)


def test_a_module_made_anew_has_no_members():
    fitted = net().fit(X32, Y).set_params(module__dropout=0.5)
    with pytest.raises(ValueError, match="remembers no training records"):
        fitted.membership_of(X32, Y)


def test_an_instance_of_a_module_stays_as_it_is():
    module = Linear()
    before = copy.deepcopy(module.state_dict())
    fitted = net(module).fit(X32, Y)
    shadow = clone(fitted).initialize()
    for state in (module.state_dict(), shadow.module_.state_dict()):
        assert all(torch.equal(state[name], before[name]) for name in before)
    assert not torch.equal(fitted.module_.layer.weight, module.layer.weight)
    first = parameters_of(fitted)
    assert torch.equal(parameters_of(fitted.fit(X32, Y)), first)


def test_without_a_module_nothing_is_predicted():
    with pytest.raises(NotInitializedError, match="not initialized yet"):
        net().predict(X32)


class Masked(Dataset):
    """A data set whose records are not what its arrays hold."""

    def transform(self, X, y):
        X, y = super().transform(X, y)
        return X * (np.arange(30) < 3), y


def test_data_sets_that_transform_records():
    ours = net(dataset=Masked).fit(X32, Y)
    expected = net().fit(X32 * (np.arange(30) < 3), Y)
    assert torch.equal(parameters_of(ours), parameters_of(expected))
    assert ours.membership_of(X32, Y).all()


def test_torchs_loader_draws_by_the_seed_too():
    state = torch.get_rng_state()
    options = {"module__n_features": 30, "module__n_classes": 2, "iterator_train": DataLoader}
    first, again = (net(MLP, **options).fit(X32, Y) for _ in range(2))
    assert torch.equal(parameters_of(first), parameters_of(again))
    assert torch.equal(torch.get_rng_state(), state)


def test_validation_loss_has_no_penalty():
    split = ValidSplit(0.25, random_state=0)
    plain, constant = (
        net(penalties=penalties, train_split=split).fit(X32, Y)
        for penalties in (None, [Constant()])
    )
    assert plain.history[:, "valid_loss"] == constant.history[:, "valid_loss"]


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ({"penalties": ["l2"]}, TypeError, "pairs of a name and a penalty; got 'l2'"),
        ({"penalties": L2()}, TypeError, r"must be a list of penalties .* got L2\(\)"),
        ({"penalties": [L2(-1.0)]}, ValueError, "'weight' parameter of L2 must be a float in"),
        ({"defense": L2()}, TypeError, "defense must be a defense of skmia.neural_network"),
        (
            {"penalties": [Constant()], "criterion": torch.nn.NLLLoss},
            ValueError,
            "Constant needs a module that returns logits",
        ),
        (
            {"defense": Recording(), "criterion": torch.nn.NLLLoss},
            ValueError,
            "Recording needs a module that returns logits",
        ),
        (
            {"penalties": [CountsRows()], "iterator_train": DataLoader},
            ValueError,
            "CountsRows needs to know the rows of each batch: leave iterator_train at its default, "
            "got <class .*DataLoader",
        ),
        ({"defense": NeedsHeldOut()}, ValueError, "set train_split=skorch.dataset.ValidSplit"),
        (
            {"defense": LabelSmoothing(), "criterion__label_smoothing": 0.1},
            ValueError,
            "leave out the criterion's {'label_smoothing': 0.1}",
        ),
    ],
)
def test_errors_come_before_training(params, error, message):
    with pytest.raises(error, match=message):
        net(**params).fit(X32, Y)


def test_torchs_loader_does_where_rows_are_not_needed():
    fitted = net(iterator_train=DataLoader, penalties=[L2(), Constant()]).fit(X32, Y)
    assert fitted.membership_of(X32, Y).all()


def test_callbacks_and_cross_validation_of_skorch_go_on():
    scores = cross_validate(net(callbacks=None), X32, Y, scoring=["accuracy", "neg_mia_roc_auc"])
    assert scores["test_accuracy"].mean() > 0.8


def test_a_defense_set_after_the_beginning_is_not_ignored():
    fitted = net().fit(X32, Y)
    with pytest.raises(ValueError, match=r"has defense=Recording\(\) now, which would not take"):
        fitted.set_params(defense=Recording()).partial_fit(X32, Y)
    fitted.fit(X32, Y).partial_fit(X32, Y)
    with pytest.raises(ValueError, match="initialized with Recording"):
        fitted.set_params(defense__fails=True).partial_fit(X32, Y)
