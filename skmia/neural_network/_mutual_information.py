"""A penalty that grows with the mutual information of records and parameters."""

import numpy as np
import torch
from skorch.utils import to_numpy
from torch.nn.functional import layer_norm

from skmia.neural_network._penalty import PropertyPenalty
from skmia.properties._record_parameter_mi import (
    BLOCK,
    N_NEIGHBORS,
    neighbor_information,
    scaled_with_noise,
)

# a record whose values are all equal has the correlation 0, not NaN
SMALLEST_VARIANCE = 1e-12
SMALLEST_REST = 1e-6


class MutualInformation(PropertyPenalty):
    r"""Penalize the parameters more while they tell more of the records.

    .. math:: \lambda \, e^r \sum_j |\theta_j|, \qquad
              r = I_X = \frac{1}{m} \sum_i I(x_i; \vartheta), \qquad
              \vartheta_f = \max_u \theta_{u f}

    where :math:`\theta` are the parameters, :math:`\theta_{u f}` is the weight of feature f in unit
    u of the first layer, and I is the mutual information of a record's values and
    :math:`\vartheta`, with the **features** as samples. 0 means that a record's values tell nothing
    about the weights; there is no upper bound.

    Parameters
    ----------
    n_records : int, default=30
        Training records drawn for a measurement, at least 2; all if there are fewer. Its time grows
        with n_records * n_features ** 2.

    Raises
    ------
    ValueError
        In `fit`, if records have fewer than 5 features, the module has no parameter of shape
        (n_units, n_features), or `iterator_train` does not tell the rows of a batch.

    Notes
    -----
    The paper does not define the mutual information of a record and a vector of weights. This is
    what its authors computed: the estimate of Kraskov et al. with 3 neighbors, as in scikit-learn's
    `mutual_info_regression`, clipped at 0. With a dozen or two features it is mostly noise, and it
    changes with the features' scales. Measure what an attack finds, and penalize the parameters by
    :class:`L1` or :class:`L2`; by default this is L1 with a weight that moves.

    With gradients, r is the mutual information of normal variables,
    :math:`-\frac{1}{2} \ln(1 - \rho^2)`, where :math:`\rho` is the correlation over the features of
    a record's values and :math:`\vartheta`. This reading is ours. The history of the network holds
    the measured property of each epoch under the penalty's name.

    References
    ----------
    .. [1] S. M. Tonni, D. Vatsalan, F. Farokhi, D. Kaafar, Z. Lu and G. Tangari, "Data and Model
       Dependencies of Membership Inference Attack", arXiv:2002.06856, 2020, Algorithm 1 and
       equations 3 and 4.
    .. [2] A. Kraskov, H. Stögbauer and P. Grassberger, "Estimating mutual information", Physical
       Review E 69, 2004, equation 8.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from skmia.neural_network import MutualInformation, RegularizedMLPClassifier
    >>> X, y = make_classification(n_samples=200, random_state=0)
    >>> net = RegularizedMLPClassifier((10,), max_epochs=3, penalties=[MutualInformation()])
    >>> min(net.fit(X, y).net_.history[:, "mutual_information"]) >= 0
    True
    """

    def __init__(
        self,
        weight=1e-3,
        *,
        penalty_form="absolute",
        detach=True,
        n_measurements=5,
        n_records=30,
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

    def begin(self, net):
        """Find the weights of the first layer."""
        super().begin(net)
        # the parameter itself, whose values move with training
        self.first_layer_ = _first_layer(net)

    def soft_property(self, net, logits, y):
        """Return the mutual information of normal variables, of the present batch."""
        X = net.training.X_batch.to(self.first_layer_.dtype)
        return gaussian_information(X, self.first_layer_.max(dim=0).values)

    def hard_property(self, net, rows):
        """Return the mean estimate of Kraskov et al. over some records."""
        X, _ = net.training.take(rows)
        top = to_numpy(self.first_layer_.max(dim=0).values)
        return float(mutual_information(to_numpy(X), top, self.generator_).mean())


def mutual_information(X, theta, generator):
    """Return the mutual information of each record's values and the features' weights, in nats."""
    n_features = len(theta)
    theta = _scaled(theta[None], generator)
    # blocks that the processor's cache holds
    n_rows = max(1, BLOCK // n_features)
    blocks = (_scaled(X[i : i + n_rows], generator) for i in range(0, len(X), n_rows))
    return np.concatenate([neighbor_information(block, theta) for block in blocks])


def gaussian_information(X, theta):
    """Return the mean mutual information of records and weights, as if both were normal.

    It has gradients, and is at most 6.9, where a record is a multiple of the weights.
    """
    shape = theta.shape
    X, theta = (layer_norm(values, shape, eps=SMALLEST_VARIANCE) for values in (X, theta))
    # normed over the features, so that the product's mean is the correlation
    squared_correlation = (X @ theta / len(theta)).square()
    # kept below 1, where the logarithm and its gradient are infinite
    return -0.5 * torch.log1p(-squared_correlation.clamp(max=1 - SMALLEST_REST)).mean()


def _first_layer(net):
    shape = np.shape(net.training.X)
    n_features = shape[1] if len(shape) == 2 else 0
    if n_features < N_NEIGHBORS + 2:  # the estimate of fewer is always 0
        raise ValueError(
            f"MutualInformation needs a table of at least {N_NEIGHBORS + 2} features, each of "
            f"which is a sample, got records of shape {shape}."
        )
    # parameters come in the order in which the module has its layers
    for parameter in net.module_.parameters():
        if parameter.ndim == 2 and parameter.shape[1] == n_features:
            return parameter
    raise ValueError(
        "MutualInformation needs a module whose first layer has a weight for each feature, a "
        f"parameter of shape (n_units, {n_features}); there is none."
    )


def _scaled(values, generator):
    """Return rows of variance 1, with small noise that sets equal values apart."""
    noise = torch.randn(values.shape, generator=generator, dtype=torch.float64).numpy()
    return scaled_with_noise(values, noise)
