"""Figure 3: the size of the target's data.

The paper varies the target's data as in Figure 2, with the shadow's fixed, and finds that "the
size of target dataset does not show any significant impact on MIA accuracy".

Here: 1,000 to 10,000 records for the target of each data set, 4,000 for the shadow. For the
generated data sets that is a tenth, and all learning rates are ten times the paper's.

The claim is met if the rank correlation with the size is surely between -0.3 and 0.3, and the
attack is surely better than a blind guess: where nothing leaks, nothing depends on anything.
"""

from checks import Check, trend
from study import Study, main

STUDY = Study(
    name="figure_03",
    text=__doc__,
    x="n_target",
    points=[{"n_target": size} for size in (1000, 2000, 4000, 7000, 10_000)],
    reference=10_000,
    checks=[
        Check(
            "does not depend on the size of the target's data",
            trend("n_target"),
            -0.3,
            0.3,
            needs_leakage=True,
        )
    ],
)

if __name__ == "__main__":
    main([STUDY])
