"""Records that stand apart: those that few training records can resemble."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
from sklearn import get_config
from sklearn.utils import check_array, gen_batches

from skmia._response import expand, record_response
from skmia._result import Result
from skmia.utils._constraints import ARRAY, ARRAY_OR_NONE, COUNT, POSITIVE, Number, validate_params

_MOST_MODELS = 100  # that describe a record
_MOST_VALUES = 2000  # of a record's description
_EPS = 1e-30  # floor of the logarithm's argument, as in the signals
_DIGITS = 12  # of a distance: those beyond depend on the size of a batch


@dataclass(frozen=True, repr=False, eq=False)
class VulnerableRecords(Result):
    r"""The records that few records in the target's training set can resemble.

    Attributes
    ----------
    selected : ndarray of bool, shape (n_records,)
        Which records to attack.
    distance_threshold : float
        :math:`\alpha`, the cosine distance below which records are neighbors.
    distances : ndarray of shape (n_records,)
        The largest :math:`\alpha` at which each record is selected, infinite if it is at any.

    Examples
    --------
    >>> from skmia.attacks import vulnerable_records
    >>> found = vulnerable_records([[1, 0], [1, 0.01], [0, 1]], n_training_records=2, n_selected=1)
    >>> found.distances.round(2)
    array([0.  , 0.  , 0.99])
    """

    selected: np.ndarray
    distance_threshold: float
    distances: np.ndarray

    _rows = ("selected", "distances")


@validate_params(
    features=ARRAY,
    background_features=ARRAY_OR_NONE,
    n_training_records=POSITIVE,
    max_expected_neighbors=POSITIVE,
    n_selected=[*COUNT, None],
    distance_threshold=[Number(Real, 0, 2, closed="both"), None],
)
def vulnerable_records(
    features,
    background_features=None,
    *,
    n_training_records,
    max_expected_neighbors=0.1,
    n_selected=None,
    distance_threshold=None,
):
    r"""Select the records that few records in the target's training set can resemble.

    A record r with N(r) neighbors in the background can expect

    .. math:: E(r) = N(r) \cdot n_\mathrm{target} / n_\mathrm{background}, \qquad
              N(r) = \#\{b : 1 - \cos(r, b) < \alpha\}

    of them in the target's training set. It is selected if :math:`E(r)` is below a bound. The
    target's answer to it can then rest on no record but itself.

    Parameters
    ----------
    features : array-like of shape (n_records, n_features)
        What describes each record, for GMIA the outputs of all reference models; finite. A vector
        of zeros has the distance 1 from all others.
    background_features : array-like of shape (n_background, n_features), default=None
        The same for records from the population. By default `features` itself, where no record is
        its own neighbor.
    n_training_records : int
        Number of records that the target was trained on, or a guess.
    max_expected_neighbors : float, default=0.1
        The bound on :math:`E(r)`, above 0.
    n_selected : int, default=None
        How many records to select, those that stand farthest apart; :math:`\alpha` follows. More
        are selected if several have the same distance.
    distance_threshold : float, default=None
        :math:`\alpha`, the cosine distance below which records are neighbors, in [0, 2]. Either
        this or `n_selected` must be given.

    Returns
    -------
    VulnerableRecords
        Which records are ``selected``, :math:`\alpha`, and the ``distances`` to compare with it.

    Raises
    ------
    ValueError
        If a parameter is out of its range, both or none of `n_selected` and `distance_threshold`
        are given, or the features do not fit together.
    TypeError
        If a parameter is not a number.

    Notes
    -----
    E(r) is below the bound if and only if the q-th nearest background record is no nearer than
    :math:`\alpha`, where q is the bound times n_background / n_training_records, rounded up. With
    `n_selected`, :math:`\alpha` is midway between the last such distance selected and the next or,
    if all are selected, just below the last.

    References
    ----------
    .. [1] Y. Long et al., "Understanding membership inferences on well-generalized learning
       models", 2018, arXiv:1802.04889. Selection of vulnerable records.

    Examples
    --------
    >>> from skmia.attacks import vulnerable_records
    >>> features = [[1, 0], [1, 0.01], [1, 0.02], [0, 1]]
    >>> vulnerable_records(features, n_training_records=2, n_selected=1).selected
    array([False, False, False,  True])
    """
    if (n_selected is None) == (distance_threshold is None):
        raise ValueError(
            "Give either n_selected, how many records to select, or distance_threshold, the "
            f"distance below which records are neighbors; got n_selected={n_selected} and "
            f"distance_threshold={distance_threshold}."
        )
    features = _directions(check_array(features, dtype=np.float64, input_name="features"))
    if background_features is None:
        background = features
        own = np.arange(len(features))
    else:
        background = _directions(check_array(background_features, dtype=np.float64))
        own = np.full(len(features), -1)
    if background.shape[1] != features.shape[1]:
        raise ValueError(
            f"features has {features.shape[1]} columns, but background_features "
            f"{background.shape[1]}. Describe both by the same models."
        )
    distances = reach(features, background, own, n_training_records / max_expected_neighbors)
    if distance_threshold is None:
        distance_threshold = threshold_for(distances, n_selected)
    return VulnerableRecords(distances >= distance_threshold, float(distance_threshold), distances)


def _directions(features):
    """Return features scaled to length 1; zeros stay zeros, at a distance of 1 from all others."""
    largest = np.abs(features).max(axis=1, initial=0, keepdims=True)
    scaled = features / np.where(largest > 0, largest, 1)  # squares neither overflow nor vanish
    norms = np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled / np.where(norms > 0, norms, 1)


def reach(units, background, own, n_target_per_neighbor):
    """Return the largest cosine distance at which each record's neighbors are few enough.

    `units` and `background` are directions; `own` says which of the background each record is, -1
    for none. The distance is infinite where there are not so many background records.
    """
    radii = np.empty(len(units))
    # three matrices of distances are held at the same time, at the most
    size = max(int(get_config()["working_memory"] * 2**20 / (8 * 3 * len(background))), 1)
    for rows in gen_batches(len(units), size):
        distances = np.round(1 - units[rows] @ background.T, _DIGITS).clip(0, 2)
        at = np.flatnonzero(own[rows] >= 0)
        distances[at, own[rows][at]] = np.inf  # no record is its own neighbor
        n_others = len(background) - (own[rows] >= 0)
        # a quotient that is a whole number but for its last digits is not rounded up
        rank = np.maximum(np.ceil(n_others / n_target_per_neighbor - 1e-9), 1).astype(np.intp)
        radii[rows] = _at_rank(distances, rank)
    return radii


def _at_rank(distances, rank):
    """Return the value of each row's rank, from 1 for the smallest; infinite beyond the last."""
    is_there = rank <= distances.shape[1]
    place = np.where(is_there, rank - 1, 0)
    # cheaper than sorting: nearly all rows have the same rank
    distances.partition(np.unique(place), axis=1)
    found = np.take_along_axis(distances, place[:, None], axis=1).ravel()
    return np.where(is_there, found, np.inf)


def threshold_for(distances, n_selected):
    """Return the distance at which so many records are selected, or more if some are equal."""
    last = np.sort(distances)[-min(n_selected, len(distances))]
    others = distances[distances < last]
    return (last + others.max()) / 2 if len(others) else max(last - 10.0**-_DIGITS, 0)


def model_features(shadows, X, y, classes, *, response_method):
    """Return the directions of records: centered log-probabilities of all classes by all models.

    With labels `y`, which may be None, shadows are not asked again for records that they know.
    """
    n_models = max(min(_MOST_VALUES // len(classes), _MOST_MODELS), 1)
    columns = []
    for i, model in enumerate(shadows.estimators_[:n_models]):
        if y is None:
            proba = record_response(model, X, classes, method=response_method)
        else:
            proba = shadows.answers(i, X, y, response_method=response_method)
            proba = expand(proba, shadows.classes_, classes)
        logs = np.log(np.maximum(proba.astype(np.float64), _EPS))
        # centered like the layer before a softmax, whose common shift says nothing
        columns.append(logs - logs.mean(axis=1, keepdims=True))
    return _directions(np.hstack(columns))
