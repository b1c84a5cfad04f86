"""Metric attacks of Song and Mittal (2021), and the threshold attack of Yeom et al. (2018)."""

from skmia.attacks._base import ResponseAttack
from skmia.signals import get_signal, get_signal_names
from skmia.utils._sklearn import StrOptions


class MetricAttack(ResponseAttack):
    """Compare one signal of the target's response with a threshold.

    The attack calls a record a member if its signal reaches the threshold of its class, the one
    with the best balanced accuracy on records whose membership is known. `predict_proba` gives the
    privacy risk score, the posterior probability of membership.

    The attacker knows the record with its label and sees the target's answer to it. To calibrate
    they have records from the target's distribution. They either know some of the target's members
    (an auditor), or train a model like the target (an outsider).

    Parameters
    ----------
    signal : str or callable, default="modified_entropy"
        "correctness", "confidence", "loss", "entropy", "modified_entropy", "logit_confidence" or
        "margin", see `skmia.signals`; or a function of `proba` (n_records, n_classes) and `y_index`
        (n_records,) that returns one number per record, higher for members. "correctness" needs no
        calibration: a record counts as a member if it is classified right.
    n_bins : int, default=5
        Bins of the risk histogram of each class: equally wide, for entropies and the loss in the
        logarithm.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021.
    .. [2] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy risk in machine learning:
       analyzing the connection to overfitting", CSF 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import MetricAttack
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> members, others = np.arange(0, 569, 2), np.arange(1, 569, 2)
    >>> target = RandomForestClassifier(random_state=0).fit(X[members], y[members])
    >>> known = np.r_[members[:142], others[:142]]
    >>> rest = np.r_[members[142:], others[142:]]
    >>> attack = MetricAttack(target).fit(X[known], y[known], known % 2 == 0)
    >>> round(attack.score(X[rest], y[rest], rest % 2 == 0), 2)
    0.55
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **ResponseAttack._parameter_constraints,
        "signal": [StrOptions(set(get_signal_names())), callable],
    }

    def __init__(
        self,
        target=None,
        *,
        signal="modified_entropy",
        per_class=True,
        n_bins=5,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.signal = signal
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def _risk_scale(self):
        # as in Song and Mittal: values of these signals crowd near 0
        return "log" if self.signal in ("entropy", "loss", "modified_entropy") else "linear"

    @property
    def _threat_model(self):
        # for this signal, a target that reveals labels alone would do
        sees = "predicted label" if self.signal == "correctness" else "answer"
        return f"sees the target's {sees} to the record"

    @property
    def _known_threshold(self):
        # the signal is 1 or 0, and Yeom et al. call members what is classified right
        return 1.0 if self.signal == "correctness" else None

    def _score_response(self, proba, y_index):
        return get_signal(self.signal)(proba, y_index)
