"""Synthetic stand-ins for the two data sets that membership inference is mostly measured on."""

import warnings
from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import normalize
from sklearn.utils import check_random_state

from skmia.utils._constraints import SHARE, TWO_OR_MORE, Number, validate_params

_N_TASTES = 60
_LIFTED_SHARE = 0.15
_TASTE_SHAPE = 0.3
_HIGHEST_RATE = 0.6
_FEWEST_ITEMS = 5
_N_AT_ONCE = 4096  # customers drawn in a block, of whom some are left out

# values of each one-hot block: hospital, county, age, status, payer, quarter, length of stay,
# source, admission type, race, severity, sex, ethnicity
_BLOCK_SIZES = (400, 250, 22, 20, 18, 16, 12, 9, 6, 5, 4, 3, 3)
_POOL_SIZE = 60
_MEAN_FURTHER_CODES = 7
# records of each of the 100 classes of the real Texas-100
_TEXAS_CLASS_SIZES = """
    341 329 876 340 434 381 268 263 262 318 459 618 505 236 2488 256 525 244 845 546 334 1636 443
    241 988 309 310 376 428 342 2317 348 614 469 1508 342 989 551 385 559 414 452 510 552 273
    1243 304 2192 258 891 1013 1336 262 303 271 309 313 1201 704 853 291 423 299 244 448 2686
    1151 295 516 262 344 316 2687 237 313 668 370 257 897 290 312 1072 357 367 432 274 299 340
    276 319 421 1299 581 1599 2345 726 270 2080 3046 244
"""


@validate_params(
    n_samples=TWO_OR_MORE,
    n_features=[Number(Integral, _FEWEST_ITEMS, None, closed="left")],
    n_classes=TWO_OR_MORE,
    density=[Number(Real, 0, 0.6, closed="right")],
    strength=SHARE,
    activity=[Number(Real, 0, 10, closed="both")],
)
def make_purchase_like(
    n_samples=10_000,
    *,
    n_features=600,
    n_classes=100,
    density=0.034,
    strength=0.9,
    activity=0.85,
    random_state=None,
):
    r"""Draw shopping histories that resemble Purchase-100: one row a customer, one column an item.

    A customer :math:`i` buys item :math:`j` with probability

    .. math::

        \min\Big(0.6,\; p_j \, e^{s z_i - s^2 / 2}
        \Big(1 - \lambda + \lambda \sum_t w_{it} \frac{b_{tj}}{0.15}\Big)\Big)

    with the item's popularity :math:`p_j \propto (j + 5)^{-0.7}` for :math:`j = 1, 2, \dots`, at
    most 0.6, the `activity` :math:`s`, the `strength` :math:`\lambda` and a standard normal
    :math:`z_i`. Each of 60 tastes lifts 15 % of the items (:math:`b_{tj}` is 1 for those). The
    customer's taste weights :math:`w_{it}` are Gamma variables of shape 0.3 divided by their sum.
    Customers with fewer than 5 items are left out. The classes are clusters, as in the real data
    [1]_, of k-means on the rows divided by their Euclidean length.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of records, at least `n_classes`. Shokri et al. had 197,324.
    n_features : int, default=600
        Number of items, from the most to the least popular.
    n_classes : int, default=100
        Number of classes, at least 2. The literature takes 2, 10, 20, 50 and 100.
    density : float, default=0.034
        Mean popularity of the items, in (0, 0.6].
    strength : float, default=0.9
        How much tastes decide, in [0, 1]. At 0 the classes are arbitrary.
    activity : float, default=0.85
        Standard deviation of the logarithm of how much a customer buys, in [0, 10].
    random_state : int, RandomState instance or None, default=None
        Draws the records and starts the clustering.

    Returns
    -------
    X : ndarray of float32, shape (n_samples, n_features)
        Zeros and ones.
    y : ndarray of int64, shape (n_samples,)
        Labels from 0 to ``n_classes - 1``, all of them present.

    Raises
    ------
    ValueError
        If a parameter is out of its range, few customers buy 5 items, or too many rows are alike.
    TypeError
        If a parameter is not a number of its kind.

    Notes
    -----
    The real records were not at hand. The parameters were chosen to resemble another shop, Ta-Feng,
    whose customers were clustered by the same recipe. Three draws of 10,000 records (and Ta-Feng)
    had 22.0–22.6 (20.4) ones per row, with a standard deviation of 18.8–19.7 (17.5), and column
    means of 0.27–0.34 (0.38) for the most frequent item and of 0.18, 0.08 and 0.033 (0.20, 0.08,
    0.033) for the 10th, 50th and 200th. Of models trained on 5,000 records, the test accuracy was
    0.71 (0.74) for logistic regression, 0.57–0.60 (0.60) for a random forest and 0.60–0.64 (0.65)
    for a network.

    Clustering 100,000 records takes a minute and a half on two cores. The accuracy of a model of
    5,000 records depends on how many were clustered, as more make clusters more regular.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, section VI-A.

    Examples
    --------
    >>> from skmia.datasets import make_purchase_like
    >>> X, y = make_purchase_like(200, n_classes=4, random_state=0)
    >>> X.shape, sorted(set(y.tolist()))
    ((200, 600), [0, 1, 2, 3])
    """
    # numbers of numpy with few bits would overflow
    n_samples, n_features, n_classes = map(int, (n_samples, n_features, n_classes))
    _check_enough(n_samples, n_classes)
    rng = check_random_state(random_state)
    popularity = _zipf(n_features, 0.7, offset=5)
    # _zipf sums to 1, so that the mean becomes the density
    popularity = (popularity * density * n_features).clip(max=_HIGHEST_RATE)
    tastes = rng.random_sample((_N_TASTES, n_features)) < _LIFTED_SHARE
    lifts = 1 - strength + strength * tastes / _LIFTED_SHARE
    X = _customers(n_samples, popularity * lifts, activity, rng)
    return X.astype(np.float32), _clusters(X, n_classes, rng)


def _customers(n_samples, taste_rates, activity, rng):
    """Draw blocks of customers until enough of them bought enough."""
    blocks = []
    n_missing = n_samples
    while n_missing > 0:
        weights = rng.gamma(_TASTE_SHAPE, size=(_N_AT_ONCE, len(taste_rates)))
        weights /= weights.sum(axis=1, keepdims=True)
        # less s^2 / 2, so that the mean over customers is 1 whatever the activity
        factor = np.exp(activity * rng.standard_normal((_N_AT_ONCE, 1)) - activity**2 / 2)
        rates = (factor * (weights @ taste_rates)).clip(max=_HIGHEST_RATE)
        block = rng.random_sample(rates.shape) < rates
        block = block[block.sum(axis=1) >= _FEWEST_ITEMS]
        # else the loop would hardly ever end
        if len(block) < _N_AT_ONCE / 100:
            raise ValueError(
                f"Only {len(block)} of {_N_AT_ONCE} customers bought {_FEWEST_ITEMS} of the "
                f"{taste_rates.shape[1]} items; raise density or n_features."
            )
        blocks.append(block[:n_missing])
        n_missing -= len(block)
    return np.concatenate(blocks)


def _clusters(X, n_classes, rng):
    # float64: threads add up in any order, and no label may hang on the rounding
    rows = normalize(X.astype(np.float64), copy=False)
    # the full algorithm: mini-batches were tried and made classes of a single record
    kmeans = KMeans(n_classes, n_init=1, random_state=rng.randint(np.iinfo(np.int32).max))
    with warnings.catch_warnings():
        # fewer clusters than asked for, which is an error below
        warnings.simplefilter("ignore", ConvergenceWarning)
        labels = kmeans.fit_predict(rows)
    n_found = len(np.unique(labels))
    if n_found < n_classes:
        raise ValueError(
            f"n_classes={n_classes} clusters cannot be made of {len(X)} records of {X.shape[1]} "
            f"items, only {n_found}: too many rows are alike. Raise n_samples or n_features."
        )
    return labels.astype(np.int64)


@validate_params(
    n_samples=TWO_OR_MORE,
    n_features=[Number(Integral, sum(_BLOCK_SIZES) + _POOL_SIZE, None, closed="left")],
    n_classes=[Number(Integral, 2, 100, closed="both")],
    class_weight=SHARE,
    label_noise=SHARE,
)
def make_texas_like(
    n_samples=10_000,
    *,
    n_features=6169,
    n_classes=100,
    class_weight=0.22,
    label_noise=0.0,
    random_state=None,
):
    """Draw hospital stays that resemble Texas-100: sparse records with classes of unequal size.

    The class is the main procedure of the stay. A record holds one value of each of 13 one-hot
    blocks (hospital, county, age and so on, 768 columns together) and 1 + Poisson(7) codes of
    diagnoses and causes, of which some coincide. Each of these is drawn from its class with
    probability `class_weight`, else from all values with Zipf popularity of exponent 1. A class
    has 60 codes of its own, any of all codes, with Zipf popularity of exponent 0.4 among them, and
    prefers the values of each block in an order of its own.

    Parameters
    ----------
    n_samples : int, default=10_000
        Number of records, at least `n_classes`. Shokri et al. had 67,330.
    n_features : int, default=6169
        Number of columns, at least 828: 768 of the blocks, the others codes.
    n_classes : int, default=100
        Number of classes, from 2 to 100: the largest of the real data, as frequent as there.
    class_weight : float, default=0.22
        How much of a record its class decides, in [0, 1].
    label_noise : float, default=0.0
        Probability that a label is drawn anew among all classes, in [0, 1].
    random_state : int, RandomState instance or None, default=None
        Draws the records.

    Returns
    -------
    X : csr_matrix of float32, shape (n_samples, n_features)
        Zeros and ones.
    y : ndarray of int64, shape (n_samples,)
        Labels from 0 to ``n_classes - 1``, all of them present.

    Raises
    ------
    ValueError
        If a parameter is out of its range.
    TypeError
        If a parameter is not a number of its kind.

    Notes
    -----
    The real records were not at hand, only the sizes of their classes. All else is assumed, and
    `class_weight` makes the accuracy of a network come near the 0.52 that is reported for the real
    data [1]_. Two draws of 20,000 records had 20.7 ± 2.5 ones per row. Of models trained on 10,000,
    the test accuracy was 0.53 for a network of 128 units and 0.47 for a random forest; on 5,000, it
    was 0.42 for the forest and 0.30 for logistic regression.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, sections VI-A and VI-E.

    Examples
    --------
    >>> from skmia.datasets import make_texas_like
    >>> X, y = make_texas_like(500, random_state=0)
    >>> X.shape, len(set(y.tolist()))
    ((500, 6169), 100)
    """
    n_columns = sum(_BLOCK_SIZES)
    # numbers of numpy with few bits would overflow
    n_samples, n_features, n_classes = map(int, (n_samples, n_features, n_classes))
    _check_enough(n_samples, n_classes)
    rng = check_random_state(random_state)
    shares = _texas_shares(n_classes)
    # one record of each class first, so that all are present
    further = rng.choice(n_classes, n_samples - n_classes, p=shares)
    y = rng.permutation(np.append(np.arange(n_classes), further))
    X = _stays(y, n_features - n_columns, class_weight, rng)
    return X, _with_noise(y, shares, label_noise, rng)


def _texas_shares(n_classes):
    """Return the shares of the largest real classes among each other, in the order of the real."""
    sizes = np.array(_TEXAS_CLASS_SIZES.split(), dtype=np.float64)
    # stable, since some classes are of one size
    largest = np.sort(np.argsort(-sizes, kind="stable")[:n_classes])
    return sizes[largest] / sizes[largest].sum()


def _stays(y, n_codes, class_weight, rng):
    """Draw the records of the classes in y: the blocks, one after the other, then the codes."""
    records = np.arange(len(y))
    n_classes = y.max() + 1
    of_block = [
        _values(y, _own_orders(n_classes, size, rng), 1.0, size, class_weight, rng)
        for size in _BLOCK_SIZES
    ]
    # each stay has one code at least
    of_codes = np.repeat(records, 1 + rng.poisson(_MEAN_FURTHER_CODES, len(y)))
    pools = _own_orders(n_classes, n_codes, rng)[:, :_POOL_SIZE]
    codes = _values(y[of_codes], pools, 0.4, n_codes, class_weight, rng)
    # blocks lie side by side, and codes behind them
    offsets = np.cumsum([0, *_BLOCK_SIZES])
    columns = np.concatenate([np.add(of_block, offsets[:-1, None]).ravel(), codes + offsets[-1]])
    rows = np.concatenate([np.tile(records, len(of_block)), of_codes])
    X = sparse.csr_matrix(
        (np.ones(len(rows), dtype=np.float32), (rows, columns)), (len(y), offsets[-1] + n_codes)
    )
    X.data[:] = 1  # a code drawn twice
    return X


def _own_orders(n_classes, n_values, rng):
    return rng.random_sample((n_classes, n_values)).argsort(axis=1)


def _values(labels, own, exponent, n_values, class_weight, rng):
    """Draw one value per label, from the class's own values or from all."""
    n_own = own.shape[1]
    of_class = own[labels, rng.choice(n_own, len(labels), p=_zipf(n_own, exponent))]
    of_all = rng.choice(n_values, len(labels), p=_zipf(n_values, 1.0))
    return np.where(rng.random_sample(len(labels)) < class_weight, of_class, of_all)


def _with_noise(y, shares, label_noise, rng):
    """Draw some labels anew, but never the first of a class, so that every class remains."""
    noisy = rng.random_sample(len(y)) < label_noise
    noisy[np.unique(y, return_index=True)[1]] = False
    return np.where(noisy, rng.choice(len(shares), len(y), p=shares), y).astype(np.int64)


def _zipf(n_values, exponent, offset=0):
    weights = (np.arange(1, n_values + 1) + offset) ** -float(exponent)
    return weights / weights.sum()


def _check_enough(n_samples, n_classes):
    if n_samples < n_classes:
        raise ValueError(
            f"n_samples must be at least n_classes, {n_classes}, got {n_samples}; each class has a "
            "record."
        )
