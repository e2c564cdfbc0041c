"""ESConv: dialogues of crowd workers with the supporter's strategies and the seeker's ratings, and those that failed.

The score is the mean of what the seeker gave for empathy and relevance, 1 to 5.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from training.schemas import Dialogue, Turn
from training.sources.reading import Reading, Refusal, Source, SourceError, Told, optional, real, whole_json

DIALOGUES = "dialogues.jsonl"
FAILED = "FailedESConv.json"
_SPEAKERS = {"usr": "seeker", "seeker": "seeker", "speaker": "seeker"}
_SPEAKERS |= {"sys": "supporter", "supporter": "supporter", "listener": "supporter"}
_SAME = {
    "questions": "Question",
    "question": "Question",
    "other": "Others",
    "approval and reassurance": "Affirmation and Reassurance",
    "direct guidance": "Providing Suggestions",
    "restatement": "Restatement or Paraphrasing",
}
STRATEGIES = (
    "Question",
    "Restatement or Paraphrasing",
    "Reflection of feelings",
    "Self-disclosure",
    "Affirmation and Reassurance",
    "Providing Suggestions",
    "Information",
    "Others",
)
_KNOWN = _SAME | {one.casefold(): one for one in STRATEGIES}


def read(reading: Reading) -> Iterator[Dialogue]:
    for path in reading.some_of(DIALOGUES, FAILED):
        records = reading.json_lines(path) if path.name == DIALOGUES else _listed(reading, path)

        def make(number: int, told: Told, part: str = path.stem) -> Dialogue:
            row = optional(told, "id") or f"{part}-{number}"
            return _dialogue(reading, row, told)

        yield from reading.made(records, make)


def _listed(reading: Reading, path: Path) -> Iterator[tuple[int, Told]]:
    told = whole_json(path)
    if not isinstance(told, list):
        raise SourceError(f"{path}: not a list of dialogues. Fetch the file again.")
    for number, one in enumerate(told, start=1):
        reading.saw()
        if isinstance(one, dict):
            yield number, one
        else:
            reading.refuse("not an object")


def _dialogue(reading: Reading, row: str, told: Told) -> Dialogue:
    said = told.get("dialog")
    turns = [_turn(one) for one in said] if isinstance(said, list) else []
    kept = tuple(one for one in turns if one.text)
    if not {"seeker", "supporter"} <= {one.by for one in kept}:
        raise Refusal("not two people talking")
    dialogue = Dialogue(
        id=row if row.startswith("esconv") else f"esconv-{row}",
        turns=kept,
        origin=reading.origin(row),
        situation=optional(told, "situation"),
        topic=optional(told, "problem_type"),
        score=_score(told.get("survey_score")),
    )
    reading.note("turns without text", len(turns) - len(kept))
    return dialogue


def _turn(told: Any) -> Turn:
    if not isinstance(told, dict):
        raise Refusal("a turn that is not an object")
    by = _SPEAKERS.get(str(told.get("speaker")))
    if by is None:
        raise Refusal("an unknown speaker")
    notes = told.get("annotation")
    strategy = optional(told, "strategy") or (optional(notes, "strategy") if isinstance(notes, dict) else "")
    return Turn(by, optional(told, "text") or optional(told, "content"), _KNOWN.get(strategy.casefold(), ""))


def _score(told: Any) -> float | None:
    seeker = told.get("seeker") if isinstance(told, dict) else None
    if not isinstance(seeker, dict):
        return None
    given = [real(seeker.get(name)) for name in ("empathy", "relevance")]
    known = [one for one in given if one is not None and 1 <= one <= 5]
    return sum(known) / len(known) if known else None


SOURCE = Source(
    "esconv",
    "esconv",
    Dialogue,
    read,
    licence="cc-by-nc-4.0",
    credit="ESConv, Liu et al. 2021 (github.com/thu-coai/Emotional-Support-Conversation)",
)
