"""Figure 6: the number of features.

The paper draws some of the features at random and finds that "the number of features of a
training dataset does not have any effect on the MIA accuracy".

Here: 5 to 14 features, 4,000 records. With fewer, hardly any record is unlike all others, so that
what a member is becomes unclear.

The claim is met if the rank correlation with the number is surely between -0.3 and 0.3, and the
attack is surely better than a blind guess: where nothing leaks, nothing depends on anything.
"""

from checks import Check, trend
from study import Study, main

STUDY = Study(
    name="figure_06",
    text=__doc__,
    x="n_features",
    points=[{"n_features": number} for number in (5, 8, 11, 14)],
    checks=[
        Check("does not depend on the features", trend("n_features"), -0.3, 0.3, needs_leakage=True)
    ],
)

if __name__ == "__main__":
    main([STUDY])
