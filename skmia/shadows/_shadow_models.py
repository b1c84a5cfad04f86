"""Shadow models, trained once and shared by attacks."""

import os
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin
from sklearn.utils import check_random_state, column_or_1d, get_tags, indexable
from sklearn.utils.validation import check_consistent_length, validate_data

from skmia._records import KnownRecords
from skmia._response import check_labels
from skmia.shadows._answers import AnswerMemory
from skmia.shadows._fitted_shadows import FittedShadows, groups_of
from skmia.shadows._plan import (
    SPLITTERS,
    by_content,
    draw_rows,
    kept_shadows,
    plan_of,
    templates_of,
)
from skmia.shadows._store import ShadowStore
from skmia.shadows._training import ShadowJob, train_shadows, trained_masks
from skmia.utils._constraints import COUNT
from skmia.utils._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
    with_callbacks,
)


class ShadowModels(FittedShadows, CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Models that attackers train themselves, so that they know their members.

    Each shadow is a clone of `estimator`, trained on some of the records; the others are held out
    from it. A fitted object serves any number of attacks (their parameter `shadows`). It holds no
    records, only fingerprints by which it knows them again. All random choices are made before
    training begins, so that shadows do not depend on `n_jobs`, the backend or interruptions.

    Parameters
    ----------
    estimator : estimator or list of estimators, default=None
        The classifier or pipeline to train clones of, or the best one of a fitted search. Shadows
        cycle through the types in a list. None is a template: an attack fills in its target.
    n_shadows : int, default=16
        Number of shadow models.
    train_size : float or int, default=0.5
        Number of records that each is trained on, or their share, in (0, 1), of those drawn from.
    splitter : {"auto", "halves", "bernoulli", "overlapping", "disjoint", "leave_one_out"} or \
            array-like of bool of shape (n_shadows, n_records), default="auto"
        Who sees what:

        - "halves": the two shadows of a pair share a random order. One is trained on its first half
          and the other on the second, so that exactly half of all shadows see each record;
        - "bernoulli": each shadow sees each record with probability `train_size`, independently;
        - "overlapping": each shadow draws its records, and as many held-out ones, from all [1]_;
        - "disjoint": the same, but each shadow draws from a block of its own;
        - "leave_one_out": each shadow sees all records but one: the first, the second, and so on;
        - an array that says which records each shadow is trained on;
        - "auto": "overlapping" if `train_size` is a number of records, "halves" if it is 0.5 and
          `n_shadows` even, else "bernoulli".
    stratify : bool, default=False
        Whether each sees the classes in proportion; not for "bernoulli", "leave_one_out", arrays.
    directory : str or path-like, default=None
        Where to keep each shadow as soon as it is trained. A fit trains only those that it does not
        find there. All workers of a cluster must share it, and one fit at a time may write to it.
    serializer : {"skops", "pickle"}, default="skops"
        Format of the files in the directory. "skops" reads only types of scikit-learn and of
        `estimator`, so that files run no code; a forged one can still make a tree crash. "pickle"
        stores nearly any model, but a fit may run code of anyone who can write to the directory.
    warm_start : bool, default=False
        Whether a further `fit` to the same records with the same parameters keeps the trained
        shadows, and adds others up to `n_shadows`.
    random_state : int, RandomState instance or None, default=None
        Draws records and seeds of the shadows. None takes the seed of the directory, if any.
    n_jobs : int, default=None
        Number of shadows trained, and asked, at the same time.
    verbose : int, default=0
        Above 0, joblib prints the progress of the training. With scikit-learn from 1.9 on,
        `set_callbacks` takes callbacks instead, such as ``sklearn.callback.ProgressBar()``.

    Attributes
    ----------
    estimators_ : list of estimator
        The trained shadows.
    in_mask_ : ndarray of bool, shape (n_shadows, n_records)
        Which records each shadow was trained on, by content: a twin of a trained one counts.
    out_mask_ : ndarray of bool, shape (n_shadows, n_records)
        Which records were held out from each shadow: all others. With "overlapping" and "disjoint"
        they are only as many as the trained ones, if so many are left. What a network of skmia
        held out from its own training is in neither mask.
    groups_ : ndarray of int, shape (n_shadows,)
        Number of each shadow's group, from 0 on: the two of a pair of "halves", else each its own.
    classes_ : ndarray of shape (n_classes,)
        All labels. A shadow may have seen only some of them.
    splitter_ : str
        The splitter in use, "custom" for an array.
    n_features_in_ : int
        Number of features, where the records have any.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they have any.

    Notes
    -----
    Records of equal content fall on one side. With groups the records of a group do instead: a
    person with several rows is a member with all of them. A record whose twin is in another group
    then counts as trained on where that group is.

    BLAS trains with one thread, since their number changes the last digits. Use `n_jobs` for more.

    References
    ----------
    .. [1] R. Shokri, M. Stronati, C. Song and V. Shmatikov, "Membership inference attacks against
       machine learning models", IEEE S&P 2017, section V-B.
    .. [2] N. Carlini, S. Chien, M. Nasr, S. Song, A. Terzis and F. Tramèr, "Membership inference
       attacks from first principles", IEEE S&P 2022. Each record is seen by half of the models.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.shadows import ShadowModels
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> shadows = ShadowModels(DecisionTreeClassifier(), 8, random_state=0).fit(X, y)
    >>> shadows.in_mask_.shape, shadows.in_mask_.sum(axis=0)[:5]
    ((8, 569), array([4, 4, 4, 4, 4]))
    >>> confidence = shadows.observe(X, y, "confidence")
    >>> print(round(confidence[shadows.in_mask_].mean() - confidence[shadows.out_mask_].mean(), 2))
    0.08
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        "estimator": [HasMethods(["fit"]), list, tuple, None],
        "n_shadows": COUNT,
        "train_size": [Interval(Real, 0, 1, closed="neither"), *COUNT],
        "splitter": [StrOptions({"auto", *SPLITTERS}), "array-like"],
        "stratify": ["boolean"],
        "directory": [str, os.PathLike, None],
        "serializer": [StrOptions({"skops", "pickle"})],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        estimator=None,
        n_shadows=16,
        *,
        train_size=0.5,
        splitter="auto",
        stratify=False,
        directory=None,
        serializer="skops",
        warm_start=False,
        random_state=None,
        n_jobs=None,
        verbose=0,
    ):
        self.estimator = estimator
        self.n_shadows = n_shadows
        self.train_size = train_size
        self.splitter = splitter
        self.stratify = stratify
        self.directory = directory
        self.serializer = serializer
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self):
        """Return the estimator's tags for X, since the records are handed to it as they are."""
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        if isinstance(self.estimator, BaseEstimator):
            tags.input_tags = get_tags(self.estimator).input_tags
        return tags

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, groups=None):
        """Train the shadow models.

        Parameters
        ----------
        X, y : array-like of shape (n_records, ...), and of shape (n_records,)
            Labeled records, in any container that the estimator takes.
        groups : array-like of shape (n_records,), default=None
            Whose the records are. Those of one group fall on one side of each shadow.

        Returns
        -------
        self : object
            The fitted shadow models.

        Raises
        ------
        ValueError
            If input or parameters do not fit together, or the directory holds anything else.
        ShadowTrainingError
            If a shadow cannot be trained. Those that were trained before are in the directory.

        Warns
        -----
        StorageWarning
            If a stored shadow cannot be used, or a trained one cannot be stored.
        """
        # records go to the estimator as they are: texts, frames and images too
        X, y = validate_data(self, X, y, skip_check_array=True)
        (X,) = indexable(X)
        y = check_labels(X, y)
        known = KnownRecords(X, y)
        templates = templates_of(self)
        contents = known.contents()
        if groups is not None:
            check_consistent_length(y, groups)
            groups = np.unique(column_or_1d(groups), return_inverse=True)[1]
        store = None
        if self.directory is not None:
            store = ShadowStore(self.directory, self.serializer, templates)
        kept, plan = self._kept_and_plan(templates, known, groups, store)
        # one row per shadow: with more shadows the first ones keep theirs
        seeds = np.random.RandomState(plan["seed"]).randint(2**31 - 1, size=(self.n_shadows, 2))
        in_rows, out_rows = draw_rows(self, plan["splitter"], y, contents, groups, seeds[:, 0])
        in_mask = by_content(in_rows, contents)
        if kept and not np.array_equal(in_mask[: len(kept)], self._given_mask):
            raise ValueError(
                "warm_start adds shadows, but the first rows of splitter are not those of the "
                "shadows that are trained already. Append rows to the array, and keep the others."
            )
        # with this process, in which BLAS is limited already; the others must limit it themselves
        jobs = [
            ShadowJob(i, templates[i % len(templates)], int(seeds[i, 1]), in_rows[i], os.getpid())
            for i in range(self.n_shadows)
        ]
        if store is not None:  # touched only now that everything else fits
            store.open(plan)
            kept = store.keep(kept, jobs)
        missing = [job for job in jobs if job.number not in kept]
        context = self._init_callback_context(max_subtasks=len(missing), sequential_subtasks=False)
        shadows = kept | dict(train_shadows(missing, X, y, store, context=context, owner=self))
        self.estimators_ = [shadows[i] for i in range(self.n_shadows)]
        # a further fit compares what was given, whatever networks hold out of it
        trained = trained_masks(in_rows, self.estimators_)
        self._given_mask = in_mask
        self.in_mask_ = in_mask if trained is in_rows else by_content(trained, contents)
        self.out_mask_ = out_rows & ~in_mask  # a twin of a trained record is not held out
        self.classes_ = np.unique(y)
        self.splitter_ = plan["splitter"]
        self.groups_ = groups_of(self.n_shadows, self.splitter_)
        self._known = known
        self._plan = plan
        self._memories = [AnswerMemory(len(y), self.n_shadows) for _ in jobs]
        return self

    def _kept_and_plan(self, templates, known, groups, store):
        """Return the shadows of an earlier fit that stay, by number, and the plan of all."""
        goes_on = self.warm_start and hasattr(self, "estimators_")
        seed = self._plan["seed"] if goes_on else None
        if seed is None and store is not None and self.random_state is None:
            seed = store.saved_seed()
        if seed is None:
            seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        plan = plan_of(self, templates, known, groups, seed)
        if not goes_on:
            return {}, plan
        return kept_shadows(self.estimators_, self.n_shadows, self._plan, plan), plan
