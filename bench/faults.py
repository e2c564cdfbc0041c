"""Kills the worker where it hurts and takes Redis away while jobs run; counts what was accepted and what finished.

python -m bench.faults            10 times at each point, both forms
python -m bench.faults --short    once at each point
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from assistant.inference.modelfile import STARTER
from bench.crashpoints import Point, arm
from webapp.private_servers import PrivatePostgres, PrivateRedis
from webapp.running import ROOT, Embedded, Outgrown, wait_until
from webapp.visitor import OVER, Visitor

POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
DRAFT = (
    "Moving somewhere new is hard. I remember how quiet my first flat was. What do you like to cook? "
    "You should just join a club."
)
PEOPLE = ("wren", "robin")  # one draft has one live job, so two people ask at a time

FLUSHED, FLUSHED_UNHEARD, RESTARTED = (
    "Redis flushed while a job runs",
    "Redis flushed with rings that nobody heard",
    "Redis killed and started while jobs run",
)

# For each accepted job: how it ended, and whether what was stored is whole and there once.
CENSUS = """
from assistant.models import AuditEvent, Suggestion, SuggestionChunk, SuggestionJob
def row(job):
    pieces = list(SuggestionChunk.objects.filter(job=job, attempt=job.attempt).select_related('case').order_by('seq'))
    suggestions = list(Suggestion.objects.filter(job=job).select_related('case'))
    streamed = ''.join(p.text for p in pieces)
    # What is held was not streamed to its end.
    complete = [s.text.startswith(streamed) if s.status == 'held' else s.text == streamed for s in suggestions]
    ends = AuditEvent.objects.filter(object_id=str(job.id), action='suggestion.finished').count()
    return {
        'id': str(job.id), 'status': job.status, 'reason': job.reason, 'attempt': job.attempt,
        'suggestions': len(suggestions), 'ends': ends,
        'whole': [p.seq for p in pieces] == list(range(1, len(pieces) + 1)) and complete == [True],
    }
answer = [row(job) for job in SuggestionJob.objects.all()]
"""


@dataclass(slots=True)
class Row:
    form: str
    fault: str
    rounds: int = 0
    accepted: int = 0
    finished: int = 0
    lost: int = 0
    doubled: int = 0
    slowest_recovery: float = 0.0  # from the fault until every accepted job is over, in seconds
    jobs: list[str] = field(default_factory=list)


class Bench:
    """A running site with two people who have a draft each."""

    def __init__(self, site: Embedded | Outgrown, redis: PrivateRedis | None, admin: Visitor) -> None:
        self.site, self.redis = site, redis
        self.crash_file = Path(site.env["CRASH_FILE"])
        self.writers: list[tuple[Visitor, str, int]] = []
        for name in PEOPLE:
            admin.send("/posts/enter", text=POST, language="en", country="")
            person = admin.invite(name, "supporter")
            draft = person.take_post()
            self.writers.append((person, draft, person.save(draft, DRAFT)))

    def ask(self, number: int) -> dict[str, Any]:
        """Ask as the page does: the same key again until the server has said yes."""
        person, draft, base = self.writers[number]
        key = uuid.uuid4()

        def accepted() -> dict[str, Any] | None:
            try:
                return person.ask(draft, DRAFT, base=base, client_key=key)
            except httpx.TransportError:
                return None  # the server is down

        job = wait_until(accepted, seconds=60, what="the server to accept a job")
        assert job is not None
        return job

    def state(self, number: int, job: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.writers[number][0].twin(job)
        except httpx.TransportError:
            return {"status": "unknown", "chunks": []}

    def wait_for_end(self, jobs: Sequence[dict[str, Any]]) -> None:
        for number, job in enumerate(jobs):
            wait_until(
                lambda n=number, j=job: self.state(n, j)["status"] in OVER,  # type: ignore[misc]  # bound at once
                seconds=120,
                what=f"the end of job {job['job']}",
            )

    def wait_for_piece(self, number: int, job: dict[str, Any]) -> None:
        def has_spoken() -> bool:
            state = self.state(number, job)
            return bool(state["chunks"]) or state["status"] in OVER

        wait_until(has_spoken, seconds=60, what=f"a piece of job {job['job']}")

    def wait_for_death(self) -> None:
        wait_until(lambda: not self.site.worker.is_running, seconds=60, what="the worker's death")
        if self.site.worker.exit_code != -signal.SIGKILL:
            raise RuntimeError(f"The worker ended with {self.site.worker.exit_code}, not by the trap.")

    # The faults. Each answers with the accepted jobs and the time of the fault.

    def die_at(self, point: Point) -> tuple[list[dict[str, Any]], float]:
        """Everybody asks; whoever waits for an answer when the server dies asks again when it is back."""
        arm(self.crash_file, point)
        with ThreadPoolExecutor(len(self.writers)) as pool:
            asked = [pool.submit(self.ask, number) for number in range(len(self.writers))]
            self.wait_for_death()
            at = time.monotonic()
            self.site.restart_worker()
            return [job.result() for job in asked], at

    def flush(self) -> tuple[list[dict[str, Any]], float]:
        first = self.ask(0)
        self.wait_for_piece(0, first)
        self.tell_redis(b"FLUSHALL")
        at = time.monotonic()
        return [first, self.ask(1)], at

    def flush_unheard(self) -> tuple[list[dict[str, Any]], float]:
        first = self.ask(0)
        self.wait_for_piece(0, first)
        self.site.worker.kill()
        at = time.monotonic()
        second = self.ask(1)
        time.sleep(0.5)  # the doorbell rings from a thread of its own
        self.tell_redis(b"FLUSHALL")
        self.site.restart_worker()
        return [first, second], at

    def restart_redis(self) -> tuple[list[dict[str, Any]], float]:
        assert self.redis is not None
        first = self.ask(0)
        self.wait_for_piece(0, first)
        self.redis.process.kill()
        self.redis.process.wait(timeout=10)
        at = time.monotonic()
        second = self.ask(1)
        time.sleep(0.5)
        self.redis.start()
        return [first, second], at

    def tell_redis(self, command: bytes) -> None:
        assert self.redis is not None
        with socket.create_connection(("127.0.0.1", self.redis.port), timeout=5) as line:
            line.sendall(command + b"\r\n")
            assert line.recv(16).startswith(b"+OK")

    def run(self, row: Row, fault: Callable[[], tuple[list[dict[str, Any]], float]]) -> None:
        jobs, at = fault()
        self.wait_for_end(jobs)
        row.rounds += 1
        row.accepted += len(jobs)
        row.jobs += [job["job"] for job in jobs]
        row.slowest_recovery = max(row.slowest_recovery, time.monotonic() - at)
        self.site.wait_for_help()

    def count(self, rows: Sequence[Row]) -> list[str]:
        """Fill in the rows from the database; jobs that nobody was told of."""
        census = {job["id"]: job for job in self.site.look(CENSUS)}
        for row in rows:
            found = [census.pop(job) for job in row.jobs if job in census]
            row.finished = sum(ended_well(job) for job in found)
            row.lost = row.accepted - row.finished
            row.doubled = sum(job["suggestions"] > 1 or job["ends"] > 1 for job in found)
            row.doubled += len(row.jobs) - len(set(row.jobs))
        return list(census)


def ended_well(job: Mapping[str, Any]) -> bool:
    """Or by the model's own doing: which words it finds can differ from one batch to the next."""
    if job["status"] == "failed":
        return job["reason"] in ("repetition", "empty") and job["suggestions"] == 0
    return job["status"] == "done" and job["suggestions"] == 1 and bool(job["whole"])


def faults_of(bench: Bench) -> dict[str, Callable[[], tuple[list[dict[str, Any]], float]]]:
    found: dict[str, Callable[[], tuple[list[dict[str, Any]], float]]] = {
        point.value: partial(bench.die_at, point) for point in Point
    }
    if bench.redis is not None:
        found |= {FLUSHED: bench.flush, FLUSHED_UNHEARD: bench.flush_unheard, RESTARTED: bench.restart_redis}
    return found


def run_faults(
    form: str,
    *,
    rounds: int,
    settings: Mapping[str, str] | None = None,
    say: Callable[[str], None] = lambda _line: None,
) -> list[Row]:
    """Every fault of this form, `rounds` times each. Raises TimeoutError when a job never ends."""
    with running_bench(form, settings or {}) as bench:
        rows = []
        for name, fault in faults_of(bench).items():
            row = Row(form, name)
            rows.append(row)
            for _ in range(rounds):
                bench.run(row, fault)
            say(f"{form}, {name}: {row.rounds} x, slowest {row.slowest_recovery:.1f} s")
        unknown = bench.count(rows)
        if unknown:
            rows.append(Row(form, "jobs that nobody asked for", doubled=len(unknown)))
        bench.site.command("verify_audit")
        return rows


@contextlib.contextmanager
def running_bench(form: str, settings: Mapping[str, str]) -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(prefix="lantern-faults-"))
    traps = [sys.executable, "-m", "bench.crashpoints"]
    env = {"CRASH_FILE": str(folder / "crash"), "SUGGESTIONS_PER_TEN_MINUTES": "10000", **settings}
    models = ROOT / "var" / "models"
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        redis: PrivateRedis | None = None
        site: Embedded | Outgrown
        if form == "embedded":
            site = Embedded(folder / "site", python=traps, settings=env)
        else:
            postgres, redis = PrivatePostgres(folder / "postgres"), PrivateRedis(folder / "redis")
            postgres.start()
            stack.callback(postgres.stop)
            redis.start()
            stack.callback(redis.stop)
            site = Outgrown(folder / "site", database=postgres.url, redis=redis.url, python=traps, settings=env)
        stack.enter_context(site.use_models(models))
        admin = stack.enter_context(Visitor(site.url))
        yield Bench(site, redis, admin.sign_in())


def print_table(rows: Sequence[Row]) -> None:
    wide = max(len(row.fault) for row in rows)
    print(f"\n{'form':<9} {'fault':<{wide}} rounds accepted finished lost doubled slowest recovery")
    for row in rows:
        print(
            f"{row.form:<9} {row.fault:<{wide}} {row.rounds:>6} {row.accepted:>8} {row.finished:>8} {row.lost:>4} "
            f"{row.doubled:>7} {row.slowest_recovery:>14.1f} s"
        )
    total = [sum(getattr(row, name) for row in rows) for name in ("rounds", "accepted", "finished", "lost", "doubled")]
    slowest = max(row.slowest_recovery for row in rows)
    print(
        f"{'all':<9} {'':<{wide}} {total[0]:>6} {total[1]:>8} {total[2]:>8} {total[3]:>4} {total[4]:>7} {slowest:>14.1f} s"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill workers and flush Redis while jobs run; print a table.")
    parser.add_argument("--short", action="store_true", help="once at each point instead of ten times")
    parser.add_argument("--rounds", type=int, help="this often at each point")
    parser.add_argument("--form", choices=["embedded", "outgrown"], action="append", help="only this one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    wanted = parser.parse_args()
    if not STARTER.in_folder(ROOT / "var" / "models").path.exists():
        print("The starter model is missing in var/models. Run `make setup`.", file=sys.stderr)
        return 2
    rounds = wanted.rounds or (1 if wanted.short else 10)
    began = time.monotonic()
    rows: list[Row] = []
    for form in wanted.form or ["embedded", "outgrown"]:
        rows += run_faults(form, rounds=rounds, say=lambda line: print(line, file=sys.stderr, flush=True))
    if wanted.json:
        print(json.dumps([{name: value for name, value in asdict(row).items() if name != "jobs"} for row in rows]))
    else:
        print_table(rows)
        print(f"{time.monotonic() - began:.0f} s")
    return 1 if any(row.lost or row.doubled for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
