"""mi-strategy: "do this" rewritten as "may I suggest". Partly by template, partly ungrammatical."""

from __future__ import annotations

from collections.abc import Iterator

from training.schemas import Rewrite
from training.sources.reading import Reading, Source, Told, needed, optional


def read(reading: Reading) -> Iterator[Rewrite]:
    def make(number: int, told: Told) -> Rewrite:
        row = optional(told, "id") or str(number)
        return Rewrite(
            id=f"mi-strategy-{row}",
            before=needed(told, "advise_without_permission"),
            after=needed(told, "advise_with_permission"),
            origin=reading.origin(row),
            kind="advise with permission",
        )

    for path in reading.some_of("advise_rephrase_pairs.jsonl"):
        yield from reading.made(reading.json_lines(path), make)


SOURCE = Source(
    "mi-strategy",
    "mi-strategy",
    Rewrite,
    read,
    licence="cc-by-nc-sa-3.0",
    credit="Welivita and Pu 2023 (github.com/anuradha1992/Boosting-with-MI-Strategy)",
)
