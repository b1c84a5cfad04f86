"""Label-only attacks of Choquette-Choo et al. (2021): the gap attack and robustness to noise."""

from numbers import Integral

import numpy as np
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils import check_array, check_random_state, column_or_1d
from sklearn.utils.validation import check_consistent_length

from skmia._records import concatenate
from skmia._response import batches, label_index, taken
from skmia.attacks._base import BaseAttack
from skmia.attacks._shadows import train_shadow
from skmia.attacks._thresholds import best_threshold
from skmia.attacks.direct._perturbation import Perturbation, noise_grid
from skmia.utils._constraints import ARRAY, validate_params
from skmia.utils._sklearn import Interval, StrOptions, _safe_indexing

_MOST_RECORDS_TO_CHOOSE_BY = 1000
_MOST_QUERIES_TO_CHOOSE_BY = 100


class LabelOnlyAttack(BaseAttack):
    """Find members by the labels alone that the target predicts for them and for noisy copies.

    Members tend to lie farther from the decision boundary. The attack score is the share of copies
    that the target gives the record's label, and 0 for a record that it misclassifies.

    The attacker knows the record with its label and sees which class the target predicts, but no
    probabilities. They ask `n_queries` + 1 times for each record. To calibrate they have records
    from the target's distribution, and either know some of its members or train one shadow model.

    Parameters
    ----------
    target : estimator, default=None
        The fitted classifier under attack; only `predict` is called. None makes a template.
    method : {"noise", "gap"} or callable, default="noise"
        - "noise": copies with noise that suits each column, see Notes;
        - "gap": a record counts as a member if it is classified right [2]_, with one query;
        - a function `augmentation(X, random_state)` that returns a changed copy of each record of
          `X`, in the same container. It gets one record at a time, repeated `n_queries` times, with
          the same integer seed for all records.
    n_queries : int, default=500
        Number of copies of each record.
    noise : "auto" or tuple of float, default="auto"
        Amount of noise, for the method "noise": a pair (sigma, flip_rate). Sigma is the standard
        deviation on continuous columns, in units of the column's own; flip_rate the probability
        that any other value changes. "auto" chooses among five pairs by the attack's accuracy on
        the shadow model, or on the records of known membership.

    Attributes
    ----------
    noise_ : tuple of float or None
        The pair (sigma, flip_rate) in use; None for other methods.

    Notes
    -----
    The records of `fit` show the kind of each column. Numbers of more than two values are
    continuous and get Gaussian noise. A column of two values, or of only zeros or ones, takes the
    other value with probability flip_rate. Any other column, of texts or categories, takes with
    this probability a value drawn from its marginal. In arrays a numbered category is continuous:
    give a frame with categories, or a function. The pairs of "auto" have sigma from 0.05 to 0.8 and
    change 1 to 10 columns of a record on average, but at most half. They are compared on up to
    1,000 records with up to 100 copies each.

    The k-th copy of every record gets the same noise, so that a score depends on the record alone,
    and similar records are compared more exactly. A score is a multiple of 1 / `n_queries`, and
    equal scores stay equal: a threshold can reach few false positive rates where many records keep
    their label in all copies.

    The boundary distance of [1]_, measured with HopSkipJump, is not implemented.

    References
    ----------
    .. [1] C. A. Choquette-Choo, F. Tramèr, N. Carlini and N. Papernot, "Label-only membership
       inference attacks", ICML 2021, section 3.
    .. [2] S. Yeom, I. Giacomelli, M. Fredrikson and S. Jha, "Privacy risk in machine learning:
       analyzing the connection to overfitting", CSF 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.attacks import LabelOnlyAttack
    >>> X, y = make_classification(1500, flip_y=0.3, random_state=0)
    >>> members, others, own = np.split(np.arange(1500), 3)
    >>> target = DecisionTreeClassifier(random_state=0).fit(X[members], y[members])
    >>> rows, membership = np.r_[members, others], np.repeat([1, 0], 500)
    >>> attack = LabelOnlyAttack(target, n_queries=50, random_state=0).fit(X[own], y[own])
    >>> round(attack.score(X[rows], y[rows], membership), 2)
    0.64
    """

    response_method = "predict"  # of BaseAttack, here no choice
    _risk_scale = "rank"

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        **{k: v for k, v in BaseAttack._parameter_constraints.items() if k != "response_method"},
        "method": [StrOptions({"noise", "gap"}), callable],
        "n_queries": [Interval(Integral, 1, None, closed="left")],
        "noise": [StrOptions({"auto"}), tuple, list],
    }

    def __init__(
        self,
        target=None,
        *,
        method="noise",
        n_queries=500,
        noise="auto",
        per_class=False,
        n_bins=20,
        prior=0.5,
        random_state=None,
        n_jobs=None,
    ):
        self.target = target
        self.method = method
        self.n_queries = n_queries
        self.noise = noise
        self.per_class = per_class
        self.n_bins = n_bins
        self.prior = prior
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def _known_threshold(self):
        # the gap attack is defined by correctness, and has nothing to learn
        return 1.0 if self.method == "gap" else None

    @property
    def _threat_model(self):
        queries = "1 query" if self.method == "gap" else f"{self.n_queries + 1} queries"
        return f"sees labels alone, of {queries} a record; has labeled records"

    def _fit(self, X, y, membership):
        """Choose the noise; return the model to calibrate on, its members and what it was asked."""
        rng = check_random_state(self.random_state)
        model = self.target
        # all drawn at once, so that noise and shadow do not depend on how the noise is chosen
        self._seed, seed_of_shadow, seed_of_choice = rng.randint(2**31 - 1, size=3).tolist()
        if membership is None:
            model, membership = train_shadow(model, X, y, seed_of_shadow)
        # for the choice and the calibration together, records are asked for once
        model = self._asked_once(model, X)
        asked = None
        self.noise_ = None
        if self.method == "noise":
            self._perturbation = Perturbation(self._seed).fit(X)
            self.noise_, asked = self._chosen_noise(model, X, y, membership, seed_of_choice)
        return model, membership, asked

    def _calibration_scores(self, X, y, membership, known):
        model, membership, asked = known
        scores = self._score_samples(model, X, y, asked)
        return scores, membership, label_index(y, self.target_classes_)

    def _chosen_noise(self, model, X, y, membership, seed):
        """Return the noise, and by which rows it was chosen with which of their copies kept."""
        if self.noise != "auto":
            return _checked_noise(self.noise), None
        rows = np.random.RandomState(seed).permutation(len(y))[:_MOST_RECORDS_TO_CHOOSE_BY]
        model, X = taken(model, X, rows)
        y = y[rows]
        membership = membership[rows]
        pairs = noise_grid(self._perturbation.n_flipped)
        if len(np.unique(membership)) < 2:  # nothing to choose by
            return pairs[len(pairs) // 2], None
        n_queries = min(self.n_queries, _MOST_QUERIES_TO_CHOOSE_BY)
        tried = [self._robustness(model, X, y, n_queries, pair) for pair in pairs]
        called = [scores >= best_threshold(membership, scores) for scores, _ in tried]
        # of equal ones the weakest noise, since pairs go from the weakest to the strongest
        best = np.argmax([balanced_accuracy_score(membership, calls) for calls in called])
        # their first copies need not be asked for again
        return pairs[best], (rows, tried[best][1])

    def _score_samples(self, model, X, y, asked=None):
        if self.method == "gap":
            return self._gives_label(model, X, y).astype(np.float64)
        return self._robustness(model, X, y, self.n_queries, self.noise_, asked)[0]

    def _gives_label(self, model, X, y):
        """Return for which records the model predicts the label."""
        # of a model that is asked for labels alone, the confidence is 1 or 0
        return self._observe(model, X, y, "confidence") == 1

    def _robustness(self, model, X, y, n_queries, noise, asked=None):
        """Return the scores, and which copies keep the label, of `asked` records some known."""
        # of misclassified records no copies are asked for, as their score is 0 whatever these give
        correct = self._gives_label(model, X, y)
        kept = np.zeros((len(y), n_queries), dtype=bool)
        n_asked = np.zeros(len(y), dtype=int)
        if asked is not None:
            rows, first = asked
            kept[rows, : first.shape[1]] = first
            n_asked[rows] = first.shape[1]
        # records that were asked for before have fewer copies left
        for start in np.unique(n_asked[correct & (n_asked < n_queries)]):
            numbers = range(start, n_queries)
            of_start = np.flatnonzero(correct & (n_asked == start))
            n_numbers = len(numbers) * max(getattr(self, "n_features_in_", 1), 1)
            for part in batches(len(of_start), n_numbers):
                rows = of_start[part]
                about = model, _safe_indexing(X, rows), y[rows]
                kept[rows, start:] = self._kept(*about, numbers, noise)
        return label_only_scores(kept, correct), kept

    def _kept(self, model, X, y, numbers, noise):
        """Return which copies of each record, of these numbers, keep its label."""
        shape = len(y), len(numbers)
        if callable(self.method):
            # one record at a time with one seed, so that a record's copies depend on it alone
            repeated = (_safe_indexing(X, np.full(shape[1], i)) for i in range(shape[0]))
            copies = [self.method(records, self._seed) for records in repeated]
            return np.reshape(model.predict(concatenate(*copies)), shape) == y[:, None]
        # copies come copy by copy, functions' copies record by record
        copies = self._perturbation.copies(X, numbers, *noise)
        return (np.reshape(model.predict(copies), shape[::-1]) == y).T


def _checked_noise(noise):
    try:
        sigma, flip_rate = map(float, noise)
    except (TypeError, ValueError):
        sigma = flip_rate = np.nan  # which no comparison holds for, so that the message is one
    if not (0 <= sigma < np.inf and 0 <= flip_rate <= 1):
        raise ValueError(
            "noise must be 'auto' or a pair (sigma, flip_rate) with sigma of at least 0 and "
            f"flip_rate in [0, 1], got {noise!r}."
        )
    return sigma, flip_rate


@validate_params(copies_correct=ARRAY, correct=ARRAY)
def label_only_scores(copies_correct, correct):
    r"""Return the share of a record's changed copies that keep its label.

    .. math:: \frac{1}{N} \sum_k [f(x_k) = y] \quad \text{if } f(x) = y, \text{ else } 0

    with the record :math:`x` of label :math:`y`, the label :math:`f(x)` that the target predicts,
    and N copies :math:`x_k`. 1 means that no copy crosses the decision boundary.

    Parameters
    ----------
    copies_correct : array-like of bool, shape (n_records, n_queries)
        Whether the target gives each copy of a record the record's label.
    correct : array-like of bool, shape (n_records,)
        Whether it gives the record itself this label.

    Returns
    -------
    ndarray of shape (n_records,)
        The scores, in [0, 1].

    Raises
    ------
    ValueError
        If shapes do not fit.

    References
    ----------
    .. [1] C. A. Choquette-Choo, F. Tramèr, N. Carlini and N. Papernot, "Label-only membership
       inference attacks", ICML 2021, section 3.

    Examples
    --------
    >>> from skmia.attacks import label_only_scores
    >>> label_only_scores([[1, 1, 0, 1], [1, 1, 1, 1]], [1, 0])
    array([0.75, 0.  ])
    """
    copies_correct = check_array(copies_correct, dtype=bool, ensure_min_samples=0)
    correct = column_or_1d(correct)
    check_consistent_length(copies_correct, correct)
    return copies_correct.mean(axis=1) * correct.astype(bool)
