"""What the supporter is told of a post: its level in words, and whom the seeker could call."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext

from assistant import triage
from assistant.models import Finding, Post
from assistant.safety import helplines
from assistant.safety.types import Level, Severity, Tier


def triage_of(post: Post) -> dict[str, Any]:
    """The post's tier and level in words."""
    level, tier = Level(post.level), Tier(post.tier)
    return {
        "shown": level > Level.NONE or tier is not Tier.NONE,
        "level": int(level),
        "words": gettext("%(words)s; not fully checked, so it may be higher")
        % {"words": gettext(triage.LEVEL_WORDS[level])}
        if post.unscreened
        else gettext(triage.LEVEL_WORDS[level]),
        "tier": str(tier),
        "tier_label": gettext(triage.TIER_WORDS[tier]),
        "not_a_diagnosis": gettext(triage.NOT_A_DIAGNOSIS),
    }


def helplines_for(post: Post, findings: list[Finding]) -> list[dict[str, Any]]:
    """Helplines of the seeker's country when anything about the post asks for a second look; never another country's."""
    looked_at = post.tier != Tier.NONE or post.level > Level.NONE
    if looked_at or any(finding.severity >= Severity.REVIEW for finding in findings):
        today = timezone.localdate()
        lines = helplines.for_country(post.country, post.language)
        return [asdict(line) | {"state": str(line.state(today))} for line in lines]
    return []
