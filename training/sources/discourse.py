"""Exports of a Discourse forum, as its API and its backups write them.

Any mix of files: a topic (`/t/ID.json`, with `post_stream.posts` or `posts`), a list of topics, or an object with the two
lists `topics` and `posts`, joined by `topic_id`. Texts come as `raw` or as HTML in `cooked`. The first post of a topic is
the post; what answers it, and not another answer, is a comment; likes are its votes. Whoever exports a forum states
the licence and the ground (recipe: `licence`); without one the texts are for research.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from training.schemas import Comment, Thread
from training.sources.reading import Reading, Refusal, Source, Told, optional, whole, whole_json
from training.sources.text import HANDLE, from_html, mend

_QUOTE = re.compile(r"\[quote[^\]]*\].*?\[/quote\]", re.S | re.I)
_MENTION = re.compile(r"(?<![\w@/])@\w[\w.-]*\b")
_LIKE = 2  # the forum's number of that action
_SYSTEM = frozenset(("system", "discobot"))


def read(reading: Reading) -> Iterator[Thread]:
    """A record is a post, or a topic that has none."""
    seen: set[str] = set()
    for path in reading.files(".json"):
        for topic, posts in _topics(whole_json(path)):
            reading.saw(max(1, len(posts)))
            try:
                yield _thread(reading, topic, posts, seen)
            except Refusal as refusal:
                reading.refuse(str(refusal), max(1, len(posts)))


def _topics(told: Any) -> Iterator[tuple[Told, list[Any]]]:
    if isinstance(told, dict) and isinstance(told.get("topics"), list) and isinstance(told.get("posts"), list):
        by_topic: dict[Any, list[Any]] = {}
        for post in told["posts"]:
            by_topic.setdefault(post.get("topic_id") if isinstance(post, dict) else None, []).append(post)
        for topic in map(_object, told["topics"]):
            yield topic, by_topic.pop(topic.get("id"), [])
        for left_over in by_topic.values():
            yield {}, left_over
        return
    for topic in map(_object, told if isinstance(told, list) else [told]):
        stream = topic.get("post_stream")
        posts = (stream if isinstance(stream, dict) else topic).get("posts")
        yield topic, posts if isinstance(posts, list) else []


def _object(told: Any) -> Told:
    return told if isinstance(told, dict) else {}


def _thread(reading: Reading, topic: Told, posts: list[Any], seen: set[str]) -> Thread:
    id = optional(topic, "id")
    if not id:
        raise Refusal("no topic")
    if id in seen:
        raise Refusal("repeat")
    if topic.get("archetype", "regular") != "regular":
        raise Refusal("a private message")
    first = next((one for one in posts if isinstance(one, dict) and one.get("post_number") == 1), None)
    if first is None:
        raise Refusal("no first post")
    title, text = optional(topic, "title"), _text(first)
    kept, refusals = _comments(reading, first, [one for one in posts if one is not first])
    if not kept:
        raise Refusal("topic without a comment to keep")
    thread = Thread(
        id=f"{reading.source.name}-{id}",
        post=text if title in text else f"{title}\n\n{text}",
        comments=tuple(kept),
        origin=reading.origin(id),
        title=title,
        author=reading.code(_name(first)),
        topic=optional(topic, "category") or optional(topic, "category_slug"),
    )
    seen.add(id)
    reading.keep(1 + len(kept))
    for reason in refusals:
        reading.refuse(reason)
    return thread


def _comments(reading: Reading, first: Told, posts: list[Any]) -> tuple[list[Comment], list[str]]:
    kept, refusals = [], []
    for post in posts:
        try:
            kept.append(_comment(reading, first, post))
        except Refusal as refusal:
            refusals.append(str(refusal))
    return kept, refusals


def _comment(reading: Reading, first: Told, told: Any) -> Comment:
    if not isinstance(told, dict):
        raise Refusal("not an object")
    if told.get("reply_to_post_number") not in (None, 1):
        raise Refusal("answers another comment")
    text = _text(told)
    if _name(told) and _name(told) == _name(first):
        raise Refusal("by the post's author")
    id = told.get("id") or told.get("post_number")
    if not id:
        raise Refusal("no id")
    return Comment(str(id), text, reading.code(_name(told)), _likes(told), _created(told))


def _text(told: Told) -> str:
    """Raises Refusal where a person's words are not, or no longer, there."""
    if told.get("post_type", 1) != 1 or told.get("action_code"):
        raise Refusal("a notice of the forum")
    if told.get("hidden") is True or told.get("user_deleted") is True or told.get("deleted_at"):
        raise Refusal("deleted or hidden")
    if _name(told).casefold() in _SYSTEM or (whole(told.get("user_id")) or 0) < 0:
        raise Refusal("a bot")
    raw, cooked = told.get("raw"), told.get("cooked")
    if isinstance(raw, str) and raw.strip():
        lines = [line for line in _QUOTE.sub("", raw).split("\n") if not line.lstrip().startswith(">")]
        text = mend(_MENTION.sub(HANDLE, "\n".join(lines)))
    else:
        text = from_html(cooked, quotes=False) if isinstance(cooked, str) else ""
    if not text:
        raise Refusal("no text")
    return text


def _likes(told: Told) -> int | None:
    if (likes := whole(told.get("like_count"))) is not None:
        return likes
    actions = told.get("actions_summary")
    if not isinstance(actions, list):
        return None
    liked = [one for one in actions if isinstance(one, dict) and one.get("id") == _LIKE]
    return (whole(liked[0].get("count")) or 0) if liked else 0  # an action nobody took is not listed


def _created(told: Told) -> int | None:
    try:
        return int(datetime.fromisoformat(str(told.get("created_at"))).timestamp())
    except (ValueError, OverflowError):
        return None


def _name(told: Told) -> str:
    value = told.get("username") or told.get("user_id")
    return str(value) if isinstance(value, str | int) else ""


SOURCE = Source("discourse", "discourse", Thread, read)
