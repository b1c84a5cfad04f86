"""What shadow models are made by: templates, seeds, and who sees what."""

import re
from numbers import Integral

import numpy as np
from sklearn.base import is_regressor
from sklearn.utils import column_or_1d
from sklearn.utils.validation import check_consistent_length

from skmia.shadows._splits import draw_splits
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
    size = {"train_size": shadows.train_size, "seeds": seeds}
    return draw_splits(splitter, units, strata, **size)


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


def group_numbers(groups, y):
    """Return the number of each record's group, None without groups."""
    if groups is None:
        return None
    check_consistent_length(y, groups)
    return np.unique(column_or_1d(groups), return_inverse=True)[1]
