"""
Penalties against membership inference
======================================

A network with more parameters than it needs learns its training records by heart. Penalties hold it
back: of the size of its parameters, or of how differently it treats groups of people. How much does
each cost in accuracy, and what does it leave to an attacker? The weights are parameters of the
network, so a plain ``GridSearchCV`` answers.
"""

# %%
# Records
# -------
#
# 3,000 rows of the UCI Adult data go into the search, and 6,000 others are kept for the end.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skmia
from skmia.datasets import load_adult
from skmia.inspection import TradeoffDisplay
from skmia.model_selection import best_under_budget
from skmia.neural_network import L1, L2, GroupFairness, RegularizedMLPClassifier

encoder = make_column_transformer(
    (
        OneHotEncoder(handle_unknown="ignore", sparse_output=False),
        make_column_selector(dtype_include="category"),
    ),
    remainder=StandardScaler(),
    verbose_feature_names_out=False,
).set_output(transform="pandas")
X, y = load_adult(as_frame=True, return_X_y=True)
X, X_new, y, y_new = train_test_split(
    X, y, train_size=3000, test_size=6000, stratify=y, random_state=0
)
X = encoder.fit_transform(X).astype(np.float32)
X_new = encoder.transform(X_new).astype(np.float32)

# %%
# The search
# ----------
#
# The network remembers the rows it was trained on while it is in memory, so the scorers of skmia
# work by name. Penalties are small objects in a list; their weights are nested parameters. The
# refit rule takes the most accurate candidate whose leakage keeps to a budget: an attack may be
# right in 53 % of the cases, where a blind guess is right in 50 %.
network = RegularizedMLPClassifier((100,), max_epochs=50, lr=0.003, random_state=0)
fairness = GroupFairness(sensitive_features="sex_Female", penalty_form="direct")
grid = [
    {"penalties": [None]},
    {"penalties": [[L1()]], "penalties__l1__weight": [1e-4, 3e-4, 1e-3]},
    {"penalties": [[L2()]], "penalties__l2__weight": [1e-3, 3e-3, 1e-2]},
    {"penalties": [[fairness]], "penalties__group_fairness__weight": [0.5, 2.0]},
]
search = GridSearchCV(
    network,
    grid,
    scoring={"accuracy": "accuracy", "privacy": "neg_mia_balanced_accuracy"},
    refit=best_under_budget("accuracy", "privacy", budget=0.53),
    cv=4,
    n_jobs=2,
).fit(X, y)

results = search.cv_results_
table = pd.DataFrame(
    {
        "penalty": [str(params["penalties"]) for params in results["params"]],
        "weight": [
            next((v for k, v in params.items() if k.endswith("weight")), None)
            for params in results["params"]
        ],
        "accuracy": results["mean_test_accuracy"].round(3),
        "balanced accuracy": (-results["mean_test_privacy"]).round(3),
    }
)
print(table.to_string(index=False))

# %%
# The upper left is where a network should be. Penalties of the parameters make it more private and
# more accurate at once, up to a point. The penalty of group fairness is for something else: as a
# defense it costs more and does less.
display = TradeoffDisplay.from_search(search)
display.ax_.set_title("Network on Adult")
plt.show()

# %%
# The winner, anew
# ----------------
#
# The leakage of the winner is the result of a choice. The audit measures it anew, against rows that
# the search has not seen.
print(search.refit.explain(results))
report = skmia.audit(search, X, y, X_new, y_new, random_state=0)
print(report)
