"""A display: how many records of each side an attack calls members."""

import numpy as np

from skmia.inspection._axes import axes_or_new


class CallsDisplay:
    """Bars of the records that an attack calls members, by side."""

    def __init__(self, *, shares):
        self.shares = shares

    @classmethod
    def from_estimator(cls, attack, X, y, membership, *, ax=None):
        """Compute the shares by a fitted attack, and draw them."""
        called, membership = attack.predict(X, y), np.asarray(membership)
        shares = [float(called[membership == side].mean()) for side in (1, 0)]
        return cls(shares=shares).plot(ax=ax)

    def plot(self, *, ax=None):
        """Draw what was computed."""
        self.ax_ = axes_or_new(ax)
        self.ax_.bar(["members", "non-members"], self.shares)
        self.ax_.set(ylabel="share called members", ylim=(0, 1))
        self.figure_ = self.ax_.figure
        return self
