"""Figure 9: mutual information between records and parameters.

The paper trains the default network 1,000 times, 200 times at each class balance from 10 % to 50
%, groups the runs by the mutual information of records and parameters (equations 3 and 4), and
finds that "higher mutual information is generally associated with more accurate MIA".

The mutual information of one record and one vector of parameters is not defined; the authors'
code takes the features as samples: 14 or 16 pairs of a feature's value and its largest weight.
That estimate, the mean over 200 records, is the one here. The runs are those of Figure 4: 20 at
each balance.

The claim is met if the rank correlation with it is surely above 0.1.
"""

from checks import Check, trend
from study import Study, main

STUDY = Study(
    name="figure_09",
    text=__doc__,
    x="record_mi",
    points=[{"class_balance": balance} for balance in (0.1, 0.2, 0.3, 0.4, 0.5)],
    checks=[Check("rises with the mutual information", trend("record_mi"), low=0.1)],
)

if __name__ == "__main__":
    main([STUDY])
