from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext, gettext_noop

from assistant.models import TalkRequest
from assistant.safety import helplines
from assistant.safety_watch import troubles_of_site
from moderation import alert_page, break_glass_page, duty
from webapp.accounts.controls import sheet_for
from webapp.accounts.models import User
from webapp.accounts.roles import (
    ALLOW_BREAK_GLASS,
    ASK_BREAK_GLASS,
    BE_ALERTED,
    ENTER_POSTS,
    HEAR_SUPPORTERS,
    KEEP_INCIDENTS,
    MANAGE_GOALS,
    MANAGE_PEOPLE,
    RUN_STUDIES,
    VIEW_FLAGS,
    VIEW_MODELS,
    VIEW_SAFETY,
    VIEW_WORKERS,
    WRITE_REPLIES,
)

# Label, page, who sees it, and where else the same work goes on.
NAV = [
    (gettext_noop("Write"), "assistant:posts", WRITE_REPLIES, ("/drafts/",)),
    (gettext_noop("My replies"), "assistant:replies", WRITE_REPLIES, ("/replies/",)),
    (gettext_noop("Queue"), "moderation:queue", VIEW_FLAGS, ("/moderation/flags/",)),
    (gettext_noop("Incidents"), "moderation:incidents", KEEP_INCIDENTS, ("/moderation/incidents/",)),
    (gettext_noop("Safety"), "moderation:safety", VIEW_SAFETY, ("/moderation/safety/",)),
    (gettext_noop("Duty"), "moderation:duty", BE_ALERTED, ("/moderation/duty/", "/moderation/hand-overs/")),
    (gettext_noop("Supporters"), "assistant:supporters", HEAR_SUPPORTERS, ("/care/supporters",)),
    (gettext_noop("Enter a post"), "assistant:enter_post", ENTER_POSTS, ()),
    (gettext_noop("People"), "accounts:people", MANAGE_PEOPLE, ("/people/",)),
    (gettext_noop("Goals"), "assistant:goals", MANAGE_GOALS, ("/goals/",)),
    (gettext_noop("Studies"), "studies:research", RUN_STUDIES, ("/studies/research/",)),
    (gettext_noop("Trials"), "assistant:canaries", MANAGE_PEOPLE, ("/canaries/",)),
    (gettext_noop("Engine"), "engine", VIEW_WORKERS, ("/engine/",)),
    (gettext_noop("Models"), "panel:models", VIEW_MODELS, ("/models/",)),
    (gettext_noop("Read a case"), "moderation:break_glass", ASK_BREAK_GLASS, ("/moderation/break-glass/",)),
]


def may_see_safety(user: Any) -> bool:
    """Those who can do something about a check in trouble: who reads what was flagged, and who runs the site."""
    return user is not None and user.is_authenticated and any(map(user.has_perm, (VIEW_FLAGS, MANAGE_PEOPLE)))


def helplines_due() -> int:
    """How many entries of the helpline book nobody checked lately."""
    try:
        return len(helplines.not_current(timezone.localdate()))
    except helplines.HelplineError:
        return 0  # the links phase is then missing, and the safety state says so


def talks_open(user: Any) -> int:
    """For leads: how many supporters asked to talk and wait for one of them."""
    return TalkRequest.objects.open_for(user).count() if user is not None and user.has_perm(HEAR_SUPPORTERS) else 0


def readings_to_answer(user: Any) -> int:
    """For leads: how many requests to read a case, and reviews of those, wait for one of them."""
    return break_glass_page.waiting_for(user) if user is not None and user.has_perm(ALLOW_BREAK_GLASS) else 0


def alerts_of(user: Any) -> Any:
    """For who is told of alerts: what waits for them, read when the page shows it."""
    if user is None or not user.has_perm(BE_ALERTED):
        return None
    return SimpleLazyObject(partial(alert_page.banner, user))


def own_hand_overs_of(user: Any) -> Any:
    """Read when the page shows them: a fragment that shows nothing of them has told nobody."""
    if user is None or not user.has_perm(WRITE_REPLIES):
        return []
    return SimpleLazyObject(partial(alert_page.own_hand_overs, user))


def site(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows on every page."""
    user = getattr(request, "user", None)
    if isinstance(user, User) and user.lacks_second_factor:
        user = None  # nothing is open to them yet, so nothing is told
    nav = []
    if user is not None and user.is_authenticated:
        for label, name, permission, places in NAV:
            if user.has_perm(permission):
                url = reverse(name)
                nav.append(
                    {
                        "label": gettext(label),
                        "url": url,
                        "current": request.path == url or request.path.startswith(places),
                    }
                )
    return {
        "site_name": settings.SITE_NAME,
        "demo": settings.DEMO,
        "version": settings.VERSION,
        "quick_exit_url": settings.QUICK_EXIT_URL,
        "nav": nav,
        "sheet": SimpleLazyObject(partial(sheet_for, user)) if user is not None and user.is_authenticated else None,
        "helplines_due": helplines_due() if may_see_safety(user) and not settings.DEMO else 0,
        "talks_open": talks_open(user),
        "readings_to_answer": readings_to_answer(user),
        "alerts": alerts_of(user),
        "own_hand_overs": own_hand_overs_of(user),
        "nobody_on_duty": SimpleLazyObject(duty.nobody_takes_hand_overs),
        "out_of_hours": SimpleLazyObject(duty.out_of_hours),
        "safety_troubles": troubles_of_site() if may_see_safety(user) else [],
    }
