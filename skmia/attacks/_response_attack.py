"""The base class of attacks that need nothing but the target's answers."""

from skmia._response import class_probabilities, label_index
from skmia.attacks._base import BaseAttack


class ResponseAttack(BaseAttack):
    """Base class of attacks that see the target through its answer alone.

    The author of an attack writes `_score_response(proba, y_index)`, which takes the answers and
    each record's label as a column of theirs, never records. Such an attack also works where only
    answers are known, in :func:`skmia.audit_predictions`.

    Examples
    --------
    >>> import numpy as np
    >>> import skmia
    >>> from skmia.attacks import ResponseAttack
    >>> class Highest(ResponseAttack):
    ...     def __init__(self, target=None, *, per_class=False, n_bins=5, prior=0.5,
    ...                  response_method="auto", random_state=None, n_jobs=None):
    ...         self.target, self.per_class, self.n_bins = target, per_class, n_bins
    ...         self.prior, self.response_method = prior, response_method
    ...         self.random_state, self.n_jobs = random_state, n_jobs
    ...
    ...     def _score_response(self, proba, y_index):
    ...         return proba.max(axis=1)
    >>> y = [0, 1] * 50
    >>> sure, unsure = [[0.9, 0.1], [0.1, 0.9]] * 50, [[0.7, 0.3], [0.3, 0.7]] * 50
    >>> report = skmia.audit_predictions(
    ...     sure, y, unsure, y, attacks=Highest(), random_state=0
    ... )
    >>> print(report.attacks[0].roc_auc)
    1.000 [0.964, 1.000]
    """

    def _score_response(self, proba, y_index):
        """Return the attack score of each record from the answers (n_records, n_classes).

        `y_index` is the column of each record's label, −1 for an unknown label.
        """
        raise NotImplementedError(f"{type(self).__name__} must define _score_response.")

    def _score_samples(self, model, X, y):
        proba = class_probabilities(model, X, self.target_classes_, method=self._method)
        return self._score_response(proba, label_index(y, self.target_classes_))
