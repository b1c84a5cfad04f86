"""Audits: several attacks on one target, reported with intervals."""

from skmia._audit.audit import audit, audit_predictions
from skmia._audit.report import AttackResult, AuditReport, ExposureGap, Slice

__all__ = ["AttackResult", "AuditReport", "ExposureGap", "Slice", "audit", "audit_predictions"]
