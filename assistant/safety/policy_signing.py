"""Writes a signature under a policy file. Who may sign as whom is for the people to see to; the file keeps who said so."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from assistant.safety.policy import SHIPPED, Policy, PolicyError, Signature, load


def refuse_to_sign(path: Path, policy: Policy, *, role: str, name: str) -> None:
    """Raises PolicyError with the reason."""
    if path.resolve() == SHIPPED.resolve():
        raise PolicyError(
            f"{path}: the default that Lantern is shipped with. Copy it to a place of your own, set SAFETY_POLICY_FILE."
        )
    for what, value in (("role", role), ("name", name)):
        if not value.strip() or not value.isprintable() or len(value) > 100:
            raise PolicyError(f"{what}={value[:100]!r}: not a {what}. Write up to 100 letters on one line.")
    if any(signature.role == role and signature.name == name for signature in policy.signed_by):
        raise PolicyError(f"role={role}: {name} signed this content already. Nothing is to be done.")


def sign(path: Path, *, role: str, name: str, day: date) -> Signature:
    """Judge the file, then add the signature at its end. Older ones stay: they say what was approved before."""
    policy = load(path)
    refuse_to_sign(path, policy, role=role, name=name)
    signature = Signature(role, name, day, policy.digest)
    with path.open("a", encoding="utf-8") as file:
        file.write(
            f"\n[[signature]]\nrole = {json.dumps(role)}\nname = {json.dumps(name)}\n"
            f'date = {day.isoformat()}\nsha256 = "{policy.digest}"\n'
        )
    return signature
