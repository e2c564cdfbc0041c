"""The verbs of bootstrap.py, and the order of the steps behind each."""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from scripts.setup import checks, compose_secrets, pins
from scripts.setup.engine_wheel import cache_folder, ensure_engine
from scripts.setup.kernels import ensure_kernels
from scripts.setup.machine import provide_needs, setting
from scripts.setup.packages import PYTHON, check_python, ensure_training, ensure_venv, install_lab, install_packages
from scripts.setup.starter_model import ensure_model
from scripts.setup.steps import ROOT, VAR, SetupProblem, Steps

Named = tuple[str, Callable[[], str]]


def call(arguments: Sequence[str]) -> int:
    # Ends like Ctrl-C does: children are stopped and half-written folders removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    asked = parse(arguments)
    try:
        with one_at_a_time():
            clear_leftovers()
            return int(asked.verb(asked))
    except SetupProblem as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again; finished steps are kept.", file=sys.stderr)
        return 130


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bootstrap.py", description="Set up, run and test Lantern.")
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    setup = verbs.add_parser("setup", help="make .venv, install, fetch the starter model")
    setup.add_argument("--dev", action="store_true", help="with the packages that the checks need")
    setup.set_defaults(verb=set_up)
    verbs.add_parser("engine", help="make .venv, install, and fail without the engine").set_defaults(verb=set_up_engine)
    verbs.add_parser("model", help="fetch the starter model alone").set_defaults(verb=set_up_model)
    verbs.add_parser("secrets", help="make what compose.yaml needs in var/compose").set_defaults(verb=make_secrets)
    verbs.add_parser("run", help="set up, then start the site (HOST, PORT)").set_defaults(verb=run_site)
    test = verbs.add_parser("test", help="set up, then every check and the tests of every day")
    test.set_defaults(verb=run_tests, names=checks.EVERYDAY)
    deep = verbs.add_parser("test-deep", help="set up, then the tests that are long or many")
    deep.set_defaults(verb=run_tests, names=("deep",))
    verbs.add_parser("training", help="make .venv-training, with torch, for training/").set_defaults(
        verb=set_up_training
    )
    verbs.add_parser("lab", help="what evaluation/ needs, into .venv beside the site").set_defaults(verb=set_up_lab)
    for name in checks.EVERYDAY:
        some = verbs.add_parser(name, help=f"the checks named {name}, alone")
        some.set_defaults(verb=run_some_checks, names=(name,))
    pinning = verbs.add_parser("pins", help="write requirements*.txt anew from requirements*.in")
    pinning.add_argument("--upgrade", action="store_true", help="take newer versions of what the .in files leave open")
    pinning.set_defaults(verb=write_pins)
    verbs.add_parser("wheelhouse", help="fill wheelhouse/ for a machine without a network").set_defaults(
        verb=write_wheelhouse
    )
    return parser.parse_args(arguments)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups of one folder take turns; the lock ends with this process, also when it becomes the site."""
    path = VAR / "setup" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another set-up of this folder is at work; waiting for it.", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear_leftovers() -> None:
    """What a killed download or build left in the cache; a day old, so that a living one is not disturbed."""
    for folder in cache_folder().glob("*/.part-*"):
        if time.time() - folder.stat().st_mtime > 24 * 60 * 60:
            shutil.rmtree(folder, ignore_errors=True)


def firm_steps(*, dev: bool) -> list[Named]:
    return [
        ("Python", check_python),
        ("virtual environment", ensure_venv),
        ("packages", lambda: install_packages(dev=dev)),
    ]


def take_setup_steps(steps: Steps, *, dev: bool) -> None:
    for name, work in firm_steps(dev=dev):
        steps.run(name, work)
    # Without these two the site drafts, screens and sends; it says why help is unavailable.
    both = [steps.try_to_run("engine", ensure_engine), steps.try_to_run("starter model", ensure_model)]
    if all(both):
        steps.try_to_run("kernels", ensure_kernels)


def set_up(asked: argparse.Namespace) -> int:
    steps = Steps(total=6)
    take_setup_steps(steps, dev=asked.dev)
    print(f"Set up in {steps.seconds:.1f} s.", flush=True)
    say_what_is_unavailable(steps)
    return 0


def set_up_engine(_: argparse.Namespace) -> int:
    """For an image: the model comes from a volume, and an image without an engine is of no use."""
    take_firm_steps([*firm_steps(dev=False), ("engine", ensure_engine)])
    return 0


def set_up_model(_: argparse.Namespace) -> int:
    take_firm_steps([("virtual environment", ensure_venv), ("starter model", ensure_model)])
    return 0


def set_up_training(_: argparse.Namespace) -> int:
    """With the site's own set-up, because an adapter is compared and registered there."""
    steps = Steps(total=7)
    take_setup_steps(steps, dev=False)
    steps.run("training environment", ensure_training)
    return 0


def set_up_lab(_: argparse.Namespace) -> int:
    """Without the developers' tools, for a site whose worker counts what studies come to."""
    take_firm_steps([*firm_steps(dev=False), ("packages of the lab", install_lab)])
    return 0


def make_secrets(_: argparse.Namespace) -> int:
    take_firm_steps([("secrets for compose.yaml", compose_secrets.make_all)])
    return 0


def take_firm_steps(named: Sequence[Named]) -> None:
    steps = Steps(total=len(named))
    for name, work in named:
        steps.run(name, work)


def say_what_is_unavailable(steps: Steps) -> None:
    for lack in steps.lacks:
        print(f"\nHelp from the model is unavailable. {lack}", flush=True)


def run_site(_: argparse.Namespace) -> int:
    host, port = setting("HOST", "127.0.0.1"), setting("PORT", "8000")
    if not (port.isdigit() and 0 < int(port) < 65536):
        raise SetupProblem(f"PORT={port}: not a port. Use a number from 1 to 65535.")
    steps = Steps(total=6)
    take_setup_steps(steps, dev=False)
    print(f"Set up in {steps.seconds:.1f} s; starting the site.", flush=True)
    say_what_is_unavailable(steps)
    os.chdir(ROOT)
    command = [str(PYTHON), "manage.py", "serve", "--host", host, "--port", port]
    os.execve(PYTHON, command, site_env())  # noqa: S606 - the set-up becomes the site; no shell is involved


def site_env() -> dict[str, str]:
    return {
        **os.environ,
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
        "DEMO": setting("DEMO", "1"),
    }


def run_tests(asked: argparse.Namespace) -> int:
    steps = Steps(total=7)
    take_setup_steps(steps, dev=True)
    steps.try_to_run("programs for the tests", provide_needs)
    missing = checks.missing_needs()
    lacks = [lack for lack in steps.lacks if not lack.startswith("programs")]
    checks.print_missing(missing, lacks)
    if (missing or lacks) and os.environ.get("CI") == "true":
        print("\nCI=true: nothing may be missing. See above for the line to run.", file=sys.stderr)
        return 1
    results = checks.run_checks(asked.names)
    checks.print_table(steps, results)
    return 1 if any(result.failed for result in results) else 0


def run_some_checks(asked: argparse.Namespace) -> int:
    take_firm_steps(firm_steps(dev=True))
    results = checks.run_checks(asked.names)
    return 1 if any(result.failed for result in results) else 0


def write_pins(asked: argparse.Namespace) -> int:
    take_firm_steps([("virtual environment", ensure_venv), *pins.compile_pins(upgrade=asked.upgrade)])
    return 0


def write_wheelhouse(_: argparse.Namespace) -> int:
    take_firm_steps([*firm_steps(dev=False), ("wheelhouse", pins.fill_wheelhouse)])
    return 0
