"""Measure attacks on records that they were not calibrated on."""

from math import comb

import numpy as np

from skmia._audit.report import AttackResult, ExposureGap, Slice
from skmia.metrics import (
    Estimate,
    membership_advantage,
    membership_balanced_accuracy,
    membership_precision_recall,
    membership_report,
    membership_roc_auc,
    risk_reliability,
)


def attack_result(
    name,
    threat_model,
    outcome,
    membership,
    *,
    false_positive_rate,
    prior,
    confidence_level,
    random_state,
):
    """Return the attack's row of the report."""
    level = {"confidence_level": confidence_level}
    report = membership_report(
        membership,
        outcome.scores,
        false_positive_rate=false_positive_rate,
        prior=prior,
        random_state=random_state,
        **level,
    )
    reliability = risk_reliability(membership, _at_even_odds(outcome.risk, outcome.prior))
    at_one = {"threshold": 1, **level}
    precision, recall = membership_precision_recall(
        membership, outcome.called, prior=prior, **at_one
    )
    return AttackResult(
        name=name,
        threat_model=threat_model,
        roc_auc=report.roc_auc,
        balanced_accuracy=membership_balanced_accuracy(membership, outcome.called, **at_one),
        advantage=membership_advantage(membership, outcome.called, **at_one),
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


def slices_of(kind, values, outcome, membership, *, confidence_level):
    """Measure an attack on each part of the records.

    One for each value, in their order. Of predictions the values say whether they are wrong.
    """
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
            auc = membership_roc_auc(
                member, outcome.scores[rows], confidence_level=confidence_level
            )
            accuracy = membership_balanced_accuracy(
                member, outcome.called[rows], threshold=1, confidence_level=confidence_level
            )
        n_members = int(member.sum())
        slices.append(Slice(kind, part, n_members, len(member) - n_members, auc, accuracy))
    return slices


def exposure_gaps(kind, values, outcome, membership, *, confidence_level):
    """Compare the most with the least exposed part, the choice among all pairs paid for.

    The list is empty where fewer than two parts have members and non-members. The level is that of
    all pairs at once (Bonferroni).
    """
    n_pairs = max(1, comb(len(np.unique(values)), 2))
    level = 1 - (1 - confidence_level) / n_pairs
    parts = slices_of(kind, values, outcome, membership, confidence_level=level)
    parts = [part for part in parts if not np.isnan(part.roc_auc)]
    if len(parts) < 2:
        return []
    least, *_, most = sorted(parts, key=lambda part: part.roc_auc)
    a, b = most.roc_auc, least.roc_auc
    difference = a - b
    return [
        ExposureGap(
            kind,
            most.value,
            least.value,
            Estimate(
                difference,
                difference - np.hypot(a - a.low, b.high - b),
                difference + np.hypot(a.high - a, b - b.low),
                f"difference of independent estimates (MOVER), Bonferroni over {n_pairs} pairs",
            ),
        )
    ]
