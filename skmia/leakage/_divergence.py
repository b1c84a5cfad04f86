"""Membership leakage of one record in nats, from models trained with and without it."""

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state

from skmia._result import Estimate
from skmia.leakage._bounds import entropy_of
from skmia.leakage._estimators import Resamples, information_bound, pooled_information
from skmia.leakage._per_record import (
    KL_METHODS,
    Question,
    check_finite,
    check_model_counts,
    leakage_of_records,
    quantiles,
)
from skmia.utils._constraints import ARRAY, TWO_OR_MORE, Names
from skmia.utils._docstrings import sharing
from skmia.utils._sklearn import HasMethods

_INFORMATION_METHODS = "numeric", "variational", "kl_bound"

_of_statistics = sharing(
    """
    Parameters
    ----------
    in_statistics, out_statistics : array-like of shape (n_models,) or (n_models, n_dimensions)
        The statistic, such as the `logit_confidence` of the record, of independent models trained
        with the record, and without it.
    n_resamples : int
        Resamples of the models for the interval, at least 2.
    confidence_level : float
        Coverage of the interval, in (0, 1).

    Raises
    ------
    ValueError
        If statistics are not finite real numbers or differ in dimensions, there are too few models
        for the method, or an option is out of its range.
    """,
    {"in_statistics": ARRAY, "out_statistics": ARRAY, "n_resamples": TWO_OR_MORE},
)


@_of_statistics(method=[Names(*KL_METHODS)])
def kl_leakage(
    in_statistics,
    out_statistics,
    *,
    method="pooled",
    n_neighbors=5,
    n_resamples=1000,
    confidence_level=0.95,
    random_state=None,
):
    r"""Estimate the Kullback-Leibler membership leakage of a record.

    .. math:: K(P_1 \Vert P_0) = E_{s \sim P_1}\left[\ln \frac{p_1(s)}{p_0(s)}\right]

    where :math:`P_1` is the law of a statistic :math:`s` of models trained with the record, and
    :math:`P_0` of models trained without it. 0 means that no attacker who sees this statistic can
    tell membership better than by a blind guess. There is no upper limit;
    :func:`membership_success_bound` and the other bounds say what a value allows. The unit is nats.

    The attacker sees the statistic of one model. They know both laws: they train as many models as
    they like on records of the same population. A statistic of the model's output on the record
    gives the leakage of the black box, a lower bound on that of the parameters.

    Parameters
    ----------
    method : {"pooled", "gaussian", "neighbors"}, default="pooled"
        "pooled" takes two Gaussians with a common covariance :math:`\Sigma` of :math:`\nu` degrees
        of freedom. With the difference :math:`\bar\Delta` of the means and :math:`d` dimensions,

        .. math:: K = \frac{1}{2} \max\left(0,
                  \frac{\nu - d - 1}{\nu} \bar\Delta^\top \Sigma^{-1} \bar\Delta
                  - d \left(\frac{1}{n_{in}} + \frac{1}{n_{out}}\right)\right),

        unbiased except for the maximum. Where :math:`d \ge \nu / 5` and :math:`d > 1` the
        covariance is shrunk as by Ledoit and Wolf, and nothing is corrected. "gaussian" has two
        covariances; it is biased upward, heavily for few models and several dimensions. "neighbors"
        takes distances to nearest neighbors [2]_, and no model; it is biased downward for K > 0.
    n_neighbors : int, default=5
        Which neighbor's distance "neighbors" takes, at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the resamples, and the jitter that breaks ties between neighbors.

    Returns
    -------
    Estimate
        :math:`K(P_1 \Vert P_0)` with its interval; exchange the arguments for the other direction.

    Notes
    -----
    This is a reconstruction: the abstract of [1]_, all that was known, names no estimator.

    The interval of "pooled" inverts a bootstrap test: it holds the distances of both laws from
    which resamples of the models reach the distance that was found. "gaussian" has a basic
    bootstrap interval of :math:`\sqrt{2K}`, which removes the bias, so that it may lie below the
    value. "neighbors" takes the standard error of halves drawn without repetition, since a resample
    that repeats models has neighbors at distance 0; the bias stays.

    In 500 draws from Gaussians, this share of intervals at 95 % held the truth: of "pooled" 94 to
    99 % with 128 models on each side, and 90 to 99 % with 16 to 64, for 1 to 5 dimensions and K
    from 0 to 2. With 128 models and 1 or 2 dimensions it was 88 to 98 % of "gaussian" for K up to
    0.5, more than 99 % of "neighbors" for K = 0, **but 82 to 85 % for K = 0.5**. With a shrunk
    covariance, of 20 dimensions and 40 models on each side, it was 90 to 98 % where all directions
    vary alike. Where they vary from 0.1 to 10 the divergence is underestimated: 81 % held a truth
    of 0.5, 41 % one of 2. The standard error of "pooled" at K = 0.5 is 0.13 with 128 models.

    A statistic with atoms, such as the confidence of a tree that is sure, is not Gaussian. Infinity
    says that it does not vary on either side but differs between them.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020, abstract.
    .. [2] Q. Wang, S. R. Kulkarni and S. Verdú, "Divergence Estimation for Multidimensional
       Densities Via k-Nearest-Neighbor Distances", IEEE Trans. Information Theory, 2009, eq. 5.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.leakage import kl_leakage
    >>> rng = np.random.RandomState(0)
    >>> leakage = kl_leakage(rng.normal(1, size=512), rng.normal(size=512), random_state=0)
    >>> print(leakage)  # the truth is 0.5
    0.550 [0.429, 0.694]
    """
    question = _question(method, 0.5, n_neighbors, confidence_level, random_state)
    ends, words = _leakage(in_statistics, out_statistics, n_resamples, question)
    return Estimate(*ends.tolist(), words)


@_of_statistics(
    method=[Names(*_INFORMATION_METHODS)],
    classifier=[HasMethods(["fit", "predict_proba"]), None],
)
def mutual_information_leakage(
    in_statistics,
    out_statistics,
    *,
    method="numeric",
    prior=0.5,
    classifier=None,
    n_resamples=1000,
    confidence_level=0.95,
    random_state=None,
):
    r"""Estimate the mutual information of a record's membership and a model.

    .. math:: I = \pi K(P_1 \Vert M) + (1 - \pi) K(P_0 \Vert M), \qquad
              M = \pi P_1 + (1 - \pi) P_0

    with the laws :math:`P_1` and :math:`P_0`, the divergence :math:`K` and the attacker of
    :func:`kl_leakage`, and the prior :math:`\pi` of membership. 0 means that the statistic says
    nothing of membership. The entropy of the prior, ln 2 nats for 0.5, means that it says all.

    Parameters
    ----------
    method : {"numeric", "variational", "kl_bound"}, default="numeric"
        "numeric" integrates for two Gaussians with a common covariance, at the distance that
        ``kl_leakage(method="pooled")`` estimates. "variational" is a lower bound, the entropy of
        the prior less the cross entropy of a cross-validated classifier of membership. "kl_bound"
        is an upper bound, :math:`\pi (1 - \pi)` times the sum of both "pooled" divergences.
    prior : float, default=0.5
        Probability that the record is a member, in (0, 1).
    classifier : estimator, default=None
        With `predict_proba`, for "variational". None is a standardized logistic regression.
    random_state : int, RandomState instance or None, default=None
        Draws the resamples and the folds.

    Returns
    -------
    Estimate
        The mutual information in nats with its interval. With "variational" the interval is that of
        the bound, with the classifiers as they were trained.

    Notes
    -----
    Models trained on the same other records, averaged over these, give the information given the
    other training records. Models whose other records are drawn anew give a smaller one, that of an
    attacker who does not know them. This is a reconstruction, see :func:`kl_leakage`.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020, abstract.
    .. [2] D. Barber and F. Agakov, "The IM Algorithm: A Variational Approach to Information
       Maximization", NIPS 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.leakage import mutual_information_leakage
    >>> rng = np.random.RandomState(0)
    >>> seen, unseen = rng.normal(1, size=512), rng.normal(size=512)
    >>> print(mutual_information_leakage(seen, unseen, random_state=0))  # the truth is 0.111
    0.121 [0.097, 0.149]
    """
    question = _question("pooled", prior, 1, confidence_level, random_state)
    if method == "variational":
        sides = _checked(in_statistics, out_statistics, question)
        return _variational(*sides, classifier, n_resamples, question)
    # the information of Gaussians grows with the divergence, so its ends belong to these ends
    ends, words = _leakage(in_statistics, out_statistics, n_resamples, question)
    if method == "kl_bound":
        return Estimate(*information_bound(ends, ends, prior).tolist(), f"upper bound, {words}")
    return Estimate(*pooled_information(ends, prior).tolist(), words)


def _question(method, prior, n_neighbors, confidence_level, random_state):
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    return Question(method, prior, confidence_level, n_neighbors, seed)


def _checked(in_statistics, out_statistics, question):
    """Return both statistics as finite float64 of shape (n_models, n_dimensions)."""
    given = {"in_statistics": in_statistics, "out_statistics": out_statistics}
    for name, values in given.items():
        values = np.asarray(values)
        if values.ndim not in (1, 2) or values.dtype.kind not in "biuf" or 0 in values.shape:
            raise ValueError(
                f"{name} must hold a real number or a row of them for each model, got "
                f"{values.dtype} of shape {values.shape}; give an array of shape (n_models,) or "
                "(n_models, n_dimensions)."
            )
        check_finite(name, values)
        given[name] = values.reshape(len(values), -1).astype(np.float64)
    first, second = given.values()
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"in_statistics and out_statistics must have equal dimensions, got {first.shape[1]} "
            f"and {second.shape[1]}; take the same statistic of all models."
        )
    check_model_counts(len(first), len(second), first.shape[1], question)
    return first, second


def _resamples(sides, n_resamples, question):
    # two seeds, as the two sides are different models, independent of each other
    seeds = np.random.RandomState(question.seed).randint(2**31 - 1, size=2)
    pairs = zip(sides, seeds, strict=True)
    return [Resamples(np.arange(len(side)), n_resamples, seed) for side, seed in pairs]


def _leakage(in_statistics, out_statistics, n_resamples, question):
    """Return the divergence with its ends, and how it was estimated."""
    sides = _checked(in_statistics, out_statistics, question)
    resamples = _resamples(sides, n_resamples, question)
    masks = [np.ones((len(side), 1), dtype=bool) for side in sides]
    found = leakage_of_records([side[:, None] for side in sides], masks, resamples, question)
    return np.concatenate([found.kl, found.kl_low, found.kl_high]), found.method


def _variational(first, second, classifier, n_resamples, question):
    losses = _posterior_losses(first, second, classifier, question)
    shares = question.prior, 1 - question.prior
    entropy = entropy_of(question.prior)
    value = entropy - sum(share * side.mean() for share, side in zip(shares, losses, strict=True))
    # the losses are resampled, not the trainings: the interval is of the classifiers as they are
    resamples = _resamples(losses, n_resamples, question)
    again = entropy - sum(
        share * (np.concatenate([weights @ side for weights in draws]) / len(side))
        for share, side, draws in zip(shares, losses, resamples, strict=True)
    )
    low, high = quantiles(again, question.confidence_level)
    clipped = np.clip([value, low, high], 0, entropy)
    return Estimate(*clipped.tolist(), "variational lower bound, cross-validated classifier")


def _posterior_losses(first, second, classifier, question):
    """Return the cross entropies of membership on each side, for models that no fold has seen."""
    X = np.concatenate([first, second])
    is_in = np.repeat([1, 0], [len(first), len(second)])
    if classifier is None:
        classifier = make_pipeline(StandardScaler(), LogisticRegression())
    # a classifier judged on its own training records would give no lower bound
    folds = StratifiedKFold(
        min(5, len(first), len(second)), shuffle=True, random_state=question.seed
    )
    proba = cross_val_predict(clone(classifier), X, is_in, cv=folds, method="predict_proba")
    # the classifier was trained with another prior than is asked for
    weights = [(1 - question.prior) / len(second), question.prior / len(first)]
    proba = np.clip(proba, 1e-12, None) * weights
    loss = np.log(proba.sum(axis=1)) - np.log(proba[np.arange(len(X)), is_in])
    return loss[: len(first)], loss[len(first) :]
