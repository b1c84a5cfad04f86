"""The shadow-model attack of Shokri et al. (2017)."""

from numbers import Integral

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.parallel import Parallel, delayed

from skmia.attacks._response_attack import ResponseAttack
from skmia.attacks.learned._attack_set import (
    FEATURES,
    attack_features,
    draw_attack_set,
    with_class,
)
from skmia.shadows import ShadowModels
from skmia.utils._blas import single_blas_thread
from skmia.utils._sklearn import HasMethods, Interval, StrOptions, _set_random_states

__all__ = ["ShadowModelAttack"]

_LEAST_RECORDS = 10  # of each side and half of a class, for an attack model of its own


class ShadowModelAttack(ResponseAttack):
    """Learn from shadow models how a model answers its members, and call members by that.

    Shadow models are trained like the target, on records whose membership the attacker decides. For
    each class, an attack model learns to tell the shadows' answers to records that they were
    trained on from those to records held out from them. The attack score is its probability of
    «member» for the target's answer.

    The attacker knows the record with its label and sees the target's answer. To prepare, they have
    records from the target's distribution, and know or guess the type of the target and its
    parameters. They know no member of the target. Without such records they can make some, see
    :func:`~skmia.shadows.synthesize_records`.

    Parameters
    ----------
    target : estimator, default=None
        Fitted classifier under attack, anything with `predict_proba`, `decision_function` or
        `predict`. It is never refitted. None makes a template.
    shadows : int or ShadowModels, default=16
        Number of clones of the target to train, each on half of the records given to `fit` (for an
        odd number, on each record with probability one half). Or shadow models: fitted ones are
        used as they are, and `fit` must be given records that they were trained on; others are
        cloned and trained, with the target's type where they have no estimator. If they are of
        several types, the attack models learn from all together [3]_.
    features : {"log_signals", "probabilities", "top_k"} or callable, default="log_signals"
        What an attack model sees of an answer:

        - "probabilities" of all classes [1]_;
        - "top_k", the largest probabilities in descending order, whatever their classes [2]_;
        - "log_signals", logarithms of all probabilities, floored at 0.001, and the signals
          confidence, correctness, margin, entropy, loss and modified entropy of the true label;
        - a function of `proba` (n_records, n_classes) and `y_index` (n_records,), -1 for an unknown
          label, that returns a matrix (n_records, n_features).
    top_k : int, default=3
        Number of probabilities of "top_k".
    attack_estimator : estimator, default=None
        The binary classifier to learn with; its seeds are set anew. None is a logistic regression
        on standardized features, see Notes for the comparison behind it.
    subsample : int, default=100_000
        The most answers of shadows to learn from, drawn at random, but at least two of each shadow.
        They are held in memory, with a number for each class and signal.
    per_class : bool, default=True
        One attack model, threshold and risk histogram per class, else one for all records. A class
        with fewer than 10 answers of either kind in half of the attack set uses the attack model
        for all, which also sees the class.
    n_bins : int, default=5
        Bins of the risk histogram of each class.
    prior : float, default=0.5
        Probability of membership before the target is asked, in (0, 1), for `predict_proba`.
    response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
        What target and shadows reveal; "auto" takes the first of these that the target has.
    random_state : int, RandomState instance or None, default=None
        Seeds shadows and attack models.
    n_jobs : int, default=None
        Number of shadows trained at the same time; then of attack models, and of batches.

    Attributes
    ----------
    attack_models_ : dict
        The attack model of each class by its label, and under None the one for all classes.
    shadows_ : ShadowModels
        The fitted shadow models.
    classes_ : ndarray of shape (2,)
        0 for non-members and 1 for members: the columns of `predict_proba`.
    target_classes_ : ndarray of shape (n_target_classes,)
        Labels of the target, of the shadows and of the records in `fit`.
    threshold_ : float
        The threshold of all classes together, also used for labels that `fit` did not meet.
    thresholds_ : ndarray of shape (n_target_classes,)
        The threshold of each label.
    n_features_in_ : int
        Number of features of the records in `fit`, where they have such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they have such.

    See Also
    --------
    skmia.shadows.ShadowModels : How shadows are trained, shared, and kept on disk.
    MetricAttack : One signal and a threshold, calibrated with a single shadow.

    Notes
    -----
    The attack models see as many answers to members as to non-members of each class, as in [1]_.

    Without membership, thresholds and risks are learned from answers that the attack models have
    not seen: attack models of one half of the shadows score the other half. The two shadows of a
    pair of halves stay together. With fewer than four shadows, the records are halved instead. With
    membership, thresholds and risks are learned from the target's answers to these records. The
    shadows are still trained on all records alike, and the attack models learn only from them.

    The defaults were chosen by AUC and time on four targets: networks on Location-30 and Ta-Feng
    (10 classes), a random forest on Adult, and boosted trees on credit card defaults. The table has
    the mean AUC, and the seconds that all four attacks took beyond their shadows. A threshold on
    the modified entropy reaches 0.749. Boosting is as good as logistic regression and takes three
    times as long (``examples/benchmarks/compare_attack_estimators.py``).

    ============= ============= ============= ============= =============
    features      logistic      boosting      network       forest
    ============= ============= ============= ============= =============
    log_signals   0.792    6 s  0.793   17 s  0.790   33 s  0.786   56 s
    probabilities 0.784    3 s  0.793   15 s  0.786   32 s  0.785   55 s
    top_k         0.765    3 s  0.768    9 s  0.764   32 s  0.761   42 s
    ============= ============= ============= ============= =============

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

    The attacker has other records, and trains shadows on them:

    >>> attack = ShadowModelAttack(target, shadows=4, random_state=0).fit(X[own], y[own])
    >>> rows, membership = np.r_[members, others], np.repeat([1, 0], 450)
    >>> round(attack.score(X[rows], y[rows], membership), 2)
    0.73
    """

    _threat_model = "sees the target's answer to the record; trains shadow models"
    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **ResponseAttack._parameter_constraints,
        "shadows": [Interval(Integral, 1, None, closed="left"), ShadowModels],
        "features": [StrOptions(set(FEATURES)), callable],
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
        attack_set = draw_attack_set(
            self.shadows_,
            X,
            y,
            self.target_classes_,
            response_method=self._method,
            subsample=self.subsample,
            rng=rng,
        )
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
        """Return an attack model for each label that has one of its own, and one for all others.

        Where it is known which classes are asked for, the one for all is left out if none needs it.
        """
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
                delayed(_fitted)(self._attack_template(seed), *job) for job in _jobs()
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
        """Return what the attack model of each record's class says of its answer."""
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


def _fitted(template, values, membership):
    return template.fit(values, membership)


def _membership_scores(model, values):
    """Return the model's probability of «member», or the nearest that it has."""
    if hasattr(model, "predict_proba"):
        return model.predict_proba(values)[:, 1]
    if hasattr(model, "decision_function"):
        return model.decision_function(values)
    return model.predict(values)
