"""What this machine has, and what apt may add to it."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.steps import ROOT, SetupProblem, run_logged


def may_use_apt() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def install_with_apt(packages: Sequence[str]) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    patient = ["-o", "DPkg::Lock::Timeout=300"]  # another apt may be at work on a machine that has just booted
    run_logged(["apt-get", *patient, "update"], log="apt-update.log", what="apt-get update", env=env)
    run_logged(
        ["apt-get", *patient, "install", "-y", "--no-install-recommends", *packages],
        log="apt-install.log",
        what=f"apt-get install {' '.join(packages)}",
        env=env,
    )


def line_to_install(*, debian: str, fedora: str, mac: str) -> str:
    """The exact line a person runs; Debian's where the machine's own package manager is not known."""
    if sys.platform == "darwin":
        return mac
    if shutil.which("dnf"):
        return f"sudo dnf install -y {fedora}"
    return f"sudo apt-get install -y {debian}"


def setting(name: str, default: str = "") -> str:
    """A variable of the environment, else of .env, as the site will read it."""
    if name in os.environ:
        return os.environ[name]
    path = ROOT / ".env"
    if path.is_file():
        found = re.findall(rf"^\s*(?:export\s+)?{name}\s*=\s*(.*?)\s*$", path.read_text(encoding="utf-8"), re.M)
        if found:
            return str(found[-1]).strip("\"'")
    return default


def processor() -> str:
    """What it says it can run; on another one, what was built or tried here has to be built or tried again."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return platform.platform()


def postgres_folder() -> Path | None:
    """The folder with both `postgres` and `initdb`; Debian keeps it off PATH."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists() and (folder / "initdb").exists()), None)


def _version(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


def redis_server() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


def chromium() -> Path | None:
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((Path(path) for name in names if (path := shutil.which(name))), None)


@dataclass(frozen=True)
class Need:
    """A program that some tests drive."""

    name: str
    find: Callable[[], Path | None]
    debian: str


NEEDS = (
    Need("PostgreSQL", postgres_folder, "postgresql"),
    Need("Redis", redis_server, "redis-server"),
    Need("Chromium", chromium, "chromium"),
)


def provide_needs() -> str:
    """Find what the tests drive; install it where that is allowed; what stays missing is the problem."""
    missing = [need for need in NEEDS if need.find() is None]
    if missing and may_use_apt():
        install_with_apt([need.debian for need in missing])
        missing = [need for need in NEEDS if need.find() is None]
    if missing:
        packages = " ".join(need.debian for need in missing)
        raise SetupProblem(
            f"This machine lacks {len(missing)} of {len(NEEDS)}: {', '.join(need.name for need in missing)}. "
            f"Run: sudo apt-get install -y {packages}"
        )
    return ", ".join(f"{need.name} {need.find()}" for need in NEEDS)
