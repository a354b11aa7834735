# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fixtures of the engine's tests: an account inside the process, and no waiting."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from moto import mock_aws
from moto.ec2.models.amis import AmiBackend
from support.engine_account import clients

from ansible_collections.groundwork.aws.plugins.module_utils._aws import lock
from ansible_collections.groundwork.aws.plugins.module_utils._engine import waiter as poll
from lab.hooks.images import load_images

DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}


@pytest.fixture(autouse=True)
def no_real_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(poll, "TICK", 0.005)
    monkeypatch.setattr(poll, "FIRST_DELAY", 0.01)
    # A run leaves a second between its lock and the next one, which has another name then.
    monkeypatch.setattr(lock, "NAME_SECONDS", 0.0)


@pytest.fixture
def small_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accounts with the images of Amazon Linux only, and without the policies of AWS: loading all takes longer than a
    test. The lab, which other tests import, asks for the policies."""
    monkeypatch.setattr(AmiBackend, "_load_amis", lambda backend: load_images(None, backend))
    monkeypatch.setenv("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")


@pytest.fixture
def account(no_waiting: None, small_accounts: None) -> Iterator[None]:
    """An AWS account with one policy."""
    with mock_aws():
        clients()("iam").create_policy(PolicyName="shop", PolicyDocument=json.dumps(DOCUMENT))
        yield
