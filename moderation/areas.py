"""Who or what noticed something: the family of a flag's codes, which is the name of a phase or of who asked for a look."""

from __future__ import annotations

from collections.abc import Iterable

BY = {
    "rules": frozenset(
        {
            "boundaries",
            "crisis",
            "dismissal",
            "hazards",
            "hostility",
            "injection",
            "language",
            "leak",
            "length",
            "links",
            "medical",
            "methods",
            "personal_data",
            "pipeline",
            "promises",
            "repetition",
            "support",
            "triage",
            "wording",
        }
    ),
    "classifier": frozenset({"classifier", "reply_classifier"}),
    "model": frozenset({"second_reader"}),
    "people": frozenset({"person"}),
    "sample": frozenset({"sample"}),
}
_BY_AREA = {area: whom for whom, areas in BY.items() for area in areas}


def area_of(code: str) -> str:
    return code.partition(".")[0]


def areas_of(codes: Iterable[str]) -> set[str]:
    return {area_of(code) for code in codes}


def noticed_by(codes: Iterable[str]) -> set[str]:
    return {_BY_AREA[area] for area in areas_of(codes) if area in _BY_AREA}
