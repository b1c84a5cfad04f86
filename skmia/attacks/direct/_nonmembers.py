"""What attacks share that compare a record with non-members."""

from numbers import Real

import numpy as np

from skmia.attacks._base import BaseAttack
from skmia.signals import get_signal_names
from skmia.utils._sklearn import Interval, StrOptions


class NonmembersAttack(BaseAttack):
    """Base class of attacks whose score is one minus a p-value against non-members."""

    _shared_docstring = """
    Parameters
    ----------
    signal : str or callable
        What is compared: a name from `skmia.signals`, or a function of `proba` (n_records,
        n_classes) and `y_index` (n_records,) that returns one number per record, higher for
        members.
    false_positive_rate : float
        The rate α in (0, 1) of non-members that `predict` may call members: the threshold is
        1 − α. None learns the threshold with the best balanced accuracy.
    """

    _risk_scale = "rank"
    _threat_model = "sees the target's answer to the record; has records that are no members"

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **BaseAttack._parameter_constraints,
        "signal": [StrOptions(set(get_signal_names())), callable],
        "false_positive_rate": [Interval(Real, 0, 1, closed="neither"), None],
    }

    @property
    def _known_threshold(self):
        # the score that this share of non-members reaches
        return None if self.false_positive_rate is None else 1 - self.false_positive_rate

    def _note_on_rate(self, n_nonmembers):
        """Note a caution if so few non-members cannot resolve the rate."""
        rate = self.false_positive_rate
        # a record above all n of them has the p-value 1 / (n + 1), the smallest that they can tell
        if rate is not None and rate * (n_nonmembers + 1) < 1:
            self.notes_.append(
                f"false_positive_rate={rate} cannot be resolved by {n_nonmembers} non-members, of "
                f"which even the highest stands for a rate of {1 / (n_nonmembers + 1):.2g}. Give "
                f"fit at least {int(np.ceil(1 / rate)) - 1} of them for this, or ask for a higher "
                "rate."
            )
