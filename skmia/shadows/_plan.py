"""What shadow models are made by: templates, seeds, and who sees what."""

import re
from numbers import Integral

import numpy as np
from sklearn.base import is_regressor

from skmia._records import ranks_within
from skmia.shadows._store import differences, digest_of, library_versions
from skmia.shadows._template import shadow_template


def templates_of(shadows):
    """Return the unfitted classifiers that shadows are clones of, without seeds."""
    if shadows.estimator is None:
        raise ValueError(
            f"{type(shadows).__name__}(estimator=None) is a template. Give the classifier to "
            "train clones of, or hand the template to an attack, which takes its target."
        )
    is_list = isinstance(shadows.estimator, list | tuple)
    estimators = shadows.estimator if is_list else [shadows.estimator]
    templates = [_without_seeds(shadow_template(estimator)) for estimator in estimators]
    if not templates:
        raise ValueError("estimator is an empty list. Give at least one classifier.")
    for template in templates:
        if not hasattr(template, "fit") or is_regressor(template):
            raise TypeError(
                f"Shadow models are classifiers, got {template!r}. Give estimators with fit "
                "and predict_proba, decision_function or predict."
            )
    return templates


def _without_seeds(template):
    """Take seeds out of a template: each shadow gets one of its own."""
    if not hasattr(template, "get_params"):
        return template
    names = template.get_params(deep=True)
    # with the prefix of nested parameters, but not "my_random_state"
    seeds = [name for name in names if f"__{name}".endswith("__random_state")]
    return template.set_params(**dict.fromkeys(seeds))


def plan_of(shadows, templates, known, groups, seed):
    """Return what all shadows have in common: others are not theirs."""
    choices = _choices(shadows, templates)
    return {
        "seed": seed,
        "records": known.digest(),  # never the records: the plan is written to disk
        "n_records": known.n_records,
        "groups": None if groups is None else digest_of(groups),
        "estimator_digests": [digest_of(template) for template in templates],
        # blocks change with the number of shadows, so that none can be added
        "n_blocks": shadows.n_shadows if choices["splitter"] == "disjoint" else None,
        "versions": library_versions(templates),
        **choices,
    }


def _choices(shadows, templates):
    """Return the parameters that make other shadows of the same records."""
    return {
        # without the addresses of functions and selectors, which change with each clone
        "estimators": [re.sub(r" at 0x[0-9a-f]+", "", repr(t)) for t in templates],
        "splitter": _chosen_splitter(shadows),
        "train_size": shadows.train_size,
        "stratify": shadows.stratify,
    }


def _chosen_splitter(shadows):
    if not isinstance(shadows.splitter, str):
        return "custom"
    if shadows.splitter != "auto":
        return shadows.splitter
    if isinstance(shadows.train_size, Integral):
        return "overlapping"
    is_even = shadows.n_shadows % 2 == 0  # halves come in pairs
    return "halves" if shadows.train_size == 0.5 and is_even else "bernoulli"


def refuse_changes(plan, shadows):
    """Refuse parameters that were set after `fit` and that the shadows do not have."""
    # in the form of the plan, in which "auto" and the splitter that it chose are the same
    now = {"n_shadows": shadows.n_shadows, **_choices(shadows, templates_of(shadows))}
    made_by = {**plan, "n_shadows": len(shadows.estimators_)}
    if about := differences({name: made_by[name] for name in now}, now):
        raise ValueError(
            f"These shadow models were fitted with other parameters than they have now ({about}"
            "). Fit them again, or give an attack unfitted ones to search over parameters."
        )


def kept_shadows(estimators, n_shadows, before, plan):
    """Return the shadows of an earlier fit that stay, by number, if `plan` makes such ones."""
    if n_shadows < len(estimators):
        raise ValueError(
            f"n_shadows={n_shadows} must be at least the {len(estimators)} shadows "
            "that are trained already, because warm_start=True."
        )
    if about := differences(before, plan):
        raise ValueError(
            "warm_start adds shadows that are made like those that are trained already, but "
            f"something differs ({about}). Add an even number to halves; set "
            "warm_start=False for anything else, and for disjoint blocks."
        )
    return dict(enumerate(estimators))


def draw_rows(shadows, splitter, y, contents, groups, seeds):
    """Return which records each shadow is trained on, and which are held out from it."""
    if splitter == "custom":
        if shadows.stratify or groups is not None:
            raise ValueError(
                "A splitter that is an array says who sees what, so that it leaves nothing to "
                "stratify or groups. Leave them out, or choose a splitter by name."
            )
        return _checked_mask(shadows.splitter, (shadows.n_shadows, len(y)))
    # what falls on one side as a whole: all records of one content, or of one group
    units = contents if groups is None else groups
    strata = np.zeros(units.max() + 1, dtype=np.intp)
    if shadows.stratify:
        strata = _commonest(units, np.unique(y, return_inverse=True)[1])
    sizes = np.bincount(units)
    in_units, out_units = SPLITTERS[splitter](sizes, strata, shadows.train_size, seeds)
    _check_sides(in_units, out_units, splitter, len(units))
    return in_units[:, units], out_units[:, units]


def _checked_mask(mask, shape):
    """Return a mask of the user's as that of the training records, and its opposite."""
    mask = np.asarray(mask)
    if mask.shape != shape or mask.dtype != bool:
        raise ValueError(
            "A splitter that is an array says which records each shadow is trained on: expected "
            f"bool of shape (n_shadows, n_records) = {shape}, got {mask.dtype} of {mask.shape}."
        )
    if lacking := np.flatnonzero(~mask.any(axis=1)).tolist():
        raise ValueError(f"splitter trains shadow {lacking[0]} on no record.")
    return mask, ~mask


def _commonest(units, codes):
    """Return the commonest class of the records of each unit."""
    pairs, counts = np.unique(np.column_stack([units, codes]), axis=0, return_counts=True)
    order = np.lexsort((counts, pairs[:, 0]))
    last = np.append(np.flatnonzero(np.diff(pairs[order, 0])), len(order) - 1)
    return pairs[order[last], 1]


def by_content(rows, contents):
    """Mark all records whose content is among the marked ones."""
    if contents.max() + 1 == len(contents):  # no twins
        return rows
    # with groups a twin may be in another group, and then on the other side
    marked = np.zeros((len(rows), contents.max() + 1), dtype=bool)
    for mark, row in zip(marked, rows, strict=True):
        mark[contents[row]] = True
    return marked[:, contents]


# Splitters draw who is trained on which units and who is not, as two masks (n_shadows, n_units).
# All but "bernoulli" and "leave_one_out" bring the units into a random order, of which each part
# holds the strata in proportion, and cut it by the number of records.


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
    masks[0, seen] = True
    masks[1, _cut(rest, sizes, sizes[seen].sum())[0]] = True


def _order(strata, share, seed):
    """Return the units in random order, whose first share holds the strata in proportion."""
    rng = np.random.RandomState(seed)
    draws = rng.random_sample(len(strata))  # also decide between equal places
    n_units = np.bincount(strata)
    # a unit's place is its rank in its stratum plus a phase, in units of the stratum
    place = ranks_within(strata, draws) + _phases(n_units, share, rng)[strata]
    return np.lexsort((draws, place / n_units[strata]))


def _phases(n_units, share, rng):
    """Draw a phase for each stratum: one more unit is in the first share where it is small."""
    fraction = share * n_units % 1
    shuffled = rng.permutation(len(fraction))
    # rounded up are those strata that fill up the rest of others
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
    if len(lacking := np.flatnonzero(~(in_units.any(axis=1) & out_units.any(axis=1)))):
        raise ValueError(
            "A shadow model needs records for both of its sides, those it is trained on and those "
            f"held out: splitter={splitter!r} finds none for one side of shadow {lacking[0]} among "
            f"n_samples={n_records}. Give fit more distinct records, or change train_size."
        )
