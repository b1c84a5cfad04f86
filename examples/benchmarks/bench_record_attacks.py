"""Time and memory of the attacks on single records, beyond the training of their shadow models.

Run it with ``python examples/benchmarks/bench_record_attacks.py``; it prints four parts. All ratios
are taken within one run, on one job; of several rounds the median ratio and the range are printed.

1. ``lira_scores`` on 50,000 records and 64 shadows, over the same formula in plain NumPy on whole
   matrices. Where sacroml is installed, its scoring of the same signals is timed on a part of the
   records, scaled up, and its scores compared.
2. ``rmia_scores`` on 20,000 records and 16 shadows with a population of 10,000, its growth when
   both numbers double, and its memory beside that of all pairs.
3. LiRA, RMIA, ReferenceAttack and PopulationAttack, each fitted on the pool of one fitted
   ``ShadowModels`` and scoring all of it, over the training of these shadows.
4. The largest memory that scoring 1,000,000 records with 16 shadows takes, signals included, over
   that of the matrix of shadow signals; by the functions, and by a fitted ``LiRA``.
"""

import argparse
import time
import tracemalloc
import warnings

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.neural_network import MLPClassifier

from skmia.attacks import (
    RMIA,
    LiRA,
    PopulationAttack,
    ReferenceAttack,
    base_scores,
    lira_scores,
    reference_scores,
    rmia_scores,
)
from skmia.datasets import make_purchase_like
from skmia.shadows import ShadowModels


def signals(n_records, n_shadows, rng):
    """Draw logarithmic odds, larger where a shadow saw the record."""
    in_mask = rng.random((n_shadows, n_records)) < 0.5
    difficulty = rng.normal(scale=2, size=n_records)
    shadow_signals = rng.normal(size=(n_shadows, n_records)) + difficulty
    shadow_signals[in_mask] += 1
    return rng.normal(size=n_records) + difficulty, shadow_signals, in_mask


def plain_lira(signal, shadow_signals, in_mask):
    """Return the online score of each record, as one would write it by hand."""
    n_in = in_mask.sum(axis=0)
    n_out = len(in_mask) - n_in
    mean_in = (shadow_signals * in_mask).sum(axis=0) / n_in
    mean_out = (shadow_signals * ~in_mask).sum(axis=0) / n_out
    squares = (shadow_signals - np.where(in_mask, mean_in, mean_out)) ** 2
    std_in = np.sqrt((squares * in_mask).sum(axis=0) / n_in)
    std_out = np.sqrt((squares * ~in_mask).sum(axis=0) / n_out)
    return norm.logpdf(signal, mean_in, std_in) - norm.logpdf(signal, mean_out, std_out)


def seconds_of(function, *args, **kwargs):
    """Return the time that a call takes, and its result."""
    start = time.perf_counter()
    result = function(*args, **kwargs)
    return time.perf_counter() - start, result


def ratio_of(rounds, ours, other):
    """Return the median ratio of times, with its range, and both median times."""
    times = np.array([(seconds_of(*ours)[0], seconds_of(*other)[0]) for _ in range(rounds)])
    ratios = times[:, 0] / times[:, 1]
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}-{ratios.max():.2f})", np.median(times, 0)


def peak_of(function, *args, **kwargs):
    """Return the largest memory that a call takes beyond what is there already, in bytes."""
    tracemalloc.start()
    function(*args, **kwargs)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def time_lira(rounds, rng):
    """Compare with plain NumPy, and with sacroml."""
    given = signals(50_000, 64, rng)
    print("1. lira_scores, 50,000 records x 64 shadows")
    for variance in ("per_record", "global", "bayesian"):
        ours = lambda *args, v=variance: lira_scores(*args, variance=v)  # noqa: E731
        ratio, times = ratio_of(rounds, (ours, *given), (plain_lira, *given))
        print(f"   {variance}: {times[0]:.3f} s, {ratio} of plain NumPy ({times[1]:.3f} s)")
    difference = np.abs(lira_scores(*given) - plain_lira(*given)).max()
    print(f"   largest difference of scores, per_record: {difference:.1e}")
    try:
        from sacroml.attacks.likelihood_attack import LIRAAttack
    except ImportError:
        print("   sacroml is not installed")
        return
    part = slice(0, 2_000)
    attack = LIRAAttack(mode="online-carlini")
    signal, shadow_signals, in_mask = given
    confidence = expit(signal[part])
    proba = np.column_stack([1 - confidence, confidence])
    sides = []
    for mask in (~in_mask, in_mask):
        rows = zip(shadow_signals[:, part].T, mask[:, part].T, strict=True)
        sides.append({i: list(values[kept]) for i, (values, kept) in enumerate(rows)})
    labels = np.ones(len(confidence), dtype=int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, (scores, _) = seconds_of(attack._compute_scores, labels, proba, *sides)
    ours, own = seconds_of(lira_scores, logit(confidence), *(m[:, part] for m in given[1:]))
    theirs *= 50_000 / len(confidence)
    whole = min(seconds_of(lira_scores, *given)[0] for _ in range(rounds))
    print(f"   sacroml: {theirs:.1f} s for as many records, {theirs / whole:.0f} times ours")
    difference = np.abs(np.array(scores)[:, 1] - own)  # their second column is that of members
    print(f"   largest difference from sacroml's scores: {difference.max():.1e}")


def time_rmia(rounds, rng):
    """Show time and memory beside those of all pairs."""
    print("2. rmia_scores, 16 shadows")
    for scale in (1, 2):
        n_records, n_population = 20_000 * scale, 10_000 * scale
        signal, shadow_signals, in_mask = signals(n_records + n_population, 16, rng)
        own, shadow = expit(signal), expit(shadow_signals)
        x, z = slice(0, n_records), slice(n_records, None)
        given = own[x], shadow[:, x], in_mask[:, x], own[z], shadow[:, z]
        seconds = min(seconds_of(rmia_scores, *given)[0] for _ in range(rounds))
        peak, pairs = peak_of(rmia_scores, *given), n_records * n_population
        print(
            f"   {n_records} records, population {n_population}: {seconds:.3f} s, "
            f"{peak / 1e6:.1f} MB; one byte for each pair were {pairs / 1e6:.0f} MB"
        )


def time_attacks(rng):
    """Compare what attacks cost with the training of the shadows that they share."""
    print("3. attacks on 16 fitted shadows, fit and scores of all 8,000 records, over the training")
    X, y = make_purchase_like(8_000, n_classes=10, random_state=0)
    classifiers = {
        "random forest": RandomForestClassifier(100, random_state=0),
        "boosted trees": HistGradientBoostingClassifier(max_iter=20, random_state=0),
        "network": MLPClassifier((128,), max_iter=20, random_state=0),
    }
    warnings.simplefilter("ignore")
    for name, classifier in classifiers.items():
        target = classifier.fit(X[:4_000], y[:4_000])
        training, shadows = seconds_of(ShadowModels(classifier, 16, random_state=0).fit, X, y)
        asked, _ = seconds_of(shadows.observe, X, y, "logit_confidence")
        print(f"   {name}: training {training:.1f} s, answers of all shadows alone {asked:.1f} s")
        total = 0
        for attack in (LiRA(), RMIA(), ReferenceAttack(), PopulationAttack()):
            attack.set_params(target=target, random_state=0)
            if "shadows" in attack.get_params():
                attack.set_params(shadows=shadows)
            membership = np.repeat([1, 0], 4_000)
            fitted, _ = seconds_of(attack.fit, X, y, membership)
            scored, _ = seconds_of(attack.score_samples, X, y)
            total += fitted + scored
            share = (fitted + scored) / training
            print(f"     {type(attack).__name__}: {fitted + scored:.2f} s, {share:.1%}")
        print(f"     all four: {total / training:.1%}, wanted less than 5 %")


class Cheap(ClassifierMixin, BaseEstimator):
    """A model that answers at no cost in memory, so that the attack's own shows."""

    def fit(self, X, y):
        """Draw a slope."""
        self.classes_ = np.unique(y)
        self.slope_ = X[:, 0].mean()
        return self

    def predict_proba(self, X):
        """Answer by the first feature."""
        positive = expit(X[:, 0] + self.slope_)
        return np.column_stack([1 - positive, positive])


def measure_memory(rng):
    """Print the largest memory over that of the matrix of signals."""
    print("4. peak memory over the matrix of signals, 1,000,000 records x 16 shadows; wanted < 2")
    signal, shadow_signals, in_mask = signals(1_000_000, 16, rng)
    matrix = shadow_signals.nbytes
    for variance in ("per_record", "global", "bayesian"):
        peak = peak_of(lira_scores, signal, shadow_signals, in_mask, variance=variance)
        print(f"   lira_scores, {variance}: {1 + peak / matrix:.2f}")
    peak = peak_of(reference_scores, signal, shadow_signals, in_mask)
    print(f"   reference_scores: {1 + peak / matrix:.2f}")
    confidence, shadow_confidence = expit(signal), expit(shadow_signals)
    population = confidence[:10_000], shadow_confidence[:, :10_000]
    peak = peak_of(rmia_scores, confidence, shadow_confidence, in_mask, *population)
    print(f"   rmia_scores: {1 + peak / matrix:.2f}")
    peak = peak_of(base_scores, confidence, shadow_confidence, in_mask)
    print(f"   base_scores: {1 + peak / matrix:.2f}")
    del signal, shadow_signals, in_mask, confidence, shadow_confidence
    X = rng.normal(size=(1_000_000, 1))
    y = (X[:, 0] > 0).astype(int)
    target = Cheap().fit(X, y)
    attack = LiRA(target, random_state=0).fit(X[:2_000], y[:2_000])
    peak = peak_of(attack.score_samples, X, y)
    print(f"   LiRA.score_samples, foreign records: {peak / matrix:.2f}")


def main():
    """Print all parts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    rng = np.random.default_rng(0)
    time_lira(rounds, rng)
    time_rmia(rounds, rng)
    time_attacks(rng)
    measure_memory(rng)


if __name__ == "__main__":
    main()
