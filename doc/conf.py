"""Sphinx configuration."""

import importlib
import os
import re
import sys
from pathlib import Path

import matplotlib
from sphinx.errors import ExtensionError

sys.path.insert(0, os.path.abspath(".."))

import skmia

matplotlib.use("agg")
HERE = Path(__file__).parent

project = "skmia"
author = "The skmia developers"
copyright = "The skmia developers"
version = release = skmia.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
default_role = "literal"
autosummary_generate = True
autodoc_typehints = "none"
numpydoc_show_class_members = False  # the template of classes lists them

html_theme = "pydata_sphinx_theme"
html_title = f"skmia {release}"
html_copy_source = False
html_sidebars = {"install": [], "architecture": []}
html_theme_options = {"show_prev_next": False, "secondary_sidebar_items": ["page-toc"]}

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "ignore_pattern": r"/bench_",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
}

API_MODULES = [
    "skmia",
    "skmia.signals",
    "skmia.attacks",
    "skmia.shadows",
    "skmia.metrics",
    "skmia.leakage",
    "skmia.properties",
    "skmia.model_selection",
    "skmia.neural_network",
    "skmia.sampling",
    "skmia.inspection",
    "skmia.datasets",
    "skmia.exceptions",
    "skmia.utils.estimator_checks",
]


def check_api_page(app):
    """Refuse an API page that lacks a public name: nobody would notice."""
    text = (HERE / "api.rst").read_text("utf-8")
    listed = {f"skmia.{name}" for name in re.findall(r"^   ([\w.]+)$", text, re.MULTILINE)}
    public = {
        f"{module}.{name}"
        for module in API_MODULES
        for name in importlib.import_module(module).__all__
    }
    if lacking := sorted(public - listed):
        raise ExtensionError(f"doc/api.rst lacks {', '.join(lacking)}.")


def setup(app):
    """Check the API page before the build."""
    app.connect("builder-inited", check_api_page)
