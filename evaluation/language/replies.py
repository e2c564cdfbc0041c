"""Replies to posts, each by somebody or something: an arm. Read from the suite's own rows and from files that others publish."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assistant.inference.trained_prompts import Task
from assistant.telling import bare
from evaluation.revisions.triples import read_triples
from evaluation.rows import csv_rows, jsonl_rows
from evaluation.suite import BadData

HUMAN = "human"
HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class Reply:
    """Texts are left out of its `repr`, so that none gets into a message."""

    case: str  # the same for all arms
    arm: str
    post: str = field(repr=False)
    text: str = field(repr=False)
    language: str = "en"

    @property
    def id(self) -> str:
        return f"{self.arm}/{self.case}"

    @property
    def group(self) -> str:
        """The post, however it is spaced."""
        return bare(self.post) or self.post


def read_replies(path: Path, form: str) -> list[Reply]:
    """Without those that say nothing and those that repeat another one to the same post word for word. Raises BadData."""
    seen: dict[tuple[str, str, str], Reply] = {}
    for reply in _FORMS[form](path):
        if reply.text.strip():
            seen.setdefault((reply.arm, reply.group, bare(reply.text) or reply.text), reply)
    replies = list(seen.values())
    if len({reply.id for reply in replies}) < len(replies):
        raise BadData(path, "", 'holds two replies with the same "id" and "arm".')
    return replies


def with_outputs(replies: Sequence[Reply], arm: str, path: Path) -> list[Reply]:
    """The replies, and as another arm what a model wrote for the same cases: JSONL of `id` and `output`. Raises BadData."""
    cases = {reply.case: reply for reply in replies}
    written = {row.identity(row.where): row.text("output") for row in jsonl_rows(path)}
    if lacking := [case for case in cases if case not in written]:
        raise BadData(path, "", f"has no output for {len(lacking)} of the {len(cases)} cases, such as {lacking[0]}.")
    if any(reply.arm == arm for reply in replies):
        raise BadData(path, "", f"the arm {arm} is in the data already; name another.")
    return [*replies, *(replace(reply, arm=arm, text=written[case]) for case, reply in cases.items())]


# Forms


def _rows(path: Path) -> Iterable[Reply]:
    for row in jsonl_rows(path):
        arm = row.word("arm")
        if not arm:
            raise BadData(path, row.where, 'want "arm": who or what wrote the text.')
        yield Reply(
            row.identity(row.where), arm, row.text("post"), row.text("text"), row.text("language", missing="en")
        )


def _counsel_chat(path: Path) -> Iterable[Reply]:
    """Answers of counsellors to questions. The question's title stands in where nothing else was written."""
    for row in csv_rows(path, ("questionTitle", "questionText", "answerText")):
        post = row.text("questionText", missing="").strip() or row.text("questionTitle", missing="")
        yield Reply(row.where, HUMAN, post, row.text("answerText", missing=""))


def _epitome(path: Path) -> Iterable[Reply]:
    """Comments of peers on posts of seekers."""
    for row in jsonl_rows(path):
        yield Reply(row.where, HUMAN, row.text("seeker_post"), row.text("response_post"))


def _drafting(path: Path) -> Iterable[Reply]:
    """Held-out rows of the suite `drafting`."""
    for one in read_triples(path, split=HELD_OUT, task=Task.GENERATE):
        yield Reply(one.id, HUMAN, one.post, one.answer)


def _revision(path: Path) -> Iterable[Reply]:
    """Held-out rows of the suite `revision`: the drafts and the good revisions."""
    for one in read_triples(path, split=HELD_OUT):
        yield Reply(one.id, "draft", one.post, one.draft)
        yield Reply(one.id, "good revision", one.post, one.answer)


_FORMS: Mapping[str, Callable[[Path], Iterable[Reply]]] = {
    "rows": _rows,
    "counsel-chat": _counsel_chat,
    "epitome": _epitome,
    "drafting": _drafting,
    "revision": _revision,
}
FORMS = tuple(_FORMS)
