"""How Sphinx builds the documentation: ``python -m sphinx -W docs docs/_build``."""

from __future__ import annotations

import glam_tryon

project = "django-glam-tryon"
author = "The django-glam-tryon contributors"
copyright = "2026, the django-glam-tryon contributors"
version = release = glam_tryon.__version__

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "django-glam-tryon"
