"""Run the attacks of an audit and put the report together."""

from functools import cached_property

import numpy as np
from scipy.stats import binomtest
from sklearn.model_selection import StratifiedKFold

from skmia._audit.evaluate import attack_result, exposure_gaps, slices_of
from skmia._audit.report import AuditReport
from skmia._audit.shadows import share_shadows
from skmia._audit.statement import statement, tied_share
from skmia._records import concatenate
from skmia._target import final_estimator
from skmia.attacks._cross_fit import cross_fit, on_answers, seeded
from skmia.metrics import Estimate
from skmia.utils._sklearn import _safe_indexing

__all__ = ["run_audit"]


def run_audit(sides, templates, *, fpr, prior, confidence_level, n_riskiest, rng):
    """Measure each attack on equally many members and non-members.

    Parameters
    ----------
    sides : Bunch
        `target`, `X`, `y`, `proba`, `predicted`, `classes`, `groups`, `kept`, `n_duplicates`,
        `response_method`, `n_jobs`, `shift` and `notes`; X, y, proba, predicted, kept and the
        values of groups are pairs of train and test.
    templates : dict of str to BaseAttack
        Attacks by name.
    fpr : sequence of float
        False positive rates.
    prior : float
        Probability of membership.
    confidence_level : float
        Coverage of each interval.
    n_riskiest : int
        How many training rows to name.
    rng : RandomState instance
        Source of all chance.

    Returns
    -------
    AuditReport
        The report.
    """
    sample = _Sample(sides, rng)
    seed = rng.randint(np.iinfo(np.int32).max)
    if sides.X is not None:
        templates = sample.with_shadows(templates, seed)
    outcomes, results = {}, []
    for name, template in templates.items():
        attack, X = sample.attack_and_records(name, template, seed)
        outcome = cross_fit(attack, X, sample.y, sample.membership, sample.half(seed))
        outcomes[name] = outcome
        results.append(
            attack_result(
                name,
                template._threat_model,
                outcome,
                sample.membership,
                fpr=fpr,
                prior=prior,
                confidence_level=confidence_level,
                random_state=seed,
            )
        )
    strongest = max(results, key=lambda result: result.roc_auc)
    outcome = outcomes[strongest.name]
    parts = sample.parts()
    about = (outcome, sample.membership)
    level = {"confidence_level": confidence_level}
    return AuditReport(
        target=_describe(sides.target),
        statement=statement(outcomes, sample.membership, fpr, confidence_level),
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
        riskiest=_riskiest(sample, outcome, n_riskiest),
        notes=tuple(sides.notes + _notes(sides, outcomes, sample.membership)),
        confidence_level=confidence_level,
        prior=prior,
        member_rows=sample.rows[0],
        member_risk=outcome.risk[sample.membership == 1],
    )


class _Sample:
    """Equally many members and non-members, drawn from the rows that can be used."""

    def __init__(self, sides, rng):
        self.sides = sides
        n = min(map(len, sides.kept))
        self.rows = [np.sort(rng.choice(rows, size=n, replace=False)) for rows in sides.kept]
        self.membership = np.repeat([1, 0], n)
        self.y = self._both(sides.y)
        self.proba = self._both(sides.proba)

    def _both(self, pair):
        return np.concatenate([values[rows] for values, rows in zip(pair, self.rows, strict=True)])

    def half(self, seed):
        """Return a random half of members and non-members, as a mask."""
        folds = StratifiedKFold(2, shuffle=True, random_state=seed)
        mask = np.zeros(len(self.y), dtype=bool)
        mask[next(folds.split(self.y, self.membership))[1]] = True
        return mask

    def attack_and_records(self, name, template, seed):
        """Return the attack with its target, and the records in the form it needs."""
        attack = seeded(template, seed)
        if attack._response_only:
            return on_answers(attack, self.proba, self.sides.classes)
        if self.sides.X is None:
            raise ValueError(
                f"The attack {name!r} asks the target itself: use skmia.audit with the estimator, "
                "or attacks='fast'."
            )
        if attack.response_method == "auto":
            attack.set_params(response_method=self.sides.response_method)
        return attack.set_params(target=self.sides.target), self.records

    @cached_property
    def records(self):
        """Return the records of both sides."""
        return self._records(self.rows)

    def with_shadows(self, templates, seed):
        """Return the attacks with shadow models that were trained on all rows that can be used."""
        if not any(hasattr(template, "shadows") for template in templates.values()):
            return templates
        kept = zip(self.sides.y, self.sides.kept, strict=True)
        return share_shadows(
            templates,
            self.sides.target,
            self._records(self.sides.kept),
            np.concatenate([y[rows] for y, rows in kept]),
            response_method=self.sides.response_method,
            random_state=seed,
            n_jobs=self.sides.n_jobs,
        )

    def _records(self, rows):
        pairs = zip(self.sides.X, rows, strict=True)
        return concatenate(*(_safe_indexing(X, kept) for X, kept in pairs))

    def parts(self):
        """Return, for each way to cut the records into parts, the part of each record."""
        right = self._both(self.sides.predicted) == self.y
        parts = {"class": self.y, "prediction": np.where(right, "right", "wrong")}
        return parts | {name: self._both(pair) for name, pair in self.sides.groups.items()}


def _describe(target):
    if target is None:
        return "predictions"
    outer, inner = type(target).__name__, type(final_estimator(target)).__name__
    return outer if outer == inner else f"{outer} ({inner})"


def _accuracy(sides, side, confidence_level):
    right = sides.predicted[side] == sides.y[side]
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(confidence_level)
    return Estimate(float(right.mean()), interval.low, interval.high, "Clopper-Pearson")


def _riskiest(sample, outcome, n_riskiest):
    members = slice(0, len(sample.rows[0]))
    risk, scores = outcome.risk[members], outcome.scores[members]
    order = np.lexsort((-scores, -risk))[:n_riskiest]
    return tuple(
        {
            "index": int(sample.rows[0][i]),
            "risk": float(risk[i]),
            "score": float(scores[i]),
        }
        for i in order
    )


def _notes(sides, outcomes, membership):
    """Return what the numbers cannot say themselves."""
    notes = []
    if sides.shift is not None and sides.shift.low > 0.5:
        notes.append(
            f"Train and test rows differ before any model saw them (AUC {sides.shift}): what the "
            "attacks find is not leakage alone. Draw train and test rows from one population."
        )
    for name, outcome in outcomes.items():
        notes.extend(f"{name}: {text}" for text in dict.fromkeys(outcome.notes))
    tied = []
    for name, outcome in outcomes.items():
        share = tied_share(outcome.scores, membership)
        if share > 0 and len(np.unique(outcome.scores)) > 2:  # a yes or no is tied by its nature
            tied.append(f"{name} {share:.1%}")
    if tied:
        notes.append(
            "Many non-members share an attack's highest score with members, and no threshold has "
            f"fewer false alarms than these: {', '.join(tied)}. Below, TPR is 0 for want of "
            "resolution, which is no proof of privacy."
        )
    return notes
