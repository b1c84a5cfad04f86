"""Leakage in nats: what answers or parameters tell of one training record (Farokhi and Kaafar).

Divergences estimated from models with and without a record, the bounds on every attack that follow
from them, closed forms without retraining, and noise that keeps them down.
"""

from skmia.leakage._bounds import (
    fano_error_bound,
    membership_success_bound,
    total_variation_bound,
    tpr_bound,
)
from skmia.leakage._closed_forms import ClosedFormLeakage, closed_form_leakage
from skmia.leakage._divergence import kl_leakage, mutual_information_leakage
from skmia.leakage._influence import influence_leakage
from skmia.leakage._noise import GaussianNoiseLeakage, gaussian_noise_leakage, gaussian_noise_scale
from skmia.leakage._retraining import MembershipLeakage, membership_leakage
from skmia.leakage._sensitivity import RecordSensitivity, record_sensitivity

__all__ = [
    "ClosedFormLeakage",
    "GaussianNoiseLeakage",
    "MembershipLeakage",
    "RecordSensitivity",
    "closed_form_leakage",
    "fano_error_bound",
    "gaussian_noise_leakage",
    "gaussian_noise_scale",
    "influence_leakage",
    "kl_leakage",
    "membership_leakage",
    "membership_success_bound",
    "mutual_information_leakage",
    "record_sensitivity",
    "total_variation_bound",
    "tpr_bound",
]
