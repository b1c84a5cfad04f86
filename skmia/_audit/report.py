"""What an audit found, and how it reads."""

import math
from dataclasses import dataclass

import numpy as np

from skmia._result import Estimate, Result
from skmia._result._text import folded, text_table

_MOST_PARTS = 12  # in a text


@dataclass(frozen=True, repr=False, eq=False)
class AttackResult(Result):
    """One attack's row of an audit; every Estimate has an interval and names its method.

    Attributes
    ----------
    name : str
        Name of the attack.
    threat_model : str
        What the attacker sees and has, beside the membership of half of the rows to calibrate on.
    roc_auc : Estimate
        Area under the ROC curve of the attack scores; 0.5 is a blind guess.
    balanced_accuracy, advantage : Estimate
        Balanced accuracy, and TPR − FPR, at thresholds learned on other records; a blind guess has
        0.5 and 0.
    precision, recall : Estimate
        Of the records called members at the same thresholds, at the audit's prior.
    tpr_at_fpr : dict of float to Estimate
        True positive rate at each false positive rate.
    best_balanced_accuracy : Estimate
        Balanced accuracy at the threshold that is best on these very records; optimistic.
    epsilon_lower_bound : Estimate
        Lower bound on the ε of differential privacy, threshold search paid for. Its value is the
        bound, as is `low`; `high` is infinity, since nothing bounds ε from above.
    brier_score, expected_calibration_error : float
        How far the predicted risks, at even odds, are from the truth; 0 is perfect.

    Examples
    --------
    >>> import skmia
    >>> y, sure, unsure = [0] * 100, [[0.9, 0.1]] * 100, [[0.7, 0.3]] * 100
    >>> report = skmia.audit_predictions(sure, y, unsure, y, random_state=0)
    >>> print(report.attacks[1].name, report.attacks[1].balanced_accuracy)
    confidence 1.000 [0.974, 1.000]
    """

    name: str
    threat_model: str
    roc_auc: Estimate
    balanced_accuracy: Estimate
    advantage: Estimate
    precision: Estimate
    recall: Estimate
    tpr_at_fpr: dict
    best_balanced_accuracy: Estimate
    epsilon_lower_bound: Estimate
    brier_score: float
    expected_calibration_error: float


@dataclass(frozen=True, repr=False, eq=False)
class Slice(Result):
    """The strongest attack on a part of the records.

    Attributes
    ----------
    kind : str
        "class", "prediction", or the name of a sensitive feature.
    value : object
        The class, "right" or "wrong", or the group.
    n_members, n_nonmembers : int
        Records of this part.
    roc_auc, balanced_accuracy : Estimate
        As in AttackResult; NaN where members or non-members are missing.

    Examples
    --------
    >>> import skmia
    >>> y, sure, unsure = [0] * 100, [[0.9, 0.1]] * 100, [[0.7, 0.3]] * 100
    >>> report = skmia.audit_predictions(sure, y, unsure, y, random_state=0)
    >>> [(part.kind, str(part.value), part.n_members) for part in report.slices]
    [('class', '0', 100), ('prediction', 'right', 100)]
    """

    kind: str
    value: object
    n_members: int
    n_nonmembers: int
    roc_auc: Estimate
    balanced_accuracy: Estimate


@dataclass(frozen=True, repr=False, eq=False)
class ExposureGap(Result):
    """The difference in AUC between the most and the least exposed part of one kind.

    Attributes
    ----------
    kind : str
        As in Slice.
    most_exposed, least_exposed : object
        Values of the most and the least exposed part.
    difference : Estimate
        Of their AUCs; the interval pays for the choice among all pairs.

    Examples
    --------
    >>> import skmia
    >>> y = [0, 1] * 50
    >>> sure, unsure = [[0.9, 0.1], [0.1, 0.9]] * 50, [[0.7, 0.3], [0.3, 0.7]] * 50
    >>> report = skmia.audit_predictions(sure, y, unsure, y, random_state=0)
    >>> print(report.exposure_gaps[0].difference)
    0.000 [-0.071, 0.071]
    """

    kind: str
    most_exposed: object
    least_exposed: object
    difference: Estimate


@dataclass(frozen=True, repr=False, eq=False)
class AuditReport(Result):
    """What an audit found. `print` it, or take it as a dict, JSON or a frame.

    Attributes
    ----------
    target : str
        Name of the target's class.
    statement : str
        One plain sentence with an operating point.
    attacks : tuple of AttackResult
        One row per attack, in the order asked for.
    strongest : str
        Name of the attack with the largest AUC: slices and risks are its.
    train_accuracy, test_accuracy : Estimate
        The target's accuracy on all rows given.
    n_train, n_test : int
        Rows given.
    n_members, n_nonmembers : int
        Rows used: equally many, without those that occur in train and test.
    n_duplicates : tuple of int or None
        Train and test rows that were left out, because they occur in both.
    always_member_accuracy : float
        Plain accuracy of calling every given row a member. No attack below it says anything.
    shift_auc : Estimate or None
        How well train and test rows are told apart without the model; 0.5 is not at all.
    slices : tuple of Slice
        The strongest attack by class, by right and wrong prediction, by sensitive group.
    exposure_gaps : tuple of ExposureGap
        Which part of each kind is more exposed.
    riskiest : tuple of dict
        The members with the highest risk: "index" (row of X_train), "risk", "score".
    notes : tuple of str
        What the reader must know to read the numbers right.
    confidence_level, prior : float
        Coverage of each interval; probability of membership that precision and risk assume.
    member_rows, member_risk : ndarray of shape (n_members,)
        Rows of X_train that were used, and their risk under the strongest attack.

    Examples
    --------
    >>> import skmia
    >>> y, sure, unsure = [0] * 100, [[0.9, 0.1]] * 100, [[0.7, 0.3]] * 100
    >>> report = skmia.audit_predictions(sure, y, unsure, y, random_state=0)
    >>> report.strongest
    'confidence'
    >>> report.to_dict()["n_members"]
    100
    """

    target: str
    statement: str
    attacks: tuple
    strongest: str
    train_accuracy: Estimate
    test_accuracy: Estimate
    n_train: int
    n_test: int
    n_members: int
    n_nonmembers: int
    n_duplicates: tuple | None
    always_member_accuracy: float
    shift_auc: Estimate | None
    slices: tuple
    exposure_gaps: tuple
    riskiest: tuple
    notes: tuple
    confidence_level: float
    prior: float
    member_rows: np.ndarray
    member_risk: np.ndarray

    _rows = "attacks"

    def _blocks(self):
        yield _heading(self)
        yield _attack_table(self)
        yield _threat_models(self)
        yield folded(self.statement)
        yield _slice_table(self)
        yield _riskiest(self)
        yield from (folded(f"Note: {note}") for note in self.notes)


def _heading(report):
    lines = [
        f"Membership inference audit of {report.target}",
        f"{report.n_members:,} members and {report.n_nonmembers:,} non-members, of "
        f"{report.n_train:,} training and {report.n_test:,} test rows",
        f"accuracy: {report.train_accuracy} on training rows, {report.test_accuracy} on test rows",
        "blind guess: AUC 0.5, balanced accuracy 0.5; always saying “member” is right for "
        f"{report.always_member_accuracy:.1%} of all rows given",
    ]
    if report.n_duplicates is not None:
        lines.append(
            "rows that occur on both sides, counted on neither: "
            f"{report.n_duplicates[0]:,} training, {report.n_duplicates[1]:,} test"
        )
    if report.shift_auc is not None:
        verdict = "they differ" if report.shift_auc.low > 0.5 else "no difference found"
        lines.append(
            f"train and test rows told apart without the model: AUC {report.shift_auc}, {verdict}"
        )
    return "\n".join(map(folded, lines))


def _attack_table(report):
    rates = list(report.attacks[0].tpr_at_fpr)
    header = ["attack", "AUC", "balanced accuracy", *(f"TPR at FPR {r:.4g}" for r in rates), "ε ≥"]
    rows = []
    for attack in report.attacks:
        found = ["unresolvable" if math.isnan(e) else str(e) for e in attack.tpr_at_fpr.values()]
        success = [str(attack.roc_auc), str(attack.balanced_accuracy), *found]
        rows.append([attack.name, *success, f"{attack.epsilon_lower_bound:.2f}"])
    return text_table(header, rows)


def _threat_models(report):
    """Say what each attacker sees and has, attacks of one kind together."""
    by_kind = {}
    for attack in report.attacks:
        by_kind.setdefault(attack.threat_model, []).append(attack.name)
    lines = ["What the attacker sees and has, beside the membership of the rows they calibrate on:"]
    for kind, names in by_kind.items():
        lines.append(folded(f"- {', '.join(names)}: {kind}"))
    return "\n".join(lines)


def _slice_table(report):
    shown = [s for s in report.slices if not math.isnan(s.roc_auc)]
    if not shown:
        return ""
    lines = [f"Who is exposed ({report.strongest})"]
    kinds = dict.fromkeys(s.kind for s in shown)
    most = max(2, _MOST_PARTS // len(kinds))
    rows = [
        [s.kind, str(s.value), f"{s.n_members:,}", str(s.roc_auc), str(s.balanced_accuracy)]
        for kind in kinds
        for s in sorted((s for s in shown if s.kind == kind), key=lambda part: -part.roc_auc)[:most]
    ]
    lines.append(text_table(["by", "part", "members", "AUC", "balanced accuracy"], rows))
    if len(shown) > len(rows):
        lines.append(f"and {len(shown) - len(rows):,} less exposed parts: slices has all")
    lines += [_gap(gap) for gap in report.exposure_gaps]
    return "\n".join(lines)


def _gap(gap):
    known = "more exposed than" if gap.difference.low > 0 else "not clearly more exposed than"
    pair = f"{gap.most_exposed} is {known} {gap.least_exposed}"
    return folded(f"{gap.kind}: {pair}, difference of AUCs {gap.difference}")


def _riskiest(report):
    if not report.riskiest:
        return ""
    items = ", ".join(f"{item['index']} ({item['risk']:.2f})" for item in report.riskiest[:10])
    return folded(f"Riskiest training rows (row number, risk): {items}")
