"""Sphinx configuration."""

import importlib
import os
import re
import shutil
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
exclude_patterns = ["_build", "gallery_header.rst"]
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

# The gallery is made of the files plot_*.py alone; its header stands with the other pages.
GALLERY = HERE / "_build" / "gallery"
shutil.rmtree(GALLERY, ignore_errors=True)
GALLERY.mkdir(parents=True)
shutil.copy(HERE / "gallery_header.rst", GALLERY / "GALLERY_HEADER.rst")
for example in (HERE.parent / "examples").glob("plot_*.py"):
    shutil.copy2(example, GALLERY)

sphinx_gallery_conf = {
    "examples_dirs": "_build/gallery",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"plot_",
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
    "skmia.datasets",
    "skmia.exceptions",
    "skmia.utils.estimator_checks",
]


def check_api_page(app):
    """Refuse an API page that lacks a public name: it would go unnoticed."""
    listed = set(re.findall(r"^   ([\w.]+)$", (HERE / "api.rst").read_text("utf-8"), re.MULTILINE))
    for name in API_MODULES:
        public = {f"{name}.{member}" for member in importlib.import_module(name).__all__}
        prefix = name.removeprefix("skmia").lstrip(".")
        found = {f"skmia.{entry}" for entry in listed}
        if lacking := sorted(public - found):
            raise ExtensionError(f"doc/api.rst lacks {', '.join(lacking)} ({prefix or 'skmia'}).")


def setup(app):
    """Connect the check of the API page."""
    app.connect("builder-inited", check_api_page)
