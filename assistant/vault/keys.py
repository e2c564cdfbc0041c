"""Master keys wrap one random key per case; a case key encrypts everything that was written in that case.

The file of master keys holds one key a line, `id base64`, newest last: new case keys are wrapped with the newest, old ones
stay readable until `rotate_keys` wrapped them again. The line `audit` is the key of the audit chain. The file never goes
into the database or its backups: a database dump alone stays unreadable.
"""

from __future__ import annotations

import base64
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
AUDIT = "audit"


class VaultError(Exception):
    """Something in the vault is missing or was changed. The message names ids, never bytes."""


class CaseErased(VaultError):
    """The key of this case was destroyed; what was written in it is gone for good."""


@dataclass(frozen=True, slots=True)
class MasterKeys:
    keys: dict[str, bytes]  # in the order of the file
    audit: bytes

    @property
    def newest(self) -> str:
        return list(self.keys)[-1]

    def wrap(self, case_key: bytes, *, case_id: str) -> tuple[str, bytes]:
        """The id of the master key that was used, and the wrapped key bound to this case."""
        return self.newest, seal(self.keys[self.newest], case_key, bound_to=f"case:{case_id}")

    def unwrap(self, wrapped: bytes, *, master_id: str, case_id: str) -> bytes:
        if master_id not in self.keys:
            raise VaultError(f"case {case_id}: its master key {master_id!r} is not in the key file. Restore that file.")
        return unseal(self.keys[master_id], wrapped, bound_to=f"case:{case_id}")


def seal(key: bytes, plain: bytes, *, bound_to: str) -> bytes:
    """AES-256-GCM; `bound_to` is authenticated, so a value that is moved elsewhere no longer opens."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def unseal(key: bytes, sealed: bytes, *, bound_to: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError) as error:
        raise VaultError(f"{bound_to}: does not open; it was changed, moved, or sealed with another key.") from error


def new_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def read_key_file(path: Path) -> MasterKeys:
    if not path.is_file():
        raise VaultError(f"VAULT_KEYS_FILE={path}: no such file. Restore it, or run `manage.py rotate_keys --create`.")
    keys: dict[str, bytes] = {}
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        key_id, _, encoded = line.partition(" ")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise VaultError(f"VAULT_KEYS_FILE={path}, line {number}: want `id base64-of-{KEY_BYTES}-bytes`.")
        keys[key_id] = key
    audit = keys.pop(AUDIT, None)
    if audit is None or not keys:
        raise VaultError(f"VAULT_KEYS_FILE={path}: needs a line `{AUDIT} …` and at least one master key.")
    return MasterKeys(keys=keys, audit=audit)


def write_key_file(path: Path, keys: MasterKeys) -> None:
    """Replace the file in one step; readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.touch(mode=0o600)
    lines = [f"{key_id} {base64.b64encode(key).decode()}" for key_id, key in [(AUDIT, keys.audit), *keys.keys.items()]]
    part.write_text(
        "\n".join(["# Lantern's master keys. Keep a copy apart from the database backups.", *lines, ""]),
        encoding="ascii",
    )
    part.replace(path)


def create_key_file(path: Path) -> None:
    """Make the first key file; leaves an existing one alone."""
    if not path.exists():
        write_key_file(path, MasterKeys(keys={"m1": new_key()}, audit=new_key()))


_loaded: dict[Path, tuple[int, MasterKeys]] = {}


def master_keys() -> MasterKeys:
    """The keys of VAULT_KEYS_FILE; read again when the file changed, so that a rotation needs no restart."""
    from django.conf import settings

    path: Path = settings.VAULT_KEYS_FILE
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return read_key_file(path)  # raises with the remedy
    known = _loaded.get(path)
    if known is None or known[0] != changed:
        _loaded[path] = known = (changed, read_key_file(path))
    return known[1]
