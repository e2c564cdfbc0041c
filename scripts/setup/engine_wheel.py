"""llama-cpp-python as one wheel: from wheelhouse/, else from the cache, else built once from the pinned source."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from scripts.setup.compiler import provide_toolchain
from scripts.setup.packages import ENGINE, PYTHON, WHEELHOUSE, ensure_side_venv, local_wheels, only_engine, venv_id
from scripts.setup.steps import ROOT, VAR, SetupProblem, Stamps, key_of, run_logged, sha256_of, write_whole

# NATIVE off: a wheel made for one CPU stops with "illegal instruction" on an older one. The vision library is not used.
FLAGS = ("-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF")
# Its build tools are pinned in an environment of their own; isolation would fetch others, unpinned and unchecked.
SOURCE_ONLY = ("--no-deps", "--require-hashes", "--no-build-isolation", "--no-binary", ENGINE)


def cache_folder() -> Path:
    return Path(os.environ.get("LANTERN_CACHE") or Path.home() / ".cache" / "lantern")


def engine_version() -> str:
    found = re.search(r"==\s*([^\s;\\]+)", only_engine(ROOT / "requirements.txt"))
    if not found:
        raise SetupProblem(f"requirements.txt names no version of {ENGINE}. Run `make pins`.")
    return found[1]


def own_flags() -> tuple[str, ...]:
    """CMAKE_ARGS of the person at the keyboard, for example for CUDA."""
    return tuple(os.environ.get("CMAKE_ARGS", "").split())


def platform_tag() -> str:
    return re.sub(r"[-.]", "_", sysconfig.get_platform())


def wheel_shelf() -> Path:
    """Where the cache keeps the wheel of this version, these flags and this platform."""
    libc = "-".join(platform.libc_ver()) or platform.mac_ver()[0]
    flags = key_of(*FLAGS, *own_flags())[:8]
    return cache_folder() / "wheels" / f"{engine_version()}-{flags}-{platform_tag()}-{libc}"


def ensure_engine() -> str:
    stamps = Stamps()
    key = key_of(only_engine(ROOT / "requirements.txt"), *FLAGS, *own_flags(), venv_id())
    if stamps.holds("engine", key):
        return "already there"
    for place, wheel in (("wheelhouse/", wheel_in_wheelhouse()), ("the cache", wheel_in_cache())):
        if wheel and _installs(wheel):
            stamps.write("engine", key)
            return f"{wheel.name} from {place}"
    wheel = build_wheel()
    if not _installs(wheel):
        raise SetupProblem(f"{wheel} was built but cannot be loaded; see var/log/engine-load.log.")
    stamps.write("engine", key)
    return f"{wheel.name} built and kept in {wheel.parent}"


def wheel_in_wheelhouse() -> Path | None:
    if own_flags():
        return None  # nobody can tell from its name which flags it was built with
    return next(iter(sorted(WHEELHOUSE.glob(f"llama_cpp_python-{engine_version()}-*{platform_tag()}.whl"))), None)


def wheel_in_cache() -> Path | None:
    for wheel in sorted(wheel_shelf().glob("*.whl")):
        sums = wheel.with_suffix(".sha256")
        if sums.is_file() and sums.read_text(encoding="utf-8").strip() == sha256_of(wheel):
            return wheel
    return None


def _installs(wheel: Path) -> bool:
    """Install the wheel and load it once in a process of its own: one from another CPU would end that process."""
    run_logged(
        [PYTHON, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", wheel],
        log="pip-engine.log",
        what=f"pip install {wheel.name}",
    )
    loads = subprocess.run([PYTHON, "-c", "import llama_cpp"], capture_output=True, text=True, check=False)
    if loads.returncode != 0:
        write_whole(VAR / "log" / "engine-load.log", f"{wheel}\nexit code {loads.returncode}\n{loads.stderr}")
        subprocess.run([PYTHON, "-m", "pip", "uninstall", "-y", ENGINE], capture_output=True, check=False)
        print(f"      {wheel} does not load here (exit code {loads.returncode}); looking further.", flush=True)
    return loads.returncode == 0


def build_wheel() -> Path:
    toolchain = provide_toolchain()
    print(f"      building with {toolchain.says}; about five minutes on two cores, once", flush=True)
    python = ensure_side_venv("build", ROOT / "requirements-build.txt")
    requirement = VAR / "setup" / "engine.txt"
    write_whole(requirement, only_engine(ROOT / "requirements.txt"))
    shelf = wheel_shelf()
    shelf.parent.mkdir(parents=True, exist_ok=True)
    path = toolchain.env.get("PATH", os.environ.get("PATH", ""))
    env = {
        **os.environ,
        **toolchain.env,
        "PATH": f"{python.parent}{os.pathsep}{path}",  # ninja lives there
        "CMAKE_ARGS": " ".join([*FLAGS, *toolchain.cmake_args, *own_flags()]),
    }
    source = fetch_source(python, requirement, env)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=shelf.parent) as part:
        # No cache: pip would hand out a wheel that somebody built here earlier with other CMAKE_ARGS.
        options = ["--no-cache-dir", "--no-index", "--find-links", str(source), *SOURCE_ONLY]
        run_logged(
            [python, "-m", "pip", "wheel", "-v", *options, "-r", requirement, "-w", part],
            log="engine-build.log",
            what=f"building {ENGINE} {engine_version()}",
            env=env,
        )
        kept = keep_in_cache(next(Path(part).glob("*.whl")), shelf)
    shutil.rmtree(source)
    return kept


def fetch_source(python: Path, requirement: Path, env: dict[str, str]) -> Path:
    """The source archive, its hash checked by pip; kept until the wheel is built, so that a broken build may go on."""
    source = cache_folder() / "sources" / f"{ENGINE}-{engine_version()}"
    if not any(source.glob("*.tar.gz")):
        source.mkdir(parents=True, exist_ok=True)
        run_logged(
            [python, "-m", "pip", "download", *SOURCE_ONLY, *local_wheels(), "-r", requirement, "-d", source],
            log="engine-source.log",
            what=f"downloading the source of {ENGINE} (77 MB)",
            env=env,  # pip asks the source for its name, and the answer needs cmake
        )
    return source


def keep_in_cache(built: Path, shelf: Path) -> Path:
    """The wheel first, its sum last: a wheel without a sum is not used."""
    shelf.mkdir(parents=True, exist_ok=True)
    kept = shelf / built.name
    digest = sha256_of(built)
    shutil.move(built, kept)
    write_whole(kept.with_suffix(".sha256"), digest)
    return kept
