"""What a record's values tell of a model's weights, as the authors of a paper measured it."""

import numpy as np
from scipy.sparse import issparse
from scipy.special import digamma
from sklearn.utils import check_array, check_random_state, gen_batches

from skmia.utils._constraints import ARRAY, Names, validate_params

N_NEIGHBORS = 3
# numbers at once in each of a handful of arrays, which the processor's cache then holds
BLOCK = 16_384
JITTER = 1e-10
REDUCTIONS = {
    "max": lambda coef: coef.max(axis=1),
    "mean": lambda coef: coef.mean(axis=1),
    "norm": lambda coef: np.linalg.norm(coef, axis=1),
}


@validate_params(coef=ARRAY, reduce=[Names(*REDUCTIONS)])
def record_parameter_mi(X, coef, *, reduce="max", random_state=None):
    r"""Return the mutual information of each record and the weights of a model, as its authors did.

    .. math:: I_X = \frac{1}{m} \sum_{i = 1}^{m} I(x_i; \vartheta), \qquad
              \vartheta_f = \max_u \theta_{f u}

    where :math:`x_i` is one of :math:`m` records, :math:`\theta_{f u}` the weight of feature f in
    unit u of the first layer, and :math:`I(x_i; \vartheta)` the estimate of Kraskov et al. for
    which **features** are the samples: pairs of a record's value and a feature's weight. The result
    is :math:`I(x_i; \vartheta)` of each record; the authors report its mean and its maximum. 0
    means that a record's values tell nothing of the weights; there is no upper bound.

    **The definition is ill-posed, and the estimate is mostly noise.** One record and one vector of
    weights are no random variables, so that the equations of the paper define no information. With
    a dozen or two features as samples the estimate depends on chance more than on the record. It
    is clipped at 0, so that its mean is above 0 for weights drawn at random too. It changes with
    the scales of the features, and says nothing of membership: for that use
    :func:`~skmia.leakage.membership_leakage`. It is here to compare figures of the paper.

    Parameters
    ----------
    X : {array-like, sparse matrix} of shape (n_records, n_features)
        Records, as the model sees them: numbers of at least 5 features.
    coef : array-like of shape (n_features, n_units) or (n_features,)
        Weights of the first layer: ``coefs_[0]`` of a perceptron, ``coef_.T`` of linear models.
    reduce : {"max", "norm", "mean"}, default="max"
        The largest of a feature's weights in all units, as the authors do, their norm or mean.
    random_state : int, RandomState instance or None, default=None
        Draws the small noise, the same for all records, that sets equal values of a record apart.

    Returns
    -------
    ndarray of shape (n_records,)
        Estimates with 3 neighbors in nats, at least 0, each that of scikit-learn's
        ``mutual_info_regression(x[:, None], theta)``.

    Raises
    ------
    ValueError
        If X is no table of finite numbers with at least 5 features, ``coef`` does not have a row of
        finite numbers for each feature, or ``reduce`` is unknown.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, equations 3 and 4; the
       paper names no estimator, this is that of the authors' code.
    .. [2] A. Kraskov, H. Stögbauer, P. Grassberger, "Estimating mutual information", 2004, eq. 8.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.properties import record_parameter_mi
    >>> rng = np.random.RandomState(0)
    >>> weights = rng.normal(size=(14, 50))
    >>> records = rng.normal(size=(1000, 14))  # that have nothing to do with the weights
    >>> information = record_parameter_mi(records, weights, random_state=0)
    >>> print(f"mean {information.mean():.2f}, max {information.max():.2f}")
    mean 0.04, max 0.57
    """
    X = check_array(X, accept_sparse="csr", input_name="X")
    theta = REDUCTIONS[reduce](_checked_coef(coef, X.shape[1]))
    # the noise that scikit-learn would draw for one record with this seed
    noise = check_random_state(random_state).standard_normal((2, X.shape[1]))
    theta = scaled_with_noise(theta[None], noise[1])
    blocks = gen_batches(X.shape[0], max(1, BLOCK // X.shape[1]))
    rows = (X[block].toarray() if issparse(X) else X[block] for block in blocks)
    rows = (scaled_with_noise(block, noise[0]) for block in rows)
    return np.concatenate([neighbor_information(block, theta) for block in rows])


def scaled_with_noise(values, noise):
    """Return rows of variance 1, with small noise, as scikit-learn has it."""
    values = values.astype(np.float64)
    spread = values.std(axis=1, keepdims=True)
    values /= np.where(spread > 10 * np.finfo(float).eps, spread, 1)
    return values + JITTER * np.maximum(1, np.abs(values).mean(axis=1, keepdims=True)) * noise


def neighbor_information(X, theta):
    """Return the estimate of Kraskov et al. in nats for each row, whose columns are the samples."""
    # rows hold no equal values, as noise was added before
    radius = _distance_of_neighbor(X, theta)
    # how many features, each with itself, are nearer than the radius
    within = (
        1 + sum(distance < radius for distance in _distances(values)) for values in (X, theta)
    )
    means = sum(digamma(n_within).mean(axis=1) for n_within in within)
    return np.maximum(digamma(X.shape[1]) + digamma(N_NEIGHBORS) - means, 0)


def _checked_coef(coef, n_features):
    coef = check_array(coef, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="coef")
    coef = coef[:, None] if coef.ndim == 1 else coef
    if coef.ndim != 2 or len(coef) != n_features:
        raise ValueError(
            f"coef must have a row of weights for each of the {n_features} features of X, got "
            f"shape {coef.shape}; give coefs_[0] of a perceptron, or coef_.T of a linear model."
        )
    if n_features < N_NEIGHBORS + 2:  # the estimate of fewer is always 0
        raise ValueError(
            f"X must have at least {N_NEIGHBORS + 2} features, each of which is a sample, got "
            f"{n_features}."
        )
    return coef


def _distance_of_neighbor(X, theta):
    """Return each feature's distance to its third neighbor in the plane of values and weights."""
    nearest = np.full((N_NEIGHBORS, *X.shape), np.inf)
    for distances in zip(_distances(X), _distances(theta), strict=True):
        distance = np.maximum(*distances)
        for near in nearest:
            farther = np.maximum(near, distance)
            np.minimum(near, distance, out=near)
            distance = farther
    return nearest[-1]


def _distances(values):
    """Yield the distance of each feature to the next in a circle, to the one after, and so on."""
    n_features = values.shape[1]
    twice = np.concatenate([values, values], axis=1)
    for step in range(1, n_features):
        yield np.abs(twice[:, step : step + n_features] - values)
