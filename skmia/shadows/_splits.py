"""Who sees what: the records that each shadow model is trained on and those it is not."""

from numbers import Integral

import numpy as np

from skmia._records import ranks_within


def draw_splits(splitter, units, strata, *, train_size, seeds):
    """Draw who is trained on which records and who is not, as two masks (n_shadows, n_records).

    `units` are kept together, 0 to n_units − 1; each has one of the `strata`. All splitters but
    "bernoulli" and "leave_one_out" bring the units into a random order, of which each part holds
    the strata in proportion, and cut it by the number of records. `train_size` is a number of
    records, or their share of the records that a shadow draws from.
    """
    sizes = np.bincount(units)
    in_units, out_units = SPLITTERS[splitter](sizes, strata, train_size, seeds)
    _check_sides(in_units, out_units, splitter, len(units))
    return in_units[:, units], out_units[:, units]


def _pairs_of_opposites(sizes, strata, train_size, seeds):
    """Two shadows share one order: what one is trained on is held out from the other."""
    if len(seeds) % 2 or train_size != 0.5:
        raise ValueError(
            "splitter='halves' needs an even n_shadows and train_size=0.5, so that each record is "
            f"seen by exactly half of the shadows; got n_shadows={len(seeds)} and train_size="
            f"{train_size}. Use 'bernoulli' or 'overlapping' for others."
        )
    in_units = np.zeros((len(seeds), len(sizes)), dtype=bool)
    for i, seed in enumerate(seeds[::2]):  # one order per pair
        first, _ = _cut(_order(strata, 0.5, seed), sizes, sizes.sum() / 2)
        in_units[2 * i, first] = True
    in_units[1::2] = ~in_units[::2]
    return in_units, ~in_units


def _bernoulli(sizes, strata, train_size, seeds):
    """Each unit is seen by each shadow with the same probability, independently."""
    if strata.any():
        raise ValueError(
            "splitter='bernoulli' tosses a coin for each record, so that it cannot be stratified. "
            "Use stratify=False, or splitter='halves', 'overlapping' or 'disjoint'."
        )
    share = train_size / sizes.sum() if isinstance(train_size, Integral) else train_size
    draws = [np.random.RandomState(seed).random_sample(len(sizes)) for seed in seeds]
    in_units = np.array(draws) < share
    return in_units, ~in_units


def _overlapping(sizes, strata, train_size, seeds):
    """Each shadow draws its records and as many held-out ones from all anew."""
    n_in = _n_records(train_size, sizes.sum())
    masks = np.zeros((2, len(seeds), len(sizes)), dtype=bool)
    for i, seed in enumerate(seeds):
        _take_sides(masks[:, i], _order(strata, n_in / sizes.sum(), seed), sizes, n_in)
    return masks


def _disjoint(sizes, strata, train_size, seeds):
    """Each shadow draws from a block of its own."""
    masks = np.zeros((2, len(seeds), len(sizes)), dtype=bool)
    rest = _order(strata, 1 / len(seeds), seeds[0])  # one order, of which each has a block
    n_left = sizes.sum()
    for i in range(len(seeds)):
        # of what is left, so that units that do not fit a block leave no shadow without records
        n_block = n_left / (len(seeds) - i)
        block, rest = _cut(rest, sizes, n_block)
        n_left -= sizes[block].sum()
        _take_sides(masks[:, i], block, sizes, _n_records(train_size, sizes[block].sum()))
    return masks


def _leave_one_out(sizes, strata, train_size, seeds):
    """Each shadow is trained on all units but one: the first, the second, and so on, and again."""
    if train_size != 0.5 or strata.any():
        raise ValueError(
            "splitter='leave_one_out' trains each shadow on all records but one, which leaves "
            "train_size and stratify nothing to say. Leave them out, or use another splitter."
        )
    out_units = np.zeros((len(seeds), len(sizes)), dtype=bool)
    out_units[np.arange(len(seeds)), np.arange(len(seeds)) % len(sizes)] = True
    return ~out_units, out_units


SPLITTERS = {
    "bernoulli": _bernoulli,
    "disjoint": _disjoint,
    "halves": _pairs_of_opposites,
    "leave_one_out": _leave_one_out,
    "overlapping": _overlapping,
}


def _n_records(train_size, n_available):
    """Return the number of records to train on, which may be no whole one: cuts come near it."""
    if not isinstance(train_size, Integral):
        return train_size * n_available
    if train_size >= n_available:
        raise ValueError(
            f"train_size={train_size} leaves none of the {n_available} records that a shadow draws "
            "from to be held out. Give fit more records or lower train_size; Shokri et al. need "
            "twice as many records as train_size."
        )
    return train_size


def _take_sides(masks, order, sizes, n_in):
    """Mark the first records in the order as seen, and as many of the next as held out."""
    seen, rest = _cut(order, sizes, n_in)
    held_out, _ = _cut(rest, sizes, sizes[seen].sum())
    masks[0, seen] = True
    masks[1, held_out] = True


def _order(strata, share, seed):
    """Return the units in random order, whose first share holds the strata in proportion.

    A unit's place is its rank in its stratum plus a phase, in units of the stratum. The phase
    decides whether the share of a stratum is rounded up or down.
    """
    rng = np.random.RandomState(seed)
    draws = rng.random_sample(len(strata))  # also decide between equal places
    n_units = np.bincount(strata)
    place = ranks_within(strata, draws) + _phases(n_units, share, rng)[strata]
    return np.lexsort((draws, place / n_units[strata]))


def _phases(n_units, share, rng):
    """Draw a phase for each stratum; rounded up are those that fill up the rest of others.

    Of n units those of rank r < n * share - phase are in the first share: with a phase below the
    fraction of n * share one more than with a phase above it.
    """
    fraction = share * n_units % 1
    shuffled = rng.permutation(len(fraction))
    filled = np.floor(np.cumsum(fraction[shuffled]) + rng.random_sample())
    is_up = np.empty(len(fraction), dtype=bool)
    is_up[shuffled] = np.diff(filled, prepend=0) > 0
    draws = rng.random_sample(len(fraction))
    return np.where(is_up, draws * fraction, fraction + draws * (1 - fraction))


def _cut(order, sizes, n_records):
    """Cut units in two where the first part comes nearest to so many records."""
    ends = np.concatenate([[0], np.cumsum(sizes[order])])
    at = np.argmin(np.abs(ends - n_records))  # units of many records need not end just there
    return order[:at], order[at:]


def _check_sides(in_units, out_units, splitter, n_records):
    # a random cut may leave a side empty where records are few or units are large
    lacking = np.flatnonzero(~(in_units.any(axis=1) & out_units.any(axis=1)))
    if len(lacking):
        raise ValueError(
            "A shadow model needs records for both of its sides, those it is trained on and those "
            f"held out: splitter={splitter!r} finds none for one side of shadow {lacking[0]} among "
            f"n_samples={n_records}. Give fit more distinct records, or change train_size."
        )
