"""All properties of a fitted classifier on which the success of an attack may depend."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.utils import check_random_state

from skmia._response import check_target
from skmia._result import Result
from skmia._result._text import in_words
from skmia._target import final_estimator, held_out_note, known_membership, records_as_seen
from skmia.metrics import (
    Estimate,
    demographic_parity_difference,
    individual_fairness_deviation,
    mia_indistinguishability_deviation,
    predictive_fairness_difference,
)
from skmia.properties._generalization_gap import accuracy_of_sides, generalization_gap
from skmia.properties._record_parameter_mi import record_parameter_mi
from skmia.utils._constraints import ARRAY_OR_NONE, validate_params
from skmia.utils._sklearn import _safe_indexing

FEWEST_FEATURES = 5
MOST_RECORDS = 1_000
# records times the square of the features: a few seconds
MOST_WORK = 1e9
# by which classifiers of scikit-learn, and skmia's own, are regularized and trained
PENALTIES = "C", "alpha", "penalty", "l1_ratio", "penalties", "defense", "dropout", "ccp_alpha"
LIMITS = "max_depth", "min_samples_leaf", "n_neighbors", "kernel"
SETTINGS = (*PENALTIES, *LIMITS, "lr", "learning_rate", "learning_rate_init")


@dataclass(frozen=True, repr=False, eq=False)
class PropertyReport(Result):
    """Properties of a fitted classifier, by :func:`property_report`.

    Attributes
    ----------
    target : str
        Name of the classifier, the innermost of pipelines and searches.
    n_members, n_nonmembers : int
        Records of each side.
    member_accuracy, nonmember_accuracy, generalization_gap : Estimate
        Share of each side that is predicted right, and their difference.
    indistinguishability_deviation : Estimate
        How labels predicted for the two sides differ, each count smoothed by 0.5, see
        :func:`~skmia.metrics.mia_indistinguishability_deviation`.
    demographic_parity_difference, predictive_fairness_difference : Estimate or None
        Group and predictive fairness on all records, None without sensitive features.
    individual_fairness_deviation : Estimate or None
        None also if the classifier has no probabilities.
    record_parameter_mi_mean, record_parameter_mi_max : float or None
        Of up to 1,000 members, see :func:`~skmia.properties.record_parameter_mi`, **mostly noise**.
        None where the classifier has no weight for each feature, or fewer than 5 features.
    architecture : dict
        What is known of the size of the classifier, such as its "depth", and of its settings.
    notes : tuple of str
        What the reader must know to read the numbers right.
    classes : tuple of dict
        Each true label as "class", its numbers of "members" and "nonmembers", and its "gap".

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.properties import property_report
    >>> X, y = [[0], [1], [2], [3]], [0, 1, 0, 1]
    >>> tree = DecisionTreeClassifier().fit(X[:2], y[:2])
    >>> property_report(tree, X, y, [1, 1, 0, 0]).architecture["depth"]
    1
    """

    target: str
    n_members: int
    n_nonmembers: int
    member_accuracy: Estimate
    nonmember_accuracy: Estimate
    generalization_gap: Estimate
    indistinguishability_deviation: Estimate
    demographic_parity_difference: Estimate | None
    predictive_fairness_difference: Estimate | None
    individual_fairness_deviation: Estimate | None
    record_parameter_mi_mean: float | None
    record_parameter_mi_max: float | None
    architecture: dict
    notes: tuple
    classes: tuple

    _rows = "classes"

    def _lines(self):
        yield f"Properties of {self.target}"
        known = (f"{name.replace('_', ' ')} {_shown(v)}" for name, v in self.architecture.items())
        yield f"architecture: {', '.join(known) or 'not known'}"
        yield (
            f"accuracy: {self.member_accuracy} on {self.n_members:,} members, "
            f"{self.nonmember_accuracy} on {self.n_nonmembers:,} non-members"
        )
        yield f"generalization gap: {self.generalization_gap}"
        yield (
            f"deviation from membership indistinguishability: {self.indistinguishability_deviation}"
        )
        yield from (f"{label}: {in_words(value)}" for label, value in self._of_groups())
        if self.record_parameter_mi_mean is not None:
            yield (
                f"record-parameter information, mostly noise: {self.record_parameter_mi_mean:.3f} "
                f"nats on average, at most {self.record_parameter_mi_max:.3f}"
            )
        yield from (f"Note: {note}" for note in self.notes)

    def _of_groups(self):
        if self.demographic_parity_difference is None:
            return
        yield "group fairness, demographic parity difference", self.demographic_parity_difference
        yield (
            "predictive fairness, equal opportunity difference",
            self.predictive_fairness_difference,
        )
        yield "individual fairness deviation", self.individual_fairness_deviation


@validate_params(compared_groups=ARRAY_OR_NONE)
def property_report(
    estimator,
    X,
    y,
    membership=None,
    *,
    sensitive_features=None,
    compared_groups=None,
    confidence_level=0.95,
    random_state=None,
):
    r"""Return the properties of a classifier on which membership inference may depend.

    These are the model properties of the paper: how members and non-members are predicted, how
    groups are, what the records tell of the weights, and the architecture. None is an attack, and
    each can be small for a model that gives its members away: attack it with :func:`skmia.audit`
    too. The auditor knows the model, its training records and others.

    Parameters
    ----------
    estimator : estimator
        A fitted classifier: of scikit-learn, a pipeline or a fitted search, a network.
    X : {array-like, sparse matrix, dataframe} of shape (n_records, ...)
        Members and non-members, as the estimator takes them.
    y : array-like of shape (n_records,)
        Their labels.
    membership : array-like of shape (n_records,) or None, default=None
        1 for a member, 0 for a non-member. None asks the estimator, if it has a method
        ``membership_of(X, y)``, as :class:`~skmia.model_selection.MemberRecorder` has.
    sensitive_features : array-like of shape (n_records,) or (n_records, n_columns), default=None
        Each record's group, or combination of groups, for fairness on all records together.
    compared_groups : list or None, default=None
        Groups to compare, None for all. The largest difference picks out uncertain, small groups.
    confidence_level : float, default=0.95
        Coverage of each interval, in (0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws pairs of records for individual fairness, and members for `record_parameter_mi`.

    Returns
    -------
    PropertyReport
        The properties; `print` it.

    Raises
    ------
    ValueError
        If membership is unknown or not of 0 and 1, lengths differ, or groups are fewer than two.
    TypeError
        If the estimator is a regressor.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, section 3.1.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skmia.properties import property_report
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X[::2], y[::2])
    >>> print(property_report(tree, X, y, [1, 0] * 284 + [1]))
    Properties of DecisionTreeClassifier
    architecture: depth 6, n trees 1, n leaves 12, ccp alpha 0.0, min samples leaf 1
    accuracy: 1.000 [0.987, 1.000] on 285 members, 0.912 [0.873, 0.940] on 284 non-members
    generalization gap: 0.088 [0.057, 0.127]
    deviation from membership indistinguishability: 0.105 [0.000, 0.346]
    <BLANKLINE>
    class  members  nonmembers  gap
    -----  -------  ----------  --------------------
    0      102      110         0.100 [0.044, 0.170]
    1      183      174         0.080 [0.042, 0.131]
    """
    check_target(estimator, "predict")
    membership = known_membership(estimator, X, y, membership)
    rng = check_random_state(random_state)
    seeds = rng.randint(np.iinfo(np.int32).max, size=2)
    y_pred = estimator.predict(X)
    level = {"confidence_level": confidence_level}
    groups = {"sensitive_features": sensitive_features, "compared_groups": compared_groups}
    accuracies = accuracy_of_sides(membership, y, y_pred, **level)
    information = _information(estimator, X, membership, seeds[0])
    return PropertyReport(
        target=type(final_estimator(estimator)).__name__,
        n_members=int(membership.sum()),
        n_nonmembers=int((membership == 0).sum()),
        member_accuracy=accuracies[0],
        nonmember_accuracy=accuracies[1],
        generalization_gap=generalization_gap(membership, y, y_pred, **level),
        indistinguishability_deviation=mia_indistinguishability_deviation(
            membership, y_pred, smoothing=0.5, **level
        ),
        **_fairness(estimator, X, y, y_pred, seeds[1], groups | level),
        record_parameter_mi_mean=None if information is None else float(information.mean()),
        record_parameter_mi_max=None if information is None else float(information.max()),
        architecture=architecture_of(final_estimator(estimator)),
        notes=_notes(estimator, X, y, membership),
        classes=_classes(membership, y, y_pred, level),
    )


def _fairness(estimator, X, y, y_pred, seed, options):
    names = "demographic_parity_difference", "predictive_fairness_difference"
    found = dict.fromkeys((*names, "individual_fairness_deviation"))
    if options["sensitive_features"] is None:
        return found
    found[names[0]] = demographic_parity_difference(y, y_pred, **options)
    found[names[1]] = predictive_fairness_difference(y, y_pred, **options)
    if hasattr(estimator, "predict_proba"):
        proba = estimator.predict_proba(X)
        individual = individual_fairness_deviation(y, proba, random_state=seed, **options)
        found["individual_fairness_deviation"] = individual
    return found


def _information(estimator, X, membership, seed):
    rows = np.flatnonzero(membership)
    seen = records_as_seen(estimator, _safe_indexing(X, rows[:1]))
    n_features = seen.shape[1] if len(getattr(seen, "shape", ())) == 2 else 0
    weights = first_layer_of(final_estimator(estimator), n_features)
    if weights is None or n_features < FEWEST_FEATURES:
        return None
    rng = check_random_state(seed)
    n_records = min(len(rows), MOST_RECORDS, max(2, int(MOST_WORK / n_features**2)))
    chosen = np.sort(rng.permutation(rows)[:n_records])
    records = records_as_seen(estimator, _safe_indexing(X, chosen))
    return record_parameter_mi(records, weights, random_state=rng)


def _notes(estimator, X, y, membership):
    members = np.flatnonzero(membership)
    note = held_out_note(estimator, _safe_indexing(X, members), _safe_indexing(y, members))
    return () if note is None else (note,)


def _classes(membership, y, y_pred, level):
    y = np.asarray(y)
    gaps = generalization_gap(membership, y, y_pred, per_class=True, **level)
    return tuple(
        {
            "class": label,
            "members": int(membership[y == label].sum()),
            "nonmembers": int((1 - membership[y == label]).sum()),
            "gap": gap,
        }
        for label, gap in gaps.items()
    )


def _shown(value):
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(str, value))}]"
    return in_words(value) if isinstance(value, int) else str(value)


def architecture_of(classifier):
    """Return what is known of the size of a classifier, and its settings that regularize."""
    size = _network_size(classifier) or _tree_size(classifier) or _linear_size(classifier)
    settings = classifier.get_params(deep=False) if hasattr(classifier, "get_params") else {}
    # some settings of scikit-learn have the value "deprecated" until they go; others are arrays
    known = (name for name in SETTINGS if str(settings.get(name)) not in ("None", "deprecated"))
    return size | {name: settings[name] for name in known}


def first_layer_of(classifier, n_features):
    """Return the weights of shape (n_features, n_units) of a first layer, None if there is none."""
    if hasattr(classifier, "coefs_"):
        weights = classifier.coefs_[0]
    elif (module := _module(classifier)) is not None:
        tables = (p for p in module.parameters() if p.ndim == 2 and p.shape[1] == n_features)
        first = next(tables, None)
        weights = None if first is None else first.detach().cpu().numpy().T
    else:
        weights = getattr(classifier, "coef_", None)
        weights = weights.toarray() if issparse(weights) else weights
        weights = None if weights is None else np.atleast_2d(weights).T
    return weights if weights is not None and len(weights) == n_features else None


def _module(classifier):
    """Return the torch module of a skorch net, or of a classifier that has one, or None."""
    module = getattr(getattr(classifier, "net_", classifier), "module_", None)
    return module if hasattr(module, "parameters") else None


def _network_size(classifier):
    if hasattr(classifier, "coefs_"):
        tables = [*classifier.coefs_, *classifier.intercepts_]
        widths = [len(bias) for bias in classifier.intercepts_]
    elif (module := _module(classifier)) is not None:
        tables = [p.detach() for p in module.parameters()]
        # what is wider or deeper than tables of weights, such as convolutions, is not told so
        if any(table.ndim > 2 for table in tables):
            return {"n_parameters": sum(table.numel() for table in tables)}
        widths = [len(table) for table in tables if table.ndim == 2]
    else:
        return {}
    n_parameters = sum(int(np.prod(table.shape)) for table in tables)
    return {
        "depth": len(widths) - 1,
        "width": max(widths[:-1], default=0),
        "n_parameters": n_parameters,
    }


def _tree_size(classifier):
    members = np.ravel(np.asarray(getattr(classifier, "estimators_", []), dtype=object))
    trees = [tree for tree in (classifier, *members) if hasattr(tree, "get_n_leaves")]
    if not trees:
        return {}
    return {
        "depth": max(int(tree.get_depth()) for tree in trees),
        "n_trees": len(trees),
        "n_leaves": sum(int(tree.get_n_leaves()) for tree in trees),
    }


def _linear_size(classifier):
    weights = getattr(classifier, "coef_", None)
    if weights is None:
        return {}
    n_parameters = int(np.prod(weights.shape) + np.size(getattr(classifier, "intercept_", ())))
    return {"depth": 0, "width": 0, "n_parameters": n_parameters}
