"""Held-out triples (post, draft, good revision) and the texts that a model wrote for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.inference.trained_prompts import Goal, Task
from assistant.telling import bare
from evaluation.rows import Row, jsonl_rows
from evaluation.suite import BadData

AS_WRITTEN = "as people wrote it"


@dataclass(frozen=True, slots=True)
class Triple:
    """Texts are left out of its `repr`, so that none gets into a message."""

    id: str
    post: str = field(repr=False)
    draft: str = field(repr=False)
    answer: str = field(repr=False)  # the good revision
    group: str
    goals: tuple[Goal, ...] = ()
    keep: tuple[str, ...] = field(default=(), repr=False)  # in the draft's order
    built: str = ""  # how the draft was made
    source: str = ""

    @property
    def needs_work(self) -> bool:
        return bare(self.draft) != bare(self.answer)


def read_triples(path: Path, *, split: str, task: Task = Task.IMPROVE) -> list[Triple]:
    """The rows of this task and split; a row that does not name them counts as one. To generate, a row needs no draft."""
    triples: dict[str, Triple] = {}
    for row in jsonl_rows(path):
        if row.text("task", missing=task) != task or row.text("split", missing=split) != split:
            continue
        triple = _triple(row, task)
        if triple.id in triples:
            raise BadData(path, row.where, "this id stands above already.")
        triples[triple.id] = triple
    return list(triples.values())


def _triple(row: Row, task: Task) -> Triple:
    draft = row.text("draft", missing=None if task is Task.IMPROVE else "")
    if task is Task.IMPROVE and not draft.strip():
        raise BadData(row.path, row.where, 'want "draft" with text: there is nothing to revise.')
    origin = row.fields.get("origin")
    return Triple(
        id=row.identity(row.where),
        post=row.text("post", missing=""),
        draft=draft,
        answer=row.text("answer"),
        group=row.text("group", missing="") or row.where,
        goals=row.goals(),
        keep=tuple(sorted(row.texts("keep"), key=draft.find)),
        built=row.word("built") or AS_WRITTEN,
        source=str(origin.get("source", ""))[:60] if isinstance(origin, dict) else "",
    )


def read_outputs(path: Path, triples: Sequence[Triple]) -> dict[str, str]:
    """`id` and `output` of each triple; other rows are left alone."""
    written = {row.identity(row.where): row.text("output") for row in jsonl_rows(path)}
    if lacking := [triple.id for triple in triples if triple.id not in written]:
        raise BadData(path, "", f"has no output for {len(lacking)} of the {len(triples)} cases, such as {lacking[0]}.")
    return {triple.id: written[triple.id] for triple in triples}
