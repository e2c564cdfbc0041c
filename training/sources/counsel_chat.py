"""counsel-chat: questions, and answers of counsellors with up-votes, from two exports of the same site.

The later export has the paragraphs (as HTML) but no votes: its column `upvotes` is 0 everywhere. So an answer that is in
both has its words from the later one and its votes from the earlier. Votes are up only, and grow with the time that an
answer has been on show; nothing here says how long that was.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from training.schemas import Comment, Thread
from training.sources.reading import Reading, Refusal, Source, Told, whole
from training.sources.text import mend, plain, space_after_stops

EARLIER = "20200325_counsel_chat.csv"
LATER = "counselchat-data.csv"
_FEWEST_WORDS = 3  # of a question that may be known by its text alone


@dataclass(slots=True)
class _Answer:
    text: str
    author: str
    votes: int | None


@dataclass(slots=True)
class _Question:
    row: str
    title: str
    text: str
    topic: str
    answers: dict[str, _Answer] = field(default_factory=dict)  # by their letters alone


def read(reading: Reading) -> Iterator[Thread]:
    """A record is an answer."""
    questions: dict[str, _Question] = {}
    for path in reading.some_of(EARLIER, LATER):
        for _number, told in reading.csv_rows(path, "questionID", "questionTitle", "questionText", "answerText"):
            try:
                _take(reading, questions, told, votes_known=path.name == EARLIER)
            except Refusal as refusal:
                reading.refuse(str(refusal))
    for key, question in questions.items():
        reading.keep(len(question.answers))
        yield _thread(reading, key, question)


def _take(reading: Reading, questions: dict[str, _Question], told: Told, *, votes_known: bool) -> None:
    title, post, text = (_mended(told[name]) for name in ("questionTitle", "questionText", "answerText"))
    if not title and not post:
        raise Refusal("no question")
    if not text:
        raise Refusal("no answerText")
    topic = (told.get("topic") or told.get("topics") or "").split(",")[0]
    question = questions.setdefault(
        _letters(post if len(post.split()) >= _FEWEST_WORDS else title + post),
        _Question(told["questionID"], title, post, topic.strip().casefold().replace("-", " ")),
    )
    author = told.get("therapistURL") or told.get("therapistUrl") or told.get("therapistInfo") or ""
    votes = whole(told.get("upvotes")) if votes_known else None
    answer = _Answer(text, reading.numbered(author.strip()), votes)
    known = question.answers.setdefault(_letters(text), answer)
    if known is not answer:
        known.votes = max((one for one in (known.votes, votes) if one is not None), default=None)
        known.text = known.text if votes_known else text
        raise Refusal("repeat")


def _thread(reading: Reading, key: str, question: _Question) -> Thread:
    id = "counsel-chat-" + hashlib.sha256(key.encode()).hexdigest()[:12]
    return Thread(
        id=id,
        post=question.text or question.title,
        comments=tuple(
            Comment(f"{id}-{number}", one.text, author=one.author, votes=one.votes)
            for number, one in enumerate(question.answers.values(), start=1)
        ),
        origin=reading.origin(question.row),
        title=question.title,
        topic=question.topic,
    )


def _mended(text: str) -> str:
    return space_after_stops(mend(html.unescape(plain(text))))  # some entities were escaped twice


def _letters(text: str) -> str:
    """What stays the same when paragraphs are joined and spaces are lost."""
    return re.sub(r"\W+", "", text).casefold() or text


SOURCE = Source(
    "counsel-chat",
    "counsel-chat",
    Thread,
    read,
    licence="mit",
    credit="Counsel Chat, collected by Nicolas Bertagnolli (github.com/nbertagnolli/counsel-chat), from counselchat.com",
)
