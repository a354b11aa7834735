# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options for the topology."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the modules; use as C(groundwork.aws.topology)."""

    DOCUMENTATION = r"""
options:
  topology:
    description:
      - The topology document. A path, the bare name of one that comes with the collection, or the document itself.
    type: raw
    required: true
  overrides:
    description:
      - Keys that are merged over those of the document. A mapping, or text that is one in YAML or JSON.
      - In it, a list may be text with commas, and a number or truth value may be text. An empty text there counts as
        not given.
    type: raw
"""
