"""The papers' formulas as slow loops, one function each: what the fast code must equal."""

import math
import statistics

import numpy as np
from scipy.integrate import quad
from scipy.interpolate import PchipInterpolator
from scipy.stats import chi2, norm
from scipy.stats import t as student

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


def predictive_fairness_difference(y_true, y_pred, group, labels, kind):
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


def soft_demographic_parity(proba, group):
    """Tonni et al., equations 7 and 8, with mean probabilities as rates."""

    def rate(g, label):
        own = [float(p[label]) for p, h in zip(proba, group, strict=True) if h == g]
        return math.fsum(own) / len(own)

    return _largest_mean_gap(set(group), rate, range(len(proba[0])))


def soft_equal_opportunity(proba, y_true, group):
    """Tonni et al., equations 9 and 10, with mean probabilities of the true class as rates."""

    def rate(g, label):
        own = [
            float(p[label])
            for p, y, h in zip(proba, y_true, group, strict=True)
            if h == g and y == label
        ]
        return math.fsum(own) / len(own) if own else None

    return _largest_mean_gap(set(group), rate, range(len(proba[0])))


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


def population_score(s, population, *, without_itself=False):
    """Ye et al., attack P: one minus the p-value of one signal, equal ones count half."""
    others = list(population)
    if without_itself:
        others.remove(s)
    rank = sum(1.0 if q < s else 0.5 if q == s else 0.0 for q in others)
    return rank / (len(others) + 1)


def quantile_score(s, quantiles, levels, scale):
    """Where one signal lies among its predicted quantiles, on the logit scale of the level."""
    q = sorted(float(value) for value in quantiles)
    heights = [math.log(a / (1 - a)) for a in levels]
    at = [height for value, height in zip(q, heights, strict=True) if value == s]
    if at:
        return (at[0] + at[-1]) / 2
    if s > q[-1]:
        return heights[-1] + (s - q[-1]) / scale
    if s < q[0]:
        return heights[0] + (s - q[0]) / scale
    k = max(i for i, value in enumerate(q) if value < s)
    share = (s - q[k]) / (q[k + 1] - q[k])
    return heights[k] + share * (heights[k + 1] - heights[k])


def label_only_score(kept, correct):
    """Choquette-Choo et al.: the share of one record's copies that keep the label, 0 if wrong."""
    return sum(bool(k) for k in kept) / len(kept) if correct else 0.0


def gmia_p_value(loss, reference_losses):
    """Long et al., direct inference: scipy's interpolant of one record's empirical distribution."""
    k = len(reference_losses)
    if k == 0 or loss < min(reference_losses):
        return 1 / (k + 1)
    if loss >= max(reference_losses):
        return 1.0
    points = sorted(set(reference_losses))
    shares = [sum(other <= point for other in reference_losses) / k for point in points]
    return float(np.clip(PchipInterpolator(points, shares)(loss), 0, 1))


def combined_p_value(p_values, correlation):
    """Brown's method with the covariances of Kost and McDermott."""
    m = len(p_values)
    statistic, variance = sum(-2 * math.log(p) for p in p_values), 4 * m
    for i in range(m):
        for j in range(i + 1, m):
            r = correlation[i][j]
            variance += 2 * (3.263 * r + 0.710 * r**2 + 0.027 * r**3)
    c, df = variance / (4 * m), 8 * m**2 / variance
    if df > 2 * m:
        c, df = 1, 2 * m
    return chi2.sf(statistic / c, df)


def is_vulnerable(features, background, threshold, n_training_records, max_expected_neighbors):
    """Long et al., selection: expected neighbors in the training set, for each record."""
    selected = []
    for u in features:
        n_neighbors = 0
        for v in background:
            norms = math.sqrt(sum(a * a for a in u) * sum(b * b for b in v))
            cosine = sum(a * b for a, b in zip(u, v, strict=True)) / norms if norms else 0.0
            n_neighbors += 1 - cosine < threshold
        selected.append(n_neighbors * n_training_records / len(background) < max_expected_neighbors)
    return selected


def _sides(column, seen):
    """One record's signals of the shadows that did not see it, and of those that did."""
    pairs = list(zip((float(v) for v in column), seen, strict=True))
    return [[v for v, s in pairs if bool(s) == side] for side in (False, True)]


def lira_prior(shadow_signals, in_mask):
    """Mean, pooled variance, α and β of the out side and of the in side, by moments."""
    n_records, priors = len(shadow_signals[0]), []
    for side in (0, 1):
        columns = []
        for other in (side, 1 - side):
            columns = columns or [
                own
                for j in range(n_records)
                if (own := _sides([r[j] for r in shadow_signals], [r[j] for r in in_mask])[other])
            ]
        means = [statistics.fmean(own) for own in columns]
        several = [own for own in columns if len(own) > 1]
        if not several:
            variance = max(statistics.pvariance(means), 1e-12)
            priors.append((statistics.fmean(means), variance, 2.0, variance))
            continue
        samples = [statistics.variance(own) for own in several]
        expected = max(statistics.fmean(samples), 1e-12)
        noise = [2 * v**2 / (len(own) + 1) for v, own in zip(samples, several, strict=True)]
        spread = statistics.pvariance(samples) - statistics.fmean(noise)
        alpha = 2 + expected**2 / spread if spread * 1e6 > expected**2 else 1e6
        squares = sum(v * (len(own) - 1) for v, own in zip(samples, several, strict=True))
        pooled = max(squares / sum(len(own) - 1 for own in several), 1e-12)
        priors.append((statistics.fmean(means), pooled, alpha, (alpha - 1) * expected))
    return priors


def lira_law(own, prior, variance, center):
    """The distribution of one record's signals on one side: Carlini et al., or Brännvall."""
    mean, pooled, alpha, beta = prior
    n = len(own)
    if variance == "bayesian":
        x = statistics.fmean(own) if own else mean
        squares = sum((v - x) ** 2 for v in own)
        kappa, alpha = 1 + n, alpha + n / 2
        beta += squares / 2 + n * (x - mean) ** 2 / (2 * kappa)
        scale = math.sqrt(beta * (kappa + 1) / (alpha * kappa))
        return student(2 * alpha, (mean + n * x) / kappa, max(scale, 1e-6))
    average = {"mean": statistics.fmean, "median": statistics.median}[center]
    deviation = math.sqrt(pooled)
    if variance == "per_record" and n > 1:
        deviation = statistics.pstdev(own)
    return norm(average(own) if own else mean, max(deviation, 1e-6))


def lira_score(phi, column, seen, priors, *, online, variance, center, alternative):
    """Algorithm 1 of Carlini et al. for one record."""
    sides = _sides(column, seen)
    out, own = (
        lira_law(s, prior, variance, center) for s, prior in zip(sides, priors, strict=True)
    )
    if online and sides[1]:
        return own.logpdf(phi) - out.logpdf(phi)
    return -out.logsf(phi) if alternative == "greater" else -out.logpdf(phi)


def smoothed_odds(p, amount):
    return math.log((p + amount) / (1 - p + amount))


def rmia_ratio(confidence, column, seen, *, offline_a, online):
    """Zarifzadeh et al.: p(x | θ) / p(x) for one record."""
    out, own = _sides(column, seen)
    p_in = statistics.fmean(own) if own else None
    without_out = (max(p_in + offline_a - 1, 0) / offline_a if offline_a else p_in) if own else None
    p_out = statistics.fmean(out) if out else without_out
    if online and own:
        return confidence / max((p_in + p_out) / 2 if out else p_in, EPS)
    return confidence / max(((1 + offline_a) * p_out + 1 - offline_a) / 2, EPS)


def rmia_score(record, population, *, offline_a, gamma, online):
    """Compare one record (confidence, column, seen) with all those of the population."""
    online = online and any(record[2])
    own = rmia_ratio(*record, offline_a=offline_a, online=online)
    ratios = [
        rmia_ratio(*z, offline_a=1 if online else offline_a, online=online) for z in population
    ]
    return sum(own > gamma * ratio for ratio in ratios) / len(ratios)


def base_score(confidence, column, seen, *, online, scale):
    def log(value):
        return math.log(max(float(value), EPS))

    if online and any(seen):
        return log(confidence) - log(statistics.fmean(float(v) for v in column))
    out, own = _sides(column, seen)
    return log(confidence) - scale * log(statistics.fmean(out or own))


def reference_score(signal, column, seen, method):
    """Watson et al. (difficulty), Sablayrolles et al. (midpoint), Ye et al. (rank)."""
    out, own = _sides(column, seen)
    if method == "rank":
        shares = [1.0 if v < signal else 0.5 if v == signal else 0.0 for v in out]
        return statistics.fmean(shares) if out else 0.5
    low = statistics.fmean(out or own)
    if method == "difficulty":
        return signal - low
    return signal - (low + statistics.fmean(own or out)) / 2


def _log_softmax(z):
    return [float(v) - math.log(math.fsum(math.exp(float(u)) for u in z)) for v in z]


def _answer_entropy(z):
    return -math.fsum(math.exp(v) * v for v in _log_softmax(z))


def label_smoothing_loss(logits, y, smoothing):
    losses = []
    for z, label in zip(logits, y, strict=True):
        rest = smoothing / len(z)
        t = [rest + (1 - smoothing) * (c == label) for c in range(len(z))]
        losses.append(-math.fsum(a * b for a, b in zip(t, _log_softmax(z), strict=True)))
    return statistics.fmean(losses)


def confidence_penalty_loss(logits, y, weight):
    pairs = zip(logits, y, strict=True)
    return statistics.fmean(-_log_softmax(z)[c] - weight * _answer_entropy(z) for z, c in pairs)


def relax_loss(logits, y, target, epoch, upper, variant, fixed=None):
    """Epochs count from 0; `fixed` are the soft labels' own shares where these are constants."""
    plain = [-_log_softmax(z)[label] for z, label in zip(logits, y, strict=True)]
    mean = statistics.fmean(plain)
    if epoch % 2 == 0:
        return abs(mean - target)
    if mean > target:
        return mean
    losses = []
    for i, (z, label) in enumerate(zip(logits, y, strict=True)):
        own = min(math.exp(-plain[i]), upper) if fixed is None else fixed[i]
        t = [own if c == label else (1 - own) / (len(z) - 1) for c in range(len(z))]
        soft = -math.fsum(a * b for a, b in zip(t, _log_softmax(z), strict=True))
        wrong = max(range(len(z)), key=lambda c: z[c]) != label
        losses.append(soft if variant == "tabular" else wrong * soft - plain[i])
    return statistics.fmean(losses)


def hamp_confidence(n_classes, entropy):
    """Step down from 1 by 0.01 until the labels are uncertain enough."""
    for hundredths in range(100, 0, -1):
        p = hundredths / 100
        t = [p] + [(1 - p) / (n_classes - 1)] * (n_classes - 1)
        if -sum(v * math.log(v) for v in t if v) >= entropy * math.log(n_classes):
            return p
    return None


def hamp_loss(logits, y, own, weight, reduction):
    losses = []
    for z, label in zip(logits, y, strict=True):
        t = [own if c == label else (1 - own) / (len(z) - 1) for c in range(len(z))]
        pairs = zip(t, _log_softmax(z), strict=True)
        divergence = math.fsum(a * (math.log(a) - b) for a, b in pairs if a)
        divergence /= len(z) if reduction == "mean" else 1
        losses.append(divergence - weight * _answer_entropy(z))
    return statistics.fmean(losses)


def squared_discrepancy(own, others, weights, bandwidth):
    def kernel(u, v):
        square = math.fsum((float(a) - float(b)) ** 2 for a, b in zip(u, v, strict=True))
        return math.exp(-square / (2 * bandwidth**2))

    total = 0.0
    for i, wi in enumerate(weights):
        for j, wj in enumerate(weights):
            k = (
                kernel(own[i], own[j])
                + kernel(others[i], others[j])
                - 2 * kernel(own[i], others[j])
            )
            total += float(wi) * float(wj) * k
    return total / math.fsum(float(w) for w in weights) ** 2


def influence_leakage(
    gradients, hessian, n, mechanism, noise_scale=None, inverse_temperature=None, damping=0.0
):
    """Invert one matrix for each record; of "sampling" the covariance of all other gradients."""
    found = []
    for i, g in enumerate(gradients):
        if mechanism == "sampling":
            others = [other for j, other in enumerate(gradients) if j != i]
            mean = sum(others) / len(others)
            covariance = sum(np.outer(o - mean, o - mean) for o in others) / len(others)
            inverse = np.linalg.inv(covariance + damping * np.eye(len(g)))
            found.append(g @ inverse @ g / (2 * n))
            continue
        inverse = np.linalg.inv(hessian + damping * np.eye(len(g)))
        shift = -inverse @ g / n
        if mechanism == "output":
            found.append(shift @ shift / (2 * noise_scale**2))
        else:
            found.append(-inverse_temperature * g @ shift / 2)
    return found


def entropy_in_bits(values):
    """Equation 2 of Tonni et al., value by value."""
    values = list(values)
    shares = [values.count(value) / len(values) for value in set(values)]
    return -sum(share * math.log2(share) for share in shares)


def low_or_high(number, numbers):
    """Which half of the range of all numbers one of them lies in, after min-max scaling."""
    scaled = (number - min(numbers)) / ((max(numbers) - min(numbers)) or 1)
    return "low" if scaled <= 0.5 else "high"


def corrected_pooled_kl(first, second):
    """Half the squared distance of two samples less its bias, in one dimension by loops."""
    n, m = len(first), len(second)
    mean, other = math.fsum(first) / n, math.fsum(second) / m
    scatter = math.fsum((s - mean) ** 2 for s in first)
    scatter += math.fsum((s - other) ** 2 for s in second)
    degrees = n + m - 2
    squared = (mean - other) ** 2 / (scatter / degrees)
    return (squared * (degrees - 2) / degrees - 1 / n - 1 / m) / 2


def two_gaussian_kl(first, second):
    """Divergence of the Gaussian of one sample from that of the other, in one dimension."""
    v, w = statistics.variance(first), statistics.variance(second)
    difference = statistics.fmean(first) - statistics.fmean(second)
    return (v / w + difference**2 / w - 1 + math.log(w / v)) / 2


def neighbors_kl(first, second, k):
    """Wang, Kulkarni and Verdú's equation, by sorting all distances."""
    total = 0.0
    for i, point in enumerate(first):
        own = sorted(math.dist(point, other) for j, other in enumerate(first) if j != i)
        far = sorted(math.dist(point, other) for other in second)
        total += math.log(far[k - 1] / own[k - 1])
    return len(first[0]) / len(first) * total + math.log(len(second) / (len(first) - 1))


def gaussian_information(distance, prior):
    """Mutual information of a bit and a Gaussian that it moves, by quadrature of its definition."""

    def integrand(x):
        p, q = norm.pdf(x, distance / 2), norm.pdf(x, -distance / 2)
        mixture = prior * p + (1 - prior) * q
        parts = (prior, p), (1 - prior, q)
        return sum(share * law * math.log(law / mixture) for share, law in parts if law > 0)

    return quad(integrand, -distance / 2 - 9, distance / 2 + 9, points=[0], limit=200)[0]
