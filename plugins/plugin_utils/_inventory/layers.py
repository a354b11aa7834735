# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the overrides of a document: `stack_overrides` of the inventory, then of the command line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ansible import context
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.utils.vars import combine_vars
from ansible.vars.plugins import get_vars_from_path

from ansible_collections.groundwork.aws.plugins.module_utils._host.environment_file import (
    NAME,
    EnvironmentFileError,
    format_value,
    quote,
)
from ansible_collections.groundwork.aws.plugins.module_utils._provision.inventory_checks import (
    APP_SECRETS,
    CONNECTION,
    VARIABLES,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.examine import VAULT_HEADER
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.layers import (
    Layer,
    Source,
    find_used_nodes,
    format_number,
    read_sources,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.parse import (
    compose_node,
    read_as_ansible,
)
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.plain_data import to_plain_data
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.problems import Problem
from ansible_collections.groundwork.aws.plugins.module_utils._topology.document.variable_files import (
    find_unreadable_files,
)

OVERRIDES = "stack_overrides"
Variables = Mapping[str, Any]
LONGEST_REASON = 300
_FAILED = object()


def read_inventory_variables(loader: Any, all_group: Any, source: str) -> dict[str, Any]:
    """Read the variables of the group `all` next to an inventory source with ansible's own vars plugins.

    A vars plugin is configured for one stage or for both, so both are read.
    """
    variables: dict[str, Any] = {}
    try:
        for stage in ("inventory", "task"):
            variables = combine_vars(variables, get_vars_from_path(loader, _directory(source), [all_group], stage))
    except AnsibleError:
        found = find_unreadable_files(find_group_files(loader, _directory(source)))
        problems = [str(Problem("", one.text, None, one.file, one.line, one.column)) for one in found]
        if not problems:
            raise
        raise AnsibleParserError("\n".join(problems)) from None  # a chain would repeat the message
    return variables


def find_variable_files(loader: Any, directory: str) -> list[str]:
    """All files of variables in a directory with an inventory: those of every group and of every host."""
    folders = [os.path.join(directory, folder) for folder in ("group_vars", "host_vars")]
    found = (file for folder in folders for _owner, file in _find_owned_files(loader, folder))
    return list(dict.fromkeys(filter(_is_file_of_variables, found)))


def _is_file_of_variables(file: str) -> bool:
    """Whether the name of a file is not that of something else, such as rds.pem. A group has no dot in its name."""
    return re.fullmatch(r"[^.]+|.+\.(?:ya?ml|json)", os.path.basename(file)) is not None


def _directory(source: str) -> str:
    return os.path.dirname(os.path.abspath(source))


def describe_layers(templar: Any, loader: Any, found: Variables, extra: Variables, source: str) -> list[dict[str, Any]]:
    """The overrides in ascending precedence: those of the inventory (``found``), then those of the command line.

    Each is a description for `_topology.document.layers.read_layer`: plain data that a variable can hold, with the
    files that may set it and the templates that could not be rendered.
    """
    directory = _directory(source)
    variables = _combine_variables(found, extra, source)
    parts = [
        (f"{OVERRIDES} of {directory}", found, directory, find_group_files(loader, directory)),
        (f"{OVERRIDES} of the extra variables", extra, None, find_extra_files()),
    ]
    described = []
    for name, part, base, files in parts:
        if part.get(OVERRIDES):
            templar.available_variables = variables
            described.append(describe_layer(templar, name, part[OVERRIDES], base, files))
    return described


def describe_layer(templar: Any, name: str, overrides: Any, directory: str | None, files: list[str]) -> dict[str, Any]:
    """The description of one layer, with its templates rendered by the variables of ``templar``."""
    problems: list[Any] = []
    rendered = render(templar, overrides, [], problems)
    written = Layer({}, sources=read_sources(files, OVERRIDES))
    values, problems = _spell_keys(rendered, problems, written)
    return {"name": name, "directory": directory, "files": files, "values": values, "problems": problems}


def _spell_keys(rendered: Any, problems: list[Any], written: Layer) -> tuple[Any, list[Any]]:
    """The values and problems of a layer, with keys like ``off`` and ``12`` as the files of the layer spell them.

    This is done here, because ansible passes variables as JSON, in which the boolean key ``off`` becomes "false".
    """
    found: list[Any] = []
    values = to_plain_data(
        rendered, lambda path, text: found.append([list(path), text]), spell_key=written.find_key_spelling
    )
    for path, text in problems:
        spelled: list[Any] = []
        for step in path:
            spelling = None if isinstance(step, str) else written.find_key_spelling(tuple(spelled), step)
            spelled.append(step if spelling is None else spelling)
        found.append([spelled, text])
    return values, found


def describe_inventory(templar: Any, loader: Any, found: Variables, extra: Variables, source: str) -> dict[str, Any]:
    """The variables of all hosts that validation reads (`_provision.inventory_checks`).

    A variable that only a host can render is left out.
    """
    directory = _directory(source)
    templar.available_variables = variables = _combine_variables(found, extra, source)
    rendered = {name: render(templar, variables[name], [name], []) for name in VARIABLES if name in variables}
    described: dict[str, Any] = {
        "source": os.path.abspath(source),
        "directory": directory,
        "files": find_group_files(loader, directory),
        "extra_files": find_extra_files(),
        "extra_variables": [name for name in (*VARIABLES, APP_SECRETS, CONNECTION) if name in extra],
        "variables": {name: value for name, value in rendered.items() if value is not _FAILED},
    }
    written = _compose_files(loader, [*described["files"], *described["extra_files"]], list_extra_texts())
    app_secrets = _describe_app_secrets(templar, variables.get(APP_SECRETS), written)
    if app_secrets is not None:
        described["app_secrets"] = app_secrets
    described["unreadable_files"] = list(_describe_unreadable_files(loader, directory))
    described["secrets_of_files"] = list(_describe_other_secrets(templar, loader, variables, directory))
    return described


def _describe_unreadable_files(loader: Any, directory: str) -> Iterator[dict[str, Any]]:
    """The files of hosts, and of groups other than `all`, that ansible cannot read.

    It has read those of `all` already.
    """
    for folder in ("group_vars", "host_vars"):
        for owner, file in _find_owned_files(loader, os.path.join(directory, folder)):
            if not _is_file_of_variables(file) or (folder == "group_vars" and owner == "all"):
                continue
            for problem in find_unreadable_files([file]):
                yield {**problem._asdict(), "group": owner if folder == "group_vars" else None}


def _describe_other_secrets(
    templar: Any, loader: Any, variables: Variables, directory: str
) -> Iterator[dict[str, Any]]:
    """The `app_secrets` in the files of hosts, and of groups other than `all`.

    Before AWS is called the groups and hosts are not known, so each file is read by itself. A file that cannot be read,
    such as a vault without its password, is left to the hosts.
    """
    for folder in ("group_vars", "host_vars"):
        for owner, file in _find_owned_files(loader, os.path.join(directory, folder)):
            if folder == "group_vars" and owner == "all":
                continue
            try:
                data = loader.load_from_file(file, trusted_as_template=True)
            except (AnsibleError, OSError, ValueError):
                continue
            if not isinstance(data, Mapping) or APP_SECRETS not in data:
                continue
            templar.available_variables = combine_vars(dict(variables), dict(data))
            found = _describe_app_secrets(templar, data[APP_SECRETS], _compose_files(loader, [file]))
            if found is not None:
                name = os.path.relpath(file, directory)
                group = owner if folder == "group_vars" else None
                yield {"file": file, "name": name, "group": group, "app_secrets": found}
    templar.available_variables = variables


def _find_owned_files(loader: Any, folder: str) -> Iterator[tuple[str, str]]:
    """The files of variables in a folder, each with the group or host that it belongs to."""
    if not os.path.isdir(folder):
        return
    owners = {
        entry if os.path.isdir(os.path.join(folder, entry)) else re.sub(r"\.(?:ya?ml|json)$", "", entry)
        for entry in os.listdir(folder)
        if not entry.startswith(".") and not entry.endswith("~")
    }
    for owner in sorted(owners):
        for file in loader.find_vars_files(folder, owner):
            yield owner, os.fsdecode(file)


def _compose_files(loader: Any, files: Iterable[str], texts: Iterable[str] = ()) -> Layer:
    """The YAML of files and of texts as it is written. A file that cannot be read or decrypted is left out."""
    sources = [Source(file, compose_node(_read_decrypted(loader, file))) for file in files]
    sources += [Source("", compose_node(text)) for text in texts]
    return Layer({}, sources=tuple(source for source in sources if source.node is not None))


def _read_decrypted(loader: Any, file: str) -> str:
    """The text of a file; empty where it cannot be read."""
    readable = file
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
        if text.startswith(VAULT_HEADER):
            readable = loader.get_real_file(file)
            text = Path(readable).read_text(encoding="utf-8-sig")
        return text
    except (AnsibleError, OSError, ValueError):
        return ""
    finally:
        if readable != file:
            loader.cleanup_tmp_file(readable)


def list_extra_texts() -> list[str]:
    """The extra variables that the command line has as YAML or JSON."""
    arguments = map(str, context.CLIARGS.get("extra_vars") or ())
    return [text for text in arguments if text.startswith(("{", "["))]


def _describe_app_secrets(templar: Any, value: Any, written: Layer) -> Any:
    """The variables of each service without their values: ``{service: {NAME: problem of its value or None}}``.

    ``written`` has the YAML that may set them. False stands for a value that is not a mapping, None for a missing value
    or one that cannot be rendered here. Text instead of variables is the problem of the name of the service.
    """
    found = _render_secret(templar, value)
    if not isinstance(found, Mapping):
        return None if found is _FAILED or found is None else False
    described: dict[str, Any] = {}
    for key, variables in found.items():
        service = _spell_secret_key(key, (APP_SECRETS,), written)
        rendered = _render_secret(templar, variables)
        if not isinstance(key, str):
            described[service] = _describe_key_problem(key)
        elif isinstance(rendered, Mapping):
            described[service] = {}
            for variable, item in rendered.items():
                name = _spell_secret_key(variable, (APP_SECRETS, service), written)
                if not isinstance(variable, str):
                    described[service][name] = _describe_key_problem(variable)
                    continue
                secret = _render_secret(templar, item)
                path, roots = (APP_SECRETS, service, name), [source.node for source in written.sources]
                nodes = list(written.find_scalar_nodes(path))
                nodes += [used for node in nodes for used in find_used_nodes(roots, node)]
                nodes += written.follow_templates(path, roots)
                problem = _find_value_problem(name, secret) or _find_spelling_problem(secret, nodes)
                described[service][name] = problem
        else:
            described[service] = {} if rendered is _FAILED or rendered is None else False
    return described


def _spell_secret_key(key: Any, path: tuple[str, ...], written: Layer) -> str:
    """A key of `app_secrets` as it is written, as far as a file shows that."""
    if isinstance(key, str):
        return str(key)
    spelling = written.find_key_spelling(path, key)
    return format_number(key) if spelling is None else spelling


def _describe_key_problem(key: Any) -> str:
    """The problem of a key that is not text: hosts would get the variable under another name."""
    kind = "a boolean" if isinstance(key, bool) else "a number" if isinstance(key, (int, float)) else "no text"
    return f"this name is read as {kind} (put it in quotes)"


def _render_secret(templar: Any, value: Any) -> Any:
    """A value with its template rendered, a mapping as it is; `_FAILED` where a vault or template cannot be read."""
    if value is None or isinstance(value, Mapping):
        return value
    try:
        rendered = templar.template(value)
        if isinstance(rendered, (bool, int, float, Mapping, list, tuple)) or rendered is None:
            return rendered
        return str(rendered)  # an inline vault is decrypted only now
    except (AnsibleError, ValueError, TypeError):
        return _FAILED


def _find_value_problem(name: str, value: Any) -> str | None:
    """Why a host would reject the value of a variable, or None; the text does not repeat the value."""
    if value is _FAILED:
        return None
    if isinstance(value, (Mapping, list, tuple)):
        return "its value is a list or mapping (write text, for example as JSON in quotes)"
    try:
        quote(name if NAME.match(name) else "X", format_value(value))
    except EnvironmentFileError as error:
        problem, _semicolon, fix = str(error).partition("; ")
        return f"{problem} ({fix})"
    return None


def _find_spelling_problem(value: Any, nodes: Iterable[Any]) -> str | None:
    """Why a host would get other text than was written, or None: YAML reads numbers, booleans and times.

    ``nodes`` are the YAML scalars that may have set the value. The text does not repeat it.
    """
    if value is _FAILED or value is None or any(node.value == format_value(value) for node in nodes):
        return None
    for node in nodes:
        read = read_as_ansible(node.value) if node.style is None else node.value
        if not isinstance(read, str) and read is not None and format_value(read) == format_value(value):
            kind = "a boolean" if isinstance(read, bool) else "a number" if isinstance(read, (int, float)) else "a time"
            return f"is read as {kind}, and the service would get other text than was written (put it in quotes)"
    if isinstance(value, float):
        text = "is a number with a fraction or an exponent, of which digits may be lost already"
        return f"{text} (put it in quotes where it is set)"
    return None


def read_variable(templar: Any, found: Variables, extra: Variables, source: str, name: str) -> Any:
    """The value of a variable of the command line, else of the inventory; None where neither has it."""
    value = extra.get(name, found.get(name))
    if value is None:
        return None
    templar.available_variables = _combine_variables(found, extra, source)
    try:
        return templar.template(value)
    except AnsibleError as error:
        raise AnsibleParserError(f"{name} cannot be templated: {error}") from error


def _combine_variables(found: Variables, extra: Variables, source: str) -> dict[str, Any]:
    """The variables that templates can use; the plugin runs before any play."""
    magic = {"inventory_dir": _directory(source), "inventory_file": os.path.abspath(source)}
    variables: dict[str, Any] = combine_vars(combine_vars(magic, dict(found)), dict(extra))
    return variables


def find_group_files(loader: Any, directory: str) -> list[str]:
    """The files of the group `all` next to an inventory source, in ansible's order."""
    found = loader.find_vars_files(os.path.join(directory, "group_vars"), "all")
    return [os.fsdecode(file) for file in found]


def find_extra_files() -> list[str]:
    """The files of extra variables that the command line names (`-e @file`)."""
    arguments = context.CLIARGS.get("extra_vars") or ()
    files = [text[1:] for text in map(str, arguments) if text.startswith("@")]
    return [os.path.abspath(os.path.expanduser(file)) for file in files]


def describe_template_error(error: Exception) -> str:
    """Why a template cannot be rendered, with a fix, on one line."""
    reason = " ".join(str(error).split()).removesuffix(" Use -vvvvv to see paths searched.")
    if len(reason) > LONGEST_REASON:
        reason = reason[:LONGEST_REASON] + "…"
    return f"its template cannot be rendered: {_add_template_fix(reason)}"


def render(
    templar: Any,
    value: Any,
    path: list[Any],
    problems: list[Any],
    describe: Callable[[Exception], str] = describe_template_error,
    around: tuple[Any, ...] = (),
) -> Any:
    """The value with its templates rendered. A template that fails is left out and reported with its path.

    So is an alias to one of the values ``around`` it.
    """
    if any(value is outer for outer in around):
        problems.append([path, "an alias to something that contains it (write it out)"])
        return _FAILED
    if isinstance(value, Mapping):
        inside = (*around, value)
        rendered = {key: render(templar, item, [*path, key], problems, describe, inside) for key, item in value.items()}
        return {key: item for key, item in rendered.items() if item is not _FAILED}
    if isinstance(value, (list, tuple)):
        inside = (*around, value)
        items = [
            render(templar, item, [*path, number], problems, describe, inside) for number, item in enumerate(value)
        ]
        return [item for item in items if item is not _FAILED]
    try:
        return templar.template(value)
    except AnsibleError as error:
        problems.append([path, describe(error)])
    except RecursionError:
        problems.append([path, "its template leads to something that contains itself (write that out)"])
    return _FAILED if path else {}


def _add_template_fix(reason: str) -> str:
    """The reason why a template failed, with a fix at its end.

    A hint of the inventory, as in ``undef(hint=…)``, has its own: ``aws_ssh_from is not set: name the networks …``.
    """
    hint = re.fullmatch(r"(\w+ is not set[^:]*): ((?:[^()]|\([^()]*\))+)", reason)
    makes_key = "ssh-keygen -t ed25519 makes a key pair"
    if hint is not None:
        return f"{hint[1]} ({hint[2]}{f'; {makes_key}' if '.pub' in hint[1] else ''})"
    if re.search(r"\.pub\b", reason):
        return f"{reason} ({makes_key}; or name the file of yours in the variable that the template uses)"
    return f"{reason} (correct it, or the variables that it uses)"
