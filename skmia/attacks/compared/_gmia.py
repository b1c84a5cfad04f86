"""The generalized membership inference attack of Long et al. (2018)."""

import warnings
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_random_state, indexable
from sklearn.utils.validation import check_is_fitted, validate_data

from skmia._records import KnownRecords
from skmia._response import batches, taken
from skmia._result import Estimate, Result
from skmia._target import known_membership
from skmia.attacks.compared._gmia_selection import model_features, reach, threshold_for
from skmia.attacks.compared._p_values import reference_p_values
from skmia.attacks.compared._record_attack import RecordAttack
from skmia.exceptions import ResolutionWarning
from skmia.metrics._intervals import clopper_pearson
from skmia.signals import get_signal_names
from skmia.utils._constraints import COUNT, TWO_OR_MORE, Numbers, validate_params
from skmia.utils._sklearn import Interval, StrOptions, _num_samples, _safe_indexing

_MOST_ANSWERS = 100_000  # of shadows taken for targets, to calibrate the risk on


class GMIA(RecordAttack):
    """Attack the few records that stand apart, and abstain from all others.

    Reference models, trained like the target, describe each record. The attack selects those that
    hardly any record in the target's training set can resemble. It calls one of them a member if
    the p-value of the target's loss, among losses from models that were not trained on the record,
    is below `cutoff`. The calls are few, but many are right, even where a target generalizes well.

    The attacker knows the record with its label and sees the target's answer. They have records
    from the target's distribution, and know or guess the type of the target, its parameters and the
    size of its training set. They know no member.

    Parameters
    ----------
    shadows : int or ShadowModels, default=200
        Number of reference models: clones of the target, each trained on half of the records given
        to `fit`. The half that did not see such a record are its references; for others, all are. A
        p-value below 0.01 takes 100. Or shadow models, as for :class:`LiRA`.
    cutoff : float, default=0.01
        P-value below which a selected record is called a member, in (0, 1).
    n_selected : int or float, default=0.1
        How many of the records in `fit` to select, or which share: those that stand farthest apart.
        Other records are selected if they stand as far apart.
    distance_threshold : float, default=None
        Cosine distance below which records are neighbors, in [0, 2], in place of `n_selected`.
    max_expected_neighbors : float, default=0.1
        A record is selected if it can expect fewer neighbors than this in the target's training
        set; above 0.
    n_training_records : int, default=None
        Number of records that the target was trained on. By default the shadows' average.
    max_background : int, default=5000
        The most records of `fit` to compare with, drawn at random. Their features stay in memory.
    signal : str or callable, default="loss"
        The signal to compare with the references', see `skmia.signals`. The paper's is the loss.
    per_class : bool, default=False
        One risk histogram per class, else one for all records. The threshold always follows from
        `cutoff`.

    Attributes
    ----------
    selected_ : ndarray of bool, shape (n_records,)
        Which of the records in `fit` are selected.
    distance_threshold_ : float
        Cosine distance below which records are neighbors.
    threshold_ : float
        The score of the cutoff, -log(cutoff).

    See Also
    --------
    gmia_indirect : Inference without asking for the record itself.

    Notes
    -----
    The score of every record is -log(p). The attack says nothing of records that are not selected:
    `predict` never calls them, and `predict_proba` gives them the prior. A `score`, being over all
    records, is therefore near 0.5. The attack is made for what `report` shows.

    P-values hold if the target's training records were drawn from those in `fit`, as for an
    auditor, and the record under attack was among these. An attacker with other records gets
    p-values that are too small, because references share records and so resemble one another more
    than the target. If each is trained on a share f of the records and answers vary normally, the
    ratio of variances is (1 + f) / (1 - f): 9 % of non-members have p < 0.01 with halves, and 1.8 %
    with f = 0.1. ``shadows=ShadowModels(None, 200, train_size=f)`` sets f. The risk does not
    account for this.

    Centered log-probabilities of all classes by the reference models, of the first of them where
    these are more than 2,000 numbers, stand for the layer before the softmax. The risk is learned
    from selected records, if there are members and non-members among them.

    References
    ----------
    .. [1] Y. Long, V. Bindschaedler, L. Wang, D. Bu, X. Wang, H. Tang, C. A. Gunter and K. Chen,
       "Understanding membership inferences on well-generalized learning models", 2018,
       arXiv:1802.04889.
    .. [2] Y. Long et al., "A pragmatic approach to membership inferences on machine learning
       models", IEEE EuroS&P 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmia.attacks import GMIA
    >>> X, y = load_digits(return_X_y=True)
    >>> membership = np.random.default_rng(0).permutation(len(y)) < len(y) / 2
    >>> target = GaussianNB().fit(X[membership], y[membership])
    >>> attack = GMIA(target, shadows=50, cutoff=0.05, random_state=0).fit(X, y)
    >>> (at_cutoff,) = attack.report(X, y, membership)
    >>> at_cutoff.n_selected, at_cutoff.n_called
    (180, 17)
    """

    _threat_model = "sees the target's answer to the record; trains reference models"
    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **RecordAttack._parameter_constraints,
        "cutoff": [Interval(Real, 0, 1, closed="neither")],
        "n_selected": [*COUNT, Interval(Real, 0, 1, closed="neither")],
        "distance_threshold": [Interval(Real, 0, 2, closed="both"), None],
        "max_expected_neighbors": [Interval(Real, 0, None, closed="neither")],
        "n_training_records": [*COUNT, None],
        "max_background": TWO_OR_MORE,
        "signal": [StrOptions(set(get_signal_names())), callable],
    }

    def __init__(
        self,
        target=None,
        *,
        shadows=200,
        cutoff=0.01,
        n_selected=0.1,
        distance_threshold=None,
        max_expected_neighbors=0.1,
        n_training_records=None,
        max_background=5000,
        signal="loss",
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.shadows = shadows
        self.cutoff = cutoff
        self.n_selected = n_selected
        self.distance_threshold = distance_threshold
        self.max_expected_neighbors = max_expected_neighbors
        self.n_training_records = n_training_records
        self.max_background = max_background
        self.signal = signal
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def _signal(self):
        return self.signal

    @property
    def _known_threshold(self):
        return _score_above(self.cutoff)

    def _fit(self, X, y, membership):
        """Learn which records stand apart; return the evidence, and what draws stand-ins."""
        rng = check_random_state(self.random_state)
        self._take_shadows(X, y, rng)
        n_shadows = len(self.shadows_.estimators_)
        _warn_of_cutoffs([self.cutoff], n_shadows, stacklevel=6)  # at the line that calls `fit`
        evidence = self._shadow_evidence(X, y, keep=True)  # kept for the features
        self._learn_rule(evidence, membership, [])
        self._fit_selection(X, y, rng)
        return evidence, rng

    def _fit_selection(self, X, y, rng):
        """Learn from which distance on a record stands apart."""
        n_records = _num_samples(X)
        # sorted, so that a background of all records has them in their order
        drawn = np.sort(rng.permutation(n_records)[: self.max_background])
        background = _safe_indexing(X, drawn)
        # without labels: what is near to a record does not depend on its label
        self._known = KnownRecords(background, np.zeros(len(drawn), dtype=int))
        self._background = self._features(background, y[drawn])
        if len(drawn) == n_records:
            distances = self._reach(self._background, np.arange(n_records))
        else:
            distances = self._distances(X, y)  # in batches, without keeping the features
        n_selected = self.n_selected
        if not isinstance(n_selected, Integral):
            n_selected = max(round(n_selected * n_records), 1)
        self.distance_threshold_ = self.distance_threshold
        if self.distance_threshold is None:
            self.distance_threshold_ = threshold_for(distances, n_selected)
        self.selected_ = distances >= self.distance_threshold_

    def _features(self, X, y):
        return model_features(
            self.shadows_, X, y, self.target_classes_, response_method=self._method
        )

    def _distances(self, X, y):
        """Return how far each record stands apart, batch by batch."""
        distances = []
        for part in batches(_num_samples(X), self._background.shape[1]):
            rows = _safe_indexing(X, part)
            own = self._known.find(rows, np.zeros(part.stop - part.start, dtype=int))
            features = self._features(rows, None if y is None else y[part])
            distances.append(self._reach(features, own))
        return np.concatenate(distances)

    def _reach(self, units, own):
        n_training_records = self.n_training_records
        if n_training_records is None:  # shadows are trained like the target
            n_training_records = self.shadows_.in_mask_.sum(axis=1).mean()
        return reach(units, self._background, own, n_training_records / self.max_expected_neighbors)

    def select(self, X, y=None):
        """Return which records stand apart, so that the attack judges them.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,), default=None
            Their labels. With them, reference models are not asked again for records of `fit`.

        Returns
        -------
        ndarray of bool, shape (n_records,)
            True where the record is selected.
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, skip_check_array=True)
        (X,) = indexable(X)
        y = None if y is None else self._check_labels(X, y)
        return self._distances(X, y) >= self.distance_threshold_

    def _calibration_scores(self, X, y, membership, known):
        evidence, rng = known  # what `_fit` returned
        if membership is not None:
            return self._on_target(X, y, membership, evidence)
        scores = self._of_stand_ins(X, y, evidence, rng)
        return scores or super()._calibration_scores(X, y, None, (evidence, []))

    def _of_stand_ins(self, X, y, evidence, rng):
        """Score records by shadows in the target's place, each compared with the others."""
        about = {"n_scores": _MOST_ANSWERS, "n_least": 2}
        # all records, if too few shadows can stand in on the selected ones
        for rows in (np.flatnonzero(self.selected_), np.arange(len(y))):
            part = _safe_indexing(X, rows), y[rows]
            if len(rows) and (stand_ins := list(self.shadows_.stand_ins(*part, rng, **about))):
                break
        else:
            return None
        trials = []
        for stand_in in stand_ins:
            given = evidence.of(rows).of_stand_in(stand_in)
            scores = self._score_evidence(given, online=False)
            trials.append((scores, stand_in.membership, given.y_index))
        return tuple(np.concatenate(parts) for parts in zip(*trials, strict=True))

    def _on_target(self, X, y, membership, evidence):
        """Score selected records by the target, or all if there are not both sides among them."""
        rows = np.flatnonzero(self.selected_)
        if np.unique(membership[rows]).size < 2:
            rows = np.arange(len(y))
        own = self._own_signals(*taken(self.target, X, rows), y[rows])
        part = evidence.of(rows)._replace(own=own)
        return self._score_evidence(part, online=False), membership[rows], part.y_index

    def _rule(self, learned, own, shadow_signals, in_mask, *, online):
        # the signal is a negated loss; the shadows' are negated block by block
        losses = -np.asarray(own, dtype=np.float64)
        return -np.log(reference_p_values(losses, shadow_signals, ~in_mask, sign=-1))

    def _judge(self, X, y):
        """Return score, call and risk; records that are not selected are not judged."""
        scores, called, risk = super()._judge(X, y)
        selected = self.select(X, y)
        return scores, np.where(selected, called, 0), np.where(selected, risk, self.prior)

    @validate_params(cutoffs=[Numbers(Real, 0, 1, closed="right"), None])
    def report(self, X, y, membership, *, cutoffs=None, confidence_level=0.95):
        """Return how many candidates are selected and called, and how many calls are right.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Candidates.
        y : array-like of shape (n_records,)
            Their labels.
        membership : array-like of shape (n_records,)
            1 for the target's training records, 0 for others.
        cutoffs : sequence of float, default=None
            P-values below which selected records are called, in (0, 1]. By default `cutoff`.
        confidence_level : float, default=0.95
            Coverage of each Clopper-Pearson interval, in (0, 1); records are taken as independent.

        Returns
        -------
        list of GMIAReport
            One for each cutoff.

        Raises
        ------
        ValueError
            If a cutoff or the confidence level is out of its range.

        Warns
        -----
        skmia.exceptions.ResolutionWarning
            If no candidate has enough references for a p-value below some cutoff.
        """
        check_is_fitted(self)
        cutoffs = [self.cutoff] if cutoffs is None else list(cutoffs)
        X, y = self._checked_records(X, y)
        member = known_membership(self.target, X, y, membership).astype(bool)
        n_references = (~self.shadows_.in_mask(X, y)).sum(axis=0).max(initial=0)
        _warn_of_cutoffs(cutoffs, n_references, stacklevel=4)
        judged = self.score_samples(X, y), self.select(X, y), member, 1 - confidence_level
        return [_report_at(cutoff, *judged) for cutoff in cutoffs]


def _warn_of_cutoffs(cutoffs, n_references, stacklevel):
    """Warn of cutoffs that no p-value of so many references can be below."""
    # the smallest p-value of k references is 1 / (k + 1)
    too_small = [cutoff for cutoff in cutoffs if cutoff <= 1 / (n_references + 1)]
    if too_small:
        warnings.warn(
            f"No p-value can be below the cutoff {max(too_small)}: of {n_references} reference "
            f"models that did not see the record, the smallest is {1 / (n_references + 1):.2g}. "
            "Train more shadows, or raise the cutoff.",
            ResolutionWarning,
            stacklevel=stacklevel,
        )


@dataclass(frozen=True, repr=False, eq=False)
class GMIAReport(Result):
    """How many candidates GMIA selects and calls members at one cutoff, and how many are members.

    Attributes
    ----------
    cutoff : float
        The p-value below which a selected record is called a member.
    n_records : int
        Number of candidates.
    n_members : int
        Number of members among them.
    n_selected : int
        Number of candidates that stand apart.
    n_called : int
        Number of these that are called members.
    precision : Estimate or None
        Share of members among the called; None if none is called. It depends on the share of
        members among the candidates.
    recall : Estimate or None
        Share of the called among all members, selected or not; None without members.

    Examples
    --------
    >>> from skmia.attacks import GMIAReport
    >>> from skmia.metrics import Estimate
    >>> precision = Estimate(0.75, 0.194, 0.994, "Clopper-Pearson")
    >>> print(GMIAReport(0.01, 200, 100, 9, 4, precision, None).precision)
    0.750 [0.194, 0.994]
    """

    cutoff: float
    n_records: int
    n_members: int
    n_selected: int
    n_called: int
    precision: Estimate | None
    recall: Estimate | None


def _score_above(cutoff):
    """Return the smallest score of a p-value below the cutoff."""
    # the next number: scores that reach a threshold are called, but a cutoff is not below itself
    return float(np.nextafter(-np.log(cutoff), np.inf))


def _report_at(cutoff, scores, selected, member, alpha):
    """Return the report of one cutoff, with intervals of coverage 1 - alpha."""
    # a record that does not stand apart is never called, whatever its p-value
    called = selected & (scores >= _score_above(cutoff))
    n_right = int((called & member).sum())
    return GMIAReport(
        cutoff=cutoff,
        n_records=len(scores),
        n_members=int(member.sum()),
        n_selected=int(selected.sum()),
        n_called=int(called.sum()),
        precision=_share(n_right, int(called.sum()), alpha),
        recall=_share(n_right, int(member.sum()), alpha),
    )


def _share(n_hits, n, alpha):
    if n == 0:  # no share, and no interval
        return None
    low, high = clopper_pearson(n_hits, n, alpha)
    return Estimate(n_hits / n, float(low), float(high), "Clopper-Pearson")
