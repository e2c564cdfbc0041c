"""Postgres and Redis on free ports, for tests and fault runs that may break them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg


class MissingServer(Exception):
    pass


def program(name: str, *elsewhere: str) -> str:
    """The path of a program; raises MissingServer with the name of what to install."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in [*map(str, versions), None, *elsewhere]:
        found = shutil.which(name, path=folder)
        if found:
            return found
    raise MissingServer(name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class PrivatePostgres:
    """A Postgres of this test run alone; runs as `postgres` or `nobody` when the tests run as root, which it refuses."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"postgres://lantern@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        initdb = program("initdb")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.user: str | None = None
        if os.geteuid() == 0:
            self.user = "postgres" if _user_exists("postgres") else "nobody"
            shutil.chown(self.folder, self.user)
            for parent in self.folder.parents:
                if parent.parent == Path(tempfile.gettempdir()) or parent == Path(tempfile.gettempdir()):
                    if parent != Path(tempfile.gettempdir()):
                        parent.chmod(0o755)
                    break
        run = self._as_user(
            [initdb, "-D", str(self.folder / "data"), "-U", "lantern", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        )
        subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start_again()

    def start_again(self) -> None:
        """With the data that is there."""
        server = program("postgres")
        settings = ("listen_addresses=127.0.0.1", "fsync=off", "max_connections=150", "logging_collector=off")
        command = [server, "-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        for setting in settings:
            command += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._as_user(command), stdout=subprocess.DEVNULL, stderr=log)
        wait_for_port(self.port, self.process)
        self._wait_until_it_lets_in()

    def _wait_until_it_lets_in(self) -> None:
        """It listens before it has read what it wrote last; until then it refuses everybody."""
        ends = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                if time.monotonic() > ends or self.process.poll() is not None:
                    raise
                time.sleep(0.05)
            else:
                return

    def _as_user(self, command: list[str]) -> list[str]:
        return (
            command if self.user is None else [program("setpriv"), f"--reuid={self.user}", "--clear-groups", *command]
        )

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=20)


class PrivateRedis:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [
                program("redis-server"),
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(self.folder),
                "--maxmemory-policy",
                "noeviction",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_for_port(self.port, self.process)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=10)


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it listened on port {port}.")
        with socket.socket() as probe:
            probe.settimeout(0.3)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"Nothing listens on port {port} after {seconds} s.")


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True
