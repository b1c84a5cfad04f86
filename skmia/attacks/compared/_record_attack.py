"""What attacks share that compare a target's answer to a record with those of shadow models."""

from numbers import Integral
from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from skmia._response import label_index
from skmia.attacks._base import BaseAttack
from skmia.attacks._shadows import train_shadow
from skmia.shadows import ShadowModels
from skmia.utils._sklearn import Interval, _num_samples


class Evidence(NamedTuple):
    """Signals of target and shadows, in lists: of the records, then of each of their copies."""

    own: list  # of the target, (n_records,) each; empty if it was not asked
    signals: list  # of the shadows, (n_shadows, n_records) each
    in_mask: np.ndarray  # (n_shadows, n_records), who was trained on what
    y_index: np.ndarray  # (n_records,)

    def of(self, rows):
        """Return the evidence on some of the records."""
        return Evidence(
            [values[rows] for values in self.own],
            [values[:, rows] for values in self.signals],
            self.in_mask[:, rows],
            self.y_index[rows],
        )

    def of_stand_in(self, stand_in):
        """Return the evidence against a shadow in the target's place, by the shadows that may."""
        rows = stand_in.rows
        others = np.ix_(stand_in.judges, rows)
        return Evidence(
            [values[stand_in.number, rows] for values in self.signals],
            [values[others] for values in self.signals],
            self.in_mask[others],
            self.y_index[rows],
        )


class RecordAttack(BaseAttack):
    """Base class of attacks with a rule for one signal of the target and of shadow models.

    The author writes `_rule`, and `_learn` where the rule needs to know all records together. With
    `_is_online`, records that shadows were trained on have a rule and a calibration of their own.
    """

    _shared_docstring = """
    Parameters
    ----------
    shadows : int or ShadowModels
        Number of clones of the target to train, each on half of the records given to `fit`. Or
        shadow models: fitted ones are used as they are, and can be shared by several attacks;
        others are cloned and trained, with the target's type where they have no estimator.
    online : bool
        Whether shadows that were trained on a record count. Records that none was trained on are
        always scored offline. Either kind has its own thresholds and risks, but do not compare
        scores of one kind with those of the other.
    random_state : int, RandomState instance or None
        Seeds the shadows, and draws the records to learn from.
    n_jobs : int
        Number of shadows trained, and asked, at the same time; then of batches.

    Attributes
    ----------
    shadows_ : ShadowModels
        The fitted shadow models.
    threshold_ : float
        The threshold of all classes together, for records that the shadows know.
    """

    _risk_scale = "rank"
    _signal = "logit_confidence"
    _learns_from_target = False  # whether `_learn` needs the target's own signals
    online = False  # a parameter of some attacks
    augmentations = None  # likewise
    _offline_calibration = None  # of foreign records, where others have one of their own

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **BaseAttack._parameter_constraints,
        "shadows": [Interval(Integral, 1, None, closed="left"), ShadowModels],
    }

    @property
    def _is_online(self):
        return self.online

    @property
    def _threat_model(self):
        n_shadows = getattr(self.shadows, "n_shadows", self.shadows)
        which = ", some on the very records" if self._is_online else ""
        return f"sees the target's answer to the record; trains {n_shadows} shadows{which}"

    def _prepare(self, evidence, stand_ins):
        """Choose what the user left open, by how it does against stand-ins; by default nothing."""

    def _learn(self, evidence, nonmember):
        """Return what the rule needs of all records; `nonmember` marks those thought foreign."""

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        """Return the score of each record."""
        raise NotImplementedError(f"{type(self).__name__} must define _rule.")

    def _fit(self, X, y, membership):
        """Learn the rule; return the evidence and the stand-ins."""
        rng = check_random_state(self.random_state)
        self._take_shadows(X, y, rng)
        # kept, so that shadows are asked once for these records, whatever attacks share them
        evidence = self._shadow_evidence(X, y, keep=True)
        if self._learns_from_target or membership is not None:
            evidence = evidence._replace(own=self._own_signals(self.target, X, y))
        stand_ins = list(self.shadows_.stand_ins(X, y, rng))
        self._learn_rule(evidence, membership, stand_ins)
        return evidence, stand_ins

    def _learn_rule(self, evidence, membership, stand_ins):
        """Learn from evidence what scoring needs."""
        self._prepare(evidence, stand_ins)
        n_records = len(evidence.y_index)
        # an attacker who knows nothing takes none of the records for a member
        nonmember = np.ones(n_records, bool) if membership is None else membership == 0
        self._scores_online = self._is_online
        self._learned = self._learn(evidence, nonmember)

    # As a part of CombinedAttack, which has asked target and shadows already.

    def _part_evidence(self, model, X, y, signals, in_mask):
        if not hasattr(self, "shadows_"):
            self._begin(X, y)
            self._take_shadows(X, y, None)
        evidence = self._with_copies(X, y, signals[self._signal], in_mask)
        return evidence._replace(own=self._own_signals(model, X, y))

    def _learn_part(self, X, y, membership, evidence, stand_ins):
        self._begin(X, y)
        self._take_shadows(X, y, None)
        self._learn_rule(evidence, membership, stand_ins)

    def _score_part(self, model, X, y, evidence, *, online):
        return self._score_evidence(evidence, online=online and self._is_online)

    def _calibration_scores(self, X, y, membership, known):
        evidence, stand_ins = known  # what `_fit` returned
        if membership is None and stand_ins:
            trials = [self._trial(evidence.of_stand_in(s), s.membership) for s in stand_ins]
            return self._by_form(trials)
        if membership is None:
            model, membership = train_shadow(self.target, X, y, self.random_state)
            evidence = evidence._replace(own=self._own_signals(model, X, y))
        return self._by_form([self._trial(evidence, membership)])

    def _copies(self, X):
        """Yield perturbed copies of the records, which are asked for as well."""
        for augment in self.augmentations or ():
            if not callable(augment):
                raise TypeError(f"augmentations must be functions of records, got {augment!r}.")
            copy = augment(X)
            if _num_samples(copy) != _num_samples(X):
                raise ValueError(
                    f"augmentations must return one record for each: {augment!r} made "
                    f"{_num_samples(copy)} of {_num_samples(X)}."
                )
            yield copy

    def _own_signals(self, model, X, y):
        """Return a model's signals of the records and of each of their copies."""
        return [self._observe(model, records, y, self._signal) for records in (X, *self._copies(X))]

    def _shadow_evidence(self, X, y, *, keep=False):
        """Return the shadows' signals of the records and of each copy, and who saw what."""
        signals = self.shadows_.observe(X, y, self._signal, response_method=self._method, keep=keep)
        return self._with_copies(X, y, signals, self.shadows_.in_mask(X, y))

    def _with_copies(self, X, y, signals, in_mask):
        """Return evidence on records of which the signals are known, and on their copies."""
        of_copies = [
            self.shadows_.observe(copy, y, self._signal, response_method=self._method)
            for copy in self._copies(X)
        ]
        y_index = label_index(y, self.target_classes_)
        return Evidence([], [signals, *of_copies], in_mask, y_index)

    def _trial(self, evidence, membership):
        """Score records of a model whose membership is known, offline and online."""
        # foreign records are calibrated on all; only those that shadows saw have online scores
        everything = np.ones(len(membership), bool)
        trial = {}
        for online, kept in ((False, everything), (True, evidence.in_mask.any(axis=0))):
            scores = self._score_evidence(evidence, online=online)
            trial[online] = scores[kept], membership[kept], evidence.y_index[kept]
        return trial

    def _by_form(self, trials):
        """Calibrate foreign records, and return what the others are calibrated on.

        Where `fit` has not seen both members and non-members among the shadows' own records, these
        are treated as foreign ones.
        """
        columns = [zip(*(trial[form] for trial in trials), strict=True) for form in (False, True)]
        offline, online = ([np.concatenate(parts) for parts in of_form] for of_form in columns)
        self._offline_calibration = None
        self._scores_online = self._is_online and np.unique(online[1]).size == 2
        if not self._scores_online:
            return offline
        self._offline_calibration = self._calibration_of(*offline)
        return online

    def _score_evidence(self, evidence, *, online):
        """Return the mean score of the records and their copies."""
        scores = [
            self._rule(self._learned, of_target, of_shadows, evidence.in_mask, online=online)
            for of_target, of_shadows in zip(evidence.own, evidence.signals, strict=True)
        ]
        return scores[0] if len(scores) == 1 else np.mean(scores, axis=0)

    def _score_samples(self, model, X, y):
        evidence = self._shadow_evidence(X, y)._replace(own=self._own_signals(model, X, y))
        return self._score_evidence(evidence, online=self._scores_online)

    def _judge(self, X, y):
        """Return score, call and risk; foreign records have a calibration of their own."""
        X, y = self._checked_records(X, y)
        scores, called, risk = super()._judge(X, y)
        if self._offline_calibration is not None:  # the two scales cannot be compared
            foreign = ~self.shadows_.in_mask(X, y).any(axis=0)
            y_index = label_index(y, self.target_classes_)[foreign]
            judged = self._offline_calibration.judge(scores[foreign], y_index)
            called[foreign], risk[foreign] = judged
        return scores, called, risk

    def _numbers_per_record(self):
        n_copies = 1 + len(self.augmentations or ())
        return super()._numbers_per_record() + n_copies * len(self.shadows_.estimators_)
