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
from skmia.neural_network._norm_penalties import L2

__all__ = ["NetworkProblem", "conjugate_gradients"]

# numbers at once: gradients of some records, and vectors that are multiplied together
BLOCK = 2**22
RECORDS_AT_ONCE = 512
VECTORS_AT_ONCE = 64
MOST_PARAMETERS = 4000
MOST_NUMBERS = 2**27  # a gigabyte


class NetworkProblem:
    r"""The objective that a trained network would have, were it at a minimum.

    .. math:: F(\theta) = \frac{1}{n} \sum_i \ell(\theta; z_i) + \sum_j w_j \theta_j^2

    where :math:`\ell` is the cross entropy and :math:`w_j` the weights of the L2 penalties. All is
    computed in float64, without dropout.

    Parameters
    ----------
    classifier : RegularizedMLPClassifier or RegularizedNet
        The trained network.
    X : array-like of shape (n_records, ...)
        The training records.
    y : array-like of shape (n_records,)
        Their labels.
    tol : float, default=1e-8
        Remaining share of a row at which a system counts as solved.
    max_iter : int, default=1000
        Most products with the Hessian for one row.

    Raises
    ------
    ValueError
        If the network minimizes something else, or was not trained on these records.
    """

    def __init__(self, classifier, X, y, tol=1e-8, max_iter=1000):
        self.classifier, self.net = classifier, getattr(classifier, "net_", classifier)
        self.X, self.y, self.tol, self.max_iter = X, y, tol, max_iter
        _check_objective(classifier, self.net)
        if classifier.remembers_members and not classifier.membership_of(X, y).all():
            raise ValueError(
                f"The {type(classifier).__name__} was not trained on all of these records; give "
                "those that it was, without the ones in held_out_rows_."
            )
        # conjugate gradients lose their way in float32
        self.module = copy.deepcopy(self.net.module_).double().eval()
        self.trained = {k: p for k, p in self.module.named_parameters() if p.requires_grad}
        self.point = torch.cat([p.detach().ravel() for p in self.trained.values()])
        self.penalty = torch.cat([self._penalty_of(p) for p in self.trained.values()])
        self.n_parameters, self.n_records = len(self.point), get_len(X)

    def blocks(self, X, y):
        """Yield the gradients of records' losses, some records at once.

        Parameters
        ----------
        X : array-like of shape (n_records, ...)
            Records.
        y : array-like of shape (n_records,)
            Their labels.

        Yields
        ------
        ndarray of shape (n_block, n_parameters)
            Gradients.
        """
        of_each = vmap(grad(self._loss_of_one), in_dims=(None, 0, 0))
        for records, labels in self._batches(X, y, BLOCK // self.n_parameters):
            yield of_each(self.point, records, labels).cpu().numpy()

    def coordinates(self):
        """Return how to tell gradients in fewer numbers, with the same covariance.

        Returns
        -------
        callable
            It takes gradients of shape (n_rows, n_parameters); those of the training records keep
            their covariance, and what another has outside of their span goes into one more number.

        Raises
        ------
        ValueError
            If there are too many parameters and records for a matrix.
        """
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
        gradients = np.concatenate(list(self.blocks(self.X, self.y)))
        basis = np.linalg.qr((gradients - gradients.mean(axis=0)).T)[0]

        def _reduced(rows):
            inside = rows @ basis
            rest = np.linalg.norm(rows - inside @ basis.T, axis=1)
            return np.column_stack([inside, rest])

        return _reduced

    def solver(self, damping):
        """Return what multiplies rows by the inverse of the Hessian.

        Parameters
        ----------
        damping : float
            Added to the Hessian's diagonal.

        Returns
        -------
        callable
            It takes and returns an array of shape (n_rows, n_parameters).
        """
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
        """Return the products of rows with the Hessian of the objective.

        Parameters
        ----------
        rows : torch.Tensor of shape (n_rows, n_parameters)
            The rows.

        Returns
        -------
        torch.Tensor of shape (n_rows, n_parameters)
            The products.
        """
        total = torch.zeros_like(rows)
        for records, labels in self._batches(self.X, self.y, RECORDS_AT_ONCE):
            total += self._products_of(records, labels, rows)
        return total / self.n_records + 2 * self.penalty * rows

    def _products_of(self, records, labels, rows):
        """Return the part of some records: the gradient is differentiated once more."""
        slope = grad(lambda point: self._loss(point, records, labels))
        return vmap(vjp(slope, self.point)[1])(rows)[0]

    def _loss(self, point, records, labels):
        parts = point.split([p.numel() for p in self.trained.values()])
        values = {
            name: part.reshape(p.shape)
            for part, (name, p) in zip(parts, self.trained.items(), strict=True)
        }
        return cross_entropy(functional_call(self.module, values, records), labels, reduction="sum")

    def _loss_of_one(self, point, record, label):
        return self._loss(point, record[None], label[None])

    def _penalty_of(self, parameter):
        """Return the weight of each number's square."""
        weight = sum(
            penalty.weight
            for _, penalty in named(self.net.penalties)
            if penalty.weight and (penalty.penalize_bias or parameter.ndim > 1)
        )
        return torch.full_like(parameter.detach().ravel(), float(weight))

    def _batches(self, X, y, size):
        """Yield records and labels as the module takes them, in float64."""
        if isinstance(self.classifier, RegularizedMLPClassifier):
            X, y = self.classifier.network_input(X, y)
        dataset, n_records = self.net.get_dataset(X, np.asarray(y)), get_len(X)
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
    """Solve a system with a symmetric positive matrix for many right sides at once.

    Parameters
    ----------
    multiply : callable
        It takes a tensor of shape (n_some_rows, n) and returns the products with the matrix.
    rows : torch.Tensor of shape (n_rows, n)
        The right sides.
    tol : float, default=1e-8
        Remaining share of a row's length at which it is solved.
    max_iter : int, default=1000
        Most products for one row.

    Returns
    -------
    torch.Tensor of shape (n_rows, n)
        The solutions.

    Raises
    ------
    ValueError
        If the matrix has a negative eigenvalue, or not all rows are solved in time.
    """
    solved, residual, direction = torch.zeros_like(rows), rows.clone(), rows.clone()
    squares = (residual**2).sum(dim=1)
    goals = tol**2 * squares
    for _ in range(max_iter):
        open_ = torch.nonzero(squares > goals).ravel()
        if not len(open_):
            return solved
        ahead = direction[open_]
        image = multiply(ahead)
        curvature = (ahead * image).sum(dim=1)
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
    """Refuse networks that were trained by another objective than cross entropy and L2."""
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
