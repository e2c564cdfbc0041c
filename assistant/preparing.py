"""Has the engine of this process evaluate what a supporter may soon ask about, and forget it when their writing is over.

It only makes an answer come sooner: whatever goes wrong here is logged and left. What an engine keeps of a case can be
turned back into its text, so it is dropped by a message when the case closes, and by a round that looks again, because a
message can be lost and a lease runs out without one.
"""

from __future__ import annotations

import logging
import threading
import uuid

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from assistant.actions import enough_to_ask
from assistant.dispatch import modes_here
from assistant.growth import HelpLevel
from assistant.inference.engine import Engine
from assistant.inference.prompts import build_opening, build_prompt
from assistant.inference.types import Mode, Preparation, Prompt
from assistant.models import Draft, HelpChoice, Post, SuggestionJob
from assistant.safety.pipeline import in_trouble
from assistant.safety.types import Kind
from assistant.worker_state import holder

log = logging.getLogger("lantern.preparing")

_watched: dict[str, uuid.UUID] = {}  # cases of which an engine of this process may keep something: whose draft
_lock = threading.Lock()  # the newest state of a draft is handed over last, and nothing is kept that nobody watches


def written_now() -> QuerySet[Draft]:
    """Drafts whose author may ask the model about them now: of these, and of no others, something may be kept."""
    holds_post = Q(
        status=Draft.Status.WRITING,
        post__status=Post.Status.WAITING,
        post__leased_by=F("author"),
        post__leased_until__gte=Now(),
    )
    came_back = Q(status=Draft.Status.RETURNED, post__status=Post.Status.ANSWERED)
    return Draft.objects.filter(
        holds_post | came_back, case__destroyed_at=None, post__human_only=False, author__is_active=True
    )


def prepare(draft_id: uuid.UUID | str, *, engine: Engine | None = None) -> bool:
    """Whether it was handed to the engine. Loads no model, makes way for jobs that wait, and never raises."""
    try:
        engine = engine or holder.ready()
        waiting = SuggestionJob.objects.queued().filter(mode__in=modes_here())
        if engine is None or in_trouble(Kind.SUGGESTION) or waiting.exists():
            return False
        return _prepare(draft_id, engine)
    except Exception as error:
        log.warning("not_prepared", extra={"error": type(error).__name__})
        return False


def _prepare(draft_id: uuid.UUID | str, engine: Engine) -> bool:
    with _lock:
        draft = written_now().select_related("case", "post__case").filter(id=draft_id).first()
        if draft is None:
            return False
        if HelpChoice.of(draft.author_id).shown is HelpLevel.REQUEST and not draft.jobs.exists():
            return False
        case = str(draft.case_id)
        _watched[case] = draft.id
        adapter, version = holder.expected(Mode.IMPROVE, draft.case_id)
        engine.prepare(Preparation(case=case, prompt=prompt_for(draft, version), adapter=adapter))
        if not written_now().filter(id=draft_id).exists():  # closed meanwhile: its forgetting may have come first
            _forget(case, engine)
            return False
    return True


def prompt_for(draft: Draft, version: str) -> Prompt:
    """The prompt as it would be asked now in these words, or its beginning as far as the post settles it."""
    head = draft.head()
    if head is None or not enough_to_ask(head.text):
        return build_opening(Mode.IMPROVE, post=draft.post.text, version=version)
    return build_prompt(Mode.IMPROVE, post=draft.post.text, draft=head.text, version=version)


def watch(case_id: uuid.UUID, draft_id: uuid.UUID) -> None:
    """An engine of this process is given this case, so that it may keep something of it."""
    with _lock:
        _watched[str(case_id)] = draft_id


def forget(case_id: uuid.UUID | str, *, engine: Engine | None = None) -> None:
    """Have the engines of this process drop what they keep of a case."""
    with _lock:
        _forget(str(case_id), engine)


def forget_closed(*, engine: Engine | None = None) -> int:
    """One round: forget every case of which nobody is writing any more."""
    watched = dict(_watched)
    if not watched:
        return 0
    written = set(written_now().filter(id__in=watched.values()).values_list("id", flat=True))
    closed = [case for case, draft_id in watched.items() if draft_id not in written]
    for case in closed:
        forget(case, engine=engine)
    return len(closed)


def _forget(case: str, engine: Engine | None) -> None:
    _watched.pop(case, None)
    for keeper in [engine] if engine is not None else holder.loaded():
        keeper.forget(case)
