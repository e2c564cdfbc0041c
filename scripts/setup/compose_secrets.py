"""The secret files that compose.yaml names. Made once; what is there is never changed."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from scripts.setup.steps import VAR, SetupProblem

FOLDER = VAR / "compose"


def make_all() -> str:
    FOLDER.mkdir(parents=True, exist_ok=True)
    # The folder is closed; the files are open, because containers read them under user ids of their own.
    FOLDER.chmod(0o700)
    made = [name for name, text in contents().items() if write_new(FOLDER / name, text)]
    return f"made {', '.join(made)} in {FOLDER}" if made else "already there"


def contents() -> dict[str, str]:
    # Two files hold one password, so they are only ever made together.
    redis = secrets.token_urlsafe(32)
    pair = {
        "redis.conf": f"requirepass {redis}\n",
        "redis_url": f"redis://:{redis}@redis:6379/0\n",
    }
    alone = {
        "django_key": f"{secrets.token_urlsafe(50)}\n",
        "postgres_password": f"{secrets.token_urlsafe(32)}\n",
    }
    found = [name for name in pair if (FOLDER / name).exists()]
    if len(found) == 1:
        raise SetupProblem(
            f"{FOLDER} has {found[0]} without its twin. Remove it, then run `bootstrap.py secrets` again."
        )
    return alone if found else {**pair, **alone}


def write_new(path: Path, text: str) -> bool:
    if path.exists():
        return False
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="ascii")
    part.chmod(0o444)
    os.replace(part, path)
    return True
