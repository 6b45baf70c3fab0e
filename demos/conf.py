"""The documentation site: ``sphinx-build -W -b html demos demos/_build/html``. It needs no network."""

import importlib
import inspect
import os
import re
import sys
from pathlib import Path

from docutils.nodes import SkipNode
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util import logging

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

import maxent_irl

project = "maxent_irl"
author = "The maxent_irl developers"
copyright = author
version = release = maxent_irl.__version__
extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "sphinx_design", "sphinx_gallery.gen_gallery"]
exclude_patterns = ["_build", "GALLERY_HEADER.rst", "images", "site", "**sg_execution_times.rst"]
default_role = "obj"
suppress_warnings = ["sphinx_gallery.duplicate_filename"]  # a second build sees its own copies in _gallery
html_theme = "pydata_sphinx_theme"
html_title = "maxent_irl"
html_theme_options = {
    "logo": {"text": "maxent_irl"},
    "show_prev_next": True,
    "show_toc_level": 2,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "navbar_persistent": ["search-button"],
    "header_links_before_dropdown": 6,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
# A list of versions in _static/versions.json turns the switch of versions on.
if (HERE / "site/static/versions.json").exists():
    html_theme_options["switcher"] = {"json_url": "_static/versions.json", "version_match": version}
    html_theme_options["check_switcher"] = False
    html_theme_options["navbar_end"] = ["version-switcher", "theme-switcher"]
html_context = {"default_mode": "auto"}
html_sidebars = {"index": []}
html_show_sourcelink = False
html_show_copyright = True
html_static_path = ["site/static"]
html_css_files = ["site.css"]
templates_path = ["site/templates"]
html_math_renderer = "mathml"
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"  # types are in the docstrings
autodoc_default_options = {"inherited-members": "BaseEstimator, Sequence, ValueError, object"}
numpydoc_show_class_members = False

# Demos that read real data run only where there is some; elsewhere their pages show the code alone.
NEEDS_DATA = [path.stem for path in HERE.glob("plot_*.py") if "MAXENT_IRL_DATA" in path.read_text(encoding="utf-8")]
HAS_DATA = bool(os.environ.get("MAXENT_IRL_DATA"))
sphinx_gallery_conf = {
    "examples_dirs": ".",
    "gallery_dirs": "_gallery",
    "filename_pattern": r"plot_" if HAS_DATA else rf"/plot_(?!({'|'.join(n[5:] for n in NEEDS_DATA)})\.py)",
    "ignore_pattern": r"conf\.py",
    "within_subsection_order": "FileNameSortKey",
    "matplotlib_animations": False,
    "download_all_examples": False,
    "show_signature": False,
    "thumbnail_size": (400, 280),
    "remove_config_comments": True,
    "capture_repr": (),
    "min_reported_time": 5,
    "copyfile_regex": "(?!)",  # index.rst here is the front page, not that of the gallery
}

# What the reference describes, in reading order; modules that are not there are left out.
DESCRIBED = (
    "maxent_irl",
    "maxent_irl.worlds",
    "maxent_irl.routes.receding_policies",
    "maxent_irl.routes",
    "maxent_irl.demonstrations.joined",
    "maxent_irl.uncertainty",
    "maxent_irl.metrics",
    "maxent_irl.control",
    "maxent_irl.datasets",
    "maxent_irl.plotting",
    "maxent_irl.report",
    "maxent_irl.lesson",
)


def public_names(module):
    """Names of the classes and functions of a module: those of ``__all__``, or those defined there."""
    named = getattr(module, "__all__", None)
    if named is None:
        named = [n for n, v in vars(module).items() if getattr(v, "__module__", "") == module.__name__ and n[0] != "_"]
    return [
        name for name in named if inspect.isclass(getattr(module, name)) or inspect.isfunction(getattr(module, name))
    ]


def write_reference(app):
    """Write _generated/api.rst: a table of summaries for each described module."""
    parts = ["API reference", "=============", ""]
    for name in DESCRIBED:
        if importlib.util.find_spec(name) is None:
            continue
        module = importlib.import_module(name)
        first = inspect.getdoc(module).splitlines()[0]
        parts += [name, "-" * len(name), "", first, "", f".. currentmodule:: {name}", "", ".. autosummary::"]
        parts += ["   :toctree: .", "", *(f"   {entry}" for entry in public_names(module)), ""]
    target = HERE / "_generated" / "api.rst"
    target.parent.mkdir(exist_ok=True)
    text = "\n".join(parts)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


def forget_renamed(app):
    """Delete pages that an earlier build made of demos that are called otherwise now: nothing leads to them any more."""
    for made in (HERE / "_gallery").glob("plot_*.rst"):
        if not (HERE / f"{made.stem}.py").exists():
            made.unlink()


def show_stored(app, docname, source):
    """On pages of demos whose data are absent, show the figures that an earlier run stored, and say so."""
    name = docname.rpartition("/")[2]
    if HAS_DATA or name not in NEEDS_DATA or not docname.startswith("_gallery/"):
        return
    pictures = sorted((HERE / "images/stored").glob(f"{name}_*.png"))
    words = "The data of this page were absent when the site was built. These figures were stored by an earlier run."
    lines = ["", ".. note::", "", f"   {words}"]
    for i, path in enumerate(pictures, start=1):
        lines += ["", f".. image:: /images/stored/{path.name}", f"   :alt: Stored figure {i} of this page."]
    marker = ".. GENERATED FROM PYTHON SOURCE LINES"
    before, first, rest = source[0].partition(marker)
    intro, second, after = rest.partition(marker)
    source[0] = before + first + intro + "\n".join(lines) + "\n\n" + second + after


def leave_out(app, what, name, member, skip, options):
    """Leave methods out that scikit-learn puts on every estimator to route metadata."""
    return True if name == "get_metadata_routing" or re.fullmatch("set_.*_request", name) else None


def visit_math(self, node, block):
    """Write a formula as MathML, which browsers draw by themselves; say where one cannot be written."""
    formula = re.sub(r"\\dots\b", r"\\ldots", node.astext())  # the converter's name for it
    try:
        self.body.append(tex2mathml(formula, as_block=block))
    except MathError as error:
        logging.getLogger(__name__).warning("%s in formula %s", error, formula, location=node)
    raise SkipNode  # what is inside the node is written


def setup(app):
    """Register the formula writer and the reference."""
    app.add_html_math_renderer(
        "mathml",
        inline_renderers=(lambda self, node: visit_math(self, node, False), None),
        block_renderers=(lambda self, node: visit_math(self, node, True), None),
    )
    app.connect("autodoc-skip-member", leave_out)
    app.connect("config-inited", lambda app, config: write_reference(app))
    app.connect("config-inited", lambda app, config: forget_renamed(app))
    app.connect("source-read", show_stored)
    if not HAS_DATA and NEEDS_DATA:
        logging.getLogger(__name__).info("MAXENT_IRL_DATA is not set: not run are %s", ", ".join(sorted(NEEDS_DATA)))
