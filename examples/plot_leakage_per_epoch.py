"""
Leakage per epoch
=================

When does a network begin to give its training records away? ``MembershipScoring`` measures an
attack after every epoch. With a budget it keeps the best epoch that was private enough: early
stopping as a defense, in one line.
"""

# %%
# A network that learns by heart
# ------------------------------
#
# 3,000 rows of the UCI Adult data. A third of them is held out: the attack compares the answers to
# these with those to the others.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skmia
from skmia.datasets import load_adult
from skmia.inspection import TrainingHistoryDisplay
from skmia.neural_network import MembershipScoring, RegularizedMLPClassifier

encoder = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        make_column_selector(dtype_include="category"),
    ),
    remainder=StandardScaler(),
)
X, y = load_adult(as_frame=True, return_X_y=True)
X, X_new, y, y_new = train_test_split(
    X, y, train_size=3000, test_size=6000, stratify=y, random_state=0
)
X = encoder.fit_transform(X).astype(np.float32)
X_new = encoder.transform(X_new).astype(np.float32)

network = RegularizedMLPClassifier(
    (256,),
    lr=0.002,
    max_epochs=60,
    validation_fraction=1 / 3,
    callbacks=[MembershipScoring(random_state=0)],
    random_state=0,
).fit(X, y)
TrainingHistoryDisplay.from_estimator(network).plot()
plt.show()

# %%
# The accuracy on held-out records is at its best after a few epochs. From there on the network
# learns its own records by heart, and nothing else: that is what the attack finds.

# %%
# Stop where the budget ends
# --------------------------
#
# With a budget the network gets the parameters of the epoch that was the most accurate on held-out
# records, of those whose leakage keeps to it. The budget is a parameter like any other.
network.set_params(callbacks__membership_scoring__budget=0.52).fit(X, y)
TrainingHistoryDisplay.from_estimator(network).plot()
plt.show()

# %%
# What was chosen by its leakage must be measured on other records, as the held-out ones took part
# in the choice. They are no members, so the audit is told which rows are.
members = network.membership_of(X, y) == 1
report = skmia.audit(network, X[members], y[members], X_new, y_new, random_state=0)
print(report)
