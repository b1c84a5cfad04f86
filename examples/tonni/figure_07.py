"""Figure 7: the entropy of the data.

The paper finds that "as the entropy of the training dataset increases, the MIA accuracy
decreases", more slowly on Adult. It does not say how the entropy was varied; in the authors' code
it is the number of features that is varied.

Here: records are chosen so that the entropy (equations 1 and 2, base 2, numbers cut into 16
intervals) is 0.85 to 1.08 times that of all records; 4,000 records.

The claim is met if the rank correlation with the entropy is surely below -0.1.
"""

from checks import Check, trend
from study import Study, main

STUDY = Study(
    name="figure_07",
    text=__doc__,
    x="dataset_entropy",
    points=[{"entropy": factor} for factor in (0.85, 0.93, 1.0, 1.08)],
    checks=[Check("falls with the entropy", trend("dataset_entropy"), high=-0.1)],
)

if __name__ == "__main__":
    main([STUDY])
