"""What the sources gave, seen as texts that are kept or set aside one by one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from training.building import Line
from training.schemas import Comment, Dialogue, Rewrite, Row, Thread
from training.sources import FinishedDraft, LabelledText


@dataclass(frozen=True, slots=True)
class Text:
    """One text of a person, and what it answers. Each is accounted for: kept, or in the quarantine."""

    id: str
    source: str
    place: str  # texts under one post, or of one prompt, share it
    post: str = field(repr=False)
    answer: str = field(repr=False, default="")  # empty: this is the post itself
    draft: str = field(repr=False, default="")
    author: str = ""
    votes: int = 0
    turns: tuple[str, ...] = field(repr=False, default=())  # of a dialogue, whose answer is all of them

    @property
    def is_post(self) -> bool:
        return not self.answer

    @property
    def own(self) -> tuple[str, ...]:
        """What would be lost with it: the post of a reply is accounted for by itself."""
        own = (self.post,) if self.is_post else (self.draft, self.answer)
        return tuple(text for text in own if text)


@dataclass(frozen=True, slots=True)
class Corpus:
    threads: tuple[Thread, ...] = ()
    rewrites: tuple[Rewrite, ...] = ()
    dialogues: tuple[Dialogue, ...] = ()
    lines: tuple[LabelledText, ...] = ()  # sentences that short drafts are put together from
    rated: tuple[LabelledText, ...] = ()  # answers with ratings
    drafts: tuple[FinishedDraft, ...] = ()

    def texts(self) -> list[Text]:
        """In the order of the sources. Ids are unique."""
        found: list[Text] = []
        for thread in self.threads:
            source, post = thread.origin.source, post_of(thread)
            found.append(Text(thread.id, source, thread.id, post, author=thread.author))
            found += (
                Text(_below(thread, one), source, thread.id, post, one.text, author=one.author, votes=one.votes or 0)
                for one in thread.comments
            )
        found += (
            Text(one.id, one.origin.source, one.id, one.context or one.before, one.after, one.before)
            for one in self.rewrites
        )
        for dialogue in self.dialogues:
            turns = tuple(turn.text for turn in dialogue.turns)
            id, source = dialogue.id, dialogue.origin.source
            found.append(Text(id, source, id, dialogue.situation, "\n".join(turns), turns=turns))
        for labelled in (*self.lines, *self.rated):
            origin, group, context = labelled.origin, labelled.group, labelled.context
            draft, author = labelled.draft, labelled.author
            found.append(Text(labelled.id, origin.source, group, context, labelled.text, draft, author))
        found += (
            Text(one.id, one.origin.source, one.group, one.post, one.sent, one.draft, one.author) for one in self.drafts
        )
        return found

    def without(self, gone: Collection[str]) -> Corpus:
        """Without these texts. Under a post that is gone nothing stays: name the replies as well."""
        return Corpus(
            threads=tuple(
                replace(one, comments=tuple(reply for reply in one.comments if _below(one, reply) not in gone))
                for one in self.threads
                if one.id not in gone
            ),
            rewrites=tuple(one for one in self.rewrites if one.id not in gone),
            dialogues=tuple(one for one in self.dialogues if one.id not in gone),
            lines=tuple(one for one in self.lines if one.id not in gone),
            rated=tuple(one for one in self.rated if one.id not in gone),
            drafts=tuple(one for one in self.drafts if one.id not in gone),
        )

    def merged(self, into: Mapping[str, str]) -> Corpus:
        """The replies of each thread named here go below the other. Votes of two pages cannot be compared: they go."""
        moved: dict[str, list[Comment]] = {}
        for thread in self.threads:
            if thread.id in into:
                replies = (replace(one, id=_below(thread, one), votes=None, created=None) for one in thread.comments)
                moved.setdefault(into[thread.id], []).extend(replies)
        threads = (
            replace(one, comments=(*one.comments, *moved.get(one.id, ()))) for one in self.threads if one.id not in into
        )
        return replace(self, threads=tuple(threads))

    def rewritten(self, new: Mapping[str, str]) -> Corpus:
        """Every text that is a key here becomes its value. Finished drafts stay: their changes are counted by letters."""

        def of(text: str) -> str:
            return new.get(text, text)

        return Corpus(
            threads=tuple(
                replace(
                    one,
                    post=of(one.post),
                    title=of(one.title),
                    comments=tuple(replace(reply, text=of(reply.text)) for reply in one.comments),
                )
                for one in self.threads
            ),
            rewrites=tuple(
                replace(one, before=of(one.before), after=of(one.after), context=of(one.context))
                for one in self.rewrites
            ),
            dialogues=tuple(
                replace(
                    one,
                    situation=of(one.situation),
                    turns=tuple(replace(turn, text=of(turn.text)) for turn in one.turns),
                )
                for one in self.dialogues
            ),
            lines=_rewritten_labelled(self.lines, of),
            rated=_rewritten_labelled(self.rated, of),
            drafts=self.drafts,
        )

    def written(self) -> list[str]:
        """Every stretch that `rewritten` may change, each once."""
        found: dict[str, None] = {}
        for thread in self.threads:
            found |= dict.fromkeys((thread.post, thread.title, *(one.text for one in thread.comments)))
        for rewrite in self.rewrites:
            found |= dict.fromkeys((rewrite.before, rewrite.after, rewrite.context))
        for dialogue in self.dialogues:
            found |= dict.fromkeys((dialogue.situation, *(turn.text for turn in dialogue.turns)))
        for labelled in (*self.lines, *self.rated):
            found |= dict.fromkeys((labelled.text, labelled.context, labelled.draft))
        found.pop("", None)
        return list(found)

    def rows(self) -> Iterator[Row]:
        for some in (self.threads, self.rewrites, self.dialogues, self.lines, self.rated, self.drafts):
            yield from some

    def as_lines(self) -> list[Line]:
        return [Line(one.id, one.text, one.author, one.origin) for one in self.lines]


def post_of(thread: Thread) -> str:
    """As the building of examples shows it."""
    told = " ".join(thread.post.split())
    title = " ".join(thread.title.split())
    return f"{title} {told}" if title and title not in told else told


def with_numbered_authors(rows: Iterable[Row], numbers: dict[str, str]) -> Iterator[Row]:
    """The same code for the same author in every run. A source may give codes that nobody can repeat."""

    def of(source: str, author: str) -> str:
        return numbers.setdefault(f"{source}/{author}", f"{source}#{len(numbers) + 1}") if author else ""

    for row in rows:
        if isinstance(row, Thread):
            source = row.origin.source
            comments = tuple(replace(one, author=of(source, one.author)) for one in row.comments)
            yield replace(row, author=of(source, row.author), comments=comments)
        elif isinstance(row, LabelledText | FinishedDraft):
            yield replace(row, author=of(row.origin.source, row.author))
        else:
            yield row


def _below(thread: Thread, reply: Comment) -> str:
    return f"{thread.id}/{reply.id}"


def _rewritten_labelled(rows: Iterable[LabelledText], of: Callable[[str], str]) -> tuple[LabelledText, ...]:
    return tuple(replace(one, text=of(one.text), context=of(one.context), draft=of(one.draft)) for one in rows)
