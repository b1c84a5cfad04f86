"""One source for what the docstrings of related classes say of the same parameters."""

import inspect
import re

__all__ = ["SharesDocstring"]

_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}\n", re.MULTILINE)


class SharesDocstring:
    """Mixin of a base class whose `_shared_docstring` describes what its subclasses have in common.

    A subclass describes its own parameters and attributes. Those of its signature that it leaves
    out, with their defaults, and the attributes of its bases, are inserted where the class is made.
    What a subclass says itself goes before what its bases say.
    """

    _shared_docstring = ""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        # without a docstring of its own (or with python -OO) there is nothing to complete
        if cls.__doc__ and "__init__" in vars(cls) and "Parameters\n" in cls.__doc__:
            cls.__doc__ = _completed(cls)


def _completed(cls):
    lead, sections = _sections(inspect.cleandoc(cls.__doc__))
    signature = inspect.signature(cls).parameters
    place = {name: i for i, name in enumerate(signature)}
    parameters = _entries(sections.pop("Parameters"))
    attributes = _entries(sections.pop("Attributes", ""))
    for base in cls.__mro__:
        shared = _sections(inspect.cleandoc(vars(base).get("_shared_docstring", "")))[1]
        inherited = _entries(shared.get("Parameters", ""))
        for name in inherited.keys() & signature.keys() - parameters.keys():
            parameters[name] = _with_default(inherited[name], signature[name].default)
        attributes = attributes | _entries(shared.get("Attributes", "")) | attributes
    ordered = sorted(parameters, key=lambda name: place.get(name.split(",")[0].strip("*"), 999))
    sections = {
        "Parameters": "".join(parameters[name] for name in ordered),
        "Attributes": "".join(attributes.values()),
        **sections,
    }
    blocks = [
        f"{name}\n{'-' * len(name)}\n{text.strip()}" for name, text in sections.items() if text
    ]
    return "\n\n".join([lead.strip(), *blocks]) + "\n"


def _with_default(entry, default):
    """Return an entry with the default that the class has, which its bases cannot know."""
    if default is inspect.Parameter.empty:
        return entry
    head, text = entry.split("\n", 1)
    shown = f'"{default}"' if isinstance(default, str) else default
    return f"{head}, default={shown}\n{text}"


def _sections(docstring):
    """Return what stands before the first section, and the text of each section by its title."""
    lead, *rest = _SECTION.split(docstring)
    return lead, dict(zip(rest[::2], rest[1::2], strict=True))


def _entries(section):
    """Return the entries of a section, by what stands before the colon."""
    parts = [part for part in re.split(r"^(?=\S)", section, flags=re.MULTILINE) if part.strip()]
    return {part.split(" : ")[0].strip(): part.rstrip() + "\n" for part in parts}
