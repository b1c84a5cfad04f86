"""Shadow models, that the attacker trains himself so that he knows their members, and their data.

Records to train them on may be real, or, for an attacker with none, made from what he knows.
"""

from skmia.shadows._resampling import perturb_records, sample_marginal_records
from skmia.shadows._shadow_models import ShadowModels
from skmia.shadows._synthesis import SynthesizedRecords, synthesize_records
from skmia.shadows._template import shadow_template

__all__ = [
    "ShadowModels",
    "SynthesizedRecords",
    "perturb_records",
    "sample_marginal_records",
    "shadow_template",
    "synthesize_records",
]
