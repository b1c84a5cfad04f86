"""Figure 10: deviation from MIA-indistinguishability.

The paper varies the split into members and others and the class balance, and finds that "small
deviations (0 to 0.1) from perfect MIA-indistinguishability generally guarantee low MIA accuracy
(50 to 55 % MIA accuracy), increasing deviations not always result in more successful attacks".

Here: class balances of 10 % to 50 %, on 4,000 and on 600 records of the target, of which 75 % or
50 % are members; in fewer records the frequencies of labels differ more by chance. Counts are
smoothed by 0.5. The runs on 4,000 records are those of Figure 4.

The claim is met if the mean of the measure among the runs with a deviation below 0.1 is surely
between 0.49 and 0.55 (the last hundredth leaves room for chance), and the attack is in the mean of
all runs surely better than a blind guess: where nothing leaks, no guarantee is needed for it.
"""

from checks import Check, mean_where, trend
from study import Study, main

STUDY = Study(
    name="figure_10",
    text=__doc__,
    x="delta_mi",
    by="n_target",
    points=[
        *({"class_balance": balance} for balance in (0.1, 0.2, 0.3, 0.4, 0.5)),
        *({"class_balance": balance, "n_target": 600} for balance in (0.1, 0.3, 0.5)),
    ],
    checks=[
        Check(
            "mean among deviations below 0.1",
            mean_where(lambda runs: runs["delta_mi"] < 0.1),
            0.49,
            0.55,
            needs_leakage=True,
        ),
        Check("rises with the deviation", trend("delta_mi"), low=0.1, counts=False),
    ],
)

if __name__ == "__main__":
    main([STUDY])
