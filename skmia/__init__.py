"""Membership inference attacks, privacy metrics and audits for scikit-learn classifiers."""

__version__ = "0.1.0"
