"""An attack: the margin between the label's probability and the largest other one."""

from skmia.attacks import ResponseAttack
from skmia.signals import margin


class MarginAttack(ResponseAttack):
    """Call those records members that the target tells apart best from other classes."""

    _risk_scale = "linear"
    _threat_model = "sees the target's answer to the record"

    def __init__(
        self,
        target=None,
        *,
        per_class=True,
        n_bins=5,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _score_response(self, proba, y_index):
        return margin(proba, y_index)
