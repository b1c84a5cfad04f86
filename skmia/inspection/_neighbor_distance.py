"""How far records lie from others that the target was trained on."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

__all__ = ["neighbor_distance", "neighbor_distance_within"]


def neighbor_distance(points, contents, known, rows, n_neighbors, n_jobs=None):
    """Return the mean distance of records to the nearest known ones of other content.

    Parameters
    ----------
    points : {ndarray, sparse matrix} of shape (n_records, n_dimensions)
        All records.
    contents : ndarray of int, shape (n_records,)
        Equal for copies. A record is no neighbor of its copies, and copies count once.
    known : ndarray of int
        Which records to look for neighbors among.
    rows : ndarray of int, shape (n_rows,)
        Which records to look for neighbors of.
    n_neighbors : int
        How many neighbors; all if there are fewer.
    n_jobs : int, default=None
        Number of searches at the same time.

    Returns
    -------
    ndarray of shape (n_rows,)
        The distances, NaN where there is no neighbor.

    Examples
    --------
    >>> import numpy as np
    >>> from skmia.inspection._neighbor_distance import neighbor_distance
    >>> points, rows = np.array([[0.0], [1.0], [4.0]]), np.arange(3)
    >>> neighbor_distance(points, rows, rows[:2], rows, n_neighbors=1)
    array([1., 1., 3.])
    """
    once = known[np.unique(contents[known], return_index=True)[1]]
    if not len(once) or not len(rows):
        return np.full(len(rows), np.nan)
    # one more, since a known record finds itself
    index = NearestNeighbors(n_neighbors=min(n_neighbors + 1, len(once)), n_jobs=n_jobs)
    distances, found = index.fit(points[once]).kneighbors(points[rows])
    distances = distances.astype(np.float64)
    distances[contents[once][found] == contents[rows][:, None]] = np.nan
    distances = np.sort(distances, axis=1)[:, :n_neighbors]  # NaN last
    n_found = np.isfinite(distances).sum(axis=1)
    means = np.nansum(distances, axis=1)
    return np.divide(means, n_found, out=np.full(len(rows), np.nan), where=n_found > 0)


def neighbor_distance_within(codes, points, contents, known, n_neighbors, n_jobs=None):
    """Return the mean distance of all records to the nearest known ones of the same class.

    Parameters
    ----------
    codes : ndarray of int, shape (n_records,)
        The class of each record.
    points : {ndarray, sparse matrix} of shape (n_records, n_dimensions)
        All records.
    contents : ndarray of int, shape (n_records,)
        Equal for copies.
    known : ndarray of bool, shape (n_records,)
        Which records to look for neighbors among.
    n_neighbors : int
        How many neighbors; all if there are fewer.
    n_jobs : int, default=None
        Number of searches at the same time.

    Returns
    -------
    ndarray of shape (n_records,)
        The distances, NaN where there is no neighbor.
    """
    distances = np.empty(len(codes))
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        of_class = rows[known[rows]]
        distances[rows] = neighbor_distance(points, contents, of_class, rows, n_neighbors, n_jobs)
    return distances
