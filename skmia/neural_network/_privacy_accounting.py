"""What the noise of private training is worth: epsilon of a number of steps, and the reverse."""

import warnings
from contextlib import contextmanager
from functools import lru_cache
from math import exp, log

import numpy as np
from scipy.optimize import brentq

# beyond it the memory that privacy loss variables take grows without bound, for a number that
# promises nothing
LARGE_EPSILON = 50.0
# whole orders are quick, and enough to see whether epsilon is large
FEW_ORDERS = (2, 3, 4, 6, 8, 16, 32, 64)
# outside of these bounds Rényi divergences cannot be computed
LEAST_NOISE, MOST_NOISE = 1e-12, 1e4


def import_opacus():
    """Return the package opacus, or say how to install it."""
    try:
        import opacus
    except ImportError as error:
        raise ImportError(
            "DPSGD needs opacus, which is not installed. Install it with "
            "`python -m pip install skmia[dp]`."
        ) from error
    return opacus


# the search for the noise asks for the same values again
@lru_cache(maxsize=1024)
def spent(noise_multiplier, sample_rate, n_steps, delta, accountant):
    """Return an upper bound on epsilon after a number of steps."""
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
    """Return the least noise multiplier that keeps epsilon at a target, to about 0.2 %."""

    def _excess(log_noise):
        noise = exp(log_noise)  # epsilon falls over orders of magnitude, so both are logarithms
        return log(spent(noise, sample_rate, n_steps, delta, accountant) / target_epsilon)

    # by factors of 2 to an interval that holds the target, then by its root within
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
    # the root may lie on the wrong side of the target, by no more than its tolerance
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


# steps add up, so that one computation serves all numbers of steps
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
