"""Dumps of Reddit: posts and comments as JSON lines, in one file or in several, told apart by their fields.

Nobody gave these texts a licence, so they are for research unless whoever collected them states one. Only comments that
answer the post itself are taken. Names become codes whose salt is not kept, also where a text names somebody as u/name.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from training.schemas import Comment, Thread
from training.sources.reading import Reading, Refusal, Source, Told, optional, whole
from training.sources.text import HANDLE, mend

_TAKEN_BACK = frozenset(("[deleted]", "[removed]", "[ removed by reddit ]", "[deleted by user]"))
_BOT_NAME = re.compile(r"^automoderator$|(?:^|[_-])bot(?:[_-]|\d*$)|bot\d*$", re.I)
_BOT_TEXT = re.compile(r"\bI am a bot\b|\bthis action was performed automatically\b", re.I)
_USER = re.compile(r"(?<![\w/])/?u/[\w-]{2,}", re.I)


@dataclass(slots=True)
class _Post:
    told: Told
    text: str
    comments: dict[str, Comment] = field(default_factory=dict)


def read(reading: Reading) -> Iterator[Thread]:
    """Posts and comments both count as records. Comments wait in memory until every post is known."""
    posts: dict[str, _Post] = {}
    comments: list[Told] = []
    for path in reading.files(".ndjson", ".jsonl", ".json"):
        for _number, told in reading.json_lines(path):
            if "link_id" in told or ("body" in told and "title" not in told):
                comments.append(told)
                continue
            try:
                _take_post(posts, told)
            except Refusal as refusal:
                reading.refuse(str(refusal))
    for told in comments:
        try:
            _take_comment(reading, posts, told)
        except Refusal as refusal:
            reading.refuse(str(refusal))
    yield from _threads(reading, posts)


def _threads(reading: Reading, posts: dict[str, _Post]) -> Iterator[Thread]:
    for id, post in posts.items():
        try:
            if not post.comments:
                raise Refusal("post without a comment to keep")
            thread = Thread(
                id=f"{reading.source.name}-{id}",
                post=post.text,
                comments=tuple(post.comments.values()),
                origin=reading.origin(id),
                title=_said(post.told, "title"),
                author=reading.code(_name(post.told)),
                topic=optional(post.told, "subreddit"),
            )
        except Refusal as refusal:
            reading.refuse(str(refusal), 1 + len(post.comments))
            continue
        reading.keep(1 + len(thread.comments))
        yield thread


def _take_post(posts: dict[str, _Post], told: Told) -> None:
    id = _id(told.get("id"))
    if not id:
        raise Refusal("no id")
    title, text = _said(told, "title"), _said(told, "selftext")
    if text.casefold() in _TAKEN_BACK or title.casefold() in _TAKEN_BACK or told.get("removed_by_category"):
        raise Refusal("deleted or removed")
    if not text and told.get("is_self") is False:
        raise Refusal("a link, no text")
    if not title and not text:
        raise Refusal("no text")
    _refuse_bots(told, text)
    if id in posts:
        raise Refusal("repeat")
    posts[id] = _Post(told, text if title in text else f"{title}\n\n{text}".strip())


def _take_comment(reading: Reading, posts: dict[str, _Post], told: Told) -> None:
    id, link, parent = _id(told.get("id")), _id(told.get("link_id")), told.get("parent_id")
    if not id:
        raise Refusal("no id")
    # Old dumps write the parent of a first comment as the post's bare id, newer ones with "t3_" in front.
    if parent is not None and (str(parent).startswith("t1_") or _id(parent) != link):
        raise Refusal("answers another comment")
    text = _said(told, "body")
    if text.casefold() in _TAKEN_BACK or _name(told) == "[deleted]":
        raise Refusal("deleted or removed")
    if not text:
        raise Refusal("no text")
    _refuse_bots(told, text)
    post = posts.get(link)
    if post is None:
        raise Refusal("its post is not here")
    if told.get("is_submitter") is True or (_name(told) and _name(told) == _name(post.told)):
        raise Refusal("by the post's author")
    if id in post.comments:
        raise Refusal("repeat")
    votes = None if told.get("score_hidden") is True else whole(told.get("score"))
    created = whole(told.get("created_utc"))
    post.comments[id] = Comment(id, text, reading.code(_name(told)), votes, created)


def _refuse_bots(told: Told, text: str) -> None:
    if _BOT_NAME.search(_name(told)) or _BOT_TEXT.search(text):
        raise Refusal("a bot")
    if told.get("distinguished") or told.get("stickied") is True:
        raise Refusal("a moderator's notice")


def _said(told: Told, name: str) -> str:
    """Without the lines that quote somebody else."""
    value = told.get(name)
    text = html.unescape(value) if isinstance(value, str) else ""
    lines = [line for line in text.split("\n") if not line.lstrip().startswith(">")]
    return mend(_USER.sub(HANDLE, "\n".join(lines)))


def _name(told: Told) -> str:
    value = told.get("author")
    return value if isinstance(value, str) else ""


def _id(value: object) -> str:
    return value.rpartition("_")[2] if isinstance(value, str) else str(value) if isinstance(value, int) else ""


SOURCE = Source("reddit", "reddit", Thread, read)
