"""Warnings of skmia.

::

    UserWarning
    └── PrivacyWarning           every warning of this library
        ├── BudgetWarning        no candidate of a search keeps to the privacy budget
        ├── CalibrationWarning   a threshold or risk rests on less than was asked for
        ├── MembershipWarning    who is a member may not be what it seems
        └── ResolutionWarning    too few records for the figure that was asked for
"""

__all__ = [
    "BudgetWarning",
    "CalibrationWarning",
    "MembershipWarning",
    "PrivacyWarning",
    "ResolutionWarning",
]


class PrivacyWarning(UserWarning):
    """Base class of all warnings of skmia, for one filter that catches them all."""


class BudgetWarning(PrivacyWarning):
    """No candidate of a search keeps to the privacy budget, so the most private one was taken."""


class CalibrationWarning(PrivacyWarning):
    """A threshold or a risk had to be taken from other records than the ones asked for."""


class MembershipWarning(PrivacyWarning):
    """The records called members may not be the ones the target was trained on."""


class ResolutionWarning(PrivacyWarning):
    """Too few records to resolve the figure that was asked for."""
