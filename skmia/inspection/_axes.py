"""What displays share: axes, styles, checks and texts; nothing else here imports matplotlib."""

from functools import wraps
from inspect import signature

import numpy as np

from skmia.utils._constraints import AXES, BOOLEAN, KEYWORDS, validate_params
from skmia.utils._docstrings import complete, sections_of

PANELS = [*AXES, "array-like"]


class Display:
    """Mixin of displays, which describes what their methods `plot` and `from_...` share.

    A class method leaves out parameters that its class, `plot` or `from_predictions` describes.
    """

    _shared_docstring = """
    Parameters
    ----------
    attack : BaseAttack
        A fitted attack.
    X : array-like of shape (n_records, ...)
        Records, members and others.
    y : array-like of shape (n_records,)
        Their labels.
    membership : array-like of shape (n_records,)
        1 for the target's training records, 0 for others. By default the target is asked, if it has
        a method `membership_of(X, y)`.
    scores : array-like of shape (n_records,)
        Attack scores, higher for records more likely to be members.
    ax : matplotlib Axes
        Axes to draw on; by default a new figure. Several displays may share one.
    name : str
        Name to show; by default the one stored.
    plot_band : bool
        Whether to draw the confidence band.
    band_kwargs : dict
        Keywords for the band, passed to matplotlib's `fill_between`.

    Returns
    -------
    display : {cls}
        What was drawn, with its parts as attributes.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        shared = sections_of(cls._shared_docstring.format(cls=cls.__name__))
        complete(cls.plot, shared)
        of_class, of_plot, of_scores = (
            {"Parameters": sections_of(part.__doc__).get("Parameters", "")}
            for part in (cls, cls.plot, getattr(cls, "from_predictions", None))
        )
        for method in vars(cls).values():
            if isinstance(method, classmethod):
                complete(method.__func__, of_class, of_plot, shared, of_scores)


def draws(*, ax=AXES, **constraints):
    """Let a method of a display check its parameters, those of `plot` by their names, and draw.

    `from_...` only computes the display; it is drawn here, by its `plot` with the same parameters.
    """

    def decorate(method):
        names = signature(method).parameters
        styles = {name: KEYWORDS for name in names if name.endswith(("_kwargs", "_kw"))}
        choices = {name: BOOLEAN for name in names if name.startswith("plot_")}

        allowed = {"name": [str, None], "ax": ax, **styles, **choices, **constraints}
        validated = validate_params(**allowed)(method)

        @wraps(validated)
        def checked(*args, **kwargs):
            _check_matplotlib(method.__qualname__)
            display = validated(*args, **kwargs)
            if method.__name__ == "plot":
                return display
            # the display has got its name already
            for_plot = signature(display.plot).parameters.keys() - {"name"}
            return display.plot(**{name: kwargs[name] for name in kwargs.keys() & for_plot})

        return checked

    return decorate


def _check_matplotlib(caller):
    """Refuse to compute what cannot be drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            f'{caller} needs matplotlib: python -m pip install "skmia[plot]".'
        ) from error


def axes_or_new(ax):
    """Return the axes given, or those of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def as_panels(ax):
    """Return one axes or several as a vector."""
    panels = np.ravel(np.asarray(ax, dtype=object))
    if not all(hasattr(panel, "get_figure") for panel in panels):
        raise ValueError(f"ax must hold axes of matplotlib, got {type(panels[0]).__name__}.")
    return panels


def style(defaults, given, artist="Line2D"):
    """Return keywords for matplotlib: those given win over the defaults, by any of their names."""
    from matplotlib import cbook, collections, lines, patches

    kinds = vars(lines) | vars(collections) | vars(patches)
    return {**defaults, **cbook.normalize_kwargs(given or {}, kinds[artist])}


def draw_band(line, x, low, high, given):
    """Draw a band in the color of its line."""
    defaults = {"facecolor": line.get_color(), "alpha": 0.2, "linewidth": 0}
    return line.axes.fill_between(x, low, high, **style(defaults, given, "PolyCollection"))


def once(ax, label):
    """Return the label, hidden from the legend if something on the axes bears it already."""
    return f"_{label}" if label in ax.get_legend_handles_labels()[1] else label
