"""What `make test` and `make test-deep` run, each check by its own name too."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.machine import NEEDS, postgres_folder
from scripts.setup.packages import VENV
from scripts.setup.steps import ROOT, Steps

BIN = VENV / "bin"
# Whatever is chosen here takes the place of the choice in pyproject.toml, so each names what that leaves out as well.
ELSEWHERE = "llama_server or training"  # `make test-remote`, `make train-smoke`
QUICK = f"not (quiet or deep or {ELSEWHERE})"
QUIET = f"quiet and not (deep or {ELSEWHERE})"
DEEP = f"deep and not (quiet or {ELSEWHERE})"
DEEP_QUIET = f"deep and quiet and not ({ELSEWHERE})"
SEPARATE = "process or browser or model"  # these start their own servers, or do not touch the site's database
ON_POSTGRES = f"{QUICK} and not ({SEPARATE})"
PLAIN = ("evaluation", "training", "scripts", "bench", "assistant/tests/safety")  # these touch no database at all

# Servers, workers and browsers on a machine that others keep busy: now and then one is too late. More at once are no accident.
MOST_TRIED_AGAIN = 5
TESTS_FAILED = 1  # as pytest ends; 2 and more: it could not run them


@dataclass(frozen=True)
class Check:
    name: str
    verb: str  # `make VERB` runs all checks of this verb
    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    memory: str = ""  # the folder in which pytest keeps what failed, where a second try makes sense


def with_pytest(
    name: str, verb: str, which: str, *, result: str, alone: bool = False, on_postgres: bool = False
) -> Check:
    beside = ("-n", "0") if alone else ("-n", "2")
    left_out = [f"--ignore={folder}" for folder in PLAIN] if on_postgres else []
    memory = f".pytest_cache/{result}"
    files = (f"--junitxml=test-results/{result}.xml", "-o", f"cache_dir={memory}")
    command = ("python", "-m", "pytest", *beside, "-m", which, *files, *left_out)
    return Check(name, verb, command, (("LANTERN_TEST_DB", "postgres"),) if on_postgres else (), memory)


CHECKS = (
    Check("ruff", "lint", ("ruff", "check", ".")),
    Check("ruff format", "lint", ("ruff", "format", "--check", ".")),
    Check("djlint", "lint", ("djlint", "templates", "--lint", "--quiet")),
    Check(
        "mypy --strict",
        "types",
        ("mypy", "webapp", "assistant", "moderation", "scripts", "bench", "evaluation", "training", "conftest.py"),
    ),
    Check("import contracts", "arrows", ("lint-imports",)),
    Check("migrations", "migrations", ("python", "manage.py", "makemigrations", "--check", "--dry-run")),
    with_pytest("tests on SQLite", "tests", QUICK, result="sqlite"),
    with_pytest("tests on PostgreSQL", "tests", f"{ON_POSTGRES} and commits", result="postgres", on_postgres=True),
    with_pytest("tests that measure time", "tests", QUIET, result="quiet", alone=True),
    # What is deep is not run on PostgreSQL: little of it asks a database there, but each field with many hard texts, and each
    # field meets some of them on both.
    with_pytest("deep tests on SQLite", "deep", DEEP, result="deep-sqlite"),
    with_pytest(
        "the others on PostgreSQL", "deep", f"{ON_POSTGRES} and not commits", result="others-postgres", on_postgres=True
    ),
    with_pytest("deep tests that measure time", "deep", DEEP_QUIET, result="deep-quiet", alone=True),
)
EVERYDAY = ("lint", "types", "arrows", "migrations", "tests")  # the verbs of `make test`


@dataclass(frozen=True)
class Result:
    name: str
    seconds: float
    outcome: str  # passed, failed, or left out

    @property
    def failed(self) -> bool:
        return self.outcome == "failed"


def run_checks(verbs: Sequence[str]) -> list[Result]:
    """All checks of these verbs; a failure does not stop the ones after it."""
    return [run_check(check) for check in CHECKS if check.verb in verbs]


def run_check(check: Check) -> Result:
    if dict(check.env).get("LANTERN_TEST_DB") == "postgres" and postgres_folder() is None:
        print(f"\n── {check.name}: left out, this machine has no PostgreSQL", flush=True)
        return Result(check.name, 0.0, "left out")
    print(f"\n── {check.name}: {' '.join(check.command)}", flush=True)
    began = time.monotonic()
    first = ("--cache-clear",) if check.memory else ()
    code, outcome = call(check, *first), "passed"
    if code == TESTS_FAILED and check.memory and (late := what_failed(ROOT / check.memory)):
        print(f"\n── {check.name}: once more, alone: {', '.join(late)}", flush=True)
        # The last -n counts, and the second report must not take the place of the first one.
        code = call(check, "-n", "0", "--last-failed", f"--junitxml=test-results/{Path(check.memory).name}-again.xml")
        outcome = f"passed, {len(late)} of them at the second try"
    return Result(check.name, time.monotonic() - began, outcome if code == 0 else "failed")


def call(check: Check, *more: str) -> int:
    command = [str(BIN / check.command[0]), *check.command[1:], *more]
    return subprocess.run(command, cwd=ROOT, env=checks_env(dict(check.env)), check=False).returncode


def what_failed(memory: Path) -> list[str]:
    """The tests to try once more; none when so many failed that the code is what is wrong."""
    try:
        failed = sorted(json.loads((memory / "v/cache/lastfailed").read_text()))
    except FileNotFoundError:
        return []
    return failed if len(failed) <= MOST_TRIED_AGAIN else []


def checks_env(more: dict[str, str]) -> dict[str, str]:
    """The tests find PostgreSQL's programs on PATH, and nothing that a person set for the site."""
    env = {name: value for name, value in os.environ.items() if name not in SITE_SETTINGS}
    folders = [str(BIN), *([str(folder)] if (folder := postgres_folder()) else [])]
    path = os.pathsep.join([*folders, env.get("PATH", "")])
    return {
        **env,
        "PATH": path,
        "OMP_WAIT_POLICY": env.get("OMP_WAIT_POLICY", "passive"),
        "HF_HUB_OFFLINE": "1",
        **more,
    }


# With these set, the tests would run against a real installation.
SITE_SETTINGS = frozenset({"DATABASE_URL", "REDIS_URL", "REDIS_URL_FILE", "DATA_DIR", "DEMO", "PUBLIC_URL"})


def missing_needs() -> list[str]:
    return [need.name for need in NEEDS if need.find() is None]


def print_table(steps: Steps, results: Sequence[Result]) -> None:
    rows = [(name, seconds, outcome.splitlines()[0][:60]) for name, seconds, outcome in steps.done]
    rows += [(result.name, result.seconds, result.outcome) for result in results]
    print(f"\n{'step':<28} {'seconds':>8}  outcome")
    for name, seconds, outcome in rows:
        print(f"{name:<28} {seconds:>8.1f}  {outcome}")
    print(f"{'total':<28} {steps.seconds:>8.1f}", flush=True)


def print_missing(missing: Sequence[str], lacks: Sequence[str]) -> None:
    if missing or lacks:
        print(f"\nThis machine lacks {len(missing) + len(lacks)}; the tests that need these are skipped by name:")
    for name in missing:
        print(f"  {name}")
    for lack in lacks:
        print(f"  {lack.splitlines()[0]}")
