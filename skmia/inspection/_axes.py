"""Axes to draw on and styles of what is drawn; nothing else here imports matplotlib."""

import numpy as np


def check_matplotlib(caller):
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

    kinds = {
        "Line2D": lines.Line2D,
        "PathCollection": collections.PathCollection,
        "PolyCollection": collections.PolyCollection,
        "StepPatch": patches.StepPatch,
    }
    return {**defaults, **cbook.normalize_kwargs(given or {}, kinds[artist])}


def once(ax, label):
    """Return the label, hidden from the legend if something on the axes bears it already."""
    return f"_{label}" if label in ax.get_legend_handles_labels()[1] else label
