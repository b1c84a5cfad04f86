"""Reading an Estimate in tests."""


def numbers(estimate):
    """Return value and both ends."""
    return float(estimate), estimate.low, estimate.high
