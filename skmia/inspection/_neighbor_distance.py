"""How far records lie from others that the target was trained on."""

import numpy as np
from sklearn.neighbors import NearestNeighbors

__all__ = ["neighbor_distance", "neighbor_distance_within"]


def neighbor_distance(points, contents, known, rows, n_neighbors, n_jobs=None):
    """Return the mean distance of records to the nearest known ones of other content.

    `contents` are equal for copies: a record is no neighbor of its copies, and copies count once.
    NaN where there is no neighbor; all neighbors where there are fewer than asked for.
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
    """Return the mean distance of all records to the nearest known ones of the same class."""
    distances = np.empty(len(codes))
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        of_class = rows[known[rows]]
        distances[rows] = neighbor_distance(points, contents, of_class, rows, n_neighbors, n_jobs)
    return distances
