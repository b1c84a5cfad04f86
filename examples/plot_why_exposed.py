"""
Which records are exposed, and why?
===================================

Membership inference finds some people in the training data and not others. Are those found the ones
far from all others, the ones of a class on which the model overfits, or the ones on whom its answer
depends?

We ask of a random forest on the UCI Adult census data how the risk of its members goes with each of
these. The answer depends on who attacks, so that we ask twice.
"""

# %%
# A target that overfits
# ----------------------
import matplotlib.pyplot as plt
import numpy as np
from sklearn.ensemble import RandomForestClassifier

from skmia.attacks import LiRA
from skmia.datasets import load_adult
from skmia.inspection import ExposureDisplay, explain_exposure
from skmia.leakage import record_sensitivity

X, y = load_adult(return_X_y=True)
rng = np.random.default_rng(0)
pool = rng.permutation(len(y))[:1600]
X, y = X[pool], y[pool]
membership = np.repeat([1, 0], 800)
members = np.flatnonzero(membership)

target = RandomForestClassifier(20, random_state=0).fit(X[members], y[members])
print(f"training accuracy {target.score(X[members], y[members]):.3f}")
print(f"accuracy on others {target.score(X[membership == 0], y[membership == 0]):.3f}")

# %%
# What the answer owes to the record
# ----------------------------------
#
# The sensitivity of a record is how much the answer to it changes if the forest is trained without
# it. That costs a training for each record, so that 80 members must do. The background is how much
# the answer changes if somebody else is left out: a forest draws its bootstrap samples anew.
found = record_sensitivity(target, X[members], y[members], rows=80, random_state=0)
print(f"mean sensitivity {found.sensitivity.mean():.3f}")
print(f"mean background {found.background.mean():.3f}")
sensitivity = np.full(len(y), np.nan)
sensitivity[members[found.rows]] = found.sensitivity

# %%
# The privacy risk score
# ----------------------
#
# By default the risk is that of a metric attack, which compares the entropy of the answer with that
# of known members of the same class. The auditor knows who is a member: the attack learns on one
# half of the records to measure the other.
report = explain_exposure(target, X, y, membership, sensitivity=sensitivity, random_state=0)
print(report)

# %%
# The column of the non-members is the control. What goes with the risk of members as it does with
# the risk of people whom the forest never saw has to do with easy and hard records.
#
# The class with the larger gap has the larger risk. Whether the answer depends on a person hardly
# shows: such people are unusual, and even a forest that knows them is less sure of them than of the
# many that it finds easy.
ExposureDisplay.from_report(report, name="Risk by the answer alone")

# %%
# An attack that knows what is unusual
# ------------------------------------
#
# LiRA asks other forests, trained with and without it, about the same record. What it compares is
# no longer how sure the target is, but how much surer than a forest without that record.
lira = LiRA(target, shadows=16, random_state=0).fit(X, y)
report = explain_exposure(
    target,
    X,
    y,
    membership,
    attack=lira,
    exposure="score",
    sensitivity=sensitivity,
    random_state=0,
)
print(report)

# %%
# Now the people on whom the answer depends are the more exposed ones. None of these correlations is
# a cause, and a distance between census records is a crude one: codes of categories count as
# numbers. Give `embedding` a function that makes better points of them.
ExposureDisplay.from_report(report, exposure_name="LiRA score", name="Score by LiRA")
plt.show()
