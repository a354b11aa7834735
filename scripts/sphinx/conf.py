# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How scripts/docs turns what antsibull-docs writes into HTML."""

project = "groundwork.aws"
copyright = "The groundwork.aws authors"
title = "groundwork.aws"
html_short_title = "groundwork.aws"

# Without intersphinx, which would download the indexes of other projects: references to them stay plain text.
extensions = ["sphinx_antsibull_ext"]
suppress_warnings = ["ref.ref"]

html_theme = "sphinx_ansible_theme"
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_show_sphinx = False
html_copy_source = False
html_use_index = False
html_domain_indices = False
