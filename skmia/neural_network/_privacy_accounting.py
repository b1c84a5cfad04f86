"""What the noise of private training is worth: epsilon of a number of steps, and the reverse."""

import warnings
from contextlib import contextmanager
from functools import lru_cache
from math import exp, log

import numpy as np
from scipy.optimize import brentq

__all__ = ["MOST_NOISE", "import_opacus", "noise_for", "spent"]

# beyond it the memory that privacy loss variables take grows without bound, for a number that
# promises nothing
LARGE_EPSILON = 50.0
# whole orders are quick, and enough to see whether epsilon is large
FEW_ORDERS = (2, 3, 4, 6, 8, 16, 32, 64)
# outside of these bounds Rényi divergences cannot be computed, and nobody wants them
LEAST_NOISE, MOST_NOISE = 1e-12, 1e4


def import_opacus():
    """Return the package opacus.

    Returns
    -------
    module
        The package.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import opacus
    except ImportError as error:
        raise ImportError(
            "DPSGD needs opacus, which is not installed. Install it with "
            "`python -m pip install skmia[dp]`."
        ) from error
    return opacus


@lru_cache(maxsize=1024)
def spent(noise_multiplier, sample_rate, n_steps, delta, accountant):
    """Return epsilon after a number of steps.

    Parameters
    ----------
    noise_multiplier : float
        Standard deviation of the noise, in units of the clipping norm.
    sample_rate : float
        Chance of each record to be in a batch.
    n_steps : int
        Steps taken.
    delta : float
        The delta of (epsilon, delta)-differential privacy.
    accountant : {"prv", "rdp"}
        Whose bound: of the distribution of the privacy loss, or of Rényi divergences. Where few of
        the latter say that it is above 50, it is theirs in both cases.

    Returns
    -------
    float
        An upper bound.
    """
    if not n_steps:
        return 0.0
    if noise_multiplier < LEAST_NOISE:
        return float("inf")
    known = (noise_multiplier, sample_rate, n_steps, delta)
    if accountant == "rdp" or _renyi_epsilon(*known, FEW_ORDERS) > LARGE_EPSILON:
        return _renyi_epsilon(*known, import_opacus().accountants.RDPAccountant.DEFAULT_ALPHAS)
    bound = import_opacus().accountants.create_accountant(mechanism=accountant)
    bound.history = [(noise_multiplier, sample_rate, n_steps)]
    with _quiet():
        return float(bound.get_epsilon(delta=delta))


@lru_cache(maxsize=256)
def noise_for(target_epsilon, sample_rate, n_steps, delta, accountant):
    """Return the least noise that keeps epsilon at a target, to about 0.2 %.

    Parameters
    ----------
    target_epsilon : float
        What epsilon may be in the end.
    sample_rate : float
        Chance of each record to be in a batch.
    n_steps : int
        Steps to come.
    delta : float
        The delta of (epsilon, delta)-differential privacy.
    accountant : {"prv", "rdp"}
        Whose bound, as in :func:`spent`.

    Returns
    -------
    float
        The noise multiplier.

    Raises
    ------
    ValueError
        If no noise is enough for the accountant to prove so small an epsilon.
    """

    def _excess(log_noise):
        noise = exp(log_noise)
        return log(spent(noise, sample_rate, n_steps, delta, accountant) / target_epsilon)

    enough = 0.0
    while _excess(enough) > 0:
        enough += log(2)
        if enough > log(MOST_NOISE / 2):
            raise ValueError(
                f"target_epsilon={target_epsilon} is less than the accountant {accountant!r} can "
                f"prove for {n_steps} steps at delta={delta}, whatever the noise: choose a larger "
                "one, or fewer epochs."
            )
    while _excess(enough - log(2)) <= 0:
        enough -= log(2)
    found = brentq(_excess, enough - log(2), enough, xtol=0.001)
    while _excess(found) > 0:
        found += 0.001
    return exp(found)


def _renyi_epsilon(noise_multiplier, sample_rate, n_steps, delta, orders):
    """Return the bound of Rényi divergences, which add up over the steps."""
    rdp = n_steps * _renyi_of_step(noise_multiplier, sample_rate, tuple(orders))
    analysis = import_opacus().accountants.analysis.rdp
    with _quiet():
        epsilon, _ = analysis.get_privacy_spent(orders=orders, rdp=rdp, delta=delta)
    return float(epsilon)


@lru_cache(maxsize=256)
def _renyi_of_step(noise_multiplier, sample_rate, orders):
    analysis = import_opacus().accountants.analysis.rdp
    with _quiet():
        return analysis.compute_rdp(
            q=sample_rate, noise_multiplier=noise_multiplier, steps=1, orders=orders
        )


@contextmanager
def _quiet():
    """Leave out warnings of the limits 0, 1 and infinity, where the bounds hold all the same."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Optimal order is", UserWarning)
        yield
