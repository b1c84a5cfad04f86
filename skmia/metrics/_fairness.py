"""Group, predictive and individual fairness: how differently a classifier treats groups."""

import numpy as np
from scipy.stats import t as student
from sklearn.utils import check_array, check_consistent_length, check_random_state, gen_batches

from skmia._result import Estimate
from skmia.metrics._groups import class_codes, codes_to_compare
from skmia.metrics._intervals import difference, wilson
from skmia.metrics._parameters import metric
from skmia.utils._constraints import ARRAY, COUNT, Names

PAIRS_AT_ONCE = 100_000
FEWEST_RECORDS = 10
# Probabilities of half precision add up to 1 with an error of up to about this.
SUM_TOLERANCE = 1e-3


@metric(y_true=ARRAY)
def demographic_parity_difference(
    y_true, y_pred, *, sensitive_features, labels=None, compared_groups=None, confidence_level=0.95
):
    r"""Return the largest difference between the predictions of two groups.

    .. math:: \delta_g = \max_{i,j} \frac{1}{n} \sum_{y'}
              \left|P[\hat{y} = y' \mid g_i] - P[\hat{y} = y' \mid g_j]\right|

    where :math:`\hat{y}` is the predicted label, :math:`g_i` a group and :math:`n` the number of
    labels :math:`y'`. 0 means that every label is predicted equally often in all groups. The range
    is [0, 1]; the mean over all of n > 2 labels is at most 2 / n. For two labels this is
    fairlearn's function of the same name, for any number of groups.

    The maximum grows with the number of small groups, whose rates are uncertain, even for
    predictions that know nothing of them. Compare values on the same groups and numbers of records
    only, or name large ``compared_groups``.

    Parameters
    ----------
    y_true : array-like of shape (n_records,)
        True labels. They only tell which labels there are.

    Returns
    -------
    Estimate
        The difference, in [0, 1]. Its interval is made of Newcombe's for each pair of groups and
        each label, at a level that holds for all at once (Bonferroni): it pays for the choice of
        the largest, and covers more than is asked for where there are many. It takes the records
        for independent draws of their groups, and the model for given.

    Raises
    ------
    ValueError
        If the lengths differ, labels are continuous or of different types, ``labels`` or groups do
        not occur, fewer than two groups are left, or another parameter is out of its range.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, equations 7 and 8.
    .. [2] R. G. Newcombe, "Interval estimation for the difference between independent proportions:
       comparison of eleven methods", Statistics in Medicine 17, 1998, method 10.

    Examples
    --------
    >>> from skmia.metrics import demographic_parity_difference
    >>> y_true = [1, 0, 1, 0, 1, 0, 1, 0]
    >>> y_pred = [1, 1, 1, 0, 1, 0, 0, 0]
    >>> sex = ["F", "F", "F", "F", "M", "M", "M", "M"]
    >>> print(demographic_parity_difference(y_true, y_pred, sensitive_features=sex))
    0.500 [0.000, 0.789]
    """
    labeled = y_true, y_pred, sensitive_features, compared_groups
    group, (_, predicted), classes = _coded_records(*labeled)
    counts = _counts(group, predicted, (group.max() + 1, len(classes)))
    support = counts.sum(axis=1, keepdims=True)
    counts = counts[:, _columns(labels, classes)]
    return _largest_gap(counts, support, confidence_level, adds_up=counts.shape[1] == len(classes))


@metric(y_true=ARRAY, kind=[Names("recall", "precision")])
def predictive_fairness_difference(
    y_true,
    y_pred,
    *,
    sensitive_features,
    kind="recall",
    labels=None,
    compared_groups=None,
    confidence_level=0.95,
):
    r"""Return the largest difference between the recalls of two groups.

    .. math:: \delta_p = \max_{i,j} \frac{1}{n} \sum_{y'}
              \left|P[\hat{y} = y' \mid y = y', g_i] - P[\hat{y} = y' \mid y = y', g_j]\right|

    where :math:`y` is the true and :math:`\hat{y}` the predicted label, :math:`g_i` a group and
    :math:`n` the number of labels :math:`y'`. 0 means that records of each class are recognized
    equally often in all groups, 1 that those of one group always are and those of another never.

    ``kind="precision", labels=[1]`` compares the precision of class 1 instead, :math:`P[y = y' \mid
    \hat{y} = y', g_i]`, as the authors of the paper computed. This is called predictive parity.

    A label without true records in one of two groups (of the precision, without predictions) has
    no rate there. It is left out of the mean of these two groups, and two groups that have no label
    in common are left out of the maximum.

    The maximum grows with the number of small groups, whose rates are uncertain. Compare values on
    the same groups and numbers of records only, or name large ``compared_groups``.

    Parameters
    ----------
    y_true : array-like of shape (n_records,)
        True labels.
    kind : {"recall", "precision"}, default="recall"
        The rate to compare.

    Returns
    -------
    Estimate
        The difference, in [0, 1], with an interval as of :func:`demographic_parity_difference`.

    Raises
    ------
    ValueError
        If the lengths differ, labels are continuous or of different types, one of ``labels`` or
        ``compared_groups`` does not occur, fewer than two groups are left, no label has a rate in
        two groups, or another parameter is out of its range.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, equations 9 and 10.
    .. [2] M. Hardt, E. Price and N. Srebro, "Equality of Opportunity in Supervised Learning",
       NeurIPS 2016, definition 2.2.

    Examples
    --------
    >>> from skmia.metrics import predictive_fairness_difference
    >>> y_true = [1, 0, 1, 0, 1, 0, 1, 0]
    >>> y_pred = [1, 1, 1, 0, 1, 0, 0, 0]
    >>> sex = ["F", "F", "F", "F", "M", "M", "M", "M"]
    >>> print(predictive_fairness_difference(y_true, y_pred, sensitive_features=sex))
    0.500 [0.000, 0.923]
    """
    labeled = y_true, y_pred, sensitive_features, compared_groups
    group, (true, predicted), classes = _coded_records(*labeled)
    shape = group.max() + 1, len(classes)
    right = true == predicted
    hits = _counts(group[right], true[right], shape)
    support = _counts(group, true if kind == "recall" else predicted, shape)
    columns = _columns(labels, classes)
    gap = _largest_gap(hits[:, columns], support[:, columns], confidence_level)
    if gap is None:
        what = "true records" if kind == "recall" else "predictions"
        raise ValueError(
            f"kind={kind!r} needs a label with {what} in at least two groups, got none; take more "
            "records, stratify the split on label and group, or give other labels or groups."
        )
    return gap


@metric(y_proba=ARRAY, level=[Names("pairs", "group")], n_pairs=COUNT)
def individual_fairness_deviation(
    y_true,
    y_proba,
    *,
    sensitive_features,
    level="pairs",
    n_pairs=10_000,
    compared_groups=None,
    confidence_level=0.95,
    random_state=None,
):
    r"""Return how far distances of predictions are from distances of records.

    .. math:: \delta_i = \frac{1}{N} \sum_{i<j} \left|\Delta_{tv}(i, j)
              - \left|P[x_i] - P[x_j]\right|\right|, \qquad
              \Delta_{tv}(i, j) = \frac{1}{k} \sum_{y'} \left|p_i(y') - p_j(y')\right|

    where :math:`p_i(y')` is the probability of label :math:`y'` for record :math:`i`, :math:`k` the
    number of labels, :math:`P[x_i]` the share of the compared records in the group of record
    :math:`i`, and :math:`N` the number of pairs. With ``level="group"`` it is

    .. math:: \delta_i = \max_{g,g'} \left|\left|P[g] - P[g']\right|
              - \left|\max_{y'} P[\hat{y} = y' \mid g] - \max_{y'} P[\hat{y} = y' \mid g']\right|
              \right|

    where :math:`\hat{y}` is the label of the highest probability. The range is [0, 1]. 0 means that
    predictions differ exactly as much as the groups differ in size.

    So 0 does **not** mean equal predictions: those give the mean difference of the sizes, which is
    0 only for groups of one size. The paper leaves open what :math:`P[x_i]` is; the share of the
    record's group is our reading, as is the mean where it sums over pairs. At the level of groups,
    the maximum grows with the number of small groups, whose rates are uncertain.

    Parameters
    ----------
    y_true : Ignored
        Not used, present for API consistency by convention.
    y_proba : array-like of shape (n_records, n_classes) or (n_records,)
        Probabilities; of one dimension, those of the second of two classes.
    level : {"pairs", "group"}, default="pairs"
        Compare pairs of records, as in the paper, or groups, as its authors' code does.
    n_pairs : int, default=10_000
        Pairs of records, at least 1. If there are no more, all are taken; else so many are drawn,
        with replacement, and the standard error is at most 0.5 / sqrt(n_pairs).
    random_state : int, RandomState instance or None, default=None
        Draws the pairs. Not used where all are taken.

    Returns
    -------
    Estimate
        The deviation, in [0, 1]. Its interval takes the shares of the groups and the model for
        given, and the records for independent draws. For pairs it is Student's, with the variance
        of pairs that share records [3]_, and needs 10 records beyond one of each group. For groups
        it is as for :func:`demographic_parity_difference`.

    Raises
    ------
    ValueError
        If the lengths differ, ``y_proba`` holds no probabilities of two or more classes, groups do
        not occur, fewer than two are left, or another parameter is out of its range.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, equations 11 to 13.
    .. [2] C. Dwork, M. Hardt, T. Pitassi, O. Reingold and R. Zemel, "Fairness Through Awareness",
       Innovations in Theoretical Computer Science, 2012, section 2.
    .. [3] P. M. Aronow, C. Samii and V. A. Assenova, "Cluster-Robust Variance Estimation for Dyadic
       Data", Political Analysis 23, 2015, section 3.

    Examples
    --------
    >>> from skmia.metrics import individual_fairness_deviation
    >>> y_proba = [0.9, 0.9, 0.4, 0.4]
    >>> sex = ["F", "F", "M", "M"]
    >>> deviation = individual_fairness_deviation(None, y_proba, sensitive_features=sex)
    >>> round(deviation, 3)  # four of the six pairs differ by 0.5, and the groups are equally large
    0.333
    """
    group, y_proba = _compared(sensitive_features, compared_groups, _checked_proba(y_proba))
    share = np.bincount(group) / len(group)
    if level == "group":
        predicted = y_proba.argmax(axis=1)
        counts = _counts(group, predicted, (len(share), y_proba.shape[1]))
        return _largest_group_deviation(counts, share, confidence_level)
    pairs = _pairs(len(group), n_pairs, random_state)
    deviations = _pair_deviations(share[group], y_proba, *pairs)
    return _mean_over_pairs(deviations, pairs, group, confidence_level)


def _compared(sensitive_features, groups, *arrays):
    """Return the group of each record to compare, and these records' rows of arrays."""
    codes, _ = codes_to_compare(sensitive_features, groups)
    check_consistent_length(*arrays, codes)
    inside = codes >= 0
    return codes[inside], *(array[inside] for array in arrays)


def _coded_records(y_true, y_pred, sensitive_features, groups):
    """Return groups and true and predicted classes as integers, and the classes that occur."""
    (true, predicted), classes = class_codes(y_true=y_true, y_pred=y_pred)
    group, true, predicted = _compared(sensitive_features, groups, true, predicted)
    # labels of groups left out alone are left out too
    present, codes = np.unique(np.concatenate([true, predicted]), return_inverse=True)
    return group, np.split(codes, 2), classes[present]


def _counts(group, label, shape):
    cells = np.ravel_multi_index((group, label), shape)
    return np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape)


def _columns(labels, classes):
    if labels is None:
        return slice(None)
    position = {label: i for i, label in enumerate(classes.tolist())}
    wanted = list(dict.fromkeys(labels))
    absent = [label for label in wanted if label not in position]
    if absent:
        raise ValueError(
            f"labels must occur in y_true or y_pred, got {absent} that do not; there are "
            f"{list(position)}. Correct them, leave them out, or take more records."
        )
    return [position[label] for label in wanted]


def _checked_proba(y_proba):
    y_proba = check_array(
        y_proba, ensure_2d=False, dtype=np.float64, ensure_all_finite=False, input_name="y_proba"
    )
    n_wrong = np.count_nonzero(~((y_proba >= 0) & (y_proba <= 1)))
    if n_wrong:
        raise ValueError(
            f"y_proba must lie in [0, 1], got {n_wrong} other values or NaN; give what "
            "predict_proba returns, not decision values."
        )
    if y_proba.ndim == 1:
        y_proba = np.column_stack([1 - y_proba, y_proba])
    if y_proba.shape[1] == 1:
        raise ValueError(
            "y_proba must have a column for each of at least two classes, got 1 column; if it is "
            "the probability of the second of two classes, give y_proba[:, 0]."
        )
    error = np.abs(y_proba.sum(axis=1) - 1).max()
    if error > SUM_TOLERANCE:
        raise ValueError(
            f"y_proba must add up to 1 in each row, got a row that is {error:g} off; divide by the "
            "sum of the row if these are scores of the classes."
        )
    return y_proba


def _pairs(n_records, n_pairs, random_state):
    """Return all pairs of records if there are at most n_pairs, else so many drawn at random."""
    if n_records * (n_records - 1) // 2 <= n_pairs:
        return np.triu_indices(n_records, 1)
    rng = check_random_state(random_state)
    first = rng.randint(n_records, size=n_pairs)
    return first, (first + rng.randint(1, n_records, size=n_pairs)) % n_records


def _pair_deviations(share, y_proba, first, second):
    deviations = []
    for batch in gen_batches(len(first), PAIRS_AT_ONCE):
        i, j = first[batch], second[batch]
        total_variation = np.abs(y_proba[i] - y_proba[j]).mean(axis=1)
        deviations.append(np.abs(total_variation - np.abs(share[i] - share[j])))
    return np.concatenate(deviations)


def _largest_gap(hits, support, confidence_level, *, adds_up=False):
    """Return the largest mean difference between the rates of two groups, with its interval."""
    # At a level that holds for all pairs of groups and all labels at once (Bonferroni), the means
    # and the maximum lie between those of the ends.
    n_groups, n_labels = hits.shape
    n_compared = n_groups * (n_groups - 1) // 2 * (1 if adds_up and n_labels == 2 else n_labels)
    rates = _rates(hits, support, (1 - confidence_level) / n_compared)
    largest = []
    for i in range(1, n_groups):  # one group against all before: all pairs may not fit in memory
        gaps = _gaps(rates, i)
        n_gaps = np.count_nonzero(~np.isnan(gaps[0]), axis=1)
        means = np.nansum(gaps, axis=2)[:, n_gaps > 0] / n_gaps[n_gaps > 0]
        largest.extend(means.max(axis=1, keepdims=True).T if means.size else [])
    if not largest:
        return None
    return _largest(largest, n_compared)


def _largest_group_deviation(counts, share, confidence_level):
    """Return how far differences of top rates are from those of the given shares at most."""
    n_groups, n_labels = counts.shape
    n_compared = n_groups * (n_groups - 1) // 2 * (1 if n_labels == 2 else n_labels)
    support = counts.sum(axis=1, keepdims=True)
    # limits that hold for all labels at once hold for the largest of them
    top = [
        part.max(axis=1) for part in _rates(counts, support, (1 - confidence_level) / n_compared)
    ]
    largest = []
    for i in range(1, n_groups):
        gap, low, high = _gaps(top, i)
        sizes = np.abs(share[i] - share[:i])
        nearest = np.clip(sizes, low, high)
        farthest = np.maximum(np.abs(sizes - low), np.abs(sizes - high))
        parts = np.abs(sizes - gap), np.abs(sizes - nearest), farthest
        largest.append([part.max() for part in parts])
    return _largest(largest, n_compared)


def _largest(gaps, n_compared):
    """Return the largest of differences that have their intervals together."""
    value, low, high = np.max(gaps, axis=0)
    method = "Newcombe, Wilson limits"
    if n_compared > 1:
        method += f", Bonferroni over {n_compared:,} comparisons"
    return Estimate(value, low, min(high, 1), method)


def _mean_over_pairs(deviations, pairs, group, confidence_level):
    """Return the mean over pairs of records, with the interval of a mean of dyads within groups."""
    value = deviations.mean()
    n_pairs = len(deviations)
    n_spare = len(group) - group.max() - 1  # beyond one of each group
    if n_spare < FEWEST_RECORDS:
        needed = f"no interval: it needs {FEWEST_RECORDS} records beyond one of each group"
        return Estimate(value, method=f"{needed}, got {n_spare}")
    record = np.concatenate(pairs)
    apart = np.tile(deviations - value, 2)
    center = _group_means(group[record], apart, group)[group[record]]
    of_record = np.bincount(record, apart - center, minlength=len(group))
    size = np.bincount(group)[group]
    # the squares of single pairs stand there twice: that covers more than is asked for, if anything
    error = np.sqrt((of_record**2 * size / np.maximum(size - 1, 1)).sum()) / n_pairs
    half = student.isf((1 - confidence_level) / 2, n_spare) * error
    ends = np.clip([value - half, value + half], 0, 1)
    return Estimate(value, *ends, "Student's t, with the covariance of pairs that share a record")


def _group_means(group_of_value, values, group):
    """Return each group's mean, 0 for a group of one record, whose spread is not known."""
    n_groups = group.max() + 1
    means = np.bincount(group_of_value, values, minlength=n_groups)
    means /= np.maximum(np.bincount(group_of_value, minlength=n_groups), 1)
    return np.where(np.bincount(group) > 1, means, 0)


def _rates(hits, support, alpha):
    """Return rates with their limits; NaN is no rate."""
    support = np.where(support > 0, support, np.nan)
    return hits / support, *wilson(hits, support, alpha)


def _gaps(rates, i):
    """Return how far the rates of group i are from those of each before, with limits."""
    own = [part[i] for part in rates]
    before = [part[:i] for part in rates]
    low, high = difference(own, before)
    nearest = np.maximum(np.maximum(low, -high), 0)
    return np.array([np.abs(own[0] - before[0]), nearest, np.maximum(high, -low)])
