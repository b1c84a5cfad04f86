"""Several attacks as one, on shadow models that they share."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, RobustScaler, StandardScaler
from sklearn.utils import Bunch, check_random_state

from skmia._records import ranks_within
from skmia._response import label_index
from skmia.attacks._base import BaseAttack
from skmia.attacks._lira import LiRA
from skmia.attacks._metric import MetricAttack
from skmia.attacks._record_attack import RecordAttack
from skmia.attacks._reference import ReferenceAttack
from skmia.attacks._rmia import BASE
from skmia.attacks._shadows import train_shadow
from skmia.utils._sklearn import StrOptions, _safe_indexing

__all__ = ["CombinedAttack"]

_LEARNING_SCORES = 20_000  # of shadows in the target's place, about as many are learned from
_MOST_GROUPS = 4  # of shadows in the target's place, however few records there are


class CombinedAttack(RecordAttack):
    """Combine the scores of several attacks on the same shadow models.

    Different attacks find different members. Their scores are combined by a logistic regression, or
    each record is judged by the attack that finds it most suspicious. Either is learned from
    shadow models that take the target's place in turn, each with its counterpart held out.

    The attacker knows and has what the attacks that are combined need: by default the record with
    its label and the target's answer, records from the target's distribution, and the type of the
    target and its parameters, or a guess. The records in question are among those that train his
    shadows, or else the attacks that distinguish the two are used offline.

    Parameters
    ----------
    target : estimator, default=None
        The fitted classifier under attack: a classifier, a pipeline, a fitted search, anything with
        `predict_proba`, `decision_function` or `predict`. It is never refitted. None makes a
        template.
    attacks : list of BaseAttack, default=None
        Templates of the attacks; their target, seeds and shadows are set. None is
        ``[MetricAttack(), LiRA(), BASE(), ReferenceAttack()]``.
    shadows : int or ShadowModels, default=16
        Number of clones of the target to train on the records given to `fit`, each on half of them.
        Or shadow models: unfitted ones are cloned and trained, with the target's type where they
        have no estimator; fitted ones are used as they are. Nothing is trained twice.
    method : {"stack", "worst_case"}, default="stack"
        How scores are combined: by a logistic regression on their scaled values; or by the largest
        of them, each in standard deviations above its mean among non-members.
    per_class : bool, default=False
        One threshold and one risk histogram per class, else one for all records.
    n_bins : int, default=20
        Bins of the risk histogram, of equally many calibration records.
    prior : float, default=0.5
        Probability of membership before the target is asked, in (0, 1), for `predict_proba`.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        What the target reveals; "auto" takes the first of them that it has. Shadows are asked for
        the same.
    random_state : int, RandomState instance or None, default=None
        Seeds shadows and attacks, and draws the records to learn from.
    n_jobs : int, default=None
        Number of shadows trained, and asked, at the same time; then of batches.

    Attributes
    ----------
    attacks_ : list of BaseAttack
        The fitted attacks. They have no thresholds and risks of their own.
    shadows_ : ShadowModels
        The fitted shadow models.
    classes_ : ndarray of shape (2,)
        0 for non-members and 1 for members: the columns of `predict_proba`.
    target_classes_ : ndarray of shape (n_target_classes,)
        Labels of the target, of the shadows and of the records in `fit`.
    threshold_ : float
        The threshold of all classes together, for records that the shadows know.
    thresholds_ : ndarray of shape (n_target_classes,)
        The threshold of each label.
    n_features_in_ : int
        Number of features of the records in `fit`, where they have such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they have such.

    See Also
    --------
    skmia.audit : `attacks="strong"` has this attack and its parts.

    Notes
    -----
    Scores span many decades. They are scaled by median and quartiles, then by asinh, which is
    linear around 0 and logarithmic far from it, so that equal scores alone remain equal.

    With known membership the thresholds are learned on the target, but the combination is still
    learned on shadows, as long as there are enough of them.

    References
    ----------
    .. [1] Z. Wang, C. Zhang, Y. Chen, N. Baracaldo, S. Kadhe and L. Yu, "Membership inference
       attacks as privacy tools: reliability, disparity and ensemble", CCS 2025. Different attacks
       find different members.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import CombinedAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> membership = np.random.default_rng(0).permutation(len(y)) < len(y) / 2
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[membership], y[membership])
    >>> attack = CombinedAttack(target, shadows=8, random_state=0).fit(X, y)
    >>> round(attack.score(X, y, membership), 2)
    0.79
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
        rng = check_random_state(self.random_state)
        self._take_shadows(X, y, rng)
        self._seed = rng.randint(2**31 - 1)
        self.attacks_ = self._learned_attacks(self.target, self.shadows_, X, y, membership)
        trials, of_target = self._held_out_trials(X, y, membership is not None, rng), None
        if membership is not None:
            of_target = self._trial(self.target, self.shadows_, X, y, membership, membership, rng)
        if not trials:
            trials = [of_target or self._trial_on_shadow(X, y, rng)]
            of_target = None
        joined = {form: _joined([trial[form] for trial in trials]) for form in (False, True)}
        self._combiners = {
            form: self._combiner(given) if _can_learn(given) or not form else None
            for form, given in joined.items()
        }
        if of_target is not None:
            return self._by_form([self._combined(of_target)])
        return self._by_form([self._cross_fitted(joined)])

    def _learned_attacks(self, target, shadows, X, y, membership):
        """Return the attacks, ready to score, without thresholds and risks of their own."""
        templates = self.attacks
        if templates is None:
            templates = [MetricAttack(), LiRA(), BASE(), ReferenceAttack()]
        if not templates or not all(isinstance(attack, BaseAttack) for attack in templates):
            raise TypeError(
                "attacks must be a list of at least one attack, such as [LiRA(), RMIA()], got "
                f"{self.attacks!r}."
            )
        learned = []
        for template in templates:
            if isinstance(template, CombinedAttack):
                raise TypeError("A CombinedAttack cannot be part of another: list its parts.")
            attack, names = clone(template), template.get_params(deep=False)
            own = {"response_method": self._method, "shadows": shadows, "random_state": self._seed}
            attack.set_params(target=target, **{k: v for k, v in own.items() if k in names})
            attack._validate_params()
            attack._fit_uncalibrated(X, y, membership)
            learned.append(attack)
        return learned

    def _held_out_trials(self, X, y, knows_members, rng):
        """Put shadows into the target's place, against attacks on the shadows of other groups."""
        in_mask = self.shadows_.in_mask(X, y)
        if not self._can_hold_out(in_mask):
            return []
        rows = rng.permutation(np.flatnonzero(in_mask.any(axis=0)))[:_LEARNING_SCORES]
        X_rows, y_rows = _safe_indexing(X, rows), y[rows]
        together = self.shadows_.groups_
        n_groups = _LEARNING_SCORES // (len(rows) * np.count_nonzero(together == 0))
        n_groups = min(max(n_groups, 2), _MOST_GROUPS)
        trials = []
        for fold, group in enumerate(rng.permutation(together[-1] + 1)[:n_groups]):
            rest = self.shadows_.without(group)
            for i in np.flatnonzero(together == group):
                membership = in_mask[i, rows].astype(int)
                if np.unique(membership).size < 2:
                    continue
                known = membership if knows_members else None
                model = self.shadows_.estimators_[i]
                trial = self._trial(model, rest, X_rows, y_rows, membership, known, rng)
                for given in trial.values():
                    given.fold[:] = fold % 2
                trials.append(trial)
        return trials

    def _trial_on_shadow(self, X, y, rng):
        model, membership = train_shadow(self.target, X, y, self.random_state)
        return self._trial(model, self.shadows_, X, y, membership, None, rng)

    def _trial(self, model, shadows, X, y, membership, known, rng):
        """Return the attacks' scores of a model whose membership is known, by form.

        Each half of the records is scored by attacks that were fitted on the other: some of them
        learn what is usual for the very records that they are fitted on.
        """
        fold = _halves(membership, rng)
        scores = self._scores_of_halves(model, shadows, X, y, known, fold)
        seen = shadows.in_mask(X, y).any(axis=0)
        y_index, trial = label_index(y, self.target_classes_), {}
        for form, kept in ((False, np.ones(len(y), dtype=bool)), (True, seen)):
            trial[form] = Bunch(
                scores=scores[form][kept],
                membership=membership[kept],
                y_index=y_index[kept],
                fold=fold[kept],
            )
        return trial

    def _scores_of_halves(self, model, shadows, X, y, known, fold):
        if known is not None and np.unique(2 * fold + known).size < 4:
            known = None  # a handful of records
        scores = {form: np.empty((len(y), len(self.attacks_))) for form in (False, True)}
        for half in (0, 1):
            fit, rows = np.flatnonzero(fold != half), np.flatnonzero(fold == half)
            membership = None if known is None else known[fit]
            given = _safe_indexing(X, fit), y[fit], membership
            attacks = self._learned_attacks(model, shadows, *given)
            part = _safe_indexing(X, rows), y[rows]
            for form, of_form in scores.items():
                of_form[rows] = _scores(attacks, model, *part, online=form)
        return scores

    def _combiner(self, given):
        """Return what combines the scores of attacks."""
        return _COMBINERS[self.method]().fit(given.scores, given.membership)

    def _combined(self, trial):
        """Return the combined scores of a trial, none where no combination was learned."""
        return {
            form: (combiner.combine(given.scores), given.membership, given.y_index)
            if (combiner := self._combiners[form]) is not None
            else _NOTHING
            for form, given in trial.items()
        }

    def _cross_fitted(self, joined):
        """Score each fold by what was learned from the other."""
        return {
            form: (self._out_of_fold(given), given.membership, given.y_index)
            if self._combiners[form] is not None
            else _NOTHING
            for form, given in joined.items()
        }

    def _out_of_fold(self, given):
        if not _can_learn(given):  # a handful of records
            return self._combiners[False].combine(given.scores)
        scores = np.empty(len(given.fold))
        for fold in (0, 1):
            rows = given.fold == fold
            part = Bunch(scores=given.scores[~rows], membership=given.membership[~rows])
            scores[rows] = self._combiner(part).combine(given.scores[rows])
        return scores

    def _score_samples(self, model, X, y):
        scores = _scores(self.attacks_, model, X, y, online=self._scores_online)
        if not self._scores_online:
            return self._combiners[False].combine(scores)
        seen = self.shadows_.in_mask(X, y).any(axis=0)
        combined = np.empty(len(y))
        for form, rows in ((False, ~seen), (True, seen)):
            if rows.any():
                combined[rows] = self._combiners[form].combine(scores[rows])
        return combined


def _halves(membership, rng):
    """Return 0 or 1 for each record, at random, for as many members as others of each."""
    return ranks_within(membership, rng.random_sample(len(membership))) % 2


def _scores(attacks, model, X, y, *, online):
    """Return the scores of each attack in a column."""
    columns = [
        attack._scores_of_form(model, X, y, online=online and attack._is_online)
        if isinstance(attack, RecordAttack)
        else attack._score_in_batches(model, X, y)
        for attack in attacks
    ]
    return np.column_stack(columns).astype(np.float64)


def _can_learn(given):
    """Return whether each fold has members and non-members."""
    return np.unique(2 * given.fold + given.membership).size == 4


def _joined(parts):
    names = ("scores", "membership", "y_index", "fold")
    return Bunch(**{name: np.concatenate([part[name] for part in parts]) for name in names})


def _scaled():
    return [RobustScaler(), FunctionTransformer(np.arcsinh), StandardScaler()]


class _Stack:
    """The logarithmic odds of a logistic regression on the scaled scores."""

    def fit(self, scores, membership):
        self._scale = make_pipeline(*_scaled()).fit(scores)
        model = LogisticRegression(max_iter=1000)
        model.fit(self._scale.transform(scores), membership)
        self._weights, self._intercept = model.coef_[0], model.intercept_[0]
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
