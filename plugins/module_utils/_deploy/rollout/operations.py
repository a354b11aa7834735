# Copyright: (c) 2026, The groundwork.aws authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The work of the modules `rollout` and `rollout_info`.

Each state is one call of a playbook; between the calls hosts do their part. What a call needs of the calls before it
comes back as an option, so that the result of a call is all that a playbook has to keep.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from ..._aws.backoff import SYSTEM_CLOCK, Backoff, Clock
from ..._aws.client import Clients
from ..._aws.errors import StackError, describe_error
from ..._aws.lock import LockLostError, LockToken, TokenLock, describe_user
from ..._aws.process import has_terminal
from ..._aws.sdk import FAILURES
from ..._engine.scope import Scope
from ..._topology.rollout_settings import DEFAULT_DEADLINE
from ..stack_options import run_stack_query
from ..targets import HEALTHY, TargetHealth, read_health
from .gates import AskedGate, Asker, Problem, collect_gates, find_problems, make_policy, select_kept
from .hooks import AFTER_ROLLOUT, build_variables, describe_step, find_hook_problems, run_step
from .hosts import plan_hosts, plan_single_hosts
from .ledger import (
    RecordedBatch,
    RecordedMeasurement,
    RecordedMove,
    RecordedService,
    RolloutRecord,
    Status,
    find_end,
    name_rollout,
)
from .ledger_store import LedgerStore
from .lock_holder import describe_rollout
from .moves import DEPLOY, RELEASE_ACTIONS, ROLLBACK
from .notifications import Event, Sender, list_services
from .plan import Batch
from .planning import Planned, plan_rollout, plan_way_back
from .report import describe_end, describe_end_of_hosts, describe_failures, describe_plan, describe_record
from .strategy import PlanError
from .verdict import Decision, GatePolicy, Measurement, judge

GO_ON, ABORT = Decision.GO_ON.value, Decision.ABORT.value
# The lock of the stack was lost: another run may change the hosts now, so that they are left as they are.
LOST = "lost"
POLL_SECONDS = 5.0
UNATTENDED = (
    "rollout.approval of the document has a person approve this rollout, and ansible-playbook has no terminal at which "
    "to ask. Nothing was changed, and no host was moved. Run it at a terminal, or, once a person has approved it, with "
    "-e rollout_approved=true"
)
TARGET_HEALTH = "target health"
STRATEGY_KEYS = ("strategy", "batches", "minimum_healthy", "bake", "deadline")


def run_rollout(options: Mapping[str, Any], check: bool, clock: Clock = SYSTEM_CLOCK) -> dict[str, Any]:
    """Run the module `rollout`; a failure is in ``failed`` and ``msg`` of the result."""

    def act(clients: Clients, scope: Scope) -> dict[str, Any]:
        step = RolloutStep(options, check, clients, scope, clock)
        actions: Mapping[str, Callable[[], dict[str, Any]]] = {
            "begun": step.begin,
            "planned": step.plan,
            "opened": step.open_batch,
            "judged": step.judge_batch,
            "hooked": step.run_hooks,
            "aborted": step.plan_way_back,
            "renewed": step.renew,
            "finished": step.finish,
            "notified": step.notify,
        }
        return {**actions[options["state"]](), "warnings": step.warnings}

    return run_stack_query(options, act)


def read_rollouts(options: Mapping[str, Any]) -> dict[str, Any]:
    """Read the ledger of a stack, the newest rollout first; a failure is in ``failed`` and ``msg`` of the result."""

    def read(clients: Clients, scope: Scope) -> dict[str, Any]:
        warnings: list[str] = []
        ledger = LedgerStore(clients("ssm"), scope.stack, warnings).read_all()
        rollouts = [convert_record(record) for record in ledger.records]
        return {"rollouts": rollouts, "summary": list(map(describe_record, ledger.records)), "warnings": warnings}

    return run_stack_query(options, read)


def convert_record(record: RolloutRecord) -> dict[str, Any]:
    """A record as a result of a module."""
    begun = [asdict(move) for move in record.list_begun_moves()]
    return {**asdict(record), "status": record.status.value, "begun": begun}


@dataclass
class RolloutStep:
    """One call of the module `rollout`."""

    options: Mapping[str, Any]
    check: bool
    clients: Clients
    scope: Scope
    clock: Clock
    warnings: list[str] = field(default_factory=list)

    # The states

    def begin(self) -> dict[str, Any]:
        """Take the lock, and find the rollout before this one if it did not end."""
        if self.options["needs_terminal"] and not self.check and not has_terminal(self.options["holder_pid"]):
            raise StackError(UNATTENDED)
        latest = self._ledger.read_latest()
        unfinished = None
        if latest is not None and latest.is_unfinished and latest.action in RELEASE_ACTIONS:
            unfinished = convert_record(latest)
            if self.options["action"] not in RELEASE_ACTIONS:
                raise StackError(
                    f"{latest.action} {latest.id} of {latest.who} did not end, so that hosts may serve two releases. "
                    "Nothing was changed. Run deploy.yml or rollback.yml first"
                )
        rollout: dict[str, Any] = {"id": "", "action": self.options["action"], "started": self.clock.time()}
        if not self.check:
            token = self._make_lock().acquire()
            # As `describe_rollout` names it in the lock.
            rollout["id"] = name_rollout(token.number, token.nonce)
            rollout["token"] = {"number": token.number, "nonce": token.nonce}
        return {"rollout": rollout, "unfinished": unfinished, "changed": False}

    def plan(self) -> dict[str, Any]:
        """Plan the batches, and write them to the ledger. A host that was not prepared ends the rollout here."""
        moves, planned, reasons = self.options["moves"], Planned(), self._list_failures()
        if not reasons:
            try:
                planned = self._plan_batches(moves)
            except PlanError as error:
                reasons = str(error).splitlines()
        self._renew()
        batches = [self._add_gates(_describe_batch(batch, moves), moves) for batch in planned.batches]
        if not reasons:
            reasons += self._select_final([*self._find_gate_problems(batches), *self._find_hook_problems(batches)])
        if planned.batches and not self.check:
            self._ledger.begin(self._make_record(planned, moves))
        return {
            "verdict": ABORT if reasons else GO_ON,
            "reasons": reasons,
            "batches": batches,
            "floors": dict(planned.floors),
            "rejoin": dict(planned.rejoin),
            "migrations": [asdict(migration) for migration in planned.migrations],
            "summary": describe_plan(planned, moves, self._is_of_releases) or reasons,
        }

    def open_batch(self) -> dict[str, Any]:
        """Check that enough targets serve without those of the batch, and record that it begins."""
        return self._watch_lock(self._open_batch)

    def judge_batch(self) -> dict[str, Any]:
        """Judge what the hosts of a batch reported, and its gates for as long as it bakes."""
        return self._watch_lock(self._judge_batch)

    def run_hooks(self) -> dict[str, Any]:
        """Run the hooks of a moment on the controller, until one of them fails."""
        return self._watch_lock(self._run_hooks) if self.options["moment"] != AFTER_ROLLOUT else self._run_hooks()

    def plan_way_back(self) -> dict[str, Any]:
        """Plan in which batches the hosts return. It needs no answer of AWS: hosts return in any case."""
        moves, batches = self.options["moves"], [_to_batch(batch) for batch in self.options["batches"]]
        failed = [
            (move["host"], move["service"])
            for move in moves
            for failure in [*self.options["failures"], *({"host": host} for host in self.options["lost"])]
            if failure["host"] == move["host"] and failure.get("service") in (None, "", move["service"])
        ]
        try:
            self._renew()
        except (StackError, *FAILURES) as error:
            self.warnings.append(describe_error(error))
        back = plan_way_back(moves, batches, self.options["begun"], failed)
        return {"batches": [_describe_batch(batch, moves) for batch in back]}

    def finish(self) -> dict[str, Any]:
        """Record the end, and free the lock."""
        verdict, reasons = self.options["verdict"], list(self.options["reasons"])
        reasons += [one for one in self._list_failures() if one not in reasons]
        status = self._find_status(verdict, reasons)
        rollout, begun = self.options["rollout"], self.options["begun"]
        if self._is_of_releases:
            first = any(move["before"] is None for move in self.options["moves"])
            summary = describe_end(
                rollout["action"], rollout["id"], verdict, reasons, begun, self.options["return_failures"], first
            )
        else:
            summary = describe_end_of_hosts(rollout["action"], rollout["id"], verdict, reasons, begun)
        if not self.check and verdict != LOST:
            self._record_end(status, reasons)
            if status is Status.FINISHED and self._is_of_releases and not self.options["recorded"]:
                self._end_killed_rollout()
            self._make_lock(rollout["id"]).release(self._token)
        return {
            "status": status.value,
            "reasons": reasons,
            "summary": "" if status is Status.FINISHED else summary,
        }

    def notify(self) -> dict[str, Any]:
        """Report an event to those that the document names. What cannot be sent is a warning."""
        options = self.options
        if self.check:
            return {"sent": []}
        event = Event(
            kind=options["event"],
            stack=self.scope.stack,
            action=options["rollout"]["action"],
            rollout=str(options["rollout"].get("id") or ""),
            who=options["who"] or describe_user(),
            services=list_services(options["moves"]),
            hosts=len({move["host"] for move in options["moves"] if move["moving"]}),
            reasons=tuple(options["reasons"]),
            seconds=self.clock.time() - float(options["rollout"]["started"]),
        )
        sender = Sender(self.clients, self.scope, self.warnings)
        return {"sent": sender.send(options["notify"], event)}

    def renew(self) -> dict[str, Any]:
        """Renew the lock."""
        self._renew()
        return {}

    # Their parts

    @property
    def _is_of_releases(self) -> bool:
        """Whether hosts change their releases, and return to the ones before; otherwise they stop and start again."""
        return self.options["rollout"]["action"] in RELEASE_ACTIONS

    def _plan_batches(self, moves: Sequence[Mapping[str, Any]]) -> Planned:
        targets = self._read_targets(moves)
        if self.options["units"] == "hosts":
            return plan_hosts(moves, targets, self.options["interrupt"])
        if self.options["units"] == "single_hosts":
            return plan_single_hosts(moves, targets, self.options["interrupt"])
        return plan_rollout(moves, targets)

    def _list_failures(self) -> list[str]:
        lost = [{"host": host, "reason": "it could not be reached"} for host in self.options["lost"]]
        return describe_failures([*self.options["failures"], *lost])

    def _open_batch(self) -> dict[str, Any]:
        batch = self.options["batch"]
        problems = self._wait_for_floor(batch)
        if problems:
            return {"verdict": ABORT, "reasons": problems}
        started = self.clock.time()
        self._ledger.record_batch(
            self.options["rollout"]["id"], RecordedBatch(batch["number"], batch["wave"], started=started)
        )
        return {"verdict": GO_ON, "reasons": [], "batch": {**batch, "started": started}}

    def _judge_batch(self) -> dict[str, Any]:
        batch = self.options["batch"]
        reasons = [*self._list_failures(), *self.options["problems"]]
        measurements: list[Measurement] = []
        if not reasons:
            reasons, measurements = self._bake(batch)
        verdict = ABORT if reasons else GO_ON
        kept = select_kept(measurements)
        self._ledger.record_batch(
            self.options["rollout"]["id"],
            RecordedBatch(
                batch["number"],
                batch["wave"],
                started=batch["started"],
                ended=self.clock.time(),
                decision=verdict,
                reasons=tuple(reasons),
                measurements=tuple(RecordedMeasurement(one.gate, one.passed, one.detail, one.at) for one in kept),
                left_out=len(measurements) - len(kept),
            ),
        )
        return {"verdict": verdict, "reasons": reasons}

    def _run_hooks(self) -> dict[str, Any]:
        moment, options = self.options["moment"], self.options
        result: dict[str, Any] = {"verdict": GO_ON, "reasons": [], "output": [], "changed": False}
        if self.check:
            return result
        verdict = options["verdict"] if moment == AFTER_ROLLOUT else ""
        variables = build_variables(self.scope.stack, options["rollout"], options["moves"], options["batch"], verdict)
        for number, step in enumerate(options["hooks"].get(moment) or ()):
            # The lock outlasts one step; after the rollout it is free.
            if number and moment != AFTER_ROLLOUT:
                self._renew()
            ended = run_step(step, options["url"], variables)
            result["changed"] = True
            result["output"] += [f"{describe_step(step)}: {line}" for line in ended.output]
            if ended.problem:
                reason = f"hook {moment} ({describe_step(step)}): {ended.problem}"
                return {**result, "verdict": ABORT, "reasons": [reason]}
        return result

    def _watch_lock(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        try:
            self._renew()
            return act()
        except LockLostError as error:
            return {"verdict": LOST, "reasons": [describe_error(error)]}

    def _wait_for_floor(self, batch: Mapping[str, Any]) -> list[str]:
        """What prevents the batch from leaving the load balancer, after it was given time to pass."""
        floors = {name: floor for name, floor in self.options["floors"].items() if name in batch["targets"]}
        if not floors:
            return []
        problems: list[str] = []
        polling = Backoff(seconds=float(self.options["patience"]), first=POLL_SECONDS, longest=POLL_SECONDS, jitter=0.0)
        for _attempt in polling.repeat(self.clock):
            health = self._read_health()
            problems = list(_find_shortages(floors, batch["targets"], health))
            if not problems:
                return []
        return problems

    def _bake(self, batch: Mapping[str, Any]) -> tuple[list[str], list[Measurement]]:
        """Ask the gates of a batch until there is a verdict. Returns the reasons to abort, and what was measured."""
        began = self.clock.now()
        gates = self._list_gates(batch, began)
        while True:
            elapsed = self.clock.now() - began
            for gate in gates:
                if gate.is_due(elapsed, batch["bake"]):
                    gate.ask(elapsed)
            measurements = [one for gate in gates for one in gate.measurements]
            measurements.sort(key=lambda one: one.at)
            policies = [gate.policy for gate in gates]
            verdict = judge(policies, measurements, elapsed, batch["bake"], batch["deadline"])
            if verdict.decision is Decision.GO_ON:
                return [], measurements
            if verdict.decision is Decision.ABORT:
                return list(verdict.reasons), measurements
            self.clock.sleep(POLL_SECONDS)
            self._renew()

    def _list_gates(self, batch: Mapping[str, Any], began: float) -> list[AskedGate]:
        """The target health, if the batch has targets, and the gates of its services."""
        asker = Asker(self.clients, self.scope, self.clock, moved=self.clock.time())
        gates = [
            AskedGate(make_policy(gate), gate["settings"]["interval"], partial(asker.prepare, gate), self.clock)
            for gate in batch["gates"]
        ]
        if not batch["targets"]:
            return gates

        def measure_targets() -> Measurement:
            return self._measure_targets(batch, self.clock.now() - began)

        health = AskedGate(GatePolicy(TARGET_HEALTH), POLL_SECONDS, lambda: measure_targets, self.clock)
        return [health, *gates]

    def _add_gates(self, batch: dict[str, Any], moves: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The batch with its gates. A rollback has none: metrics still show what the release before it did."""
        if self.options["rollout"]["action"] == ROLLBACK:
            return batch
        return {**batch, "gates": collect_gates(_list_own_moves(batch["moves"], moves), self.options["url"])}

    def _select_final(self, problems: Sequence[Problem]) -> list[str]:
        """The reasons to stop. In check mode a problem that provision.yml may still solve is a warning."""
        self.warnings += [one.text for one in problems if self.check and one.pending]
        return [one.text for one in problems if not (self.check and one.pending)]

    def _find_gate_problems(self, batches: Sequence[Mapping[str, Any]]) -> list[Problem]:
        """Why gates of the batches can never be measured: a wrong query, or a secret that does not exist."""
        gates = {json.dumps(gate, sort_keys=True): gate for batch in batches for gate in batch["gates"]}
        return list(find_problems(Asker(self.clients, self.scope, self.clock), gates.values()))

    def _find_hook_problems(self, batches: Sequence[Mapping[str, Any]]) -> list[Problem]:
        """Why requests of hooks can never be sent. A rollback runs only those after it, whose failure is reported."""
        if not batches or self.options["rollout"]["action"] != DEPLOY:
            return []
        return list(find_hook_problems(self.options["hooks"], self.options["url"]))

    def _measure_targets(self, batch: Mapping[str, Any], elapsed: float) -> Measurement:
        at = self.clock.time()
        health = self._read_health()
        unhealthy = [
            f"{service}: {instance} is {target.state if target else 'not registered'}"
            for service, instances in batch["targets"].items()
            for instance in instances
            for target in [health.get(service, {}).get(instance)]
            if target is None or target.state != HEALTHY
        ]
        return Measurement(TARGET_HEALTH, not unhealthy, "; ".join(unhealthy) or f"healthy after {elapsed:.0f} s", at)

    def _find_status(self, verdict: str, reasons: Sequence[str]) -> Status:
        if verdict == GO_ON and not reasons:
            return Status.FINISHED
        is_back = self._is_of_releases and not self.options["return_failures"]
        if verdict == ABORT and self.options["begun"] and is_back:
            return Status.ROLLED_BACK
        return Status.FAILED

    def _end_killed_rollout(self) -> None:
        """Write the end of the rollout before this one, which was killed, where this one had nothing left to do."""
        killed = self.options["unfinished"] or {}
        moves = self.options["moves"]
        serving = {(move["host"], move["service"]): move["before"] for move in moves if not move["moving"]}
        end = find_end(killed.get("moves", ()), serving) if killed else None
        if end is None:
            return
        reason = f"it was killed; {self.options['rollout']['id']} found that every host serves the same release"
        try:
            self._ledger.finish(killed["id"], end, self.clock.time(), reason)
        except (StackError, *FAILURES) as error:
            self.warnings.append(describe_error(error))

    def _record_end(self, status: Status, reasons: Sequence[str]) -> None:
        """Write the end. A failure is a warning, because the hosts are where they should be."""
        if not self.options["recorded"]:
            return
        try:
            self._ledger.finish(self.options["rollout"]["id"], status, self.clock.time(), "; ".join(reasons))
        except (StackError, *FAILURES) as error:
            self.warnings.append(describe_error(error))

    def _make_record(self, planned: Planned, moves: Sequence[Mapping[str, Any]]) -> RolloutRecord:
        rollout = self.options["rollout"]
        numbers = {
            (host, name): batch.number
            for batch in planned.batches
            for host, names in batch.moves.items()
            for name in names
        }
        moving = [move for move in moves if (move["host"], move["service"]) in numbers]
        return RolloutRecord(
            id=rollout["id"],
            action=rollout["action"],
            who=describe_user(),
            started=rollout["started"],
            services={
                move["service"]: RecordedService(move["version"], move["commit"], _select_strategy(move["rollout"]))
                for move in moving
            },
            moves=tuple(
                RecordedMove(
                    move["host"],
                    move["service"],
                    move["before"],
                    move["after"],
                    numbers[move["host"], move["service"]],
                    move["instance"],
                    move["zone"],
                )
                for move in moving
            ),
            batches=tuple(RecordedBatch(batch.number, batch.wave) for batch in planned.batches),
        )

    def _read_targets(self, moves: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, TargetHealth]]:
        return self._read_health() if any(move["balanced"] for move in moves) else {}

    def _read_health(self) -> dict[str, dict[str, TargetHealth]]:
        return read_health(self.clients, self.scope.stack, self.scope.region)

    @property
    def _ledger(self) -> LedgerStore:
        return LedgerStore(self.clients("ssm"), self.scope.stack, self.warnings, self.clock)

    @property
    def _token(self) -> LockToken:
        token = self.options["rollout"]["token"]
        return LockToken(int(token["number"]), str(token["nonce"]))

    def _make_lock(self, rollout: str = "") -> TokenLock:
        return TokenLock(
            self.clients("ssm"),
            self.scope.stack,
            float(self.options["seconds"]),
            float(self.options["lock_wait"]),
            describe_rollout(self.options["action"], self.options["holder_pid"], rollout),
            self.warnings,
            self.clock,
        )

    def _renew(self) -> None:
        if not self.check:
            self._make_lock(self.options["rollout"]["id"]).renew(self._token)


def _find_shortages(
    floors: Mapping[str, int],
    leaving: Mapping[str, Sequence[str]],
    health: Mapping[str, Mapping[str, TargetHealth]],
) -> list[str]:
    problems = []
    for service, floor in floors.items():
        targets = health.get(service, {})
        leaves = [one for one in leaving[service] if one in targets and targets[one].state == HEALTHY]
        others = [one for one, target in targets.items() if target.state == HEALTHY and one not in leaving[service]]
        if leaves and len(others) < floor:
            problems.append(
                f"{service}: of the targets that stay {len(others)} are healthy, and minimum_healthy requires {floor}"
            )
    return problems


def _describe_batch(batch: Batch, moves: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A batch as playbooks pass it on: with the instances that leave the load balancer, and its times in seconds."""
    own = _list_own_moves(batch.moves, moves)
    targets: dict[str, list[str]] = {}
    for move in own:
        if move["balanced"]:
            targets.setdefault(move["service"], []).append(move["instance"])
    return {
        "number": batch.number,
        "wave": batch.wave,
        "moves": {host: list(names) for host, names in batch.moves.items()},
        "targets": targets,
        "gates": [],
        "bake": max((int(move["rollout"].get("bake", 0)) for move in own), default=0),
        "deadline": max(
            (int(move["rollout"].get("deadline", DEFAULT_DEADLINE)) for move in own), default=DEFAULT_DEADLINE
        ),
    }


def _list_own_moves(hosts: Mapping[str, Sequence[str]], moves: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The moves of a batch, which has the services that move by host."""
    return [move for move in moves if move["service"] in hosts.get(move["host"], ())]


def _select_strategy(rollout: Mapping[str, Any]) -> dict[str, Any]:
    """What a batch was planned with, for the ledger, whose records are short."""
    return {key: rollout[key] for key in STRATEGY_KEYS if key in rollout}


def _to_batch(batch: Mapping[str, Any]) -> Batch:
    return Batch(batch["number"], batch["wave"], {host: tuple(names) for host, names in batch["moves"].items()})
