"""Figure 2: the size of the attacker's data.

The paper trains the shadow on 10,000 to 100,000 records of Purchase and Texas and on 1,000 to
10,000 of Adult, with the target's data fixed, and finds that "by increasing the size of shadow
dataset, the average MIA accuracy increases from about 0.5 to 1 over all the three datasets".

Here: 1,000 to 10,000 records for the shadow of each data set, 4,000 for the target. For the
generated data sets that is a tenth, and all learning rates are ten times the paper's.

The claim is met if the measure rises with the size (rank correlation above 0.1) and by at least
0.25, half of what the paper says, from the smallest to the largest.
"""

from checks import Check, contrast, trend
from study import Study, main

SIZES = (1000, 2000, 4000, 7000, 10_000)
STUDY = Study(
    name="figure_02",
    text=__doc__,
    x="n_shadow",
    points=[{"n_shadow": size} for size in SIZES],
    reference=10_000,
    checks=[
        Check("rises with the size of the shadow's data", trend("n_shadow"), low=0.1),
        Check(
            "rises by 0.25 or more",
            contrast({"n_shadow": SIZES[0]}, {"n_shadow": SIZES[-1]}),
            low=0.25,
        ),
    ],
)

if __name__ == "__main__":
    main([STUDY])
