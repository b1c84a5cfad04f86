"""Records made by asking the target alone, by hill climbing on its confidence."""

import warnings
from collections import deque
from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn.utils import Bunch, check_random_state

from skmia._response import (
    all_classes,
    check_label_type,
    check_target,
    class_probabilities,
    response_method_of,
)
from skmia._result import Result
from skmia.exceptions import ResolutionWarning
from skmia.shadows._domain import find_domain
from skmia.utils._constraints import (
    ARRAY_OR_NONE,
    COUNT,
    ZERO_OR_MORE,
    Names,
    Number,
    validate_params,
)


@dataclass(frozen=True, repr=False, eq=False)
class SynthesizedRecords(Result):
    """Records that the target is confident about, and what they cost, by `synthesize_records`.

    Attributes
    ----------
    X : {ndarray, sparse matrix, dataframe} of shape (n_accepted.sum(), n_features)
        The accepted records, classes in random order.
    y : ndarray of shape (n_accepted.sum(),)
        The classes that they were synthesized for, which the target predicts for them.
    n_queries : int
        Number of records that the target was asked for.
    classes : ndarray of shape (n_wanted,)
        The wanted classes, sorted.
    n_accepted : ndarray of shape (n_wanted,)
        Number of accepted records per wanted class.
    failed_classes : ndarray
        The classes given up.

    Examples
    --------
    >>> from skmia.shadows import SynthesizedRecords
    >>> found = SynthesizedRecords([[0.0], [1.0]], [0, 1], 9, [0, 1], [1, 1], [])
    >>> round(found.n_queries / len(found.y), 1)
    4.5
    """

    X: object
    y: np.ndarray
    n_queries: int
    classes: np.ndarray
    n_accepted: np.ndarray
    failed_classes: np.ndarray

    _rows = ("classes", "n_accepted")


@validate_params(
    domain=["array-like", None],
    classes=ARRAY_OR_NONE,
    k_max=COUNT,
    k_min=COUNT,
    conf_min=[Number(Real, 0, 1, closed="left")],
    rej_max=ZERO_OR_MORE,
    iter_max=COUNT,
    max_failures=COUNT,
    max_queries=[*COUNT, None],
    n_climbers=COUNT,
    response_method=[Names("auto", "predict_proba", "decision_function")],
)
def synthesize_records(
    target,
    n_records,
    *,
    X=None,
    domain=None,
    classes=None,
    k_max=128,
    k_min=4,
    conf_min=0.2,
    rej_max=10,
    iter_max=1000,
    max_failures=3,
    max_queries=None,
    n_climbers=128,
    response_method="auto",
    random_state=None,
):
    """Synthesize records that the target is confident about (model-based synthesis).

    This is Algorithm 1 of Shokri et al. [1]_. A climb starts from a random record and asks the
    target for its confidence in the wanted class. A record is kept if its confidence is at least
    that of the last one kept. If the confidence is also above `conf_min` and the class is the most
    probable one, the record is accepted with a probability equal to the confidence. The next
    record to ask for is the one kept, with k of its features drawn anew. After more than `rej_max`
    rejections in a row, k is halved. The attacker uses nothing of `X` but the values that each
    feature can take.

    Parameters
    ----------
    target : estimator
        A fitted classifier with `predict_proba` or `decision_function`: labels do not suffice.
    n_records : int
        Number of records to accept, at least 1, divided among the classes as evenly as it goes.
    X : {array-like, sparse matrix, dataframe} of shape (n_samples, n_features), default=None
        Records from which the domain is inferred. A feature of zeros and ones alone is binary. One
        of two values, of texts, categories or Booleans, or of at most 20 whole numbers takes each
        value it has here but missing ones. Any other takes numbers between the smallest and the
        largest, whole ones if all are whole. The result has the form of `X`.
    domain : list or dict, default=None
        One entry per feature: a list of its values, or a tuple ``(low, high)``, of whole numbers
        if both are integers. None stands for what is inferred from `X`. A dict names some columns
        of the frame `X`, or their positions. Without `X` the result is an array. A value that
        stands twice in a list is drawn twice as often.
    classes : array-like of shape (n_wanted,), default=None
        Classes to synthesize; None takes all of the target's.
    k_max : int, default=128
        Number of features drawn anew at first, at least `k_min`; of fewer features, all.
    k_min : int, default=4
        Smallest number of features drawn anew, at least 1.
    conf_min : float, default=0.2
        Confidence above which a record may be accepted, in [0, 1).
    rej_max : int, default=10
        Rejections in a row after which k stays, at least 0.
    iter_max : int, default=1000
        Queries after which a climb has failed, at least 1.
    max_failures : int, default=3
        A class is given up once it has so many more failed climbs than records, at least 1.
    max_queries : int, default=None
        Budget of queries for all records together, at least 1; None is without limit.
    n_climbers : int, default=128
        Climbs that advance together: the target is asked for so many records at once. It does not
        change the law of the records, unless a class is given up or the budget ends.
    response_method : {"auto", "predict_proba", "decision_function"}, default="auto"
        How the target is asked. Decision values become probabilities by the softmax.
    random_state : int, RandomState instance or None, default=None
        Draws the records and decides on acceptance.

    Returns
    -------
    SynthesizedRecords
        The accepted records ``X``, their classes ``y``, and what they cost.

    Raises
    ------
    ValueError
        If a parameter is out of its range, a class is none of the target's, the domain does not
        fit `X`, or the target gives no confidence.
    TypeError
        If the target is a regressor, or a parameter is not of its type.
    sklearn.exceptions.NotFittedError
        If the target is not fitted.

    Warns
    -----
    skmia.exceptions.ResolutionWarning
        If there are fewer records than asked for, since a class was given up or the budget ended.
        If the budget ended, records of short climbs are more frequent than they should be.

    Notes
    -----
    A class is out of reach if the target is not confident of it anywhere on the way from a random
    record. With 5,000 training records of :func:`~skmia.datasets.make_purchase_like`, a network
    took about 110 queries per accepted record for 10 classes and 180 for 100. A random forest took
    400 for 10 classes, and had seven of the first ten of 100 classes given up.

    Accepted records need not resemble real ones: these had 270 ones in 600 features, real records
    have 22. How well they serve depends on the target. With 1,500 training records of 10 classes,
    and twice as many shadow records, :class:`~skmia.attacks.ShadowModelAttack` reached these
    balanced accuracies (one seed each):

    ====================== ===== ========= ============ =======================
    target                 real  marginals model-based  model-based, marginals
    ====================== ===== ========= ============ =======================
    network of tanh units  0.90  0.90      0.88         not run
    network of ReLU units  0.89  0.88      0.63         0.87
    random forest          0.95  0.88      0.75         0.90 (1,000 records)
    ====================== ===== ========= ============ =======================

    Most of the loss comes from the thresholds; the order of the scores suffers less. The last
    column, by ``domain=list(X.T)``, needs a fifth of the queries or less.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, section V-C, Algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.shadows import synthesize_records
    >>> X, y = load_iris(return_X_y=True)
    >>> target = LogisticRegression(max_iter=1000).fit(X, y)
    >>> made = synthesize_records(target, 30, X=X, random_state=0)
    >>> made.X.shape
    (30, 4)
    >>> print(made.to_frame())
       classes  n_accepted
    0        0          10
    1        1          10
    2        2          10
    """
    rules = Bunch(
        k_max=k_max, k_min=k_min, conf_min=conf_min, rej_max=rej_max, iter_max=iter_max,
        max_failures=max_failures, n_climbers=n_climbers,
    )  # fmt: skip
    if k_max < k_min:
        raise ValueError(f"k_max must be at least k_min, {k_min}, got {k_max}.")
    method = _climbable(target, response_method)
    domain = find_domain(X, domain)
    rng = check_random_state(random_state)
    n_queries = 0
    known = getattr(target, "classes_", None)
    if known is None:
        one = domain.records(domain.draw(1, rng))
        known = all_classes(target, one, np.array([], dtype=np.int64), method=method)
        n_queries = 1
    known = np.unique(known)  # sorted, as columns of a response are
    wanted = _wanted_classes(classes, known)
    # in random order: whoever takes every other record shall not take every other class
    labels = rng.permutation(np.resize(np.searchsorted(known, wanted), n_records))

    def _ask(rows):
        return class_probabilities(target, domain.records(rows), known, method=method)

    climb = _HillClimb(domain, labels, len(known), rules, rng)
    n_queries += climb.run(_ask, np.inf if max_queries is None else max_queries - n_queries)
    done = climb.is_accepted  # fewer than wanted after a failure, in the random order of labels
    made = SynthesizedRecords(
        X=domain.records(climb.accepted[done]),
        y=known[labels[done]],
        n_queries=n_queries,
        classes=wanted,
        n_accepted=climb.n_accepted[np.searchsorted(known, wanted)],
        failed_classes=known[climb.is_given_up],
    )
    _warn_of_missing(made, n_records, max_queries)
    return made


def _climbable(target, response_method):
    """Return the method by which the target tells its confidence."""
    check_target(target, response_method)
    method = response_method_of(target, response_method)
    if method == "predict":  # of "auto", where the target has nothing else
        raise ValueError(
            f"{type(target).__name__} has neither predict_proba nor decision_function, and a climb "
            "needs a confidence. Take sample_marginal_records, which needs labels only."
        )
    return method


def _wanted_classes(classes, known):
    if classes is None:
        return known
    wanted = np.unique(classes)
    check_label_type(wanted, known)
    unknown = np.setdiff1d(wanted, known)
    if len(unknown) or not len(wanted):
        raise ValueError(
            f"classes must be some of the target's classes, such as {known[:5].tolist()}, got "
            f"{unknown[:5].tolist() or 'none'}."
        )
    return wanted


def _warn_of_missing(made, n_records, max_queries):
    if len(made.y) == n_records:
        return
    reason = f"the budget of max_queries={max_queries} ended; raise it"
    if failed := made.failed_classes.tolist():
        reason = (
            f"the classes {failed[:5]} (of {len(failed)} in all) were given up; raise iter_max, or "
            "ask for other classes"
        )
    warnings.warn(
        f"Only {len(made.y)} of {n_records} records were synthesized: {reason}, or go on with what "
        "there is.",
        ResolutionWarning,
        stacklevel=4,  # the caller's line, past the decorator
    )


class _HillClimb:
    """Many climbs of Algorithm 1 at a time, one for each class number in `labels`.

    Each is continued to its end, so that short climbs are not favored over long ones.
    """

    def __init__(self, domain, labels, n_classes, rules, rng):
        self.domain = domain
        self.labels = labels
        self.rules = rules
        self.rng = rng
        self.waiting = deque(range(len(labels)))
        self.is_accepted = np.zeros(len(labels), dtype=bool)
        self.accepted = np.empty((len(labels), domain.n_features))
        self.n_accepted, self.n_failed = np.zeros((2, n_classes), dtype=np.int64)
        self.is_given_up = np.zeros(n_classes, dtype=bool)
        self.climbers = self._start([])

    def run(self, ask, max_queries):
        """Climb until each record is accepted or given up, or the budget ends; count queries."""
        n_queries = 0
        while True:
            n_free = self.rules.n_climbers - len(self.climbers)
            slots = [self.waiting.popleft() for _ in range(min(n_free, len(self.waiting)))]
            self.climbers = np.concatenate([self.climbers, self._start(slots)])
            # no more than the budget has queries left
            self.climbers = self.climbers[: int(min(len(self.climbers), max_queries - n_queries))]
            if not len(self.climbers):
                return n_queries
            n_queries += len(self.climbers)
            self._advance(ask(self.climbers["asked"]))

    def _start(self, slots):
        """Return climbers at random records: a structured array, one entry for each slot."""
        n_features = self.domain.n_features
        fields = [(name, np.int64) for name in ("slot", "label", "n_rejected", "k", "n_asked")]
        fields += [(name, np.float64, (n_features,)) for name in ("asked", "kept")]
        climbers = np.zeros(len(slots), dtype=[*fields, ("confidence", np.float64)])
        climbers["slot"] = slots
        climbers["label"] = self.labels[climbers["slot"]]
        climbers["k"] = min(self.rules.k_max, n_features)
        climbers["asked"] = self.domain.draw(len(slots), self.rng)
        return climbers

    def _advance(self, proba):
        """Take one step of Algorithm 1 with all climbers, by the answers to what they asked."""
        climbers = self.climbers
        rules = self.rules
        confidence = proba[np.arange(len(proba)), climbers["label"]]
        # a climb starts at confidence 0, so that its first record is always kept
        is_kept = confidence >= climbers["confidence"]
        is_sure = (confidence > rules.conf_min) & (proba.argmax(axis=1) == climbers["label"])
        # the sampling phase of the paper; a chance is drawn for all, whoever needs it
        is_accepted = is_kept & is_sure & (self.rng.random_sample(len(proba)) < confidence)
        done = climbers[is_accepted]
        self.accepted[done["slot"]] = done["asked"]
        self.is_accepted[done["slot"]] = True
        np.add.at(self.n_accepted, done["label"], 1)  # += would count a class once
        climbers["kept"][is_kept] = climbers["asked"][is_kept]
        climbers["confidence"][is_kept] = confidence[is_kept]
        self._count_rejections(~is_kept)
        climbers["n_asked"] += 1
        is_failed = ~is_accepted & (climbers["n_asked"] >= rules.iter_max)
        self._fail(climbers[is_failed])
        self._continue(climbers[~is_accepted & ~is_failed])

    def _count_rejections(self, is_rejected):
        """Count rejections in a row, and halve k, rounded up, of climbers that have too many."""
        climbers = self.climbers
        climbers["n_rejected"] = np.where(is_rejected, climbers["n_rejected"] + 1, 0)
        is_stuck = climbers["n_rejected"] > self.rules.rej_max
        halved = np.maximum(self.rules.k_min, -(-climbers["k"] // 2))
        climbers["k"] = np.where(is_stuck, halved, climbers["k"])
        climbers["n_rejected"][is_stuck] = 0

    def _fail(self, climbers):
        np.add.at(self.n_failed, climbers["label"], 1)
        self.is_given_up |= self.n_failed - self.n_accepted >= self.rules.max_failures
        # first in the queue: the record is wanted all the same, in a climb from a new start
        self.waiting.extendleft(climbers["slot"].tolist())
        if self.is_given_up.any():
            self.waiting = deque(
                slot for slot in self.waiting if not self.is_given_up[self.labels[slot]]
            )

    def _continue(self, climbers):
        self.climbers = climbers[~self.is_given_up[climbers["label"]]]
        # from what was kept, not from what was asked for last
        kept = self.climbers["kept"]
        self.climbers["asked"] = self.domain.redraw(kept, self.climbers["k"], self.rng)
