"""
Audit three models of the Adult data
====================================

How much does a classifier give away about the people it was trained on? We train three
pipelines on the same rows of the UCI Adult census data and audit each of them:

- a random forest with fully grown trees, which is scikit-learn's default,
- a random forest with at least five rows in every leaf,
- a logistic regression.

The data ship with the library, so nothing is downloaded.
"""

# %%
# Train the targets
# -----------------
#
# The same number of rows goes into training and into the test set. An audit uses as many
# non-members as members, so nothing is wasted. The rows left over serve an outside attacker later.
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skmia
from skmia.attacks import MetricAttack
from skmia.datasets import load_adult
from skmia.metrics import membership_roc_auc, membership_roc_curve, risk_reliability

X, y = load_adult(as_frame=True, return_X_y=True)
X, X_outside, y, y_outside = train_test_split(X, y, train_size=8000, stratify=y, random_state=0)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=0.5, stratify=y, random_state=0
)


def make_target(classifier):
    """Encode categories, scale numbers, classify."""
    encoder = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_include="category")),
        (StandardScaler(), make_column_selector(dtype_include="number")),
    )
    return make_pipeline(encoder, classifier)


classifiers = {
    "forest, fully grown": RandomForestClassifier(n_jobs=2, random_state=0),
    "forest, 5 rows a leaf": RandomForestClassifier(min_samples_leaf=5, n_jobs=2, random_state=0),
    "logistic regression": LogisticRegression(max_iter=1000),
}
targets = {
    name: make_target(classifier).fit(X_train, y_train) for name, classifier in classifiers.items()
}

# %%
# Audit them
# ----------
#
# One call per model. The statement is the audit in plain words: what the strongest attack achieves,
# next to what blind guessing achieves.
reports = {
    name: skmia.audit(
        target,
        X_train,
        y_train,
        X_test,
        y_test,
        sensitive_features=["sex", "race"],
        random_state=0,
        n_jobs=2,
    )
    for name, target in targets.items()
}
for name, report in reports.items():
    print(f"{name}: {report.statement}\n")

# %%
# The fully grown forest tells members from non-members clearly better than a coin. The other two
# models stay within two percentage points of 50 %.
#
# Here is the whole report of the leaking forest. The training accuracy is 1, the test accuracy is
# not: a record that the forest gets wrong is hardly ever a member. The bound on ε comes from just
# this, and it is why ε is large while the true positive rate at few false alarms is 0.
print(reports["forest, fully grown"])

# %%
# ROC curves
# ----------
#
# Attack scores must be drawn on records that no threshold was learned from. So an auditor fits the
# attack on half of the records, with their membership, and measures it on the other half.
#
# Both axes are logarithmic, since the left end is what matters: there an attacker is sure of the
# people they name.
X_both, y_both = pd.concat([X_train, X_test]), pd.concat([y_train, y_test])
membership = np.repeat([1, 0], [len(X_train), len(X_test)])
X_known, X_rest, y_known, y_rest, known, rest = train_test_split(
    X_both, y_both, membership, train_size=0.5, stratify=membership, random_state=0
)
attacks = {
    name: MetricAttack(target, signal="modified_entropy").fit(X_known, y_known, known)
    for name, target in targets.items()
}

figure, ax = plt.subplots(layout="constrained")
for name, attack in attacks.items():
    scores = attack.score_samples(X_rest, y_rest)
    fpr, tpr, _ = membership_roc_curve(rest, scores)
    auc = membership_roc_auc(rest, scores)
    ax.step(fpr, tpr, where="post", label=f"{name}, AUC {auc}")
ax.plot([1e-3, 1], [1e-3, 1], color="gray", linestyle="--", label="chance")
ax.set(
    xscale="log",
    yscale="log",
    xlim=(1e-3, 1),
    ylim=(1e-3, 1),
    xlabel="false positive rate",
    ylabel="true positive rate",
    title="Modified-entropy attack",
)
ax.legend(loc="upper left")
plt.show()

# %%
# The two models without much to tell follow the chance line. The curve of the fully grown forest
# starts far to the right: the forest is certain and right about a fifth of the non-members, which
# share the highest score with many members. No threshold separates these, so every smaller false
# positive rate but 0 is out of reach. From there on the curve lies above chance.

# %%
# Who is exposed
# --------------
#
# A report also measures the strongest attack on each group alone.
figure, axes = plt.subplots(1, 2, sharey=True, width_ratios=[2, 5], layout="constrained")
report = reports["forest, fully grown"]
for ax, kind in zip(axes, ["sex", "race"], strict=True):
    parts = [part for part in report.slices if part.kind == kind]
    auc = np.array([(part.roc_auc, part.roc_auc.low, part.roc_auc.high) for part in parts])
    position = np.arange(len(parts))
    ax.errorbar(
        position,
        auc[:, 0],
        yerr=[auc[:, 0] - auc[:, 1], auc[:, 2] - auc[:, 0]],
        fmt="o",
        capsize=4,
    )
    ax.axhline(0.5, color="gray", linestyle="--")
    labels = [f"{part.value}\n({part.n_members})" for part in parts]
    ax.set_xticks(position, labels, rotation=30, ha="right")
    ax.set(xlabel=f"{kind} (members)", xlim=(-0.5, len(parts) - 0.5))
axes[0].set_ylabel("AUC")
figure.suptitle(f"Exposure by group, {report.strongest} attack on the fully grown forest")
plt.show()

# %%
# Are two groups really unlike? Each interval is of one group alone. The exposure gap is about the
# difference, and its interval pays for choosing the two most unlike groups out of all.
for gap in report.exposure_gaps:
    if gap.kind in ("sex", "race"):
        print(f"{gap.kind}: {gap.most_exposed} over {gap.least_exposed}, {gap.difference}")

# %%
# Men are more exposed than women in this forest. For race the interval reaches below 0: the small
# groups have too few members to tell.

# %%
# Can the risks be believed?
# --------------------------
#
# ``predict_proba`` gives each record a risk: the probability that it is a member. Of the records
# with a risk of 0.7, seven in ten should be members. We check this for two attackers. The auditor
# has fitted on known members of the target. The outsider knows none and trains a shadow model on
# half of 8,000 rows of their own, so on as many rows as the target had.
auditor = attacks["forest, fully grown"]
rows = np.arange(2 * len(X_train))
outsider = MetricAttack(targets["forest, fully grown"], random_state=0)
outsider.fit(X_outside.iloc[rows], y_outside.iloc[rows])

figure, ax = plt.subplots(layout="constrained")
for name, attack in {"auditor": auditor, "outsider": outsider}.items():
    reliability = risk_reliability(rest, attack.predict_proba(X_rest, y_rest)[:, 1])
    fraction = reliability.member_fraction
    ax.errorbar(
        reliability.mean_risk,
        fraction,
        yerr=[fraction - reliability.low, reliability.high - fraction],
        fmt="o",
        capsize=4,
        label=f"{name}, calibration error {reliability.expected_calibration_error:.3f}",
    )
    print(f"{name}: Brier score {reliability.brier_score:.3f}")
ax.plot([0, 1], [0, 1], color="gray", linestyle="--", label="perfect")
ax.set(xlabel="predicted risk", ylabel="fraction of members", title="Reliability of the risk")
ax.legend(loc="upper left")
plt.show()

# %%
# Most points lie near the diagonal, for the outsider as well: here a shadow model is a good
# stand-in for the target. The highest risks rest on few records, as their intervals show. Risks
# near 0 are sure and risks near 1 are not: this forest gives away non-members, by its mistakes,
# rather than members.
