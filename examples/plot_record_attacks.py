"""
Ask other models about the same record
======================================

A forest is sure of a record because it was trained on it, or because the record is easy. An
attacker who looks at the forest alone cannot tell. One who trains shadow models asks them about the
same record, and can.

We attack a random forest on the UCI Adult census data three times: by a threshold on its
confidence, by RMIA and by LiRA, on one set of shadow models.
"""

# %%
# Target and shadows
# ------------------
#
# Half of 3,000 people are members. The attacker knows all 3,000, but not which of them are members.
# Each of their shadows is trained on a random half of them.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from skmia.attacks import RMIA, LiRA, MetricAttack
from skmia.datasets import load_adult
from skmia.inspection import MembershipRocDisplay
from skmia.metrics import membership_report
from skmia.shadows import ShadowModels

X, y = load_adult(return_X_y=True)
rng = np.random.default_rng(0)
pool = rng.permutation(len(y))[:3000]
X, y = X[pool], y[pool]
membership = (rng.permutation(3000) < 1500).astype(int)

forest = RandomForestClassifier(100, random_state=0)
target = forest.fit(X[membership == 1], y[membership == 1])
shadows = ShadowModels(RandomForestClassifier(100), n_shadows=16, random_state=0).fit(X, y)

# %%
# Three attacks
# -------------
#
# None of them knows a member. The first trains one shadow of its own to learn its threshold, the
# others put shadows into the target's place.
attacks = {
    "confidence": MetricAttack(target, signal="confidence", random_state=0),
    "RMIA": RMIA(target, shadows=shadows),
    "LiRA": LiRA(target, shadows=shadows),
}
for name, attack in attacks.items():
    attack.fit(X, y)
    report = membership_report(
        membership, attack.score_samples(X, y), false_positive_rate=(0.01,), random_state=0
    )
    accuracy = attack.score(X, y, membership)
    print(f"{name}: AUC {report.roc_auc}, balanced accuracy {accuracy:.3f}")
    print(f"    TPR at 1 % FPR {report.tpr_at_fpr[0.01]}")

# %%
# On logarithmic axes one sees what an attacker finds who will not accuse many people wrongly. A
# forest answers hundreds of members and non-members with the same confidence of 1. No threshold
# parts them, so that the curve of the first attack begins where all of them are accused at once.
# The shadows part them: a person who is hard for models that did not see them, and yet certain
# here, is a member.
_, ax = plt.subplots(figsize=(6, 5))
for name, attack in attacks.items():
    MembershipRocDisplay.from_attack(
        attack, X, y, membership, name=name, ax=ax, plot_chance_level=name == "LiRA"
    )
ax.legend(loc="lower right", fontsize="small")
plt.tight_layout()

# %%
# Why: the answer of the target beside those of the shadows
# ----------------------------------------------------------
#
# Each point is a person of whom the target is entirely sure. Members stand out against the mean of
# the shadows that did not see them.
confidence = target.predict_proba(X)[np.arange(3000), np.searchsorted(target.classes_, y)]
shadow_confidence = shadows.observe(X, y, "confidence")
out = np.ma.masked_where(shadows.in_mask(X, y), shadow_confidence).mean(axis=0).data
sure = confidence == 1
_, ax = plt.subplots(figsize=(6, 3.5))
bins = np.linspace(out[sure].min(), 1, 25)
for side, name in ((1, "members"), (0, "others")):
    rows = sure & (membership == side)
    ax.hist(out[rows], bins=bins, alpha=0.6, label=f"{name} ({rows.sum()})")
ax.set(xlabel="mean confidence of shadows that did not see the record", ylabel="people")
ax.set_title("The target's confidence is 1")
ax.legend()
plt.tight_layout()
plt.show()
