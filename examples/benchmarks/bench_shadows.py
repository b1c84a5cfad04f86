"""What shadow models cost beyond the training itself, and what the attack on top of them costs.

Run it with ``python examples/benchmarks/bench_shadows.py``; it prints four tables. All ratios are
taken within one run, on one job unless said otherwise. Records resemble those of Purchase-100.

1. Overhead: ``ShadowModels.fit`` over the sum of the bare fits, each of them a clone with the same
   seed, fitted on the same rows. All sides are timed in every round, in changing order; a ratio is
   that of one round, and of the ratios the median and range are printed. CPU time is printed
   beside wall time, since other programs disturb it less. The bare fits use one thread of BLAS, as
   ours do. For information: what they take with as many as BLAS likes, and the fit that stores the
   shadows in a directory, or reads them from there.
2. Speed-up of two jobs over one, beside that of joblib alone on the bare fits. The workers run
   before the clock does.
3. The attack's own work: ``ShadowModelAttack.fit`` with fitted shadows over their training, the
   scores of many records by a cheap target, and ``ShadowModels.observe``.
4. The whole attack, fit and scores, beside those of adversarial-robustness-toolbox and sacroml,
   where they are installed, on one forest with as many shadows of the same size. What differs is
   printed below the table.
"""

import argparse
import logging
import tempfile
import time
import warnings
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.parallel import Parallel, delayed  # those of joblib, with filters of warnings
from threadpoolctl import threadpool_limits

from skmia.attacks import ShadowModelAttack
from skmia.datasets import make_purchase_like
from skmia.shadows import ShadowModels

WANTED_OVERHEAD = 1.05  # of the sum of the bare fits
N_PER_SIDE = 2000  # members, non-members, records of one shadow
N_CLASSES = 20
PACKAGES = (
    "scikit-learn",
    "numpy",
    "joblib",
    "skops",
    "adversarial-robustness-toolbox",
    "sacroml",
    "torch",
)

FOREST = RandomForestClassifier(60, min_samples_leaf=5, random_state=0)
NETWORK = MLPClassifier((128,), max_iter=20, random_state=0)
CHEAP = DecisionTreeClassifier(min_samples_leaf=5, random_state=0)
CLASSIFIERS = {"random forest": FOREST, "network": NETWORK}

ATTACK_WORK = {
    "training": "training of the shadows",
    "attack": "attack.fit with these shadows",
    "one thread": "the same, one thread of BLAS",
    "answers": "the shadows' answers to all records",
}

DIFFERENCES = """\
skmia and art: shadows are trained on the attacker's own records, other ones than the target's.
  skmia draws halves, art draws half of the records anew for each shadow; art's shadows all have
  the target's seed. art cuts the probability at 1/2; skmia learns thresholds and risks too, for
  which it trains its attack models three times.
sacroml: shadows are trained on the target's members and non-members themselves, so that each record
  is judged by shadows that saw it and by others. It is another attack (LiRA: a normal distribution
  per record, no attack model). Its shadows go through pickle files; its report is switched off.
skmia (pool of sacroml): our attack with its shadows trained on the records under attack, as
  sacroml's are; who is a member it is not told."""


def make_split(seed=0):
    """Draw members, non-members and the attacker's own records, as (X, y) each."""
    X, y = make_purchase_like(
        4 * N_PER_SIDE, n_features=300, n_classes=N_CLASSES, random_state=seed
    )
    ends = [N_PER_SIDE, 2 * N_PER_SIDE]
    return list(zip(np.split(X, ends), np.split(y, ends), strict=True))


def stopwatch(function, *args):
    """Return the wall and the CPU time of a call, in seconds, and what it returns."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function(*args)
    return time.perf_counter() - wall, time.process_time() - cpu, result


def alternate(sides, rounds):
    """Time all sides in every round, in turn from the first and from the last.

    Returns wall and CPU time, (2, rounds), and the last result of each side.
    """
    times, results = {name: np.empty((2, rounds)) for name in sides}, {}
    for i in range(rounds):
        for name in list(sides)[:: -1 if i % 2 else 1]:
            *times[name][:, i], results[name] = stopwatch(sides[name])
    return times, results


def spread(ratios):
    """Return the median and range of ratios as text."""
    return f"{np.median(ratios):.3f} ({ratios.min():.3f}-{ratios.max():.3f})"


def verdict(met):
    """Say whether what is wanted is met."""
    return "met" if met else "NOT MET"


def rows_of(shadows, X, y):
    """Yield each shadow with the records that it was trained on and their labels."""
    for shadow, rows in zip(shadows.estimators_, shadows.in_mask_, strict=True):
        yield shadow, X[rows], y[rows]


def bare_fits(shadows, X, y, n_threads=1):
    """Fit clones of all shadows, which have their seeds; the limit is set once for all."""
    with threadpool_limits(n_threads, user_api="blas"):
        return [clone(shadow).fit(*records) for shadow, *records in rows_of(shadows, X, y)]


def limited_fit(shadow, X, y):
    """Fit a clone of a shadow in a worker."""
    with threadpool_limits(1, user_api="blas"):
        return clone(shadow).fit(X, y)


def bare_fits_in_jobs(shadows, X, y):
    """Fit them in two jobs, with nothing but joblib."""
    return Parallel(2)(delayed(limited_fit)(*job) for job in rows_of(shadows, X, y))


def answer_alike(models, others, X):
    """Say whether two lists of models give the same answers, to the last bit."""
    pairs = zip(models, others, strict=True)
    same = all(np.array_equal(a.predict_proba(X), b.predict_proba(X)) for a, b in pairs)
    return "yes" if same else "NO"


def fit_in_directory(shadows, X, y, directory, serializer, *, anew):
    """Fit shadows that are stored in a directory, or read from there unless it is a new one."""
    name = tempfile.mkdtemp(dir=directory) if anew else Path(directory, serializer)
    return clone(shadows).set_params(directory=name, serializer=serializer).fit(X, y)


def overhead_sides(shadows, X, y, directory):
    """Return what is timed for the first table, by name."""
    sides = {
        "bare fits": partial(bare_fits, shadows, X, y),
        "ShadowModels.fit": lambda: clone(shadows).fit(X, y),
        "bare fits, any threads": partial(bare_fits, shadows, X, y, n_threads=None),
    }
    for form in ("skops", "pickle"):
        in_directory = partial(fit_in_directory, shadows, X, y, directory, form)
        in_directory(anew=False)
        sides[f"fit, stored by {form}"] = partial(in_directory, anew=True)
        sides[f"fit, read by {form}"] = partial(in_directory, anew=False)
    return sides


def print_overhead(X, y, n_shadows, rounds):
    """Print the first table."""
    print(
        f"\n1. Overhead: over bare fits, {n_shadows} shadows of {len(y) // 2:,} records, one job; "
        f"median (range) of {rounds}"
    )
    print(f"{'classifier':<13} | {'what':<22} | s/shadow | {'wall time':<19} | CPU time")
    for name, classifier in CLASSIFIERS.items():
        shadows = ShadowModels(classifier, n_shadows, random_state=0).fit(X, y)
        with tempfile.TemporaryDirectory() as directory:
            times, results = alternate(overhead_sides(shadows, X, y, directory), rounds)
        for side, spent in times.items():
            wall, cpu = spent / times["bare fits"]
            seconds = np.median(spent[0]) / n_shadows
            print(f"{name:<13} | {side:<22} | {seconds:8.3f} | {spread(wall)} | {spread(cpu)}")
        wall = np.median(times["ShadowModels.fit"][0] / times["bare fits"][0])
        alike = answer_alike(results["ShadowModels.fit"].estimators_, results["bare fits"], X)
        print(
            f"{name:<13} | wanted: ShadowModels.fit <= {WANTED_OVERHEAD} of the wall time of bare "
            f"fits  {verdict(wall <= WANTED_OVERHEAD)}; same answers: {alike}",
            flush=True,
        )


def speedup_sides(shadows, X, y):
    """Return what is timed for the second table, by name."""
    two_jobs = clone(shadows).set_params(n_jobs=2)
    clone(two_jobs).set_params(n_shadows=2).fit(X, y)  # starts the workers
    return {
        "one job": lambda: clone(shadows).fit(X, y),
        "two jobs": lambda: clone(two_jobs).fit(X, y),
        "bare": partial(bare_fits, shadows, X, y),
        "joblib": partial(bare_fits_in_jobs, shadows, X, y),
    }


def print_speedup(X, y, n_shadows, rounds):
    """Print the second table."""
    print(f"\n2. Speed-up of two jobs over one, {n_shadows} shadows; median (range) of {rounds}")
    print(f"{'classifier':<13} | 1 job, s | {'ShadowModels':<19} | {'joblib alone':<19} | alike")
    for name, classifier in CLASSIFIERS.items():
        shadows = ShadowModels(classifier, n_shadows, random_state=0).fit(X, y)
        times, results = alternate(speedup_sides(shadows, X, y), rounds)
        one, two, bare, joblib = (wall for wall, _ in times.values())
        alike = answer_alike(*(results[side].estimators_ for side in ("one job", "two jobs")), X)
        print(
            f"{name:<13} | {np.median(one):8.2f} | {spread(one / two)} | "
            f"{spread(bare / joblib)} | {alike}",
            flush=True,
        )


def limited_attack(target, shadows, X, y):
    """Fit the attack with fitted shadows on one thread of BLAS."""
    with threadpool_limits(1, user_api="blas"):
        return ShadowModelAttack(target, shadows=shadows, random_state=0).fit(X, y)


def print_attack_work(target, X, y, n_shadows, rounds):
    """Print the first half of the third table: fit, beside the training and the shadows' answers.

    The answers are those that nobody can do without: of each shadow to each record once.
    """
    template = ShadowModels(target, n_shadows, random_state=0)
    shadows = clone(template).fit(X, y)
    sides = {
        "training": lambda: clone(template).fit(X, y),
        "attack": lambda: ShadowModelAttack(target, shadows=shadows, random_state=0).fit(X, y),
        "one thread": lambda: limited_attack(target, shadows, X, y),
        "answers": lambda: [shadow.predict_proba(X) for shadow in shadows.estimators_],
    }
    times, _ = alternate(sides, rounds)
    training = times["training"][0]
    print(
        f"\n3. The attack's own work, {n_shadows} shadows of a random forest, {len(y):,} records, "
        f"{N_CLASSES} classes; median (range) of {rounds}"
    )
    print(f"{'what':<35} |       s | over training")
    for name, what in ATTACK_WORK.items():
        wall = times[name][0]
        print(f"{what:<35} | {np.median(wall):7.2f} | {spread(wall / training)}")


def print_scoring(records, X, y, n_scored, n_shadows, rounds):
    """Print the second half of the third table: scores and signals, by a cheap target."""
    target = clone(CHEAP).fit(*records)
    shadows = ShadowModels(target, n_shadows, random_state=0).fit(X, y)
    attack = ShadowModelAttack(target, shadows=shadows, random_state=0).fit(X, y)
    rows = np.random.default_rng(0).integers(len(y), size=n_scored)
    X, y = X[rows], y[rows]
    sides = {
        "target.predict_proba": lambda: target.predict_proba(X),
        "attack.score_samples": lambda: attack.score_samples(X, y),
        "shadows' predict_proba": lambda: [model.predict_proba(X) for model in shadows.estimators_],
        "shadows.observe": lambda: shadows.observe(X, y, "confidence"),
    }
    times, _ = alternate(sides, rounds)
    print(f"a decision tree of {X.shape[1]} features asked for {n_scored:,} records; median s")
    for name, (wall, _) in times.items():
        per_record = 1e6 * np.median(wall) / n_scored / (n_shadows if "shadows" in name else 1)
        print(f"{name:<22} | {np.median(wall):7.3f} s | {per_record:7.2f} us per answer")


def our_attack(target, members, others, own, n_shadows):
    """Attack with shadows of the attacker's own records; return AUC and balanced accuracy."""
    X, y, membership = mixed(members, others)
    attack = ShadowModelAttack(target, shadows=n_shadows, random_state=0).fit(*own)
    return roc_auc_score(membership, attack.score_samples(X, y)), attack.score(X, y, membership)


def our_attack_on_pool(target, members, others, _, n_shadows):
    """Do the same with shadows of the records under attack, as sacroml has them."""
    X, y, _ = mixed(members, others)
    return our_attack(target, members, others, (X, y), n_shadows)


def mixed(members, others):
    """Return the records under attack, their labels and the truth."""
    X, y = (np.concatenate(both) for both in zip(members, others, strict=True))
    return X, y, np.repeat([1, 0], [len(members[1]), len(others[1])])


def art_attack(attack_model):
    """Return the toolbox's attack with one of its attack models, None if it is not installed."""
    try:
        from art.attacks.inference import membership_inference
        from art.estimators.classification import SklearnClassifier
    except ImportError:
        return None

    def _attack(target, members, others, own, n_shadows):
        wrapped, one_hot = SklearnClassifier(target), np.eye(N_CLASSES)
        shadows = membership_inference.ShadowModels(wrapped, n_shadows, random_state=0)
        (*seen, pred), (*held_out, test_pred) = shadows.generate_shadow_dataset(
            own[0], one_hot[own[1]]
        )
        attack = membership_inference.MembershipInferenceBlackBox(
            wrapped, attack_model_type=attack_model
        )
        np.random.seed(0)  # noqa: NPY002 - its attack models take no other seed
        attack.fit(*seen, *held_out, pred=pred, test_pred=test_pred)
        X, y, membership = mixed(members, others)
        scores = attack.infer(X, one_hot[y], probabilities=True).ravel()
        return roc_auc_score(membership, scores), balanced_accuracy_score(membership, scores > 0.5)

    return _attack


def sacroml_attack(mode):
    """Return sacroml's attack that trains shadows, None if it is not installed."""
    try:
        from sacroml.attacks.likelihood_attack import LIRAAttack
        from sacroml.attacks.target import Target
    except ImportError:
        return None

    def _attack(target, members, others, _, n_shadows):
        X, y = zip(members, others, strict=True)
        described = Target(target, X_train=X[0], y_train=y[0], X_test=X[1], y_test=y[1])
        with tempfile.TemporaryDirectory() as directory:
            options = {"n_shadow_models": n_shadows, "mode": mode, "write_report": False}
            attack = LIRAAttack(directory, **options)
            attack.attack(described)
        found = attack.attack_metrics[0]
        return found["AUC"], (found["TPR"] + 1 - found["FPR"]) / 2

    return _attack


def rivals(art_models, sacroml_modes):
    """Return all attacks by name; None for those that are not installed."""
    attacks = {"skmia": our_attack}
    attacks |= {f"art ({name})": art_attack(name) for name in art_models}
    attacks["skmia (pool of sacroml)"] = our_attack_on_pool
    return attacks | {f"sacroml LiRA ({mode})": sacroml_attack(mode) for mode in sacroml_modes}


def print_rivals(target, members, others, own, n_shadows, attacks):
    """Print the fourth table."""
    shadows = ShadowModels(target, n_shadows, random_state=0).fit(*own)
    bare = stopwatch(bare_fits, shadows, *own)[0]
    print(
        f"\n4. The whole attack: {n_shadows} shadows of {N_PER_SIDE:,} records, one job; "
        f"{N_PER_SIDE:,} members and as many others; bare fits of the shadows {bare:.2f} s"
    )
    print(f"{'attack':<30} |       s | over bare fits |    AUC | balanced accuracy")
    for name, attack in attacks.items():
        if attack is None:
            print(f"{name:<30} | not installed")
            continue
        wall, _, (auc, accuracy) = stopwatch(attack, target, members, others, own, n_shadows)
        print(
            f"{name:<30} | {wall:7.2f} | {wall / bare:14.2f} | {auc:.4f} | {accuracy:17.4f}",
            flush=True,
        )
    print(DIFFERENCES)


def versions():
    """Return the versions of what is installed, as text."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="of the first table")
    parser.add_argument("--shadows", type=int, default=4, help="of the first table")
    parser.add_argument("--fewer-rounds", type=int, default=3, help="of the others")
    parser.add_argument("--more-shadows", type=int, default=8, help="of the others")
    parser.add_argument("--scored", type=int, default=100_000)
    parser.add_argument("--art-models", nargs="*", default=["rf", "lr"], help="or nn, with torch")
    parser.add_argument("--sacroml-modes", nargs="*", default=["offline", "online-carlini"])
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # all networks stop after as many epochs
    attacks = rivals(args.art_models, args.sacroml_modes)
    logging.disable(logging.WARNING)  # of the other libraries

    members, others, own = make_split()
    print(versions())
    print_overhead(*own, args.shadows, args.rounds)
    print_speedup(*own, args.more_shadows, args.fewer_rounds)
    target = clone(FOREST).fit(*members)
    print_attack_work(target, *own, args.more_shadows, args.fewer_rounds)
    print_scoring(members, *own, args.scored, args.more_shadows, args.fewer_rounds)
    print_rivals(target, members, others, own, args.more_shadows, attacks)


if __name__ == "__main__":
    main()
