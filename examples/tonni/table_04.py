"""Table 4: properties that go together.

The paper correlates class balance, feature balance, entropy and the three kinds of fairness over
its experiments, 12 pairs for each data set: "most of the pairs have at least a moderate positive
(or negative) relationship".

Here: the same pairs over class balances of 10 % to 50 % and feature balances of 10 % to 90 %, the
runs of Figures 4 and 5 with 75 % members. Class balance is the share of the rarer class of the
whole data set, feature balance that of the commonest combination of low and high values.

The table is met if the 12 rank correlations here and in the paper surely have a rank correlation
of at least 0.5 with each other. As an explanation: how many of them have the same sign, among
those that are at least 0.2 in the paper. No measure of the attack plays a part.
"""

import numpy as np
from checks import Check, correlation
from study import Study, main

NAMES = {
    "CB": "class_share",
    "FB": "group_share",
    "E": "dataset_entropy",
    "GF": "delta_g",
    "PF": "delta_p",
    "IF": "delta_i",
}
PAIRS = [
    "CB-FB", "CB-E", "FB-E", "GF-PF", "GF-IF", "PF-IF",
    "GF-CB", "PF-CB", "IF-CB", "GF-FB", "PF-FB", "IF-FB",
]  # fmt: skip
# Spearman's coefficients of Table 4
PAPER = {
    "adult": (
        -0.965, 0.817, -0.815, 0.056, 0.165, 0.11, -0.215, -0.699, -0.014, -0.523, -0.401, -0.274
    ),
    "purchase": (
        -0.709, 0.291, 0.367, 0.2, 0.461, 0.38, -0.227, -0.793, 0.001, -0.465, -0.391, -0.979
    ),
    "texas": (
        -0.955, 0.994, -0.944, 0.421, 0.322, 0.088, -0.179, -0.719, 0.002, -0.787, -0.533, -0.292
    ),
}  # fmt: skip
MODERATE = 0.2


def correlations(runs):
    """Return the rank correlations of the pairs here and in the paper."""
    pairs = [[NAMES[short] for short in pair.split("-")] for pair in PAIRS]
    here = np.array([correlation(runs[first], runs[second]) for first, second in pairs])
    return here, np.array(PAPER[runs["data"][0]])


def same_sign(runs, measure):
    """Return the share of the moderate correlations of the paper that have the same sign here."""
    here, paper = correlations(runs)
    return float((here * paper > 0)[np.abs(paper) >= MODERATE].mean())


STUDY = Study(
    name="table_04",
    text=__doc__,
    x="group_share",
    points=[
        *({"class_balance": balance} for balance in (0.1, 0.2, 0.3, 0.4, 0.5)),
        *({"feature_balance": balance} for balance in (0.1, 0.3, 0.5, 0.7, 0.9)),
    ],
    checks=[
        Check(
            "correlations like the paper's",
            lambda runs, measure: correlation(*correlations(runs)),
            low=0.5,
            of_attack=False,
        ),
        Check("share of equal signs", same_sign, low=0.75, of_attack=False, counts=False),
    ],
)

if __name__ == "__main__":
    main([STUDY])
