"""One output, measured in every way that needs no other output."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.locked import holds, keep_locked
from assistant.safety import records
from assistant.safety.types import Kind, Severity
from assistant.telling import words
from evaluation.revisions import form, meaning
from evaluation.revisions.invented import Pointer, pointers
from evaluation.revisions.reading_level import Level, level_of
from evaluation.revisions.triples import Triple


@dataclass(frozen=True, slots=True)
class Screened:
    """What the safety layer says of a text as a suggestion."""

    codes: frozenset[str]
    serious: frozenset[str]  # for which a person looks
    held: bool
    in_trouble: bool


@dataclass(frozen=True, slots=True)
class Measured:
    triple: Triple
    output: str = field(repr=False)
    faults: tuple[form.Fault, ...]
    kept: float
    unchanged: bool
    nearly_unchanged: bool
    times_as_long: float
    words_kept: float | None
    locked_as_written: bool | None  # None: nothing was locked
    locked_enforced: bool | None
    draft_level: Level | None
    output_level: Level | None
    draft_screened: Screened
    output_screened: Screened
    pointers: tuple[Pointer, ...]

    @property
    def new_codes(self) -> frozenset[str]:
        return self.output_screened.codes - self.draft_screened.codes

    @property
    def new_serious(self) -> frozenset[str]:
        return self.output_screened.serious - self.draft_screened.serious


def measure(triple: Triple, output: str) -> Measured:
    locked = [one for one in triple.keep if one in triple.draft]
    enforced = keep_locked(triple.draft, output, locked) if locked else output
    return Measured(
        triple=triple,
        output=output,
        faults=form.faults(triple, output),
        kept=form.kept_share(triple.draft, output),
        unchanged=form.unchanged(triple.draft, output),
        nearly_unchanged=form.nearly_unchanged(triple.draft, output),
        times_as_long=len(words(output)) / max(1, len(words(triple.draft))),
        words_kept=meaning.words_kept(triple.draft, triple.answer, output),
        locked_as_written=holds(output, locked) if locked else None,
        locked_enforced=holds(enforced, locked) if locked else None,
        draft_level=level_of(triple.draft),
        output_level=level_of(output),
        draft_screened=screened(triple, triple.draft),
        output_screened=screened(triple, output),
        pointers=pointers(triple, output),
    )


def screened(triple: Triple, text: str) -> Screened:
    row = records.Row(id=triple.id, text=text, post=triple.post, draft=triple.draft)
    screening = records.screen_row(row, Kind.SUGGESTION)
    told = [one for one in screening.findings if one.phase != "pipeline"]
    return Screened(
        codes=frozenset(one.code for one in told),
        serious=frozenset(one.code for one in told if one.severity >= Severity.REVIEW),
        held=screening.held,
        in_trouble=screening.unscreened,
    )
