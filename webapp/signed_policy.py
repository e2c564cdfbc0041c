"""A signed policy for tests and fault runs, which start live sites. Nothing of the site imports this."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from assistant.safety.policy import REQUIRED_ROLES, SHIPPED
from assistant.safety.policy_signing import sign


def signed_policy(folder: Path) -> Path:
    """The shipped policy in this folder, signed by invented people; made once."""
    path = folder / "policy.toml"
    if not path.exists():
        path.write_bytes(SHIPPED.read_bytes())
        for role in REQUIRED_ROLES:
            sign(path, role=role, name="Somebody Invented", day=date(2026, 11, 20))
    return path
