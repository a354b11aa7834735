# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The calls of a rollout in the order in which the role makes them: what each decides, and what stays in AWS."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError
from support.clock import FakeClock
from support.http_server import HttpServer, answer, hang_up, serve_http
from support.parameters import Parameters

from ansible_collections.groundwork.aws.plugins.module_utils._aws.errors import StackError
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout import operations
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.ledger_store import LedgerStore
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.rollout.operations import RolloutStep
from ansible_collections.groundwork.aws.plugins.module_utils._deploy.targets import TargetHealth
from ansible_collections.groundwork.aws.plugins.module_utils._engine.scope import Scope
from ansible_collections.groundwork.aws.plugins.modules.rollout import ARGUMENT_SPEC

LIMITS = {"strategy": "rolling", "batches": [1], "minimum_healthy": "50%", "bake": 0, "deadline": 60}


def move(host: str, **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "host": host,
        "instance": f"i-{host}",
        "zone": "z",
        "service": "api",
        "before": 1,
        "after": 2,
        "moving": True,
        "version": "v2",
        "commit": "c0ffee",
        "identity": "new",
        "balanced": True,
        "calls": [],
        "migrate": False,
        "migrated": False,
        "rollout": LIMITS,
    }
    return {**given, **more}


@dataclass
class Account:
    """The parameters and the targets of the stack shop, and the calls of one run on it."""

    monkeypatch: pytest.MonkeyPatch
    clock: FakeClock = field(default_factory=FakeClock)
    states: dict[str, str] = field(default_factory=lambda: {"i-a": "healthy", "i-b": "healthy"})
    rollout: dict[str, Any] = field(default_factory=dict)
    planned: dict[str, Any] = field(default_factory=dict)
    # Called when the targets are read, with the time since the rollout began.
    on_read: Callable[[float], None] = lambda _elapsed: None

    def __post_init__(self) -> None:
        self.ssm = Parameters(self.clock)
        self.began = self.clock.now()
        self.monkeypatch.setattr(operations, "read_health", self.read_health)

    def read_health(self, *_where: Any) -> dict[str, dict[str, TargetHealth]]:
        self.on_read(self.clock.now() - self.began)
        return {"api": {id: TargetHealth(id, 80, state) for id, state in self.states.items()}}

    def call(self, state: str, check: bool = False, **options: Any) -> dict[str, Any]:
        defaults = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}
        given = {**defaults, "holder_pid": os.getpid(), "rollout": self.rollout, "state": state, **options}
        clients: Any = lambda _service: self.ssm  # noqa: E731
        step = RolloutStep(given, check, clients, Scope("shop", "eu-central-1"), self.clock)
        actions = {
            "begun": step.begin,
            "planned": step.plan,
            "hooked": step.run_hooks,
            "opened": step.open_batch,
            "judged": step.judge_batch,
            "aborted": step.plan_way_back,
            "renewed": step.renew,
            "finished": step.finish,
            "notified": step.notify,
        }
        return {**actions[state](), "warnings": step.warnings}

    def begin(self, moves: list[dict[str, Any]] | None = None, **options: Any) -> dict[str, Any]:
        """Begin a rollout and plan it; returns the plan."""
        self.rollout = self.call("begun")["rollout"]
        self.planned = self.call("planned", moves=moves or [move("a"), move("b")], **options)
        return self.planned

    def open(self, number: int) -> dict[str, Any]:
        return self.call(
            "opened", batch=self.planned["batches"][number - 1], floors=self.planned["floors"], patience=20
        )

    def judge(self, number: int, **options: Any) -> dict[str, Any]:
        return self.call("judged", batch={**self.planned["batches"][number - 1], "started": 1.0}, **options)

    def finish(self, begun: int, **options: Any) -> dict[str, Any]:
        return self.call("finished", begun=begun, recorded=bool(self.planned["batches"]), **options)

    @property
    def locks(self) -> list[str]:
        return [name for name in self.ssm.values if "/lock/" in name]

    def read_ledger(self) -> Any:
        return LedgerStore(self.ssm, "shop", clock=self.clock).read_latest()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    return Account(monkeypatch)


def test_a_rollout_from_its_lock_to_its_record(account: Account) -> None:
    planned = account.begin()
    assert len(account.locks) == 1
    assert [batch["moves"] for batch in planned["batches"]] == [{"a": ["api"]}, {"b": ["api"]}]
    assert [batch["targets"] for batch in planned["batches"]] == [{"api": ["i-a"]}, {"api": ["i-b"]}]
    assert planned["summary"] == ["batch 1 of 2: a (api 1 -> 2, drained)", "batch 2 of 2: b (api 1 -> 2, drained)"]
    for number in (1, 2):
        assert account.open(number)["verdict"] == "go_on"
        assert account.judge(number) == {"verdict": "go_on", "reasons": [], "warnings": []}
    assert account.finish(2) == {"status": "finished", "reasons": [], "summary": "", "warnings": []}
    assert account.locks == []
    record = account.read_ledger()
    assert (record.status.value, record.action, record.services["api"].version) == ("finished", "deploy", "v2")
    assert [(one.decision, one.started is not None, one.ended is not None) for one in record.batches] == [
        ("go_on", True, True)
    ] * 2


def test_a_second_run_is_refused_with_the_name_of_the_first(account: Account) -> None:
    account.begin()
    with pytest.raises(StackError, match=rf"locked by deploy {account.rollout['id']} by .*Nothing was changed"):
        account.call("begun", holder_pid=os.getpid())


class TestApproval:
    def test_without_a_terminal_the_lock_is_not_taken(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(operations, "has_terminal", lambda _pid: False)
        with pytest.raises(StackError, match=r"Nothing was changed, and no host was moved.*rollout_approved=true"):
            account.call("begun", needs_terminal=True)
        assert account.ssm.values == {}
        assert account.call("begun", check=True, needs_terminal=True)["rollout"]["id"] == ""

    def test_at_a_terminal_it_begins(self, account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(operations, "has_terminal", lambda pid: pid == os.getpid())
        assert account.call("begun", needs_terminal=True)["rollout"]["id"]


class TestNotifying:
    def test_check_mode_tells_nobody(self, account: Account) -> None:
        rollout = account.call("begun", check=True)["rollout"]
        told = account.call(
            "notified", check=True, rollout=rollout, event="started", notify={"slack": {"variable": "X"}}
        )
        assert told == {"sent": [], "warnings": []}

    def test_what_cannot_be_sent_is_a_warning(self, account: Account) -> None:
        account.begin()
        notify = {"slack": {"variable": "NO_SUCH_VARIABLE"}, "sns": None, "email": None}
        told = account.call("notified", event="finished", notify=notify, moves=[move("a")])
        assert told["sent"] == []
        assert "NO_SUCH_VARIABLE is not set" in told["warnings"][0]


def test_check_mode_plans_and_leaves_no_trace(account: Account) -> None:
    rollout = account.call("begun", check=True)["rollout"]
    planned = account.call("planned", check=True, rollout=rollout, moves=[move("a"), move("b")])
    assert len(planned["batches"]) == 2
    assert account.call("finished", check=True, rollout=rollout)["status"] == "finished"
    assert account.ssm.values == {}


def test_without_moves_nothing_is_recorded(account: Account) -> None:
    planned = account.begin([move("a", moving=False), move("b", moving=False)])
    assert (planned["batches"], planned["summary"]) == ([], [])
    assert account.finish(0)["status"] == "finished"
    assert account.ssm.values == {}


def test_a_host_that_could_not_prepare_ends_the_rollout_before_its_first_move(account: Account) -> None:
    planned = account.begin(failures=[{"host": "b", "reason": "the build\n failed"}], lost=["c"])
    assert planned["verdict"] == "abort"
    assert planned["reasons"] == ["b: the build failed", "c: it could not be reached"]
    ended = account.finish(0, verdict="abort", reasons=planned["reasons"])
    assert ended["status"] == "failed"
    assert "was aborted before anything was moved" in ended["summary"]
    assert "No host was moved" in ended["summary"]
    assert account.ssm.values == {}


def test_too_few_healthy_hosts_end_the_rollout_before_its_first_move(account: Account) -> None:
    account.states["i-b"] = "unhealthy"
    planned = account.begin([move("a"), move("b", moving=False)])
    assert planned["verdict"] == "abort"
    assert "api: 1 of 2 hosts serve" in planned["reasons"][0]


class TestOpening:
    def test_a_batch_waits_for_enough_healthy_targets(self, account: Account) -> None:
        account.begin()
        account.states["i-b"] = "unhealthy"
        account.on_read = lambda elapsed: account.states.update({"i-b": "healthy" if elapsed > 9 else "unhealthy"})
        assert account.open(1)["verdict"] == "go_on"

    def test_a_batch_does_not_begin_when_too_few_targets_are_healthy(self, account: Account) -> None:
        account.begin()
        account.states["i-b"] = "unhealthy"
        opened = account.open(1)
        assert opened["verdict"] == "abort"
        assert opened["reasons"] == ["api: of the targets that stay 0 are healthy, and minimum_healthy requires 1"]
        assert account.read_ledger().batches[0].started is None

    def test_a_batch_of_hosts_that_get_no_requests_needs_no_others(self, account: Account) -> None:
        account.begin()
        account.states.update({"i-a": "unhealthy", "i-b": "unhealthy"})
        assert account.open(1)["verdict"] == "go_on"

    def test_a_run_that_lost_its_lock_moves_no_host(self, account: Account) -> None:
        account.begin()
        account.ssm.values.pop(account.locks[0])
        opened = account.open(1)
        assert opened["verdict"] == "lost"
        ended = account.finish(1, verdict="lost", reasons=opened["reasons"])
        assert "another run holds the lock" in ended["summary"]


class TestJudging:
    def test_a_failure_on_a_host_ends_the_rollout(self, account: Account) -> None:
        account.begin()
        account.open(1)
        judged = account.judge(1, failures=[{"host": "a", "reason": "it crashes"}])
        assert (judged["verdict"], judged["reasons"]) == ("abort", ["a: it crashes"])
        batch = account.read_ledger().batches[0]
        assert (batch.decision, batch.reasons) == ("abort", ("a: it crashes",))

    def test_a_batch_bakes_as_long_as_the_document_says(self, account: Account) -> None:
        account.begin([move(one, rollout={**LIMITS, "bake": 30}) for one in "ab"])
        account.open(1)
        before = account.clock.now()
        assert account.judge(1)["verdict"] == "go_on"
        assert 30 <= account.clock.now() - before < 40

    def test_a_target_that_becomes_unhealthy_while_it_bakes_ends_the_rollout(self, account: Account) -> None:
        account.begin([move(one, rollout={**LIMITS, "bake": 30}) for one in "ab"])
        account.open(1)
        account.on_read = lambda elapsed: account.states.update({"i-a": "unhealthy"} if elapsed > 10 else {})
        judged = account.judge(1)
        assert (judged["verdict"], judged["reasons"]) == ("abort", ["target health: api: i-a is unhealthy"])
        assert account.read_ledger().batches[0].measurements[-1].passed is False

    def test_a_target_of_another_batch_does_not_count(self, account: Account) -> None:
        account.begin()
        account.open(1)
        account.states["i-b"] = "unhealthy"
        assert account.judge(1)["verdict"] == "go_on"

    def test_health_that_cannot_be_measured_for_a_while_is_not_bad(self, account: Account) -> None:
        account.begin([move(one, rollout={**LIMITS, "bake": 30}) for one in "ab"])
        account.open(1)

        def throttle(elapsed: float) -> None:
            if 5 < elapsed < 20:
                raise ClientError({"Error": {"Code": "Throttling", "Message": "slow"}}, "DescribeTargetHealth")

        account.on_read = throttle
        assert account.judge(1)["verdict"] == "go_on"
        assert None in [one.passed for one in account.read_ledger().batches[0].measurements]


class TestGates:
    """Gates of the document: `test_gates.py` has what each measures."""

    GATE: ClassVar = {
        "url": "",
        "status": [200],
        "headers": {},
        "failures_allowed": 0,
        "unmeasured": "wait",
        "interval": 15,
    }

    @pytest.fixture
    def web(self) -> Iterator[HttpServer]:
        with serve_http() as started:
            yield started

    def begin(self, account: Account, bake: int, action: str = "deploy", **gates: Any) -> dict[str, Any]:
        limits = {**LIMITS, "bake": bake, "deadline": max(60, 2 * bake), "gates": gates}
        account.rollout = account.call("begun", action=action)["rollout"]
        account.planned = account.call("planned", moves=[move(one, rollout=limits) for one in "ab"])
        return account.planned

    def test_a_gate_that_fails_while_a_batch_bakes_ends_the_rollout(self, account: Account, web: HttpServer) -> None:
        web.script(answer(200), answer(200), answer(500))
        self.begin(account, 60, site={**self.GATE, "url": web.url})
        account.open(1)
        before = account.clock.now()
        judged = account.judge(1)
        assert judged["verdict"] == "abort"
        assert judged["reasons"] == [f"site: GET {web.url}: status 500"]
        assert account.clock.now() - before == 30
        recorded = [one for one in account.read_ledger().batches[0].measurements if one.gate == "site"]
        assert [one.passed for one in recorded] == [True, True, False]

    def test_a_gate_that_holds_lets_the_rollout_go_on_after_the_bake_time(
        self, account: Account, web: HttpServer
    ) -> None:
        self.begin(account, 60, site={**self.GATE, "url": web.url})
        account.open(1)
        before = account.clock.now()
        assert account.judge(1)["verdict"] == "go_on"
        assert (account.clock.now() - before, len(web.asked)) == (60, 5)

    def test_without_a_bake_time_a_gate_is_awaited_until_it_passes_once(
        self, account: Account, web: HttpServer
    ) -> None:
        web.script(hang_up, answer(200), answer(500))
        self.begin(account, 0, site={**self.GATE, "url": web.url})
        account.open(1)
        assert account.judge(1)["verdict"] == "go_on"
        assert len(web.asked) == 2

    def test_a_gate_that_cannot_be_measured_ends_the_rollout_at_the_deadline(self, account: Account) -> None:
        self.begin(account, 0, site={**self.GATE, "url": "http://127.0.0.1:9/"})
        account.open(1)
        judged = account.judge(1)
        assert judged["verdict"] == "abort"
        assert judged["reasons"] == [
            "no progress for 60 s",
            "site: could not be measured: GET http://127.0.0.1:9/: connection refused",
        ]

    def test_gates_of_a_long_bake_time_fit_into_the_ledger(self, account: Account, web: HttpServer) -> None:
        gates = {f"gate-{number}": {**self.GATE, "url": web.url, "interval": 5} for number in range(20)}
        self.begin(account, 300, **gates)
        account.open(1)
        assert account.judge(1)["verdict"] == "go_on"
        batch = account.read_ledger().batches[0]
        assert 0 < len(batch.measurements) < 200
        # Twenty gates and the target health, at once and then every five seconds.
        assert len(batch.measurements) + batch.left_out == 21 * 61

    def test_the_plan_names_gates_that_cannot_be_asked_and_moves_nothing(self, account: Account) -> None:
        planned = self.begin(account, 60, site={**{k: v for k, v in self.GATE.items() if k != "url"}, "path": "/"})
        assert planned["verdict"] == "abort"
        assert planned["reasons"] == ["gate site: the stack has no URL yet at which / could be asked"]
        ended = account.finish(0, verdict="abort", reasons=planned["reasons"])
        assert "No host was moved" in ended["summary"]

    def test_in_check_mode_what_provision_would_make_may_be_missing(self, account: Account) -> None:
        gate = {**{k: v for k, v in self.GATE.items() if k != "url"}, "path": "/"}
        limits = {**LIMITS, "gates": {"site": gate}}
        rollout = account.call("begun", check=True)["rollout"]
        planned = account.call("planned", check=True, rollout=rollout, moves=[move("a", rollout=limits), move("b")])
        assert planned["verdict"] == "go_on"
        assert planned["warnings"] == ["gate site: the stack has no URL yet at which / could be asked"]

    def test_a_path_is_asked_at_the_url_of_the_stack(self, account: Account, web: HttpServer) -> None:
        gate = {**{k: v for k, v in self.GATE.items() if k != "url"}, "path": "/health"}
        limits = {**LIMITS, "gates": {"site": gate}}
        account.begin([move(one, rollout=limits) for one in "ab"], url=f"{web.url}/")
        account.open(1)
        assert account.judge(1)["verdict"] == "go_on"
        assert [one.target for one in web.asked] == ["/health"]

    def test_a_rollback_asks_only_the_health_of_its_targets(self, account: Account) -> None:
        self.begin(account, 0, action="rollback", site={**self.GATE, "url": "http://127.0.0.1:9/"})
        account.open(1)
        assert account.judge(1)["verdict"] == "go_on"

    def test_the_ledger_has_no_settings_of_gates(self, account: Account, web: HttpServer) -> None:
        self.begin(account, 0, site={**self.GATE, "url": web.url, "body": "x" * 5000})
        assert "gates" not in account.read_ledger().services["api"].strategy


class TestHooks:
    """`test_hooks.py` has how each step runs."""

    FAILS: ClassVar = {"command": ["/bin/sh", "-c", "echo s3cret; exit 3"], "request": None, "timeout": 5}
    WORKS: ClassVar = {
        "command": ["/bin/sh", "-c", "echo $ROLLOUT_HOSTS $ROLLOUT_VERDICT"],
        "request": None,
        "timeout": 5,
    }

    def test_steps_run_in_order_until_one_fails(self, account: Account) -> None:
        account.begin()
        hooks = {"before_rollout": [self.WORKS, self.FAILS, self.WORKS]}
        ran = account.call("hooked", moment="before_rollout", hooks=hooks, moves=[move("a"), move("b")])
        assert (ran["verdict"], ran["changed"]) == ("abort", True)
        assert ran["reasons"] == ["hook before_rollout (/bin/sh): it ended with 3"]
        assert ran["output"] == ["/bin/sh: a b", "/bin/sh: s3cret"]

    def test_a_moment_without_steps_changes_nothing(self, account: Account) -> None:
        account.begin()
        ran = account.call("hooked", moment="after_batch", hooks={"before_batch": [self.FAILS]})
        assert (ran["verdict"], ran["reasons"], ran["changed"]) == ("go_on", [], False)

    def test_check_mode_runs_none(self, account: Account) -> None:
        ran = account.call("hooked", check=True, moment="after_batch", hooks={"after_batch": [self.FAILS]})
        assert (ran["verdict"], ran["output"]) == ("go_on", [])

    def test_a_run_that_lost_its_lock_runs_none_before_a_batch(self, account: Account) -> None:
        account.begin()
        account.ssm.values.pop(account.locks[0])
        ran = account.call("hooked", moment="before_batch", hooks={"before_batch": [self.WORKS]})
        assert ran["verdict"] == "lost"
        assert "output" not in ran

    def test_after_the_rollout_the_lock_is_not_taken_again(self, account: Account) -> None:
        account.begin()
        account.finish(2)
        hooks = {"after_rollout": [self.WORKS, self.WORKS]}
        ran = account.call("hooked", moment="after_rollout", hooks=hooks, moves=[move("a")], verdict="rolled_back")
        assert ran["output"] == ["/bin/sh: a rolled_back"] * 2
        assert account.locks == []

    def test_a_failed_hook_after_a_batch_is_a_failed_gate_of_it(self, account: Account) -> None:
        account.begin([move(one, rollout={**LIMITS, "bake": 30}) for one in "ab"])
        account.open(1)
        before = account.clock.now()
        judged = account.judge(1, problems=["hook after_batch (./smoke.sh): it ended with 3"])
        assert (judged["verdict"], account.clock.now() - before) == ("abort", 0)
        assert account.read_ledger().batches[0].reasons == ("hook after_batch (./smoke.sh): it ended with 3",)

    def test_the_plan_names_requests_that_can_never_be_sent(self, account: Account) -> None:
        request = {"path": "/smoke", "url": None, "method": "GET", "status": [200], "headers": {}}
        planned = account.begin(hooks={"after_batch": [{"command": None, "request": request, "timeout": 5}]})
        assert planned["verdict"] == "abort"
        assert planned["reasons"] == ["hook after_batch: the stack has no URL yet at which /smoke could be asked"]


class TestTheWayBack:
    def test_hosts_return_even_if_aws_does_not_answer(self, account: Account) -> None:
        account.begin()
        account.ssm.pages = lambda *_call: (_ for _ in ()).throw(StackError("no answer"))  # type: ignore[method-assign]
        back = account.call(
            "aborted",
            moves=[move("a"), move("b")],
            batches=account.planned["batches"],
            begun=1,
            failures=[{"host": "a", "reason": "x"}],
        )
        assert [batch["moves"] for batch in back["batches"]] == [{"a": ["api"]}]
        assert "no answer" in back["warnings"][0]

    def test_a_rollout_whose_hosts_returned_is_rolled_back(self, account: Account) -> None:
        account.begin()
        ended = account.finish(1, verdict="abort", reasons=["a: it crashes"])
        assert ended["status"] == "rolled_back"
        assert "in the first batch" in ended["summary"]
        assert "Every host that was moved serves the release that it had before" in ended["summary"]
        assert account.read_ledger().reason == "a: it crashes"
        assert account.locks == []

    def test_hosts_that_could_not_return_are_named(self, account: Account) -> None:
        account.begin()
        ended = account.finish(
            2, verdict="abort", reasons=["b: it crashes"], return_failures=[{"host": "a", "reason": "no disk"}]
        )
        assert ended["status"] == "failed"
        assert "These hosts could not be returned" in ended["summary"]
        assert "- a: no disk" in ended["summary"]

    def test_the_lock_is_freed_also_when_the_end_cannot_be_written(self, account: Account) -> None:
        account.begin()
        put = account.ssm.put_parameter

        def refuse(Name: str, **more: Any) -> None:  # noqa: N803
            if Name.endswith("/end"):
                raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutParameter")
            put(Name=Name, **more)

        account.ssm.put_parameter = refuse  # type: ignore[method-assign, assignment]
        ended = account.finish(1, verdict="abort", reasons=["a: it crashes"])
        assert account.locks == []
        assert "the end of rollout" in ended["warnings"][0]


def test_a_killed_rollout_is_found_by_the_next_one(account: Account) -> None:
    account.begin()
    account.open(1)
    killed = account.rollout["id"]
    account.ssm.values.pop(account.locks[0])
    unfinished = account.call("begun")["unfinished"]
    assert (unfinished["id"], unfinished["status"]) == (killed, "abandoned")
    assert [(one["host"], one["before"]) for one in unfinished["begun"]] == [("a", 1)]


@pytest.mark.parametrize("verdict", ["go_on", "abort"])
def test_a_rollout_that_ended_is_not_unfinished(account: Account, verdict: str) -> None:
    account.begin()
    account.finish(2, verdict=verdict)
    assert account.call("begun")["unfinished"] is None


def kill_and_run_again(account: Account, serving: dict[str, int], moving: bool = False, **options: Any) -> Any:
    """A rollout of the hosts a and b is killed; the next run finds these releases. Returns the record of the first."""
    account.begin()
    account.open(1)
    killed = account.rollout["id"]
    account.ssm.values.pop(account.locks[0])
    account.clock.sleep(60)
    unfinished = account.call("begun")
    account.rollout = unfinished["rollout"]
    moves = [move(host, before=release, moving=moving) for host, release in serving.items()]
    account.planned = account.call("planned", moves=moves)
    account.finish(0, moves=moves, unfinished=unfinished["unfinished"], **options)
    records = LedgerStore(account.ssm, "shop", clock=account.clock).read_all().records
    return next(record for record in records if record.id == killed)


@pytest.mark.parametrize(
    ("serving", "status"),
    [
        ({"a": 2, "b": 2}, "finished"),
        ({"a": 1, "b": 1}, "rolled_back"),
        # What is known is not enough, or another release than those of the rollout.
        ({"a": 2, "b": 1}, "abandoned"),
        ({"a": 2}, "abandoned"),
        ({"a": 3, "b": 3}, "abandoned"),
        ({"a": 2, "b": 2, "c": 1}, "finished"),
    ],
)
def test_a_killed_rollout_gets_its_end_where_nothing_is_left_to_do(
    account: Account, serving: dict[str, int], status: str
) -> None:
    record = kill_and_run_again(account, serving)
    assert record.status.value == status
    assert ("it was killed" in record.reason) is (status != "abandoned")
    assert account.locks == []


def test_a_killed_rollout_gets_no_end_by_a_run_that_failed(account: Account) -> None:
    assert kill_and_run_again(account, {"a": 2, "b": 2}, verdict="abort").status.value == "abandoned"


def test_a_rollout_after_a_killed_one_is_the_newest(account: Account) -> None:
    assert kill_and_run_again(account, {"a": 1, "b": 1}, moving=True).status.value == "abandoned"
    assert account.read_ledger().status.value == "finished"


class TestHostsThatStop:
    """Rollouts that stop hosts and start them again (`patch`, `replace`, `resize`)."""

    def begin(self, account: Account, action: str = "patch", **options: Any) -> dict[str, Any]:
        account.rollout = account.call("begun", action=action)["rollout"]
        moves = [move("a", after=1), move("b", after=1)]
        account.planned = account.call("planned", moves=moves, units="hosts", **options)
        return account.planned

    def test_batches_are_of_hosts_and_their_gates_are_asked(self, account: Account) -> None:
        gates = {"home": {"path": "/", "status": [200], "interval": 5}}
        planned = self.begin(account, url="http://shop.example")
        assert planned["summary"] == ["batch 1 of 2: a (api)", "batch 2 of 2: b (api)"]
        account.call("finished", begun=2, recorded=True)
        account.rollout = account.call("begun", action="patch")["rollout"]
        moves = [move("a", after=1, rollout={**LIMITS, "gates": gates}), move("b", after=1)]
        planned = account.call("planned", moves=moves, units="hosts", url="http://shop.example")
        assert [gate["name"] for gate in planned["batches"][0]["gates"]] == ["home"]

    def test_one_host_after_the_other_in_the_given_order(self, account: Account) -> None:
        account.rollout = account.call("begun", action="replace")["rollout"]
        planned = account.call("planned", moves=[move("b", after=1), move("a", after=1)], units="single_hosts")
        assert [list(batch["moves"]) for batch in planned["batches"]] == [["b"], ["a"]]

    def test_the_only_host_is_not_interrupted_unless_that_is_accepted(self, account: Account) -> None:
        account.states = {"i-a": "healthy"}
        account.rollout = account.call("begun", action="patch")["rollout"]
        planned = account.call("planned", moves=[move("a", after=1)], units="hosts")
        assert planned["verdict"] == "abort"
        assert "-e interrupt=true" in planned["reasons"][0]
        planned = account.call("planned", moves=[move("a", after=1)], units="hosts", interrupt=True)
        assert planned["verdict"] == "go_on"

    def test_after_a_failure_no_host_returns(self, account: Account) -> None:
        self.begin(account)
        account.open(1)
        ended = account.finish(1, verdict="abort", reasons=["a: it does not boot"])
        assert ended["status"] == "failed"
        assert "The patch" in ended["summary"]
        assert "a: it does not boot" in ended["summary"]
        assert "it continues with the hosts that are left" in ended["summary"]
        assert account.locks == []

    def test_a_killed_one_is_no_rollout_to_return_from(self, account: Account) -> None:
        self.begin(account)
        account.open(1)
        account.ssm.values = {name: value for name, value in account.ssm.values.items() if "/lock/" not in name}
        assert account.call("begun", action="rollback")["unfinished"] is None

    def test_it_does_not_begin_while_hosts_may_serve_two_releases(self, account: Account) -> None:
        account.begin()
        account.open(1)
        account.ssm.values = {name: value for name, value in account.ssm.values.items() if "/lock/" not in name}
        with pytest.raises(StackError, match=r"deploy .* did not end.*Run deploy.yml or rollback.yml first"):
            account.call("begun", action="patch")
        assert account.locks == []
