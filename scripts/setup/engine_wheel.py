"""llama-cpp-python as one wheel: from wheelhouse/, else from the cache, else built once from the pinned source.

On Linux the wheel holds the kernels several times, each for another kind of processor, and takes the best when it is loaded:
docs/decisions/0011-one-wheel-many-cpus.md.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import shutil
import subprocess
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.compiler import provide_toolchain
from scripts.setup.machine import setting
from scripts.setup.packages import ENGINE, PYTHON, WHEELHOUSE, ensure_side_venv, local_wheels, only_engine, venv_id
from scripts.setup.steps import ROOT, VAR, SetupProblem, Stamps, key_of, run_logged, sha256_of, write_whole

RECIPE = ROOT / "scripts" / "setup" / "engine.cmake"
TILE_CONFIG = RECIPE.with_name("tile_config.h")
# NATIVE off: a wheel made for one CPU stops with "illegal instruction" on an older one. The vision library is not used.
FLAGS = ("-DGGML_NATIVE=OFF", "-DLLAVA_BUILD=OFF")
VARIANTS = ("-DGGML_BACKEND_DL=ON", "-DGGML_CPU_ALL_VARIANTS=ON")
HAVE_VARIANTS = {("Linux", "x86_64"), ("Linux", "aarch64")}  # elsewhere untried; a Mac computes on its GPU
# CMake also installs for C++ programs, which would double the wheel. In the environment, because pip does not hand
# --config-settings on to what a file of requirements names.
LEFT_OUT = "/bin/**;/include/**;/lib/**"
# Its build tools are pinned in an environment of their own; isolation would fetch others, unpinned and unchecked.
SOURCE_ONLY = ("--no-deps", "--require-hashes", "--no-build-isolation", "--no-binary", ENGINE)


LOAD = """
from llama_cpp import llama_cpp
from assistant.inference.llamacpp.backends import load_backends
load_backends(llama_cpp._lib)
"""


def cache_folder() -> Path:
    return Path(os.environ.get("LANTERN_CACHE") or Path.home() / ".cache" / "lantern")


def engine_version() -> str:
    found = re.search(r"==\s*([^\s;\\]+)", only_engine(ROOT / "requirements.txt"))
    if not found:
        raise SetupProblem(f"requirements.txt names no version of {ENGINE}. Run `make pins`.")
    return found[1]


@dataclass(frozen=True)
class Gpu:
    flag: str
    compiler: str  # the program without which the build would fail after minutes
    remedy: str


GPUS = {
    "cuda": Gpu("-DGGML_CUDA=ON", "nvcc", "Install the CUDA toolkit and put its bin folder on PATH"),
    "vulkan": Gpu(
        "-DGGML_VULKAN=ON", "glslc", "Install the Vulkan SDK (on Debian: glslc, libvulkan-dev, spirv-headers)"
    ),
}


def gpu() -> str:
    """LANTERN_GPU: which graphics cards the wheel is built for; empty for none."""
    name = setting("LANTERN_GPU").strip().lower()
    if name == "metal" and platform.system() == "Darwin":
        return ""  # the source builds for it on every Mac
    if name and name not in GPUS:
        raise SetupProblem(
            f"LANTERN_GPU={name}: no such build here. Use {' or '.join(GPUS)}, or leave it empty; a Mac has Metal anyway."
        )
    return name


def own_flags() -> tuple[str, ...]:
    """CMAKE_ARGS of the person at the keyboard."""
    return tuple(shlex.split(os.environ.get("CMAKE_ARGS", "")))


def flags() -> tuple[str, ...]:
    many = VARIANTS if (platform.system(), platform.machine()) in HAVE_VARIANTS else ()
    return (*FLAGS, *many, *([GPUS[gpu()].flag] if gpu() else []), *own_flags())


def recipe() -> str:
    """Everything that decides what comes out, except the version and the machine."""
    return key_of(*flags(), LEFT_OUT, *(path.read_text(encoding="utf-8") for path in (RECIPE, TILE_CONFIG)))


def platform_tag() -> str:
    return re.sub(r"[-.]", "_", sysconfig.get_platform())


def wheel_shelf() -> Path:
    """Where the cache keeps the wheel of this version, these flags and this platform."""
    libc = "-".join(platform.libc_ver()) or platform.mac_ver()[0]
    return cache_folder() / "wheels" / f"{engine_version()}-{recipe()[:8]}-{platform_tag()}-{libc}"


def ensure_engine() -> str:
    stamps = Stamps()
    key = key_of(only_engine(ROOT / "requirements.txt"), recipe(), venv_id())
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
    shelf = WHEELHOUSE / gpu()
    return next(iter(sorted(shelf.glob(f"llama_cpp_python-{engine_version()}-*{platform_tag()}.whl"))), None)


def wheel_in_cache() -> Path | None:
    for wheel in sorted(wheel_shelf().glob("*.whl")):
        sums = wheel.with_suffix(".sha256")
        if sums.is_file() and sums.read_text(encoding="utf-8").strip() == sha256_of(wheel):
            return wheel
    return None


def _installs(wheel: Path) -> bool:
    """Install the wheel and load it once in a process of its own: one from another CPU could end that process."""
    run_logged(
        [PYTHON, "-m", "pip", "install", "--no-deps", "--no-index", "--force-reinstall", wheel],
        log="pip-engine.log",
        what=f"pip install {wheel.name}",
    )
    loads = subprocess.run([PYTHON, "-c", LOAD], cwd=ROOT, capture_output=True, text=True, check=False)
    if loads.returncode != 0:
        write_whole(VAR / "log" / "engine-load.log", f"{wheel}\nexit code {loads.returncode}\n{loads.stderr}")
        subprocess.run([PYTHON, "-m", "pip", "uninstall", "-y", ENGINE], capture_output=True, check=False)
        print(f"      {wheel} does not load here (exit code {loads.returncode}); looking further.", flush=True)
    return loads.returncode == 0


def build_wheel() -> Path:
    chosen = GPUS.get(gpu())
    if chosen and not shutil.which(chosen.compiler):
        raise SetupProblem(f"LANTERN_GPU={gpu()}: there is no {chosen.compiler} on PATH. {chosen.remedy}.")
    toolchain = provide_toolchain()
    print(f"      building with {toolchain.says}; some minutes on two cores, once", flush=True)
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
        "CMAKE_ARGS": shlex.join([f"-DCMAKE_PROJECT_llama_cpp_INCLUDE={RECIPE}", *toolchain.cmake_args, *flags()]),
        "SKBUILD_WHEEL_EXCLUDE": LEFT_OUT,
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
