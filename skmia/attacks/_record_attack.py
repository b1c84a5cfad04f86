"""What attacks share that compare a target's answer to a record with those of shadow models."""

from numbers import Integral

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skmia._response import class_probabilities, in_batches, label_index
from skmia.attacks._base import BaseAttack
from skmia.attacks._shadows import train_shadow
from skmia.shadows import ShadowModels
from skmia.signals import get_signal
from skmia.utils._sklearn import Interval, _num_samples

__all__ = ["RecordAttack"]

_CALIBRATION_SCORES = 20_000  # of shadows in the target's place, about as many


class RecordAttack(BaseAttack):
    """Base class of attacks with a rule for one signal of the target and of shadow models.

    The author of an attack writes `_rule`, which turns signals into scores, and `_learn` where the
    rule needs something that is learned from all records together. The base class asks target and
    shadows, and calibrates: with known membership on the target's own scores, else by putting
    shadows into the target's place, whose signals are compared with those of the other shadows.

    An attack with `_is_online` scores records that shadows were trained on in another way than
    foreign ones. Each way has thresholds and risks of its own.
    """

    _risk_scale = "rank"
    _is_online = False
    _signal = "logit_confidence"
    augmentations = None

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **BaseAttack._parameter_constraints,
        "shadows": [Interval(Integral, 1, None, closed="left"), ShadowModels],
    }

    @property
    def _threat_model(self):
        n_shadows = getattr(self.shadows, "n_shadows", self.shadows)
        which = ", some on the very records" if self._is_online else ""
        return f"sees the target's answer to the record; trains {n_shadows} shadows{which}"

    def _learn(self, X, y, shadow_signals, in_mask, nonmember):
        """Return what the rule needs to know of all records together; by default nothing.

        `nonmember` marks records that the target is thought not to know.
        """

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        """Return the score of each record."""
        raise NotImplementedError(f"{type(self).__name__} must define _rule.")

    def _prepare(self, shadow_signals, in_mask, together):
        """Choose what the user left open; by default nothing.

        `together` are groups of shadows that can take the target's place, None if none can.
        """

    def _fit(self, X, y, membership):
        rng = check_random_state(self.random_state)
        self._take_shadows(X, y, rng)
        known = self._ask_shadows(X, y, keep=True)
        together = self.shadows_.groups_ if self._can_hold_out(known.in_mask) else None
        self._prepare(known.signals[0], known.in_mask, together)
        nonmember = np.ones(len(y), bool) if membership is None else membership == 0
        self._scores_online = self._is_online
        self._learned = self._learn(X, y, known.signals[0], known.in_mask, nonmember)

    def _calibration_scores(self, X, y, membership):
        known = self._ask_shadows(X, y)
        known.y_index = label_index(y, self.target_classes_)
        if membership is None and self._can_hold_out(known.in_mask):
            rng = check_random_state(self.random_state)
            return self._by_form(list(self._held_out_trials(known, rng)))
        model = self.target
        if membership is None:
            model, membership = train_shadow(self.target, X, y, self.random_state)
        return self._by_form([self._trial(self._ask(model, X, y), membership, known)])

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

    def _ask(self, model, X, y):
        """Return a model's signals of the records and of each of their copies."""

        def _signals(records, labels):
            classes = self.target_classes_
            proba = class_probabilities(model, records, classes, method=self._method)
            return get_signal(self._signal)(proba, label_index(labels, classes))

        return [
            in_batches(_signals, records, y, self._numbers_per_record())
            for records in (X, *self._copies(X))
        ]

    def _ask_shadows(self, X, y, *, keep=False):
        """Return the shadows' signals of the records and of each copy, and who saw what."""
        asked = {"response_method": self._method}
        signals = self.shadows_.observe(X, y, [self._signal], keep=keep, **asked)
        in_mask = self.shadows_.in_mask(X, y)
        for copy in self._copies(X):
            signals.append(self.shadows_.observe(copy, y, self._signal, **asked))
        return Bunch(signals=signals, in_mask=in_mask)

    def _can_hold_out(self, in_mask):
        """Return whether shadows can take the target's place, their opposites held out."""
        n_groups = self.shadows_.groups_[-1] + 1
        return in_mask.any() and n_groups > 1 and self.shadows_.splitter_ != "custom"

    def _held_out_trials(self, known, rng):
        """Put shadows into the target's place, and compare them with those of other groups."""
        rows = np.flatnonzero(known.in_mask.any(axis=0))
        rows = rng.permutation(rows)[:_CALIBRATION_SCORES]
        together = self.shadows_.groups_
        n_groups = max(_CALIBRATION_SCORES // (len(rows) * np.count_nonzero(together == 0)), 1)
        for group in rng.permutation(together[-1] + 1)[:n_groups]:
            rest = np.flatnonzero(together != group)
            others = Bunch(
                signals=[signals[np.ix_(rest, rows)] for signals in known.signals],
                in_mask=known.in_mask[np.ix_(rest, rows)],
                y_index=known.y_index[rows],
            )
            for i in np.flatnonzero(together == group):
                own = [signals[i, rows] for signals in known.signals]
                yield self._trial(own, known.in_mask[i, rows].astype(int), others)

    def _trial(self, own, membership, known):
        """Score records of a model whose membership is known, offline and online."""
        forms = {False: np.ones(len(membership), bool), True: known.in_mask.any(axis=0)}
        return {
            online: (
                self._mean_score(own, known.signals, known.in_mask, online=online)[kept],
                membership[kept],
                known.y_index[kept],
            )
            for online, kept in forms.items()
        }

    def _by_form(self, trials):
        """Calibrate foreign records, and return what the others are calibrated on.

        Where `fit` has seen none of the shadows' own records, or all of them are of one kind, there
        is nothing to calibrate these on, and they are treated as foreign ones.
        """
        offline, online = (
            [
                np.concatenate(parts)
                for parts in zip(*(trial[form] for trial in trials), strict=True)
            ]
            for form in (False, True)
        )
        self._offline_calibration = None
        self._scores_online = self._is_online and np.unique(online[1]).size == 2
        if not self._scores_online:
            return offline
        self._offline_calibration = self._calibration_of(*offline)
        return online

    def _mean_score(self, own, signals, in_mask, *, online):
        scores = [
            self._rule(self._learned, of_target, of_shadows, in_mask, online=online)
            for of_target, of_shadows in zip(own, signals, strict=True)
        ]
        return scores[0] if len(scores) == 1 else np.mean(scores, axis=0)

    def _score_samples(self, model, X, y):
        return self._scores_of_form(model, X, y, online=self._scores_online)

    def _scores_of_form(self, model, X, y, *, online):
        """Return scores with the shadows that saw a record, or without them."""
        shadows, own = self._ask_shadows(X, y), self._ask(model, X, y)
        return self._mean_score(own, shadows.signals, shadows.in_mask, online=online)

    def _judge(self, X, y):
        X, y = self._checked_records(X, y)
        scores, called, risk = super()._judge(X, y)
        if self._offline_calibration is not None:
            foreign = ~self.shadows_.in_mask(X, y).any(axis=0)
            y_index = label_index(y, self.target_classes_)[foreign]
            called[foreign], risk[foreign] = self._offline_calibration.judge(
                scores[foreign], y_index
            )
        return scores, called, risk

    def _numbers_per_record(self):
        n_copies = 1 + len(self.augmentations or ())
        return super()._numbers_per_record() + n_copies * len(self.shadows_.estimators_)
