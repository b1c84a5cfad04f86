"""What a record's gradient alone says of the leakage about its membership."""

from numbers import Real

import numpy as np
from sklearn.utils import check_array

from skmia.leakage._influence_terms import (
    TOLERANCE,
    GradientMoments,
    PseudoInverse,
    SamplingLaw,
    shift_leakage,
)
from skmia.utils._constraints import (
    ARRAY,
    ARRAY_OR_NONE,
    COUNT,
    NOT_NEGATIVE,
    POSITIVE,
    Names,
    Number,
    validate_params,
)

MECHANISMS = ("output", "posterior", "sampling")


@validate_params(
    gradients=ARRAY,
    hessian=[*POSITIVE, "array-like", None],
    n_records=COUNT,
    mechanism=[Names(*MECHANISMS)],
    noise_scale=[*POSITIVE, None],
    inverse_temperature=[*POSITIVE, None],
    gradient_covariance=ARRAY_OR_NONE,
    damping=NOT_NEGATIVE,
    rtol=[Number(Real, 0, 1, closed="left")],
)
def influence_leakage(
    gradients,
    hessian,
    n_records,
    *,
    mechanism="sampling",
    noise_scale=None,
    inverse_temperature=None,
    gradient_covariance=None,
    damping=0.0,
    rtol=TOLERANCE,
):
    r"""Return each record's leakage to one who sees the parameters, without any retraining.

    A record with the gradient :math:`g` moves the minimum of an objective over n records by about
    :math:`\Delta = -H^{-1} g / n`. Where the parameters vary normally around it, with the same
    covariance :math:`\Sigma` with the record and without, their two laws differ by the
    Kullback-Leibler divergence :math:`K = \frac{1}{2} \Delta^T \Sigma^{-1} \Delta`. Of three
    sources of chance:

    .. math::

        \text{output: } & K = \frac{\|H^{-1} g\|^2}{2 n^2 \sigma^2}
            & \text{noise on the parameters, } & \Sigma = \sigma^2 I \\
        \text{posterior: } & K = \frac{\beta}{2 n} g^T H^{-1} g
            & \text{parameters drawn} \propto e^{-\beta n F}, & \Sigma = (\beta n H)^{-1} \\
        \text{sampling: } & K = \frac{1}{2 n} g^T V^{-1} g
            & \text{other records drawn anew, } & \Sigma = H^{-1} V H^{-1} / n

    where :math:`F(\theta) = \frac{1}{n} \sum_i \ell(\theta; z_i) + \text{penalty}` is the
    objective, H its Hessian at the minimum, :math:`g = \nabla \ell` and :math:`V` the covariance of
    the gradients over records. 0 means that the record leaves no trace; there is no upper bound.
    Both directions of the divergence are equal.

    **The attacker** sees all parameters and knows the record, the training and, but for "sampling",
    all other training records. Who sees answers only learns no more.

    Parameters
    ----------
    gradients : array-like of shape (n_candidates, n_parameters)
        The gradient of the loss of each record at the minimum, without the penalty.
    hessian : array-like of shape (n_parameters, n_parameters), float or None
        The Hessian of the objective, penalty included. A number stands for this multiple of the
        identity: where no eigenvalue of the Hessian is smaller, the result is an upper bound of
        "output" and "posterior". "sampling" does without: None.
    n_records : int
        Number of training records, at least 1 and for "sampling" 3.
    mechanism : {"output", "posterior", "sampling"}, default="sampling"
        Where the chance comes from.
    noise_scale : float, default=None
        Standard deviation :math:`\sigma` of the noise on each parameter, above 0. For "output".
    inverse_temperature : float, default=None
        The factor :math:`\beta`, above 0; 1 is the posterior of Bayes for a loss that is a negative
        log-likelihood. For "posterior".
    gradient_covariance : array-like of shape (n_parameters, n_parameters), default=None
        The covariance V. By default that of `gradients`, which must then be those of all training
        records; each one's own is left out, since it is the others that vary. For "sampling".
    damping : float, default=0.0
        Added to the diagonal of the matrix that is inverted, at least 0.
    rtol : float, default=1e-10
        Eigenvalues of that matrix, scaled to a diagonal of ones, count as 0 up to this share of the
        largest, in [0, 1).

    Returns
    -------
    ndarray of shape (n_candidates,)
        The divergence in nats, at least 0; infinite for a gradient with a direction in which
        nothing else holds the parameters, such as a category that no other record has.

    Raises
    ------
    ValueError
        If shapes do not go together, the matrix has negative eigenvalues, or what the mechanism
        needs is missing or out of its range.

    See Also
    --------
    skmia.leakage.closed_form_leakage : The same for fitted estimators.
    kl_leakage : From models that were trained with and without a record.
    membership_success_bound : What an attacker can make of it.

    Notes
    -----
    The formulas are a reconstruction: of the paper only the abstract was at hand, which claims that
    leakage falls with the number of records and the weight of the penalty and grows with the
    derivatives of the loss. "output" is exact for the shift :math:`\Delta`, which itself is exact
    up to terms in :math:`n^{-2}`, whether the record is added or taken away; the others hold for
    large n besides.

    The record comes or goes while the penalty keeps its weight against the loss of one other
    record (scikit-learn's `C` and `alpha`). If it keeps its weight in the mean, or if the record
    replaces one drawn at random, give the gradients of loss plus penalty instead.

    Matrices are often singular, as of one-hot columns next to an intercept. Directions of
    eigenvalue 0 are left out, which is exact for gradients without a part in them. By the same
    reason "sampling" grows out of bound where few others share a category: their number then varies
    as a Poisson variable, not as a normal one.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020.
    .. [2] P. W. Koh and P. Liang, "Understanding Black-box Predictions via Influence Functions",
       International Conference on Machine Learning, 2017, equation 1.
    .. [3] H. White, "Maximum Likelihood Estimation of Misspecified Models", Econometrica 50, 1982,
       theorem 3.2.

    Examples
    --------
    The mean of numbers minimizes their squared loss, with a gradient of mean minus number:

    >>> import numpy as np
    >>> from skmia.leakage import influence_leakage
    >>> numbers = np.array([-1.0, 0.0, 0.0, 1.0, 5.0])
    >>> gradients = (numbers.mean() - numbers)[:, None]
    >>> influence_leakage(gradients, [[1.0]], 5, mechanism="output", noise_scale=1.0)
    array([0.08, 0.02, 0.02, 0.  , 0.32])
    >>> influence_leakage(gradients, None, 5).round(2)  # the others tell how much is usual
    array([0.09, 0.02, 0.02, 0.  , 3.2 ])
    """
    gradients = check_array(gradients, dtype=np.float64, input_name="gradients")
    check_mechanism(
        mechanism, n_records, noise_scale=noise_scale, inverse_temperature=inverse_temperature
    )
    if mechanism == "sampling":
        law = _sampling_law(gradients, gradient_covariance, n_records, damping, rtol)
        return law.leakage(gradients, own=gradient_covariance is None)
    solved = _curvature(hessian, gradients.shape[1], damping, rtol)(gradients)
    return shift_leakage(gradients, solved, n_records, noise_scale, inverse_temperature)


def check_mechanism(mechanism, n_records=3, *, noise_scale=None, inverse_temperature=None):
    """Refuse a mechanism that lacks its number of records or its scale, and a scale of another.

    Parameters
    ----------
    mechanism : str
        The mechanism.
    n_records : int, default=3
        Number of training records.
    noise_scale, inverse_temperature : float, default=None
        The scales of "output" and "posterior".

    Raises
    ------
    ValueError
        If something is missing or of another mechanism.
    """
    if mechanism == "sampling" and n_records < 3:
        raise ValueError(f"mechanism='sampling' needs n_records of at least 3, got {n_records}.")
    scales = {
        "noise_scale": ("output", noise_scale),
        "inverse_temperature": ("posterior", inverse_temperature),
    }
    for name, (owner, value) in scales.items():
        if mechanism == owner and value is None:
            raise ValueError(f"mechanism={owner!r} needs {name}, a number above 0, got None.")
        if mechanism != owner and value is not None:
            raise ValueError(
                f"{name} belongs to mechanism={owner!r}, got mechanism={mechanism!r}; leave it out."
            )


def _sampling_law(gradients, covariance, n_records, damping, rtol):
    if covariance is not None:
        covariance = _check_matrix("gradient_covariance", covariance, gradients.shape[1])
        return SamplingLaw(covariance, n_records, damping=damping, rtol=rtol)
    if len(gradients) != n_records:
        raise ValueError(
            f"Without gradient_covariance, gradients must be those of all {n_records} training "
            f"records, got {len(gradients)}; give the covariance of the gradients over them."
        )
    moments = GradientMoments([gradients])
    return SamplingLaw(moments.covariance, n_records, moments.mean, damping, rtol)


def _curvature(hessian, n_parameters, damping, rtol):
    """Return what solves systems with the Hessian."""
    if isinstance(hessian, Real):
        return lambda rows: rows / (hessian + damping)
    if hessian is None:
        raise ValueError(
            'hessian=None is for mechanism="sampling" alone; give the Hessian of the objective, or '
            "a number that none of its eigenvalues is below for an upper bound."
        )
    hessian = _check_matrix("hessian", hessian, n_parameters)
    return PseudoInverse(hessian + damping * np.eye(n_parameters), rtol).solve


def _check_matrix(name, matrix, n_parameters):
    matrix = check_array(matrix, dtype=np.float64, input_name=name)
    if matrix.shape != (n_parameters, n_parameters):
        raise ValueError(
            f"{name} must be of shape {(n_parameters, n_parameters)}, a row and a column for each "
            f"column of gradients, got {matrix.shape}."
        )
    if not np.allclose(matrix, matrix.T, rtol=1e-6, atol=1e-8 * np.abs(matrix).max()):
        raise ValueError(f"{name} must be symmetric, got an asymmetric matrix; check its order.")
    return (matrix + matrix.T) / 2
