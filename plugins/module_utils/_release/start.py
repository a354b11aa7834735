# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what a service starts is in its source. Controller only."""

from __future__ import annotations

import ast
import difflib
import posixpath
from pathlib import Path
from typing import Collection, Iterator, Sequence

from .tree import find_file

MOST_SUGGESTIONS = 3
# Files that hold data or text. Node.js reads a .json file that it is told to run, and ends at once.
NO_SCRIPTS = (".json", ".json5", ".yml", ".yaml", ".md", ".txt", ".html", ".css", ".lock", ".map", ".toml", ".env")


def check_module(
    entry: str, root: Path, names: Collection[str], folders: Sequence[str] = ("",), packages: Collection[str] = ()
) -> str | None:
    """What is wrong with ``module:attribute``, or None.

    ``folders`` of the source are those that Python looks in; a module may also come from one of the installed
    ``packages``.
    """
    module, _colon, attribute = entry.partition(":")
    found = find_module(module, root, names, folders)
    if found is None:
        top = module.partition(".")[0]
        if top.lower().replace("_", "-") in packages:
            return None
        first = _candidates(module, folders)[0]
        return f"{first} is not in its source ({_suggest(first, names, '.py')})"
    name = attribute.partition("(")[0].partition(".")[0].strip()
    if name and not _defines(root / found, name):
        return f"{found} defines no {name} at its top level (correct the name after the colon)"
    return None


def find_module(module: str, root: Path, names: Collection[str], folders: Sequence[str]) -> str | None:
    """The file of a module that is in the source, None where it is not."""
    found = (find_file(root, names, name) for name in _candidates(module, folders))
    return next((name for name in found if name is not None), None)


def _candidates(module: str, folders: Sequence[str]) -> list[str]:
    path = module.replace(".", "/")
    return [
        posixpath.normpath(posixpath.join(folder, name))
        for folder in folders
        for name in (f"{path}.py", f"{path}/__init__.py")
    ]


def check_syntax(path: Path, name: str) -> str | None:
    """What this Python cannot parse of a module, or None. Python of the hosts may be newer, and know more."""
    try:
        ast.parse(path.read_bytes())
    except SyntaxError as error:
        line = "" if error.lineno is None else f":{error.lineno}"
        return f"{name}{line} is not valid Python: {error.msg} (correct it, unless only a newer Python can read it)"
    except (OSError, ValueError, RecursionError, MemoryError):
        return f"{name} cannot be read as Python (correct it)"
    return None


def check_script(entry: str, root: Path, names: Collection[str]) -> str | None:
    """What is wrong with a script of a release, or None."""
    path = posixpath.normpath(entry)
    found = find_file(root, names, path)
    if found is not None:
        suffix = posixpath.splitext(path)[1].lower()
        if suffix in NO_SCRIPTS:
            return f"{path} is no script that Node.js runs ({_suggest('server.js', names, '.js')})"
        return None
    if path in names:
        return f"{path} is a link to nothing in its source (correct the link, or the entry)"
    if any(name.startswith(f"{path}/") for name in names):
        return f"{path} is a directory of its source ({_suggest(f'{path}/index.js', names, '.js')})"
    return f"{path} is not in its source ({_suggest(path, names, '.js')})"


def _suggest(path: str, names: Collection[str], suffix: str) -> str:
    known = sorted(name for name in names if name.endswith((suffix, ".mjs", ".cjs") if suffix == ".js" else suffix))
    same = [
        name for name in known if name.lower() == path.lower() or posixpath.basename(name) == posixpath.basename(path)
    ]
    close = same or difflib.get_close_matches(path, known, n=MOST_SUGGESTIONS)
    if close:
        return f"it has {', '.join(close[:MOST_SUGGESTIONS])}; correct the entry, or the source"
    return "correct the entry, or the source"


def _defines(path: Path, name: str) -> bool:
    """Whether a module may have an attribute. Anything that cannot be decided counts as having it."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError):
        return True
    return any(_names_of(node, name) for node in _top_level(tree))


def _top_level(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when a module is imported: everything but the bodies of functions and classes."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _top_level(child)
        else:
            yield from (inner for inner in ast.walk(child) if isinstance(inner, ast.Global))


def _names_of(node: ast.AST, name: str) -> bool:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return node.name in (name, "__getattr__")
    if isinstance(node, ast.Name):
        is_call_of_namespace = node.id in ("globals", "vars", "setattr", "exec")
        return is_call_of_namespace or (node.id == name and isinstance(node.ctx, ast.Store))
    if isinstance(node, ast.Global):
        return name in node.names
    if isinstance(node, ast.alias):
        return node.name == "*" or (node.asname or node.name.partition(".")[0]) == name
    return False
