"""Personal data with marked spans against `scrub.find`: what is found, what is wholly removed, what is removed in vain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.safety.found import Contact, Found
from assistant.safety.scrub import find
from evaluation.rows import Row, drawn, jsonl_rows, list_rows
from evaluation.stats import Estimate, share_of
from evaluation.suite import BadData, Figure, Options, Results, Suite, Table, Value

_NUMBERS = frozenset({Contact.LONG_NUMBER, Contact.DOCUMENT})
# What each marked type may be called by us. A type that is not here is not sought: finding it is no fault, missing it neither.
KINDS: dict[str, frozenset[Contact]] = {
    "EMAIL_ADDRESS": frozenset({Contact.EMAIL}),
    "PHONE_NUMBER": frozenset({Contact.PHONE, Contact.SHORT_CODE}),
    "DOMAIN_NAME": frozenset({Contact.URL}),
    "URL": frozenset({Contact.URL}),
    "IP_ADDRESS": frozenset({Contact.IP}),
    "CREDIT_CARD": frozenset({Contact.CARD}) | _NUMBERS,
    "IBAN_CODE": frozenset({Contact.IBAN}) | _NUMBERS,
    "US_SSN": frozenset({Contact.SSN}) | _NUMBERS,
    "US_DRIVER_LICENSE": _NUMBERS,
    "US_PASSPORT": _NUMBERS,
    "US_BANK_NUMBER": _NUMBERS,
    "ZIP_CODE": frozenset({Contact.ADDRESS}) | _NUMBERS,
    "STREET_ADDRESS": frozenset({Contact.ADDRESS}),
    "ADDRESS": frozenset({Contact.ADDRESS}),
    "PERSON": frozenset({Contact.NAME}),
}
_NAMES = "PERSON"


@dataclass(frozen=True, slots=True)
class Span:
    entity: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MarkedCase:
    id: str
    text: str = field(repr=False)
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """A marked span, and what became of it."""

    case: str
    entity: str
    touched: bool  # something was found in it
    whole: bool  # each letter and digit of it would be removed
    named: bool  # by something of the right kind


class Pii(Suite[MarkedCase]):
    name = "pii"
    version = 1
    says = "personal data in texts: found, and wholly removed by scrubbing"
    formats = ("auto", "presidio")

    def load(self, path: Path, options: Options) -> list[MarkedCase]:
        rows = jsonl_rows(path) if path.suffix.lower() == ".jsonl" else list_rows(path)
        return drawn([_case(row) for row in rows], options)

    def measure(self, cases: Sequence[MarkedCase], options: Options) -> Results:  # noqa: ARG002
        found = [find(case.text) for case in cases]
        judged = [one for case, items in zip(cases, found, strict=True) for one in judge_spans(case, items)]
        structured = [one for one in judged if one.entity in KINDS and one.entity != _NAMES]
        names = [one for one in judged if one.entity == _NAMES]
        sought = sorted(KINDS.keys() & {one.entity for one in judged})
        other = sorted({one.entity for one in judged} - KINDS.keys())
        return Results(
            figures=(
                Figure("structured kinds, recall", share_of([one.touched for one in structured]), "at least 0.99"),
                Figure("structured kinds, wholly removed", share_of([one.whole for one in structured])),
                Figure("structured kinds, precision", precision(cases, found, frozenset(Contact) - {Contact.NAME})),
                Figure("names, recall", share_of([one.touched for one in names]), "at least 0.90"),
                Figure("names, wholly removed", share_of([one.whole for one in names])),
                Figure("names, precision", precision(cases, found, frozenset({Contact.NAME}))),
            ),
            tables=(
                spans_table("By marked type", sought, judged),
                spans_table("Types that are not sought", other, judged),
                kinds_table(cases, found),
            ),
            ids={f"{entity}, not found": _lost(entity, judged) for entity in sought},
            notes=(
                "Found: something found overlaps the marked span. Wholly removed: no letter or digit of it is left.",
                "Scrubbing is no anonymisation: places, dates, employers and the story itself stay.",
                "Generated sentences in the style of banks and services are not posts of people in distress.",
            ),
        )


SUITE = Pii()


def _case(row: Row) -> MarkedCase:
    text, spans = row.text("full_text"), row.fields.get("spans")
    if not isinstance(spans, list):
        raise BadData(row.path, row.where, 'want "spans" to be a list.')
    return MarkedCase(row.identity(row.where), text, tuple(_span(row, span, len(text)) for span in spans))


def _span(row: Row, span: object, length: int) -> Span:
    if isinstance(span, dict):
        entity, start, end = (span.get(name) for name in ("entity_type", "start_position", "end_position"))
        if isinstance(entity, str) and type(start) is int and type(end) is int and 0 <= start < end <= length:
            return Span(entity, start, end)
    raise BadData(row.path, row.where, "want spans with entity_type, start_position and end_position within the text.")


def _overlap(one: Span | Found, other: Span | Found) -> bool:
    return one.start < other.end and other.start < one.end


def judge_spans(case: MarkedCase, found: Sequence[Found]) -> list[Judged]:
    removed = bytearray(len(case.text))
    for item in found:
        removed[item.start : item.end] = b"\1" * (item.end - item.start)
    judged: list[Judged] = []
    for span in case.spans:
        here = [item for item in found if _overlap(span, item)]
        whole = all(removed[place] for place in range(span.start, span.end) if case.text[place].isalnum())
        named = any(item.contact in KINDS.get(span.entity, frozenset()) for item in here)
        judged.append(Judged(case.id, span.entity, bool(here), whole, named))
    return judged


def precision(
    cases: Sequence[MarkedCase],
    found: Sequence[Sequence[Found]],
    contacts: frozenset[Contact],
    *,
    any_type: bool = False,
) -> Estimate:
    """Of what was found as one of `contacts`: how much overlaps a span that may be called so (or any marked span)."""
    right: list[bool] = []
    for case, items in zip(cases, found, strict=True):
        for item in items:
            if item.contact in contacts:
                spans = [span for span in case.spans if _overlap(span, item)]
                right.append(any(any_type or item.contact in KINDS.get(span.entity, frozenset()) for span in spans))
    return share_of(right)


def spans_table(title: str, entities: Sequence[str], judged: Sequence[Judged]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for entity in entities:
        here = [one for one in judged if one.entity == entity]
        shares = (share_of([getattr(one, name) for one in here]) for name in ("touched", "whole", "named"))
        rows.append((entity, len(here), *shares))
    return Table(title, ("type", "spans", "recall", "wholly removed", "as the right kind"), tuple(rows))


def kinds_table(cases: Sequence[MarkedCase], found: Sequence[Sequence[Found]]) -> Table:
    rows: list[tuple[Value, ...]] = []
    for contact in Contact:
        only = frozenset({contact})
        right = precision(cases, found, only)
        if right.n:
            rows.append((contact.value, right.n, right, precision(cases, found, only, any_type=True)))
    columns = ("found as", "times", "precision", "in any marked span")
    return Table(
        "By what was found", columns, tuple(rows), "Marks are not complete: a find outside of them may be right."
    )


def _lost(entity: str, judged: Sequence[Judged]) -> list[str]:
    return list(dict.fromkeys(one.case for one in judged if one.entity == entity and not one.touched))
