"""Threads of any community as JSON lines, with votes.

    {"id": "t1", "post": "...", "title": "...", "author": "...", "topic": "...", "licence": "cc-by-4.0",
     "consent": "published", "comments": [{"id": "c1", "text": "...", "author": "...", "votes": 4, "created": 1700000000}]}

`id`, `post` and `comments` have to be there. `licence` is a key of training/licences.py; a row without a known one is
refused unless the use is research. `consent` is "published" (also when nothing is said), "given" or "none"; none is
refused always. A comment may state its own consent; its licence is the row's. Authors become codes.
"""

from __future__ import annotations

from collections.abc import Iterator

from training.schemas import Comment, Origin, Thread
from training.sources.reading import Reading, Refusal, Source, Told, needed, optional, whole


def read(reading: Reading) -> Iterator[Thread]:
    """Lines and comments both count as records."""
    seen: set[str] = set()
    for path in reading.files(".jsonl", ".ndjson"):
        for _number, told in reading.json_lines(path):
            comments = told.get("comments")
            comments = comments if isinstance(comments, list) else []
            reading.saw(len(comments))
            try:
                yield _thread(reading, told, comments, seen)
            except Refusal as refusal:
                reading.refuse(str(refusal), 1 + len(comments))


def _thread(reading: Reading, told: Told, comments: list[object], seen: set[str]) -> Thread:
    id, post = needed(told, "id"), needed(told, "post")
    if id in seen:
        raise Refusal("repeat")
    origin = reading.origin(id, licence=told.get("licence"), consent=told.get("consent"))
    kept, refusals = [], []
    for number, one in enumerate(comments, start=1):
        try:
            kept.append(_comment(reading, one, f"{id}-{number}", origin))
        except Refusal as refusal:
            refusals.append(str(refusal))
    if not kept:
        raise Refusal("no comment to keep")
    thread = Thread(
        id=f"{reading.source.name}-{id}",
        post=post,
        comments=tuple(kept),
        origin=origin,
        title=optional(told, "title"),
        author=reading.code(told.get("author")),
        topic=optional(told, "topic"),
    )
    seen.add(id)
    reading.keep(1 + len(kept))
    for reason in refusals:
        reading.refuse(reason)
    return thread


def _comment(reading: Reading, told: object, otherwise: str, origin: Origin) -> Comment:
    if not isinstance(told, dict):
        raise Refusal("not an object")
    text = needed(told, "text")
    if told.get("consent") is not None:
        reading.origin(otherwise, licence=origin.licence, consent=told["consent"])
    if told.get("licence") not in (None, "", origin.licence):
        raise Refusal("a licence other than its post's")
    return Comment(
        id=optional(told, "id") or otherwise,
        text=text,
        author=reading.code(told.get("author")),
        votes=whole(told.get("votes")),
        created=whole(told.get("created")),
    )


SOURCE = Source("threads", "threads", Thread, read)
