"""The virtual environment and the pinned packages in it."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.setup.machine import install_with_apt, may_use_apt
from scripts.setup.steps import ROOT, VAR, SetupProblem, Stamps, key_of, run_logged, write_whole

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
TRAINING = ROOT / ".venv-training"
WHEELHOUSE = ROOT / "wheelhouse"
LAB = ROOT / "requirements-lab.txt"
ENGINE = "llama-cpp-python"  # installed by engine_wheel.py: PyPI has its source only


def check_python() -> str:
    return f"Python {sys.version.split()[0]} at {sys.executable}"


def ensure_venv() -> str:
    if _venv_works():
        return "already there"
    try:
        _make_venv(VENV)
    except SetupProblem as problem:
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        if not may_use_apt():
            raise SetupProblem(
                f"{sys.executable} cannot make a virtual environment. "
                f"On Debian and Ubuntu run: sudo apt-get install -y {package}\n{problem}"
            ) from problem
        install_with_apt([package])
        _make_venv(VENV)
    return f"made with Python {sys.version.split()[0]}"


def _venv_works() -> bool:
    if not PYTHON.exists():
        return False
    if (VENV / "lantern-id").is_file():
        return True
    # Made by hand, or by a set-up that was interrupted half-way: pip answers only in a whole one.
    whole = subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    if whole:
        write_whole(VENV / "lantern-id", secrets.token_hex(8))
    return whole


def ensure_training() -> str:
    """The environment of training/, beside the site's. Without hashes: which file of torch is right depends on the machine."""
    requirements = ROOT / "training" / "requirements.txt"
    python = TRAINING / "bin" / "python"
    key = key_of(requirements.read_text(encoding="utf-8"), sys.version)
    if (TRAINING / "lantern-id").is_file() and Stamps().holds("training", key + venv_id(TRAINING)):
        return "already there"
    _make_venv(TRAINING)
    run_logged(
        [python, "-m", "pip", "install", *local_wheels(), "-r", requirements],
        log="pip-training.log",
        what="pip install training/requirements.txt",
    )
    Stamps().write("training", key + venv_id(TRAINING))
    return "made, with torch and what goes with it"


def _make_venv(folder: Path) -> None:
    run_logged([sys.executable, "-m", "venv", "--clear", folder], log="venv.log", what="python -m venv")
    write_whole(folder / "lantern-id", secrets.token_hex(8))


def venv_id(folder: Path = VENV) -> str:
    """Changes when the environment is made anew, so that no stamp outlives what it speaks of."""
    return (folder / "lantern-id").read_text(encoding="utf-8")


def requirement_blocks(text: str) -> Iterator[tuple[str, str]]:
    """(name, lines) of each pinned requirement, its hashes included."""
    for block in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.M):
        named = re.match(r"([A-Za-z0-9._-]+)", block)
        if named and not block.startswith("#"):
            yield named[1].lower().replace("_", "-"), block


def without_engine(path: Path) -> str:
    return "".join(block for name, block in requirement_blocks(path.read_text(encoding="utf-8")) if name != ENGINE)


def only_engine(path: Path) -> str:
    found = [block for name, block in requirement_blocks(path.read_text(encoding="utf-8")) if name == ENGINE]
    if len(found) != 1:
        raise SetupProblem(f"{path.name} pins {ENGINE} {len(found)} times. Run `make pins`; once is right.")
    return found[0]


def install_packages(*, dev: bool) -> str:
    """Everything but the engine. The developers' set holds the site's set, so it satisfies both."""
    stamps = Stamps()
    texts = {name: without_engine(ROOT / f"{name}.txt") for name in ("requirements", "requirements-dev")}
    keys = {name: key_of(text, venv_id()) for name, text in texts.items()}
    wanted = "requirements-dev" if dev else "requirements"
    if stamps.holds(wanted, keys[wanted]):
        return "already there"
    write_whole(VAR / "setup" / f"{wanted}-without-engine.txt", texts[wanted])
    pip_install(VAR / "setup" / f"{wanted}-without-engine.txt", what=f"pip install {wanted}.txt")
    if dev:
        stamps.write("requirements", keys["requirements"])
    stamps.write(wanted, keys[wanted])
    return f"{sum(1 for _ in requirement_blocks(texts[wanted]))} pins of {wanted}.txt, hashes checked"


def install_lab() -> str:
    """What evaluation/ needs, beside the site: its pins were made under the site's, so that neither moves the other."""
    stamps = Stamps()
    text = LAB.read_text(encoding="utf-8")
    key = key_of(text, venv_id())
    if stamps.holds(LAB.stem, key):
        return "already there"
    pip_install(LAB, what=f"pip install {LAB.name}")
    stamps.write(LAB.stem, key)
    return f"{sum(1 for _ in requirement_blocks(text))} pins of {LAB.name}, hashes checked"


def pip_install(requirements: Path, *, what: str, python: Path = PYTHON) -> None:
    run_logged(
        [python, "-m", "pip", "install", "--require-hashes", *local_wheels(), "-r", requirements],
        log=f"pip-{requirements.stem}.log",
        what=what,
    )


def pip_download(requirements: Path, *, into: Path, what: str) -> None:
    """Fetch wheels without installing them; pip moves a file into place only when it is whole and its hash fits."""
    options = ["--no-deps", "--require-hashes", "--only-binary", ":all:", *local_wheels()]
    run_logged(
        [PYTHON, "-m", "pip", "download", *options, "-r", requirements, "-d", into],
        log=f"download-{requirements.stem}.log",
        what=what,
    )


def local_wheels() -> list[str]:
    """Let pip look in wheelhouse/ too; `make wheelhouse` fills it for a machine without a network."""
    return ["--find-links", str(WHEELHOUSE)] if WHEELHOUSE.is_dir() else []


def ensure_side_venv(name: str, requirements: Path) -> Path:
    """A throw-away environment under var/cache with just these pins; answers with its Python."""
    folder = VAR / "cache" / name
    python = folder / "bin" / "python"
    key = key_of(requirements.read_text(encoding="utf-8"), sys.version)
    stamps = Stamps(VAR / "cache")
    if python.exists() and stamps.holds(name, key):
        return python
    _make_venv(folder)
    pip_install(requirements, what=f"pip install {requirements.name}", python=python)
    stamps.write(name, key)
    return python
