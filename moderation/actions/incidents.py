"""Incidents: opening, adding to them, linking cases, signing off. Nothing that was written is ever changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext

from assistant.actions import Refused
from assistant.models import CaseKey
from assistant.transactions import one_transaction
from assistant.vault import audit
from moderation.models import Flag, Incident, IncidentEntry, IncidentLink

Kind = IncidentEntry.Kind
Status = Incident.Status

# What has to stand there before anybody signs off, in the order in which it is asked for.
NEEDED = (Kind.MITIGATED, Kind.CAUSE, Kind.FIX, Kind.TEST)


@one_transaction
def open_incident(
    *, title: str, happened: str, severity: int, links: Sequence[CaseKey | Flag] = (), by: Any
) -> Incident:
    incident = Incident(case=CaseKey.open_case(), title=title, severity=severity, opened_by=by)
    incident.save(force_insert=True)
    audit.record(
        "incident.opened", actor=by, object_type="incident", object_id=incident.id, code=f"severity_{severity}"
    )
    _write(incident, kind=Kind.HAPPENED, text=happened, by=by)
    link_to_incident(incident, links, by=by)
    return incident


@one_transaction
def add_to_incident(incident: Incident, *, kind: str, text: str, by: Any) -> IncidentEntry:
    """Saying what stopped the harm makes an open incident a mitigated one."""
    incident = _open_one(incident)
    entry = _write(incident, kind=Kind(kind), text=text, by=by)
    if kind == Kind.MITIGATED and Incident.objects.filter(id=incident.id, status=Status.OPEN).update(
        status=Status.MITIGATED
    ):
        audit.record("incident.mitigated", actor=by, object_type="incident", object_id=incident.id)
    return entry


@one_transaction
def link_to_incident(incident: Incident, links: Sequence[CaseKey | Flag], *, by: Any) -> None:
    """A second time changes nothing."""
    incident = _open_one(incident)
    for link in links:
        about = {"case": link.case, "flag": link} if isinstance(link, Flag) else {"case": link, "flag": None}
        row, is_new = IncidentLink.objects.get_or_create(incident=incident, **about, defaults={"by": by})
        if is_new:
            audit.record(
                "incident.linked",
                actor=by,
                object_type="incident",
                object_id=incident.id,
                code=f"{'flag' if row.flag_id else 'case'} {row.flag_id or row.case_id}",
            )


@one_transaction
def sign_off(incident: Incident, *, note: str, by: Any) -> None:
    """Close it. By somebody who did not write the fix, when everything that is needed stands there."""
    incident = _open_one(incident)
    if incident.was_fixed_by(by):
        raise Refused("own_fix", gettext("You wrote the fix. Somebody else signs off."), status=403)
    missing = [kind for kind in NEEDED if incident.latest(kind) is None]
    if missing:
        labels = ", ".join(str(kind.label) for kind in missing)
        raise Refused("missing", gettext("Still missing: %(what)s.") % {"what": labels}, status=422)
    _write(incident, kind=Kind.SIGNED_OFF, text=note, by=by)
    Incident.objects.filter(id=incident.id).update(status=Status.CLOSED)
    audit.record("incident.closed", actor=by, object_type="incident", object_id=incident.id)


def _open_one(incident: Incident) -> Incident:
    """As it is now, and kept from changing until the act stands: a fix may be coming in while somebody signs off."""
    row = Incident.objects.select_for_update(of=("self",)).select_related("case").get(id=incident.id)
    if row.is_closed:
        raise Refused("closed", gettext("This incident is closed. Open another one, and name this one in it."))
    return row


def _write(incident: Incident, *, kind: IncidentEntry.Kind, text: str, by: Any) -> IncidentEntry:
    entry = IncidentEntry(case=incident.case, incident=incident, kind=kind, text=text, by=by)
    entry.save(force_insert=True)
    audit.record("incident.written", actor=by, object_type="incident", object_id=incident.id, code=kind)
    return entry
