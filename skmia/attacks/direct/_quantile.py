"""The quantile regression attack of Bertran et al. (2023)."""

from numbers import Real

import numpy as np
from scipy.special import logit
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.utils import Bunch, check_array, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length

from skmia._records import RecordNumbers
from skmia._response import batches, label_index
from skmia.attacks._shadows import train_shadow
from skmia.attacks.direct._nonmembers import NonmembersAttack
from skmia.utils._checks import check_signal
from skmia.utils._constraints import ARRAY, POSITIVE, Numbers, validate_params
from skmia.utils._sklearn import HasMethods, Interval, _safe_indexing, _set_random_states

_LEVELS = np.array([0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999])
_LEAST_ABOVE = 20  # records that exceed a quantile, for its level to be told
_LEAST_ABOVE_IN_LEAF = 5


class QuantileAttack(NonmembersAttack):
    """Compare the target's answer with those that it would give to non-members like the record.

    Regressors learn the quantiles of the signal from features and labels of records that are no
    members. A non-member's signal exceeds the quantile of level 1 − α that is predicted for it with
    probability α. Hard and easy records thus have their own thresholds, without reference models.

    The attacker knows the record with its label and sees the target's answer. They have labeled
    records from the target's distribution that are no members: all records of `fit`, or those with
    membership 0. Without membership there must be no members among them.

    Parameters
    ----------
    regressor : estimator, default=None
        What predicts a quantile: a regressor with a parameter `quantile`, or `alpha` beside
        loss="quantile", or a pipeline that holds one. It is cloned for each level, and its seeds
        are set anew. None is `HistGradientBoostingRegressor` with leaves of so many records that
        the level can be told.
    levels : array-like of shape (n_levels,) or None, default=(0.5, 0.9)
        Levels of the quantiles, ascending in (0, 1). One level 1 − α gives the attack of [1]_. None
        takes as many as the records can tell: 0.5, and those of 0.75, 0.9, 0.95, 0.99, 0.995 and
        0.999 that at least 20 of the records to learn from exceed.
    calibration_size : float, default=0.3
        Share of the non-members, in (0, 1), that the regressors do not learn from. They tell how
        far the quantiles can be trusted.
    encode : bool, default=True
        Whether the regressor gets numbers: the features, categories numbered, and one column per
        label that is 1 for the records with this label. If False it gets the records as they are,
        without their labels, for pipelines that begin with texts or columns of a frame.
    n_jobs : int, default=None
        Number of regressors fitted at the same time, and of batches of records.

    Attributes
    ----------
    levels_ : ndarray of shape (n_levels,)
        The levels in use.
    regressors_ : list of estimator
        The regressor of each level.
    n_calibration_ : int
        Number of non-members that the scores are calibrated on.

    Notes
    -----
    `quantile_scores` says where the signal lies among the predicted quantiles. Then non-members
    that the regressors have not seen say how often it lies there or higher (split conformal [2]_):
    the score is one minus this p-value. It is interpolated between them and goes on rising above
    the highest, so that the most suspicious records keep their order.

    If no scores are equal, the false positive rate with n calibration records is exact where
    α (n + 1) is a whole number, and else off by less than 1 / (n + 1). Of many equal scores, as a
    random forest gives them, each counts half, and the rate can reach twice α. It holds for
    non-members as a whole; within groups of records, as far as the regressors are right.

    [1]_ regresses the difference of logits, here "logit_confidence". In the default, the margin of
    probabilities, certain answers are no outliers. High quantiles are hard to learn, and where a
    bounded signal reaches its end nearly all records have the same. With 6,000 non-members of
    Adult, on boosted trees and on a random forest, means of three draws:

    - AUC 0.68 and 0.73 with "margin", 0.66 and 0.68 with "logit_confidence";
    - TPR at a FPR of 1 %: 0.085 and 0.096 with the level 0.5 alone, 0.058 and 0.075 with 0.5 and
      0.9, 0.015 and 0.027 with all levels up to 0.995.

    Without membership, the risk, and the threshold without a rate, are learned from one shadow
    model: regressors learn from a part of the records held out from it, and its members are
    compared with the other part.

    In arrays and sparse records all columns are numbers. With `encode`, sparse records to learn
    from are made dense, all at once: for very many columns give `encode=False` and a pipeline.

    References
    ----------
    .. [1] M. Bertran, S. Tang, A. Roth, M. Kearns, J. Morgenstern and S. Wu, "Scalable membership
       inference attacks via quantile regression", NeurIPS 2023, section 3.
    .. [2] Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression",
       NeurIPS 2019, section 3.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.ensemble import GradientBoostingClassifier
    >>> from skmia.attacks import QuantileAttack
    >>> X, y = make_classification(1500, flip_y=0.3, random_state=0)
    >>> members, others, own = np.split(np.arange(1500), [150, 650])
    >>> target = GradientBoostingClassifier(random_state=0).fit(X[members], y[members])
    >>> attack = QuantileAttack(target, false_positive_rate=0.1, random_state=0)
    >>> attack.fit(X[own], y[own]).threshold_
    0.9
    >>> print(*(round(attack.predict(X[i], y[i]).mean(), 2) for i in (members, others)))
    0.39 0.11
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **NonmembersAttack._parameter_constraints,
        "regressor": [HasMethods(["fit", "predict"]), None],
        "levels": [Numbers(Real, 0, 1, closed="neither"), None],
        "calibration_size": [Interval(Real, 0, 1, closed="neither")],
        "encode": ["boolean"],
    }

    def __init__(
        self,
        target=None,
        *,
        signal="margin",
        regressor=None,
        levels=(0.5, 0.9),
        calibration_size=0.3,
        encode=True,
        false_positive_rate=None,
        per_class=False,
        n_bins=20,
        prior=0.5,
        response_method="auto",
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.signal = signal
        self.regressor = regressor
        self.levels = levels
        self.calibration_size = calibration_size
        self.encode = encode
        self.false_positive_rate = false_positive_rate
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.response_method = response_method
        self.random_state = random_state
        self.n_jobs = n_jobs

    def _fit(self, X, y, membership):
        """Learn what the target's answers are compared with; return what calibration needs."""
        rng = check_random_state(self.random_state)
        # drawn first, so that regressors do not change the shadow
        seed_of_shadow = rng.randint(2**31 - 1) if membership is None else None
        signal = self._observe(self.target, X, y, self.signal)
        others = np.arange(len(y)) if membership is None else np.flatnonzero(membership == 0)
        self._reference, fresh = self._compared(signal, X, y, others, rng)
        self.levels_ = self._reference.levels
        self.regressors_ = self._reference.regressors
        self.n_calibration_ = self._reference.conformal.n_nonmembers
        return Bunch(signal=signal, fresh=fresh, rng=rng, seed_of_shadow=seed_of_shadow)

    def _calibration_scores(self, X, y, membership, known):
        signal = known.signal
        reference = self._reference
        fresh = known.fresh
        # without known members the shadow's have to do, with regressors of the shadow's signals
        if membership is None:
            model, membership = train_shadow(self.target, X, y, known.seed_of_shadow)
            signal = self._observe(model, X, y, self.signal)
            others = np.flatnonzero(membership == 0)
            reference, fresh = self._compared(signal, X, y, others, known.rng)
        self._note_on_rate(self.n_calibration_)
        # Members, and those non-members alone that no regressor has seen: quantiles are too low
        # where they were learned by heart.
        rows = np.sort(np.append(np.flatnonzero(membership == 1), fresh))
        scores = reference.scores(signal[rows], _safe_indexing(X, rows), y[rows])
        return scores, membership[rows], label_index(y[rows], self.target_classes_)

    def _compared(self, signal, X, y, nonmembers, rng):
        """Return what a model's signals are compared with, and the calibration records."""
        fitted, fresh = self._split(nonmembers, rng)
        # by the records to learn from alone, since calibration records teach no level
        levels = resolved_levels(len(fitted)) if self.levels is None else np.asarray(self.levels)
        reference = QuantileRegressors(
            self.regressor, levels, self.target_classes_, encode=self.encode, n_jobs=self.n_jobs
        ).fit(_safe_indexing(X, fitted), y[fitted], signal[fitted], seed=rng.randint(2**31 - 1))
        # the scale needs values of non-members that the regressors have not seen
        values = reference.values(signal[fresh], _safe_indexing(X, fresh), y[fresh])
        reference.conformal = ConformalScale(values)
        return reference, fresh

    def _split(self, nonmembers, rng):
        """Return non-members to learn quantiles from, and those to calibrate on."""
        # of none to calibrate on there would be no scale
        n_fresh = max(round(self.calibration_size * len(nonmembers)), 1)
        if n_fresh >= len(nonmembers):
            raise ValueError(
                "Quantiles are learned from some non-members and calibrated on others: n_samples="
                f"{len(nonmembers)} of them do not suffice for calibration_size="
                f"{self.calibration_size}. Give fit more records."
            )
        order = rng.permutation(nonmembers)
        return np.sort(order[n_fresh:]), np.sort(order[:n_fresh])

    def _score_samples(self, model, X, y):
        return self._reference.scores(self._observe(model, X, y, self.signal), X, y)


class QuantileRegressors:
    """What the answers of one model are compared with: a regressor of each level's quantile.

    `scale` is the median distance of the signals from the middle one of their quantiles, 1 where it
    is 0, and `conformal` the scale of scores.
    """

    def __init__(self, regressor, levels, classes, *, encode, n_jobs):
        self.regressor = regressor
        self.levels = levels
        self.classes = classes
        self.encode = encode
        self.n_jobs = n_jobs

    def fit(self, X, y, signal, *, seed):
        """Learn from non-members, and refuse levels that do not ascend."""
        levels = self.levels
        if not (np.diff(levels) > 0).all():
            raise ValueError(f"levels must ascend, got {levels.tolist()}.")
        self.numbers = self._fitted_numbers(X) if self.encode else None
        values = self._given(X, y)
        # before the first of them is fitted, as one without a quantile is refused here
        templates = [self._template(a, seed) for a in levels]
        fits = (delayed(template.fit)(values, signal) for template in templates)
        self.regressors = Parallel(self.n_jobs, require="sharedmem")(fits)
        middle = self.regressors[len(levels) // 2].predict(values)
        # the unit of what signals exceed the outer quantiles by; there may be but one quantile
        self.scale = float(np.median(np.abs(signal - middle))) or 1.0
        return self

    def predict(self, X, y):
        """Return quantiles in the order of the levels, (n_records, n_levels); they may cross."""
        values = self._given(X, y)
        return np.column_stack([regressor.predict(values) for regressor in self.regressors])

    def values(self, signal, X, y):
        """Return how far signals are beyond their quantiles, batch by batch."""
        shape = getattr(X, "shape", ())
        # held for each record: the predictions, and its features where it is made dense
        values = np.empty(len(signal))
        for part in batches(len(y), len(self.levels) + (shape[1] if len(shape) == 2 else 0)):
            predicted = self.predict(_safe_indexing(X, part), y[part])
            values[part] = quantile_scores(signal[part], predicted, self.levels, scale=self.scale)
        return values

    def scores(self, signal, X, y):
        """Return one minus the p-value of each record, among the calibration records."""
        return self.conformal(self.values(signal, X, y))

    def _fitted_numbers(self, X):
        try:
            return RecordNumbers().fit(X)
        except ValueError as error:
            raise ValueError(
                f"{error} The quantile attack learns from features: give it a pipeline that takes "
                "such records as regressor, and encode=False."
            ) from error

    def _given(self, X, y):
        """Return what the regressors are given."""
        if self.numbers is None:
            return X
        # one column each: labels have no order
        labels = label_index(y, self.classes)[:, None] == np.arange(len(self.classes))
        return np.column_stack([self.numbers.transform(X), labels])

    def _template(self, level, seed):
        if self.regressor is None:
            # a leaf tells a quantile by the few of its records that exceed it
            n_in_leaf = max(20, round(_LEAST_ABOVE_IN_LEAF / (1 - level)))
            template = HistGradientBoostingRegressor(loss="quantile", min_samples_leaf=n_in_leaf)
        else:
            template = clone(self.regressor)
        template.set_params(**{quantile_parameter(template): float(level)})
        # all of them alike, also those within a pipeline
        _set_random_states(template, seed)
        return template


def resolved_levels(n_records):
    """Return the levels that so many records can tell."""
    # 20 of 400 exceed the level 0.95, but 400 * (1 - 0.95) is a little more than 20
    return _LEVELS[(n_records * (1 - _LEVELS) > _LEAST_ABOVE - 1e-6) | (_LEVELS == 0.5)]


def quantile_parameter(regressor):
    """Return the name of the one parameter that says which quantile a regressor predicts."""
    params = regressor.get_params(deep=True) if hasattr(regressor, "get_params") else {}
    found = [name for name in params if _is_quantile(name, params)]
    if len(found) != 1:
        raise ValueError(
            f"{type(regressor).__name__} must have one parameter that says which quantile it "
            f"predicts, got {found or 'none'}. Give a regressor with a parameter quantile, or with "
            "alpha beside loss='quantile', or a pipeline that holds one of these."
        )
    return found[0]


def _is_quantile(name, params):
    """Return whether a parameter is `quantile`, or the `alpha` of a quantile loss."""
    prefix, _, last = f"__{name}".rpartition("__")
    # beside the parameter: an alpha is also a penalty's weight, and other losses have no quantile
    names = (f"{prefix}__loss", f"{prefix}__objective")
    losses = [value for key, value in params.items() if f"__{key}" in names]
    if last == "quantile":
        return losses in ([], ["quantile"])
    return last == "alpha" and "quantile" in losses


@validate_params(
    signal=ARRAY, quantiles=ARRAY, levels=[Numbers(Real, 0, 1, closed="neither")], scale=POSITIVE
)
def quantile_scores(signal, quantiles, levels, *, scale=1.0):
    r"""Return where signals lie among the quantiles that are predicted for them.

    The score is the level of the signal on the logit scale, :math:`\ln \frac{a}{1 - a}`. It is
    interpolated linearly between neighboring quantiles :math:`q_k` of levels :math:`a_k`, and
    continued without end beyond the outer ones,

    .. math:: \ln \frac{a_K}{1 - a_K} + \frac{s - q_K}{\tau},

    with the signal :math:`s` and the `scale` :math:`\tau`, and below :math:`q_1` likewise. 0 means
    that the signal is the predicted median.

    Parameters
    ----------
    signal : array-like of shape (n_records,)
        Signals of the target's answers, higher for members.
    quantiles : array-like of shape (n_records, n_levels)
        Quantiles of the signal that are predicted for each record, if it is no member. They are
        sorted within a record, so that none crosses another. A signal equal to several gets the
        mean of the first and the last.
    levels : array-like of shape (n_levels,)
        Their levels, ascending in (0, 1).
    scale : float, default=1.0
        The unit of what the signal exceeds the outer quantiles by, above 0.

    Returns
    -------
    ndarray of shape (n_records,)
        The scores, unbounded; higher means more likely a member.

    Raises
    ------
    ValueError
        If shapes do not fit, values are not finite, levels are not ascending in (0, 1), or the
        scale is not above 0.

    References
    ----------
    .. [1] M. Bertran, S. Tang, A. Roth, M. Kearns, J. Morgenstern and S. Wu, "Scalable membership
       inference attacks via quantile regression", NeurIPS 2023, section 3. The score form and its
       continuation are ours.

    Examples
    --------
    >>> from skmia.attacks import quantile_scores
    >>> quantile_scores([0.0, 1.0, 5.0], [[0.0, 2.0]] * 3, [0.5, 0.9]).round(2)
    array([0. , 1.1, 5.2])
    """
    signal = check_signal("signal", signal)
    levels = np.asarray(levels, dtype=np.float64)
    quantiles = check_array(quantiles, dtype="numeric", input_name="quantiles")
    check_consistent_length(signal, quantiles)
    if quantiles.shape[1] != len(levels):
        raise ValueError(
            f"quantiles must have one column for each of the {len(levels)} levels, got "
            f"{quantiles.shape[1]}."
        )
    if (np.diff(levels) <= 0).any():
        raise ValueError(f"levels must ascend, got {levels.tolist()}.")
    return _interpolated(signal.astype(np.float64), np.sort(quantiles, axis=1), levels, scale)


def _interpolated(signal, quantiles, levels, scale):
    # on the logit scale, so that scores go on beyond the outer levels without an end
    heights = logit(levels)
    rows = np.arange(len(signal))
    last = len(levels) - 1
    below = (quantiles < signal[:, None]).sum(axis=1)
    not_above = (quantiles <= signal[:, None]).sum(axis=1)
    left = (below - 1).clip(0)
    right = below.clip(max=last)
    q_left, q_right = (quantiles[rows, i].astype(np.float64) for i in (left, right))
    width = np.where(left < right, q_right - q_left, 1)
    share = np.divide(signal - q_left, width, out=np.zeros(len(signal)), where=width > 0)
    inside = heights[left] + share * (heights[right] - heights[left])
    # of quantiles that are equal to the signal, between the first and the last
    tied = (heights[below.clip(max=last)] + heights[(not_above - 1).clip(0)]) / 2
    outside = heights[right] + (signal - q_right) / scale  # left and right are the same there
    return np.select(
        [not_above > below, (below == 0) | (below > last)], [tied, outside], default=inside
    )


class ConformalScale:
    """One minus a p-value, by fresh non-members: of n values the k-th smallest is k / (n + 1)."""

    def __init__(self, values):
        self.knots, counts = np.unique(values, return_counts=True)
        places = np.cumsum(counts) - (counts - 1) / 2
        self.n_nonmembers = len(values)
        self.heights = places / (len(values) + 1)  # a fresh value is one of n + 1

    def __call__(self, values):
        # Between neighbors it is interpolated. Beyond the outermost it approaches 0 and 1 and never
        # gets there, so that no two values get the same score.
        scores = np.interp(values, self.knots, self.heights)
        above = 1 + np.maximum(values - self.knots[-1], 0)
        below = 1 + np.maximum(self.knots[0] - values, 0)
        return np.select(
            [above > 1, below > 1],
            [1 - (1 - self.heights[-1]) / above, self.heights[0] / below],
            default=scores,
        )
