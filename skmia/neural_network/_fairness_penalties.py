"""Penalties that grow while a classifier treats groups of records differently."""

import torch

from skmia.neural_network._fairness_penalty import FairnessPenalty
from skmia.neural_network._soft_fairness import (
    demographic_parity,
    equal_opportunity,
    individual_fairness,
)

__all__ = ["GroupFairness", "IndividualFairness", "PredictiveFairness"]


class GroupFairness(FairnessPenalty):  # numpydoc ignore=PR02
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
    sensitive_features : str, int, list of these, callable or None, default=None
        What the groups come from: a column of X, by name or number; several columns, each
        combination of values being a group; or a function of X, as it is given to `fit`, that
        returns the group of each record. None takes the paper's two groups: records with low values
        in all of the five features that tell most about the label, that is in the lower half of
        their ranges, and all others. The penalty needs 2 to 20 groups of at least 5 training
        records.
    form : {"absolute", "squared", "direct"}, default="absolute"
        The penalty: "absolute" is the one above, Algorithm 1 of the paper; "squared" is its variant
        :math:`\lambda r \sum_j \theta_j^2`, which vanishes for r = 0; "direct" is
        :math:`\lambda r` itself, with gradients. As r is at most 1, the last wants a weight of
        about 0.1 to 10.
    detach : bool, default=True
        Whether r is a constant in the first two forms, as in the paper: measured of predicted
        labels, without gradients. If False, r is taken of the probabilities of each batch, so that
        the penalty lowers it too.
    n_measurements : int, default=5
        How often a constant r is measured in an epoch, at evenly spaced steps. The largest of the
        last so many values is in use.
    n_records : int, default=1000
        Training records drawn for a measurement, at least 2; all if there are fewer.
    penalize_bias : bool, default=False
        Whether :math:`\theta` includes biases.

    Raises
    ------
    ValueError
        In `fit`, if X has no such column, there are fewer than 2 or more than 20 groups, or one has
        fewer than 5 training records.

    See Also
    --------
    PredictiveFairness : The same among records of one true class.
    skmia.metrics.demographic_parity_difference : The property of a classifier's predictions.

    Notes
    -----
    The history of the network holds the property of each epoch under the penalty's name: r as it is
    in use, or one measurement where r has gradients.

    By default this is an L1 penalty whose weight moves between :math:`\lambda` and
    :math:`\lambda e`: parameters shrink more while groups are treated differently, but nothing
    pulls r itself down, and at r = 0 plain L1 is left. "squared" lets go there. To make a
    classifier fair, choose ``form="direct"``.

    No form promises privacy: groups that are treated alike may give away their training records
    all the same. Measure what an attack finds. Records count alike, whatever their weights.

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
    >>> r = net.fit(X, y).net_.history[:, "group_fairness"]
    >>> all(0 <= value <= 1 for value in r)
    True
    """

    def unfairness(self, proba, y, groups):
        """Return the difference of the groups' predictions.

        Parameters
        ----------
        proba : torch.Tensor of shape (n_records, n_classes)
            Probabilities, or one-hot vectors of predicted labels.
        y : torch.Tensor of int, shape (n_records,)
            Not used.
        groups : ndarray of int, shape (n_records,)
            Groups, from 0 on.

        Returns
        -------
        torch.Tensor
            One number.
        """
        return demographic_parity(proba, groups, len(self.shares_))


class PredictiveFairness(FairnessPenalty):  # numpydoc ignore=PR02
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
    sensitive_features : str, int, list of these, callable or None, default=None
        What the groups come from: a column of X, by name or number; several columns, each
        combination of values being a group; or a function of X, as it is given to `fit`, that
        returns the group of each record. None takes the paper's two groups: records with low values
        in all of the five features that tell most about the label, that is in the lower half of
        their ranges, and all others. The penalty needs 2 to 20 groups of at least 5 training
        records.
    form : {"absolute", "squared", "direct"}, default="absolute"
        The penalty: "absolute" is the one above, Algorithm 1 of the paper; "squared" is its variant
        :math:`\lambda r \sum_j \theta_j^2`, which vanishes for r = 0; "direct" is
        :math:`\lambda r` itself, with gradients. As r is at most 1, the last wants a weight of
        about 0.1 to 10.
    detach : bool, default=True
        Whether r is a constant in the first two forms, as in the paper: measured of predicted
        labels, without gradients. If False, r is taken of the probabilities of each batch, so that
        the penalty lowers it too.
    n_measurements : int, default=5
        How often a constant r is measured in an epoch, at evenly spaced steps. The largest of the
        last so many values is in use.
    n_records : int, default=1000
        Training records drawn for a measurement, at least 2; all if there are fewer.
    penalize_bias : bool, default=False
        Whether :math:`\theta` includes biases.

    Raises
    ------
    ValueError
        In `fit`, if X has no such column, there are fewer than 2 or more than 20 groups, or one has
        fewer than 5 training records.

    See Also
    --------
    GroupFairness : The same without regard to the true class.
    skmia.metrics.equal_opportunity_difference : The property of a classifier's predictions.

    Notes
    -----
    The history of the network holds the property of each epoch under the penalty's name: r as it is
    in use, or one measurement where r has gradients.

    By default this is an L1 penalty whose weight moves between :math:`\lambda` and
    :math:`\lambda e`: parameters shrink more while groups are treated differently, but nothing
    pulls r itself down, and at r = 0 plain L1 is left. "squared" lets go there. To make a
    classifier fair, choose ``form="direct"``.

    No form promises privacy: groups that are treated alike may give away their training records
    all the same. Measure what an attack finds. Records count alike, whatever their weights.

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
    >>> r = net.fit(X, y).net_.history[:, "predictive_fairness"]
    >>> all(0 <= value <= 1 for value in r)
    True
    """

    def unfairness(self, proba, y, groups):
        """Return the difference of the groups' recalls.

        Parameters
        ----------
        proba : torch.Tensor of shape (n_records, n_classes)
            Probabilities, or one-hot vectors of predicted labels.
        y : torch.Tensor of int, shape (n_records,)
            True classes, from 0 on.
        groups : ndarray of int, shape (n_records,)
            Groups, from 0 on.

        Returns
        -------
        torch.Tensor
            One number.
        """
        return equal_opportunity(proba, y, groups, len(self.shares_))


class IndividualFairness(FairnessPenalty):  # numpydoc ignore=PR02
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
    sensitive_features : str, int, list of these, callable or None, default=None
        What the groups come from: a column of X, by name or number; several columns, each
        combination of values being a group; or a function of X, as it is given to `fit`, that
        returns the group of each record. None takes the paper's two groups: records with low values
        in all of the five features that tell most about the label, that is in the lower half of
        their ranges, and all others. The penalty needs 2 to 20 groups of at least 5 training
        records.
    form : {"absolute", "squared", "direct"}, default="absolute"
        The penalty: "absolute" is the one above, Algorithm 1 of the paper; "squared" is its variant
        :math:`\lambda r \sum_j \theta_j^2`, which vanishes for r = 0; "direct" is
        :math:`\lambda r` itself, with gradients. As r is at most 1, the last wants a weight of
        about 0.1 to 10.
    detach : bool, default=True
        Whether r is a constant in the first two forms, as in the paper: measured without
        gradients. If False, r is taken of each batch, with gradients, so that the penalty lowers
        it too.
    n_measurements : int, default=5
        How often a constant r is measured in an epoch, at evenly spaced steps. The largest of the
        last so many values is in use.
    n_records : int, default=1000
        Training records drawn for a measurement, at least 2; all if there are fewer.
    penalize_bias : bool, default=False
        Whether :math:`\theta` includes biases.

    Raises
    ------
    ValueError
        In `fit`, if X has no such column, there are fewer than 2 or more than 20 groups, or one has
        fewer than 5 training records.

    See Also
    --------
    GroupFairness : Differences between groups that do not depend on their sizes.
    skmia.metrics.individual_fairness_deviation : The property of a classifier's predictions.

    Notes
    -----
    The history of the network holds the property of each epoch under the penalty's name: r as it is
    in use, or one measurement where r has gradients.

    r = 0 does **not** mean equal answers: those have as r the mean difference of the groups' sizes,
    which is 0 only for groups of one size. The paper leaves open what :math:`P[x_i]` is; the
    share of the record's group is our reading, and so is the mean over pairs. A measurement takes
    as many pairs as records, and probabilities instead of predicted labels.

    By default this is an L1 penalty whose weight moves between :math:`\lambda` and
    :math:`\lambda e`: parameters shrink more while r is large, but nothing
    pulls r itself down, and at r = 0 plain L1 is left. "squared" lets go there. To lower r
    itself, choose ``form="direct"``.

    No form promises privacy: groups that are treated alike may give away their training records
    all the same. Measure what an attack finds. Records count alike, whatever their weights.

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
    >>> r = net.fit(X, y).net_.history[:, "individual_fairness"]
    >>> all(0 <= value <= 1 for value in r)
    True
    """

    def unfairness(self, proba, y, groups):
        """Return the mean deviation of random pairs.

        Parameters
        ----------
        proba : torch.Tensor of shape (n_records, n_classes)
            Probabilities, or one-hot vectors of predicted labels.
        y : torch.Tensor of int, shape (n_records,)
            Not used.
        groups : ndarray of int, shape (n_records,)
            Groups, from 0 on.

        Returns
        -------
        torch.Tensor
            One number.
        """
        order = torch.randperm(len(proba), generator=self.generator_).numpy()
        return individual_fairness(proba, self.shares_[groups], order)

    def answers(self, logits):
        """Return what is measured of the module's answers: probabilities.

        Parameters
        ----------
        logits : torch.Tensor of shape (n_records, n_classes)
            What the module says.

        Returns
        -------
        torch.Tensor of shape (n_records, n_classes)
            Probabilities.
        """
        return logits.softmax(dim=1)
