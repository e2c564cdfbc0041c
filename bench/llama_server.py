"""llama-server of the same llama.cpp as the site's engine: built once into a cache of its own, started and ended here.

python -m bench.llama_server            build it if it is missing, and print where it is

The sources are those inside the pinned archive of llama-cpp-python, so both arms of a comparison run the same kernels. The
flags are llama.cpp's own defaults, as its README has them: Release, for the CPU at hand, with OpenMP.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from scripts.setup.compiler import provide_toolchain
from scripts.setup.engine_wheel import TILE_CONFIG, cache_folder, engine_version, fetch_source
from scripts.setup.machine import processor
from scripts.setup.packages import ensure_side_venv, only_engine
from scripts.setup.steps import ROOT, VAR, SetupProblem, key_of, run_logged, write_whole

TARGET = "llama-server"
# Without the two the build would fetch the web page of the server from the network, or build it with npm.
FLAGS = ("-DLLAMA_BUILD_UI=OFF", "-DLLAMA_USE_PREBUILT_UI=OFF")
# As in our own wheel: with GCC 12.2 the server would end at its first prompt on a processor with AMX.
TILES = f"-DCMAKE_CXX_FLAGS=-include {TILE_CONFIG}"
STARTS_WITHIN = 60.0  # seconds


def shelf() -> Path:
    """A folder for each version and CPU: built for this one, it may not run on another that shares the home folder."""
    return (
        cache_folder()
        / "llama-server"
        / f"{engine_version()}-{key_of(processor(), *FLAGS, TILE_CONFIG.read_text(encoding='utf-8'))[:8]}"
    )


def ensure() -> Path:
    """The program, built if it is missing."""
    folder = shelf()
    program = folder / "build" / "bin" / TARGET
    if (folder / "whole").is_file() and program.is_file():
        return program
    _build(folder)
    return program


def commit() -> str:
    """The commit of llama.cpp that the archive carries; empty while nothing was built."""
    path = shelf() / "commit"
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _build(folder: Path) -> None:
    toolchain = provide_toolchain()
    print(f"      building {TARGET} with {toolchain.says}; about six minutes on two cores, once", flush=True)
    python = ensure_side_venv("build", ROOT / "requirements-build.txt")
    requirement = VAR / "setup" / "engine.txt"
    write_whole(requirement, only_engine(ROOT / "requirements.txt"))
    path = toolchain.env.get("PATH", os.environ.get("PATH", ""))
    env = {**os.environ, **toolchain.env, "PATH": f"{python.parent}{os.pathsep}{path}"}  # ninja lives there
    env.pop("CMAKE_ARGS", None)  # meant for the wheel; this arm is built as its README says
    source, build = folder / "source", folder / "build"
    if not (folder / "commit").is_file():
        _unpack(fetch_source(python, requirement, env), into=source, commit_file=folder / "commit")
    build.mkdir(parents=True, exist_ok=True)
    run_logged(
        [
            "cmake",
            "-S",
            source,
            "-B",
            build,
            "-G",
            "Ninja",
            *FLAGS,
            TILES,
            f"-DLLAMA_BUILD_COMMIT={commit()}",
            *toolchain.cmake_args,
        ],
        log="llama-server-configure.log",
        what=f"configuring {TARGET}",
        env=env,
    )
    run_logged(
        ["cmake", "--build", build, "--target", TARGET, "--parallel", str(os.cpu_count() or 1)],
        log="llama-server-build.log",
        what=f"building {TARGET}",
        env=env,
    )
    _check(build / "bin" / TARGET)
    write_whole(folder / "whole", key_of(*FLAGS, TILES))
    shutil.rmtree(source)
    for left in build.iterdir():
        if left.name != "bin":
            shutil.rmtree(left) if left.is_dir() else left.unlink()


def _unpack(archive_folder: Path, *, into: Path, commit_file: Path) -> None:
    """vendor/llama.cpp alone; which commit it is stands in the git folder that the archive brings along."""
    archive = next(archive_folder.glob("*.tar.gz"))
    shutil.rmtree(into, ignore_errors=True)
    into.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=into.parent) as part, tarfile.open(archive) as tar:
        tar.extractall(part, filter="data")
        top = next(Path(part).iterdir())
        said = subprocess.run(
            ["git", "--git-dir", top / ".git", "rev-parse", "HEAD:vendor/llama.cpp"],
            capture_output=True,
            text=True,
            check=False,
        )
        (top / "vendor" / "llama.cpp").rename(into)
        write_whole(commit_file, said.stdout.strip() if said.returncode == 0 else "unknown")


def _check(program: Path) -> None:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    if said.returncode != 0:
        raise SetupProblem(
            f"{program} was built but does not start (exit code {said.returncode}). {said.stderr[-300:]}"
        )


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    pid: int
    command: tuple[str, ...]


@contextlib.contextmanager
def running(
    model: Path,
    *,
    slots: int = 1,
    threads: int = 2,
    context_per_slot: int = 1024,
    more: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[Server]:
    """A server on a free port; it answers when the block begins and is gone when the block ends.

    `env` replaces the environment. Without it, what the site sets for OpenMP is taken away: a user has none of it.
    """
    port = free_port()
    command = [
        *(str(ensure()), "--model", str(model), "--host", "127.0.0.1", "--port", str(port)),
        *("-np", str(slots), "-c", str(context_per_slot * slots), "-t", str(threads), "-tb", str(threads)),
        *("-fa", "on", "--no-webui", *more),
    ]
    log = log or VAR / "log" / "llama-server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else bare_environment(),
            start_new_session=True,
        )
        try:
            _wait_for(process, port, log)
            yield Server(url=f"http://127.0.0.1:{port}", pid=process.pid, command=tuple(command))
        finally:
            end(process)


def bare_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "KMP_"))}


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            said = log.read_text(encoding="utf-8", errors="replace")[-600:]
            raise RuntimeError(f"{TARGET} ended with exit code {process.returncode}; {log} ends with:\n{said}")
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/health", timeout=2).status_code == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{TARGET} does not answer on port {port} within {STARTS_WITHIN:.0f} s; see {log}.")


def end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def main() -> int:
    argparse.ArgumentParser(
        prog="python -m bench.llama_server", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    try:
        print(ensure())
    except SetupProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
