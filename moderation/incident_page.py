"""What the pages about incidents are given, and an incident as a file without content."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from moderation.actions.incidents import NEEDED
from moderation.incident_forms import EntryForm, LinksForm, SignOffForm
from moderation.models import Flag, Incident, IncidentEntry, IncidentLink
from moderation.policy import SIGN_OFF_INCIDENTS
from moderation.timeline import timeline_of

LAST = 100  # incidents on the list
CHIPS = {Incident.Status.OPEN: "look", Incident.Status.MITIGATED: "", Incident.Status.CLOSED: "good"}


def incidents_page() -> dict[str, Any]:
    rows = Incident.objects.filter(case__destroyed_at=None)
    counts = rows.aggregate(
        open=Count("id", filter=Q(status=Incident.Status.OPEN)),
        mitigated=Count("id", filter=Q(status=Incident.Status.MITIGATED)),
        closed=Count("id", filter=Q(status=Incident.Status.CLOSED)),
    )
    shown = rows.select_related("case", "opened_by").annotate(linked=Count("links"))[:LAST]
    return {"incidents": [_row(incident) | {"linked": incident.linked} for incident in shown], "counts": counts}


def incidents_about(flag: Flag) -> list[dict[str, Any]]:
    """Those that name this flag, another one of its case, or the case: before a second one is opened about the same thing."""
    rows = Incident.objects.filter(case__destroyed_at=None, links__case=flag.case_id).distinct()
    return [_row(incident) for incident in rows.select_related("case", "opened_by")[:LAST]]


def incident_page(
    incident: Incident,
    user: Any,
    *,
    entry_form: EntryForm | None = None,
    links_form: LinksForm | None = None,
    sign_off_form: SignOffForm | None = None,
) -> dict[str, Any]:
    entries = list(incident.entries.select_related("case", "by"))
    links = list(_links_of(incident))
    written = {IncidentEntry.Kind(entry.kind) for entry in entries}
    may_sign_off = user.has_perm(SIGN_OFF_INCIDENTS)
    return _row(incident) | {
        "incident": incident,
        "events": _events(entries, links),
        "links": [_link(link, user) for link in links],
        "missing": [kind.label for kind in NEEDED if kind not in written],
        "wrote_the_fix": incident.was_fixed_by(user),
        "may_sign_off": may_sign_off,
        "entry_form": entry_form or EntryForm(auto_id="entry-%s"),
        "links_form": links_form or LinksForm(user=user, auto_id="links-%s"),
        "sign_off_form": sign_off_form or SignOffForm(auto_id="sign-off-%s"),
    }


def incident_file(incident: Incident) -> str:
    """Markdown: states, times, people and ids. Of what was written, only the name of the test."""
    links = list(_links_of(incident))
    test = incident.latest(IncidentEntry.Kind.TEST)
    told = gettext("none yet") if test is None else f"`{test.text}`"
    lines = [
        f"# {gettext('Incident')} {incident.id}",
        "",
        f"- {gettext('State')}: {incident.get_status_display()}",
        f"- {gettext('Severity')}: {incident.get_severity_display()}",
        f"- {gettext('Opened')}: {_time(incident.opened_at)}, {incident.opened_by.username}",
        f"- {gettext('Test that would have shown it')}: {told}",
        *(f"- {gettext('Linked')}: {_link_words(link)}" for link in links),
        "",
        f"## {gettext('What was written')}",
        "",
        *(
            f"- {_time(entry.at)} {entry.get_kind_display()}, {entry.by.username}"
            for entry in incident.entries.select_related("by")
        ),
        "",
        f"## {gettext('What was done, by the audit log')}",
        "",
        *(
            f"- {_time(event.at)} {event.who}: {event.action}, {event.object_type} {event.object_id}"
            + (f" ({event.details})" if event.details else "")
            for event in timeline_of(links)
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _row(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "title": incident.title,
        "state": incident.get_status_display(),
        "chip": CHIPS[Incident.Status(incident.status)],
        "severity": incident.get_severity_display(),
        "opened_by": incident.opened_by.username,
        "opened_at": incident.opened_at,
        "url": reverse("moderation:incident", args=[incident.id]),
    }


def _links_of(incident: Incident) -> QuerySet[IncidentLink]:
    return incident.links.select_related("case__post", "flag")


def _link(link: IncidentLink, user: Any) -> dict[str, Any]:
    """With an address where this person may see the flag."""
    url = ""
    if (
        link.flag is not None
        and Flag.objects.for_person(user).filter(id=link.flag.id, case__destroyed_at=None).exists()
    ):
        url = reverse("moderation:flag", args=[link.flag.id])
    return {
        "words": _link_words(link),
        "url": url,
        "is_erased": link.case.destroyed_at is not None,
    }


def _link_words(link: IncidentLink) -> str:
    if link.flag is not None:
        return gettext("flag %(id)s, level %(level)s") % {"id": link.flag_id, "level": link.flag.level}
    return gettext("case of post %(id)s, level %(level)s") % {"id": link.case.post.id, "level": link.case.post.level}


def _events(entries: list[IncidentEntry], links: list[IncidentLink]) -> list[dict[str, Any]]:
    """What people wrote, and what was done to the linked cases, by time."""
    written = [
        {"at": entry.at, "who": entry.by.username, "what": entry.get_kind_display(), "text": entry.text}
        for entry in entries
    ]
    done = [
        {"at": event.at, "who": event.who, "act": event.action, "about": event.object_type, "details": event.details}
        for event in timeline_of(links)
    ]
    return sorted([*written, *done], key=lambda event: event["at"])


def _time(at: Any) -> str:
    return str(timezone.localtime(at).isoformat(timespec="seconds"))
