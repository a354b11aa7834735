# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The models of AWS's services: the same as botocore's own loader has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.loaders import Loader
from botocore.session import Session

from ansible_collections.groundwork.aws.plugins.module_utils._aws.client import Clients
from ansible_collections.groundwork.aws.plugins.module_utils._aws.models import Files, Models
from ansible_collections.groundwork.aws.plugins.module_utils._aws.options import Connection
from ansible_collections.groundwork.aws.plugins.module_utils._stack.resources import REGISTRY

SERVICES = sorted({kind.service for kind in REGISTRY.values()})
TYPES = ["service-2", "paginators-1", "endpoint-rule-set-1"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_what_it_is_to_botocore(service: str) -> None:
    theirs = Loader()
    ours = Models(theirs)
    for kind in TYPES:
        assert ours.load_service_model(service, kind) == theirs.load_service_model(service, kind)
        assert ours.determine_latest_version(service, kind) == theirs.determine_latest_version(service, kind)


def test_what_a_person_put_beside_them_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "ec2" / "2999-01-01"
    place.mkdir(parents=True)
    (place / "service-2.json").write_text(json.dumps({"metadata": {"apiVersion": "2999-01-01"}}))
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    models = Models(Session().get_component("data_loader"))
    assert models.load_service_model("ec2", "service-2") == {"metadata": {"apiVersion": "2999-01-01"}}


def test_what_is_no_service_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UnknownServiceError):
        Models(Loader()).load_service_model("no-such-service", "service-2")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataNotFoundError):
        Models(Loader([str(tmp_path)])).load_service_model("empty", "service-2")
    assert Files().load_file(str(tmp_path / "empty" / "service-2")) is None


def test_clients_have_them() -> None:
    connection = Connection.of({"access_key": "a", "secret_key": "b"})
    session = Clients(connection, "us-east-1")._open()
    assert isinstance(session.get_component("data_loader"), Models)
