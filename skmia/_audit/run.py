"""Run the attacks of an audit and put the report together."""

import numpy as np
from scipy.stats import binomtest
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import indexable

from skmia._audit.evaluate import attack_result, exposure_gaps, slices_of
from skmia._audit.report import AuditReport
from skmia._audit.statement import note_on_ties, operating_point, statement
from skmia._records import concatenate
from skmia._response import Answered
from skmia._target import final_estimator
from skmia.attacks import ResponseAttack
from skmia.attacks._measure import measure, with_shadows
from skmia.metrics import Estimate
from skmia.utils._sklearn import _safe_indexing


def run_audit(sides, templates, *, false_positive_rate, prior, confidence_level, n_riskiest, rng):
    """Measure each attack on equally many members and non-members.

    Of `sides`, which the two audits make, X, y, proba, right, kept and the values of groups are
    pairs of train and test.
    """
    sample = _Sample(sides, rng)
    seed = rng.randint(np.iinfo(np.int32).max)
    templates = sample.with_shadows(templates, seed)
    half = sample.half(seed)
    level = {"confidence_level": confidence_level}
    each = {"confidence_level": 1 - (1 - confidence_level) / len(templates)}  # Bonferroni
    results = []
    points = {}
    notes = []
    strongest = None
    for name, template in templates.items():
        attack = sample.attack(name, template)
        measured = measure(attack, sample.answered, sample.y, sample.membership, half, seed=seed)
        options = {
            "false_positive_rate": false_positive_rate,
            "prior": prior,
            "random_state": seed,
            **level,
        }
        results.append(
            attack_result(name, template._threat_model, measured, sample.membership, **options)
        )
        points[name] = operating_point(measured, sample.membership, false_positive_rate, **each)
        notes += [f"{name}: {text}" for text in dict.fromkeys(measured.notes)]
        # of the others nothing is kept that is as long as the records
        if strongest is None or results[-1].roc_auc > strongest[0].roc_auc:
            strongest = results[-1], measured
        del measured
    strongest, measured = strongest
    parts = sample.parts()
    about = (measured, sample.membership)
    return AuditReport(
        target=_describe(sides.target),
        statement=statement(points),
        attacks=tuple(results),
        strongest=strongest.name,
        train_accuracy=_accuracy(sides, 0, confidence_level),
        test_accuracy=_accuracy(sides, 1, confidence_level),
        n_train=len(sides.y[0]),
        n_test=len(sides.y[1]),
        n_members=len(sample.rows[0]),
        n_nonmembers=len(sample.rows[1]),
        n_duplicates=sides.n_duplicates,
        always_member_accuracy=len(sides.y[0]) / (len(sides.y[0]) + len(sides.y[1])),
        shift_auc=sides.shift,
        slices=tuple(s for kind, v in parts.items() for s in slices_of(kind, v, *about, **level)),
        exposure_gaps=tuple(
            gap for kind, v in parts.items() for gap in exposure_gaps(kind, v, *about, **level)
        ),
        riskiest=_riskiest(sample, measured, n_riskiest),
        notes=tuple(sides.notes + _note_on_shift(sides) + notes + note_on_ties(points)),
        confidence_level=confidence_level,
        prior=prior,
        member_rows=sample.rows[0],
        member_risk=measured.risk[sample.membership == 1],
    )


class _Sample:
    """Equally many members and non-members, drawn from the rows that can be used."""

    def __init__(self, sides, rng):
        self.sides = sides
        n = min(map(len, sides.kept))
        drawn = [rng.choice(rows, size=n, replace=False) for rows in sides.kept]
        self.rows = [
            kept if len(kept) == n else np.sort(rows)
            for kept, rows in zip(sides.kept, drawn, strict=True)
        ]
        del drawn
        self.membership = np.repeat(np.array([1, 0], dtype=np.int8), n)
        self.y = self._both(sides.y)
        n_all = [len(y) for y in sides.y]
        numbers = None
        if n_all != [n, n]:
            numbers = np.concatenate([self.rows[0], n_all[0] + self.rows[1]])
        X = None if sides.X is None else indexable(self._records(self.rows))[0]
        self.answered = Answered(
            sides.target,
            X,
            sides.classes,
            method=sides.response_method,
            proba=sides.proba,
            numbers=numbers,
        )

    def _both(self, pair):
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
        if self.sides.X is None and needs_records:
            raise ValueError(
                f"The attack {name!r} asks the target itself: use skmia.audit with the estimator, "
                "or attacks='fast'."
            )
        if template.response_method != "auto":
            return template
        return clone(template).set_params(response_method=self.sides.response_method)

    def with_shadows(self, templates, seed):
        """Return the attacks with shadow models that were trained on all rows that can be used."""
        if self.sides.X is None or not any(hasattr(t, "shadows") for t in templates.values()):
            return templates
        kept = zip(self.sides.y, self.sides.kept, strict=True)
        return with_shadows(
            templates,
            self.sides.target,
            self._records(self.sides.kept),
            np.concatenate([y[rows] for y, rows in kept]),
            response_method=self.sides.response_method,
            seed=seed,
            n_jobs=self.sides.n_jobs,
        )

    def _records(self, rows):
        pairs = zip(self.sides.X, rows, strict=True)
        return concatenate(*(_safe_indexing(X, kept) for X, kept in pairs))

    def parts(self):
        """Return, for each way to cut the records into parts, the part of each record."""
        parts = {"class": self.y, "prediction": ~self._both(self.sides.right)}
        return parts | {name: self._both(pair) for name, pair in self.sides.groups.items()}


def _describe(target):
    if target is None:
        return "predictions"
    outer, inner = type(target).__name__, type(final_estimator(target)).__name__
    return outer if outer == inner else f"{outer} ({inner})"


def _accuracy(sides, side, confidence_level):
    right = sides.right[side]
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(confidence_level)
    return Estimate(float(right.mean()), interval.low, interval.high, "Clopper-Pearson")


def _riskiest(sample, measured, n_riskiest):
    members = slice(0, len(sample.rows[0]))
    risk = measured.risk[members]
    scores = measured.scores[members]
    order = np.lexsort((-scores, -risk))[:n_riskiest]
    return tuple(
        {
            "index": int(sample.rows[0][i]),
            "risk": float(risk[i]),
            "score": float(scores[i]),
        }
        for i in order
    )


def _note_on_shift(sides):
    if sides.shift is None or sides.shift.low <= 0.5:
        return []
    return [
        f"Train and test rows differ before any model saw them (AUC {sides.shift}): what the "
        "attacks find is not leakage alone. Draw train and test rows from one population."
    ]
