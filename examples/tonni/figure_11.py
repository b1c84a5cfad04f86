"""Figure 11: fairness of the model.

The paper varies class and feature balance below 50 %, on 100,000 records with five features for
the groups, and finds "reduced MIA accuracy when fairness is high", most clearly for group
fairness.

Here: class balances of 10 % to 50 % and feature balances of 10 % to 50 %, the runs of Figures 4
and 5 on 4,000 records. The groups are the records with the commonest combination of low and high
values of the five features that tell most about the label, and all others.

The claim is met if the rank correlations with the deviations from group, predictive and
individual fairness (equations 8, 10 and 13) are surely above 0.1.
"""

from checks import Check, trend
from study import Study, main

STUDY = Study(
    name="figure_11",
    text=__doc__,
    x="delta_g",
    points=[
        *({"class_balance": balance} for balance in (0.1, 0.2, 0.3, 0.4, 0.5)),
        *({"feature_balance": balance} for balance in (0.1, 0.3, 0.5)),
    ],
    checks=[
        Check("rises with the deviation from group fairness", trend("delta_g"), low=0.1),
        Check("rises with the deviation from predictive fairness", trend("delta_p"), low=0.1),
        Check("rises with the deviation from individual fairness", trend("delta_i"), low=0.1),
    ],
)

if __name__ == "__main__":
    main([STUDY])
