"""The leakage of fitted estimators by closed forms, without retraining."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.stats import bootstrap
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from skmia._result import Estimate, Result
from skmia._target import transformed
from skmia.leakage._bounds import membership_success_bound
from skmia.leakage._influence import (
    MECHANISMS,
    SamplingLaw,
    check_mechanism,
    gradient_moments,
    shift_leakage,
)
from skmia.leakage._linear_models import LINEAR, LinearProblem
from skmia.leakage._noise import gaussian_noise_scale
from skmia.utils._constraints import COUNT, NOT_NEGATIVE, POSITIVE, Names, Number, validate_params

RESAMPLED_AT_ONCE = 2**22  # numbers in a batch of resamples: 32 MB


@dataclass(frozen=True, repr=False, eq=False)
class ClosedFormLeakage(Result):
    """What the parameters of a classifier give away of membership, by :func:`closed_form_leakage`.

    Attributes
    ----------
    kl : ndarray of shape (n_candidates,)
        The divergence of each record in nats.
    success_bound : ndarray of shape (n_candidates,)
        The most that any attack's balanced accuracy on the record can be.
    mean_kl, mean_success_bound : Estimate
        The means. Their intervals cover the choice of records, not the approximation.
    mechanism : str
        Where the chance comes from.
    noise_scale : float or None
        Standard deviation of the noise, of "output".
    n_records : int
        Number of training records.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.leakage import closed_form_leakage
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 1, 0, 1]
    >>> leakage = closed_form_leakage(LogisticRegression().fit(X, y), X, y, random_state=0)
    >>> leakage.to_frame().columns.tolist()
    ['kl', 'success_bound']
    """

    kl: np.ndarray
    success_bound: np.ndarray
    mean_kl: Estimate
    mean_success_bound: Estimate
    mechanism: str
    noise_scale: float | None
    n_records: int

    _rows = ("kl", "success_bound")


@validate_params(
    mechanism=[Names(*MECHANISMS)],
    noise_scale=[*POSITIVE, None],
    epsilon=[*POSITIVE, None],
    delta=[Number(Real, 0, 1, closed="neither"), None],
    sensitivity=[*NOT_NEGATIVE, None],
    inverse_temperature=[*POSITIVE, None],
    damping=NOT_NEGATIVE,
    tol=[Number(Real, 0, 1, closed="neither", example="1e-8")],
    max_iter=COUNT,
    n_resamples=COUNT,
)
def closed_form_leakage(
    estimator,
    X_train,
    y_train,
    X=None,
    y=None,
    *,
    mechanism="sampling",
    noise_scale=None,
    epsilon=None,
    delta=None,
    sensitivity=None,
    inverse_temperature=None,
    damping=0.0,
    tol=1e-8,
    max_iter=1000,
    confidence_level=0.95,
    n_resamples=1000,
    random_state=None,
):
    r"""Return what a fitted classifier's parameters give away of membership, record by record.

    This is the Kullback-Leibler divergence between the laws of the parameters with a record and
    without it, for one of three sources of chance:

    .. math::

        \text{output: } K = \frac{\|H^{-1} g\|^2}{2 n^2 \sigma^2}, \qquad
        \text{posterior: } K = \frac{\beta}{2 n} g^T H^{-1} g, \qquad
        \text{sampling: } K = \frac{1}{2 n} g^T V^{-1} g

    where :math:`g` is the gradient of the record's loss at the fitted parameters, :math:`H` the
    Hessian of the objective over n training records, penalty included, and :math:`V` the covariance
    of the gradients; :func:`influence_leakage` derives it, and :func:`membership_leakage` retrains
    any classifier instead. 0 means that the record leaves no trace; there is no upper bound.

    **The attacker** sees all parameters, with noise or drawn as the mechanism says. They know the
    record, the training and, except for "sampling", all other training records. For an attacker who
    sees only answers these are upper bounds, as far as the approximation holds.

    Parameters
    ----------
    estimator : estimator
        A fitted `LogisticRegression` with an L2 penalty or none, `RidgeClassifier`, either with its
        built-in search (`CV`), :class:`~skmia.neural_network.RegularizedMLPClassifier` or
        :class:`~skmia.neural_network.RegularizedNet` with L2 penalties or none. It may be frozen,
        or stand in a fitted search, a :class:`~skmia.model_selection.MemberRecorder` or a
        `Pipeline`, whose steps count as if they had not seen the records.
    X_train : {array-like, sparse matrix, dataframe} of shape (n_records, n_features)
        All records that it was fitted on.
    y_train : array-like of shape (n_records,)
        Their labels.
    X : {array-like, sparse matrix, dataframe} of shape (n_candidates, n_features), default=None
        The records to measure, each as if it joined; None: each training record, as if left out.
    y : array-like of shape (n_candidates,), default=None
        Their labels.
    mechanism : {"output", "posterior", "sampling"}, default="sampling"
        Chance is noise on the parameters, a draw from the posterior, or other training records.
    noise_scale : float, default=None
        Standard deviation :math:`\sigma` of Gaussian noise on each parameter. For "output".
    epsilon, delta : float, default=None
        Instead of `noise_scale`: :func:`gaussian_noise_scale` gives it for the `sensitivity`.
    sensitivity : float, default=None
        The farthest that any record of any data could move the parameters, by theory: the largest
        distance of these records is no such bound.
    inverse_temperature : float, default=None
        The factor :math:`\beta` of the posterior :math:`\propto e^{-\beta n F}`. For "posterior".
    damping : float, default=0.0
        Added to the diagonal of H, or of V for "sampling", at least 0. Networks with hidden layers
        need some, such as 0.01: they reach no minimum and have more parameters than records.
    tol : float, default=1e-8
        Remaining share at which equations of a network count as solved, in (0, 1).
    max_iter : int, default=1000
        Most products with the Hessian of a network for one record, at least 1.
    confidence_level : float, default=0.95
        Coverage of the intervals of the means, in (0, 1).
    n_resamples : int, default=1000
        Bootstrap resamples of the records, at least 1.
    random_state : int, RandomState instance or None, default=None
        Draws the resamples.

    Returns
    -------
    ClosedFormLeakage
        With ``kl`` and ``success_bound`` of each record, and their means; `print` it.

    Raises
    ------
    ValueError
        If the estimator has no closed form, was not fitted on these records, or is too large, an
        option is missing, out of range or of another mechanism, a record moves the parameters
        farther than `sensitivity`, or a network's Hessian has negative curvature.

    Notes
    -----
    The formulas are a reconstruction: only the paper's abstract was known. They hold up to terms
    in :math:`n^{-2}`. The penalty keeps its weight against the loss of one record, as
    scikit-learn's `C` and `alpha` do; intercepts are not penalized. "sampling" hardly depends on
    that weight, and takes the other records for independent draws. Models of one half each of a
    pool, such as those of :class:`~skmia.shadows.ShadowModels`, vary half as much, which doubles
    the divergence. A training record is left out of V: the divergence is infinite where no other
    record moves the parameters as it does, such as the only one of its category. Records in `X` are
    not looked up among the training records.

    If all parameters are penalized with :math:`\frac{\lambda}{2} \|\theta\|^2`, and gradients of
    the loss have a length of at most L, the sensitivity is :math:`L / (n \lambda)` for a record
    that comes or goes, and twice this for one that is replaced. For logistic regression without
    intercept, :math:`\lambda = 1 / (C n)` and L is the largest length of a record. An error reports
    records that exceed the sensitivity; no error proves nothing.

    Networks are taken as they are, in float64 and without dropout. Their training does not end at a
    minimum, so their numbers are for comparison, not for proof.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020.
    .. [2] P. W. Koh and P. Liang, "Understanding Black-box Predictions via Influence Functions",
       International Conference on Machine Learning, 2017, section 2 and appendix C.
    .. [3] K. Chaudhuri, C. Monteleoni and A. D. Sarwate, "Differentially Private Empirical Risk
       Minimization", Journal of Machine Learning Research 12, 2011, corollary 8.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skmia.leakage import closed_form_leakage
    >>> X, y = make_classification(500, 5, random_state=0)
    >>> leakage = closed_form_leakage(LogisticRegression().fit(X, y), X, y, random_state=0)
    >>> print(leakage.mean_kl)  # nats
    0.004 [0.003, 0.005]
    """
    noise_scale = _noise_scale(mechanism, noise_scale, epsilon, delta, sensitivity)
    scales = {"noise_scale": noise_scale, "inverse_temperature": inverse_temperature}
    check_mechanism(mechanism, **scales)
    if (X is None) != (y is None):
        raise ValueError("Give both X and y, or neither for the training records.")
    check_is_fitted(estimator)
    classifier, X_train = transformed(estimator, X_train)
    problem = _problem(classifier, X_train, y_train, tol, max_iter)
    records = None if X is None else (transformed(estimator, X)[1], y)
    compute = _sampling if mechanism == "sampling" else _shift
    kl = compute(problem, records, damping, scales)
    if sensitivity is not None:
        # "output" with noise of this scale has K = shift² / (2 σ²), solved for the shift
        _check_sensitivity(noise_scale * np.sqrt(2 * kl), sensitivity)
    success = membership_success_bound(kl)
    resampling = confidence_level, n_resamples, check_random_state(random_state)
    return ClosedFormLeakage(
        kl=kl,
        success_bound=success,
        mean_kl=_mean(kl, *resampling),
        mean_success_bound=_mean(success, *resampling),
        mechanism=mechanism,
        noise_scale=noise_scale,
        n_records=problem.n_records,
    )


def _noise_scale(mechanism, noise_scale, epsilon, delta, sensitivity):
    wanted = {"epsilon": epsilon, "delta": delta, "sensitivity": sensitivity}
    given = [name for name, value in wanted.items() if value is not None]
    if not given:
        return noise_scale
    if mechanism != "output" or noise_scale is not None or len(given) < 3:
        raise ValueError(
            'epsilon, delta and sensitivity together stand for noise_scale in mechanism="output"; '
            f"got {', '.join(given)}, noise_scale={noise_scale!r} and mechanism={mechanism!r}. "
            "Give all three there, or noise_scale."
        )
    # the function below would refuse it too, but name a parameter that is not one here
    if epsilon > 1:
        raise ValueError(
            f"epsilon must be at most 1 for the classical formula of noise, got {epsilon!r}; give "
            "noise_scale, of gaussian_noise_scale(..., method='analytic')."
        )
    return gaussian_noise_scale(sensitivity, epsilon, delta)


def _problem(classifier, X, y, tol, max_iter):
    if isinstance(classifier, LINEAR):
        return LinearProblem(classifier, X, y)
    # by the module's name: who has no torch could not import the classes to compare with
    modules = [kind.__module__ for kind in type(classifier).__mro__]
    if any(module.startswith("skmia.neural_network.") for module in modules):
        # only who has a network has torch
        from skmia.neural_network._hessian_products import NetworkProblem

        return NetworkProblem(classifier, X, y, tol, max_iter)
    raise ValueError(
        "Closed forms are for LogisticRegression, RidgeClassifier, RegularizedMLPClassifier and "
        f"RegularizedNet, got {type(classifier).__name__}; skmia.leakage.membership_leakage takes "
        "any classifier and retrains it."
    )


def _sampling(problem, records, damping, _scales):
    # a network has more parameters than records, whose gradients span fewer dimensions
    reduced = problem.coordinates()
    trained_on = problem.X, problem.y
    moments = gradient_moments(map(reduced, problem.blocks(*trained_on)))
    law = SamplingLaw(*moments, damping)
    blocks = map(reduced, problem.blocks(*(records or trained_on)))
    return np.concatenate([law.leakage(block, own=records is None) for block in blocks])


def _shift(problem, records, damping, scales):
    solve = problem.solver(damping)
    blocks = problem.blocks(*(records or (problem.X, problem.y)))
    shifts = [shift_leakage(rows, solve(rows), problem.n_records, **scales) for rows in blocks]
    return np.concatenate(shifts)


def _check_sensitivity(shifts, sensitivity):
    n_farther = np.count_nonzero(shifts > sensitivity)
    if n_farther:
        raise ValueError(
            f"{n_farther} of {len(shifts)} records move the parameters farther than sensitivity="
            f"{sensitivity!r}, up to {shifts.max():.3g}, so the noise does not give this epsilon "
            "and delta; give a bound from theory, such as the largest gradient / (n * lambda)."
        )


def _mean(values, confidence_level, n_resamples, rng):
    mean = float(values.mean())
    n_infinite = np.count_nonzero(np.isinf(values))
    if n_infinite:
        reason = f"infinite for {n_infinite} of {len(values)} records, that nothing else resembles"
        return Estimate(mean, mean, mean, reason)
    if len(values) == 1:
        return Estimate(mean, np.nan, np.nan, "one record has no interval")
    limits = bootstrap(
        [values],
        np.mean,
        n_resamples=n_resamples,
        batch=max(1, RESAMPLED_AT_ONCE // len(values)),
        confidence_level=confidence_level,
        method="percentile",
        random_state=rng,
    ).confidence_interval
    return Estimate(mean, float(limits.low), float(limits.high), "bootstrap over records")
