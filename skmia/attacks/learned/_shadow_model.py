"""The shadow-model attack of Shokri et al. (2017)."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.parallel import Parallel, delayed

from skmia._records import ranks_within
from skmia._response import expand, label_index
from skmia.attacks._base import ResponseAttack
from skmia.shadows import ShadowModels
from skmia.signals import evaluate
from skmia.utils._blas import single_blas_thread
from skmia.utils._sklearn import (
    HasMethods,
    Interval,
    StrOptions,
    _safe_indexing,
    _set_random_states,
)

_FLOOR = 1e-3  # of probabilities under a logarithm: forests answer 0, which must not be an outlier
_SIGNALS = ("confidence", "correctness", "margin", "entropy", "loss", "modified_entropy")
_LEAST_RECORDS = 10  # of each side and half of a class, for an attack model of its own


def _log_signals(proba, y_index):
    """Return log-probabilities, and signals, with logarithms of those that span many decades."""
    signals = dict(zip(_SIGNALS, evaluate(proba, y_index, _SIGNALS), strict=True))
    for name in ("loss", "modified_entropy"):  # negated, and unbounded
        signals[name] = np.log(np.maximum(-signals[name], _FLOOR))
    return np.column_stack([np.log(np.maximum(proba, _FLOOR)), *signals.values()])


_FEATURES = {  # of probabilities, labels and the number of the top
    "log_signals": lambda proba, y_index, _: _log_signals(proba, y_index),
    "probabilities": lambda proba, *_: proba,
    "top_k": lambda proba, _, top_k: np.sort(proba, axis=1)[:, ::-1][:, :top_k],
}


class ShadowModelAttack(ResponseAttack):
    """Learn from shadow models how a model answers its members, and call members by that.

    Shadow models are trained like the target. For each class, an attack model learns to tell the
    shadows' answers to records that they were trained on from those to records held out from them.
    The attack score is its probability of «member» for the target's answer.

    The attacker knows the record with its label and sees the target's answer. They have records
    from the target's distribution, or make some by :func:`~skmia.shadows.synthesize_records`, and
    know or guess the type of the target and its parameters. They know no member of the target.

    Parameters
    ----------
    shadows : int or ShadowModels, default=16
        Number of clones of the target to train, each on half of the records given to `fit`. Or
        shadow models: fitted ones are used as they are, and `fit` must be given records that they
        were trained on; others are cloned and trained, with the target's type where they have no
        estimator. Of several types, the attack models learn from all together [3]_.
    features : {"log_signals", "probabilities", "top_k"} or callable, default="log_signals"
        What an attack model sees of an answer:

        - "probabilities" of all classes [1]_;
        - "top_k", the largest probabilities in descending order, whatever their classes [2]_;
        - "log_signals", logarithms of all probabilities, floored at 0.001, and six signals of the
          true label;
        - a function of `proba` (n_records, n_classes) and `y_index` (n_records,), -1 for an unknown
          label, that returns a matrix (n_records, n_features).
    top_k : int, default=3
        Number of probabilities of "top_k".
    attack_estimator : estimator, default=None
        The binary classifier to learn with; its seeds are set anew. None is a logistic regression
        on standardized features.
    subsample : int, default=100_000
        The most answers of shadows to learn from, drawn at random, but at least two of each shadow.
        They are held in memory.
    per_class : bool, default=True
        One attack model, threshold and risk histogram per class, else one for all records. A class
        with fewer than 10 answers of either kind in half of the attack set uses the attack model
        for all, which also sees the class.
    n_bins : int, default=5
        Bins of the risk histogram of each class.
    n_jobs : int, default=None
        Number of shadows trained at the same time; then of attack models, and of batches.

    Attributes
    ----------
    attack_models_ : dict
        The attack model of each class by its label, and under None the one for all classes.
    shadows_ : ShadowModels
        The fitted shadow models.

    Notes
    -----
    The attack models see as many answers to members as to non-members of each class, as in [1]_.

    Without membership, thresholds and risks are learned from answers that the attack models have
    not seen: attack models of one half of the shadows score the other half; with fewer than four
    shadows, the records are halved instead. With membership, thresholds and risks are learned from
    the target's answers to these records, and the attack models still from shadows alone.

    The defaults were chosen by the mean AUC on four targets, and by the seconds that the attacks
    took beyond their shadows (``examples/benchmarks/compare_attack_estimators.py``). Logistic
    regression has 0.792 by "log_signals", 0.784 by "probabilities" and 0.765 by "top_k", a
    threshold on the modified entropy 0.749. Boosting, networks and forests have 0.009 more at most,
    and take 3 to 14 times as long.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, sections V-B and V-D.
    .. [2] A. Salem, Y. Zhang, M. Humbert, P. Berrang, M. Fritz and M. Backes, "ML-Leaks: model and
       data independent membership inference attacks and defenses on machine learning models",
       NDSS 2019, section III.
    .. [3] S. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and model
       dependencies of membership inference attack", 2020, Table 2.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skmia.attacks import ShadowModelAttack
    >>> X, y = load_digits(return_X_y=True)
    >>> order = np.random.default_rng(0).permutation(len(X))
    >>> members, others, own = np.split(order, [450, 900])
    >>> target = RandomForestClassifier(20, random_state=0).fit(X[members], y[members])
    >>> attack = ShadowModelAttack(target, shadows=4, random_state=0).fit(X[own], y[own])
    >>> rows, membership = np.r_[members, others], np.repeat([1, 0], 450)
    >>> round(attack.score(X[rows], y[rows], membership), 2)
    0.73
    """

    _threat_model = "sees the target's answer to the record; trains shadow models"
    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **ResponseAttack._parameter_constraints,
        "shadows": [Interval(Integral, 1, None, closed="left"), ShadowModels],
        "features": [StrOptions(set(_FEATURES)), callable],
        "top_k": [Interval(Integral, 1, None, closed="left")],
        "attack_estimator": [HasMethods(["fit"]), None],
        "subsample": [Interval(Integral, 2, None, closed="left")],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=16,
        features="log_signals",
        top_k=3,
        attack_estimator=None,
        subsample=100_000,
        per_class=True,
        n_bins=5,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.shadows = shadows
        self.features = features
        self.top_k = top_k
        self.attack_estimator = attack_estimator
        self.subsample = subsample
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _fit(self, X, y, membership):
        """Learn the attack models; return the attack set and their seed."""
        rng = check_random_state(self.random_state)
        self._take_shadows(X, y, rng)
        about = {"response_method": self._method, "subsample": self.subsample, "rng": rng}
        attack_set = draw_attack_set(self.shadows_, X, y, self.target_classes_, **about)
        # decided once, so that calibration and use agree
        attack_set.with_own = self._classes_with_own_model(attack_set)
        seed = rng.randint(2**31 - 1)
        self.attack_models_ = self._learn(attack_set, slice(None), seed)
        return attack_set, seed

    def _calibration_scores(self, X, y, membership, known):
        if membership is not None:
            return super()._calibration_scores(X, y, membership, known)
        return self._out_of_half(*known)  # what `_fit` returned

    def _classes_with_own_model(self, attack_set):
        """Return classes with enough answers in each half, so that calibration meets the same."""
        if not self.per_class:
            return np.array([], dtype=np.intp)
        # class, half and side as one number
        codes = 4 * attack_set.y_index + 2 * attack_set.half + attack_set.membership
        sizes = np.bincount(codes, minlength=4 * len(self.target_classes_)).reshape(-1, 4)
        return np.flatnonzero(sizes.min(axis=1) >= _LEAST_RECORDS)

    def _learn(self, attack_set, rows, seed, asked=None):
        """Return the attack models by label, and under None the one for others, if `asked` for."""
        membership = attack_set.membership[rows]
        y_index = attack_set.y_index[rows]
        values = attack_features(self.features, attack_set.proba[rows], y_index, self.top_k)
        n_classes = len(self.target_classes_)
        with_own = attack_set.with_own
        labels = [self.target_classes_.tolist()[i] for i in with_own]
        # one sort gives the rows of all classes
        ends = np.bincount(y_index, minlength=n_classes).cumsum()
        of_class = np.split(np.argsort(y_index, kind="stable"), ends[:-1])

        def _jobs():  # made one by one, since each holds a copy of its rows
            for i in with_own:
                yield values[of_class[i]], membership[of_class[i]]
            if asked is None or not np.isin(asked, with_own).all():
                labels.append(None)  # before the labels are read below: jobs are made there
                yield with_class(values, y_index, n_classes), membership

        with single_blas_thread():  # for many small models one thread is faster
            models = Parallel(self.n_jobs, require="sharedmem")(
                delayed(self._attack_template(seed).fit)(*job) for job in _jobs()
            )
        return dict(zip(labels, models, strict=True))

    def _attack_template(self, seed):
        template = self.attack_estimator
        if template is None:
            template = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        template = clone(template)
        _set_random_states(template, seed)
        return template

    def _out_of_half(self, attack_set, seed):
        """Score each half of the answers by attack models of the other half."""
        scores = np.empty(len(attack_set.half))
        for half in (0, 1):
            rows = attack_set.half == half
            y_index = attack_set.y_index[rows]
            models = self._learn(attack_set, ~rows, seed, asked=y_index)
            scores[rows] = self._ask(models, attack_set.proba[rows], y_index)
        return scores, attack_set.membership, attack_set.y_index

    def _score_response(self, proba, y_index):
        return self._ask(self.attack_models_, proba, y_index)

    def _ask(self, models, proba, y_index):
        values = attack_features(self.features, proba, y_index, self.top_k)
        scores = np.empty(len(values))
        labels = self.target_classes_.tolist()
        has_own = np.array([label in models for label in labels] + [False])  # the last for index -1
        for i in np.unique(asked := np.where(has_own[y_index], y_index, -1)):
            rows = asked == i
            if i >= 0:
                scores[rows] = _membership_scores(models[labels[i]], values[rows])
            else:  # also labels that no shadow knows
                general = with_class(values[rows], y_index[rows], len(labels))
                scores[rows] = _membership_scores(models[None], general)
        return scores


def _membership_scores(model, values):
    """Return the model's probability of «member», or the nearest that it has."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(values)[:, 1]
    if hasattr(model, "decision_function"):
        return model.decision_function(values)
    return model.predict(values)


def draw_attack_set(shadows, X, y, classes, *, response_method, subsample, rng):
    """Ask shadows for records that they saw and did not see, of each class as many of either.

    This also holds within each `half`, whose answers tell nothing of those in the other.
    """
    known = shadows.lookup(X, y)
    y_index = label_index(y, classes)
    membership, shadow, row = _draw(known, subsample, rng)
    half = _half_of_answers(shadows, known.rows, shadow, row)
    # of each class in each half
    kept = _balanced(2 * y_index[row] + half, membership, rng)
    if np.unique(half[kept]).size < 2:
        raise ValueError(
            "An attack model compares answers to records of one class that were trained on and "
            f"held out, in two halves, but only {len(kept)} answers can be compared. Give fit more "
            "records of each class, or raise subsample."
        )
    # in the order of the shadows, as their answers come
    kept = kept[np.argsort(shadow[kept], kind="stable")]
    proba = _answers(shadows, X, y, shadow[kept], row[kept], response_method)
    return Bunch(
        proba=expand(proba, shadows.classes_, classes),
        y_index=y_index[row[kept]],
        membership=membership[kept],
        half=half[kept],
    )


def _draw(known, subsample, rng):
    """Return the side, the shadow and the row of each answer to ask for."""
    masks = (known.in_mask, known.out_mask)
    if not all(mask.any() for mask in masks):
        raise ValueError(
            "An attack model learns from records that the shadows were trained on and from "
            "records that were held out, but those given to fit are all of one kind. Give fit the "
            "records that the shadows were fitted on, or let the attack train its own: shadows=16."
        )
    # as many of each shadow, whatever its size, and of each side
    n_most = max(subsample // (2 * len(masks[0])), 1)
    drawn = [
        (side, i, rng.permutation(np.flatnonzero(mask))[:n_most])
        for side, side_masks in zip((1, 0), masks, strict=True)
        for i, mask in enumerate(side_masks)
    ]
    row = np.concatenate([rows for _, _, rows in drawn])
    membership, shadow = np.repeat([pair for *pair, _ in drawn], [len(d[2]) for d in drawn], 0).T
    return membership, shadow, row


def _half_of_answers(shadows, found, shadow, row):
    """Return the half of each drawn answer: that of its shadow, or else of its record."""
    folds = shadows.folds(2)
    if folds is not None:
        return folds[shadow]
    # by content, so that twins are in one half
    content = np.where(found < 0, np.arange(len(found)), found)
    return content[row] % 2


def _answers(shadows, X, y, shadow, row, response_method):
    """Return what each shadow answers to its rows, one shadow after the other."""
    rows_of = [row[shadow == i] for i in range(len(shadows.estimators_))]
    return np.concatenate(
        [
            shadows.answers(i, _safe_indexing(X, rows), y[rows], response_method=response_method)
            for i, rows in enumerate(rows_of)
            if len(rows)
        ]
    )


def _balanced(groups, membership, rng):
    """Return rows with as many members as non-members of each group that has both."""
    codes = 2 * groups + membership
    sizes = np.bincount(codes, minlength=2 * (groups.max() + 1))
    # the lesser side of each group bounds both
    quota = sizes.reshape(-1, 2).min(axis=1).repeat(2)
    return np.flatnonzero(ranks_within(codes, rng.random_sample(len(codes))) < quota[codes])


def attack_features(features, proba, y_index, top_k):
    """Return what an attack model sees of each answer, a matrix with one row per answer."""
    if not callable(features):
        return _FEATURES[features](proba, y_index, top_k)
    values = np.asarray(features(proba, y_index))
    if values.ndim != 2 or len(values) != len(proba) or not np.isfinite(values).all():
        raise ValueError(
            f"features={features!r} must return a matrix of finite numbers with one row per "
            f"record: expected shape ({len(proba)}, n_features), got {values.shape}."
        )
    return values


def with_class(values, y_index, n_classes):
    """Return features with an indicator of the true label, for one model of all classes."""
    # a label that is unknown, -1, has none
    return np.hstack([values, (y_index[:, None] == np.arange(n_classes)).astype(values.dtype)])
