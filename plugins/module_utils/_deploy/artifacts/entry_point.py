# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether what a service starts is in its source. Controller only."""

from __future__ import annotations

import ast
import io
import os
import posixpath
import re
import shlex
import sys
import tokenize
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ..._aws.similar_names import find_similar_names
from .requirements_file import normalize
from .source_tree import find_file

MOST_SUGGESTIONS = 3
PYTHON = r"python(3(\.\d+)?)?"
# Programs whose first argument is an application, in the form of the next line.
APPLICATION_PROGRAMS = ("uvicorn", "hypercorn", "gunicorn", "daphne", "dramatiq")
APPLICATION = r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*"
# Files of data or text. Node.js loads a .json file as a script, and ends at once.
NO_SCRIPTS = (".json", ".json5", ".yml", ".yaml", ".md", ".txt", ".html", ".css", ".lock", ".map", ".toml", ".env")
# Scripts of other languages, and of Node.js that have to be compiled before: PM2 starts Node.js for each.
OTHER_SCRIPTS = (".py", ".sh", ".rb", ".pl", ".php", ".coffee", ".tsx")


def check_module(
    entry: str, root: Path, names: Collection[str], folders: Sequence[str] = ("",), packages: Collection[str] = ()
) -> str | None:
    """The problem of an entry ``module:attribute``, or None.

    Python searches ``folders`` of the source; a module may also come from one of the installed ``packages``.
    """
    module, _colon, attribute = entry.partition(":")
    found = find_module(module, root, names, folders)
    if found is None:
        top = module.partition(".")[0]
        if top.lower().replace("_", "-") in packages:
            return None
        candidates = _list_candidates(module, folders)
        links = [name for name in candidates if name in names]
        if links:
            return f"{links[0]} is a symbolic link that leads to no file of its source (correct the link, or the entry)"
        first = next(name for name in candidates if not name.endswith("/__init__.py"))
        return f"{first} is not in its source ({_suggest(first, names, '.py')})"
    name = attribute.partition("(")[0].partition(".")[0].strip()
    if name and not _may_define(root / found, name):
        return f"{found} defines no {name} at its top level (correct the name after the colon)"
    return None


def find_module(module: str, root: Path, names: Collection[str], folders: Sequence[str]) -> str | None:
    """The file of a module in the source; None when it has none."""
    found = (find_file(root, names, name) for name in _list_candidates(module, folders))
    return next((name for name in found if name is not None), None)


def _list_candidates(module: str, folders: Sequence[str]) -> list[str]:
    """The files that a module may be, in the order in which Python looks for them: a package comes before a module."""
    path = module.replace(".", "/")
    return [
        posixpath.normpath(posixpath.join(folder, name))
        for folder in folders
        for name in (f"{path}/__init__.py", f"{path}.py")
    ]


def check_command(
    entry: str, root: Path, names: Collection[str], packages: Collection[str], folders: Sequence[str]
) -> str | None:
    """The problem of an entry that is a command of a Python release, or None. Python searches ``folders``.

    A package may have commands of other names than its own, so that what is found here is a warning.
    """
    words = shlex.split(entry)
    if re.fullmatch(PYTHON, words[0]):
        return _check_python_arguments(words[1:], root, names, packages, folders)
    if "/" in words[0]:
        return None if words[0].startswith("/") else _check_program(words[0], root, names)
    if find_file(root, names, words[0]) is not None:
        return f"{words[0]} is a file of its source, which a bare name does not find (write ./{words[0]})"
    if words[0] in packages:
        return None
    return f"no package of its dependencies is named {words[0]} (make sure that one of them brings this command)"


def check_application(
    entry: str, root: Path, names: Collection[str], packages: Collection[str], folders: Sequence[str]
) -> str | None:
    """The problem of the application that a command names for a well-known program, or None.

    That is `celery -A shop.tasks worker`, also after `python -m`, and the first argument of servers and workers that
    take ``module:attribute``. Other arguments are not read, because any of them may be the value of an option.
    """
    words = shlex.split(entry)
    if re.fullmatch(PYTHON, posixpath.basename(words[0])) and words[1:2] == ["-m"]:
        words = words[2:]
    program = posixpath.basename(words[0]) if words else ""
    if program == "celery":
        # With a directory of its own, Celery looks for the module there.
        if any(word.partition("=")[0] == "--workdir" for word in words):
            return None
        given = _find_option(words[1:], "-A", "--app")
        return None if given is None else _check_celery_application(given, root, names, packages, folders)
    first = words[1] if len(words) > 1 else ""
    if program in APPLICATION_PROGRAMS and re.fullmatch(APPLICATION, first) and "--app-dir" not in entry:
        module, _colon, attribute = first.partition(":")
        return _find_module_problem(module, attribute, root, names, packages, folders)
    return None


def _find_option(words: Sequence[str], short: str, long: str) -> str | None:
    """The value of an option in one of its forms: ``-A x``, ``-Ax``, ``--app x`` or ``--app=x``."""
    for number, word in enumerate(words):
        if word in (short, long):
            return words[number + 1] if number + 1 < len(words) else None
        if word.startswith(f"{long}="):
            return word.removeprefix(f"{long}=")
        if word.startswith(short) and not word.startswith("--"):
            return word.removeprefix(short).removeprefix("=")
    return None


def _check_celery_application(
    given: str, root: Path, names: Collection[str], packages: Collection[str], folders: Sequence[str]
) -> str | None:
    """Celery takes a module, or with a dot or colon an attribute of one (`celery.app.utils.find_app`)."""
    if not re.fullmatch(r"[A-Za-z_][\w.]*(?::[A-Za-z_][\w.]*)?", given):
        return None
    module, _colon, attribute = given.partition(":")
    problem = _find_module_problem(module, attribute, root, names, packages, folders)
    parent, _dot, last = module.rpartition(".")
    if problem is None or attribute or not parent:
        return problem
    found = find_module(parent, root, names, folders)
    return None if found is not None and _may_define(root / found, last) else problem


def _find_module_problem(
    module: str, attribute: str, root: Path, names: Collection[str], packages: Collection[str], folders: Sequence[str]
) -> str | None:
    """The problem of a module, and of its attribute where one is given, or None."""
    found = find_module(module, root, names, folders)
    path = module.replace(".", "/")
    # A directory without __init__.py is a package as well.
    is_directory = any(name.startswith(f"{posixpath.join(folder, path)}/") for folder in folders for name in names)
    if found is None and is_directory:
        return None
    problem = check_module(f"{module}:{attribute}", root, names, folders, {normalize(one) for one in packages})
    if problem is not None and found is not None:
        return (
            f"{found} defines no {attribute.partition('.')[0]} at its top level (correct the name of the application)"
        )
    return problem


def _check_program(path: str, root: Path, names: Collection[str]) -> str | None:
    """The problem of a program of the release that a command starts, or None."""
    clean = posixpath.normpath(path)
    found = find_file(root, names, clean)
    if found is None:
        return f"{clean} is not in its source ({_suggest(clean, names, '')})"
    if not os.access(root / found, os.X_OK):
        return f"{clean} is not executable (chmod +x)"
    return None


def _check_python_arguments(
    words: Sequence[str], root: Path, names: Collection[str], packages: Collection[str], folders: Sequence[str]
) -> str | None:
    """The problem of what `python` is to run, or None. Options with a value are those of Python's command line."""
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if word in ("-W", "-X", "--check-hash-based-pycs"):
            waiting = waiting[1:]
        elif word.startswith("-m"):
            module = word[2:] or (waiting[0] if waiting else "")
            return _check_run_module(module, root, names, packages, folders)
        elif word.startswith("-c"):
            return None
        elif not word.startswith("-"):
            clean = posixpath.normpath(word)
            is_there = word.startswith("/") or find_file(root, names, clean) is not None
            return None if is_there else f"{clean} is not in its source ({_suggest(clean, names, '.py')})"
    return "it runs nothing (name a script of the release, or a module after -m)"


def _check_run_module(
    module: str, root: Path, names: Collection[str], packages: Collection[str], folders: Sequence[str]
) -> str | None:
    if not module:
        return "it runs nothing (name a module after -m)"
    top = module.partition(".")[0]
    is_elsewhere = normalize(top) in packages or top in sys.stdlib_module_names
    if is_elsewhere or find_module(module, root, names, folders) is not None:
        return None
    return f"{module} is neither a module of its source nor of its dependencies (correct the name after -m)"


def check_syntax(path: Path, name: str) -> str | None:
    """The syntax error of a module, or None. The Python of hosts may be newer, and accept more."""
    try:
        content = path.read_bytes()
        ast.parse(content)
        content.decode(tokenize.detect_encoding(io.BytesIO(content).readline)[0])  # `ast` reads other bytes in comments
    except UnicodeDecodeError:
        return f"{name} is not valid Python: it is not UTF-8 (save it in this encoding, or declare its own in line 1)"
    except SyntaxError as error:
        line = "" if error.lineno is None else f":{error.lineno}"
        return f"{name}{line} is not valid Python: {error.msg} (correct it, unless only a newer Python can read it)"
    except (OSError, ValueError, RecursionError, MemoryError):
        return f"{name} cannot be read as Python (correct it)"
    return None


def check_script(entry: str, root: Path, names: Collection[str]) -> str | None:
    """The problem of a script of a release, or None."""
    path = posixpath.normpath(entry)
    found = find_file(root, names, path)
    if found is not None:
        suffix = posixpath.splitext(path)[1].lower()
        if suffix in (*NO_SCRIPTS, *OTHER_SCRIPTS):
            return f"{path} is not a script that Node.js runs ({_suggest('server.js', names, '.js')})"
        return None
    if path in names:
        return f"{path} is a symbolic link that leads to no file of its source (correct the link, or the entry)"
    if any(name.startswith(f"{path}/") for name in names):
        return f"{path} is a directory of its source ({_suggest(f'{path}/index.js', names, '.js')})"
    return f"{path} is not in its source ({_suggest(path, names, '.js')})"


def _suggest(path: str, names: Collection[str], suffix: str) -> str:
    known = sorted(name for name in names if name.endswith((suffix, ".mjs", ".cjs") if suffix == ".js" else suffix))
    same = [
        name for name in known if name.lower() == path.lower() or posixpath.basename(name) == posixpath.basename(path)
    ]
    close = same or find_similar_names(path, known, MOST_SUGGESTIONS)
    if close:
        return f"it has {', '.join(close[:MOST_SUGGESTIONS])}; correct the entry, or the source"
    return "correct the entry, or the source"


def _may_define(path: Path, name: str) -> bool:
    """Whether a module may have an attribute; true where that cannot be decided."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return True
    return any(_binds_name(node, name) for node in _walk_top_level(tree))


def _walk_top_level(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes that run when a module is imported: all but the bodies of functions and classes.

    An annotation without a value (``app: Flask``) defines nothing, so it is left out.
    """
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.AnnAssign) and child.value is None:
            continue
        if isinstance(child, ast.If) and _is_main_guard(child.test):
            yield from (inner for part in child.orelse for inner in (part, *_walk_top_level(part)))
            continue
        yield child
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _walk_top_level(child)
        else:
            yield from (inner for inner in ast.walk(child) if isinstance(inner, ast.Global))


def _is_main_guard(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``, which is false where a server imports the module."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = [test.left, test.comparators[0]]
    names = [side.id for side in sides if isinstance(side, ast.Name)]
    return names == ["__name__"] and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)


def _binds_name(node: ast.AST, name: str) -> bool:
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
