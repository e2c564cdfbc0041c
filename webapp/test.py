"""What every test uses: the cast, builders of rows, an engine that says what the test tells it to say."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.utils.html import strip_tags

from assistant import actions, runner
from assistant.inference.engine import EngineError, PromptTooLong
from assistant.inference.types import EngineState, ModelInfo, Outcome, Preparation, Request, StopReason
from assistant.models import Draft, DraftRevision, Post, Suggestion, SuggestionJob
from assistant.safety.types import Level, Screening
from webapp.accounts.models import User
from webapp.accounts.roles import Role

PASSWORD = "a long walk by the river"

# Invented for the tests.
CALM_POST = "I moved to a new town for work and the evenings are long. I miss having somebody to cook with."
WORRYING_POST = "I keep thinking everyone would be better off if I just didn't wake up tomorrow."
URGENT_POST = "I have the pills here and I am going to kill myself tonight. Goodbye."
KIND_DRAFT = "Moving somewhere new is hard. I remember how quiet my first flat was. What do you like to cook?"
KIND_REVISION = (
    "Moving somewhere new is hard. I remember how quiet my first flat was. What would you cook for a friend?"
)
HURTFUL_REPLY = "Other people have it so much worse than you. Stop whining, it is your own fault that you are lonely."


class Cast:
    """Two supporters, a moderator, a lead, an admin, and a stranger who may do nothing."""

    def __init__(self) -> None:
        self.wren = person("wren", Role.SUPPORTER)
        self.robin = person("robin", Role.SUPPORTER)
        self.ash = person("ash", Role.MODERATOR)
        self.birch = person("birch", Role.LEAD)
        self.willow = person("willow", Role.ADMIN)
        self.stranger = person("stranger")


def person(name: str, *roles: Role) -> User:
    user = User.objects.create_user(username=name, email=f"{name}@example.org", password=PASSWORD)
    for role in roles:
        user.groups.add(Group.objects.get(name=role.value))
    return user


def not_drawn(most: int) -> int:
    """For `receive_post(draw=…)`: this post is not among those that people read at random."""
    return most - 1


def drawn(_most: int) -> int:
    """This one is."""
    return 0


def post(text: str = CALM_POST, **fields: Any) -> Post:
    return actions.receive_post(text=text, **{"draw": not_drawn} | fields)


def post_of_level(level: int, **fields: Any) -> Post:
    """A post that its screening gave this level, and that a moderator let through where one had to."""
    row = post(WORRYING_POST, **fields)
    held = level >= Level.METHOD
    Post.objects.filter(id=row.id).update(
        level=level,
        tier="urgent" if held else "review",
        was_held=held,
        approval=uuid.uuid4() if held else None,
        status=Post.Status.WAITING,
    )
    row.refresh_from_db()
    return row


def draft(author: User, text: str = KIND_DRAFT, post_text: str = CALM_POST, level: int | None = None) -> Draft:
    """A draft of this author with one revision, on a post leased to them."""
    row = post(post_text) if level is None else post_of_level(level)
    assert row.lease(author, until=row.received_at.replace(year=row.received_at.year + 1))
    made = Draft.objects.create(case=row.case, post=row, author=author)
    if text:
        actions.save_revision(made, text=text, base=0)
    return Draft.objects.select_related("case", "post__case").get(id=made.id)


def head_of(of_draft: Draft) -> DraftRevision:
    head = of_draft.head()
    assert head is not None
    return head


def job(for_draft: Draft, mode: str = "improve", **fields: Any) -> SuggestionJob:
    return actions.ask_for_help(
        for_draft,
        by=for_draft.author,
        text=head_of(for_draft).text if for_draft.head_number else "",
        base=for_draft.head_number,
        mode=mode,  # type: ignore[arg-type]
        client_key=fields.pop("client_key", uuid.uuid4()),
        **fields,
    )


def suggestion(for_draft: Draft, text: str = KIND_REVISION) -> Suggestion:
    """A finished suggestion, without a runner: its threads cannot see an open transaction's rows."""
    claim = runner.claim_job(job(for_draft).id)
    assert claim is not None
    finished = actions.Finished(
        text=text,
        outcome=Outcome(StopReason.END, 10, 10, 0.1, 0.2),
        model_version=None,
        prompt_version="test-1",
    )
    made = actions.finish_job(claim.job, fence=claim.fence, finished=finished, screening=Screening(version="test-1"))
    assert made is not None
    return made


class FakeStream:
    def __init__(self, engine: FakeEngine, request: Request, words: list[str]) -> None:
        self.engine = engine
        self.request = request
        self.words = words
        self.outcome: Outcome | None = None
        self._cancelled = threading.Event()

    def __iter__(self) -> Iterator[str]:
        began = time.monotonic()
        first = None
        stop = self.engine.stop
        said = 0
        for word in self.words:
            if self.engine.before_word is not None:
                self.engine.before_word(said)
            if self._cancelled.is_set():
                stop = StopReason.CANCELLED
                break
            if said >= self.request.params.max_tokens:
                stop = StopReason.LENGTH
                break
            if time.monotonic() - began > self.request.params.deadline_seconds:
                stop = StopReason.DEADLINE
                break
            first = first if first is not None else time.monotonic() - began
            said += 1
            yield word
        self.outcome = Outcome(stop, self.engine.prompt_tokens(self.request), said, first, time.monotonic() - began)

    def cancel(self) -> None:
        self._cancelled.set()


class FakeEngine:
    """Says what it was told to say, word by word: `FakeEngine().will_say("…")`. `asked` keeps what it was asked."""

    def __init__(self, *, context_tokens: int = 4096) -> None:
        self.model = ModelInfo(name="fake", sha256="0" * 64, size=1, context_tokens=context_tokens)
        self.usable = True
        self.asked: list[Request] = []
        self.prepared: list[Preparation] = []
        self.forgotten: list[str] = []
        self.before_word: Callable[[int], None] | None = None
        self.stop = StopReason.END  # how an answer that was said whole ends
        self._answers: list[str | EngineError] = []

    def will_say(self, *texts: str) -> FakeEngine:
        self._answers += texts
        return self

    def will_fail(self, error: EngineError) -> FakeEngine:
        self._answers.append(error)
        return self

    def prompt_tokens(self, request: Request) -> int:
        return sum(len(segment.text.split()) for segment in request.prompt.segments)

    def submit(self, request: Request) -> FakeStream:
        self.asked.append(request)
        limit = self.model.context_tokens - request.params.max_tokens
        if self.prompt_tokens(request) > limit:
            raise PromptTooLong(tokens=self.prompt_tokens(request), limit=limit)
        answer = self._answers.pop(0) if self._answers else ""
        if isinstance(answer, EngineError):
            raise answer
        return FakeStream(self, request, words_of(answer))

    def prepare(self, preparation: Preparation) -> None:
        self.prepared.append(preparation)

    def forget(self, case: str) -> None:
        self.forgotten.append(case)

    def state(self) -> EngineState:
        return EngineState(slots=1)

    def close(self) -> None:
        pass


def read(answer: Any) -> str:
    """The words that a page shows, blanks closed up, without its attributes: an id or a token may hold any digits."""
    return " ".join(unescape(strip_tags(answer.content.decode())).split())


def words_of(text: str) -> list[str]:
    """The text in pieces like tokens: a word with the space before it."""
    pieces = []
    rest = text
    while rest:
        cut = rest.find(" ", 1)
        pieces.append(rest if cut == -1 else rest[:cut])
        rest = "" if cut == -1 else rest[cut:]
    return pieces


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each of them answered, or raised; all at the same time, each in a thread with a connection of its own."""
    ends: list[Any] = [None] * len(acts)
    all_there = threading.Barrier(len(acts))

    def run(number: int) -> None:
        all_there.wait()
        try:
            ends[number] = acts[number]()
        except Exception as error:
            ends[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends
