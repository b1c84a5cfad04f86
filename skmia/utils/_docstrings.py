"""One source for what the docstrings of related classes and methods say of the same things."""

import inspect
import re

from skmia.utils._constraints import validate_params

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)
_SHARED = ("Parameters", "Attributes", "Returns", "Raises")  # other sections follow


class SharesDocstring:
    """Mixin of a base class whose `_shared_docstring` describes what its subclasses have in common.

    A subclass describes its own parameters and attributes. Those of its signature that it leaves
    out, with their defaults, and the attributes of its bases, are inserted where the class is made.
    What a subclass says itself goes before what its bases say.
    """

    _shared_docstring = ""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        shared = [vars(base).get("_shared_docstring", "") for base in cls.__mro__]
        complete(cls, *map(sections_of, shared))


def complete(described, *sources):
    """Insert into the docstring of a class or function what it leaves out and sources say.

    Of parameters these are those of its signature, with its defaults.
    """
    if not described.__doc__:  # python -OO leaves none
        return
    signature = inspect.signature(described).parameters
    sections = sections_of(described.__doc__)
    own = {title: _entries(sections.pop(title, "")) for title in _SHARED}
    for source in sources:
        found = {title: _entries(source.get(title, "")) for title in _SHARED}
        found["Parameters"] = _missing(found["Parameters"], own["Parameters"], signature)
        if own["Returns"]:
            found["Returns"] = {}
        own = {title: own[title] | found[title] | own[title] for title in _SHARED}
    place = {name: i for i, name in enumerate(signature)}
    ordered = sorted(own["Parameters"], key=lambda names: place.get(_names(names)[0], 999))
    own["Parameters"] = {names: own["Parameters"][names] for names in ordered}
    blocks = [sections.pop("").strip()]
    sections = {title: "".join(entries.values()) for title, entries in own.items()} | sections
    for title, text in sections.items():
        blocks += [f"{title}\n{'-' * len(title)}\n{text.strip()}"] if text else []
    described.__doc__ = "\n\n".join(blocks) + "\n"


def sharing(text, allowed):
    """Make the decorator of functions that have parameters in common: their checks and their text.

    Its keywords are the constraints of a function's own parameters.
    """
    shared = sections_of(text)

    def decorator(**own):
        def decorate(function):
            complete(function, shared)
            names = inspect.signature(function).parameters
            shared_ones = {name: allowed[name] for name in names if name in allowed}
            return validate_params(**shared_ones | own)(function)

        return decorate

    return decorator


def sections_of(docstring):
    """Return the text of each section by its title, and by "" what stands before the first."""
    lead, *rest = _SECTION.split(inspect.cleandoc(docstring or ""))
    return {"": lead} | dict(zip(rest[::2], rest[1::2], strict=True))


def _missing(entries, said, signature):
    """Return the entries of parameters of a signature that nothing is said of yet."""
    left = signature.keys() - {name for names in said for name in _names(names)}
    return {
        names: _with_default(entry, signature[_names(names)[0]].default)
        for names, entry in entries.items()
        if left.issuperset(_names(names))
    }


def _names(names):
    return [name.strip(" *") for name in names.split(",")]


def _with_default(entry, default):
    """Return an entry with the default of the signature at hand in the place of any other."""
    head, text = entry.split("\n", 1)
    head = head.partition(", default=")[0]
    if default is inspect.Parameter.empty:
        return f"{head}\n{text}"
    shown = f'"{default}"' if isinstance(default, str) else default
    return f"{head}, default={shown}\n{text}"


def _entries(section):
    """Return the entries of a section, by what stands before the colon."""
    parts = [part for part in re.split(r"^(?=\S)", section, flags=re.MULTILINE) if part.strip()]
    return {re.split(r" : |\n", part)[0].strip(): part.rstrip() + "\n" for part in parts}
