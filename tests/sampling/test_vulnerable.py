"""The sampler that drops what an attack finds, and samplers in pipelines."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import make_pipeline
from imblearn.under_sampling import RandomUnderSampler
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import get_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import skmia  # noqa: F401 - registers the scorers
from skmia.attacks import GMIA, LiRA, MetricAttack
from skmia.exceptions import MembershipWarning
from skmia.model_selection import MemberRecorder, make_membership_scorer
from skmia.sampling import (
    ClassBalanceSampler,
    FeatureBalanceSampler,
    GroupBalanceSampler,
    VulnerableUnderSampler,
)

N_PLANTED = 20
X, Y = make_blobs(300, centers=[[-4, 0], [4, 0]], random_state=0)
Y[:N_PLANTED] = 1 - Y[:N_PLANTED]  # labels that only memory can tell
NEIGHBOR = KNeighborsClassifier(1)


def sampler(attack=None, estimator=NEIGHBOR, **params):
    attack = LiRA(shadows=8) if attack is None else attack
    return VulnerableUnderSampler(attack, estimator, random_state=0, **params)


def leakage(X, y, seed=1):
    """Attack a model of half of the records anew."""
    member = np.random.RandomState(seed).permutation(len(y)) < len(y) / 2
    target = clone(NEIGHBOR).fit(X[member], y[member])
    scores = LiRA(target, shadows=8, random_state=seed).fit(X, y).score_samples(X, y)
    return roc_auc_score(member, scores)


def test_planted_records_are_dropped_and_leakage_falls():
    drops = sampler(drop_fraction=N_PLANTED / len(X), n_repeats=3)
    X_kept, y_kept = drops.fit_resample(X, Y)
    rows = drops.sample_indices_
    assert np.sum(rows < N_PLANTED) <= 0.1 * N_PLANTED  # by chance it were 93 %
    assert drops.n_vulnerable_ == N_PLANTED
    assert roc_auc_score(np.arange(len(X)) < N_PLANTED, drops.rank_) > 0.99
    assert drops.risk_[:N_PLANTED].min() > np.median(drops.risk_[N_PLANTED:])
    # a pair with a planted record, found for sure, and all others by a coin: the least to be seen
    least = 1 - (1 - N_PLANTED / len(X)) ** 2 / 2
    before, after = (
        np.mean([leakage(*data, s) for s in range(3)]) for data in ((X, Y), (X_kept, y_kept))
    )
    assert before > least
    assert after - 0.5 < (before - 0.5) / 4


def test_drops_what_is_found_at_a_false_positive_rate():
    drops = sampler(false_positive_rate=0.05, n_repeats=3).fit(X, Y)
    dropped = np.setdiff1d(np.arange(len(X)), drops.sample_indices_)
    assert set(dropped) <= set(np.flatnonzero(drops.found_ > 0.5))
    assert len(dropped) == drops.n_vulnerable_ == np.sum(drops.found_ > 0.5)
    assert np.isin(np.arange(N_PLANTED), dropped).mean() > 0.8
    assert np.isin(np.arange(N_PLANTED, len(X)), dropped).mean() < 0.1


def test_default_share_and_seeds():
    with parallel_config("threading"):
        rows = [sampler(n_jobs=n).fit(X, Y).sample_indices_ for n in (None, 2)]
    np.testing.assert_array_equal(*rows)
    assert len(rows[0]) == 270


def test_each_record_is_a_member_once_and_twins_stand_together():
    seen = []

    class Spy(DecisionTreeClassifier):
        def fit(self, X, y):
            seen.append(X[:, 0])
            return super().fit(X, y)

    doubled = np.vstack([X, X[:50]]), np.concatenate([Y, Y[:50]])
    # the attack's shadow is the second of each pair
    sampler(MetricAttack(), Spy()).fit(*doubled)
    first, second = seen[0], seen[2]
    assert len(first) + len(second) == 350
    assert not np.intersect1d(first, second).size


def test_an_attack_that_selects_by_itself():
    drops = sampler(GMIA(shadows=10, cutoff=0.2), drop_fraction=0.1).fit(X, Y)
    assert len(drops.sample_indices_) == 270


@pytest.mark.parametrize(
    ("drops", "message"),
    [
        (
            sampler(drop_fraction=0.1, false_positive_rate=0.1),
            "Give either drop.* or false_pos",
        ),
        (sampler(drop_fraction=0.9999), "All of the n_samples=300 records would be dropped"),
        (sampler(MetricAttack(NEIGHBOR)), "template without a target"),
    ],
)
def test_refusals(drops, message):
    with pytest.raises(ValueError, match=message):
        drops.fit(X, Y)


def test_a_class_of_one_record_is_refused():
    with pytest.raises(ValueError, match=r"at least two distinct records.*got one class, 2"):
        sampler().fit(X, np.append(Y[:-1], 2))


def test_a_class_is_not_lost():
    rare = np.append(np.arange(N_PLANTED, len(X)), np.arange(3))
    y = np.append(Y[N_PLANTED:], [2] * 3)
    with pytest.raises(ValueError, match="All records of class 2 would be dropped"):
        sampler(drop_fraction=0.1).fit(X[rare], y)


def test_clone_and_pickle():
    drops = sampler(MetricAttack())
    assert repr(clone(drops)) == repr(drops)
    written = pickle.dumps(drops.fit(X, Y))
    assert not any(row.tobytes() in written for row in X)
    again = pickle.loads(written)
    np.testing.assert_array_equal(again.sample_indices_, drops.sample_indices_)


def test_search_over_a_sampler():
    pipeline = make_pipeline(StandardScaler(), ClassBalanceSampler(random_state=0), NEIGHBOR)
    search = GridSearchCV(pipeline, {"classbalancesampler__balance": [0.2, 0.5]}, cv=2).fit(X, Y)
    fitted = search.best_estimator_[1]
    assert fitted.balance in (0.2, 0.5)
    assert fitted.sampling_strategy_[1] == pytest.approx(
        fitted.balance * len(fitted.sample_indices_), abs=1
    )


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
@pytest.mark.parametrize(
    "drops",
    [FeatureBalanceSampler(features="b"), GroupBalanceSampler("b"), sampler(MetricAttack())],
)
def test_frames_of_any_library_in_a_pipeline(drops, make):
    frame = make({"a": X[:, 0], "b": X[:, 1] > 0})
    pipeline = make_pipeline(clone(drops).set_params(random_state=0), NEIGHBOR)
    recorder = MemberRecorder(pipeline).fit(frame, Y)
    rows = recorder.estimator_[0].sample_indices_
    assert 0 < len(rows) < len(Y)
    np.testing.assert_array_equal(recorder.membership_of(frame, Y), np.isin(np.arange(300), rows))
    assert (recorder.predict(frame) == Y)[rows].all()


def test_recorder_knows_what_samplers_select():
    pipeline = make_pipeline(
        StandardScaler(),
        ClassBalanceSampler(0.3, random_state=0),
        RandomUnderSampler(random_state=0),
        NEIGHBOR,
    )
    recorder = MemberRecorder(pipeline).fit(X[:200], Y[:200])
    steps = recorder.estimator_
    rows = steps[1].sample_indices_[steps[2].sample_indices_]
    assert 0 < len(rows) < 200
    expected = np.isin(np.arange(300), rows)
    np.testing.assert_array_equal(recorder.membership_of(X, Y), expected)
    scorer = get_scorer("neg_mia_roc_auc")
    assert -1 <= scorer(recorder, X[200:], Y[200:]) <= 0  # without a warning
    search = GridSearchCV(pipeline, {"classbalancesampler__balance": [0.3]}, cv=2)
    searched = MemberRecorder(search).fit(X[:200], Y[:200])
    np.testing.assert_array_equal(searched.membership_of(X, Y), expected)
    assert scorer(searched, X[200:], Y[200:]) == scorer(recorder, X[200:], Y[200:])
    scores = cross_val_score(
        MemberRecorder(pipeline), X, Y, scoring="neg_mia_balanced_accuracy", cv=2
    )
    assert np.isfinite(scores).all()


def test_what_the_recorder_does_not_know_is_said():
    made_up = make_pipeline(SMOTE(random_state=0), NEIGHBOR)
    selected = make_pipeline(RandomUnderSampler(random_state=0), NEIGHBOR)
    stops = HistGradientBoostingClassifier(early_stopping=True, max_iter=3)
    early = make_pipeline(RandomUnderSampler(random_state=0), stops)
    scorer = get_scorer("neg_mia_roc_auc")
    for pipeline, message in ((made_up, "resamples the rows"), (early, "stops early by")):
        recorder = MemberRecorder(pipeline).fit(X[:200], Y[:200])
        with pytest.warns(MembershipWarning, match=message):
            scorer(recorder, X[200:], Y[200:])
    # a pool takes what a sampler dropped for members, and says so
    pooled = make_membership_scorer("roc_auc", pool=(X, Y))
    with pytest.warns(MembershipWarning, match="fit MemberRecorder"):
        pooled(clone(selected).fit(X[:200], Y[:200]), X[200:], Y[200:])
