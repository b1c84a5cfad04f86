"""Membership inference attacks, privacy metrics and audits for scikit-learn classifiers."""

import skmia.model_selection  # noqa: F401 - makes its scorers known by name
from skmia._audit import AttackResult, AuditReport, ExposureGap, Slice, audit, audit_predictions

__all__ = ["AttackResult", "AuditReport", "ExposureGap", "Slice", "audit", "audit_predictions"]

__version__ = "0.1.0"
