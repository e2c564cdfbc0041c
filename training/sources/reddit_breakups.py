"""reddit-breakups: posts with up to ten replies of peers, without votes. The order of the replies says nothing that is known."""

from __future__ import annotations

from collections.abc import Iterator

from training.schemas import Comment, Thread
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional
from training.sources.text import mend


def read(reading: Reading) -> Iterator[Thread]:
    """A record is a reply."""
    threads: dict[str, tuple[str, list[Comment]]] = {}
    for path in reading.some_of("post_replies.jsonl"):
        for _number, told in reading.json_lines(path):
            try:
                _take(reading, threads, told)
            except Refusal as refusal:
                reading.refuse(str(refusal))
    for post, (title, comments) in threads.items():
        reading.keep(len(comments))
        row = comments[0].id.rpartition("-")[0]
        yield Thread(f"reddit-breakups-{row}", post, tuple(comments), reading.origin(row), title, topic="break-ups")


def _take(reading: Reading, threads: dict[str, tuple[str, list[Comment]]], told: Told) -> None:
    id, body, text = needed(told, "id"), needed(told, "post"), needed(told, "reply")
    if "-" not in id:
        raise Refusal("no post in the id")
    reading.origin(id)
    title = optional(told, "title")
    post = body if title in body else mend(f"{title}\n\n{body}")
    _title, comments = threads.setdefault(post, (title, []))
    if any(one.text == text for one in comments):
        raise Refusal("repeat")
    comments.append(Comment(id, text))


SOURCE = Source("reddit-breakups", "reddit-breakups", Thread, read, licence="unknown", credit="r/BreakUps")
