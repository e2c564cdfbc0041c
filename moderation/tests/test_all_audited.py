"""No act of moderation without its audit event: every button, every page with content, every action, every row that one makes."""

from __future__ import annotations

import ast
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from assistant import actions as assistant_actions
from assistant.models import AuditEvent
from moderation import actions
from moderation.models import (
    Alert,
    BreakGlass,
    BreakGlassReview,
    Decision,
    Delivery,
    Escalation,
    EscalationEnd,
    Flag,
    Incident,
    IncidentEntry,
)
from webapp import test as build
from webapp.tests.stage import KNOWN_FLAG, Stage, undone
from webapp.tests.test_bad_requests import FORMS

ROOM = Path(settings.BASE_DIR) / "moderation"
BUTTONS = sorted(name for name in FORMS if name.startswith("moderation:"))
OF_A_CLAIM = ("moderation:end_claim", "moderation:pass", "moderation:renew")  # whoever has none ends and renews nothing
# Nothing changes hands, see docs/decisions/0020; and a worker is only rung for.
UNTOLD = {"moderation:renew", "moderation:go_on_with_replay"}
UNTOLD_ACTIONS = {"renew_claim"}
WITH_CONTENT = [
    "moderation:flag",
    "moderation:hand_over",
    "moderation:mark_golden",
    "moderation:queue",
    "moderation:incident",
    "moderation:incident_file",
    "moderation:break_glass_case",
]
# Rows that an act makes, the event that each of them has, and whose id stands in it.
ROWS: dict[type[Any], tuple[str, str]] = {
    Flag: ("flag.opened", "id"),
    Decision: ("flag.decided", "flag_id"),
    Escalation: ("flag.escalated", "flag_id"),
    EscalationEnd: ("handover.ended", "escalation_id"),
    Incident: ("incident.opened", "id"),
    IncidentEntry: ("incident.written", "incident_id"),
    BreakGlass: ("break_glass.asked", "id"),
    BreakGlassReview: ("break_glass.allowed", "about_id"),
}


@pytest.mark.django_db
def test_every_button_leaves_an_event_with_who_pressed_it() -> None:
    stage = Stage()
    for name in BUTTONS:
        with undone():
            press(stage, name)


def press(stage: Stage, name: str) -> None:
    person = stage.person_for(name)
    if name in OF_A_CLAIM:
        actions.claim_flag(stage.flag, by=person)
    if name == "moderation:reopen_hand_over":
        actions.end_hand_over(stage.escalation, outcome="answered", note="They wrote back.", by=person)
    if name == "moderation:undo_together":
        stage.client_for(name).post(stage.address("moderation:together"), FORMS["moderation:together"])
    before = AuditEvent.objects.latest("seq").seq
    assert stage.client_for(name).post(stage.address(name), FORMS[name]).status_code < 400, name
    actors = {event.actor for event in AuditEvent.objects.filter(seq__gt=before)}
    assert actors == (set() if name in UNTOLD else {str(person.pk)}), name


@pytest.mark.django_db
def test_every_page_with_content_leaves_an_event_each_time_it_is_read() -> None:
    stage = Stage()
    for name in WITH_CONTENT:
        before = AuditEvent.objects.latest("seq").seq
        client = stage.client_for(name)
        for _ in range(2):
            assert client.get(stage.address(name)).status_code == 200, name
        assert AuditEvent.objects.filter(seq__gt=before, actor=str(stage.robin.pk)).count() == 2, name


@pytest.mark.django_db
def test_no_row_without_its_event() -> None:
    """By whatever way the rows came: a check, a supporter, a moderator, a command."""
    stage = Stage()
    Flag.objects.filter(id=KNOWN_FLAG).delete()  # made by hand
    assistant_actions.worry(build.draft(stage.wren).post, by=stage.wren, now=True)
    assistant_actions.report(stage.suggestion, by=stage.wren)
    assistant_actions.hand_over_post(build.draft(stage.wren), by=stage.wren)
    forgotten = Flag.objects.filter(post=build.post(build.URGENT_POST))
    Delivery.objects.filter(alert__flag__in=forgotten).delete()
    Alert.objects.filter(flag__in=forgotten).delete()
    forgotten.delete()
    call_command("reconcile_holds", "flag", stdout=StringIO())
    pressed = ("claim", "decide", "end_hand_over", "sign_off", "answer_break_glass")
    for name in (f"moderation:{one}" for one in pressed):
        stage.client_for(name).post(stage.address(name), FORMS[name])
    for table, (action, field) in ROWS.items():
        rows = Counter(str(row_id) for row_id in table.objects.values_list(field, flat=True))
        events = Counter(AuditEvent.objects.filter(action=action).values_list("object_id", flat=True))
        assert rows, table
        assert not rows - events, table


def calls_in_actions() -> dict[str, set[str]]:
    """By function of moderation/actions/: what it calls, "record" standing for `audit.record`."""
    found: dict[str, set[str]] = {}
    paths = list((ROOM / "actions").glob("*.py"))
    rooms = {path.stem for path in paths}
    for path in paths:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                called = [call.func for call in ast.walk(node) if isinstance(call, ast.Call)]
                names = {one.id for one in called if isinstance(one, ast.Name)}
                attributes = {ast.unparse(one) for one in called if isinstance(one, ast.Attribute)}
                elsewhere = {one.partition(".")[2] for one in attributes if one.partition(".")[0] in rooms}
                found[node.name] = names | attributes | elsewhere
    return found


def test_every_action_comes_to_an_event() -> None:
    calls = calls_in_actions()
    for name in actions.__all__:
        if isinstance(getattr(actions, name), type) or name in UNTOLD_ACTIONS:  # a refusal; no change of hands
            continue
        reached, waiting = set(), {name}
        while waiting:
            reached |= waiting
            waiting = set().union(*(calls.get(one, set()) for one in waiting)) - reached
        assert "audit.record" in reached, f"{name} changes something and leaves no event"
