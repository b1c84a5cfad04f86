"""What goes with the exposure of records: their class, their place, their weight."""

import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state, column_or_1d, indexable
from sklearn.utils.validation import check_is_fitted

from skmia._records import KnownRecords, halve
from skmia._response import Answered, all_classes, check_labels, check_target, label_index
from skmia._result import Result
from skmia._result._text import text_table
from skmia._target import known_membership
from skmia.attacks import MetricAttack
from skmia.attacks._measure import measure
from skmia.exceptions import CalibrationWarning
from skmia.inspection._distances import embedded, neighbor_distance, neighbor_distance_within
from skmia.inspection._rank_correlation import rank_correlations
from skmia.signals import correctness
from skmia.utils._constraints import ARRAY_OR_NONE, COUNT, Names, validate_params
from skmia.utils._sklearn import HasMethods


@dataclass(frozen=True, repr=False, eq=False)
class ExposureReport(Result):
    """The exposure of records, what may explain it, and how the two go together.

    Attributes
    ----------
    exposure : ndarray of shape (n_records,)
        Risk or attack score of each record.
    membership : ndarray of shape (n_records,)
        1 for members, 0 for non-members.
    explanations : dict of str to ndarray of shape (n_records,)
        What may explain the exposure, NaN where it is not known.
    correlations : dict of str to Estimate
        Rank correlation of each explanation with the exposure of members.
    nonmember_correlations : dict of str to Estimate
        The same of non-members: what the model would show without having seen the records.

    Examples
    --------
    >>> from skmia.inspection import ExposureReport
    >>> report = ExposureReport([0.9, 0.2], [1, 0], {"class_gap": [0.4, 0.1]})
    >>> ExposureReport.from_json(report.to_json()) == report
    True
    """

    exposure: np.ndarray
    membership: np.ndarray
    explanations: dict = field(default_factory=dict)
    correlations: dict = field(default_factory=dict)
    nonmember_correlations: dict = field(default_factory=dict)

    _rows = ("exposure", "membership", "explanations")

    def _blocks(self):
        yield "Rank correlation with exposure\n" + text_table(
            ["", "members", "non-members"],
            [
                [name, str(estimate), str(self.nonmember_correlations[name])]
                for name, estimate in self.correlations.items()
            ],
        )

    def _columns(self):
        return {"exposure": self.exposure, "membership": self.membership, **self.explanations}


@validate_params(
    attack=[HasMethods(["fit", "score_samples", "predict_proba"]), None],
    exposure=[Names("risk", "score")],
    sensitivity=ARRAY_OR_NONE,
    extra_explanations=[dict, None],
    embedding=[Names("hidden"), callable, "array-like", "sparse matrix", None],
    n_resamples=COUNT,
)
def explain_exposure(
    estimator,
    X,
    y,
    membership=None,
    *,
    attack=None,
    exposure="risk",
    sensitivity=None,
    extra_explanations=None,
    embedding=None,
    n_neighbors=5,
    confidence_level=0.95,
    n_resamples=1000,
    random_state=None,
    n_jobs=None,
):
    """Compare what records give away to membership inference with what may explain it.

    "Exposure" is how much one record gives away here, its risk or attack score, and not the metric
    of canaries of that name of Carlini et al. ("The Secret Sharer", USENIX Security 2019).

    Each explanation has Spearman's rank correlation with the exposure of the members: 1 if records
    are the more exposed the larger it is, −1 if the less, 0 if ranks say nothing. A correlation is
    no cause. One that is as strong among the non-members, which the model never saw, has to do with
    hard and easy records, not with membership.

    The explanations of a record are

    - ``class_gap``: accuracy of the members of its class minus that of the non-members;
    - ``class_frequency``: share of its class among the members;
    - ``distance_to_class``: mean distance to the nearest members of its class;
    - ``distance_to_any``: mean distance to the nearest members of any class;
    - ``sensitivity``, if it is given.

    Parameters
    ----------
    estimator : estimator
        The fitted classifier.
    X : array-like of shape (n_records, ...)
        Records, members and others.
    y : array-like of shape (n_records,)
        Their labels.
    membership : array-like of shape (n_records,), default=None
        1 for the classifier's training records, 0 for others. By default it is asked, if it has a
        method `membership_of(X, y)`.
    attack : BaseAttack, default=None
        What measures the exposure, by default ``MetricAttack(signal="modified_entropy")`` [1]_. An
        unfitted attack is calibrated on one half of the records to measure the other, and the other
        way round. A fitted attack on this classifier is used as it is: unless it asks reference
        models, as LiRA does, fit it on other records than these.
    exposure : {"risk", "score"}, default="risk"
        The attack's probability of membership, or its score. The risk has few values where the
        attack has few bins, but puts classes with different thresholds on one scale.
    sensitivity : array-like of shape (n_records,), default=None
        Sensitivity of each record, NaN where it was not measured, by
        :func:`skmia.leakage.record_sensitivity`, which trains once per record.
    extra_explanations : dict of str to array-like of shape (n_records,), default=None
        Further explanations by name, NaN where there is none.
    embedding : "hidden", callable or array-like of shape (n_records, n_dimensions), default=None
        Between what distances are taken: "hidden" for the last hidden layer of an `MLPClassifier`
        or a network of skmia, also behind a pipeline; a function of X that returns points; or the
        points themselves. By default the columns of X, each divided by its standard deviation among
        the members. Columns of texts count by equal or not, codes of categories as numbers.
    n_neighbors : int, default=5
        Number of nearest members that distances are averaged over, or as many as there are. A
        record is none of its own neighbors, nor are its copies; copies of others count once.
    confidence_level : float, default=0.95
        Coverage of each interval, in (0, 1).
    n_resamples : int, default=1000
        Bootstrap resamples of the records for the intervals.
    random_state : int, RandomState instance or None, default=None
        Draws the halves, the attack's seed if it has none, and the resamples.
    n_jobs : int, default=None
        Number of searches for neighbors at the same time.

    Returns
    -------
    ExposureReport
        With `exposure`, `explanations` and `correlations`; prints as a table, and has one row per
        record in `to_frame()`.

    Raises
    ------
    ValueError
        If the membership is not known or not of both kinds, an explanation has not one number per
        record, the attack has another target, or an option is out of its range.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Warns
    -----
    CalibrationWarning
        If the attack was calibrated on less than it asks for.

    See Also
    --------
    ExposureDisplay : The same as a figure.

    Notes
    -----
    What is explained is what the attack finds. One threshold for all records, as by default, takes
    easy records for members, and records that the model learned by heart are not easy. Two forests
    of 50 trees, each trained on 800 people of the Adult data (one-hot), gave sensitive members
    lower risks by the default attack (correlations −0.35 and −0.43), but higher scores by LiRA,
    which asks other models about the same record (0.40 and 0.21). To learn which records are
    exposed, and not which look like members, give :class:`~skmia.attacks.LiRA` or
    :class:`~skmia.attacks.RMIA`.

    All records of a class have one gap and one frequency, so that their correlations compare
    classes: of two classes, one with the other, however narrow the interval, which is over records
    alone. A record's own answer is part of its class's gap. Without it, ranks within a class would
    be those of the answers.

    Where a correlation is not defined, because one side is constant or fewer than 10 records have
    both numbers, it is NaN and its `method` says why.

    References
    ----------
    .. [1] L. Song and P. Mittal, "Systematic evaluation of privacy risks of machine learning
       models", USENIX Security 2021. They compare the privacy risk score with sensitivity,
       generalization error and embeddings; correlations and distances are a reconstruction.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skmia.inspection import explain_exposure
    >>> X, y = load_iris(return_X_y=True)
    >>> member = [1, 0] * 75
    >>> target = KNeighborsClassifier(1).fit(X[::2], y[::2])
    >>> report = explain_exposure(target, X, y, member, n_resamples=99, random_state=0)
    >>> list(report.correlations)
    ['class_gap', 'class_frequency', 'distance_to_class', 'distance_to_any']
    """
    check_target(estimator)
    (X,) = indexable(X)
    y = check_labels(X, y)
    membership = known_membership(estimator, X, y, membership)
    given = _given(sensitivity, extra_explanations, len(y))
    rng = check_random_state(random_state)
    contents = KnownRecords(X, y).contents()
    answered = Answered(estimator, X, all_classes(estimator, X, y))
    measured = _exposure(attack, answered, y, membership, contents, exposure, rng)
    member = membership == 1
    codes = np.unique(y, return_inverse=True)[1]
    points = embedded(embedding, estimator, X, member)
    distances = {
        "distance_to_class": neighbor_distance_within(
            codes, points, contents, member, n_neighbors, n_jobs
        ),
        "distance_to_any": neighbor_distance(
            points, contents, np.flatnonzero(member), np.arange(len(y)), n_neighbors, n_jobs
        ),
    }
    explanations = _of_classes(answered, y, codes, member) | distances
    if taken := sorted(explanations.keys() & given.keys()):
        raise ValueError(
            f"extra_explanations has {taken}, which are measured here; give them other names."
        )
    explanations |= given
    options = {"confidence_level": confidence_level, "n_resamples": n_resamples}
    return exposure_report(measured, membership, explanations, random_state=rng, **options)


def exposure_report(exposure, membership, explanations, *, random_state, **options):
    """Correlate explanations with exposure, for members and for non-members."""
    seed = check_random_state(random_state).randint(2**31 - 1)

    def _correlations(kind):
        rows = membership == kind
        of_kind = {name: values[rows] for name, values in explanations.items()}
        return rank_correlations(of_kind, exposure[rows], random_state=seed, **options)

    return ExposureReport(exposure, membership, explanations, _correlations(1), _correlations(0))


def _given(sensitivity, extra_explanations, n_records):
    """Return the explanations that the caller measured."""
    given = dict(extra_explanations or {})
    if sensitivity is not None:
        given["sensitivity"] = sensitivity
    for name, values in given.items():
        values = column_or_1d(values, dtype=np.float64)
        if len(values) != n_records or np.isinf(values).any():
            raise ValueError(
                f"{name} must hold one number per record, NaN where it was not measured: expected "
                f"{n_records}, got {len(values)}, {np.isinf(values).sum()} of them infinite."
            )
        given[name] = values
    return given


def _exposure(attack, answered, y, membership, contents, kind, rng):
    """Return the exposure that an attack finds which was not fitted on the record."""
    attack = MetricAttack() if attack is None else attack
    seed = rng.randint(2**31 - 1)
    halves_rng = np.random.RandomState(rng.randint(2**31 - 1))
    if _is_fitted(attack):
        if attack.target is not answered.model:
            raise ValueError(
                "The attack was fitted on another target than the estimator to explain. Give "
                "estimator=attack.target, or an attack that is not fitted."
            )
        X = answered.X
        return attack.predict_proba(X, y)[:, 1] if kind == "risk" else attack.score_samples(X, y)
    half = _half_of_each(y, membership, contents, halves_rng)
    measured = measure(attack, answered, y, membership, half, seed=seed)
    for note in dict.fromkeys(measured.notes):
        warnings.warn(note, CalibrationWarning, stacklevel=4)
    return measured.risk if kind == "risk" else measured.scores


def _is_fitted(attack):
    try:
        check_is_fitted(attack)
    except NotFittedError:
        return False
    return True


def _half_of_each(y, membership, contents, rng):
    """Draw halves that share members, non-members and classes; copies stay together."""
    strata = np.unique(y, return_inverse=True)[1] * 2 + membership
    half = halve(strata, rng, contents)
    for kind, name in ((1, "members"), (0, "non-members")):
        if len(np.unique(half[membership == kind])) < 2:
            raise ValueError(
                f"Halves of the records calibrate the attack for each other, and the {name} do not "
                "make up two. Give more of them, or an attack that was fitted on other records."
            )
    return half


def _of_classes(answered, y, codes, member):
    """Return the generalization gap and the frequency of each record's class."""
    correct = correctness(answered.answers(), label_index(y, answered.classes_))
    n_classes = codes.max() + 1
    kinds = (member, ~member)
    n_in, n_out = (np.bincount(codes[kind], minlength=n_classes) for kind in kinds)
    right_in, right_out = (np.bincount(codes[kind], correct[kind], n_classes) for kind in kinds)
    both = (n_in > 0) & (n_out > 0)
    gap = np.full(n_classes, np.nan)
    gap[both] = right_in[both] / n_in[both] - right_out[both] / n_out[both]
    frequency = n_in / n_in.sum()
    return {"class_gap": gap[codes], "class_frequency": frequency[codes]}
