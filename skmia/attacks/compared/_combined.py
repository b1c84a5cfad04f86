"""Several attacks as one, on shadow models that they share."""

from typing import NamedTuple

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, RobustScaler, StandardScaler
from sklearn.utils import Bunch, check_random_state

from skmia._records import halve
from skmia._response import Answered, expand, label_index
from skmia.attacks._base import BaseAttack
from skmia.attacks._shadows import train_shadow
from skmia.attacks.compared._lira import LiRA
from skmia.attacks.compared._record_attack import RecordAttack
from skmia.attacks.compared._reference import ReferenceAttack
from skmia.attacks.compared._rmia import BASE
from skmia.attacks.direct._metric import MetricAttack
from skmia.utils._sklearn import StrOptions, _safe_indexing

_LEARNING_SCORES = 20_000  # of shadows in the target's place, about as many are learned from
_MOST_GROUPS = 4  # of shadows in the target's place, however few records there are


class CombinedAttack(RecordAttack):
    """Combine the scores of several attacks on the same shadow models.

    Different attacks find different members. A logistic regression combines their scores, or the
    attack that finds a record most suspicious judges it. Either is learned from shadow models that
    take the target's place in turn, each with its counterpart held out.

    The attacker knows and has what the combined attacks need, by default as for :class:`LiRA`. The
    records in question are among those that train the shadows; else attacks with an offline form
    use it.

    Parameters
    ----------
    attacks : list of BaseAttack, default=None
        Templates of the attacks, which are given target, seeds and shadows. None is
        ``[MetricAttack(), LiRA(), BASE(), ReferenceAttack()]``.
    method : {"stack", "worst_case"}, default="stack"
        How scores are combined: "stack" is a logistic regression on their scaled values,
        "worst_case" the largest of them, each in standard deviations above its mean among
        non-members.

    Attributes
    ----------
    attacks_ : list of BaseAttack
        The fitted attacks. They have no thresholds and risks of their own.

    Notes
    -----
    Scores span many decades. They are scaled by median and quartiles, then by asinh, which is
    linear around 0 and logarithmic far from it. Only equal scores remain equal.

    With known membership, the thresholds are learned on the target. The combination is still
    learned on shadows, if there are enough of them.

    References
    ----------
    .. [1] Z. Wang, C. Zhang, Y. Chen, N. Baracaldo, S. Kadhe and L. Yu, "Membership inference
       attacks as privacy tools: reliability, disparity and ensemble", CCS 2025. Different attacks
       find different members.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import CombinedAttack
    >>> X, y = (part[:600] for part in load_digits(return_X_y=True))
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[::2], y[::2])
    >>> attack = CombinedAttack(target, shadows=4, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, [1, 0] * 300), 2)
    0.85
    """

    _is_online = True
    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "attacks": [list, tuple, None],
        "method": [StrOptions({"stack", "worst_case"})],
    }

    def __init__(
        self,
        target=None,
        *,
        attacks=None,
        shadows=16,
        method="stack",
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.attacks = attacks
        self.shadows = shadows
        self.method = method
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _fit(self, X, y, membership):
        """Learn the parts and how to combine them; return the scores that this was learned from."""
        rng = check_random_state(self.random_state)
        self._take_shadows(X, y, rng)
        # parts are cloned for each trial, and must draw the same each time
        self._seed = rng.randint(2**31 - 1)
        asked = self._ask(self._parts(self.target, self.shadows_), self.target, X, y, keep=True)
        self.attacks_ = self._learned_attacks(asked, self.shadows_, membership, rng)
        for attack in self.attacks_:
            attack.set_params(target=self.target)  # without the records
        trials = self._stand_in_trials(asked, membership is not None, rng)
        # the combination is learned on shadows, the thresholds where the truth is known
        of_target = None
        if membership is not None:
            of_target = self._trial(asked, self.shadows_, membership, membership, rng)
        if not trials:
            trials = [of_target or self._trial_on_shadow(X, y, rng)]
            of_target = None
        # the form is False for offline scores, of all records, and True for online ones
        joined = {form: _joined([trial[form] for trial in trials]) for form in (False, True)}
        self._combiners = {
            # the offline form is always needed
            form: self._combiner(given) if _can_learn(given) or not form else None
            for form, given in joined.items()
        }
        return joined, of_target

    def _calibration_scores(self, X, y, membership, known):
        joined, of_target = known  # what `_fit` returned
        combined = {}
        for form, given in (of_target or joined).items():
            combiner = self._combiners[form]
            if combiner is None:
                combined[form] = _NOTHING
                continue
            scores = combiner.combine(given.scores) if of_target else self._out_of_fold(given)
            combined[form] = scores, given.membership, given.y_index
        return self._by_form([combined])

    def _templates(self):
        """Return the attacks to combine, as the user gave them."""
        templates = self.attacks
        if templates is None:
            templates = [MetricAttack(), LiRA(), BASE(), ReferenceAttack()]
        if not templates or not all(isinstance(attack, BaseAttack) for attack in templates):
            raise TypeError(
                "attacks must be a list of at least one attack, such as [LiRA(), RMIA()], got "
                f"{self.attacks!r}."
            )
        if any(isinstance(attack, CombinedAttack) for attack in templates):
            raise TypeError("A CombinedAttack cannot be part of another: list its parts.")
        return templates

    def _parts(self, target, shadows):
        """Return the attacks with target, seed and shadows, to be learned."""
        parts = []
        for template in self._templates():
            attack = clone(template)
            names = template.get_params(deep=False)
            # only what the template has: not every attack takes shadows
            own = {"response_method": self._method, "shadows": shadows, "random_state": self._seed}
            attack.set_params(target=target, **{k: v for k, v in own.items() if k in names})
            attack._validate_params()  # as its `fit` would, which is not called
            parts.append(attack)
        return parts

    def _learned_attacks(self, asked, shadows, membership, rng):
        """Return the attacks, ready to score, without thresholds and risks of their own."""
        attacks = self._parts(asked.model, shadows)
        stand_ins = list(shadows.stand_ins(asked.X, asked.y, rng))
        for attack, evidence in zip(attacks, asked.evidence, strict=True):
            attack._learn_part(asked.X, asked.y, membership, evidence, stand_ins)
        return attacks

    def _ask(self, parts, model, X, y, *, keep=False):
        """Ask a model and the shadows, once for each record, whatever the parts need."""
        model = self._asked_once(model, X)
        names = [name for name in dict.fromkeys(part._signal for part in parts) if name is not None]
        observed = self.shadows_.observe(X, y, names, response_method=self._method, keep=keep)
        signals = dict(zip(names, observed, strict=True))
        in_mask = self.shadows_.in_mask(X, y)
        evidence = [part._part_evidence(model, X, y, signals, in_mask) for part in parts]
        return _Asked(model, X, y, in_mask, evidence)

    def _stand_in_trials(self, asked, knows_members, rng):
        """Put shadows into the target's place, against attacks on the shadows of other groups."""
        trials = []
        groups = []
        rest = None
        stand_ins = self.shadows_.stand_ins(
            asked.X, asked.y, rng, n_scores=_LEARNING_SCORES, n_least=2, n_most=_MOST_GROUPS
        )
        for stand_in in stand_ins:
            if stand_in.group not in groups:
                groups.append(stand_in.group)
                rest = self.shadows_.without(stand_in.group)
            known = stand_in.membership if knows_members else None
            about = self._in_the_place(asked, stand_in)
            trial = self._trial(about, rest, stand_in.membership, known, rng)
            # by groups, so that the combination is cross-fitted on shadows that tell nothing of it
            for given in trial.values():
                given.fold[:] = (len(groups) - 1) % 2
            trials.append(trial)
        return trials

    def _in_the_place(self, asked, stand_in):
        """Return what was asked for, of a stand-in and the shadows that may judge it."""
        X = _safe_indexing(asked.X, stand_in.rows)
        y = asked.y[stand_in.rows]
        number = stand_in.number
        known = {}
        if None in asked.evidence:  # a part that reads the answer itself
            answers = self.shadows_.answers(number, X, y, response_method=self._method)
            answers = expand(answers, self.shadows_.classes_, self.target_classes_)
            known = {"proba": [answers], "method": self._method}
        model = Answered(self.shadows_.estimators_[number], X, self.target_classes_, **known)
        evidence = [e if e is None else e.of_stand_in(stand_in) for e in asked.evidence]
        in_mask = asked.in_mask[np.ix_(stand_in.judges, stand_in.rows)]
        return _Asked(model, X, y, in_mask, evidence)

    def _trial_on_shadow(self, X, y, rng):
        """Return the trial of one shadow more, where no shadow can be held out."""
        model, membership = train_shadow(self.target, X, y, self.random_state)
        model = self._asked_once(model, X)  # which knows all classes, this shadow perhaps not
        asked = self._ask(self._parts(model, self.shadows_), model, X, y)
        return self._trial(asked, self.shadows_, membership, None, rng)

    def _trial(self, asked, shadows, membership, known, rng):
        """Return the attacks' scores of a model whose membership is known, by form."""
        # some attacks learn what is usual for the very records that they are fitted on
        fold = halve(membership, rng).astype(int)
        scores = self._scores_of_halves(asked, shadows, known, fold, rng)
        y_index = label_index(asked.y, self.target_classes_)
        everything = np.ones(len(fold), dtype=bool)
        truth = {"membership": membership, "y_index": y_index, "fold": fold}
        trial = {}
        for form, kept in ((False, everything), (True, asked.in_mask.any(axis=0))):
            given = {"scores": scores[form], **truth}
            trial[form] = Bunch(**{name: values[kept] for name, values in given.items()})
        return trial

    def _scores_of_halves(self, asked, shadows, known, fold, rng):
        """Return the scores of each form, of the attacks in columns."""
        if known is not None and np.unique(2 * fold + known).size < 4:
            known = None  # a handful of records, without both sides in each half
        shape = (len(fold), len(asked.evidence))
        scores = {form: np.empty(shape) for form in (False, True)}
        for half in (0, 1):
            fit, rows = np.flatnonzero(fold != half), np.flatnonzero(fold == half)
            membership = None if known is None else known[fit]
            attacks = self._learned_attacks(asked.of(fit), shadows, membership, rng)
            part = asked.of(rows)
            for form, of_form in scores.items():
                of_form[rows] = _scores(attacks, part, online=form)
        return scores

    def _combiner(self, given):
        """Return what combines the scores of attacks."""
        return _COMBINERS[self.method]().fit(given.scores, given.membership)

    def _out_of_fold(self, given):
        """Score each fold by what was learned from the other."""
        if not _can_learn(given):  # a handful of records
            return self._combiners[False].combine(given.scores)
        scores = np.empty(len(given.fold))
        for fold in (0, 1):
            rows = given.fold == fold
            part = Bunch(scores=given.scores[~rows], membership=given.membership[~rows])
            scores[rows] = self._combiner(part).combine(given.scores[rows])
        return scores

    def _score_samples(self, model, X, y):
        asked = self._ask(self.attacks_, model, X, y)
        scores = _scores(self.attacks_, asked, online=self._scores_online)
        if not self._scores_online:
            return self._combiners[False].combine(scores)
        seen = asked.in_mask.any(axis=0)
        combined = np.empty(len(y))
        for form, rows in ((False, ~seen), (True, seen)):
            if rows.any():
                combined[rows] = self._combiners[form].combine(scores[rows])
        return combined


class _Asked(NamedTuple):
    """A model's answers to records, and for each part that compares them the evidence."""

    model: Answered
    X: object
    y: np.ndarray
    in_mask: np.ndarray  # of the shadows that compare, (n_shadows, n_records)
    evidence: list  # an Evidence for each part, None for those that read the answer itself

    def of(self, rows):
        """Return the same of some of the records."""
        model = self.model.rows(rows)
        evidence = [e if e is None else e.of(rows) for e in self.evidence]
        return _Asked(model, model.X, self.y[rows], self.in_mask[:, rows], evidence)


def _scores(attacks, asked, *, online):
    """Return the scores of each attack in a column."""
    columns = [
        attack._score_part(asked.model, asked.X, asked.y, evidence, online=online)
        for attack, evidence in zip(attacks, asked.evidence, strict=True)
    ]
    return np.column_stack(columns).astype(np.float64)


def _can_learn(given):
    """Return whether each fold has members and non-members."""
    return np.unique(2 * given.fold + given.membership).size == 4


def _joined(parts):
    return Bunch(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _scaled():
    return [RobustScaler(), FunctionTransformer(np.arcsinh), StandardScaler()]


class _Stack:
    """The logarithmic odds of a logistic regression on the scaled scores."""

    def fit(self, scores, membership):
        self._scale = make_pipeline(*_scaled()).fit(scores)
        model = LogisticRegression(max_iter=1000)
        model.fit(self._scale.transform(scores), membership)
        self._weights = model.coef_[0]
        self._intercept = model.intercept_[0]
        return self

    def combine(self, scores):
        # one column after the other: a product of matrices depends on the size of the batch
        columns = self._scale.transform(scores).T
        return sum(w * column for w, column in zip(self._weights, columns, strict=True)) + (
            self._intercept
        )


class _WorstCase:
    """The largest score, each in standard deviations above its mean among non-members."""

    def fit(self, scores, membership):
        self._scale = make_pipeline(*_scaled()).fit(scores[membership == 0])
        return self

    def combine(self, scores):
        return self._scale.transform(scores).max(axis=1)


_NOTHING = (np.empty(0), np.empty(0, dtype=int), np.empty(0, dtype=np.intp))
_COMBINERS = {"stack": _Stack, "worst_case": _WorstCase}
