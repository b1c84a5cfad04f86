"""Mutual information of a bit and a Gaussian whose mean it moves."""

from functools import lru_cache

import numpy as np

from skmia.leakage._bounds import entropy_of

_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(64)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
# From here on the two laws do not overlap, to nine digits.
_FAR = 12.0
_GRID = np.linspace(0, _FAR, 4001)


def gaussian_information(distance, prior):
    r"""Return the mutual information of membership and one draw of a Gaussian.

    .. math:: I = h(\pi) - \pi E_1[\ln(1 / q)] - (1 - \pi) E_0[\ln(1 / (1 - q))]

    where :math:`q` is the posterior; the expectations by Gauss-Hermite quadrature. Of Gaussians
    with equal covariances in more dimensions only the discriminant matters, which has one.

    Parameters
    ----------
    distance : ndarray
        Of the means, in standard deviations, at least 0.
    prior : float
        Probability of the first mean.

    Returns
    -------
    ndarray
        In nats, from 0 to the entropy of the prior.
    """
    return np.interp(distance, _GRID, _table(prior), right=entropy_of(prior))


@lru_cache(maxsize=8)
def _table(prior):
    """Integrate on a grid so fine that what lies between is right to six digits."""
    log_odds = np.log(prior / (1 - prior))
    # the log likelihood ratio has mean and half variance d² / 2 under the first law
    evidence = _GRID[:, None] * _POINTS + _GRID[:, None] ** 2 / 2
    left = prior * (np.logaddexp(0, -(evidence + log_odds)) @ _WEIGHTS)
    left += (1 - prior) * (np.logaddexp(0, -(evidence - log_odds)) @ _WEIGHTS)
    information = np.clip(entropy_of(prior) - left, 0, None)
    return np.maximum.accumulate(np.minimum(information, entropy_of(prior)))
