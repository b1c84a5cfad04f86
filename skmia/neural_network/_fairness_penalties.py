"""Penalties that grow while a classifier treats groups of records differently."""

from abc import abstractmethod
from numbers import Integral
from typing import ClassVar

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array
from skorch.dataset import get_len
from skorch.utils import to_tensor
from torch.nn.functional import one_hot

from skmia._records import columns_of
from skmia.metrics._groups import group_codes
from skmia.neural_network._penalty import PropertyPenalty
from skmia.properties._informative_features import most_informative_features

MOST_GROUPS = 20
# a rate of fewer records is hardly more than chance, and the largest difference picks it out
FEWEST_RECORDS = 5
N_FEATURES = 5
REMEDY = (
    "The penalty sees X as it is given to fit; in a pipeline, where the steps before may have made "
    "an array of a frame, give the column's number."
)


class FairnessPenalty(PropertyPenalty):
    """Base of the penalties of fairness, which know the groups of the records."""

    _shared_docstring = """
    Parameters
    ----------
    sensitive_features : str, int, list of these, callable or None
        What the groups come from: a column of X, by name or number; several columns, with a group
        for each combination of values; or a function of X, in the form given to `fit`, that returns
        the group of each record. None takes the paper's two groups: records that are in the lower
        half of the range in all of the five features that tell most about the label, and all
        others. The penalty needs 2 to 20 groups of at least 5 training records.
    """
    needs_probabilities = True  # soft forms take the softmax of the logits
    _parameter_constraints: ClassVar[dict] = {
        **PropertyPenalty._parameter_constraints,
        "sensitive_features": [str, Integral, list, tuple, callable, None],
    }

    def __init__(
        self,
        weight=1e-3,
        *,
        sensitive_features=None,
        penalty_form="absolute",
        detach=True,
        n_measurements=5,
        n_records=1000,
        penalize_bias=False,
    ):
        super().__init__(
            weight,
            penalty_form=penalty_form,
            detach=detach,
            n_measurements=n_measurements,
            n_records=n_records,
            penalize_bias=penalize_bias,
        )
        self.sensitive_features = sensitive_features

    @abstractmethod
    def unfairness(self, proba, y, groups):
        """Return the property of records, of their probabilities or one-hot predicted labels."""

    def begin(self, net):
        """Find the groups of the records."""
        super().begin(net)
        # once, in the form that the user gave the records in; batches look their rows up
        self.codes_ = training_groups(net, self.sensitive_features, self.generator_)
        # shares of the training records, but a place for groups that only held-out ones are in
        sizes = np.bincount(self.codes_[net.training.rows], minlength=self.codes_.max() + 1)
        self.shares_ = sizes / sizes.sum()

    def soft_property(self, net, logits, y):
        """Return the property of the present batch, of its probabilities, with gradients."""
        groups = self.codes_[net.training.batches.rows]  # the batch itself holds no groups
        return self.unfairness(logits.softmax(dim=1), y, groups)

    def hard_property(self, net, rows):
        """Return the property of some records, of their predicted labels."""
        X, y = net.training.take(rows)
        answers = self.answers(net.infer(X))
        return self.unfairness(answers, to_tensor(y, device=answers.device), self.codes_[rows])

    def answers(self, logits):
        """Return what is measured: one-hot vectors of the predicted labels."""
        # vectors, so that one formula serves measured and soft properties
        return one_hot(logits.argmax(dim=1), logits.shape[1]).to(logits.dtype)


class GroupFairness(FairnessPenalty):
    r"""Penalize the parameters more while groups are predicted differently.

    .. math:: \lambda \, e^r \sum_j |\theta_j|, \qquad r = \delta_g = \max_{i,j} \frac{1}{n}
              \sum_{y'} \left|P[\hat{y} = y' \mid g_i] - P[\hat{y} = y' \mid g_j]\right|

    where :math:`\theta` are the parameters, :math:`\hat{y}` is the predicted label, :math:`g_i` a
    group and :math:`n` the number of labels :math:`y'`. r = 0 means that every label is predicted
    equally often in all groups, and 1 that one of two labels is always predicted for one group and
    never for another. With more labels r is at most 2 / n.

    Parameters
    ----------
    weight : float, default=0.001
        The weight :math:`\lambda`, at least 0. With 0 the property is only measured.

    Raises
    ------
    ValueError
        In `fit`, if X has no such column, there are fewer than 2 or more than 20 groups, or one has
        fewer than 5 training records.

    See Also
    --------
    skmia.metrics.demographic_parity_difference : The property of a classifier's predictions.

    Notes
    -----
    The history of the network holds r of each epoch under the penalty's name: the value in use, or
    one measurement where r has gradients.

    A constant r is measured on predicted labels, one with gradients on probabilities. By default
    this is an L1 penalty whose weight moves between :math:`\lambda` and :math:`\lambda e`: nothing
    pulls r itself down, and at r = 0 plain L1 is left. To make a classifier fair, choose
    ``penalty_form="direct"``. No form promises privacy: measure what an attack finds. Records count
    alike, whatever their weights.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, Algorithm 1 and
       equations 7 and 8.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skmia.neural_network import GroupFairness, RegularizedMLPClassifier
    >>> X, y = make_classification(n_samples=200, random_state=0)
    >>> penalty = GroupFairness(sensitive_features=lambda X: X[:, 0] > 0)
    >>> net = RegularizedMLPClassifier((10,), max_epochs=3, penalties=[penalty], random_state=0)
    >>> max(net.fit(X, y).net_.history[:, "group_fairness"]) <= 1
    True
    """

    def unfairness(self, proba, y, groups):
        """Return the difference of the groups' predictions."""
        # of all groups, also those that the batch has no records of
        return demographic_parity(proba, groups, len(self.shares_))


class PredictiveFairness(FairnessPenalty):
    r"""Penalize the parameters more while classes of groups are recognized differently.

    .. math:: \lambda \, e^r \sum_j |\theta_j|, \qquad r = \delta_p = \max_{i,j} \frac{1}{n}
              \sum_{y'} \left|P[\hat{y} = y' \mid y = y', g_i]
              - P[\hat{y} = y' \mid y = y', g_j]\right|

    where :math:`\theta` are the parameters, :math:`y` is the true and :math:`\hat{y}` the predicted
    label, :math:`g_i` a group and :math:`n` the number of labels :math:`y'` that both groups have
    records of. r = 0 means that records of each class are recognized equally often in all groups,
    and 1 that those of one group always are and those of another never.

    Parameters
    ----------
    weight : float, default=0.001
        The weight :math:`\lambda`, at least 0. With 0 the property is only measured.

    Raises
    ------
    ValueError
        In `fit`, if X has no such column, there are fewer than 2 or more than 20 groups, or one has
        fewer than 5 training records.

    See Also
    --------
    skmia.metrics.predictive_fairness_difference : The property of a classifier's predictions.

    Notes
    -----
    What :class:`GroupFairness` notes holds here too.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, Algorithm 1 and
       equations 9 and 10.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skmia.neural_network import PredictiveFairness, RegularizedMLPClassifier
    >>> X, y = make_classification(n_samples=200, random_state=0)
    >>> penalty = PredictiveFairness(sensitive_features=lambda X: X[:, 0] > 0)
    >>> net = RegularizedMLPClassifier((10,), max_epochs=3, penalties=[penalty], random_state=0)
    >>> max(net.fit(X, y).net_.history[:, "predictive_fairness"]) <= 1
    True
    """

    def unfairness(self, proba, y, groups):
        """Return the difference of the groups' recalls."""
        return equal_opportunity(proba, y, groups, len(self.shares_))


class IndividualFairness(FairnessPenalty):
    r"""Penalize the parameters more while like records are answered differently.

    .. math:: \lambda \, e^r \sum_j |\theta_j|, \qquad r = \delta_i = \frac{1}{N} \sum_{i,j}
              \left|\Delta_{tv}(i, j) - \left|P[x_i] - P[x_j]\right|\right|, \qquad
              \Delta_{tv}(i, j) = \frac{1}{n} \sum_{y'} \left|p_i(y') - p_j(y')\right|

    where :math:`\theta` are the parameters, :math:`p_i(y')` is the probability of label :math:`y'`
    for record :math:`i`, :math:`n` the number of labels, :math:`P[x_i]` the share of the training
    records that are in the group of record :math:`i`, and the mean is over :math:`N` random pairs.
    r lies in [0, 1]; 0 means that answers differ exactly as much as the groups differ in size.

    Parameters
    ----------
    weight : float, default=0.001
        The weight :math:`\lambda`, at least 0. With 0 the property is only measured.

    Raises
    ------
    ValueError
        In `fit`, if X has no such column, there are fewer than 2 or more than 20 groups, or one has
        fewer than 5 training records.

    See Also
    --------
    skmia.metrics.individual_fairness_deviation : The property of a classifier's predictions.

    Notes
    -----
    r = 0 does **not** mean equal answers: those have as r the mean difference of the groups' sizes,
    which is 0 only for groups of one size. The paper does not say what :math:`P[x_i]` is; the share
    of the record's group is our reading, and so is the mean over pairs. A measurement takes as many
    pairs as records, and probabilities instead of predicted labels.

    What else :class:`GroupFairness` notes holds here too.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, Algorithm 1 and
       equations 11 to 13.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skmia.neural_network import IndividualFairness, RegularizedMLPClassifier
    >>> X, y = make_classification(n_samples=200, random_state=0)
    >>> penalty = IndividualFairness(sensitive_features=lambda X: X[:, 0] > 0)
    >>> net = RegularizedMLPClassifier((10,), max_epochs=3, penalties=[penalty], random_state=0)
    >>> max(net.fit(X, y).net_.history[:, "individual_fairness"]) <= 1
    True
    """

    def unfairness(self, proba, y, groups):
        """Return the mean deviation of random pairs."""
        # neighbors in a random order are as many pairs as records, not the square of it
        order = torch.randperm(len(proba), generator=self.generator_).numpy()
        return individual_fairness(proba, self.shares_[groups], order)

    def answers(self, logits):
        """Return what is measured: probabilities."""
        # a predicted label says nothing of how far two answers are apart
        return logits.softmax(dim=1)


def training_groups(net, sensitive_features, generator):
    """Return the group of each record, held-out ones included, as an integer from 0 on."""
    training = net.training
    if sensitive_features is None:
        codes = _informative_groups(training, generator)
        hint = "Give sensitive_features: a column of X, or a callable of X."
    else:
        codes = _given_groups(training, sensitive_features)
        hint = "Give a callable of X that cuts or merges, such as lambda X: X[:, 0] > 0.5."
    # held-out records have groups, too, but the property is measured on the others alone
    _check_sizes(np.bincount(codes[training.rows]), sensitive_features, hint)
    return codes


def _given_groups(training, sensitive_features):
    records = training.records
    if callable(sensitive_features):
        values = sensitive_features(records)
    else:
        records = records.numpy(force=True) if torch.is_tensor(records) else records
        values = columns_of(records, sensitive_features, remedy=REMEDY)
    codes, _ = group_codes(values)
    if len(codes) != (n_records := get_len(training.X)):
        raise ValueError(
            "sensitive_features must return one value for each record, got "
            f"{len(codes)} for {n_records} records."
        )
    return codes


def _informative_groups(training, generator):
    """Return the paper's groups: all of the most informative features low, or not."""
    X = _table(training.X)
    y = np.asarray(training.y)
    rows = training.rows
    seed = int(torch.randint(2**31 - 1, (1,), generator=generator))
    # a slice makes no copy of the table
    trained = slice(None) if len(rows) == X.shape[0] else rows
    columns = most_informative_features(X[trained], y[trained], N_FEATURES, random_state=seed)
    values = X[:, columns].toarray() if issparse(X) else X[:, columns]
    # the paper scales the columns to [0, 1] and cuts at 0.5; so do the records trained on here
    low, high = values[rows].min(axis=0), values[rows].max(axis=0)
    return (values <= low + (high - low) / 2).all(axis=1).astype(np.intp)


def _table(X):
    try:
        return check_array(X, accept_sparse="csr")
    except (TypeError, ValueError) as error:
        raise ValueError(
            "sensitive_features=None takes groups from the columns of a table of numbers, which X "
            f"is not: {error} Give a callable of X that returns each record's group."
        ) from error


def _check_sizes(sizes, sensitive_features, hint):
    sizes = sizes[sizes > 0]
    found = f"sensitive_features={sensitive_features!r} makes"
    if len(sizes) < 2:
        raise ValueError(f"{found} a single group of the training records. {hint}")
    if len(sizes) > MOST_GROUPS:
        raise ValueError(f"{found} {len(sizes)} groups, more than {MOST_GROUPS}. {hint}")
    if sizes.min() < FEWEST_RECORDS:
        raise ValueError(
            f"{found} a group of {sizes.min()} training records, fewer than {FEWEST_RECORDS}, of "
            f"which no rate can be told. {hint}"
        )


# Of the one-hot vectors of predicted labels the next three are the metrics of skmia.metrics. Each
# is linear in the probabilities while no sign changes and the same two groups differ most. NumPy
# finds its slopes without gradients, several times as fast for arrays of this size.
def demographic_parity(proba, groups, n_groups):
    """Return the largest mean difference of two groups' mean probabilities, 0 for one group."""
    n_classes = proba.shape[1]
    # a cell is a group and a label; each record counts in all cells of its group
    cells = groups[:, None] * n_classes + np.arange(n_classes)
    return _largest_gap(proba, cells, (n_groups, n_classes))


def equal_opportunity(proba, y, groups, n_groups):
    """Return the same of the probabilities of the true class, 0 if no two groups share one."""
    n_classes = proba.shape[1]
    own = proba.gather(1, y[:, None])
    # here each record counts in one cell, that of its group and true class
    cells = groups * n_classes + y.numpy(force=True)
    return _largest_gap(own, cells[:, None], (n_groups, n_classes))


def individual_fairness(proba, shares, order):
    """Return how far distances of probabilities are from those of groups' shares, in the mean.

    Each record is paired with the one before it in `order`, and the first with the last.
    """
    values = proba.numpy(force=True)
    before = order[np.arange(len(order)) - 1]
    differences = values[order] - values[before]
    distances = np.abs(shares[order] - shares[before])
    # of |mean |p - p'| - d| the slope is the sign outside times each sign inside
    signs = np.sign(np.abs(differences).mean(axis=1) - distances) / max(len(order), 1)
    terms = signs[:, None] * np.sign(differences) / values.shape[1]
    slopes = np.zeros(values.shape)
    # each record is once the later of a pair and once the earlier
    slopes[order] = terms
    slopes[before] -= terms
    return _sum(slopes, proba) - float(signs @ distances)


def _largest_gap(numbers, cells, shape):
    n_cells = shape[0] * shape[1]
    sizes = np.bincount(cells.ravel(), minlength=n_cells)
    sums = np.bincount(cells.ravel(), numbers.numpy(force=True).ravel(), minlength=n_cells)
    means = sums / np.maximum(sizes, 1)  # of an empty cell any number, which `_slopes` leaves out
    slopes = _slopes(means.reshape(shape), sizes.reshape(shape)).ravel()
    return _sum(slopes[cells], numbers)


def _slopes(means, sizes):
    """Return how the largest mean difference of two rows changes with each number of a cell."""
    # labels that both rows have records of; all others have no rate to compare
    both = (sizes[:, None] > 0) & (sizes > 0)
    n_both = np.maximum(both.sum(axis=2), 1)
    differences = (means[:, None] - means) * both
    i, j = divmod(int((np.abs(differences).sum(axis=2) / n_both).argmax()), len(means))
    terms = np.sign(differences[i, j]) / n_both[i, j]
    slopes = np.zeros(means.shape)
    slopes[i] = terms / np.maximum(sizes[i], 1)
    slopes[j] = -terms / np.maximum(sizes[j], 1)
    return slopes


def _sum(slopes, numbers):
    return (torch.from_numpy(slopes).to(numbers) * numbers).sum()
