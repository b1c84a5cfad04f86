"""
Attack without real shadow data
===============================

A shadow-model attack [1]_ trains models of its own, and these need records. What if the attacker
has no records like those of the target? They may have inexact ones, know how frequent each feature
is, or know nothing but how to ask the target. We give the records of such attackers to the same
attack and compare them with one who has real records.

.. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
   machine learning models", IEEE S&P 2017, section V-C.
"""

# %%
# Data and target
# ---------------
#
# The Location data of the paper are check-ins in Bangkok: 5,010 people, 446 binary features,
# 30 classes that come from clustering. They cannot be shipped here, so we draw data of the same
# shape. Take the numbers below as those of a look-alike, not of the real data.
#
# As in the paper the target has 1,200 training records. As many others are the non-members, and
# what is left belongs to the attacker who has real records.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.neural_network import MLPClassifier

from skmia.attacks import ShadowModelAttack
from skmia.datasets import make_purchase_like
from skmia.inspection import MembershipRocDisplay
from skmia.metrics import membership_balanced_accuracy, membership_roc_auc
from skmia.shadows import (
    ShadowModels,
    perturb_records,
    sample_marginal_records,
    synthesize_records,
)

n_train, n_features = 1200, 446
X, y = make_purchase_like(5010, n_features=n_features, n_classes=30, density=0.12, random_state=0)
X_both, y_both = X[: 2 * n_train], y[: 2 * n_train]
membership = np.repeat([1, 0], n_train)
X_real, y_real = X[2 * n_train :], y[2 * n_train :]

target = MLPClassifier(
    64, activation="tanh", learning_rate_init=0.005, batch_size=100, tol=1e-3, random_state=0
).fit(X[:n_train], y[:n_train])
for name, value in (("members", 1), ("non-members", 0)):
    rows = membership == value
    print(f"accuracy on {name}: {target.score(X_both[rows], y_both[rows]):.3f}")

# %%
# The network knows its training records by heart and often errs on others. This is what an attack
# makes use of.
#
# What the attackers know
# -----------------------
#
# All of them may ask the target for probabilities and know how it is trained. They differ in how
# they come by their records:
#
# - *real*: they have records of other people, with labels. This is the yardstick.
# - *noise*: they have the same records, but each feature is wrong with probability 10 % or 20 %.
# - *marginals*: they know how frequent each feature is. Features are drawn independently of each
#   other, and the target names the label: one query per record.
# - *marginals per class*: they know how frequent each feature is in each class. No query is needed.
# - *model-based*: they know that features are 0 or 1. They climb from random records to those of
#   which the target is sure, class by class. No real record is needed, but many queries are.
# - *model-based, marginals*: they climb too, but know how frequent each feature is and draw from
#   that. In the domain a value is drawn as often as it stands in the list, so columns will do.
#
# Each asks for as many records as the first one has.
n_records = len(X_real)
sources = {"real": (X_real, y_real, 0)}
for rate in (0.1, 0.2):
    noisy = perturb_records(X_real, y_real, flip_rate=rate, random_state=0)
    sources[f"noise {rate:.0%}"] = (*noisy, 0)

drawn = sample_marginal_records(X_real, n_records, target=target, random_state=0)
sources["marginals"] = (*drawn, n_records)
drawn = sample_marginal_records(X_real, n_records, y=y_real, random_state=0)
sources["marginals per class"] = (*drawn, 0)

domains = {
    "model-based": [[0.0, 1.0]] * n_features,
    "model-based, marginals": list(X_real.T),
}
for name, domain in domains.items():
    made = synthesize_records(target, n_records, domain=domain, n_climbers=512, random_state=0)
    sources[name] = (made.X, made.y, made.n_queries)
    print(
        f"{name}: {made.n_queries / len(made.y):.0f} queries per record, "
        f"{len(made.failed_classes)} of {len(made.classes)} classes given up"
    )

# %%
# Queries are counted up to the last one, those of climbs that failed included. A target that limits
# or charges queries limits this attacker; ``max_queries`` sets their budget.
#
# The same attack for all
# -----------------------
#
# Each attacker trains four shadows, with as many records as the target has, and learns from their
# answers how members are answered. Then they judge the members and as many non-members of the
# target. The two columns at the right are 0.5 for a blind guess and come with 95 % intervals.
#
# Two columns describe the records. *Ones* is the mean number of ones in a record. *Held-out* is the
# accuracy of the shadows on records of their own kind that they were not trained on.
attacks, rows = {}, []
for name, (X_shadow, y_shadow, n_queries) in sources.items():
    shadows = ShadowModels(n_shadows=4, train_size=n_train)
    attack = ShadowModelAttack(target, shadows=shadows, random_state=0, n_jobs=2)
    attacks[name] = attack.fit(X_shadow, y_shadow)
    is_right = attack.shadows_.observe(X_shadow, y_shadow, "correctness")
    called = attack.predict(X_both, y_both)
    rows.append(
        {
            "shadow data": name,
            "records": len(y_shadow),
            "queries": n_queries,
            "ones": X_shadow.sum(axis=1).mean(),
            "held-out": is_right[attack.shadows_.out_mask_].mean(),
            "balanced accuracy": str(membership_balanced_accuracy(membership, called, threshold=1)),
            "AUC": str(membership_roc_auc(membership, attack.score_samples(X_both, y_both))),
        }
    )
table = pd.DataFrame(rows).set_index("shadow data")
print(table.to_string(float_format="%.2f"))

# %%
# Compare each row with the first: the difference in balanced accuracy is what the lack of real
# records costs this attacker.
#
# Records with far more ones than real ones have can serve all the same. An attack model does not
# look at records but at answers: how sure a model is of records that it was trained on, and of
# others. What counts is that the shadows overfit as the target does.
#
# The held-out accuracy hints at where this may go wrong. If it is far above the target's accuracy
# on non-members, the shadows are sure of new records as well, and the attacker may overlook
# members. If it is far below, they may take too many for members. In both cases the order of the
# scores may still be good and the thresholds bad: the AUC keeps up with that of the first row, the
# balanced accuracy does not.
#
# ROC curves
# ----------
#
# The curves do without the attacker's thresholds. Both axes are logarithmic, since the left end is
# what matters: there the attacker is sure of the people they name. An attacker who does well on
# average may still be wrong about those they are surest of.
figure, ax = plt.subplots(figsize=(7, 7), layout="constrained")
for name, attack in attacks.items():
    MembershipRocDisplay.from_attack(
        attack, X_both, y_both, membership, name=name.capitalize(), plot_band=False, ax=ax
    )
plt.show()

# %%
# This is one network, with the hyperbolic tangent of the paper, on one draw of made-up data. In
# trials with ReLU networks and random forests, thresholds learned from model-based records were
# often far off, and with forests those from noisy records too, while marginals served. The user
# guide has more on :doc:`shadow data </user_guide/shadow_data>`.
