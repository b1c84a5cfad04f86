"""Parameters that are lists of small objects, each reached by name."""

import re
from collections import Counter


class NamedLists:
    """Mixin of estimators with lists of objects whose parameters are nested parameters.

    The parameter `weight` of a `GroupFairness` in the list `penalties` is
    `penalties__group_fairness__weight`: a name is the class's, in lower case with underscores,
    unless the list holds pairs of a name and an object.
    """

    _named_lists = ("penalties",)

    def get_params(self, deep=True):
        """Get the parameters of this estimator, and if `deep` those of all parts."""
        params = super().get_params(deep=deep)
        for key in self._named_lists if deep else ():
            for name, part in named(getattr(self, key)):
                params[f"{key}__{name}"] = part
                inner = part.get_params(deep=True) if hasattr(part, "get_params") else {}
                params.update({f"{key}__{name}__{k}": value for k, value in inner.items()})
        return params

    def set_params(self, **params):
        """Set the parameters of this estimator or its parts, such as `penalties__l2__weight`."""
        for key in self._named_lists:
            # a new list comes first, so that nested names are those of its parts
            if key in params:
                setattr(self, key, params.pop(key))
            nested = {k: params.pop(k) for k in list(params) if k.startswith(f"{key}__")}
            # and a new part before its own parameters: fewer underscores are higher up
            for path, value in sorted(nested.items(), key=lambda item: item[0].count("__")):
                self._set_part(key, path, value)
        if params:
            super().set_params(**params)
        return self

    def _set_part(self, key, path, value):
        _, name, *rest = path.split("__", 2)
        parts = named(getattr(self, key))
        names = [n for n, _ in parts]
        if name not in names:
            raise ValueError(
                f"Invalid parameter {path!r} for estimator {type(self).__name__}: {key} holds "
                f"{names or 'nothing'}."
            )
        if rest:
            parts[names.index(name)][1].set_params(**{rest[0]: value})
        else:
            # a new list: the old one may be shared with a clone, or be a tuple
            given = list(getattr(self, key))
            old = given[names.index(name)]
            given[names.index(name)] = (name, value) if isinstance(old, tuple) else value
            setattr(self, key, given)


def named(parts):
    """Return pairs of a name and an object; where a class recurs, names end in `_1`, `_2`."""
    parts = parts if isinstance(parts, list | tuple) else ()  # anything else is refused by fit
    # an underscore only where a small letter or a digit ends a word: HAMP is hamp, not h_a_m_p
    words = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
    pairs = [
        part if isinstance(part, tuple) else (words.sub("_", type(part).__name__).lower(), part)
        for part in parts
    ]
    counts = Counter(name for name, _ in pairs)
    seen = Counter()
    unique = []
    for name, part in pairs:
        seen[name] += 1
        unique.append((name if counts[name] == 1 else f"{name}_{seen[name]}", part))
    return unique
