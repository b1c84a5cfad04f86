"""What an attack does inside, for tests to look at."""


def calibrated_on(attack, X, y, membership=None):
    """Return the scores, membership and class numbers that `fit` learns thresholds from."""
    kept = []
    attack._calibrate = lambda *given: kept.append(given)
    attack.fit(X, y, membership)
    del attack._calibrate
    return kept[0]
