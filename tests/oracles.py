"""The papers' formulas as slow loops, one function each: what the fast code must equal."""

import math

import numpy as np

EPS = 1e-30


def _floored_log(value, eps=EPS):
    return math.log(max(value, eps))


def correctness(p, y):
    return float(int(np.argmax(p)) == y)


def confidence(p, y):
    return float(p[y]) if y >= 0 else 0.0


def loss(p, y):
    return _floored_log(confidence(p, y))


def entropy(p, y):
    return sum(float(q) * _floored_log(float(q)) for q in p)


def modified_entropy(p, y):
    total = (1 - confidence(p, y)) * _floored_log(confidence(p, y))
    for i, q in enumerate(p):
        if i != y:
            total += float(q) * _floored_log(1 - float(q))
    return total


def logit_confidence(p, y):
    others = math.fsum(float(q) for i, q in enumerate(p) if i != y)
    return math.log(confidence(p, y) + 1e-45) - math.log(others + 1e-45)


def margin(p, y):
    others = [float(q) for i, q in enumerate(p) if i != y]
    return confidence(p, y) - max(others, default=0.0)


def best_threshold(scores, membership):
    """Try every value of members, then of non-members; keep the largest of the best."""
    members = [s for s, m in zip(scores, membership, strict=True) if m]
    others = [s for s, m in zip(scores, membership, strict=True) if not m]
    best, threshold = -1, None
    for candidate in members + others:
        hits = sum(s >= candidate for s in members) * len(others)
        hits += sum(s < candidate for s in others) * len(members)
        if hits > best or (hits == best and candidate > threshold):
            best, threshold = hits, candidate
    return threshold


def _bin_of(value, edges):
    if value >= edges[-1]:
        return len(edges) - 2
    if value <= edges[0]:
        return 0
    return max(i for i in range(len(edges) - 1) if edges[i] <= value)


def privacy_risk(v, v_in, v_out, n_bins, log_scale, prior=0.5):
    """Song and Mittal's rules 1 to 6 for one class and one value."""
    if log_scale:
        v, v_in, v_out = max(v, 1e-10), np.maximum(v_in, 1e-10), np.maximum(v_out, 1e-10)
    low, high = min(*v_in, *v_out), max(*v_in, *v_out)
    if log_scale:
        edges = 10 ** np.linspace(np.log10(low), np.log10(high), n_bins + 1)
    else:
        edges = np.linspace(low, high, n_bins + 1)

    h_in, h_out = np.zeros(n_bins), np.zeros(n_bins)
    for value in v_in:
        h_in[_bin_of(value, edges)] += 1 / len(v_in)
    for value in v_out:
        h_out[_bin_of(value, edges)] += 1 / len(v_out)
    at = _bin_of(v, edges)
    for distance in range(n_bins):
        for neighbor in (at - distance, at + distance):
            if 0 <= neighbor < n_bins and h_in[neighbor] + h_out[neighbor] > 0:
                a, b = prior * h_in[neighbor], (1 - prior) * h_out[neighbor]
                return a / (a + b)
    return prior
