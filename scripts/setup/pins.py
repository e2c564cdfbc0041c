"""The pinned requirement files, and a folder of wheels for a machine without a network."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from scripts.setup.engine_wheel import ensure_engine, gpu, wheel_in_cache, wheel_in_wheelhouse
from scripts.setup.packages import LAB, PYTHON, WHEELHOUSE, pip_download, without_engine
from scripts.setup.starter_model import REQUIREMENTS
from scripts.setup.steps import ROOT, VAR, SetupProblem, run_logged, write_whole

UV = "uv==0.13.8"
# The pins of the site and its lab bind the developers' pins, so that tests run on what is deployed.
SETS = (
    ("requirements", ()),
    ("requirements-lab", ("-c", "requirements.txt")),
    ("requirements-dev", ("-c", "requirements.txt", "-c", "requirements-lab.txt")),
    ("requirements-build", ()),
    ("requirements-compiler", ()),
)


def compile_pins(*, upgrade: bool) -> list[tuple[str, Callable[[], str]]]:
    return [(f"{name}.txt", partial(compile_one, name, more, upgrade=upgrade)) for name, more in SETS]


def compile_one(name: str, more: tuple[str, ...], *, upgrade: bool) -> str:
    """Pins that are already written stay as they are, unless they no longer fit or `upgrade` is asked for."""
    target = ROOT / f"{name}.txt"
    part = ROOT / f".{name}.part.txt"
    if target.exists():
        shutil.copyfile(target, part)
    try:
        options = ["--universal", "--generate-hashes", "--python-version", "3.11", "--quiet", *more]
        options += ["--custom-compile-command", "make pins", *(["--upgrade"] if upgrade else [])]
        run_logged(
            [uv(), "pip", "compile", *options, f"{name}.in", "-o", part],
            log=f"pins-{name}.log",
            what=f"uv pip compile {name}.in",
        )
        changed = not target.exists() or target.read_bytes() != part.read_bytes()
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return "rewritten" if changed else "unchanged"


def uv() -> Path:
    folder = VAR / "cache" / UV
    if not (folder / "bin" / "uv").exists():
        run_logged([PYTHON, "-m", "venv", "--clear", folder], log="uv.log", what="python -m venv")
        run_logged([folder / "bin" / "python", "-m", "pip", "install", UV], log="uv.log", what=f"pip install {UV}")
    return folder / "bin" / "uv"


def fill_wheelhouse() -> str:
    """The wheels of site, lab, engine and model; with PIP_NO_INDEX=1 `make run` and `make lab` need nothing else."""
    WHEELHOUSE.mkdir(exist_ok=True)
    plain = VAR / "setup" / "wheelhouse.txt"
    write_whole(plain, without_engine(ROOT / "requirements.txt"))
    for requirements in (plain, LAB, REQUIREMENTS):
        pip_download(requirements, into=WHEELHOUSE, what=f"pip download {requirements.name}")
    ensure_engine()
    if wheel_in_wheelhouse() is None:
        wheel = wheel_in_cache()
        if wheel is None:
            raise SetupProblem("The engine's wheel is in no cache. Remove var/setup/engine.stamp and run this again.")
        shelf = WHEELHOUSE / gpu()
        shelf.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".part-", dir=shelf) as part:
            shutil.copyfile(wheel, Path(part) / wheel.name).replace(shelf / wheel.name)
    return f"{len(list(WHEELHOUSE.rglob('*.whl')))} wheels in {WHEELHOUSE}"
