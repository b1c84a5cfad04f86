"""Errors and warnings of skmia.

::

    ValueError
    └── ShadowTrainingError      a shadow model could not be trained

    UserWarning
    └── PrivacyWarning           every warning of this library
        ├── BudgetWarning        nothing that was tried keeps to the privacy budget
        ├── CalibrationWarning   a threshold or risk rests on less than was asked for
        ├── MembershipWarning    who is a member may not be what it seems
        ├── ResolutionWarning    too few records for the figure that was asked for
        └── StorageWarning       a stored model cannot be used, or a model not be stored
"""

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
    """No candidate of a search, or epoch of a training, keeps to the privacy budget.

    The most private one was taken.
    """


class CalibrationWarning(PrivacyWarning):
    """A threshold or a risk had to be taken from other records than the ones asked for."""


class MembershipWarning(PrivacyWarning):
    """The records called members may not be the ones the target was trained on."""


class ResolutionWarning(PrivacyWarning):
    """Too few records to resolve the figure that was asked for."""


class StorageWarning(PrivacyWarning):
    """A stored model cannot be used and is trained anew, or a trained one could not be stored."""
