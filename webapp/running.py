"""Lantern as processes, for tests and fault runs: either form on free ports, with data of its own.

Nothing of the site imports this.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import yaml

from webapp.private_policy import signed_policy
from webapp.private_servers import free_port

ROOT = Path(__file__).resolve().parents[1]
ADMIN, PASSWORD = "admin", "a long walk by the river"
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "CI", "LD_LIBRARY_PATH", "OMP_WAIT_POLICY")  # all else stays outside

T = TypeVar("T")


def wait_until(look: Callable[[], T], *, seconds: float, what: str) -> T:
    """The first truthy answer of `look`. Raises TimeoutError, which says what was waited for."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s.")
        time.sleep(0.05)


class Process:
    """One process with its log; started, stopped and killed by its own id."""

    def __init__(self, command: Sequence[str], *, env: Mapping[str, str], log: Path) -> None:
        self.command, self.env, self.log = list(command), dict(env), log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self.command, env=self.env, cwd=ROOT, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Negative: the number of the signal that ended it."""
        return None if self._process is None else self._process.poll()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(how)
            try:
                self._process.wait(timeout=25)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        if self._process is not None and self.is_running:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait(timeout=10)

    def check(self) -> None:
        if not self.is_running:
            raise RuntimeError(f"{' '.join(self.command[-3:])} ended by itself:\n{self.log.read_text()[-3000:]}")


class Site:
    """What both forms have in common."""

    def __init__(self, folder: Path, *, python: Sequence[str] = (), settings: Mapping[str, str] | None = None) -> None:
        """`python`: what runs instead of `python manage.py` where the worker lives, to watch or to disturb it."""
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.manage = [sys.executable, "manage.py"]
        self.work = list(python) or self.manage
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "logs").mkdir(exist_ok=True)
        (folder / "admin-password").write_text(PASSWORD)
        self.env = self._environment() | dict(settings or {})
        self.processes: dict[str, Process] = {}

    def _environment(self) -> dict[str, str]:
        # What a .env of this installation sets must not reach these processes, so each is set here, if only to nothing.
        return {name: os.environ[name] for name in KEPT if name in os.environ} | {
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "SECRET_KEY": "",
            "DEMO": "0",
            "EMAIL_RELAY_URL": "",
            "MEASURE_AT_START": "0",
            "LIVE": "0",
            "MFA_REQUIRED": "0",
            "MODEL_PATH": "",
            "MODEL_SHA256": "",
            "PUBLIC_URL": self.url,
            "SAFETY_POLICY_FILE": str(signed_policy(self.folder)),
            "VAULT_KEYS_FILE": str(self.folder / "secret" / "vault-keys"),
            "ADMIN_EMAIL": f"{ADMIN}@example.org",
            "ADMIN_PASSWORD_FILE": str(self.folder / "admin-password"),
            "PYTHONUNBUFFERED": "1",
        }

    def use_models(self, models: Path) -> Self:
        """Take model files from this folder. A link to the folder, because links to the file itself are refused."""
        if not (self.folder / "models").exists():
            (self.folder / "models").symlink_to(models, target_is_directory=True)
        return self

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.stop()

    @property
    def worker(self) -> Process:
        """The process in which jobs run."""
        raise NotImplementedError

    def restart_worker(self) -> None:
        """After it ended."""
        self.worker.start()

    def add(self, name: str, command: Sequence[str], **more: str) -> Process:
        process = Process(command, env=self.env | more, log=self.folder / "logs" / f"{name}.log")
        self.processes[name] = process
        process.start()
        return process

    def health(self, url: str = "") -> dict[str, Any]:
        try:
            answer = httpx.get(f"{url or self.url}/healthz", timeout=2, trust_env=False)
        except httpx.HTTPError:
            return {}
        found: dict[str, Any] = answer.json()
        return found

    def wait_until_started(self) -> None:
        """With a model until it helps; without one, drafting, sending and moderating work as soon as the site answers."""
        if self.env["MODEL_PATH"] or (self.folder / "models").exists():
            self.wait_for_help()
        else:
            wait_until(self.health, seconds=180, what=f"{self.url}/healthz")

    def wait_for_help(self, seconds: float = 180) -> None:
        """Until the site answers and a worker has its model, however busy the machine. Raises at once where a process ended."""

        def helps() -> bool:
            for process in self.processes.values():
                process.check()
            return bool(self.health().get("help_available"))

        try:
            wait_until(helps, seconds=seconds, what=f"{self.url}/healthz with help available")
        except TimeoutError as error:
            said = b"\n".join(log[-2000:] for log in self.logs().values()).decode(errors="replace")
            raise TimeoutError(f"{error} It says {self.health()}, and the logs end with\n{said}") from error

    def command(self, *arguments: str) -> str:
        """Run a management command beside the site; what it printed. Raises when it fails."""
        done = subprocess.run(
            [*self.manage, *arguments],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def look(self, code: str, *values: str) -> Any:
        """Run Python beside the site; it reads `values` and leaves its answer, as plain values, in `answer`."""
        program = (
            "import os, json, sys\nos.environ['DJANGO_SETTINGS_MODULE'] = 'webapp.settings'\n"
            f"import django\ndjango.setup()\nvalues = sys.argv[1:]\n{code}\nprint(json.dumps(answer))"
        )
        done = subprocess.run(
            [sys.executable, "-c", program, *values],
            cwd=ROOT,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr[-3000:])
        return json.loads(done.stdout.splitlines()[-1])

    def logs(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in sorted((self.folder / "logs").iterdir())}


class Embedded(Site):
    """`manage.py serve` with SQLite: one process."""

    def start(self) -> None:
        self.add("serve", [*self.work, "serve", "--host", "127.0.0.1", "--port", str(self.port)])
        self.wait_until_started()

    @property
    def worker(self) -> Process:
        return self.processes["serve"]


def composed(service: str) -> list[str]:
    """The command of a service of compose.yaml: what is tested as a process is what it describes."""
    described = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    command: list[str] = described["services"][service]["command"]
    return command


class Outgrown(Site):
    """The processes of compose.yaml without containers: prepare, web, worker; Postgres and Redis are brought along."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str,
        redis: str,
        python: Sequence[str] = (),
        settings: Mapping[str, str] | None = None,
        for_worker: Mapping[str, str] | None = None,
    ) -> None:
        servers = {"DATABASE_URL": database, "REDIS_URL": redis}
        super().__init__(folder, python=python, settings=servers | dict(settings or {}))
        self.for_worker = dict(for_worker or {})

    def start(self) -> None:
        self.command(*composed("migrate")[2:])
        self.command("collectstatic", "--noinput", "-v", "0")  # as the image does when it is built
        self.add("web", self._web_command(self.port))
        self.add("worker", [*self.work, *composed("worker")[2:]], **self.for_worker)
        self.wait_until_started()

    def _web_command(self, port: int) -> list[str]:
        command = composed("web")
        for option, value in (("--host", "127.0.0.1"), ("--port", str(port))):
            command[command.index(option) + 1] = value
        return [sys.executable, *command[1:]]

    @property
    def worker(self) -> Process:
        return self.processes["worker"]
