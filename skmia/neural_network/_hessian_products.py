"""Gradients of single records, and products with the inverse of a network's Hessian."""

import copy

import numpy as np
import torch
from skorch.dataset import get_len
from skorch.utils import to_tensor
from torch.func import functional_call, grad, vjp, vmap
from torch.nn import CrossEntropyLoss
from torch.nn.functional import cross_entropy

from skmia.neural_network._batches import take_rows
from skmia.neural_network._mlp_classifier import RegularizedMLPClassifier
from skmia.neural_network._named_lists import named
from skmia.neural_network._penalty import L2

# numbers at once: gradients of some records, and vectors that are multiplied together
BLOCK = 2**22
RECORDS_AT_ONCE = 512
VECTORS_AT_ONCE = 64
MOST_PARAMETERS = 4000
MOST_NUMBERS = 2**27  # a gigabyte


class NetworkProblem:
    r"""The objective that a trained network would have, were it at a minimum.

    .. math:: F(\theta) = \frac{1}{n} \sum_i \ell(\theta; z_i) + \sum_j w_j \theta_j^2

    where :math:`\ell` is the cross entropy and :math:`w_j` the weights of the L2 penalties. A
    system is solved where `tol` of a row's length remains, after at most `max_iter` products.
    """

    def __init__(self, classifier, X, y, tol=1e-8, max_iter=1000):
        self.classifier = classifier
        self.net = getattr(classifier, "net_", classifier)  # a classifier wraps its network
        self.X = X
        self.y = y
        self.tol = tol
        self.max_iter = max_iter
        _check_objective(classifier, self.net)
        # after pickling nobody can tell, and the caller's word is taken
        if classifier.remembers_members and not classifier.membership_of(X, y).all():
            raise ValueError(
                f"The {type(classifier).__name__} was not trained on all of these records; give "
                "those that it was, without the ones in held_out_rows_."
            )
        # conjugate gradients lose their way in float32, and dropout would change the objective
        self.module = copy.deepcopy(self.net.module_).double().eval()
        self.trained = {k: p for k, p in self.module.named_parameters() if p.requires_grad}
        self.point = torch.cat([p.detach().ravel() for p in self.trained.values()])
        self.penalty = torch.cat([self._penalty_of(p) for p in self.trained.values()])
        self.n_parameters = len(self.point)
        self.n_records = get_len(X)

    def blocks(self, X, y):
        """Yield the gradients of records' losses, one a row."""

        def _loss_of_one(point, record, label):
            return self._loss(point, record[None], label[None])

        of_each = vmap(grad(_loss_of_one), in_dims=(None, 0, 0))
        for records, labels in self._batches(X, y, BLOCK // self.n_parameters):
            yield of_each(self.point, records, labels).cpu().numpy()

    def coordinates(self):
        """Return a function that tells gradients, one a row, in fewer numbers."""
        if self.n_parameters <= MOST_PARAMETERS:
            return lambda rows: rows
        too_many = self.n_records * self.n_parameters > MOST_NUMBERS
        if self.n_records > MOST_PARAMETERS or too_many:
            raise ValueError(
                f"The covariance of the gradients takes at most {MOST_PARAMETERS} parameters or "
                f"records and {MOST_NUMBERS} numbers, got {self.n_parameters} parameters and "
                f'{self.n_records} records; use mechanism="posterior" or "output", or a smaller '
                "network."
            )
        # n gradients span n - 1 directions about their mean, far fewer than there are parameters
        gradients = np.concatenate(list(self.blocks(self.X, self.y)))
        basis = np.linalg.qr((gradients - gradients.mean(axis=0)).T)[0]

        def _reduced(rows):
            # the covariance stays; what lies outside of the span goes into one more number
            inside = rows @ basis
            rest = np.linalg.norm(rows - inside @ basis.T, axis=1)
            return np.column_stack([inside, rest])

        return _reduced

    def solver(self, damping):
        """Return a function that multiplies rows by the inverse of the Hessian plus `damping`."""
        n_rows = max(1, min(VECTORS_AT_ONCE, BLOCK // self.n_parameters))

        def _multiply(rows):
            return self.hessian_products(rows) + damping * rows

        def _solve(rows):
            rows = torch.as_tensor(rows, dtype=torch.float64, device=self.point.device)
            parts = (
                conjugate_gradients(_multiply, part, tol=self.tol, max_iter=self.max_iter)
                for part in rows.split(n_rows)
            )
            return torch.cat(list(parts)).cpu().numpy()

        return _solve

    def hessian_products(self, rows):
        """Return the products of rows, of shape (n_rows, n_parameters), with the Hessian."""
        # records in batches: the double derivative keeps the activations of all it sees
        total = torch.zeros_like(rows)
        for records, labels in self._batches(self.X, self.y, RECORDS_AT_ONCE):
            total += self._products_of(records, labels, rows)
        return total / self.n_records + 2 * self.penalty * rows  # w theta^2 has 2 w as second slope

    def _products_of(self, records, labels, rows):
        slope = grad(lambda point: self._loss(point, records, labels))
        return vmap(vjp(slope, self.point)[1])(rows)[0]

    def _loss(self, point, records, labels):
        # one flat vector, cut up as the module has it, so that rows of numbers can multiply it
        parts = point.split([p.numel() for p in self.trained.values()])
        values = {
            name: part.reshape(p.shape)
            for part, (name, p) in zip(parts, self.trained.items(), strict=True)
        }
        return cross_entropy(functional_call(self.module, values, records), labels, reduction="sum")

    def _penalty_of(self, parameter):
        weight = sum(
            penalty.weight
            for _, penalty in named(self.net.penalties)
            # the same rule as penalized_parameters: biases have one dimension
            if penalty.weight and (penalty.penalize_bias or parameter.ndim > 1)
        )
        return torch.full_like(parameter.detach().ravel(), float(weight))

    def _batches(self, X, y, size):
        """Yield records and labels as the module takes them, in float64."""
        if isinstance(self.classifier, RegularizedMLPClassifier):
            X, y = self.classifier.network_input(X, y)
        dataset = self.net.get_dataset(X, np.asarray(y))
        n_records = get_len(X)
        for start in range(0, n_records, max(1, size)):
            rows = np.arange(start, min(start + max(1, size), n_records))
            records, labels = (
                to_tensor(part, device=self.net.device) for part in take_rows(dataset, rows)
            )
            if not isinstance(records, torch.Tensor):
                raise ValueError(
                    "The closed form is of networks that take one array, got columns by name; give "
                    "the module one array of all columns."
                )
            yield records.double() if records.is_floating_point() else records, labels.long()


def conjugate_gradients(multiply, rows, *, tol=1e-8, max_iter=1000):
    """Solve a system for many right sides, one a row; `multiply` gives products with the matrix."""
    solved, residual, direction = torch.zeros_like(rows), rows.clone(), rows.clone()
    squares = (residual**2).sum(dim=1)
    goals = tol**2 * squares  # a row of zeros is solved before the first product
    for _ in range(max_iter):
        open_ = torch.nonzero(squares > goals).ravel()
        if not len(open_):
            return solved
        # solved rows drop out, for the next products cost time
        ahead = direction[open_]
        image = multiply(ahead)
        curvature = (ahead * image).sum(dim=1)
        # by the squared length: the curvature of a direction, whatever its scale
        _check_curvature(curvature / (ahead**2).sum(dim=1))
        step = (squares[open_] / curvature)[:, None]
        solved[open_] += step * ahead
        residual[open_] -= step * image
        left = (residual[open_] ** 2).sum(dim=1)
        direction[open_] = residual[open_] + (left / squares[open_])[:, None] * ahead
        squares[open_] = left
    raise ValueError(
        f"Conjugate gradients did not solve all systems with the Hessian in {max_iter} products; "
        "raise max_iter, tol or damping."
    )


def _check_curvature(curvature):
    if (curvature <= 0).any():
        raise ValueError(
            f"The Hessian, damping included, has a curvature of {curvature.min().item():.3g} in "
            "some direction, so that the network is at no minimum; raise damping above what it "
            "lacks, such as 0.01 or 0.1, or train on."
        )


def _check_objective(classifier, net):
    # each would add a term to the objective, of which the Hessian here knows nothing
    reasons = {
        "class_weight": getattr(classifier, "class_weight", None) is not None,
        "a defense": net.defense is not None,
        "a penalty other than L2": any(
            p.weight and type(p) is not L2 for _, p in named(net.penalties)
        ),
        "another criterion than the plain cross entropy": type(net.criterion_)
        is not CrossEntropyLoss
        or bool(net.get_params_for("criterion")),
        "weight_decay, which L2 of skmia.neural_network can stand for": any(
            group.get("weight_decay") for group in net.optimizer_.param_groups
        ),
    }
    found = [reason for reason, holds in reasons.items() if holds]
    if found:
        raise ValueError(
            f"The closed form is of cross entropy and L2 penalties, got {type(classifier).__name__}"
            f" with {' and '.join(found)}. Train it without, or retrain models with and without "
            "records: skmia.leakage.membership_leakage."
        )
