"""Run the attacks of an audit, measure what they say, and put the report together."""

from math import comb
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import indexable

from skmia._audit.report import AttackResult, AuditReport, ExposureGap, Slice
from skmia._records import concatenate
from skmia._response import Answered
from skmia._target import final_estimator
from skmia.attacks import ResponseAttack
from skmia.attacks._measure import measure, with_shadows
from skmia.metrics import (
    Estimate,
    membership_advantage,
    membership_balanced_accuracy,
    membership_precision_recall,
    membership_report,
    membership_roc_auc,
    risk_reliability,
    tpr_at_fpr,
)
from skmia.utils._sklearn import _safe_indexing


def run_audit(splits, templates, *, false_positive_rate, prior, confidence_level, n_riskiest, rng):
    """Measure each attack on equally many members and non-members.

    Of `splits`, which the two audits make, X, y, proba, right, kept and the values of groups are
    pairs of train and test.
    """
    sample = _Sample(splits, rng)
    seed = rng.randint(np.iinfo(np.int32).max)
    templates = sample.with_shadows(templates, seed)
    half = sample.half(seed)
    level = {"confidence_level": confidence_level}
    each = {"confidence_level": 1 - (1 - confidence_level) / len(templates)}  # Bonferroni
    options = {"false_positive_rate": false_positive_rate, "prior": prior, "random_state": seed}
    results = []
    points = {}
    notes = []
    strongest = None
    for name, template in templates.items():
        attack = sample.attack(name, template)
        measured = measure(attack, sample.answered, sample.y, sample.membership, half, seed=seed)
        results.append(
            _attack_result(name, template, measured, sample.membership, prior, level, options)
        )
        points[name] = _operating_point(measured, sample.membership, false_positive_rate, **each)
        notes += [f"{name}: {text}" for text in dict.fromkeys(measured.notes)]
        # of the others nothing is kept that is as long as the records
        if strongest is None or results[-1].roc_auc > strongest[0].roc_auc:
            strongest = results[-1], measured
        del measured
    strongest, measured = strongest
    parts = {"class": sample.y, "prediction": ~sample.both(splits.right)}
    parts |= {name: sample.both(pair) for name, pair in splits.groups.items()}
    about = (measured, sample.membership)
    n_train, n_test = map(len, splits.y)
    return AuditReport(
        target=_describe(splits.target),
        statement=_statement(points),
        attacks=tuple(results),
        strongest=strongest.name,
        train_accuracy=_accuracy(splits.right[0], confidence_level),
        test_accuracy=_accuracy(splits.right[1], confidence_level),
        n_train=n_train,
        n_test=n_test,
        n_members=len(sample.rows[0]),
        n_nonmembers=len(sample.rows[1]),
        n_duplicates=splits.n_duplicates,
        always_member_accuracy=n_train / (n_train + n_test),
        shift_auc=splits.shift,
        slices=tuple(s for kind, v in parts.items() for s in _slices_of(kind, v, *about, **level)),
        exposure_gaps=tuple(
            gap for kind, v in parts.items() for gap in _exposure_gaps(kind, v, *about, **level)
        ),
        riskiest=_riskiest(sample, measured, n_riskiest),
        notes=tuple(splits.notes + _note_on_shift(splits.shift) + notes + _note_on_ties(points)),
        confidence_level=confidence_level,
        prior=prior,
        member_rows=sample.rows[0],
        member_risk=measured.risk[sample.membership == 1],
    )


class _Sample:
    """Equally many members and non-members, drawn from the rows that can be used."""

    def __init__(self, splits, rng):
        self.splits = splits
        n = min(map(len, splits.kept))
        drawn = (rng.choice(rows, size=n, replace=False) for rows in splits.kept)
        self.rows = [
            kept if len(kept) == n else np.sort(rows)
            for kept, rows in zip(splits.kept, drawn, strict=True)
        ]
        self.membership = np.repeat(np.array([1, 0], dtype=np.int8), n)
        self.y = self.both(splits.y)
        n_all = [len(y) for y in splits.y]
        numbers = None
        if n_all != [n, n]:
            numbers = np.concatenate([self.rows[0], n_all[0] + self.rows[1]])
        X = None if splits.X is None else indexable(self._records(self.rows))[0]
        about = {"method": splits.response_method, "proba": splits.proba, "numbers": numbers}
        self.answered = Answered(splits.target, X, splits.classes, **about)

    def both(self, pair):
        """Return the values of the members, then those of the non-members."""
        return np.concatenate([values[rows] for values, rows in zip(pair, self.rows, strict=True)])

    def half(self, seed):
        """Return a random half of members and non-members, as a mask."""
        folds = StratifiedKFold(2, shuffle=True, random_state=seed)
        mask = np.zeros(len(self.y), dtype=bool)
        mask[next(folds.split(self.y, self.membership))[1]] = True
        return mask

    def attack(self, name, template):
        """Return the attack, if it can do with what is known, asking as the audit does."""
        needs_records = hasattr(template, "shadows") or not isinstance(template, ResponseAttack)
        if self.splits.X is None and needs_records:
            raise ValueError(
                f"The attack {name!r} asks the target itself: use skmia.audit with the estimator, "
                "or attacks='fast'."
            )
        if template.response_method != "auto":
            return template
        return clone(template).set_params(response_method=self.splits.response_method)

    def with_shadows(self, templates, seed):
        """Return the attacks with shadow models that were trained on all rows that can be used."""
        if self.splits.X is None or not any(hasattr(t, "shadows") for t in templates.values()):
            return templates
        splits = self.splits
        y = np.concatenate([y[rows] for y, rows in zip(splits.y, splits.kept, strict=True)])
        return with_shadows(
            templates,
            splits.target,
            self._records(splits.kept),
            y,
            response_method=splits.response_method,
            seed=seed,
            n_jobs=splits.n_jobs,
        )

    def _records(self, rows):
        pairs = zip(self.splits.X, rows, strict=True)
        return concatenate(*(_safe_indexing(X, kept) for X, kept in pairs))


def _describe(target):
    if target is None:
        return "predictions"
    outer, inner = type(target).__name__, type(final_estimator(target)).__name__
    return outer if outer == inner else f"{outer} ({inner})"


def _accuracy(right, confidence_level):
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(confidence_level)
    return Estimate(float(right.mean()), interval.low, interval.high, "Clopper-Pearson")


def _riskiest(sample, measured, n_riskiest):
    rows = sample.rows[0]  # of the members, who come first
    risk = measured.risk[: len(rows)]
    scores = measured.scores[: len(rows)]
    order = np.lexsort((-scores, -risk))[:n_riskiest]
    return tuple(
        {"index": int(rows[i]), "risk": float(risk[i]), "score": float(scores[i])} for i in order
    )


def _note_on_shift(shift):
    if shift is None or shift.low <= 0.5:
        return []
    return [
        f"Train and test rows differ before any model saw them (AUC {shift}): what the "
        "attacks find is not leakage alone. Draw train and test rows from one population."
    ]


def _attack_result(name, template, outcome, membership, prior, level, options):
    """Return the attack's row of the report."""
    report = membership_report(membership, outcome.scores, **options, **level)
    reliability = risk_reliability(membership, _at_even_odds(outcome.risk, outcome.prior))
    called = (membership, outcome.called)
    at_one = {"threshold": 1, **level}
    precision, recall = membership_precision_recall(*called, prior=prior, **at_one)
    return AttackResult(
        name=name,
        threat_model=template._threat_model,
        roc_auc=report.roc_auc,
        balanced_accuracy=membership_balanced_accuracy(*called, **at_one),
        advantage=membership_advantage(*called, **at_one),
        precision=precision,
        recall=recall,
        tpr_at_fpr=report.tpr_at_fpr,
        best_balanced_accuracy=report.balanced_accuracy,
        epsilon_lower_bound=report.epsilon_lower_bound,
        brier_score=reliability.brier_score,
        expected_calibration_error=reliability.expected_calibration_error,
    )


def _at_even_odds(risk, prior):
    """Return risks as they would be if half of the records were members, as they are."""
    if prior == 0.5:
        return risk
    odds_in, odds_out = risk * (1 - prior), (1 - risk) * prior
    return odds_in / (odds_in + odds_out)


def _slices_of(kind, values, outcome, membership, *, confidence_level):
    """Measure an attack on the records of each value, of predictions whether they are wrong."""
    parts, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    order = np.argsort(codes, kind="stable").astype(np.int32)
    del codes  # as long as the records, as is all that is kept here
    rows_of_parts = np.split(order, counts.cumsum()[:-1])
    if kind == "prediction":
        parts = np.array(["right", "wrong"])[parts.astype(int)]
    slices = []
    for part, rows in zip(parts, rows_of_parts, strict=True):
        member = membership[rows]
        auc = accuracy = Estimate(np.nan, np.nan, np.nan, "needs members and non-members")
        if 0 < member.sum() < len(member):
            level = {"confidence_level": confidence_level}
            auc = membership_roc_auc(member, outcome.scores[rows], **level)
            called = outcome.called[rows]
            accuracy = membership_balanced_accuracy(member, called, threshold=1, **level)
        n_members = int(member.sum())
        slices.append(Slice(kind, part, n_members, len(member) - n_members, auc, accuracy))
    return slices


def _exposure_gaps(kind, values, outcome, membership, *, confidence_level):
    """Compare the most with the least exposed part, if two have members and non-members."""
    # the level is that of all pairs at once, so that the choice among them is paid for
    n_pairs = max(1, comb(len(np.unique(values)), 2))
    level = 1 - (1 - confidence_level) / n_pairs
    parts = _slices_of(kind, values, outcome, membership, confidence_level=level)
    parts = [part for part in parts if not np.isnan(part.roc_auc)]
    if len(parts) < 2:
        return []
    least, *_, most = sorted(parts, key=lambda part: part.roc_auc)
    a, b = most.roc_auc, least.roc_auc
    low = a - b - np.hypot(a - a.low, b.high - b)
    high = a - b + np.hypot(a.high - a, b - b.low)
    method = f"difference of independent estimates (MOVER), Bonferroni over {n_pairs} pairs"
    return [ExposureGap(kind, most.value, least.value, Estimate(a - b, low, high, method))]


class _OperatingPoint(NamedTuple):
    """What an attack finds; intervals pay for the choice among the attacks."""

    accuracy: object  # at thresholds learned on other records, an Estimate
    rate: float | None  # the resolved false positive rate nearest to 1 %
    found: object  # true positive rate at this rate, an Estimate
    tied: float  # false positive rate of the highest score, 0 if non-members do not share it
    at_top: object  # true positive rate of the highest score, an Estimate
    is_graded: bool  # whether the scores are more than a yes or no


def _operating_point(measured, membership, false_positive_rate, *, confidence_level):
    """Return what an attack finds, at the resolved false positive rate nearest to 1 %."""
    level = {"confidence_level": confidence_level}
    scores = measured.scores
    resolved = [rate for rate in false_positive_rate if rate * len(membership) >= 2]
    rate = min(resolved, key=lambda rate: abs(np.log(rate / 0.01)), default=None)
    top = scores.max()
    tied = scores[membership == 0] == top
    return _OperatingPoint(
        accuracy=membership_balanced_accuracy(membership, measured.called, threshold=1, **level),
        rate=rate,
        found=None
        if rate is None
        else tpr_at_fpr(membership, scores, false_positive_rate=rate, **level),
        tied=float(tied.mean()) if tied.sum() > 1 else 0.0,
        at_top=membership_precision_recall(membership, scores, threshold=top, **level)[1],
        is_graded=bool(((scores != top) & (scores != scores.min())).any()),
    )


def _statement(points):
    """Say operating points in plain words."""
    name, best = max(points.items(), key=lambda item: item[1].accuracy)
    overall = (
        f"With thresholds learned on other records {_which(name, len(points))} tells members "
        f"from non-members in {_percent(best.accuracy)} of cases, where a blind guess has 50 %."
    )
    return overall if best.rate is None else f"{_at_rate(points, best.rate)} {overall}"


def _at_rate(points, rate):
    """Say what the attack that finds most at this rate finds; if none does, why not."""
    name, best = max(points.items(), key=lambda item: item[1].found)
    which = _which(name, len(points))
    if best.found == 0 and len(points) > 1:
        which = f"any of {len(points)} attacks"
    sentence = (
        f"At {100 * rate:.3g} % false alarms an attacker with {which} finds "
        f"{_percent(best.found)} of the members, where a blind guess finds {100 * rate:.3g} %"
    )
    name, least = min(points.items(), key=lambda item: item[1].tied)
    if best.found == 0 and least.tied >= rate:
        sentence += (
            f"; so many non-members share the highest score that no threshold has fewer than "
            f"{least.tied:.1%} false alarms ({name}), where {_percent(least.at_top)} of the "
            "members are found"
        )
    return f"{sentence}."


def _note_on_ties(points):
    """Return a note on attacks whose highest score non-members share."""
    # a yes or no is tied by its nature
    tied = [f"{name} {p.tied:.1%}" for name, p in points.items() if p.tied > 0 and p.is_graded]
    if not tied:
        return []
    return [
        "Many non-members share an attack's highest score with members, and no threshold has "
        f"fewer false alarms than these: {', '.join(tied)}. Below them TPR is 0 because no "
        "threshold reaches there, which is no proof of privacy."
    ]


def _which(name, n_attacks):
    return f"the attack {name}" if n_attacks == 1 else f"the best of {n_attacks} attacks ({name})"


def _percent(estimate):
    return f"{estimate:.1%} [{estimate.low:.1%}, {estimate.high:.1%}]"
