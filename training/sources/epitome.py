"""epitome-reddit: replies of peers with their level (0, 1, 2) of three ways to show empathy, and the words that show it."""

from __future__ import annotations

from collections.abc import Iterator

from training.sources.labelled import LabelledText
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional, whole

MECHANISMS = ("emotional_reactions", "interpretations", "explorations")


def read(reading: Reading) -> Iterator[LabelledText]:
    seen: set[str] = set()

    def make(_number: int, told: Told) -> LabelledText:
        row = f"{needed(told, 'sp_id')}-{needed(told, 'rp_id')}"
        if row in seen:
            raise Refusal("repeat")
        levels = {name: whole(told.get(f"{name}_level")) for name in MECHANISMS}
        labels = {name: float(level) for name, level in levels.items() if level in (0, 1, 2)}
        if len(labels) < len(MECHANISMS):
            raise Refusal("a level that is not 0, 1 or 2")
        made = LabelledText(
            id=f"epitome-reddit-{row}",
            text=needed(told, "response_post"),
            origin=reading.origin(row),
            group=f"epitome-reddit-{told['sp_id']}",
            labels=labels,
            context=needed(told, "seeker_post"),
            spans={name: spans for name in MECHANISMS if (spans := _spans(optional(told, f"{name}_rationales")))},
        )
        seen.add(row)
        return made

    for path in reading.some_of("epitome.jsonl"):
        yield from reading.made(reading.json_lines(path), make)


def _spans(joined: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in joined.split("|") if part.strip())


SOURCE = Source(
    "epitome-reddit",
    "epitome-reddit",
    LabelledText,
    read,
    licence="academic",
    credit="EPITOME, Sharma et al. 2020 (github.com/behavioral-data/Empathy-Mental-Health)",
)
