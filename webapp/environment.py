"""Reads the environment for settings.py. A bad value stops the start with its name, the value and what would be right.

A variable that is empty counts as not set. Values that may hold a password are never repeated.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import dj_email_url
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

DEFAULTS: dict[str, object] = {}  # every variable that was asked for; a test compares it with .env.example
SECRETS: set[str] = set()

_env = Env()


def load_file(path: Path) -> None:
    """Variables of the environment win over those of the file."""
    if path.is_file():
        _env.read_env(str(path), recurse=False)


def text(name: str, default: str) -> str:
    return given(name, default) or default


def whole(name: str, default: int, *, least: int = 0, most: int = 10**9) -> int:
    value: int = bounded(name, default, int, f"a whole number from {least} to {most}", least, most)
    return value


def number(name: str, default: float, *, least: float = 0.0, most: float = 10.0**9) -> float:
    value: float = bounded(name, default, float, f"a number from {least} to {most}", least, most)
    return value


def switch(name: str, default: bool) -> bool:
    words = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}
    value: bool = read(name, default, lambda said: words[said.lower()], "1 or 0")
    return value


def one_of(name: str, default: str, choices: Iterable[str]) -> str:
    value = text(name, default)
    if value not in choices:
        refuse(name, value, ", ".join(choices))
    return value


def names(name: str, default: list[str]) -> list[str]:
    value: list[str] = read(name, default, lambda said: [part.strip() for part in said.split(",") if part.strip()], "")
    return value


def address_at(host: str, port: int) -> str:
    """Of a site that listens there; at all addresses of this machine: the one that leads to itself."""
    reached = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104
    return f"http://{f'[{reached}]' if ':' in reached else reached}:{port}"


def some_of(name: str, choices: list[str]) -> list[str]:
    """One or more of the choices, separated by commas; all of them when nothing is set."""
    wanted = names(name, choices)
    if not wanted or not set(wanted) <= set(choices):
        refuse(name, os.environ[name], f"one or more of {', '.join(choices)}, separated by commas")
    return [choice for choice in choices if choice in wanted]


def zone(name: str, default: str) -> str:
    return str(
        read(name, default, lambda said: ZoneInfo(said).key, "the name of a time zone, for example Europe/Dublin")
    )


def secret(name: str) -> str:
    """The value of NAME, or the content of the file that NAME_FILE points to; empty when neither is set."""
    SECRETS.add(name)
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return given(name, "")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"{name}_FILE", path, f"the path of a file that can be read ({type(error).__name__})")


def database(name: str, default: str) -> dict[str, Any]:
    if not given(name, ""):
        return dict(_env.dj_db_url("LANTERN_NO_DATABASE_URL", default))
    try:
        return dict(_env.dj_db_url(name))
    except (EnvError, ValueError):
        refuse_secret(name, "an address like postgres://lantern@127.0.0.1:5432/lantern")


def mail_relay(name: str, address: str) -> dict[str, Any]:
    """Django's EMAIL_… settings; without an address nothing is sent."""
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    if not address.startswith(("smtp://", "submission://")):
        refuse_secret(name, "an address like submission://user:password@mail.example.org:587")
    return {key: value for key, value in dj_email_url.parse(address).items() if key.startswith("EMAIL")}


def given(name: str, default: object) -> str:
    DEFAULTS[name] = default
    return os.environ.get(name, "")


def read(name: str, default: Any, parse: Callable[[str], Any], wanted: str) -> Any:
    said = given(name, default)
    if not said:
        return default
    try:
        return parse(said)
    except (ValueError, KeyError, OSError):  # of ZoneInfo: KeyError, ValueError and OSError
        refuse(name, said, wanted)


def bounded(name: str, default: Any, parse: Callable[[str], Any], wanted: str, least: float, most: float) -> Any:
    value = read(name, default, parse, wanted)
    if not least <= value <= most:  # false for "nan" too
        refuse(name, os.environ[name], wanted)
    return value


def refuse(name: str, value: object, wanted: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name}={value}: want {wanted}. Change it, or leave it out for its default.") from None


def refuse_secret(name: str, wanted: str) -> NoReturn:
    raise ImproperlyConfigured(f"{name}: want {wanted}. (Its value is not repeated: it may hold a password.)") from None
