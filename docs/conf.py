"""The documents as pages: `.venv/bin/sphinx-build -W docs var/docs`, where `scripts/test` has been."""

project = "Gradmill"
extensions = ["myst_parser"]
myst_heading_anchors = 4
html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
pygments_dark_style = "monokai"
