"""Shadow models, which attackers train themselves so that they know the members, and their data.

Records to train them on may be real. An attacker who has none makes them from what they know.
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
