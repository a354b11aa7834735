# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Build the options of ssh for an instance: the name of its host key, and a session that reaches it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import KEYS, Connection


def build_ssh_arguments(instance: Mapping[str, Any], session: str | None = None) -> str:
    """Options for the command line of ssh; ``session`` is the command that connects to the instance.

    AWS reuses addresses, but not ids. The host key is stored by id, so a replacement at the same address is a new
    host, not an attack.
    """
    arguments = ["-o", f"HostKeyAlias={instance['id']}", "-o", "CheckHostIP=no"]
    if session is not None:
        arguments += ["-o", f"ProxyCommand={session}"]
    return shlex.join(arguments)


def build_session_command(instance: Mapping[str, Any], connection: Connection) -> str:
    """The command that connects to port 22 of an instance through a session of AWS Systems Manager.

    Raises `StackError` for options that the AWS command line does not have, or would show in a list of processes.
    """
    unknown = [name for name in (*KEYS, "assume_role_arn", "aws_config") if getattr(connection, name)]
    if unknown:
        raise StackError(
            f"address: ssm uses the command `aws`, which has no option for {' or '.join(unknown)}: "
            "name a profile of the AWS configuration files (it may have a role_arn), or set the variables of the "
            "environment"
        )
    command = ["aws", "ssm", "start-session", "--target", instance["id"], "--document-name", "AWS-StartSSHSession"]
    command += ["--region", instance["region"]]
    if connection.profile:
        command += ["--profile", connection.profile]
    if connection.endpoint_url:
        command += ["--endpoint-url", connection.endpoint_url]
    if connection.aws_ca_bundle:
        command += ["--ca-bundle", connection.aws_ca_bundle]
    if not connection.validate_certs:
        command.append("--no-verify-ssl")
    # ssh inserts the port, and reads any other % as the start of a token.
    return shlex.join(command).replace("%", "%%") + " --parameters portNumber=%p"
