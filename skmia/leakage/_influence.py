"""What a record's gradient alone says of the leakage about its membership."""

from numbers import Real

import numpy as np
from scipy.linalg import eigh
from sklearn.utils import check_array

from skmia.utils._constraints import (
    ARRAY,
    ARRAY_OR_NONE,
    NOT_NEGATIVE,
    POSITIVE,
    Names,
    Number,
    validate_params,
)

MECHANISMS = ("output", "posterior", "sampling")
TOLERANCE = 1e-10
# what of a squared gradient may lie, by rounding, in directions that nobody else moves
OUTSIDE = 1e-10
# what of a direction the other records must have, for it not to be one record's own
OTHERS_SHARE = 1e-6


@validate_params(
    gradients=ARRAY,
    hessian=[*POSITIVE, "array-like", None],
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
    :math:`\Delta = -H^{-1} g / n`. Let the parameters vary normally around it, with the same
    covariance :math:`\Sigma` with the record and without. The divergence of both laws is then
    :math:`K = \frac{1}{2} \Delta^T \Sigma^{-1} \Delta`, for three sources of chance:

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

    **The attacker** sees all parameters. They know the record, the training and, except for
    "sampling", all other training records. An attacker who sees only answers learns no more.
    :func:`closed_form_leakage` does the same for fitted estimators.

    Parameters
    ----------
    gradients : array-like of shape (n_candidates, n_parameters)
        The gradient of the loss of each record at the minimum, without the penalty.
    hessian : array-like of shape (n_parameters, n_parameters), float or None
        The Hessian of the objective, penalty included; None for "sampling". A number stands for a
        multiple of the identity: the result is an upper bound where no eigenvalue is smaller.
    n_records : int
        Number of training records, at least 1 and for "sampling" 3.
    mechanism : {"output", "posterior", "sampling"}, default="sampling"
        Where the chance comes from.
    noise_scale, inverse_temperature : float, default=None
        Standard deviation :math:`\sigma` of the noise of "output" on each parameter, and factor
        :math:`\beta` of "posterior", above 0; 1 is Bayes' posterior for negative log-likelihoods.
    gradient_covariance : array-like of shape (n_parameters, n_parameters), default=None
        The covariance V, for "sampling". By default that of `gradients`, which must then be those
        of all training records; each one's own is left out, since it is the others that vary.
    damping : float, default=0.0
        Added to the diagonal of the matrix that is inverted, at least 0.
    rtol : float, default=1e-10
        Eigenvalues, after scaling to a diagonal of ones, count as 0 up to this share, in [0, 1).

    Returns
    -------
    ndarray of shape (n_candidates,)
        The divergence in nats, at least 0; infinite for a gradient in a direction in which nothing
        else holds the parameters, such as a category that no other record has.

    Raises
    ------
    ValueError
        If shapes do not match, eigenvalues are negative, or the mechanism lacks what it needs.

    Notes
    -----
    The formulas are a reconstruction: only the paper's abstract was known. "output" is exact for
    the shift :math:`\Delta`, which itself is exact up to terms in :math:`n^{-2}`, whether the
    record is added or taken away. The other two also need a large n.

    The record comes or goes while the penalty keeps its weight against the loss of one other
    record (scikit-learn's `C` and `alpha`). If it keeps its weight in the mean, or if the record
    replaces one drawn at random, give the gradients of loss plus penalty instead.

    Directions of eigenvalue 0, such as those of one-hot columns next to an intercept, are left out,
    which is exact for gradients without a part in them. "sampling" grows without bound where few
    others share a category: their number then varies as a Poisson variable, not as a normal one.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020.
    .. [2] P. W. Koh and P. Liang, "Understanding Black-box Predictions via Influence Functions",
       International Conference on Machine Learning, 2017, equation 1.
    .. [3] H. White, "Maximum Likelihood Estimation of Misspecified Models", 1982, theorem 3.2.

    Examples
    --------
    The mean minimizes the squared loss, with a gradient of mean minus number:

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
    """Refuse a mechanism without its number of records or scale, and a scale of another."""
    # without the record itself, two others at least are needed for a covariance
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
    # at the minimum of a penalized loss the mean gradient is not 0
    return SamplingLaw(*gradient_moments([gradients]), damping, rtol)


def _curvature(hessian, n_parameters, damping, rtol):
    # a number below all eigenvalues makes the step too long, so that the result is a bound
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
    # eigh reads one triangle only: what rounding made different in the other must not matter
    return (matrix + matrix.T) / 2


def shift_leakage(gradients, solved, n_records, noise_scale=None, inverse_temperature=None):
    """Return the divergence of "output", or of "posterior" without noise; `solved` is H⁻¹ g."""
    if noise_scale is not None:
        return (solved**2).sum(axis=1) / (2 * (n_records * noise_scale) ** 2)
    # an infinite solution times a gradient of 0 would be NaN
    unbounded = np.isinf(solved).any(axis=1)
    products = (gradients * np.where(unbounded[:, None], 0, solved)).sum(axis=1).clip(min=0)
    return np.where(unbounded, np.inf, inverse_temperature / (2 * n_records) * products)


class PseudoInverse:
    """The inverse of a symmetric positive semi-definite matrix, in the directions it has.

    Eigenvalues up to `rtol` of the largest count as 0; negative ones are refused by `name`.
    """

    def __init__(self, matrix, rtol=TOLERANCE, name="hessian"):
        diagonal = matrix.diagonal()
        # to ones on the diagonal, or the tolerance would depend on the units of the features
        self.scale = np.sqrt(np.where(diagonal > 0, diagonal, 1))
        values, vectors = eigh(matrix / np.outer(self.scale, self.scale))
        floor = rtol * max(values[-1], 0)
        # Rounding may leave eigenvalues a little below 0, also with rtol=0. Those farther below
        # mean that the parameters are at no minimum.
        if values[0] < -max(floor, len(values) * 1e-14 * np.abs(values).max()):
            raise ValueError(
                f"{name} must be positive semi-definite, got a smallest eigenvalue of "
                f"{values[0]:.3g} beside a largest of {values[-1]:.3g} after scaling to a diagonal "
                "of ones; add damping, or train until the minimum is reached."
            )
        kept = values > floor
        # a root of the inverse, so that squared lengths of products are quadratic forms
        self.root = vectors[:, kept] / np.sqrt(values[kept]) / self.scale[:, None]
        self.flat = vectors[:, ~kept]

    def outside(self, rows):
        """Return which rows have a part in directions that the matrix lacks."""
        scaled = rows / self.scale
        missing = ((scaled @ self.flat) ** 2).sum(axis=1)
        return missing > OUTSIDE * (scaled**2).sum(axis=1)

    def solve(self, rows):
        """Return the shortest solution for each row, infinite where there is none."""
        solved = rows @ self.root @ self.root.T
        # Scaling turns the directions that the matrix lacks: the part along them is taken away in
        # the units of the parameters, where the solution shall be the shortest.
        if self.flat.shape[1]:
            flat = np.linalg.qr(self.flat / self.scale[:, None])[0]
            solved -= solved @ flat @ flat.T
        solved[self.outside(rows)] = np.inf
        return solved


def gradient_moments(blocks):
    """Return covariance, number and mean of gradients that come in blocks of records."""
    n_before = 0
    mean = 0.0
    scatter = 0.0
    # merged block by block around the means: sums of squares would lose digits, and all
    # gradients at once may not fit into memory
    for block in blocks:
        own_mean = block.mean(axis=0)
        centered = block - own_mean
        step = own_mean - mean
        n = n_before + len(block)
        scatter += centered.T @ centered + n_before * len(block) / n * np.outer(step, step)
        mean = mean + len(block) / n * step
        n_before = n
    return scatter / (n_before - 1), n_before, mean


class SamplingLaw:
    """How the minimum varies with the records drawn; `mean` is that of gradients left out."""

    def __init__(self, covariance, n_records, mean=None, damping=0.0, rtol=TOLERANCE):
        damped = covariance + damping * np.eye(len(covariance))
        self.inverse = PseudoInverse(damped, rtol, "gradient_covariance")
        self.n_records = n_records
        self.mean = mean

    def leakage(self, gradients, own):
        """Return the divergence of each record; `own` ones leave the covariance first."""
        projected = gradients @ self.inverse.root
        squares = (projected**2).sum(axis=1)
        if own:
            squares += self._own_part(projected, (gradients - self.mean) @ self.inverse.root)
        squares[self.inverse.outside(gradients)] = np.inf
        return squares / (2 * self.n_records)

    def _own_part(self, projected, deviations):
        """Return what is added where the covariance loses one record."""
        # Sherman and Morrison: without the record, the scatter loses n / (n - 1) times the outer
        # product of its deviation from the mean
        factor = self.n_records / (self.n_records - 1) ** 2
        rest = 1 - factor * (deviations**2).sum(axis=1)
        squares = factor * (projected * deviations).sum(axis=1) ** 2
        # no other record moves the parameters this way: where they moved, this record was there
        alone = (rest < OTHERS_SHARE) & (squares > 0)
        return np.where(alone, np.inf, squares / np.where(alone, 1, rest.clip(min=OTHERS_SHARE)))
