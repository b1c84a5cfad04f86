"""Gaussian noise of differential privacy: how much of it, and how much leakage it leaves."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from scipy.special import log_ndtr, ndtr

from skmia._result import Result
from skmia.leakage._bounds import root_of, total_variation_bound
from skmia.utils._constraints import NOT_NEGATIVE, POSITIVE, Names, Number, validate_params


@dataclass(frozen=True, repr=False, eq=False)
class GaussianNoiseLeakage(Result):
    """The most membership leakage that Gaussian noise leaves, by :func:`gaussian_noise_leakage`.

    Attributes
    ----------
    kl : float
        Bound on the divergence, in nats; 0 is no leakage.
    total_variation : float
        Bound on the advantage of any attack, in [0, 1].

    Examples
    --------
    >>> from skmia.leakage import gaussian_noise_leakage
    >>> gaussian_noise_leakage(1, 1e-5)
    GaussianNoiseLeakage(kl=0.021, total_variation=0.103)
    """

    kl: float
    total_variation: float


@validate_params(
    sensitivity=NOT_NEGATIVE,
    epsilon=POSITIVE,
    delta=[Number(Real, 0, 1, closed="neither")],
    method=[Names("classical", "analytic")],
)
def gaussian_noise_scale(sensitivity, epsilon, delta, *, method="classical"):
    r"""Return the standard deviation of Gaussian noise that gives differential privacy.

    .. math:: \sigma = \frac{\Delta_2 \sqrt{2 \ln(1.25 / \delta)}}{\varepsilon}

    where :math:`\Delta_2` is the largest distance between the parameters from two data sets that
    differ in one record, and :math:`(\varepsilon, \delta)` the privacy wanted. This classical
    formula holds for :math:`\varepsilon \le 1`. ``method="analytic"`` holds for any
    :math:`\varepsilon` and gives the smallest noise there is, the root of

    .. math:: \Phi\left(\frac{\Delta_2}{2\sigma} - \frac{\varepsilon\sigma}{\Delta_2}\right)
              - e^{\varepsilon}
              \Phi\left(-\frac{\Delta_2}{2\sigma} - \frac{\varepsilon\sigma}{\Delta_2}\right)
              = \delta.

    Where nothing depends on a single record, the sensitivity and the noise are 0.

    Parameters
    ----------
    sensitivity : float
        :math:`\Delta_2`, at least 0, in the unit of the parameters.
    epsilon, delta : float
        Epsilon above 0, at most 1 for the classical formula; delta in (0, 1).
    method : {"classical", "analytic"}, default="classical"
        Which formula.

    Returns
    -------
    float
        :math:`\sigma`, in the unit of the sensitivity.

    Raises
    ------
    ValueError
        If a number is out of its range, or ``method`` is unknown.

    References
    ----------
    .. [1] C. Dwork and A. Roth, "The Algorithmic Foundations of Differential Privacy", 2014, A.1.
    .. [2] B. Balle and Y.-X. Wang, "Improving the Gaussian Mechanism for Differential Privacy:
       Analytical Calibration and Optimal Denoising", ICML 2018, theorem 8.

    Examples
    --------
    >>> from skmia.leakage import gaussian_noise_scale
    >>> round(gaussian_noise_scale(1, 1, 1e-5), 2)
    4.84
    >>> round(gaussian_noise_scale(1, 1, 1e-5, method="analytic"), 2)
    3.73
    """
    # both formulas know the noise only as a multiple of the sensitivity
    return float(sensitivity * _unit_scale(epsilon, delta, method))


@validate_params(
    epsilon=POSITIVE,
    delta=[Number(Real, 0, 1, closed="neither")],
    method=[Names("classical", "analytic")],
)
def gaussian_noise_leakage(epsilon, delta, *, method="classical"):
    r"""Return the most membership leakage that noise of differential privacy leaves.

    .. math:: K \le \frac{\Delta_2^2}{2 \sigma^2} = \frac{\varepsilon^2}{4 \ln(1.25 / \delta)},
              \qquad \mathrm{TV} \le \sqrt{K / 2} = \frac{\varepsilon}{\sqrt{8 \ln(1.25 / \delta)}}

    where :math:`K` is the divergence between the laws of the noisy parameters with and without a
    record, in either direction, and :math:`\mathrm{TV}` their total variation, the largest
    advantage of any attack. The right-hand forms are those of the classical noise. The attacker
    sees all noisy parameters once, and knows all other records. 0 is no leakage.

    Parameters
    ----------
    epsilon, delta : float
        Epsilon above 0, at most 1 for the classical formula; delta in (0, 1).
    method : {"classical", "analytic"}, default="classical"
        Which noise, see :func:`gaussian_noise_scale`.

    Returns
    -------
    GaussianNoiseLeakage
        With ``kl``, in nats, and ``total_variation``, in [0, 1].

    Raises
    ------
    ValueError
        If a number is out of its range, or ``method`` is unknown.

    Notes
    -----
    The abstract [1]_ says "reduced by :math:`O(\log^{1/2}(\delta^{-1}) \varepsilon^{-1})`". We read
    it as an advantage in proportion to the inverse of this. The numbers are a reconstruction.

    References
    ----------
    .. [1] F. Farokhi and M. A. Kaafar, "Modelling and Quantifying Membership Information Leakage in
       Machine Learning", arXiv:2001.10648, 2020, abstract.

    Examples
    --------
    >>> from skmia.leakage import gaussian_noise_leakage
    >>> leakage = gaussian_noise_leakage(1, 1e-5)
    >>> round(leakage.kl, 4), round(leakage.total_variation, 4)
    (0.0213, 0.1032)
    """
    # K = Δ² / (2 σ²) of two normal laws at the distance Δ, and the sensitivity Δ cancels
    kl = float(0.5 / _unit_scale(epsilon, delta, method) ** 2)
    return GaussianNoiseLeakage(kl, float(total_variation_bound(kl)))


def _unit_scale(epsilon, delta, method):
    if method == "classical":
        if epsilon > 1:
            raise ValueError(
                f"epsilon must be at most 1 for method='classical', whose proof ends there, got "
                f"{epsilon!r}; give method='analytic'."
            )
        return np.sqrt(2 * np.log(1.25 / delta)) / epsilon

    def _excess(log_scale):
        scale = np.exp(log_scale)
        # e^ε Φ(...) by logarithms: for a large ε the one overflows where the other vanishes
        gone = np.exp(epsilon + log_ndtr(-0.5 / scale - epsilon * scale))
        return delta - (ndtr(0.5 / scale - epsilon * scale) - gone)

    # The more noise, the smaller delta, so the excess increases; its upper end is the safe one.
    # The scale is sought by its logarithm, which reaches both very small and very large noise.
    return np.exp(root_of(_excess, -50.0, 50.0))
