"""A site with one of everything, so that a test can open every URL and press every button."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from assistant import actions
from assistant.actions.suggestions import Finished
from assistant.inference.types import Outcome, StopReason
from assistant.models import PostTopic, Reply, Suggestion, SuggestionJob, TalkRequest, WritingGoal
from assistant.reasons import STOPPABLE
from assistant.safety.types import Screening
from moderation import actions as moderation
from moderation.models import Alert, Escalation, Flag
from webapp import test as build
from webapp.accounts.models import User
from webapp.accounts.people import invite
from webapp.accounts.roles import Role


def urls_of(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Every URL's name with the names of its arguments."""
    found: dict[str, list[str]] = {}
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            found |= urls_of(pattern, (*spaces, pattern.namespace) if pattern.namespace else spaces)
        elif isinstance(pattern, URLPattern):
            found[":".join((*spaces, pattern.name or "?"))] = list(pattern.pattern.regex.groupindex)
    return found


URLS = urls_of(get_resolver())


class Stage:
    """Wren writes with the model's help and has a reply held; robin moderates. Both hold every role."""

    def __init__(self) -> None:
        self.wren, self.robin = (build.person(name, *Role) for name in ("wren", "robin"))
        self.draft = build.draft(self.wren)
        self.suggestion = suggested(self.draft, build.KIND_REVISION)
        self.offered = next(one.index for one in actions.changes_of(self.suggestion) if one.why in STOPPABLE)
        self.job = build.job(self.draft)
        held = build.draft(self.wren, text=build.HURTFUL_REPLY)
        head = held.head()
        assert head is not None
        self.reply = actions.send_reply(held, by=self.wren, revision=head)
        assert self.reply.status == Reply.Status.HELD
        self.flag = Flag.objects.get(reply=self.reply)
        self.left_out = build.post()
        PostTopic.objects.create(post=self.left_out, topic="work")
        actions.leave_out_topics(["work"], by=self.wren)
        self.check_in = actions.check_in(moment="after", feeling="tired", words="Two long ones.", by=self.wren)
        actions.share_check_in(self.check_in, shared=True, by=self.wren)
        actions.ask_to_talk(self.robin)
        self.talk = TalkRequest.objects.get()
        self.escalation = self.handed_over()
        self.shift = moderation.add_shift(
            person=self.robin,
            line="lead",
            place=1,
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(hours=4),
            weeks=1,
            by=self.robin,
        )[0]
        self.invitation, self.token = invite([Role.SUPPORTER], by=self.robin)

    def handed_over(self) -> Escalation:
        """By wren, and robin has it."""
        actions.hand_over_post(build.draft(self.wren, level=4), by=self.wren)
        escalation = Escalation.objects.get()
        moderation.take_hand_over(escalation, by=self.robin)
        return Escalation.objects.get()

    def address(self, name: str, **other: Any) -> str:
        known: dict[str, Any] = {
            "draft_id": self.draft.id,
            "job_id": self.job.id,
            "suggestion_id": self.suggestion.id,
            "index": self.offered if name == "assistant:stop_kind" else 0,
            "number": 1,
            "code": "wording",
            "goal_id": WritingGoal.objects.get(code="shorter").id,
            "reply_id": self.reply.id,
            "flag_id": self.flag.id,
            "escalation_id": self.escalation.id,
            "alert_id": Alert.objects.get(escalation=self.escalation).id,
            "shift_id": self.shift.id,
            "user_id": self.wren.pk,
            "post_id": self.left_out.id,
            "check_in_id": self.check_in.id,
            "talk_id": self.talk.id,
            "invitation_id": self.invitation.id,
            "token": self.token,
            "uidb36": "1",
            "key": "set-password",
        }
        return reverse(name, kwargs={argument: other.get(argument, known[argument]) for argument in URLS[name]})

    def person_for(self, name: str) -> User:
        """Nobody decides about their own reply or closes their own account."""
        return self.robin if name.startswith(("moderation:", "accounts:")) else self.wren

    def client_for(self, name: str, **options: Any) -> Client:
        """Signed in, except where only who is not signed in gets anywhere."""
        cache.clear()  # the limits of signing in
        client = Client(**options)
        if name not in ("account_login", "account_reset_password", "accounts:invitation", "accounts:set_up"):
            client.force_login(self.person_for(name))
        return client


def suggested(draft: Any, text: str) -> Suggestion:
    """What a job of this draft brought, without running a model."""
    job = build.job(draft)
    SuggestionJob.objects.filter(id=job.id).update(status="running", attempt=1, fence=1)
    finished = Finished(
        text=text,
        outcome=Outcome(StopReason.END, 10, 10, 0.1, 0.2),
        model_version=None,
        prompt_version="test",
    )
    suggestion = actions.finish_job(job, fence=1, finished=finished, screening=Screening())
    assert suggestion is not None
    return suggestion


def missing_id() -> uuid.UUID:
    return uuid.uuid4()
