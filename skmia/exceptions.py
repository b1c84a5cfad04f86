"""Errors and warnings of skmia."""

__all__ = [
    "BudgetWarning",
    "CalibrationWarning",
    "MembershipWarning",
    "PrivacyWarning",
    "ResolutionWarning",
    "ShadowTrainingError",
    "StorageWarning",
]


class ShadowTrainingError(ValueError):
    """A shadow model could not be trained; the message names it, its seed and its records."""


class PrivacyWarning(UserWarning):
    """Base class of all warnings of skmia, for one filter that catches them all."""


class BudgetWarning(PrivacyWarning):
    """No candidate or epoch keeps to the privacy budget, so that the most private was taken."""


class CalibrationWarning(PrivacyWarning):
    """A threshold or a risk had to be taken from other records than the ones asked for."""


class MembershipWarning(PrivacyWarning):
    """The records called members may not be the ones the target was trained on."""


class ResolutionWarning(PrivacyWarning):
    """Too few records to resolve the figure that was asked for."""


class StorageWarning(PrivacyWarning):
    """A stored model cannot be used and is trained anew, or a trained one could not be stored."""
