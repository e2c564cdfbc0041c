"""What follows from a post's level and tier, and the words for them. Triage support, never a diagnosis."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext_noop

from assistant.safety import policy
from assistant.safety.policy import Policy
from assistant.safety.types import Finding, Level, Severity, Tier

NOT_A_DIAGNOSIS = gettext_noop(
    "This is triage support made by rules and a small classifier. It is not a diagnosis, and it can be wrong."
)

# What words in the post point to, never what somebody is.
LEVEL_WORDS = {
    Level.NONE: gettext_noop("no sign of danger was found"),
    Level.PASSIVE: gettext_noop("words about not wanting to live, or about seeing no way on"),
    Level.ACTIVE: gettext_noop("words about suicide or about hurting themselves"),
    Level.METHOD: gettext_noop("words about a method, or about an attempt that was made"),
    Level.PLAN: gettext_noop("words about a plan, a time, a goodbye or an attempt under way"),
}
TIER_WORDS = {
    Tier.NONE: gettext_noop("Nothing flagged"),
    Tier.REVIEW: gettext_noop("To look at"),
    Tier.URGENT: gettext_noop("Urgent"),
}

WORRIED = "person.worried"
HANDED_OVER = "person.handed_over"
REPORTED = "person.reported"
APPEALED = "person.appealed"
SAMPLED = "sample.unflagged"
SECOND_READER = "second_reader.risk"
LEVEL_HOLD = "triage.level_hold"
LEFT = "triage.left"
REASONS = {
    WORRIED: gettext_noop("A supporter worries about this person."),
    HANDED_OVER: gettext_noop("A supporter handed this post over to a lead."),
    REPORTED: gettext_noop("Somebody asked for a look."),
    APPEALED: gettext_noop("A supporter asks for another look at a decision."),
    SAMPLED: gettext_noop("Nothing was found. This post was drawn at random, to see what is missed."),
    SECOND_READER: gettext_noop("The model read this post and sees a possible danger. No rule found one."),
    LEVEL_HOLD: gettext_noop("Replies to a post of this level are read by a moderator before they leave."),
    LEFT: gettext_noop("A reply to this post came back to whoever wrote it, and was left. Nobody answers it now."),
}

_DRAWS = 1_000_000
_SHARE_WITHOUT_POLICY = 0.05


@dataclass(frozen=True, slots=True)
class Handling:
    """What a level asks of the site."""

    hold_post: bool  # a moderator reads it before any supporter does
    hold_reply: bool  # a moderator reads the reply before it leaves
    ask_plainly: bool  # the supporter is told that asking about suicide is right
    resource_expected: bool  # the reply should name somebody to turn to
    may_generate: bool  # the model may draft from the post
    offer_hand_over: bool
    two_people: bool  # what one moderator decides about it waits until another confirms


def handling(level: int, rules: Policy | None = None) -> Handling:
    """By the policy that counts, or by other rules; without any that can be read, as strictly as there is."""
    level = Level(level)
    try:
        rule = (rules or policy.current()).levels[level]
    except policy.PolicyError:
        return Handling(
            hold_post=level >= Level.METHOD,
            hold_reply=True,
            ask_plainly=level >= Level.PASSIVE,
            resource_expected=True,
            may_generate=False,
            offer_hand_over=True,
            two_people=level >= Level.METHOD,
        )
    return Handling(
        hold_post=level >= Level.METHOD,
        hold_reply=rule.hold_replies,
        ask_plainly=level >= Level.PASSIVE,
        resource_expected="resource" in rule.mandatory,
        may_generate=rule.model_drafts,
        offer_hand_over=level >= Level.PLAN,
        two_people=rule.two_people,
    )


def clock(level: int) -> timedelta | None:
    """How long a post of this level may wait; None: as long as it takes. Without a policy that can be read, no time at all."""
    try:
        minutes = policy.current().levels[Level(level)].clock_minutes
    except policy.PolicyError:
        return timedelta(0) if level > Level.NONE else None
    return timedelta(minutes=minutes) if minutes else None


def level_hold() -> Finding:
    return Finding(LEVEL_HOLD, Severity.HOLD, 0, 0, REASONS[LEVEL_HOLD], "triage")


def is_sampled(*, draw: Callable[[int], int] = secrets.randbelow) -> bool:
    """Whether an unflagged post goes to a person all the same. The draw knows nothing of the post, so that what people
    find in the sample says something about the rest."""
    try:
        share = policy.current().sampling.unflagged_share
    except policy.PolicyError:
        share = _SHARE_WITHOUT_POLICY
    return draw(_DRAWS) < share * _DRAWS
