# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""botocore's models of AWS's services, read in less time.

A run that finds nothing to do spends more on these than on anything else of its own. The models are the same: those of
botocore, and whatever a person has put beside them.
"""

from __future__ import annotations

import gzip
import json
import os
from typing import Any

from .sdk import JSONFileLoader, Loader


class Files(JSONFileLoader):
    """The files of models. botocore makes mappings of a type that keeps its order; by now, every mapping does."""

    def load_file(self, file_path: str) -> Any:
        """What is in the file of that path, which comes without its ending; None where there is none."""
        if os.path.isfile(f"{file_path}.json"):
            with open(f"{file_path}.json", "rb") as file:
                return json.loads(file.read())
        if os.path.isfile(f"{file_path}.json.gz"):
            with gzip.open(f"{file_path}.json.gz") as packed:
                return json.loads(packed.read())
        return None


class Models(Loader):
    """Looks where another loader of botocore's looks."""

    def __init__(self, like: Loader) -> None:
        super().__init__(like.search_paths, Files(), include_default_search_paths=False)

    def list_available_services(self, type_name: str) -> list[str]:
        """What may be a service. botocore asks before it loads one, and would look into the directories of hundreds.

        One that has no such model is not loaded either: the look at its versions says so.
        """
        return sorted({name for path in self.search_paths if os.path.isdir(path) for name in os.listdir(path)})
