"""Drop the training records that an attack finds."""

from numbers import Integral, Real

import numpy as np
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags
from sklearn.utils.parallel import Parallel, delayed

from skmia._records import fingerprint, halve
from skmia._response import Answered, all_classes
from skmia.attacks._measure import measure
from skmia.sampling._row_sampler import RowSampler
from skmia.shadows._training import fit_clone
from skmia.utils._constraints import COUNT
from skmia.utils._sklearn import HasMethods, Interval, _num_samples


class VulnerableUnderSampler(RowSampler):
    r"""Drop the training records that an attack finds.

    The sampler cuts the records into two random halves of the same classes and trains a clone of
    the classifier on each half in turn. The attack is fitted on all records, does not know the
    halves, and scores those that the clone was trained on. So each record is attacked while it is a
    member, by an attacker who knows it and its likes, but not who is a member. Risks are averages
    over repetitions with other halves. Those of the smallest risk are kept.

    Parameters
    ----------
    attack : BaseAttack
        Template of the attack, without a target: its clones get each clone of the classifier as
        `target`. Choose an attack that compares a record with itself,
        :class:`~skmia.attacks.LiRA` or :class:`~skmia.attacks.RMIA`: others take records that are
        easy for any model for members.
    estimator : estimator
        The classifier to train on the records kept. It is cloned and never fitted itself.
    drop_fraction : float, default=None
        The share of records to drop, in (0, 1); by default 0.1 without `false_positive_rate`.
    false_positive_rate : float, default=None
        Drop instead the records found at this false positive rate, in (0, 1), in more than half of
        the repetitions: their attack score is above that of all but this share of the other half,
        which the clone was not trained on.
    n_repeats : int, default=1
        How often to draw halves. Each time trains and attacks 2 classifiers, each with shadow
        models of its own, unless the attack has fitted ones.
    random_state : int, RandomState instance or None, default=None
        Draws the halves, and seeds classifiers and attacks.
    n_jobs : int, default=None
        Number of halves to attack at the same time.

    Attributes
    ----------
    risk_ : ndarray of shape (n_records,)
        The mean risk of each record as a member, as the attack's `predict_proba` gives it.
    rank_ : ndarray of shape (n_records,)
        The mean rank of each record's attack score among all members, from 0 to 1.
    found_ : ndarray of shape (n_records,)
        The share of the repetitions that found the record at the false positive rate
        `false_positive_rate`; only with `false_positive_rate`.
    n_vulnerable_ : int
        Number of records dropped.

    Notes
    -----
    Records of equal risk are ordered by their rank. Records of equal labeled content are in the
    same half and have the same risk, but are dropped together only as far as `drop_fraction` goes.
    Other records of one person may stand in both halves: the risk is that of a record, with its
    likes among members and non-members. The clones see half of the records, so that records are
    more exposed here than for a classifier trained on all. To drop a whole class is an error.

    **What this does not do.** Removing the records that are found makes others the outermost, which
    are then found: the "privacy onion effect" [1]_. Do not read the risk of the records kept from
    `risk_`. Attack the classifier trained on the selection anew, on the records kept and on records
    that had no part in the choice. If the selection is published, the absence of a record may tell
    of it, so a dropped record has a risk of its own. The classifier serves the people behind
    dropped records worse: see `sampling_strategy_`. There is no guarantee, as of differential
    privacy.

    Measured with LiRA on random forests, 1,000 records of Adult, 50 of them with a flipped label:
    the attack's AUC on the 900 records kept, 0.84 to 0.87, fell by 0.04 to 0.06; dropping 100 at
    random changed it by less than 0.01. With one repetition 36 to 54 % of the 50 were dropped.

    A scorer of leakage must know that the dropped records are no members:
    :class:`~skmia.model_selection.MemberRecorder` around the pipeline does.

    References
    ----------
    .. [1] N. Carlini, M. Jagielski, C. Zhang, N. Papernot, A. Terzis and F. Tramèr, "The privacy
       onion effect: Memorization is relative", NeurIPS 2022.
    .. [2] Y. Long et al., "Understanding membership inferences on well-generalized learning
       models", 2018, arXiv:1802.04889. The defense, reconstructed here.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.attacks import LiRA
    >>> from skmia.sampling import VulnerableUnderSampler
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> sampler = VulnerableUnderSampler(LiRA(shadows=8), tree, drop_fraction=0.1, random_state=0)
    >>> X_kept, y_kept = sampler.fit_resample(X, y)
    >>> len(X), len(X_kept)
    (569, 512)
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        "attack": [HasMethods(["fit", "score_samples", "predict_proba", "set_params"])],
        "estimator": [HasMethods(["fit"])],
        "drop_fraction": [Interval(Real, 0, 1, closed="neither"), None],
        "false_positive_rate": [Interval(Real, 0, 1, closed="neither"), None],
        "n_repeats": COUNT,
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def __init__(
        self,
        attack,
        estimator,
        *,
        drop_fraction=None,
        false_positive_rate=None,
        n_repeats=1,
        random_state=None,
        n_jobs=None,
    ):
        self.attack = attack
        self.estimator = estimator
        self.drop_fraction = drop_fraction
        self.false_positive_rate = false_positive_rate
        self.n_repeats = n_repeats
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self):
        """Return the classifier's tags for X, since it is trained on the records."""
        tags = super().__sklearn_tags__()
        # anything else that has a fit may have no tags
        if isinstance(self.estimator, BaseEstimator):
            inner = get_tags(self.estimator).input_tags
            for name in ("allow_nan", "sparse", "string"):
                setattr(tags.input_tags, name, getattr(inner, name))
        return tags

    def _choose(self, X, y, rng):
        self._check_choices()
        n_records = _num_samples(X)
        halves = [half for _ in range(self.n_repeats) for half in _half_masks(X, y, rng)]
        # drawn before the jobs start, so that their order does not matter
        seeds = rng.randint(2**31 - 1, size=(len(halves), 2)).tolist()
        given = (self.attack, self.estimator, self.false_positive_rate, X, y)
        attacked = Parallel(self.n_jobs)(
            delayed(_attacked)(*given, half, *pair)
            for half, pair in zip(halves, seeds, strict=True)
        )
        totals = np.zeros((3, n_records))
        # each record is a member in one half of each repetition
        for half, values in zip(halves, attacked, strict=True):
            totals[:, half] += values
        self.risk_, self.rank_, found = totals / self.n_repeats
        if self.false_positive_rate is None:
            risk = self.risk_
            n_dropped = round((self.drop_fraction or 0.1) * n_records)  # a fraction is never 0
        else:
            risk = self.found_ = found
            n_dropped = int((found > 0.5).sum())
        if not n_dropped < n_records:
            raise ValueError(
                f"All of the n_samples={n_records} records would be dropped. Lower drop_fraction "
                "or false_positive_rate."
            )
        # lexsort takes the last key first: the rank decides among records of equal risk
        kept = np.lexsort((self.rank_, risk))[: n_records - n_dropped]
        _check_classes(y, kept)
        self.n_vulnerable_ = n_dropped
        return np.sort(kept)

    def _check_choices(self):
        if self.drop_fraction is not None and self.false_positive_rate is not None:
            raise ValueError(
                "Give either drop_fraction, how many records to drop, or false_positive_rate, how "
                f"sure the attack is to be; got drop_fraction={self.drop_fraction} and "
                f"false_positive_rate={self.false_positive_rate}."
            )
        if getattr(self.attack, "target", None) is not None:
            raise ValueError(
                "attack must be a template without a target, since it is to attack clones of "
                f"estimator; got the target {type(self.attack.target).__name__}. Leave it out."
            )


def _half_masks(X, y, rng):
    """Return masks of two random halves, each class alike and equal records together."""
    contents = fingerprint(X, y)
    classes, codes = np.unique(y, return_inverse=True)
    # of each content one record, since twins go into one half together
    n_distinct = np.bincount(codes[np.unique(contents, return_index=True)[1]])
    if n_distinct.min() < 2:
        lacking = classes.tolist()[n_distinct.argmin()]
        raise ValueError(
            "Each class needs at least two distinct records, one for each half, got one class, "
            f"{lacking!r}, with fewer. Drop it, or give more of its records."
        )
    first = halve(codes, rng, contents)
    return first, ~first


def _check_classes(y, kept):
    lost = np.setdiff1d(y, y[kept]).tolist()
    if lost:
        raise ValueError(
            f"All records of class {lost[0]!r} would be dropped, so that the classifier could not "
            "learn it. Lower drop_fraction or false_positive_rate, or drop the class before."
        )


def _attacked(attack, estimator, false_positive_rate, X, y, half, seed, attack_seed):
    """Return risk, rank and whether it is found of each record of a half while it is a member."""
    members = np.flatnonzero(half)
    target = fit_clone(estimator, seed, X, y, members)
    # of all records: the other half shows what scores non-members get
    answered = Answered(target, X, all_classes(target, X, y, method=attack.response_method))
    measured = measure(attack, answered, y, seed=attack_seed)
    scores = measured.scores[members]
    found = np.zeros(len(members))
    if false_positive_rate is not None:
        # "higher": a score that exists, which no more than the share of non-members is above
        others = measured.scores[~half]
        found = scores > np.quantile(others, 1 - false_positive_rate, method="higher")
    # the middle of each record's step, so that ranks lie evenly within 0 and 1
    ranks = (rankdata(scores) - 0.5) / len(scores)
    return measured.risk[members], ranks, found
