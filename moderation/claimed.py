"""Who reviews a flag, since when and until when, as the page of the flag tells it and as its script asks for it again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_noop

from moderation import policy
from moderation.models import Flag, TakeOver

SAID_MORE = gettext_noop(
    "This changed after you opened it: a supporter says that it cannot wait, or has said more. "
    "Open it again and read that before you decide. What you wrote is still here."
)


def claim_of(flag: Flag, user: Any) -> dict[str, Any]:
    claimer = flag.claimer()
    mine = claimer is not None and claimer.pk == user.pk
    may_decide = flag.is_open and policy.may_decide(user, flag)
    return {
        "by": claimer.username if claimer else "",
        "by_id": str(claimer.pk) if claimer else "",
        "mine": mine,
        "since": flag.claimed_at if claimer else None,
        "seconds_left": _seconds_left(flag) if mine else 0,
        "may_claim": may_decide and claimer is None,
        "may_take_over": may_decide and claimer is not None and not mine,
        "may_pass": may_decide and (claimer is None or mine),
        "renew_every": renew_seconds(),
        "taken": _taken(flag, user) if claimer and not mine else "",
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page shows: the version of its flag, and the id of whoever has it; empty where that is nobody, or not asked."""

    version: str = ""
    by: str = ""


def claim_state(flag: Flag, user: Any, *, seen: Seen | None = None) -> dict[str, Any]:
    """For the script of the flag's page. `said`: what to tell this person if they held the claim on that page and no longer do;
    `told`: what to tell them if they did not."""
    claim = claim_of(flag, user)
    left = {"mine": claim["mine"], "left": claim["seconds_left"]}
    may = {name: claim[name] for name in ("may_claim", "may_pass")}
    return left | may | {"said": _said(flag, claim, seen or Seen()), "told": _told(flag, claim, seen or Seen())}


def nobodys(said: str) -> dict[str, Any]:
    """For a page whose flag is nothing for this person any more."""
    return {"mine": False, "left": 0, "may_claim": False, "may_pass": False, "said": said, "told": said}


def _said(flag: Flag, claim: dict[str, Any], seen: Seen) -> str:
    if claim["mine"]:
        return gettext(SAID_MORE) if seen.version not in ("", str(flag.version)) else ""
    if not flag.is_open:
        return gettext("This was decided in the meantime. What you wrote is still here.")
    if claim["taken"]:
        taken: str = claim["taken"]
        return taken
    if claim["by"]:
        return gettext("Your review ended, and %(name)s looks at it now. What you wrote is still here.") % {
            "name": claim["by"]
        }
    return gettext("Your review ended. Take it again before you decide, so that nobody does the same work.")


def _told(flag: Flag, claim: dict[str, Any], seen: Seen) -> str:
    if not flag.is_open:
        return gettext("This was decided in the meantime. What you wrote is still here.")
    if seen.version not in ("", str(flag.version)):
        return gettext("This changed after you opened it. What you wrote is still here.")
    if claim["by_id"] == seen.by or claim["mine"]:
        return ""
    if not claim["by"]:
        return gettext("Nobody has it any more. Take it, or load the page again.")
    said = gettext("With %(name)s since %(time)s. What you wrote is still here.")
    return said % {"name": claim["by"], "time": _time(claim["since"])}


def renew_seconds() -> int:
    """Four times within a lease, and at least once a minute: a lost request or two end no claim."""
    return max(5, min(60, int(settings.CLAIM_LEASE.total_seconds() / 4)))


def _seconds_left(flag: Flag) -> int:
    assert flag.claimed_until is not None
    return max(0, int((flag.claimed_until - timezone.now()).total_seconds()))


def _taken(flag: Flag, user: Any) -> str:
    """That somebody took it from this person, and why."""
    over = TakeOver.objects.filter(flag=flag, taken_from=user).select_related("case", "by").order_by("-at").first()
    if over is None or over.by_id != flag.claimed_by_id:
        return ""
    return gettext("%(name)s took this over at %(time)s: “%(reason)s” What you wrote is still here.") % {
        "name": over.by.username,
        "time": _time(over.at),
        "reason": over.reason,
    }


def _time(at: datetime) -> str:
    return date_format(timezone.localtime(at), "H:i")
