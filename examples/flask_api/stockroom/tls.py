# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""TLS of connections to databases: a server on another host is verified before it gets the password."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import URL

# Options of libpq and PyMySQL that name a file with options of the connection.
FILES_WITH_HOSTS = ("service", "servicefile", "read_default_file")


def driver_options(url: URL, authorities: str) -> dict[str, Any]:
    """Options with which the driver connects only to a server with a certificate for its host name.

    One of ``authorities`` must have signed it: the path of a file (PEM), or "" for the authorities of the system. A
    server that offers no TLS gets no password. Loopback and Unix sockets need no TLS. Raises ValueError for a URL that
    cannot be verified, and OSError for a file that cannot be read.
    """
    if is_local(url):
        return {}
    if options := sorted(name for name in url.query if name.startswith("ssl")):
        raise ValueError(
            f"DATABASE_URL must not have {', '.join(options)}: a database on another host is always verified, "
            "against the file that DATABASE_CA names"
        )
    if authorities:
        Path(authorities).open("rb").close()
    match url.get_driver_name():
        case "psycopg":
            # libpq prefers encryption by GSSAPI where it has credentials, and then verifies no certificate.
            return {"sslmode": "verify-full", "sslrootcert": authorities or "system", "gssencmode": "disable"}
        case "pymysql":
            # Since version 1.2.0 PyMySQL ends the connection if it has a context and the server offers no TLS.
            return {"ssl": create_context(authorities)}
        case driver:
            raise ValueError(
                f"DATABASE_URL names the driver {driver}, whose TLS this application cannot verify: "
                "use postgresql:// or mysql://"
            )


def create_context(authorities: str) -> ssl.SSLContext:
    """A context that accepts only certificates of these authorities, for the host name of the connection."""
    context = ssl.create_default_context(cafile=authorities or None)
    # Python 3.13 sets it, and rejects the authorities of RDS. Signatures and names are verified as before.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def is_local(url: URL) -> bool:
    """Whether all connections stay on this host: SQLite, a Unix socket or a loopback address.

    A URL without a host, or with a file that may name one, counts as another host.
    """
    if url.get_backend_name() == "sqlite":
        return True
    # What the driver gets, because the query of a URL can name hosts too.
    _arguments, parameters = url.get_dialect()().create_connect_args(url)
    if any(name in parameters for name in FILES_WITH_HOSTS):
        return False
    if parameters.get("unix_socket"):
        return True
    hosts = list_hosts(parameters)
    return bool(hosts) and all(is_local_host(host) for host in hosts)


def list_hosts(parameters: Mapping[str, Any]) -> list[str]:
    """The hosts that the driver connects to. libpq has lists, and addresses that replace the names."""
    named = [str(parameters.get(name) or "") for name in ("host", "hostaddr")]
    return [host for text in named if text for host in text.split(",")]


def is_local_host(host: str) -> bool:
    if host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
