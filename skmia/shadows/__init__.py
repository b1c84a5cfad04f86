"""Shadow models: models that the attacker trains himself, so that he knows their members."""

from skmia.shadows._single import shadow_template, train_shadow

__all__ = ["shadow_template", "train_shadow"]
