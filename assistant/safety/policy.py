"""The policy file of a deployment: what people decided about thresholds, levels, clocks and checks, and who signed it.

Plain Python. Django says at start-up which file counts (`use`); everybody else asks `current()`.
"""

from __future__ import annotations

import hashlib
import json
import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NoReturn, cast, get_args

from assistant.safety.types import Level

SHIPPED = Path(__file__).with_name("policy.toml")
REQUIRED_ROLES = ("safeguarding lead", "clinician")

Element = Literal["noticed", "asked", "resource", "people"]
Told = Literal["moderator", "lead", "clinician"]
EmergencyRule = Literal["ask-the-person", "person-then-lead", "lead-decides"]


class PolicyError(ValueError):
    """The policy file is missing, or a field of it cannot stand. Names the field, the value and the remedy."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Points on the classifier's score; None: those that it was shipped with."""

    review_at: float | None = None
    urgent_at: float | None = None


@dataclass(frozen=True, slots=True)
class Checks:
    timeout_seconds: float
    failures_to_open: int
    canary_seconds: int


@dataclass(frozen=True, slots=True)
class Sampling:
    unflagged_share: float


@dataclass(frozen=True, slots=True)
class LevelRule:
    model_drafts: bool
    hold_replies: bool
    tell: tuple[Told, ...]
    clock_minutes: int  # 0: none
    repage_minutes: int  # 0: never
    mandatory: tuple[Element, ...]
    two_people: bool


@dataclass(frozen=True, slots=True)
class Signature:
    """That somebody approved exactly this content. A record, not a proof of who held the keyboard."""

    role: str
    name: str
    date: date
    sha256: str


@dataclass(frozen=True)
class Policy:
    version: int
    title: str
    thresholds: Thresholds
    checks: Checks
    sampling: Sampling
    levels: Mapping[Level, LevelRule]
    emergency_contact: Mapping[str, EmergencyRule]
    signature: tuple[Signature, ...] = ()
    digest: str = field(default="", compare=False)  # SHA-256 of the content without its signatures

    @cached_property
    def mandatory(self) -> dict[Level, tuple[Element, ...]]:
        return {level: rule.mandatory for level, rule in self.levels.items()}

    def emergency_rule(self, country: str) -> EmergencyRule:
        """The only default is that a lead decides: what is right differs by country, and so does the danger in it."""
        return self.emergency_contact.get(country.upper(), "lead-decides")

    @property
    def signed_by(self) -> tuple[Signature, ...]:
        """The signatures that fit the content as it is now."""
        return tuple(signature for signature in self.signature if signature.sha256 == self.digest)

    @property
    def unsigned_roles(self) -> tuple[str, ...]:
        signed = {signature.role for signature in self.signed_by}
        return tuple(role for role in REQUIRED_ROLES if role not in signed)


def load(path: Path) -> Policy:
    """Read and judge a policy file. Raises PolicyError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise PolicyError(f"{path}: no such file. Copy {SHIPPED} there and adapt it.") from error
    except (OSError, UnicodeError) as error:
        raise PolicyError(
            f"{path}: cannot be read ({type(error).__name__}). Correct its permissions or content."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{path}: not TOML: {error}. Correct that line.") from error
    try:
        return _build(_Table(table))
    except PolicyError as error:
        raise PolicyError(f"{path}: {error}") from error


def digest_of(table: Mapping[str, Any]) -> str:
    """Over the values, so that a comment or a blank line more leaves the signatures standing."""
    content = {name: value for name, value in table.items() if name != "signature"}
    said = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(said.encode("ascii")).hexdigest()


_chosen: Path | None = None
_loaded: dict[Path, Policy] = {}
_lock = threading.Lock()


def use(path: Path | None) -> None:
    """Choose the file that counts in this process, read at the next `current()`; None: the shipped one."""
    global _chosen
    with _lock:
        _chosen = path
        _loaded.clear()


def chosen_path() -> Path:
    return _chosen or SHIPPED


def current() -> Policy:
    """The policy that counts here, read once. Raises PolicyError, and then nothing may be called checked."""
    with _lock:
        path = _chosen or SHIPPED
        if path not in _loaded:
            _loaded[path] = load(path)
        return _loaded[path]


class _Table:
    """A TOML table with its place in the file; every value is asked for once, and what nobody asked for is refused."""

    def __init__(self, values: Any, place: str = "") -> None:
        if not isinstance(values, dict):
            raise PolicyError(f"{place}={values!r}: not a table. Write it as [{place}].")
        self.values, self.place = dict(values), place
        self._asked: set[str] = set()

    def name(self, key: str) -> str:
        return f"{self.place}.{key}" if self.place else key

    def table(self, key: str) -> _Table:
        return _Table(self._take(key), self.name(key))

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            self.refuse(key, value, "Write some text.")
        return value

    def switch(self, key: str) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            self.refuse(key, value, "Write true or false.")
        return value

    def whole(self, key: str, *, least: int, most: int) -> int:
        value = self._take(key)
        if type(value) is not int or not least <= value <= most:
            self.refuse(key, value, f"Write a whole number from {least} to {most}.")
        return value

    def number(self, key: str, *, least: float, most: float) -> float:
        value = self._take(key)
        if type(value) not in (int, float) or not least <= value <= most:  # which NaN is not
            self.refuse(key, value, f"Write a number from {least} to {most}.")
        return float(value)

    def names(self, key: str, known: tuple[str, ...]) -> tuple[str, ...]:
        value = self._take(key)
        if not isinstance(value, list) or any(entry not in known for entry in value) or len(set(value)) < len(value):
            self.refuse(key, value, f"Write a list, each once, of {', '.join(known)}.")
        return tuple(value)

    def day(self, key: str) -> date:
        value = self._take(key)
        if type(value) is not date:
            self.refuse(key, value, "Write a date such as 2026-11-20, without quotes.")
        return value

    def end(self) -> None:
        for key in self.values:
            if key not in self._asked:
                self.refuse(key, self.values[key], "No such field. Correct its name or remove it.")

    def _take(self, key: str) -> Any:
        self._asked.add(key)
        if key not in self.values:
            raise PolicyError(f"{self.name(key)} is missing. Add it; {SHIPPED.name} of Lantern shows how.")
        return self.values[key]

    def refuse(self, key: str, value: object, remedy: str) -> NoReturn:
        raise PolicyError(f"{self.name(key)}={_shown(value)}: {remedy}")


def _shown(value: object) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)[:80]


def _build(table: _Table) -> Policy:
    policy = Policy(
        version=table.whole("version", least=1, most=10**6),
        title=table.text("title"),
        thresholds=_thresholds(table.table("thresholds")),
        checks=_checks(table.table("checks")),
        sampling=_sampling(table.table("sampling")),
        levels=_levels(table.table("levels")),
        emergency_contact=_emergency_contact(table.table("emergency_contact")),
        signature=_signatures(table),
        digest=digest_of(table.values),
    )
    table.end()
    from assistant.safety.policy_floors import refuse_looser  # it judges what is defined here

    refuse_looser(policy)
    return policy


def _thresholds(table: _Table) -> Thresholds:
    review_at, urgent_at = (
        table.number(key, least=0, most=1) if key in table.values else None for key in ("review_at", "urgent_at")
    )
    table.end()
    if review_at is not None and urgent_at is not None and review_at > urgent_at:
        table.refuse("review_at", review_at, f"It lies above urgent_at={urgent_at}. Write at most that.")
    return Thresholds(review_at, urgent_at)


def _checks(table: _Table) -> Checks:
    checks = Checks(
        timeout_seconds=table.number("timeout_seconds", least=0.1, most=60),
        failures_to_open=table.whole("failures_to_open", least=1, most=100),
        canary_seconds=table.whole("canary_seconds", least=5, most=3600),
    )
    table.end()
    return checks


def _sampling(table: _Table) -> Sampling:
    sampling = Sampling(unflagged_share=table.number("unflagged_share", least=0, most=1))
    table.end()
    return sampling


def _levels(table: _Table) -> dict[Level, LevelRule]:
    levels = {level: _level(table.table(str(int(level))), two_people=level is max(Level)) for level in Level}
    table.end()
    return levels


def _level(table: _Table, *, two_people: bool) -> LevelRule:
    """`two_people`: where the file does not say."""
    rule = LevelRule(
        model_drafts=table.switch("model_drafts"),
        hold_replies=table.switch("hold_replies"),
        tell=cast("tuple[Told, ...]", table.names("tell", get_args(Told))),
        clock_minutes=table.whole("clock_minutes", least=0, most=10_080),
        repage_minutes=table.whole("repage_minutes", least=0, most=10_080),
        mandatory=cast("tuple[Element, ...]", table.names("mandatory", get_args(Element))),
        two_people=table.switch("two_people") if "two_people" in table.values else two_people,
    )
    table.end()
    return rule


def _emergency_contact(table: _Table) -> dict[str, EmergencyRule]:
    for country, rule in table.values.items():
        if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
            table.refuse(country, rule, "Name countries by two capital letters, such as IE.")
        if rule not in get_args(EmergencyRule):
            table.refuse(country, rule, f"Write one of {', '.join(get_args(EmergencyRule))}.")
    return dict(table.values)


def _signatures(table: _Table) -> tuple[Signature, ...]:
    if "signature" not in table.values:
        return ()
    given = table._take("signature")
    if not isinstance(given, list):
        table.refuse("signature", given, "Begin each with [[signature]], as `manage.py policy sign` does.")
    return tuple(_signature(_Table(entry, f"signature.{number}")) for number, entry in enumerate(given, start=1))


def _signature(table: _Table) -> Signature:
    signature = Signature(
        role=table.text("role"), name=table.text("name"), date=table.day("date"), sha256=table.text("sha256")
    )
    table.end()
    return signature
