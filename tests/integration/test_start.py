# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""docs/start.md as a new user follows it: the files of the page, the installed collection, and the page's commands."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from rig.runs import BIN, CHECKOUT, environment
from rig.stacks import Stack, Stacks

PAGE = (CHECKOUT / "docs" / "start.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```(?:python|text|yaml)\n# (shop/\S+)\n(.*?)```", re.DOTALL)
COMMAND = re.compile(r"^ansible-playbook -i (shop/\S+) (groundwork\.aws\.\S+)(.*)$", re.MULTILINE)
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f someone\n"


@pytest.fixture(scope="module")
def collections(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The collection as ansible-galaxy installs it."""
    directory = tmp_path_factory.mktemp("galaxy")
    build = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(directory), str(CHECKOUT)]
    subprocess.run(build, check=True, capture_output=True)
    (archive,) = directory.glob("groundwork-aws-*.tar.gz")
    install = [str(BIN / "ansible-galaxy"), "collection", "install", "--force", "--offline", "--no-deps"]
    subprocess.run([*install, "-p", str(directory / "installed"), str(archive)], check=True, capture_output=True)
    return directory / "installed"


class User:
    """A new user with a home directory, who has made the files of the page."""

    def __init__(self, stack: Stack, collections: Path, home: Path) -> None:
        self.stack = stack
        self.home = home
        self.variables = {
            **environment(stack.proxy.url),
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(home),
            "ANSIBLE_COLLECTIONS_PATH": str(collections),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_NOCOLOR": "1",
        }
        (home / ".ssh").mkdir()
        (home / ".ssh" / "id_ed25519").write_text("the private key\n")
        (home / ".ssh" / "id_ed25519.pub").write_text(PUBLIC_KEY)
        inventory = collections / "ansible_collections" / "groundwork" / "aws" / "inventories" / "aws"
        for name in ("inventory", "staging"):
            shutil.copytree(inventory, home / "shop" / name)
        for name, content in BLOCK.findall(PAGE):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_text(content)

    def play(self, playbook: str, *options: str, inventory: str = "shop/inventory") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BIN / "ansible-playbook"), "-i", inventory, f"groundwork.aws.{playbook}", *options],
            env=self.variables, cwd=self.home, text=True, timeout=300, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


@pytest.fixture
def user(stacks: Stacks, collections: Path, tmp_path: Path) -> User:
    home = tmp_path / "home"
    home.mkdir()
    return User(stacks(), collections, home)


def test_the_page_can_be_followed_from_its_files_to_a_stack_and_back(user: User) -> None:
    checked = user.play("validate")
    assert checked.returncode == 0, checked.stdout
    made = user.play("provision")
    assert made.returncode == 0, made.stdout
    assert re.search(r"http://\d+\.\d+\.\d+\.\d+/", made.stdout), made.stdout
    again = user.play("provision")
    assert re.search(r"localhost .*changed=0 ", again.stdout), again.stdout
    status = user.play("status", "--limit", "localhost")
    assert status.returncode == 0, status.stdout
    gone = user.play("destroy", "-e", "confirm=shop")
    assert gone.returncode == 0, gone.stdout


def test_staging_is_another_stack_of_the_same_document(user: User) -> None:
    for inventory, name in (("shop/inventory", "shop"), ("shop/staging", "shop-staging")):
        made = user.play("provision", inventory=inventory)
        assert made.returncode == 0, made.stdout
        assert f"{name}: instance/app-1" in made.stdout, made.stdout
    unchanged = user.play("provision")
    assert re.search(r"localhost .*changed=0 ", unchanged.stdout), unchanged.stdout


@pytest.mark.parametrize("broken", ["hostname: instanceid", "regions: [us-east-1, mars-1]", "account: '111122223333'"])
@pytest.mark.parametrize("playbook", ["site", "status", "provision"])
def test_no_playbook_goes_on_with_an_inventory_that_could_not_be_read(user: User, playbook: str, broken: str) -> None:
    with (user.home / "shop" / "inventory" / "ec2_services.yml").open("a") as file:
        file.write(broken + "\n")
    run = user.play(playbook)
    assert run.returncode != 0, run.stdout
    assert "the inventory could not be read" in run.stdout, run.stdout
    assert "Traceback" not in run.stdout
    assert user.stack.proxy.mutations == []


def test_errors_of_the_document_and_of_the_sources_end_site(user: User) -> None:
    document = user.home / "shop" / "topology.yml"
    good = document.read_text()
    for bad, text in (("port: 99999", "99999 is not a port"), ("entry: wsgi:nope", "defines no nope")):
        key = bad.partition(":")[0]
        document.write_text(re.sub(rf"{key}: .*", bad, good, count=1))
        run = user.play("site")
        assert run.returncode != 0
        assert text in run.stdout, run.stdout
    assert user.stack.proxy.mutations == []


def test_sources_of_two_stacks_are_not_mixed(user: User) -> None:
    for options in (("-i", "shop/staging"), ("-i", "shop/staging", "--limit", "localhost")):
        run = user.play("status", *options)
        assert run.returncode != 0, run.stdout
        assert "shop-staging" in run.stdout
        assert "Run once with each of them" in run.stdout


def test_every_playbook_of_the_page_exists_and_takes_its_options() -> None:
    commands = COMMAND.findall(PAGE)
    assert {name for _inventory, name, _options in commands} >= {
        f"groundwork.aws.{name}" for name in ("validate", "site", "deploy", "status", "rollback", "destroy")
    }
    for _inventory, name, _options in commands:
        assert (CHECKOUT / "playbooks" / f"{name.rpartition('.')[2]}.yml").is_file()
