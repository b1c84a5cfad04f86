"""How parameters move with one record, and vary with all others."""

import numpy as np
from scipy.linalg import eigh

__all__ = ["TOLERANCE", "GradientMoments", "PseudoInverse", "SamplingLaw", "shift_leakage"]

TOLERANCE = 1e-10
# what of a squared gradient may lie, by rounding, in directions that nobody else moves
OUTSIDE = 1e-10
# what of a direction the other records must have, for it not to be one record's own
OTHERS_SHARE = 1e-6


def shift_leakage(gradients, solved, n_records, noise_scale=None, inverse_temperature=None):
    """Return the divergence of "output", or of "posterior" if there is no noise.

    Parameters
    ----------
    gradients, solved : ndarray of shape (n_candidates, n_parameters)
        Gradients, and the inverse of the Hessian times them.
    n_records : int
        Number of training records.
    noise_scale, inverse_temperature : float, default=None
        The number of the mechanism.

    Returns
    -------
    ndarray of shape (n_candidates,)
        Divergences in nats.
    """
    if noise_scale is not None:
        return (solved**2).sum(axis=1) / (2 * (n_records * noise_scale) ** 2)
    unbounded = np.isinf(solved).any(axis=1)
    products = (gradients * np.where(unbounded[:, None], 0, solved)).sum(axis=1).clip(min=0)
    return np.where(unbounded, np.inf, inverse_temperature / (2 * n_records) * products)


class PseudoInverse:
    """The inverse of a symmetric positive semi-definite matrix, in the directions it has.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        The matrix.
    rtol : float, default=1e-10
        Share of the largest eigenvalue up to which one counts as 0.
    name : str, default="hessian"
        The matrix, for the message.

    Raises
    ------
    ValueError
        If there are negative eigenvalues.
    """

    def __init__(self, matrix, rtol=TOLERANCE, name="hessian"):
        diagonal = matrix.diagonal()
        # to ones on the diagonal, or the tolerance would depend on the units of the features
        self.scale = np.sqrt(np.where(diagonal > 0, diagonal, 1))
        values, vectors = eigh(matrix / np.outer(self.scale, self.scale))
        floor = rtol * max(values[-1], 0)
        if values[0] < -max(floor, len(values) * 1e-14 * np.abs(values).max()):
            raise ValueError(
                f"{name} must be positive semi-definite, got a smallest eigenvalue of "
                f"{values[0]:.3g} beside a largest of {values[-1]:.3g} after scaling to a diagonal "
                "of ones; add damping, or train until the minimum is reached."
            )
        kept = values > floor
        self.root = vectors[:, kept] / np.sqrt(values[kept]) / self.scale[:, None]
        self.flat = vectors[:, ~kept]

    def outside(self, rows):
        """Return which rows have a part in directions that the matrix has not.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n)
            Rows.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            Whether they have.
        """
        scaled = rows / self.scale
        missing = ((scaled @ self.flat) ** 2).sum(axis=1)
        return missing > OUTSIDE * (scaled**2).sum(axis=1)

    def solve(self, rows):
        """Return the shortest solution for each row, infinite where there is none.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n)
            Rows.

        Returns
        -------
        ndarray of shape (n_rows, n)
            The solutions.
        """
        solved = rows @ self.root @ self.root.T
        if self.flat.shape[1]:
            flat = np.linalg.qr(self.flat / self.scale[:, None])[0]
            solved -= solved @ flat @ flat.T
        solved[self.outside(rows)] = np.inf
        return solved


class GradientMoments:
    """Number, mean and covariance of gradients that come in blocks.

    Parameters
    ----------
    blocks : iterable of ndarray of shape (n_records, n_parameters)
        The gradients.
    """

    def __init__(self, blocks):
        self.n, self.mean, self.scatter = 0, 0.0, 0.0
        for block in blocks:
            n, mean = len(block), block.mean(axis=0)
            centered, step = block - mean, mean - self.mean
            total = self.n + n
            self.scatter += centered.T @ centered + self.n * n / total * np.outer(step, step)
            self.mean = self.mean + n / total * step
            self.n = total

    @property
    def covariance(self):
        """Return the covariance, unbiased.

        Returns
        -------
        ndarray of shape (n_parameters, n_parameters)
            The covariance.
        """
        return self.scatter / (self.n - 1)


class SamplingLaw:
    """How the minimum varies with the records that are drawn.

    Parameters
    ----------
    covariance : ndarray of shape (n_parameters, n_parameters)
        Covariance of the gradients.
    n_records : int
        Number of training records.
    mean : ndarray of shape (n_parameters,), default=None
        Mean of the gradients, needed where a record's own gradient is left out.
    damping : float, default=0.0
        Added to the covariance's diagonal.
    rtol : float, default=1e-10
        Share of the largest eigenvalue up to which one counts as 0.
    """

    def __init__(self, covariance, n_records, mean=None, damping=0.0, rtol=TOLERANCE):
        damped = covariance + damping * np.eye(len(covariance))
        self.inverse = PseudoInverse(damped, rtol, "gradient_covariance")
        self.n_records, self.mean = n_records, mean

    def leakage(self, gradients, own):
        """Return the divergence of each record.

        Parameters
        ----------
        gradients : ndarray of shape (n_candidates, n_parameters)
            The records' gradients.
        own : bool
            Whether each is one of the covariance, and is taken out of it.

        Returns
        -------
        ndarray of shape (n_candidates,)
            Divergences in nats.
        """
        root = self.inverse.root
        sides = gradients @ root
        squares = (sides**2).sum(axis=1)
        if own:
            squares += self._own_part(sides, (gradients - self.mean) @ root)
        squares[self.inverse.outside(gradients)] = np.inf
        return squares / (2 * self.n_records)

    def _own_part(self, sides, deviations):
        """Return what is added where the covariance loses one record (Sherman and Morrison)."""
        factor = self.n_records / (self.n_records - 1) ** 2
        rest = 1 - factor * (deviations**2).sum(axis=1)
        squares = factor * (sides * deviations).sum(axis=1) ** 2
        alone = (rest < OTHERS_SHARE) & (squares > 0)
        return np.where(alone, np.inf, squares / np.where(alone, 1, rest.clip(min=OTHERS_SHARE)))
