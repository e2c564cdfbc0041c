"""Policies of tests and fault runs, which start live sites and break things. Nothing of the site imports this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from assistant.safety import pipeline, policy
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


@contextmanager
def policy_in_force(path: Path) -> Iterator[Path]:
    """This file counts for the whole process, as after a restart with it; then the one that counted before.

    `policy.use(None)` would go back to the shipped file instead, which nobody signed.
    """
    before = policy.chosen_path()
    policy.use(path)
    pipeline.forget_default_pipeline()
    try:
        yield path
    finally:
        policy.use(before)
        pipeline.forget_default_pipeline()
