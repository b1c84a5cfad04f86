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


def _share(flags):
    flags = list(flags)
    return sum(flags) / len(flags)


def _largest_mean_gap(groups, rate, labels):
    """Largest mean over labels of |rate in one group - rate in another|; None is no rate."""
    values = []
    for g in groups:
        for h in groups:
            pairs = [(rate(g, label), rate(h, label)) for label in labels]
            gaps = [abs(a - b) for a, b in pairs if a is not None and b is not None]
            if g != h and gaps:
                values.append(sum(gaps) / len(gaps))
    return max(values, default=None)


def demographic_parity_difference(y_pred, group, labels):
    """Tonni et al., equations 7 and 8."""

    def rate(g, label):
        return _share(y == label for y, h in zip(y_pred, group, strict=True) if h == g)

    return _largest_mean_gap(set(group), rate, labels)


def equal_opportunity_difference(y_true, y_pred, group, labels, kind):
    """Tonni et al., equations 9 and 10, or with precision instead of recall."""
    known, asked = (y_true, y_pred) if kind == "recall" else (y_pred, y_true)

    def rate(g, label):
        flags = [
            a == label for k, a, h in zip(known, asked, group, strict=True) if h == g and k == label
        ]
        return _share(flags) if flags else None

    return _largest_mean_gap(set(group), rate, labels)


def individual_fairness_deviations(proba, group):
    """Tonni et al., equations 12 and 13: the term of each pair of records."""
    n, n_labels = len(proba), len(proba[0])
    terms = []
    for i in range(n):
        for j in range(i + 1, n):
            variation = sum(abs(a - b) for a, b in zip(proba[i], proba[j], strict=True)) / n_labels
            shares = [_share(h == group[r] for h in group) for r in (i, j)]
            terms.append(abs(variation - abs(shares[0] - shares[1])))
    return terms


def mia_indistinguishability_deviation(membership, y_pred, smoothing=0.0):
    """Tonni et al., equation 6."""
    labels, largest = set(y_pred), 0.0
    for label in labels:
        logs = []
        for side in (0, 1):
            own = [y for y, m in zip(y_pred, membership, strict=True) if m == side]
            count = sum(y == label for y in own) + smoothing
            share = count / (len(own) + smoothing * len(labels))
            logs.append(math.log(share) if share else -math.inf)
        largest = max(largest, abs(logs[1] - logs[0]))
    return largest
