"""
Leakage per epoch
=================

When does a network begin to give its training records away? ``MembershipScoring`` measures an
attack after every epoch. With a budget, it keeps the best epoch that was private enough: early
stopping as a defense, in one line.
"""

# %%
# A network that learns by heart
# ------------------------------
#
# Synthetic shopping histories of 50 classes, 1,200 customers. A tenth of them is held out to
# compare the answers with.
import matplotlib.pyplot as plt
import numpy as np

from skmia.datasets import make_purchase_like
from skmia.inspection import TrainingHistoryDisplay
from skmia.metrics import membership_roc_auc
from skmia.neural_network import MembershipScoring, RegularizedMLPClassifier
from skmia.signals import modified_entropy

X, y = make_purchase_like(2400, n_classes=50, random_state=0)
X, X_new, y, y_new = X[:1200].astype(np.float32), X[1200:].astype(np.float32), y[:1200], y[1200:]
network = RegularizedMLPClassifier(
    (128,),
    max_epochs=40,
    batch_size=64,
    validation_fraction=0.25,
    callbacks=[MembershipScoring(random_state=0)],
    random_state=0,
).fit(X, y)
TrainingHistoryDisplay.from_estimator(network).plot()
plt.show()

# %%
# After few epochs the held-out accuracy hardly rises any more, while the attack finds more and more.

# %%
# Stop where the budget ends
# --------------------------
#
# With a budget the network gets the parameters of the most accurate epoch, on held-out records,
# whose leakage keeps to it. The budget is a parameter like any other.
network.set_params(callbacks__membership_scoring__budget=0.6).fit(X, y)
TrainingHistoryDisplay.from_estimator(network).plot()
plt.show()

# %%
# What was chosen by its leakage must be measured on other records: the held-out ones took part in
# the choice.
members = network.membership_of(X, y) == 1
records = np.concatenate([X[members], X_new])
labels = np.concatenate([y[members], y_new])
codes = np.searchsorted(network.classes_, labels)
signal = modified_entropy(network.predict_proba(records), codes)
membership = np.arange(len(labels)) < members.sum()
print("AUC", membership_roc_auc(membership.astype(int), signal))
print("accuracy", network.score(X_new, y_new).round(3))
