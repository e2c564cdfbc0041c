"""Decided cases for replays: invented posts, replies and suggestions, put together from templates."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from django.utils import timezone

from assistant import actions as assistant_actions
from assistant import runner, triage
from assistant.inference.types import Outcome, StopReason
from assistant.models import Draft, Reply, Suggestion
from assistant.safety import pipeline
from assistant.safety.types import Context, Kind, Level, Severity
from assistant.signals import Concern
from moderation import actions
from moderation.models import Decision, Flag, Proposal
from moderation.policy import outcomes_for
from webapp import test as build
from webapp.test import Cast

# Invented; what is put together from them scores from next to nothing to very high.
WHO = ["my sister", "my boss", "nobody", "my old friend", "the neighbours", "my mother"]
PLAIN = [
    "I moved in spring and {who} never calls.",
    "The exam went badly and {who} laughed about it.",
    "I cook for one and watch the rain.",
    "Work is loud, and {who} talks over me all day.",
]
LOW = [
    "I can't see a way on any more.",
    "I feel empty and so tired of everything.",
    "Some nights I wish the morning would not come.",
    "I am a burden to {who} and everybody else.",
    "Maybe it would be easier for {who} if I was gone.",
    "I don't want to be here like this.",
]
HIGH = [
    "I keep thinking about ending it.",
    "I have thought of hurting myself.",
    "I want to die and {who} does not know.",
]
ANSWERS = [
    "That sounds lonely. What helps you on such evenings?",
    "You should just get over it, honestly.",
    "I hear you. Would you tell {who} how it is?",
    "Promise me you won't do anything.",
    "Take 20 mg of melatonin and you will sleep.",
    "Other people have it so much worse than you.",
]


def invented(draw: random.Random, *pools: list[str]) -> str:
    return " ".join(draw.choice(pool).format(who=draw.choice(WHO)) for pool in pools)


def a_post(draw: random.Random) -> str:
    pools = draw.choice(
        [[PLAIN, PLAIN], [PLAIN, LOW], [LOW, LOW], [LOW, PLAIN, LOW], [PLAIN, HIGH], [PLAIN, LOW, PLAIN]]
    )
    return invented(draw, *pools)


def decided_cases(cast: Cast, count: int, seed: int = 20) -> None:
    """Posts, replies and suggestions, each flagged by a check, by a person or by the draw, and decided."""
    draw = random.Random(seed)
    while Decision.objects.count() < count:
        post = build.post(a_post(draw), draw=build.drawn)
        kind = draw.choice(["post", "post", "reply", "suggestion"])
        for flag in Flag.objects.open():
            decide_somehow(flag, cast.ash, draw, second=cast.birch, let_through=kind != "post")
        if kind == "post":
            continue
        assert post.lease(cast.wren, until=timezone.now() + timedelta(hours=1))
        draft = Draft.objects.create(case=post.case, post=post, author=cast.wren)
        assistant_actions.save_revision(draft, text=invented(draw, ANSWERS, ANSWERS), base=0)
        if kind == "reply":
            reply = assistant_actions.send_reply(draft, by=cast.wren, revision=build.head_of(draft))
            look_at(reply, cast)
        else:
            look_at(suggested(draft, invented(draw, ANSWERS, ANSWERS)), cast)
        for flag in Flag.objects.open():
            decide_somehow(flag, cast.ash, draw, second=cast.birch)


def decide_somehow(flag: Flag, by: Any, draw: random.Random, *, second: Any, let_through: bool = False) -> None:
    flag = Flag.objects.with_subjects().get(id=flag.id)
    outcomes = [one for one in outcomes_for(flag) if one != Decision.Outcome.EDIT]
    if let_through:
        outcomes = [one for one in outcomes if one in (Decision.Outcome.APPROVE, Decision.Outcome.CLOSE)]
    outcome = draw.choice(outcomes)
    closed_as = draw.choice(Decision.Closing.values) if outcome == Decision.Outcome.CLOSE else ""
    missed = flag.is_sample and draw.random() < 0.2
    said: dict[str, Any] = {
        "outcome": outcome,
        "policy": "other",
        "closed_as": closed_as,
        "reason": "As it is.",
        "missed": missed,
        "danger": draw.random() < 0.5,
    }
    made = actions.decide(flag, by=by, seen=flag.version, **said)
    if isinstance(made, Proposal):
        flag.refresh_from_db()
        actions.answer_proposal(flag, confirmed=True, by=second, reason="", seen=flag.version)


def suggested(draft: Draft, text: str) -> Suggestion:
    """As a runner stores it, screened as it screens."""
    claim = runner.claim_job(build.job(draft).id)
    assert claim is not None
    post = draft.post
    level = Level(post.level)
    context = Context(
        Kind.SUGGESTION,
        language=post.language,
        country=post.country,
        post=post.text,
        draft=claim.job.original,
        level=level,
    )
    finished = assistant_actions.Finished(
        text=text,
        outcome=Outcome(StopReason.END, 10, 10, 0.1, 0.2),
        model_version=None,
        prompt_version="test-1",
    )
    made = assistant_actions.finish_job(
        claim.job, fence=claim.fence, finished=finished, screening=pipeline.screen(text, context)
    )
    assert made is not None
    return made


def look_at(subject: Reply | Suggestion, cast: Cast) -> None:
    """What no check flagged is decided as well, so that it can flip."""
    if not Flag.objects.open().exists():
        actions.open_flag(subject, screening=None, by=cast.birch, concern=Concern(triage.REPORTED, Severity.REVIEW))
