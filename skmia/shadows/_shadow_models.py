"""Shadow models, trained once and shared by attacks."""

import os
import re
import warnings
from concurrent.futures import BrokenExecutor, CancelledError
from copy import copy
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_regressor
from sklearn.utils import check_random_state, column_or_1d, get_tags, indexable
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_consistent_length, check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from skmia._records import KnownRecords
from skmia._response import (
    batches,
    check_label_type,
    check_labels,
    class_probabilities,
    label_index,
)
from skmia.exceptions import StorageWarning
from skmia.shadows._answers import AnswerMemory
from skmia.shadows._splits import SPLITTERS, draw_splits
from skmia.shadows._store import ShadowStore, differences, digest_of, library_versions
from skmia.shadows._template import shadow_template
from skmia.shadows._training import ShadowJob, train_shadow, trained_masks
from skmia.signals import evaluate, get_signal
from skmia.utils._sklearn import (
    CallbackSupportMixin,
    HasMethods,
    Interval,
    StrOptions,
    _fit_context,
    _safe_indexing,
    with_callbacks,
)

__all__ = ["ShadowModels"]


class ShadowModels(CallbackSupportMixin, MetaEstimatorMixin, BaseEstimator):
    """Models that an attacker trains himself, so that he knows who their members are.

    Each shadow is a clone of `estimator`, trained on some of the records; the others are held out
    from it. A fitted object serves any number of attacks (their parameter `shadows`) and holds no
    records, only fingerprints by which it knows them again.

    Every random choice follows from `random_state`, and is made before training begins. The
    shadows therefore do not depend on `n_jobs`, on the joblib backend or on interruptions.

    Parameters
    ----------
    estimator : estimator or list of estimators, default=None
        The classifier or pipeline to train clones of. Shadows cycle through the types in a list. Of
        a fitted search it is the best estimator. None is a template: an attack fills in its target.
    n_shadows : int, default=16
        Number of shadow models.
    train_size : float or int, default=0.5
        What each shadow is trained on, as a share in (0, 1) of the records that it draws from, or
        as a number of records.
    splitter : {"auto", "halves", "bernoulli", "overlapping", "disjoint", "leave_one_out"} or \
            array-like of bool of shape (n_shadows, n_records), default="auto"
        Who sees what:

        - "halves": pairs of shadows share a random order, of which one is trained on the first half
          and the other on the second, so that each record is seen by exactly half of them;
        - "bernoulli": each shadow sees each record with probability `train_size`, independently;
        - "overlapping": each shadow draws its records, and as many other ones to be held out, anew
          from all [1]_;
        - "disjoint": the same, but each shadow draws from a block of its own;
        - "leave_one_out": each shadow sees all records but one, the first, the second, and so on,
          and from the first again, for the leakage and the influence of one record; chance is left
          to the seeds of the shadows;
        - an array that says which records each shadow is trained on;
        - "auto": "overlapping" if `train_size` is a number of records, "halves" if it is 0.5 and
          `n_shadows` even, else "bernoulli".
    stratify : bool, default=False
        Whether each shadow sees the classes in proportion. Not for "bernoulli", "leave_one_out"
        and arrays.
    directory : str or path-like, default=None
        Where to keep each shadow as soon as it is trained. A fit that finds shadows there, made
        from the same records and parameters, trains only those that are missing. On a cluster it
        must be a directory that all workers share. Only one fit at a time may write to it.
    serializer : {"skops", "pickle"}, default="skops"
        Format of the files in the directory. "skops" reads no types but those of scikit-learn and
        of `estimator`, so that files run no code; one that is forged can still make a tree crash.
        "pickle" can store nearly any model, but whoever can write to the directory can make a later
        fit run his code.
    warm_start : bool, default=False
        Whether a further `fit`, to the same records with the same parameters, keeps the trained
        shadows and adds to them up to `n_shadows`.
    random_state : int, RandomState instance or None, default=None
        Draws the records of each shadow and its seed. With None, a fit that goes on in a
        directory goes on with the seed that it finds there.
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
        Which records each shadow was trained on, by content: a twin of a trained one counts. Those
        that a network of skmia held out from its training do not.
    out_mask_ : ndarray of bool, shape (n_shadows, n_records)
        Which records were held out from each shadow. All others but for "overlapping" and
        "disjoint", where they are as many as the trained ones, if there are so many left. What a
        network of skmia held out from its own training is in neither mask.
    classes_ : ndarray of shape (n_classes,)
        All labels, of which a shadow may have seen a part only.
    splitter_ : str
        The splitter in use, "custom" for an array.
    n_features_in_ : int
        Number of features, where the records have such.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they have such.

    See Also
    --------
    skmia.attacks.ShadowModelAttack : Learns from shadows how members are answered.
    synthesize_records : Records to train shadows on, from nothing but the target's answers.

    Notes
    -----
    The attacker has records from the population that the target's came from, and knows, or
    guesses, the type of the target and its parameters.

    Where a worker dies, the shadows that it took with it are trained again, as long as some are
    finished between one death and the next.

    Records of equal content fall on one side. With groups the records of a group do instead: a
    person with several rows is a member with all of them. A record whose twin is in another group
    then counts as trained on where that group is.

    While a shadow is trained BLAS uses one thread, since the number of threads changes the last
    digits of its results. Use `n_jobs` to occupy the machine.

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
    >>> for mask in (shadows.in_mask_, shadows.out_mask_):
    ...     print(round(confidence[mask].mean(), 2))
    1.0
    0.92
    """

    _parameter_constraints = {  # noqa: RUF012 - scikit-learn's own form
        "estimator": [HasMethods(["fit"]), list, tuple, None],
        "n_shadows": [Interval(Integral, 1, None, closed="left")],
        "train_size": [
            Interval(Real, 0, 1, closed="neither"),
            Interval(Integral, 1, None, closed="left"),
        ],
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
        X : array-like of shape (n_records, ...)
            Records, in any container that the estimator takes.
        y : array-like of shape (n_records,)
            Their labels.
        groups : array-like of shape (n_records,), default=None
            Records of one group fall on one side of each shadow: the person behind several rows.

        Returns
        -------
        self : object
            The fitted shadow models.

        Raises
        ------
        ValueError
            If the input or the parameters do not fit together, or the directory holds something
            else.
        ShadowTrainingError
            If a shadow cannot be trained. Those that were trained before are in the directory.

        Warns
        -----
        StorageWarning
            If a stored shadow cannot be used, or a trained one not be stored.
        """
        X, y = validate_data(self, X, y, skip_check_array=True)
        (X,) = indexable(X)
        y = check_labels(X, y)
        known, templates = KnownRecords(X, y), self._templates()
        contents = known.contents()
        groups = None if groups is None else _group_numbers(groups, y)
        store = self._store(templates)
        plan = self._plan(known, templates, groups, self._seed_of(store))
        kept = self._kept(plan)
        seeds = np.random.RandomState(plan["seed"]).randint(2**31 - 1, size=(self.n_shadows, 2))
        in_rows, out_rows = self._split(plan["splitter"], y, contents, groups, seeds[:, 0])
        in_mask = _by_content(in_rows, contents)
        if kept and not np.array_equal(in_mask[: len(kept)], self._given_mask):
            raise ValueError(
                "warm_start adds shadows, but the first rows of splitter are not those of the "
                "shadows that are trained already. Append rows to the array, and keep the others."
            )
        jobs = [
            ShadowJob(i, templates[i % len(templates)], int(seeds[i, 1]), in_rows[i], os.getpid())
            for i in range(self.n_shadows)
        ]
        if store is not None:
            store.open(plan)
            kept = store.keep(kept, jobs)
        missing = [job for job in jobs if job.number not in kept]
        shadows = kept | dict(self._train(missing, X, y, store))
        self.estimators_ = [shadows[i] for i in range(self.n_shadows)]
        trained = trained_masks(in_rows, self.estimators_)
        self._given_mask = in_mask
        self.in_mask_ = in_mask if trained is in_rows else _by_content(trained, contents)
        self.out_mask_ = out_rows & ~in_mask
        self.classes_, self.splitter_ = np.unique(y), plan["splitter"]
        self._known, self._made_by = known, plan
        self._memory = AnswerMemory()
        return self

    def __getstate__(self):
        """Leave the remembered answers out of pickles: they can be asked again."""
        state = super().__getstate__()
        return state | {"_memory": AnswerMemory()} if "_memory" in state else state

    def _templates(self):
        if self.estimator is None:
            raise ValueError(
                f"{type(self).__name__}(estimator=None) is a template. Give the classifier to "
                "train clones of, or hand the template to an attack, which takes its target."
            )
        is_list = isinstance(self.estimator, list | tuple)
        estimators = self.estimator if is_list else [self.estimator]
        templates = [_without_seeds(shadow_template(estimator)) for estimator in estimators]
        if not templates:
            raise ValueError("estimator is an empty list. Give at least one classifier.")
        for template in templates:
            if not hasattr(template, "fit") or is_regressor(template):
                raise TypeError(
                    f"Shadow models are classifiers, got {template!r}. Give estimators with fit "
                    "and predict_proba, decision_function or predict."
                )
        return templates

    def _kept(self, plan):
        """Return the shadows of an earlier fit that stay, by number."""
        if not self.warm_start or not hasattr(self, "estimators_"):
            return {}
        if self.n_shadows < len(self.estimators_):
            raise ValueError(
                f"n_shadows={self.n_shadows} must be at least the {len(self.estimators_)} shadows "
                "that are trained already, because warm_start=True."
            )
        if about := differences(self._made_by, plan):
            raise ValueError(
                "warm_start adds shadows that are made like those that are trained already, but "
                f"something differs ({about}). Add an even number to halves; set "
                "warm_start=False for anything else, and for disjoint blocks."
            )
        return dict(enumerate(self.estimators_))

    def _chosen_splitter(self):
        if not isinstance(self.splitter, str):
            return "custom"
        if self.splitter != "auto":
            return self.splitter
        if isinstance(self.train_size, Integral):
            return "overlapping"
        return "halves" if self.train_size == 0.5 and self.n_shadows % 2 == 0 else "bernoulli"

    def _split(self, splitter, y, contents, groups, seeds):
        if splitter == "custom":
            if self.stratify or groups is not None:
                raise ValueError(
                    "A splitter that is an array says who sees what, so that it leaves nothing to "
                    "stratify or groups. Leave them out, or choose a splitter by name."
                )
            return _checked_mask(self.splitter, (self.n_shadows, len(y)))
        units = contents if groups is None else groups
        strata = np.zeros(units.max() + 1, dtype=np.intp)
        if self.stratify:
            strata = _commonest(units, np.unique(y, return_inverse=True)[1])
        size = {"train_size": self.train_size, "seeds": seeds}
        return draw_splits(splitter, units, strata, **size)

    def _store(self, templates):
        if self.directory is None:
            return None
        return ShadowStore(self.directory, self.serializer, templates)

    def _seed_of(self, store):
        """Return the seed of an earlier fit that this one goes on with, or draw one."""
        if self.warm_start and hasattr(self, "_made_by"):
            return self._made_by["seed"]
        saved = store.saved_seed() if store is not None and self.random_state is None else None
        if saved is not None:
            return saved
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _plan(self, known, templates, groups, seed):
        """Return what all shadows have in common: others are not theirs."""
        choices = self._choices(templates)
        return {
            "seed": seed,
            "records": known.digest(),
            "n_records": known.n_records,
            "groups": None if groups is None else digest_of(groups),
            "estimator_digests": [digest_of(template) for template in templates],
            "n_blocks": self.n_shadows if choices["splitter"] == "disjoint" else None,
            "versions": library_versions(templates),
            **choices,
        }

    def _choices(self, templates):
        """Return the parameters that make other shadows of the same records."""
        return {
            # without the addresses of functions and selectors, which change with each clone
            "estimators": [re.sub(r" at 0x[0-9a-f]+", "", repr(t)) for t in templates],
            "splitter": self._chosen_splitter(),
            "train_size": self.train_size,
            "stratify": self.stratify,
        }

    def _train(self, jobs, X, y, store):
        """Train shadows, and yield them with their numbers as they end."""
        context = self._init_callback_context(max_subtasks=len(jobs), sequential_subtasks=False)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        contexts = {
            job.number: context.subcontext(task_name="shadow", task_id=job.number) for job in jobs
        }
        missing = {job.number: job for job in jobs}
        with threadpool_limits(1, user_api="blas"):
            while missing:
                n_before = len(missing)
                try:
                    for number, shadow in self._train_once(missing, X, y, store, contexts):
                        del missing[number]
                        yield number, shadow
                except (BrokenExecutor, CancelledError):
                    # a worker died, and took jobs or the only copy of the records with it
                    if len(missing) == n_before:
                        raise
        context.call_on_fit_task_end(estimator=self)

    def _train_once(self, jobs, X, y, store, contexts):
        def _tasks():
            for number, job in list(jobs.items()):
                contexts[number].call_on_fit_task_begin(estimator=self)
                yield delayed(train_shadow)(X, y, job, store)

        parallel = Parallel(self.n_jobs, verbose=self.verbose, return_as="generator_unordered")
        for number, shadow, not_stored in parallel(_tasks()):
            if not_stored is not None:
                warnings.warn(not_stored, StorageWarning, stacklevel=7)
            contexts[number].call_on_fit_task_end(estimator=self)
            yield number, shadow

    def observe(self, X, y, signal, *, response_method="auto"):
        """Return signals of each shadow's answer to each record.

        Shadows and batches of records are asked in turn, and their answers dropped.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Their labels. One that no shadow record had gets the signal of confidence 0.
        signal : {str, callable} or list of these
            A name from `skmia.signals`, or a function of `proba` (n_records, n_classes) and
            `y_index` (n_records,).
        response_method : {"auto", "predict_proba", "decision_function", "predict"}, default="auto"
            How the shadows are asked.

        Returns
        -------
        ndarray of shape (n_shadows, n_records) or list of these
            The signals; of a list of signals a list.

        Raises
        ------
        ValueError
            If a signal is unknown, or X has other columns than in `fit`.
        """
        X, y = self._checked(X, y)
        several = isinstance(signal, list | tuple)
        signals = list(signal) if several else [signal]
        for one in signals:
            get_signal(one)  # refuses an unknown one before any shadow is asked
        y_index = label_index(y, self.classes_)
        n_columns = len(self.classes_) + getattr(self, "n_features_in_", 0)
        parts = batches(len(y), n_columns)  # the same for any n_jobs, as are the last digits
        asked = [(i, part) for i in range(len(self.estimators_)) for part in parts]

        def _ask(i, part):
            rows = X if len(parts) == 1 else _safe_indexing(X, part)
            proba = class_probabilities(
                self.estimators_[i], rows, self.classes_, method=response_method
            )
            return list(evaluate(proba, y_index[part], signals))

        observed = None
        parallel = Parallel(self.n_jobs, require="sharedmem", return_as="generator")
        with threadpool_limits(1, user_api="blas"):
            answers = parallel(delayed(_ask)(i, part) for i, part in asked)
            for (i, part), values in zip(asked, answers, strict=True):
                if observed is None:
                    shape = (len(self.estimators_), len(y))
                    observed = [np.empty(shape, value.dtype) for value in values]
                for k, value in enumerate(values):
                    if not np.can_cast(value.dtype, observed[k].dtype):  # shadows of several types
                        observed[k] = observed[k].astype(value.dtype)
                    observed[k][i, part] = value
        return observed if several else observed[0]

    def in_mask(self, X, y):
        """Tell which shadows were trained on which records.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records, in any container.
        y : array-like of shape (n_records,)
            Their labels.

        Returns
        -------
        ndarray of bool, shape (n_shadows, n_records)
            True where a shadow was trained on a record of this content. Records that are not
            among those in `fit` were seen by none.
        """
        return self._masks(X, y)[0]

    def _masks(self, X, y):
        """Return who was trained on which records, from whom they were held out, and their rows.

        Records of equal content have one row, and foreign ones the row -1.
        """
        X, y = self._checked(X, y)
        found = self._known.find(X, y)
        in_mask, out_mask = self.in_mask_[:, found], self.out_mask_[:, found]
        in_mask[:, found < 0], out_mask[:, found < 0] = False, True
        return in_mask, out_mask, found

    def _recall(self, X, y, signals, *, response_method, keep=False):
        """Return signals of all shadows, and who was trained on which records.

        Answers to own records are taken from memory where they are kept there. To keep them is for
        one thread at a time.
        """
        in_mask, _, found = self._masks(X, y)
        keys = [(response_method, signal) for signal in signals]
        known = self._memory.knows(keys, found)
        if known.all():
            return [self._memory.read(key, found) for key in keys], in_mask
        asked = np.flatnonzero(~known)
        part = X if len(asked) == len(y) else _safe_indexing(X, asked)
        observed = self.observe(part, y[asked], list(signals), response_method=response_method)
        if keep:
            own = found[asked] >= 0
            for key, values in zip(keys, observed, strict=True):
                self._memory.write(key, found[asked][own], values[:, own], self._known.n_records)
        if len(asked) == len(y):
            return observed, in_mask
        recalled = []
        for key, values in zip(keys, observed, strict=True):
            remembered = self._memory.read(key, found[known])
            shape = len(values), len(y)
            both = np.empty(shape, np.result_type(values, remembered))
            both[:, asked], both[:, known] = values, remembered
            recalled.append(both)
        return recalled, in_mask

    def _together(self):
        """Return the number of each shadow's group: what is to be held out together.

        The two shadows of a pair are each other's opposite, so that with one of them alone in hand
        the other could be told.
        """
        return np.arange(len(self.estimators_)) // (2 if self.splitter_ == "halves" else 1)

    def _without(self, group):
        """Return these shadow models without one group, as fitted ones."""
        kept = np.flatnonzero(self._together() != group)
        rest = copy(self)
        rest.estimators_ = [self.estimators_[i] for i in kept]
        rest.in_mask_, rest.out_mask_ = self.in_mask_[kept], self.out_mask_[kept]
        rest.n_shadows = len(kept)
        rest.splitter = (
            self.splitter_ if self.splitter_ != "custom" else np.asarray(self.splitter)[kept]
        )
        rest._memory = self._memory.of(kept)
        return rest

    def _check_unchanged(self):
        """Refuse parameters that were set after `fit` and that the shadows do not have."""
        now = {"n_shadows": self.n_shadows, **self._choices(self._templates())}
        made_by = {**self._made_by, "n_shadows": len(self.estimators_)}
        if about := differences({name: made_by[name] for name in now}, now):
            raise ValueError(
                f"These shadow models were fitted with other parameters than they have now ({about}"
                "). Fit them again, or give an attack unfitted ones to search over parameters."
            )

    def _checked(self, X, y):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, skip_check_array=True)
        (X,) = indexable(X)
        y = check_labels(X, y)
        check_label_type(y, self.classes_)
        return X, y


def _without_seeds(template):
    """Take seeds out of a template: each shadow gets one of its own."""
    if not hasattr(template, "get_params"):
        return template
    names = template.get_params(deep=True)
    seeds = [name for name in names if f"__{name}".endswith("__random_state")]
    return template.set_params(**dict.fromkeys(seeds))


def _group_numbers(groups, y):
    check_consistent_length(y, groups)
    return np.unique(column_or_1d(groups), return_inverse=True)[1]


def _checked_mask(mask, shape):
    mask = np.asarray(mask)
    if mask.shape != shape or mask.dtype != bool:
        raise ValueError(
            "A splitter that is an array says which records each shadow is trained on: expected "
            f"bool of shape (n_shadows, n_records) = {shape}, got {mask.dtype} of {mask.shape}."
        )
    if lacking := np.flatnonzero(~mask.any(axis=1)).tolist():
        raise ValueError(f"splitter trains shadow {lacking[0]} on no record.")
    return mask, ~mask


def _commonest(units, codes):
    """Return the commonest class of the records of each unit."""
    pairs, counts = np.unique(np.column_stack([units, codes]), axis=0, return_counts=True)
    order = np.lexsort((counts, pairs[:, 0]))
    last = np.append(np.flatnonzero(np.diff(pairs[order, 0])), len(order) - 1)
    return pairs[order[last], 1]


def _by_content(rows, contents):
    """Mark all records whose content is among the marked ones."""
    if contents.max() + 1 == len(contents):
        return rows
    marked = np.zeros((len(rows), contents.max() + 1), dtype=bool)
    for mark, row in zip(marked, rows, strict=True):
        mark[contents[row]] = True
    return marked[:, contents]
