"""
Choose a model under a privacy budget
=====================================

How large should the leaves of a random forest be? Large ones hide the single record, small ones
fit better, up to a point. We let a search of scikit-learn measure both and choose: the most
accurate forest whose leakage keeps to a budget.
"""

# %%
# The search
# ----------
#
# 8,000 rows of the UCI Adult data go into the search. Another 8,000 are kept for the end.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

import skmia
from skmia.attacks import MetricAttack
from skmia.datasets import load_adult
from skmia.inspection import MembershipRocDisplay, ScoreDistributionDisplay, TradeoffDisplay
from skmia.model_selection import MemberRecorder, best_under_budget, make_membership_scorer

X, y = load_adult(as_frame=True, return_X_y=True)
X, X_new, y, y_new = train_test_split(
    X, y, train_size=8000, test_size=8000, stratify=y, random_state=0
)
encoder = make_column_transformer(
    (
        OrdinalEncoder(
            handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1
        ),
        make_column_selector(dtype_include="category"),
    ),
    remainder="passthrough",
)
forest = make_pipeline(encoder, RandomForestClassifier(random_state=0))

# %%
# One scorer measures accuracy and leakage. It is told all records, the ``pool``, so that it knows
# the training rows of each fold: those of the pool outside the evaluation fold. ``refit`` is the
# rule: the AUC of the attack, 0.5 for a blind guess, may be 0.55 at most.
search = GridSearchCV(
    forest,
    {"randomforestclassifier__min_samples_leaf": [1, 2, 5, 10, 20, 50]},
    scoring=make_membership_scorer(
        ["roc_auc", "tpr_at_fpr"], pool=(X, y), scoring=["accuracy"], random_state=0
    ),
    refit=best_under_budget("accuracy", "mia_roc_auc", budget=0.55),
    n_jobs=2,
).fit(X, y)

results = search.cv_results_
table = pd.DataFrame(
    {
        "min_samples_leaf": results["param_randomforestclassifier__min_samples_leaf"],
        "accuracy": results["mean_test_accuracy"],
        "attack AUC": results["mean_test_neg_mia_roc_auc"],
        "TPR at 1 % FPR": results["mean_test_neg_mia_tpr_at_fpr"],
    }
)
print(table.abs().to_string(index=False, float_format="%.3f"))

# %%
# Fully grown trees, the default, are no bargain: leaves of 2 to 10 rows predict new rows better
# and give less away about the old ones. Only among larger leaves is privacy paid for with accuracy.
#
# The true positive rate at 1 % is hardly above the 0.01 of a blind guess, even for fully grown
# trees: so many non-members share the highest score that nobody can be called a member for sure.
# These forests give away who is not a member, by their mistakes, and the AUC sees this.
print(search.refit.explain(results))

# %%
# Each point is a candidate, with the standard errors over the five folds. The upper left is the
# place to be.
TradeoffDisplay.from_search(search, annotate="min_samples_leaf")
plt.show()

# %%
# The same by name
# ----------------
#
# A classifier in a :class:`~skmia.model_selection.MemberRecorder` remembers its training rows while
# it is in memory. Then no scorer has to be made: it is known by name. The numbers are the same.
by_name = GridSearchCV(
    MemberRecorder(forest),
    {"estimator__randomforestclassifier__min_samples_leaf": [1, 5]},
    scoring=["accuracy", "neg_mia_roc_auc"],
    refit=search.refit,
    n_jobs=2,
).fit(X, y)
print("by pool:", results["mean_test_neg_mia_roc_auc"][[0, 2]])
print("by name:", by_name.cv_results_["mean_test_neg_mia_roc_auc"])

# %%
# Measure anew
# ------------
#
# The leakage of the winner is the result of a choice, and the models of the folds had fewer
# training rows than the final one. So we audit the final forest, and the default one beside it. The
# non-members are the rows that the search has not seen.
targets = {
    "chosen": search.best_estimator_,
    "default": make_pipeline(encoder, RandomForestClassifier(random_state=0)).fit(X, y),
}
for name, target in targets.items():
    report = skmia.audit(target, X, y, X_new, y_new, random_state=0, n_jobs=2)
    strongest = next(row for row in report.attacks if row.name == report.strongest)
    print(
        f"{name}: test accuracy {target.score(X_new, y_new):.3f}, attack by {report.strongest}, "
        f"AUC {strongest.roc_auc}, balanced accuracy {strongest.balanced_accuracy}"
    )

# %%
# The curve shows all thresholds. The attacks are fitted on half of the records and drawn on the
# other half. Both curves begin with a step: many records share the highest score, and no threshold
# lies between them.
X_both, y_both = pd.concat([X, X_new]), pd.concat([y, y_new])
membership = np.repeat([1, 0], [len(X), len(X_new)])
X_known, X_rest, y_known, y_rest, known, rest = train_test_split(
    X_both, y_both, membership, train_size=0.5, stratify=membership, random_state=0
)
attacks = {
    name: MetricAttack(target, signal="confidence", per_class=False).fit(X_known, y_known, known)
    for name, target in targets.items()
}

figure, ax = plt.subplots(layout="constrained")
for name, attack in attacks.items():
    MembershipRocDisplay.from_attack(
        attack, X_rest, y_rest, rest, name=name.capitalize(), scale="linear", ax=ax
    )
plt.show()

# %%
# The scores of the attack, here the confidence in the true class, say why. The default forest is
# sure of its training rows and often unsure of others. In the chosen one the two look alike.
figure, axes = plt.subplots(1, 2, sharey=True, figsize=(9, 4), layout="constrained")
for ax, (name, attack) in zip(axes, attacks.items(), strict=True):
    ScoreDistributionDisplay.from_attack(
        attack, X_rest, y_rest, rest, bins=25, name=f"{name.capitalize()} forest", ax=ax
    )
    ax.set_xlabel("Confidence in the true class")
axes[1].set_ylabel("")
plt.show()
